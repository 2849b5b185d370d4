"""What the lesson has in all languages: the form of a step, and how a number is written."""

from __future__ import annotations

from dataclasses import dataclass

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Step:
    """What a step says that does not hang on numbers: Markdown, with formulas between `$`.

    `right` is the place of the right one among the choices.
    """

    title: str
    paragraphs: tuple[str, ...]
    formula: str  # LaTeX
    source: str
    question: str
    answer: str
    choices: tuple[str, ...] = ()
    right: int | None = None


def rounded(value: float) -> str:
    """Two digits of a number from 0 up, of any size: 0.034, 5,200, 1.2·10⁻⁵."""
    if not value or 0.001 <= value < 1e6:
        return f"{float(f'{value:.2g}'):,.4g}" if value < 1000 else f"{float(f'{value:.2g}'):,.0f}"
    mantissa, power = f"{value:.1e}".split("e")
    return f"{mantissa}·10{raised(int(power))}"


def raised(power: int) -> str:
    """An exponent: 27 -> ²⁷."""
    return str(power).translate(_RAISED)


def minus(value: float, digits: int) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
