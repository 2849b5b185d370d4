"""Captions of training say what the numbers say, also when these are not what one hopes for."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_demo.ui.text.en import training as say

ROOT = Path(__file__).resolve().parents[2]


def run(*tests: float | None, every: int = 12_800, train: float = 0.5, epochs: int = 1) -> Any:
    """Records, each with a test's accuracy or None."""
    return [
        {"images": every * (index + 1), "epoch": epochs, "train_accuracy": train, "test_accuracy": accuracy}
        for index, accuracy in enumerate(tests)
    ]


# The race


def test_race_of_twins() -> None:
    words = say.race({"resnet56": run(0.61), "plain56": run(0.34)})
    assert words == (
        "After 12,800 pictures ResNet-56 has 61 % of the test pictures right and Plain-56 has 34 %: "
        "the same layers, only without the shortcuts, learn more slowly."
    )


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (0.61, 0.60, "too close to call. So far the shortcuts make no difference."),
        (0.61, 0.61, "too close to call"),
        (0.40, 0.50, "the network without the shortcuts is ahead"),
        (0.10, 0.11, "both still guess (10 % would be right by chance)"),
        (0.45, 0.10, "the same layers, only without the shortcuts, still guess"),
    ],
)
def test_race_is_honest(residual: float, plain: float, verdict: str) -> None:
    words = say.race({"plain56": run(plain), "resnet56": run(residual)})
    assert verdict in words
    assert ("slowly" in words) is False


def test_race_compares_after_equally_many_pictures() -> None:
    words = say.race({"resnet20": run(0.3, 0.5, 0.7), "plain20": run(0.2, 0.35)})
    assert words.startswith("After 25,600 pictures ResNet-20 has 50 % of the test pictures right and Plain-20 has 35 %")
    apart = say.race({"resnet20": run(0.3), "plain20": run(0.2, every=5000)})
    assert "no verdict yet" in apart
    assert "ResNet-20 30 % (after 12,800)" in apart


def test_race_of_one_of_none_and_of_many() -> None:
    assert "Nothing has been learned" in say.race({})
    assert "Nothing has been learned" in say.race({"resnet20": []})
    assert "first test is still to come" in say.race({"resnet20": run(None)})
    alone = say.race({"resnet20": run(0.6)})
    assert alone == "After 12,800 pictures ResNet-20 has 60 % of the test pictures right; guessing would get 10 %."
    assert "no better than guessing among 10 classes" in say.race({"resnet20": run(0.11)})
    assert "guessing would get 1 %" in say.race({"resnet20": run(0.11)}, classes=100)
    assert say.race({"resnet20": run(0.6), "plain20": []}).endswith("Plain-20 has still to be tested.")
    assert say.race({"resnet20": run(math.nan), "plain20": run(0.3)}).endswith("ResNet-20 has still to be tested.")
    many = say.race({"plain20": run(0.3), "resnet8": run(0.4), "resnet20": run(0.5)})
    assert many.index("ResNet-20 50 %") < many.index("ResNet-8 40 %") < many.index("Plain-20 30 %")
    assert "no comparison of shortcuts" in say.race({"resnet56": run(0.6), "plain20": run(0.3)})
    assert "no comparison of shortcuts" in say.race({"resnet56": run(0.6), "resnet20": run(0.3)})


# Gradients


def norms(first: float, last: float) -> Any:
    return {"gradients": {"layer1.0": first, "layer2.0": 0.3, "layer3.0": last}}


def test_gradients_do_not_vanish_unless_they_do() -> None:
    healthy = say.gradients({"resnet56": norms(0.4, 0.1), "plain56": norms(0.2, 0.4)})
    assert "0.4 in the first block and 0.1 in the last: the first one's is 4.0 times the last one's" in healthy
    assert "the last one's is 2.0 times the first one's" in healthy
    assert "does not vanish in Plain-56" in healthy
    assert "section 4.1" in healthy
    shrinking = say.gradients({"plain110": norms(0.001, 0.4)})
    assert "400 times" in shrinking
    assert "the gradient shrinks" in shrinking
    assert "does not vanish" not in shrinking
    assert "about the same" in say.gradients({"resnet20": norms(0.4, 0.41)})
    assert "shortcuts" not in say.gradients({"resnet20": norms(0.4, 0.41)})


