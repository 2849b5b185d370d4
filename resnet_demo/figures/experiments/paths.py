"""How many paths there are of each length, and how much gradient they carry (Veit et al. 2016, figure 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..axes import Panel, boxes, key, known, linear, logarithmic, looks, percent, places, whole
from ..runs import is_plain

if TYPE_CHECKING:
    from . import Reports

WORDS = {
    "label": "Paths by their length: how many, how much gradient one of them carries, and all of them together",
    "counts": "How many of the paths",
    "per path": "Gradient norm of one path",
    "shares": "How much of the gradient",
    "below": "blocks on the path whose F it takes",
}
DECADES = 16


def draw(reports: Reports, words: Mapping[str, str] = WORDS, tall: bool = False) -> str:
    """Bars are the residual network's: a plain one has a single path, which goes through every block."""
    parts, top = key(looks(reports), tall)
    bars = next((name for name in reports if not is_plain(name)), next(iter(reports)))
    report, look = reports[bars], looks(reports)[bars]
    lengths = [str(length) for length in range(len(report["counts"]))]
    total = sum(report["counts"]) or 1
    shares = {"counts": [count / total for count in report["counts"]], "shares": report["shares"]}
    placed = boxes(3, tall, columns=3, top=top)
    across = places(lengths, placed[0][2])
    for what, box in zip(("counts", "per path", "shares"), placed, strict=True):
        if what == "per path":
            panel = Panel(
                *box, across, logarithmic((v for found in reports.values() for v in found["per_path"]), DECADES)
            )
            parts += panel.frame(words[what], words["below"])
            for name, own in looks(reports).items():
                points = [(float(length), norm or None) for length, norm in enumerate(reports[name]["per_path"])]
                parts += panel.curve(points, own)
            continue
        panel = Panel(*box, across, linear(0.0, max([0.01, *known(shares[what])]), show=percent))
        parts += panel.frame(words[what], words["below"])
        for length, share in enumerate(shares[what]):
            told = f"{length}: {percent(share)}"
            parts.append(panel.bar(float(length), share, 0.7 * box[2] / len(lengths), look.colour, told))
    return whole(parts, placed, words["label"], "rd-paths", tall)
