"""What does the network still know when many of its blocks are deleted, or change places?

If a residual network is a collection of many paths, then taking away k blocks takes away some of the paths, and the
error should grow smoothly with k. So should it when blocks of a stage swap places, which a pipeline of features, each
built on the last, would not survive.

Veit, Wilber, Belongie 2016, figure 5. (They swap blocks pairwise and tell Kendall's rank correlation with the order as
it was; so do we, in the same stage, where the shapes fit.)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..models.resnet import ResidualBlock, ResNet
from ..training.evaluation import check_classes, evaluate
from .quick import BATCH, quick
from .ranks import kendall, spearman
from .wires import answer_without, changes_shape, head

PICTURES = 250
SWAPS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Draw:
    """One random intervention: how strong it was, and the wrong fraction of the pictures with it."""

    strength: float  # blocks deleted; or Kendall's rank correlation of the order of blocks with the true one
    error: float


@dataclass(frozen=True)
class Lesions:
    """Errors on the same n pictures: of the whole network, with k blocks deleted, with blocks in another order."""

    n: int
    error: float
    deleted: tuple[Draw, ...]
    shuffled: tuple[Draw, ...]

    @property
    def spearman(self) -> float | None:
        """Spearman's rank correlation of the number of deleted blocks with the error: 1 where it grows and grows."""
        return spearman([draw.strength for draw in self.deleted], [draw.error for draw in self.deleted])


@torch.no_grad()
def lesions(
    model: ResNet,
    dataset: Dataset,
    draws: int = 3,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Lesions:
    """Delete 1, 2, 3, … random blocks of those that keep their shape, and swap as many pairs as `SWAPS` says.

    Each is done `draws` times. Raises InputError where the network's classes are not the data set's, or where no block
    can be taken away.
    """
    check_classes(model, dataset)
    names = [name for name, block in model.named_blocks() if not changes_shape(block)]
    if not names:
        raise InputError("Every block of this network changes the shape of what passes: none can be taken away.")
    if draws < 1:
        raise InputError("There must be one draw at least.")
    luck = random.Random(seed)
    holes = [luck.sample(names, count) for count in range(1, len(names) + 1) for _ in range(draws)]
    orders = [_swapped(names, swaps, luck) for swaps in SWAPS for _ in range(draws)]
    total, done, network = len(holes) + len(orders) + 1, 0, quick(model)

    def error_of(logits_of: Callable[[Tensor], Tensor]) -> float:
        nonlocal done
        found = evaluate(network, dataset, BATCH, logits_of).error
        done += 1
        progress(done / total)
        return found

    whole = error_of(network)
    deleted = tuple(
        Draw(len(hole), error_of(lambda inputs, hole=hole: answer_without(network, inputs, hole))) for hole in holes
    )
    shuffled = tuple(
        Draw(
            kendall([names.index(name) for name in order]),
            error_of(lambda inputs, order=order: in_order(network, inputs, dict(zip(names, order, strict=True)))),
        )
        for order in orders
    )
    return Lesions(len(dataset), whole, deleted, shuffled)


def in_order(model: ResNet, inputs: Tensor, instead: dict[str, str]) -> Tensor:
    """Logits [N, classes] where each block named as a key is replaced by the block of its value."""
    blocks: dict[str, ResidualBlock] = dict(model.named_blocks())
    x = model.stem(inputs)
    for name in blocks:
        x = blocks[instead.get(name, name)](x)
    return head(model, x)


def _swapped(names: Sequence[str], swaps: int, luck: random.Random) -> list[str]:
    """The names with so many random pairs of the same stage swapped, one after the other."""
    order = list(names)
    stages = [[i for i, name in enumerate(names) if name.split(".")[0] == stage] for stage in _stages(names)]
    stages = [places for places in stages if len(places) > 1]
    for _ in range(swaps if stages else 0):
        i, j = luck.sample(luck.choice(stages), 2)
        order[i], order[j] = order[j], order[i]
    return order


def _stages(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name.split(".")[0] for name in names))


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """Every draw, and Spearman's correlation of the number of deleted blocks with the error."""
    found = lesions(model, dataset, seed=seed, progress=progress)
    return {
        "n": found.n,
        "error": found.error,
        "deleted": [{"blocks": draw.strength, "error": draw.error} for draw in found.deleted],
        "shuffled": [{"kendall": draw.strength, "error": draw.error} for draw in found.shuffled],
        "spearman": found.spearman,
    }
