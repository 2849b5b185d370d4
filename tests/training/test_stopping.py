"""Trainings that are stopped or left, between two steps and in the middle of one."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import pytest
from small_trainings import assert_usable, epochs_of, same, trainer
from stripes import CONFIG, RECIPE

from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.training.evaluation import evaluate
from resnet_demo.training.trainer import Training


@pytest.mark.usefixtures("slow_clock")
def test_stop_ends_a_training_at_its_next_step(train_set, test_set):
    recipe = replace(RECIPE, settle=True)
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, recipe, epochs=500)
    records = []
    for record in training.run():
        records.append(record)
        if len(records) == 5:
            thread = threading.Thread(target=training.stop)
            thread.start()
            thread.join()
    assert len(records) == 6
    last = records[-1]
    assert last.step == records[-2].step  # the step that was under way was broken off
    assert last.gradients == records[-2].gradients
    assert training.progress == 1
    assert training.history[-1] is last
    assert last.test_accuracy == evaluate(training.model, test_set.subset(training.in_short)).accuracy
    assert_usable(training.model)


def test_who_stops_a_training_in_its_last_test_shortens_that(train_set, test_set, tmp_path, monkeypatch):
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, replace(RECIPE, settle=True), epochs=1)
    monkeypatch.setattr(trainer, "ASK_IN_SHORT", 20)

    def stop_and_evaluate(model, dataset):
        if training.progress == 1:
            training.stop()
        return evaluate(model, dataset)

    monkeypatch.setattr(trainer, "evaluate", stop_and_evaluate)
    *_, last = training.run(tmp_path / "run.pt")
    assert not training.finished
    assert training.in_short == 20
    assert last.step == training.steps_per_epoch
    assert last.test_pictures == 20
    assert_usable(training.model)


class Slow:
    """Makes every block of a network take so many seconds, on the way there and on the way back."""

    def __init__(self, model: ResNet):
        self.seconds = 0.0
        for _, block in model.named_blocks():
            block.register_forward_hook(self.there)

    def there(self, _block, _inputs, output) -> None:
        time.sleep(self.seconds)
        if output.requires_grad:
            output.register_hook(lambda _: time.sleep(self.seconds))


DEEP = ResNetConfig((8, 8, 8), (4, 8, 16), classes=3)


@pytest.mark.parametrize("how", ["stop", "abandon"])
@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("take_step", lambda training: training.step == 3),
        ("evaluate", lambda training: training.progress < 1),
        ("evaluate", lambda training: training.progress == 1),
    ],
    ids=["step", "test on the way", "last test"],
)
def test_an_end_is_heard_in_the_middle_of_things(name, when, how, train_set, test_set, monkeypatch):
    """What is under way would take three seconds."""
    training = Training(ResNet(DEEP, seed=0), train_set, test_set, replace(RECIPE, batch=32), epochs=2)
    slow, work, times = Slow(training.model), getattr(trainer, name), []

    def end() -> None:
        times.append(time.perf_counter())
        getattr(training, how)()

    def slowly(*given):
        if slow.seconds or times or not when(training):
            return work(*given)
        slow.seconds = 0.07
        threading.Timer(0.3, end).start()
        try:
            return work(*given)
        finally:
            times.append(time.perf_counter())
            slow.seconds = 0.0

    monkeypatch.setattr(trainer, name, slowly)
    records = list(training.run())
    asked, heard = times
    assert heard - asked < 0.8
    assert training.finished is False
    assert_usable(training.model)
    if how == "stop":
        assert training.in_short
        assert records[-1].test_pictures == min(training.in_short, len(test_set))
    else:
        assert not training.in_short
        assert len(epochs_of(records)) < 3  # the last record did not come


def test_a_training_gives_way_between_every_two_blocks(train_set, test_set):
    calls, model = [], ResNet(CONFIG, seed=0)
    training = Training(model, train_set, test_set, RECIPE, epochs=1, give_way=lambda: calls.append(training.step))
    list(training.run())
    blocks, step = len(list(model.named_blocks())), 2  # on the way there and back
    assert calls.count(1) >= blocks * step


def test_what_was_broken_off_leaves_no_trace(train_set, test_set):
    """The same weights and statistics as after the last whole step, without a recipe that settles them."""
    recipe = replace(RECIPE, settle=False, batch=32)
    whole = Training(ResNet(DEEP, seed=0), train_set, test_set, recipe, epochs=9)
    for _ in whole.steps():
        if whole.step == 3:
            whole.abandon()
    broken = Training(ResNet(DEEP, seed=0), train_set, test_set, recipe, epochs=9)
    blocks = [block for _, block in broken.model.named_blocks()]
    blocks[-2].register_forward_hook(lambda *_: broken.stop() if broken.step == 3 else None)
    list(broken.run())
    assert broken.step == whole.step == 3
    assert same(broken.model, whole.model)


@pytest.mark.parametrize("budget", [{"epochs": 3}, {"minutes": 1.0}], ids=str)
def test_a_training_that_is_stopped_before_it_starts_takes_one_step(budget, train_set, test_set):
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, **budget)
    training.stop()
    (record,) = training.run()
    assert record.step == 1
    assert record.test_loss is not None
    assert math.isfinite(record.train_loss)


def test_a_training_that_is_left_leaves_a_usable_network(train_set, test_set):
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=3)
    records = training.run()
    next(records)
    records.close()
    assert_usable(training.model)
