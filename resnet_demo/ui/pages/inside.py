"""The page Inside, the first one: the street and its answer, the open block as its equation, its channels, curves."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from ...figures import (
    block_scale,
    draw_block,
    draw_branches,
    draw_overlay,
    draw_street,
    highest_share,
    scale_of,
    source_channel,
    strongest,
)
from ...figures.axes import magnitude
from ...i18n import Language, Message, _, sentences
from ...interpret.attribution import block_cam
from ...interpret.trace import POINTS, BlockTrace, Trace
from ...models.predict import UNTRAINED, Prediction, is_trained, rank
from ...models.resnet import ResNet
from ...models.unlike import headline, reading
from ...models.unlike import note as unlike_note
from ..captions import classify
from ..captions import inside as said
from ..captions.findings import block_title
from ..components import Dropdown, whole_input
from ..events import Change, Events
from ..html import answers, both, channels, figure, heading, joined, note, pressed, unfolding
from ..in_sight import InSight
from ..network_menu import offer, title
from ..page import STREET, Layout, Page, choose
from ..page_state import PageState
from ..session import OWN, Session

MOST_CHANNELS = 64  # more would be too small to see
MOST_CLASSES = 20  # that are all offered

CHOOSE_CHANNEL = """
lab.then(({sender}) => {
  const send = sender(trigger);
  element.addEventListener('click', (event) => {
    const grid = event.target.closest('[data-channels]');
    if (!grid) return;
    const box = grid.getBoundingClientRect(), {columns, rows} = grid.dataset;
    const column = Math.floor((event.clientX - box.left) / box.width * columns);
    const row = Math.floor((event.clientY - box.top) / box.height * rows);
    const channel = grid.dataset.channels.split(',')[row * columns + column];
    if (channel !== undefined) send(Number(channel));
  });
});
"""


POINT_TITLES = {
    "x": _("x"),
    "residual": _("F(x)"),
    "shortcut": _("shortcut(x)"),
    "total": _("F(x) + shortcut"),
    "output": _("y = ReLU(sum)"),
}
NOTHING_AFTER_THE_SUM = _("y = sum")  # in pre-activation networks


@dataclass
class Inside(PageState):
    """The curves that were last drawn: of which trace, and in which language."""

    curves: tuple[weakref.ref[Trace], str, Markup] | None = None


@dataclass(frozen=True, kw_only=True)
class InsidePage(Layout):
    """The page, and the controls that are joined with its events."""

    choice: gr.Dropdown
    number: gr.Number


# A click on a class asks for its evidence. A slider works inside the page, at once: no request is needed to make a
# picture more or less transparent.
EVIDENCE = (
    choose("target", number=True)
    + """
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
)


def build(data_dir: str | None = None) -> InsidePage:
    with gr.Row(elem_id="first-screen", equal_height=False):
        with gr.Column(elem_id="network-view", min_width=300, scale=10):
            street = gr.HTML(elem_id="street", js_on_load=choose("block") + STREET)
            block = gr.HTML(elem_id="block")
        with gr.Column(elem_id="answer-view", min_width=260, scale=0):
            answer = gr.HTML(elem_id="answer", js_on_load=choose("target", number=True))
            evidence = gr.HTML(elem_id="evidence", js_on_load=EVIDENCE)
    with gr.Row(elem_id="channel-choice"):
        choice = Dropdown([], elem_id="block-choice", min_width=130)
        number = whole_input(None, elem_id="channel", minimum=0)
    grids = gr.HTML(elem_id="channels", js_on_load=CHOOSE_CHANNEL)
    curves = gr.HTML(elem_id="curves")

    def render(session: Session) -> dict[Any, Any]:
        opened = session.opened
        channel = session.shown_channel
        blocks = [(block_title(block.name), block.name) for block in session.seen.blocks]
        return {
            street: _street(session),
            block: _block(session, channel),
            answer: _answer(session),
            evidence: _evidence(session),
            choice: gr.update(choices=blocks, value=opened.name),
            number: channel,
        }

    def below(session: Session) -> dict[Any, Any]:
        opened = session.opened
        channel = session.shown_channel
        return {
            grids: _grids(session, opened, channel),
            curves: _curves(session),
        }

    def labels(say: Language) -> dict[Any, Any]:
        return {
            choice: gr.update(label=say(_("Block"))),
            number: gr.update(label=say(_("Channel to enlarge (or click one below)"))),
        }

    clicks: dict[str, tuple[Component, Change]] = {
        "block": (street, Session.open_block),
        "target": (answer, Session.explain),
        "target_of_evidence": (evidence, Session.explain),
        "channel": (grids, Session.open_channel),
    }
    return InsidePage(
        components=[street, block, answer, evidence, choice, number, grids, curves], render=render, below=below,
        drawn=[street, block, answer, evidence, grids, curves], labels=labels,
        clicks=clicks, choice=choice, number=number,
    )  # fmt: skip


