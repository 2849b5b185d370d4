"""How strongly each layer responds: the standard deviation behind its batch norm (He et al. 2015, figure 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, key, known, linear, looks, magnitude, places, whole

if TYPE_CHECKING:
    from ...lab.responses import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    values = known(value for report in reports.values() for value in report.std.values())
    layers = max((len(report.std) for report in reports.values()), default=1)
    (box,) = placed = boxes(1, tall, columns=1, top=top, height=230)
    panel = Panel(*box, places([str(layer + 1) for layer in range(layers)], box[2]), linear(0.0, max([0.1, *values])))
    parts += panel.frame(say(_("Standard deviation of each layer")), say(_("layer, from the input to the output")))
    titles = {"stem": say(_("stem"))}
    for name, look in looks(reports).items():
        for other in seeds.get(name, {}).values():
            parts += panel.faint(other.std.values(), look)
        std = reports[name].std
        said = [f"{titles.get(layer, layer)}: {magnitude(value)}" for layer, value in std.items()]
        parts += panel.curve([(float(index), value) for index, value in enumerate(std.values())], look, said)
    return whole(parts, placed, say(_("Standard deviation of the responses of each layer")), "rd-responses", tall)
