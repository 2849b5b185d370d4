"""Values from outside: clients of the API can send anything, whatever the controls of a page allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ..errors import InputError
from ..i18n import Message
from ..interpret.trace import traced_bytes
from ..models.resnet import ResNetConfig

MAX_BLOCKS = 60  # of a network on a page: ResNet-110 has 54, ResNet-152 has 50
MOST_BYTES = 1_000_000_000  # of all visitors' traces; a single one must not have more

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


def check_size(config: ResNetConfig, size: int) -> None:
    """Refuse a network that is too much for a page with pictures of `size` pixels, before a picture runs."""
    if sum(config.blocks) > MAX_BLOCKS:
        raise InputError(
            "A page shows networks of at most {most} blocks, this one has {blocks}; use the library for deeper ones.",
            most=MAX_BLOCKS,
            blocks=sum(config.blocks),
        )
    if (needed := traced_bytes(config, size)) > MOST_BYTES:
        raise InputError(
            "A page shows networks in which one picture takes at most {most} MB; in this one it takes {needed} MB. "
            "Use the library for larger ones.",
            most=MOST_BYTES // 1_000_000,
            needed=needed // 1_000_000,
        )
