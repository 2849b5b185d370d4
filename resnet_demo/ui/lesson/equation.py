"""Step 2: the equation at one place of one channel, number by number."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...errors import InputError
from ...figures import channel_to_show, draw_sum
from ...interpret.trace import BlockTrace
from ..parts import both
from ..session import Visit
from .controls import Control, Range, View, turn, turned

POINTS = ("residual", "shortcut", "total", "output")


def controls(visit: Visit) -> list[Control]:
    return [*_places(visit)]


def _places(visit: Visit) -> tuple[Range, Range]:
    """Row and column; at first where F(x) and x both have something to say."""
    block = visit.opened
    height, width = block.output.shape[2:]
    row, column = divmod(_telling(block), width)
    return turned(visit, "row", 0, height - 1, row), turned(visit, "column", 0, width - 1, column)


def _telling(block: BlockTrace) -> int:
    """The place in the channel that is shown where the smaller one of the two terms is largest."""
    channel = channel_to_show(block)
    terms: list[Tensor] = [block.residual[0, channel].abs()]
    if block.shortcut_kind != "none":
        terms.append(block.shortcut[0, channel].abs())
    return int(terms[0].minimum(terms[-1]).argmax())


def pick(visit: Visit, what: str) -> None:
    """A place in the maps was clicked: "row,column"."""
    places = what.split(",")
    if len(places) != 2:
        raise InputError(f"A place is a row and a column, as 3,5, not {what[:40]!r}.")
    for control, value in zip(_places(visit), places, strict=True):
        turn(visit, control, value)


def view(visit: Visit) -> View:
    block, channel = visit.opened, channel_to_show(visit.opened)
    row, column = (int(place.value) for place in _places(visit))
    found: dict[str, float] = {point: getattr(block, point)[0, channel, row, column].item() for point in POINTS}
    kind, error = block.shortcut_kind, block.identity_error
    table: list[tuple[Any, ...]] = [("block", "channel", "row", "column", *POINTS)]
    table.append((block.name, channel, row, column, *found.values()))
    return View(
        name=f"{visit.name}-{block.name}-sum",
        drawing=both(draw_sum, block, channel, row, column, terms=visit.text.terms.TERMS),
        reading=lambda say: say.lesson.number(found, kind, error),
        table=table,
    )
