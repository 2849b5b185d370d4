"""What a sentence turns on, in whatever language it is said: findings from the numbers, without words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from torch import Tensor

from ...figures.runs import depth_of, is_plain, number, points
from ...interpret.trace import SHORTCUT_WIRE
from ...lab.gradients import EXPLODING, GROWING, VANISHING
from ...lab.reading import block_title, settled  # noqa: F401 (settled: for captions)

if TYPE_CHECKING:
    from ...figures.runs import AnyRecord, Runs
    from ...models.predict import Prediction

Value = TypeVar("Value")

CLOSE = 0.02  # accuracies that differ by less are called equal, where it is not known on how many pictures they are
SAME_ERROR = 0.005  # of errors on 10,000 pictures, from one run each
DEEP = 9  # blocks, 20 layers: from so many on something is said of depth
STOPS = 0.05  # of a probe's accuracy over the second half of the blocks: less is next to nothing, of 10 classes
# First block's gradient over the last one's in their weights, of which later stages have up to 16 times more: that
# alone is no vanishing.
VANISHING_IN_WEIGHTS = 0.1


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


def few(titles: Sequence[str]) -> bool:
    """Whether blocks are so few that a sentence can name them."""
    return len(titles) < 5


# A block


def direction(cosine: float) -> Literal["along", "against", "across"]:
    """Where F(x) points, seen from the shortcut."""
    return "along" if cosine > 0.3 else "against" if cosine < -0.3 else "across"


def small(shares: Iterable[float]) -> int:
    """In how many blocks F(x) is less than half of what the shortcut carries."""
    return sum(share < 0.5 for share in shares)


# A network and its twin


def residual_first(found: Mapping[str, Value]) -> tuple[Value, Value]:
    """What was found of a residual network and of its plain twin."""
    residual, plain = sorted(found, key=is_plain)
    return found[residual], found[plain]


def keeps_more(ends: Mapping[str, float]) -> Literal["residual", "plain", "neither"] | None:
    """Which of the twins has more of the beginning at its end, by the cosine with it; None of one network alone."""
    if len(ends) < 2:
        return None
    residual, plain = residual_first(ends)
    return "neither" if abs(residual - plain) < 0.05 else "residual" if residual > plain else "plain"


def lost(
    told: Mapping[str, tuple[Prediction, Prediction, float]],
) -> Literal["residual", "plain", "both", "neither"] | None:
    """Which of the twins no longer says what it said before; None of one network alone."""
    if len(told) < 2:
        return None
    residual, plain = (after.index != before.index for before, after, _ in residual_first(told))
    return ("both" if plain else "residual") if residual else ("plain" if plain else "neither")


def rises_more(losses: Mapping[str, tuple[float, float]]) -> Literal["residual", "plain", "equal"] | None:
    """Whose loss rises more from the trained weights, the first number, to another place; None if one is not finite."""
    residual, plain = (there - centre for centre, there in residual_first(losses))
    if not (math.isfinite(residual) and math.isfinite(plain)):
        return None
    if abs(residual - plain) < 0.1 * max(abs(residual), abs(plain)):
        return "equal"
    return "plain" if plain > residual else "residual"


# Gradients


def first_over_last(norms: Sequence[float]) -> float | None:
    """How much of the last block's gradient arrives at the first one; None where that is no number."""
    first, last = norms[0], norms[-1]
    return first / last if math.isfinite(first) and math.isfinite(last) and last > 0 else None


def compared(ratio: float) -> Literal["about the same", "first", "last", "nothing"]:
    """Which block's gradient is larger, the first one's or the last one's."""
    if 0.8 < ratio < 1.25:
        return "about the same"
    return "first" if ratio > 1 else "last" if ratio else "nothing"


def times(ratio: float) -> str:
    """4.0, 400: how many times as large."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def on_its_way_back(ratio: float, vanishing: float = VANISHING) -> Literal["vanishes", "healthy", "grows", "explodes"]:
    """What becomes of a gradient, by the first block's over the last one's: the one judgement, of Train and lesson."""
    if ratio < vanishing:
        return "vanishes"
    return "healthy" if ratio < GROWING else "grows" if ratio <= EXPLODING else "explodes"


def vanishing_in_weights(ratios: Mapping[str, float]) -> list[str]:
    return [name for name, ratio in ratios.items() if on_its_way_back(ratio, VANISHING_IN_WEIGHTS) == "vanishes"]


def growing(ratios: Mapping[str, float]) -> list[str]:
    return [name for name, ratio in ratios.items() if on_its_way_back(ratio) in ("grows", "explodes")]


def exploding(ratios: Mapping[str, float]) -> list[str]:
    return [name for name, ratio in ratios.items() if on_its_way_back(ratio) == "explodes"]


def vanishing(
    ratios: Mapping[str, float], batch_norm: bool
) -> Literal["with batch norm", "only when plain", "in both", "no: large weights", "no: healthy", "no: grows"] | None:
    """Whether the gradient at the blocks' outputs vanishes in a plain network, and in its twin; None of one alone."""
    if len(ratios) < 2:
        return None
    residual, plain = residual_first(ratios)
    if on_its_way_back(plain) == "vanishes":
        both = on_its_way_back(residual) == "vanishes"
        return "with batch norm" if batch_norm else "in both" if both else "only when plain"
    if not batch_norm:
        return "no: large weights"
    return "no: healthy" if on_its_way_back(plain) == "healthy" else "no: grows"


