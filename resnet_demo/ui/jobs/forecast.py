"""What to expect of a race, as soon as its first seconds have shown how fast the networks are here."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from ...assets import asset
from ...figures.runs import depth_of, is_plain
from ...training.budget import MARKS
from ...training.records import Record
from ..captions import findings
from .race import DEPTHS, Plan, Race

SECOND = 1.0  # of training, after which a network's speed is known
# How fast full-size pictures are trained on, measured by the speed on small crops: `bench train`, see docs/training.md.
FULL_SIZE = 0.62
TEST = 1 / 3  # what a test picture costs, measured by a training picture, which goes back as well, and twice as far
NEARLY_ALL = 0.9  # of the test pictures
FEW_STEPS = 50  # in so many a training cannot even warm up


@dataclass(frozen=True)
class Forecast:
    """By network: the pictures that it will see, and about which share of the test pictures it will then have right.

    The shares are measurements of earlier trainings; there are none for some data sets.
    """

    pictures: dict[str, int]
    accuracies: dict[str, float]
    training_set: int  # pictures
    classes: int
    steps: int  # of the network that takes the fewest
    seconds: float  # until the last network is done
    shorter: int | None = None  # where nothing would be learned, a depth at which something is, if there is one

    @property
    def too_little(self) -> bool:
        """Whether even the best network will do no better than guessing."""
        if self.accuracies:
            return findings.guesses(max(self.accuracies.values()), self.classes)
        return self.steps < FEW_STEPS


def forecast(race: Race) -> Forecast | None:
    """None until the speed is known."""
    latest = {name: run[-1] for name, run in race.records.items() if run}
    if len(latest) < len(race.trainings) or min(record.seconds for record in latest.values()) < SECOND:
        return None
    plan, batch = race.plan, next(iter(race.trainings.values())).recipe.batch
    small, pictures, seconds = plan.settings.small_until, {}, 0.0
    for name, record in latest.items():
        training, fast = race.trainings[name], _speed(race.records[name])
        slow = fast * FULL_SIZE if small else fast
        if plan.epochs:
            pictures[name] = plan.epochs * training.steps_per_epoch * batch
            tests = plan.epochs * len(training.test_set)
            seconds = max(seconds, pictures[name] * (small / fast + (1 - small) / slow) + TEST * tests / slow)
        else:
            assert plan.minutes is not None
            tested = TEST * MARKS * len(training.sample) / slow
            left = max(60 * plan.minutes - tested, 0)
            pictures[name] = max(round(left * (fast * small + slow * (1 - small))), record.images)
            seconds = 60 * plan.minutes
    return of_pictures(plan, pictures, batch, seconds, len(race.train_set), len(race.train_set.classes))


def _speed(records: Sequence[Record]) -> float:
    """Pictures a second, without the first step where there is more: it takes longer than those after it."""
    first, last = records[0], records[-1]
    if last.seconds > first.seconds and last.images > first.images:
        return (last.images - first.images) / (last.seconds - first.seconds)
    return last.images_per_second


def of_pictures(
    plan: Plan, pictures: dict[str, int], batch: int, seconds: float, training_set: int, classes: int
) -> Forecast:
    """What so many pictures come to, and a shorter depth that comes to something in the same time."""

    def expected(pictures: dict[str, int]) -> Forecast:
        shares = {name: expected_accuracy(plan.data, name, count, classes) for name, count in pictures.items()}
        known = {name: share for name, share in shares.items() if share is not None}
        return Forecast(pictures, known, training_set, classes, min(pictures.values()) // batch, seconds)

    found = expected(pictures)
    if not found.too_little or plan.epochs:  # so many epochs are as few steps at any depth
        return found
    for depth in sorted(DEPTHS, reverse=True):
        if depth < plan.depth:
            # A network takes as long as it has layers.
            more = {
                name.replace(str(plan.depth), str(depth)): count * plan.depth // depth
                for name, count in pictures.items()
            }
            if not expected(more).too_little:
                return replace(found, shorter=depth)
    return found


@lru_cache(maxsize=1)
def _measured() -> dict[str, dict[str, dict[int, float]]]:
    """By data set and network, the accuracy by pictures seen: what `bench/expectations.py` wrote."""
    text = asset("expectations.json").read_text("utf-8")
    return {
        data: {name: {int(count): share for count, share in shares.items()} for name, shares in networks.items()}
        for data, networks in json.loads(text).items()
    }


def expected_accuracy(data: str, network: str, pictures: int, classes: int) -> float | None:
    """About which share of the test pictures a network will have right; None where nothing like it was measured.

    Between the numbers of pictures and between the depths that were measured, by their logarithms. Without any picture
    a network guesses; what has nearly everything right stays so.
    """
    depth, plain, of_depth = depth_of(network), is_plain(network), {}
    for name, shares in _measured().get(data, {}).items():
        measured = depth_of(name)
        if measured and is_plain(name) == plain:
            most = max(shares)
            count = most if pictures > most and shares[most] > NEARLY_ALL else pictures
            if count <= most:
                of_depth[measured] = _between(count, {1: 1 / classes, **shares})
    return _between(depth, of_depth) if depth and of_depth and min(of_depth) <= depth <= max(of_depth) else None


def _between(x: int, known: dict[int, float]) -> float:
    """The value at x, a place from the first to the last of those that are known."""
    places = sorted(known)
    for low, high in pairwise(places):
        if low <= x <= high:
            part = math.log(x / low) / math.log(high / low)
            return known[low] + part * (known[high] - known[low])
    return known[places[0]]
