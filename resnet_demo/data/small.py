"""What is to be said of small data sets, as a person's own pictures often are: few steps, and a coarse test."""

from __future__ import annotations

import math

from ..i18n import Message, _n

ENOUGH_STEPS = 300  # in which a small network learns to tell two or three classes of a few dozen pictures apart
COARSE = 100  # test pictures: with so many the accuracy is uncertain by ten percentage points


def enough_epochs(pictures: int, batch: int) -> int:
    """The epochs in which a training set of so many pictures gives `ENOUGH_STEPS`."""
    return math.ceil(ENOUGH_STEPS / steps_per_epoch(pictures, batch))


def steps_per_epoch(pictures: int, batch: int) -> int:
    """What does not fill a batch waits for the next epoch; fewer pictures than a batch are a step."""
    return max(1, pictures // min(batch, pictures))


def chosen_epochs(pictures: int, epochs: int, batch: int) -> Message:
    """How long a training goes for which nobody gave a budget."""
    return _n(
        "No budget was given; one picture is trained on for {epochs:,} epochs, which are {steps:,} steps.",
        "No budget was given; the {count:,} pictures are trained on for {epochs:,} epochs, which are {steps:,} steps.",
        pictures,
        epochs=epochs,
        steps=epochs * steps_per_epoch(pictures, batch),
    )


def few_steps(pictures: int, epochs: int, batch: int) -> Message | None:
    """That so many epochs of so few pictures are too short a training, and what would be long enough."""
    steps = epochs * steps_per_epoch(pictures, batch)
    if steps >= ENOUGH_STEPS / 3:
        return None
    return _n(
        "With {pictures:,} pictures, --epochs {epochs} is only one step, in which hardly anything is learned; --epochs "
        "{enough:,} would be about {steps:,} steps.",
        "With {pictures:,} pictures, --epochs {epochs} is only {count:,} steps, in which little is learned; --epochs "
        "{enough:,} would be about {steps:,} steps.",
        steps,
        pictures=pictures,
        epochs=epochs,
        enough=enough_epochs(pictures, batch),
        steps=ENOUGH_STEPS,
    )


def coarse_test(pictures: int) -> Message | None:
    """How little a test on so few pictures can tell: two standard errors of a share are at most 1 / sqrt(n)."""
    if pictures >= COARSE:
        return None
    return _n(
        "There is only one test picture: right or wrong, it tells next to nothing of how good the network is.",
        "There are only {count} test pictures: each is {share:percent} of the accuracy, and chance alone can move it "
        "by about {margin:percent} up or down.",
        pictures,
        share=1 / max(1, pictures),
        margin=1 / math.sqrt(max(1, pictures)),
    )
