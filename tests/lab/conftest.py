from __future__ import annotations

import pytest
from networks import CONFIGS

from resnet_demo.resnet import ResNet


@pytest.fixture(params=list(CONFIGS))
def model(request, randomise) -> ResNet:
    """A network of each kind, with frozen weights, as `load` gives them."""
    return randomise(ResNet(CONFIGS[request.param], seed=0), 16).requires_grad_(False)


@pytest.fixture
def residual(randomise) -> ResNet:
    """One with shortcuts of kind A."""
    return randomise(ResNet(CONFIGS["A"], seed=0), 16).requires_grad_(False)


@pytest.fixture
def plain(randomise) -> ResNet:
    return randomise(ResNet(CONFIGS["plain"], seed=0), 16).requires_grad_(False)
