"""Does a block move its input the way the loss would have it moved?

To first order a block changes the loss by F(h) times the gradient of the loss at its input h. If F(h) points against
that gradient, the block takes a small step of gradient descent on what passes: it refines it. So one measures the
cosine between F(h) and the negative gradient: above 0 is downhill.

Jastrzebski, Arpit, Ballas, Verma, Che, Bengio: Residual Connections Encourage Iterative Inference, ICLR 2018. Where a
block changes the shape, F(h) and h cannot be compared, and it is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from ..data import Dataset
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .wires import changes_shape

PICTURES = 500
BATCH = 50


def refinement(model: ResNet, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Cosine of F(h) and the negative gradient at h for every picture, [N], by block that keeps its shape.

    Inputs [N, 3, H, W], labels int64 [N]. The loss is each picture's own cross-entropy. A plain block has an F, too; it
    is all that it gives on.
    """
    view = private_view(model)
    befores: dict[str, Tensor] = {}
    branches: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = view.stem(inputs.detach().clone().requires_grad_())
        for name, block in view.named_blocks():
            if not changes_shape(block):
                befores[name], branches[name] = x, block.residual(x).detach()
            x = block(x)
        loss = cross_entropy(view.fc(x.mean(dim=(2, 3))), labels, reduction="sum")
    found = torch.autograd.grad(loss, list(befores.values())) if befores else ()
    return {
        name: cosine_similarity(branches[name].flatten(1), -gradient.flatten(1), dim=1)
        for name, gradient in zip(befores, found, strict=True)
    }


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """Mean cosine by block; the mean and the median of these, None where every block changes the shape."""
    domain, parts = domain_of(model), []
    for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True):
        parts.append(refinement(model, domain.normalise(pictures), labels))
        progress(min(len(parts) * BATCH, len(dataset)) / len(dataset))
    means = {name: torch.cat([part[name] for part in parts]).mean().item() for name in parts[0]}
    return {
        "n": len(dataset),
        "mean": statistics.mean(means.values()) if means else None,
        "median": statistics.median(means.values()) if means else None,
        "cosine": means,
    }
