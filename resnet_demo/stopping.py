"""How Ctrl-C and SIGTERM end a program: at once, without a traceback, with the status that shells expect: 130 and 143.

Python's own way is an exception wherever the program is. Raised while a C++ library is being loaded, or while one of
its threads computes at the end, it makes the process abort.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def prepare(raises: bool = False) -> None:
    """From now on either signal ends the process at once. A signal that is ignored, as Ctrl-C is by a background job
    of a shell, stays so.

    With `raises`, Ctrl-C is a KeyboardInterrupt, as usual, for what has something to put in order, except while modules
    are being loaded.
    """
    _hear(_interrupted if raises else _end_now)


def wait() -> int:
    """Wait in the main thread for one of the signals, and return its number. A second one ends the process at once."""
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        prepare()
        heard.append(number)

    _hear(hear)
    while not heard:
        time.sleep(0.1)
    return heard[0]


def end(number: int) -> NoReturn:
    """End the process as that signal does. Threads that compute are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # nobody reads it any more
            stream.flush()
    os._exit(128 + number)


def _hear(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end_now(number: int, frame: FrameType | None) -> NoReturn:
    if number == signal.SIGINT:
        with suppress(OSError):
            os.write(2, b"Interrupted.\n")  # a stream of Python's may be in use
    os._exit(128 + number)


def _interrupted(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT and not _loading(frame):
        raise KeyboardInterrupt
    _end_now(number, frame)


def _loading(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False
