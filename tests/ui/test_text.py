"""Captions say what the numbers say, also when these are not what one hopes for; and all languages say the same."""

from __future__ import annotations

import inspect
import itertools
import json
import math
import pkgutil
import re
import statistics
import string
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from resnet_demo.data.shapes import FIGURES
from resnet_demo.figures.terms import ENGLISH, Terms
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.trace import POINTS, BlockTrace, Trace
from resnet_demo.lab import NAMES, results
from resnet_demo.lab.wires import Dial
from resnet_demo.models.predict import Prediction
from resnet_demo.ui import bars, text
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


def test_degradation_tells_what_other_seeds_did() -> None:
    histories = {"plain56": run(0.8, train=0.8), "plain20": run(0.9, train=0.9)}
    words = say.degradation(histories, {"resnet20": [0.9, 0.91, 0.92], "plain20": [0.87, 0.88, 0.89]})
    assert "3 seeds, ResNet-20 has between 8.0 % and 10.0 % and Plain-20 has between 11.0 % and 13.0 %" in words
    assert words.endswith("every run of ResNet-20 ends better than every run of Plain-20.")
    words = say.degradation(histories, {"resnet20": [0.9, 0.91], "plain20": [0.87, 0.905]})
    assert words.endswith("has between 9.5 % and 13.0 % test error.")
    assert say.degradation(histories, {"plain20": [0.9]}).endswith("One run each.")


def test_degradation_needs_like_for_like() -> None:
    assert say.degradation({}) == "No training with a test has been recorded yet."
    assert say.degradation({"resnet20": run(None)}) == "No training with a test has been recorded yet."
    unequal = say.degradation({"plain56": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no comparison" in unequal
    assert "degradation" not in unequal
    assert "better" not in say.degradation({"resnet20": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)})
    assert "no difference" in say.degradation({"resnet20": run(0.5), "plain20": run(0.5)})
    assert "second depth" in say.degradation({"resnet20": run(0.5)})


# The languages

HAN = re.compile("[\u4e00-\u9fff]")
# What Chinese textbooks write in Latin letters, too: signs, names, file formats.
LATIN = set(
    """
    F x y e ReLU Grad CAM GradCAM CIFAR ResNet Plain ImageNet Fashion MNIST SVG PNG MB zip captum logit softmax batch
    epoch safetensors pt pth th layer PyTorch LayerGradCam GuidedGradCam IntegratedGradients Occlusion Saliency
    fast paper seed textbook VGG
    n A B a b c f h L logits mean W
    He Selvaraju Veit Wilber Belongie Balduzzi Li Jastrzębski Adebayo Zhang Petsiuk Das Saenko nostalgebraist Kendall
    """.split()  # noqa: SIM905 (it is prose)
)
TERMS_OF_ART = ("logit lens", "pointing game", "Identity Mappings")  # what papers call something, beside the Chinese


def modules(language: str) -> dict[str, ModuleType]:
    package = text.of(language)
    return {name: getattr(package, name) for _, name, _ in pkgutil.iter_modules(package.__path__)}


def public(module: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", module.__name__) == module.__name__
        and not inspect.ismodule(value) and name not in ("annotations", "TYPE_CHECKING")
    }  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from strings(part)
    elif isinstance(value, Terms):
        yield from strings([getattr(value, field.name) for field in fields(value)])


def english_in(words: str) -> set[str]:
    """The words in Latin letters that are no names, without HTML's tags and what stands in braces."""
    words = re.sub(rf"<[^>]+>|{{[^}}]*}}|{'|'.join(TERMS_OF_ART)}", " ", words)
    return set(re.findall(r"[A-Za-zÀ-ÖØ-öø-ž]+", words)) - LATIN


@pytest.mark.parametrize("language", [code for code in text.LANGUAGES if code != text.FIRST])
def test_every_language_has_the_same_words_to_say(language: str) -> None:
    first, other = modules(text.FIRST), modules(language)
    assert list(first) == list(other) == text.of(language).__all__
    for name, module in first.items():
        ours, theirs = public(module), public(other[name])
        theirs = {key: value for key, value in theirs.items() if key in ours or callable(value)}
        assert list(ours) == list(theirs), name
        for key, value in ours.items():
            if callable(value):
                assert inspect.signature(value) == inspect.signature(theirs[key]), f"{name}.{key}"
            else:
                same: Any = theirs[key]
                assert type(value) is type(same), f"{name}.{key}"
                if isinstance(value, dict):
                    assert list(value) == list(same), f"{name}.{key}"
                elif isinstance(value, tuple):
                    assert len(value) == len(same), f"{name}.{key}"


def test_chinese_is_chinese() -> None:
    for name, module in modules("zh").items():
        for key, value in public(module).items():
            for words in strings(value):
                assert not english_in(words), (name, key, english_in(words))
                assert not re.search("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", words), (name, words)


def test_drawings_fill_in_the_same_in_every_language() -> None:
    for language in text.LANGUAGES:
        terms = text.of(language).terms.TERMS
        for field in fields(Terms):
            filled = [
                sorted(
                    (name, form) for _, name, form, _ in string.Formatter().parse(getattr(which, field.name)) if name
                )
                for which in (ENGLISH, terms)
            ]
            assert filled[0] == filled[1], (language, field.name)


def block(name: str, f: list[float], s: list[float], kind: str = "identity") -> BlockTrace:
    residual, shortcut = (torch.tensor(values).view(1, 1, 1, -1) for values in (f, s))
    total = residual + shortcut
    points = dict(zip(POINTS, (shortcut, residual, shortcut, total, total.relu()), strict=True))
    return BlockTrace(name, kind, **points, inside={}, gradients={})


def trace(kind: str = "identity") -> Trace:
    blocks = (block("layer1.0", [1.0, 0.0], [10.0, 0.0], kind), block("layer2.1", [0.0, 9.0], [10.0, 0.0], kind))
    return Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]


