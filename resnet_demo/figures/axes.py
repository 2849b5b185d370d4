"""What drawings with axes share: scales with round numbers, and panels with a frame, curves, dots and bars.

A panel is drawn in the order in which its methods are called. What is not finite is left out, and what lies beyond the
scale is drawn at its edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TypeGuard

from ..i18n import Language
from ..lab import reading
from .palette import DEPTHS, INK, LINE, MUTED, PAPER
from .runs import colour_of, is_plain, network_title, shortened
from .svg import ENGLISH, document, element, text

DECADES = 6  # of a logarithmic scale, at most: what is smaller than a millionth of the largest is drawn at its foot
WIDE, TALL = 880.0, 360.0  # of a drawing for screens, and of one for phones
LEFT, RIGHT, HEAD, FOOT = 50.0, 22.0, 36.0, 46.0  # of a panel, around its plot: numbers, nothing, title, numbers
KEY = 26.0  # height of a line of the key


# Scales


@dataclass(frozen=True)
class Scale:
    """From a value to the part of an axis, 0 to 1, where it lies, and the lines that it is read against."""

    part: Callable[[float], float]
    lines: Mapping[float, str]


def linear(low: float, high: float, most: int = 4, show: Callable[[float], str] = "{:g}".format) -> Scale:
    """From low to high, both moved outward to round numbers, with up to `most` steps between the lines."""
    if not high > low:
        high = low + 1.0
    step = round_step(high - low, most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    start, length = first * step, (last - first) * step
    lines = {index * step: show(float(f"{index * step:.6g}")) for index in range(first, last + 1)}
    return Scale(lambda value: (value - start) / length, lines)


def round_step(span: float, most: float) -> float:
    """The smallest of …, 0.1, 0.2, 0.5, 1, 2, 5, … that divides a span into at most so many steps."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(step * power for step in (1, 2, 5, 10, 20) if span / (step * power) <= most * (1 + 1e-9))


def logarithmic(values: Iterable[float | None], decades: int = DECADES) -> Scale:
    """Whole powers of ten, at least two, so that the scale stays where it is while the values move."""
    above = [value for value in known(values) if value > 0] or [0.1, 1.0]
    high = math.ceil(math.log10(max(above)))
    low = max(min(math.floor(math.log10(min(above))), high - 2), high - decades)
    lines = {10.0**power: _power(power) for power in range(low, high + 1)}
    return Scale(lambda value: (math.log10(value) - low) / (high - low) if value > 0 else 0.0, lines)


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -4 < power < 4 else f"1e{power}"


def places(names: Sequence[str], room: float, letters: float = 7.0) -> Scale:
    """A place for each name, in order, 0, 1, …; as many names are written as fit into the room."""
    widest = max((len(name) for name in names), default=1) * letters + 8
    every = max(1, math.ceil(len(names) * widest / room))
    return Scale(
        lambda index: (index + 0.5) / max(len(names), 1),
        {float(index): name for index, name in enumerate(names) if index % every == 0},
    )


def percent(value: float | None) -> str:
    """0.25 -> 25 %."""
    return f"{100 * value:.3g} %" if finite(value) else "–"


def finite(value: object) -> TypeGuard[float]:
    """Whether it is a number that can be drawn."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def known(values: Iterable[object]) -> list[float]:
    """Those that can be drawn."""
    return [value for value in values if finite(value)]


def magnitude(value: float | None, say: Language = ENGLISH) -> str:
    """A number of which the order of magnitude counts: 0.000063 -> 6.3e-05, 2234 -> 2,234."""
    return say(reading.magnitude(value))


# Networks


@dataclass(frozen=True)
class Look:
    """How a network is drawn, so that it is known without its colour, too."""

    colour: str
    hollow: bool  # its dots
    dashed: bool  # its curve
    width: float = 2.5


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Plain networks have hollow dots; of several of a kind all but the first have dashed curves."""
    found: dict[str, Look] = {}
    for name in names:
        before = any(is_plain(other) == is_plain(name) for other in found)
        found[name] = Look(colour_of(name), is_plain(name), before)
    return found


def method_looks(names: Sequence[str]) -> dict[str, Look]:
    """Of methods, which have no colours of their own: from the palette of what is in order, every other one hollow."""
    last = len(DEPTHS) - 1
    return {
        name: Look(DEPTHS[round(index * last / max(len(names) - 1, 1))], index % 2 == 1, index % 2 == 1)
        for index, name in enumerate(names)
    }


