"""What would the network answer if it stopped after a block?

The shortcuts of kind A have no weights: what leaves a block can be carried through all that remain, averaged and
classified. That is the network without its later residual branches, and shows an answer growing block by block
(in language models it is known as the logit lens: nostalgebraist 2020).

What a block contributes to a class's logit is the logit after it less the one before. Nothing is left over: the
contributions, with that of the stem, add up to the network's logit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..interpret.trace import Trace
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .wires import NO_DIALS, Dial, answer_without, block_names, head, passed_on, states

PICTURES = 1000
BATCH = 50


@dataclass(frozen=True)
class Lens:
    """Logits [blocks + 1, N, classes]: after the stem, after the first block, …, after the last: the network's own."""

    names: tuple[str, ...]  # of the blocks
    logits: Tensor

    @property
    def contributions(self) -> Tensor:
        """What the stem and each block add to the logits, [blocks + 1, N, classes]; the sum is the network's answer."""
        return torch.cat([self.logits[:1], self.logits.diff(dim=0)])

    def first_right(self, labels: Tensor) -> list[int | None]:
        """For each picture, after how many blocks the answer is its label [N] and stays so; None: never."""
        stays = (self.logits.argmax(2) == labels).flip(0).long().cumprod(0).flip(0).bool()  # [blocks + 1, N]
        return [int(column.nonzero()[0]) if column.any() else None for column in stays.T]


@torch.no_grad()
def lens(model: ResNet, inputs: Tensor) -> Lens:
    """Look at the answers that grow inside a network, for inputs [N, 3, H, W].

    A plain network has no shortcuts that could carry a value on; it is given those of its residual twin. It was never
    trained to make sense that way, and the picture shows it.
    """
    found = read_off(model, [state for _, state in states(model, inputs)])
    return Lens(tuple(block_names(model)), found)


@torch.no_grad()
def read_off(model: ResNet, states: Sequence[Tensor]) -> Tensor:
    """Carry what left the stem and each block, [N, C, H, W], past all later blocks: logits [blocks + 1, N, classes]."""
    waiting = states[0]  # one after the other: [readings * N, C, H, W]
    for (_, block), state in zip(model.named_blocks(), states[1:], strict=True):
        waiting = torch.cat([passed_on(block, waiting), state])
    return head(model, waiting).view(len(states), len(states[0]), -1)


@dataclass(frozen=True)
class Beside:
    """One picture's way through a network as it is, and with its wires changed."""

    states: dict[str, Tensor]  # what leaves the stem and each block now
    before: Tensor  # readings of the network as it is, [blocks + 1, classes]
    after: Tensor  # and now

    def into(self, name: str) -> Tensor:
        """What a block gets now."""
        return {block: self.states[before] for before, block in pairwise(self.states)}[name]


@torch.no_grad()
def beside(model: ResNet, trace: Trace, dials: Mapping[str, Dial] = NO_DIALS, deleted: Collection[str] = ()) -> Beside:
    """Look at the answers that grow in a network with blocks dialled or deleted, beside those of a trace of it.

    Only from the first changed block on is the network computed. InputError for a block that it does not have.
    """
    known = {"stem": trace.blocks[0].x, **{block.name: block.output for block in trace.blocks}}
    found = dict(states(model, trace.image, dials, deleted, known))
    return Beside(found, read_off(model, list(known.values()))[:, 0], read_off(model, list(found.values()))[:, 0])


@torch.no_grad()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """The wrong fraction after the stem and after each block, and how much each adds to the logit of the label.

    `identity_error` is the largest difference, over the first pictures, between a reading and the network whose later
    residual branches are cut; `sum_error` that between all contributions together and the network's logits.
    """
    domain, lenses = domain_of(model), []
    for pictures in dataset.pictures.split(BATCH):
        lenses.append(lens(model, domain.normalise(pictures)))
        progress(BATCH * len(lenses) / len(dataset))
    first, logits = domain.normalise(dataset.pictures[:BATCH]), torch.cat([found.logits for found in lenses], dim=1)
    seen = Lens(lenses[0].names, logits)
    cut = torch.stack([answer_without(model, first, seen.names[count:]) for count in range(len(seen.names) + 1)])
    labels = dataset.labels.view(1, -1, 1).expand(len(logits), -1, 1)
    after = ("stem", *seen.names)
    return {
        "n": len(dataset),
        "error": dict(zip(after, (logits.argmax(2) != dataset.labels).double().mean(1).tolist(), strict=True)),
        "contribution": dict(zip(after, seen.contributions.gather(2, labels).mean((1, 2)).tolist(), strict=True)),
        "identity_error": (cut - lenses[0].logits).abs().max().item(),
        "sum_error": (seen.contributions.sum(0) - logits[-1]).abs().max().item(),
    }
