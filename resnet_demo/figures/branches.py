"""Both branches over all blocks, for the page: what each carries, and how the two relate.

`curves` draws the same with matplotlib, for files; that takes a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..i18n import Language, _
from ..interpret.naming import block_title
from ..interpret.trace import Trace
from .axes import FOOT, LEFT, RIGHT, TALL, Box, Look, Panel, boxes, known, linear, magnitude, places, whole
from .palette import INK, MUTED, RESIDUAL, SHORTCUT, TOTAL
from .street_layout import width_of
from .svg import ENGLISH, element, text

KEY_SIZE, LINE = 12, 18.0  # of the key's words, and from line to line
Series = tuple[str, Look, Sequence[float | None]]  # its name in the key, and a value for each block


def draw_branches(trace: Trace, tall: bool = False, say: Language = ENGLISH) -> str:
    """Two plots over the blocks from input to output, an SVG document: the norms of both branches, and their ratio and
    cosine, side by side or, `tall`, below each other."""
    plain = trace.blocks[0].shortcut_kind == "none"
    names = [block_title(block.name) for block in trace.blocks]
    carried = [block.norms["x" if plain else "shortcut"] for block in trace.blocks]
    other = "‖x‖" if plain else say(_("‖shortcut‖"))
    norms: list[Series] = [
        ("‖F(x)‖", Look(RESIDUAL, False, False), [block.norms["residual"] for block in trace.blocks]),
        (other, Look(INK if plain else SHORTCUT, True, False), carried),
    ]
    relation: list[Series] = [
        (say(_("‖F(x)‖ / ‖shortcut‖")), Look(TOTAL, False, False), [block.ratio for block in trace.blocks]),
        (say(_("cosine of F(x) and shortcut")), Look(INK, True, True), [block.cosine for block in trace.blocks]),
    ]
    placed = _below_each_other() if tall else boxes(2, tall)
    parts = _plot(say(_("How much each branch carries")), norms, names, placed[0], tall, say)
    if plain:
        parts += _nothing(say(_("How the two branches relate")), placed[1], tall, say)
    else:
        parts += _plot(say(_("How the two branches relate")), relation, names, placed[1], tall, say)
    return whole(parts, placed, _label(say), "rd-branches", tall)


def _label(say: Language) -> str:
    return say(_("Norms of both branches, their ratio and their cosine, over all blocks"))


def _below_each_other() -> list[Box]:
    """The two plots of a phone, each with room above it for a title and two lines of the key."""
    height, head = 170.0, 66.0
    return [(LEFT, head + number * (head + height + FOOT), TALL - LEFT - RIGHT, height) for number in range(2)]


def _plot(title: str, series: Sequence[Series], names: Sequence[str], box: Box, tall: bool, say: Language) -> list[str]:
    """Curves over the blocks, with zero on the scale, and a key between title and plot."""
    values = known(value for _name, _look, of_blocks in series for value in of_blocks)
    up = linear(min(0.0, *values, 0.0), max(0.0, *values, 0.0), show=_number)
    panel = Panel(*box, places(names, box[2]), up)
    parts = [_title(title, box, tall), *panel.frame(below=say(_("block")))]
    x = panel.left
    for line, (name, look, of_blocks) in enumerate(series):
        y = panel.top - 10 - (LINE * (len(series) - 1 - line) if tall else 0)
        sample = Panel(x, y - 4, 20, 0, linear(0, 1), linear(0, 1))
        parts += sample.curve([(0, 0.0), (1, 0.0)], look, dots=False) + sample.dots([(0.5, 0.0)], look, [""])
        parts.append(text(name, x + 25, y, font_size=KEY_SIZE, fill=look.colour))
        x += 0 if tall else 25 + width_of(name, KEY_SIZE) + 14
        points = [(float(index), value) for index, value in enumerate(of_blocks)]
        said = [f"{block}: {name} {magnitude(value, say)}" for block, value in zip(names, of_blocks, strict=True)]
        parts += panel.curve(points, look, said)
    return parts


def _title(title: str, box: Box, tall: bool) -> str:
    return text(title, box[0], box[1] - (32 + LINE if tall else 32), font_size=14, font_weight=600, fill=INK)


def _nothing(title: str, box: Box, tall: bool, say: Language) -> list[str]:
    """A plain network has no second branch."""
    left, top, width, height = box
    lines = say(_("without shortcuts there is\nnothing to compare F(x) with")).split("\n")
    middle = {"text_anchor": "middle", "font_size": 14, "fill": MUTED}
    words = [text(line, left + width / 2, top + height / 2 + 20 * index, **middle) for index, line in enumerate(lines)]
    return [_title(title, box, tall), element("g", *words)]


def _number(value: float) -> str:
    """As short as fits beside the axis: where weights are random, norms explode."""
    return f"{value:g}" if abs(value) < 1e5 else f"{value:.3g}".replace("e+0", "e")
