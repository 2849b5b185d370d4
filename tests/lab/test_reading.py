"""What the sentences about experiments are made of, by hand."""

from __future__ import annotations

from resnet_demo.ui.text import facts


def test_signed() -> None:
    assert [facts.signed(cosine) for cosine in (0.1234, -0.05, 0.0)] == ["+0.123", "−0.050", "+0.000"]


def test_fresh_gradients() -> None:
    cases = {"PyTorch's start, with batch norm": 3.0, "PyTorch's start, without batch norm": 0.1, "trained": 1.0}
    assert facts.fresh_gradients(facts.Side("Plain-20", {"first_to_last": cases})) == (0.1, 3.0)
    assert facts.fresh_gradients(facts.Side("Plain-20", {"first_to_last": {}})) == (None, None)
    cases = {"He's start, with batch norm": 9.0, "He's start, without batch norm": 0.5}
    assert facts.fresh_gradients(facts.Side("Plain-20", {"first_to_last": cases}), "He") == (0.5, 9.0)


def test_responding_less() -> None:
    sides = [facts.Side("a", {"std": dict(zip("xyz", stds, strict=True))}) for stds in ((1, 2, 3), (1, 3, 4))]
    assert facts.responding_less(*sides) == (2, 3)


def test_baselines_are_no_maps() -> None:
    scores = {
        "the same everywhere": {"mean": 0.9, "low": 0.85},
        "the middle": {"mean": 0.7, "low": 0.6},
        "saliency": {"mean": 0.5, "low": 0.4},
        "Grad-CAM": {"mean": 0.8, "low": 0.71},
        "guided": {"mean": 0.75, "low": 0.69},
    }
    found = facts.pointing(facts.Side("a", {"pointing": scores, "area": 0.45}))
    assert (found.best, found.score, found.maps, found.middle) == ("Grad-CAM", 0.8, 3, 0.7)
    assert (found.than_area, found.than_middle) == (2, 1)


def test_better_than_random_is_surely_so_in_both() -> None:
    sure, unsure = {"mean": 0.2, "low": 0.1}, {"mean": 0.2, "low": -0.1}
    gain = {"deletion": {"a": sure, "b": sure, "c": unsure}, "insertion": {"a": sure, "b": unsure, "c": sure}}
    assert facts.better_than_random(facts.Side("x", {"gain": gain})) == ["a"]


def test_deeper_responds_less() -> None:
    deep, shallow, plain = {"mean": 0.1}, {"mean": 0.2}, {"mean": 0.05}
    assert facts.deeper_responds_less({"resnet56": deep, "plain56": plain, "resnet20": shallow}) is True
    assert facts.deeper_responds_less({"resnet56": shallow, "resnet20": deep}) is False
    assert facts.deeper_responds_less({"resnet56": deep, "resnet20": deep}) is False
    assert facts.deeper_responds_less({"resnet56": deep, "plain56": plain}) is None


def test_from_where_on_most_pictures_are_right() -> None:
    for errors, title, place in (
        ({"stem": 0.9, "layer1.0": 0.4, "layer1.1": 0.5, "layer2.0": 0.1}, "2.0", 3),
        ({"stem": 0.4, "layer1.0": 0.3}, "stem", 0),
        ({"stem": 0.4, "layer1.0": 0.5}, None, None),
    ):
        assert facts.knows_since(errors) == title
        assert facts.place_of(facts.Side("ResNet-20", {"error": errors})) == place


def test_keeping() -> None:
    residual, plain = {"saliency": 0.51, "a": 0.5}, {"saliency": 0.1, "b": 0.9}
    reports = {"resnet20": {"left_below": residual}, "plain20": {"left_below": plain}}
    assert facts.keeping(reports) == ["b", "saliency"]
