from __future__ import annotations

import pytest
import torch
from networks import DOMAIN, inputs, noise

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab import results
from resnet_demo.lab.unfold import BATCH, report, unfold
from resnet_demo.models import zoo
from resnet_demo.models.resnet import NoShortcut, ResNet, ResNetConfig


@pytest.mark.parametrize("kind", ["A", "B"])
def test_the_plain_network_computes_the_same(network_of, kind):
    model = network_of(kind)
    wide = unfold(model)
    assert wide.config.plain
    assert all(isinstance(block.shortcut, NoShortcut) for _name, block in wide.named_blocks())
    assert wide.config.blocks == model.config.blocks
    assert wide.config.widths == tuple(2 * width for width in model.config.widths)
    pictures = inputs(20)
    assert (wide(pictures) - model(pictures)).abs().max() <= 1e-4
    assert torch.equal(wide(pictures).argmax(1), model(pictures).argmax(1))
    assert wide.domain == model.domain


def test_so_does_that_of_random_weights_and_of_an_imagenet_stem(randomise):
    for config in (ResNetConfig.cifar(20), ResNetConfig((1, 2), (4, 8), "basic", "imagenet", "B")):
        model = randomise(ResNet(config, seed=1), 32)
        pictures = torch.randn(8, 3, 64, 64)
        logits = model(pictures)
        assert (unfold(model)(pictures) - logits).abs().max() <= 1e-4 * max(1.0, logits.abs().max().item())


@pytest.mark.parametrize("name", ["resnet20", "resnet56"])
def test_trained_networks_answer_the_same(name):
    model, pictures = zoo.load(name), torch.randn(16, 3, 32, 32)
    assert (unfold(model)(pictures) - model(pictures)).abs().max() <= 1e-4


@pytest.mark.parametrize(
    ("kind", "why"), [("plain", "no shortcuts"), ("bottleneck", "bottleneck blocks"), ("preact", "preact blocks")]
)
def test_others_are_refused(network_of, kind, why, sentence):
    with pytest.raises(InputError, match=why) as error:
        unfold(network_of(kind))
    sentence(error.value)


def test_the_report_counts_both_networks_answers(residual):
    data = noise(BATCH + 20)  # more than a batch
    found = report(residual, data, 0, lambda _: None)
    right = (residual(DOMAIN.normalise(data.pictures)).argmax(1) == data.labels).double().mean().item()
    assert found.error == found.error_unfolded == pytest.approx(1 - right)
    assert found.different_answers == 0
    assert 0 < found.max_logit_difference <= 1e-4
    assert found.parameters == sum(weight.numel() for weight in residual.parameters())
    assert found.parameters_unfolded > 3 * found.parameters


def test_plain_twins_are_passed_over(residual, plain, sentence):
    found = results.measure("unfold", {"resnet14": residual, "plain14": plain}, noise(4))
    assert list(found.networks) == ["resnet14"]
    with pytest.raises(InputError, match="about shortcuts") as error:
        results.measure("unfold", {"plain14": plain}, noise(4))
    sentence(error.value)
    assert lab.get("lens").concerned({"plain14": plain}) == {"plain14": plain}
