from __future__ import annotations

import pytest
import torch
from networks import inputs
from torch import nn

from resnet_demo.lab.interventions import BranchScales, answer, answer_without, block_names
from resnet_demo.lab.quick import quick
from resnet_demo.models import zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig


def test_it_answers_the_same(model):
    fast = quick(model)
    assert torch.allclose(fast(inputs()), model(inputs()), atol=1e-4)
    assert block_names(fast) == block_names(model)
    left = [name for name, module in fast.named_modules() if isinstance(module, nn.BatchNorm2d)]
    # In pre-activation networks no convolution stands right before F's first batch norm, nor before the last one.
    first = [f"{name}.residual.bn1" for name in block_names(model)]
    assert left == ([*first, "last.bn"] if model.config.block == "preact" else [])


@pytest.mark.parametrize("name", ["resnet20", "plain20", "resnet56", "plain56"])
def test_trained_networks_answer_the_same_to_1e_4(name):
    model, pictures = zoo.load(name), torch.randn(8, 3, 32, 32)
    assert (quick(model)(pictures) - model(pictures)).abs().max() <= 1e-4


def test_an_imagenet_stem_and_projections_are_folded_too(randomise):
    model = randomise(ResNet(ResNetConfig((1, 1), (4, 8), "bottleneck", "imagenet", "B"), seed=0), 32)
    pictures = torch.randn(2, 3, 32, 32)
    assert torch.allclose(quick(model)(pictures), model(pictures), atol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick(model).modules())


def test_its_wires_can_be_cut_and_turned(model):
    fast = quick(model)
    for name in block_names(model):
        assert torch.allclose(
            answer_without(fast, inputs(), [name]), answer_without(model, inputs(), [name]), atol=1e-4
        )
    dials = dict.fromkeys(block_names(model), BranchScales(0.7, 1.2))
    assert torch.allclose(answer(fast, inputs(), dials), answer(model, inputs(), dials), atol=1e-4)


def test_folding_by_hand():
    model = ResNet(ResNetConfig((1,), (1,), classes=1), seed=0).eval()
    convolution, norm = model.stem[0], model.stem[1]
    assert isinstance(norm, nn.BatchNorm2d)
    norm.eps = 0.0
    for values, value in ((norm.weight, 6.0), (norm.bias, 1.0), (norm.running_mean, 2.0), (norm.running_var, 9.0)):
        assert values is not None
        nn.init.constant_(values, value)
    folded = quick(model).stem[0]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(folded, nn.Conv2d)
    assert folded.bias is not None
    assert torch.allclose(folded.weight, 2 * convolution.weight)  # 6 / sqrt(9)
    assert folded.bias.tolist() == [-3.0]  # 1 - 2 * 2


def test_the_model_is_left_as_it_was(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fast = quick(model.train())
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    shared = {value.data_ptr() for value in model.state_dict().values()}
    assert not shared & {value.data_ptr() for value in fast.state_dict().values() if value.numel()}
