"""How much is done at once, and how much may wait: who comes too late is told so at once, in a sentence.

Handlers run in threads. Many may wait for a visit's lock or for a place at the networks, and take no place of others
meanwhile; few work. What takes long has places of its own: uploads, trainings, experiments, captum's methods.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType
from typing import Any

from ..errors import InputError
from ..i18n import _n

AT_WORK = 2  # handlers that use networks and draw: there are two cores on a free Space
THREADS = 300  # handlers that wait or work; each visit that looks on at a training has one
MOST_WAITING = 40  # events in the queue
MOST_OF_PAGE = 8  # events of one page, in the queue or beyond it; its scripts send one at a time
MOST_AT_ONCE = 100  # requests past the queue
SHARE = 0.25  # of its time that a training has while visitors are waiting for answers all the time

# Options of events, by what they have to wait for. Those of a page that wait for each other take no place of others.
TOGETHER: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 12}
UPLOADS: dict[str, Any] = {"concurrency_id": "uploads", "concurrency_limit": 12}  # see `uploads.reading`
LONG: dict[str, Any] = {"concurrency_id": "long", "concurrency_limit": 1}  # runs a network many times
# One request instead of the queue's two, for what is never refused: gradio shows an error only where it was queued.
AT_ONCE: dict[str, Any] = {"queue": False}


class Places:
    """So many at a time, in the order in which they came: a semaphore may let somebody pass who comes just then."""

    def __init__(self, count: int):
        self._count = self._free = count
        self._waiting, self._lock, self._quiet = deque[threading.Event](), threading.Lock(), threading.Event()
        self._quiet.set()

    def __enter__(self) -> None:
        with self._lock:
            self._quiet.clear()
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # who takes this place over
            else:
                self._free += 1
                if self._free == self._count:
                    self._quiet.set()

    def wait_until_quiet(self, seconds: float) -> None:
        """Until all places are free, and at most so long."""
        self._quiet.wait(seconds)


class GivesWay:
    """Called now and again by what works for long: it waits while others hold or want places.

    Under the load of a whole class it still has `SHARE` of its time: for each second of work it waits three at most.
    Every thread of the work has a clock of its own.
    """

    def __init__(self, to: Places):
        self._to, self._clock = to, threading.local()

    def __call__(self) -> None:
        now = time.perf_counter()
        worked = now - getattr(self._clock, "since", now)
        self._to.wait_until_quiet(worked * (1 / SHARE - 1))
        self._clock.since = time.perf_counter()


network = Places(AT_WORK)  # of whoever changes a session and shows it


def full(waiting: int) -> InputError:
    """What somebody is told for whom there is no place."""
    message = _n(
        "The server is busy: {count} request waits for its turn. Try again in a moment.",
        "The server is busy: {count} requests wait for their turn. Try again in a moment.",
        waiting,
    )
    return InputError(message)
