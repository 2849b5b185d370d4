"""The ten example pictures with their classes: a batch for what needs labels, wherever the app runs."""

from __future__ import annotations

from functools import lru_cache

import torch
from PIL.Image import Image
from torch import Tensor

from ...assets import asset
from ...images import CIFAR10, load_image


@lru_cache(maxsize=1)
def pictures() -> list[Image]:
    """The pictures themselves, for networks of any domain."""
    return [load_image(asset("examples", f"{label}.png")) for label in CIFAR10.labels]


@lru_cache(maxsize=1)
def labelled() -> tuple[Tensor, Tensor]:
    """Inputs [10, 3, 32, 32] and labels int64 [10]."""
    return torch.cat([CIFAR10.to_input(picture) for picture in pictures()]), torch.arange(len(CIFAR10.labels))
