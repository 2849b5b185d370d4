"""What the lesson keeps of a session."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

from ...i18n import Message, Sentences
from ...interpret.trace import Trace
from ...lab.paths import Paths
from ..session import PageState, Source


@dataclass
class Lesson(PageState):
    """How far a visitor is in the lesson, how its controls stand, and what was read out in its steps."""

    step: int = 1
    settings: dict[str, Any] = field(default_factory=dict)  # by the controls' keys; see `controls.py`
    read: dict[int, Message | Sentences] = field(default_factory=dict)  # by step
    opened: set[int] = field(default_factory=set)  # steps that were opened, before the page was loaded again, too
    views: dict[int, tuple[weakref.ref[Trace], Any, Any]] = field(default_factory=dict)  # see `pages/learn.seen_in`
    before: Source | None = None  # the network that was in sight when the lesson began with another one
    chosen: bool = False  # whether the visitor chose the lesson's network, or an address named it
    answered: dict[int, int] = field(default_factory=dict)  # by step: the choice that was made first, from 1
    draws: tuple[weakref.ref[Trace], dict[int, int]] | None = None  # see `paths.telling_draw`: of a trace, by deletions
    paths: tuple[weakref.ref[Trace], Paths] | None = None  # what was last walked, and of which trace
