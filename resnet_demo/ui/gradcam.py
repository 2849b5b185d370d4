"""The page Grad-CAM: the evidence for a class in every block, split by branch, and captum's other methods."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from ..attribution import METHODS, attribute, block_cam, grad_cam
from ..errors import InputError
from ..figures import draw_overlay, draw_split, draw_strip
from .page import Page, choose
from .parts import Dropdown, Radio, figure, placeholder
from .session import RANDOM, Visit

POSITIVE, SIGNED = "positive", "signed"
SIGNS = [("only for the class", POSITIVE), ("for and against", SIGNED)]


def build() -> tuple[Page, gr.Radio, gr.Dropdown, gr.Button, gr.HTML]:
    sign = Radio(SIGNS, value=POSITIVE, label="Show the evidence", elem_id="sign")
    strip = gr.HTML(elem_id="strip", js_on_load=choose("block"))
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300, scale=2):
            large = gr.HTML(elem_id="cam")
        with gr.Column(min_width=300, scale=3):
            split = gr.HTML(elem_id="split")
    gr.HTML("<h3>Other methods</h3>")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=240, scale=2):
            method = Dropdown(
                list(METHODS), value="IntegratedGradients", label="Method (captum)", elem_id="method",
                info="Guided Grad-CAM and layer Grad-CAM look at the chosen block; the others at the pixels.",
            )  # fmt: skip
            compute = gr.Button("Compute", variant="primary", elem_id="compute")
        with gr.Column(min_width=300, scale=3):
            other = gr.HTML(elem_id="other")

    def render(visit: Visit) -> dict[Any, Any]:
        say = visit.say
        assert visit.picture is not None
        trace, opened, signed = visit.seen, visit.opened, visit.signed
        label = visit.labels[trace.target]
        cams = grad_cam(trace, signed=signed)
        picture = visit.domain.view(visit.picture, 160)
        film = draw_strip(picture, cams, opened.name, f"Grad-CAM for {label} in every block")
        title = f"Where every block sees “{escape(label)}”"
        name = f"{visit.name}-{label}"
        overlay = draw_overlay(
            visit.domain.view(visit.picture, 320), cams[opened.name], f"Grad-CAM for {label} in block {opened.name}"
        )
        positive = say.reading.evidence(
            label, bool((cams[opened.name] > 0).any()), opened.name, visit.weights != RANDOM
        )
        seen = say.reading.cam(cams, label, opened.name, signed)
        return {
            strip: f"<h3>{title}</h3>{figure(film, seen, f'{name}-strip')}",
            large: f"<h3>Block {say.reading.block_title(opened.name)}</h3>"
            + figure(overlay, positive, f"{name}-{opened.name}"),
            split: _split(visit),
            other: placeholder("Choose a method and press Compute: these run the network again, some many times."),
        }

    return Page("gradcam", [strip, large, split, other], render, {"block": strip}), sign, method, compute, other


def _split(visit: Visit) -> str:
    """Signed Grad-CAM of the sum and of its two terms, which must add up."""
    assert visit.picture is not None
    opened, label, say = visit.opened, visit.labels[visit.seen.target], visit.say
    title = f"<h3>Which branch of block {say.reading.block_title(opened.name)} brought it?</h3>"
    if opened.shortcut_kind == "none":
        return title + placeholder("In a plain block there is only one branch: all evidence has to go through F.")
    cams = {branch: block_cam(opened, branch, signed=True) for branch in ("residual", "shortcut", "total")}
    error = (cams["residual"] + cams["shortcut"] - cams["total"]).abs().max().item()
    sums = {branch: cam.sum().item() for branch, cam in cams.items()}
    drawing = draw_split(
        visit.domain.view(visit.picture, 160), cams, f"Signed Grad-CAM of F(x), shortcut and their sum for {label}"
    )
    return title + figure(
        drawing, say.reading.cam_split(sums, error, label), f"{visit.name}-{label}-{opened.name}-branches"
    )


def compute_other(visit: Visit, method: str) -> str:
    """Run one of captum's methods for the class and block that are open."""
    if visit.picture is None:
        raise InputError("There is no picture yet: upload one, or choose an example.")
    trace, label, say = visit.seen, visit.labels[visit.seen.target], visit.say
    result = attribute(visit.network, trace.image, trace.target, method, visit.opened.name)
    drawing = draw_overlay(visit.domain.view(visit.picture, 320), result, f"{method} for {label}", opacity=0.85)
    reading = say.reading.other_method(method, label, result.max().item(), result.min().item(), visit.opened.name)
    return figure(drawing, reading, f"{visit.name}-{label}-{method}")
