"""What to see while networks learn, and afterwards, whatever the numbers say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ...figures import network_title
from ...figures.runs import field, is_plain, points
from ...i18n import FIRST, Message, Sentences, _, _n, language, sentences
from . import findings
from .findings import block_title

if TYPE_CHECKING:
    from ...figures.runs import AnyRecord, Runs

# The race


def race(histories: Runs, classes: int = 10, over: bool = False) -> Message | Sentences:
    """Who is ahead: at the last tests that lie no further than all of them have come, or at the end of all."""
    tests = {name: points(run, "test_accuracy") for name, run in histories.items()}
    tests = {name: places for name, places in tests.items() if places}
    if not tests:
        return _before_the_first_test(histories)
    rest = [network_title(name) for name in histories if name not in tests]
    untested = _n("{names:and} has yet to be tested.", "{names:and} have yet to be tested.", len(rest), names=rest)
    return sentences(_compare(tests, classes, findings.close(histories), over), untested if rest else None)


def _compare(
    tests: Mapping[str, list[tuple[float, float]]], classes: int, apart: float, over: bool
) -> Message | Sentences:
    if len(tests) == 1:
        ((name, places),) = tests.items()
        return _one(name, *places[-1], classes)
    now = findings.standing(tests, over)
    if now is None:
        return _(
            "Right answers to the test pictures: {told:and}. They have not seen equally many pictures: no verdict yet.",
            told=[_after(name, *places[-1]) for name, places in tests.items()],
        )
    low, high = now.images[0], now.images[-1]
    if len(now.images) == 1:
        when = _("After {pictures:,} pictures", pictures=round(low))
    elif over:
        when = _("After the same time ({low:,} to {high:,} pictures)", low=round(low), high=round(high))
    else:
        when = _("After about {pictures:,} pictures", pictures=round(low))
    order = list(now.accuracies)
    if len(order) > 2:
        told = [_("{name} {share:percent}", name=network_title(name), share=now.accuracies[name]) for name in order]
        return _("{when}, by right answers to the test pictures: {told:and}.", when=when, told=told)
    return _two(order[0], order[1], now.accuracies, when, classes, apart)


def _after(name: str, images: float, accuracy: float) -> Message:
    return _(
        "{name} {share:percent} (after {pictures:,})",
        name=network_title(name), share=accuracy, pictures=round(images),
    )  # fmt: skip


def _before_the_first_test(histories: Runs) -> Message:
    trained = {name: points(run, "train_accuracy") for name, run in histories.items()}
    told = [_after(name, *places[-1]) for name, places in trained.items() if places]
    if not told:
        return _("Nothing has been learned yet: the curves begin with the first pictures.")
    return _("Right answers to the training pictures: {told:and}. The first test is still to come.", told=told)


def _one(name: str, images: float, accuracy: float, classes: int) -> Message:
    values = {
        "name": network_title(name), "pictures": round(images), "share": accuracy, "classes": classes,
        "chance": 1 / classes,
    }  # fmt: skip
    if findings.guesses(accuracy, classes):
        return _(
            "After {pictures:,} pictures {name} has {share:percent} of the test pictures right: no better than "
            "guessing among {classes} classes ({chance:percent}).",
            **values,
        )
    return _(
        "After {pictures:,} pictures {name} has {share:percent} of the test pictures right; guessing would get "
        "{chance:percent}.",
        **values,
    )


def _two(
    first: str, second: str, now: Mapping[str, float], when: Message, classes: int, apart: float
) -> Message | Sentences:
    """Two networks, the better one first."""
    values: dict[str, Any] = {
        "when": when, "first": network_title(first), "first_share": now[first],
        "second": network_title(second), "second_share": now[second], "chance": 1 / classes,
    }  # fmt: skip
    verdict = findings.ahead(first, second, now, classes, apart)
    told = {
        "both guess": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}: both still guess ({chance:percent} would be right by chance).",
            **values,
        ),
        "too close": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}: too close to call.",
            **values,
        ),
        "unlike": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}. They differ in more than their shortcuts, so this is no comparison of shortcuts.",
            **values,
        ),
        "plain": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}: at this point the network without the shortcuts is ahead.",
            **values,
        ),
        "residual, plain guesses": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}: the same layers, only without the shortcuts, still guess.",
            **values,
        ),
        "residual": _(
            "{when} {first} has {first_share:percent} of the test pictures right and {second} has "
            "{second_share:percent}: the same layers, only without the shortcuts, learn more slowly.",
            **values,
        ),
    }[verdict]
    equal = verdict == "too close" and findings.twins(first, second)
    return sentences(told, _("It cannot be told yet whether the shortcuts make a difference.") if equal else None)


# Gradients


def gradients(latest: Mapping[str, AnyRecord]) -> Message | Sentences:
    """How the gradient that reaches the first block compares with the last block's, and whether it vanishes."""
    said, ratios, blocks = [], {}, 0
    for name, record in latest.items():
        norms: dict[str, float] = field(record, "gradients") or {}
        title = network_title(name)
        broken = [block for block, norm in norms.items() if not math.isfinite(norm)]
        if broken:
            said.append(
                _("In {name} the gradient of block {block} is not finite.", name=title, block=block_title(broken[0]))
            )
        elif len(norms) > 1:
            values = list(norms.values())
            blocks = max(blocks, len(values)) if is_plain(name) else blocks
            ratio = findings.first_over_last(values)
            if ratio is not None:
                ratios[name] = ratio
            said.append(_ends(title, values[0], values[-1], ratio))
    if not said:
        return _("No gradients have been measured yet.")
    return sentences(*said, *_verdict(ratios, blocks))


