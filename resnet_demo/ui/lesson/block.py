"""Step 3: one block of the visitor's network, drawn as its equation."""

from __future__ import annotations

from ...figures import channel_to_show, draw_block, share
from ...interpret.trace import POINTS
from ..parts import both
from ..session import Visit
from .controls import Control, View, opened_block


def controls(visit: Visit) -> list[Control]:
    return [opened_block(visit)]


def view(visit: Visit) -> View:
    block, place, count = visit.opened, int(opened_block(visit).value), len(visit.seen.blocks)
    shape, before = tuple(block.output.shape[1:]), tuple(block.x.shape[1:])
    name, kind, part, cosine, norms = block.name, block.shortcut_kind, share(block), block.cosine, block.norms
    return View(
        name=f"{visit.name}-{name}",
        drawing=both(draw_block, block, channel_to_show(block), terms=visit.text.terms.TERMS),
        reading=lambda say: say.lesson.block(name, (place, count), kind, part, cosine, (before, shape)),
        table=[("block", *(f"norm_{point}" for point in POINTS)), (name, *(norms[point] for point in POINTS))],
    )
