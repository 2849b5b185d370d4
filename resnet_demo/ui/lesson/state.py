"""What the lesson keeps of a session."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...i18n import Message, Sentences
from ...interpret.trace import Trace
from ..page_state import PageState
from ..session import Source

T = TypeVar("T")


@dataclass
class Lesson(PageState):
    """How far a visitor is in the lesson, how its controls stand, and what was read out in its steps."""

    step: int = 1
    settings: dict[str, Any] = field(default_factory=dict)  # by the controls' keys; see `controls.py`
    read: dict[int, Message | Sentences] = field(default_factory=dict)  # by step
    opened: set[int] = field(default_factory=set)  # steps that were opened, before the page was loaded again, too
    before: Source | None = None  # the network that was in sight when the lesson began with another one
    chosen: bool = False  # whether the visitor chose the lesson's network, or an address named it
    answered: dict[int, int] = field(default_factory=dict)  # by step: the choice that was made first, from 1
    found: dict[Hashable, tuple[weakref.ref[Trace], Any, Any]] = field(default_factory=dict)  # see `once`

    def once(self, trace: Trace, what: Hashable, key: Any, find: Callable[[], T]) -> T:
        """What `find` finds, computed once for each trace and key; of each `what` only the last one is kept."""
        there = self.found.get(what)
        if there is None or there[0]() is not trace or there[1] != key:
            there = self.found[what] = weakref.ref(trace), key, find()
        return there[2]
