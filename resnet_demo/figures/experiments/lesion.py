"""By how much the error grows when a block is deleted: a bar for each block (Veit et al. 2016, figure 3).

A bar is a button: it leads to the network with that block cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, Message, _
from ..axes import finite, known, linear
from ..runs import colour_of
from ..strips import OTHER_SEEDS, Kind, Marks, Strip, draw_strips

if TYPE_CHECKING:
    from ...lab.lesion import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    rows = [
        Strip(
            name,
            report.added,
            colour_of(name),
            halving=report.halving,
            nothing=_("nothing yet"),
            links={block: {"data_cut": f"{name} {block}"} for block in report.added},
            marks=[*_controls(report), *_others(seeds.get(name, {}))],
            aside=_medians(report, tall),
        )
        for name, report in reports.items()
    ]
    found = known(value for row in rows for values in row.all_values() for value in values)
    most, least = max([0.1, *found]), min([0.0, *found])
    least = least if least < -0.1 * most else 0.0  # a few pictures more that are right: not worth half of the scale
    scale = linear(least, most, most=3, show=lambda value: f"{100 * value:g}")
    note = _("error added, in points") if tall else _("error added without the block, in points")
    label = _("Points of error added by deleting each block")
    return draw_strips(rows, scale, note, label, "rd-lesion", tall, points, say)


def _controls(report: Report) -> list[Marks]:
    """What the error is that is added, by block, with something else in the hole."""
    whole = report.controls_error
    if whole is None:
        return []
    controls: tuple[tuple[Kind, Message, Mapping[str, float]], ...] = (
        ("ring", _("batch-norm statistics measured anew"), report.recalibrated),
        ("cross", _("linear map in the hole"), report.linear),
    )
    return [
        Marks(kind, name, {block: error - whole for block, error in errors.items()})
        for kind, name, errors in controls
        if errors
    ]


def _others(seeds: Mapping[str, Report]) -> list[Marks]:
    return [Marks("tick", OTHER_SEEDS, other.added) for other in seeds.values()]


def _medians(report: Report, tall: bool) -> Message:
    """Of the error that is added: with the identity in the hole, and with what the controls put there."""
    if tall or report.median_recalibrated is None or report.median_linear is None:
        return _("median {median}", median=points(report.median_added))
    return _(
        "median {median}; statistics anew {recalibrated}; linear map {linear}",
        median=points(report.median_added),
        recalibrated=points(report.median_recalibrated),
        linear=points(report.median_linear),
    )


def points(value: float | None) -> str:
    """0.014 -> +1.4: points of error."""
    return f"{100 * value:+.1f}" if finite(value) else "–"
