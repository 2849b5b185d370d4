"""How signals and gradients grow by block in fresh networks, beside what theory expects (De and Smith 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Look, Panel, boxes, finite, key, logarithmic, looks, magnitude, places, whole
from ..palette import INK
from ..svg import element

if TYPE_CHECKING:
    from ...lab.signal import Range, Report

# Above: signals; below: gradients. By the case.
HEADINGS = {
    "with batch norm": (_("Signal, batch norm"), _("Gradient, batch norm")),
    "without batch norm": (_("Signal, no batch norm"), _("Gradient, no batch norm")),
    "scale at zero": (_("Signal, scale at zero"), _("Gradient, scale at zero")),
}
DECADES = 16


def draw(reports: Mapping[str, Report], say: Language, tall: bool) -> str:
    """A curve with a band for each network, its dashed line from theory; one scale for signals, one for gradients."""
    parts, top = key(looks(reports), tall)
    placed = boxes(2 * len(HEADINGS), tall, columns=len(HEADINGS), top=top, height=170)
    for row, back in enumerate((False, True)):
        scale = logarithmic([value for curve in _curves(reports, back) for value in curve], DECADES)
        for column, (case, headings) in enumerate(HEADINGS.items()):
            box = placed[row * len(HEADINGS) + column]
            names = max(
                (list(report.cases[case].activations) for report in reports.values() if case in report.cases),
                key=len,
                default=[],
            )
            titles = [name.removeprefix("layer") for name in names]
            panel = Panel(*box, places(titles, box[2]), scale)
            parts += panel.frame(say(headings[row]), say(_("block")))
            for name, look in looks(reports).items():
                if case in reports[name].cases:
                    found = reports[name].cases[case]
                    ranges = found.gradients if back else found.activations
                    theory = found.expected_gradients if back else found.expected_activations
                    parts += _network(panel, ranges, theory, look, back)
    return whole(
        parts,
        placed,
        say(
            _(
                "Mean square of each block’s sum, and norm of the gradient there, in fresh networks: with batch norm, "
                "without it, and with the residual scale at zero"
            )
        ),
        "rd-signal",
        tall,
    )


def _curves(reports: Mapping[str, Report], back: bool) -> list[list[float | None]]:
    return [
        [value for at in (case.gradients if back else case.activations).values() for value in (at.least, at.most)]
        for report in reports.values()
        for case in report.cases.values()
    ]


def _network(
    panel: Panel, ranges: Mapping[str, Range], theory: Mapping[str, float], look: Look, back: bool
) -> list[str]:
    parts = _band(panel, list(ranges.values()), look)
    points = [(float(index), at.median) for index, at in enumerate(ranges.values())]
    said = [
        f"{name.removeprefix('layer')}: {magnitude(at.median)} ({magnitude(at.least)}–{magnitude(at.most)})"
        for name, at in ranges.items()
    ]
    parts += panel.curve(points, look, said)
    for stage in _stages(list(ranges)):
        names = [list(ranges)[index] for index in stage]
        begin = names[-1] if back else names[0]  # where theory is made to agree
        measured, expected = ranges[begin].median, theory.get(begin)
        if not (finite(measured) and finite(expected) and expected > 0):
            continue
        line = [
            (panel.x(float(index)), panel.y(measured * (theory[name] / expected)))
            for index, name in zip(stage, names, strict=True)
            if finite(theory.get(name))
        ]
        way = " L".join(f"{x:.1f} {y:.1f}" for x, y in line)
        dashes = {"stroke": INK, "stroke_width": 1.5, "stroke_dasharray": "4 3"}
        parts.append(element("path", d=f"M{way}", fill="none", **dashes))
    return parts


def _stages(names: Sequence[str]) -> list[list[int]]:
    """The places of the blocks of each stage."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        found.setdefault(name.partition(".")[0], []).append(index)
    return list(found.values())


def _band(panel: Panel, ranges: Sequence[Range], look: Look) -> list[str]:
    """From the least to the most of the seeds."""
    known = [
        (panel.x(float(index)), panel.y(at.least), panel.y(at.most))
        for index, at in enumerate(ranges)
        if finite(at.least) and finite(at.most)
    ]
    if not known:
        return []
    outline = [(x, high) for x, _low, high in known] + [(x, low) for x, low, _high in reversed(known)]
    way = " L".join(f"{x:.1f} {y:.1f}" for x, y in outline)
    return [element("path", d=f"M{way} Z", fill=look.colour, opacity=0.2)]
