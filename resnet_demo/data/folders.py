"""A person's own pictures: a folder of class folders, or a zip of them, which may come from a stranger.

Both are first only listed; the names alone decide on classes and halves. Nothing is ever unpacked to the disk, so no
name in a zip can lead anywhere, and what a zip may cost in memory and time is bounded before its first picture is read.
"""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from ..errors import InputError
from ..i18n import Message, _, _n
from ..images import CIFAR10, load_image
from .dataset import Dataset

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")  # by these names, the formats that load_image reads
TEST_NAMES = ("test", "val", "valid")
TEST_PART = 0.2  # of each class, where there is no folder for testing
SEED = 0  # of the split and of the order

MAX_PICTURES = 60_000
MAX_ENTRIES = 200_000  # of a zip, pictures or not: some 500 bytes of memory each, only to list them
MAX_FILE_BYTES = 50_000_000  # of one picture in a zip
MAX_BYTES = 2_000_000_000  # of all that a zip unpacks to
MAX_PIXELS = 10_000_000_000  # of all pictures read: a few minutes of decoding
MAX_LEFT_OUT = 1_000  # pictures that cannot be read, which may take as long as reading them
MAX_DEPTH = 10  # of folders in a zip; what lies deeper is ignored
MAX_NAME = 80  # characters of a folder's name, since it becomes a class's

# A path -> what fetches the picture there; None: a folder.
Fetch = Callable[[], Path | bytes]
Listing = dict[tuple[str, ...], Fetch | None]
Pictures = dict[str, Fetch]  # by their paths as a person reads them
Half = dict[str, Pictures]  # by class


def load_folder(path: str | Path, train: bool, size: int = 32) -> Dataset:
    """Read the training or the test half of a folder, or a zip, of class folders; `size` px square, RGB.

    Either `train/CLASS/…` and `test/CLASS/…` (or `val`, `valid`), or `CLASS/…` alone, of which about a fifth of each
    class is then kept for testing, always the same. Folders that merely wrap all this are looked through. The classes
    are the folders' names, sorted; the pictures come in a fixed random order. Hidden files, other files than pictures,
    and symbolic links to folders or to the outside are ignored; pictures that cannot be read are left out and counted
    in the data set's `note`. Each picture's short side is scaled to `size` and the middle cut out.

    Raises InputError, one sentence, where this does not give two classes with a picture in both halves, or where it
    would take more memory or time than one data set may.
    """
    path = Path(path)
    if os.path.isdir(path):
        root = path.resolve()
        return _read(root.name, _("The folder {name}", name=root.name), _list_folder(root), train, size)
    title = _("The file {name}", name=path.name)
    if not os.path.isfile(path) or not zipfile.is_zipfile(path):
        raise InputError("{title} is not a zip; a data set is a folder or a zip of class folders.", title=title)
    if _count_entries(path) > MAX_ENTRIES:
        raise InputError("{title} holds more than {most:,} files.", title=title, most=MAX_ENTRIES)
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # a torn or hostile directory fails in many ways
        raise InputError("{title} is damaged: its list of files cannot be read.", title=title) from None
    with archive:
        _vet(archive.infolist(), title)
        return _read(path.stem, title, _list_zip(archive), train, size)


# Listing


def _list_folder(root: Path) -> Listing:
    found: Listing = {}
    for folder, folders, files in os.walk(root):  # which does not follow links to folders: they could run in circles
        folders[:] = [name for name in folders if not _is_hidden(name) and not os.path.islink(Path(folder, name))]
        place = tuple(map(_clean, Path(folder).relative_to(root).parts))
        found.update({(*place, _clean(name)): None for name in folders})
        for name in filter(_is_picture, files):
            file = Path(folder, name)
            if not file.is_symlink() or Path(os.path.realpath(file)).is_relative_to(root):
                found[(*place, name)] = partial(Path, file)
    return found


