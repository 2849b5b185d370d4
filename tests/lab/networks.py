"""Networks of every kind that the experiments meet, small, with every batch norm of its own."""

from __future__ import annotations

from dataclasses import replace

import torch

from resnet_demo.data import Dataset
from resnet_demo.images import CIFAR10
from resnet_demo.models.resnet import ResNetConfig

CONFIGS = {
    "A": ResNetConfig((2, 2, 2), (4, 6, 8)),
    "B": ResNetConfig((2, 2), (4, 8), shortcut="B"),
    "plain": ResNetConfig((2, 2, 2), (4, 6, 8), plain=True),
    "bottleneck": ResNetConfig((2, 1), (2, 4), block="bottleneck", shortcut="B"),
    "preact": ResNetConfig((2, 2, 2), (4, 6, 8), block="preact"),
}


CLASSES = tuple("abcdefghij")
DOMAIN = replace(CIFAR10, name="noise", labels=CLASSES, size=16, resize=16)  # of a network that learned noise


def inputs(count: int = 5, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def noise(count: int) -> Dataset:
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randint(256, (count, 3, 16, 16), dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (count,), generator=generator)
    masks = torch.zeros(count, 16, 16, dtype=torch.bool)
    masks[:, 4:10, 6:14] = True  # where an object might be
    return Dataset("noise", pictures, labels, CLASSES, masks)
