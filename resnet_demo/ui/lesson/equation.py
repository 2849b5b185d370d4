"""Step 2: the equation at one place of one channel, number by number."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...errors import InputError
from ...figures import channel_to_show, draw_sum
from ...i18n import _
from ...interpret.trace import BlockTrace
from ..captions import lesson as captions
from ..html import both
from ..session import Session
from .controls import Control, Range, Step, View, turn, turned

POINTS = ("residual", "shortcut", "total", "output")


def controls(session: Session) -> list[Control]:
    return [*_places(session)]


def _places(session: Session) -> tuple[Range, Range]:
    """Row and column; at first where F(x) and x both have something to say."""
    block = session.opened
    height, width = block.output.shape[2:]
    row, column = divmod(_telling(block), width)
    return (
        turned(session, "row", _("Row of the maps"), 0, height - 1, row),
        turned(session, "column", _("Column"), 0, width - 1, column),
    )


def _telling(block: BlockTrace) -> int:
    """The place in the channel that is shown where the smaller one of the two terms is largest."""
    channel = channel_to_show(block)
    terms: list[Tensor] = [block.residual[0, channel].abs()]
    if block.shortcut_kind != "none":
        terms.append(block.shortcut[0, channel].abs())
    return int(terms[0].minimum(terms[-1]).argmax())


def pick(session: Session, what: str) -> None:
    """A place in the maps was clicked: "row,column"."""
    places = what.split(",")
    if len(places) != 2:
        raise InputError("A place is a row and a column, such as 3,5, not {value!r}.", value=what)
    for control, value in zip(_places(session), places, strict=True):
        turn(session, control, value)


def view(session: Session) -> View:
    block, channel = session.opened, channel_to_show(session.opened)
    row, column = (int(place.value) for place in _places(session))
    found: dict[str, float] = {point: getattr(block, point)[0, channel, row, column].item() for point in POINTS}
    kind, error = block.shortcut_kind, block.identity_error
    table: list[tuple[Any, ...]] = [("block", "channel", "row", "column", *POINTS)]
    table.append((block.name, channel, row, column, *found.values()))
    return View(
        name=f"{session.name}-{block.name}-sum",
        drawing=both(draw_sum, block, channel, row, column, say=session.say),
        reading=captions.number(found, kind, error, block.ends_in_relu),
        table=table,
    )


STEP = Step("equation", controls, view, pick)
