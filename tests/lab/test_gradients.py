# pyright: reportOperatorIssue=false, reportOptionalOperand=false

from __future__ import annotations

import copy

import pytest
import torch
from networks import CONFIGS, inputs, noise
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_demo.lab.gradients import PREDICTED, fresh, gradients, growth, report, without_batch_norm
from resnet_demo.models.resnet import ResNet, ResNetConfig

LABELS = torch.tensor([0, 3, 9, 2, 2])


def test_gradients_are_autograds_through_the_network(model):
    found, outputs = gradients(model, inputs(), LABELS), []
    twin = copy.deepcopy(model).train()
    for _, block in twin.named_blocks():
        block.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    loss = cross_entropy(twin(inputs().requires_grad_()), LABELS)
    expected = [gradient.norm().item() for gradient in torch.autograd.grad(loss, outputs)]
    assert list(found.values()) == pytest.approx(expected, rel=1e-4)
    assert list(found) == [name for name, _ in model.named_blocks()]


def test_the_last_gradient_by_hand(residual):
    # What comes back through the average and the classifier is the same at every place: (p - y) W / (N * H * W).
    bare = without_batch_norm(residual)
    x = bare.stem(inputs())
    for _, block in bare.named_blocks():
        x = block(x)
    wrong = bare.fc(x.mean((2, 3))).softmax(1) - nn.functional.one_hot(LABELS, 10)
    places = x.shape[2] * x.shape[3]
    expected = (wrong @ bare.fc.weight / (len(LABELS) * places)).norm().item() * places**0.5
    assert gradients(bare, inputs(), LABELS)["layer3.1"] == pytest.approx(expected, rel=1e-4)


def test_the_model_is_left_as_it_was(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradients(model, inputs(), LABELS)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module.training for module in model.modules())


def test_fresh_networks_are_the_same_architecture():
    model = ResNet(CONFIGS["plain"], seed=5)
    assert torch.equal(fresh(model, 5, batch_norm=True, small=False).fc.weight, model.fc.weight)
    small = fresh(model, 5, batch_norm=False, small=True)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in small.modules())
    weight = small.get_parameter("layer3.1.residual.conv2.weight")  # 8 channels of 3 x 3: uniform within 1 / sqrt(72)
    assert weight.abs().max().item() <= 72**-0.5
    assert weight.std().item() == pytest.approx((3 * 72) ** -0.5, rel=0.1)
    assert any(isinstance(module, nn.BatchNorm2d) for module in model.modules())  # the given one still has its own


def test_without_batch_norm_and_from_a_small_start_the_plain_gradient_vanishes():
    # The claim that is put right, on untrained networks of 20 layers: it is true without batch norm only.
    shrinks = {}
    for plain in (False, True):
        model = ResNet(ResNetConfig.cifar(20, plain), seed=0).eval()
        shrinks[plain] = report(model, noise(8), 0, lambda _: None).first_to_last
    title = "PyTorch's start, {} batch norm"
    assert shrinks[True][title.format("without")] < 1e-4
    assert shrinks[False][title.format("without")] > 0.1
    assert shrinks[True][title.format("with")] > 1
    assert shrinks[False][title.format("with")] > 1


def test_the_seeds_range_holds_the_first_of_them():
    model = ResNet(ResNetConfig.cifar(8, plain=True), seed=0).eval()
    found = report(model, noise(8), 3, lambda _: None)
    for title, (least, most) in found.least_and_most.items():
        assert least <= found.first_to_last[title] <= most
        assert least < most
        assert "with batch norm" in title
    others = [
        gradients(fresh(model, seed, batch_norm=True, small=False), inputs(), LABELS) for seed in range(2)
    ]  # another seed, another network
    assert others[0] != others[1]


def test_growth_by_layer():
    assert growth(PREDICTED**52, 27) == pytest.approx(1.2112, abs=1e-4)
    assert growth(5.0, 1) is None


def test_one_block_is_the_first_and_the_last():
    model = ResNet(ResNetConfig(blocks=(1,), widths=(8,)), seed=0).eval()
    found = report(model, noise(4), 0, lambda _: None)
    assert set(found.first_to_last.values()) == {1.0}
