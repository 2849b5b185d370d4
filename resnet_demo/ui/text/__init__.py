"""What the lesson and the experiments say, in every language: `of("en").lesson.STEPS`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING


def of(language: str):
    """The package of a language. A type checker finds the English one, which those of all languages are like."""
    if TYPE_CHECKING:
        from . import en

        return en
    return importlib.import_module(f".{language}", __name__)
