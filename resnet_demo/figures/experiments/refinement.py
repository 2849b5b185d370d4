"""Whether each block's F(h) points downhill: its cosine with the negative gradient (Jastrzębski et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import finite, known, linear
from ..runs import colour_of
from ..strips import WORDS as STRIPS
from ..strips import Strip, draw_strips

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    **STRIPS,
    "label": "Cosine of each block's F(h) with the negative gradient",
    "note": "cosine of F(h) and −gradient; above 0 is downhill",
    "note tall": "cosine; above 0 is downhill",
    "mean": "mean {mean}",
    "no block": "every block changes the shape",
}


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    rows = [
        Strip(
            name,
            report["cosine"],
            colour_of(name),
            nothing=words["no block"],
            aside=words["mean"].format(mean=cosine(report["mean"])),
        )
        for name, report in reports.items()
    ]
    found = known(value for row in rows for value in row.values.values())
    scale = linear(min([0.0, *found]), max([0.01, *found]))
    note = words["note tall" if tall else "note"]
    return draw_strips(rows, scale, note, words["label"], "rd-refinement", tall, cosine, words)


def cosine(value: float | None) -> str:
    return f"{value:+.3f}".replace("-", "−") if finite(value) else "–"
