"""The page Grad-CAM: the evidence for a class in every block, split by branch, and captum's other methods."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ...errors import InputError
from ...figures import draw_overlay, draw_split, draw_strip
from ...interpret.attribution import METHODS, attribute, block_cam, grad_cam
from ..events import Events
from ..page import Page, choose
from ..parts import Dropdown, Radio, figure, placeholder
from ..session import RANDOM, Visit

POSITIVE, SIGNED = "positive", "signed"


@dataclass(frozen=True)
class GradCamPage:
    """The page, and the controls that the app joins with its events."""

    page: Page
    sign: gr.Radio
    method: gr.Dropdown
    compute: gr.Button

    def as_in(self, visit: Visit) -> dict[Any, Any]:
        """The switch as a visit has it."""
        return {self.sign: SIGNED if visit.signed else POSITIVE}


def build() -> GradCamPage:
    sign = Radio([POSITIVE, SIGNED], value=POSITIVE, elem_id="sign")
    strip = gr.HTML(elem_id="strip", js_on_load=choose("block"))
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300, scale=2):
            large = gr.HTML(elem_id="cam")
        with gr.Column(min_width=300, scale=3):
            split = gr.HTML(elem_id="split")
    others = gr.HTML()
    with gr.Row(equal_height=False):
        with gr.Column(min_width=240, scale=2):
            method = Dropdown(list(METHODS), value="IntegratedGradients", elem_id="method")
            compute = gr.Button(variant="primary", elem_id="compute")
        with gr.Column(min_width=300, scale=3):
            other = gr.HTML(elem_id="other")

    def labels(say: Any) -> dict[Any, Any]:
        words = say.gradcam
        signs = [(words.POSITIVE, POSITIVE), (words.SIGNED, SIGNED)]
        return {
            sign: gr.update(label=words.SIGN, choices=signs),
            others: gr.update(value=f"<h3>{words.OTHER}</h3>"),
            method: gr.update(label=words.METHOD, info=words.METHOD_INFO),
            compute: gr.update(value=words.COMPUTE),
        }

    def render(visit: Visit) -> dict[Any, Any]:
        say, words = visit.say, visit.say.gradcam
        assert visit.picture is not None
        trace, opened, signed = visit.seen, visit.opened, visit.signed
        label = visit.titles[trace.target]
        cams = grad_cam(trace, signed=signed)
        picture = visit.domain.view(visit.picture, 160)
        film = draw_strip(picture, cams, opened.name, words.film(label), say.terms.TERMS)
        name = f"{visit.name}-{visit.labels[trace.target]}"
        overlay = draw_overlay(
            visit.domain.view(visit.picture, 320), cams[opened.name], words.overlay(label, opened.name)
        )
        positive = say.reading.evidence(
            label, bool((cams[opened.name] > 0).any()), opened.name, visit.weights != RANDOM
        )
        seen = say.reading.cam(cams, label, opened.name, signed)
        return {
            strip: f"<h3>{escape(words.every_block(label))}</h3>" + figure(film, seen, f"{name}-strip", say=say),
            large: f"<h3>{words.block(say.reading.block_title(opened.name))}</h3>"
            + figure(overlay, positive, f"{name}-{opened.name}", say=say),
            split: _split(visit),
            other: _other(visit),
        }

    page = Page("gradcam", [strip, large, split, other], render, {"block": (strip, Visit.open_block)}, labels)
    return GradCamPage(page, sign, method, compute)


def connect(page: GradCamPage, events: Events) -> None:
    events.on(page.sign.input, change_sign, [page.sign], "sign")
    events.on(page.compute.click, compute_other, [page.method], "attribute")


def change_sign(visit: Visit, chosen: object) -> None:
    if chosen not in (POSITIVE, SIGNED):
        raise InputError(f"The evidence is shown {POSITIVE!r} or {SIGNED!r}, not {chosen!r}.")
    visit.signed = chosen == SIGNED


def _split(visit: Visit) -> str:
    """Signed Grad-CAM of the sum and of its two terms, which must add up."""
    assert visit.picture is not None
    opened, target, say = visit.opened, visit.seen.target, visit.say
    label = visit.titles[target]
    title = f"<h3>{say.gradcam.which_branch(say.reading.block_title(opened.name))}</h3>"
    if opened.shortcut_kind == "none":
        return title + placeholder(say.gradcam.ONE_BRANCH)
    cams = {branch: block_cam(opened, branch, signed=True) for branch in ("residual", "shortcut", "total")}
    error = (cams["residual"] + cams["shortcut"] - cams["total"]).abs().max().item()
    sums = {branch: cam.sum().item() for branch, cam in cams.items()}
    drawing = draw_split(visit.domain.view(visit.picture, 160), cams, say.gradcam.split(label), say.terms.TERMS)
    name = f"{visit.name}-{visit.labels[target]}-{opened.name}-branches"
    return title + figure(drawing, say.reading.cam_split(sums, error, label), name, say=say)


def compute_other(visit: Visit, chosen: object) -> None:
    """Run one of captum's methods for the class and block that are open."""
    if visit.picture is None:
        raise InputError(visit.say.notices.NO_PICTURE)
    trace, block, method = visit.seen, visit.opened.name, str(chosen)
    result = attribute(visit.network, trace.image, trace.target, method, block)
    visit.attributed = (weakref.ref(trace), block, method, result)


def _other(visit: Visit) -> str:
    """What a method found for this picture, class and block; else that one can be chosen."""
    say, trace, block = visit.say, visit.seen, visit.opened.name
    of_trace, of_block, method, result = visit.attributed or (lambda: None, "", "", None)
    if result is None or of_trace() is not trace or of_block != block:
        return placeholder(say.gradcam.CHOOSE)
    assert visit.picture is not None
    label = visit.titles[trace.target]
    drawing = draw_overlay(
        visit.domain.view(visit.picture, 320), result, say.gradcam.method(method, label), opacity=0.85
    )
    reading = say.reading.other_method(method, label, result.max().item(), result.min().item(), block)
    return figure(drawing, reading, f"{visit.name}-{visit.labels[trace.target]}-{method}", say=say)
