"""What sentences turn on, by hand, on both sides of every threshold."""

from __future__ import annotations

import math
from typing import Any

import pytest

from resnet_demo.models.predict import Prediction
from resnet_demo.ui.captions import findings

INF, NAN = math.inf, math.nan


def test_cut_wires_are_told_by_branch_in_their_order() -> None:
    wires = {"layer2.1", "layer1.0", "layer3.0.shortcut", "layer1.0.shortcut"}
    assert findings.branches_cut(wires) == (["1.0", "2.1"], ["1.0", "3.0"])
    assert findings.branches_cut([]) == ([], [])


def test_four_blocks_are_few() -> None:
    assert findings.few([""] * 4)
    assert not findings.few([""] * 5)


# A block


@pytest.mark.parametrize(
    ("cosine", "expected"),
    [(1, "along"), (0.31, "along"), (0.3, "across"), (0, "across"), (-0.3, "across"), (-0.31, "against")],
)
def test_direction(cosine: float, expected: str) -> None:
    assert findings.direction(cosine) == expected


def test_small() -> None:
    assert findings.small([0.49, 0.5, 0.51, 0.0]) == 2


# A network and its twin


def test_what_was_found_of_the_residual_network_comes_first() -> None:
    assert findings.residual_first({"plain20": 1, "resnet20": 2}) == (2, 1)
    assert findings.residual_first({"resnet20": 2, "plain20": 1}) == (2, 1)


@pytest.mark.parametrize(
    ("residual", "plain", "expected"),
    [(0.5, 0.44, "residual"), (0.5, 0.46, "neither"), (0.46, 0.5, "neither"), (0.44, 0.5, "plain")],
)
def test_keeps_more(residual: float, plain: float, expected: str) -> None:
    assert findings.keeps_more({"resnet20": residual, "plain20": plain}) == expected
    assert findings.keeps_more({"resnet20": residual}) is None


def test_lost() -> None:
    cat, dog = Prediction(3, "cat", 0.0, 0.9), Prediction(5, "dog", 0.0, 0.7)
    kept, other = (cat, cat, 0.8), (cat, dog, 0.2)
    assert findings.lost({"resnet20": kept, "plain20": other}) == "plain"
    assert findings.lost({"plain20": kept, "resnet20": other}) == "residual"
    assert findings.lost({"resnet20": other, "plain20": other}) == "both"
    assert findings.lost({"resnet20": kept, "plain20": kept}) == "neither"
    assert findings.lost({"resnet50": other}) is None


@pytest.mark.parametrize(
    ("residual", "plain", "expected"),
    [
        ((1, 2), (1, 4), "plain"),
        ((1, 4), (3, 4), "residual"),
        ((0, 10), (0, 9.1), "equal"),  # a tenth of the larger rise
        ((0, 10), (0, 8.9), "residual"),
        ((0, 8.9), (0, 10), "plain"),
        ((0, INF), (0, 1), None),
        ((0, 1), (NAN, 1), None),
    ],
)
def test_rises_more(residual: Any, plain: Any, expected: str | None) -> None:
    assert findings.rises_more({"plain56": plain, "resnet56": residual}) == expected


# Gradients


def test_first_over_last() -> None:
    assert findings.first_over_last([0.5, 7.0, 2.0]) == 0.25
    assert findings.first_over_last([0.0, 2.0]) == 0
    for nothing in ([1.0, 0.0], [NAN, 1.0], [1.0, INF], [INF, 1.0]):
        assert findings.first_over_last(nothing) is None


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0, "nothing"), (0.8, "last"), (0.81, "about the same"), (1.24, "about the same"), (1.25, "first")],
)
def test_compared(ratio: float, expected: str) -> None:
    assert findings.compared(ratio) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(4, "4.0"), (9.94, "9.9"), (10, "10"), (2345.6, "2,346")])
def test_times(ratio: float, expected: str) -> None:
    assert findings.times(ratio) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0.0, "vanishes"), (0.0099, "vanishes"), (0.01, "healthy"), (9.9, "healthy"), (10, "grows"), (1000, "grows"),
     (1001, "explodes")],
)  # fmt: skip
def test_on_its_way_back(ratio: float, expected: str) -> None:
    assert findings.on_its_way_back(ratio) == expected
    assert (findings.growing({"plain20": ratio}) == ["plain20"]) == (expected in ("grows", "explodes"))
    # The lesson's verdict of a plain network is this one.
    said = findings.vanishing({"resnet20": 1.0, "plain20": ratio}, batch_norm=True)
    assert said == {"vanishes": "with batch norm", "healthy": "no: healthy"}.get(expected, "no: grows")


def test_vanishing_in_weights_and_exploding() -> None:
    assert findings.vanishing_in_weights({"resnet20": 0.1, "plain20": 0.099}) == ["plain20"]
    assert findings.exploding({"resnet20": 1000, "plain20": 1001}) == ["plain20"]


