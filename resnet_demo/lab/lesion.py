"""What does the network still know when one of its blocks is deleted?

Delete each block in turn and count the pictures that are then classified wrongly. In a residual network hardly
anything happens, except where the picture is halved: the other blocks' paths go past the hole. In a plain network every
path leads through every block, and one hole is the end of all of them.

Veit, Wilber, Belongie: Residual Networks Behave Like Ensembles of Relatively Shallow Networks, 2016, figure 3.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..evaluation import check_classes
from ..predict import domain_of
from ..resnet import ResNet
from .wires import block_names, changes_shape, head, passed_on

PICTURES = 1000
BATCH = 50  # pictures at a time; the variants of them without a block make it many more


@dataclass(frozen=True)
class Lesion:
    """Wrong fractions of the same n pictures: of the whole network, and by block, with that block deleted."""

    n: int
    error: float
    without: dict[str, float]
    halving: tuple[str, ...]  # the blocks whose shortcut cannot be the identity, since the shape changes

    @property
    def added(self) -> dict[str, float]:
        """By how much the error grows, by block: 0.05 is five points."""
        return {name: error - self.error for name, error in self.without.items()}

    @property
    def median_added(self) -> float:
        return statistics.median(self.added.values())


@torch.no_grad()
def lesion(model: ResNet, dataset: Dataset, progress: Callable[[float], None] = lambda _: None) -> Lesion:
    """Delete every block of a network, one at a time, on a whole data set.

    `progress` is told the fraction that is done. Raises InputError where the network's classes are not the data set's.
    """
    check_classes(model, dataset)
    domain, names = domain_of(model), block_names(model)
    wrong = torch.zeros(len(names) + 1, dtype=torch.long)
    for start in range(0, len(dataset), BATCH):
        labels = dataset.labels[start : start + BATCH]
        logits = without_each(model, domain.normalise(dataset.pictures[start : start + BATCH]))
        wrong += (logits.argmax(2) != labels).sum(1)
        progress(min(start + BATCH, len(dataset)) / len(dataset))
    *lesions, whole = (wrong.double() / len(dataset)).tolist()
    halving = tuple(name for name, block in model.named_blocks() if changes_shape(block))
    return Lesion(len(dataset), whole, dict(zip(names, lesions, strict=True)), halving)


@torch.no_grad()
def without_each(model: ResNet, inputs: Tensor) -> Tensor:
    """Logits [blocks + 1, N, classes]: of the network without its first block, …, without its last one, and whole.

    All variants agree up to the block that one of them lacks: so far they are computed once. From there on they go
    through the same blocks, and are computed together. In all that is half the work of doing one after the other.
    """
    x = model.stem(inputs)  # [N, C, H, W]
    holed = x[:0]  # the variants that lack a block already: [variants * N, C, H, W]
    for _, block in model.named_blocks():
        fresh = passed_on(block, x)
        outputs = block(torch.cat([x, holed]))
        x, holed = outputs[: len(x)], torch.cat([outputs[len(x) :], fresh])
    return head(model, torch.cat([holed, x])).view(-1, len(inputs), model.config.classes)


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """The error without each block, and by how much it is larger than the whole network's."""
    found = lesion(model, dataset, progress)
    return {
        "n": found.n,
        "error": found.error,
        "without": found.without,
        "added": found.added,
        "median_added": found.median_added,
        "halving": list(found.halving),
    }
