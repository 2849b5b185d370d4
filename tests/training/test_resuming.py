"""Trainings that go on where they were interrupted, and those that repeat another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count, pairwise

import pytest
import torch
from small_trainings import TESTS, epochs_of, same, told, trainer
from stripes import CONFIG, RECIPE

from resnet_demo.errors import InputError
from resnet_demo.models.resnet import ResNet
from resnet_demo.training import checkpoint as checkpoints
from resnet_demo.training.trainer import Training, train


@pytest.mark.parametrize("when", ["after an epoch", "within an epoch"])
def test_a_resumed_training_ends_like_an_uninterrupted_one(when, train_set, test_set, tmp_path, monkeypatch):
    whole = ResNet(CONFIG, seed=0)
    expected = epochs_of(train(whole, train_set, test_set, RECIPE, epochs=4))

    checkpoint = tmp_path / "run.pt"
    stopped = ResNet(CONFIG, seed=0)
    if when == "within an epoch":
        ticks = count()  # a clock so slow that every step is told
        monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    records = train(stopped, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint)
    for record in records:
        if record.epoch == 2 and (record.test_loss is not None) == (when == "after an epoch"):
            break
    del records, record  # the generator is closed, as by a page that is left
    monkeypatch.undo()

    resumed = ResNet(CONFIG, seed=99)  # nothing of its own start may survive
    records = train(resumed, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint, resume=True)
    history = epochs_of(records)
    assert told(history) == told(expected)  # the epochs that were done are told once more
    ours, theirs = whole.state_dict(), resumed.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert not resumed.training
    # Once more, from the very end: nothing is left to do.
    again = ResNet(CONFIG, seed=3)
    assert told(train(again, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint, resume=True)) == told(
        history
    )
    assert torch.equal(again.fc.weight, whole.fc.weight)
    assert not again.training
    assert again.provenance is not None
    assert again.provenance == resumed.provenance


def test_resume_without_a_checkpoint_is_a_start(train_set, test_set, tmp_path):
    model = ResNet(CONFIG, seed=0)
    history = epochs_of(
        train(model, train_set, test_set, RECIPE, epochs=1, checkpoint=tmp_path / "new.pt", resume=True)
    )
    assert [record.epoch for record in history] == [1]
    assert (tmp_path / "new.pt").is_file()


@pytest.mark.parametrize("change", ["seed", "epochs", "recipe", "network", "torn", "foreign", "empty"])
def test_foreign_checkpoints_are_not_resumed(change, train_set, test_set, tmp_path, sentence):
    checkpoint = tmp_path / "run.pt"
    given = {"recipe": RECIPE, "epochs": 1, "seed": 0}
    list(train(ResNet(CONFIG, seed=0), train_set, test_set, checkpoint=checkpoint, **given))
    config = CONFIG
    if change == "network":
        config = replace(CONFIG, widths=(4, 6))
    elif change == "torn":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    elif change == "foreign":
        torch.save(ResNet(CONFIG).state_dict(), checkpoint)
    elif change == "empty":
        checkpoint.write_bytes(b"")
    else:
        given[change] = {"seed": 1, "epochs": 2, "recipe": replace(RECIPE, lr=0.2)}[change]
    with pytest.raises(InputError, match=r"run\.pt") as error:
        list(train(ResNet(config, seed=0), train_set, test_set, checkpoint=checkpoint, resume=True, **given))
    sentence(error.value)


def test_a_schedule_repeats_a_training_by_the_clock(train_set, test_set):
    recipe = replace(RECIPE, settle=True)
    first = Training(ResNet(CONFIG, seed=0), train_set, test_set, recipe, minutes=0.8 / 60, seed=4)
    for record in first.run():
        if record.test_loss is not None:
            time.sleep(0.02)  # the reader's time is no part of the schedule
    again = Training(
        ResNet(CONFIG, seed=0), train_set, test_set, recipe, minutes=0.8 / 60, seed=4, schedule=first.schedule
    )
    list(again.run())
    assert same(first.model, again.model)
    assert told(again.history) == told(first.history)
    assert again.schedule == first.schedule
    other = Training(
        ResNet(CONFIG, seed=0), train_set, test_set, recipe, minutes=0.8 / 60, seed=5, schedule=first.schedule
    )
    list(other.run())
    assert not same(first.model, other.model)


@pytest.mark.usefixtures("slow_clock")
@pytest.mark.parametrize("at_a_test", [True, False])
def test_a_resumed_training_by_the_clock_can_be_repeated_as_a_whole(
    at_a_test, train_set, test_set, tmp_path, monkeypatch
):
    monkeypatch.setattr(trainer, "KEEP_EVERY", 0.0)
    given = {"train_set": train_set, "test_set": test_set, "recipe": RECIPE, "minutes": 1.0}
    killed = Training(ResNet(CONFIG, seed=0), **given)
    for record in killed.run(tmp_path / "run.pt"):
        if record.step > 60 and (record.test_loss is not None) == at_a_test:
            break
    resumed = Training(ResNet(CONFIG, seed=0), **given)
    list(resumed.run(tmp_path / "run.pt", resume=True))
    assert resumed.history[: len(killed.history)] == killed.history
    assert resumed.step > record.step + 10
    assert sum(resumed.schedule) == resumed.step
    again = Training(ResNet(CONFIG, seed=0), **given, schedule=resumed.schedule)
    list(again.run())
    assert same(again.model, resumed.model)
    assert told(again.history) == told(resumed.history)


def test_a_killed_training_goes_on_to_the_same_end(train_set, test_set, tmp_path, monkeypatch):
    whole = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=4)
    list(whole.run())
    program = """
