"""Step 9: the answer as it grows from block to block, and what was seen in the steps before."""

from __future__ import annotations

import torch
from markupsafe import Markup
from torch import Tensor

from ...figures import draw_lines, network_title
from ...i18n import _
from ...lab.lens import lens
from ...models import zoo
from ...models.predict import class_logits, domain_of, rank
from ..captions import lesson as captions
from ..html import both
from ..session import TRAINED, Session, shared_network
from . import evidence, prose
from .controls import Control, Range, Save, Step, View, go_to, turned
from .state import Lesson
from .twins import pair_of
from .unfolded import can_be_unfolded, checkpoint, unfolded

PAGES = {  # where to go from here
    "cut": _("Cut more connections"),
    "train": _("Train such a pair yourself"),
    "inside": _("Look into every block"),
}


def controls(session: Session) -> list[Control]:
    return [_after(session)]


def _after(session: Session) -> Range:
    count = len(session.seen.blocks)
    return turned(session, "after", _("Stop after how many blocks"), 0, count, count)


def pick(session: Session, what: str) -> None:
    """One of the buttons: another page, or a step of the lesson."""
    if what in PAGES:
        session.page = what
    else:
        go_to(session, int(what) if what.isdecimal() else what)


def view(session: Session) -> View:
    after, trace, pair = int(_after(session).value), session.seen, pair_of(session)
    lines, told = {}, {}
    sources = tuple(source for _model, source in session.pair().values())
    for name, found in session.of(Lesson).once(trace, "lens", sources, lambda: _logits(session)).items():
        lines[name] = class_logits(found).softmax(1)[:, trace.target].tolist()
        (told[name],) = rank(pair[name], found[after], 1)
    names = ["stem", *(block.name for block in trace.blocks)]
    say = session.say
    title = say(_("probability of “{label}” after each block", label=session.titles[trace.target]))
    places = [say(_("stem")), *(name.removeprefix("layer") for name in names[1:])]
    return View(
        name=f"{session.name}-grown",
        drawing=both(draw_lines, lines, places, title, after, highest=1.0, say=session.say) + _score(session),
        reading=captions.grown(names[after], after == len(trace.blocks), told),
        table=[("after", *lines), *((name, *(values[i] for values in lines.values())) for i, name in enumerate(names))],
        below=_seen(session) + _onward(session) + _unfolded(session),  # the last one beside the button that saves
        save=_save(session),
    )


def _logits(session: Session) -> dict[str, Tensor]:
    """What both would answer after the stem and after each block: logits [blocks + 1, classes] by network."""
    assert session.framed is not None
    return {
        name: lens(network, domain_of(network).to_input(session.framed)).logits[:, 0]
        for name, network in pair_of(session).items()
    }


def _unfolded(session: Session) -> Markup:
    """The same network without a shortcut: on the test pictures, and here, on the visitor's."""
    found = evidence.residual("unfold", session.name)
    if found is None:
        return Markup()
    told = evidence.read_out(captions.unfolded(*found), session.say, _("The same answers without a shortcut"))
    network = session.network
    if can_be_unfolded(network):
        difference = session.of(Lesson).once(session.seen, "unfolded", None, lambda: _difference(session))
        told += Markup("<p>{}</p>").format(session.say(captions.unfolded_here(session.name, difference)))
    return told


@torch.no_grad()
def _difference(session: Session) -> float:
    """How far the logits of the unfolded network are from those of the visitor's, for the picture in sight."""
    network, inputs = session.network, session.seen.image
    return (unfolded(network)(inputs) - network(inputs)).abs().max().item()


def _save(session: Session) -> Save | None:
    """The plain network as a checkpoint: of the network in sight, or of the one that the sentence speaks of."""
    found, network, name = evidence.residual("unfold", session.name), session.network, session.name
    if not can_be_unfolded(network):
        if found is None or not zoo.bundled_weights(found[0]):
            return None
        name = found[0]
        network = shared_network(name, TRAINED, 0)
    label = _("Download {network} without shortcuts (a plain network)", network=network_title(name))
    return Save(label, checkpoint(network, name))


def _seen(session: Session) -> Markup:
    """What was read out in the steps before, each a way back to it, and how their questions were answered."""
    say, read, items, right = session.say, session.of(Lesson).read, Markup(), _all_right(session)
    for number in range(1, len(prose.names())):
        seen = number in read or number in session.of(Lesson).opened
        items += Markup(
            '<li><button type="button" class="rd-back-to" data-pick="{number}">{number}. {title}</button>'
            '<span class="{kind}">{words}</span> <em>{answered}</em></li>'
        ).format(
            number=number,
            title=prose.read(number, session.language).title,
            kind="" if seen else "rd-not-yet",
            words=say(read.get(number, _("opened before the page was loaded again") if seen else _("not opened yet"))),
            answered=say(captions.answered(right[number])) if seen or right[number] is not None else "",
        )
    return Markup("<h4>{}</h4><ol class='rd-lesson-seen'>{}</ol>").format(say(_("What you saw")), items)


def _score(session: Session) -> Markup:
    return evidence.read_out(captions.score(_all_right(session)), session.say)


def _all_right(session: Session) -> dict[int, bool | None]:
    """The same of all steps as `_right` of one."""
    return {number: _right(session, number) for number in range(1, len(prose.names()) + 1)}


def _right(session: Session, number: int) -> bool | None:
    """Whether the first choice in a step's question was right; None while none was made."""
    given = session.of(Lesson).answered.get(number)
    return None if given is None else given == prose.read(number, session.language).right


def _onward(session: Session) -> Markup:
    say = session.say
    button = Markup('<button type="button" class="rd-look" data-pick="{}">{}</button>')
    buttons = Markup().join(button.format(page, say(title)) for page, title in PAGES.items())
    return Markup("<h4>{}</h4><div class='rd-choices'>{}</div>").format(say(_("Where to go next")), buttons)


STEP = Step("summary", controls, view, pick)
