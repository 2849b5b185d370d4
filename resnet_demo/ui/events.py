"""What an event does: it changes a session, and what is in sight is shown anew; or a sentence says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import gradio as gr

from ..errors import InputError
from ..i18n import FIRST, _, language
from .html import notice
from .session import Session
from .visits import session_of

# Two events may use the network at a time, whoever they are from: there are two cores on a free Space.
TOGETHER: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 2}

Shown: TypeAlias = "dict[Any, Any]"  # new values or updates, by component
Change: TypeAlias = Callable[..., "Shown | None"]  # acts on a session, and may say what is shown besides
Handle: TypeAlias = Callable[..., Shown]  # what gradio calls, with the session's key before the inputs


@contextmanager
def in_session(key: str | None) -> Iterator[Session]:
    """The session of that key. An InputError's sentence goes to the visitor, in their language; the app goes on."""
    code = FIRST
    try:
        session = session_of(key)
        code = session.language
        yield session
    except InputError as error:
        say = language(code)
        raise gr.Error(notice(error, say), title=say(_("Error")), print_exception=False) from None


@dataclass(frozen=True)
class Events:
    """Joins components with what they change in a session."""

    key: gr.State
    clicked: gr.JSON  # for clients of the API: what a person would have clicked in a drawing
    shown: Sequence[Any]  # the components that an event may show anew
    show: Callable[[Session, bool], Shown]  # all that is in sight, or what follows from another class or block
    refused: Sequence[Any]
    restore: Callable[[Session], Shown]  # and what a session holds where a person may have put something else
    turned: Callable[[Session], Shown] = lambda session: {}  # what to show besides, where an event led to another page

    def handler(self, change: Change, whole: bool = False, follow: bool = True) -> Handle:
        """Let `change` act on the session, then show the session; an InputError becomes a notice.

        Where the change leads to another page, the tabs follow, unless they were there first.
        """

        def handle(key: str | None, *values: Any) -> Shown:
            with in_session(key) as session, session.lock:
                before = session.page
                extra = change(session, *values) or {}
                if follow and session.page != before:
                    extra = {**self.turned(session), **extra}
                return merge(self.show(session, whole), extra)

        return handle

    def on(
        self,
        trigger: Callable[..., Any],
        change: Change,
        inputs: Sequence[Any],
        api_name: str,
        whole: bool = False,
        outputs: Sequence[Any] = (),
    ) -> None:
        self.bind(trigger, self.handler(change, whole), inputs, api_name, outputs)

    def bind(
        self,
        trigger: Callable[..., Any],
        handle: Handle,
        inputs: Sequence[Any],
        api_name: str,
        outputs: Sequence[Any] = (),
        js: str | None = None,
    ) -> None:
        """As `on`, for a handler that is made already; `js` gives its inputs, the key's among them."""
        outputs = outputs or self.shown
        event = trigger(
            handle, [self.key, *inputs], outputs, js=js, api_name=api_name, show_progress="hidden", **TOGETHER
        )
        # What was refused must not stay on the page as if it had been accepted, nor as an error on every figure.
        event.failure(
            self._restored, [self.key], self.refused, api_visibility="private", show_progress="hidden", **TOGETHER
        )

    def on_click(self, component: Any, change: Change, api_name: str, whole: bool = False, **options: Any) -> Any:
        """As `on`, for clicks inside a drawing: what was clicked travels in the event, or in `clicked`.

        Returns what can be joined with what comes next, as gradio's events do."""
        act = self.handler(change, whole)

        def handle(key: str | None, value: Any, event: gr.EventData) -> Shown:
            sent = event._data if isinstance(event._data, dict) else {}
            return act(key, sent.get("value", value))

        inputs = [self.key, self.clicked]
        return component.select(
            handle, inputs, self.shown, api_name=api_name, show_progress="hidden", **TOGETHER, **options
        )

    def _restored(self, key: str | None) -> Shown:
        try:
            session = session_of(key)
        except InputError:  # it was put away, and that was said already
            return {self.key: key}
        with session.lock:
            return {**self.show(session, True), **self.restore(session)}


def merge(first: Shown, second: Shown) -> Shown:
    """New values of components by both; of two updates of the same component the second has the last word."""
    merged = {**first, **second}
    for component in {*first} & {*second}:
        values = first[component], second[component]
        if any(_is_update(value) for value in values):
            one, other = (value if _is_update(value) else gr.update(value=value) for value in values)
            merged[component] = {**one, **other}
    return merged


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and "__type__" in value
