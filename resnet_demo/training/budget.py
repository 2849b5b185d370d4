"""How far a training has come: by epochs, by the clock, or as another training went.

A pace tells the trainer how much of the training is done, from 0 to 1, and when to test. The learning rate and the
size of the crops follow it, so that every training ends with an annealed learning rate, whatever its budget.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..errors import InputError

MARKS = 20  # tests on the way of a training by the clock
FINE = 1000  # parts in which its schedule is recorded
SEEDS = 2**31  # so many there are, from 0
ASK_IN_SHORT = 250  # test pictures, at most, of a training that was stopped


class Clock:
    """Seconds that a training has run. It stands still before the start and while a reader of records is busy."""

    def __init__(self, before: float = 0.0):
        self._before = before
        self._since: float | None = None

    def __call__(self) -> float:
        return self._before + (0.0 if self._since is None else time.perf_counter() - self._since)

    def start(self) -> None:
        self._since = time.perf_counter()

    def stop(self) -> None:
        now = self()
        self._since = None  # first: whoever reads it from another thread must not count the same time twice
        self._before = now


class EpochPace:
    """A number of epochs, with a test after each. The seed alone fixes such a training step by step."""

    def __init__(self, epochs: int, steps_per_epoch: int):
        self._total, self._steps_per_epoch = epochs * steps_per_epoch, steps_per_epoch

    def progress(self, step: int, seconds: float) -> float:
        return step / self._total

    def tests(self, step: int, progress: float) -> int:
        """How many tests are due by now."""
        return step // self._steps_per_epoch


class ClockPace:
    """A number of seconds, with a test after every twentieth of them. The schedule moves in thousandths, so that it can
    be recorded."""

    def __init__(self, seconds: float):
        self._budget = seconds

    def progress(self, step: int, seconds: float) -> float:
        return min(int(FINE * seconds / self._budget), FINE) / FINE

    def tests(self, step: int, progress: float) -> int:
        return int(MARKS * progress + 1e-9)


class ReplayPace:
    """Another training's course by the clock: how many steps it took in each thousandth of its budget."""

    def __init__(self, schedule: Sequence[int]):
        counts = all(isinstance(steps, int) and steps >= 0 for steps in schedule)
        if not counts or len(schedule) != FINE or not any(schedule):
            raise InputError(
                "A schedule says how many steps were taken in each of the {parts} parts of a training.", parts=FINE
            )
        self._ends = list(accumulate(schedule))

    def progress(self, step: int, seconds: float) -> float:
        return bisect_right(self._ends, step) / FINE

    tests = ClockPace.tests


Pace = EpochPace | ClockPace | ReplayPace


def pace_of(epochs: int | None, minutes: float | None, schedule: Sequence[int] | None, steps_per_epoch: int) -> Pace:
    """The pace of a training with this budget; with a `schedule`, that of the one it repeats.

    Raises InputError where the budget or the schedule is impossible.
    """
    if (epochs is None) == (minutes is None):
        raise InputError("Training needs a budget: either a number of epochs or of minutes.")
    if not 0 < (epochs or minutes or 0) < math.inf:
        raise InputError("The budget of a training must be more than zero.")
    if epochs:
        return EpochPace(epochs, steps_per_epoch)
    return ClockPace(60 * (minutes or 1)) if schedule is None else ReplayPace(schedule)
