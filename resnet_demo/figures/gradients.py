"""Two numbers of every block while a network learns, a row of bars for each network, input on the left.

`draw_gradients`: how strong the loss's gradient is that reaches the block's weights, on one logarithmic scale.
`draw_ratios`: how much the block adds to what its shortcut carries, ‖F(x)‖ / ‖shortcut‖, on one scale from zero; orange
bumps on a blue road, as in the street.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from .palette import INK, LINE, MUTED, RESIDUAL, SHORTCUT, WRONG
from .runs import colour_of, field, is_plain, network_title, shortened
from .svg import document, element, text
from .terms import ENGLISH, Terms

if TYPE_CHECKING:
    from .runs import AnyRecord

DECADES = 6  # of the logarithmic scale, at most: what is smaller than a millionth of the largest is drawn at its foot
NAME_ABOVE = 21  # a network's name over its row's highest bar, and that bar's number between the two


@dataclass(frozen=True)
class _Layout:
    width: float
    left: float
    right: float
    row: float  # height of a row's bars
    head: float  # room above them for the network's name

    def top(self, row: int) -> float:
        return 30 + row * (self.head + self.row + 20) + self.head

    def foot(self, row: int) -> float:
        return self.top(row) + self.row

    def height(self, rows: int) -> float:
        return self.foot(rows - 1) + 32


_WIDE = _Layout(880, 56, 12, 96, 38)
_TALL = _Layout(360, 46, 8, 84, 38)


@dataclass(frozen=True)
class _Scale:
    """From a value to the part of a row's height that its bar takes, and the lines that it is read against."""

    part: Callable[[float], float]
    lines: Mapping[float, str]


@dataclass(frozen=True)
class _Row:
    name: str
    values: Mapping[str, float]
    colour: str
    road: str  # what the bars stand on
    nothing: str  # what to say where there are no values


def draw_gradients(latest: Mapping[str, AnyRecord], tall: bool = False, terms: Terms = ENGLISH) -> str:
    """The norm of the loss's gradient by block, for each network's latest record by name: an SVG document."""
    rows = [
        _Row(name, field(record, "gradients") or {}, colour_of(name), LINE, terms.not_measured)
        for name, record in latest.items()
    ]
    scale = _logarithmic([value for row in rows for value in row.values.values()])
    note = terms.gradient_scale_short if tall else terms.gradient_scale
    return _strips(rows, scale, note, terms.gradients, tall, "rd-gradients", terms)


def draw_ratios(latest: Mapping[str, AnyRecord], tall: bool = False, terms: Terms = ENGLISH) -> str:
    """‖F(x)‖ / ‖shortcut‖ by block, for each network's latest record by name: an SVG document."""
    rows = []
    for name, record in latest.items():
        values = field(record, "ratios")
        # A network that has gradients but no ratios has no shortcuts, whatever its name is.
        plain = not values and (is_plain(name) or (values is not None and bool(field(record, "gradients"))))
        nothing = terms.no_shortcut if plain else terms.not_measured
        rows.append(_Row(name, values or {}, RESIDUAL, LINE if plain else SHORTCUT, nothing))
    scale = _linear([value for row in rows for value in row.values.values()])
    return _strips(rows, scale, terms.ratio, terms.ratios, tall, "rd-ratios", terms)


def _logarithmic(values: list[float]) -> _Scale:
    """Whole powers of ten, at least two, so that the scale stays where it is while the values move."""
    known = [value for value in values if math.isfinite(value) and value > 0] or [0.1, 1.0]
    high = math.ceil(math.log10(max(known)))
    low = max(min(math.floor(math.log10(min(known))), high - 2), high - DECADES)
    lines = {10.0**power: _power(power) for power in range(low, high + 1)}
    return _Scale(lambda value: (math.log10(value) - low) / (high - low) if value > 0 else 0.0, lines)


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -4 < power < 4 else f"1e{power}"


def _linear(values: list[float]) -> _Scale:
    highest = max((value for value in values if math.isfinite(value)), default=0.0)
    steps = (1.0, 2.0, 4.0, 6.0, 8.0)
    top = next((step * 10.0**power for power in range(12) for step in steps if step * 10.0**power >= highest), highest)
    lines = {0.0: "0", top / 2: f"{top / 2:g}", top: f"{top:g}"}
    return _Scale(lambda value: max(value, 0.0) / top, lines)


