"""What the shell's commands answer."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
from commands import answer, complaint, shell, stand_in
from PIL import Image
from typer.testing import CliRunner, Result

from resnet_demo import build, cli, save
from resnet_demo.cli.answers import ANSWERS, schema_of
from resnet_demo.cli.shell import DATA, data_sets
from resnet_demo.data import DATASETS
from resnet_demo.models import zoo
from resnet_demo.models.names import names


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


def test_evaluate_finds_the_peers_accuracy(shared_data: Path) -> None:
    """akamaster/pytorch_resnet_cifar10 states 91.73 % for this file. That of 56 layers is in test_weights.py."""
    weights = shared_data / "peer-weights" / "resnet20-12fca82f.th"
    result = answer("evaluate", "--model", weights, "--data", "cifar10", "--data-dir", shared_data)
    assert (result["accuracy"], result["n"]) == (0.9173, 10_000)


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
        "classify --model resnet1": {"resnet14", "resnet18", "resnet18-cifar", "resnet101", "resnet110", "resnet152"},
        "experiment lens --model plain5": {"plain56"},
        "train --recipe t": {"textbook"},
        "evaluate --data cifar": {"cifar10", "cifar100"},
    }.items():
        monkeypatch.setenv("COMP_WORDS", f"resnet-demo {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        result = CliRunner().invoke(cli.app, [], prog_name="resnet-demo")
        assert set(result.stdout.split()) == found, result.output


def test_what_is_completed_is_what_there_is() -> None:
    assert names() == zoo.names()
    assert data_sets() == [*DATASETS, "shapes"]
    assert all(name in DATA for name in data_sets())


def test_usage_is_written_as_in_other_programs() -> None:
    for command, ends in {
        "classify": "IMAGE}...",
        "inspect": "IMAGE}",
        "experiment": "NAME}",
        "bench": "NAME}",
    }.items():
        first = shell(command, "--help").stdout.strip().splitlines()[0]
        assert first.endswith(f"{command} [OPTIONS] {{{ends}"), first


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
