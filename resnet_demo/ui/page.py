"""What a page is to the app: its components, and how it shows a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradio.components import Component

from .session import Visit


@dataclass(frozen=True)
class Page:
    """`render` reads the visit's trace and gives new values to components; a trace that is there is not made again.

    `clicks` names the drawing whose clicks choose a "target", a "block" or a "channel". `labels` gives, in a language
    (`visit.say`), the words of the components that `render` does not set.
    """

    name: str
    components: list[Component]
    render: Callable[[Visit], dict[Any, Any]]
    clicks: dict[str, Component] = field(default_factory=dict)
    labels: Callable[[Any], dict[Any, Any]] = lambda say: {}


def choose(what: str, number: bool = False) -> str:
    """A script for gr.HTML: a click, or Enter on the keyboard, on what carries `data-WHAT` chooses that value."""
    value = f"chosen.dataset.{what}"
    return f"""
element.addEventListener('click', (event) => {{
  const chosen = event.target.closest('[data-{what}]');
  if (chosen) trigger('select', {{value: {f"Number({value})" if number else value}}});
}});
"""
