"""How does the loss change along one straight line through the trained weights?

A slice of the landscape (see `landscape.py`), in one of its random directions: few enough weights to be looked at while
one waits.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..models.resnet import ResNet
from .landscape import direction


@torch.no_grad()
def losses_along(
    model: ResNet, inputs: Tensor, labels: Tensor, coordinates: Sequence[float], seed: int = 0
) -> list[float]:
    """The mean cross-entropy at each coordinate: 0 is the network itself, 1 as far away as its filters are long.

    Inputs [N, 3, H, W], labels int64 [N]. Batch norm keeps the statistics of the training, as Li et al. have it.
    """
    step, walker, losses = direction(model, seed), copy.deepcopy(model).eval().requires_grad_(False), []
    for coordinate in coordinates:
        for name, weight in model.named_parameters():
            walker.get_parameter(name).copy_(weight + coordinate * step[name])
        losses.append(cross_entropy(walker(inputs), labels).item())
    return losses