import importlib, os, signal, sys
from pathlib import Path
import torch
from stripes import CONFIG, RECIPE, stripes
from resnet_demo.models.resnet import ResNet, ResNetConfig
trainer = importlib.import_module("resnet_demo.training.trainer")
torch.set_num_threads(int(sys.argv[2]))
trainer.KEEP_EVERY = trainer.TELL_EVERY = 0.0
data, half = (stripes(192, seed=1), stripes(96, seed=2)), sys.argv[3] == "True"
training = trainer.Training(ResNet(CONFIG, seed=0), *data, RECIPE, epochs=4, half=half)
for record in training.run(Path(sys.argv[1])):
    if record.step == 29:  # of 12 to an epoch
        os.kill(os.getpid(), signal.SIGKILL)
"""
    checkpoint = tmp_path / "run.pt"
    command = [sys.executable, "-c", program, str(checkpoint), str(torch.get_num_threads()), str(whole.half)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS)))}
    assert subprocess.run(command, env=env, timeout=120).returncode == -signal.SIGKILL
    resumed = Training(ResNet(CONFIG, seed=99), train_set, test_set, RECIPE, epochs=4)
    steps = [record.step for record in resumed.run(checkpoint, resume=True)]
    assert steps[:2] == [12, 24]  # told once more
    assert min(steps[2:]) > 29
    assert same(whole.model, resumed.model)
    assert told(resumed.history) == told(whole.history)  # with the means over the epoch that was cut in two


def test_checkpoints_come_every_half_minute(train_set, test_set, tmp_path, monkeypatch):
    assert trainer.KEEP_EVERY + trainer.TELL_EVERY <= 60
    ticks, steps = count(), []
    monkeypatch.setattr(time, "perf_counter", lambda: float(2 * next(ticks)))  # a step takes four seconds
    monkeypatch.setattr(checkpoints, "keep", lambda _path, _task, state: steps.append(state["step"]))
    list(train(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=2, checkpoint=tmp_path / "run.pt"))
    assert {12, 24} <= set(steps)  # and at every test
    assert len(steps) > 2
    assert max(b - a for a, b in pairwise([0, *steps])) * 4 <= 60


@pytest.mark.usefixtures("slow_clock")
def test_a_stopped_training_by_the_clock_is_repeated_to_its_end(train_set, test_set, monkeypatch):
    monkeypatch.setattr(trainer, "SETTLE_ON", 128)  # there are more pictures than that, as there usually are
    monkeypatch.setattr(trainer, "ASK_IN_SHORT", 20)
    given = {"train_set": train_set, "test_set": test_set, "recipe": replace(RECIPE, settle=True), "minutes": 1.0}
    first = Training(ResNet(CONFIG, seed=0), **given)
    for _ in first.run():
        if first.step > 60:
            first.stop()
    assert first.in_short
    assert not first.finished
    assert first.history[-1].test_pictures == 20
    again = Training(ResNet(CONFIG, seed=0), **given, schedule=first.schedule, in_short=first.in_short)
    list(again.run())
    assert same(again.model, first.model)
    assert told(again.history) == told(first.history)
    assert again.schedule == first.schedule
    assert again.in_short  # and so can it be repeated in turn
    assert again.finished  # its own end came by itself
    whole = Training(ResNet(CONFIG, seed=0), **given, schedule=first.schedule)
    list(whole.run())
    assert not same(whole.model, first.model)  # that it was stopped has to be known
