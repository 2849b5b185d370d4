"""Pictures that are of no class: masks, annotations, what lies beside the classes. They are counted in notes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..i18n import Message, _n
from .listing import MAX_NAME
from .tree import Folder

MASK = re.compile(r"(.+?)[ _-]?(?:mask|seg|segmentation|groundtruth|gt)(?:[ _-]?\d+)?", re.IGNORECASE)


def note_beside(folder: Folder, notes: list[Message]) -> None:
    """Tell of the pictures and annotations that lie beside the folders that are gone into."""
    for beside in folder.annotations.values():
        note_unused(beside, notes)
    if folder.pictures:
        notes.append(
            _n(
                "One picture lies outside of the class folders and was left out: {first}.",
                "{count:,} pictures lie outside of the class folders and were left out; the first is {first}.",
                len(folder.pictures),
                first=min(folder.pictures)[-MAX_NAME:],
            )
        )


def note_annotations(classes: Iterable[Folder], notes: list[Message]) -> None:
    """Tell of masks and the like in folders of their own within the classes: cat/images, cat/masks."""
    inside = [found for kind in classes for folder in kind.walk() for found in folder.annotations.values()]
    if inside:
        notes.append(
            _n(
                "One picture in {folder} is an annotation by its folder’s name, and was left out.",
                "{count:,} pictures in {folder} and folders like it are annotations by these names, and were left out.",
                sum(folder.count for folder in inside),
                folder=inside[0].name,
            )
        )


def leave_out_masks(root: Folder, notes: list[Message]) -> None:
    """Beside "a (1).png" the picture "a (1)_mask.png" says where something is; it is no picture of the class."""
    found = []
    for folder in root.walk():
        stems = {path.rpartition(".")[0] for path in folder.pictures}
        for path in list(folder.pictures):
            match = MASK.fullmatch(path.rpartition(".")[0])
            if match and match[1] in stems:
                found.append(path)
                del folder.pictures[path]
    if found:
        notes.append(
            _n(
                "One picture is the mask of another one and was left out: {first}.",
                "{count:,} pictures are masks of others and were left out; the first is {first}.",
                len(found),
                first=min(found)[-MAX_NAME:],
            )
        )


def note_unused(folder: Folder, notes: list[Message]) -> None:
    notes.append(
        _n(
            "The folder {folder} is not used; it holds one picture.",
            "The folder {folder} is not used; it holds {count:,} pictures.",
            folder.count,
            folder=folder.name,
        )
    )
