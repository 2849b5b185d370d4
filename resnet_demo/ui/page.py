"""What a page is to the app: its components, and how it shows a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradio.components import Component

from .events import Change
from .session import Visit


@dataclass(frozen=True)
class Page:
    """`render` reads the visit's trace and gives new values to components; a trace that is there is not made again.

    `clicks` says, by what is chosen (a "target", a "block", a "wire"), in which drawing it is clicked, and what a click
    does.
    `labels` gives the components whose words are fixed, and so do not come from `render`, what they say in a language
    (see `text`).
    """

    name: str
    components: list[Component]
    render: Callable[[Visit], dict[Any, Any]]
    clicks: dict[str, tuple[Component, Change]] = field(default_factory=dict)
    labels: Callable[[Any], dict[Any, Any]] = lambda say: {}


def put(labels: dict[Any, Any]) -> None:
    """Let components that are being built begin with these words."""
    for component, words in labels.items():
        for name, value in words.items():
            if name != "__type__":  # by which gradio knows an update
                setattr(component, name, value)


def choose(what: str, number: bool = False) -> str:
    """A script for gr.HTML: a click, or Enter on the keyboard, on what carries `data-WHAT` chooses that value."""
    value = f"chosen.dataset.{what}"
    return f"""
element.addEventListener('click', (event) => {{
  const chosen = event.target.closest('[data-{what}]');
  if (chosen) trigger('select', {{value: {f"Number({value})" if number else value}}});
}});
"""
