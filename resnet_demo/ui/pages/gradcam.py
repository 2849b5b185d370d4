"""The page Grad-CAM: the evidence for a class in every block, split by branch, and captum's other methods."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
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
from ..in_sight import InSight
from ..page import Layout, Page, choose
from ..page_state import PageState
from ..places import LONG
from ..session import Session
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
        seen, signed = session.shown(), session.of(GradCam).signed
        cams = [grad_cam(sight.trace, signed=signed) for sight in seen]
        classes = [(title, index) for index, title in enumerate(session.titles)]
        return {
            target: gr.update(choices=classes, value=session.target),
            strip: _strip(session, seen, cams),
            large: _large(session, seen, [maps[session.opened.name] for maps in cams]),
            split: _splits(session, seen),
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
    events.on(page.compute.click, compute_other, [page.method], "attribute", way=LONG)


def change_sign(session: Session, chosen: object) -> None:
    session.of(GradCam).signed = one_of(chosen, (POSITIVE, SIGNED), _("The evidence")) == SIGNED


def _strip(session: Session, seen: Sequence[InSight], cams: Sequence[dict[str, Tensor]]) -> Markup:
    """Every block's map, as a strip of film for each picture or network; two are on one scale, block by block."""
    say, opened, target = session.say, session.opened.name, session.seen.target
    label, compare = session.titles[target], said.pictures if session.second else said.strips
    title = say(_("Grad-CAM for {label} in every block", label=label))
    shown = heading(say(_("Where every block sees “{label}”", label=label)))
    scales = {block: scale_of(*(maps[block] for maps in cams)) for block in cams[0]}
    for sight, maps in zip(seen, cams, strict=True):
        film = draw_strip(session.domain.view(sight.picture, 160), maps, opened, title, say, scales)
        if len(seen) > 1 and sight is seen[0]:
            reading = compare(cams[0], cams[1], label)
        else:
            reading = said.strip(maps, label, opened, session.of(GradCam).signed)
        name_of_file = f"{sight.file}-{session.labels[target]}-strip"
        shown += whose(sight, seen, say) + figure(film, reading, name_of_file, say=say)
    return shown


def _large(session: Session, seen: Sequence[InSight], cams: Sequence[Tensor]) -> Markup:
    """The opened block's map, over the picture, for each picture or network."""
    say, opened, target = session.say, session.opened.name, session.seen.target
    label = session.titles[target]
    title = say(_("Grad-CAM for {label} in block {block}", label=label, block=opened))
    shown, scale = heading(say(_("Block {block}", block=block_title(opened)))), scale_of(*cams)
    for sight, cam in zip(seen, cams, strict=True):
        overlay = draw_overlay(session.domain.view(sight.picture, 320), cam, title, scale=scale)
        reading = classify.evidence(label, bool((cam > 0).any()), opened, not session.untrained)
        name_of_file = f"{sight.file}-{session.labels[target]}-{opened}"
        shown += whose(sight, seen, say) + figure(overlay, reading, name_of_file, say=say)
    return Markup('<div class="rd-twins">{}</div>').format(shown) if len(seen) > 1 else shown


def _splits(session: Session, seen: Sequence[InSight]) -> Markup:
    """What each branch of the opened block brought; of network and twin that of the one with shortcuts."""
    say, block = session.say, session.opened.name
    shown = heading(say(_("Which branch of block {block} brought it?", block=block_title(block))))
    if seen[0].model.config.plain:
        only = _("In a plain block there is only one branch: all evidence has to go through F.")
        return shown + placeholder(say(only))
    for sight in seen if session.second else seen[:1]:
        shown += whose(sight, seen, say) + _split(session, sight)
    return shown


def _split(session: Session, sight: InSight) -> Markup:
    """Signed Grad-CAM of the sum and of its two terms, which must add up."""
    opened, target, say = sight.trace[session.opened.name], sight.trace.target, session.say
    label = session.titles[target]
    cams = {branch: block_cam(opened, branch, signed=True) for branch in ("residual", "shortcut", "total")}
    error = (cams["residual"] + cams["shortcut"] - cams["total"]).abs().max().item()
    sums = {branch: cam.sum().item() for branch, cam in cams.items()}
    words = say(_("Signed Grad-CAM of F(x), shortcut and their sum for {label}", label=label))
    drawing = draw_split(session.domain.view(sight.picture, 160), cams, words, say)
    name = f"{sight.file}-{session.labels[target]}-{opened.name}-branches"
    return figure(drawing, said.split(sums, error, label), name, say=say)


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
