"""Captions say what the numbers say, also when these are not what one hopes for."""

from __future__ import annotations

import inspect
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_demo.data.shapes import FIGURES
from resnet_demo.i18n import language
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.trace import POINTS, BlockTrace, Trace
from resnet_demo.lab.interventions import BranchScales
from resnet_demo.models.predict import Prediction
from resnet_demo.models.unlike import Record
from resnet_demo.ui import classes, pictures
from resnet_demo.ui.captions import classify, cut, gradcam, inside, training

ROOT = Path(__file__).resolve().parents[2]
say = language("en")


def race(*values: Any, **named: Any) -> str:
    return say(training.race(*values, **named))


def gradients(latest: Any) -> str:
    return say(training.gradients(latest))


def confusion(matrix: torch.Tensor, labels: list[str]) -> str:
    return say(training.confusion(matrix, labels))


def degradation(*values: Any) -> str:
    return say(training.degradation(*values))


def run(*tests: float | None, every: int = 12_800, train: float = 0.5, epochs: int = 1) -> Any:
    """Records, each with a test's accuracy or None."""
    return [
        {"images": every * (index + 1), "epoch": epochs, "train_accuracy": train, "test_accuracy": accuracy}
        for index, accuracy in enumerate(tests)
    ]


# The race


def test_race_of_twins() -> None:
    words = race({"resnet56": run(0.61), "plain56": run(0.34)})
    assert words == (
        "After 12,800 pictures ResNet-56 has 61 % of the test pictures right and Plain-56 has 34 %: "
        "the same layers, only without the shortcuts, learn more slowly."
    )


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (0.61, 0.60, "too close to call. It cannot be told yet whether the shortcuts make a difference."),
        (0.61, 0.61, "too close to call"),
        (0.40, 0.50, "the network without the shortcuts is ahead"),
        (0.10, 0.11, "both still guess (10 % would be right by chance)"),
        (0.45, 0.10, "the same layers, only without the shortcuts, still guess"),
    ],
)
def test_race_is_honest(residual: float, plain: float, verdict: str) -> None:
    words = race({"plain56": run(plain), "resnet56": run(residual)})
    assert verdict in words
    assert ("slowly" in words) is False


def test_race_compares_after_equally_many_pictures() -> None:
    words = race({"resnet20": run(0.3, 0.5, 0.7), "plain20": run(0.2, 0.35)})
    assert words.startswith("After 25,600 pictures ResNet-20 has 50 % of the test pictures right and Plain-20 has 35 %")
    apart = race({"resnet20": run(0.3), "plain20": run(0.2, every=5000)})
    assert "no verdict yet" in apart
    assert "ResNet-20 30 % (after 12,800)" in apart


def test_race_of_one_of_none_and_of_many() -> None:
    assert "Nothing has been learned" in race({})
    assert "Nothing has been learned" in race({"resnet20": []})
    assert "first test is still to come" in race({"resnet20": run(None)})
    alone = race({"resnet20": run(0.6)})
    assert alone == "After 12,800 pictures ResNet-20 has 60 % of the test pictures right; guessing would get 10 %."
    assert "no better than guessing among 10 classes" in race({"resnet20": run(0.11)})
    assert "guessing would get 1 %" in race({"resnet20": run(0.11)}, classes=100)
    assert race({"resnet20": run(0.6), "plain20": []}).endswith("Plain-20 has yet to be tested.")
    assert race({"resnet20": run(math.nan), "plain20": run(0.3)}).endswith("ResNet-20 has yet to be tested.")
    many = race({"plain20": run(0.3), "resnet8": run(0.4), "resnet20": run(0.5)})
    assert many.index("ResNet-20 50 %") < many.index("ResNet-8 40 %") < many.index("Plain-20 30 %")
    assert "no comparison of shortcuts" in race({"resnet56": run(0.6), "plain20": run(0.3)})
    assert "no comparison of shortcuts" in race({"resnet56": run(0.6), "resnet20": run(0.3)})


# Gradients


