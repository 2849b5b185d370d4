"""What the shell prints, compared with lines written by hand."""

from __future__ import annotations

import io
import json

import pytest

from resnet_demo import console
from resnet_demo.training.records import Record


def test_no_nan_in_json() -> None:
    value = {"a": [float("nan"), 1.5], "b": (float("inf"), None, True), "c": {"d": -float("inf")}}
    assert json.loads(console.dumps(value)) == {"a": [None, 1.5], "b": [None, None, True], "c": {"d": None}}
    assert console.dumps({"a": [1]}, indent=1) == '{\n "a": [\n  1\n ]\n}'


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("No such file", "No such file."),
        ("Which one?", "Which one?"),
        ("  spaces \t inside  \nand a second line", "spaces inside."),
        ("", "It failed."),
    ],
)
def test_a_message_becomes_one_sentence(message: str, expected: str) -> None:
    assert console.sentence(message) == expected


def test_what_would_steer_a_terminal_is_written_out():
    assert console.printable("new\nline \x1b[31m ü 猫.png") == r"new\nline \x1b[31m ü 猫.png"


def test_columns_stand_below_each_other() -> None:
    rows = [("error", 0.25, 1234567), ("a", None, 0), ("tiny", -0.00012, 3)]
    assert console.table(("name", "value", "n"), rows, "<>>").splitlines() == [
        "name       value          n",
        "error      0.250  1,234,567",
        "a              -          0",
        "tiny   -1.20e-04          3",
    ]
    assert console.table(("a", "b"), [("x", "y"), ("long", "")], "<<") == "a     b\nx     y\nlong"
    assert console.table(("figure", "value"), [], "<<") == "figure  value"


def test_percent() -> None:
    assert [console.percent(fraction) for fraction in (0.91624, 1, 0, None)] == ["91.62 %", "100.00 %", "0.00 %", None]


def test_models() -> None:
    entry = {"name": "plain20", "depth": 20, "plain": True, "dataset": "cifar10", "params": 269034}
    none = {**entry, "weights": "none", "test_accuracy": None}
    large = {"name": "resnet18", "depth": 18, "plain": False, "dataset": "imagenet", "params": 11689512}
    large |= {"weights": "download", "test_accuracy": 0.69758, "megabytes": 45, "downloaded": False}
    groups = {"bundled": "Trained here", "download": "ImageNet", "own": "Yours", "none": "To train"}
    assert console.models([none, large], groups).splitlines() == [
        "network   depth  shortcuts  data set  parameters  weights          test accuracy",
        "",
        "ImageNet",
        "resnet18     18  yes        imagenet  11,689,512  download, 45 MB        69.76 %",
        "",
        "Yours",
        "--model FILE (a checkpoint)",
        "",
        "To train",
        "plain20      20  no         cifar10      269,034  none                         -",
    ]
    assert "  downloaded  " in console.models([{**large, "downloaded": True}], groups)


def test_classify() -> None:
    cat, dog = {"label": "cat", "probability": 0.75}, {"label": "dog", "probability": 0.25}
    answers = [
        {"image": "a.png", "predictions": [cat, dog], "trained": True},
        {"image": "b.png", "predictions": [dog], "trained": True},
        {"image": "c.png", "predictions": [dog], "trained": False},
    ]
    told = console.classify(answers, [([], []), (["Probably not", "a note"], ["how often"]), (["Not trained."], [])])
    assert told.split("\n\n") == [
        "a.png\nclass  probability\ncat        75.00 %\ndog        25.00 %",
        "b.png\nProbably not\na note\nclass  probability\ndog        25.00 %\nhow often",
        "c.png\nNot trained.",
    ]


def test_inspect() -> None:
    norms = {f"{point}_norm": 2.0 for point in ("x", "residual", "shortcut", "total", "output")}
    report = {
        "image": "a.png",
        "target": {"index": 5, "label": "dog"},
        "predictions": [{"label": "cat", "probability": 0.75}],
        "trained": True,
        "blocks": [{"name": "layer1.0", **norms, "ratio": 1.0, "cosine": None}],
        "identity_error": 2.38e-7,
        "files": ["out/layer1.0.svg"],
    }
    assert console.inspect(report, "Not trained.").splitlines() == [
        "a.png: cat (75.00 %)",
        "seen for the class dog",
        "block       |x|  |F(x)|  |shortcut|  |sum|  |output|  |F|/|shortcut|  cosine",
        "layer1.0  2.000   2.000       2.000  2.000     2.000           1.000       -",
        "largest |F(x) + shortcut - sum|: 2.4e-07",
        "out/layer1.0.svg",
    ]
    assert console.inspect(report, "", ["Probably not", "a note"]).startswith("Probably not\na note\na.png: cat")


def test_what_is_not_quite_certain_is_not_rounded_to_it() -> None:
    written = [console.percent(share) for share in (0, 1e-6, 0.0001, 0.99994, 0.999999, 1, None)]
    assert written == ["0.00 %", "< 0.01 %", "0.01 %", "99.99 %", "> 99.99 %", "100.00 %", None]


def test_train_and_evaluate() -> None:
    result = {"model": "resnet8", "data": "shapes", "accuracy": 0.5, "loss": 1.25}
    assert console.evaluate(result, 10_000) == "resnet8 on shapes: 50.00 % of 10,000 test pictures right, loss 1.2500"
    trained = {**result, "epochs": 3, "seconds": 90.0, "images_per_second": 1234.4, "weights": "net.safetensors"}
    assert console.train(trained, 10_000).splitlines() == [
        console.evaluate(result, 10_000),
        "3 epochs in 1.5 min, 1,234 pictures/s; weights: net.safetensors",
    ]


def test_experiment() -> None:
    told = console.experiment("What is left?", ("", "resnet20", "plain20"), [("error", 0.25, None), ("n", 10, 10)])
    assert told == "What is left?\n\n       resnet20  plain20\nerror     0.250        -\nn            10       10"


def test_bench_leaves_the_single_runs_to_json() -> None:
    told = console.bench({"name": "inspect", "ours": 0.02, "runs": [{"seconds": 0.02}]})
    assert told == "figure  value\nname    inspect\nours    0.020"


def test_a_record_of_a_training() -> None:
    figures = {"epoch": 2, "step": 1200, "images": 5000, "seconds": 10.0, "lr": 0.1, "gradients": {}, "ratios": {}}
    between = Record(train_loss=1.5, train_accuracy=0.25, **figures)
    line = "epoch   2  step  1,200      10 s     500/s   train: loss 1.500, 25.00 %"
    assert console.record(between) == line
    tested = Record(train_loss=1.5, train_accuracy=0.25, test_loss=1.25, test_accuracy=0.5, **figures)
    assert console.record(tested) == f"{line}   test: loss 1.250, 50.00 %"


@pytest.mark.parametrize("watched", [True, False])
def test_progress_stays_on_one_line_where_somebody_watches(watched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return watched

    terminal, progress = Terminal(), console.Progress()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)
    progress("half [b]", False)
    assert progress.open == watched  # what comes next must first take it away
    progress("done", True)
    assert not progress.open
    assert terminal.getvalue().endswith("done\n")
    assert ("half [b]" in terminal.getvalue()) == watched
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == watched  # the cursor
    if not watched:
        assert terminal.getvalue() == "done\n"


def test_a_table_in_a_terminal_has_a_bold_header(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stdout", Terminal())
    header, row = console.table(("name", "n"), [("[red]a", 1)], "<>").splitlines()
    assert header.startswith("\x1b[1m")
    assert row == "[red]a  1"
