"""Measurements side by side with peers: `resnet-demo bench NAME`.

Each is a ratio within one run: ours, the peer and the limit take turns on the same work after a warm-up, and medians
are compared, since a shared machine drifts by a third from minute to minute. `ratio` is peer / ours where the aim is a
speed-up, and ours / peer where the aim is low overhead; `unit` says which.
"""

from __future__ import annotations

import importlib
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from inspect import signature  # by name: the package has a module `inspect` of its own
from typing import Any

from ..errors import InputError

NAMES = (
    "inspect", "figures", "traces", "classify", "startup", "train", "accuracy", "lesion", "cut", "click", "dial",
    "beside", "load", "page",
)  # fmt: skip
REST = 0.2  # seconds before a slice, in which the helpers of whoever was before come to rest


def run(name: str, **options: Any) -> dict[str, Any]:
    """Run one benchmark: its name, `ours`, `peer` and `limit`, their `ratio`, its `unit` and the `work`.

    Figures are in seconds unless `unit` says otherwise. The options are those of the benchmark's own `measure`.
    Raises InputError for an unknown benchmark or option.
    """
    if name not in NAMES:
        raise InputError("There is no benchmark {name!r}; there are {known:and}.", name=name, known=NAMES)
    measure = importlib.import_module(f".{name}", __name__).measure
    unknown = options.keys() - signature(measure).parameters.keys()
    if unknown:
        raise InputError("The benchmark {name} has no option {option!r}.", name=name, option=min(unknown))
    return {"name": name, **measure(**options)}


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


def take_slices(
    contenders: Mapping[str, Iterator[int]], rounds: int, length: float, warmup: int = 1, within: float = math.inf
) -> dict[str, float]:
    """Median seconds per unit of work of contenders that run on and on and yield how much they have done by now.

    In every round each goes on for `length` seconds, from where it stopped to the first yield after them. No round is
    begun that would end later than `within` seconds, and where only the warm-up fits, it counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    done = dict.fromkeys(contenders, 0)
    begun = time.perf_counter()
    for _ in range(warmup + rounds):
        began = time.perf_counter()
        for name, work in contenders.items():
            time.sleep(REST)
            before, start, now = done[name], time.perf_counter(), 0.0
            while now < length or done[name] == before:
                done[name] = next(work)
                now = time.perf_counter() - start
            seconds[name].append(now / (done[name] - before))
        ended = time.perf_counter()
        if ended - begun + (ended - began) > within:
            break
    return {name: statistics.median(values[warmup:] or values) for name, values in seconds.items()}