def connect(page: InsidePage, events: Events) -> None:
    events.on(page.choice.input, Session.open_block, [page.choice], "block")
    events.on(page.number.submit, Session.open_channel, [page.number], "channel")


def _answer(session: Session) -> Markup:
    """What the network answers, to the second picture, too, where there is one."""
    seen, shown, say = session.shown(), Markup(""), session.say
    if session.untrained:
        why = sentences(UNTRAINED, classify.untrained(), session.network.note)
        return heading(say(_("What it answers"))) + unfolding(why, "rd-warning", say) + _whose_picture(session)
    for sight in seen if session.second else [mine(seen, session)]:
        shown += _answer_to(session, sight, seen)
    return shown + _offer(session) + _whose_picture(session)


def _answer_to(session: Session, sight: InSight, seen: Sequence[InSight]) -> Markup:
    """Whether the picture is like what the network knows, before what it answers, and how much that is worth."""
    say, unlike = session.say, session.judge(sight.picture, sight.trace)
    predictions, noted = session.answers(of=sight.trace), unlike if unlike and unlike.noted else None
    outside = noted is not None and noted.rates is not None
    known = Markup("{} <small>{}</small>").format(say(_("What it answers")), say(classify.of(len(session.labels))))
    shown = whose(sight, seen, say, 3) + heading(say(headline()) if outside else known, read=4 if len(seen) > 1 else 3)
    record = session.record(sight.picture, sight.trace)
    often = reading(record, predictions[0].label) if record else None
    if noted:  # of the picture, in sight whatever there is to be said of the network
        shown += unfolding(sentences(unlike_note(noted, session.domain.name), often), "rd-warning", say)
    of_network = [session.network.note, None if unlike else classify.unmeasured()]  # how a file was read
    if any(of_network):
        shown += unfolding(sentences(*of_network), "rd-warning", say)
    shown += answers(predictions, session.seen.target, say)
    shown += note(say(classify.answer(predictions, outside, record)))
    return shown + (note(say(often)) if often and not noted else Markup(""))


def _offer(session: Session) -> Markup:
    """A network that knows more, where the picture is probably none of the things that this one knows."""
    unlike = session.unlike()
    return offer(session) if unlike and unlike.noted and unlike.rates is not None else Markup("")


def _whose_picture(session: Session) -> Markup:
    """Beside a checkpoint of the visitor's own: that the picture is still ours."""
    if session.weights != OWN or session.picture_name is None:
        return Markup("")
    return note(session.say(classify.example(session.say.label(session.picture_name))))


def _evidence(session: Session) -> Markup:
    """Where the network sees the class that is asked about, and, where they are few, all classes that it has."""
    return _overlay(session) + (_classes(session) if len(session.labels) <= MOST_CLASSES else _search(session))


def _classes(session: Session) -> Markup:
    chip = Markup('<button type="button" class="rd-class" data-target="{}" aria-pressed="{}">{}</button>')
    target, titles = session.seen.target, session.titles
    chips = joined(chip.format(index, pressed(index == target), title) for index, title in enumerate(titles))
    return heading(session.say(classify.knows(len(titles))), 4) + Markup('<p class="rd-classes">{}</p>').format(chips)


def _search(session: Session) -> Markup:
    """A field that finds a class by its name, among too many to show them all; see `static/js/search.js`."""
    say, target, titles = session.say, session.seen.target, session.titles
    return heading(say(classify.knows(len(titles))), 4) + Markup(
        '<div class="rd-search" data-names="{}" data-target-now="{}" data-none="{}"><label>{} '
        '<input type="search" placeholder="{}" autocomplete="off" spellcheck="false"></label>'
        '<p class="rd-classes" role="status"></p></div>'
    ).format(
        "\n".join(title.replace("\n", " ") for title in titles), target,
        say(_("It knows nothing of that name.")), say(_("Find one by its name")), titles[0],
    )  # fmt: skip


