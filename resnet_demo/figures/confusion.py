"""The confusion matrix: which class was taken for which.

A cell is shaded by its share of the row, the pictures that really are of this class. Right answers, on the diagonal,
have the ink's colour, mistakes one of their own. Mistakes are few, so their shade rises with the share's square root.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from torch import Tensor

from ..i18n import Language, _
from .palette import INK, LINE, MUTED, PAPER, WRONG
from .runs import shortened
from .svg import ENGLISH, document, element, text

NUMBERED = 12  # classes; with more of them, a cell has no room for its count


@dataclass(frozen=True)
class _Grid:
    labels: Sequence[str]
    left: float
    head: float
    side: float  # of a cell
    size: float  # of the letters

    @property
    def numbered(self) -> bool:
        return len(self.labels) <= NUMBERED


def draw_confusion(matrix: Tensor, labels: Sequence[str], tall: bool = False, say: Language = ENGLISH) -> str:
    """Counts [K, K], rows the true classes and columns the answers, as an SVG document; `tall` suits a phone.

    Raises ValueError where labels and matrix do not belong together.
    """
    count = len(labels)
    if tuple(matrix.shape) != (count, count):
        raise ValueError(f"{count} labels need a matrix of {count} by {count}, not {tuple(matrix.shape)}.")
    left, head, right, room, size = (92.0, 112.0, 8.0, 260.0, 14.5) if tall else (116.0, 112.0, 52.0, 560.0, 13.0)
    side = min(room / max(count, 1), 56.0)
    whole, at = count * side, _Grid(labels, left, head, side, size)
    width = 360.0 if tall else max(left + whole + right, 360.0)
    parts = [
        element("rect", x=left, y=head, width=whole, height=whole, fill=PAPER, stroke=LINE),
        text(say(_("it is …")), left - 8, head - 8, text_anchor="end", font_size=size, fill=MUTED),
        text(say(_("… and was taken for")), left, 13, font_size=size, fill=MUTED),
        *_names(at, most=9 if tall else 12, angle=-90 if tall else -55),
    ]
    for row, counts in enumerate(matrix.tolist()):
        total = sum(counts)
        # Cells of nothing are left out: of the 10,000 cells of 100 classes most are.
        parts += [_cell(at, row, column, value, total, say) for column, value in enumerate(counts) if value]
    style = None if tall else f"max-width:{1.1 * width:.0f}px"
    return document(
        width,
        head + whole + 8,
        _describe(matrix, say),
        *parts,
        class_=f"rd-confusion rd-{'tall' if tall else 'wide'}",
        style=style,
    )


def _names(at: _Grid, most: int, angle: float) -> list[str]:
    """The classes on both sides; with many of them every second, third … as there is room for letters."""
    parts, every = [], max(1, math.ceil((at.size + 1) / at.side))
    for index in range(0, len(at.labels), every):
        words, middle = shortened(at.labels[index], most), (index + 0.5) * at.side + 0.35 * at.size
        style = {"font_size": at.size, "fill": INK}
        parts.append(text(words, at.left - 8, at.head + middle, text_anchor="end", **style))
        x, y = at.left + middle, at.head - 8
        parts.append(text(words, x, y, transform=f"rotate({angle:g} {x:.1f} {y:.1f})", **style))
    return parts


def _cell(at: _Grid, row: int, column: int, value: int, total: int, say: Language) -> str:
    right, part = row == column, value / total
    shade = part if right else math.sqrt(part)
    gap = 1.0 if at.numbered else 0.0
    x, y, side = at.left + column * at.side, at.head + row * at.side, at.side
    box = {"x": x + gap, "y": y + gap, "width": side - 2 * gap, "height": side - 2 * gap}
    true, answered = at.labels[row], at.labels[column]
    share = _("{value} %", value=f"{100 * part:.1f}")
    found = {"true": true, "answer": answered, "value": value, "total": total, "share": share}
    words = say(
        _("{true}: {value:,} of {total:,} right ({share})", **found)
        if right
        else _("{true} taken for {answer}: {value:,} of {total:,} ({share})", **found)
    )
    opacity = 0.06 + 0.78 * shade
    cell = element(
        "rect",
        element("title", escape(words)),
        **box,
        fill=INK if right else WRONG,
        fill_opacity=opacity,
    )
    if not at.numbered:
        return cell
    style = {"font_size": at.size, "text_anchor": "middle", "fill": PAPER if opacity > 0.5 else INK}
    # The number lets the pointer through to the cell, whose words would else come and go under it.
    number = text(str(value), x + side / 2, y + side / 2 + 0.35 * at.size, pointer_events="none", **style)
    return cell + number


def _describe(matrix: Tensor, say: Language) -> str:
    total, right = int(matrix.sum()), int(matrix.diagonal().sum())
    return say(
        _(
            "Confusion matrix of {classes} classes: {right:,} of {total:,} pictures right.",
            classes=len(matrix),
            right=right,
            total=total,
        )
    )
