"""What the network knows after each block, and what each block adds to the logit of the right class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import Panel, boxes, key, known, linear, looks, magnitude, percent, places, whole

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    "label": "Error read off after each block, and what each block adds to the logit of the right class",
    "error": "Error, read off after each block",
    "contribution": "Added to the logit of the right class",
    "below": "block",
    "stem": "stem",
}


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    parts, top = key(looks(reports), tall)
    names = max((list(report["error"]) for report in reports.values()), key=len, default=["stem"])
    added = known(value for report in reports.values() for value in report["contribution"].values())
    scales = {
        "error": linear(0.0, 1.0, show=percent),
        "contribution": linear(min([0.0, *added]), max([1.0, *added])),
    }
    tell = {"error": percent, "contribution": magnitude}
    placed = boxes(2, tall, top=top)
    for what, box in zip(scales, placed, strict=True):
        titles = [words["stem"] if name == "stem" else name.removeprefix("layer") for name in names]
        panel = Panel(*box, places(titles, box[2]), scales[what])
        parts += panel.frame(words[what], words["below"])
        for name, look in looks(reports).items():
            values = reports[name][what].values()
            said = [f"{title}: {tell[what](value)}" for title, value in zip(titles, values, strict=False)]
            parts += panel.curve([(float(index), value) for index, value in enumerate(values)], look, said)
    return whole(parts, placed, words["label"], "rd-lenses", tall)
