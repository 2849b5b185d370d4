"""What the app says, in every language: `of("en").reading.street(trace)`.

Each language is a package of the same modules with the same names; a test compares them. `reading` and `training` make
sentences from what came out, so they are functions: what is said depends on the numbers.
"""

from __future__ import annotations

import importlib
from typing import Any

LANGUAGES = {"en": "English"}  # by their codes in addresses
FIRST = "en"


def of(language: str) -> Any:
    """The package of a language."""
    return importlib.import_module(f".{language}", __name__)
