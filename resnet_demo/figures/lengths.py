"""Paths by their length: two shares side by side, as pale and full bars.

Veit, Wilber, Belongie 2016, figure 6: how many paths have a length, and how much of the gradient comes by them. That
share is negative where it points against the whole; such bars hang down from the line.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..i18n import Language, Message, _
from .axes import TALL, WIDE, Panel, Scale, places, sheet
from .palette import INK, TOTAL
from .svg import ENGLISH, element, text

SIDE, TOP, HEIGHT = 20.0, 58.0, 190.0  # of the plot
BARS = ((0.28, 0.88), (1.0, 0.56))  # opacity and width of the pale ones and of the full ones


def draw_lengths(
    before: Sequence[float],
    now: Sequence[float],
    names: tuple[str | Message, str | Message],
    tall: bool = False,
    say: Language = ENGLISH,
) -> str:
    """Bars over the lengths 0, 1, …, n, an SVG document: `before` pale, `now` full, on one scale; `names` says what."""
    first, second = said = say(names[0]), say(names[1])
    width = (TALL if tall else WIDE) - 2 * SIDE
    highest, lowest = max(*before, *now) or 1.0, min(0.0, *before, *now)
    up = Scale(lambda value: (value - lowest) / (highest - lowest), {0.0: ""})
    lengths = [str(length) for length in range(len(before))]
    panel = Panel(SIDE, TOP, width, HEIGHT, places(lengths, width), up)
    parts = [*_legend(said, tall), *panel.frame()]
    for name, values, (opacity, part) in zip(said, (before, now), BARS, strict=True):
        pitch = width / len(lengths)
        bars = [
            panel.bar(
                float(length),
                value,
                part * pitch,
                TOTAL,
                say(_("{what}, {place}: {value}", what=name, place=length, value=f"{value:.3g}")),
            )
            for length, value in enumerate(values)
        ]
        parts.append(element("g", *bars, opacity=opacity))
    return sheet(parts, panel.foot + 30, say(_("{first}; {second}", first=first, second=second)), "rd-lengths", tall)


def _legend(names: tuple[str, str], tall: bool) -> list[str]:
    parts = []
    for index, (name, (opacity, _width)) in enumerate(zip(names, BARS, strict=True)):
        x, y = (SIDE, 14 + 18 * index) if tall else (SIDE + 380 * index, 14)
        parts.append(element("rect", x=x, y=y - 10, width=12, height=12, fill=TOTAL, fill_opacity=opacity))
        parts.append(text(name, x + 18, y, font_size=13, fill=INK))
    return parts
