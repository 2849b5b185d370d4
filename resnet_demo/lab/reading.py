"""What the sentences that read experiments out are made of: a network and its twin, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..i18n import Message, _, _p
from ..interpret.naming import block_title as block_title
from ..models.zoo import is_plain
from ..models.zoo import title as network_title
from .experiment import Reports

Report = TypeVar("Report")


@dataclass(frozen=True)
class Side(Generic[Report]):
    """One of the two networks: its title, and what the experiment reports of it."""

    title: str
    report: Report


def sides(reports: Reports) -> tuple[Side[Any] | None, Side[Any] | None]:
    """The residual network and the plain one, the first of each."""
    first: dict[bool, Side[Any]] = {}
    for name, side in zip(reports, everyone(reports), strict=True):
        first.setdefault(is_plain(name), side)
    return first.get(False), first.get(True)


def everyone(reports: Reports) -> list[Side[Any]]:
    return [Side(network_title(name), report) for name, report in reports.items()]


def both(reports: Reports) -> list[Side[Any]]:
    return [side for side in sides(reports) if side]


def extreme(values: Mapping[str, float], largest: bool) -> tuple[str, float]:
    """The block with the largest or the smallest value, without its `layer`, and the value."""
    name = (max if largest else min)(values, key=lambda name: values[name])
    return block_title(name), values[name]


def settled(probabilities: Sequence[float]) -> int | None:
    """From which place on a probability is over a half to the end; None where it is not at the end."""
    unlikely = [index for index, share in enumerate(probabilities) if share <= 0.5]
    since = unlikely[-1] + 1 if unlikely else 0
    return since if since < len(probabilities) else None


def magnitude(value: float | None) -> str | Message:
    """A number of which the order of magnitude counts: 0.000063 -> 6.3e-05, 2234 -> 2,234."""
    if not (isinstance(value, (int, float)) and math.isfinite(value)):
        return _("not finite")
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


# What maps are called, by the names that reports have for methods.
METHODS = {
    "saliency": _("saliency"),
    "guided backprop": _("guided backprop"),
    "the middle": _("the middle"),
    "the same everywhere": _("the same everywhere"),
    "random": _("random"),
}


def method(name: str) -> Message | str:
    """What a method is called; Grad-CAM of a block is called that in every language."""
    return METHODS.get(name, name)


def in_sentence(name: str) -> Message:
    """What a method is called inside a sentence, where a language may have to set it off."""
    return _p("in a sentence", "{method}", method=method(name))
