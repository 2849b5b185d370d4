from __future__ import annotations

from collections.abc import Callable

import pytest
from networks import CONFIGS, DOMAIN

from resnet_demo.models.resnet import ResNet


@pytest.fixture
def network_of(randomise) -> Callable[[str], ResNet]:
    """A network of a kind, as `load` gives it: with frozen weights, and knowing what pictures it is for."""

    def make(kind: str) -> ResNet:
        network = randomise(ResNet(CONFIGS[kind], seed=0), 16).requires_grad_(False)
        network.domain = DOMAIN
        return network

    return make


@pytest.fixture(params=list(CONFIGS))
def model(request, network_of) -> ResNet:
    """A network of each kind."""
    return network_of(request.param)


@pytest.fixture
def residual(network_of) -> ResNet:
    """One with shortcuts of kind A."""
    return network_of("A")


@pytest.fixture
def plain(network_of) -> ResNet:
    return network_of("plain")
