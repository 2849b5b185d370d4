"""What the sentences about experiments turn on, by hand, on both sides of every threshold."""

from __future__ import annotations

import statistics

import pytest

from resnet_demo.lab import gradients, landscape, lens, lesion, lesions, paths, refinement, responses, shattering


@pytest.mark.parametrize(
    ("without", "with_", "expected"),
    [
        (0.0099, 0.01, "without batch norm"),
        (0.0, 10.1, "without batch norm"),
        (0.01, 10.1, "no"),
        (0.0099, 0.0099, "with batch norm"),
        (None, 0.0099, "with batch norm"),
        (None, 1, "no"),
        (0.0099, None, "no"),
    ],
)
def test_vanishing_when_fresh(without: float | None, with_: float | None, expected: str) -> None:
    assert gradients.vanishing_when_fresh(without, with_) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(None, "no"), (10, "no"), (10.1, "grows"), (1001, "explodes")])
def test_growing_when_fresh(ratio: float | None, expected: str) -> None:
    assert gradients.growing_when_fresh(ratio) == expected


@pytest.mark.parametrize(("mean", "expected"), [(7.9, "clearly"), (8, "little"), (10, "little"), (10.1, "no")])
def test_shorter_paths(mean: float, expected: str) -> None:
    assert paths.shorter_paths(mean, 20) == expected


@pytest.mark.parametrize(
    ("residual", "plain", "expected"),
    [
        (0.02, 0.081, "vital"),
        (0.02, 0.08, "more"),
        (0.0, 0.041, "vital"),  # four times a point, where the residual network misses nothing
        (0.0, 0.04, "more"),
        (0.5, 0.53, "more"),
        (0.5, 0.51, "no more"),
        (0.5, 0.3, "no more"),
    ],
)
def test_missed(residual: float, plain: float, expected: str) -> None:
    assert lesion.missed(residual, plain) == expected


@pytest.mark.parametrize(("linear", "expected"), [(0.19, "most"), (0.2, "part"), (0.59, "part"), (0.61, "no")])
def test_linear_enough(linear: float, expected: str) -> None:
    assert lesion.linear_enough(0.8, linear) == expected


@pytest.mark.parametrize(
    ("rank", "residual", "plain", "expected"),
    [
        (0.81, 0.1, 0.31, "plain lost"),
        (0.81, 0.1, 0.29, "gradual"),
        (0.81, None, 0.9, "gradual"),
        (0.81, 0.1, None, "gradual"),
        (0.8, 0.1, 0.9, "not smooth"),
    ],
)
def test_many_missed(rank: float, residual: float | None, plain: float | None, expected: str) -> None:
    assert lesions.many_missed(rank, residual, plain) == expected


@pytest.mark.parametrize(
    ("residual", "plain", "expected"),
    [
        (2, 3, "earlier"),
        (9, None, "earlier"),
        (9, 9, "at the end"),
        (8, 8, "no earlier"),
        (3, 2, "no earlier"),
        (None, 9, "no earlier"),
        (None, None, "no earlier"),
    ],
)
def test_readable(residual: int | None, plain: int | None, expected: str) -> None:
    assert lens.readable(residual, plain, last=9) == expected


@pytest.mark.parametrize(("residual", "expected"), [(0.94, "less"), (0.95, "alike"), (1.05, "alike"), (1.06, "more")])
def test_responds(residual: float, expected: str) -> None:
    assert responses.responds(residual, 1.0, 0.61) == expected
    assert responses.responds(residual, 1.0, 0.6) == ("less on average" if expected == "less" else expected)


@pytest.mark.parametrize(
    ("residual", "error", "plain", "expected"),
    [
        ((0.02, 0.03, -0.01), 0.019, (-0.5,), "most"),
        ((0.02, 0.03, -0.01), 0.021, (-0.5,), "few"),  # one of three is beyond its interval
        ((0.009, 0.009, 0.1), 0.001, (-0.5,), "few"),  # sure, and near zero
        ((-0.01, 0.0), 0.0, (-0.5,), "no"),  # uphill is no refinement, however far uphill the other goes
        ((0.2, 0.2), 0.0, (0.2,), "no"),
        ((0.2, 0.2), 0.0, (0.1,), "most"),
        ((), 0.0, (0.1,), "no"),
    ],
)
def test_refines(residual: tuple[float, ...], error: float, plain: tuple[float, ...], expected: str) -> None:
    def report(cosines: tuple[float, ...]) -> refinement.Report:
        by_block = {str(index): cosine for index, cosine in enumerate(cosines)}
        mean, median = (how(cosines) if cosines else None for how in (statistics.mean, statistics.median))
        return refinement.Report(1, mean, median, by_block, dict.fromkeys(by_block, error))

    assert refinement.refines(report(residual), report(plain)) == expected


def test_shattered() -> None:
    assert shattering.shattered(0.11, 0.09)
    assert not shattering.shattered(0.1, 0.09)
    assert not shattering.shattered(0.2, 0.1)


@pytest.mark.parametrize(
    ("residual", "expected"), [(0.31, "farther"), (0.29, "alike"), (0.14, "alike"), (0.13, "no farther")]
)
def test_low_ground(residual: float, expected: str) -> None:
    assert landscape.low_ground(residual, 0.2) == expected
