"""What a file does not say of its network, its batch norms remember.

Max pooling, a stride, dilation and shortcuts without weights leave no tensor. But while a network learned, every batch
norm wrote down the mean and the variance of what it received. Run as it was trained, a network gives each of them about
the same again, from any pictures; run otherwise, the statistics drift apart from layer to layer.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

import torch
from PIL import Image
from torch import Tensor, nn

from ..assets import asset
from ..images import Domain
from .resnet import ResNet

CLEAR = 0.5  # what fits better than this share of the usual reading's mismatch is believed
FITS = 1.0  # a mismatch above this: no reading fits
EXCELLENT = 0.05  # of a large network no other reading is tried then: each costs as much as to classify
SIDE = 64  # pixels at most; the statistics of smaller pictures are about the same
MOST = 24  # norms of a large network that are looked at: two stages of ResNet-50, half of its work


@lru_cache
def _examples() -> tuple[Image.Image, ...]:
    return tuple(Image.open(path).convert("RGB") for path in sorted(asset("examples").glob("*.png")))


def probes(domain: Domain) -> list[Tensor]:
    """Inputs [N, 3, H, W] to try a network on: the bundled pictures, and noise, on which some are made."""
    side = min(domain.size, SIDE)
    pictures = torch.cat([domain.to_input(picture) for picture in _examples()[:: 2 if domain.size == side else 4]])
    if domain.size > side:
        pictures = nn.functional.interpolate(pictures, size=(side, side), mode="bilinear", antialias=True)
    return [pictures, torch.randn(pictures.shape[0], 3, side, side, generator=torch.Generator().manual_seed(0))]


def was_trained(model: ResNet) -> bool | None:
    """Whether batch norms hold statistics of anything; None where there are none that could."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return None
    return any(bool(norm.running_mean.any()) or bool((norm.running_var != 1).any()) for norm in norms)  # pyright: ignore


class _Enough(Exception):
    """Ends a forward pass of which enough was seen."""


@torch.no_grad()
def mismatch(model: ResNet, inputs: Tensor) -> float:
    """How far what the batch norms receive for inputs [N, 3, H, W] is from what they remember; 0 is as in training.

    For each channel the divergence of two normal distributions (Kullback-Leibler), averaged over channels and layers.
    The model is in eval mode. Of a network for large pictures the first `MOST` norms are looked at.
    """
    most = None if model.config.stem == "cifar" else MOST
    found: list[Tensor] = []

    def compare(norm: nn.Module, received: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        values, mean, var = received[0].double(), norm.running_mean, norm.running_var
        assert mean is not None
        assert var is not None
        now, known = values.var((0, 2, 3), correction=0) + norm.eps, var.double() + norm.eps
        far = (values.mean((0, 2, 3)) - mean.double()) ** 2 / known
        found.append(((now / known + far - 1 - (now / known).log()) / 2).mean())
        if len(found) == most:
            raise _Enough

    handles = [m.register_forward_pre_hook(compare) for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        with suppress(_Enough):
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    value = torch.stack(found).mean().item()
    return value if value == value else float("inf")
