"""Paths by their length: two shares side by side, as pale and full bars.

Veit, Wilber, Belongie 2016, figure 6: how many paths have a length, and how much of the gradient comes by them. That
share is negative where it points against the whole; such bars hang down from the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..i18n import Language, Message, _
from .axes import RIGHT, TALL, Panel, linear, places
from .palette import INK, TOTAL
from .svg import ENGLISH, document, element, text

WIDE = 760.0  # as wide as there is room beside a text
LEFT, TOP = 62.0, 58.0  # of the plot
HEIGHT = {False: 250.0, True: 190.0}  # of the plot, for screens and for phones
SIDE = 20.0  # of the legend
BARS = ((0.28, 0.88), (1.0, 0.56))  # opacity and width of the pale ones and of the full ones


def count(value: float) -> str:
    """20000000 -> 20 M: what fits beside an axis."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:,.3g} {unit}" if value < 1e9 else f"{value:.0e}"
    return f"{value:g}"


def draw_lengths(
    before: Sequence[float],
    now: Sequence[float],
    names: tuple[str | Message, str | Message],
    tall: bool = False,
    say: Language = ENGLISH,
    show: Callable[[float], str] = count,
) -> str:
    """Bars over the lengths 0, 1, …, n, an SVG document: `before` pale, `now` full, on one scale; `names` says what.

    `show` writes the numbers beside the axis.
    """
    first, second = said = say(names[0]), say(names[1])
    width = (TALL if tall else WIDE) - LEFT - RIGHT
    up = linear(min(0.0, *before, *now), max(*before, *now), show=show)
    lengths = [str(length) for length in range(len(before))]
    panel = Panel(LEFT, TOP, width, HEIGHT[tall], places(lengths, width), up)
    parts = [*_legend(said, tall), *panel.frame(below=say(_("how many F’s a path leads through")))]
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
    kind, label = f"rd-lengths rd-{'tall' if tall else 'wide'}", say(_("{first}; {second}", first=first, second=second))
    return document(TALL if tall else WIDE, panel.foot + 46, label, *parts, role="img", class_=kind)


def _legend(names: tuple[str, str], tall: bool) -> list[str]:
    parts = []
    for index, (name, (opacity, _width)) in enumerate(zip(names, BARS, strict=True)):
        x, y = (SIDE, 14 + 18 * index) if tall else (SIDE + 340 * index, 14)
        parts.append(element("rect", x=x, y=y - 10, width=12, height=12, fill=TOTAL, fill_opacity=opacity))
        parts.append(text(name, x + 18, y, font_size=13, fill=INK))
    return parts
