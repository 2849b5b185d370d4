"""What a file does not say of its network, its batch norms remember.

Max pooling, a stride, dilation and shortcuts without weights leave no tensor. But while a network learned, every batch
norm wrote down the mean and the variance of what it received. Run as it was trained, a network gives each of them about
the same again, from any pictures; run otherwise, the statistics drift apart from layer to layer.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise

import torch
from PIL import Image
from torch import Tensor, nn

from ..assets import asset
from ..i18n import Message, _
from ..images import Domain
from .resnet import AveragedShortcut, ResNet

CLEAR = 0.5  # what fits better than this share of the usual reading's mismatch is believed
BETTER = 0.8  # and so much where another choice was clear before
FITS = 0.25  # a mismatch above this: no reading fits; right ones had up to 0.15 here, one with GELU for ReLU 0.22 to 1
EXCELLENT = 0.02  # of a large network no other reading is tried then: each costs as much as to classify
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


@torch.no_grad()
def knows_examples(model: ResNet, domain: Domain) -> int:
    """Of how many of the bundled pictures, one of each of CIFAR-10's classes, a network names the class."""
    answers = model(torch.cat([domain.to_input(picture) for picture in _examples()])).argmax(1).tolist()
    names = [path.stem for path in sorted(asset("examples").glob("*.png"))]
    return sum(domain.labels[answer] == name for answer, name in zip(answers, names, strict=True))


def was_trained(model: ResNet) -> bool | None:
    """Whether batch norms hold statistics of anything; None where there are none that could."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return None
    return any(bool(norm.running_mean.any()) or bool((norm.running_var != 1).any()) for norm in norms)  # pyright: ignore


class _Blur(nn.Module):
    """Every second pixel of maps that were blurred before (Zhang: Making convolutional networks shift-invariant)."""

    def forward(self, x: Tensor) -> Tensor:
        row = x.new_tensor((0.25, 0.5, 0.25))
        kernel = (row[:, None] * row).expand(x.shape[1], 1, 3, 3)
        padded = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return nn.functional.conv2d(padded, kernel, stride=2, groups=x.shape[1])


def smoothed(model: ResNet, inputs: list[Tensor], everywhere: bool) -> list[tuple[Message, list[float]]]:
    """Kinds of networks whose filters leave no tensor, and their mismatch with each of the inputs.

    In an anti-aliased network a filter after a 3x3 convolution (and after max pooling) takes its stride, as timm does
    it; these are tried where asked for. Shortcuts that average before they project may take the maximum instead.
    """
    found: list[tuple[Message, list[float]]] = []
    blur = _Blur()
    for kind, filter, after_pool in (
        (
            (_("an anti-aliased network, which blurs before it drops pixels"), blur, blur),
            (_("an anti-aliased network, which averages before it drops pixels"), nn.AvgPool2d(2), None),
        )
        if everywhere
        else ()
    ):
        other = copy.deepcopy(model)
        for layers in list(other.modules()):
            if not isinstance(layers, nn.Sequential):
                continue
            for (_name, layer), (name, following) in pairwise(list(layers.named_children())):
                if isinstance(following, nn.MaxPool2d):
                    pool = nn.MaxPool2d(3, 1, 1) if after_pool else nn.Identity()
                    setattr(layers, name, nn.Sequential(pool, after_pool or nn.AvgPool2d(2)))
                strided = isinstance(layer, nn.Conv2d) and (layer.kernel_size, layer.stride) == ((3, 3), (2, 2))
                activation = name.replace("bn", "relu")  # after the norm that follows
                if strided and layers is not other.stem and hasattr(layers, activation):
                    layer.stride = (1, 1)  # pyright: ignore
                    setattr(layers, activation, nn.Sequential(getattr(layers, activation), filter))
        found.append((kind, [mismatch(other, each) for each in inputs]))
    if any(isinstance(module, AveragedShortcut) for module in model.modules()):
        other = copy.deepcopy(model)
        for shortcut in other.modules():
            if isinstance(shortcut, AveragedShortcut) and not isinstance(shortcut.pool, nn.Identity):
                shortcut.pool = nn.MaxPool2d(2, ceil_mode=True)
        kind = _("a network whose shortcuts take the largest of four pixels before they project")
        found.append((kind, [mismatch(other, each) for each in inputs]))
    return found


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
