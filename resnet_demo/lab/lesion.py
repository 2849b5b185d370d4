"""What does the network still know when one of its blocks is deleted?

Delete each block in turn and count the pictures that are then classified wrongly. In a deep residual network hardly
anything happens, except where the picture is halved, and in the first blocks: the other blocks' paths go past the hole.
In a plain network every path leads through every block, and one hole is the end of all of them.

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
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.evaluation import check_classes
from .quick import BATCH, quick
from .wires import block_names, changes_shape, head, passed_on

PICTURES = 1000


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


@torch.inference_mode()
def lesion(model: ResNet, dataset: Dataset, progress: Callable[[float], None] = lambda _: None) -> Lesion:
    """Delete every block of a network, one at a time, on a whole data set.

    `progress` is told the fraction that is done. Raises InputError where the network's classes are not the data set's.
    """
    check_classes(model, dataset)
    domain, names, network = domain_of(model), block_names(model), quick(model)
    wrong = torch.zeros(len(names) + 1, dtype=torch.long)
    for start in range(0, len(dataset), BATCH):
        labels = dataset.labels[start : start + BATCH]
        logits = without_each(network, domain.normalise(dataset.pictures[start : start + BATCH]))
        wrong += (logits.argmax(2) != labels).sum(1)
        progress(min(start + BATCH, len(dataset)) / len(dataset))
    *lesions, whole = (wrong.double() / len(dataset)).tolist()
    halving = tuple(name for name, block in model.named_blocks() if changes_shape(block))
    return Lesion(len(dataset), whole, dict(zip(names, lesions, strict=True)), halving)


@torch.no_grad()
def without_each(model: ResNet, inputs: Tensor) -> Tensor:
    """Logits [blocks + 1, N, classes]: of the network without its first block, …, without its last one, and whole.

    Up to its hole, every variant is the whole network: so far it is computed only once. In all that is half the work of
    computing all variants. Of many pictures only a few at a time should be given; see `quick.BATCH`.
    """
    blocks = [block for _, block in model.named_blocks()]
    x, ends = model.stem(inputs), []
    for number, block in enumerate(blocks, start=1):
        holed = passed_on(block, x)
        for later in blocks[number:]:
            holed = later(holed)
        ends.append(holed)
        x = block(x)
    return torch.stack([head(model, end) for end in (*ends, x)])


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
