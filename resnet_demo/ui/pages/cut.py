"""The page Cut: cut branches by clicking them, turn all of them up and down, and see the maps and the answer move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
import torch
from gradio.components import Component
from markupsafe import Markup
from torch import Tensor

from ...figures import block_scale, channel_to_show, draw_block, draw_lens, draw_street, highest_share
from ...i18n import Language, _, sentences
from ...interpret.trace import SHORTCUT_WIRE, Trace
from ...lab.interventions import BranchScales, Intervention, intervention, trace_intervened
from ...lab.lens import Beside, beside
from ...models.predict import UNTRAINED, class_logits, is_trained, rank
from ...models.resnet import ResNet
from ..captions import cut as said
from ..captions.findings import block_title
from ..components import Slider
from ..events import Change, Events
from ..html import both, changes, figure, heading, note
from ..in_sight import InSight
from ..page import STREET, Layout, Page, choose
from ..session import MOST_DIAL, Session
from .inside import street_answer, title_of, whose

CLASSES = 5  # that are shown: the likeliest ones, before or now


@dataclass(frozen=True, kw_only=True)
class CutPage(Layout):
    """The page, and the button that restores everything."""

    mend: gr.Button


def build(data_dir: str | None = None) -> CutPage:
    with gr.Column(elem_id="cut-card", elem_classes="rd-with-controls"):
        street = gr.HTML(elem_id="cut-street", js_on_load=choose("block", all_count=True) + STREET)
        with gr.Row(elem_id="dials", elem_classes="rd-controls"):
            residual = Slider(0, MOST_DIAL, 1, step=0.05, elem_id="dial-residual", buttons=[])
            shortcut = Slider(0, MOST_DIAL, 1, step=0.05, elem_id="dial-shortcut", buttons=[])
            mend = gr.Button(size="sm", elem_id="mend")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300, scale=2):
            answer = gr.HTML(elem_id="cut-answer")
        with gr.Column(min_width=320, scale=3):
            lens = gr.HTML(elem_id="lens")
    block = gr.HTML(elem_id="cut-block", js_on_load=choose("block", all_count=True))

    def labels(say: Language) -> dict[Any, Any]:
        return {
            residual: gr.update(label=say(_("Multiply every F(x) by"))),
            shortcut: gr.update(label=say(_("Multiply every shortcut by"))),
            mend: gr.update(value=say(_("Restore everything"))),
        }

    def as_kept(session: Session) -> dict[Any, Any]:
        return {residual: session.dials.residual, shortcut: session.dials.shortcut}

    def first(session: Session, sides: Sequence[Side]) -> dict[Any, Any]:
        say = session.say
        return {
            street: heading(say(_("Cut a wire, and see what happens"))) + _streets(session, sides),
            answer: heading(say(_("What it answers"))) + _answers(session, sides),
        }

    def render(session: Session) -> dict[Any, Any]:
        sides = _sides(session)
        return {
            **first(session, sides),
            block: _blocks(session, sides),
            lens: heading(session.say(_("How the answer grows"))) + _lenses(session, sides),
        }

    def moving(session: Session) -> dict[Any, Any]:
        return first(session, _sides(session))

    clicks: dict[str, tuple[Component, Change]] = {"wire": (street, cut_wire), "wire_of_block": (block, cut_wire)}
    return CutPage(
        components=[street, answer, lens, block], drawn=[street, answer, lens, block],
        render=render, moving=moving, labels=labels, clicks=clicks,
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
    """Cut a wire, or restore it, and open its block. Of two networks, the same wire of both where both have it."""
    name = str(wire)
    if session.beside_twin and session.network.config.plain and name.endswith(SHORTCUT_WIRE):
        session.open_block(name.removesuffix(SHORTCUT_WIRE))
        session.cut ^= {name}
    else:
        session.open_block(session.cut_or_mend(name).name)


@dataclass(frozen=True)
class Side:
    """A picture in a network as it is, and with what was done to it."""

    sight: InSight
    wires: Intervention
    found: Beside
    then: Tensor  # probabilities [blocks + 1, classes] as it is
    now: Tensor  # and with what was done

    @property
    def model(self) -> ResNet:
        return self.sight.model

    @property
    def trace(self) -> Trace:
        return self.sight.trace

    @property
    def plain(self) -> bool:
        return self.model.config.plain


def _sides(session: Session) -> list[Side]:
    return [_side(session, sight) for sight in session.shown()]


def _side(session: Session, sight: InSight) -> Side:
    wires = intervention(sight.model, session.cut, session.dials)
    found = beside(sight.model, sight.trace, *wires)
    then, now = (class_logits(logits).softmax(1) for logits in (found.before, found.after))
    return Side(sight, wires, found, then, now)


def _cut_of(session: Session, side: Side) -> frozenset[str]:
    """The wires that are cut of those that the network has."""
    return frozenset(wire for wire in session.cut if not (side.plain and wire.endswith(SHORTCUT_WIRE)))


def _streets(session: Session, sides: Sequence[Side]) -> Markup:
    say, titles, streets = session.say, session.titles, Markup("")
    highest = max(highest_share(side.trace) for side in sides)
    for side in sides:
        picture = session.domain.crop(side.sight.picture)
        first, new = (
            replace(p, label=titles[p.index])
            for logits in (side.found.before, side.found.after)
            for p in rank(side.model, logits[-1], 1)
        )
        wires, answer = _cut_of(session, side), street_answer(session, side.model, new)
        drawing = both(
            draw_street, side.trace, None, picture, answer, cut=wires, outputs=side.found.states, say=say,
            title=say(title_of(side.sight)) if len(sides) > 1 else None, highest=highest, screen=session.screen,
        )  # fmt: skip
        words = said.cut(wires, session.dials, first, new, side.now[-1, first.index].item(), side.plain)
        if not is_trained(side.model):
            words = said.cut_untrained(wires, session.dials, side.plain)
        elif session.second and side is sides[0]:
            words = said.cut_pictures(wires, session.dials, *(_kept(side, titles) for side in sides))
        elif len(sides) > 1 and side is sides[0] and all(is_trained(each.model) for each in sides):
            was, left = ([shares[-1, first.index].item() for shares in of] for of in _shares(sides))
            words = said.cut_both(session.cut, session.dials, first.label, was, left)
        streets += figure(drawing, words, f"{side.sight.file}-cut", say=say)
    return streets


def _kept(side: Side, titles: Sequence[str]) -> said.Kept:
    """What a picture's first answer was worth, and is."""
    first = int(side.then[-1].argmax())
    return said.Kept(titles[first], side.then[-1, first].item(), side.now[-1, first].item())


