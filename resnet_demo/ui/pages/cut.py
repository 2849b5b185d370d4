"""The page Cut: cut branches by clicking them, turn all of them up and down, and see the maps and the answer move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from ...figures import channel_to_show, draw_block, draw_lens, draw_street
from ...i18n import Language, _
from ...lab.interventions import BranchScales, Intervention, intervention, trace_intervened
from ...lab.lens import Beside, beside
from ...models.predict import rank
from ..captions import cut as said
from ..captions.findings import block_title
from ..components import Slider
from ..events import Change, Events
from ..html import both, changes, figure, heading, note
from ..page import Layout, Page, choose
from ..session import MOST_DIAL, Session

CLASSES = 5  # that are shown: the likeliest ones, before or now


@dataclass(frozen=True, kw_only=True)
class CutPage(Layout):
    """The page, and the button that restores everything."""

    mend: gr.Button


def build(data_dir: str | None = None) -> CutPage:
    street = gr.HTML(elem_id="cut-street", js_on_load=choose("block"))
    with gr.Row(elem_id="dials"):
        residual = Slider(0, MOST_DIAL, 1, step=0.05, elem_id="dial-residual", buttons=[])
        shortcut = Slider(0, MOST_DIAL, 1, step=0.05, elem_id="dial-shortcut", buttons=[])
        mend = gr.Button(size="sm", elem_id="mend")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300, scale=2):
            answer = gr.HTML(elem_id="cut-answer")
        with gr.Column(min_width=320, scale=3):
            lens = gr.HTML(elem_id="lens")
    block = gr.HTML(elem_id="cut-block", js_on_load=choose("block"))

    def labels(say: Language) -> dict[Any, Any]:
        return {
            residual: gr.update(label=say(_("Multiply every F(x) by"))),
            shortcut: gr.update(label=say(_("Multiply every shortcut by"))),
            mend: gr.update(value=say(_("Restore everything"))),
        }

    def as_kept(session: Session) -> dict[Any, Any]:
        return {residual: session.dials.residual, shortcut: session.dials.shortcut}

    def render(session: Session) -> dict[Any, Any]:
        say, titles = session.say, session.titles
        trace, network = session.seen, session.network
        names = [block.name for block in trace.blocks]
        wires = intervention(network, session.cut, session.dials)
        found = beside(network, trace, *wires)
        before, after = found.before, found.after
        then, now = before.softmax(1), after.softmax(1)  # [blocks + 1, classes]
        first, new = (replace(p, label=titles[p.index]) for x in (before, after) for p in rank(network, x[-1], 1))
        likeliest = then[-1].maximum(now[-1]).topk(min(CLASSES, len(session.labels))).indices.tolist()
        rows = [(titles[index], then[-1, index].item(), now[-1, index].item()) for index in likeliest]
        left, plain = now[-1, first.index].item(), network.config.plain
        picture = session.domain.crop(session.picture) if session.picture else session.domain.to_picture(trace.image)
        seen = (new.label, say.percent(new.probability))
        drawing = draw_street(trace, None, picture, seen, cut=session.cut, outputs=found.states, say=say)
        broken = said.cut(session.cut, session.dials, first, new, left, plain)
        label, grown, grows = titles[trace.target], then[:, trace.target].tolist(), now[:, trace.target].tolist()
        bars = _("The pale bar is the answer of the original network, the full one its answer now.")
        return {
            street: heading(say(_("Cut a wire, and see what happens")))
            + figure(drawing, broken, f"{session.name}-cut", say=say),
            block: _block(session, found, wires),
            answer: heading(say(_("What it answers"))) + note(say(bars)) + changes(rows, say),
            lens: heading(say(_("How the answer grows")))
            + figure(
                draw_lens(names, grown, grows, label, say),
                said.lens(names, grows, label, plain),
                f"{session.name}-lens",
                say=say,
            ),
        }

    clicks: dict[str, tuple[Component, Change]] = {"wire": (street, cut_wire), "wire_of_block": (block, cut_wire)}
    return CutPage(
        components=[street, answer, lens, block], drawn=[street, answer, lens, block], render=render, labels=labels, clicks=clicks,
        fields=[residual, shortcut], as_kept=as_kept, mend=mend,
    )  # fmt: skip


def connect(page: CutPage, events: Events) -> None:
    def mend(session: Session) -> dict[Any, Any]:
        session.mend()
        return page.as_kept(session)

    turned = partial(gr.on, [dial.input for dial in page.fields], trigger_mode="always_last")  # while it is dragged
    events.on(turned, Session.turn, page.fields, "dial", moves=True)
    events.on(page.mend.click, mend, [], "mend")


def cut_wire(session: Session, wire: object) -> None:
    """Cut a wire, or restore it, and open its block."""
    session.open_block(session.cut_or_mend(str(wire)).name)


def _block(session: Session, found: Beside, wires: Intervention) -> Markup:
    """The opened block as its equation, with what flows through it now; its two wires can be cut there."""
    say, (dials, deleted) = session.say, wires
    name = session.opened.name
    seen = trace_intervened(session.network, name, found.into(name), dials, deleted)
    dial = dials.get(name, BranchScales(residual=float(name not in deleted)))
    if session.network.config.plain:
        factors = {"residual": dial.residual}
        words = _(
            "What flows through this block now. Click the orange wire to take the block out; click again to restore it."
        )
    else:
        factors = {"residual": dial.residual, "shortcut": dial.shortcut}
        words = _(
            "What flows through this block now. Click the orange wire to cut F, the blue one to cut the shortcut; "
            "click again to restore it."
        )
    drawing = both(draw_block, seen, channel_to_show(session.opened), say=say, factors=factors)
    title = say(_("Block {block}: its two wires", block=block_title(name)))
    return heading(title) + figure(drawing, words, f"{session.name}-cut-{name}", say=say)


PAGE = Page("cut", _("Cut"), build, connect)
