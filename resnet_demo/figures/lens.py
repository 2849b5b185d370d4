"""How an answer grows: a class's probability after every block, in the network as it is and in the one that was cut."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..i18n import Language, _, _p
from ..interpret.naming import block_title
from .palette import INK, LINE, MUTED, TOTAL
from .svg import ENGLISH, document, element, text

WIDTH, PHONE = 420.0, 250.0  # of the plot of a network of few blocks, and of any on a phone
NAME = 34.0  # the width of a block's name
LEFT, TOP, BOTTOM = 46.0, 14.0, 200.0  # of the plot, which is as high as a probability of 1


def draw_lens(
    names: Sequence[str],
    before: Sequence[float],
    after: Sequence[float],
    label: str,
    say: Language = ENGLISH,
    tall: bool = False,
) -> str:
    """Two curves from the stem to the last block, an SVG document; `names` are those of the blocks.

    `before` and `after` are the probabilities of the class `label` that are read off after the stem and after each
    block. Where both are the same, one curve is drawn. The `tall` drawing is for phones.
    """
    pitch = PHONE / len(names) if tall else min(80.0, max(16.0, WIDTH / len(names)))
    right = LEFT + pitch * len(names)
    parts = [_level(value, right) for value in (0.0, 0.5, 1.0)]
    every = math.ceil(NAME / pitch)  # so that the names do not run into each other
    for index, name in enumerate([say(_("stem")), *(block_title(name) for name in names)]):
        if index % every == 0:
            parts.append(text(name, _x(index, pitch), BOTTOM + 20, text_anchor="middle", font_size=12, fill=MUTED))
    same = list(before) == list(after)
    if not same:
        parts.append(_curve(before, pitch, MUTED, dashed=True))
    parts += [_curve(after, pitch, TOTAL), *_end(before[-1], after[-1], right, same, say)]
    return document(
        right + 64,
        BOTTOM + 34,
        say(_("How probable “{label}” is after each block, read off through the remaining shortcuts", label=label)),
        *parts,
        class_=f"rd-lens rd-{'tall' if tall else 'wide'}",
    )


def _x(index: int, pitch: float) -> float:
    return LEFT + pitch * index


def _y(probability: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * probability


def _level(probability: float, right: float) -> str:
    y = _y(probability)
    return element("path", d=f"M{LEFT} {y:.1f} H{right:.1f}", stroke=LINE) + text(
        f"{probability:.0%}", LEFT - 8, y + 4, text_anchor="end", font_size=12, fill=MUTED
    )


def _curve(probabilities: Sequence[float], pitch: float, colour: str, dashed: bool = False) -> str:
    points = [f"{_x(index, pitch):.1f} {_y(value):.1f}" for index, value in enumerate(probabilities)]
    line = element(
        "path", d="M" + " L".join(points), fill="none", stroke=colour, stroke_width=2 if dashed else 3,
        stroke_linejoin="round", stroke_dasharray="5 5" if dashed else None,
    )  # fmt: skip
    dots = [
        element("circle", cx=_x(index, pitch), cy=_y(value), r=min(3.0, 0.3 * pitch), fill=colour)
        for index, value in enumerate(probabilities)
    ]
    return line + ("" if dashed else "".join(dots))


def _end(before: float, after: float, right: float, same: bool, say: Language) -> list[str]:
    """What each curve is, beside its end, and far enough from the other."""
    now = _y(after)
    words = [
        text(
            say(_p("beside a curve", "as it is") if same else _p("beside a curve", "now")),
            right + 12,
            now + 4,
            font_size=13,
            font_weight=600,
            fill=INK,
        )
    ]
    if not same:
        then = _y(before)
        if abs(then - now) < 16:
            then = now - 16 if then <= now and now - 16 > TOP - 6 else now + 16
        words.append(text(say(_p("beside a curve", "before")), right + 12, then + 4, font_size=13, fill=MUTED))
    return words
