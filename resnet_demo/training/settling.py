"""Batch norm's statistics, measured anew at the end of a training."""

from __future__ import annotations

import torch
from torch import nn

from ..data import Dataset, batches
from ..models.predict import domain_of
from ..models.resnet import ResNet


@torch.no_grad()
def settle(model: ResNet, dataset: Dataset, batch: int) -> None:
    """Measure the batch-norm statistics anew, on whole pictures and with the weights as they are now.

    Those that were gathered while training lag behind the weights, and may be of smaller crops. The new ones are means
    over whole batches; an incomplete last one is left out.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta, was_training = [norm.momentum for norm in norms], model.training
    device, batch = next(model.parameters()).device, min(batch, len(dataset))
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    model.train()
    try:
        for pictures, _ in batches(dataset, batch):
            if len(pictures) == batch:  # a small last batch would count as much as the others
                model(domain_of(model).normalise(pictures.to(device)))
    finally:
        model.train(was_training)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
