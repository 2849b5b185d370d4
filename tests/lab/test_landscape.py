from __future__ import annotations

import copy

import pytest
import torch
from networks import CONFIGS, noise
from torch import nn

from resnet_demo.data import load_dataset
from resnet_demo.errors import InputError
from resnet_demo.lab.landscape import BATCH, Landscape, direction, landscape, report
from resnet_demo.models import zoo
from resnet_demo.models.resnet import ResNet
from resnet_demo.training.evaluation import evaluate

DATA = noise(7)


def test_the_centre_is_the_network_itself(model):
    found = landscape(model, DATA, steps=3)
    assert found.coordinates == (-1, 0, 1)
    assert found.losses.shape == (3, 3)
    assert found.centre == found.losses[1, 1] == evaluate(model, DATA).loss
    assert found.losses.unique().numel() == 9


def test_a_corner_is_the_network_with_both_steps_taken(model):
    found = landscape(model, DATA, steps=3, reach=0.5, seed=4)
    moved, first, second = copy.deepcopy(model), direction(model, 8), direction(model, 9)
    for name, weight in moved.named_parameters():
        weight.data += 0.5 * first[name] - 0.5 * second[name]
    assert found.losses[2, 0].item() == pytest.approx(evaluate(moved, DATA).loss, rel=1e-5)


def test_every_filter_of_a_direction_is_as_long_as_the_networks(model):
    for name, step in direction(model, seed=0).items():
        weight = model.get_parameter(name)
        if weight.ndim == 1:
            assert not step.any(), name  # biases and batch norm
        else:
            assert torch.allclose(step.flatten(1).norm(dim=1), weight.flatten(1).norm(dim=1)), name
            assert not torch.allclose(step, weight)  # which a draw from the seed of its training would be


def test_twins_go_the_same_ways():
    plain, residual = ResNet(CONFIGS["plain"], seed=2), ResNet(CONFIGS["A"], seed=2)
    ways = direction(plain, seed=5), direction(residual, seed=5)
    assert all(torch.equal(ways[0][name], ways[1][name]) for name in ways[0])
    assert not torch.equal(direction(plain, seed=6)["fc.weight"], ways[0]["fc.weight"])


def test_a_network_that_computes_the_same_has_the_same_landscape(residual):
    # Filters three times as large, and batch norm's statistics with them.
    for module in residual.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    larger = copy.deepcopy(residual)
    for module in larger.modules():
        if isinstance(module, nn.Conv2d):
            module.weight *= 3
        elif isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean *= 3
            module.running_var *= 9
    one, other = (landscape(network, DATA, steps=3).losses for network in (residual, larger))
    assert torch.allclose(one, other, rtol=1e-4)


def test_the_share_of_low_ground_by_hand():
    losses = torch.tensor([[1.9, 9.0, 2.1], [1.0, 1.5, 2.0], [5.0, 5.0, 5.0]])
    found = Landscape((-1.0, 0.0, 1.0), losses)
    assert found.low_share == pytest.approx(3 / 9)
    assert found.share_below(2.05) == pytest.approx(4 / 9)
    assert found.centre == 1.5


def test_the_model_is_left_as_it_was_and_the_report_checks_itself(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = noise(BATCH + 2)  # more than a batch
    found = report(model, data, 0, lambda _: None)
    assert found.exact_at_centre is True
    assert found.minimum is not None
    assert found.centre is not None
    assert found.maximum is not None
    assert found.minimum <= found.centre == evaluate(model, data, BATCH).loss <= found.maximum
    assert len(found.losses) == len(found.losses[0]) == len(found.coordinates)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_without_shortcuts_the_ground_of_56_layers_is_steeper(shared_data):
    data = load_dataset("cifar10", False, shared_data).subset(10)
    found = {name: landscape(zoo.load(name), data, steps=5, reach=0.5) for name in ("resnet56", "plain56")}
    rise = {name: (ground.losses.mean() - ground.centre).item() for name, ground in found.items()}
    assert rise["plain56"] > 2 * rise["resnet56"] > 0


@pytest.mark.parametrize("steps", [4, 1, 0, -3])
def test_the_network_must_be_in_the_middle(residual, steps, sentence):
    with pytest.raises(InputError, match="odd") as error:
        landscape(residual, DATA, steps=steps)
    sentence(error.value)


def test_weights_that_ask_for_gradients_are_walked_as_well():
    model = ResNet(CONFIGS["A"], seed=2).eval()
    assert all(weight.requires_grad for weight in model.parameters())
    assert landscape(model, DATA, steps=3).losses.requires_grad is False