def _ends(name: str, first: float, last: float, ratio: float | None) -> Message:
    """The first block's gradient beside the last one's."""
    values: dict[str, Any] = {"name": name, "first": first, "last": last}
    if ratio is None:
        return _(
            "In {name} the norm of the gradient is {first:rounded} in the first block and {last:rounded} in the last.",
            **values,
        )
    which = findings.compared(ratio)
    if which == "first":
        return _(
            "In {name} the norm of the gradient is {first:rounded} in the first block and {last:rounded} in the last: "
            "the first one's is {times} times the last one's.",
            times=findings.times(ratio),
            **values,
        )
    if which == "last":
        return _(
            "In {name} the norm of the gradient is {first:rounded} in the first block and {last:rounded} in the last: "
            "the last one's is {times} times the first one's.",
            times=findings.times(1 / ratio),
            **values,
        )
    if which == "about the same":
        return _(
            "In {name} the norm of the gradient is {first:rounded} in the first block and {last:rounded} in the last: "
            "about the same.",
            **values,
        )
    return _(
        "In {name} the norm of the gradient is {first:rounded} in the first block and {last:rounded} in the last: "
        "nothing reaches the first one.",
        **values,
    )


def _verdict(ratios: Mapping[str, float], blocks: int) -> list[Message]:
    """What follows for the popular claim, and, of so many blocks without shortcuts, for deep networks."""
    if not ratios:
        return []
    vanish = [network_title(name) for name in findings.vanishing_in_weights(ratios)]
    if vanish:
        return [_("On its way back through {names:and} the gradient shrinks.", names=vanish)]
    plain = [network_title(name) for name in ratios if is_plain(name)]
    if not plain:
        return [_("Nothing vanishes on the way back to the input.")]
    grows = [network_title(name) for name in findings.growing(ratios) if is_plain(name)]
    if grows:
        found = _("The gradient does not vanish in {names:and}: it grows on its way back.", names=grows)
        follows = _("What slows a deep plain network down is not that too little of it arrives.")
    else:
        found = _(
            "So the gradient does not vanish in {names:and}, in spite of the missing shortcuts: batch normalisation "
            "keeps it up, as He et al. report (section 4.1).",
            names=plain,
        )
        follows = _("What slows a deep plain network down is something else.")
    if blocks < findings.DEEP:
        follows = _n(
            "{count} block says nothing about deep networks.", "{count} blocks say little about deep networks.", blocks
        )
    return [found, follows]


# The confusion matrix


def confusion(matrix: Tensor, labels: Sequence[str]) -> Message | Sentences:
    """The most frequent mistake, the best and the worst class."""
    found = findings.confusion(matrix)
    if found is None:
        return _("Nothing has been tested yet.")
    if found.only is not None:
        return _(
            "The network answers “{label}” to every picture: it has learned nothing yet.", label=labels[found.only]
        )
    if not found.count:
        return _("All {total:,} pictures are right: there is no mistake to show.", total=found.total)
    pictures, best, worst = found.pictures[found.true], found.best, found.worst
    often = _(
        "Most often “{true}” is taken for “{taken}”: {number:,} of {pictures:,} ({share:percent}), and the other way "
        "round {back:,}.",
        true=labels[found.true],
        taken=labels[found.taken],
        number=found.count,
        pictures=pictures,
        share=found.count / pictures,
        back=found.back,
    )
    if found.shares[best] == found.shares[worst]:
        return sentences(
            often, _("All classes are recognised equally well ({share:percent}).", share=found.shares[best])
        )
    extremes = _(
        "“{best}” is recognised best ({best_share:percent} right), “{worst}” worst ({worst_share:percent}).",
        best=labels[best],
        best_share=found.shares[best],
        worst=labels[worst],
        worst_share=found.shares[worst],
    )
    return sentences(often, extremes)


