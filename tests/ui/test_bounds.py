"""Numbers from outside are taken or refused with a short sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from resnet_demo.errors import InputError
from resnet_demo.ui.bounds import number_within, whole_number

NO_NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, 1e9, 10**400, -0.5, "3", "x" * 100_000, True, None, [1]]


@pytest.mark.parametrize("value", [0, 7, 9, 7.0])
def test_whole_numbers_are_taken(value: float) -> None:
    assert whole_number(value, 0, 9, "It") == value
    assert type(whole_number(value, 0, 9, "It")) is int


@pytest.mark.parametrize("value", [0, 0.25, 1.5])
def test_numbers_are_taken(value: float) -> None:
    assert number_within(value, 0, 1.5, "It") == value
    assert type(number_within(value, 0, 1.5, "It")) is float


@pytest.mark.parametrize("value", [*NO_NUMBERS, 10, 2.5], ids=lambda value: str(value)[:12])
def test_whole_numbers_are_refused(value: object, sentence: Callable[[BaseException], str]) -> None:
    with pytest.raises(InputError, match=r"It must be a whole number from 0 to 9, not ") as error:
        whole_number(value, 0, 9, "It")
    sentence(error.value)  # short, however long the value


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.51], ids=lambda value: str(value)[:12])
def test_numbers_are_refused(value: object, sentence: Callable[[BaseException], str]) -> None:
    with pytest.raises(InputError, match=re.escape("It must be a number from 0 to 1.5, not ")) as error:
        number_within(value, 0, 1.5, "It")
    sentence(error.value)
