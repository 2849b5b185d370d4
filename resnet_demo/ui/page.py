"""What a page is to the app: its name and label, how it is built, and, once built, how it shows a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gradio.components import Component

from ..i18n import Language, Message
from .events import Change, Events, Shown
from .session import Session


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A page's components, and what they show; a page that has more to join with events derives from it.

    `render` reads the session's trace and gives new values to `components`; a trace that is there is not made again.
    `below` does the same for what stands further down and may come a moment later, in a second answer; `drawn` are
    components that nothing else sets, so that what the page has need not be sent again.
    `moving` is what of it follows a dial while that moves: without it, all of it.
    `labels` gives the components whose words are fixed, and so do not come from `render`, what they say in a language;
    `retell` what was told of a job before, in another language.
    `clicks` says, by what is chosen (a "target", a "block", a "wire"), in which drawing it is clicked, and what a click
    does.
    `fields` are the components in which a person puts something that is kept with the session, and `as_kept` sets them;
    `begin` sets those that depend on where an address leads.
    """

    components: list[Any]
    render: Callable[[Session], Shown]
    below: Callable[[Session], Shown] = lambda session: {}
    moving: Callable[[Session], Shown] | None = None
    drawn: list[Any] = field(default_factory=list)
    labels: Callable[[Language], Shown] = lambda say: {}
    retell: Callable[[Session], Shown] = lambda session: {}
    clicks: dict[str, tuple[Component, Change]] = field(default_factory=dict)
    fields: list[Any] = field(default_factory=list)
    as_kept: Callable[[Session], Shown] = lambda session: {}
    begin: Callable[[Session], Shown] = lambda session: {}


@dataclass(frozen=True)
class Page:
    """A page as the registry lists it; see `pages`.

    `build` lays it out, inside its tab, given where CIFAR-10 may lie; `connect` joins what it has beyond clicks in
    drawings with the events. `query` is the page's part of the address, and `asked` reads it: by key, what a value
    there changes. `entered` is called when a visitor comes to the page, and told whether an address named the network;
    `left` when the visitor goes to another one.
    """

    name: str  # in addresses and the events' names
    label: Message  # on its tab
    build: Callable[[str | None], Any]  # -> Layout
    connect: Callable[[Any, Events], None] = lambda layout, events: None
    query: Callable[[Session], dict[str, str]] = lambda session: {}
    asked: Callable[[Session], Iterable[tuple[str, Callable[[str], None]]]] = lambda session: ()
    entered: Callable[[Session, bool], None] = lambda session, named: None
    left: Callable[[Session], None] = lambda session: None


def put(labels: dict[Any, Any]) -> None:
    """Let components that are being built begin with these words."""
    for component, words in labels.items():
        for name, value in words.items():
            if name != "__type__":  # by which gradio knows an update
                setattr(component, name, value)


def choose(what: str, number: bool = False, all_count: bool = False) -> str:
    """A script for gr.HTML: a click, or Enter on the keyboard, on what carries `data-WHAT` chooses that value.

    Of choices that come faster than answers the newest one counts, or all of them, as where a second click takes back
    the first; see `static/js/newest.js`.
    """
    value = f"chosen.dataset.{what}"
    return f"""
lab.then(({{sender}}) => {{
  const send = sender(trigger, {str(all_count).lower()});
  element.addEventListener('click', (event) => {{
    const chosen = event.target.closest('[data-{what}]');
    if (chosen) send({f"Number({value})" if number else value});
  }});
}});
"""


# A script for gr.HTML with streets of blocks: the pulse along them, what is read out, and arrow keys (js/street.js).
STREET = "lab.then(({street}) => street(element));"
