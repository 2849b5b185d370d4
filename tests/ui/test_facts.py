"""What the sentences about experiments are made of, by hand."""

from __future__ import annotations

from resnet_demo.ui.text import facts


def test_signed() -> None:
    assert [facts.signed(cosine) for cosine in (0.1234, -0.05, 0.0)] == ["+0.123", "−0.050", "+0.000"]


def test_fresh_gradients() -> None:
    cases = {"PyTorch's start, with batch norm": 3.0, "PyTorch's start, without batch norm": 0.1, "trained": 1.0}
    assert facts.fresh_gradients(facts.Side("Plain-20", {"first_to_last": cases})) == (0.1, 3.0)
    assert facts.fresh_gradients(facts.Side("Plain-20", {"first_to_last": {}})) == (None, None)


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
    reports = {"resnet20": {"left": {"saliency": 0.51, "a": 0.5}}, "plain20": {"left": {"saliency": 0.1, "b": 0.9}}}
    assert facts.keeping(reports) == ["b", "saliency"]
