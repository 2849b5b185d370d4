"""The bar above everything: the picture, the network and the answer as chips, which open what one can choose.

The equation stands for the app; beside the chips are the language and a link to what is in sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from .. import i18n
from ..figures import photo_uri
from ..i18n import Language, Message, _
from ..images import Framed
from ..interpret.trace import Trace
from . import film, network_drawer, picture_drawer, second_drawer
from .components import Radio, Upload
from .events import Events, Shown
from .network_drawer import NetworkDrawer
from .picture_drawer import PictureDrawer
from .second_drawer import SecondDrawer
from .session import Session

EQUATION = Markup('<span class="rd-eq">y = <b class="rd-r">F(x)</b> + <b class="rd-s">x</b></span>')
# A click on a chip opens its drawer, in the browser.
CHIPS = "lab.then(({chips}) => chips(element));" + network_drawer.SWITCH


@dataclass(frozen=True)
class Bar:
    """The bar, its drawers and the film; `render` sets them to what a session holds."""

    logo: gr.HTML
    chips: gr.HTML
    upload: gr.UploadButton
    more: gr.HTML
    language: gr.Radio
    share: gr.Button
    picture: PictureDrawer
    second: SecondDrawer
    network: NetworkDrawer
    film: gr.HTML

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [self.chips, self.film, *self.picture.components, *self.second.components, *self.network.components]

    @property
    def drawn(self) -> list[Any]:
        """Those that nothing but `render` sets, nor a person."""
        return [
            self.chips, self.film, self.picture.frame, self.picture.strip, self.second.strip, self.network.menu,
            self.network.shortcuts, self.network.facts, self.network.reading,
        ]  # fmt: skip

    def render(self, session: Session, whole: bool) -> Shown:
        """All of it, or only what changes with another class, block or page."""
        if not whole:
            return {self.chips: _chips(session)}
        shown = {self.chips: _chips(session), self.film: film.control(session)}
        return {**shown, **self.picture.render(session), **self.second.render(session), **self.network.render(session)}

    def restore(self, session: Session) -> Shown:
        """What a person may have put there, put back after it was refused."""
        return {self.language: session.language, **self.network.restore()}

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        return {
            self.logo: gr.update(value=_logo(say)),
            self.upload: gr.update(label=say(_("Your photo"))),
            self.more: gr.update(value=_more(say)),
            self.share: gr.update(value=say(_("Copy link"))),
            **self.picture.labels(say),
            **self.second.labels(say),
            **self.network.labels(say),
        }


def build(data_dir: str | None) -> Bar:
    with gr.Row(elem_id="bar"):
        logo = gr.HTML(elem_id="logo")
        chips = gr.HTML(elem_id="chips", js_on_load=CHIPS)
        upload = Upload(elem_id="upload", size="sm", file_types=["image"], variant="primary")
        more = gr.HTML(elem_id="more")
        with gr.Row(elem_id="more-drawer"):  # in the bar where it is wide enough, else what the button opens
            language = Radio(
                [(title, code) for code, title in i18n.LANGUAGES.items()], value=i18n.FIRST,
                label="Language · 语言", elem_id="language", scale=0, min_width=120,
            )  # fmt: skip
            share = gr.Button(size="sm", elem_id="share")
    picture, second = picture_drawer.build(data_dir), second_drawer.build()
    network = network_drawer.build()
    moments = gr.HTML(elem_id="film", js_on_load=film.RUN)
    return Bar(logo, chips, upload, more, language, share, picture, second, network, moments)


def _chips(session: Session) -> Markup:
    if session.picture is None or session.trace is None:
        return Markup("")
    film_and_switch = network_drawer.film_button(session) + network_drawer.switch(session)
    pictures = Markup('<span class="rd-pictures" role="group" aria-label="{}">{}{}</span>').format(
        session.say(_("Pictures")), _picture_chip(session), second_drawer.chip(session)
    )
    return pictures + _network_chip(session) + film_and_switch + _answer_chip(session)


def _logo(say: Language) -> Markup:
    """The equation; before it, for those who go by keyboard, a way past the bar. See `static/js/keys.js`."""
    return Markup(
        '<button type="button" class="rd-skip" data-skip>{}</button>'
        '<h1><a href="?" aria-label="y = F(x) + x">{}</a></h1>'
    ).format(say(_("Skip to the content")), EQUATION)


def _more(say: Language) -> Markup:
    """A button for what a narrow bar has no room for; and what the window says while a picture is dragged over it."""
    return Markup(
        '<button type="button" class="rd-chip rd-more-chip" data-drawer="more" aria-controls="more-drawer" '
        'aria-expanded="false" aria-label="{}">⋯</button><div class="rd-drop" aria-hidden="true"><p>{}</p></div>'
    ).format(say(_("Language and link")), say(_("Let go: the network looks at this picture")))


def _picture_chip(session: Session) -> Markup:
    """What the network sees of the picture."""
    assert session.framed is not None
    return Markup(
        '<button type="button" class="rd-chip rd-picture-chip" data-drawer="picture" aria-controls="picture-drawer" '
        'aria-expanded="false" aria-label="{}"><img src="{}" alt="" data-number="{}">{}</button>'
    ).format(
        session.say(_("The picture: choose another one")), photo_uri(session.domain.view(session.framed, 80)),
        session.number,
        Markup("<b>A</b>") if session.second else "",
    )  # fmt: skip


def _network_chip(session: Session) -> Markup:
    say, moment = session.say, film.moment_of(session.source)
    title = moment if moment is not None else network_drawer.title(session.name)
    return Markup(
        '<button type="button" class="rd-chip rd-network-chip" data-drawer="network" aria-controls="network-drawer" '
        'aria-expanded="false" title="{0}"><span>{0}</span></button>'
    ).format(say(title))


def _answer_chip(session: Session) -> Markup:
    """The answer, or why it is none, of two pictures to both; a click leads to it. See `static/js/drawers.js`."""
    say, (words, sure) = session.say, _answer_to(session, session.framed, session.seen)
    shown: object = say(words)
    if session.second is not None:
        other = session.shown()[-1]
        second, _sure = _answer_to(session, other.picture, other.trace)
        words = _("A: {one} · B: {other}", one=words, other=second)
        shown = Markup('<span class="rd-of-two">{}</span><span class="rd-of-one">{}</span>').format(say(words), shown)
    return Markup(
        '<button type="button" class="rd-chip rd-answer-chip{}" data-goto="answer" aria-label="{}" title="{}">'
        "<span>{}</span></button>"
    ).format("" if sure else " rd-unsure", say(_("{answer}: see the answer", answer=words)), say(words), shown)


def _answer_to(session: Session, picture: Framed | None, trace: Trace) -> tuple[Message, bool]:
    """What the chip says of a picture, and whether that is an answer."""
    best = session.answers(1, trace)[0]
    if session.untrained:
        return _("not trained"), False
    if picture and (unlike := session.judge(picture, trace)) and unlike.noted:
        return _("unlike what it knows"), False
    return _("{label} {share:percent}", label=best.label, share=best.probability), True


def connect(bar: Bar, events: Events) -> None:
    picture_drawer.connect(bar.picture, bar.upload, events)
    second_drawer.connect(bar.second, events)
    network_drawer.connect(bar.network, events)

    events.on_click(bar.chips, network_drawer.change_shortcuts, "shortcuts", whole=True)
    events.on_click(bar.film, Session.look_at_moment, "epoch", whole=True)
