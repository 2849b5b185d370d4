"""The bar above everything: the picture, the network and the answer as chips, which open what one can choose.

The equation stands for the app; beside the chips are the language and a link to what is in sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from .. import i18n
from ..errors import InputError
from ..i18n import Language, Message, _, _p
from . import film, network_drawer, picture_drawer
from .captions import classify as said
from .components import Radio, Upload
from .events import Events, Shown
from .html import joined, pressed, thumbnail
from .network_drawer import NetworkDrawer
from .picture_drawer import PictureDrawer
from .session import Session

EQUATION = Markup('<span class="rd-eq">y = <b class="rd-r">F(x)</b> + <b class="rd-s">x</b></span>')
WITH, WITHOUT, BOTH = "with", "without", "both"  # which of the twins is in sight
SHORTCUTS: dict[str, Message] = {
    WITH: _p("shortcuts", "with"),
    WITHOUT: _p("shortcuts", "without"),
    BOTH: _p("shortcuts", "both"),
}

# A click on a chip opens its drawer, in the browser; one on the switch asks for the network, its twin, or both.
CHIPS = """
lab.then(({chips}) => chips(element));
element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-shortcuts]');
  if (chosen) trigger('select', {value: chosen.dataset.shortcuts});
});
"""


@dataclass(frozen=True)
class Bar:
    """The bar, its drawers and the film; `render` sets them to what a session holds."""

    chips: gr.HTML
    upload: gr.UploadButton
    language: gr.Radio
    share: gr.Button
    picture: PictureDrawer
    network: NetworkDrawer
    film: gr.HTML

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [self.chips, self.film, *self.picture.components, *self.network.components]

    def render(self, session: Session, whole: bool) -> Shown:
        """All of it, or only what changes with another class, block or page."""
        if not whole:
            return {self.chips: _chips(session)}
        shown = {self.chips: _chips(session), self.film: film.control(session)}
        return {**shown, **self.picture.render(session), **self.network.render(session)}

    def restore(self, session: Session) -> Shown:
        """What a person may have put there, put back after it was refused."""
        return {self.language: session.language, **self.network.restore()}

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        return {
            self.upload: gr.update(label=say(_("Your photo"))),
            self.share: gr.update(value=say(_("Copy link"))),
            **self.picture.labels(say),
            **self.network.labels(say),
        }


def build(data_dir: str | None) -> Bar:
    with gr.Row(elem_id="bar"):
        gr.HTML(Markup('<h1><a href="?" aria-label="y = F(x) + x">{}</a></h1>').format(EQUATION), elem_id="logo")
        chips = gr.HTML(elem_id="chips", js_on_load=CHIPS)
        upload = Upload(elem_id="upload", size="sm", file_types=["image"], variant="primary")
        language = Radio(
            [(title, code) for code, title in i18n.LANGUAGES.items()], value=i18n.FIRST,
            label="Language · 语言", elem_id="language", scale=0, min_width=120,
        )  # fmt: skip
        share = gr.Button(size="sm", elem_id="share")
    picture = picture_drawer.build(data_dir)
    network = network_drawer.build()
    moments = gr.HTML(elem_id="film", js_on_load=film.RUN)
    return Bar(chips, upload, language, share, picture, network, moments)


def _chips(session: Session) -> Markup:
    if session.picture is None or session.trace is None:
        return Markup("")
    return (
        _picture_chip(session) + _network_chip(session) + _film_chip(session) + _switch(session) + _answer_chip(session)
    )


def _picture_chip(session: Session) -> Markup:
    assert session.picture is not None
    return Markup(
        '<button type="button" class="rd-chip rd-picture-chip" data-drawer="picture" aria-controls="picture-drawer" '
        'aria-expanded="false" aria-label="{}"><img src="{}" alt=""></button>'
    ).format(session.say(_("The picture: choose another one")), thumbnail(session.picture, 80))


def _network_chip(session: Session) -> Markup:
    say, moment = session.say, film.moment_of(session.source)
    title = moment if moment is not None else network_drawer.title(session.name)
    return Markup(
        '<button type="button" class="rd-chip rd-network-chip" data-drawer="network" aria-controls="network-drawer" '
        'aria-expanded="false"><span>{}</span></button>'
    ).format(say(title))


def _film_chip(session: Session) -> Markup:
    """Opens the film of the network's training, where there are snapshots of it; see `static/js/drawers.js`."""
    if not session.moments:
        return Markup("")
    return Markup(
        '<button type="button" class="rd-chip rd-film-chip" data-film="{}" aria-expanded="false" aria-controls="film" '
        'aria-label="{}" title="{}">▶</button>'
    ).format("" if session.moment is None else "open", *[session.say(_("A film of the training"))] * 2)


def _switch(session: Session) -> Markup:
    """With shortcuts, without, or both beside each other; nothing for a network that has no twin here."""
    if session.twin is None:
        return Markup("")
    now = BOTH if session.both else WITHOUT if session.network.config.plain else WITH
    button = Markup('<button type="button" data-shortcuts="{}" aria-pressed="{}">{}</button>')
    buttons = joined(button.format(which, pressed(which == now), session.say(t)) for which, t in SHORTCUTS.items())
    return Markup('<span class="rd-switch" role="group" aria-label="{}">{}</span>').format(
        session.say(_("Shortcuts")), buttons
    )


def _answer_chip(session: Session) -> Markup:
    best, say = session.answers(1)[0], session.say
    if session.untrained:
        words = say(_("not trained"))
    elif said.familiar(session.familiarity(), session.domain.name):
        words = say(_("unlike its training pictures"))
    else:
        words = say(_("{label} {share:percent}", label=best.label, share=best.probability))
    return Markup('<span class="rd-chip rd-answer-chip">{}</span>').format(words)


def connect(bar: Bar, events: Events) -> None:
    picture_drawer.connect(bar.picture, bar.upload, events)
    network_drawer.connect(bar.network, events)

    def change_shortcuts(session: Session, which: Any) -> None:
        if session.twin is None:
            raise InputError("{name} has no twin here that it could be compared with.", name=session.name)
        session.show_both(which == BOTH)
        if which in (WITH, WITHOUT) and (which == WITHOUT) != session.network.config.plain:
            network_drawer.change_to_twin(session)

    events.on_click(bar.chips, change_shortcuts, "shortcuts", whole=True)
    # The script asks for one moment at a time; without this, gradio would drop one that it asks for as soon as the
    # answer before is on the page.
    events.on_click(bar.film, Session.look_at_moment, "epoch", whole=True, trigger_mode="multiple")
