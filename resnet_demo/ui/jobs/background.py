"""Jobs that take long, beside the events that tell how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def in_background(job: Callable[..., T], *values: Any) -> Iterator[Future[T]]:
    """Do a job in a thread of its own, and leave it to itself where one does not wait for its end.

    When a page is closed, gradio closes its generators on the loop that serves everybody: one that waited there for its
    job, as the executor's own `with` does, would hold up all other visitors.
    """
    worker = ThreadPoolExecutor(1)
    try:
        yield worker.submit(job, *values)
    finally:
        worker.shutdown(wait=False, cancel_futures=True)


def detached(job: Callable[[], T], name: str) -> Future[T]:
    """Begin a job that nobody waits for, in a thread of its own, called by that name."""
    worker = ThreadPoolExecutor(1, name)
    begun = worker.submit(job)
    worker.shutdown(wait=False)
    return begun
