"""Numbers over all blocks as curves: what each branch carries, and how the two relate."""

from __future__ import annotations

import io
import re
import threading
import warnings
import zlib
from html import escape
from typing import TYPE_CHECKING

from ..i18n import Language, _
from ..interpret.naming import block_title
from ..interpret.trace import Trace
from .palette import DRAWN, INK, LINE, MUTED, RESIDUAL, SHORTCUT, TOTAL, fallback
from .svg import ENGLISH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = threading.Lock()  # matplotlib's settings are everybody's: two drawings at once would undo each other's


def draw_curves(trace: Trace, say: Language = ENGLISH) -> Figure:
    """Two plots over the blocks from input to output: the norms of both branches, and their ratio and cosine."""
    from matplotlib.figure import Figure  # here: matplotlib takes half a second to import

    names = [block_title(block.name) for block in trace.blocks]
    place = range(len(names))
    figure = Figure(figsize=(10.6, 3.3), layout="constrained")
    figure.patch.set_alpha(0)
    left, right = figure.subplots(1, 2)
    left.plot(
        place, [block.norms["residual"] for block in trace.blocks], "o-", ms=4, color=fallback(RESIDUAL), label="‖F(x)‖"
    )
    if trace.blocks[0].shortcut_kind == "none":
        left.plot(place, [block.norms["x"] for block in trace.blocks], "s-", ms=4, color=fallback(INK), label="‖x‖")
        nothing = say(_("without shortcuts there is\nnothing to compare F(x) with"))
        right.text(0.5, 0.5, nothing, ha="center", va="center", transform=right.transAxes, color=fallback(MUTED),
                   fontsize=11)  # fmt: skip
        right.set_axis_off()
    else:
        shortcut = [block.norms["shortcut"] for block in trace.blocks]
        left.plot(place, shortcut, "s-", ms=4, color=fallback(SHORTCUT), label=say(_("‖shortcut‖")))
        ratios, cosines = [block.ratio for block in trace.blocks], [block.cosine for block in trace.blocks]
        right.plot(place, ratios, "o-", ms=4, color=fallback(TOTAL), label=say(_("‖F(x)‖ / ‖shortcut‖")))  # pyright: ignore
        right.plot(place, cosines, "^--", ms=4, color=fallback(INK), label=say(_("cosine of F(x) and shortcut")))  # pyright: ignore
        right.axhline(0, color=fallback(LINE), lw=1, zorder=0)
        right.legend(frameon=False, fontsize=10, labelcolor=fallback(INK))
    left.set_ylim(bottom=0)
    left.legend(frameon=False, fontsize=10, labelcolor=fallback(INK))
    left.set_title(say(_("How much each branch carries")), fontsize=11, color=fallback(INK), loc="left")
    right.set_title(say(_("How the two branches relate")), fontsize=11, color=fallback(INK), loc="left")
    every = -(-len(names) // 14)  # so that the names do not run into each other
    for axes in (left, right):
        axes.patch.set_alpha(0)
        axes.set_xticks(list(place)[::every], names[::every])
        axes.tick_params(colors=fallback(MUTED), labelsize=9)
        axes.set_xlabel(say(_("block")), fontsize=10, color=fallback(MUTED))
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["bottom", "left"]].set_color(fallback(LINE))
    return figure


def curves_svg(figure: Figure, label: str, kind: str = "rd-curves") -> str:
    """A figure as SVG whose colours follow the page: text stays text, our colours become their CSS variables.
    `kind` is its class on the page.

    Text is drawn by the reader's own fonts. Matplotlib measures it with those that it has: where none of them has a
    language's signs, it measures their place holders, and a PNG of such a figure would show these.
    """
    import matplotlib

    _measure_without_complaint()
    buffer = io.StringIO()
    with _STYLE, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "resnet_demo"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(
        "<svg ", f'<svg role="img" aria-label="{escape(label)}" class="{kind}" ', 1
    )
    for colour in DRAWN:
        drawing = drawing.replace(fallback(colour), colour)
    # Matplotlib names a clip by its rectangle alone. Where a drawing out of sight has the same one, browsers take that,
    # which clips nothing: curves would leave their plot.
    return re.sub(r'(<clipPath id="|url\(#)', rf"\g<1>c{zlib.crc32(drawing.encode()):08x}", drawing)


def _measure_without_complaint() -> None:
    """For the whole process, and not undone: to undo it in one thread would undo it in all of them."""
    warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
