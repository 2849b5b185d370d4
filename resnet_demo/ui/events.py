"""What an event does: it changes a session, and what is in sight is shown anew; or a sentence says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

import gradio as gr

from ..errors import InputError
from ..i18n import FIRST, _, language
from .html import notice
from .page_state import PageState
from .places import AT_ONCE, LONG, TOGETHER, network
from .session import Session
from .visits import session_of

_answers = count(1)

Shown: TypeAlias = "dict[Any, Any]"  # new values or updates, by component
Change: TypeAlias = Callable[..., "Shown | None"]  # acts on a session, and may say what is shown besides
Handle: TypeAlias = Callable[..., Shown]  # what gradio calls, with the session's key before the inputs
Read: TypeAlias = Callable[[Any], Any]  # makes of a file's path what is in it


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


@dataclass
class Sent(PageState):
    """The drawings and choices that a session's page has, by component, each by its hash."""

    hashes: dict[int, int] = field(default_factory=dict)


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
    below: Callable[[Session], Shown] = lambda session: {}  # what stands further down, and comes in a second answer
    moving: Callable[[Session], Shown] | None = None  # what follows a dial while it moves; the rest when it rests
    answered: Any = None  # gets a number with every answer, by which the page knows that it waits no longer
    drawn: Sequence[Any] = ()  # nothing but `show` and `below` sets these: what the page has is not sent again

    @property
    def quiet(self) -> dict[str, Any]:
        """Options of an event without gradio's progress, which would be set on every output, several times an event."""
        return {"show_progress": "hidden", "show_progress_on": self._counter or None}

    def handler(
        self,
        change: Change,
        whole: bool = False,
        follow: bool = True,
        moves: bool = False,
        read: Read | None = None,
        long: bool = False,
    ) -> Handle:
        """Let `change` act on the session, then show the session; an InputError becomes a notice.

        Where the change leads to another page, the tabs follow, unless they were there first. `read` is done with each
        input before, while nobody waits for this visit; a change that takes `long` takes no place at the networks.
        """

        def handle(key: str | None, *values: Any) -> Shown:
            with in_session(key) as session, ExitStack() as held:
                found = [read(value) for value in values] if read else values
                held.enter_context(session.lock)
                if not long:
                    held.enter_context(network)
                before = session.page
                extra = change(session, *found) or {}
                if long:
                    held.enter_context(network)
                if follow and session.page != before:
                    extra = {**self.turned(session), **extra}
                showing = self.moving(session) if moves and self.moving else self.show(session, whole)
                shown = merge(self.news(session, showing), extra)
                return shown if self.answered is None else {**shown, self.answered: next(_answers)}

        return handle

    def news(self, session: Session, shown: Shown) -> Shown:
        """What of it the page does not have yet."""
        found, sent = dict(shown), session.of(Sent).hashes
        for component in self.drawn:
            if component in found:
                number, drawing = component._id, hash(found[component])
                if sent.get(number) == drawing:
                    del found[component]
                sent[number] = drawing
        for component, value in found.items():
            if _is_update(value) and "choices" in value:  # its value is always sent: a person may have put another
                number, offered = component._id, hash(repr(value["choices"]))
                if sent.get(number) == offered:
                    found[component] = {name: of_it for name, of_it in value.items() if name != "choices"}
                sent[number] = offered
        return found

    def anew(self, session: Session) -> Shown:
        """All that is in sight, whatever the page has: it was loaded, or it may show what was refused."""
        session.of(Sent).hashes.clear()
        return self.news(session, self.show(session, True))

    def nothing(self) -> Shown:
        """An answer without anything new: the page, which counts answers, does not wait for it any longer."""
        return gr.skip() if self.answered is None else {self.answered: next(_answers)}

    def rest(self, event: Any) -> None:
        """After an event was answered, show what stands further down."""
        event.success(
            self._rest, [self.key], self.shown, api_visibility="private", trigger_mode="always_last",
            **self.quiet, **AT_ONCE,
        )  # fmt: skip

    def _rest(self, key: str | None) -> Shown:
        with in_session(key) as session, session.lock, network:
            return self.news(session, self.below(session)) or gr.skip()

    def at_rest(self, component: Any) -> None:
        """Let a hidden component ask for all that is in sight, when a dial rests; see `static/js/later.js`."""
        component.select(
            self._at_rest, [self.key], self.shown, api_visibility="private", trigger_mode="multiple", **self.quiet,
            **AT_ONCE,
        )  # fmt: skip

    def _at_rest(self, key: str | None) -> Shown:
        with in_session(key) as session, session.lock, network:
            return self.news(session, {**self.show(session, False), **self.below(session)}) or gr.skip()

    def on(
        self,
        trigger: Callable[..., Any],
        change: Change,
        inputs: Sequence[Any],
        api_name: str,
        whole: bool = False,
        outputs: Sequence[Any] = (),
        moves: bool = False,
        read: Read | None = None,
        way: dict[str, Any] = TOGETHER,
    ) -> None:
        """Let `change` act on the session when something is triggered; see `handler`, and for the `way` `places`."""
        handle = self.handler(change, whole, moves=moves, read=read, long=way == LONG)
        self.bind(trigger, handle, inputs, api_name, outputs, moves=moves, way=way)

    def bind(
        self,
        trigger: Callable[..., Any],
        handle: Handle,
        inputs: Sequence[Any],
        api_name: str,
        outputs: Sequence[Any] = (),
        js: str | None = None,
        moves: bool = False,
        way: dict[str, Any] = TOGETHER,
    ) -> None:
        """As `on`, for a handler that is made already; `js` gives its inputs, the key's among them.

        One that `moves` answers many times a second, with what is in sight above all; the rest comes when it rests.
        """
        outputs = [*(outputs or self.shown), *self._counter]
        way, after = (AT_ONCE, AT_ONCE) if moves else (way, TOGETHER)
        event = trigger(handle, [self.key, *inputs], outputs, js=js, api_name=api_name, **self.quiet, **way)
        # What was refused must not stay on the page as if it had been accepted, nor as an error on every figure.
        event.failure(self._restored, [self.key], self.refused, api_visibility="private", **self.quiet, **after)
        if moves:
            event.success(None, js="() => lab.then(({ rests }) => rests())")
        else:
            self.rest(event)

    def on_click(self, component: Any, change: Change, api_name: str, whole: bool = False, **options: Any) -> Any:
        """As `on`, for clicks inside a drawing: what was clicked travels in the event, or in `clicked`.

        The scripts send one at a time (see `static/js/newest.js`): where gradio does, it sends the first one again in
        the place of the last. Returns what can be joined with what comes next.
        """
        act = self.handler(change, whole)

        def handle(key: str | None, value: Any, event: gr.EventData) -> Shown:
            return act(key, sent_with(event).get("value", value))

        inputs = [self.key, self.clicked]
        options = {"trigger_mode": "multiple", **TOGETHER, **options}
        outputs = [*self.shown, *self._counter]
        event = component.select(handle, inputs, outputs, api_name=api_name, **self.quiet, **options)
        self.rest(event)
        return event

    @property
    def _counter(self) -> list[Any]:
        return [] if self.answered is None else [self.answered]

    def _restored(self, key: str | None) -> Shown:
        try:
            session = session_of(key)
        except InputError:  # it was put away, and that was said already
            return {self.key: key}
        with session.lock, network:
            return {**self.anew(session), **self.below(session), **self.restore(session)}


def sent_with(event: gr.EventData) -> dict[str, Any]:
    """What a script sent with an event; nothing where a client of the API triggered it."""
    return event._data if isinstance(event._data, dict) else {}


def merge(first: Shown, second: Shown) -> Shown:
    """New values of components by both; of two updates of the same component the second has the last word.

    Where it is that nothing is new, the component stays as it is on the page.
    """
    merged = {**first, **second}
    for component in {*first} & {*second}:
        if second[component] == gr.skip():
            del merged[component]
            continue
        values = first[component], second[component]
        if any(_is_update(value) for value in values):
            one, other = (value if _is_update(value) else gr.update(value=value) for value in values)
            merged[component] = {**one, **other}
    return merged


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and "__type__" in value
