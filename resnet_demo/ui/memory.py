"""Memory that was freed goes back to the system.

Dozens of threads take and free maps and drawings of megabytes. glibc keeps what each of them freed for itself, in
pieces: after a thousand requests a hundred megabytes that nothing is in.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

EVERY = 10.0  # seconds


def trimmer() -> Callable[[int], int] | None:
    """What gives freed memory back, where the C library has it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # not glibc
        return None


def keep_trimmed(every: float = EVERY) -> None:
    """Give freed memory back from time to time, as long as the process lives."""
    trim = trimmer()
    if trim is None:
        return

    def run() -> None:
        while True:
            time.sleep(every)
            trim(0)  # takes a few hundredths of a second, in which Python goes on

    threading.Thread(target=run, daemon=True, name="memory").start()
