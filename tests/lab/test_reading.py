"""What the sentences about experiments are made of, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_demo.lab import faithful, gradients, lens, localise, reading, responses, sanity
from resnet_demo.lab.bootstrap import Estimate
from resnet_demo.lab.reading import Side


def gradient_report(cases: Mapping[str, float | None]) -> Any:
    return gradients.Report(n=1, first_to_last=cases, norms={})


def response_report(mean: float, *stds: float) -> Any:
    return responses.Report(n=1, mean=mean, std=dict(zip("xyz", stds, strict=False)))


def estimate(mean: float, low: float) -> Estimate:
    return Estimate(mean, low, 1.0)


def test_sides_are_the_residual_network_and_its_twin() -> None:
    reports = {"plain20": 1, "resnet20": 2, "resnet56": 3, "plain56": 4}
    assert reading.sides(reports) == (Side("ResNet-20", 2), Side("Plain-20", 1))
    assert reading.both({"plain20": 1}) == [Side("Plain-20", 1)]
    assert [side.title for side in reading.everyone(reports)] == ["Plain-20", "ResNet-20", "ResNet-56", "Plain-56"]
    assert reading.extreme({"layer1.0": 0.2, "layer2.1": -0.5}, largest=False) == ("2.1", -0.5)
    assert reading.settled([0.6, 0.4, 0.9]) == 2
    assert reading.settled([0.6, 0.4]) is None


def test_fresh_gradients() -> None:
    cases = {"PyTorch's start, with batch norm": 3.0, "PyTorch's start, without batch norm": 0.1, "trained": 1.0}
    assert gradients.fresh_gradients(Side("Plain-20", gradient_report(cases))) == (0.1, 3.0)
    assert gradients.fresh_gradients(Side("Plain-20", gradient_report({}))) == (None, None)
    cases = {"He's start, with batch norm": 9.0, "He's start, without batch norm": 0.5}
    assert gradients.fresh_gradients(Side("Plain-20", gradient_report(cases)), "He") == (0.5, 9.0)


def test_responding_less() -> None:
    sides = [Side("a", response_report(1.0, *stds)) for stds in ((1, 2, 3), (1, 3, 4))]
    assert responses.responding_less(sides[0].report, sides[1].report) == (2, 3)


def test_baselines_are_no_maps() -> None:
    scores = {
        "the same everywhere": estimate(0.9, 0.85),
        "the middle": estimate(0.7, 0.6),
        "saliency": estimate(0.5, 0.4),
        "Grad-CAM": estimate(0.8, 0.71),
        "guided": estimate(0.75, 0.69),
    }
    report = localise.Report(n=1, accuracy=1.0, area=0.45, pointing=scores, energy={})
    found = localise.pointing_of(Side("a", report))
    assert (found.best, found.score, found.maps, found.middle) == ("Grad-CAM", 0.8, 3, 0.7)
    assert (found.than_area, found.than_middle) == (2, 1)


def test_better_than_random_is_surely_so_in_both() -> None:
    sure, unsure = estimate(0.2, 0.1), estimate(0.2, -0.1)
    gain = {"deletion": {"a": sure, "b": sure, "c": unsure}, "insertion": {"a": sure, "b": unsure, "c": sure}}
    report = faithful.Report(n=1, identity_error=0.0, area={}, gain=gain, curves={})
    assert faithful.better_than_random(Side("x", report)) == ["a"]


def test_deeper_responds_less() -> None:
    deep, shallow, plain = (response_report(mean) for mean in (0.1, 0.2, 0.05))
    assert responses.deeper_responds_less({"resnet56": deep, "plain56": plain, "resnet20": shallow}) is True
    assert responses.deeper_responds_less({"resnet56": shallow, "resnet20": deep}) is False
    assert responses.deeper_responds_less({"resnet56": deep, "resnet20": deep}) is False
    assert responses.deeper_responds_less({"resnet56": deep, "plain56": plain}) is None


def test_from_where_on_most_pictures_are_right() -> None:
    for errors, title, place in (
        ({"stem": 0.9, "layer1.0": 0.4, "layer1.1": 0.5, "layer2.0": 0.1}, "2.0", 3),
        ({"stem": 0.4, "layer1.0": 0.3}, "stem", 0),
        ({"stem": 0.4, "layer1.0": 0.5}, None, None),
    ):
        assert lens.knows_since(errors) == title
        report = lens.Report(n=1, error=errors, contribution={}, identity_error=0.0, sum_error=0.0)
        assert lens.place_of(Side("ResNet-20", report)) == place


def test_keeping() -> None:
    reports = {
        name: sanity.Report(n=1, left_below=left, left={}, similarity={})
        for name, left in (("resnet20", {"saliency": 0.51, "a": 0.5}), ("plain20", {"saliency": 0.1, "b": 0.9}))
    }
    assert list(sanity.keeping(reports)) == ["b", "saliency"]


def test_magnitude() -> None:
    found = [str(reading.magnitude(value)) for value in (None, 6.3e-5, 0.5, 99.0, 2234.0, float("inf"))]
    assert found == ["not finite", "6.3e-05", "0.5", "99", "2,234", "not finite"]
