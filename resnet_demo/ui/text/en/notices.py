"""What the app says where something cannot be done."""

from __future__ import annotations

from collections.abc import Iterable

NO_PICTURE = "There is no picture yet: upload one, or choose an example."
NO_FILE = "There is no file: upload a checkpoint."
NO_NETWORK = "There is no network of yours yet: upload a checkpoint."
NO_SHORTCUT = "A plain block has no shortcut to cut."
NO_RACE = "There is no race to repeat yet: train first."


def no_twin(name: str) -> str:
    return (
        f"{name} has no twin here: only networks of basic blocks have one, and those that were trained here, if the "
        "other one was trained in the same way."
    )


def not_trained(name: str) -> str:
    return f"No {name} was trained in this visit."


def too_deep(most: int, blocks: int) -> str:
    return f"A page shows networks of at most {most} blocks, this one has {blocks}; use the library for deeper ones."


def no_example(name: str, offered: Iterable[str]) -> str:
    """`name` comes quoted."""
    return f"There is no example {name}; there are {', '.join(offered)}."


def no_page(name: str, pages: Iterable[str]) -> str:
    """`name` comes quoted."""
    return f"There is no page {name}; there are {', '.join(pages)}."