def norms(first: float, last: float) -> Any:
    return {"gradients": {"layer1.0": first, "layer2.0": 0.3, "layer3.0": last}}


def test_gradients_do_not_vanish_unless_they_do() -> None:
    healthy = gradients({"resnet56": norms(0.4, 0.1), "plain56": norms(0.2, 0.4)})
    assert "0.4 in the first block and 0.1 in the last: the first one's is 4.0 times the last one's" in healthy
    assert "the last one's is 2.0 times the first one's" in healthy
    assert "does not vanish in Plain-56" in healthy
    assert "section 4.1" in healthy
    growing = gradients({"resnet56": norms(0.4, 0.1), "plain56": norms(4.0, 0.4)})
    assert "does not vanish in Plain-56: it grows on its way back" in growing  # as the lesson says of such a ratio
    assert "keeps it up" not in growing
    assert "3 blocks say little about deep networks." in growing
    deep = {"gradients": {f"layer1.{place}": 4.0 - 0.49 * place for place in range(9)}}
    assert "What slows a deep plain network down is not that too little of it arrives." in gradients({"plain20": deep})
    shrinking = gradients({"plain110": norms(0.001, 0.4)})
    assert "400 times" in shrinking
    assert "the gradient shrinks" in shrinking
    assert "does not vanish" not in shrinking
    assert "about the same" in gradients({"resnet20": norms(0.4, 0.41)})
    assert "shortcuts" not in gradients({"resnet20": norms(0.4, 0.41)})


def test_gradients_that_are_missing_or_odd() -> None:
    for nothing in (
        {},
        {"resnet20": {}},
        {"resnet20": {"gradients": {}}},
        {"resnet20": {"gradients": {"layer1.0": 1.0}}},
    ):
        assert gradients(nothing) == "No gradients have been measured yet."  # pyright: ignore
    assert "is not finite" in gradients({"plain20": norms(math.nan, 1)})
    assert "vanish" not in gradients({"plain20": norms(math.nan, 1)})
    assert "nothing reaches the first one" in gradients({"plain20": norms(0, 1)})
    assert "vanish" not in gradients({"plain20": norms(0, 0)})


# Confusion


def test_confusion_names_the_mistake_the_best_and_the_worst() -> None:
    matrix = torch.tensor([[80, 16, 4], [9, 91, 0], [0, 3, 97]])
    words = confusion(matrix, ["cat", "dog", "ship"])
    assert "“cat” is taken for “dog”: 16 of 100 (16 %), and the other way round 9." in words
    assert "“ship” is recognised best (97 % right), “cat” worst (80 %)." in words


def test_confusion_in_all_cases() -> None:
    names = ["cat", "dog"]
    assert confusion(torch.zeros(2, 2, dtype=torch.int64), names) == "Nothing has been tested yet."
    assert "All 10 pictures are right" in confusion(torch.tensor([[4, 0], [0, 6]]), names)
    assert "answers “dog” to every picture" in confusion(torch.tensor([[0, 4], [0, 6]]), names)
    assert "equally well (50 %)" in confusion(torch.tensor([[2, 2], [3, 3]]), names)
    assert "of 4 (50 %)" in confusion(torch.tensor([[2, 2], [0, 0]]), names)  # a class without pictures
    assert "All 3" in confusion(torch.tensor([[3]]), ["one"])


# Degradation


def test_degradation_of_the_bundled_pair() -> None:
    files = {name: ROOT / "assets" / "weights" / f"{name}.json" for name in ("resnet20", "plain20")}
    words = degradation({name: json.loads(path.read_text())["history"] for name, path in files.items()})
    assert "ResNet-20 ends with 3.7 % training error and 8.4 % test error" in words
    assert "better with the shortcuts" in words
    assert words.endswith("Whether depth hurts can only be told with a second depth.")


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
    words = degradation({f"{name}56": run(0.8, train=deep), f"{name}20": run(0.8, train=shallow)})
    assert verdict in words
    assert words.endswith("One run each.")
    assert words.index("-56") < words.index("-20")


