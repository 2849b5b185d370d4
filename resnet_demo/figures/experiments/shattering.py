"""How far the gradients of neighbouring inputs agree, by depth, on a logarithmic scale (Balduzzi et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, finite, key, linear, logarithmic, looks, magnitude, whole
from ..palette import MUTED
from ..runs import is_plain
from ..svg import element

if TYPE_CHECKING:
    from ...lab.seeds import Seeds
    from ...lab.shattering import Report


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """Values of zero and less, which a logarithmic scale does not have, are drawn at its foot."""
    parts, top = key(looks(reports), tall)
    values = [value for report in reports.values() for value in report.agreement.values()]
    depths = [float(depth) for report in reports.values() for depth in report.agreement]
    (box,) = placed = boxes(1, tall, columns=1, top=top, height=230)
    panel = Panel(*box, linear(0.0, max(depths, default=1.0), 6), logarithmic([1.0, *values], decades=4))
    parts += panel.frame(say(_("Cosine of neighbours’ gradients")), say(_("layers (dotted: falling like 1/√layers)")))
    for name, look in looks(reports).items():
        points = [(float(depth), value) for depth, value in reports[name].agreement.items()]
        if not is_plain(name) and points and finite(points[0][1]):
            first, start = points[0]
            way = " L".join(f"{panel.x(x):.1f} {panel.y(start * (first / x) ** 0.5):.1f}" for x, _ in points)
            dots = {"stroke_width": 1.5, "stroke_dasharray": "1 5", "stroke_linecap": "round"}
            parts.append(element("path", d=f"M{way}", fill="none", stroke=MUTED, **dots))
        parts += panel.curve(points, look, [f"{x:g}: {magnitude(y)}" for x, y in points])
    return whole(
        parts,
        placed,
        say(_("Cosine of the gradients at neighbouring inputs, by depth of the network")),
        "rd-shattering",
        tall,
    )
