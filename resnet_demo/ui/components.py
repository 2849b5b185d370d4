"""gradio's components, except that they hand over what came.

gradio judges values before a handler sees them, in words of its own or none. These leave that to us, so that a person
reads our sentence.
"""

from __future__ import annotations

import base64
import warnings
from abc import ABCMeta
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.components import Component
from gradio.data_classes import ImageData
from PIL import Image

from ..errors import InputError
from ..isolation import load_isolated
from .uploads import reading, uploaded

C = TypeVar("C", bound=Component)
T = TypeVar("T")

# A session brings its choices with the value. gradio compares the value with those that the page was built with, and
# fills the server's log with warnings.
warnings.filterwarnings("ignore", "The value passed into gr.Dropdown", UserWarning)


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
        with reading():
            if payload.url and payload.url.startswith("data:"):
                return load_isolated(base64.b64decode(payload.url.partition(",")[2], validate=True))
            if payload.path is None:
                return InputError("There is no picture in the request.")
            return load_isolated(uploaded(payload.path))
    except InputError as error:
        return error
    except ValueError:
        return InputError("The picture's base64 text is damaged.")


def _file(_component: Component, payload: Any) -> str | InputError | None:
    """The path of an upload, or what is wrong with it, for who answers."""
    try:
        return payload and str(uploaded(getattr(payload, "path", None)))
    except InputError as error:
        return error


Dropdown, Radio = _derive(gr.Dropdown, _as_sent), _derive(gr.Radio, _as_sent)
Number, Slider = _derive(gr.Number, _as_sent), _derive(gr.Slider, _as_sent)
File, Upload = _derive(gr.File, _file), _derive(gr.UploadButton, _file)
Picture = _derive(gr.Image, _decode)


def given(value: T | InputError) -> T:
    """What such a component handed over, or the InputError."""
    if isinstance(value, InputError):
        raise value
    return value


def whole_input(value: int | None, **options: Any) -> gr.Number:
    """A field for a whole number; the session judges what came."""
    return Number(value, precision=0, **options)
