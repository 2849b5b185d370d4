"""What the lesson keeps of a session."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

from ...i18n import Message, Sentences
from ...interpret.trace import Trace
from ...lab.paths import Paths
from ..session import PageState


@dataclass
class Lesson(PageState):
    """How far a visitor is in the lesson, how its controls stand, and what was read out in its steps."""

    step: int = 1
    settings: dict[str, Any] = field(default_factory=dict)  # by the controls' keys; see `controls.py`
    read: dict[int, Message | Sentences] = field(default_factory=dict)  # by step
    entered: bool = False  # whether the lesson was opened before, or with a network that the address names
    answered: dict[int, int] = field(default_factory=dict)  # by step: the choice that was made first, from 1
    draws: tuple[weakref.ref[Trace], dict[int, int]] | None = None  # see `paths.telling_draw`: of a trace, by deletions
    paths: tuple[weakref.ref[Trace], Paths] | None = None  # what was last walked, and of which trace
