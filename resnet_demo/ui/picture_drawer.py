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
from ..images import CIFAR10, MIN_SIDE, Square, load_image
from ..isolation import load_isolated
from .classes import titles
from .components import Picture, given
from .events import Events, Shown
from .html import joined, photo, pixels, thumbnail
from .page import choose
from .pictures import example_picture, examples, has_test_set, random_test_picture
from .places import UPLOADS
from .session import HERE, Session
from .uploads import reading

# A square that one drags over the photo, and what lies in it; and the ways to a picture of one's own: see
# `static/js/crop.js` and `photo.js`.
FRAME = "lab.then(({crop}) => crop(element, trigger));"
WAYS = "lab.then(({ways}) => ways(element));"


@dataclass(frozen=True)
class PictureDrawer:
    """Its components, and `render`, which sets them to what a session holds."""

    heading: gr.HTML
    picture: gr.Image  # for clients of the API; a person has the button `upload`
    frame: gr.HTML
    seen: gr.HTML
    ways: gr.HTML
    strip: gr.HTML
    random_picture: gr.Button
    second: gr.HTML  # leads to the second picture, where a narrow bar has no room for its chip
    data_dir: str | None = None  # where CIFAR-10 may lie, for the button that draws a random test picture

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [self.frame, self.seen, self.strip, self.random_picture]

    def render(self, session: Session) -> Shown:
        return {
            self.frame: _frame(session),
            self.seen: _seen(session),
            self.strip: strip(session),
            self.random_picture: gr.update(visible=has_test_set(self.data_dir)),
        }

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        return {
            self.heading: gr.update(value=Markup("<h2>{}</h2>").format(say(_("A picture")))),
            self.ways: gr.update(value=_ways(say)),
            self.random_picture: gr.update(value=say(_("Random CIFAR-10 test picture"))),
            self.second: gr.update(value=_to_second(say)),
        }


def build(data_dir: str | None) -> PictureDrawer:
    with gr.Column(elem_id="picture-drawer", elem_classes="rd-drawer"):
        heading = gr.HTML()
        with gr.Row(elem_id="pair"):
            frame = gr.HTML(elem_id="frame", js_on_load=FRAME)
            seen = gr.HTML(elem_id="input")
        ways = gr.HTML(elem_id="ways", js_on_load=WAYS)
        strip = gr.HTML(elem_id="examples", js_on_load=choose("example"))
        second = gr.HTML(elem_id="to-second")
        random_picture = gr.Button(size="sm", elem_id="random-picture", visible=False)
        picture = Picture(type="pil", visible=False, format="png")
    return PictureDrawer(heading, picture, frame, seen, ways, strip, random_picture, second, data_dir)


def _frame(session: Session) -> Markup:
    """The whole picture with a square over it, which the script puts where the network looks: see `_seen`."""
    if session.picture is None:
        return Markup("")
    picture, say = session.picture, session.say
    handles = joined(Markup('<i data-corner="{}"></i>').format(corner) for corner in ("nw", "ne", "sw", "se"))
    return Markup(
        '<figure class="rd-input" style="--aspect:{aspect:.4f}"><div class="rd-frame" data-width="{width}" '
        'data-height="{height}" data-least="{least}">{photo}'
        '<div class="rd-square" tabindex="0" role="group" aria-label="{label}">{handles}</div></div>'
        "<figcaption>{caption}</figcaption></figure>"
    ).format(
        aspect=picture.width / picture.height, width=picture.width, height=picture.height,
        least=min(MIN_SIDE, *picture.size), photo=photo(picture, "", 480),
        label=say(_("The square that the network sees. Arrow keys move it, plus and minus change its size.")),
        handles=handles, caption=say(_("drag the square, or a corner of it")),
    )  # fmt: skip


def as_text(square: Square) -> str:
    """A square as the page sends it, and as it stands in an address."""
    return ",".join(f"{share:.4f}" for share in square)


