"""How alike the maps stay while the weights are randomised from the classifier down (Adebayo et al. 2018, figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import METHODS, Panel, boxes, key, known, linear, magnitude, method_looks, whole
from ..palette import MUTED
from ..runs import network_title
from ..svg import text

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    **METHODS,
    "as trained": "as trained",
    "stem": "stem",
    "label": "Rank correlation with the trained network’s maps, by how much of the network is random",
    "below": "parts with random weights, from the classifier down",
    "note": "rank correlation with the map as trained",
}


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    """A plot for each network, in each a curve for each method, named at the right."""
    methods = list(dict.fromkeys(method for report in reports.values() for method in report["similarity"]))
    found = method_looks(methods)
    values = known(v for report in reports.values() for steps in report["similarity"].values() for v in steps.values())
    up = linear(min([0.0, *values]), 1.0)
    parts, top = key({words.get(method, method): look for method, look in found.items()}, tall)
    parts.append(text(words["note"], 8, top + 12, font_size=12.5, fill=MUTED))
    placed = boxes(len(reports), tall, top=top + 14, height=200)
    for (name, report), box in zip(reports.items(), placed, strict=True):
        most = max((len(steps) for steps in report["similarity"].values()), default=2)
        panel = Panel(*box, linear(0.0, max(most - 1, 1), 6), up)
        parts += panel.frame(network_title(name), words["below"])
        for method, steps in report["similarity"].items():
            title = words.get(method, method)
            said = [f"{title}, {words.get(step, step)}: {magnitude(value)}" for step, value in steps.items()]
            points = [(float(index), value) for index, value in enumerate(steps.values())]
            parts += panel.curve(points, found[method], said)
    return whole(parts, placed, words["label"], "rd-sanity", tall)