CAT, DOG = Prediction(3, "猫", 0.0, 0.85), Prediction(5, "狗", 0.0, 0.12)
KEPT, LOST = (CAT, CAT, 0.003), (CAT, DOG, 0.2)  # what networks answer before and now
ANSWERED: list[Any] = [
    *({"resnet20": residual, "plain20": plain} for residual in (KEPT, LOST) for plain in (KEPT, LOST)),
    {"resnet50": LOST}, {"resnet50": (CAT, CAT, CAT.probability)}, {"resnet50": (CAT, DOG, CAT.probability)},
]  # fmt: skip
KINDS = ("identity", "padding", "projection", "none")  # of shortcuts
BUNDLED = {name: results.bundled(name) for name in NAMES}


def of_pair(*reports: dict[str, Any]) -> tuple[Any]:
    """Reports as a network and its twin have them; of one alone, as a network without a twin."""
    return (dict(zip(("resnet56", "plain56"), reports, strict=False)),)


def lesion(median: float) -> dict[str, Any]:
    return {"added": {"layer1.0": median, "layer1.1": 2 * median}, "median_added": median}


def lesions(one: float, rank: float | None) -> dict[str, Any]:
    return {"error": 0.1, "deleted": [{"blocks": 1, "error": one}], "spearman": rank}


def dials(high: int, exact: bool) -> dict[str, Any]:
    errors = {str(step / 10): 0.1 if 8 <= step <= high else 0.9 for step in range(16)}
    return {"alpha": errors, "lambda": errors, "exact_at_one": exact}


def known(*errors: float) -> dict[str, Any]:
    error = dict(zip(("stem", "layer1.0", "layer1.1"), errors, strict=True))
    return {"error": error, "contribution": error}


def of_lengths(*shares: float) -> dict[str, Any]:
    mean = sum(length * share for length, share in enumerate(shares))
    told = {"samples": 50, "mean_length": mean, "mean_length_error": 0.1, "nine_tenths": [1, 2]}
    return {"counts": [1, 4, 6, 4, 1], "shares": shares, **told}


