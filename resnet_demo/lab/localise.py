"""Do attribution maps point at the object?

On `shapes` the truth is known: where the figure is. Two scores for each map, both from 0 to 1: the pointing game asks
whether its highest place is on the object, the energy what part of all its evidence is. A map that is the same
everywhere scores the object's area in both, and looking at the middle of the picture scores well where objects stand
there; so these two are told beside the maps.

Zhang, Lin, Brandt, Shen, Sclaroff: Top-down Neural Attention by Excitation Backprop, ECCV 2016, section 4.1 (pointing
game). Wang et al.: Score-CAM, CVPR workshops 2020, section 4.3 (energy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.evaluation import evaluate
from .bootstrap import told
from .maps import attribution_maps, enlarged
from .wires import block_names

PICTURES = 300
DATA, MASKS = "shapes", True
BATCH = 50

SCORES = ("pointing", "energy")
UNIFORM, MIDDLE = "the same everywhere", "the middle"


def pointing(maps: Tensor, masks: Tensor) -> Tensor:
    """The pointing game: 1 where a map's highest place is on the object, else 0, [N]. Of several highest, their mean.

    Maps [N, H, W], masks bool [N, H, W].
    """
    highest = maps == maps.amax((1, 2), keepdim=True)
    return (highest & masks).sum((1, 2)).double() / highest.sum((1, 2))


def energy(maps: Tensor, masks: Tensor) -> Tensor:
    """What part of a map's evidence is on the object, [N]. Maps [N, H, W] from 0 up, masks bool [N, H, W].

    A map without any evidence counts as one that is the same everywhere.
    """
    maps = maps.double()
    maps = torch.where(maps.amax((1, 2), keepdim=True) > 0, maps, 1.0)
    return (maps * masks).sum((1, 2)) / maps.sum((1, 2))


def middle(height: int, width: int) -> Tensor:
    """A map [height, width] that falls from 1 in the middle of the picture to 0 in its corners."""
    y, x = (torch.linspace(-1, 1, side) for side in (height, width))
    return 1 - (y[:, None].square() + x.square()).sqrt() / 2**0.5


def localise(
    model: ResNet, dataset: Dataset, progress: Callable[[float], None] = lambda _: None
) -> dict[str, dict[str, Tensor]]:
    """Both scores of every picture, [N], by name, for each map of its label: {map: {"pointing": …, "energy": …}}.

    Maps are Grad-CAM of every block, enlarged to the picture's size, saliency and guided backpropagation. Raises
    InputError for a data set without masks, or where the network has learned other classes than these.
    """
    domain, (height, width) = domain_of(model), dataset.pictures.shape[2:]
    if dataset.masks is None:
        raise InputError(f"The data set {dataset.name} does not tell where its objects are; shapes does.")
    if domain.labels != dataset.classes:
        raise InputError(
            f"The network tells {domain.labels[0]}, {domain.labels[1]}, … apart, which are not in {dataset.name}; take "
            "one that was trained on it."
        )
    parts: dict[str, list[tuple[Tensor, Tensor]]] = {}
    for start in range(0, len(dataset), BATCH):
        rows = slice(start, start + BATCH)
        inputs, masks = domain.normalise(dataset.pictures[rows]), dataset.masks[rows]
        maps = attribution_maps(model, inputs, dataset.labels[rows], block_names(model))
        baselines = {UNIFORM: torch.ones(height, width), MIDDLE: middle(height, width)}
        for name, values in (baselines | maps).items():
            values = values.expand_as(masks) if values.ndim == 2 else enlarged(values, height, width)
            parts.setdefault(name, []).append((pointing(values, masks), energy(values, masks)))
        progress(min(start + BATCH, len(dataset)) / len(dataset))
    return {
        name: dict(zip(SCORES, map(torch.cat, zip(*scores, strict=True)), strict=True))
        for name, scores in parts.items()
    }


def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """Mean and 95 % interval of both scores by map, the objects' mean area, and how much the network knows."""
    found = localise(model, dataset, progress)
    assert dataset.masks is not None
    return {
        "n": len(dataset),
        "accuracy": evaluate(model, dataset).accuracy,
        "area": dataset.masks.double().mean().item(),
        **{score: {name: told(scores[score], seed) for name, scores in found.items()} for score in SCORES},
    }
