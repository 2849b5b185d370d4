"""The command line: what it prints where, its exit status, and one sentence for whatever goes wrong."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_cifar
import jsonschema
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10
from typer.testing import CliRunner, Result

import resnet_demo
from resnet_demo import build, cli, console, lab, load, save
from resnet_demo.cli.answers import ANSWERS, schema_of
from resnet_demo.data import Dataset, draw_shapes, load_dataset
from resnet_demo.models import zoo
from resnet_demo.training.provenance import provenance
from resnet_demo.training.records import Record
from resnet_demo.training.trainer import Training

ROOT = Path(__file__).resolve().parent.parent
# What a training of three epochs tells of the fake CIFAR-10.
FEW = ("With 512 pictures, --epochs 3 is only 12 steps", "There are only 40 test pictures")
COMMANDS = ("serve", "models", "classify", "inspect", "train", "evaluate", "experiment", "unfold", "bench", "schema")


def shell(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> Any:
    """What a command prints with `--json`, which is as its schema says."""
    result = shell(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    value = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    jsonschema.validate(value, schema_of(str(arguments[0])))
    return value


def complaint(*arguments: object, status: int = 2, after: tuple[str, ...] = ()) -> str:
    """The sentence with which a command refuses, `after` lines that begin like these."""
    result = shell(*arguments, "--json")
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    *before, last = result.stderr.splitlines()
    assert len(before) == len(after), result.stderr
    assert all(map(str.startswith, before, after)), result.stderr
    assert "Traceback" not in result.stderr
    return last.strip()


def process(*arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of the real program."""
    command = [sys.executable, "-m", "resnet_demo", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    """Put a stand-in in the place of one of the package's modules, which would take long."""
    module = SimpleNamespace(**content)
    monkeypatch.setitem(sys.modules, f"resnet_demo.{name}", module)
    monkeypatch.setattr(resnet_demo, name, module, raising=False)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint file of an untrained resnet8."""
    return save(build("resnet8", seed=0), tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def cifar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_cifar.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train_list", "test_list", "meta"):  # put back after the test
        monkeypatch.setattr(CIFAR10, name, getattr(CIFAR10, name))
    fake_cifar.trust()


@pytest.fixture
def namesakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data shapes` has CIFAR-10's class names: it is always at hand, and the networks take it for theirs."""
    monkeypatch.setattr("resnet_demo.data.draw_shapes", fake_cifar.namesakes)


# What the commands answer


def test_models() -> None:
    table = {entry["name"]: entry for entry in answer("models")}
    assert {"name", "depth", "plain", "family", "dataset", "params", "weights", "test_accuracy"} <= set(
        table["resnet56"]
    )
    assert table["resnet56"]["params"] == 853_018
    assert table["resnet50"]["weights"] == "download"
    text = shell("models")
    assert text.exit_code == 0
    lines = text.stdout.splitlines()
    assert [line for line in lines if line in map(str, zoo.GROUPS.values())] == [*map(str, zoo.GROUPS.values())]
    assert [line.split()[0] for line in lines if line.split() and line.split()[0] in table] == [
        name for group in zoo.GROUPS for name, entry in table.items() if entry["weights"] == group
    ]


@pytest.mark.usefixtures("film", "namesakes")
def test_a_network_after_an_epoch_of_its_training(picture: Path, weights: Path) -> None:
    said = {}
    for epoch in (0, 1, 3):
        (classified,) = answer("classify", picture, "--model", "resnet8", "--epoch", epoch)
        report = answer("inspect", picture, "--model", "resnet8", "--epoch", epoch)
        assert classified["epoch"] == report["epoch"] == epoch
        assert classified["predictions"] == report["predictions"]
        said[epoch] = classified["predictions"]
    (classified,) = answer("classify", picture, "--model", "resnet8")
    assert (classified["epoch"], classified["predictions"]) == (None, said[3])
    assert said[0] != said[1] != said[3]
    tested = [answer("evaluate", "--model", "resnet8", "--data", "shapes", *more) for more in ((), ("--epoch", 1))]
    assert tested[0]["loss"] != tested[1]["loss"]
    found = answer("experiment", "responses", "--model", "resnet8", "--data", "shapes", "--pictures", 2, "--epoch", 1)
    assert found["provenance"]["command"].endswith("--epoch 1")
    assert found["networks"].keys() == {"resnet8", "plain8"}
    assert "there are those after 0, 1, 2 and 3" in complaint("classify", picture, "--model", "resnet8", "--epoch", 7)
    assert "holds one moment" in complaint("classify", picture, "--model", weights, "--epoch", 1)
    assert "trained anew" in complaint("experiment", "localise", "--model", "resnet8", "--epoch", 1)
    assert "do not go together" in complaint("experiment", "responses", "--seeds", "--epoch", 1)
    complaint("classify", picture, "--epoch", -1)


def test_classify(weights: Path, picture: Path) -> None:
    first, second = answer("classify", picture, picture, "--model", weights, "--top-k", 3)
    assert first == second
    assert (first["image"], first["model"]) == (str(picture), str(weights))
    probabilities = [prediction["probability"] for prediction in first["predictions"]]
    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert first["familiarity"] is None  # untrained weights do not know it
    assert sum(
        p["probability"] for p in answer("classify", picture, "--model", weights, "--top-k", 99)[0]["predictions"]
    ) == (pytest.approx(1))
    assert not first["trained"]
    said = shell("classify", picture, "--model", weights).stdout
    assert said == f"{picture}\nNot trained: its answer means nothing.\n"
    assert answer("classify", picture)[0]["trained"]
    assert (
        f"{picture}: Not trained: its answer means nothing.\n" in shell("inspect", picture, "--model", weights).stdout
    )


def test_inspect(weights: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "figures"
    report = answer("inspect", picture, "--model", weights, "--target", "Dog", "--out", out)
    assert [block["name"] for block in report["blocks"]] == ["layer1.0", "layer2.0", "layer3.0"]
    for block in report["blocks"]:
        assert block["ratio"] == pytest.approx(block["residual_norm"] / block["shortcut_norm"])
        assert -1 <= block["cosine"] <= 1
        assert 0 < block["output_norm"] <= block["total_norm"]
        assert block["x_norm"] > 0
    assert report["identity_error"] <= 1e-5
    assert report["target"] == {"index": 5, "label": "dog"}
    assert sorted(report["files"]) == sorted(str(path) for path in out.iterdir())
    assert json.loads((out / "trace.json").read_text()) == report
    assert (out / "curves.svg").read_text().startswith("<svg")
    assert (out / "layer1.0.svg").read_text().startswith("<svg")
    with Image.open(out / "layer3.0.gradcam.png") as overlay:
        assert overlay.size == (256, 256)
    assert report["unlike"] is None  # not trained
    text = shell("inspect", picture, "--model", weights, "--target", 5).stdout
    assert "layer3.0" in text
    assert "dog" in text


def test_inspect_a_plain_network(picture: Path, tmp_path: Path) -> None:
    weights = save(build("plain8", seed=0), tmp_path / "plain.safetensors")
    report = answer("inspect", picture, "--model", weights)
    assert {(block["shortcut_norm"], block["cosine"], block["ratio"]) for block in report["blocks"]} == {
        (0, None, None)
    }


@pytest.mark.usefixtures("trusted")
def test_train_writes_what_evaluate_confirms(cifar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("--model", "resnet8", "--data-dir", cifar, "--epochs", 3, "--seed", 7, "--out", "w/net.safetensors")
    result = answer("train", *arguments)
    assert set(result) == {
        "model", "data", "accuracy", "loss", "seconds", "epochs", "images", "images_per_second", "weights", "schedule",
        "history",
    }  # fmt: skip
    assert (result["images"], result["schedule"]) == (3 * 512, [])
    for record in result["history"]:
        assert set(record) == {field.name for field in fields(Record)}
        assert list(record["gradients"]) == list(record["ratios"]) == ["layer1.0", "layer2.0", "layer3.0"]
    assert (result["epochs"], result["weights"]) == (3, "w/net.safetensors")
    assert [record["epoch"] for record in result["history"]] == [1, 2, 3]
    assert result["history"][-1]["train_loss"] < result["history"][0]["train_loss"]

    measured = answer("evaluate", "--model", "w/net.safetensors", "--data-dir", cifar)
    assert measured["n"] == 40
    assert (measured["accuracy"], measured["loss"]) == (result["accuracy"], pytest.approx(result["loss"], rel=1e-5))

    story = load("w/net.safetensors").provenance or {}
    assert story == json.loads(Path("w/net.json").read_text())
    assert story["test_accuracy"] == pytest.approx(result["accuracy"], abs=1e-6)
    assert story["history"] == result["history"]
    assert (story["seed"], story["network"], story["dataset"], story["recipe"]["lr"]) == (7, "resnet8", "cifar10", 0.2)
    assert (story["torch"], story["threads"], story["compiled"]) == (torch.__version__, torch.get_num_threads(), False)
    percentiles = story["energy_percentiles"]
    assert len(percentiles) == 101
    assert percentiles == sorted(percentiles)
    assert story["command"] == (
        f"resnet-demo train --model resnet8 --data cifar10 --data-dir {cifar.name} --epochs 3 --recipe fast --seed 7 "
        "--out w/net.safetensors"
    )
    assert sorted(path.name for path in Path("w").iterdir()) == ["net.json", "net.safetensors"]


@pytest.mark.usefixtures("trusted")
def test_a_resumed_training_ends_at_the_same_weights(
    cifar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("train", "--model", "resnet8", "--data-dir", cifar, "--epochs", 3, "--out")
    whole, halves = tmp_path / "whole.safetensors", tmp_path / "halves.safetensors"
    expected = answer(*arguments, whole)

    class PowerCut(console.Progress):
        def __call__(self, text: str, stays: bool) -> None:
            if stays and text.startswith("epoch   2"):
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(console, "progress", PowerCut())
        assert complaint(*arguments, halves, status=130, after=FEW) == "Interrupted."
    assert [path.name for path in tmp_path.glob("halves*")] == ["halves.resume.pt"]
    assert "another network" in complaint(
        "train", "--model", "plain8", "--data-dir", cifar, "--epochs", 3, "--out", halves, "--resume", after=FEW
    )
    assert "another" in complaint(*arguments, halves, "--resume", "--seed", 1, after=FEW)

    result = answer(*arguments, halves, "--resume")
    assert [record["epoch"] for record in result["history"]] == [1, 2, 3]
    assert result["accuracy"] == expected["accuracy"]
    first, second = load(whole).state_dict(), load(halves).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not halves.with_suffix(".resume.pt").exists()


@pytest.mark.usefixtures("trusted")
def test_resuming_a_finished_training_only_writes_its_outputs(cifar: Path, tmp_path: Path) -> None:
    from resnet_demo.training.trainer import train

    train_set, test_set = (load_dataset("cifar10", half, cifar) for half in (True, False))
    out = tmp_path / "done.safetensors"
    model = build("resnet8", seed=0)
    checkpoint = out.with_suffix(".resume.pt")
    for _ in train(model, train_set, test_set, "fast", epochs=2, seed=0, checkpoint=checkpoint):
        pass
    result = answer("train", "--model", "resnet8", "--data-dir", cifar, "--epochs", 2, "--out", out, "--resume")
    assert len(result["history"]) == 2
    saved = load(out).state_dict()
    assert all(torch.equal(saved[key], value) for key, value in model.state_dict().items() if "num_batches" not in key)


@pytest.mark.usefixtures("trusted")
def test_replay(cifar: Path, tmp_path: Path) -> None:
    first, options = tmp_path / "first.safetensors", ("--data-dir", cifar)
    budget = ("--minutes", 0.02, "--seed", 3, "--recipe", "paper", "--model", "plain8")
    expected = answer("train", *budget, *options, "--out", first)
    assert sum(expected["schedule"]) * 128 == expected["images"]
    for file in (first, first.with_suffix(".json")):
        again = answer("train", "--replay", file, *options, "--out", tmp_path / "again.safetensors")
        ours, theirs = load(first).state_dict(), load(tmp_path / "again.safetensors").state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
        for key in ("model", "data", "accuracy", "loss", "images", "schedule"):
            assert again[key] == expected[key], key
        story = load(tmp_path / "again.safetensors").provenance or {}
        assert story["command"] == (
            f"resnet-demo train --replay {file.name} --data-dir {cifar.name} --threads {torch.get_num_threads()} "
            "--out again.safetensors"
        )
        assert (story["minutes"], story["seed"], story["recipe"]["name"]) == (0.02, 3, "paper")
    # The same said once more is no contradiction.
    given = ("--replay", first, *options, "--out", tmp_path / "again.safetensors")
    assert answer("train", *given, *budget, "--data", "cifar10")["loss"] == expected["loss"]
    for option, value in {
        "--model": "resnet8", "--data": "cifar100", "--epochs": 3, "--minutes": 0.03, "--recipe": "fast", "--seed": 4,
    }.items():  # fmt: skip
        said = complaint("train", *given, option, value)
        assert said.startswith(f"{option} {value} is not how first.safetensors was trained")
    assert "does not describe" in complaint("train", "--replay", __file__, "--out", tmp_path / "x.safetensors")
    assert "There is no file" in complaint("train", "--replay", "absent.json", "--out", tmp_path / "x.safetensors")


def test_replay_of_trainings_that_were_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the app's may be: its weights are taken elsewhere."""
    monkeypatch.setattr("resnet_demo.data.draw_shapes", lambda count, seed: draw_shapes(min(count, 400), seed=seed))
    train_set, test_set = load_dataset("shapes", True), load_dataset("shapes", False)
    for name, epochs, minutes in (("minutes", None, 0.1), ("epochs", 9, None)):
        network = build("resnet8", 0, len(train_set.classes))
        training = Training(network, train_set, test_set, epochs=epochs, minutes=minutes)
        training.stop()
        list(training.run())
        assert training.test is not None
        network.provenance = provenance("resnet8", training, training.test)
        save(network, tmp_path / f"{name}.safetensors")
    first, out = tmp_path / "minutes.safetensors", tmp_path / "again.safetensors"
    answer("train", "--replay", first, "--out", out)
    ours, theirs = load(first), load(out)
    assert all(torch.equal(value, theirs.state_dict()[key]) for key, value in ours.state_dict().items())
    for key in ("stopped", "steps", "test_pictures", "test_loss"):
        assert (theirs.provenance or {})[key] == (ours.provenance or {})[key], key
    monkeypatch.setattr("resnet_demo.data.load_dataset", lambda *_: pytest.fail("nothing needs to be read"))
    said = complaint("train", "--replay", tmp_path / "epochs.safetensors", "--out", out)
    assert said.startswith("epochs.safetensors is from a training that was stopped after 1 steps of its 9 epochs")


def test_train_tells_how_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnet_demo.data.draw_shapes", lambda count, seed: draw_shapes(40, seed=seed))
    out, again = tmp_path / "net.safetensors", tmp_path / "again.safetensors"
    options = ("--model", "resnet8", "--data", "shapes", "--epochs", 1, "--recipe", "paper", "--seed", 2)
    answer("train", *options, "--out", out, "--no-compile")
    typed = " ".join(map(str, options))
    assert (load(out).provenance or {})["command"] == f"resnet-demo train {typed} --out net.safetensors --no-compile"
    answer("train", "--replay", out, "--threads", 1, "--out", again, "--no-compile")
    assert (load(again).provenance or {})["command"] == (
        "resnet-demo train --replay net.safetensors --threads 1 --out again.safetensors --no-compile"
    )


def test_train_on_drawn_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnet_demo.data.draw_shapes", lambda count, seed: draw_shapes(count // 100, seed=seed))
    out = tmp_path / "shapes.safetensors"
    result = answer("train", "--model", "resnet8", "--data", "shapes", "--epochs", 1, "--out", out)
    assert (result["data"], result["images"]) == ("shapes", 128)
    classes = draw_shapes(1, seed=0).classes
    network = load(out)
    assert network.domain is not None
    assert (network.config.classes, network.domain.labels) == (len(classes), classes)
    assert answer("evaluate", "--model", out, "--data", "shapes")["accuracy"] == result["accuracy"]


def test_train_on_ones_own_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for kind, colour in (("apples", 200), ("pears", 60)):
        (tmp_path / "fruit" / kind).mkdir(parents=True)
        for number in range(10):
            noise = rng.integers(0, 50, (24, 30, 3), dtype=np.uint8) + np.uint8(colour)
            Image.fromarray(noise).save(tmp_path / "fruit" / kind / f"{number}.png")
    for kind in ("apples", "pears"):
        (tmp_path / "fruit" / kind / "torn.png").write_bytes(b"nothing")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "fruit")
    for place in (tmp_path / "fruit", tmp_path / "packed.zip"):
        out = tmp_path / "net.safetensors"
        done = shell("train", "--model", "resnet8", "--data", place, "--epochs", 2, "--out", out, "--json")
        assert done.exit_code == 0, done.stderr
        notes = [line for line in done.stderr.splitlines() if "left out" in line]
        assert notes, done.stderr  # which half the torn ones fell into, the split decides
        network = load(out)
        assert network.domain is not None
        assert network.domain.labels == ("apples", "pears")
        assert 16 <= json.loads(done.stdout)["images"] / 2 <= 18  # a few pictures are one batch
        assert str(tmp_path) not in json.dumps(network.provenance)  # where they lie is nobody's business
        assert (network.provenance or {})["dataset"] == place.stem
        # Elsewhere it must be told where they lie.
        again = ("--replay", out, "--out", tmp_path / "again.safetensors")
        assert f"was trained on {place.stem}" in complaint("train", *again)
        assert "is not how" in complaint("train", *again, "--data", tmp_path)
        assert answer("train", *again, "--data", place)["loss"] == json.loads(done.stdout)["loss"]
        command = (load(tmp_path / "again.safetensors").provenance or {})["command"]
        assert command.startswith(f"resnet-demo train --replay net.safetensors --data {place.name} --threads ")
        evaluated = shell("evaluate", "--model", out, "--data", place, "--json")
        assert json.loads(evaluated.stdout)["loss"] == pytest.approx(json.loads(done.stdout)["loss"], rel=1e-5)


@pytest.mark.usefixtures("trusted")
def test_a_training_that_diverges_ends_in_a_sentence(
    cifar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Training._step

    def derail(self: Training, *arguments: Any) -> None:
        step(self, *arguments)
        if self.step == 6:
            self._meter.sums[0] = float("nan")

    monkeypatch.setattr(Training, "_step", derail)
    out = tmp_path / "net.safetensors"
    result = shell("train", "--model", "resnet8", "--data-dir", cifar, "--epochs", 3, "--out", out, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    starts = (*FEW, "epoch   1", "The training diverged")
    assert len(result.stderr.splitlines()) == len(starts), result.stderr
    assert all(map(str.startswith, result.stderr.splitlines(), starts)), result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["net.resume.pt"]


def test_only_the_first_process_complains_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    monkeypatch.setenv("RANK", "0")
    assert "no network" in complaint("train", "--model", "x", "--epochs", 1, "--out", "x.safetensors")
    assert waits == []
    monkeypatch.setenv("RANK", "1")
    assert "no network" in complaint("train", "--model", "x", "--epochs", 1, "--out", "x.safetensors")
    assert len(waits) == 1


def test_evaluate_finds_the_peers_accuracy(shared_data: Path) -> None:
    """akamaster/pytorch_resnet_cifar10 states 91.73 % for this file. That of 56 layers is in test_weights.py."""
    weights = shared_data / "peer-weights" / "resnet20-12fca82f.th"
    result = answer("evaluate", "--model", weights, "--data", "cifar10", "--data-dir", shared_data)
    assert (result["accuracy"], result["n"]) == (0.9173, 10_000)


@pytest.mark.parametrize("name", lab.EXPERIMENTS)
def test_an_experiment_is_told_beside_the_twins(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    networks: list[Any] = []

    def run(
        name: str,
        network: Any,
        dataset: Dataset,
        seed: int,
        progress: Callable[[float], None],
        training: Any,
        twin: Any,
    ) -> dict[str, Any]:
        progress(0.5)
        assert (twin is not None and twin.config.plain != network.config.plain) == lab.get(name).twins
        assert (training is not None) == bool(lab.get(name).fits_on)
        networks.append((network.config.plain, len(dataset), seed))
        return {"n": len(dataset), "error": {"layer1.0": 0.25}, "shares": [0.5, math.nan]}

    monkeypatch.setattr("resnet_demo.data.draw_shapes", lambda count, seed: draw_shapes(min(count, 100), seed))
    monkeypatch.setattr(lab, "run", run)
    monkeypatch.setattr(cli.experiments, "_taught", lambda name, *_: load(name))  # for localise
    options = ("experiment", name, "--data", "shapes", "--pictures", 3, "--seed", 7, "--model", "plain20")
    value = answer(*options)
    assert value["experiment"] == name
    assert value["question"].endswith("?")
    count = lab.get(name).pictures_for(3)
    report = {"n": count, "error": {"layer1.0": 0.25}, "shares": [0.5, None]}
    asked = [False] if lab.get(name).shortcuts else [True, False]  # whether it is plain
    assert value["networks"] == {"plain20" if plain else "resnet20": report for plain in asked}
    assert networks == [(plain, count, 7) for plain in asked]
    assert value["provenance"]["command"] == (
        f"resnet-demo experiment {name} --model plain20 --data shapes --pictures 3 --seed 7"
    )
    text = shell(*options).stdout
    assert "error layer1.0" in text
    assert "shares 1" in text


@pytest.mark.usefixtures("namesakes")
def test_other_trainings_are_measured_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("experiment", "responses", "--model", "plain20", "--data", "shapes", "--pictures", 3)
    options += ("--seeds", "--seed-pictures", 2, "--out", tmp_path)
    value = answer(*options)
    assert {name: list(found) for name, found in value["seeds"].items()} == {
        "plain20": ["1", "2"], "resnet20": ["1", "2"],
    }  # fmt: skip
    assert [report["n"] for found in value["seeds"].values() for report in found.values()] == [2] * 4
    assert value["seeds"]["plain20"]["1"]["mean"] != value["seeds"]["plain20"]["2"]["mean"]
    assert value["provenance"]["seed_pictures"] == 2
    assert value["provenance"]["command"].endswith("--seed 0 --seed-pictures 2 --seeds")
    monkeypatch.setattr(lab, "run", lambda *_: pytest.fail("it is known"))
    assert answer(*options, "--resume") == json.loads((tmp_path / "responses.json").read_text())


def test_the_help_names_every_experiment() -> None:
    listed = re.sub(r"\s+", " ", shell("experiment", "--help").stdout)
    *others, last = lab.EXPERIMENTS
    first = ", ".join(others)
    assert f"{first} or {last}." in listed


def test_localise_first_trains_networks_on_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnet_demo.data.draw_shapes", lambda count, seed: draw_shapes(min(count, 160), seed))
    monkeypatch.setattr(cli.experiments, "LESSON", 1)
    result = shell("experiment", "localise", "--model", "resnet8", "--pictures", 12, "--json")
    assert result.exit_code == 0, result.stderr
    told = [line for line in result.stderr.splitlines() if line.startswith("The zoo has no")]
    assert told == [
        f"The zoo has no {name} that learned shapes: one is trained first, for 1 epochs."
        for name in ("resnet8", "plain8")
    ]
    value = json.loads(result.stdout)
    assert value["data"] == "shapes"
    for report in value["networks"].values():
        assert report["n"] == 12
        assert report["pointing"]["the same everywhere"]["mean"] == pytest.approx(report["area"])
        assert report["energy"]["the same everywhere"]["mean"] == pytest.approx(report["area"])
        assert "Grad-CAM layer3.0" in report["pointing"]


def test_localise_refuses_what_it_cannot_compare(weights: Path) -> None:
    assert "not those of shapes" in complaint("experiment", "localise", "--model", weights, "--pictures", 2)
    assert "no network 'resnet21'" in complaint("experiment", "localise", "--model", "resnet21")


@pytest.mark.usefixtures("trusted")
def test_localise_asks_for_masks_before_it_trains(cifar: Path) -> None:
    told = complaint("experiment", "localise", "--data", "cifar10", "--data-dir", cifar)
    assert "does not say where its objects are" in told


@pytest.mark.usefixtures("namesakes")
def test_an_experiment_on_a_checkpoint_and_what_it_refuses(weights: Path, tmp_path: Path) -> None:
    three_classes = save(build("resnet8", seed=0, classes=3), tmp_path / "three.safetensors")
    value = answer("experiment", "lens", "--model", weights, "--data", "shapes", "--pictures", 2)
    (report,) = value["networks"].values()
    assert report["n"] == 2
    assert report["identity_error"] <= 1e-5
    assert "lesion, lesions, dial, unfold, lens, probes, similarity, paths, gradients" in complaint(
        "experiment", "sunshine", "--data", "shapes"
    )
    assert "no data set 'clouds'" in complaint("experiment", "lens", "--data", "clouds")
    assert "distinguishes" in complaint("experiment", "lens", "--data", "shapes", "--model", three_classes)


@pytest.mark.usefixtures("namesakes")
def test_probes_are_fitted_on_the_training_half(weights: Path) -> None:
    value = answer("experiment", "probes", "--model", weights, "--data", "shapes", "--pictures", 3)
    (report,) = value["networks"].values()
    assert (report["n"], report["fitted_on"]) == (3, 10_000)
    assert set(report) >= {"accuracy", "own_classifier"}
    assert next(iter(report["accuracy"])) == "stem"


@pytest.mark.usefixtures("trusted")
def test_likeness_brings_the_twin_by_itself(cifar: Path) -> None:
    value = answer(
        "experiment", "similarity", "--model", "resnet20", "--data", "cifar10", "--data-dir", cifar, "--pictures", 4
    )
    assert list(value["networks"]) == ["resnet20", "plain20"]
    for report in value["networks"].values():
        assert len(report["own"]) == len(report["twin"]) == 10
        assert (len(report["twins"]), len(report["seeds"])) == (3, 3)


def test_a_network_without_shortcuts_is_written(weights: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "unfolded.safetensors"
    value = answer("unfold", "--model", weights, "--out", out)
    assert value["params_unfolded"] > 3 * value["params"]
    (before,), (now,) = (answer("classify", picture, "--model", model, "--top-k", 10) for model in (weights, out))
    assert [p["label"] for p in now["predictions"]] == [p["label"] for p in before["predictions"]]
    for one, other in zip(before["predictions"], now["predictions"], strict=True):
        assert other["probability"] == pytest.approx(one["probability"], abs=1e-5)
    assert "no shortcuts that could be removed" in complaint(
        "unfold", "--model", out, "--out", tmp_path / "b.safetensors"
    )
    assert "must be a .safetensors file" in complaint("unfold", "--model", weights, "--out", tmp_path / "b.pt")


@pytest.mark.usefixtures("namesakes")
def test_paths_and_unfolding_in_json(weights: Path, tmp_path: Path) -> None:
    (report,) = answer("experiment", "paths", "--model", weights, "--data", "shapes", "--pictures", 2)[
        "networks"
    ].values()
    assert sum(report["shares"].values()) == pytest.approx(1)
    assert report["mean_length"] == pytest.approx(sum(int(k) * share for k, share in report["shares"].items()))
    assert report["sum_error"] <= 1e-6
    plain = save(build("plain8", seed=0), tmp_path / "plain.safetensors")
    value = answer("experiment", "unfold", "--model", weights, "--model", plain, "--data", "shapes", "--pictures", 4)
    (report,) = value["networks"].values()
    assert (report["n"], report["different_answers"]) == (4, 0)
    assert report["max_logit_difference"] <= 1e-4
    assert "about shortcuts" in complaint("experiment", "unfold", "--model", plain, "--data", "shapes", "--pictures", 4)


# What it refuses


def test_usage() -> None:
    assert complaint("clasify") == "No such command 'clasify'. Did you mean 'classify'?"
    assert complaint("classify") == "Missing argument 'IMAGE...'."
    assert "--depth" in complaint("models", "--depth", 3)
    assert "'--port'" in shell("serve", "--port", 70000).stderr
    assert shell("--version").stdout == f"resnet-demo {resnet_demo.__version__}\n"
    assert shell("models", "-h").stdout == shell("models", "--help").stdout


def test_a_picture_comes_on_stdin(picture: Path, weights: Path) -> None:
    def given(content: bytes) -> Result:
        return CliRunner().invoke(cli.app, ["classify", "-", "--model", str(weights), "--json"], input=content)

    (here,), (there,) = json.loads(given(picture.read_bytes()).stdout), answer("classify", picture, "--model", weights)
    assert here == {**there, "image": "-"}
    assert given(b"nothing").stderr.startswith("stdin: ")


def test_a_table_for_a_file_is_plain_though_somebody_watches_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = io.StringIO()
    monkeypatch.setattr(watched, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", watched)
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    with pytest.raises(SystemExit):
        cli.app(["models"])
    assert "resnet20" in printed.getvalue()
    assert "\x1b" not in printed.getvalue()


def test_a_name_of_two_lines_is_one_line(picture: Path, weights: Path, tmp_path: Path) -> None:
    two = Path(shutil.copy(picture, tmp_path / "two\nlines.png"))
    assert shell("classify", two, "--model", weights).stdout.splitlines()[0].endswith(r"two\nlines.png")
    assert complaint("classify", "no\nsuch.png", "--model", weights) == r"There is no file no\nsuch.png."
    assert "download x.png first" in complaint("classify", "https://example.org/x.png", "--model", weights)


@pytest.mark.parametrize("value", ["nan", "1.5", "many"])
def test_top_k_must_be_a_whole_number(value: str, picture: Path, weights: Path) -> None:
    assert "'--top-k'" in complaint("classify", picture, "--model", weights, "--top-k", value)


@pytest.mark.parametrize("value", [0, -1])
def test_top_k_must_be_positive(value: int, picture: Path, weights: Path) -> None:
    assert "whole number from 1" in complaint("classify", picture, "--model", weights, "--top-k", value)


def test_bad_pictures(picture: Path, weights: Path, tmp_path: Path) -> None:
    bad = {"text.png": b"not a picture", "empty.png": b"", "torn.png": picture.read_bytes()[:900]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    for name in (*bad, "dot.png", "absent.png"):
        # The sentence says which of the pictures it was.
        assert name in complaint("classify", picture, tmp_path / name, "--model", weights)
        assert name in complaint("inspect", tmp_path / name, "--model", weights)
    assert complaint("classify", tmp_path, "--model", weights)


def test_bad_networks(picture: Path, weights: Path, tmp_path: Path) -> None:
    assert "no network 'resnet21'" in complaint("classify", picture, "--model", "resnet21")
    assert "No trained weights" in complaint("classify", picture, "--model", "resnet26")
    assert "There is no file" in complaint("classify", picture, "--model", tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("nothing")
    assert "text.pt" in complaint("evaluate", "--model", tmp_path / "text.pt")
    state = build("resnet8").state_dict()
    state["layer2.0.residual.conv2.weight"] = torch.zeros(3)
    torch.save(state, tmp_path / "wrong.pt")
    assert "layer2.0.residual.conv2.weight" in complaint("inspect", picture, "--model", tmp_path / "wrong.pt")
    state = build("resnet8").state_dict()
    state["fc.bias"] = torch.full((10,), torch.nan)
    torch.save(state, tmp_path / "nan.pt")
    assert "fc.bias" in complaint("classify", picture, "--model", tmp_path / "nan.pt")


@pytest.mark.parametrize("target", ["unicorn", "10", "-1", "nan", "", "²"])
def test_bad_targets(target: str, picture: Path, weights: Path) -> None:
    assert "There is no class" in complaint("inspect", picture, "--model", weights, f"--target={target}")


def test_bad_data(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no data set 'mnist'" in complaint("evaluate", "--model", weights, "--data", "mnist")
    assert "no data set 'mnist'" in complaint(
        "train", "--data", "mnist", "--epochs", 1, "--out", tmp_path / "x.safetensors"
    )
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr(urllib.request, "_opener", None)  # it is made once, and would keep that for later tests
    assert "there is no connection" in complaint("evaluate", "--model", weights, "--data-dir", tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "either --epochs or --minutes"),
        (("--epochs", 1, "--minutes", 1), "either --epochs or --minutes"),
        (("--epochs", 0), "more than zero"),
        (("--epochs", -3), "more than zero"),
        (("--minutes", "nan"), "more than zero"),
        (("--minutes", "inf"), "more than zero"),
        (("--epochs", "1e3"), "'--epochs'"),
        (("--epochs", 1, "--threads", 0), "'--threads'"),
        (("--epochs", 1, "--seed", -1), "'--seed'"),
        (("--epochs", 1, "--seed", 2**31), "'--seed'"),
        (("--epochs", 1, "--recipe", "slow"), "no recipe 'slow'"),
        (("--epochs", 1, "--model", "resnet21"), "no network 'resnet21'"),
        (("--epochs", 1, "--out", "net.bin"), ".safetensors"),
        (("--epochs", 1, "--out", "/dev/null/net.safetensors"), "cannot be written"),
    ],
)
def test_bad_trainings_are_told_before_the_pictures_are_read(
    options: tuple, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("resnet_demo.data.load_dataset", lambda *_: pytest.fail("these would be 170 MB"))
    assert words in complaint("train", "--model=resnet8", "--out=net.safetensors", *options)
    assert not list(tmp_path.iterdir())


def test_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"name": "inspect", "ours": 0.02, "peer": 0.4, "ratio": float("nan"), "unit": "s"}
    stand_in(monkeypatch, "bench", NAMES=("inspect", "figures"), run=lambda name: {**figures, "name": name})
    assert answer("bench", "inspect") == {**figures, "ratio": None}
    assert "0.4" in shell("bench", "inspect").stdout
    assert complaint("bench", "sunshine") == "There is no benchmark 'sunshine'; there are inspect and figures."


def test_all_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file; what became more than a fifth worse is named, and so is what could not be measured."""
    results = {
        "inspect": {"name": "inspect", "ratio": 7.0, "unit": "peer / ours: how many times faster"},
        "click": {"name": "click", "ratio": 0.9, "unit": "ours / limit, p50"},
        "load": {"name": "load", "ratio": 1.0, "unit": "ours / limit: p95"},
    }

    def measured(name: str) -> dict[str, Any]:
        if name not in results:
            raise RuntimeError("It needs a browser.")
        return results[name]

    monkeypatch.setattr("resnet_demo.bench.together._measured", measured)
    monkeypatch.setattr("resnet_demo.bench.NAMES", ("inspect", "click", "load", "dial"))
    file, later = tmp_path / "new" / "benchmarks.json", tmp_path / "later.json"
    found = answer("bench", "all", "--out", file)
    assert found == {**json.loads(file.read_text()), "changes": None}
    assert found["results"] == results
    assert found["failed"] == {"dial": "It needs a browser."}
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["torch"] == torch.__version__

    results["inspect"]["ratio"], results["click"]["ratio"] = 5.0, 1.0
    told = shell("bench", "all", "--against", file, "--out", later).stdout
    assert told.endswith("dial was not measured: It needs a browser.\nWorse by more than 20%: inspect\n")
    found = answer("bench", "all", "--only", "inspect", "--against", file)
    assert found["changes"] == [{"name": "inspect", "before": 7.0, "now": 5.0, "gain": pytest.approx(5 / 7 - 1)}]
    found = answer("bench", "all", "--only", "click", "--against", file)
    assert found["changes"][0]["gain"] == pytest.approx(-0.1)  # of overhead, less is better
    assert shell("bench", "all", "--against", later).stdout.endswith("\nNone is worse than before.\n")
    later.write_text("{}")
    assert complaint("bench", "all", "--against", later).endswith("`bench all --out FILE` writes one.")
    assert "sunshine" in complaint("bench", "all", "--only", "sunshine")
    assert "bench all" in complaint("bench", "inspect", "--out", file)


def test_a_benchmark_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from resnet_demo.bench import together

    with pytest.raises(RuntimeError, match="There is no benchmark 'sunshine'"):
        together._measured("sunshine")
    monkeypatch.setattr(together, "PATIENCE", 0)
    with pytest.raises(RuntimeError, match="It took more than 0 minutes"):
        together._measured("figures")


def test_more_classes_than_there_are(picture: Path, weights: Path) -> None:
    result = shell("classify", picture, "--model", weights, "--top-k", 11)
    assert "knows 10 classes: all of them are shown." in result.stderr
    assert "all of them" not in shell("classify", picture, "--model", weights, "--top-k", 10).stderr


def test_schemas() -> None:
    for command in ANSWERS:
        schema = json.loads(shell("schema", command).stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"resnet-demo:{command}:1"
    assert "classify" in shell("schema", "serve").stderr
    value = answer("models")
    del value[0]["params"]
    with pytest.raises(jsonschema.ValidationError, match="params"):
        jsonschema.validate(value, schema_of("models"))


def test_what_is_typed_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RESNET_DEMO_COMPLETE", "complete_bash")
    for words, found in {
        "cl": {"classify"},
        "experiment le": {"lens", "lesion", "lesions"},
        "bench cl": {"classify", "click"},
        "schema in": {"inspect"},
        "classify --mo": {"--model"},
    }.items():
        monkeypatch.setenv("COMP_WORDS", f"resnet-demo {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        result = CliRunner().invoke(cli.app, [], prog_name="resnet-demo")
        assert set(result.stdout.split()) == found, result.output


def test_what_was_found_is_shown_in_the_browser(
    picture: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = shell("inspect", picture, "--model", weights, "--open", "--json").stderr
    (page,) = tmp_path.glob("resnet-demo-*.html")
    assert told.endswith(f"No browser could be opened; the page is {page}\n")
    assert opened == [page.as_uri()]
    html = page.read_text("utf-8")
    assert html.count("<svg") >= 3  # the street, a block, the attributions
    assert "<script" not in html


def test_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    stand_in(monkeypatch, "ui", launch=lambda *arguments: calls.append(arguments))
    assert shell("serve", "--port", 7861, "--data-dir", "data").exit_code == 0
    assert shell("serve", "--host", "0.0.0.0").exit_code == 0
    assert calls == [("127.0.0.1", 7861, "data"), ("0.0.0.0", None, None)]


# What fails


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (FloatingPointError("The training diverged."), 1, "The training diverged."),
        (PermissionError(13, "Permission denied", "weights"), 1, "weights: Permission denied."),
        (OSError("the disk is full"), 1, "the disk is full."),
        (TimeoutError(), 1, "TimeoutError."),
        (RuntimeError("first line\nsecond line"), 1, "RuntimeError: first line."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_failures(
    error: BaseException, status: int, sentence: str, picture: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("resnet_demo.images.load_image", fail)
    assert complaint("classify", picture, "--model", weights, status=status) == sentence


def test_a_library_that_prints_does_not_spoil_the_json(
    weights: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resnet_demo.models import zoo

    def chatty(*source: Any, **options: Any) -> object:
        print("Files already downloaded and verified")
        return load_quietly(*source, **options)

    load_quietly = zoo.load
    monkeypatch.setattr(zoo, "load", chatty)
    assert answer("classify", picture, "--model", weights)


def test_a_traceback_is_shown_to_who_asks_for_it(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_DEMO_DEBUG", "1")
    result = shell("classify", "absent.png", "--model", weights, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("\nThere is no file absent.png.\n")
    monkeypatch.setenv("RESNET_DEMO_DEBUG", "0")
    assert complaint("classify", "absent.png", "--model", weights) == "There is no file absent.png."


def test_what_is_wrong_with_names_is_told_before_a_network_is_loaded_or_downloaded(
    weights: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "names.txt").write_text("apple, pear")
    (tmp_path / "torn.json").write_text("[1, 2")
    for name in ("zoo.load", "published.fetch"):
        monkeypatch.setattr(f"resnet_demo.models.{name}", lambda *_, **__: pytest.fail("too early"))
    for model in ("resnet18", "resnet20", weights):
        labels = ("classify", picture, "--model", model, "--labels")
        assert complaint(*labels, tmp_path / "absent.txt") == f"There is no file {tmp_path / 'absent.txt'}."
        assert "torn.json is not a list of names" in complaint(*labels, tmp_path / "torn.json")
        if model != weights:
            assert "2 names are given" in complaint(*labels, tmp_path / "names.txt")


def test_similar_names_are_offered(weights: Path, picture: Path) -> None:
    assert "(did you mean resnet20 or resnet152?)" in complaint("classify", picture, "--model", "resnet120")
    assert "(did you mean lesion" in complaint("experiment", "lessions", "--data", "shapes")
    train = ("train", "--epochs", 1, "--out", "x.safetensors")
    assert "(did you mean textbook?)" in complaint(*train, "--recipe", "text-book")
    assert "(did you mean cifar10" in complaint("evaluate", "--model", weights, "--data", "cifar")
    assert "(did you mean inspect?)" in complaint("bench", "insepct")
    assert "(did you mean inspect?)" in shell("schema", "insepct").stderr
    assert "(did you mean cat?)" in complaint("inspect", picture, "--model", weights, "--target", "catt")
    assert "did you mean" not in complaint("experiment", "sunshine", "--data", "shapes")


# The real program


def test_process_prints_json_and_nothing_else(weights: Path, picture: Path, tmp_path: Path) -> None:
    result = process("classify", picture, "--model", weights, "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)[0]["image"] == str(picture)


def test_process_refuses_in_one_sentence(weights: Path, tmp_path: Path) -> None:
    for arguments in (
        ("classify", "absent.png", "--model", weights),
        ("classify", "--top-k", "nan"),
        ("serve", "--port"),
    ):
        result = process(*arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr


def test_help_names_every_command_and_loads_no_heavy_library() -> None:
    heavy = ("torch", "torchvision", "gradio", "matplotlib", "captum", "numpy", "PIL", "babel", "pydantic", "rich")
    check = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([name for name in {heavy} if name in sys.modules], file=sys.stderr))\n"
        "sys.argv[1:] = ['--help']\n"
        "from resnet_demo.__main__ import main; main()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run([sys.executable, "-c", check], env=env, capture_output=True, text=True, timeout=60)
    assert loaded.stderr.strip() == "[]"
    assert "Commands:" in loaded.stdout
    text = process("--help").stdout
    assert all(f"  {command}  " in text for command in COMMANDS)
    assert process().stdout == text


def test_ctrl_c_ends_a_training_with_its_checkpoint_kept(cifar: Path, tmp_path: Path) -> None:
    # Where the tests themselves run in the background of a shell, their children would be deaf to Ctrl-C.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "import fake_cifar; fake_cifar.trust(); from resnet_demo.cli import main; main()"
    arguments = ("train", "--model=resnet8", "--data-dir", cifar, "--epochs=500", "--out=net.safetensors")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    running = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    checkpoint, deadline = tmp_path / "net.resume.pt", time.monotonic() + 90
    while not checkpoint.exists() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["net.resume.pt"]
