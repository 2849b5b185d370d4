from __future__ import annotations

import time
from itertools import count

import pytest

from resnet_demo.errors import InputError
from resnet_demo.training.budget import FINE, Clock, ClockPace, EpochPace, ReplayPace, pace_of


def test_the_clock_stands_while_it_is_stopped(monkeypatch):
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))  # every reading takes a second
    clock = Clock(10)
    assert [clock(), clock()] == [10, 10]  # not started
    clock.start()
    assert [clock(), clock()] == [11, 12]
    clock.stop()
    assert [clock(), clock()] == [13, 13]
    clock.start()
    assert clock() == 14


def test_epochs_by_hand():
    pace = EpochPace(epochs=3, steps_per_epoch=4)
    assert [pace.progress(step, 99.0) for step in (0, 3, 6, 12)] == [0, 0.25, 0.5, 1]
    assert [pace.tests(step, 0.0) for step in (0, 3, 4, 7, 8)] == [0, 0, 1, 1, 2]


def test_the_clocks_pace_moves_in_thousandths():
    pace = ClockPace(seconds=20)
    assert [pace.progress(7, seconds) for seconds in (0, 0.019, 0.021, 10, 20, 1e9)] == [0, 0, 0.001, 0.5, 1, 1]
    assert [pace.tests(7, progress) for progress in (0, 0.049, 0.05, 0.15, 0.999)] == [0, 0, 1, 3, 19]
    # Every thousandth is told as itself, whatever floating-point numbers do.
    assert [int(FINE * (part / FINE)) for part in range(FINE)] == list(range(FINE))


def test_a_replay_goes_the_way_that_the_schedule_tells():
    schedule = [0] * FINE
    schedule[0], schedule[250], schedule[251], schedule[999] = 2, 1, 3, 1
    pace = ReplayPace(schedule)
    assert [pace.progress(step, 1e9) for step in range(9)] == [0, 0, 0.25, 0.251, 0.251, 0.251, 0.999, 1, 1]
    assert pace.tests(3, 0.251) == 5


@pytest.mark.parametrize("schedule", [[], [1] * 999, [0] * FINE, [-1] + [1] * 999, [0.5] * FINE, ["1"] * FINE])
def test_impossible_schedules_are_refused(schedule, sentence):
    with pytest.raises(InputError, match="schedule") as error:
        ReplayPace(schedule)
    sentence(error.value)


def test_a_budget_has_its_pace():
    assert isinstance(pace_of(3, None, None, 4), EpochPace)
    assert pace_of(3, None, None, 4).progress(6, 99.0) == 0.5
    assert pace_of(None, 0.5, None, 4).progress(6, 15.0) == 0.5
    assert isinstance(pace_of(None, 0.5, [1] * FINE, 4), ReplayPace)


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        ((None, None), "either"),
        ((1, 1.0), "either"),
        ((0, None), "more than zero"),
        ((None, -1.0), "more than zero"),
        ((None, float("nan")), "more than zero"),
    ],
    ids=str,
)
def test_impossible_budgets_are_refused(budget, named, sentence):
    epochs, minutes = budget
    with pytest.raises(InputError, match=named) as error:
        pace_of(epochs, minutes, None, 4)
    sentence(error.value)
