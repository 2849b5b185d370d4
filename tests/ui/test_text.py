"""Captions say what the numbers say, also when these are not what one hopes for; and all languages say the same."""

from __future__ import annotations

import inspect
import itertools
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

from resnet_demo.figures.terms import ENGLISH, Terms
from resnet_demo.i18n import FIRST, LANGUAGES
from resnet_demo.interpret.trace import POINTS, BlockTrace, Trace
from resnet_demo.lab import NAMES, results
from resnet_demo.lab.wires import Dial
from resnet_demo.models.predict import Prediction
from resnet_demo.ui import text
from resnet_demo.ui.text.steps import Step

ROOT = Path(__file__).resolve().parents[2]


# The languages

HAN = re.compile("[\u4e00-\u9fff]")
# What Chinese textbooks write in Latin letters, too: signs, names, file formats.
LATIN = set(
    """
    F x y e ReLU Grad CAM GradCAM CIFAR ResNet Plain ImageNet Fashion MNIST SVG PNG MB zip captum logit softmax batch
    epoch safetensors pt pth th layer PyTorch LayerGradCam GuidedGradCam IntegratedGradients Occlusion Saliency
    fast paper seed VGG
    n A B a b c f h L logits mean W
    He Selvaraju Veit Wilber Belongie Balduzzi Li Jastrzębski Adebayo Zhang Petsiuk Das Saenko nostalgebraist Kendall
    """.split()  # noqa: SIM905 (it is prose)
)
TERMS_OF_ART = ("logit lens", "pointing game", "Identity Mappings")  # what papers call something, beside the Chinese


def modules(language: str) -> dict[str, ModuleType]:
    package = text.of(language)
    return {name: getattr(package, name) for _, name, _ in pkgutil.iter_modules(package.__path__) if name != "reading"}


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
    elif isinstance(value, (Terms, Step)):  # a step's formula is LaTeX
        yield from strings([getattr(value, field.name) for field in fields(value) if field.name != "formula"])


def english_in(words: str) -> set[str]:
    """The words in Latin letters that are no names, without HTML's tags and what stands in braces."""
    words = re.sub(rf"<[^>]+>|{{[^}}]*}}|{'|'.join(TERMS_OF_ART)}", " ", words)
    return set(re.findall(r"[A-Za-zÀ-ÖØ-öø-ž]+", words)) - LATIN


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != FIRST])
def test_every_language_has_the_same_words_to_say(language: str) -> None:
    first, other = modules(FIRST), modules(language)
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
    for language in LANGUAGES:
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
# What functions are asked whose arguments are more than text and numbers.
SAMPLES: dict[str, list[tuple[Any, ...]]] = {
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
    "lesson.degradation": [
        (finals, error, epochs)
        for error in ("train", "test") for epochs in ({"plain20": 30}, {"plain20": 30, "plain56": 60})
        for finals in (
            {}, {"plain20": 0.08, "plain56": 0.24}, {"plain20": 0.24, "plain56": 0.08, "resnet20": 0.05},
            {"plain20": 0.08, "plain56": 0.082}, {"plain20": 0.08, "resnet20": 0.05},
            {"plain20": 0.05, "resnet20": 0.08}, {"plain20": 0.05, "resnet20": 0.05},
        )
    ],
    "lesson.number": [
        ({"residual": -0.5, "shortcut": 0.2, "total": total, "output": max(total, 0.0)}, kind, error)
        for total in (-0.3, 0.7) for kind in KINDS for error in (0.0, 2e-7)
    ],
    "lesson.block": [
        ("layer2.0", (4, 9), kind, share, cosine, ((16, 32, 32), after))
        for kind in KINDS for share in (0.004, 0.5) for cosine in (None, 0.9, -0.9, 0.0)
        for after in ((16, 32, 32), (32, 16, 16))
    ],
    "lesson.carried": [
        *(("share", ["layer1.0", "layer2.0"], "layer2.0", found)
          for found in ({"resnet8": [0.4, 0.6], "plain8": [math.nan] * 2}, {"resnet8": [0.4, math.nan]})),
        *(("kept", ["layer1.0", "layer2.0"], "layer1.0", {"resnet8": [0.9, end], "plain8": [0.3, 0.1]})
          for end in (0.5, 0.1, 0.0)),
        ("kept", ["layer1.0", "layer2.0"], "layer1.0", {"resnet8": [0.9, 0.5]}),
    ],
    "lesson.gradient": [
        ({"resnet20": [residual, 1.0], "plain20": [plain, 1.0]}, begin, errors)
        for residual in (1.0, 1e-4, 1e5, math.nan) for plain in (0.5, 2.0, 2000.0, 1e-4, 1e-9, 0.0)
        for begin in ("norm", "bare", "small", "trained")
        for errors in ({}, {"resnet20": 0.03, "plain20": 0.24}, {"resnet20": 0.24, "plain20": 0.03})
    ],
    "lesson.cut": [
        (names, turned, told)
        for names in ([], ["layer2.1"], ["layer2.1", "layer1.0"], [f"layer1.{place}" for place in range(5)])
        for turned in (Dial(), Dial(0.5, 1.25)) for told in ANSWERED
    ],
    "lesson.paths": [(9, names, told) for names in ([], ["layer2.1"], ["layer1.1", "layer1.2"]) for told in ANSWERED],
    "lesson.path_gradients": [
        (27, span, mean, 2, plain)
        for span in (None, (5, 12), (27, 27)) for mean in (9.0, 13.4, 18.0) for plain in (False, True)
    ],
    "lesson.walk": [
        (distance, {"resnet56": (0.003, residual), "plain56": (0.3, plain)})
        for distance in (0.0, 0.6) for residual, plain in ((0.5, 5.0), (5.0, 0.5), (5.0, 5.1), (0.1, math.inf))
    ],
    "lesson.grown": [
        (name, whole, told)
        for name in ("stem", "layer2.1") for whole in (False, True)
        for told in ({"resnet20": CAT, "plain20": DOG}, {"resnet50": CAT})
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
    of_language = {language: getattr(modules(language)[name], key) for language in LANGUAGES}
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
