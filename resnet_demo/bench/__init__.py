"""Measurements side by side with peers: `resnet-demo bench NAME`.

Each is a ratio within one run: ours, the peer and the limit take turns on the same work after a warm-up, and medians
are compared, since a shared machine drifts by a third from minute to minute. `ratio` is peer / ours where the aim is a
speed-up, and ours / peer where the aim is low overhead; `unit` says which.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from ..errors import InputError

NAMES = ("inspect", "figures", "classify", "startup")


def run(name: str) -> dict[str, Any]:
    """Run one benchmark: its name, `ours`, `peer` and `limit` in seconds, their `ratio`, its `unit` and the `work`."""
    if name not in NAMES:
        raise InputError(f"There is no benchmark {name!r}; there are {', '.join(NAMES)}.")
    return {"name": name, **importlib.import_module(f".{name}", __name__).measure()}


def take_turns(contenders: dict[str, Callable[[], Any]], rounds: int, warmup: int = 2) -> dict[str, float]:
    """Median seconds of each contender, one call each per round, so that all of them meet the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(warmup + rounds):
        for name, call in contenders.items():
            start = time.perf_counter()
            call()
            if number >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}
