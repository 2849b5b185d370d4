"""One number on its way through a block: at one place of one channel, F(x) + shortcut = sum, and ReLU of that is y.

The four maps are that channel's, on one symmetric scale; the place is framed in all of them, its numbers stand below.
What stands there adds up: F(x) and the sum are rounded, and the shortcut's number is their difference, which may be off
by one in the last digit.
"""

from __future__ import annotations

from ..i18n import Language, _
from ..interpret.trace import BlockTrace
from .block import tile
from .maps import scale_of
from .palette import INK, LINE, MUTED, RESIDUAL, SHORTCUT, TOTAL
from .svg import ENGLISH, document, element, text

POINTS = (
    ("residual", "F(x)", RESIDUAL),
    ("shortcut", "x", SHORTCUT),
    ("total", "F(x) + x", TOTAL),
    ("output", "y", INK),
)
SIGNS = ("+", "=", "ReLU →")  # between them
SIDE, GAP = 120.0, 60.0
DECIMALS = 3


def draw_sum(
    block: BlockTrace, channel: int, row: int, column: int, tall: bool = False, say: Language = ENGLISH
) -> str:
    """The equation at one place, an SVG document: a line of four maps, or for phones two lines of two.

    Maps carry `data-rows` and `data-columns`, so that a click in one can be told as a place.
    """
    maps = {point: getattr(block, point)[0, channel] for point, _, _ in POINTS}
    scale, plain = scale_of(*maps.values()), block.shortcut_kind == "none"
    height, width = maps["output"].shape
    numbers = _numbers({point: maps[point][row, column].item() for point in ("residual", "total")}, block)
    parts = []
    for index, (point, name, colour) in enumerate(POINTS):
        x, y = _place(index, tall)
        gone = plain and point == "shortcut"
        if gone:
            box = {"x": x - SIDE / 2, "y": y - SIDE / 2, "width": SIDE, "height": SIDE}
            parts.append(element("rect", **box, fill="none", stroke=LINE, stroke_width=2, stroke_dasharray="4 6"))
        else:
            shown = tile(maps[point], scale, (x, y), SIDE, colour) + _frame(x, y, row, column, height, width)
            parts.append(element("g", shown, data_rows=height, data_columns=width, class_="rd-place"))
        name, number = _title(point, name, block, say), f"{numbers[point]:+.{DECIMALS}f}".replace("-", "−")
        style = {"text_anchor": "middle", "font_weight": 600, "fill": MUTED if gone else colour}
        parts.append(text(say(_("no shortcut")) if gone else name, x, y - SIDE / 2 - 10, font_size=15, **style))
        parts.append(text("0" if gone else number, x, y + SIDE / 2 + 26, font_size=20, **style))
        if index < len(SIGNS):
            parts += _sign(index, SIGNS[index] if block.ends_in_relu else SIGNS[index].removeprefix("ReLU "), tall)
    size = (2 * SIDE + 2 * GAP, 2 * SIDE + 156) if tall else (4 * SIDE + 4 * GAP, SIDE + 82)
    words = say(
        _(
            "Block {name} at row {row}, column {column} of channel {channel}: F(x), shortcut, their sum and y.",
            name=block.name,
            row=row,
            column=column,
            channel=channel,
        )
    )
    kind = f"rd-sum rd-{'tall' if tall else 'wide'}"
    return document(*size, words, *parts, class_=kind, style=None if tall else "max-width:900px")


def _numbers(values: dict[str, float], block: BlockTrace) -> dict[str, float]:
    """The numbers as they are shown."""
    residual, total = (round(values[point], DECIMALS) + 0.0 for point in ("residual", "total"))  # -0.0 loses its sign
    output = max(0.0, total) if block.ends_in_relu else total
    return {"residual": residual, "shortcut": total - residual, "total": total, "output": output}


def _title(point: str, name: str, block: BlockTrace, say: Language) -> str:
    if block.shortcut_kind == "identity":
        return name
    if block.shortcut_kind == "none":
        return {"total": "F(x)"}.get(point, name)
    return {"shortcut": say(_("shortcut(x)")), "total": say(_("F(x) + shortcut(x)"))}.get(point, name)


def _place(index: int, tall: bool) -> tuple[float, float]:
    line, place = divmod(index, 2) if tall else (0, index)
    return GAP / 2 + SIDE / 2 + place * (SIDE + GAP), 36 + SIDE / 2 + line * (SIDE + 78)


def _sign(index: int, sign: str, tall: bool) -> list[str]:
    x, y = _place(index, tall)
    style = {"text_anchor": "middle", "font_size": 24 if len(sign) == 1 else 14, "fill": INK}
    if tall and index == 1:  # the second line begins with it
        x, y = _place(2, tall)
        return [text(sign, x - SIDE / 2 - GAP / 4, y + 8, **style)]
    return [text(sign, x + SIDE / 2 + GAP / 2, y + (8 if len(sign) == 1 else 4), **style)]


def _frame(x: float, y: float, row: int, column: int, rows: int, columns: int) -> str:
    """A frame around the place, large enough to be seen where the maps are fine."""
    wide, high = SIDE / columns, SIDE / rows
    left, top, margin = x - SIDE / 2 + column * wide, y - SIDE / 2 + row * high, 2.0
    box = {"x": left - margin, "y": top - margin, "width": wide + 2 * margin, "height": high + 2 * margin}
    return element("rect", **box, fill="none", stroke=INK, stroke_width=2)
