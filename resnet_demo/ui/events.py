"""What an event does: it changes a visit, and what is in sight is shown anew; or a sentence says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import gradio as gr

from ..errors import InputError
from . import text
from .parts import notice
from .session import Visit, visit_of

# Two events may use the network at a time, whoever they are from: there are two cores on a free Space.
TOGETHER: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 2}

Shown: TypeAlias = "dict[Any, Any]"  # new values or updates, by component
Change: TypeAlias = Callable[..., "Shown | None"]  # acts on a visit, and may say what is shown besides
Handle: TypeAlias = Callable[..., Shown]  # what gradio calls, with the visit's key before the inputs


@contextmanager
def visiting(visit_key: str | None) -> Iterator[Visit]:
    """The visit of that key. An InputError's sentence goes to the visitor, in the visit's language; the app goes on."""
    say = text.of(text.FIRST)
    try:
        visit = visit_of(visit_key)
        say = visit.say
        yield visit
    except InputError as error:
        raise gr.Error(notice(error, say), print_exception=False) from None


@dataclass(frozen=True)
class Events:
    """Joins components with what they change in a visit."""

    key: gr.State
    clicked: gr.JSON  # for clients of the API: what a person would have clicked in a drawing
    shown: Sequence[Any]  # the components that an event may show anew
    show: Callable[[Visit, bool], Shown]  # the visit: all that is in sight, or what follows from another class or block
    refused: Sequence[Any]
    restore: Callable[[Visit], Shown]  # and what it holds where a person may have put something else

    def handler(self, change: Change, whole: bool = False) -> Handle:
        """Let `change` act on the visit, then show the visit; an InputError becomes a notice."""

        def handle(visit_key: str | None, *values: Any) -> Shown:
            with visiting(visit_key) as visit, visit.lock:
                extra = change(visit, *values) or {}
                return merge(self.show(visit, whole), extra)

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
    ) -> None:
        """As `on`, for a handler that is made already."""
        outputs = outputs or self.shown
        event = trigger(handle, [self.key, *inputs], outputs, api_name=api_name, show_progress="minimal", **TOGETHER)
        # What was refused must not stay on the page as if it had been accepted, nor as an error on every figure.
        event.failure(
            self._restored, [self.key], self.refused, api_visibility="private", show_progress="hidden", **TOGETHER
        )

    def on_click(self, component: Any, change: Change, api_name: str, whole: bool = False) -> None:
        """As `on`, for clicks inside a drawing: what was clicked travels in the event, or in `clicked`."""
        act = self.handler(change, whole)

        def handle(visit_key: str | None, value: Any, event: gr.EventData) -> Shown:
            sent = event._data if isinstance(event._data, dict) else {}
            return act(visit_key, sent.get("value", value))

        inputs = [self.key, self.clicked]
        component.select(handle, inputs, self.shown, api_name=api_name, show_progress="hidden", **TOGETHER)

    def _restored(self, visit_key: str | None) -> Shown:
        try:
            visit = visit_of(visit_key)
        except InputError:  # it was put away, and that was said already
            return {self.key: visit_key}
        with visit.lock:
            return {**self.show(visit, True), **self.restore(visit)}


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
