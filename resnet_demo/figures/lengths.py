"""Paths by their length: two shares side by side, as pale and full bars.

Veit, Wilber, Belongie 2016, figure 6: how many paths have a length, and how much of the gradient comes by them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .palette import INK, LINE, MUTED, TOTAL
from .svg import document, element, text

LEFT, TOP, HEIGHT = 20.0, 46.0, 190.0
NAME = 26.0


def draw_lengths(before: Sequence[float], now: Sequence[float], names: tuple[str, str], tall: bool = False) -> str:
    """Bars over the lengths 0, 1, …, n, an SVG document: `before` pale, `now` full, on one scale; `names` says what."""
    width = 360.0 if tall else 880.0
    pitch = (width - 2 * LEFT) / len(before)
    highest = max(*before, *now) or 1.0
    foot = TOP + HEIGHT
    parts = [*_legend(names, tall)]
    for length, (pale, full) in enumerate(zip(before, now, strict=True)):
        x = LEFT + pitch * length
        for value, opacity, left, wide in ((pale, 0.28, 0.06, 0.88), (full, 1.0, 0.22, 0.56)):
            high = HEIGHT * value / highest
            box = {"x": x + left * pitch, "y": foot - high, "width": wide * pitch, "height": high}
            parts.append(element("rect", **box, fill=TOTAL, fill_opacity=opacity))
        if length % math.ceil(NAME / pitch) == 0:
            parts.append(text(str(length), x + pitch / 2, foot + 18, text_anchor="middle", font_size=12, fill=MUTED))
    parts.append(element("path", d=f"M{LEFT} {foot} H{width - LEFT}", stroke=LINE))
    kind = f"rd-lengths rd-{'tall' if tall else 'wide'}"
    return document(width, foot + 30, f"{names[0]}; {names[1]}", *parts, class_=kind,
                    style=None if tall else "max-width:1000px")  # fmt: skip


def _legend(names: tuple[str, str], tall: bool) -> list[str]:
    parts = []
    for index, (name, opacity) in enumerate(zip(names, (0.28, 1.0), strict=True)):
        x, y = (LEFT, 14 + 18 * index) if tall else (LEFT + 380 * index, 14)
        parts.append(element("rect", x=x, y=y - 10, width=12, height=12, fill=TOTAL, fill_opacity=opacity))
        parts.append(text(name, x + 18, y, font_size=13, fill=INK))
    return parts
