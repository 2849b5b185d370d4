"""The exceptions that are meant for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .i18n import Message


class InputError(ValueError):
    """Something given to us cannot be used. Its message is one plain sentence: what is wrong, and what would do.

    The app shows it as a notice in the reader's language, the shell prints it and exits with status 2; neither shows a
    traceback. `InputError("There is no file {path}.", path=path)`: the text is a literal with named places, as in
    `i18n`; `str` says it in English.
    """

    def __init__(self, text: str | Message, /, **values: Any):
        self.message = text if isinstance(text, Message) else Message(text, values)
        super().__init__(str(self.message))

    def __reduce__(self) -> Any:
        return type(self), (self.message,)


class DivergenceError(FloatingPointError):
    """A training whose loss grew beyond all bounds. Its message says so, as that of an `InputError` does."""

    def __init__(self, message: Message):
        self.message = message
        super().__init__(str(message))

    def __reduce__(self) -> Any:
        return type(self), (self.message,)


def similar(name: str, known: Iterable[str]) -> list[str]:
    """The known names that somebody may have meant who wrote this one, likeliest first; two at most."""
    from difflib import get_close_matches

    return get_close_matches(name[:100], list(known), n=2, cutoff=0.75)


def unknown(
    name: object, known: Iterable[str], sentence: Message, hint: Message, also: Iterable[str] = ()
) -> InputError:
    """The error for a name that is none of those known: `sentence`, or `hint` where one of them may have been meant.

    Both have places for `name` and `known`, and `hint` has one for `near`, the names that may have been meant: of those
    known, or of `also`.
    """
    known = list(known)
    near = similar(str(name), [*known, *also])
    return InputError(Message((hint if near else sentence).text, {"name": name, "near": near, "known": known}))
