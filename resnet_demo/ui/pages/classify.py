"""The page Classify: what the network answers, where it looks, and whether it has seen the like."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from ...figures import draw_overlay
from ...interpret.attribution import block_cam
from ..page import Page, choose
from ..parts import answers, figure, note
from ..session import RANDOM, Visit

# The slider works inside the page, at once: no request is needed to make a picture more or less transparent.
OPACITY = """
let opacity = 60;
const show = () => {
  element.querySelectorAll('.rd-heat').forEach((heat) => heat.setAttribute('opacity', opacity / 100));
  element.querySelectorAll('.rd-opacity').forEach((slider) => { slider.value = opacity; });
};
element.addEventListener('input', (event) => {
  if (event.target.matches('.rd-opacity')) { opacity = event.target.value; show(); }
});
watch('value', show);
"""


def build() -> Page:
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            answer = gr.HTML(elem_id="answers", js_on_load=choose("target", number=True))
        with gr.Column(min_width=300):
            overlay = gr.HTML(elem_id="overlay", js_on_load=OPACITY)

    def render(visit: Visit) -> dict[Any, Any]:
        say = visit.say
        predictions, words = visit.answers(), say.classify
        trace, last = visit.seen, visit.seen.blocks[-1]
        label = visit.titles[trace.target]
        caption = f"<h3>{words.ANSWERS}</h3>{answers(predictions, trace.target, say)}"
        caption += note(say.reading.answer(predictions, trained=visit.weights != RANDOM))
        caption += note(words.CLICK)
        unlike = say.reading.familiar(visit.familiarity(), visit.domain.name)
        if visit.weights != RANDOM and visit.familiarity() is None:
            unlike = words.NOT_MEASURED
        if unlike:
            caption += note(unlike, "rd-warning")
        cam = block_cam(last)
        assert visit.picture is not None
        drawing = draw_overlay(visit.domain.view(visit.picture, 320), cam, words.overlay(label), 0.6)
        slider = (
            f'<label class="rd-slider">{words.PICTURE} <input type="range" class="rd-opacity" min="0" max="100" '
            f'value="60" aria-label="{words.OPACITY}"> {words.EVIDENCE}</label>'
        )
        reading = say.reading.evidence(label, bool((cam > 0).any()), last.name, visit.weights != RANDOM)
        shown = figure(drawing, reading, f"grad-cam-{visit.labels[trace.target]}", say=say)
        return {answer: caption, overlay: f"<h3>{escape(words.sees(label))}</h3>{shown}{slider}"}

    return Page("classify", [answer, overlay], render, {"target": (answer, Visit.explain)})