def test_gradients_that_are_missing_or_odd() -> None:
    for nothing in (
        {},
        {"resnet20": {}},
        {"resnet20": {"gradients": {}}},
        {"resnet20": {"gradients": {"layer1.0": 1.0}}},
    ):
        assert say.gradients(nothing) == "No gradients have been measured yet."  # pyright: ignore
    assert "no finite number" in say.gradients({"plain20": norms(math.nan, 1)})
    assert "vanish" not in say.gradients({"plain20": norms(math.nan, 1)})
    assert "nothing reaches the first one" in say.gradients({"plain20": norms(0, 1)})
    assert "vanish" not in say.gradients({"plain20": norms(0, 0)})


# Confusion


def test_confusion_names_the_mistake_the_best_and_the_worst() -> None:
    matrix = torch.tensor([[80, 16, 4], [9, 91, 0], [0, 3, 97]])
    words = say.confusion(matrix, ["cat", "dog", "ship"])
    assert "“cat” is taken for “dog”: 16 of 100 (16 %), and the other way round 9." in words
    assert "Known best is “ship” (97 % right), worst “cat” (80 %)." in words


def test_confusion_in_all_cases() -> None:
    names = ["cat", "dog"]
    assert say.confusion(torch.zeros(2, 2, dtype=torch.int64), names) == "Nothing has been tested yet."
    assert "All 10 pictures are right" in say.confusion(torch.tensor([[4, 0], [0, 6]]), names)
    assert "answers “dog” to every picture" in say.confusion(torch.tensor([[0, 4], [0, 6]]), names)
    assert "equally well (50 %)" in say.confusion(torch.tensor([[2, 2], [3, 3]]), names)
    assert "of 4 (50 %)" in say.confusion(torch.tensor([[2, 2], [0, 0]]), names)  # a class without pictures
    assert "All 3" in say.confusion(torch.tensor([[3]]), ["one"])


# Degradation


def test_degradation_of_the_bundled_pair() -> None:
    files = {name: ROOT / "assets" / "weights" / f"{name}.json" for name in ("resnet20", "plain20")}
    words = say.degradation({name: json.loads(path.read_text())["history"] for name, path in files.items()})
    assert "ResNet-20 ends with 3.7 % training error and 8.4 % test error" in words
    assert "better with the shortcuts" in words
    assert words.endswith("Whether depth hurts takes a second depth to tell.")


@pytest.mark.parametrize(
    ("name", "shallow", "deep", "verdict"),
    [
        ("plain", 0.92, 0.88, "degradation and not overfitting"),
        ("plain", 0.88, 0.92, "no degradation to see"),
        ("plain", 0.92, 0.922, "depth makes no difference"),
        ("resnet", 0.92, 0.95, "with shortcuts the deeper network fits better"),
        ("resnet", 0.95, 0.92, "in spite of its shortcuts"),
    ],
)
def test_degradation_says_what_depth_did(name: str, shallow: float, deep: float, verdict: str) -> None:
    words = say.degradation({f"{name}56": run(0.8, train=deep), f"{name}20": run(0.8, train=shallow)})
    assert verdict in words
    assert words.endswith("One run each.")
    assert words.index("-56") < words.index("-20")


def test_degradation_needs_like_for_like() -> None:
    assert say.degradation({}) == "No training with a test has been recorded yet."
    assert say.degradation({"resnet20": run(None)}) == "No training with a test has been recorded yet."
    unequal = say.degradation({"plain56": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no comparison" in unequal
    assert "degradation" not in unequal
    assert "better" not in say.degradation({"resnet20": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no difference" in say.degradation({"resnet20": run(0.5), "plain20": run(0.5)})
    assert "second depth" in say.degradation({"resnet20": run(0.5)})
