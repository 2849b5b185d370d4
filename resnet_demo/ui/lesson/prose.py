"""The lesson's prose: one Markdown file for each step and language, `locale/lesson/<language>/<number>-<name>.md`.

Its front matter is YAML and holds the fields of `Prose`, its body the paragraphs; formulas stand between `$`. The names
of the English files are the steps, in order. A file that a language lacks is read in English.

Pre-activation networks have another equation. What is said of them alone begins with `[preact]`, what is said of all
others alone with `[postact]`; fields that are different for them stand in the front matter's field `preact`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ... import i18n

TEXTS = ("title", "formula", "source", "question", "answer")  # that every file has
FIELDS = (*TEXTS, "choices", "right")
MARK = re.compile(r"\[(preact|postact)\]\s+")  # before a paragraph that is not of all networks


@dataclass(frozen=True)
class Prose:
    """What a step says whatever the numbers are: Markdown, but for title, question, choices and answer.

    The first paragraph stands in sight, the others unfold.
    """

    title: str
    formula: str  # LaTeX
    source: str
    question: str
    answer: str
    paragraphs: tuple[str, ...]
    choices: tuple[str, ...] = ()
    right: int | None = None  # which of the choices, counted from 1


def names() -> tuple[str, ...]:
    """The names of the steps, in their order: "degradation", "equation", …"""
    return tuple(path.stem.partition("-")[2] for path in _files(i18n.FIRST))


def read(number: int, language: str, preact: bool = False) -> Prose:
    """What step 1, 2, … says in a language, beside a pre-activation network or another one."""
    english = _files(i18n.FIRST)[number - 1]
    translated = _folder(language) / english.name
    return read_file(translated if translated.is_file() else english, preact)


def _folder(language: str) -> Path:
    return i18n.LOCALE / "lesson" / language


def _files(language: str) -> list[Path]:
    return sorted(_folder(language).glob("*-*.md"), key=lambda path: int(path.stem.partition("-")[0]))


@lru_cache(maxsize=100)
def read_file(path: Path, preact: bool = False) -> Prose:
    """A file's prose. Raises ValueError, a sentence for who wrote it, where its front matter is not in order."""
    front, body = _split(path)
    try:
        fields = yaml.safe_load(front)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: the front matter is no YAML: {error}") from None
    own = fields.pop("preact", {}) if isinstance(fields, dict) else {}
    if not isinstance(own, dict):
        raise ValueError(f"{path}: preact must hold fields.")
    for found in (fields, {**fields, **own} if isinstance(fields, dict) else fields):
        if wrong := _wrong_with(found):
            raise ValueError(f"{path}: {wrong}.")
    if preact:
        fields |= own
    other = "postact" if preact else "preact"
    paragraphs = [paragraph.strip() for paragraph in body.split("\n\n") if paragraph.strip()]
    mine = tuple(_unmarked(paragraph) for paragraph in paragraphs if not _is_of(paragraph, other))
    return Prose(**{**fields, "choices": tuple(fields.get("choices", ()))}, paragraphs=mine)


def _unmarked(paragraph: str) -> str:
    mark = MARK.match(paragraph)
    return paragraph[mark.end() :] if mark else paragraph


def _is_of(paragraph: str, kind: str) -> bool:
    mark = MARK.match(paragraph)
    return mark is not None and mark[1] == kind


def _split(path: Path) -> tuple[str, str]:
    """Front matter and body."""
    parts = path.read_text("utf-8").split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        raise ValueError(f"{path}: the file does not begin with front matter between two lines of ---.")
    return parts[1], parts[2]


def _wrong_with(fields: Any) -> str | None:
    if not isinstance(fields, dict):
        return "the front matter holds no fields"
    if missing := [name for name in TEXTS if name not in fields]:
        return f"the front matter lacks {', '.join(missing)}"
    if unknown := [str(name) for name in fields if name not in FIELDS]:
        return f"the front matter has {', '.join(unknown)}, which no step has"
    if numbers := [name for name in TEXTS if not isinstance(fields[name], str)]:
        return f"{', '.join(numbers)} must be text; put it in quotation marks"
    choices, right = fields.get("choices", []), fields.get("right")
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        return "the choices must be a list of texts; put them in quotation marks"
    if right not in (range(1, len(choices) + 1) if choices else (None,)):
        return "right must be the number of one of the choices"
    return None
