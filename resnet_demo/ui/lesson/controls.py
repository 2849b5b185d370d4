"""What a step of the lesson is made of: controls that a person, an address or a client can set, and what they change.

How a control stands is kept with the visit: in the lesson's own settings, or where other pages look, too (the block
that is open, the dial of F). Then the lesson and those pages agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import InputError
from ..parts import Table
from ..session import Visit, number_within, whole_number


@dataclass(frozen=True)
class Choice:
    """One of a few. `key` is its name in addresses; its words are `LABELS[key]` and `OPTIONS[key]` of a language."""

    key: str
    options: tuple[str, ...]
    value: str
    change: Callable[[Visit, Any], None] | None = None  # where it is kept, if not in the lesson's settings

    def checked(self, value: object) -> str:
        if value not in self.options:
            raise InputError(f"The control {self.key!r} is one of {', '.join(self.options)}, not {str(value)[:40]!r}.")
        return str(value)


@dataclass(frozen=True)
class Range:
    """A number within bounds; a whole one where the step is."""

    key: str
    low: float
    high: float
    step: float
    value: float
    change: Callable[[Visit, Any], None] | None = None

    def checked(self, value: object) -> float:
        if isinstance(value, str):  # from an address
            with suppress(ValueError):
                value = float(value)
        if isinstance(self.step, int):
            return whole_number(value, int(self.low), int(self.high), f"The control {self.key!r}")
        return number_within(value, self.low, self.high, f"The control {self.key!r}")


Control: TypeAlias = Choice | Range


@dataclass(frozen=True)
class View:
    """What a step shows: a drawing, the sentence that reads it out in a language, and its numbers as a table."""

    name: str  # of the figure's files
    drawing: str
    reading: Callable[[Any], str]
    table: Table
    below: Callable[[Any], str] = lambda say: ""  # HTML after the figure


def go_to(visit: Visit, number: object) -> None:
    """Open a step of the lesson."""
    visit.lesson.step = whole_number(number, 1, len(visit.text.lesson.STEPS), "The step")


def turn(visit: Visit, control: Control, value: object) -> None:
    """Set a control. Raises InputError for what it cannot be set to."""
    found = control.checked(value)
    if control.change:
        control.change(visit, found)
    else:
        visit.lesson.settings[control.key] = found


def chosen(visit: Visit, key: str, options: Sequence[str], first: str) -> Choice:
    """A choice as the lesson's settings have it."""
    kept = visit.lesson.settings.get(key, first)
    return Choice(key, tuple(options), kept if kept in options else first)


def turned(visit: Visit, key: str, low: int, high: int, first: int) -> Range:
    """A whole number as the lesson's settings have it; what another network left behind is brought within bounds."""
    return Range(key, low, high, 1, min(max(int(visit.lesson.settings.get(key, first)), low), high))


def opened_block(visit: Visit) -> Range:
    """The block that is open, on all pages, by its place: 1, 2, 3, …"""
    names = [block.name for block in visit.seen.blocks]

    def change(visit: Visit, place: int) -> None:
        visit.open_block(names[place - 1])

    return Range("place", 1, len(names), 1, names.index(visit.opened.name) + 1, change)


def nothing_to_pick(visit: Visit, what: str) -> None:
    raise InputError("There is nothing to click in this step's drawing; use its controls.")
