"""Texts that speak of a page call it by the name that its tab has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_demo import i18n
from resnet_demo.ui.pages import PAGES

ROOT = Path(i18n.__file__).parents[1]
MENTIONED = {"en": r"\bthe pages? ([A-Z][\w-]*(?: the \w+)?)", "zh": "“([^”]+)”页"}


def texts(code: str) -> Iterator[tuple[str, str]]:
    """Everything that is said in a language, and where it stands."""
    lesson = sorted((i18n.LOCALE / "lesson" / code).glob("*.md"))
    said = sorted((ROOT / "resnet_demo").rglob("*.py")) if code == "en" else sorted(i18n.LOCALE.glob(f"{code}/*/*.po"))
    docs = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"] if code == "en" else []
    for path in [*lesson, *said, *docs]:
        text = path.read_text(encoding="utf-8")
        yield path.name, re.sub(r'"\s*\n\s*"', "", text)  # one literal, written in several lines


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_a_page_that_is_mentioned_exists(code: str) -> None:
    say = i18n.language(code)
    names = {say(page.label) for page in PAGES}
    found = [(file, name) for file, text in texts(code) for name in re.findall(MENTIONED[code], text)]
    assert len({name for _file, name in found}) > 1  # the pattern finds them
    assert [(file, name) for file, name in found if name not in names] == []
