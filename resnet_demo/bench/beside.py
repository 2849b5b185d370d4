"""Training beside two busy processes: how much of the quiet speed is left, and how soon a stop is heard.

The same training goes on in slices that alternate: alone, and beside two processes that only count. Fair shares would
leave half of it on two cores. It is trained as in the race that the page Train begins with.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..data import load_dataset
from ..models.zoo import build
from ..training import hardware
from ..training.recipes import recipe_of
from ..training.trainer import Training
from . import REST

NETWORK = "resnet20"
MINUTES = 0.25  # what a network has of the race
BUSY = 2
ROUNDS, SLICE = 7, 4.0  # seconds


def measure() -> dict[str, Any]:
    train_set, test_set = load_dataset("shapes", True), load_dataset("shapes", False)
    # An hour, so that no test and no end comes into sight.
    training = Training(build(NETWORK), train_set, test_set, recipe_of("fast", MINUTES), minutes=60, compile=False)
    speeds: dict[str, list[float]] = {"quiet": [], "beside": []}
    steps = training.steps()
    with busy() as processes:
        for number in range(1 + ROUNDS):
            for name, told in (("quiet", signal.SIGSTOP), ("beside", signal.SIGCONT)):
                for process in processes:
                    process.send_signal(told)
                time.sleep(REST)
                seen, start = training.step, time.perf_counter()
                while time.perf_counter() - start < SLICE or training.step == seen:
                    next(steps)
                if number:  # the first is for warming up
                    seconds = time.perf_counter() - start
                    speeds[name].append((training.step - seen) * training.recipe.batch / seconds)
        for process in processes:
            process.send_signal(signal.SIGCONT)
        stop = _stop(training, steps)
    quiet, beside = (statistics.median(speeds[name]) for name in ("quiet", "beside"))
    shares = [one / other for one, other in zip(speeds["beside"], speeds["quiet"], strict=True)]
    return {
        "ours": 1 / beside,
        "peer": 1 / quiet,
        "limit": 2 / quiet,  # half the time of each core
        "ratio": statistics.median(shares),
        "ratio_least": min(shares),
        "ratio_most": max(shares),
        "stop": stop,
        "images_per_second_quiet": quiet,
        "images_per_second_beside": beside,
        "unit": "peer / ours: the share of the quiet speed that is left; figures in seconds per image; `stop`: seconds",
        "work": f"{NETWORK} on shapes, batches of {training.recipe.batch}, {ROUNDS} alternating slices of {SLICE:g} s, "
        f"alone and beside {BUSY} busy processes; {hardware.name(hardware.device())}, {torch.get_num_threads()} "
        f"threads, OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')}",
    }


@contextmanager
def busy() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _stop(training: Training, steps: Iterator[Any]) -> float:
    """Seconds from a stop to the last record: what was learned is settled and tested in short."""
    start = time.perf_counter()
    training.stop()
    for _record in steps:
        pass
    return time.perf_counter() - start
