"""Experiments on skip connections: `resnet-demo experiment NAME`.

Each has a file of its own, which says what is asked and where it comes from, functions that answer it for a network
and pictures, and a `report` of plain numbers; see `experiment.py`. What many of them do to a network stands in
`interventions.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InputError, unknown
from ..i18n import _
from .experiment import Experiment, Progress

if TYPE_CHECKING:
    from ..data import Dataset
    from ..models.resnet import ResNet


class Registry(Mapping[str, Experiment]):
    """Experiments by name, in their order. A file is imported when it is asked for, and with it torch."""

    def __init__(self, *names: str):
        self._names = names

    def __getitem__(self, name: str) -> Experiment:
        if name not in self._names:
            raise KeyError(name)
        return importlib.import_module(f".{name}", __name__).EXPERIMENT

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


EXPERIMENTS = Registry(
    "lesion",
    "lesions",
    "dial",
    "unfold",
    "lens",
    "probes",
    "similarity",
    "paths",
    "gradients",
    "signal",
    "responses",
    "refinement",
    "shattering",
    "landscape",
    "sanity",
    "localise",
    "faithful",
)


def get(name: str) -> Experiment:
    """The experiment of that name. Raises InputError where there is none."""
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    raise unknown(
        name,
        EXPERIMENTS,
        _("There is no experiment {name!r}; there are {known:and}."),
        _("There is no experiment {name!r} (did you mean {near:or}?); there are {known:and}."),
    )


def run(
    name: str,
    model: ResNet,
    dataset: Dataset,
    seed: int = 0,
    progress: Progress = lambda done: None,
    training: Dataset | None = None,
    twin: ResNet | None = None,
) -> Any:
    """The report of an experiment on a network, with the pictures and labels of a data set.

    `training` are pictures of its other half, for experiments that fit something first (`Experiment.fits_on`);
    `twin` is the network with its shortcuts taken away or given back, for those that compare the two
    (`Experiment.twins`). `progress` is called with the fraction that is done. Raises InputError for an unknown
    experiment, for a data set that is empty or lacks what the experiment asks for, or where the network's classes are
    not the data set's.
    """
    from ..models.predict import domain_of
    from ..training.evaluation import matched

    experiment = get(name)
    experiment.check(dataset)
    experiment.check_network(model)
    dataset = matched(model, dataset).fitted(domain_of(model))
    training = training and matched(model, training).fitted(domain_of(model))
    if experiment.twins:
        return experiment.report(model, dataset, seed, progress, twin)
    if not experiment.fits_on:
        return experiment.report(model, dataset, seed, progress)
    if training is None and not experiment.fit_is_control:
        raise InputError(
            "This experiment needs training pictures, too; there are none of {dataset}.", dataset=dataset.name
        )
    return experiment.report(model, dataset, seed, progress, training)
