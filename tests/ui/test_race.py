"""A visitor's training without the page: what is allowed, what comes out, and how it ends."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from stripes import stripes

from resnet_demo.errors import InputError
from resnet_demo.i18n import language
from resnet_demo.models import weights
from resnet_demo.training.evaluation import evaluate
from resnet_demo.training.trainer import Training
from resnet_demo.ui import places
from resnet_demo.ui.jobs import race as race_module
from resnet_demo.ui.jobs.race import BOTH, OWN_PICTURES, PLAIN, RESIDUAL, SHAPES, Plan, Race, read_data
from resnet_demo.ui.race_shown import outcome

SETS = stripes(192, 1), stripes(96, 2)


def plan(**changes) -> Plan:
    return Plan(**{"depth": 8, "seconds": None, "epochs": 1, "batch": 16, **changes})


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on so many: the last bits of a sum depend on how it is divided."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def finished(race: Race) -> Race:
    for _ in race.run():
        pass
    return race


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        *(({"depth": value}, "depth") for value in (0, 7, 1202, "20", None, float("nan"), [20])),
        *(({"kind": value}, "kind") for value in ("", "neither", None, 3)),
        *(({"data": value}, "data set") for value in ("imagenet", "/etc", None)),
        *(({"recipe": value}, "recipe") for value in ("secret", None)),
        *(({"seconds": value, "epochs": None}, "seconds") for value in (0, 9, 601, 1e9, float("nan"), "60", True)),
        *(({"epochs": value}, "epochs") for value in (0, -1, 201, 1.5, float("inf"), "1", True)),
        *(({"batch": value}, "batch") for value in (0, 15, 513, 20.5, float("nan"), "x")),
        ({"depth": 110, "batch": 129}, "at most 128"),
        ({"depth": 56, "batch": 256}, "at most 251"),
        *(({"rate": value}, "learning rate") for value in (0, -1, 11, float("nan"), "x", True)),
        *(({"seed": value}, "seed") for value in (-1, 2**31, 0.5, "x")),
        ({"seconds": 10}, "either"),
        ({"epochs": None}, "either"),
        ({"data": OWN_PICTURES}, "zip"),
    ],
    ids=str,
)
def test_what_the_server_does_not_give_is_a_sentence(changes, named, sentence):
    with pytest.raises(InputError, match=named) as error:
        plan(**changes)
    sentence(error.value)


def test_a_race_trains_both_on_the_same_pictures_from_the_same_seed():
    race = finished(Race(plan(epochs=4), *SETS))
    assert list(race.results) == ["resnet8", "plain8"]
    for name, result in race.results.items():
        alone = Training(race_module.zoo.build(name, 0, 3), *SETS, race.plan.settings, epochs=4, seed=0)
        with threads(max(1, torch.get_num_threads() // 2)):  # as each of two has here
            list(alone.run())
        assert all(torch.equal(a, b) for a, b in zip(alone.model.parameters(), result.model.parameters(), strict=True))
        assert result.test.accuracy == evaluate(result.model, SETS[1]).accuracy
        assert result.test.n == 96
        assert not result.model.training
        assert not any(weight.requires_grad for weight in result.model.parameters())
        assert race.records[name][-1].test_accuracy == result.test.accuracy
    assert race.results["resnet8"].test.accuracy > 0.8
    assert race.progress == 1


def test_no_race_spends_its_budget_on_compiling(monkeypatch):
    """By default a training compiles its network where there is a GPU, which takes as long as a race."""
    asked = []
    monkeypatch.setattr(race_module, "Training", lambda *args, **how: asked.append(how) or Training(*args, **how))
    Race(plan(), *SETS).repeat()
    assert [how["compile"] for how in asked] == [False] * 4


def test_networks_train_at_the_same_time():
    race, met = Race(plan(epochs=3), *SETS), threading.Barrier(2)

    def met_once(first: list[int]) -> None:
        first.clear()
        met.wait(60)

    for training in race.trainings.values():  # neither gets through its first step alone
        first = [0]
        training.model.stem.register_forward_pre_hook(lambda *_, first=first: met_once(first) if first else None)
    assert set(finished(race).results) == {"resnet8", "plain8"}


def test_a_race_gives_way_to_visitors(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(places.network, "wait_until_quiet", waited.append)
    finished(Race(plan(), *SETS))
    assert any(waited)


def test_a_race_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    finished(Race(plan(recipe="paper", batch=128), stripes(256, 1), SETS[1]))  # which has two microbatches
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == before


def test_stop_keeps_what_was_learned():
    race = Race(plan(epochs=200), *SETS)
    for _ in race.run():
        if all(training.history for training in race.trainings.values()):
            race.stop()
    assert race.stopped
    assert set(race.results) == {"resnet8", "plain8"}
    for name, training in race.trainings.items():
        assert 12 <= training.step < 60, name  # an epoch is 12 steps
        assert race.records[name][-1].step == training.step
        assert race.records[name][-1].test_accuracy is not None


def test_a_network_that_was_stopped_in_its_first_step_has_learned_nothing():
    race, first = Race(plan(epochs=200), *SETS), threading.Event()
    for _, block in race.trainings["plain8"].model.named_blocks():
        block.register_forward_hook(lambda *_: first.wait(60) and None)
    for _ in race.run():
        race.stop()
        first.set()
    assert set(race.results) == {"resnet8"}
    assert race.trainings["plain8"].step == 0
    assert "Plain-8 ended early: it was stopped before its first step was over" in outcome(race, language("en"))
    assert not race.repeatable


def test_an_abandoned_race_ends_at_once_and_leaves_nothing():
    race, shown = Race(plan(epochs=200), *SETS), 0
    for _ in race.run():
        shown += 1
        if shown == 3:
            race.abandon()
    assert shown == 3
    assert not race.results


def test_a_closed_generator_ends_the_trainings():
    race = Race(plan(epochs=200), *SETS)
    running = race.run()
    next(running)
    next(running)
    running.close()
    steps = [training.step for training in race.trainings.values()]
    assert all(not training.model.training for training in race.trainings.values())  # put back as others expect it
    assert max(steps) < 60


def test_the_ceiling_on_time_holds_for_epochs(monkeypatch):
    monkeypatch.setattr(race_module, "MOST_SECONDS", 0.01)
    race = finished(Race(Plan(depth=8, kind="plain", seconds=None, epochs=200, batch=16), *SETS))
    assert race.stopped
    assert race.trainings["plain8"].step < 200 * 12
    assert race.results


def test_a_divergence_is_told_and_the_other_network_goes_on(monkeypatch):
    race = Race(plan(epochs=2), *SETS)
    with torch.no_grad():
        for weight in race.trainings["plain8"].model.parameters():
            weight.fill_(float("nan"))
    finished(race)
    assert list(race.failures) == ["plain8"]
    assert "diverged" in str(race.failures["plain8"])
    assert "Plain-8 ended early: The training diverged" in outcome(race, language("en"))
    assert "Plain-8 提前结束：训练发散了" in outcome(race, language("zh"))
    assert list(race.results) == ["resnet8"]


def test_a_race_ends_whatever_happens(monkeypatch):
    """An error that nobody foresaw ends one training; the page is told, and the other network goes on."""
    race = Race(plan(epochs=2), *SETS)
    step = Training.steps

    def broken(training, *values):
        if training is race.trainings["plain8"]:
            raise ZeroDivisionError("not for a visitor's eyes")
        return step(training, *values)

    monkeypatch.setattr(Training, "steps", lambda training, *values: (yield from broken(training, *values)))
    finished(race)
    assert race.over
    assert race.progress == 1
    assert list(race.results) == ["resnet8"]
    shown = outcome(race, language("en"))
    assert "Plain-8 ended early: Something unexpected happened" in shown
    assert "visitor's eyes" not in shown


def test_a_network_that_is_finished_is_kept_whatever_happens_to_the_other(monkeypatch):
    race = Race(plan(epochs=1), *SETS)
    finish = race._finish
    monkeypatch.setattr(race, "_finish", lambda name: finish(name) if name == "resnet8" else 1 / 0)
    finished(race)
    assert list(race.results) == ["resnet8"]
    assert list(race.failures) == ["plain8"]


def test_a_race_that_is_left_is_over():
    race = Race(plan(epochs=2), *SETS)
    watched = race.run()
    next(watched)
    watched.close()
    assert race.over


@pytest.mark.parametrize("clock", [True, False])
def test_a_replay_repeats_every_test(clock, monkeypatch):
    monkeypatch.setattr(race_module, "LEAST_SECONDS", 0.5)
    first = finished(Race(plan(seconds=1.0, epochs=None) if clock else plan(epochs=2), *SETS))
    assert first.repeats_exactly is None
    second = finished(first.repeat())
    assert second.repeats_exactly is True
    for name in first.results:
        one, other = first.results[name].model.state_dict(), second.results[name].model.state_dict()
        assert all(torch.equal(one[key], other[key]) for key in one)
    second.trainings["plain8"].history.pop()
    assert second.repeats_exactly is False


def test_a_stopped_race_by_the_clock_ends_again_as_it_did():
    first = Race(plan(seconds=30, epochs=None), *SETS)
    for _ in first.run():
        if all(first.records.values()):
            first.stop()
    second = finished(first.repeat())
    assert second.repeats_exactly is True
    assert not second.stopped
    for name in first.results:
        one, other = first.results[name].model.state_dict(), second.results[name].model.state_dict()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_networks_compare_that_were_trained_under_the_same_conditions():
    def conditions(**changes):
        return Race(plan(**changes), *SETS).conditions

    assert conditions(kind=RESIDUAL) == conditions(kind=PLAIN) == conditions(kind=BOTH)
    clock = {"epochs": None, "seconds": 30}
    assert conditions(kind=RESIDUAL, **clock) == conditions(kind=BOTH, **{**clock, "seconds": 60})  # half a minute each
    for other in ({"seed": 1}, {"epochs": 2}, {"recipe": "paper"}, {"rate": 0.01}, {"data": "cifar10"}, clock):
        assert conditions(**other) != conditions(), other
    for file in ("one.zip", "other.zip"):
        assert conditions(data=OWN_PICTURES, file=file) != conditions(data=OWN_PICTURES, file="a.zip")
    stopped, again = Race(plan(), *SETS), Race(plan(), *SETS)
    for race in (stopped, again):
        race.stop()
    assert stopped.conditions == stopped.conditions != again.conditions


def test_the_files_hold_what_was_trained():
    race = finished(Race(plan(epochs=2), *SETS))
    files = {Path(path).name: Path(path) for path in race.write_files()}
    assert set(files) == {"curves.png", "curves.svg", "history.csv", "plain8.safetensors", "resnet8.safetensors"}
    again = weights.load_file(files["resnet8.safetensors"])
    assert again.domain is not None
    assert again.domain.labels == ("along", "across", "none")
    assert evaluate(again, SETS[1]).accuracy == race.results["resnet8"].test.accuracy
    assert again.provenance is not None
    assert again.provenance["test_accuracy"] == pytest.approx(race.results["resnet8"].test.accuracy, abs=1e-5)
    with files["history.csv"].open() as file:
        rows = list(csv.DictReader(file))
    assert [row["network"] for row in rows].count("plain8") == len(race.records["plain8"])
    last = [row for row in rows if row["network"] == "resnet8"][-1]
    record = race.records["resnet8"][-1]
    assert float(last["test_accuracy"]) == record.test_accuracy
    assert float(last["gradient layer1.0"]) == record.gradients["layer1.0"]
    assert float(last["ratio layer3.0"]) == record.ratios["layer3.0"]
    assert last["images"] == "384"
    assert [row for row in rows if row["network"] == "plain8"][-1]["ratio layer1.0"] == ""
    assert files["curves.png"].read_bytes().startswith(b"\x89PNG")
    folder = files["curves.png"].parent
    del race
    assert not folder.exists()  # nothing of a visitor stays on the server


def test_shared_data_are_read_once(monkeypatch):
    reads = []
    monkeypatch.setattr(race_module, "load_dataset", lambda *args: reads.append(args) or SETS[0])
    race_module._shared.cache_clear()
    read_data(plan(), None)
    read_data(plan(kind=BOTH), None)
    assert len(reads) == 2  # the two halves
    race_module._shared.cache_clear()


@pytest.mark.parametrize("data", [SHAPES, OWN_PICTURES])
def test_the_same_data_are_not_read_twice_at_a_time(data, monkeypatch, tmp_path):
    """A visitor who stops while pictures are read leaves the reading behind, and may begin another."""
    pictures, reading, most = tmp_path / "pictures.zip", [], []
    pictures.touch()

    def slow(*args):
        reading.append(threading.get_ident())
        most.append(len(set(reading)))
        time.sleep(0.05)
        reading.remove(threading.get_ident())
        return SETS[0]

    monkeypatch.setattr(race_module, "load_dataset", slow)
    monkeypatch.setattr(race_module, "load_halves", lambda *args, **_options: (slow(*args), slow(*args)))
    race_module._shared.cache_clear()
    with ThreadPoolExecutor(3) as visitors:
        list(visitors.map(lambda _: read_data(plan(data=data, file=str(pictures)), None), range(3)))
    assert set(most) == {1}
    race_module._shared.cache_clear()


@pytest.mark.parametrize(("name", "value"), [("MOST_PICTURES", 100), ("MOST_CLASSES", 2)])
def test_own_pictures_are_bounded(name, value, monkeypatch, sentence, tmp_path):
    monkeypatch.setattr(race_module, name, value)
    (tmp_path / "pictures.zip").touch()
    monkeypatch.setattr(race_module, "load_halves", lambda path, read: SETS[:2])
    with pytest.raises(InputError, match="at most") as error:
        read_data(plan(data=OWN_PICTURES, file=str(tmp_path / "pictures.zip")), None)
    sentence(error.value)


def test_own_pictures_come_as_a_file(sentence, tmp_path):
    with pytest.raises(InputError, match="zip") as error:
        read_data(plan(data=OWN_PICTURES, file=str(tmp_path)), None)
    sentence(error.value)
