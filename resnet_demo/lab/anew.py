"""Batch-norm statistics measured anew: a control for every intervention in a trained network.

A batch norm in eval mode divides by the statistics that the training left. Whoever changes what reaches it breaks two
things: what is computed, and the match between that and these statistics. To tell the two apart, the changed network
measures its statistics once more, on training pictures, and everything that it learned stays.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..models.resnet import ResNet


@torch.no_grad()
def measured_anew(model: ResNet, run: Callable[[ResNet], Tensor]) -> ResNet:
    """A copy in eval mode, whose batch norms have the statistics of what went through them in `run(copy)`.

    It has to run one batch, which holds all pictures that the statistics are to be of. Batch norms that it passes by
    keep what they had. The model is left as it is.
    """
    network = copy.deepcopy(model).requires_grad_(False)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0  # of the new batch everything, of what was there nothing
        norm.train()
    run(network)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
        norm.eval()
    return network
