"""What to see while networks learn, and afterwards: captions made from the numbers, whatever these say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ....figures import network_title
from ....figures.runs import field, is_plain, points
from .. import findings
from ..findings import block_title
from .reading import percent, tenths

if TYPE_CHECKING:
    from ....figures.runs import AnyRecord, Runs

# The race


def race(histories: Runs, classes: int = 10, over: bool = False) -> str:
    """Who is ahead: at the last tests that lie no further than all of them have come, or at the end of all."""
    tests = {name: points(run, "test_accuracy") for name, run in histories.items()}
    tests = {name: places for name, places in tests.items() if places}
    if not tests:
        return _before_the_first_test(histories)
    rest = [network_title(name) for name in histories if name not in tests]
    waiting = f" {_and(rest)} {'has' if len(rest) == 1 else 'have'} still to be tested." if rest else ""
    return _compare(tests, classes, findings.close(histories), over) + waiting


def _compare(tests: Mapping[str, list[tuple[float, float]]], classes: int, apart: float, over: bool) -> str:
    if len(tests) == 1:
        ((name, places),) = tests.items()
        return _one(name, *places[-1], classes)
    now = findings.standing(tests, over)
    if now is None:
        told = ", ".join(f"{network_title(n)} {percent(p[-1][1])} (after {p[-1][0]:,.0f})" for n, p in tests.items())
        return f"Right answers to the test pictures: {told}. They have not seen equally many pictures: no verdict yet."
    low, high = now.images[0], now.images[-1]
    if len(now.images) == 1:
        after = f"After {low:,.0f} pictures"
    elif over:
        after = f"After the same time, and {low:,.0f} to {high:,.0f} pictures,"
    else:
        after = f"After about {low:,.0f} pictures"
    order = list(now.accuracies)
    if len(order) > 2:
        told = ", ".join(f"{network_title(name)} {percent(now.accuracies[name])}" for name in order)
        return f"{after}, by right answers to the test pictures: {told}."
    return _two(order[0], order[1], now.accuracies, after, classes, apart)


def _before_the_first_test(histories: Runs) -> str:
    trained = {name: points(run, "train_accuracy") for name, run in histories.items()}
    told = [f"{network_title(n)} {percent(p[-1][1])} (after {p[-1][0]:,.0f})" for n, p in trained.items() if p]
    if not told:
        return "Nothing has been learned yet: the curves begin with the first pictures."
    return f"Right answers to the training pictures: {', '.join(told)}. The first test is still to come."


def _one(name: str, images: float, accuracy: float, classes: int) -> str:
    said = f"After {images:,.0f} pictures {network_title(name)} has {percent(accuracy)} of the test pictures right"
    if findings.guesses(accuracy, classes):
        return f"{said}: no better than guessing among {classes} classes ({percent(1 / classes)})."
    return f"{said}; guessing would get {percent(1 / classes)}."


def _two(first: str, second: str, now: Mapping[str, float], after: str, classes: int, apart: float) -> str:
    """A sentence on two networks, the better one first."""
    titles, figures = [network_title(first), network_title(second)], [percent(now[first]), percent(now[second])]
    said = f"{after} {titles[0]} has {figures[0]} of the test pictures right and {titles[1]} has {figures[1]}"
    equal = " So far the shortcuts make no difference." if findings.twins(first, second) else ""
    verdict = {
        "both guess": f": both still guess ({percent(1 / classes)} would be right by chance).",
        "too close": f": too close to call.{equal}",
        "unlike": ". They differ in more than their shortcuts, so this is no comparison of shortcuts.",
        "plain": ": at this point the network without the shortcuts is ahead.",
        "residual, plain guesses": ": the same layers, only without the shortcuts, still guess.",
        "residual": ": the same layers, only without the shortcuts, learn more slowly.",
    }[findings.ahead(first, second, now, classes, apart)]
    return said + verdict


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# Gradients


def gradients(latest: Mapping[str, AnyRecord]) -> str:
    """How the gradient that reaches the first block compares with the last block's, and whether it vanishes."""
    said, ratios = [], {}
    for name, record in latest.items():
        norms: dict[str, float] = field(record, "gradients") or {}
        title = network_title(name)
        broken = [block for block, norm in norms.items() if not math.isfinite(norm)]
        if broken:
            said.append(f"In {title} the gradient of block {block_title(broken[0])} is no finite number.")
        elif len(norms) > 1:
            values = list(norms.values())
            ratio, relation = findings.first_over_last(values), ""
            if ratio is not None:
                ratios[name], relation = ratio, f": {_relation(ratio)}"
            said.append(
                f"In {title} the norm of the gradient is {values[0]:.2g} in the first block and {values[-1]:.2g} in "
                f"the last{relation}."
            )
    if not said:
        return "No gradients have been measured yet."
    return " ".join([*said, *_verdict(ratios)])


def _relation(ratio: float) -> str:
    which = findings.compared(ratio)
    if which == "first":
        return f"the first one's is {findings.times(ratio)} times the last one's"
    if which == "last":
        return f"the last one's is {findings.times(1 / ratio)} times the first one's"
    return "about the same" if which == "about the same" else "nothing reaches the first one"


