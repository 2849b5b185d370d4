"""Which pictures are of which class, and for training or for testing: by the names of folders alone.

People lay out pictures in many ways: `train/CLASS/…` and `test/CLASS/…` under dozens of names, `CLASS/train/…`,
`CLASS/…` alone, all in one folder as `cat.0.jpg`. What cannot be told for sure is refused with the reason; no folder
is ever taken for a class because nothing better was found for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import InputError
from ..i18n import Message, _, _n
from .folder_words import (
    ANNOTATIONS,
    IMAGES,
    NEUTRAL,
    ROLES,
    TEST,
    TRAIN,
    UNLABELLED,
    VALIDATION,
    WITHOUT_CLASSES,
    are_parts,
    letters_of,
    role_name,
    role_of,
    roles_of,
)
from .listing import MAX_NAME
from .tree import Class, Folder, Half
from .unused import leave_out_masks, note_annotations, note_beside, note_unused

TABLES = (".csv", ".tsv", ".json", ".xlsx", ".xls", ".parquet", ".xml", ".mat")  # likeliest first
PACKED = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
FLAT = re.compile(r"([^\W\d_][^.]*)\.\d+\.\w+")  # cat.0.jpg


@dataclass
class Layout:
    """The halves of a data set by class; `test` is None where a part of `train` is to be kept for testing."""

    train: Half
    test: Half | None = None
    notes: list[Message] = field(default_factory=list)  # what was decided, and which folders are not used

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(self.train))


def recognised(root: Folder, title: Message) -> Layout:
    """The layout of a folder. Raises InputError, one sentence, where there is none or more than one."""
    notes: list[Message] = []
    leave_out_masks(root, notes)
    top = _container(_unwrapped(root, notes), notes)
    layout = _in_halves(top, title, notes) or _in_classes_of_halves(top, title, notes)
    if layout is None:
        _check_for_unknown_halves(top, title)
        layout = Layout(_classes(top, notes, at_top=True))
    _check_spelling(layout.train, title)
    layout.notes = notes
    if are_parts(layout.train) and not all(letters_of(name) in IMAGES for name in layout.train):
        raise InputError(
            "{title} holds {folders:and}, which differ in numbers only and are parts of one folder by their names, and "
            "no classes; put the pictures into one folder for each class.",
            title=title,
            folders=list(layout.train)[:5],
        )
    if len(layout.train) < 2 or all(letters_of(name) in IMAGES for name in layout.train):
        _refuse(root, top, layout.train, title)
    return layout


# Folders that only wrap


def _unwrapped(folder: Folder, notes: list[Message]) -> Folder:
    """What is inside of folders that hold nothing but one folder; pictures beside that belong to no class."""
    while len(folder.filled) == 1:
        (inner,) = folder.filled.values()
        if not _only_wraps(inner) or _waits_for_halves(folder, inner):
            break
        note_beside(folder, notes)
        folder = inner
    return folder


def _container(top: Folder, notes: list[Message]) -> Folder:
    """Of several folders "data", or the one beside "unlabelled", if it alone holds folders: others are no classes."""
    within = [folder for folder in top.filled.values() if not folder.pictures and _has_classes(folder)]
    others = [folder for folder in top.filled.values() if folder not in within]
    if len(within) != 1 or not others:
        return top
    name = letters_of(within[0].path[-1])
    without = all(letters_of(other.path[-1]) in WITHOUT_CLASSES for other in others)
    if role_of(within[0].path[-1]) or not (name in IMAGES or name in NEUTRAL or without):
        return top
    note_beside(top, notes)
    for other in others:
        note_unused(other, notes)
    return _unwrapped(within[0], notes)


def _only_wraps(folder: Folder) -> bool:
    """Whether the only folder of its kind is no class."""
    inside = sum(inner.count for inner in folder.filled.values())
    if len(folder.filled) > 1:
        return len(folder.pictures) < inside
    if folder.filled:
        return not folder.pictures
    name = folder.path[-1]
    called_otherwise = letters_of(name) in IMAGES or role_of(name) or name in folder.path[:-1]
    return bool(called_otherwise or _by_file_names(folder))


def _waits_for_halves(folder: Folder, inner: Folder) -> bool:
    """Whether the folder is for training, and beside it an empty one for testing."""
    roles = roles_of(folder.folders)
    return len(roles) > 1 and roles.get(inner.path[-1], ("", None))[0] == TRAIN


# Halves


def _in_halves(top: Folder, title: Message, notes: list[Message]) -> Layout | None:
    """train/CLASS/… and test/CLASS/…, by whatever names."""
    roles = roles_of(top.folders)
    halves = {
        role: sorted(
            (top.folders[name] for name, (found, _rest) in roles.items() if found == role),
            key=lambda folder: not folder.count,
        )
        for role in ROLES
    }
    if layout := _in_halves_of_classes(top, roles, notes):
        return layout
    for role, folders in halves.items():
        several = [folder for folder in folders if folder.count]
        if len(several) > 1 and (role == TRAIN or all(map(_has_classes, several))):
            raise InputError(
                "{title} holds {first} and {second}, which are both for {role}; leave one of them.",
                title=title,
                first=several[0].name,
                second=several[1].name,
                role=role_name(role),
            )
    if not halves[TRAIN]:
        return _without_training(top, roles, title)
    train, tests = halves[TRAIN][0], [*halves[TEST], *halves[VALIDATION]]
    strangers = [folder for name, folder in top.filled.items() if name not in roles]
    if not tests and not all(map(_is_without_classes, strangers)):
        if not _has_classes(train):
            return None  # a class may be called "train"
        if any(map(_has_classes, strangers)):
            return None if _alike([train, *strangers]) else _ask_about(train, strangers, title)
    note_beside(top, notes)
    for folder in strangers:
        note_unused(folder, notes)
    classes = _classes(_unwrapped(train, notes), notes)
    if not classes:
        return Layout({})
    filled = [folder for folder in tests if folder.count]
    if tests and not filled:
        raise InputError(
            "{title} has the folder {folder} for testing, and no picture in it; fill it, or leave it out.",
            title=title,
            folder=tests[0].name,
        )
    test: Half | None = None
    unlabelled: list[Folder] = []
    for folder in filled:
        if test is not None:
            note_unused(folder, notes)
            continue
        beside: list[Message] = []
        found = _classes(_unwrapped(folder, beside), beside)
        if {kind.casefold() for kind in found} & {kind.casefold() for kind in classes}:
            test = _matched(classes, found, folder, title)
            notes += beside
            notes += [_validated(bare, folder) for bare in unlabelled]
        else:
            unlabelled.append(folder)
    if test is None:
        notes += [_held_back(bare, train) for bare in unlabelled]
    return Layout(classes, test)


def _ask_about(train: Folder, strangers: list[Folder], title: Message) -> None:
    raise InputError(
        "{title} holds {train} beside {others:and}: name the folder for testing test, and leave out what is neither.",
        title=title,
        train=train.name,
        others=[folder.name for folder in strangers[:5]],
    )


def _validated(bare: Folder, used: Folder) -> Message:
    return _n(
        "The folder {used} is used for testing: the one picture in {bare} has no class and is left out.",
        "The folder {used} is used for testing: the {count:,} pictures in {bare} have no classes and are left out.",
        bare.count,
        used=used.name,
        bare=bare.name,
    )


def _held_back(bare: Folder, train: Folder) -> Message:
    return _n(
        "A fifth of {train} is kept for testing: the one picture in {bare} has no class and is left out.",
        "A fifth of {train} is kept for testing: the {count:,} pictures in {bare} have no classes and are left out.",
        bare.count,
        train=train.name,
        bare=bare.name,
    )


def _matched(train: Half, test: Half, folder: Folder, title: Message) -> Half:
    """The test half by the names that the classes have in the training half, where they may be written otherwise."""
    spelled = {kind.casefold(): kind for kind in train}
    test = {kind if kind in train else spelled.get(kind.casefold(), kind): found for kind, found in test.items()}
    empty = {name for inner in folder.walk() for name, child in inner.folders.items() if not child.count}
    for kind in sorted(train.keys() ^ test.keys()):
        if kind in empty:
            raise InputError(
                "{title} has too few pictures of the class {kind!r}: none to test with.", title=title, kind=kind
            )
        if kind in train:
            raise InputError(
                "{title} has a folder of the class {kind!r} for training, but not for testing.", title=title, kind=kind
            )
        raise InputError(
            "{title} has a folder of the class {kind!r} for testing, but not for training.", title=title, kind=kind
        )
    return test


def _without_training(top: Folder, roles: dict[str, tuple[str, str]], title: Message) -> None:
    """Refuse a folder that holds halves, and none for training."""
    named = [top.folders[name] for name in top.filled if name in roles]
    if len(named) > 1 and len(named) == len(top.filled):
        raise InputError(
            "{title} holds {folders:and}, and no folder for training; name that one train.",
            title=title,
            folders=[folder.name for folder in named],
        )


def _in_halves_of_classes(top: Folder, roles: dict[str, tuple[str, str]], notes: list[Message]) -> Layout | None:
    """cat_train, dog_train, cat_test and dog_test"""
    halves: dict[str, Half] = {role: {} for role in ROLES}
    for name, (role, rest) in roles.items():
        halves[role][rest] = top.folders[name].everything()
    test = halves[TEST] or halves[VALIDATION]
    if "" in test or len(test) < 2 or halves[TRAIN].keys() != test.keys() or len(roles) != 2 * len(test):
        return None
    if any(map(_has_classes, top.filled.values())):
        return None
    note_beside(top, notes)
    for name, folder in top.filled.items():
        if name not in roles:
            note_unused(folder, notes)
    return Layout(halves[TRAIN], test)


def _in_classes_of_halves(top: Folder, title: Message, notes: list[Message]) -> Layout | None:
    """CLASS/train/… and CLASS/test/…"""
    train: Half = {}
    test: Half = {}
    unused: list[Folder] = []
    for kind, folder in top.filled.items():
        roles = {role: folder.folders[name] for name, (role, _rest) in roles_of(folder.filled).items()}
        tests = [roles[role] for role in (TEST, VALIDATION) if role in roles]
        if folder.pictures or TRAIN not in roles or not tests or len(folder.filled) > len(roles):
            return None
        train[kind], test[kind] = roles[TRAIN].everything(), tests[0].everything()
        unused += tests[1:]
    if not train:
        return None
    inside = [roles_of(folder.filled) for folder in top.filled.values()]
    halves = [folder.folders[name] for folder, names in zip(top.filled.values(), inside, strict=True) for name in names]
    if len(train) > 1 and _alike(halves):
        raise InputError(
            "{title} holds {folders:and}, each with halves of its own and the same classes ({classes:and}); give only "
            "one of them.",
            title=title,
            folders=list(train)[:5],
            classes=list(_unwrapped(halves[0], []).filled)[:5],
        )
    note_beside(top, notes)
    for folder in unused:
        note_unused(folder, notes)
    return Layout(train, test)


def _check_for_unknown_halves(top: Folder, title: Message) -> None:
    folders = list(top.filled.values())
    for folder in folders if len(folders) > 1 else ():
        found = {role for role, _rest in roles_of(_unwrapped(folder, []).filled).values()}
        if TRAIN in found and len(found) > 1:
            raise InputError(
                "{title} holds {folder}, which has halves of its own, beside {other}; give only one of them.",
                title=title,
                folder=folder.name,
                other=next(other for other in folders if other is not folder).name,
            )
    if len(folders) > 1 and _alike(folders):
        raise InputError(
            "{title} holds {folders:and}, each with the same folders ({classes:and}): which is for training? Name one "
            "train and one test.",
            title=title,
            folders=[folder.name for folder in folders[:5]],
            classes=list(_unwrapped(folders[0], []).filled)[:5],
        )


def _alike(folders: list[Folder]) -> bool:
    """Whether all of these folders hold the same two folders with pictures, or more."""
    inside = [{name.casefold() for name in _unwrapped(folder, []).filled} for folder in folders]
    return len(set.intersection(*inside)) > 1


# Classes


def _classes(top: Folder, notes: list[Message], at_top: bool = False) -> Half:
    """A class for each folder with pictures; but none for a folder "test" beside others."""
    filled = dict(top.filled)
    if not filled:
        return _by_file_names(top)
    note_beside(top, notes)
    if at_top:
        for name, (role, rest) in roles_of(filled).items():
            if role != TRAIN and not rest:
                note_unused(filled.pop(name), notes)
        unlabelled = [name for name in filled if letters_of(name) in UNLABELLED]
        for name in unlabelled if len(filled) - len(unlabelled) > 1 else ():
            note_unused(filled.pop(name), notes)
    for name, folder in list(filled.items()):
        if len(folder.filled) > 1 and folder.filled.keys() <= filled.keys():  # a copy of all, in itself
            note_unused(filled.pop(name), notes)
    note_annotations(filled.values(), notes)
    deeper = [folder for folder in filled.values() if len(folder.filled) > 1 and not folder.pictures]
    if len(deeper) > 1 and len(set().union(*(folder.filled for folder in deeper))) == sum(
        len(folder.filled) for folder in deeper
    ):  # animals/cat, animals/dog, plants/oak, plants/rose: no folder is in two of them, as views of one thing would be
        notes.append(
            _(
                "The classes {kinds:and} hold folders of their own, such as {inside:and}; their pictures are taken "
                "together.",
                kinds=[folder.path[-1] for folder in deeper[:5]],
                inside=list(deeper[0].filled)[:5],
            )
        )
    elif at_top and deeper and any(folder.pictures and not folder.filled for folder in filled.values()):
        for folder in deeper:
            notes.append(
                _(
                    "The class {kind} holds folders ({inside:and}); their pictures are taken together.",
                    kind=folder.path[-1],
                    inside=list(folder.filled)[:5],
                )
            )
    return {name: folder.everything() for name, folder in filled.items()}


def _check_spelling(classes: Half, title: Message) -> None:
    known: dict[str, str] = {}
    for kind in classes:
        other = known.setdefault(kind.casefold().strip(), kind)
        if other != kind:
            raise InputError(
                "{title} holds the folders {first!r} and {second!r}, which differ in capitals or spaces only; put them "
                "together, or rename one of them.",
                title=title,
                first=other,
                second=kind,
            )


def _by_file_names(folder: Folder) -> Half:
    """The classes of cat.0.jpg, dog.0.jpg and so on, where all pictures are called like this."""
    found: Half = {}
    for path, fetch in folder.pictures.items():
        match = FLAT.fullmatch(path.rpartition("/")[2])
        if not match:
            return {}
        found.setdefault(match[1], Class()).pictures[path] = fetch
    return found if len(found) > 1 else {}


def _has_classes(folder: Folder) -> bool:
    inner = _unwrapped(folder, [])
    return len(inner.filled) > 1 or bool(_by_file_names(inner))


def _is_without_classes(folder: Folder) -> bool:
    return letters_of(folder.path[-1]) in WITHOUT_CLASSES | IMAGES and not _has_classes(folder)


# What is refused


def _refuse(root: Folder, top: Folder, train: Half, title: Message) -> None:
    """Say why there are not two classes."""
    if len(train) == 1:
        empty = sorted(name for name, folder in top.folders.items() if not folder.count)
        if empty:
            raise InputError(
                "{title} must hold a folder of pictures for each of at least two classes; it holds only one, "
                "{kind!r}, and no picture of the class {empty!r}.",
                title=title,
                kind=min(train),
                empty=empty[0],
            )
    folders = list(root.walk())
    flat = max(folders, key=lambda folder: len(folder.pictures))
    annotations = [folder for folder in folders if folder.path and letters_of(folder.path[-1]) in ANNOTATIONS]
    annotations += [found for folder in folders for found in folder.annotations.values()]
    tables = [name for folder in folders for name in folder.others if name.lower().endswith(TABLES)]
    tables.sort(
        key=lambda name: (
            "submission" in name.lower(), TABLES.index("." + name.lower().rpartition(".")[2]), name.count("/"), name,
        )
    )  # fmt: skip
    packed = [name for folder in folders for name in folder.others if name.lower().endswith(PACKED)]
    if packed and not root.count:
        raise InputError(
            "{title} holds no pictures, but an archive, {file}; unpack it, or give that file.",
            title=title,
            file=min(packed)[-MAX_NAME:],
        )
    if annotations and root.count:
        raise InputError(
            "{title} keeps what its pictures show in the folder {folder}, which is not read here; put the pictures "
            "into one folder for each class.",
            title=title,
            folder=annotations[0].name,
        )
    if tables and root.count:
        raise InputError(
            "{title} keeps what its pictures show in the file {file}, which is not read here; put the pictures into "
            "one folder for each class.",
            title=title,
            file=tables[0][-MAX_NAME:],
        )
    others = [name for name in top.filled if name not in train]
    if len(train) == 1 and min(train) in top.filled and others:
        raise InputError(
            "{title} must hold a folder of pictures for each of at least two classes; it holds only one, {kind!r}, "
            "since {others:and} is no class by its name.",
            title=title,
            kind=min(train),
            others=others[:5],
        )
    if len(train) == 1:
        raise InputError(
            "{title} must hold a folder of pictures for each of at least two classes; it holds only one, {kind!r}.",
            title=title,
            kind=min(train),
        )
    if flat.path and flat.pictures:
        raise InputError(
            "{title} must hold a folder of pictures for each of at least two classes; the pictures in {folder} lie "
            "side by side.",
            title=title,
            folder=flat.name,
        )
    raise InputError(
        "{title} must hold a folder of pictures for each of at least two classes; it holds no such folder.",
        title=title,
    )