def first_to_last(with_: float | None, without: float | None, large: float | None = 0.3) -> dict[str, Any]:
    cases = {"PyTorch's start, with batch norm": with_, "PyTorch's start, without batch norm": without}
    return {"first_to_last": {**cases, "He's start, with batch norm": with_, "He's start, without batch norm": large}}


def responding(mean: float, *stds: float) -> dict[str, Any]:
    return {"mean": mean, "std": dict(enumerate(stds))}


def downhill(*cosines: float) -> dict[str, Any]:
    mean = sum(cosines) / len(cosines) if cosines else None
    median = statistics.median(cosines) if cosines else None
    cosine = {f"layer1.{index}": cosine for index, cosine in enumerate(cosines)}
    return {"cosine": cosine, "mean": mean, "median": median}


def ground(share: float) -> dict[str, Any]:
    return {"share_below_guessing": share, "guessing": 2.3026, "minimum": 0.02, "maximum": 12.5}


def areas(deletion: float, insertion: float) -> dict[str, Any]:
    found = {"deletion": {"saliency": deletion, "random": 0.5}, "insertion": {"saliency": insertion, "random": 0.5}}
    gain = {
        kind: {"saliency": {"mean": better, "low": better - 0.05}, "Grad-CAM layer3.0": {"mean": 0.0, "low": -0.05}}
        for kind, better in (("deletion", 0.5 - deletion), ("insertion", insertion - 0.5))
    }
    return {"area": {kind: {**area, "Grad-CAM layer3.0": 0.5} for kind, area in found.items()}, "gain": gain}


