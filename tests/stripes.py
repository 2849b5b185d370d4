"""A data set that a tiny network learns within seconds, and such a network and recipe."""

from __future__ import annotations

import torch

from resnet_demo.data import Dataset
from resnet_demo.models.resnet import ResNetConfig
from resnet_demo.training.recipes import Recipe

CONFIG = ResNetConfig((1, 1), (4, 8), classes=3)
RECIPE = Recipe("test", 0.1, 0.9, True, 5e-4, "triangle", shift=1, batch=16, small_until=0.5, muon=0.02)


def stripes(count: int, seed: int) -> Dataset:
    """Three classes that are easy to tell apart, whatever the flip or the shift: stripes along, across, and none."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    pictures = torch.randint(0, 60, (count, 3, 12, 12), generator=generator).float()
    pictures[labels == 0, :, ::2] += 150
    pictures[labels == 1, :, :, ::2] += 150
    pictures[labels == 2] += 75
    return Dataset("stripes", pictures.byte(), labels, ("along", "across", "none"))
