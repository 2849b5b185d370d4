"""Do neighbouring pictures still agree on which way is up?

At the start of a training, take the gradient of the network's answer at two different inputs. In a deep plain network
the two have next to nothing in common: gradients look like white noise, and a step that helps one picture does not help
the other. For fully connected networks of L layers theory has their correlation fall like 2^-L without shortcuts, and
only like 1/sqrt(L) with shortcuts and batch norm.

Balduzzi, Frean, Leary, Lewis, Ma, McWilliams: The Shattered Gradients Problem, ICML 2017, figure 1 and section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ..data import Dataset
from ..models.resnet import ResNet, ResNetConfig

PICTURES = MOST = 1  # none of them is looked at
ALL_DEPTHS = True
DEPTHS = (8, 14, 20, 32, 44, 56)
POINTS = 32  # on a line of inputs
SIDE = 16  # of the inputs, in pixels


def input_gradients(model: ResNet, inputs: Tensor, seed: int) -> Tensor:
    """Gradients of one random combination of the logits at every input [N, 3, H, W], as rows [N, 3 * H * W].

    Batch norm is computed over the inputs, as at the first step of a training; the model should be a fresh one.
    """
    direction = torch.randn(model.config.classes, generator=torch.Generator().manual_seed(seed))
    start = inputs.detach().clone().requires_grad_()
    with torch.enable_grad():
        answers = model.train()(start) @ direction
    return torch.autograd.grad(answers.sum(), start)[0].flatten(1)


def agreement(gradients: Tensor) -> float:
    """Mean cosine between each of the gradients [N, D] and the next."""
    return cosine_similarity(gradients[:-1], gradients[1:], dim=1).mean().item()


def line(seed: int, points: int = POINTS, side: int = SIDE) -> Tensor:
    """Inputs [points, 3, side, side] at equal distances on the way from one picture of noise to another."""
    first, last = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return torch.stack([torch.lerp(first, last, step / (points - 1)) for step in range(points)])


def fresh(plain: bool, depth: int, seed: int) -> ResNet:
    """A network of the CIFAR family as a training begins with it."""
    return ResNet(replace(ResNetConfig.cifar(depth), plain=plain), seed)


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """By depth, how far the gradients at neighbours on a line agree: 1 entirely, 0 not at all.

    Of the model, only whether it is plain matters, and of the data set nothing.
    """
    inputs, found = line(seed), {}
    for number, depth in enumerate(DEPTHS, start=1):
        found[str(depth)] = agreement(input_gradients(fresh(model.config.plain, depth, seed), inputs, seed))
        progress(number / len(DEPTHS))
    return {"n": POINTS, "agreement": found}
