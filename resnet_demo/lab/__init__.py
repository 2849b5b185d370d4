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
from ..evaluation import check_classes
from ..resnet import ResNet

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


def question(name: str) -> str:
    """What an experiment asks: the first line of its file."""
    return (_module(name).__doc__ or "").strip().splitlines()[0]


def run(
    name: str, model: ResNet, dataset: Dataset, seed: int = 0, progress: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """The report of an experiment on a network, with the pictures and labels of a data set.

    `progress` is told the fraction that is done. Raises InputError for an unknown experiment, for a data set that is
    empty, or where the network's classes are not the data set's.
    """
    module = _module(name)
    check_classes(model, dataset)
    if not len(dataset):
        raise InputError("An experiment needs one picture at least.")
    return module.report(model, dataset, seed, progress)


def _module(name: str) -> Any:
    if name not in NAMES:
        raise InputError(f"There is no experiment {name!r}; there are {', '.join(NAMES)}.")
    return importlib.import_module(f".{name}", __name__)
