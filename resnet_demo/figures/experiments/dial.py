"""The error while all residual branches, or all shortcuts, are turned down and up (He et al. 2016, section 3.1).

Dashed: with the statistics of batch norm measured anew at each setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, key, linear, looks, percent, whole

if TYPE_CHECKING:
    from ...lab.dial import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    settings = [float(setting) for report in reports.values() for setting in report.alpha]
    across, up = linear(0.0, max([1.0, *settings]), 6), linear(0.0, 1.0, show=percent)
    placed = boxes(2, tall, top=top)
    by_alpha = {name: (report.alpha, report.alpha_recalibrated) for name, report in reports.items()}
    dials = (
        (
            say(_("Error with every F(x) multiplied")),
            say(_("factor α on F(x); at 1 as trained")),
            by_alpha,
        ),
        (
            say(_("Error with every shortcut multiplied")),
            say(_("factor λ on the shortcut; at 1 as trained")),
            {name: (report.lambda_, report.lambda_recalibrated) for name, report in reports.items()},
        ),
    )
    for (title, below, errors), box in zip(dials, placed, strict=True):
        panel = Panel(*box, across, up)
        parts += [*panel.frame(title, below), panel.mark(1.0)]
        for name, look in looks(reports).items():
            frozen, anew = errors[name]
            points = [(float(setting), error) for setting, error in anew.items()]
            parts += panel.curve(points, replace(look, dashed=True), dots=False)
            for other in seeds.get(name, {}).values():
                points = list((other.alpha if errors is by_alpha else other.lambda_).items())
                parts += panel.faint_points([(float(setting), error) for setting, error in points], look)
            points = [(float(setting), error) for setting, error in frozen.items()]
            titles = [f"{x:g}: {percent(y)}" for x, y in points]
            parts += panel.curve(points, look, titles)
    return whole(
        parts, placed, say(_("Error by the factor on every residual branch, and on every shortcut")), "rd-dial", tall
    )
