"""The drawer of the second picture, which the same network sees beside the first one: examples, one's own, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from ..figures import photo_uri
from ..i18n import Language, _
from .components import Upload
from .events import Events, Shown
from .page import choose
from .picture_drawer import example_of, picture_of, strip
from .places import UPLOADS
from .session import Session


@dataclass(frozen=True)
class SecondDrawer:
    """Its components, and `render`, which sets them to what a session holds."""

    heading: gr.HTML
    strip: gr.HTML
    upload: gr.UploadButton
    remove: gr.Button

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [self.strip, self.remove]

    def render(self, session: Session) -> Shown:
        return {self.strip: strip(session), self.remove: gr.update(visible=session.second is not None)}

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        title, what = _("A second picture"), _("The same network sees both, above each other on one scale.")
        return {
            self.heading: gr.update(value=Markup('<h2>{}</h2><p class="rd-note">{}</p>').format(say(title), say(what))),
            self.upload: gr.update(label=say(_("Choose a photo"))),
            self.remove: gr.update(value=say(_("Remove the second picture"))),
        }


def build() -> SecondDrawer:
    with gr.Column(elem_id="second-drawer", elem_classes="rd-drawer"):
        heading = gr.HTML()
        upload = Upload(elem_id="second-upload", size="sm", file_types=["image"], variant="primary")
        offered = gr.HTML(elem_id="second-examples", js_on_load=choose("example"))
        remove = gr.Button(size="sm", elem_id="second-remove", visible=False)
    return SecondDrawer(heading, offered, upload, remove)


def chip(session: Session) -> Markup:
    """The second picture as the network sees it, or a plus; opens the drawer."""
    say, second = session.say, session.second
    if second is None:
        label = say(_("Compare with a second picture"))
        inside, kind = Markup("<span>+</span>"), " rd-none"
    else:
        label = say(_("The second picture: choose another one, or remove it"))
        seen = photo_uri(session.domain.view(second.framed, 80))
        inside, kind = Markup('<img src="{}" alt="" data-number="{}"><b>B</b>').format(seen, second.number), ""
    return Markup(
        '<button type="button" class="rd-chip rd-second-chip{}" data-drawer="second" aria-controls="second-drawer" '
        'aria-expanded="false" aria-label="{label}" title="{label}">{}</button>'
    ).format(kind, inside, label=label)


def connect(drawer: SecondDrawer, events: Events) -> None:
    """What choosing a second picture does, and taking it away."""

    def show(session: Session, picture: Any, name: str | None = None) -> None:
        two_networks = session.beside_twin
        session.show_second(picture, name)
        if two_networks:
            say = session.say
            what = _("Two pictures are compared in one network: its twin is out of sight.")
            gr.Info(say(what), title=say(_("Note")), duration=5)

    def show_example(session: Session, name: Any) -> None:
        show(session, *example_of(session, str(name)))

    events.on_click(drawer.strip, show_example, "second_example", whole=True)
    events.on(
        drawer.upload.upload, show, [drawer.upload], "second_upload", whole=True, read=picture_of, way=UPLOADS
    )  # fmt: skip
    events.on(drawer.remove.click, Session.remove_second, [], "second_removed", whole=True)
