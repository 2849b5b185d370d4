"""A picture, and its way through a small network of every kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from drawings import (
    CONFIGS,
    KINDS,
)
from PIL import Image
from torch import nn

from resnet_demo.interpret.trace import Trace, trace_blocks
from resnet_demo.models.resnet import ResNet


@pytest.fixture(scope="module")
def traces(randomise: Callable[..., nn.Module]) -> dict[str, Trace]:
    """One picture's trace through a small network of every kind."""
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    made = {}
    for kind, config in CONFIGS.items():
        model = randomise(ResNet(config, seed=0), size=16)
        assert isinstance(model, ResNet)
        made[kind] = trace_blocks(model, image)
        assert made[kind].blocks[2].shortcut_kind == KINDS[kind]
    return made


@pytest.fixture(params=CONFIGS)
def trace(request: pytest.FixtureRequest, traces: dict[str, Trace]) -> Trace:
    return traces[request.param]


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
