"""The page Cut: cut branches by clicking them, turn all of them up and down, and see the maps and the answer move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from ...figures import channel_to_show, draw_block, draw_lens, draw_street
from ...lab.lens import Beside, beside
from ...lab.wires import Dial, Wires, rewired, trace_rewired
from ...models.predict import rank
from ..events import Change, Events
from ..page import Page, choose
from ..parts import Slider, both, changes, figure, note
from ..session import MOST_DIAL, Visit

CLASSES = 5  # that are shown: the likeliest ones, before or now


@dataclass(frozen=True)
class CutPage:
    """The page, and the controls that the app joins with its events."""

    page: Page
    residual: gr.Slider
    shortcut: gr.Slider
    mend: gr.Button

    @property
    def dials(self) -> list[gr.Slider]:
        return [self.residual, self.shortcut]

    def as_in(self, visit: Visit) -> dict[Any, Any]:
        """The controls as a visit has them."""
        return {self.residual: visit.dials.residual, self.shortcut: visit.dials.shortcut}


def build() -> CutPage:
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

    def labels(say: Any) -> dict[Any, Any]:
        return {
            residual: gr.update(label=say.cut.RESIDUAL),
            shortcut: gr.update(label=say.cut.SHORTCUT),
            mend: gr.update(value=say.cut.MEND),
        }

    def render(visit: Visit) -> dict[Any, Any]:
        say, titles = visit.say, visit.titles
        trace, network = visit.seen, visit.network
        names = [block.name for block in trace.blocks]
        wires = rewired(network, visit.cut, visit.dials)
        found = beside(network, trace, *wires)
        before, after = found.before, found.after
        then, now = before.softmax(1), after.softmax(1)  # [blocks + 1, classes]
        first, new = (replace(p, label=titles[p.index]) for x in (before, after) for p in rank(network, x[-1], 1))
        likeliest = then[-1].maximum(now[-1]).topk(min(CLASSES, len(visit.labels))).indices.tolist()
        rows = [(titles[index], then[-1, index].item(), now[-1, index].item()) for index in likeliest]
        left, plain = now[-1, first.index].item(), network.config.plain
        picture = visit.domain.crop(visit.picture) if visit.picture else visit.domain.to_picture(trace.image)
        seen = (new.label, say.reading.percent(new.probability))
        drawing = draw_street(trace, None, picture, seen, cut=visit.cut, outputs=found.states, terms=say.terms.TERMS)
        broken = say.reading.cut(visit.cut, visit.dials, first, new, left, plain)
        target = trace.target
        grown, grows = then[:, target].tolist(), now[:, target].tolist()
        return {
            street: f"<h3>{say.cut.STREET}</h3>" + figure(drawing, broken, f"{visit.name}-cut", say=say),
            block: _block(visit, found, wires),
            answer: f"<h3>{say.cut.ANSWER}</h3>{note(say.cut.BARS)}{changes(rows, say)}",
            lens: f"<h3>{say.cut.LENS}</h3>"
            + figure(
                draw_lens(names, grown, grows, titles[target], say.terms.TERMS),
                say.reading.lens(names, grows, titles[target], plain),
                f"{visit.name}-lens",
                say=say,
            ),
        }

    clicks: dict[str, tuple[Component, Change]] = {"wire": (street, cut_wire), "wire_of_block": (block, cut_wire)}
    return CutPage(Page("cut", [street, answer, lens, block], render, clicks, labels), residual, shortcut, mend)


def connect(page: CutPage, events: Events) -> None:
    def mend(visit: Visit) -> dict[Any, Any]:
        visit.mend()
        return page.as_in(visit)

    turned = partial(gr.on, [dial.input for dial in page.dials], trigger_mode="always_last")  # while it is dragged
    events.on(turned, Visit.turn, page.dials, "dial")
    events.on(page.mend.click, mend, [], "mend")


def cut_wire(visit: Visit, wire: object) -> None:
    """Cut a wire, or mend it, and open its block."""
    visit.open_block(visit.cut_or_mend(str(wire)).name)


def _block(visit: Visit, found: Beside, wires: Wires) -> str:
    """The opened block as its equation, with what flows through it now; its two wires can be cut there."""
    say, (dials, deleted) = visit.say, wires
    name = visit.opened.name
    seen = trace_rewired(visit.network, name, found.into(name), dials, deleted)
    dial = dials.get(name, Dial(residual=float(name not in deleted)))
    factors, words = {"residual": dial.residual, "shortcut": dial.shortcut}, say.cut.BLOCK
    if visit.network.config.plain:
        factors, words = {"residual": dial.residual}, say.cut.PLAIN_BLOCK
    drawing = both(draw_block, seen, channel_to_show(visit.opened), terms=say.terms.TERMS, factors=factors)
    title = say.cut.block(say.reading.block_title(name))
    return f"<h3>{title}</h3>" + figure(drawing, words, f"{visit.name}-cut-{name}", say=say)
