"""Numbers over all blocks as curves: what each branch carries, and how the two relate."""

from __future__ import annotations

import io
import threading
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING

from ..interpret.trace import Trace
from .palette import DRAWN, INK, LINE, MUTED, RESIDUAL, SHORTCUT, TOTAL, fallback
from .terms import ENGLISH, Terms

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = threading.Lock()  # matplotlib's settings are everybody's: two drawings at once would undo each other's


def draw_curves(trace: Trace) -> Figure:
    """Two plots over the blocks from input to output: the norms of both branches, and their ratio and cosine."""
    from matplotlib.figure import Figure  # here: matplotlib takes half a second to import

    names = [block.name[5:] for block in trace.blocks]
    place = range(len(names))
    figure = Figure(figsize=(10.6, 3.3), layout="constrained")
    figure.patch.set_alpha(0)
    left, right = figure.subplots(1, 2)
    left.plot(
        place, [block.norms["residual"] for block in trace.blocks], "o-", ms=4, color=fallback(RESIDUAL), label="‖F(x)‖"
    )
    if trace.blocks[0].shortcut_kind == "none":
        left.plot(place, [block.norms["x"] for block in trace.blocks], "s-", ms=4, color=fallback(INK), label="‖x‖")
        right.text(0.5, 0.5, f"{ENGLISH.nothing_to_compare}\n{ENGLISH.with_f}", ha="center", va="center",
                   transform=right.transAxes, color=fallback(MUTED), fontsize=11)  # fmt: skip
        right.set_axis_off()
    else:
        shortcut = [block.norms["shortcut"] for block in trace.blocks]
        left.plot(place, shortcut, "s-", ms=4, color=fallback(SHORTCUT), label=ENGLISH.norm_of_shortcut)
        ratios, cosines = [block.ratio for block in trace.blocks], [block.cosine for block in trace.blocks]
        right.plot(place, ratios, "o-", ms=4, color=fallback(TOTAL), label=ENGLISH.ratio)  # pyright: ignore
        right.plot(place, cosines, "^--", ms=4, color=fallback(INK), label=ENGLISH.cosine)  # pyright: ignore
        right.axhline(0, color=fallback(LINE), lw=1, zorder=0)
        right.legend(frameon=False, fontsize=10, labelcolor=fallback(INK))
    left.set_ylim(bottom=0)
    left.legend(frameon=False, fontsize=10, labelcolor=fallback(INK))
    left.set_title(ENGLISH.carries, fontsize=11, color=fallback(INK), loc="left")
    right.set_title(ENGLISH.relates, fontsize=11, color=fallback(INK), loc="left")
    every = -(-len(names) // 14)  # so that the names do not run into each other
    for axes in (left, right):
        axes.patch.set_alpha(0)
        axes.set_xticks(list(place)[::every], names[::every])
        axes.tick_params(colors=fallback(MUTED), labelsize=9)
        axes.set_xlabel(ENGLISH.block, fontsize=10, color=fallback(MUTED))
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["bottom", "left"]].set_color(fallback(LINE))
    return figure


def curves_svg(figure: Figure, label: str, terms: Terms = ENGLISH) -> str:
    """A figure as SVG whose colours follow the page: text stays text, our colours become their CSS variables.

    Figures are drawn with the English words. Matplotlib measures what it draws, and where no Chinese font is installed
    it has none to measure with, and fills a PNG with boxes; here the words of other `terms` take their place, and the
    reader's own fonts draw them.
    """
    import matplotlib

    buffer = io.StringIO()
    with _STYLE, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "resnet_demo"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(
        "<svg ", f'<svg role="img" aria-label="{escape(label)}" class="rd-curves" ', 1
    )
    for term in fields(Terms):
        english, word = (escape(getattr(which, term.name), quote=False) for which in (ENGLISH, terms))
        drawing = drawing.replace(f">{english}<", f">{word}<")
    for colour in DRAWN:
        drawing = drawing.replace(fallback(colour), colour)
    return drawing