def test_degradation_tells_what_other_seeds_did() -> None:
    histories = {"plain56": run(0.8, train=0.8), "plain20": run(0.9, train=0.9)}
    words = degradation(histories, {"resnet20": [0.9, 0.91, 0.92], "plain20": [0.87, 0.88, 0.89]})
    assert "3 seeds, ResNet-20 has between 8.0 % and 10.0 % and Plain-20 has between 11.0 % and 13.0 %" in words
    assert words.endswith("every run of ResNet-20 ends better than every run of Plain-20.")
    words = degradation(histories, {"resnet20": [0.9, 0.91], "plain20": [0.87, 0.905]})
    assert words.endswith("has between 9.5 % and 13.0 % test error.")
    assert degradation(histories, {"plain20": [0.9]}).endswith("One run each.")
    words = degradation(histories, {"resnet20": [0.92871, 0.92874], "plain20": [0.87, 0.905]})
    assert "ResNet-20 has 7.1 % each time and Plain-20 has between 9.5 % and 13.0 %" in words  # not 7.1 to 7.1


def test_degradation_needs_like_for_like() -> None:
    assert degradation({}) == "No training with a test has been recorded yet."
    assert degradation({"resnet20": run(None)}) == "No training with a test has been recorded yet."
    unequal = degradation({"plain56": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no comparison" in unequal
    assert "degradation" not in unequal
    assert "better" not in degradation({"resnet20": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no difference" in degradation({"resnet20": run(0.5), "plain20": run(0.5)})
    assert "second depth" in degradation({"resnet20": run(0.5)})


# The classes


def test_known_classes_are_translated_and_a_visitors_own_are_not() -> None:
    chinese = language("zh")
    assert classes.titles(CIFAR10.labels, chinese)[3] == "猫"
    assert classes.titles(tuple(FIGURES), chinese)[-1] == "三角形"
    for labels in (CIFAR10.labels, tuple(FIGURES), tuple(pictures.PHOTOS)):
        assert len(set(classes.titles(labels, chinese))) == len(labels)
        assert not set(classes.titles(labels, chinese)) & set(labels)
        assert classes.titles(labels, say) == labels
    assert classes.titles(("cat", "dog"), chinese) == ("cat", "dog")
    assert classes.titles(("tench", "goldfish"), chinese) == ("tench", "goldfish")


# The languages

HAN = re.compile("[\u4e00-\u9fff]")
# What Chinese textbooks write in Latin letters, too: signs, names, file formats.
LATIN = set(
    """
    F x y e ReLU Grad CAM GradCAM CIFAR ResNet Plain ImageNet Fashion MNIST SVG PNG MB zip captum logit softmax batch
    epoch safetensors pt pth th layer PyTorch LayerGradCam GuidedGradCam IntegratedGradients Occlusion Saliency
    fast paper seed VGG logsumexp
    n A B a b c f h L logits mean W
    He Selvaraju Veit Wilber Belongie Balduzzi Li Jastrzębski Adebayo Zhang Petsiuk Das Saenko nostalgebraist Kendall
    """.split()  # noqa: SIM905 (it is prose)
)
TERMS_OF_ART = ("logit lens", "pointing game", "Identity Mappings")  # what papers call something, beside the Chinese


def english_in(words: str) -> set[str]:
    """The words in Latin letters that are no names, without HTML's tags and what stands in braces."""
    words = re.sub(rf"<[^>]+>|{{[^}}]*}}|{'|'.join(TERMS_OF_ART)}", " ", words)
    return set(re.findall(r"[A-Za-zÀ-ÖØ-öø-ž]+", words)) - LATIN


def numbers(words: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", words))


def block(name: str, f: list[float], s: list[float], kind: str = "identity") -> BlockTrace:
    residual, shortcut = (torch.tensor(values).view(1, 1, 1, -1) for values in (f, s))
    total = residual + shortcut
    points = dict(zip(POINTS, (shortcut, residual, shortcut, total, total.relu()), strict=True))
    return BlockTrace(name, kind, **points, inside={}, gradients={})


def trace(kind: str = "identity") -> Trace:
    blocks = (block("layer1.0", [1.0, 0.0], [10.0, 0.0], kind), block("layer2.1", [0.0, 9.0], [10.0, 0.0], kind))
    return Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]


CAT, DOG = Prediction(3, "猫", 0.0, 0.85), Prediction(5, "狗", 0.0, 0.12)
NOTHING, SOME = torch.zeros(2, 2), torch.tensor([[2.0, 1.0], [0.0, -9.0]])
PAIR: Any = {"resnet56": run(0.61), "plain56": run(0.34)}
SAMPLES: dict[str, list[tuple[Any, ...]]] = {  # so that every sentence is said
    "classify.answer": [
        ([CAT, DOG],), ([Prediction(3, "猫", 0.0, 0.95)],), ([Prediction(3, "猫", 0.0, 0.4), DOG],), ([CAT, DOG], True),
        ([CAT, DOG], False, Record(2, 9, "cat", 1, False)),
    ],
    "inside.street": [(trace(),), (trace("none"),)],
    "inside.block": [
        *((block("layer2.1", f, [10.0, 0.0]),) for f in ([0.0, 3.0], [9.0, 0.0], [-30.0, 0.0])),
        *((block("layer2.1", [1.0, 0.0], [10.0, 0.0], kind),) for kind in ("padding", "projection", "none")),
    ],
    "cut.cut": [
        ((), BranchScales(), CAT, CAT, 0.85, True), ((), BranchScales(), CAT, CAT, 0.85, False),
        ({"layer2.1"}, BranchScales(), CAT, CAT, 0.7, False), ({"layer2.1"}, BranchScales(), CAT, CAT, 0.85, False),
        ({"layer2.1", "layer1.0"}, BranchScales(0.5, 1.25), CAT, DOG, 0.003, False),
    ],
    "cut.cut_untrained": [
        ((), BranchScales(), True), ((), BranchScales(), False), ({"layer2.1"}, BranchScales(0.5, 1.25), False),
    ],
    "cut.lens": [
        (["layer1.0", "layer2.0"], shares, "猫", plain)
        for shares in ([0.1, 0.4, 0.9], [0.6, 0.7, 0.9], [0.6, 0.7, 0.3]) for plain in (True, False)
    ],
    "inside.exactness": [(block("layer1.0", [1.0], [1.0]),)],
    "gradcam.strip": [
        ({"layer1.0": first, "layer2.0": SOME}, "猫", opened, signed)
        for first in (NOTHING, SOME) for opened in ("layer1.0", "layer2.0") for signed in (True, False)
    ],
    "gradcam.split": [
        (dict(zip(("residual", "shortcut", "total"), sums, strict=True)), 1e-7, "猫")
        for sums in ((3.0, -1.0, 2.0), (-3.0, -1.0, -4.0), (3.0, -2.9, 0.1))
    ],
    "gradcam.other_method": [
        (method, "猫", high, low, "layer1.0")
        for method in ("LayerGradCam", "GuidedGradCam", "IntegratedGradients", "Occlusion", "Saliency")
        for high, low in ((1.0, 0.0), (1.0, -1.0), (0.0, -1.0))
    ],
    "inside.curves": [(trace(),), (trace("none"),)],
    "training.race": [
        *((histories, 10, over) for over in (True, False) for histories in (
            PAIR, {}, {"resnet20": run(None)}, {"resnet20": run(0.6)}, {"resnet20": run(0.11)},
            {"resnet20": run(0.6), "plain20": []}, {"resnet20": run(0.3, 0.5, 0.7), "plain20": run(0.2, 0.35)},
            {"resnet20": run(0.3), "plain20": run(0.2, every=5000)}, {"resnet20": run(0.6), "plain20": run(0.6)},
            {"plain20": run(0.3), "resnet8": run(0.4), "resnet20": run(0.5)},
            {"plain20": run(0.6), "resnet20": run(0.3)},
            {"resnet56": run(0.6), "plain20": run(0.3)}, {"resnet20": run(0.11), "plain20": run(0.1)},
            {"resnet20": run(0.4), "plain20": run(0.1)},
        )),
    ],
    "training.gradients": [
        ({},), ({"resnet56": norms(0.4, 0.1), "plain56": norms(0.2, 0.4)},), ({"plain110": norms(0.001, 0.4)},),
        ({"resnet20": norms(0.4, 0.41)},), ({"plain20": norms(math.nan, 1)},), ({"plain20": norms(0, 1)},),
    ],
    "training.confusion": [
        (torch.tensor(matrix), ["猫", "狗"])
        for matrix in ([[80, 20], [9, 91]], [[0, 0], [0, 0]], [[4, 0], [0, 6]], [[0, 4], [0, 6]], [[2, 2], [3, 3]])
    ],
    "training.degradation": [
        ({},), (PAIR,), ({"plain56": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)},),
        *(({f"{kind}56": run(0.8, train=deep), f"{kind}20": run(0.8, train=shallow)},)
          for kind in ("plain", "resnet") for shallow, deep in ((0.92, 0.88), (0.88, 0.92), (0.92, 0.922))),
        ({"resnet20": run(0.5, train=0.7), "plain20": run(0.5, train=0.6)},),
    ],
    "classify.evidence": [("猫", found, "layer2.1", trained) for found in (True, False) for trained in (True, False)],
    "cut.done": [
        ({"layer1.0"}, BranchScales()), ({"layer1.0", "layer1.1", "layer2.0.shortcut"}, BranchScales(0.5, 1.25)),
    ],
    "classify.example": [("猫",)],
    "classify.knows": [(10,), (1000,)],
    "classify.of": [(10,), (1000,)],
    "inside.streets": [(trace(), trace()), (trace(), trace("none"))],
    "cut.cut_both": [
        ((), BranchScales(), "猫", [0.9, 0.8], [0.9, 0.8]),
        *(({"layer1.0"}, BranchScales(), "猫", [0.9, 0.8], left) for left in ([0.8, 0.1], [0.1, 0.7], [0.5, 0.4])),
    ],
    "inside.pictures": [(trace(), trace())],
    "cut.cut_pictures": [
        ((), BranchScales(), cut.Kept("猫", 0.9, 0.9), cut.Kept("狗", 0.8, 0.8)),
        *(({"layer1.0"}, BranchScales(), cut.Kept("猫", 0.9, one), cut.Kept("狗", 0.8, other))
          for one, other in ((0.8, 0.1), (0.1, 0.7), (0.5, 0.4))),
    ],
    "gradcam.pictures": [
        ({"layer2.0": one}, {"layer2.0": other}, "猫")
        for one in (NOTHING, SOME, SOME.abs()) for other in (NOTHING, SOME, SOME.abs())
    ],
    "gradcam.strips": [
        ({"layer2.0": one}, {"layer2.0": other}, "猫")
        for one in (NOTHING, SOME, SOME.abs()) for other in (NOTHING, SOME, SOME.abs())
    ],
    "inside.channels": [(3, 16, 64), (3, 16, 16)],
}  # fmt: skip
CAPTIONS = (classify, inside, cut, gradcam, training)


def captions() -> list[str]:
    return [
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in CAPTIONS
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


@pytest.mark.parametrize("caption", captions())
def test_sentences_say_the_same_with_the_same_numbers(caption: str) -> None:
    module, _, name = caption.partition(".")
    told = getattr(next(one for one in CAPTIONS if one.__name__.endswith(module)), name)
    chinese = language("zh")
    for values in SAMPLES.get(caption, [()]):
        found = told(*values)
        for message in found if isinstance(found, list) else [found]:
            english, words = say(message), chinese(message)
            assert HAN.search(words), (values, words)
            assert not english_in(words), (values, words)
            assert numbers(words) == numbers(english), (values, english, words)
            assert "  " not in words
            assert not re.search("[\u4e00-\u9fff] [\u4e00-\u9fff]", re.sub("<[^>]+>", "", words)), words
