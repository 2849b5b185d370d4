"""Do attribution maps point at the object?

On `shapes` the truth is known: where the figure is. Two scores for each map, both from 0 to 1: the pointing game asks
whether its highest place is on the object, the energy what part of all its evidence is. A map that is the same
everywhere scores the object's area in both, and looking at the middle of the picture scores well where objects stand
there; so these two are reported beside the maps.

Zhang, Lin, Brandt, Shen, Sclaroff: Top-down Neural Attention by Excitation Backprop, ECCV 2016, section 4.1 (pointing
game). Wang et al.: Score-CAM, CVPR workshops 2020, section 4.3 (energy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..i18n import Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.evaluation import evaluate, matched
from .bootstrap import Estimate, estimate
from .experiment import Experiment, Progress, first_line
from .interventions import block_names
from .maps import attribution_maps, enlarged
from .reading import Side, both, in_sentence

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


def localise(model: ResNet, dataset: Dataset, progress: Progress = lambda done: None) -> dict[str, dict[str, Tensor]]:
    """Both scores of every picture, [N], by name, for each map of its label: {map: {"pointing": …, "energy": …}}.

    Maps are Grad-CAM of every block, enlarged to the picture's size, saliency and guided backpropagation. Raises
    InputError for a data set without masks, or where the network's classes are not these.
    """
    dataset = matched(model, dataset)
    domain, (height, width) = domain_of(model), dataset.pictures.shape[2:]
    if dataset.masks is None:
        raise InputError(
            "The data set {dataset} does not say where its objects are; shapes does.", dataset=dataset.name
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


@dataclass(frozen=True)
class Report:
    n: int
    accuracy: float  # of the network on these pictures
    area: float  # mean share of a picture that the object covers
    pointing: Mapping[str, Estimate]  # by map
    energy: Mapping[str, Estimate]


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Mean and 95 % interval of both scores by map, the objects' mean area, and how much the network knows."""
    found = localise(model, dataset, progress)
    assert dataset.masks is not None
    pointing, energy = ({name: estimate(scores[score], seed) for name, scores in found.items()} for score in SCORES)
    area = dataset.masks.double().mean().item()
    return Report(len(dataset), evaluate(model, dataset).accuracy, area, pointing, energy)


@dataclass(frozen=True)
class Pointing:
    """Of the maps: the one that points at the object most often, how often, and how many are surely better than …"""

    best: str
    score: float
    maps: int
    than_area: int  # … a map that is the same everywhere
    than_middle: int  # … the middle of the picture, which never looks at it
    middle: float


def pointing_of(side: Side[Report]) -> Pointing:
    scores = dict(side.report.pointing)
    middle = scores.pop(MIDDLE).mean
    scores.pop(UNIFORM, None)
    best = max(scores, key=lambda name: scores[name].mean)
    than_area, than_middle = (
        sum(score.low > chance for score in scores.values()) for chance in (side.report.area, middle)
    )
    return Pointing(best, scores[best].mean, len(scores), than_area, than_middle, middle)


def read(reports: Mapping[str, Report]) -> Sentences:
    said = []
    for side in both(reports):
        found = pointing_of(side)
        said += [
            _(
                "{network} has {accuracy:percent} of these pictures right. The object covers {area:percent} of a "
                "picture; the map whose highest place is on it most often is {best} ({score:percent}).",
                network=side.title,
                accuracy=side.report.accuracy,
                area=side.report.area,
                best=in_sentence(found.best),
                score=found.score,
            ),
            _(
                "{than_area} of {maps} maps point at it significantly more often than its area would explain, and "
                "{than_middle} of {maps} more often than the middle of the picture does ({middle:percent}).",
                than_area=found.than_area,
                maps=found.maps,
                than_middle=found.than_middle,
                middle=found.middle,
            ),
        ]
    return sentences(*said)


EXPERIMENT = Experiment(
    name="localise",
    asks=first_line(__doc__),
    title=_("Do maps point at the object?"),
    question=_(
        "On drawn shapes it is known where the object is. How often is the map’s highest place on it, and how much of "
        "the map lies there?"
    ),
    look_for=_("bars above that of a uniform map, which scores the object’s area."),
    source=_("Zhang et al. 2016 (the pointing game)"),
    group="maps",
    record=Report,
    report=report,
    read=read,
    pictures=300,
    data="shapes",
    masks=True,
    labels=True,
)
