"""Heights measured on a square grid as the top of a solid block, seen from above at an angle by somebody far away.

The projection is parallel: what is equally high stands equally far above its place on the floor, near and far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..i18n import Language, _
from .axes import Scale
from .contours import Grid, Square, squares
from .palette import INK, LINE, MUTED, PAPER, tone
from .svg import ENGLISH, element, text

TURN, TILT = math.radians(30), math.radians(53)  # around the vertical, and how steeply one looks down
RISE = 0.4  # the block's height on the page, in widths
SPAN = 2 * (math.cos(TURN) + math.sin(TURN))  # the floor's width on the page, where its sides are 2
RATIO = math.sin(TILT) + RISE  # the drawing's height, in widths

Point = tuple[float, float, float]  # along the first direction, along the second, up


@dataclass(frozen=True)
class View:
    """Where the block lies on the page: its floor goes from -reach to reach both ways, heights go from 0 to 1."""

    left: float
    top: float
    width: float
    reach: float

    def near(self, a: float, b: float) -> float:
        """How near to the reader a place is: the second direction leads away, the first to the right and nearer."""
        return a * math.sin(TURN) - b * math.cos(TURN)

    def point(self, a: float, b: float, height: float) -> tuple[float, float]:
        """x and y on the page."""
        unit = self.width / (SPAN * self.reach)
        across, down = a * math.cos(TURN) + b * math.sin(TURN), self.near(a, b) * math.sin(TILT)
        middle = self.top + self.width * (RISE + math.sin(TILT) / 2)  # of the floor
        return self.left + self.width / 2 + unit * across, middle + unit * down - height * RISE * self.width

    def line(self, *points: Point) -> str:
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in (self.point(*point) for point in points))


def draw_surface(
    view: View, at: Sequence[float], heights: Grid, up: Scale, levels: Sequence[float], say: Language = ENGLISH
) -> list[str]:
    """Losses as a block, the higher the darker, with contours at these levels; its vertical axis has `up`'s numbers.

    What is far is painted first, so that what is near covers it. Where a height is not known there is a hole.
    """
    there = sorted(squares(at, heights), key=lambda square: view.near(*square.middle))
    tiles = [part for square in there for part in _tile(view, square, levels)]
    mesh = element("g", *tiles, stroke=INK, stroke_opacity=0.35, stroke_width=0.6, stroke_linejoin="round")
    left = [(a, at[0], row[0]) for a, row in zip(at, heights, strict=True)]
    right = [(at[-1], b, height) for b, height in zip(at, heights[-1], strict=True)]
    return [*_walls(view, up), mesh, *_side(view, left, 0.05), *_side(view, right, 0.09), *_edges(view, up, say)]


def _tile(view: View, square: Square, levels: Sequence[float]) -> list[str]:
    """A quad, and the pieces of contours on it."""
    outline = view.line(*((a, b, height) for (a, b), height in zip(square.corners, square.heights, strict=True))) + " Z"
    # Tones are ink that lets the paper through. A sheet of paper keeps what is behind from shining through, too.
    sheet = element("path", d=outline, fill=PAPER, stroke="none")
    parts = [sheet, element("path", d=outline, fill=INK, fill_opacity=tone(sum(square.heights) / 4), class_="rd-tile")]
    lines = [view.line((*one, level), (*other, level)) for level in levels for one, other in square.contour(level)]
    if lines:
        parts.append(element("path", d=" ".join(lines), fill="none", stroke=PAPER, stroke_opacity=1, stroke_width=1.5))
    return parts


def _side(view: View, edge: Sequence[tuple[float, float, float | None]], shade: float) -> list[str]:
    """A side of the block that the reader sees, from its edge down to the floor."""
    parts = []
    for known, run in groupby(edge, key=lambda point: point[2] is not None):
        top = [(a, b, height) for a, b, height in run if height is not None]
        if known and len(top) > 1:
            outline = view.line(*top, *((a, b, 0.0) for a, b, _ in reversed(top))) + " Z"
            parts.append(element("path", d=outline, fill=PAPER))
            parts.append(element("path", d=outline, fill=INK, fill_opacity=shade))
    return parts


def _walls(view: View, up: Scale) -> list[str]:
    """The floor, and behind the block two walls with lines that its height is read against."""
    end = view.reach
    lines = [view.line((-end, -end, 0), (end, -end, 0), (end, end, 0), (-end, end, 0)) + " Z"]
    lines += [view.line((a, b, 0), (a, b, 1)) for a, b in ((-end, -end), (-end, end), (end, end))]
    lines += [
        view.line(*((a, b, height) for a, b in ((-end, -end), (-end, end), (end, end))))
        for height in map(up.part, up.lines)
    ]
    return [element("path", d=" ".join(lines), fill="none", stroke=LINE)]


def _edges(view: View, up: Scale, say: Language) -> list[str]:
    """What is written: at the left a few losses, below the two directions and how far they lead."""
    end = view.reach
    low, high = f"{-end:g}", f"{end:g}"
    written = [
        (say(_("loss")), (-end, -end, 1), -7, -8, "end"),
        *((said, (-end, -end, up.part(value)), -7, 4.5, "end") for value, said in up.lines.items()),
        (low, (-end, -end, 0), -2, 19, "end"),
        (say(_("first direction")), (0, -end, 0), -8, 16, "end"),
        (high, (end, -end, 0), -8, 14, "end"),
        (low, (end, -end, 0), 8, 14, "start"),
        (say(_("second direction")), (end, -0.7 * end, 0), 8, 17, "start"),
        (high, (end, end, 0), 2, 17, "start"),
    ]
    parts = []
    for said, place, right, down, anchor in written:
        x, y = view.point(*place)
        parts.append(text(said, x + right, y + down, text_anchor=anchor, font_size=12, fill=MUTED))
    return parts
