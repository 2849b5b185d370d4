"""The pictures that are offered: examples that suit a network, and CIFAR-10's test pictures where they are."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import gradio as gr
from PIL import Image

from ..assets import asset
from ..data import Dataset, data_folder, load_dataset
from ..errors import InputError
from ..images import CIFAR10, load_image
from .session import HERE, Session

PHOTOS = {"lion": "lion.jpg", "cheetah": "cheetah1.jpg", "tower": "tower.jpg"}  # they come with gradio


def examples(session: Session) -> Mapping[str, Path | Image.Image]:
    """Pictures by name that suit the session's network.

    Ours for CIFAR-10, the photos that gradio brings for ImageNet, test pictures for one that was trained on others.
    """
    if session.weights == HERE and session.domain != CIFAR10:
        return session.trained[session.name].samples
    return _photos() if session.domain.size >= 64 else _drawings()


def _photos() -> dict[str, Path]:
    return {name: Path(gr.get_image(file)) for name, file in PHOTOS.items()}


def _drawings() -> dict[str, Path]:
    return {name: asset("examples", f"{name}.png") for name in CIFAR10.labels}


def first_example(session: Session) -> str:
    """The picture that a session begins with."""
    return "cat" if session.domain.size < 64 else "lion"


def example_picture(session: Session, name: str) -> Image.Image:
    offered = examples(session)
    # A link may name an example of the other kind: one can take the cat along to an ImageNet network.
    found = offered.get(name) or {**_photos(), **_drawings()}.get(name)
    if found is None:
        raise InputError("There is no example {name!r}; there are {offered:and}.", name=name, offered=list(offered))
    return load_image(found) if isinstance(found, Path) else found


# CIFAR-10's test pictures


@lru_cache(maxsize=1)  # which remembers what was read, and no failure
def _read(data_dir: str | None) -> Dataset:
    return load_dataset("cifar10", train=False, data_dir=data_dir, download=False)


_unreadable: dict[str | None, float] = {}  # folders whose files could not be read, and of when these were


def test_set(data_dir: str | None) -> Dataset | None:
    """CIFAR-10's test pictures, if they are on this computer."""
    try:
        found = _read(data_dir)
    except InputError:
        _unreadable[data_dir] = _changed(data_dir)
        return None
    _unreadable.pop(data_dir, None)
    return found


@lru_cache(maxsize=1)
def _read_training(data_dir: str | None, count: int) -> Dataset:
    return load_dataset("cifar10", train=True, data_dir=data_dir, download=False).subset(count).copy()


def training_set(data_dir: str | None, count: int) -> Dataset | None:
    """So many of CIFAR-10's training pictures, if they are on this computer."""
    try:
        return _read_training(data_dir, count)
    except InputError:
        return None


def look_again(data_dir: str | None) -> None:
    """Forget what was found: the pictures have been fetched."""
    _read.cache_clear()
    _unreadable.pop(data_dir, None)


def has_test_set(data_dir: str | None) -> bool:
    """Whether CIFAR-10's files seem to be there; a glance only, since reading them takes a second.

    Where they turned out to be unreadable they count as missing, until they are fetched or changed.
    """
    there = _changed(data_dir)
    return bool(there) and _unreadable.get(data_dir) != there


def _changed(data_dir: str | None) -> float:
    """When the file of the test pictures was written; 0 where there is none."""
    path = data_folder("cifar10", data_dir) / "cifar-10-batches-py" / "test_batch"
    return path.stat().st_mtime if path.is_file() else 0.0


def random_test_picture(data_dir: str | None) -> tuple[Image.Image, str]:
    """A picture that no network here was trained on, with the class that people gave it."""
    dataset = test_set(data_dir)
    if dataset is None:
        raise InputError(
            "CIFAR-10 is not on this computer; start the app with --data-dir and the folder that holds it."
        )
    index = random.randrange(len(dataset))
    return dataset.picture(index), dataset.classes[int(dataset.labels[index])]