def _strips(rows: list[_Row], scale: _Scale, note: str, label: str, tall: bool, kind: str, terms: Terms) -> str:
    at = _TALL if tall else _WIDE
    count = max(len(rows), 1)
    height, foot = at.height(count), at.foot(count - 1)
    parts = [text(note, at.width - at.right, 16, text_anchor="end", font_size=13, fill=MUTED)]
    for index, row in enumerate(rows):
        parts += _strip(at, index, row, scale, terms)
    if not rows:
        place = (at.left + at.width - at.right) / 2, at.top(0) + at.row / 2
        parts.append(text(terms.nothing_yet, *place, text_anchor="middle", font_size=14, fill=MUTED))
    ends = ((terms.first_block, at.left, "start"), (terms.last_block, at.width - at.right, "end"))
    parts += [text(words, x, foot + 22, text_anchor=anchor, font_size=13, fill=MUTED) for words, x, anchor in ends]
    middle = (at.left + at.width - at.right) / 2
    parts.append(text(terms.way, middle, foot + 22, text_anchor="middle", font_size=13, fill=MUTED))
    told = [f"{network_title(row.name)}: {_told(row, terms)}" for row in rows]
    style = None if tall else "max-width:1080px"
    return document(
        at.width,
        height,
        f"{label}. {'; '.join(told) or terms.nothing_yet}.",
        *parts,
        class_=f"{kind} rd-{'tall' if tall else 'wide'}",
        style=style,
    )


def _strip(at: _Layout, index: int, row: _Row, scale: _Scale, terms: Terms) -> list[str]:
    top, foot, right = at.top(index), at.foot(index), at.width - at.right
    name = shortened(network_title(row.name), 18)
    style = {"font_size": 15, "font_weight": 650, "fill": colour_of(row.name)}
    parts = [text(name, at.left, top - NAME_ABOVE, class_="rd-runner", **style)]
    if not row.values:
        dashes = {"stroke": LINE, "stroke_width": 2, "stroke_dasharray": "2 8"}
        parts.append(element("path", d=f"M{at.left} {foot} H{right}", **dashes))
        style = {"font_size": 14, "fill": MUTED, "font_style": "italic", "text_anchor": "middle"}
        return [*parts, text(row.nothing, (at.left + right) / 2, foot - at.row / 2, **style)]
    every = -(-len(scale.lines) // 4)  # the lines' numbers, not too many of them
    for place, (value, words) in enumerate(sorted(scale.lines.items(), reverse=True)):
        y = foot - at.row * scale.part(value)
        parts.append(element("path", d=f"M{at.left} {y:.1f} H{right}", stroke=LINE, stroke_width=1))
        if place % every == 0:
            parts.append(text(words, at.left - 8, y + 4.5, text_anchor="end", font_size=12, fill=MUTED))
    parts += _bars(at, foot, row, scale, terms)
    road = 4 if row.road == SHORTCUT else 1.5
    parts.append(element("path", d=f"M{at.left} {foot + road / 2} H{right}", stroke=row.road, stroke_width=road))
    return parts


def _bars(at: _Layout, foot: float, row: _Row, scale: _Scale, terms: Terms) -> list[str]:
    """A row's bars, a little apart where a stage ends; their numbers on them, or the first and last one's above."""
    stages = [name.split(".")[0] for name in row.values]
    ends = len(set(stages)) - 1
    between = min(10.0, 60 / (ends + 1))
    pitch = (at.width - at.right - at.left - between * ends) / len(stages)
    width, numbered = min(0.78 * pitch, 54.0), pitch >= 46
    parts, x, stage = [], at.left, stages[0]
    for (name, value), here in zip(row.values.items(), stages, strict=True):
        x, stage = x + (between if here != stage else 0), here
        middle, x = x + pitch / 2, x + pitch
        finite = math.isfinite(value)
        height = min(max(at.row * scale.part(value), 1.5), at.row) if finite else 1.5
        box = {"x": middle - width / 2, "y": foot - height, "width": width, "height": height}
        words = terms.value_of_block.format(name=name.removeprefix("layer"), value=_number(value, terms))
        title = element("title", escape(words))
        parts.append(element("rect", title, **box, rx=min(2.0, width / 4), fill=row.colour, class_="rd-value"))
        if numbered or not finite:
            words = _number(value, terms) if numbered else "×"
            style = {"text_anchor": "middle", "font_size": 12, "fill": INK if finite else WRONG}
            parts.append(text(words, middle, foot - height - 5, **style))
    if not numbered:
        first, last = _first_and_last(row)
        words = terms.first_and_last.format(first=_number(first, terms), last=_number(last, terms))
        top = foot - at.row - NAME_ABOVE
        parts.append(text(words, at.width - at.right, top, text_anchor="end", font_size=13, fill=INK))
    return parts


def _number(value: float, terms: Terms) -> str:
    return f"{value:.2g}" if math.isfinite(value) else terms.not_finite


def _first_and_last(row: _Row) -> tuple[float, float]:
    values = list(row.values.values())
    return values[0], values[-1]


def _told(row: _Row, terms: Terms) -> str:
    if not row.values:
        return row.nothing
    first, last = _first_and_last(row)
    return terms.from_first_to_last.format(
        first=_number(first, terms), last=_number(last, terms), count=len(row.values)
    )
