"""One number for the stem and every block, with matplotlib: for who can be sent a PNG, but no drawing of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..interpret.naming import block_title
from .palette import BRANCH, INK, LINE, MUTED, TOTAL, fallback

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_profile(values: Mapping[str, float], title: str, whole: float | None = None) -> Figure:
    """Probabilities by block: bars, beside the line of the `whole` network where there is one; else a curve."""
    from matplotlib.figure import Figure  # here: matplotlib takes half a second to import

    figure = Figure(figsize=(max(5.0, 2 + 0.32 * len(values)), 3.4), layout="constrained")
    axes = figure.subplots()
    places, names = range(len(values)), [block_title(name) for name in values]
    if whole is None:
        axes.plot(places, list(values.values()), color=fallback(TOTAL), marker="o", ms=4)
    else:
        axes.bar(places, list(values.values()), color=fallback(BRANCH["residual"]))
        axes.axhline(whole, color=fallback(MUTED), lw=1, ls=(0, (4, 2)))
    axes.set_xticks(places, names, rotation=90 if len(names) > 12 else 0)
    axes.set_ylim(0, 1.02)
    axes.set_title(title, fontsize=10, color=fallback(INK), loc="left", parse_math=False)
    axes.grid(axis="y", color=fallback(LINE))
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