def key(found: Mapping[str, Look], tall: bool, top: float = 16.0) -> tuple[list[str], float]:
    """What each network or method looks like, and the height that this takes."""
    long = max((len(network_title(name)) for name in found), default=0) > 11
    parts, across, room = [], (2 if long else 3) if tall else 4 if long else 6, TALL if tall else WIDE
    for index, (name, look) in enumerate(found.items()):
        x, y = 8 + index % across * (room - 12) / across, top + index // across * KEY
        parts.append(_stroke(f"M{x:.1f} {y - 4:.1f} h26", look))
        parts.append(_dot(x + 13, y - 4, 4, look))
        title = shortened(network_title(name), 20 if long else 11)
        size = 12.5 if long and tall else 13.5
        parts.append(text(title, x + 32, y, font_size=size, font_weight=650, fill=look.colour, class_="rd-runner"))
    return parts, KEY * -(-len(found) // across)


def _stroke(path: str, look: Look) -> str:
    return element(
        "path", d=path, fill="none", stroke=look.colour, stroke_width=look.width, stroke_linejoin="round",
        stroke_dasharray="5 4" if look.dashed else None,
    )  # fmt: skip


def _dot(x: float, y: float, radius: float, look: Look, title: str = "") -> str:
    said = [element("title", escape(title))] if title else []
    return element(
        "circle", *said, cx=x, cy=y, r=radius, fill=PAPER if look.hollow else look.colour, stroke=look.colour,
        stroke_width=min(2.0, 0.5 * radius), class_="rd-value" if title else None,
    )  # fmt: skip


# Panels


@dataclass(frozen=True)
class Panel:
    """A plot: its box, in the units of the drawing, and its two scales."""

    left: float
    top: float
    width: float
    height: float
    across: Scale
    up: Scale

    def x(self, value: float) -> float:
        return self.left + self.width * min(max(self.across.part(value), 0.0), 1.0)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - min(max(self.up.part(value), 0.0), 1.0))

    @property
    def foot(self) -> float:
        return self.top + self.height

    def frame(self, title: str = "", below: str = "") -> list[str]:
        """Lines with their numbers; where they are given, the title above and what is counted below."""
        parts = [text(title, self.left, self.top - 14, font_size=14, font_weight=600, fill=INK)] if title else []
        every = -(-len(self.up.lines) // 6)
        for index, (value, words) in enumerate(sorted(self.up.lines.items(), reverse=True)):
            y, numbered = self.y(value), index % every == 0
            if numbered or len(self.up.lines) <= 8:
                line = f"M{self.left:.1f} {y:.1f} h{self.width:.1f}"
                parts.append(element("path", d=line, stroke=LINE, stroke_width=1))
            if numbered:
                parts.append(text(words, self.left - 7, y + 4.5, text_anchor="end", font_size=12, fill=MUTED))
        for value, words in self.across.lines.items():
            x = self.x(value)
            parts.append(element("path", d=f"M{x:.1f} {self.foot:.1f} v4", stroke=MUTED, stroke_width=1))
            parts.append(text(words, x, self.foot + 17, text_anchor="middle", font_size=12, fill=MUTED))
        if below:
            end = self.left + self.width
            parts.append(text(below, end, self.foot + 35, text_anchor="end", font_size=12.5, fill=MUTED))
        return parts

    def curve(
        self, points: Sequence[tuple[float, float | None]], look: Look, titles: Sequence[str] = (), dots: bool = True
    ) -> list[str]:
        """A line from point to point, with a dot on each; broken where a value is not finite."""
        runs: list[list[str]] = [[]]
        for x, y in points:
            if finite(y):
                runs[-1].append(f"{self.x(x):.1f} {self.y(y):.1f}")
            elif runs[-1]:
                runs.append([])
        parts = [_stroke("M" + " L".join(run), look) for run in runs if len(run) > 1]
        said = titles or [f"{x:g}: {magnitude(y)}" for x, y in points]
        return parts + (self.dots(points, look, said) if dots else [])

    def faint(self, values: Iterable[float | None], look: Look) -> list[str]:
        """A thin curve through values at 0, 1, …: the same of another training of the network."""
        return self.faint_points([(float(index), value) for index, value in enumerate(values)], look)

    def faint_points(self, points: Sequence[tuple[float, float | None]], look: Look) -> list[str]:
        return [element("g", part, opacity=0.55) for part in self.curve(points, replace(look, width=1.2), dots=False)]

    def dots(self, points: Sequence[tuple[float, float | None]], look: Look, titles: Sequence[str]) -> list[str]:
        pitch = self.width / max(len({x for x, _ in points}), 1)
        radius = min(4.0, max(1.8, 0.28 * pitch))
        return [
            _dot(self.x(x), self.y(y), radius, look, title)
            for (x, y), title in zip(points, titles, strict=True)
            if finite(y)
        ]

    def bar(self, at: float, value: float | None, width: float, colour: str, title: str, shift: float = 0) -> str:
        """A bar from zero, or from the foot where zero is not on the scale; none for what is not finite."""
        if not finite(value):
            return ""
        zero, end, middle = self.y(0.0), self.y(value), self.x(at) + shift
        box = {"x": middle - width / 2, "y": min(zero, end), "width": width, "height": abs(zero - end)}
        return element("rect", element("title", escape(title)), **box, fill=colour, class_="rd-value")

    def mark(self, at: float) -> str:
        """A dashed upright line."""
        dashes = {"stroke": MUTED, "stroke_width": 1, "stroke_dasharray": "3 4"}
        return element("path", d=f"M{self.x(at):.1f} {self.top:.1f} V{self.foot:.1f}", **dashes)


Box = tuple[float, float, float, float]  # left, top, width, height


def boxes(count: int, tall: bool, columns: int = 2, top: float = KEY, height: float = 180.0) -> list[Box]:
    """The places of so many plots, side by side, on a phone below each other."""
    columns = 1 if tall else columns
    cell = (TALL if tall else WIDE) / columns
    row = HEAD + height + FOOT
    return [
        (index % columns * cell + LEFT, top + index // columns * row + HEAD, cell - LEFT - RIGHT, height)
        for index in range(count)
    ]


def whole(parts: Sequence[str], placed: Sequence[Box], label: str, kind: str, tall: bool) -> str:
    """The drawing with plots in these boxes; `kind` is its class on the page."""
    bottom = max(top + height for _, top, _, height in placed) + FOOT
    return sheet(parts, bottom, label, kind, tall)


def sheet(parts: Sequence[str], height: float, label: str, kind: str, tall: bool, role: str = "img") -> str:
    """A drawing of this height, as wide as screens or phones have it, of which the style sheet shows one."""
    style = None if tall else "max-width:1400px"
    classes = f"{kind} rd-{'tall' if tall else 'wide'}"
    return document(TALL if tall else WIDE, height, label, *parts, role=role, class_=classes, style=style)
