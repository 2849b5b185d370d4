"""The page Grad-CAM: the evidence for a class in every block, split by branch, and captum's other methods."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup
from torch import Tensor

from ...errors import InputError
from ...figures import draw_overlay, draw_split, draw_strip, scale_of
from ...i18n import Language, _
from ...interpret.attribution import METHODS, attribute, block_cam, grad_cam
from ...interpret.trace import Trace
from ..bounds import one_of
from ..captions import classify
from ..captions import gradcam as said
from ..captions.findings import block_title
from ..components import Dropdown, Radio
from ..events import Events
from ..html import figure, heading, placeholder
from ..page import Layout, Page, choose
from ..session import PageState, Session
from .inside import whose

POSITIVE, SIGNED = "positive", "signed"


@dataclass
class GradCam(PageState):
    """What is looked at on the page."""

    signed: bool = False  # show evidence against the class, too
    # Of which trace, by which method and for which block: the last map of captum's.
    attributed: tuple[weakref.ref[Trace], str, str, Tensor] | None = None


@dataclass(frozen=True, kw_only=True)
class GradCamPage(Layout):
    """The page, and the controls that are joined with its events."""

    target: gr.Dropdown
    sign: gr.Radio
    method: gr.Dropdown
    compute: gr.Button


def build(data_dir: str | None = None) -> GradCamPage:
    with gr.Column(elem_id="strip-card", elem_classes="rd-with-controls"):
        with gr.Row(elem_id="evidence-choice", elem_classes="rd-controls"):
            target = Dropdown([], elem_id="target", min_width=150)
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

    def labels(say: Language) -> dict[Any, Any]:
        signs = [(say(_("only for the class")), POSITIVE), (say(_("for and against")), SIGNED)]
        info = _("GuidedGradCam and LayerGradCam look at the chosen block; the others at the pixels.")
        return {
            target: gr.update(label=say(_("Show the evidence for"))),
            sign: gr.update(label=say(_("Show the evidence")), choices=signs),
            others: gr.update(value=heading(say(_("Other methods")))),
            method: gr.update(label=say(_("Method (captum)")), info=say(info)),
            compute: gr.update(value=say(_("Compute"))),
        }

    def as_kept(session: Session) -> dict[Any, Any]:
        return {sign: SIGNED if session.of(GradCam).signed else POSITIVE}

    def render(session: Session) -> dict[Any, Any]:
        signed = session.of(GradCam).signed
        cams = {name: grad_cam(trace, signed=signed) for name, _model, trace in session.shown()}
        classes = [(title, index) for index, title in enumerate(session.titles)]
        return {
            target: gr.update(choices=classes, value=session.target),
            strip: _strip(session, cams),
            large: _large(session, {name: of_blocks[session.opened.name] for name, of_blocks in cams.items()}),
            split: _split(session),
            other: _other(session),
        }

    return GradCamPage(
        components=[target, strip, large, split, other], drawn=[strip, large, split, other],
        render=render, labels=labels,
        clicks={"block": (strip, Session.open_block)}, fields=[sign], as_kept=as_kept,
        target=target, sign=sign, method=method, compute=compute,
    )  # fmt: skip


def connect(page: GradCamPage, events: Events) -> None:
    events.on(page.target.input, Session.explain, [page.target], "target")
    events.on(page.sign.input, change_sign, [page.sign], "sign")
    events.on(page.compute.click, compute_other, [page.method], "attribute")


def change_sign(session: Session, chosen: object) -> None:
    session.of(GradCam).signed = one_of(chosen, (POSITIVE, SIGNED), _("The evidence")) == SIGNED


def _strip(session: Session, cams: dict[str, dict[str, Tensor]]) -> Markup:
    """Every block's map, as a strip of film for each network; two are on one scale, block by block."""
    assert session.framed is not None
    say, opened, target = session.say, session.opened.name, session.seen.target
    label, picture = session.titles[target], session.domain.view(session.framed, 160)
    title = say(_("Grad-CAM for {label} in every block", label=label))
    shown = heading(say(_("Where every block sees “{label}”", label=label)))
    scales = {block: scale_of(*(maps[block] for maps in cams.values())) for block in cams[session.name]}
    for name, maps in cams.items():
        film = draw_strip(picture, maps, opened, title, say, scales)
        if len(cams) > 1 and name == next(iter(cams)):
            seen = said.strips(maps, list(cams.values())[1], label)
        else:
            seen = said.strip(maps, label, opened, session.of(GradCam).signed)
        name_of_file = f"{name}-{session.labels[target]}-strip"
        shown += whose(name, list(cams), say) + figure(film, seen, name_of_file, say=say)
    return shown


