"""Experiments on skip connections: `resnet-demo experiment NAME`.

Each has a file of its own, which says what is asked and where it comes from, functions that answer it for a network
and pictures, and a `report` of plain numbers. What all of them do to a network stands in `wires.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ..data import Dataset
from ..errors import InputError
from ..models.resnet import ResNet
from ..training.evaluation import check_classes

NAMES = (
    "lesion",
    "lesions",
    "dial",
    "lens",
    "paths",
    "gradients",
    "responses",
    "refinement",
    "shattering",
    "landscape",
    "sanity",
    "localise",
    "faithful",
)


def pictures_for(name: str, wanted: int | None = None) -> int:
    """How many pictures an experiment takes: those that are wanted, or about a minute's work on two cores.

    No more than its file allows as `MOST`, where it goes back through all pictures at once, or looks at none of them.
    """
    module = _module(name)
    return min(wanted or module.PICTURES, getattr(module, "MOST", wanted or module.PICTURES))


def concerned(name: str, networks: Mapping[str, ResNet]) -> dict[str, ResNet]:
    """The networks that an experiment tells apart: one of a kind where it looks at depths of its own (`ALL_DEPTHS`)."""
    if not getattr(_module(name), "ALL_DEPTHS", False):
        return dict(networks)
    kinds: dict[bool, str] = {}
    for title, network in networks.items():
        kinds.setdefault(network.config.plain, title)
    return {title: networks[title] for title in kinds.values()}


def data_for(name: str) -> str:
    """The data set that an experiment is made on unless one says otherwise."""
    return getattr(_module(name), "DATA", "cifar10")


def asks_for_masks(name: str) -> bool:
    """Whether it must be known where the objects are, and the network must have learned to tell just these apart."""
    return getattr(_module(name), "MASKS", False)


def question(name: str) -> str:
    """What an experiment asks: the first line of its file."""
    return (_module(name).__doc__ or "").strip().splitlines()[0]


def run(
    name: str, model: ResNet, dataset: Dataset, seed: int = 0, progress: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """The report of an experiment on a network, with the pictures and labels of a data set.

    `progress` is told the fraction that is done. Raises InputError for an unknown experiment, for a data set that is
    empty or lacks what the experiment asks for, or where the network's classes are not the data set's.
    """
    check(name, dataset)
    check_classes(model, dataset)
    return _module(name).report(model, dataset, seed, progress)


def check(name: str, dataset: Dataset) -> None:
    """Raise InputError where there is no such experiment, or it cannot be made on this data set."""
    if asks_for_masks(name) and dataset.masks is None:
        raise InputError(f"The data set {dataset.name} does not tell where its objects are; shapes does.")
    if not len(dataset):
        raise InputError("An experiment needs one picture at least.")


def _module(name: str) -> Any:
    if name not in NAMES:
        raise InputError(f"There is no experiment {name!r}; there are {', '.join(NAMES)}.")
    return importlib.import_module(f".{name}", __name__)
