"""What the network knows after each block, and what each block adds to the logit of the right class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ...interpret.naming import block_title
from ..axes import Panel, boxes, key, known, linear, looks, magnitude, percent, places, whole

if TYPE_CHECKING:
    from ...lab.lens import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    names = max((list(report.error) for report in reports.values()), key=len, default=["stem"])
    added = known(value for report in reports.values() for value in report.contribution.values())
    errors = {name: report.error for name, report in reports.items()}
    plots = (
        (
            say(_("Error, read off after each block")),
            linear(0.0, 1.0, show=percent),
            percent,
            errors,
        ),
        (
            say(_("Added to the logit of the right class")),
            linear(min([0.0, *added]), max([1.0, *added])),
            magnitude,
            {name: report.contribution for name, report in reports.items()},
        ),
    )
    placed = boxes(2, tall, top=top)
    for (title, up, tell, found), box in zip(plots, placed, strict=True):
        titles = [say(_("stem")) if name == "stem" else block_title(name) for name in names]
        panel = Panel(*box, places(titles, box[2]), up)
        parts += panel.frame(title, say(_("block")))
        for name, look in looks(reports).items():
            for other in seeds.get(name, {}).values():
                parts += panel.faint((other.error if found is errors else other.contribution).values(), look)
            values = found[name].values()
            said = [
                say(_("{what}: {value}", what=place, value=tell(value)))
                for place, value in zip(titles, values, strict=False)
            ]
            parts += panel.curve([(float(index), value) for index, value in enumerate(values)], look, said)
    return whole(
        parts,
        placed,
        say(_("Error read off after each block, and what each block adds to the logit of the right class")),
        "rd-lenses",
        tall,
    )
