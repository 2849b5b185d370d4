"""What to expect of a training, and how much its percentage will mean: sentences from numbers."""

from __future__ import annotations

from ...data import Survey
from ...figures import network_title
from ...i18n import Message, Sentences, _, _n, sentences
from ...lab.wilson import wilson
from ..jobs.forecast import FEW_STEPS, Forecast
from ..jobs.race import Plan

MOST_NAMED = 6  # classes
SURE = 0.04  # how far a percentage may be off, without a word about it


def measuring(plan: Plan) -> Message:
    if plan.epochs:
        return _("How fast the networks are here is measured in the first second.")
    return _("How far they will come is known in a second, when their speed is measured.")


def brought(found: Survey, epochs: int, steps: int) -> Message | Sentences:
    """What is in a zip of the visitor's; so many epochs are suggested for it, of so many steps each."""
    values = {"pictures": found.training + found.testing, "classes": len(found.classes), "testing": found.testing}
    if len(found.classes) <= MOST_NAMED:
        inside = _(
            "{pictures:,} pictures of {classes:,} classes ({names:and}), {testing:,} of them for testing.",
            names=found.classes,
            **values,
        )
    else:
        inside = _("{pictures:,} pictures of {classes:,} classes, {testing:,} of them for testing.", **values)
    if epochs == 1:
        return inside
    few = _n(
        "By epochs they are trained on for {epochs:,}, as one epoch is a single step.",
        "By epochs they are trained on for {epochs:,}, as one epoch is only {count:,} steps.",
        steps,
        epochs=epochs,
    )
    return sentences(inside, few)


def steps(epochs: int, pictures: int, steps: int, batch: int) -> Message | None:
    """So few steps that they have to be told; None of more."""
    if steps >= FEW_STEPS:
        return None
    values = {"pictures": pictures, "steps": steps, "batch": batch}
    if epochs == 1:
        return _n(
            "One epoch of these {pictures:,} pictures is a single step of {batch}: hardly anything is learned in that.",
            "One epoch of these {pictures:,} pictures is only {steps} steps of {batch}: hardly anything is learned in "
            "that.",
            steps,
            **values,
        )
    return _(
        "{epochs} epochs of these {pictures:,} pictures are only {steps} steps of {batch}: hardly anything is learned "
        "in that.",
        epochs=epochs,
        **values,
    )


def forecast(found: Forecast, plan: Plan) -> Message | Sentences:
    pictures = min(found.pictures.values())
    rounded = _rounded(pictures)
    epochs = pictures / found.training_set
    if plan.epochs:
        seen = _("At this speed it takes about {seconds:,.0f} s.", seconds=found.seconds)
    elif epochs < 1:
        seen = _(
            "At this speed a network sees about {pictures:,} pictures in its time, {share:percent} of the training "
            "set.",
            pictures=rounded,
            share=epochs,
        )
    else:
        seen = _(
            "At this speed a network sees about {pictures:,} pictures in its time, {epochs:.1f} times the training "
            "set.",
            pictures=rounded,
            epochs=epochs,
        )
    told = [_("{name} about {share:percent}", name=network_title(n), share=s) for n, s in found.accuracies.items()]
    chance = 1 / found.classes
    if found.too_little:
        learned = _("That is too little for {depth} layers to learn more than a guess.", depth=plan.depth)
    elif told:
        learned = _(
            "After so many, earlier trainings had these shares of the test pictures right: {told:and}; a guess has "
            "{chance:percent}.",
            told=told,
            chance=chance,
        )
    else:
        learned = None
    unknown = [network_title(name) for name in found.pictures if name not in found.accuracies]
    untold = (
        None
        if found.too_little or not unknown
        else _(
            "What {names:and} will have learned by then is not known: nothing like it was measured before.",
            names=unknown,
        )
    )
    return sentences(seen, learned, untold)


def shorter(depth: int) -> Message:
    """On a button."""
    return _("Train {depth} layers instead", depth=depth)


def meaning(asked: dict[str, tuple[float, int]]) -> Message | None:
    """What percentages mean that come from few pictures: by network, the accuracy and how many pictures were asked."""
    if not any(interval(share, count) for share, count in asked.values()):
        return None
    return _(
        "So few test pictures say little: of many more, 95 times in 100, the share would lie in the interval beside it."
    )


def interval(share: float, count: int) -> Message | None:
    """Beside a percentage that comes from few pictures: the bounds in which it would lie, 95 times in 100, of many."""
    low, high = wilson(share, count)
    if high - low <= 2 * SURE:
        return None
    return _("95 % interval: {low:percent} to {high:percent}", low=low, high=high)


def _rounded(count: int) -> int:
    """To two digits."""
    power = 10 ** max(0, len(str(count)) - 2)
    return round(count / power) * power
