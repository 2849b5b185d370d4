"""What a linear probe reads after each block, and the network's own classifier at the end (Alain and Bengio 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ...interpret.naming import block_title
from ..axes import Panel, boxes, key, linear, looks, percent, places, whole

if TYPE_CHECKING:
    from ...lab.probes import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """A curve for each network; a dot behind its end is the network's own classifier."""
    parts, top = key(looks(reports), tall)
    names = max((list(report.accuracy) for report in reports.values()), key=len, default=["stem"])
    titles = [say(_("stem")) if name == "stem" else block_title(name) for name in names]
    own = say(_("own"))
    (box,) = placed = boxes(1, tall, columns=1, top=top, height=230)
    panel = Panel(*box, places([*titles, own], box[2]), linear(0.0, 1.0, show=percent))
    parts += panel.frame(say(_("Right answers of a linear probe")), say(_("block; at the end the own classifier")))
    parts.append(panel.mark(len(titles) - 0.5))
    for name, look in looks(reports).items():
        for other in seeds.get(name, {}).values():
            parts += panel.faint(other.accuracy.values(), look)
        values = list(reports[name].accuracy.values())
        said = [
            say(_("{what}: {value}", what=place, value=percent(value)))
            for place, value in zip(titles, values, strict=False)
        ]
        parts += panel.curve([(float(index), value) for index, value in enumerate(values)], look, said)
        share = reports[name].own_classifier
        end = say(_("{what}: {value}", what=own, value=percent(share)))
        parts += panel.dots([(float(len(titles)), share)], look, [end])
    return whole(
        parts,
        placed,
        say(_("Right answers of a linear probe after each block, and of the network’s own classifier")),
        "rd-probes",
        tall,
    )
