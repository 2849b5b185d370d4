"""How strongly does each layer respond?

The response of a layer is what its 3x3 convolution and batch norm give, before the ReLU and before the addition. In a
residual network responses are smaller than in a plain one, and the smaller the deeper it is: each block only has to
change what passes, and with more blocks each changes it less.

He et al. 2015, section 4.2, "Analysis of Layer Responses", and figure 7.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet

PICTURES = 500
BATCH = 125


@torch.no_grad()
def responses(model: ResNet, dataset: Dataset, progress: Callable[[float], None] = lambda _: None) -> dict[str, float]:
    """Standard deviation of every response over pictures, places and channels, by layer, from input to output."""
    view, domain = private_view(model), domain_of(model)
    sums: dict[str, Tensor] = {}  # of 1, of the values, of their squares

    def measure(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            values = output.double()
            found = torch.stack([torch.tensor(float(values.numel())), values.sum(), values.square().sum()])
            sums[name] = sums.get(name, torch.zeros(3, dtype=torch.float64)) + found

        return hook

    with ExitStack() as hooks:
        for name, norm in _layers(view):
            hooks.enter_context(norm.register_forward_hook(measure(name)))
        for start in range(0, len(dataset), BATCH):
            view(domain.normalise(dataset.pictures[start : start + BATCH]))
            progress(min(start + BATCH, len(dataset)) / len(dataset))
    found = {}
    for name, (count, total, squares) in sums.items():
        found[name] = (squares / count - (total / count) ** 2).clamp(min=0).sqrt().item()
    return found


def _layers(model: ResNet) -> Iterator[tuple[str, nn.Module]]:
    """The stem's batch norm, and those in the residual branches: the last thing that a layer does."""
    yield "stem", model.get_submodule("stem.bn")
    for name, block in model.named_blocks():
        for layer, module in block.residual.named_children():
            if isinstance(module, nn.BatchNorm2d):
                yield f"{name}.{layer.replace('bn', 'conv')}", module


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """The responses in the order of the layers, and their mean."""
    found = responses(model, dataset, progress)
    return {"n": len(dataset), "mean": statistics.mean(found.values()), "std": found}
