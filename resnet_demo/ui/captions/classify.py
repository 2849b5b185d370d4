"""What the network answers, how sure it is, and whether it has seen the like."""

from __future__ import annotations

from collections.abc import Sequence

from ...i18n import Message, _, _n
from ...models.predict import Prediction
from ...models.unlike import Record
from .findings import block_title


def untrained() -> Message:
    """What follows the sentence that stands in place of an answer."""
    return _("The weights are as they were drawn. The structure of the network is the same, though.")


def answer(predictions: Sequence[Prediction], outside: bool = False, record: Record | None = None) -> Message:
    """`outside`: the picture probably shows none of the classes; `record`: of such answers to photographs."""
    first, second = predictions[0], predictions[1] if len(predictions) > 1 else None
    if outside:
        return _(
            "It has to choose among its classes all the same: {label} comes first, with {share:percent}.",
            label=first.label,
            share=first.probability,
        )
    if record is not None and not record.bears_out:
        return _(
            "{label:capitalized} with {share:percent}, but its record on photographs is not that good.",
            label=first.label,
            share=first.probability,
        )
    if second is None or first.probability > 0.9:
        return _(
            "The network is nearly certain: {label}, with {share:percent}.", label=first.label, share=first.probability
        )
    values = {
        "label": first.label, "share": first.probability, "second": second.label, "second_share": second.probability,
    }  # fmt: skip
    if first.probability > 0.5:
        return _(
            "{label:capitalized} with {share:percent}; {second} is the runner-up with {second_share:percent}.", **values
        )
    return _("The network wavers: {label} with {share:percent}, {second} with {second_share:percent}.", **values)


def example(label: str) -> Message:
    """Beside a network of the visitor's own."""
    return _("The picture is the app’s example “{label}”, not one of yours.", label=label)


def unmeasured() -> Message:
    return _("How much this picture resembles the training pictures was not measured for these weights.")


def no_answer() -> Message:
    """At the end of the street, in place of a class."""
    return _("none of its things?")


def of(count: int) -> Message:
    """Beside the answer's title: how much there is to choose among, before the answer is read."""
    return _n("it knows one thing", "it knows {count:,} things", count)


def knows(count: int) -> Message:
    """What stands over a network's classes."""
    return _n("It knows one thing, whatever it is shown", "It knows {count:,} things, whatever it is shown", count)


def evidence(label: str, positive: bool, block: str, trained: bool = True) -> Message:
    """What one Grad-CAM map shows."""
    block = block_title(block)
    if not positive:
        return _("There is no positive evidence for “{label}” in block {block}.", label=label, block=block)
    if not trained:
        return _(
            "The weights are random: the map shows where “{label}” happens to come from, not what it looks like.",
            label=label,
        )
    return _("The redder a place, the more evidence for “{label}” block {block} found there.", label=label, block=block)
