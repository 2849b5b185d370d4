"""What gradio keeps of each page that ever sent an event, bounded.

For the sake of links to a state, which the app does not have, gradio makes for every page a copy of what all components
are, and keeps what they show: half a megabyte for whoever sends one event under a made-up name, ten thousand times. The
names are pushed out by others in their order, those of open pages too.

Here a page costs little, and those that have no visit make room first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from copy import copy
from datetime import datetime
from typing import Any

import gradio as gr
import gradio.route_utils
import gradio.routes
import gradio.state_holder
from gradio.state_holder import SessionState, StateHolder

from . import visits

MOST = 2_000  # pages of which there is a state
MOST_UNREAD = 500  # pages for which answers lie ready


def _to_go(pages: Any) -> str:
    """Of pages, the oldest first, the one that makes room."""
    held = visits.held_by()
    return next((page for page in pages if page not in held), next(iter(pages)))


class State(SessionState):
    """What a page is about: the key of its visit, and no picture of what it shows."""

    def __init__(self, blocks: Any) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values = {}
        self.state_data = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600

    def __setitem__(self, key: int, value: Any) -> None:
        block = self.blocks_config.blocks.get(key)
        if isinstance(block, gr.State):
            self._state_ttl[key] = block.time_to_live, datetime.now()
            self.state_data[key] = value
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: Any) -> None: ...


class States(StateHolder):
    """Those of all pages."""

    def update(self, session_id: str) -> None:
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > MOST:
                gone = _to_go(self.session_data)
                del self.session_data[gone]
                self.time_last_used.pop(gone, None)


class Unread(OrderedDict[str, Any]):
    """Answers that lie ready, by page; with them goes which events a page waits for."""

    def __init__(self, events: dict[str, set[str]]) -> None:
        super().__init__()
        self._events = events

    def __missing__(self, page: str) -> Any:
        return asyncio.Queue()  # an answer for nobody

    def __setitem__(self, page: str, messages: Any) -> None:
        super().__setitem__(page, messages)
        while len(self) > MOST_UNREAD:
            del self[_to_go(list(self)[:-1])]

    def __delitem__(self, page: str) -> None:
        self.pop(page, None)  # two streams of a page that end tell of it twice
        self._events.pop(page, None)


gradio.state_holder.SessionState = State
gradio.route_utils.SessionState = State  # pyright: ignore[reportPrivateImportUsage]
gradio.routes.StateHolder = States  # pyright: ignore[reportPrivateImportUsage]