POINTING: dict[str, Any] = {
    "pointing": {"the middle": {"mean": 0.6, "low": 0.5}, "saliency": {"mean": 0.3, "low": 0.1}},
    "area": 0.25, "accuracy": 0.995,
}  # fmt: skip
REPORTS: dict[str, list[tuple[Any]]] = {  # of experiments, so that every sentence is said
    "lesion": [of_pair(lesion(r), lesion(p)) for r, p in ((0.014, 0.65), (0.3, 0.5), (0.5, 0.5))],
    "lesions": [
        of_pair(lesions(r, rank), lesions(p, None))
        for r, rank, p in ((0.12, 0.9, 0.8), (0.12, 0.9, 0.2), (0.12, 0.5, 0.2), (0.1, None, 0.995))
    ],
    "dial": [of_pair(dials(12, True), dials(10, True)), of_pair(dials(12, False))],
    "lens": [
        of_pair(known(*r), known(*p))
        for r, p in (
            ((0.9, 0.4, 0.1), (0.9, 0.8, 0.1)), ((0.9, 0.8, 0.1), (0.9, 0.8, 0.1)),
            ((0.9, 0.8, 0.1), (0.9, 0.4, 0.1)), ((0.4, 0.3, 0.1), (0.9, 0.8, 0.7)),
        )
    ],
    "responses": [
        of_pair(responding(r, *stds), responding(p, 2, 2))
        for r, p, *stds in ((0.1, 0.2, 1, 1), (0.1, 0.2, 1, 3), (0.2, 0.2, 1, 3), (0.3, 0.2, 3, 3))
    ]
    + [
        ({"resnet56": responding(deep, 1), "plain56": responding(0.2, 2), "resnet20": responding(0.2, 1)},)
        for deep in (0.1, 0.3)
    ],
    "refinement": [
        of_pair(downhill(*r), downhill(0.1, -0.2)) for r in ((0.1, 0.2), (-0.1, -0.1, 0.9), (-0.1, -0.2), ())
    ],
    "paths": [
        of_pair(of_lengths(*shares), of_lengths(0, 0, 0, 0, 1))
        for shares in ((0.5, 0.5, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0))
    ],
    "gradients": [
        of_pair(first_to_last(1.0, 0.5), first_to_last(*ratios))
        for ratios in (
            (3.0, 1e-8), (30.0, 1e-8), (1e-4, 1e-8), (1.0, 1.0), (1.0, None), (2200.0, 0.0), (3.0, 1e-8, 1e-9)
        )
    ],
    "shattering": [
        of_pair({"agreement": {"8": 0.8, "20": 0.5, "56": r}}, {"agreement": {"8": 0.8, "20": 0.5, "56": p}})
        for r, p in ((0.4, 0.01), (0.2, 0.15))
    ],
    "landscape": [of_pair(ground(r), ground(0.1)) for r in (0.3, 0.004)],
    "sanity": [
        of_pair(
            {
                "left_below": {"saliency": left, "guided backprop": 0.7 * left, "Grad-CAM layer3.0": 0.02},
                "left": {"saliency": 0.1, "guided backprop": 0.2, "Grad-CAM layer3.0": 0.0},
            }
        )
        for left in (0.2, 0.6, 0.9)
    ],
    "localise": [of_pair(POINTING, POINTING)],
    "faithful": [of_pair(areas(*found), areas(0.9, 0.1)) for found in ((0.2, 0.7), (0.6, 0.7))],
}  # fmt: skip
NOTHING, SOME = torch.zeros(2, 2), torch.tensor([[2.0, 1.0], [0.0, -9.0]])
PAIR: Any = {"resnet56": run(0.61), "plain56": run(0.34)}
# What functions are asked whose arguments are more than text and numbers.
SAMPLES: dict[str, list[tuple[Any, ...]]] = {
    "classes.titles": [(CIFAR10.labels,), (tuple(FIGURES),), (tuple(bars.PHOTOS),)],
    "reading.answer": [
        ([CAT, DOG], True), ([CAT, DOG], False), ([Prediction(3, "猫", 0.0, 0.95)], True),
        ([Prediction(3, "猫", 0.0, 0.4), DOG], True),
    ],
    "reading.familiar": [(0.02, "CIFAR-10"), (0.001, "CIFAR-10")],
    "reading.street": [(trace(),), (trace("none"),)],
    "reading.block": [
        *((block("layer2.1", f, [10.0, 0.0]),) for f in ([0.0, 3.0], [9.0, 0.0], [-30.0, 0.0])),
        *((block("layer2.1", [1.0, 0.0], [10.0, 0.0], kind),) for kind in ("padding", "projection", "none")),
    ],
    "reading.cut": [
        ((), Dial(), CAT, CAT, 0.85, True), ((), Dial(), CAT, CAT, 0.85, False),
        ({"layer2.1"}, Dial(), CAT, CAT, 0.7, False), ({"layer2.1"}, Dial(), CAT, CAT, 0.85, False),
        ({"layer2.1", "layer1.0"}, Dial(0.5, 1.25), CAT, DOG, 0.003, False),
    ],
    "reading.lens": [
        (["layer1.0", "layer2.0"], shares, "猫", plain)
        for shares in ([0.1, 0.4, 0.9], [0.6, 0.7, 0.9], [0.6, 0.7, 0.3]) for plain in (True, False)
    ],
    "reading.exactness": [(block("layer1.0", [1.0], [1.0]),)],
    "reading.cam": [
        ({"layer1.0": first, "layer2.0": SOME}, "猫", opened, signed)
        for first in (NOTHING, SOME) for opened in ("layer1.0", "layer2.0") for signed in (True, False)
    ],
    "reading.cam_split": [
        (dict(zip(("residual", "shortcut", "total"), sums, strict=True)), 1e-7, "猫")
        for sums in ((3.0, -1.0, 2.0), (-3.0, -1.0, -4.0), (3.0, -2.9, 0.1))
    ],
    "reading.other_method": [
        (method, "猫", high, low, "layer1.0")
        for method in ("LayerGradCam", "GuidedGradCam", "IntegratedGradients", "Occlusion", "Saliency")
        for high, low in ((1.0, 0.0), (1.0, -1.0), (0.0, -1.0))
    ],
    "reading.curves": [(trace(),), (trace("none"),)],
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
    **{
        f"experiments.{name}": [*reports, *((pair,) for pair in (results.pairs(found) if found else ()))]
        for name, reports in REPORTS.items() for found in [BUNDLED[name]]
    },
    "experiments.reading": [(name, *values) for name, reports in REPORTS.items() for values in reports],
    "experiments.pair": [(["ResNet-56", "Plain-56"],)],
    "experiments.provenance": [
        *((found, "He 2015") for found in BUNDLED.values() if found),
        *(({"experiment": name, "data": data, "provenance": {"pictures": pictures, "seed": 3}}, "He 2015")
          for name in ("lesion", "shattering") for data in ("cifar10", "shapes", "picture") for pictures in (1, 2000)),
    ],
    "experiments.data_used": [
        (data, ["ResNet-56", "Plain-56"], "Plain-56", masks)
        for data in ("cifar10", "own", "fresh", "picture", "") for masks in (False, True)
    ],
    "training.degradation": [
        ({},), (PAIR,), ({"plain56": run(0.5, train=0.5), "plain20": run(0.5, 0.8, train=0.9)},),
        *(({f"{kind}56": run(0.8, train=deep), f"{kind}20": run(0.8, train=shallow)},)
          for kind in ("plain", "resnet") for shallow, deep in ((0.92, 0.88), (0.88, 0.92), (0.92, 0.922))),
        ({"resnet20": run(0.5, train=0.7), "plain20": run(0.5, train=0.6)},),
    ],
}  # fmt: skip
SIMPLE: dict[str, list[Any]] = {
    "str": ["2.1"], "str | None": [None, "2.1"], "int": [7], "int | None": [None, 7], "float": [0.004, 0.4, 0.996],
    "bool": [False, True], "label": ["猫"], "Iterable[str]": [["猫"]],
}  # fmt: skip
CLASSES = ("label", "truth", "answer")  # arguments that are the names of classes


