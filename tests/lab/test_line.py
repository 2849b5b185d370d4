"""A walk through the weights goes through the network itself, and both ways."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_demo.lab.landscape import direction
from resnet_demo.lab.line import losses_along
from resnet_demo.models.resnet import ResNet


def test_the_middle_is_the_network(tiny_model: ResNet, tiny_image: Tensor) -> None:
    before = {name: weight.clone() for name, weight in tiny_model.state_dict().items()}
    labels = torch.tensor([3])
    (loss,) = losses_along(tiny_model, tiny_image, labels, [0.0])
    assert loss == cross_entropy(tiny_model(tiny_image), labels).item()
    losses_along(tiny_model, tiny_image, labels, [1.0])
    assert all(torch.equal(weight, before[name]) for name, weight in tiny_model.state_dict().items())


def test_a_place_is_the_network_with_those_weights(tiny_model: ResNet, tiny_image: Tensor) -> None:
    labels = torch.tensor([3])
    forth, back = losses_along(tiny_model, tiny_image, labels, [0.5, -0.5], seed=2)
    assert forth != back
    step = direction(tiny_model, 2)
    with torch.no_grad():
        for name, weight in tiny_model.named_parameters():
            weight += 0.5 * step[name]
    assert cross_entropy(tiny_model(tiny_image), labels).item() == pytest.approx(forth, rel=1e-5)
