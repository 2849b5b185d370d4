"""The loss on a square of weights around the trained ones, as a map with contours and as a surface.

Li et al. 2018, figures 5 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import KEY, LEFT, RIGHT, TALL, WIDE, Panel, Scale, boxes, finite, known, linear, magnitude, whole
from ..contours import Grid, squares
from ..palette import INK, LINE, MUTED, PAPER, tone
from ..runs import colour_of, network_title
from ..surface import RATIO, View, draw_surface
from ..svg import element, text

if TYPE_CHECKING:
    from ...lab.landscape import Report
    from ...lab.seeds import Seeds

LEVELS = 16  # contours, at most: those of the highest losses
BETWEEN = 94.0  # from a map to the surface below it


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """For each network a map and a surface; all have the same tones, contours and heights for the same loss."""
    values = [value for report in reports.values() for row in report.losses for value in known(row) if value > 0]
    low, high = (math.log2(edge(values or [1.0])) for edge in (min, max))
    up, levels = _up(low, high), _levels(low, high)
    plan, width = 250.0 if tall else 300.0, (TALL if tall else WIDE / 2) - LEFT - RIGHT
    placed = boxes(len(reports), tall, top=KEY + 8, height=plan + BETWEEN + RATIO * width)
    parts = _ramp(low, high, say)
    for (name, report), (left, top, *_size) in zip(reports.items(), placed, strict=True):
        at, losses = [float(value) for value in report.coordinates], report.losses
        half = (at[1] - at[0]) / 2 if len(at) > 1 else 0.5
        panel = Panel(left, top, width, plan, *2 * (_square(at[0] - half, at[-1] + half),))
        heights = [[_height(loss, up) for loss in row] for row in losses]
        parts += _tiles(panel, at, half, losses, heights, say)
        parts += _contours(panel, at, heights, levels)
        parts += _mark(panel.x(0.0), panel.y(0.0), say)
        parts += _frame(
            panel, network_title(name), colour_of(name), say(_("first direction, in lengths of the filters"))
        )
        view = View(left, panel.foot + BETWEEN, width, at[-1] or 1.0)
        parts.append(
            text(
                say(_("As a surface: log₂ of the loss, one scale for all")),
                left - LEFT + 8,
                view.top - 28,
                font_size=12.5,
                fill=MUTED,
            )
        )
        parts += draw_surface(view, at, heights, up, levels, say)
        middle = heights[len(at) // 2][len(at) // 2]
        if middle is not None:
            parts += _mark(*view.point(0.0, 0.0, middle), say)
    return whole(
        parts,
        placed,
        say(_("Loss around the trained weights, in two random directions, as a map and as a surface")),
        "rd-landscape",
        tall,
    )


def _up(low: float, high: float) -> Scale:
    """Tone and height of a loss: from 2^low to 2^high, in equal steps for equal ratios; up to five lines."""
    first, last = math.ceil(low), math.floor(high)
    every = max(1, -(-(last - first) // 4))
    return Scale(
        lambda loss: min(max((math.log2(max(loss, 2.0**low)) - low) / ((high - low) or 1.0), 0.0), 1.0),
        {2.0**power: f"{2.0**power:g}" for power in range(first, last + 1) if power % every == 0},
    )


def _levels(low: float, high: float) -> list[float]:
    """The heights of the contours, at the powers of two."""
    first, last = math.floor(low) + 1, math.ceil(high) - 1
    return [(power - low) / (high - low) for power in range(max(first, last - LEVELS), last + 1)]


def _height(loss: float | None, up: Scale) -> float | None:
    """0 to 1; a loss beyond all numbers is as high as the highest, one that is not known has no height."""
    return None if loss is None or math.isnan(loss) else up.part(loss)


def _mark(x: float, y: float, say: Language) -> list[str]:
    """The network itself, in the middle."""
    halo = {"paint_order": "stroke", "stroke": PAPER, "stroke_width": 3}
    return [
        element("circle", cx=x, cy=y, r=4.5, fill=PAPER, stroke=INK, stroke_width=2),
        text(say(_("the network")), x + 9, y + 4, font_size=12, fill=INK, **halo),
    ]


def _square(low: float, high: float) -> Scale:
    """Both axes: as far as the tiles reach, numbers at whole and half lengths."""
    return Scale(
        lambda value: (value - low) / (high - low),
        {value: f"{value:g}" for value in linear(low, high, 5).lines if low <= value <= high},
    )


def _frame(panel: Panel, title: str, colour: str, below: str) -> list[str]:
    parts = [text(title, panel.left, panel.top - 14, font_size=15, font_weight=650, fill=colour, class_="rd-runner")]
    for value, words in panel.across.lines.items():
        x, y = panel.x(value), panel.y(value)
        parts.append(text(words, x, panel.foot + 17, text_anchor="middle", font_size=12, fill=MUTED))
        parts.append(text(words, panel.left - 7, y + 4.5, text_anchor="end", font_size=12, fill=MUTED))
    end = panel.left + panel.width
    return [*parts, text(below, end, panel.foot + 35, text_anchor="end", font_size=12.5, fill=MUTED)]


def _tiles(panel: Panel, at: Sequence[float], half: float, losses: Grid, heights: Grid, say: Language) -> list[str]:
    """A tile for each measured place: the higher the loss, the darker, on a dark page the lighter; empty if unknown."""
    parts = []
    for a, row, high in zip(at, losses, heights, strict=True):
        for b, loss, height in zip(at, row, high, strict=True):
            # Rounded as they are written, or hair lines of paper would show between tiles.
            left, right = round(panel.x(a - half), 1), round(panel.x(a + half), 1)
            upper, lower = round(panel.y(b + half), 1), round(panel.y(b - half), 1)
            told = say(
                _("{a}, {b}: loss {loss}", a=f"{a:+g}", b=f"{b:+g}", loss=magnitude(loss) if finite(loss) else "–")
            )
            box = {"x": left, "y": upper, "width": right - left, "height": lower - upper}
            if height is None:
                style = {"fill": PAPER, "stroke": MUTED, "stroke_dasharray": "2 2"}
            else:
                style = {"fill": INK, "opacity": tone(height), "shape_rendering": "crispEdges"}
            parts.append(element("rect", element("title", escape(told)), **box, **style, class_="rd-value"))
    return parts


def _contours(panel: Panel, at: Sequence[float], heights: Grid, levels: Sequence[float]) -> list[str]:
    """Lines along which the loss is a power of two."""
    parts = []
    for level in levels:
        pieces = [
            f"M{panel.x(a):.1f} {panel.y(b):.1f} L{panel.x(c):.1f} {panel.y(d):.1f}"
            for square in squares(at, heights)
            for (a, b), (c, d) in square.contour(level)
        ]
        if pieces:
            parts.append(element("path", d=" ".join(pieces), fill="none", stroke=PAPER, stroke_width=1.5))
    return parts


def _ramp(low: float, high: float, say: Language) -> list[str]:
    """The key: tones from the lowest loss to the highest."""
    parts = [
        element("rect", x=64 + 12 * step, y=6, width=12, height=12, fill=INK, opacity=tone(step / 9))
        for step in range(10)
    ]
    ends = ((58, "end", 2.0**low), (190, "start", 2.0**high))
    parts += [text(magnitude(value), x, 16, text_anchor=anchor, font_size=12, fill=INK) for x, anchor, value in ends]
    parts.append(element("rect", x=64, y=6, width=120, height=12, fill="none", stroke=LINE))
    return [*parts, text(say(_("loss, each contour twice the one before")), 8, 33, font_size=12, fill=MUTED)]
