"""Small pieces of page: figures with their captions and download buttons, lists of answers, channel grids."""

from __future__ import annotations

import base64
import csv
import io
import warnings
from abc import ABCMeta
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, TypeAlias, TypeVar

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.components import Component
from gradio.data_classes import ImageData
from PIL import Image
from torch import Tensor

from .. import i18n
from ..errors import InputError
from ..figures import data_uri, grid, photo_uri, signed_map
from ..images import load_image
from ..models.predict import Prediction
from . import text

C = TypeVar("C", bound=Component)
ENGLISH = text.of("en")

# A visit brings its choices with the value. gradio compares the value with those that the page was built with, and
# fills the server's log with warnings.
warnings.filterwarnings("ignore", "The value passed into gr.Dropdown", UserWarning)

Table: TypeAlias = Sequence[Sequence[object]]

# gradio judges values before a handler sees them, in words of its own or none. These components hand over what came,
# so that a person reads our sentence.


def _derive(base: type[C], preprocess: Callable[[C, Any], Any]) -> type[C]:
    """`base` with another `preprocess`, under the name by which the page knows it.

    A class, since gradio makes a component anew from its class with every update, and what was changed on an instance
    is lost. Past gradio's metaclass, since that writes a stub file beside the source of every derived class.
    """
    members = {"preprocess": preprocess, "__module__": __name__}
    return ABCMeta.__new__(ComponentMeta, base.__name__, (base,), members)  # pyright: ignore[reportReturnType]


def _as_sent(_component: Component, payload: Any) -> Any:
    return payload


def _decode(_component: Component, payload: ImageData | None) -> Image.Image | InputError | None:
    """Uploads are decoded by `load_image`, which tells a person what is wrong with a file.

    An InputError is handed over, not raised: who answers knows in which language.
    """
    if payload is None:
        return None
    try:
        if payload.url and payload.url.startswith("data:"):
            return load_image(base64.b64decode(payload.url.partition(",")[2], validate=True))
        if payload.path is None:
            return InputError("There is no picture in the request.")
        return load_image(payload.path)
    except InputError as error:
        return error
    except ValueError:
        return InputError("The picture's base64 text is damaged.")


Dropdown, Radio = _derive(gr.Dropdown, _as_sent), _derive(gr.Radio, _as_sent)
Number, Slider = _derive(gr.Number, _as_sent), _derive(gr.Slider, _as_sent)
File = _derive(gr.File, lambda _component, payload: payload and payload.path)
Picture = _derive(gr.Image, _decode)


def whole_input(value: int | None, **options: Any) -> gr.Number:
    """A field for a whole number; the session judges what came."""
    return Number(value, precision=0, **options)


def both(draw: Callable[..., str], *values: Any, **options: Any) -> str:
    """A drawing for screens and one for phones, of which the style sheet shows the one that fits."""
    return draw(*values, **options) + draw(*values, **options, tall=True)


def figure(drawing: str, caption: str, name: str, aside: str = "", *, table: Table = (), say: Any = ENGLISH) -> str:
    """A drawing (SVG or HTML) with the sentence that reads it, and buttons that save it as `name`.

    With a `table`, whose first row names its columns, the numbers can be saved, too.
    """
    words = escape(caption) + (f" <em>{escape(aside)}</em>" if aside else "")
    saves = _save(name, "svg", say) + _save(name, "png", say) + (_save(name, "csv", say, _csv(table)) if table else "")
    return (
        f'<figure class="rd-figure"><div class="rd-scroll">{drawing}</div>'
        f'<figcaption><span>{words}</span><span class="rd-saves">{saves}</span></figcaption></figure>'
    )


def _save(name: str, kind: str, say: Any, content: str = "") -> str:
    data = f' data-content="{escape(content)}"' if content else ""
    return (
        f'<button type="button" class="rd-save" data-name="{escape(name)}" data-kind="{kind}"{data} '
        f'aria-label="{escape(say.interface.save_figure(kind.upper()))}">{kind.upper()} ↓</button>'
    )


def _csv(table: Table) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    return buffer.getvalue()


