"""A person's own pictures as a data set: a folder of class folders, or a zip of them, which may come from a stranger.

The names alone decide on classes and halves (`layout`); then the pictures are read (`reading`), and only those that
could be are divided into halves, where the folders do not do that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import InputError
from ..formats import NAMES
from ..i18n import Message, Sentences, _, sentences
from .dataset import Dataset
from .layout import Layout, recognised
from .listing import MAX_NAME, Listing, listed, unread_format
from .reading import Decoded, Read, decode, left_out
from .tree import Class, Half, tree

TEST_PART = 0.2  # of each class, where there is no folder for testing
SEED = 0  # of the split and of the order
MAX_PICTURES = 60_000
MAX_FOLDERS = 20_000  # whose names are judged in a few seconds


def load_folder(path: str | Path, train: bool, size: int = 32) -> Dataset:
    """Read the training or the test half of a folder, or a zip, of class folders; `size` px square, RGB.

    Either `train/CLASS/…` and `test/CLASS/…` by any usual name, or `CLASS/…` alone, of which about a fifth of what can
    be read of each class is then kept for testing, always the same; `layout` tells what else is understood. Folders
    that merely wrap all this are looked through. The classes are the folders' names, sorted; the pictures come in a
    fixed random order. Hidden files, other files than pictures, and symbolic links to folders or to the outside are
    ignored; all pictures that are left out are counted in the data set's `note`. Each picture's short side is scaled
    to `size` and the middle cut out.

    Raises InputError, one sentence, where this does not give two classes with a picture in both halves, or where it
    would take more memory or time than one data set may.
    """
    return _load(path, (train,), size)[0]


def load_folder_halves(path: str | Path, size: int = 32, read: Read | None = None) -> tuple[Dataset, Dataset]:
    """The training and the test half, as `load_folder` gives them, in the time of reading each picture once."""
    train, test = _load(path, (True, False), size, read)
    return train, test


@dataclass(frozen=True)
class Survey:
    """What the names in a folder or zip tell of a data set, before any of its pictures is read."""

    classes: tuple[str, ...]
    training: int  # pictures
    testing: int
    notes: list[Message]  # what was decided, and which pictures will be left out


def survey(path: str | Path) -> Survey:
    """What `load_folder` will find by the names alone, in an instant. Raises InputError as that does."""
    with _reader(path) as reader:
        return reader.survey()


def _load(path: str | Path, wanted: Sequence[bool], size: int, read: Read | None = None) -> list[Dataset]:
    with _reader(path, size, read) as reader:
        return reader.halves(wanted)


@contextmanager
def _reader(path: str | Path, size: int = 32, read: Read | None = None) -> Iterator[_Reader]:
    """What the names in a folder or zip say, which is open meanwhile."""
    path = Path(path)
    if path.is_dir():
        root = path.resolve()
        name, title = root.name, _("The folder {name}", name=root.name)
    else:
        name, title = path.stem, _("The file {name}", name=path.name)
    with listed(path, title) as listing:
        _check_size(listing, title)
        root = tree(listing)
        layout = recognised(root, title)
        if listing.doubtful:
            name, page = listing.doubtful
            layout.notes.append(
                _(
                    "The zip does not say how its names are written; read as {page}, they may have been read wrongly: "
                    "is {name} right?",
                    name=name[-MAX_NAME:],
                    page=page,
                )
            )
        yield _Reader(name, title, layout, root.everything().unread, listing.too_deep, size, read)


def _check_size(listing: Listing, title: Message) -> None:
    pictures = [parts for parts in listing.files if listing.is_picture(parts) or unread_format(parts[-1])]
    if len(pictures) > MAX_PICTURES:
        raise InputError(
            "{title} holds {pictures:,} pictures; at most {most:,} are read.",
            title=title,
            pictures=len(pictures),
            most=MAX_PICTURES,
        )
    folders = {parts if fetch is None else parts[:-1] for parts, fetch in listing.files.items()}
    if len(folders) > MAX_FOLDERS:
        raise InputError("{title} holds more than {most:,} folders.", title=title, most=MAX_FOLDERS)
    if any(len(part) > MAX_NAME for parts in pictures for part in parts[:-1]):
        raise InputError(
            "{title} holds a folder whose name is longer than {most} characters.", title=title, most=MAX_NAME
        )


@dataclass
class _Reader:
    """Reads the pictures of a layout and makes data sets of them."""

    name: str
    title: Message
    layout: Layout
    unread: dict[str, str]  # path -> format, by the names of all files
    too_deep: list[str]
    size: int
    read: Read | None

    def survey(self) -> Survey:
        layout = self.layout
        for half in filter(None, (layout.train, layout.test)):
            for kind in layout.classes:
                if not half[kind].pictures:
                    self._refuse(kind, half[kind], {})
        notes = [*layout.notes, *left_out([], self.unread, self.too_deep)]
        training = [len(layout.train[kind].pictures) for kind in layout.classes]
        if layout.test is None:
            self._check_for_training()
            testing = [_held(count) for count in training]
            return Survey(layout.classes, sum(training) - sum(testing), sum(testing), notes)
        testing = [len(layout.test[kind].pictures) for kind in layout.classes]
        return Survey(layout.classes, sum(training), sum(testing), notes)

    def halves(self, wanted: Sequence[bool]) -> list[Dataset]:
        layout = self.layout
        if layout.test is None:
            self._check_for_training()
            read = self._read(layout.train)
            return [self._half(read, self._split(read, train)) for train in wanted]
        found = []
        for train in wanted:
            read = self._read(layout.train if train else layout.test)
            found.append(self._half(read, [index for indexes in self._by_class(read) for index in indexes]))
        return found

    def _read(self, half: Half) -> tuple[Decoded, list[int]]:
        """Its pictures, and the label of each."""
        files = [
            (label, file) for label, kind in enumerate(self.layout.classes) for file in half[kind].pictures.items()
        ]
        decoded = decode([file for _label, file in files], self.size, self.title, self.read)
        labels = [files[index][0] for index in decoded.indexes]
        for label in sorted(set(range(len(self.layout.classes))).difference(labels)):
            kind = self.layout.classes[label]
            self._refuse(kind, half[kind], decoded.unread)
        return decoded, labels

    def _by_class(self, read: tuple[Decoded, list[int]]) -> list[list[int]]:
        found: list[list[int]] = [[] for _kind in self.layout.classes]
        for index, label in enumerate(read[1]):
            found[label].append(index)
        return found

    def _split(self, read: tuple[Decoded, list[int]], train: bool) -> list[int]:
        """Of each class `TEST_PART` of the pictures is held back for testing, and one at least."""
        chosen = []
        for kind, indexes in zip(self.layout.classes, self._by_class(read), strict=True):
            if len(indexes) == 1:
                self._refuse_for_training(kind)
            order, held = _shuffled(len(indexes)), _held(len(indexes))
            chosen += [indexes[place] for place in (order[held:] if train else order[:held])]
        return chosen

    def _half(self, read: tuple[Decoded, list[int]], chosen: list[int]) -> Dataset:
        decoded, labels = read
        chosen = [chosen[place] for place in _shuffled(len(chosen))]
        notes = [*self.layout.notes]
        notes += left_out(decoded.damaged, self.unread | decoded.unread, self.too_deep)
        return Dataset(
            self.name,
            decoded.pictures[chosen],
            torch.tensor([labels[index] for index in chosen]),
            self.layout.classes,
            note=_one(notes),
        )

    def _check_for_training(self) -> None:
        for kind, found in sorted(self.layout.train.items()):
            if len(found.pictures) == 1:
                self._refuse_for_training(kind)

    def _refuse_for_training(self, kind: str) -> None:
        raise InputError(
            "{title} has too few pictures that can be read of the class {kind!r}: none to train with.",
            title=self.title,
            kind=kind,
        )

    def _refuse(self, kind: str, found: Class, unread: Mapping[str, str]) -> None:
        formats = set(found.unread.values()) | {unread[path] for path in found.pictures if path in unread}
        if formats:
            raise InputError(
                "{title} has no picture of the class {kind!r} that can be read: there are {formats:and} files, and "
                "what is read is {read:and}.",
                title=self.title,
                kind=kind,
                formats=sorted(formats),
                read=list(NAMES.values()),
            )
        raise InputError("{title} has no picture of the class {kind!r} that can be read.", title=self.title, kind=kind)


def _one(notes: list[Message]) -> Message | Sentences | None:
    return notes[0] if len(notes) == 1 else sentences(*notes) if notes else None


def _held(count: int) -> int:
    """How many of so many pictures of a class are kept for testing."""
    return max(1, round(TEST_PART * count))


def _shuffled(count: int) -> list[int]:
    """The numbers below `count` in an order that is always the same."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(SEED)).tolist()
