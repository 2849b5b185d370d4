"""How alike the maps stay while the weights are randomised from the classifier down (Adebayo et al. 2018, figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ...lab.reading import method as method_name
from ..axes import Panel, boxes, key, known, linear, magnitude, method_looks, whole
from ..palette import MUTED
from ..runs import network_title
from ..svg import text

if TYPE_CHECKING:
    from ...lab.sanity import Report
    from ...lab.seeds import Seeds


STEPS = {"as trained": _("as trained"), "stem": _("stem")}  # others are named as they are


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """A plot for each network, in each a curve for each method, named at the right."""
    methods = list(dict.fromkeys(method for report in reports.values() for method in report.similarity))
    found = method_looks(methods)
    values = known(v for report in reports.values() for steps in report.similarity.values() for v in steps.values())
    up = linear(min([0.0, *values]), 1.0)
    parts, top = key({say(method_name(method)): look for method, look in found.items()}, tall)
    parts.append(text(say(_("rank correlation with the map as trained")), 8, top + 12, font_size=12.5, fill=MUTED))
    placed = boxes(len(reports), tall, top=top + 14, height=200)
    for (name, report), box in zip(reports.items(), placed, strict=True):
        most = max((len(steps) for steps in report.similarity.values()), default=2)
        panel = Panel(*box, linear(0.0, max(most - 1, 1), 6), up)
        parts += panel.frame(network_title(name), say(_("parts with random weights, from the classifier down")))
        for method, steps in report.similarity.items():
            title = say(method_name(method))
            said = [
                say(_("{what}, {place}: {value}", what=title, place=STEPS.get(step, step), value=magnitude(value)))
                for step, value in steps.items()
            ]
            points = [(float(index), value) for index, value in enumerate(steps.values())]
            parts += panel.curve(points, found[method], said)
    return whole(
        parts,
        placed,
        say(_("Rank correlation with the trained network’s maps, by how much of the network is random")),
        "rd-sanity",
        tall,
    )
