"""The page Classify: what the network answers, where it looks, and whether it has seen the like."""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from ...figures import draw_overlay
from ...i18n import Language, _
from ...interpret.attribution import block_cam
from ..captions import classify as said
from ..html import answers, figure, heading, note
from ..page import Layout, Page, choose
from ..session import Session

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


def build(data_dir: str | None = None) -> Layout:
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            answer = gr.HTML(elem_id="answers", js_on_load=choose("target", number=True))
        with gr.Column(min_width=300):
            overlay = gr.HTML(elem_id="overlay", js_on_load=OPACITY)

    def render(session: Session) -> dict[Any, Any]:
        return {answer: _answers(session), overlay: _overlay(session)}

    return Layout(components=[answer, overlay], render=render, clicks={"target": (answer, Session.explain)})


def _answers(session: Session) -> Markup:
    say, trained, familiar = session.say, not session.untrained, session.familiarity()
    predictions = session.answers()
    shown = heading(say(_("What it answers"))) + answers(predictions, session.seen.target, say)
    shown += note(say(said.answer(predictions, trained)))
    shown += note(say(_("Click a class to see where the network finds evidence for it.")))
    unlike = said.unmeasured() if trained and familiar is None else said.familiar(familiar, session.domain.name)
    return shown + note(say(unlike), "rd-warning") if unlike else shown


def _overlay(session: Session) -> Markup:
    """The picture with the last block's Grad-CAM, and a slider for how much of it one sees."""
    assert session.picture is not None
    say, target, last = session.say, session.seen.target, session.seen.blocks[-1]
    label = session.titles[target]
    cam = block_cam(last)
    title = say(_("The picture with Grad-CAM for {label} laid over it", label=label))
    drawing = draw_overlay(session.domain.view(session.picture, 320), cam, title, 0.6)
    reading = said.evidence(label, bool((cam > 0).any()), last.name, not session.untrained)
    shown = figure(drawing, reading, f"grad-cam-{session.labels[target]}", say=say)
    return heading(say(_("Where it sees “{label}”", label=label))) + shown + _slider(say)


def _slider(say: Language) -> Markup:
    return Markup(
        '<label class="rd-slider">{} <input type="range" class="rd-opacity" min="0" max="100" value="60" '
        'aria-label="{}"> {}</label>'
    ).format(say(_("picture")), say(_("Opacity of the evidence")), say(_("evidence")))


PAGE = Page("classify", _("Classify"), build)
