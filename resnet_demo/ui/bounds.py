"""Numbers from outside: clients of the API can send anything, whatever the controls of a page allow."""

from __future__ import annotations

import reprlib

from ..errors import InputError


def number_within(value: object, low: float, high: float, what: str) -> float:
    """The number, or InputError where it is none or out of bounds; `what` begins the sentence."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # pyright: ignore[reportOperatorIssue]
        raise InputError(f"{what} must be a number from {low:g} to {high:g}, not {reprlib.repr(value)}.")
    return float(value)  # pyright: ignore[reportArgumentType]


def whole_number(value: object, low: int, high: int, what: str) -> int:
    """The whole number (2.0 is one), or InputError where it is none or out of bounds."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise InputError(f"{what} must be a whole number from {low} to {high}, not {reprlib.repr(value)}.")
    return number
