"""How many paths there are of each length, and how much of the gradient they carry (Veit et al. 2016, figure 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, key, known, linear, looks, percent, places, whole
from ..palette import INK
from ..runs import is_plain

if TYPE_CHECKING:
    from ...lab.paths import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """Bars are the residual network's: a plain one has a single path, which goes through every block."""
    parts, top = key(looks(reports), tall)
    bars = next((name for name in reports if not is_plain(name)), next(iter(reports)))
    report, look = reports[bars], looks(reports)[bars]
    lengths = [str(length) for length in range(len(report.counts))]
    total = sum(report.counts) or 1
    counts = [count / total for count in report.counts]
    placed = boxes(3, tall, columns=3, top=top)
    across = places(lengths, placed[0][2])
    below = say(_("blocks on the path whose F it takes"))
    plots = (
        (say(_("How many of the paths")), counts, placed[0]),
        (say(_("How much of the gradient")), list(report.shares.values()), placed[2]),
    )
    for title, values, box in plots:
        found = known(values)
        panel = Panel(*box, across, linear(min([0.0, *found]), max([0.01, *found]), show=percent))
        parts += panel.frame(title, below)
        for length, share in enumerate(values):
            told = f"{length}: {percent(share)}"
            parts.append(panel.bar(float(length), share, 0.7 * box[2] / len(lengths), look.colour, told))
        for other in seeds.get(bars, {}).values() if box == placed[2] else ():
            parts += panel.faint(other.shares.values(), replace(look, colour=INK))
    norms = known(norm for found in reports.values() for norm in found.norms.values())
    panel = Panel(*placed[1], across, linear(0.0, max([0.1, *norms])))
    parts += panel.frame(say(_("Norm, relative to the whole")), below)
    for name, own in looks(reports).items():
        for other in seeds.get(name, {}).values():
            parts += panel.faint(other.norms.values(), own)
        parts += panel.curve([(float(length), norm) for length, norm in reports[name].norms.items()], own)
    return whole(
        parts,
        placed,
        say(_("Paths by their length: how many, the norm of what they carry, and their share of the gradient")),
        "rd-paths",
        tall,
    )
