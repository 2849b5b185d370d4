"""A visitor's run of an experiment: on which networks and pictures, watched while it goes, and stopped."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ... import lab
from ...data import Dataset
from ...errors import InputError
from ...i18n import Message, _
from ...images import CIFAR10
from ...lab import results
from ...lab.results import Result
from ...models.resnet import ResNet
from ..bounds import whole_number
from ..pictures import has_test_set, test_set, training_set
from ..session import HERE, Session
from .background import in_background

MOST_SECONDS = 180  # of a run, whatever a request says
WAIT = 0.4  # seconds between two looks at how far it is
CIFAR, OWN, PICTURE, FRESH, NOTHING = "cifar10", "own", "picture", "fresh", ""


def networks_of(session: Session) -> dict[str, ResNet]:
    """The network in sight and its twin where there is one, by name; the one with shortcuts first."""
    return {name: model for name, (model, _source) in session.pair().items()}


def data_of(session: Session, name: str, data_dir: str | None) -> str:
    """Which pictures an experiment would take: CIFAR's, those beside which the network was trained, the visitor's.

    FRESH where it looks at none, NOTHING where there are none that suit it.
    """
    if most(name) == 1:
        return FRESH if session.picture else NOTHING
    experiment = lab.get(name)
    if session.weights == HERE:
        return NOTHING if experiment.masks and session.trained[session.name].test_set.masks is None else OWN
    if experiment.masks:
        return NOTHING
    if session.domain == CIFAR10 and has_test_set(data_dir):
        return CIFAR
    return PICTURE if session.picture and not experiment.labels else NOTHING


def pictures_of(session: Session, name: str, data_dir: str | None) -> Dataset | None:
    """Those pictures with their labels; None where there are none."""
    data = data_of(session, name, data_dir)
    if data == OWN:
        return session.trained[session.name].test_set
    if data == CIFAR:
        return test_set(data_dir)
    if data in (PICTURE, FRESH) and session.framed:
        answer = session.seen.logits.argmax().view(1)
        return Dataset(PICTURE, session.domain.pixels(session.framed), answer, session.labels)
    return None


def training_of(session: Session, name: str, data_dir: str | None) -> Dataset | None:
    """Pictures of the other half, for an experiment that fits something first; None where there are none."""
    count = lab.get(name).fits_on
    data = data_of(session, name, data_dir) if count else NOTHING
    if data == OWN:
        return session.trained[session.name].training
    return training_set(data_dir, count) if data == CIFAR else None


def suits(name: str) -> int:
    """Pictures for a quarter of a minute on two cores: what a visitor is offered."""
    return max(1, lab.get(name).pictures_for() // 4)


def most(name: str) -> int:
    """Pictures for about two minutes."""
    experiment = lab.get(name)
    return experiment.pictures_for(2 * experiment.pictures_for())


class Stopped(Exception):
    """The visitor does not want it any more."""


@dataclass
class Run:
    """An experiment that was asked for, from then on: it can be stopped before its pictures are there.

    Iterating over `watch` yields at least twice a second; then there is a `result`.
    """

    name: str
    pictures: int
    too_long: Message  # what to say to a run that takes more than `MOST_SECONDS`
    done: float = 0.0
    result: Result[Any] | None = None  # None, too, for a run that was stopped
    started: float = field(default_factory=time.monotonic)
    stopped: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def stop(self) -> None:
        self.stopped = True

    def watch(
        self, networks: dict[str, ResNet], dataset: Dataset, training: Dataset | None = None
    ) -> Generator[None, None, None]:
        if self.stopped:
            return
        names, self.started = list(networks), time.monotonic()

        def progress(network: str, done: float) -> None:
            if self.stopped:
                raise Stopped
            if self.seconds > MOST_SECONDS:
                raise InputError(self.too_long)
            self.done = (names.index(network) + min(done, 1.0)) / len(names)

        with in_background(
            results.measure, self.name, networks, dataset, self.pictures, 0, progress, None, training
        ) as measured:
            try:
                while wait([measured], WAIT).not_done:
                    yield
            except GeneratorExit:  # whoever watched is gone
                self.stop()
                raise
            with suppress(Stopped):
                self.result = measured.result()


def count_of(name: str, pictures: object) -> int:
    """The number of pictures that a visitor asks for, judged; InputError for what cannot be."""
    return whole_number(pictures, 1, most(name), _("The number of pictures"))
