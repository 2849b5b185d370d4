from __future__ import annotations

import pytest
from networks import noise

from resnet_demo.lab.responses import BATCH, report, responses
from resnet_demo.models.predict import domain_of


def test_responses_are_those_of_the_whole_set(model):
    data = noise(BATCH + 4)  # more than a batch
    found = responses(model, data)
    pictures = domain_of(model).normalise(data.pictures)
    preact = model.config.block == "preact"  # its batch norm stands before the convolution
    response = model.stem.conv(pictures) if preact else model.stem.bn(model.stem.conv(pictures))
    assert found["stem"] == pytest.approx(response.std(correction=0).item(), rel=1e-4)
    first, x = model.layer1[0].residual, model.stem(pictures)
    response = first.conv1(first.relu1(first.bn1(x))) if preact else first.bn1(first.conv1(x))
    assert found["layer1.0.conv1"] == pytest.approx(response.std(correction=0).item(), rel=1e-4)
    convolutions = 3 if model.config.block == "bottleneck" else 2
    assert len(found) == 1 + convolutions * sum(model.config.blocks)
    assert not any(module._forward_hooks for module in model.modules())


def test_the_mean_is_that_of_the_layers(residual):
    found = report(residual, noise(5), 0, lambda _: None)
    assert found.mean == pytest.approx(sum(found.std.values()) / 13)
