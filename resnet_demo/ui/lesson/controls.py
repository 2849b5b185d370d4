"""What a step of the lesson is made of: controls that a person, an address or a client can set, and what they change.

How a control stands is kept with the session: in the lesson's own settings, or where other pages look, too (the block
that is open, the dial of F). Then the lesson and those pages agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from markupsafe import Markup

from ...errors import InputError
from ...i18n import Message, Sentences, _
from ..bounds import number_within, one_of, whole_number
from ..html import Table
from ..session import Session
from . import prose
from .state import Lesson


@dataclass(frozen=True)
class Choice:
    """One of a few. `key` is its name in addresses, `options` are what can be chosen and how that is called."""

    key: str
    label: Message
    options: Mapping[str, Message | str]
    value: str
    change: Callable[[Session, Any], None] | None = None  # where it is kept, if not in the lesson's settings

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
    change: Callable[[Session, Any], None] | None = None

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
class Save:
    """A file that a step offers."""

    label: Message
    path: Path


@dataclass(frozen=True)
class View:
    """What a step shows: a drawing, what its numbers come to, and these as a table."""

    name: str  # of the figure's files
    drawing: str
    reading: Message | Sentences
    table: Table
    below: Markup = field(default_factory=Markup)  # HTML after the figure
    save: Save | None = None


def nothing_to_pick(session: Session, what: str) -> None:
    raise InputError("There is nothing to click in this step's drawing; use its controls.")


@dataclass(frozen=True)
class Step:
    """A step of the lesson: how its controls stand, what it shows, and what a click in its drawing does."""

    name: str  # of its prose, see `prose.py`
    controls: Callable[[Session], list[Control]]
    view: Callable[[Session], View]
    pick: Callable[[Session, str], None] = nothing_to_pick


def go_to(session: Session, number: object) -> None:
    """Open a step of the lesson."""
    session.of(Lesson).step = whole_number(number, 1, len(prose.names()), _("The step"))


def turn(session: Session, control: Control, value: object) -> None:
    """Set a control. Raises InputError for what it cannot be set to."""
    found = control.checked(value)
    if control.change:
        control.change(session, found)
    else:
        session.of(Lesson).settings[control.key] = found


def chosen(session: Session, key: str, label: Message, options: Mapping[str, Message | str], first: str) -> Choice:
    """A choice as the lesson's settings have it."""
    kept = session.of(Lesson).settings.get(key, first)
    return Choice(key, label, options, kept if kept in options else first)


def turned(session: Session, key: str, label: Message, low: int, high: int, first: int) -> Range:
    """A whole number as the lesson's settings have it; what another network left behind is brought within bounds."""
    return Range(key, label, low, high, 1, min(max(int(session.of(Lesson).settings.get(key, first)), low), high))


def layers(session: Session, depths: Iterable[str], first: str) -> Choice:
    """How deep the networks are that a step compares."""
    return chosen(session, "layers", _("Layers"), {depth: depth for depth in depths}, first)


def opened_block(session: Session) -> Range:
    """The block that is open, on all pages, by its place: 1, 2, 3, …"""
    names = [block.name for block in session.seen.blocks]

    def change(session: Session, place: int) -> None:
        session.open_block(names[place - 1])

    return Range(
        "place", _("Block, counted from the input"), 1, len(names), 1, names.index(session.opened.name) + 1, change
    )