def functions() -> list[str]:
    return [
        f"{name}.{key}"
        for name, module in modules("en").items()
        for key, value in public(module).items()
        if callable(value)
    ]


@pytest.mark.parametrize("function", functions())
def test_sentences_say_the_same_with_the_same_numbers(function: str) -> None:
    name, _, key = function.partition(".")
    of_language = {language: getattr(modules(language)[name], key) for language in text.LANGUAGES}
    parameters = inspect.signature(of_language["en"]).parameters.values()
    kinds = ["label" if parameter.name in CLASSES else parameter.annotation for parameter in parameters]
    assert function in SAMPLES or set(kinds) <= set(SIMPLE), f"{function} needs samples of {kinds}"
    for values in SAMPLES.get(function) or itertools.product(*(SIMPLE[kind] for kind in kinds)):
        first, chinese = of_language["en"](*values), of_language["zh"](*values)
        for english, words in zip(strings(first), strings(chinese), strict=True):
            assert HAN.search(words) or re.fullmatch(r"[<>]? ?[\d.]+%?", words), (values, words)
            assert not english_in(words), (values, words)
            assert numbers(words) == numbers(english), (values, english, words)
            assert "  " not in words
            assert not re.search("[\u4e00-\u9fff] [\u4e00-\u9fff]", re.sub("<[^>]+>", "", words)), words
            assert not re.search("[\u4e00-\u9fff][A-Za-z0-9‖]|[A-Za-z0-9‖][\u4e00-\u9fff]", words), words


def numbers(words: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", words))


def test_known_classes_are_translated_and_a_visitors_own_are_not() -> None:
    titles = text.of("zh").classes.titles
    assert titles(CIFAR10.labels)[3] == "猫"
    assert titles(tuple(FIGURES))[-1] == "三角形"
    for labels in (CIFAR10.labels, tuple(FIGURES), tuple(bars.PHOTOS)):
        assert len(set(titles(labels))) == len(labels)
        assert text.of("en").classes.titles(labels) == labels
    assert titles(("cat", "dog")) == ("cat", "dog")
    assert titles(("tench", "goldfish")) == ("tench", "goldfish")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("de", "en"), ("zh", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh-TW;q=0.7", "zh"), ("de,zh;q=0.2", "zh"), ("ZH-hans", "zh"), ("zh;q=x,en;q=0.1", "en"),
        ("*", "en"),
    ],
)  # fmt: skip
def test_a_browser_is_understood(accepted: str, language: str) -> None:
    assert text.preferred(accepted) == language
