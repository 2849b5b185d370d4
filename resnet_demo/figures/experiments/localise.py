"""Whether maps point at the object: both scores with their 95 % intervals, by method (pointing game, energy)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ...lab.reading import method as method_name
from ..axes import LEFT, Box, Look, Panel, boxes, finite, key, linear, looks, percent, whole
from ..palette import INK, MUTED
from ..runs import network_title, shortened
from ..svg import element, text

if TYPE_CHECKING:
    from ...lab.bootstrap import Estimate
    from ...lab.localise import Report
    from ...lab.seeds import Seeds

NAMES = 150.0  # room for the methods' names at the left
ROW = 34.0


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """A row for each method, in it a bar for each network; the thin line is the interval."""
    parts, top = key(looks(reports), tall)
    methods = list(dict.fromkeys(method for report in reports.values() for method in report.pointing))
    placed = boxes(2, tall, top=top, height=ROW * max(len(methods), 1))
    scores = (
        (say(_("Highest place is on the object")), {name: report.pointing for name, report in reports.items()}),
        (say(_("Share of the map on the object")), {name: report.energy for name, report in reports.items()}),
    )
    for (heading, score), (left, upper, width, height) in zip(scores, placed, strict=True):
        box: Box = (left + NAMES - LEFT, upper, width - NAMES + LEFT, height)
        panel = Panel(*box, linear(0.0, 1.0, show=percent), linear(0.0, 1.0))
        parts += _frame(panel, heading, say(_("dashed: the object’s area")))
        for row, method in enumerate(methods):
            middle = upper + ROW * (row + 0.5)
            title = say(method_name(method))
            style = {"text_anchor": "end", "font_size": 12.5, "fill": INK}
            parts.append(text(shortened(title, 20), panel.left - 8, middle + 4, **style))
            for index, (name, look) in enumerate(looks(reports).items()):
                if method in score[name]:
                    whose = say(_("{what}, {place}", what=network_title(name), place=title))
                    parts += _bar(panel, middle, index, len(reports), score[name][method], whose, look, say)
        for name, look in looks(reports).items():
            area = reports[name].area
            if finite(area):
                style = {"stroke": look.colour, "stroke_width": 1.5, "stroke_dasharray": "4 4"}
                parts.append(element("path", d=f"M{panel.x(area):.1f} {panel.top} V{panel.foot:.1f}", **style))
    return whole(
        parts,
        placed,
        say(_("How often maps point at the object, and how much of them lies on it, by method")),
        "rd-localise",
        tall,
    )


def _frame(panel: Panel, title: str, below: str) -> list[str]:
    parts = [text(title, panel.left - NAMES + 8, panel.top - 14, font_size=14, font_weight=600, fill=INK)]
    for value, words in panel.across.lines.items():
        x = panel.x(value)
        parts.append(element("path", d=f"M{x:.1f} {panel.top:.1f} V{panel.foot + 4:.1f}", stroke=MUTED, opacity=0.35))
        parts.append(text(words, x, panel.foot + 17, text_anchor="middle", font_size=12, fill=MUTED))
    end = panel.left + panel.width
    return [*parts, text(below, end, panel.foot + 35, text_anchor="end", font_size=12.5, fill=MUTED)]


def _bar(
    panel: Panel, middle: float, index: int, count: int, found: Estimate, title: str, look: Look, say: Language
) -> list[str]:
    if not finite(found.mean):
        return []
    thick = min(12.0, (ROW - 8) / count)
    y = middle + (index - count / 2) * thick
    interval = {"mean": percent(found.mean), "low": percent(found.low), "high": percent(found.high)}
    said = say(_("{what}: {mean} ({low} – {high})", what=title, **interval))
    box = {"x": panel.x(0.0), "y": y, "width": panel.x(found.mean) - panel.x(0.0), "height": thick - 1}
    parts = [element("rect", element("title", escape(said)), **box, fill=look.colour, class_="rd-value")]
    if finite(found.low) and finite(found.high):
        low, high, line = panel.x(found.low), panel.x(found.high), y + (thick - 1) / 2
        parts.append(element("path", d=f"M{low:.1f} {line:.1f} H{high:.1f}", stroke=INK, stroke_width=1.5))
    return parts
