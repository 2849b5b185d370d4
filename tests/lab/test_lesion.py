from __future__ import annotations

import pytest
import torch
from networks import inputs, noise

from resnet_demo.errors import InputError
from resnet_demo.lab.interventions import answer_without, block_names
from resnet_demo.lab.lesion import Lesion, lesion, report, without_each
from resnet_demo.lab.quick import BATCH
from resnet_demo.models.predict import domain_of


def test_all_at_once_is_one_after_the_other(model):
    together = without_each(model, inputs())
    assert len(together) == len(block_names(model)) + 1
    for name, logits in zip(block_names(model), together, strict=False):
        assert torch.allclose(logits, answer_without(model, inputs(), [name]), atol=1e-5)
    assert torch.allclose(together[-1], model(inputs()), atol=1e-5)


def test_errors_are_those_of_a_slow_loop(model):
    data, told = noise(BATCH + 7), []  # more than one batch, and a smaller last one
    found = lesion(model, data, told.append)
    pictures = domain_of(model).normalise(data.pictures)
    assert found.n == len(data)
    assert found.error == pytest.approx((model(pictures).argmax(1) != data.labels).double().mean().item())
    for name, error in found.without.items():
        wrong = answer_without(model, pictures, [name]).argmax(1) != data.labels
        assert error == pytest.approx(wrong.double().mean().item())
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_is_added_by_hand():
    found = Lesion(10, 0.1, {"layer1.0": 0.1, "layer1.1": 0.9, "layer2.0": 0.4}, ("layer2.0",))
    assert found.added == pytest.approx({"layer1.0": 0.0, "layer1.1": 0.8, "layer2.0": 0.3})
    assert found.median_added == pytest.approx(0.3)


def test_where_the_shape_changes_is_told(residual, plain):
    for network in (residual, plain):
        assert report(network, noise(3), 0, lambda _: None).halving == ("layer2.0", "layer3.0")


def test_other_classes_are_refused(residual, sentence):
    data = noise(3)
    other = type(data)(data.name, data.pictures, data.labels.clamp(max=2), ("a", "b", "c"))
    with pytest.raises(InputError, match="classes") as error:
        lesion(residual, other)
    sentence(error.value)
