"""The loss on a square of weights around the trained ones, as a map with contours (Li et al. 2018, figures 1 and 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from ..axes import KEY, Panel, Scale, boxes, finite, known, linear, whole
from ..palette import INK, LINE, MUTED, PAPER
from ..runs import colour_of, network_title
from ..svg import element, text

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    "label": "Loss around the trained weights, in two random directions",
    "below": "first direction, in lengths of the filters",
    "loss": "loss, each contour twice the one before",
    "place": "{a:+g}, {b:+g}: loss {loss}",
    "centre": "the network",
}
LEVELS = 16  # contours, at most

Grid = Sequence[Sequence["float | None"]]


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    """A map for each network; all have the same tones and contours for the same loss."""
    values = [value for report in reports.values() for row in report["losses"] for value in known(row) if value > 0]
    low, high = (math.log2(edge(values or [1.0])) for edge in (min, max))
    parts, top = _ramp(low, high, words), KEY + 8
    placed = boxes(len(reports), tall, top=top, height=250 if tall else 300)
    for (name, report), box in zip(reports.items(), placed, strict=True):
        at = [float(value) for value in report["coordinates"]]
        half = (at[1] - at[0]) / 2 if len(at) > 1 else 0.5
        panel = Panel(*box, *2 * (_square(at[0] - half, at[-1] + half),))
        parts += _tiles(panel, at, half, report["losses"], low, high, words)
        parts += _contours(panel, at, report["losses"], low, high)
        parts += [
            element("circle", cx=panel.x(0.0), cy=panel.y(0.0), r=4.5, fill=PAPER, stroke=INK, stroke_width=2),
            text(words["centre"], panel.x(0.0) + 9, panel.y(0.0) + 4, font_size=12, fill=INK, paint_order="stroke",
                 stroke=PAPER, stroke_width=3),
        ]  # fmt: skip
        parts += _frame(panel, network_title(name), colour_of(name), words["below"])
    return whole(parts, placed, words["label"], "rd-landscape", tall)


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


def _tone(loss: float | None, low: float, high: float) -> float:
    """0 for the lowest loss of all maps, 1 for the highest, in equal steps for equal ratios."""
    if not finite(loss):
        return 1.0
    return min(max((math.log2(max(loss, 2.0**low)) - low) / ((high - low) or 1.0), 0.0), 1.0)


def _tiles(
    panel: Panel, at: Sequence[float], half: float, losses: Grid, low: float, high: float, words: Mapping[str, str]
) -> list[str]:
    """A tile for each measured place; the higher the loss, the darker (on a dark page, the lighter)."""
    parts = []
    for b, row in zip(at, losses, strict=True):
        for a, loss in zip(at, row, strict=True):
            left, right = panel.x(a - half), panel.x(a + half)
            upper, lower = panel.y(b + half), panel.y(b - half)
            told = words["place"].format(a=a, b=b, loss=f"{loss:.3g}" if finite(loss) else "–")
            box = {"x": left, "y": upper, "width": right - left, "height": lower - upper}
            tone = {"fill": INK, "opacity": 0.04 + 0.56 * _tone(loss, low, high), "shape_rendering": "crispEdges"}
            parts.append(element("rect", element("title", escape(told)), **box, **tone, class_="rd-value"))
    return parts


def _contours(panel: Panel, at: Sequence[float], losses: Grid, low: float, high: float) -> list[str]:
    """Lines along which the loss is a power of two, by marching squares."""
    parts = []
    first, last = math.floor(low) + 1, math.ceil(high) - 1
    for power in range(max(first, last - LEVELS), last + 1):
        pieces = [
            f"M{panel.x(xa):.1f} {panel.y(ya):.1f} L{panel.x(xb):.1f} {panel.y(yb):.1f}"
            for (xa, ya), (xb, yb) in _crossings(at, losses, power)
        ]
        if pieces:
            parts.append(element("path", d=" ".join(pieces), fill="none", stroke=PAPER, stroke_width=1.5))
    return parts


def _crossings(at: Sequence[float], losses: Grid, power: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The pieces of one contour: in each square of four places, from edge to edge."""
    found = []
    for j in range(len(at) - 1):
        for i in range(len(at) - 1):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            heights = [losses[row][column] for column, row in corners]
            if not all(finite(height) and height > 0 for height in heights):
                continue
            levels = [math.log2(height) - power for height in heights if height]
            cuts = []
            for k in range(4):
                here, there = levels[k], levels[(k + 1) % 4]
                if (here < 0) != (there < 0):
                    part = here / (here - there)
                    (ia, ja), (ib, jb) = corners[k], corners[(k + 1) % 4]
                    cuts.append((at[ia] + part * (at[ib] - at[ia]), at[ja] + part * (at[jb] - at[ja])))
            found += [(cuts[k], cuts[k + 1]) for k in range(0, len(cuts) - 1, 2)]
    return found


def _ramp(low: float, high: float, words: Mapping[str, str]) -> list[str]:
    """The key: tones from the lowest loss to the highest."""
    parts = [
        element("rect", x=64 + 12 * step, y=6, width=12, height=12, fill=INK, opacity=0.04 + 0.56 * step / 9)
        for step in range(10)
    ]
    ends = ((58, "end", 2.0**low), (190, "start", 2.0**high))
    parts += [text(f"{value:.2g}", x, 16, text_anchor=anchor, font_size=12, fill=INK) for x, anchor, value in ends]
    parts.append(element("rect", x=64, y=6, width=120, height=12, fill="none", stroke=LINE))
    return [*parts, text(words["loss"], 8, 33, font_size=12, fill=MUTED)]
