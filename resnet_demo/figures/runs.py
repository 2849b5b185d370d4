"""What all figures of training share: how a run's records are read, and which colour its network has.

A run is the sequence of a training's records, live ones or the dictionaries that a JSON file holds. Figures that are
not known, or not finite, are None: a drawing leaves them out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ..models.zoo import is_plain
from ..models.zoo import title as network_title  # noqa: F401 (with the other names of figures)
from .palette import PLAIN, RESNET

if TYPE_CHECKING:
    from ..training.records import Record

    AnyRecord: TypeAlias = Record | dict[str, Any]
    Run: TypeAlias = Sequence[AnyRecord]
    Runs: TypeAlias = Mapping[str, Run]

Item = TypeVar("Item")


def depth_of(name: str) -> int | None:
    """The number of layers that a name tells: plain56 -> 56."""
    number = name.lower().removesuffix("-cifar").removeprefix("resnet").removeprefix("plain").lstrip("-")
    return int(number) if number.isdecimal() else None


def colour_of(name: str) -> str:
    """The network's colour: one for those with shortcuts, one for those without."""
    return PLAIN if is_plain(name) else RESNET


def field(record: AnyRecord, name: str) -> Any:
    """A field of a record; None where it has none of that name, as records from older files."""
    return record.get(name) if isinstance(record, dict) else getattr(record, name, None)


def number(record: AnyRecord, name: str) -> float | None:
    """A number of a record; None where it is absent or not finite."""
    value = field(record, name)
    return float(value) if value is not None and math.isfinite(value) else None


def points(run: Run, name: str, most: int | None = None) -> list[tuple[float, float]]:
    """The places (pictures seen, value) of the records that know the value, thinned where they are more than `most`."""
    known = [record for record in run if field(record, name) is not None]
    found = [(number(record, "images"), number(record, name)) for record in thinned(known, most or len(known))]
    return [(x, y) for x, y in found if x is not None and y is not None]


def thinned(items: list[Item], most: int) -> list[Item]:
    """About `most` of them, the last one always.

    Every 2nd, 4th, 8th … is kept, so that a curve that grows keeps the points that it has and does not flicker.
    """
    stride = 1
    while len(items) > most * stride:
        stride *= 2
    return items if stride == 1 else [*items[:-1:stride], items[-1]]


def shortened(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def apart(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels as near as may be to those wanted, at least `gap` apart and within bounds, in their order."""
    # Push from the low end up, then what went over the high end back down.
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [0.0] * len(wanted)
    limit = low
    for index in order:
        places[index] = max(wanted[index], limit)
        limit = places[index] + gap
    limit = high
    for index in reversed(order):
        places[index] = min(places[index], limit)
        limit = places[index] - gap
    return places