def _list_zip(archive: zipfile.ZipFile) -> Listing:
    found: Listing = {}
    for entry in archive.infolist():
        name = entry.filename
        if not entry.flag_bits & 0x800:  # not marked as UTF-8, which macOS writes all the same
            with suppress(UnicodeError):
                name = name.encode("cp437").decode("utf-8")
        parts = PurePosixPath(name.replace("\\", "/")).parts  # some Windows programs write backslashes
        if not 0 < len(parts) <= MAX_DEPTH or parts[0] == "/" or any(map(_is_hidden, parts)):  # as is ".."
            continue
        *place, last = parts
        folder = tuple(map(_clean, parts if entry.is_dir() else place))
        if _is_picture(last) and not entry.is_dir():
            found[(*folder, last)] = partial(_unpack, archive, entry)
        elif folder:  # which an empty or otherwise useless folder, too, is
            found[folder] = None
    return found


def _count_entries(path: Path) -> int:
    """How often the mark of an entry in a zip's directory occurs in the file; `ZipFile` itself would list them all."""
    with path.open("rb") as file:
        return sum(chunk.count(b"PK\1\2") for chunk in iter(partial(file.read, 1 << 24), b""))


def _vet(entries: list[zipfile.ZipInfo], title: Message) -> None:
    """Refuse a zip, by what its directory says, that is locked, oddly packed or too large when unpacked."""
    for entry in entries:
        if entry.flag_bits & 1:
            raise InputError("{title} is locked with a password; pack the pictures without one.", title=title)
        # Python unpacks other methods' data without a limit, whatever size the directory states.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                "{title} is packed with a method that is not read here; pack it as an ordinary zip.", title=title
            )
        if entry.file_size > MAX_FILE_BYTES:
            raise InputError(
                "{title} holds a file of more than {most} MB.", title=title, most=MAX_FILE_BYTES // 1_000_000
            )
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise InputError("{title} unpacks to more than {most} GB.", title=title, most=MAX_BYTES // 1_000_000_000)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as stream:
        return stream.read(entry.file_size)  # a plain read() would unpack beyond the stated size, and only then cut


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not _is_hidden(name)


def _clean(name: str) -> str:
    """The same letters in the same form (macOS takes umlauts apart), and none that cannot be printed."""
    name = unicodedata.normalize("NFC", name)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


# Classes and halves


def _read(name: str, title: Message, listing: Listing, train: bool, size: int) -> Dataset:
    count = sum(fetch is not None for fetch in listing.values())
    if count > MAX_PICTURES:
        raise InputError(
            "{title} holds {pictures:,} pictures; at most {most:,} are read.",
            title=title,
            pictures=count,
            most=MAX_PICTURES,
        )
    if any(len(part) > MAX_NAME for parts, fetch in listing.items() for part in (parts[:-1] if fetch else parts)):
        raise InputError(
            "{title} holds a folder whose name is longer than {most} characters.", title=title, most=MAX_NAME
        )
    halves = _halves(_unwrapped(listing), title)
    half, classes = halves[0 if train else 1], tuple(sorted(halves[0]))
    chosen = [(label, path, fetch) for label, kind in enumerate(classes) for path, fetch in half[kind].items()]
    chosen = [chosen[index] for index in _shuffled(len(chosen))]
    return _decode(name, title, classes, chosen, size)


def _tops(listing: Listing) -> dict[str, Listing]:
    """The folders at the top, each with what is in it; pictures that lie beside them belong to no class."""
    tops: dict[str, Listing] = {}
    for (top, *rest), fetch in sorted(listing.items(), key=lambda item: item[0]):
        if rest or fetch is None:
            inside = tops.setdefault(top, {})
            if rest:
                inside[tuple(rest)] = fetch
    return tops


def _unwrapped(listing: Listing) -> dict[str, Listing]:
    """The class folders, or train and test: what is inside of folders that hold nothing but one folder."""
    tops = _tops(listing)
    while len(tops) == 1:
        (inside,) = tops.values()
        if any(len(parts) == 1 and fetch for parts, fetch in inside.items()):  # pictures: this is a class
            break
        tops = _tops(inside)
    return tops


def _halves(tops: dict[str, Listing], title: Message) -> tuple[Half, Half]:
    """The pictures for training and those for testing, after the same classes, each of which has some in both."""
    names = {top.casefold(): top for top in tops}
    test_name = next((names[name] for name in TEST_NAMES if name in names), None)
    if "train" in names and test_name:
        train, test = _half(tops[names["train"]], names["train"]), _half(tops[test_name], test_name)
        differing = train.keys() ^ test.keys()
        if differing:
            kind = min(differing)
            if kind in train:
                raise InputError(
                    "{title} has a folder of the class {kind!r} for training, but not for testing.",
                    title=title,
                    kind=kind,
                )
            raise InputError(
                "{title} has a folder of the class {kind!r} for testing, but not for training.", title=title, kind=kind
            )
    else:
        train, test = {}, {}
        for kind, rest in tops.items():
            train[kind], test[kind] = _split(_pictures(rest, kind))
    if len(train) < 2:
        if train:
            raise InputError(
                "{title} must hold a folder of pictures for each of at least two classes; it holds only one, {kind!r}.",
                title=title,
                kind=min(train),
            )
        raise InputError(
            "{title} must hold a folder of pictures for each of at least two classes; it holds no such folder.",
            title=title,
        )
    for kind in sorted(train):
        if not train[kind]:
            raise InputError(
                "{title} has too few pictures (JPEG, PNG, WebP, GIF or BMP) of the class {kind!r}: none to train with.",
                title=title,
                kind=kind,
            )
    for kind in sorted(test):
        if not test[kind]:
            raise InputError(
                "{title} has too few pictures (JPEG, PNG, WebP, GIF or BMP) of the class {kind!r}: none to test with.",
                title=title,
                kind=kind,
            )
    return train, test


def _half(listing: Listing, folder: str) -> Half:
    return {kind: _pictures(rest, folder, kind) for kind, rest in _tops(listing).items()}


def _pictures(listing: Listing, *place: str) -> Pictures:
    """Those of a class folder, however deep in it they lie."""
    return {"/".join((*place, *parts)): fetch for parts, fetch in listing.items() if fetch}


def _split(pictures: Pictures) -> tuple[Pictures, Pictures]:
    """Hold `TEST_PART` of the pictures back, and one at least."""
    items = list(pictures.items())
    order, held = _shuffled(len(items)), max(1, round(TEST_PART * len(items)))
    return dict(items[index] for index in order[held:]), dict(items[index] for index in order[:held])


def _shuffled(count: int) -> list[int]:
    """The numbers below `count` in an order that is always the same."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(SEED)).tolist()


# Reading


def _decode(
    name: str, title: Message, classes: tuple[str, ...], chosen: list[tuple[int, str, Fetch]], size: int
) -> Dataset:
    domain = replace(CIFAR10, size=size, resize=size)  # its crop is what a trained network will apply to its pictures
    pictures = torch.empty(len(chosen), 3, size, size, dtype=torch.uint8)
    labels: list[int] = []
    left_out: list[str] = []
    pixels = 0
    for label, path, fetch in chosen:
        try:
            picture = load_image(fetch())
        except Exception:  # a zip's entry, too, can be damaged in many ways
            left_out.append(path)
            if len(left_out) > MAX_LEFT_OUT:
                raise InputError(
                    "{title} holds more than {most:,} pictures that cannot be read.", title=title, most=MAX_LEFT_OUT
                ) from None
            continue
        pixels += picture.width * picture.height
        if pixels > MAX_PIXELS:
            raise InputError(
                "{title} holds more than {most} gigapixels; make its pictures smaller.",
                title=title,
                most=MAX_PIXELS // 1_000_000_000,
            )
        pictures[len(labels)] = torch.from_numpy(np.array(domain.crop(picture))).permute(2, 0, 1)
        labels.append(label)
    missing = set(range(len(classes))).difference(labels)
    if missing:
        raise InputError(
            "{title} has no picture of the class {kind!r} that can be read.", title=title, kind=classes[min(missing)]
        )
    return Dataset(name, pictures[: len(labels)], torch.tensor(labels), classes, note=_note(left_out))


def _note(left_out: list[str]) -> Message | None:
    if not left_out:
        return None
    return _n(
        "One picture could not be read and was left out: {first}.",
        "{count:,} pictures could not be read and were left out; the first is {first}.",
        len(left_out),
        first=_clean(min(left_out))[-MAX_NAME:],
    )
