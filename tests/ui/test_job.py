"""A visit's race in the background: who looks on may leave and come back, and one race runs at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from stripes import stripes

from resnet_demo.errors import InputError
from resnet_demo.ui.jobs import race as race_module
from resnet_demo.ui.jobs import training as jobs
from resnet_demo.ui.jobs.race import OWN_PICTURES, Plan, Race, read_data
from resnet_demo.ui.jobs.training import Job, Training

SETS = stripes(192, 1), stripes(96, 2)
LONG = Plan(depth=8, seconds=None, epochs=200, batch=16)


def job(race: Race | None = None, settle: Callable[[Race], None] = lambda race: None) -> Job:
    return Job(LONG, lambda: race or Race(LONG, *SETS), settle).start()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whoever_looks_on_hears_of_a_race_several_times_a_second_and_it_of_a_stop():
    """A step takes a network three seconds here; it is broken off between two blocks."""
    race, slow, slow_since = Race(LONG, *SETS), [0.0], 0.0
    for training in race.trainings.values():
        for _, block in training.model.named_blocks():
            block.register_forward_hook(lambda *_: time.sleep(slow[0]))
    moments, asked, running = [], 0.0, job(race)
    for _ in running.watch():
        moments.append(time.perf_counter())
        if all(race.records.values()) and not slow[0] and not asked:
            slow[0], slow_since = 1.0, moments[-1]
        if slow[0] and moments[-1] - slow_since > 2:
            asked, slow[0] = moments[-1], 0.0
            running.stop()
    assert 0 < time.perf_counter() - asked < 2.0
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert median(gaps) < 0.5, gaps  # each, but for what else this computer does
    assert set(race.results) == {"resnet8", "plain8"}


def test_a_race_goes_on_while_nobody_looks_and_what_it_learned_is_kept():
    settled = []
    running = job(settle=lambda race: settled.append(race.over))
    looking_on = running.watch()
    next(looking_on)
    looking_on.close()  # the page is loaded again
    until(lambda: running.race and all(running.race.records.values()))
    assert running.race is not None
    steps = running.race.trainings["plain8"].step
    until(lambda: running.race and running.race.trainings["plain8"].step > steps)
    assert running.watchers == 0
    running.stop()
    for _ in running.watch():
        pass
    assert settled == [False, True]
    assert set(running.race.results) == {"resnet8", "plain8"}


def test_a_visit_that_is_put_away_ends_its_race():
    state, settled = Training(), []
    running = state.begin(LONG, lambda: Race(LONG, *SETS), lambda race: settled.append(race.over))
    until(lambda: running.race)
    state.end()
    until(lambda: running.over)
    assert settled == [False]
    assert state.race is not None
    assert not state.race.results


def test_pictures_that_are_refused_leave_the_race_before():
    def broken() -> Race:
        raise InputError("There is nothing in it.")

    state = Training()
    first = state.begin(LONG, lambda: Race(LONG, *SETS), lambda race: None)
    until(lambda: first.race and all(first.race.records.values()))
    first.stop()
    until(lambda: first.over)
    refused = state.begin(LONG, broken, lambda race: None)
    until(lambda: refused.over)
    assert state.race is first.race
    assert state.latest is first
    assert first.race is not None
    assert not first.race.abandoned
    nothing = Training()
    refused = nothing.begin(LONG, broken, lambda race: None)
    until(lambda: refused.over)
    assert nothing.latest is None
    second = state.begin(LONG, lambda: Race(LONG, *SETS), lambda race: None)
    until(lambda: second.race)
    assert state.race is second.race
    assert state.before is None
    state.end()
    until(lambda: second.over)


def test_pictures_that_nobody_wants_any_more_hold_nobody_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Who starts again and again leaves neither readers behind nor others waiting for what is read in vain."""
    begun, archive = threading.Event(), tmp_path / "pictures.zip"
    archive.touch()
    plan = replace(LONG, data=OWN_PICTURES, file=str(archive))

    def for_ever(path: str, read: Callable[[bytes], object]):
        while True:
            begun.set()
            read(b"")

    monkeypatch.setattr(race_module, "load_halves", for_ever)
    monkeypatch.setattr(race_module, "load_isolated", lambda picture: time.sleep(0.01))
    state, begins = Training(), []
    for _ in range(5):
        begins.append(state.begin(plan, lambda: Race(plan, *read_data(plan, None)), lambda race: None))
    assert begun.wait(60)
    state.end()
    until(lambda: all(job.over for job in begins))
    assert not any(job.race for job in begins)
    assert not race_module._READING[OWN_PICTURES].locked()


def test_one_race_runs_at_a_time():
    first = job()
    until(lambda: first.race)
    second = job()
    until(lambda: second.waits)
    assert second.race is None
    third = job()
    third.stop()  # while it waits
    until(lambda: third.over)
    assert third.race is None
    first.stop()
    until(lambda: second.race)
    assert not second.waits
    second.abandon()
    until(lambda: second.over)


def test_a_race_that_nobody_looks_at_makes_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "PATIENCE", 0.5)
    first = job()
    looking_on = first.watch()
    next(looking_on)
    until(lambda: first.race and all(first.race.records.values()))
    second = job()
    until(lambda: second.waits)
    time.sleep(1)
    assert not first.stop_asked  # somebody looks
    looking_on.close()
    until(lambda: second.race)
    assert first.race is not None
    assert first.race.results  # what was learned is kept
    second.abandon()
    until(lambda: second.over)


def test_what_cannot_be_read_is_told_to_whoever_looks_on():
    def broken() -> Race:
        raise InputError("There is nothing in it.")

    failed = Job(LONG, broken, lambda race: None).start()
    with pytest.raises(InputError, match="nothing in it"):
        list(failed.watch())


def test_a_stop_in_the_moment_a_race_begins_is_heard():
    begun = threading.Event()

    def settle(race: Race) -> None:
        if not race.over:
            running.stop_asked = True
            begun.set()

    running = Job(LONG, lambda: Race(LONG, *SETS), settle)  # known to `settle` before it begins
    running.start()
    assert begun.wait(60)
    until(lambda: running.over)
    assert running.race is not None
    assert not running.race.results
