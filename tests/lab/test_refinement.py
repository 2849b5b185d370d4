from __future__ import annotations

import pytest
import torch
from networks import inputs, noise
from torch.nn.functional import cross_entropy

from resnet_demo.lab.refinement import BATCH, Report, refinement, report
from resnet_demo.models.predict import domain_of
from resnet_demo.models.resnet import ResNet, ResNetConfig

LABELS = torch.tensor([0, 3, 9, 2, 2])


def test_a_cosine_is_that_of_one_picture_from_the_block_on(residual):
    found = refinement(residual, inputs(), LABELS)
    assert list(found) == ["layer1.0", "layer1.1", "layer2.1", "layer3.1"]  # the others change the shape
    blocks = dict(residual.named_blocks())
    for picture in range(5):
        x = residual.stem(inputs()[picture : picture + 1])
        for name, block in blocks.items():
            if name == "layer2.1":
                break
            x = block(x)
        h = x.detach().requires_grad_()
        y = blocks["layer3.1"](blocks["layer3.0"](blocks["layer2.1"](h)))
        gradient = torch.autograd.grad(cross_entropy(residual.head(y), LABELS[picture : picture + 1]), h)[0]
        step = blocks["layer2.1"](h) - h
        expected = -(step * gradient).sum() / (step.norm() * gradient.norm())
        assert found["layer2.1"][picture].item() == pytest.approx(expected.item(), abs=1e-5)


def test_a_plain_block_is_judged_by_its_displacement_too(plain):
    found = refinement(plain, inputs(), LABELS)["layer3.1"]
    h = plain.layer3[0](plain.layer2(plain.layer1(plain.stem(inputs())))).detach().requires_grad_()
    y = plain.layer3[1](h)
    gradient = torch.autograd.grad(cross_entropy(plain.head(y), LABELS, reduction="sum"), h)[0]
    expected = torch.nn.functional.cosine_similarity((y - h).flatten(1), -gradient.flatten(1))
    assert torch.allclose(found, expected.detach(), atol=1e-5)


def test_the_interval_is_that_of_a_mean(residual):
    data = noise(30)
    found = report(residual, data, 0, lambda _: None)
    cosines = refinement(residual, domain_of(residual).normalise(data.pictures), data.labels)
    for name, values in cosines.items():
        assert found.error[name] == pytest.approx(1.96 * values.std().item() / 30**0.5, rel=1e-3)
    assert set(report(residual, noise(1), 0, lambda _: None).error.values()) == {1.96}  # one picture proves nothing


def test_a_branch_that_is_a_step_downhill_has_cosine_one(residual):
    # The last block's F is made the negative gradient itself, up to its length, by way of its second batch norm.
    block = residual.layer3[1]
    block.residual.bn2.weight.zero_()
    x = residual.stem(inputs())
    for name, other in residual.named_blocks():
        x = x if name == "layer3.1" else other(x)
    h = x.detach().abs().add(1).requires_grad_()  # where no ReLU is shut
    label = LABELS[:1]
    block.residual.bn2.bias.zero_()
    gradient = torch.autograd.grad(cross_entropy(residual.head(block.relu(h[:1])), label), h)[0]
    block.residual.bn2.bias.copy_(-gradient[0, :, 0, 0])
    residual.layer3[0].forward = lambda x: h[:1] + 0 * x.sum()
    assert refinement(residual, inputs()[:1], label)["layer3.1"].item() == pytest.approx(1, abs=1e-3)


def test_the_report_is_the_mean_over_all_pictures(residual, plain):
    for network in (residual, plain):
        data = noise(BATCH + 3)
        found = report(network, data, 0, lambda _: None)
        cosines = refinement(network, domain_of(network).normalise(data.pictures), data.labels)
        means = {name: values.mean().item() for name, values in cosines.items()}
        assert found.cosine == pytest.approx(means, abs=1e-5)
        assert found.mean == pytest.approx(sum(means.values()) / 4, abs=1e-5)
        assert found.median == pytest.approx(sum(sorted(means.values())[1:3]) / 2, abs=1e-5)


def test_a_network_of_changes_has_no_mean():
    model = ResNet(ResNetConfig((1, 1), (4, 8), block="bottleneck", shortcut="B"), seed=0).eval()
    assert report(model, noise(3), 0, lambda _: None) == Report(n=3, mean=None, median=None, cosine={})
