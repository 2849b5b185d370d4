"""The page Inside the blocks: the street, the chosen block as its equation, its channels, and curves over all."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

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
from ...i18n import Language, Message, _
from ...interpret.trace import POINTS, BlockTrace, Trace
from ..captions import inside as said
from ..captions.findings import block_title
from ..components import whole_input
from ..events import Change, Events
from ..html import both, channels, figure, heading, joined, note
from ..page import Layout, Page, choose
from ..session import PageState, Session

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


POINT_TITLES = {
    "x": _("x"),
    "residual": _("F(x)"),
    "shortcut": _("shortcut(x)"),
    "total": _("F(x) + shortcut"),
    "output": _("y = ReLU(sum)"),
}
NOTHING_AFTER_THE_SUM = _("y = sum")  # in pre-activation networks


@dataclass
class Inside(PageState):
    """The curves that were last drawn: of which trace, and in which language."""

    curves: tuple[weakref.ref[Trace], str, Markup] | None = None


@dataclass(frozen=True, kw_only=True)
class InsidePage(Layout):
    """The page, and the field for a channel."""

    number: gr.Number


def build(data_dir: str | None = None) -> InsidePage:
    street = gr.HTML(elem_id="street", js_on_load=choose("block"))
    block = gr.HTML(elem_id="block")
    grids = gr.HTML(elem_id="channels", js_on_load=CHOOSE_CHANNEL)
    number = whole_input(None, elem_id="channel", minimum=0)
    curves = gr.HTML(elem_id="curves")

    def render(session: Session) -> dict[Any, Any]:
        opened = session.opened
        channel = session.channel if session.channel is not None else channel_to_show(opened)
        return {
            street: _street(session),
            block: _block(session, channel),
            grids: _grids(opened, channel, f"{session.name}-{opened.name}", session.say),
            number: channel,
            curves: _curves(session),
        }

    def labels(say: Language) -> dict[Any, Any]:
        return {number: gr.update(label=say(_("Channel to enlarge (or click one above)")))}

    clicks: dict[str, tuple[Component, Change]] = {
        "block": (street, Session.open_block),
        "channel": (grids, Session.open_channel),
    }
    return InsidePage(
        components=[street, block, number, grids, curves], render=render, labels=labels, clicks=clicks, number=number
    )


def connect(page: InsidePage, events: Events) -> None:
    events.on(page.number.submit, Session.open_channel, [page.number], "channel")


def _street(session: Session) -> Markup:
    say, trace = session.say, session.seen
    best = session.answers(1)[0]
    picture = session.domain.crop(session.picture) if session.picture else session.domain.to_picture(trace.image)
    answer = (best.label, say.percent(best.probability))
    drawing = draw_street(trace, session.opened.name, picture, answer, say=session.say)
    title = heading(say(_("The network, block by block")))
    return title + figure(drawing, said.street(trace), f"{session.name}-street", say=say)


def _block(session: Session, channel: int) -> Markup:
    say, opened = session.say, session.opened
    drawing = both(draw_block, opened, channel, say=session.say)
    checked = "" if opened.shortcut_kind == "none" else said.exactness(opened)
    shown = figure(drawing, said.block(opened), f"{session.name}-{opened.name}", checked, say=say)
    title = say(_("Block {block}, drawn as its equation", block=block_title(opened.name)))
    return heading(title) + shown + _numbers(opened, say)


def _point_title(point: str, block: BlockTrace) -> Message:
    if point == "output" and not block.ends_in_relu:
        return NOTHING_AFTER_THE_SUM
    return POINT_TITLES[point]


def _numbers(block: BlockTrace, say: Language) -> Markup:
    """The numbers of the drawing as a table."""
    row = Markup("<tr><th scope='row'>{}</th><td>{:.4g}</td><td>{:.3g}</td><td>{}</td></tr>")
    rows = joined(
        row.format(
            say(_point_title(point, block)),
            block.norms[point],
            block.gradients[point].norm().item(),
            " × ".join(map(str, getattr(block, point).shape[1:])),
        )
        for point in POINTS
        if not (block.shortcut_kind == "none" and point in ("shortcut", "total"))
    )
    names = (_("value"), _("norm"), _("norm of its gradient"), _("shape"))
    columns = joined(Markup("<th>{}</th>").format(say(column)) for column in names)
    relation = Markup("")
    if block.ratio is not None:
        words = _(
            "‖F(x)‖ / ‖shortcut‖ = <b>{ratio:.3f}</b>, cosine = <b>{cosine:.3f}</b>",
            ratio=block.ratio, cosine=block.cosine or 0,
        )  # fmt: skip
        relation = Markup("<p>{}</p>").format(say.html(words))
    return Markup(
        "<details class='rd-fold'><summary>{}</summary><div class='rd-scroll'><table class='rd-table'>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}</details>"
    ).format(say(_("The numbers of block {block}", block=block_title(block.name))), columns, rows, relation)


def _grids(block: BlockTrace, channel: int, name: str, say: Language) -> Markup:
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
        kind = f"rd-{point}", f"{name}-{point}"
        cards.append(
            channels(say(_point_title(point, block)), value, own, chosen, scale, *kind, clickable=same, say=say)
        )
    inside = [
        channels(
            layer, value, strongest([value[0]], MOST_CHANNELS), None, scale_of(value), "rd-residual",
            f"{name}-{layer}", say=say,
        )
        for layer, value in block.inside.items()
    ]  # fmt: skip
    legend = Markup(
        '<div class="rd-legend" aria-hidden="true"><span>−{0:.2g}</span><span class="rd-ramp"></span>'
        "<span>+{0:.2g}</span></div>"
    ).format(scale)
    in_row = Markup("<div class='rd-cards'>{}</div>")
    layers = Markup("<details class='rd-fold'><summary>{}</summary>{}{}</details>").format(
        say(_("Inside F: the output of each of its layers")),
        note(say(_("Each layer on a scale of its own."))),
        in_row.format(joined(inside)),
    )
    return (
        heading(say(_("Every channel of block {block}", block=block_title(block.name))))
        + note(say(said.channels(channel, len(shown), block.total.shape[1])))
        + legend
        + in_row.format(joined(cards))
        + layers
    )


def _curves(session: Session) -> Markup:
    """The curves, drawn once for each trace: matplotlib takes longer than all the rest of the page."""
    trace, say, state = session.seen, session.say, session.of(Inside)
    if state.curves and state.curves[0]() is trace and state.curves[1] == session.language:
        return state.curves[2]
    title = say(_("Norms of both branches, their ratio and their cosine, over all blocks"))
    drawing = curves_svg(draw_curves(trace, session.say), title)
    shown = heading(say(_("All blocks in one picture")))
    shown += figure(drawing, said.curves(trace), f"{session.name}-curves", say=say)
    state.curves = (weakref.ref(trace), session.language, shown)
    return shown


PAGE = Page("inside", _("Inside the blocks"), build, connect)
