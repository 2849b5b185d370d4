"""Does the gradient vanish in a deep network without shortcuts?

That is the popular reason for shortcuts, and not the paper's: with batch norm, say He et al. 2015 in section 4.1, the
plain network's signals and gradients keep healthy norms, and still it trains worse. So one looks: at the gradient of
the loss at the output of every block, in a fresh network with batch norm and without, begun with He et al.'s weights
and with PyTorch's usual, smaller ones; and in the trained network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..data import Dataset
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet

PICTURES = 64
MOST = 256  # one batch, as in a training


def gradients(model: ResNet, inputs: Tensor, labels: Tensor) -> dict[str, float]:
    """Norm of the loss's gradient at every block's output, by name. Inputs [N, 3, H, W], labels int64 [N].

    Batch norm is computed over this batch, as in training; the model and its statistics stay as they are.
    """
    view = private_view(model)
    for module in view.modules():
        if isinstance(module, nn.BatchNorm2d):  # over the batch, without touching the shared statistics
            module.training, module.track_running_stats = True, False
            module._buffers.update(running_mean=None, running_var=None, num_batches_tracked=None)
    outputs: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = view.stem(inputs.detach().clone().requires_grad_())  # so that there is a graph where the weights are frozen
        for name, block in view.named_blocks():
            x = outputs[name] = block(x)
        loss = cross_entropy(view.fc(x.mean(dim=(2, 3))), labels)
    found = torch.autograd.grad(loss, list(outputs.values()))
    return {name: gradient.norm().item() for name, gradient in zip(outputs, found, strict=True)}


def fresh(model: ResNet, seed: int, batch_norm: bool, small: bool) -> ResNet:
    """The same architecture with new weights: He et al.'s, or PyTorch's `small` ones; with or without batch norm."""
    network = ResNet(model.config, seed)
    network.domain = model.domain
    if small:
        luck = torch.Generator().manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):  # what nn.Conv2d begins with: a sixth of the variance of He et al.'s
                bound = module.weight[0].numel() ** -0.5
                nn.init.uniform_(module.weight, -bound, bound, generator=luck)
    return network if batch_norm else without_batch_norm(network)


def without_batch_norm(model: ResNet) -> ResNet:
    """A copy in which nothing stands where batch norm stood."""
    bare = copy.deepcopy(model)
    for module in list(bare.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return bare


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """Gradient norms by block in each case, and how much smaller the first block's is than the last one's."""
    inputs, cases = domain_of(model).normalise(dataset.pictures), {"trained": model}
    for weights in ("He", "PyTorch"):
        for norm in ("with", "without"):
            title = f"{weights}'s start, {norm} batch norm"
            cases[title] = fresh(model, seed, batch_norm=norm == "with", small=weights == "PyTorch")
    norms, first_to_last = {}, {}
    for number, (title, network) in enumerate(cases.items(), start=1):
        norms[title] = gradients(network, inputs, dataset.labels)
        by_block = list(norms[title].values())
        first_to_last[title] = by_block[0] / by_block[-1] if by_block[-1] else None
        progress(number / len(cases))
    return {"n": len(dataset), "first_to_last": first_to_last, "norms": norms}
