"""The gradient's norm at every block, fresh and trained, with batch norm and without (He et al. 2015, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, key, logarithmic, looks, magnitude, places, whole

if TYPE_CHECKING:
    from ...lab.gradients import Report
    from ...lab.seeds import Seeds

CASES = {
    "He's start, with batch norm": _("He’s start, batch norm"),
    "He's start, without batch norm": _("He’s start, no batch norm"),
    "trained": _("As it is, batch norm"),
    "PyTorch's start, with batch norm": _("PyTorch’s start, batch norm"),
    "PyTorch's start, without batch norm": _("PyTorch’s start, no batch norm"),
}
DECADES = 24


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    everything = [value for report in reports.values() for norms in report.norms.values() for value in norms.values()]
    up = logarithmic(everything, DECADES)
    placed = boxes(len(CASES), tall, columns=3, top=top, height=150)
    for (case, heading), box in zip(CASES.items(), placed, strict=True):
        blocks = max((list(report.norms.get(case, {})) for report in reports.values()), key=len, default=[])
        titles = [block.removeprefix("layer") for block in blocks]
        panel = Panel(*box, places(titles, box[2]), up)
        parts += panel.frame(say(heading), say(_("block")))
        for name, look in looks(reports).items():
            for other in seeds.get(name, {}).values():
                parts += panel.faint(other.norms.get(case, {}).values(), look)
            values = list(reports[name].norms.get(case, {}).values())
            said = [f"{title}: {magnitude(value)}" for title, value in zip(titles, values, strict=False)]
            parts += panel.curve([(float(index), value) for index, value in enumerate(values)], look, said)
    return whole(
        parts,
        placed,
        say(_("Norm of the gradient at each block: trained, and fresh with and without batch norm")),
        "rd-norms",
        tall,
    )
