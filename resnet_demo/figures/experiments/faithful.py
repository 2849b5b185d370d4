"""The class's probability while pixels are taken away, or given back, in the order of a map (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ...lab.reading import method as method_name
from ..axes import Look, Panel, boxes, key, linear, method_looks, percent, whole
from ..palette import MUTED
from ..runs import network_title

if TYPE_CHECKING:
    from ...lab.faithful import Report
    from ...lab.seeds import Seeds

RANDOM = "random"


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """Two plots for each network, in each a curve for each method; random maps are grey."""
    kinds = ("deletion", "insertion")
    curves = [report.curves[kind] for report in reports.values() for kind in kinds]
    methods = list(dict.fromkeys(method for found in curves for method in found if method != RANDOM))
    found = {**method_looks(methods), RANDOM: Look(MUTED, hollow=False, dashed=True)}
    parts, top = key({say(method_name(method)): look for method, look in found.items()}, tall)
    scale = linear(0.0, 1.0, show=percent)
    placed = boxes(2 * len(reports), tall, top=top, height=160)
    plots = [(name, report, kind) for name, report in reports.items() for kind in kinds]
    for (name, report, kind), box in zip(plots, placed, strict=True):
        panel, network = Panel(*box, scale, scale), network_title(name)
        heading = say(
            _("{network}: deleted", network=network)
            if kind == "deletion"
            else _("{network}: inserted", network=network)
        )
        parts += panel.frame(heading, say(_("share of the pixels, the most important first")))
        for method, values in report.curves[kind].items():
            steps = max(len(values) - 1, 1)
            title = say(method_name(method))
            said = [
                say(_("{what}, {place}: {value}", what=title, place=percent(step / steps), value=percent(value)))
                for step, value in enumerate(values)
            ]
            points = [(step / steps, value) for step, value in enumerate(values)]
            parts += panel.curve(points, found[method], said, dots=method != RANDOM)
    return whole(
        parts,
        placed,
        say(_("Probability of the class while pixels are deleted or inserted in the order of a map")),
        "rd-faithful",
        tall,
    )
