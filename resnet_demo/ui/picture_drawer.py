"""The drawer of the picture: examples, test pictures, the visitor's own, and what the network gets to see of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup
from PIL import Image

from ..errors import InputError
from ..i18n import Language, _
from ..images import CIFAR10, load_image
from .classes import titles
from .components import Picture
from .events import Events, Shown
from .html import joined, photo, pixels, thumbnail
from .page import choose
from .pictures import example_picture, examples, has_test_set, random_test_picture
from .session import HERE, Session


@dataclass(frozen=True)
class PictureDrawer:
    """Its components, and `render`, which sets them to what a session holds."""

    heading: gr.HTML
    picture: gr.Image  # for clients of the API; a person has the button `upload`
    seen: gr.HTML
    strip: gr.HTML
    random_picture: gr.Button
    data_dir: str | None = None  # where CIFAR-10 may lie, for the button that draws a random test picture

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [self.seen, self.strip, self.random_picture]

    def render(self, session: Session) -> Shown:
        return {
            self.seen: _seen(session),
            self.strip: _strip(session),
            self.random_picture: gr.update(visible=has_test_set(self.data_dir)),
        }

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        return {
            self.heading: gr.update(value=Markup("<h2>{}</h2>").format(say(_("A picture")))),
            self.random_picture: gr.update(value=say(_("Random CIFAR-10 test picture"))),
        }


def build(data_dir: str | None) -> PictureDrawer:
    with gr.Column(elem_id="picture-drawer", elem_classes="rd-drawer"):
        heading = gr.HTML()
        strip = gr.HTML(elem_id="examples", js_on_load=choose("example"))
        random_picture = gr.Button(size="sm", elem_id="random-picture", visible=False)
        seen = gr.HTML(elem_id="input")
        picture = Picture(type="pil", visible=False, format="png")
    return PictureDrawer(heading, picture, seen, strip, random_picture, data_dir)


def _seen(session: Session) -> Markup:
    """The whole picture beside the exact input of the network."""
    if session.picture is None or session.trace is None:
        return Markup("")
    size, say = session.domain.size, session.say
    exact = session.domain.to_picture(session.trace.image)
    pair = (
        (photo(session.picture, ""), say(_("your picture") if session.picture_name is None else _("the picture"))),
        (
            pixels(exact, say(_("The exact input of the network, {size} by {size} pixels", size=size))),
            say(_("what the network sees: {size}×{size}", size=size)),
        ),
    )
    figure = Markup('<figure class="rd-input">{}<figcaption>{}</figcaption></figure>')
    return Markup('<div class="rd-pair">{}</div>').format(joined(figure.format(*each) for each in pair))


def _strip(session: Session) -> Markup:
    offered, say = examples(session), session.say
    button = Markup(
        '<button type="button" class="rd-example" data-example="{}" aria-label="{}"><img src="{}" alt="{}"></button>'
    )
    buttons = joined(
        button.format(name, say(_("Example: {label}", label=title)), _thumbnail(found), title)
        for (name, found), title in zip(offered.items(), titles(tuple(offered), say), strict=True)
    )
    return Markup('<div class="rd-examples" role="group" aria-label="{}">{}</div>').format(
        say(_("Example pictures")), buttons
    )


def _thumbnail(found: Path | Image.Image) -> str:
    return _thumbnail_of_file(found) if isinstance(found, Path) else thumbnail(found)


@lru_cache(maxsize=64)
def _thumbnail_of_file(path: Path) -> str:
    return thumbnail(load_image(path))


def connect(drawer: PictureDrawer, upload: gr.UploadButton, events: Events) -> None:
    """What choosing a picture does."""

    def change_picture(session: Session, picture: Any) -> None:
        if isinstance(picture, InputError):
            raise picture
        if picture is None:
            raise InputError("There is no picture yet: upload one, or choose an example.")
        session.show_picture(picture)

    def change_to_upload(session: Session, path: Any) -> None:
        if path is None:
            raise InputError("There is no picture in the request.")
        session.show_picture(load_image(str(path)))

    def change_to_example(session: Session, name: Any) -> None:
        picture = example_picture(session, str(name))
        own = session.weights == HERE and session.domain != CIFAR10  # a link cannot lead to a visitor's own pictures
        session.show_picture(picture, None if own else str(name))

    def change_to_random(session: Session) -> None:
        picture, label = random_test_picture(drawer.data_dir)
        session.show_picture(picture)
        say = session.say
        title = dict(zip(CIFAR10.labels, titles(CIFAR10.labels, say), strict=True)).get(label, label)
        gr.Info(say(_("People labelled this picture “{label}”.", label=title)), title=say(_("Note")), duration=5)

    events.on(drawer.picture.input, change_picture, [drawer.picture], "classify", whole=True)
    events.on(upload.upload, change_to_upload, [upload], "upload", whole=True)
    events.on_click(drawer.strip, change_to_example, "example", whole=True)
    events.on(drawer.random_picture.click, change_to_random, [], "random_picture", whole=True)
