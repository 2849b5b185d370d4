"""How strongly each layer responds: the standard deviation behind its batch norm (He et al. 2015, figure 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import Panel, boxes, key, known, linear, looks, magnitude, places, whole

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    "label": "Standard deviation of the responses of each layer",
    "std": "Standard deviation of each layer",
    "below": "layer, from the input to the output",
}


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    parts, top = key(looks(reports), tall)
    values = known(value for report in reports.values() for value in report["std"].values())
    layers = max((len(report["std"]) for report in reports.values()), default=1)
    (box,) = placed = boxes(1, tall, columns=1, top=top, height=230)
    panel = Panel(*box, places([str(layer + 1) for layer in range(layers)], box[2]), linear(0.0, max([0.1, *values])))
    parts += panel.frame(words["std"], words["below"])
    for name, look in looks(reports).items():
        std = reports[name]["std"]
        said = [f"{layer}: {magnitude(value)}" for layer, value in std.items()]
        parts += panel.curve([(float(index), value) for index, value in enumerate(std.values())], look, said)
    return whole(parts, placed, words["label"], "rd-responses", tall)
