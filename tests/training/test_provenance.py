from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from stripes import CONFIG, RECIPE, stripes

from resnet_demo import save
from resnet_demo.errors import InputError
from resnet_demo.models.resnet import ResNet
from resnet_demo.models.zoo import bundled_weights
from resnet_demo.training.evaluation import evaluate
from resnet_demo.training.provenance import provenance, settings_of, told
from resnet_demo.training.recipes import RECIPES
from resnet_demo.training.records import Record
from resnet_demo.training.trainer import Training

WEIGHTS = Path(__file__).resolve().parents[2] / "assets" / "weights"


@pytest.fixture(scope="module")
def training() -> Training:
    training = Training(
        ResNet(CONFIG, seed=0), stripes(64, seed=1), stripes(32, seed=2), RECIPE, minutes=0.2 / 60, seed=7
    )
    list(training.run())
    return training


@pytest.fixture(scope="module")
def story(training):
    return provenance("tiny", training, evaluate(training.model, training.test_set))


def test_the_story_of_a_training(training, story):
    assert (story["network"], story["dataset"], story["seed"]) == ("tiny", "stripes", 7)
    assert (story["epochs"], story["minutes"]) == (None, 0.2 / 60)
    assert story["recipe"]["lr"] == 0.1
    assert story["schedule"] == training.schedule
    assert (story["stopped"], story["steps"], story["images"]) == (False, training.step, 16 * training.step)
    assert (story["processes"], story["threads"], story["compiled"]) == (1, torch.get_num_threads(), False)
    assert story["precision"] in ("fp32", "bf16")
    assert story["device"]
    assert story["test_accuracy"] == pytest.approx(training.history[-1].test_accuracy, abs=1e-6)
    assert story["energy_percentiles"] == sorted(story["energy_percentiles"])
    assert len(story["energy_percentiles"]) == 101
    assert json.loads(json.dumps(story)) == story  # plain values, all of them


def test_records_are_told_with_all_their_fields(training):
    first = told(training.history)[0]
    assert list(first) == [field.name for field in fields(Record)]
    assert list(first["gradients"]) == list(first["ratios"]) == ["layer1.0", "layer2.0"]
    assert first["lr"] == round(training.history[0].lr, 6)
    assert first["gradients"]["layer1.0"] == round(training.history[0].gradients["layer1.0"], 4)


def test_settings_are_read_from_both_files_and_repeat_the_training(training, story, tmp_path):
    training.model.provenance = story
    save(training.model, tmp_path / "net.safetensors")
    (tmp_path / "net.json").write_text(json.dumps(story))
    settings = settings_of(tmp_path / "net.json")
    assert settings == settings_of(tmp_path / "net.safetensors")
    assert (settings.network, settings.dataset, settings.recipe, settings.seed) == ("tiny", "stripes", RECIPE, 7)
    assert settings.half is training.half
    again = Training(
        ResNet(CONFIG, seed=0),
        training.train_set,
        training.test_set,
        settings.recipe,
        epochs=settings.epochs,
        minutes=settings.minutes,
        schedule=settings.schedule,
        in_short=settings.in_short,
        seed=settings.seed,
    )
    list(again.run())
    state = training.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in again.model.state_dict().items())


def stopped_story(**budget) -> dict:
    training = Training(ResNet(CONFIG, seed=0), stripes(64, seed=1), stripes(32, seed=2), RECIPE, **budget)
    training.stop()  # after one step
    list(training.run())
    assert training.test is not None
    return provenance("tiny", training, training.test)


def test_a_training_by_epochs_that_was_stopped_is_not_repeated(tmp_path, sentence):
    story = stopped_story(epochs=9)
    assert (story["stopped"], story["steps"], story["epochs"]) == (True, 1, 9)
    (tmp_path / "net.json").write_text(json.dumps(story))
    with pytest.raises(InputError, match=r"net\.json is from a training .* stopped after 1 steps of its 9") as error:
        settings_of(tmp_path / "net.json")
    sentence(error.value)


def test_the_settings_of_a_training_by_the_clock_tell_that_it_was_stopped(tmp_path):
    story = stopped_story(minutes=1.0)
    (tmp_path / "net.json").write_text(json.dumps(story))
    settings = settings_of(tmp_path / "net.json")
    assert settings.in_short
    assert settings.schedule is not None
    assert sum(settings.schedule) == 1


@pytest.mark.parametrize("budget", [{"epochs": 9}, {"minutes": 1.0}], ids=str)
def test_files_from_before_stops_were_told_are_of_whole_trainings(budget, tmp_path):
    story = stopped_story(**budget)
    del story["stopped"], story["steps"]
    (tmp_path / "net.json").write_text(json.dumps(story))
    assert not settings_of(tmp_path / "net.json").in_short


@pytest.mark.parametrize("file", sorted(WEIGHTS.glob("*.json")), ids=lambda path: path.stem)
def test_the_bundled_networks_tell_their_settings(file):
    """Some of these were written before there were schedules; a training by epochs needs none."""
    settings = settings_of(file)
    name, _seed, seed = file.stem.partition("-seed")
    weights = bundled_weights(name, int(seed or 0))
    assert weights is not None
    assert settings == settings_of(weights)
    assert settings.network == name
    assert settings.epochs or settings.schedule
    assert settings.recipe.name in RECIPES


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": None},
        {"schedule": ["many"]},
        {"recipe": None},
        {"recipe": {"name": "fast"}},
        {"recipe": {**vars(RECIPE), "batch": -1}},
        {"recipe": {**vars(RECIPE), "charm": 1}},
        {"seed": "x"},
        {"minutes": [1]},
    ],
    ids=str,
)
def test_what_does_not_tell_is_refused(change, story, tmp_path, sentence):
    (tmp_path / "net.json").write_text(json.dumps({**story, **change}))
    with pytest.raises(InputError, match=r"net\.json does not describe") as error:
        settings_of(tmp_path / "net.json")
    sentence(error.value)


@pytest.mark.parametrize("content", ["", "nothing", "[]", "null", "{}", "\0"], ids=repr)
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_other_files_are_refused(content, suffix, tmp_path, sentence):
    (tmp_path / f"net.{suffix}").write_text(content)
    with pytest.raises(InputError, match="does not describe") as error:
        settings_of(tmp_path / f"net.{suffix}")
    sentence(error.value)
    with pytest.raises(InputError, match="no file"):
        settings_of(tmp_path / "absent.json")


def test_weights_without_a_story_are_refused(tmp_path):
    save(ResNet(replace(CONFIG, classes=10), seed=0), tmp_path / "fresh.safetensors")
    with pytest.raises(InputError, match="does not describe"):
        settings_of(tmp_path / "fresh.safetensors")


def test_recipes_of_before_microbatches_have_none():
    """They are repeated as they were: with batch norm over whole batches."""
    recipe = settings_of(WEIGHTS / "resnet20.json").recipe
    assert (recipe.name, recipe.batch, recipe.microbatch) == ("fast", 128, None)
