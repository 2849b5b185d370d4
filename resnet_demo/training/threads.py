"""Threads that compute side by side, each on cores of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch


def threads_of(count: int, cores: int) -> ThreadPoolExecutor:
    """So many threads, each of which computes on so many cores."""
    before, all_here = torch.get_num_threads(), Barrier(count)

    def start(_: int) -> None:
        torch.get_num_threads()  # it is set to the default when it is first needed; not after the next line, then
        torch.set_num_threads(cores)
        all_here.wait()

    pool = ThreadPoolExecutor(count, "microbatch")
    list(pool.map(start, range(count)))
    torch.set_num_threads(before)  # what was set there is the default of threads that are still to come, too
    return pool