def _shares(sides: Sequence[Side]) -> tuple[list[Tensor], list[Tensor]]:
    return [side.then for side in sides], [side.now for side in sides]


def _answers(session: Session, sides: Sequence[Side]) -> Markup:
    """The likeliest classes, before or now, in any of the networks that were trained."""
    if not (sides := [side for side in sides if is_trained(side.model)]):
        return note(session.say(UNTRAINED), "rd-warning")
    most = torch.stack([shares[-1] for shares in (*_shares(sides)[0], *_shares(sides)[1])]).amax(0)
    likeliest = most.topk(min(CLASSES, len(session.labels))).indices.tolist()
    rows = [
        (session.titles[index], *(share[-1, index].item() for side in sides for share in (side.then, side.now)))
        for index in likeliest
    ]
    names = [session.say(title_of(side.sight)) for side in sides] if len(session.shown()) > 1 else []
    bars = _("The pale bar is the answer of the original network, the full one its answer now.")
    return note(session.say(bars)) + changes(rows, session.say, names)


def _lenses(session: Session, sides: Sequence[Side]) -> Markup:
    say, shown, sights = session.say, Markup(""), [side.sight for side in sides]
    for side in sides:
        if not is_trained(side.model):
            shown += whose(side.sight, sights, say) + note(say(UNTRAINED), "rd-warning")
            continue
        names, target = [block.name for block in side.trace.blocks], side.trace.target
        if session.second and not session.asked:  # each picture has an answer of its own
            target = int(side.then[-1].argmax())
        label, grown, grows = session.titles[target], side.then[:, target].tolist(), side.now[:, target].tolist()
        drawing = both(draw_lens, names, grown, grows, label, say=say, screen=session.screen)
        words = said.lens(names, grows, label, side.plain)
        shown += whose(side.sight, sights, say) + figure(drawing, words, f"{side.sight.file}-lens", say=say)
    return shown


def _blocks(session: Session, sides: Sequence[Side]) -> Markup:
    """The opened block as its equation, with what flows through it now; its two wires can be cut there."""
    say, name, sights = session.say, session.opened.name, [side.sight for side in sides]
    shown = heading(say(_("Block {block}: its two wires", block=block_title(name))))
    flows = [trace_intervened(side.model, name, side.found.into(name), *side.wires) for side in sides]
    # Of two pictures the same channel, on one scale; those of two networks have nothing in common.
    channels = [channel_to_show((sides[0] if session.second else side).trace[name]) for side in sides]
    scale = max(map(block_scale, flows, channels)) if session.second else None
    for side, seen, channel in zip(sides, flows, channels, strict=True):
        dials, deleted = side.wires
        dial = dials.get(name, BranchScales(residual=float(name not in deleted)))
        if side.plain:
            factors = {"residual": dial.residual}
            words = sentences(
                _("What flows here now: click the orange wire to take the block out."),
                _("Click again to restore it."),
            )
        else:
            factors = {"residual": dial.residual, "shortcut": dial.shortcut}
            words = sentences(
                _("What flows here now: click the orange wire to cut F, the blue one to cut the shortcut."),
                _("Click again to restore it."),
            )
        drawing = both(draw_block, seen, channel, screen=session.screen, say=say, factors=factors, scale=scale)
        shown += whose(side.sight, sights, say) + figure(drawing, words, f"{side.sight.file}-cut-{name}", say=say)
    return shown


PAGE = Page("cut", _("Cut"), build, connect)
