"""How signals and gradients grow by block in fresh networks, beside what theory expects (De and Smith 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Look, Panel, boxes, finite, key, logarithmic, looks, magnitude, places, whole
from ..palette import INK
from ..svg import element, text

if TYPE_CHECKING:
    from ...lab.seeds import Seeds
    from ...lab.signal import Range, Report

# Above: signals; below: gradients. By the case.
HEADINGS = {
    "with batch norm": (_("Signal, batch norm"), _("Gradient, batch norm")),
    "without batch norm": (_("Signal, no batch norm"), _("Gradient, no batch norm")),
    "scale at zero": (_("Signal, scale at zero"), _("Gradient, scale at zero")),
}
DECADES = 16


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
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
            ends = []
            for name, look in looks(reports).items():
                if case in reports[name].cases:
                    found = reports[name].cases[case]
                    ranges = found.gradients if back else found.activations
                    theory = found.expected_gradients if back else found.expected_activations
                    parts += _measured(panel, ranges, look)
                    lines = _theory(panel, ranges, theory, back)
                    parts += [_dashes(line) for line in lines]
                    ends += [line[0] if back else line[-1] for line in lines[-1:]]
            if ends:
                parts.append(_label(panel, min(ends, key=lambda end: end[1]), back, say))
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


def _measured(panel: Panel, ranges: Mapping[str, Range], look: Look) -> list[str]:
    points = [(float(index), at.median) for index, at in enumerate(ranges.values())]
    said = [
        f"{name.removeprefix('layer')}: {magnitude(at.median)} ({magnitude(at.least)}–{magnitude(at.most)})"
        for name, at in ranges.items()
    ]
    return _band(panel, list(ranges.values()), look) + panel.curve(points, look, said)


def _theory(
    panel: Panel, ranges: Mapping[str, Range], theory: Mapping[str, float], back: bool
) -> list[list[tuple[float, float]]]:
    """For each stage the points of a line that begins where the measured one does, at the end where signals arrive."""
    lines = []
    for stage in _stages(list(ranges)):
        names = [list(ranges)[index] for index in stage]
        begin = names[-1] if back else names[0]
        measured, expected = ranges[begin].median, theory.get(begin)
        if finite(measured) and finite(expected) and expected > 0 and all(finite(theory.get(name)) for name in names):
            values = [measured * (theory[name] / expected) for name in names]
            lines.append([(panel.x(float(x)), panel.y(y)) for x, y in zip(stage, values, strict=True)])
    return lines


def _dashes(line: Sequence[tuple[float, float]]) -> str:
    way = " L".join(f"{x:.1f} {y:.1f}" for x, y in line)
    return element("path", d=f"M{way}", fill="none", stroke=INK, stroke_width=1.5, stroke_dasharray="4 3")


def _label(panel: Panel, end: tuple[float, float], back: bool, say: Language) -> str:
    """At the end of a line, where it stands farthest from what was measured; never in the panel's title."""
    x, y = end[0], max(end[1] - 7, panel.top + 13)
    away = 6 if y < end[1] else 22  # beside a line that climbs to the top
    place = {"x": x + away, "text_anchor": "start"} if back else {"x": x - away, "text_anchor": "end"}
    return text(say(_("theory")), y=y, font_size=12.5, font_style="italic", fill=INK, **place)


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
