"""Step 3: one block of the visitor's network, drawn as its equation."""

from __future__ import annotations

from ...figures import channel_to_show, draw_block, share
from ...interpret.trace import POINTS
from ..captions import lesson as captions
from ..html import both
from ..session import Session
from .controls import Control, Step, View, opened_block


def controls(session: Session) -> list[Control]:
    return [opened_block(session)]


def view(session: Session) -> View:
    block, place, count = session.opened, int(opened_block(session).value), len(session.seen.blocks)
    shape, before = tuple(block.output.shape[1:]), tuple(block.x.shape[1:])
    name, kind, part, cosine, norms = block.name, block.shortcut_kind, share(block), block.cosine, block.norms
    return View(
        name=f"{session.name}-{name}",
        drawing=both(draw_block, block, channel_to_show(block), say=session.say),
        reading=captions.block(name, (place, count), kind, part, cosine, (before, shape)),
        table=[("block", *(f"norm_{point}" for point in POINTS)), (name, *(norms[point] for point in POINTS))],
    )


STEP = Step("block", controls, view)
