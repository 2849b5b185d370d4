"""What the lesson says is right whatever the numbers are, and the same in both languages."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest

from resnet_demo.lab.wires import Dial
from resnet_demo.models.predict import Prediction
from resnet_demo.ui.text import steps
from resnet_demo.ui.text.en import lesson as en
from resnet_demo.ui.text.zh import lesson as zh


def test_both_languages_have_the_same_steps() -> None:
    assert len(en.STEPS) == len(zh.STEPS) == 9
    for ours, theirs in zip(en.STEPS, zh.STEPS, strict=True):
        assert len(ours.paragraphs) == len(theirs.paragraphs)
        assert (len(ours.choices), ours.right) == (len(theirs.choices), theirs.right)
        years = re.compile(r"\b(?:19|20)\d\d\b")
        assert sorted(years.findall(ours.source)) == sorted(years.findall(theirs.source))
        signs = re.compile(r"\\[a-zA-Z]+|[α-ω∂]")
        assert signs.findall(re.sub(r"\\text\{[^}]*\}", "", ours.formula)) == signs.findall(
            re.sub(r"\\text\{[^}]*\}", "", theirs.formula)
        )
        for field in dataclasses.fields(steps.Step):
            written = str(getattr(theirs, field.name))
            if field.name in ("title", "paragraphs", "question", "answer"):
                assert re.search(r"[\u4e00-\u9fff]", written), field.name
                assert not re.search(r"[\u4e00-\u9fff][,;:?!]", written), written  # Chinese has marks of its own
        assert ours.right is None or 0 <= ours.right < len(ours.choices)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.034, "0.034"), (0.45, "0.45"), (18.2, "18"), (113, "110"), (5154, "5,200"), (1.23e-5, "1.2·10⁻⁵"),
     (3e9, "3.0·10⁹")],
)  # fmt: skip
def test_rounded(value: float, expected: str) -> None:
    assert steps.rounded(value) == expected


# 1


@pytest.mark.parametrize(
    ("shallow", "deep", "verdict"),
    [(0.08, 0.24, "deeper is worse"), (0.24, 0.08, "deeper is better"), (0.080, 0.082, "makes no difference")],
)
def test_degradation_says_what_depth_did(shallow: float, deep: float, verdict: str) -> None:
    finals = {"plain20": shallow, "plain56": deep}
    said = en.degradation(finals, "train", {"plain20": 30, "plain56": 30})
    assert verdict in said
    assert said.startswith("After 30 epochs")
    assert ("learned from" in said) == (deep - shallow > 0.01)
    assert "learned from" not in en.degradation(finals, "test", {"plain20": 30, "plain56": 60})
    assert en.degradation(finals, "test", {"plain20": 30, "plain56": 60}).startswith("At the end")


def test_degradation_at_one_depth_compares_twins() -> None:
    said = en.degradation({"plain20": 0.08, "resnet20": 0.05}, "test", {"plain20": 30})
    assert "better with the shortcuts" in said
    assert "better without the shortcuts" in en.degradation({"plain20": 0.05, "resnet20": 0.08}, "test", {})
    assert "no difference" in en.degradation({"plain20": 0.05, "resnet20": 0.05}, "test", {})
    assert "No network" in en.degradation({}, "test", {})


# 2


def test_number() -> None:
    found = {"residual": -0.5, "shortcut": 0.2, "total": -0.3, "output": 0.0}
    said = en.number(found, "identity", 0.0)
    assert "x is 0.200, and F(x) changes it by −0.500: the sum is −0.300. The ReLU makes 0 of it. So y = 0.000." in said
    assert said.endswith("the sum is exact.")
    assert "to within 2e-07" in en.number(found, "padding", 2e-7)
    assert "the shortcut brings" in en.number(found, "padding", 0.0)
    assert "no shortcut" in en.number(found, "none", 0.0)


# 3


@pytest.mark.parametrize(
    ("kind", "cosine", "expected"),
    [
        ("identity", 0.9, "strengthens"), ("identity", -0.9, "takes away"), ("identity", 0.0, "right angles"),
        ("padding", 0.0, "pads channels"), ("projection", 0.0, "1×1"), ("none", None, "replaced by F(x)"),
        ("identity", None, "carries nothing"),
    ],
)  # fmt: skip
def test_block(kind: str, cosine: float | None, expected: str) -> None:
    said = en.block("layer2.0", (4, 9), kind, 0.5, cosine, ((16, 32, 32), (32, 16, 16)))
    assert expected in said
    assert "Block 2.0 is number 4 of 9. It gets 16 maps of 32×32 and gives 32 of 16×16" in said


# 4


def test_carried() -> None:
    names = ["layer1.0", "layer2.0"]
    said = en.carried("share", names, "layer2.0", {"resnet8": [0.4, 0.6], "plain8": [math.nan, math.nan]})
    assert (
        "In ResNet-8 block 2.0 adds 60 % of what its shortcut carries. F(x) is less than half of it in 1 of 2" in said
    )
    assert "Plain-8 has no shortcuts" in said
    kept = en.carried("kept", names, "layer1.0", {"resnet8": [0.9, 0.5], "plain8": [0.3, 0.1]})
    assert "0.90 in ResNet-8 and 0.30 in Plain-8" in kept
    assert kept.endswith("the network with shortcuts keeps more of the beginning.")
    assert "network without shortcuts" in en.carried(
        "kept", names, "layer1.0", {"resnet8": [0, 0.1], "plain8": [0, 0.9]}
    )
    assert "neither" in en.carried("kept", names, "layer1.0", {"resnet8": [0, 0.1], "plain8": [0, 0.11]})


# 5


@pytest.mark.parametrize(
    ("residual", "plain", "begin", "errors", "verdict"),
    [
        (1.0, 2.0, "norm", {"resnet20": 0.03, "plain20": 0.24}, "So vanishing is not what shortcuts cure here."),
        (1.0, 2.0, "norm", {"resnet20": 0.24, "plain20": 0.03}, "stays healthy."),
        (1.0, 2.0, "norm", {}, "stays healthy."),
        (1.0, 2000.0, "norm", {}, "it grows"),
        (1.0, 1e-4, "norm", {}, "it vanishes in Plain-20, batch norm or not"),
        (1.0, 1e-9, "small", {}, "Shortcuts keep it up."),
        (1e-4, 1e-9, "small", {}, "It does so with shortcuts, too."),
        (1.0, 0.5, "bare", {}, "begun large enough."),
        (1e5, 0.5, "bare", {}, "It explodes in ResNet-20"),
    ],
)
def test_gradient_verdicts(residual: float, plain: float, begin: str, errors: dict[str, float], verdict: str) -> None:
    norms = {"resnet20": [residual, 1.0], "plain20": [plain, 1.0]}
    assert verdict in en.gradient(norms, begin, errors)


def test_gradient_with_odd_numbers() -> None:
    said = en.gradient({"resnet20": [math.nan, 1.0], "plain20": [0.0, 1.0]}, "bare", {})
    assert "no finite number" in said
    assert "nothing arrives" in said


# 6 and 7


def prediction(index: int, probability: float) -> Prediction:
    return Prediction(index, ("cat", "dog")[index], 0.0, probability)


KEPT = (prediction(0, 0.9), prediction(0, 0.8), 0.8)
LOST = (prediction(0, 0.9), prediction(1, 0.7), 0.2)


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (KEPT, LOST, "with shortcuts keeps its answer, the plain one loses it"),
        (LOST, KEPT, "the plain network keeps its answer"),
        (LOST, LOST, "Both lose their answer"),
        (KEPT, KEPT, "Both keep their answer on this picture"),
    ],
)
def test_cut_tells_who_lost(residual: Any, plain: Any, verdict: str) -> None:
    told = {"resnet20": residual, "plain20": plain}
    said = en.cut(["layer2.1"], Dial(), told)
    assert said.startswith("Without block 2.1: ResNet-20 ")
    assert verdict in said
    assert verdict in en.paths(9, ["layer2.1"], told)


def test_cut_of_nothing_of_many_and_of_dials() -> None:
    assert "As they are" in en.cut([], Dial(), {"resnet20": KEPT, "plain20": KEPT})
    assert "no twin here" in en.cut([], Dial(), {"resnet50": KEPT})
    assert "Without 5 blocks and with every F(x) multiplied by 0.5" in en.cut(
        [f"layer1.{i}" for i in range(5)], Dial(0.5), {"resnet50": KEPT}
    )
    assert "which stays at 90 %" in en.cut(
        ["layer1.0"], Dial(), {"resnet50": (prediction(0, 0.9), prediction(1, 0.91), 0.9)}
    )


def test_path_gradients() -> None:
    said = en.path_gradients(27, (5, 12), 9.0, 2, False)
    assert "through 13.5 of the 27 F’s; weighted with its gradient, through 9.0. Nine tenths" in said
    assert "come by paths through 5 to 12 (estimated from up to 2 random paths" in said
    verdicts = {9.0: "short paths carry more", 18.0: "long paths carry more", 13.4: "about their share"}
    for mean, verdict in verdicts.items():
        assert verdict in en.path_gradients(27, (5, 12), mean, 2, False)
    assert "no slope" in en.path_gradients(27, None, 0.0, 2, False)
    assert "Nothing is deleted" in en.paths(3, [], {"resnet8": KEPT})


# 8 and 9


def test_walk() -> None:
    assert "more without shortcuts" in en.walk(0.6, {"resnet56": (0.0, 0.5), "plain56": (0.3, 5.0)})
    assert "more with shortcuts" in en.walk(0.6, {"resnet56": (0.0, 5.0), "plain56": (0.3, 0.5)})
    assert "equally" in en.walk(0.6, {"resnet56": (0.0, 5.0), "plain56": (0.0, 5.1)})
    assert "Move away" in en.walk(0.0, {"resnet56": (0.1, 0.1), "plain56": (0.3, 0.3)})
    assert "no finite number" in en.walk(0.6, {"resnet56": (0.1, math.inf), "plain56": (0.3, 0.3)})


def test_grown() -> None:
    told = {"resnet20": prediction(0, 0.4), "plain20": prediction(1, 0.3)}
    assert en.grown("stem", False, told) == (
        "If it stopped after the stem: ResNet-20 says cat (40 %) and Plain-20 says dog (30 %)."
    )
    assert "block 2.1" in en.grown("layer2.1", False, told)
    assert "After the last block" in en.grown("layer3.2", True, told)
