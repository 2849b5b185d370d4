"""A folder of pictures as a tree: what lies where, by the names of files and folders alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from .folder_words import ANNOTATIONS, IMAGES, letters_of
from .listing import MAX_NAME, Fetch, Listing, unread_format

Pictures = dict[str, Fetch]  # by their paths as a person reads them


@dataclass
class Folder:
    """A folder: its pictures, those that are not read, other files, and folders."""

    path: tuple[str, ...] = ()
    pictures: Pictures = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)  # path -> format
    others: list[str] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "/".join(self.path)[-MAX_NAME:]

    @cached_property
    def count(self) -> int:
        """The pictures in it, however deep, of whatever format."""
        return len(self.pictures) + len(self.unread) + sum(folder.count for folder in self.folders.values())

    @cached_property
    def annotations(self) -> dict[str, Folder]:
        """Beside a folder `images`, those that say what these show: their masks are pictures, too.

        So is `train_masks` beside `train`, and `cat_masks` beside `cat`.
        """
        kinds = {name: letters_of(name) for name, folder in self.folders.items() if folder.count}
        there = set(kinds.values()) - {""}
        of_images = ANNOTATIONS if IMAGES & there else set()
        of_others = {kind + word for kind in there for word in ANNOTATIONS}
        return {name: self.folders[name] for name, kind in kinds.items() if kind in of_images | of_others}

    @cached_property
    def filled(self) -> dict[str, Folder]:
        """The folders in it that hold pictures, but for annotations."""
        return {name: folder for name, folder in self.folders.items() if folder.count and name not in self.annotations}

    def everything(self) -> Class:
        """All its pictures, however deep, without annotations such as masks."""
        found = Class(dict(self.pictures), dict(self.unread))
        for folder in self.filled.values():
            inside = folder.everything()
            found.pictures |= inside.pictures
            found.unread |= inside.unread
        return found

    def walk(self) -> Iterable[Folder]:
        yield self
        for folder in self.folders.values():
            yield from folder.walk()


@dataclass
class Class:
    """The pictures of one class in one half."""

    pictures: Pictures = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.pictures or self.unread)


Half = dict[str, Class]


def tree(listing: Listing) -> Folder:
    root = Folder()
    for (*place, name), fetch in sorted(listing.files.items(), key=lambda item: item[0]):
        folder = root
        for part in place if fetch else (*place, name):
            folder = folder.folders.setdefault(part, Folder((*folder.path, part)))
        if fetch is None:
            continue
        path = "/".join((*place, name))
        if listing.is_picture((*place, name)):
            folder.pictures[path] = fetch
        elif kind := unread_format(name):
            folder.unread[path] = kind
        else:
            folder.others.append(path)
    return root
