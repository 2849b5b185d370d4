"""What a step of the lesson is made of: controls that a person, an address or a client can set, and what they change.

How a control stands is kept with the visit: in the lesson's own settings, or where other pages look, too (the block
that is open, the dial of F). Then the lesson and those pages agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from markupsafe import Markup

from ...errors import InputError
from ...i18n import Language, Message, Sentences, _, language
from ..bounds import number_within, one_of, whole_number
from ..parts import Table
from ..session import Visit
from . import prose


@dataclass(frozen=True)
class Choice:
    """One of a few. `key` is its name in addresses, `options` are what can be chosen and how that is called."""

    key: str
    label: Message
    options: Mapping[str, Message | str]
    value: str
    change: Callable[[Visit, Any], None] | None = None  # where it is kept, if not in the lesson's settings

    def checked(self, value: object) -> str:
        return one_of(value, list(self.options), _("The control {key}", key=self.key))


@dataclass(frozen=True)
class Range:
    """A number within bounds; a whole one where the step is."""

    key: str
    label: Message
    low: float
    high: float
    step: float
    value: float
    change: Callable[[Visit, Any], None] | None = None

    def checked(self, value: object) -> float:
        if isinstance(value, str):  # from an address
            with suppress(ValueError):
                value = float(value)
        what = _("The control {key}", key=self.key)
        if isinstance(self.step, int):
            return whole_number(value, int(self.low), int(self.high), what)
        return number_within(value, self.low, self.high, what)


Control: TypeAlias = Choice | Range


@dataclass(frozen=True)
class View:
    """What a step shows: a drawing, what its numbers come to, and these as a table."""

    name: str  # of the figure's files
    drawing: str
    reading: Message | Sentences
    table: Table
    below: Markup = field(default_factory=Markup)  # HTML after the figure


def nothing_to_pick(visit: Visit, what: str) -> None:
    raise InputError("There is nothing to click in this step's drawing; use its controls.")


@dataclass(frozen=True)
class Step:
    """A step of the lesson: how its controls stand, what it shows, and what a click in its drawing does."""

    name: str  # of its prose, see `prose.py`
    controls: Callable[[Visit], list[Control]]
    view: Callable[[Visit], View]
    pick: Callable[[Visit, str], None] = nothing_to_pick


def language_of(visit: Visit) -> Language:
    return language(visit.language)


def go_to(visit: Visit, number: object) -> None:
    """Open a step of the lesson."""
    visit.lesson.step = whole_number(number, 1, len(prose.names()), _("The step"))


def turn(visit: Visit, control: Control, value: object) -> None:
    """Set a control. Raises InputError for what it cannot be set to."""
    found = control.checked(value)
    if control.change:
        control.change(visit, found)
    else:
        visit.lesson.settings[control.key] = found


def chosen(visit: Visit, key: str, label: Message, options: Mapping[str, Message | str], first: str) -> Choice:
    """A choice as the lesson's settings have it."""
    kept = visit.lesson.settings.get(key, first)
    return Choice(key, label, options, kept if kept in options else first)


def turned(visit: Visit, key: str, label: Message, low: int, high: int, first: int) -> Range:
    """A whole number as the lesson's settings have it; what another network left behind is brought within bounds."""
    return Range(key, label, low, high, 1, min(max(int(visit.lesson.settings.get(key, first)), low), high))


def layers(visit: Visit, depths: Iterable[str], first: str) -> Choice:
    """How deep the networks are that a step compares."""
    return chosen(visit, "layers", _("Layers"), {depth: depth for depth in depths}, first)


def opened_block(visit: Visit) -> Range:
    """The block that is open, on all pages, by its place: 1, 2, 3, …"""
    names = [block.name for block in visit.seen.blocks]

    def change(visit: Visit, place: int) -> None:
        visit.open_block(names[place - 1])

    return Range(
        "place", _("Block, counted from the input"), 1, len(names), 1, names.index(visit.opened.name) + 1, change
    )
