"""The class's probability while pixels are taken away, or given back, in the order of a map (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import METHODS, Look, Panel, boxes, key, linear, method_looks, percent, whole
from ..palette import MUTED
from ..runs import network_title

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    **METHODS,
    "label": "Probability of the class while pixels are deleted or inserted in the order of a map",
    "deletion": "{network}: deleted",
    "insertion": "{network}: inserted",
    "below": "share of the pixels, the most important first",
}
RANDOM = "random"


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    """Two plots for each network, in each a curve for each method; random maps are grey."""
    kinds = ("deletion", "insertion")
    curves = [report["curves"][kind] for report in reports.values() for kind in kinds]
    methods = list(dict.fromkeys(method for found in curves for method in found if method != RANDOM))
    found = {**method_looks(methods), RANDOM: Look(MUTED, hollow=False, dashed=True)}
    parts, top = key({words.get(method, method): look for method, look in found.items()}, tall)
    scale = linear(0.0, 1.0, show=percent)
    placed = boxes(2 * len(reports), tall, top=top, height=160)
    plots = [(name, report, kind) for name, report in reports.items() for kind in kinds]
    for (name, report, kind), box in zip(plots, placed, strict=True):
        panel = Panel(*box, scale, scale)
        parts += panel.frame(words[kind].format(network=network_title(name)), words["below"])
        for method, values in report["curves"][kind].items():
            steps = max(len(values) - 1, 1)
            title = words.get(method, method)
            said = [f"{title}, {percent(step / steps)}: {percent(value)}" for step, value in enumerate(values)]
            points = [(step / steps, value) for step, value in enumerate(values)]
            parts += panel.curve(points, found[method], said, dots=method != RANDOM)
    return whole(parts, placed, words["label"], "rd-faithful", tall)