def answers(predictions: Sequence[Prediction], target: int, say: Any = ENGLISH) -> str:
    """Ranked classes as bars; each is a button that asks for the evidence for its class."""
    rows = "".join(
        f'<li><button type="button" class="rd-answer" data-target="{p.index}" '
        f'aria-pressed="{str(p.index == target).lower()}">'
        f'<span class="rd-label">{escape(p.label)}</span>'
        f'<span class="rd-bar"><span style="width:{100 * p.probability:.1f}%"></span></span>'
        f'<span class="rd-number">{escape(say.reading.tenths(p.probability))}</span></button></li>'
        for p in predictions
    )
    return f'<ol class="rd-answers" aria-label="{escape(say.interface.LIKELIEST_FIRST)}">{rows}</ol>'


def changes(rows: Sequence[tuple[str, float, float]], say: Any = ENGLISH) -> str:
    """Classes with two bars each: how probable they were, and how probable they are now."""

    def bar(kind: str, share: float) -> str:
        return (
            f'<span class="rd-{kind}"><span class="rd-bar"><span style="width:{100 * share:.1f}%"></span></span>'
            f'<span class="rd-number">{escape(say.reading.tenths(share))}</span></span>'
        )

    items = "".join(
        f'<li class="rd-change"><span class="rd-label">{escape(label)}</span>'
        f"<span>{bar('then', before)}{bar('now', after)}</span></li>"
        for label, before, after in rows
    )
    return f'<ol class="rd-answers" aria-label="{escape(say.interface.BEFORE_AND_NOW)}">{items}</ol>'


def note(text: str, kind: str = "") -> str:
    return f'<p class="rd-note {kind}">{escape(text)}</p>'


def notice(error: InputError, say: Any) -> str:
    """What a notice shows: it is HTML, and a sentence may quote what a stranger wrote."""
    return escape(i18n.language(text.code_of(say))(error.message), quote=False)


def placeholder(text: str) -> str:
    return f'<div class="rd-empty">{escape(text)}</div>'


def pixels(picture: Image.Image, alt: str) -> str:
    """A small picture upscaled without smoothing: the very pixels."""
    return f'<img class="rd-pixels" src="{data_uri(picture)}" alt="{escape(alt)}">'


def channels(
    title: str,
    value: Tensor,
    shown: Sequence[int],
    chosen: int | None,
    scale: float,
    css: str,
    name: str,
    clickable: bool = False,
    say: Any = ENGLISH,
) -> str:
    """A card: the chosen channel enlarged, and below it a grid of all the channels in `shown`.

    `value` [1, C, H, W] is drawn on one symmetric scale. `chosen` is None where this value has no such channel, and
    `clickable` where its channels are those of the block's output.
    """
    maps = value[0]
    height, width = maps.shape[1:]
    columns = max(4, min(16, round(len(shown) ** 0.5)))
    rows = -(-len(shown) // columns)
    sheet = grid(maps[list(shown)], scale, columns)
    alt = say.interface.channels(title, len(shown), len(maps), height, width)
    large = "" if chosen is None else pixels(signed_map(maps[chosen], scale), say.interface.enlarged(title, chosen))
    pick = ""
    if chosen is not None and chosen in shown:
        row, column = divmod(list(shown).index(chosen), columns)
        place = f"left:{100 * column / columns:.3f}%;top:{100 * row / rows:.3f}%"
        pick = f'<span class="rd-pick" style="{place};width:{100 / columns:.3f}%;height:{100 / rows:.3f}%"></span>'
    places = ""
    if clickable:
        places = f' data-columns="{columns}" data-rows="{rows}" data-channels="{",".join(map(str, shown))}"'
    return (
        f'<section class="rd-card {css}"><h4>{escape(title)}</h4><div class="rd-large">{large}</div>'
        f'<div class="rd-grid"{places}>'
        f'<img class="rd-pixels" src="{data_uri(sheet)}" alt="{escape(alt)}">{pick}</div>'
        f'<p class="rd-small">{len(maps)} × {height} × {width}'
        f'<button type="button" class="rd-save" data-name="{escape(name)}" data-kind="img" '
        f'aria-label="{escape(say.interface.save_channels(title))}">PNG ↓</button></p></section>'
    )


def thumbnail(picture: Image.Image, side: int = 72) -> str:
    """A small JPEG of a picture as a `data:` address."""
    square = min(picture.size)
    left, top = (picture.width - square) // 2, (picture.height - square) // 2
    small = picture.crop((left, top, left + square, top + square)).resize((side, side))
    return photo_uri(small)
