"""Parts of the sentences of several steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from ....figures import network_title
from ....i18n import FIRST, Message, _, _n, _p, language
from ....models.predict import Prediction
from .. import findings

# Of networks by name: the likeliest class before and now, and how likely the first one is now.
Told: TypeAlias = Mapping[str, tuple[Prediction, Prediction, float]]


def class_name(label: str) -> Message:
    """The name of a class, in whatever language it is said."""
    return Message(label, context="class")


def answer(prediction: Prediction) -> Message:
    return _("{label} ({share:percent})", label=class_name(prediction.label), share=prediction.probability)


def all_of(clauses: Iterable[Message]) -> Message:
    """Clauses that are all true, as one; not a list of words, which many languages join otherwise."""
    return reduce(lambda first, second: _p("two clauses", "{first} and {second}", first=first, second=second), clauses)


def answers(told: Mapping[str, Prediction]) -> Message:
    """What each network says."""
    return all_of(
        _("{network} says {answer}", network=network_title(name), answer=answer(best)) for name, best in told.items()
    )


def blocks(titles: Sequence[str]) -> Message:
    if findings.few(titles):
        return _n("block {names:and}", "blocks {names:and}", len(titles), names=titles)
    return _n("{count} block", "{count} blocks", len(titles))


def changed(told: Told) -> Message:
    """Each network's answer, before and now."""
    return reduce(
        lambda first, second: _p("two clauses", "{first}; {second}", first=first, second=second),
        (_answer_now(network_title(name), *found) for name, found in told.items()),
    )


def _answer_now(network: str, before: Prediction, after: Prediction, left: float) -> Message:
    values = {"network": network, "first": class_name(before.label), "was": before.probability, "now": left}
    same = language(FIRST).percent(before.probability) == language(FIRST).percent(left)  # as far as one reads
    if after.index != before.index:
        values["answer"] = answer(after)
        if same:
            return _("{network} says {answer} instead of {first}, which stays at {now:percent}", **values)
        return _("{network} says {answer} instead of {first}, which goes from {was:percent} to {now:percent}", **values)
    if same:
        return _("{network} still says {first}, {now:percent} as before", **values)
    return _("{network} still says {first}, {now:percent} instead of {was:percent}", **values)


def which_lost(told: Told) -> Message | None:
    """Which of the twins lost its answer."""
    return {
        None: None,
        "plain": _("The network with shortcuts keeps its answer, the plain one loses it."),
        "residual": _("Here the plain network keeps its answer, and the one with shortcuts loses it."),
        "both": _("Both lose their answer."),
        "neither": _("Both keep their answer on this picture."),
    }[findings.lost(told)]
