"""Values from outside: clients of the API can send anything, whatever the controls of a page allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ..errors import InputError
from ..i18n import Message

V = TypeVar("V", bound="str | int")


def number_within(value: object, low: float, high: float, what: Message | str) -> float:
    """The number, or InputError where it is none or out of bounds; `what` begins the sentence."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # pyright: ignore[reportOperatorIssue]
        raise InputError(
            "{what} must be a number from {low:g} to {high:g}, not {value!r}.",
            what=what, low=low, high=high, value=value,
        )  # fmt: skip
    return float(value)  # pyright: ignore[reportArgumentType]


def whole_number(value: object, low: int, high: int, what: Message | str) -> int:
    """The whole number (2.0 is one), or InputError where it is none or out of bounds."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise InputError(
            "{what} must be a whole number from {low} to {high}, not {value!r}.",
            what=what, low=low, high=high, value=value,
        )  # fmt: skip
    return number


def one_of(value: object, allowed: Sequence[V], what: Message | str) -> V:
    """The value, or InputError where it is none of those that are allowed."""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value not in allowed:
        raise InputError("{what} must be {allowed:or}, not {value!r}.", what=what, allowed=allowed, value=value)
    return value  # pyright: ignore[reportReturnType]
