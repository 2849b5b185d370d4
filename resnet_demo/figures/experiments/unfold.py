"""A residual network beside the plain one that computes the same: parameters, wrong answers, difference of logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Look, Panel, Scale, boxes, finite, key, known, linear, logarithmic, magnitude, percent, places, whole
from ..palette import PLAIN, RESNET
from ..runs import network_title

if TYPE_CHECKING:
    from ...lab.seeds import Seeds
    from ...lab.unfold import Report

DECADES = 10  # of the difference: from one that shows down to rounding


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """For each network two bars, with shortcuts and without; and one of how far their logits are apart."""
    colours = {say(_("with shortcuts")): RESNET, say(_("without shortcuts")): PLAIN}
    parts, top = key({name: Look(colour, colour == PLAIN, False) for name, colour in colours.items()}, tall)
    names = [network_title(name) for name in reports]
    sizes = [(report.parameters / 1000, report.parameters_unfolded / 1000) for report in reports.values()]
    wrong = [(report.error, report.error_unfolded) for report in reports.values()]
    apart = [(report.max_logit_difference,) for report in reports.values()]
    most = max((max(pair) for pair in sizes), default=1.0)
    plots: tuple[tuple[str, Scale, Sequence[tuple[float, ...]], Callable[[float], str]], ...] = (
        (say(_("Parameters, in thousands")), linear(0.0, most), sizes, "{:,.0f} k".format),
        (say(_("Wrong answers")), linear(0.0, max([0.1, *known(sum(wrong, ()))]), show=percent), wrong, percent),
        (
            say(_("Largest difference of a logit")),
            logarithmic([1e-6, 1.0, *(difference for (difference,) in apart)], DECADES),
            apart,
            magnitude,
        ),
    )
    placed = boxes(3, tall, columns=3, top=top)
    for (title, up, values, tell), box in zip(plots, placed, strict=True):
        panel = Panel(*box, places(names, box[2]), up)
        parts += panel.frame(title)
        width = 0.3 * box[2] / max(len(names), 1)
        for index, found in enumerate(values):
            for place, (value, (what, colour)) in enumerate(zip(found, colours.items(), strict=False)):
                single = len(found) == 1
                if not finite(value):
                    continue
                told = tell(value) if single else say(_("{what}: {value}", what=what, value=tell(value)))
                shift = 0.0 if single else (place - 0.5) * width * 1.1
                parts.append(panel.bar(float(index), value, width, colour, told, shift))
    return whole(
        parts,
        placed,
        say(_("Networks with shortcuts, and without: parameters, wrong answers, and how far their logits are apart")),
        "rd-unfold",
        tall,
    )
