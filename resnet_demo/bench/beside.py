"""A race beside two busy processes: how much of the quiet speed is left, and how soon a stop is heard.

The same race goes on in slices that alternate: alone, and beside two processes that only count. Fair shares would
leave half of it on two cores. Its networks train as on the page Train: side by side, each on its share of the cores.
For comparison the same is measured of one network on all cores, whose threads wait for each other in every layer.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

from ..data import load_dataset
from ..errors import InputError
from ..models.zoo import build
from ..training import hardware
from ..training.recipes import recipe_of
from ..training.threads import threads_of
from ..training.trainer import Training
from . import REST

NETWORKS = ("resnet20", "plain20")
MINUTES = 0.25  # in which each would learn as much alone
BUSY = 2
ROUNDS, SLICE = 7, 3.0  # seconds


def measure() -> dict[str, Any]:
    if sys.platform == "win32":
        raise InputError("The benchmark {name} stops processes by signals, which Windows lacks.", name="beside")
    train_set, test_set = load_dataset("shapes", True), load_dataset("shapes", False)
    recipe = recipe_of("fast", MINUTES)

    def training(name: str) -> Training:
        # An hour, so that no test and no end comes into sight.
        return Training(build(name), train_set, test_set, recipe, minutes=60, compile=False)

    speeds: dict[str, dict[str, list[float]]] = {"race": {}, "one": {}}
    cores = torch.get_num_threads()
    race, one = [training(name) for name in NETWORKS], [training(NETWORKS[0])]
    in_threads = threads_of(len(race), max(1, cores // len(race)))
    going = {"race": _Slices(race, in_threads), "one": _Slices(one, threads_of(1, cores))}
    with busy() as processes:
        for number in range(1 + ROUNDS):
            for when, told in (("quiet", signal.SIGSTOP), ("beside", signal.SIGCONT)):
                for process in processes:
                    process.send_signal(told)
                for what, slices in going.items():
                    time.sleep(REST)
                    speed = slices.run(SLICE) * recipe.batch
                    if number:  # the first is for warming up
                        speeds[what].setdefault(when, []).append(speed)
        stop = going["race"].stop()
        going["one"].stop()
    quiet, beside = (statistics.median(speeds["race"][when]) for when in ("quiet", "beside"))
    shares = _shares(speeds["race"])
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
        "ratio_of_one_network": statistics.median(_shares(speeds["one"])),
        "images_per_second_of_one_network_quiet": statistics.median(speeds["one"]["quiet"]),
        "images_per_second_of_one_network_beside": statistics.median(speeds["one"]["beside"]),
        "unit": "peer / ours: the share of the quiet speed that is left; figures in seconds per image; `stop`: seconds",
        "work": f"{' and '.join(NETWORKS)} on shapes at once, batches of {recipe.batch}, {ROUNDS} alternating slices "
        f"of {SLICE:g} s, alone and beside {BUSY} busy processes; {hardware.name(hardware.device())}, {cores} "
        f"threads, OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')}",
    }


def _shares(speeds: dict[str, list[float]]) -> list[float]:
    return [beside / quiet for quiet, beside in zip(speeds["quiet"], speeds["beside"], strict=True)]


class _Slices:
    """Trainings that go on for a while at a time, each in its own one of these threads."""

    def __init__(self, trainings: Sequence[Training], threads: ThreadPoolExecutor):
        self._trainings, self._steps = trainings, [training.steps() for training in trainings]
        self._threads = threads

    def run(self, seconds: float) -> float:
        """Train for so long, a step of each at least; steps a second of all together."""
        return sum(self._threads.map(self._run, range(len(self._steps)), [seconds] * len(self._steps)))

    def _run(self, number: int, seconds: float) -> float:
        training, start = self._trainings[number], time.perf_counter()
        before = training.step
        while time.perf_counter() - start < seconds or training.step == before:
            next(self._steps[number])
        return (training.step - before) / (time.perf_counter() - start)

    def stop(self) -> float:
        """Seconds from a stop to the last record: what was learned is settled and tested in short."""
        start = time.perf_counter()
        for training in self._trainings:
            training.stop()
        list(self._threads.map(lambda steps: deque(steps, 0), self._steps))
        self._threads.shutdown()
        return time.perf_counter() - start


@contextmanager
def busy() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
