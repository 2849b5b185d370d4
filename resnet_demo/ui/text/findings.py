"""What a sentence turns on, in whatever language it is said: findings from the numbers, without words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from ...figures.runs import depth_of, is_plain, number, points
from ...trace import SHORTCUT_WIRE

if TYPE_CHECKING:
    from ...figures.runs import AnyRecord, Runs

CLOSE = 0.02  # accuracies that differ by less are called equal, where it is not known on how many pictures they are
SAME_ERROR = 0.005  # of errors on 10,000 pictures, from one run each
VANISHING = 0.1  # first block's gradient over the last one's; a tenth, as later stages have up to 16 times the weights


def block_title(name: str) -> str:
    """layer2.1 -> 2.1: stage and place, as the street writes it."""
    return name.removeprefix("layer")


def branches_cut(wires: Iterable[str]) -> tuple[list[str], list[str]]:
    """Of cut wires by name: the titles of the blocks whose F is cut, and of those whose shortcut is."""
    ordered = sorted(wires)
    return (
        [block_title(wire) for wire in ordered if not wire.endswith(SHORTCUT_WIRE)],
        [block_title(wire.removesuffix(SHORTCUT_WIRE)) for wire in ordered if wire.endswith(SHORTCUT_WIRE)],
    )


def spread(cam: Tensor) -> float | None:
    """The smallest share of the places of a map [h, w] that holds half of its positive evidence; None without any."""
    positive = cam.clamp(min=0).flatten().sort(descending=True).values
    if not positive.sum() > 0:
        return None
    return (int((positive.cumsum(0) < positive.sum() / 2).sum()) + 1) / len(positive)


def settled(probabilities: Sequence[float]) -> int | None:
    """From which place on a probability is over a half to the end; None where it is not at the end."""
    unlikely = [index for index, share in enumerate(probabilities) if share <= 0.5]
    since = unlikely[-1] + 1 if unlikely else 0
    return since if since < len(probabilities) else None


# Trainings


def close(histories: Runs) -> float:
    """How far apart two accuracies are by chance: two standard errors, at worst, of tests on so many pictures."""
    last = [points(run, "test_pictures")[-1:] for run in histories.values()]
    asked = [count for counts in last for _, count in counts]
    return 2 * math.sqrt(0.5 / min(asked)) if asked else CLOSE


def guesses(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is about that of chance."""
    chance = 1 / max(classes, 1)
    return accuracy < chance + 0.03 * (1 - chance)


def twins(first: str, second: str) -> bool:
    """Whether two networks differ in nothing but their shortcuts."""
    return depth_of(first) == depth_of(second) is not None and is_plain(first) != is_plain(second)


@dataclass(frozen=True)
class Standing:
    """Networks side by side: their accuracies, the best first, and the pictures that they had seen by then."""

    accuracies: dict[str, float]
    images: tuple[float, ...]  # from fewest to most; one number for all where it is exact, twice where it is about so


def standing(tests: Mapping[str, list[tuple[float, float]]], over: bool) -> Standing | None:
    """Who is ahead at the last tests that lie no further than all have come, or at the end of all; None before that.

    `tests` are the places (pictures seen, accuracy) of networks by name, at least one each.
    """
    when = min(places[-1][0] for places in tests.values())  # so far have all of them come
    there = {name: [place for place in places if over or place[0] <= when] for name, places in tests.items()}
    if not all(there.values()):
        return None
    now = {name: places[-1][1] for name, places in there.items()}
    order = sorted(now, key=lambda name: -now[name])
    seen = sorted({places[-1][0] for places in there.values()})
    return Standing({name: now[name] for name in order}, tuple(seen) if over or len(seen) == 1 else (when, when))


def final(run: Sequence[AnyRecord]) -> tuple[float, float, float] | None:
    """Training error, test error and pictures seen at the last test."""
    for record in reversed(run):
        train, test = number(record, "train_accuracy"), number(record, "test_accuracy")
        if train is not None and test is not None:
            return 1 - train, 1 - test, number(record, "images") or 0.0
    return None


def alike(first: float, second: float) -> bool:
    """Whether two networks were trained on about equally many pictures."""
    return 0.98 < first / (second or 1) < 1.02


# The confusion matrix


@dataclass(frozen=True)
class Confusion:
    """Of a matrix [K, K] of counts, rows the true classes: how often which class is taken for which, and what is known.

    `only` is the class that every picture is taken for, if there is one such.
    """

    total: int
    count: int  # of the most frequent mistake: `true` taken for `taken`
    true: int
    taken: int
    back: int  # and the other way round
    pictures: dict[int, int]  # by class, without empty ones
    shares: dict[int, float]  # of right answers, by class
    only: int | None

    @property
    def best(self) -> int:
        return max(self.shares, key=lambda index: self.shares[index])

    @property
    def worst(self) -> int:
        return min(self.shares, key=lambda index: self.shares[index])


def confusion(matrix: Tensor) -> Confusion | None:
    """None where nothing has been tested."""
    total, counts, classes = int(matrix.sum()), matrix.tolist(), range(len(matrix))
    if not total:
        return None
    rows = {index: sum(row) for index, row in enumerate(counts) if sum(row)}
    answered = [index for index in classes if sum(row[index] for row in counts)]
    count, true, taken = max(
        ((counts[row][column], row, column) for row in rows for column in classes if row != column),
        key=lambda mistake: mistake[0],
        default=(0, 0, 0),
    )
    shares = {index: counts[index][index] / rows[index] for index in rows}
    only = answered[0] if len(answered) == 1 and len(rows) > 1 else None
    return Confusion(total, count, true, taken, counts[taken][true], rows, shares, only)
