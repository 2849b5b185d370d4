"""The error while all residual branches, or all shortcuts, are turned down and up (He et al. 2016, section 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import Panel, boxes, key, linear, looks, percent, whole

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    "label": "Error by the factor on every residual branch, and on every shortcut",
    "alpha": "Error with every F(x) multiplied",
    "lambda": "Error with every shortcut multiplied",
    "alpha below": "factor α on F(x); at 1 as trained",
    "lambda below": "factor λ on the shortcut; at 1 as trained",
}


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    parts, top = key(looks(reports), tall)
    settings = [float(setting) for report in reports.values() for setting in report["alpha"]]
    across, up = linear(0.0, max([1.0, *settings]), 6), linear(0.0, 1.0, show=percent)
    placed = boxes(2, tall, top=top)
    for dial, box in zip(("alpha", "lambda"), placed, strict=True):
        panel = Panel(*box, across, up)
        parts += [*panel.frame(words[dial], words[f"{dial} below"]), panel.mark(1.0)]
        for name, look in looks(reports).items():
            points = [(float(setting), error) for setting, error in reports[name][dial].items()]
            titles = [f"{x:g}: {percent(y)}" for x, y in points]
            parts += panel.curve(points, look, titles)
    return whole(parts, placed, words["label"], "rd-dial", tall)
