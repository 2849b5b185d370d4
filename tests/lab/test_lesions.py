from __future__ import annotations

import pytest
import torch
from networks import inputs, noise

from resnet_demo.errors import InputError
from resnet_demo.lab.interventions import answer_without
from resnet_demo.lab.lesions import Draw, Lesions, in_order, lesions
from resnet_demo.models.predict import domain_of
from resnet_demo.models.resnet import ResNet, ResNetConfig


def test_blocks_in_their_own_order_are_the_network(model):
    assert torch.equal(in_order(model, inputs(), {}), model(inputs()))
    a, b = "layer1.0", "layer1.1"
    if model.config.block == "basic":
        assert torch.equal(in_order(model, inputs(), {a: a, b: b}), model(inputs()))
        x = model.stem(inputs())
        x = model.layer1[0](model.layer1[1](x))  # changed places
        for layer in list(model.children())[2:-1]:
            x = layer(x)
        assert torch.equal(in_order(model, inputs(), {a: b, b: a}), model.head(x))


def test_every_number_of_blocks_is_deleted(residual, plain):
    data = noise(20)
    for network in (residual, plain):
        told: list[float] = []
        found = lesions(network, data, draws=2, seed=4, progress=told.append)
        assert [draw.strength for draw in found.deleted] == [
            1,
            1,
            2,
            2,
            3,
            3,
            4,
            4,
        ]  # of six blocks two change the shape
        assert told == pytest.approx([step / 19 for step in range(1, 20)])
        every = ["layer1.0", "layer1.1", "layer2.1", "layer3.1"]
        wrong = answer_without(network, domain_of(network).normalise(data.pictures), every).argmax(1) != data.labels
        assert [draw.error for draw in found.deleted[-2:]] == pytest.approx([wrong.double().mean().item()] * 2)
        assert all(-1 <= draw.strength <= 1 for draw in found.shuffled)
        assert lesions(network, data, draws=2, seed=4) == found


def test_a_network_of_changes_has_nothing_to_take_away(sentence):
    model = ResNet(ResNetConfig((1, 1), (4, 8), stem="cifar", block="bottleneck", shortcut="B"), seed=0).eval()
    with pytest.raises(InputError, match="none can be removed") as error:
        lesions(model, noise(4))
    sentence(error.value)


def test_the_correlation_is_that_of_the_draws():
    draws = tuple(Draw(count, error) for count, error in ((1, 0.1), (2, 0.3), (3, 0.2), (4, 0.5)))
    assert Lesions(10, 0.1, draws, ()).spearman == pytest.approx(0.8)