def _verdict(ratios: Mapping[str, float]) -> list[str]:
    """What follows for the popular claim."""
    if not ratios:
        return []
    vanish = [network_title(name) for name in findings.vanishing_in_weights(ratios)]
    if vanish:
        return [f"On its way back through {_and(vanish)} the gradient shrinks."]
    plain = [network_title(name) for name in ratios if is_plain(name)]
    if plain:
        return [
            f"So the gradient does not vanish in {_and(plain)}, though it has no shortcuts: batch normalisation keeps "
            "it up, as He et al. report (section 4.1). What slows a deep plain network down is something else."
        ]
    return ["Nothing vanishes on the way back to the input."]


# The confusion matrix


def confusion(matrix: Tensor, labels: Sequence[str]) -> str:
    """The most frequent mistake, the best and the worst class."""
    found = findings.confusion(matrix)
    if found is None:
        return "Nothing has been tested yet."
    if found.only is not None:
        return f"The network answers “{labels[found.only]}” to every picture: it has learned nothing yet."
    if not found.count:
        return f"All {found.total:,} pictures are right: there is no mistake to show."
    pictures, best, worst = found.pictures[found.true], found.best, found.worst
    often = f"{found.count:,} of {pictures:,} ({percent(found.count / pictures)})"
    said = f"Most often “{labels[found.true]}” is taken for “{labels[found.taken]}”: {often}, "
    said += f"and the other way round {found.back:,}."
    if found.shares[best] == found.shares[worst]:
        return f"{said} All classes are known equally well ({percent(found.shares[best])})."
    return (
        f"{said} Known best is “{labels[best]}” ({percent(found.shares[best])} right), "
        f"worst “{labels[worst]}” ({percent(found.shares[worst])})."
    )


# Degradation


def degradation(histories: Runs, accuracies: Mapping[str, Sequence[float]] | None = None) -> str:
    """Whether depth helped or hurt the training error of plain and of residual networks.

    `accuracies` are those of all trainings of a network, of which `histories` has one.
    """
    finals = {name: last for name, run in histories.items() if (last := findings.final(run))}
    if not finals:
        return "No training with a test has been recorded yet."
    said = [_depths(*depths, finals) for depths in findings.by_depth(finals)]
    if said:
        return " ".join([*said, _luck(findings.spreads(accuracies or {}))])
    return _twins(finals)


def _depths(shallow: str, deep: str, finals: Mapping[str, tuple[float, float, float]]) -> str:
    (a, a_test, a_seen), (b, b_test, b_seen) = finals[shallow], finals[deep]
    titles = network_title(shallow), network_title(deep)
    said = (
        f"{titles[1]} ends with {tenths(b)} training error and {tenths(b_test)} test error, "
        f"{titles[0]} with {tenths(a)} and {tenths(a_test)}"
    )
    if not findings.alike(a_seen, b_seen):
        return f"{said}, but they were not trained on equally many pictures: no comparison."
    compared, plain = findings.error_than(a, b), is_plain(deep)
    if compared == "same":
        return f"{said}: on the training pictures depth makes no difference here."
    if compared == "more" and plain:
        worse = "the deeper plain network fits even its training pictures worse"
        return f"{said}: {worse}, which is degradation and not overfitting."
    if compared == "more":
        return f"{said}: here the deeper network fits worse in spite of its shortcuts."
    if plain:
        return f"{said}: here the deeper plain network fits better, so there is no degradation to see."
    return f"{said}: with shortcuts the deeper network fits better."


def _luck(spreads: Mapping[str, findings.Spread]) -> str:
    """What other seeds alone did to the test errors."""
    if not spreads:
        return "One run each."
    told = [
        f"{network_title(name)} has between {tenths(spread.least)} and {tenths(spread.most)}"
        for name, spread in spreads.items()
    ]
    count = max(spread.trainings for spread in spreads.values())
    said = f"One run of each network is drawn bold. Trained from {count} seeds, {' and '.join(told)} test error"
    ahead = findings.always_better(spreads)
    if ahead is None:
        return f"{said}."
    better, worse = map(network_title, ahead)
    return f"{said}: every run of {better} ends better than every run of {worse}."


def _twins(finals: Mapping[str, tuple[float, float, float]]) -> str:
    told = [
        f"{network_title(name)} ends with {tenths(train)} training error and {tenths(test)} test error"
        for name, (train, test, _) in finals.items()
    ]
    said = f"{'; '.join(told)}."
    twins = findings.pair(finals)
    if twins:
        (residual, _, residual_seen), (plain, _, plain_seen) = (finals[name] for name in twins)
        if findings.alike(residual_seen, plain_seen):
            said += {
                "same": " At this depth the shortcuts make no difference to the training error.",
                "more": " The same layers fit their training pictures better with the shortcuts.",
                "less": " The same layers fit their training pictures better without the shortcuts.",
            }[findings.error_than(residual, plain)]
    return f"{said} Whether depth hurts takes a second depth to tell."
