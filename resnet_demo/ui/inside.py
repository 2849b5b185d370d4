"""The page Inside the blocks: the street, the chosen block as its equation, its channels, and curves over all."""

from __future__ import annotations

import weakref
from typing import Any

import gradio as gr

from ..figures import (
    channel_to_show,
    curves_svg,
    draw_block,
    draw_curves,
    draw_street,
    scale_of,
    source_channel,
    strongest,
)
from ..trace import POINTS, BlockTrace
from .page import Page, choose
from .parts import both, channels, figure, note, whole_input
from .session import Visit

MOST_CHANNELS = 64  # more would be too small to see
TITLES = {
    "x": "x",
    "residual": "F(x)",
    "shortcut": "shortcut(x)",
    "total": "F(x) + shortcut",
    "output": "y = ReLU(sum)",
}

CHOOSE_CHANNEL = """
element.addEventListener('click', (event) => {
  const grid = event.target.closest('[data-channels]');
  if (!grid) return;
  const box = grid.getBoundingClientRect(), {columns, rows} = grid.dataset;
  const column = Math.floor((event.clientX - box.left) / box.width * columns);
  const row = Math.floor((event.clientY - box.top) / box.height * rows);
  const channel = grid.dataset.channels.split(',')[row * columns + column];
  if (channel !== undefined) trigger('select', {value: Number(channel)});
});
"""


def build() -> tuple[Page, gr.Number]:
    street = gr.HTML(elem_id="street", js_on_load=choose("block"))
    block = gr.HTML(elem_id="block")
    grids = gr.HTML(elem_id="channels", js_on_load=CHOOSE_CHANNEL)
    number = whole_input(None, label="Channel to enlarge (or click one above)", elem_id="channel", minimum=0)
    curves = gr.HTML(elem_id="curves")

    def render(visit: Visit) -> dict[Any, Any]:
        say = visit.say
        trace, opened = visit.seen, visit.opened
        best = visit.predictions(1)[0]
        picture = visit.domain.crop(visit.picture) if visit.picture else visit.domain.to_picture(trace.image)
        drawing = draw_street(trace, opened.name, picture, (best.label, say.reading.percent(best.probability)))
        channel = visit.channel if visit.channel is not None else channel_to_show(opened)
        name = f"{visit.name}-{opened.name}"
        checked = "" if opened.shortcut_kind == "none" else say.reading.exactness(opened)
        return {
            street: "<h3>The network, block by block</h3>"
            + figure(drawing, say.reading.street(trace), f"{visit.name}-street"),
            block: f"<h3>Block {say.reading.block_title(opened.name)}, drawn as its equation</h3>"
            + figure(both(draw_block, opened, channel), say.reading.block(opened), name, checked)
            + _numbers(opened, say),
            grids: _grids(opened, channel, name, say),
            number: channel,
            curves: _curves(visit),
        }

    return Page("inside", [street, block, number, grids, curves], render, {"block": street, "channel": grids}), number


def _numbers(block: BlockTrace, say: Any) -> str:
    """The numbers of the drawing as a table."""
    rows = "".join(
        f"<tr><th scope='row'>{TITLES[point]}</th><td>{block.norms[point]:.4g}</td>"
        f"<td>{block.gradients[point].norm().item():.3g}</td>"
        f"<td>{' × '.join(map(str, getattr(block, point).shape[1:]))}</td></tr>"
        for point in POINTS
        if not (block.shortcut_kind == "none" and point in ("shortcut", "total"))
    )
    relation = ""
    if block.ratio is not None:
        relation = f"<p>‖F(x)‖ / ‖shortcut‖ = <b>{block.ratio:.3f}</b>, cosine = <b>{block.cosine or 0:.3f}</b></p>"
    return (
        f"<details class='rd-fold'><summary>The numbers of block {say.reading.block_title(block.name)}</summary>"
        "<div class='rd-scroll'>"
        "<table class='rd-table'><thead><tr><th>value</th><th>norm</th><th>norm of its gradient</th><th>shape</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div>{relation}</details>"
    )


def _grids(block: BlockTrace, channel: int, name: str, say: Any) -> str:
    """All five points side by side on one scale, and folded below them the maps inside F."""
    values = {point: getattr(block, point) for point in POINTS}
    scale = scale_of(*values.values())
    wide = [values[point][0] for point in POINTS[1:]]
    shown = strongest(wide, MOST_CHANNELS)
    cards = []
    for point, value in values.items():
        if block.shortcut_kind == "none" and point in ("shortcut", "total"):
            continue  # there is none, and F(x) alone is the sum
        same = value.shape[1] == block.total.shape[1] and not (point == "x" and block.shortcut_kind == "projection")
        own = shown if same else strongest([value[0]], MOST_CHANNELS)
        chosen = source_channel(block, channel) if point == "x" else channel
        cards.append(channels(TITLES[point], value, own, chosen, scale, f"rd-{point}", f"{name}-{point}", same))
    inside = "".join(
        channels(
            layer, value, strongest([value[0]], MOST_CHANNELS), None, scale_of(value), "rd-residual", f"{name}-{layer}"
        )
        for layer, value in block.inside.items()
    )
    count = block.total.shape[1]
    some = f"the {len(shown)} strongest of {count}" if len(shown) < count else f"all {count}"
    ramp = '<span class="rd-ramp"></span>'
    legend = f'<div class="rd-legend" aria-hidden="true"><span>−{scale:.2g}</span>{ramp}<span>+{scale:.2g}</span></div>'
    return (
        f"<h3>Every channel of block {say.reading.block_title(block.name)}</h3>"
        + note(
            f"Channel {channel} enlarged, above {some}. All on one scale, so that colours can be compared across the "
            "equation: click a channel to enlarge it everywhere."
        )
        + legend
        + f"<div class='rd-cards'>{''.join(cards)}</div>"
        + "<details class='rd-fold'><summary>Inside F: what each of its layers puts out</summary>"
        + note("Each layer on a scale of its own.")
        + f"<div class='rd-cards'>{inside}</div></details>"
    )


def _curves(visit: Visit) -> str:
    """The curves, drawn once for each trace: matplotlib takes longer than all the rest of the page."""
    trace = visit.seen
    if visit.curves and visit.curves[0]() is trace:
        return visit.curves[1]
    label = "Norms of both branches, their ratio and their cosine, over all blocks"
    drawing = curves_svg(draw_curves(trace), label)
    shown = (
        f"<h3>All blocks in one picture</h3>{figure(drawing, visit.say.reading.curves(trace), f'{visit.name}-curves')}"
    )
    visit.curves = (weakref.ref(trace), shown)
    return shown
