"""One number along an axis, for a network and its twin: a line each, in their colours.

Along the axis lie a network's blocks, or places on a walk. The chosen place is marked, and its numbers stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .palette import INK, LINE, MUTED, PAPER
from .runs import apart, colour_of, network_title
from .svg import document, element, text
from .terms import ENGLISH, Terms

LEFT, RIGHT, TOP, HEIGHT = 58.0, 92.0, 40.0, 210.0
DECADES = 12  # of a logarithmic axis, at most: what is smaller lies on its foot
NAME = 34.0  # what a place's name takes


def draw_lines(
    lines: Mapping[str, Sequence[float]],
    places: Sequence[str],
    title: str,
    chosen: int,
    logarithmic: bool = False,
    highest: float | None = None,
    tall: bool = False,
    terms: Terms = ENGLISH,
) -> str:
    """Lines by the network's name over places, an SVG document; numbers that are not finite leave a gap.

    The axis goes from 0, or from the smallest number's power of ten, up to `highest` or what is needed.
    """
    width = 360.0 if tall else 880.0
    axis = _Axis(lines, logarithmic, highest)
    pitch = (width - LEFT - RIGHT) / max(len(places) - 1, 1)
    parts = [text(title, 8.0 if tall else LEFT, 18, font_size=13, fill=MUTED)]
    for value, words in axis.marks:
        y = axis.y(value)
        parts.append(element("path", d=f"M{LEFT} {y:.1f} H{width - RIGHT:.1f}", stroke=LINE))
        parts.append(text(words, LEFT - 8, y + 4, text_anchor="end", font_size=12, fill=MUTED))
    every = math.ceil(NAME / pitch)
    for index, name in enumerate(places):
        if index % every == 0:
            style = {"text_anchor": "middle", "font_size": 12, "fill": MUTED}
            parts.append(text(name, LEFT + pitch * index, TOP + HEIGHT + 20, **style))
    x = LEFT + pitch * chosen
    parts.append(
        element("path", d=f"M{x:.1f} {TOP - 8} V{TOP + HEIGHT}", stroke=INK, stroke_width=1.5, stroke_dasharray="3 4")
    )
    ends = {}
    for name, values in lines.items():
        parts += _line(values, pitch, axis, colour_of(name))
        if math.isfinite(values[chosen]):
            y, colour = axis.y(values[chosen]), colour_of(name)
            parts.append(element("circle", cx=x, cy=y, r=6, fill=colour, stroke=PAPER, stroke_width=2))
        known = [value for value in values if math.isfinite(value)]
        if known:
            ends[name] = axis.y(known[-1])
    for (name, _), y in zip(ends.items(), apart(list(ends.values()), 18, TOP, TOP + HEIGHT), strict=True):
        style = {"font_size": 14, "font_weight": 650, "fill": colour_of(name)}
        parts.append(text(network_title(name), width - RIGHT + 10, y + 5, **style))
    told = "; ".join(f"{network_title(name)} {values[chosen]:.3g}" for name, values in lines.items())
    words = terms.lines.format(title=title, place=places[chosen], told=told)
    kind = f"rd-lines rd-{'tall' if tall else 'wide'}"
    style = None if tall else "max-width:1000px"
    return document(width, TOP + HEIGHT + 32, words, *parts, class_=kind, style=style)


class _Axis:
    """From a number to its height in the drawing, and the numbers that are written beside it."""

    def __init__(self, lines: Mapping[str, Sequence[float]], logarithmic: bool, highest: float | None) -> None:
        known = [value for values in lines.values() for value in values if math.isfinite(value)]
        self.logarithmic = logarithmic
        if logarithmic:
            above = [value for value in known if value > 0] or [1.0]
            self.high = math.ceil(math.log10(max(above)))
            self.low = max(min(math.floor(math.log10(min(above))), self.high - 2), self.high - DECADES)
            every = math.ceil((self.high - self.low) / 6)
            self.marks = [(10.0**power, _power(power)) for power in range(self.low, self.high + 1, every)]
        else:
            most = highest or max([*known, 0.0]) or 1.0
            step = _step(most / 5)
            count = math.ceil(most / step - 1e-9)
            self.low, self.high = 0, step * count
            self.marks = [(step * mark, f"{step * mark:.3g}") for mark in range(count + 1)]

    def y(self, value: float) -> float:
        place = math.log10(value) if self.logarithmic and value > 0 else self.low if self.logarithmic else value
        part = (place - self.low) / (self.high - self.low)
        return TOP + HEIGHT * (1 - min(max(part, 0.0), 1.0))


def _step(least: float) -> float:
    """The smallest of …, 0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, … that is no smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in (1.0, 2.0, 2.5, 5.0, 10.0) if power * step >= least * (1 - 1e-9))


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -4 < power < 4 else f"1e{power}"


def _line(values: Sequence[float], pitch: float, axis: _Axis, colour: str) -> list[str]:
    steps, pen = [], "M"
    for index, value in enumerate(values):
        if math.isfinite(value):
            steps.append(f"{pen}{LEFT + pitch * index:.1f} {axis.y(value):.1f}")
            pen = "L"
        else:
            pen = "M"
    return [element("path", d=" ".join(steps), fill="none", stroke=colour, stroke_width=3, stroke_linejoin="round")]