# Degradation


def degradation(histories: Runs, accuracies: Mapping[str, Sequence[float]] | None = None) -> Message | Sentences:
    """Whether depth helped or hurt the training error of plain and of residual networks.

    `accuracies` are those of all trainings of a network, of which `histories` has one.
    """
    finals = {name: last for name, run in histories.items() if (last := findings.final(run))}
    if not finals:
        return _("No training with a test has been recorded yet.")
    said = [_depths(*depths, finals) for depths in findings.by_depth(finals)]
    return sentences(*said, _seeds(findings.spreads(accuracies or {}))) if said else _twins(finals)


def _depths(shallow: str, deep: str, finals: Mapping[str, tuple[float, float, float]]) -> Message:
    (a, a_test, a_seen), (b, b_test, b_seen) = finals[shallow], finals[deep]
    values: dict[str, Any] = {
        "deep": network_title(deep), "deep_train": b, "deep_test": b_test,
        "shallow": network_title(shallow), "shallow_train": a, "shallow_test": a_test,
    }  # fmt: skip
    if not findings.alike(a_seen, b_seen):
        return _(
            "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
            "{shallow_train:tenths} and {shallow_test:tenths}, but they were not trained on equally many pictures: no "
            "comparison.",
            **values,
        )
    compared, plain = findings.error_than(a, b), is_plain(deep)
    if compared == "same":
        return _(
            "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
            "{shallow_train:tenths} and {shallow_test:tenths}: on the training pictures depth makes no difference "
            "here.",
            **values,
        )
    if compared == "more" and plain:
        return _(
            "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
            "{shallow_train:tenths} and {shallow_test:tenths}: the deeper plain network fits even its training "
            "pictures worse, which is degradation and not overfitting.",
            **values,
        )
    if compared == "more":
        return _(
            "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
            "{shallow_train:tenths} and {shallow_test:tenths}: here the deeper network fits worse in spite of its "
            "shortcuts.",
            **values,
        )
    if plain:
        return _(
            "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
            "{shallow_train:tenths} and {shallow_test:tenths}: here the deeper plain network fits better, so there is "
            "no degradation to see.",
            **values,
        )
    return _(
        "{deep} ends with {deep_train:tenths} training error and {deep_test:tenths} test error, {shallow} with "
        "{shallow_train:tenths} and {shallow_test:tenths}: with shortcuts the deeper network fits better.",
        **values,
    )


def _seeds(spreads: Mapping[str, findings.Spread]) -> Message:
    """What other seeds alone did to the test errors."""
    if not spreads:
        return _("One run each.")
    told = [_spread(network_title(name), spread) for name, spread in spreads.items()]
    seeds = max(spread.trainings for spread in spreads.values())
    ahead = findings.always_better(spreads)
    if ahead is None:
        return _(
            "One run of each network is drawn bold. Trained from {seeds} seeds, {told:and} test error.",
            seeds=seeds,
            told=told,
        )
    better, worse = map(network_title, ahead)
    return _(
        "One run of each network is drawn bold. Trained from {seeds} seeds, {told:and} test error: every run of "
        "{better} ends better than every run of {worse}.",
        seeds=seeds,
        told=told,
        better=better,
        worse=worse,
    )


def _spread(name: str, spread: findings.Spread) -> Message:
    say = language(FIRST)
    if say.tenths(spread.least) == say.tenths(spread.most):  # as far as one reads
        return _("{name} has {share:tenths} each time", name=name, share=spread.least)
    return _("{name} has between {least:tenths} and {most:tenths}", name=name, least=spread.least, most=spread.most)


def _twins(finals: Mapping[str, tuple[float, float, float]]) -> Sentences:
    told = [
        _(
            "{name} ends with {train:tenths} training error and {test:tenths} test error.",
            name=network_title(name),
            train=train,
            test=test,
        )
        for name, (train, test, _seen) in finals.items()
    ]
    another = _("Whether depth hurts can only be told with a second depth.")
    twins = findings.pair(finals)
    if twins is None:
        return sentences(*told, another)
    residual, plain = (finals[name] for name in twins)
    if not findings.alike(residual[2], plain[2]):
        return sentences(*told, another)
    return sentences(*told, _difference(residual[0], plain[0]), another)


def _difference(residual: float, plain: float) -> Message:
    return {
        "same": _("At this depth the shortcuts make no difference to the training error."),
        "more": _("The same layers fit their training pictures better with the shortcuts."),
        "less": _("The same layers fit their training pictures better without the shortcuts."),
    }[findings.error_than(residual, plain)]
