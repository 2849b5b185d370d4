"""The classes, as a person reads them; data and addresses keep the English names."""

from __future__ import annotations

from collections.abc import Sequence

from ..i18n import Language, _p

# Whole sets that are known, so that a visitor's own classes keep the names that they were given.
CIFAR10 = (
    _p("class", "airplane"), _p("class", "automobile"), _p("class", "bird"), _p("class", "cat"), _p("class", "deer"),
    _p("class", "dog"), _p("class", "frog"), _p("class", "horse"), _p("class", "ship"), _p("class", "truck"),
)  # fmt: skip
SHAPES = (
    _p("class", "arrow"), _p("class", "crescent"), _p("class", "cross"), _p("class", "disc"), _p("class", "heart"),
    _p("class", "hourglass"), _p("class", "ring"), _p("class", "square"), _p("class", "star"),
    _p("class", "triangle"),
)  # fmt: skip
PHOTOS = (_p("class", "lion"), _p("class", "cheetah"), _p("class", "tower"))  # the examples for ImageNet's networks
KNOWN = {tuple(title.text for title in titles) for titles in (CIFAR10, SHAPES, PHOTOS)}


def titles(labels: Sequence[str], say: Language) -> tuple[str, ...]:
    """The labels of a set in a language; those of a set that is not known stay as they are."""
    return tuple(map(say.label, labels)) if tuple(labels) in KNOWN else tuple(labels)
