"""Experiments in the shell."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import answer, complaint, shell

from resnet_demo import build, cli, lab, load, save
from resnet_demo.data import Dataset, draw_shapes


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