def _seen(session: Session, asked: str = "") -> Markup:
    """The exact input of the network, and its square; `asked` is the one that the script had sent."""
    if session.picture is None or session.trace is None:
        return Markup("")
    size, say = session.domain.size, session.say
    exact = session.domain.to_picture(session.trace.image)
    square = as_text(session.crop or session.domain.middle(session.picture))
    image = pixels(exact, say(_("The exact input of the network, {size} by {size} pixels", size=size)))
    return Markup(
        '<figure class="rd-input" style="--aspect:{:.4f}" data-asked="{}" data-square="{}">{}'
        "<figcaption>{}</figcaption></figure>"
    ).format(
        session.picture.width / session.picture.height, asked, square, image,
        say(_("what the network sees: {size}×{size}", size=size)),
    )  # fmt: skip


def _to_second(say: Language) -> Markup:
    return Markup(
        '<button type="button" class="rd-way" data-drawer="second" aria-controls="second-drawer">{}</button>'
    ).format(say(_("Compare with a second picture")))


def _ways(say: Language) -> Markup:
    """The ways to a picture of one's own. The style sheet shows those that the device has."""
    button = Markup('<button type="button" class="rd-way rd-way-{}" data-way="{}">{}</button>')
    buttons = joined(
        button.format(way, way, say(words))
        for way, words in (
            ("take", _("Take a photo")),
            ("choose", _("Choose a photo")),
            ("camera", _("Use the camera")),
        )
    )
    dialog = Markup(
        '<dialog class="rd-camera" aria-label="{}" data-none="{}"><video autoplay muted playsinline></video>'
        '<p role="status"></p><div><button type="button" class="rd-way rd-way-first" data-way="shoot">{}</button>'
        '<button type="button" class="rd-way" data-way="close">{}</button></div></dialog>'
    ).format(
        say(_("Camera")), say(_("The camera cannot be used: there is none, or the browser was not allowed to.")),
        say(_("Take the photo")), say(_("Close")),
    )  # fmt: skip
    return Markup('<div class="rd-ways">{}</div><p class="rd-note rd-desk">{}</p>{}').format(
        buttons, say(_("You can also drop or paste one anywhere on the page.")), dialog
    )


def strip(session: Session) -> Markup:
    """The examples as buttons."""
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


def example_of(session: Session, name: str) -> tuple[Image.Image, str | None]:
    """An example, and its name where an address can lead to it: not to a visitor's own test pictures."""
    picture = example_picture(session, name)
    own = session.weights == HERE and session.domain != CIFAR10
    return picture, None if own else name


def picture_of(path: Any) -> Image.Image:
    """The picture in an upload."""
    if path is None:
        raise InputError("There is no picture in the request.")
    with reading():
        return load_isolated(str(given(path)))


def connect(drawer: PictureDrawer, upload: gr.UploadButton, events: Events) -> None:
    """What choosing a picture does."""

    def change_picture(session: Session, picture: Any) -> None:
        if picture is None:
            raise InputError("There is no picture yet: upload one, or choose an example.")
        session.show_picture(given(picture))

    def change_to_upload(session: Session, picture: Image.Image) -> None:
        session.show_picture(picture)

    def change_to_example(session: Session, name: Any) -> None:
        session.show_picture(*example_of(session, str(name)))

    def change_crop(session: Session, square: Any) -> Shown:
        try:
            left, top, side = (float(share) for share in str(square)[:100].split(","))
        except ValueError:
            raise InputError("A square is three numbers, left, top and side, not {value!r}.", value=square) from None
        session.crop_to(left, top, side)
        return {drawer.seen: _seen(session, str(square))}

    def change_to_random(session: Session) -> None:
        picture, label = random_test_picture(drawer.data_dir)
        session.show_picture(picture)
        say = session.say
        title = dict(zip(CIFAR10.labels, titles(CIFAR10.labels, say), strict=True)).get(label, label)
        gr.Info(say(_("People labelled this picture “{label}”.", label=title)), title=say(_("Note")), duration=5)

    events.on(drawer.picture.input, change_picture, [drawer.picture], "classify", whole=True, way=UPLOADS)
    events.on(upload.upload, change_to_upload, [upload], "upload", whole=True, read=picture_of, way=UPLOADS)
    # The script sends one square at a time; see `static/js/crop.js`.
    events.on_click(drawer.frame, change_crop, "crop")
    events.on_click(drawer.strip, change_to_example, "example", whole=True)
    events.on(drawer.random_picture.click, change_to_random, [], "random_picture", whole=True)
