"""Coroutines in tests: in a thread of their own, since the tests' own may have a loop already, that of a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def apart(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a function returns or raises that starts a loop itself."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(call, *given, **named).result()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns or raises."""
    return apart(asyncio.run, coroutine)
