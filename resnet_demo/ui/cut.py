"""The page Cut: cut residual branches by clicking blocks, turn all of them up and down, and see the answer move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..figures import draw_lens, draw_street
from ..lab.lens import beside
from ..lab.wires import Dial
from ..predict import rank
from .page import Page, choose
from .parts import Slider, changes, figure, note
from .session import MOST_DIAL, Visit

CLASSES = 5  # that are shown: the likeliest ones, before or now


@dataclass(frozen=True)
class CutPage:
    """The page, and the controls that the app joins with its events."""

    page: Page
    residual: gr.Slider
    shortcut: gr.Slider
    mend: gr.Button

    def as_in(self, visit: Visit) -> dict[Any, Any]:
        """The controls as a visit has them."""
        return {self.residual: visit.dials.residual, self.shortcut: visit.dials.shortcut}


def build() -> CutPage:
    street = gr.HTML(elem_id="cut-street", js_on_load=choose("block"))
    with gr.Row(elem_id="dials"):
        residual = Slider(
            0, MOST_DIAL, 1, step=0.05, label="Multiply every F(x) by", elem_id="dial-residual", buttons=[]
        )
        shortcut = Slider(
            0, MOST_DIAL, 1, step=0.05, label="Multiply every shortcut by", elem_id="dial-shortcut", buttons=[]
        )
        mend = gr.Button("Mend everything", size="sm", elem_id="mend")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300, scale=2):
            answer = gr.HTML(elem_id="cut-answer")
        with gr.Column(min_width=320, scale=3):
            lens = gr.HTML(elem_id="lens")

    def render(visit: Visit) -> dict[Any, Any]:
        say = visit.say
        trace, network = visit.seen, visit.network
        names = [block.name for block in trace.blocks]
        dialled = dict.fromkeys(names, visit.dials) if visit.dials != Dial() else {}
        found = beside(network, trace, dialled, visit.cut)
        then, now = found.before.softmax(1), found.after.softmax(1)  # [blocks + 1, classes]
        (first,), (new,) = rank(network, found.before[-1], 1), rank(network, found.after[-1], 1)
        likeliest = then[-1].maximum(now[-1]).topk(min(CLASSES, len(visit.labels))).indices.tolist()
        rows = [(visit.labels[index], then[-1, index].item(), now[-1, index].item()) for index in likeliest]
        left, plain = now[-1, first.index].item(), network.config.plain
        picture = visit.domain.crop(visit.picture) if visit.picture else visit.domain.to_picture(trace.image)
        seen = (new.label, say.reading.percent(new.probability))
        drawing = draw_street(trace, None, picture, seen, cut=visit.cut, outputs=found.states)
        target = trace.target
        grown, grows = then[:, target].tolist(), now[:, target].tolist()
        return {
            street: "<h3>Cut a wire, and see what breaks</h3>"
            + figure(drawing, say.reading.cut(visit.cut, visit.dials, first, new, left, plain), f"{visit.name}-cut"),
            answer: "<h3>What it answers</h3>"
            + note("The pale bar is the answer of the network as it is, the full one its answer now.")
            + changes(rows),
            lens: "<h3>How the answer grows</h3>"
            + figure(
                draw_lens(names, grown, grows, visit.labels[target]),
                say.reading.lens(names, grows, visit.labels[target], plain),
                f"{visit.name}-lens",
            ),
        }

    return CutPage(Page("cut", [street, answer, lens], render, {"wire": street}), residual, shortcut, mend)