# Probes


def half_way(accuracy: Mapping[str, float]) -> tuple[str, float, float]:
    """Of probes after the stem and each block: the block half-way, its accuracy, and the accuracy at the end."""
    names = list(accuracy)
    middle = names[(len(names) - 1) // 2]
    return middle, accuracy[middle], accuracy[names[-1]]


def second_half(
    residual: Mapping[str, float], plain: Mapping[str, float]
) -> Literal["plain stops", "residual stops", "both climb", "both stop"]:
    """Which of the twins' probes still improve in the second half of the blocks."""
    climbs, plain_climbs = (end - half > STOPS for _name, half, end in map(half_way, (residual, plain)))
    if climbs:
        return "both climb" if plain_climbs else "plain stops"
    return "residual stops" if plain_climbs else "both stop"


# Paths


def heavy_paths(mean: float, blocks: int) -> Literal["short", "long", "all"]:
    """Which paths carry more than their share of the gradient, by the mean length, weighted by what they carry."""
    return "short" if mean < 0.45 * blocks else "long" if mean > 0.55 * blocks else "all"


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


def ahead(
    first: str, second: str, accuracies: Mapping[str, float], classes: int, apart: float
) -> Literal["both guess", "too close", "unlike", "plain", "residual, plain guesses", "residual"]:
    """Which kind of network is ahead, of two, the better one first; `apart`: how far two must be to tell."""
    better, worse = accuracies[first], accuracies[second]
    if guesses(better, classes):
        return "both guess"
    if better - worse < apart:
        return "too close"
    if not twins(first, second):
        return "unlike"
    if is_plain(first):
        return "plain"
    return "residual, plain guesses" if guesses(worse, classes) else "residual"


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


@dataclass(frozen=True)
class Spread:
    """The least and the most test error of several trainings that differ by their seeds alone."""

    least: float
    most: float
    trainings: int


def spreads(accuracies: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    """By network, of those that were trained more than once."""
    return {
        name: Spread(1 - max(all_of_it), 1 - min(all_of_it), len(all_of_it))
        for name, all_of_it in accuracies.items()
        if len(all_of_it) > 1
    }


def always_better(spreads: Mapping[str, Spread]) -> tuple[str, str] | None:
    """Of two networks the better one first, if even its worst training did better than the best of the other."""
    if len(spreads) != 2:
        return None
    better, worse = sorted(spreads, key=lambda name: spreads[name].least)
    return (better, worse) if spreads[better].most < spreads[worse].least else None


def alike(first: float, second: float) -> bool:
    """Whether two networks were trained on about equally many pictures."""
    return 0.98 < first / (second or 1) < 1.02


def by_depth(names: Iterable[str]) -> list[tuple[str, str]]:
    """The shallowest and the deepest of the plain networks, and of the residual ones, where there are two or more."""
    ordered = sorted(names, key=lambda name: depth_of(name) or 0)
    kinds = ([name for name in ordered if is_plain(name) == plain] for plain in (True, False))
    return [(kind[0], kind[-1]) for kind in kinds if len(kind) > 1]


def plain_depths(names: Iterable[str]) -> tuple[str, str] | None:
    """The paper's two plain networks that every set of trainings has, of 20 and of 56 layers, where both are there."""
    known = set(names)
    return ("plain20", "plain56") if {"plain20", "plain56"} <= known else None


def pair(names: Iterable[str]) -> tuple[str, str] | None:
    """The residual network and its plain twin, where there are these two."""
    ordered = sorted(names, key=is_plain)
    return (ordered[0], ordered[1]) if len(ordered) == 2 and twins(*ordered) else None


def error_than(other: float, error: float) -> Literal["less", "same", "more"]:
    """Whether an error is less or more than another one, each from one run."""
    return "same" if abs(error - other) < SAME_ERROR else "less" if error < other else "more"


def plain_fits_worse(errors: Mapping[str, float]) -> bool:
    """Whether a plain network was left with more training error than its twin; not where only one error is known."""
    return len(errors) == 2 and error_than(*residual_first(errors)) == "more"


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
