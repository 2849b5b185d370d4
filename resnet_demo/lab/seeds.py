"""Whether what an experiment finds is luck: the same networks, trained again from other seeds.

Two networks that differ in nothing but the seed differ in every weight, and in every number that is measured on them. A
difference between a residual network and its twin counts for something only if it is larger than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..i18n import Message, Sentences, _, sentences
from ..models.zoo import twin
from .experiment import Experiment, Measure, Reports
from .wilson import wilson

Seeds: TypeAlias = Mapping[str, Mapping[str, Any]]  # reports of other trainings, by network and seed

NO_SEEDS: Seeds = {}


@dataclass(frozen=True)
class Spread:
    """A measure of one network in each of its trainings, the bundled one first."""

    measure: Measure
    network: str
    values: tuple[float, ...]
    interval: tuple[float, float] | None  # of the first one, over the pictures: 95 %; None where it is not a share

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


def spreads(experiment: Experiment, reports: Reports, seeds: Seeds) -> list[list[Spread]]:
    """For each measure of the experiment those of the networks that have such a number, in the order of the reports."""
    return [
        found
        for measure in experiment.measures
        if (found := [each for name in reports if (each := _spread(measure, name, reports[name], seeds.get(name, {})))])
    ]


def _spread(measure: Measure, network: str, first: Any, others: Mapping[str, Any]) -> Spread | None:
    values = [measure.of(report) for report in (first, *others.values())]
    known = tuple(value for value in values if value is not None and math.isfinite(value))
    if len(known) < len(values):
        return None
    return Spread(measure, network, known, wilson(known[0], measure.counted(first)) if measure.counted else None)


def agreeing(experiment: Experiment, reports: Reports, seeds: Seeds) -> tuple[int, int] | None:
    """How many pairs of trainings from one seed come to the verdict of the first pair, and how many pairs there are.

    None where there is no verdict, or but one pair.
    """
    name = next((name for name in reports if twin(name) in reports and name in seeds), None)
    other = twin(name) if name else None
    if experiment.verdict is None or not name or not other:
        return None
    first = experiment.verdict(reports[name], reports[other])
    again = [
        experiment.verdict(report, seeds[other][seed]) == first
        for seed, report in seeds[name].items()
        if seed in seeds.get(other, {})
    ]
    return (1 + sum(again), 1 + len(again)) if again else None


def apart(one: Spread, other: Spread) -> bool:
    """Whether every training of one network lies on the same side of all those of the other."""
    return one.high < other.low or other.high < one.low


def read(experiment: Experiment, reports: Reports, seeds: Seeds) -> Sentences | None:
    """Whether the other trainings come to the same verdict, and whether luck could explain the difference."""
    if not any(name in seeds for name in reports):
        return None
    found = agreeing(experiment, reports, seeds)
    said: list[Message | None] = []
    if found:
        same, pairs = found
        said.append(
            _(
                "Trained from {pairs} seeds, all {pairs} pairs of networks come to this verdict.",
                pairs=pairs,
            )
            if same == pairs
            else _(
                "Of {pairs} pairs of networks, each trained from another seed, only {same} come to this verdict: it "
                "depends on the seed.",
                pairs=pairs,
                same=same,
            )
        )
    pairs = [pair for pair in spreads(experiment, reports, seeds) if len(pair) == 2 and pair[0].measure.compares]
    said += [_difference(*pair) for pair in pairs[:1]]
    return sentences(*said)


def _difference(residual: Spread, plain: Spread) -> Message | None:
    """What the first measure says of two networks with several trainings each."""
    count = min(len(residual.values), len(plain.values))
    if count < 2:
        return None
    if not apart(residual, plain):
        return _(
            "{measure}: the ranges of the two networks overlap, so that the seed alone could explain the difference.",
            measure=residual.measure.title,
        )
    chance = 2 / math.comb(len(residual.values) + len(plain.values), len(residual.values))
    return _(
        "{measure}: the ranges of the two networks do not overlap; the seed alone would separate them so in one of "
        "{times:.0f} cases.",
        measure=residual.measure.title,
        times=1 / chance,
    )