def _overlay(session: Session) -> Markup:
    """The picture with the last block's Grad-CAM, and a slider for how much of it one sees."""
    assert session.framed is not None
    say, target, last = session.say, session.seen.target, session.seen.blocks[-1]
    label = session.titles[target]
    cam = block_cam(last)
    title = say(_("The picture with Grad-CAM for {label} laid over it", label=label))
    drawing = draw_overlay(session.domain.view(session.framed, 320), cam, title, 0.6)
    reading = classify.evidence(label, bool((cam > 0).any()), last.name, not session.untrained)
    shown = figure(drawing, reading, f"grad-cam-{session.labels[target]}", say=say)
    seen = session.shown()
    title = heading(say(_("Where it sees “{label}”", label=label))) + whose(mine(seen, session), seen, say)
    return title + shown + _slider(say)


def _slider(say: Language) -> Markup:
    return Markup(
        '<label class="rd-slider">{} <input type="range" class="rd-opacity" min="0" max="100" value="60" '
        'aria-label="{}"> {}</label>'
    ).format(say(_("picture")), say(_("Opacity of the evidence")), say(_("evidence")))


def _street(session: Session) -> Markup:
    """The network as a street; below it that of the second picture, or that of its twin, where they are asked for."""
    say, opened, streets, seen = session.say, session.opened.name, Markup(""), session.shown()
    highest = max(highest_share(sight.trace) for sight in seen)
    compare = said.pictures if session.second else said.streets
    for sight in seen:
        best = rank(sight.model, sight.trace.logits, 1)[0]
        picture = session.domain.crop(sight.picture)
        answer = street_answer(session, sight.model, replace(best, label=session.titles[best.index]))
        unlike = session.judge(sight.picture, sight.trace)
        if is_trained(sight.model) and unlike and unlike.noted and unlike.rates is not None:
            answer = (say(classify.no_answer()), "")
        head = say(title_of(sight)) if len(seen) > 1 else None
        drawing = both(
            draw_street, sight.trace, opened, picture, answer, say=say, screen=session.screen, title=head,
            highest=highest,
        )  # fmt: skip
        if len(seen) > 1 and sight is seen[0]:
            reading = compare(*(each.trace for each in seen))
        else:
            reading = said.street(sight.trace)
        streets += figure(drawing, reading, f"{sight.file}-street", say=say)
    return streets


def street_answer(session: Session, model: ResNet, best: Prediction) -> tuple[str, str]:
    """What stands at the end of a street: the likeliest class and its probability, if these mean anything."""
    say = session.say
    return (best.label, say.percent(best.probability)) if is_trained(model) else (say(_("not trained")), "")


def title_of(sight: InSight) -> Message | str:
    """What tells a figure from the one beside it: which picture it is of, or which network."""
    return _("Picture {mark}", mark=sight.mark) if sight.mark else title(sight.name)


def whose(sight: InSight, seen: Sequence[InSight], say: Language, read: int = 4) -> Markup:
    """The heading of a figure, where another one of its kind is beside it; `read`: its level, see `heading`."""
    return heading(say(title_of(sight)), 4, read) if len(seen) > 1 else Markup("")


def mine(seen: Sequence[InSight], session: Session) -> InSight:
    """Of what is in sight, the network and the picture that were chosen first."""
    return next(sight for sight in seen if sight.name == session.name)


def _block(session: Session, channel: int) -> Markup:
    say, opened, shown, seen = session.say, session.opened, Markup(""), session.shown()
    scale = max(block_scale(sight.trace[opened.name], channel) for sight in seen)
    for sight in seen:
        block = sight.trace[opened.name]
        drawing = both(draw_block, block, channel, screen=session.screen, say=say, scale=scale)
        checked = "" if block.shortcut_kind == "none" else said.exactness(block)
        drawn = figure(drawing, said.block(block), f"{sight.file}-{block.name}", checked, say=say)
        shown += whose(sight, seen, say, 3) + drawn
    for sight in seen:
        block, head = sight.trace[opened.name], _("The numbers of block {block}", block=block_title(opened.name))
        if len(seen) > 1:
            head = _("{whose}: the numbers of block {block}", whose=title_of(sight), block=block_title(opened.name))
        shown += _numbers(block, head, say)
    return shown


