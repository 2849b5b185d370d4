"""What the app says, in every language: `of("en").reading.street(trace)`.

Each language is a package of the same modules with the same names; a test compares them. Constants are what stands
fixed on the pages; what depends on the numbers are functions, most of them in `reading` and `training`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

LANGUAGES = {"en": "English", "zh": "中文"}  # by their codes in addresses
FIRST = "en"


def of(language: str):
    """The package of a language. A type checker finds the English one, which those of all languages are like."""
    if TYPE_CHECKING:
        from . import en

        return en
    return importlib.import_module(f".{language}", __name__)


def code_of(say: Any) -> str:
    """The language of such a package."""
    return say.__name__.rpartition(".")[2]


def preferred(accepted: str) -> str:
    """The language of ours that a browser likes best, by its header Accept-Language: "zh-CN,zh;q=0.9,en;q=0.8"."""
    ours = []
    for entry in accepted.split(","):
        tag, _, weight = entry.replace(" ", "").partition(";q=")
        if (language := tag.split("-")[0].lower()) in LANGUAGES:
            ours.append((_weight(weight), language))
    return max(ours, key=lambda entry: entry[0], default=(0.0, FIRST))[1]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