def _large(session: Session, cams: dict[str, Tensor]) -> Markup:
    """The opened block's map, over the picture, for each network."""
    assert session.framed is not None
    say, opened, target = session.say, session.opened.name, session.seen.target
    label = session.titles[target]
    title = say(_("Grad-CAM for {label} in block {block}", label=label, block=opened))
    shown, scale = heading(say(_("Block {block}", block=block_title(opened)))), scale_of(*cams.values())
    for name, cam in cams.items():
        overlay = draw_overlay(session.domain.view(session.framed, 320), cam, title, scale=scale)
        seen = classify.evidence(label, bool((cam > 0).any()), opened, not session.untrained)
        name_of_file = f"{name}-{session.labels[target]}-{opened}"
        shown += whose(name, list(cams), say) + figure(overlay, seen, name_of_file, say=say)
    return Markup('<div class="rd-twins">{}</div>').format(shown) if len(cams) > 1 else shown


def _split(session: Session) -> Markup:
    """Signed Grad-CAM of the sum and of its two terms, which must add up."""
    assert session.framed is not None
    trace = session.shown()[0][2]  # of two networks that with shortcuts: the other one has nothing to split
    opened, target, say = trace[session.opened.name], trace.target, session.say
    label = session.titles[target]
    title = heading(say(_("Which branch of block {block} brought it?", block=block_title(opened.name))))
    if opened.shortcut_kind == "none":
        only = _("In a plain block there is only one branch: all evidence has to go through F.")
        return title + placeholder(say(only))
    cams = {branch: block_cam(opened, branch, signed=True) for branch in ("residual", "shortcut", "total")}
    error = (cams["residual"] + cams["shortcut"] - cams["total"]).abs().max().item()
    sums = {branch: cam.sum().item() for branch, cam in cams.items()}
    words = say(_("Signed Grad-CAM of F(x), shortcut and their sum for {label}", label=label))
    drawing = draw_split(session.domain.view(session.framed, 160), cams, words, session.say)
    name = f"{session.shown()[0][0]}-{session.labels[target]}-{opened.name}-branches"
    return title + figure(drawing, said.split(sums, error, label), name, say=say)


def compute_other(session: Session, chosen: object) -> None:
    """Run one of captum's methods for the class and block that are open."""
    if session.framed is None:
        raise InputError("There is no picture yet: upload one, or choose an example.")
    trace, block, method = session.seen, session.opened.name, str(chosen)
    result = attribute(session.network, trace.image, trace.target, method, block)
    session.of(GradCam).attributed = (weakref.ref(trace), block, method, result)


def _other(session: Session) -> Markup:
    """What a method found for this picture, class and block; else that one can be chosen."""
    say, trace, block = session.say, session.seen, session.opened.name
    of_trace, of_block, method, result = session.of(GradCam).attributed or (lambda: None, "", "", None)
    if result is None or of_trace() is not trace or of_block != block:
        choose_one = _("Choose a method and press Compute: these run the network again, some of them many times.")
        return placeholder(say(choose_one))
    assert session.framed is not None
    label = session.titles[trace.target]
    title = say(_("{method} for {label}", method=method, label=label))
    drawing = draw_overlay(session.domain.view(session.framed, 320), result, title, opacity=0.85)
    reading = said.other_method(method, label, result.max().item(), result.min().item(), block)
    return figure(drawing, reading, f"{session.name}-{session.labels[trace.target]}-{method}", say=say)


PAGE = Page("gradcam", _("Grad-CAM"), build, connect)
