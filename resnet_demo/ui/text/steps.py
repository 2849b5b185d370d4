"""What a step of the lesson says that does not hang on numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Texts are Markdown, with formulas between `$`. `right` is the place of the right one among the choices."""

    title: str
    paragraphs: tuple[str, ...]
    formula: str  # LaTeX
    source: str
    question: str
    answer: str
    choices: tuple[str, ...] = ()
    right: int | None = None
