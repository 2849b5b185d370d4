"""Training in the shell: what is written, resumed, replayed, and told."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import FEW, answer, complaint, shell
from PIL import Image

from resnet_demo import build, console, load, save
from resnet_demo.data import draw_shapes, load_dataset
from resnet_demo.training.provenance import provenance
from resnet_demo.training.records import Record
from resnet_demo.training.trainer import Training


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