@pytest.mark.parametrize(
    ("residual", "plain", "batch_norm", "expected"),
    [
        (1, 0.0099, True, "with batch norm"),
        (1, 0.0099, False, "only when plain"),
        (0.01, 0.0099, False, "only when plain"),
        (0.0099, 0.0099, False, "in both"),
        (1, 0.01, False, "no: large weights"),
        (1, 5000, False, "no: large weights"),
        (1, 0.01, True, "no: healthy"),
        (1, 9.9, True, "no: healthy"),
        (1, 10, True, "no: grows"),
    ],
)
def test_vanishing(residual: float, plain: float, batch_norm: bool, expected: str) -> None:
    assert findings.vanishing({"plain20": plain, "resnet20": residual}, batch_norm) == expected
    assert findings.vanishing({"plain20": plain}, batch_norm) is None


# Paths through 20 blocks, 10 of them in the mean


@pytest.mark.parametrize(("mean", "expected"), [(8.9, "short"), (9.1, "all"), (10.9, "all"), (11.1, "long")])
def test_heavy_paths(mean: float, expected: str) -> None:
    assert findings.heavy_paths(mean, 20) == expected


# Trainings


@pytest.mark.parametrize(
    ("first", "second", "better", "worse", "expected"),
    [
        ("resnet20", "plain20", 0.126, 0.1, "both guess"),  # chance is 0.1, and guessing ends at 0.127
        ("resnet20", "plain20", 0.14, 0.13, "too close"),
        ("resnet20", "plain56", 0.51, 0.5, "too close"),
        ("resnet20", "plain56", 0.6, 0.5, "unlike"),
        ("resnet20", "resnet56", 0.6, 0.5, "unlike"),
        ("plain20", "resnet20", 0.6, 0.5, "plain"),
        ("plain20", "resnet20", 0.6, 0.1, "plain"),
        ("resnet20", "plain20", 0.6, 0.126, "residual, plain guesses"),
        ("resnet20", "plain20", 0.6, 0.128, "residual"),
    ],
)
def test_ahead(first: str, second: str, better: float, worse: float, expected: str) -> None:
    assert findings.ahead(first, second, {second: worse, first: better}, classes=10, apart=0.02) == expected


def test_by_depth() -> None:
    assert findings.by_depth(["resnet110", "plain56", "resnet20", "plain8", "resnet56"]) == [
        ("plain8", "plain56"),
        ("resnet20", "resnet110"),
    ]
    assert findings.by_depth(["resnet20", "plain20"]) == []


def test_pair() -> None:
    assert findings.pair(["plain20", "resnet20"]) == findings.pair(["resnet20", "plain20"]) == ("resnet20", "plain20")
    for names in (["resnet20"], ["resnet20", "plain56"], ["resnet20", "resnet56"], ["resnet20", "plain20", "plain56"]):
        assert findings.pair(names) is None


@pytest.mark.parametrize(("error", "expected"), [(0.094, "less"), (0.096, "same"), (0.104, "same"), (0.106, "more")])
def test_error_than(error: float, expected: str) -> None:
    assert findings.error_than(0.1, error) == expected


def test_spreads_are_of_what_was_trained_more_than_once() -> None:
    found = findings.spreads({"resnet20": [0.9, 0.92, 0.91], "plain20": [0.8], "resnet8": []})
    assert list(found) == ["resnet20"]
    assert (found["resnet20"].least, found["resnet20"].most) == pytest.approx((0.08, 0.1))
    assert found["resnet20"].trainings == 3


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ({"plain20": [0.7, 0.8], "resnet20": [0.9, 0.85]}, ("resnet20", "plain20")),
        ({"plain20": [0.9, 0.8], "resnet20": [0.7, 0.79]}, ("plain20", "resnet20")),
        ({"plain20": [0.7, 0.86], "resnet20": [0.9, 0.85]}, None),  # they overlap
        ({"plain20": [0.7, 0.85], "resnet20": [0.9, 0.85]}, None),  # as good as each other, once
        ({"plain20": [0.7, 0.71], "resnet20": [0.9]}, None),  # one run is no spread
        ({"plain8": [0.5, 0.6], "plain20": [0.7, 0.8], "resnet20": [0.9, 0.95]}, None),
    ],
)
def test_always_better(accuracies: dict[str, list[float]], expected: tuple[str, str] | None) -> None:
    assert findings.always_better(findings.spreads(accuracies)) == expected


def test_plain_fits_worse() -> None:
    assert findings.plain_fits_worse({"plain20": 0.106, "resnet20": 0.1})
    assert not findings.plain_fits_worse({"plain20": 0.104, "resnet20": 0.1})
    assert not findings.plain_fits_worse({"plain20": 0.1, "resnet20": 0.2})
    assert not findings.plain_fits_worse({"plain20": 0.1})
    assert not findings.plain_fits_worse({})
