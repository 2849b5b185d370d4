"""The page Inside the blocks: the street, the chosen block as its equation, its channels, and curves over all."""

from __future__ import annotations

import weakref
from typing import Any

import gradio as gr
from gradio.components import Component

from ...figures import (
    channel_to_show,
    curves_svg,
    draw_block,
    draw_curves,
    draw_street,
    scale_of,
    source_channel,
    strongest,
)
from ...interpret.trace import POINTS, BlockTrace
from ..events import Change, Events
from ..page import Page, choose
from ..parts import both, channels, figure, note, whole_input
from ..session import Visit

MOST_CHANNELS = 64  # more would be too small to see

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
    number = whole_input(None, elem_id="channel", minimum=0)
    curves = gr.HTML(elem_id="curves")

    def render(visit: Visit) -> dict[Any, Any]:
        say, words = visit.say, visit.say.inside
        trace, opened = visit.seen, visit.opened
        best = visit.answers(1)[0]
        picture = visit.domain.crop(visit.picture) if visit.picture else visit.domain.to_picture(trace.image)
        answer = (best.label, say.reading.percent(best.probability))
        drawing = draw_street(trace, opened.name, picture, answer, terms=say.terms.TERMS)
        channel = visit.channel if visit.channel is not None else channel_to_show(opened)
        name = f"{visit.name}-{opened.name}"
        checked = "" if opened.shortcut_kind == "none" else say.reading.exactness(opened)
        return {
            street: f"<h3>{words.STREET}</h3>"
            + figure(drawing, say.reading.street(trace), f"{visit.name}-street", say=say),
            block: f"<h3>{words.block(say.reading.block_title(opened.name))}</h3>"
            + figure(
                both(draw_block, opened, channel, terms=say.terms.TERMS),
                say.reading.block(opened),
                name,
                checked,
                say=say,
            )
            + _numbers(opened, say),
            grids: _grids(opened, channel, name, say),
            number: channel,
            curves: _curves(visit),
        }

    def labels(say: Any) -> dict[Any, Any]:
        return {number: gr.update(label=say.inside.CHANNEL)}

    components = [street, block, number, grids, curves]
    clicks: dict[str, tuple[Component, Change]] = {
        "block": (street, Visit.open_block),
        "channel": (grids, Visit.open_channel),
    }
    return Page("inside", components, render, clicks, labels), number


def connect(number: gr.Number, events: Events) -> None:
    events.on(number.submit, Visit.open_channel, [number], "channel")


def _numbers(block: BlockTrace, say: Any) -> str:
    """The numbers of the drawing as a table."""
    words = say.inside
    rows = "".join(
        f"<tr><th scope='row'>{words.POINTS[point]}</th><td>{block.norms[point]:.4g}</td>"
        f"<td>{block.gradients[point].norm().item():.3g}</td>"
        f"<td>{' × '.join(map(str, getattr(block, point).shape[1:]))}</td></tr>"
        for point in POINTS
        if not (block.shortcut_kind == "none" and point in ("shortcut", "total"))
    )
    columns = "".join(f"<th>{column}</th>" for column in words.COLUMNS)
    relation = ""
    if block.ratio is not None:
        relation = (
            f"<p>‖F(x)‖ / ‖{words.SHORTCUT}‖ = <b>{block.ratio:.3f}</b>, "
            f"{words.COSINE} = <b>{block.cosine or 0:.3f}</b></p>"
        )
    return (
        f"<details class='rd-fold'><summary>{words.numbers(say.reading.block_title(block.name))}</summary>"
        f"<div class='rd-scroll'><table class='rd-table'><thead><tr>{columns}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{relation}</details>"
    )


def _grids(block: BlockTrace, channel: int, name: str, say: Any) -> str:
    """All five points side by side on one scale, and folded below them the maps inside F."""
    words, values = say.inside, {point: getattr(block, point) for point in POINTS}
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
        kind = f"rd-{point}", f"{name}-{point}"
        cards.append(channels(words.POINTS[point], value, own, chosen, scale, *kind, clickable=same, say=say))
    inside = "".join(
        channels(
            layer,
            value,
            strongest([value[0]], MOST_CHANNELS),
            None,
            scale_of(value),
            "rd-residual",
            f"{name}-{layer}",
            say=say,
        )
        for layer, value in block.inside.items()
    )
    count = block.total.shape[1]
    ramp = '<span class="rd-ramp"></span>'
    legend = f'<div class="rd-legend" aria-hidden="true"><span>−{scale:.2g}</span>{ramp}<span>+{scale:.2g}</span></div>'
    return (
        f"<h3>{words.channels(say.reading.block_title(block.name))}</h3>"
        + note(words.shown(channel, len(shown), count))
        + legend
        + f"<div class='rd-cards'>{''.join(cards)}</div>"
        + f"<details class='rd-fold'><summary>{words.LAYERS}</summary>"
        + note(words.OWN_SCALES)
        + f"<div class='rd-cards'>{inside}</div></details>"
    )


def _curves(visit: Visit) -> str:
    """The curves, drawn once for each trace: matplotlib takes longer than all the rest of the page."""
    trace, say = visit.seen, visit.say
    if visit.curves and visit.curves[0]() is trace and visit.curves[1] == visit.language:
        return visit.curves[2]
    drawing = curves_svg(draw_curves(trace), say.inside.ALL_CURVES, say.terms.TERMS)
    shown = f"<h3>{say.inside.CURVES}</h3>" + figure(
        drawing, say.reading.curves(trace), f"{visit.name}-curves", say=say
    )
    visit.curves = (weakref.ref(trace), visit.language, shown)
    return shown
