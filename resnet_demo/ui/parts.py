"""To go when nothing imports it any more: `html` and `components` have taken its place."""

from .components import Dropdown, File, Number, Picture, Radio, Slider, whole_input  # noqa: F401
from .html import (  # noqa: F401
    Table,
    answers,
    both,
    changes,
    channels,
    figure,
    note,
    notice,
    pixels,
    placeholder,
    thumbnail,
)