def _point_title(point: str, block: BlockTrace) -> Message:
    if point == "output" and not block.ends_in_relu:
        return NOTHING_AFTER_THE_SUM
    return POINT_TITLES[point]


def _numbers(block: BlockTrace, head: Message, say: Language) -> Markup:
    """The numbers of the drawing as a table."""
    row = Markup("<tr><th scope='row'>{}</th><td>{:.4g}</td><td>{:.3g}</td><td>{}</td></tr>")
    rows = joined(
        row.format(
            say(_point_title(point, block)),
            block.norms[point],
            block.gradients[point].norm().item(),
            " × ".join(map(str, getattr(block, point).shape[1:])),
        )
        for point in POINTS
        if not (block.shortcut_kind == "none" and point in ("shortcut", "total"))
    )
    names = (_("value"), _("norm"), _("norm of its gradient"), _("shape"))
    columns = joined(Markup("<th>{}</th>").format(say(column)) for column in names)
    relation = Markup("")
    if block.ratio is not None:
        words = _(
            "‖F(x)‖ / ‖shortcut‖ = <b>{ratio:.3f}</b>, cosine = <b>{cosine:.3f}</b>",
            ratio=block.ratio, cosine=block.cosine or 0,
        )  # fmt: skip
        relation = Markup("<p>{}</p>").format(say.html(words))
    return Markup(
        "<details class='rd-fold'><summary>{}</summary><div class='rd-scroll'><table class='rd-table'>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}</details>"
    ).format(say(head), columns, rows, relation)


def _grids(session: Session, block: BlockTrace, channel: int) -> Markup:
    """All five points side by side on one scale, and folded below them the maps inside F."""
    say, seen, name = session.say, session.shown(), f"{session.name}-{block.name}"
    values = {point: getattr(block, point) for point in POINTS}
    scale = scale_of(*values.values())
    wide = [values[point][0] for point in POINTS[1:]]
    shown = strongest(wide, MOST_CHANNELS)
    cards = []
    for point, value in values.items():
        if block.shortcut_kind == "none" and point in ("shortcut", "total"):
            continue  # there is none, and F(x) alone is the sum
        same = value.shape[1] == block.total.shape[1] and not (point == "x" and block.shortcut_kind == "projection")
        own = shown if same else strongest([value[0]], MOST_CHANNELS)
        chosen = source_channel(block, channel) if point == "x" else channel
        kind = f"rd-{point}", f"{name}-{point}"
        cards.append(
            channels(say(_point_title(point, block)), value, own, chosen, scale, *kind, clickable=same, say=say)
        )
    inside = [
        channels(
            layer, value, strongest([value[0]], MOST_CHANNELS), None, scale_of(value), "rd-residual",
            f"{name}-{layer}", say=say,
        )
        for layer, value in block.inside.items()
    ]  # fmt: skip
    legend = Markup(
        '<div class="rd-legend" aria-hidden="true"><span>−{0}</span><span class="rd-ramp"></span>'
        "<span>+{0}</span></div>"
    ).format(magnitude(scale, say))
    in_row = Markup("<div class='rd-cards'>{}</div>")
    layers = Markup("<details class='rd-fold'><summary>{}</summary>{}{}</details>").format(
        say(_("Inside F: the output of each of its layers")),
        note(say(_("Each layer on a scale of its own."))),
        in_row.format(joined(inside)),
    )
    return (
        heading(say(_("Every channel of block {block}", block=block_title(block.name))))
        + whose(mine(seen, session), seen, say)
        + note(say(said.channels(channel, len(shown), block.total.shape[1])))
        + legend
        + in_row.format(joined(cards))
        + layers
    )


def _curves(session: Session) -> Markup:
    """The curves, drawn once for each trace."""
    trace, say, state, seen = session.seen, session.say, session.of(Inside), session.shown()
    title = heading(say(_("All blocks in one picture"))) + whose(mine(seen, session), seen, say)
    if state.curves and state.curves[0]() is trace and state.curves[1] == session.language:
        return title + state.curves[2]
    shown = figure(both(draw_branches, trace, say=say), said.curves(trace), f"{session.name}-curves", say=say)
    state.curves = (weakref.ref(trace), session.language, shown)
    return title + shown


PAGE = Page("inside", _("Inside"), build, connect)
