"""Data sets, each held as one uint8 tensor: published ones, drawn ones, and a person's own pictures."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError, similar
from .dataset import Dataset, augment, batches, fitted, notes_of
from .folders import Survey, load_folder, load_folder_halves, survey
from .published import DATASETS, data_folder, default_data_dir, downloading, load_published
from .reading import Read
from .shapes import draw_shapes

__all__ = [
    "DATASETS",
    "Dataset",
    "Survey",
    "augment",
    "batches",
    "data_folder",
    "default_data_dir",
    "downloading",
    "draw_shapes",
    "fitted",
    "load_dataset",
    "load_folder",
    "load_halves",
    "notes_of",
    "survey",
]


def load_dataset(
    name: str | Path, train: bool, data_dir: str | Path | None = None, download: bool = True, size: int = 32
) -> Dataset:
    """The training or the test half of a data set, by its name, or by the path of a folder or zip of class folders.

    `data_dir` and `download` concern the published sets alone: where they lie, and whether an absent one is fetched.
    `shapes` is drawn on the spot, the same pictures every time. `size` is the side of the pictures of a folder or zip:
    networks for larger pictures need more of them than 32 pixels.

    Raises InputError for an unknown name, or where the data are not to be had or cannot be used.
    """
    if name in DATASETS:
        return load_published(str(name), train, data_dir, download)
    if name == "shapes":
        return draw_shapes(20_000, seed=0) if train else draw_shapes(2_000, seed=1)
    if name and os.path.exists(name):  # unlike Path.exists, False for an overlong or otherwise impossible name, too
        return load_folder(name, train, size)
    known = [*DATASETS, "shapes"]
    if near := similar(str(name).casefold(), known):
        raise InputError(
            "There is no data set {name!r} (did you mean {near:or}?); there are {known:and}, or a folder or zip of "
            "class folders.",
            name=str(name),
            near=near,
            known=known,
        )
    raise InputError(
        "There is no data set {name!r}; there are {known:and}, or a folder or zip of class folders.",
        name=str(name),
        known=known,
    )


def load_halves(
    name: str | Path, data_dir: str | Path | None = None, download: bool = True, read: Read | None = None
) -> tuple[Dataset, Dataset]:
    """The training and the test half, as `load_dataset` gives them; a folder or zip is read once.

    `read` decodes its pictures: `isolation.load_isolated` those of a stranger.
    """
    if name not in DATASETS and name != "shapes" and name and os.path.exists(name):
        return load_folder_halves(name, read=read)
    return load_dataset(name, True, data_dir, download), load_dataset(name, False, data_dir, download)
