"""What the shell refuses, and what fails: a sentence and an exit status."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import answer, complaint, shell
from PIL import Image

import resnet_demo
from resnet_demo import build
from resnet_demo.models import zoo


def test_usage() -> None:
    assert complaint("clasify") == "No such command 'clasify'. Did you mean 'classify'?"
    assert complaint("classify") == "Missing argument 'IMAGE'."
    assert "--depth" in complaint("models", "--depth", 3)
    assert "'--port'" in shell("serve", "--port", 70000).stderr
    assert shell("--version").stdout == f"resnet-demo {resnet_demo.__version__}\n"
    assert shell("models", "-h").stdout == shell("models", "--help").stdout


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


def test_more_classes_than_there_are(picture: Path, weights: Path) -> None:
    result = shell("classify", picture, "--model", weights, "--top-k", 11)
    assert "knows 10 classes: all of them are shown." in result.stderr
    assert "all of them" not in shell("classify", picture, "--model", weights, "--top-k", 10).stderr


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
