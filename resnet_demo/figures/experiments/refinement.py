"""Whether each block moves its input downhill: cosine of y - x and the negative gradient (Jastrzębski et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import finite, known, linear
from ..runs import colour_of
from ..strips import OTHER_SEEDS, Marks, Strip, draw_strips

if TYPE_CHECKING:
    from ...lab.refinement import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    rows = [
        Strip(
            name,
            report.cosine,
            colour_of(name),
            nothing=_("every block changes the shape"),
            marks=[Marks("tick", OTHER_SEEDS, other.cosine) for other in seeds.get(name, {}).values()],
            aside=_("mean {mean}", mean=cosine(report.mean)),
        )
        for name, report in reports.items()
    ]
    found = known(value for row in rows for values in row.all_values() for value in values)
    scale = linear(min([0.0, *found]), max([0.01, *found]))
    note = _("cosine; above 0 is downhill") if tall else _("cosine of y − x and −gradient; above 0 is downhill")
    label = _("Cosine of each block's displacement y − x with the negative gradient")
    return draw_strips(rows, scale, note, label, "rd-refinement", tall, cosine, say)


def cosine(value: float | None) -> str:
    return f"{value:+.3f}".replace("-", "−") if finite(value) else "–"
