"""Is the ground around the trained weights smoother with shortcuts?

Walk away from the trained weights in two random directions and look at the loss. With shortcuts one finds a wide bowl;
without them, in a deep network, it is narrow and its walls are steep.

A network computes the same with its filters larger and what follows smaller, and a step of some length would mean
something else then. So each filter of a direction is made as long as the same filter of the network. Biases and batch
norm's factors stay as they are, and batch norm keeps the statistics of the training (eval mode).

Li, Xu, Taylor, Studer, Goldstein: Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018, section 4 (the filters'
normalisation), figures 1 and 5.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..i18n import Message, Sentences, _, sentences
from ..models.resnet import ResNet
from ..training.evaluation import evaluate
from ..training.trainer import SEEDS
from .experiment import Experiment, Measure, Progress, first_line
from .reading import both, magnitude, sides

BATCH = 30  # so few stay in the processor's caches on their way through the network
STEPS = 15  # along each of the two directions
PAIRS, COARSE = 3, 9  # of directions: the first as finely as above, the others in so many steps
REACH = 1.0  # as far as the filters are long


@dataclass(frozen=True)
class Landscape:
    """The loss on a square of weights: `losses` [steps, steps], by coordinates along the first and second direction."""

    coordinates: tuple[float, ...]
    losses: Tensor

    @property
    def centre(self) -> float:
        """The loss of the network itself."""
        middle = len(self.coordinates) // 2
        return self.losses[middle, middle].item()

    @property
    def low_share(self) -> float:
        """The share of the square where the loss is below twice its minimum."""
        return self.share_below(2 * self.losses.min().item())

    def share_below(self, loss: float) -> float:
        """The share of the square where the loss is below this one, which can be the same for several networks."""
        return (self.losses < loss).double().mean().item()


@torch.no_grad()
def landscape(
    model: ResNet,
    dataset: Dataset,
    steps: int = STEPS,
    reach: float = REACH,
    seed: int = 0,
    progress: Progress = lambda done: None,
) -> Landscape:
    """The mean loss over a data set at `steps` x `steps` weights, up to `reach` away in each of two directions.

    Raises InputError unless the steps are an odd number from 3 on, so that the network itself is in the middle.
    """
    half, even = divmod(steps - 1, 2)
    if even or half < 1:
        raise InputError("The grid needs an odd number of steps, at least 3, not {steps!r}.", steps=steps)
    coordinates = tuple(reach * step / half for step in range(-half, half + 1))
    first, second = direction(model, 2 * seed), direction(model, 2 * seed + 1)
    walker = copy.deepcopy(model).requires_grad_(False)
    losses = torch.empty(len(coordinates), len(coordinates), dtype=torch.float64)
    for row, a in enumerate(coordinates):
        for column, b in enumerate(coordinates):
            for name, weight in model.named_parameters():
                walker.get_parameter(name).copy_(weight + a * first[name] + b * second[name])
            losses[row, column] = evaluate(walker, dataset, BATCH).loss
            progress((row * len(coordinates) + column + 1) / losses.numel())
    return Landscape(coordinates, losses)


def direction(model: ResNet, seed: int) -> dict[str, Tensor]:
    """A random direction in the space of weights, each of its filters as long as the network's; by parameter.

    A filter is what makes one channel of a convolution's output, or one logit. A plain network and its twin get the
    same draws: projections, which only one of them has, come last.
    """
    # From a seed that no training has: the network's own would draw the very weights that it started from.
    luck, found = torch.Generator().manual_seed(SEEDS + seed), {}
    for name, weight in sorted(model.named_parameters(), key=lambda named: "shortcut" in named[0]):
        if weight.ndim < 2:  # a bias, or one of batch norm's
            found[name] = torch.zeros_like(weight)
        else:
            drawn = torch.randn(weight.shape, generator=luck)
            found[name] = drawn * (_lengths(weight.detach()) / _lengths(drawn))
    return found


def _lengths(weight: Tensor) -> Tensor:
    """Of each filter, in a shape that broadcasts over them."""
    return weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.ndim - 1))


@dataclass(frozen=True)
class Report:
    """Losses; None in a file: beyond all numbers."""

    n: int
    centre: float | None  # of the network itself
    exact_at_centre: bool  # whether the middle of the square is exactly the network
    minimum: float | None
    median: float | None
    maximum: float | None
    share_below_twice_the_minimum: float
    guessing: float  # of one who thinks all classes equally likely: a measure that is the same for every network
    share_below_guessing: float
    coordinates: tuple[float, ...]
    losses: tuple[tuple[float | None, ...], ...]  # by coordinates along the first and the second direction
    other_shares: tuple[float, ...] = ()  # below guessing, with other pairs of directions; older results have none

    @property
    def shares(self) -> tuple[float, ...]:
        """The share below guessing with each pair of directions."""
        return (self.share_below_guessing, *self.other_shares)


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The losses, row by row; that of the network, and whether the middle of the square is exactly it.

    And how far the region of low loss reaches with other pairs of directions.
    """
    guessing, work = math.log(len(dataset.classes)), STEPS**2 + (PAIRS - 1) * COARSE**2
    found = landscape(model, dataset, seed=seed, progress=lambda done: progress(done * STEPS**2 / work))
    return Report(
        n=len(dataset),
        centre=found.centre,
        exact_at_centre=found.centre == evaluate(model, dataset, BATCH).loss,
        minimum=found.losses.min().item(),
        median=found.losses.median().item(),
        maximum=found.losses.max().item(),
        share_below_twice_the_minimum=found.low_share,
        guessing=guessing,
        share_below_guessing=found.share_below(guessing),
        coordinates=found.coordinates,
        losses=tuple(map(tuple, found.losses.tolist())),
        other_shares=other_shares(
            model, dataset, guessing, seed, lambda done: progress((STEPS**2 + done * (work - STEPS**2)) / work)
        ),
    )


def other_shares(
    model: ResNet, dataset: Dataset, guessing: float, seed: int, progress: Progress = lambda done: None
) -> tuple[float, ...]:
    """The share of the square where the loss is below guessing, for every further pair of directions."""
    found: list[float] = []
    for pair in range(PAIRS - 1):
        seen = landscape(
            model,
            dataset,
            COARSE,
            seed=seed + 1 + pair,
            progress=lambda done: progress((len(found) + done) / (PAIRS - 1)),
        )
        found.append(seen.share_below(guessing))
    return tuple(found)


def agreed(residual: Report, plain: Report) -> Literal["alike", "farther", "no farther", "mixed"]:
    """How far low ground reaches with shortcuts; "mixed" where that is farther with some directions and less far with
    others.
    """
    pairs = list(zip(residual.shares, plain.shares, strict=False))
    found = [low_ground(*pair) for pair in pairs]
    if all(ours > theirs for ours, theirs in pairs) and "farther" in found:
        return "farther"
    if all(ours < theirs for ours, theirs in pairs) and "no farther" in found:
        return "no farther"
    return "alike" if set(found) == {"alike"} else "mixed"


def low_ground(residual: float, plain: float) -> Literal["alike", "farther", "no farther"]:
    """How far it reaches with shortcuts, compared with the plain network's, by its share of the map."""
    if max(residual, plain) <= 1.5 * min(residual, plain):
        return "alike"
    return "farther" if residual > plain else "no farther"


def _percents(shares: Sequence[float]) -> list[Message]:
    return [_("{share:percent}", share=share) for share in shares]


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = [
        _(
            "{network}’s loss ranges from {minimum} to {maximum}; on {share:percent} of the map it is below "
            "{guessing:.2f}, the loss of guessing.",
            network=side.title,
            minimum=magnitude(side.report.minimum),
            maximum=magnitude(side.report.maximum),
            share=side.report.share_below_guessing,
            guessing=side.report.guessing,
        )
        for side in both(reports)
    ]
    if residual and plain:
        verdicts = {
            "alike": _("By this measure the two hardly differ."),
            "farther": _("With shortcuts the region of low loss is larger."),
            "no farther": _("Here the region of low loss is not larger with shortcuts, unlike in Li et al."),
            "mixed": _("Which of the two regions of low loss is larger depends on the directions."),
        }
        said.append(verdicts[agreed(residual.report, plain.report)])
        if all(side.report.other_shares for side in (residual, plain)):
            said.append(
                _(
                    "With {pairs} pairs of directions its part of the map is {residual:and} in {network}, and "
                    "{plain:and} in {twin}.",
                    pairs=len(residual.report.shares),
                    residual=_percents(residual.report.shares),
                    network=residual.title,
                    plain=_percents(plain.report.shares),
                    twin=plain.title,
                )
            )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="landscape",
    asks=first_line(__doc__),
    title=_("Is the loss surface smoother?"),
    question=_(
        "Walk away from the trained weights in two random directions, each filter in proportion to its length, and "
        "draw the loss on test pictures as a map and as a surface. The drawing is of one pair of directions around one "
        "training of each network; the region of low loss is measured with two other pairs, too."
    ),
    look_for=_(
        "how far the region of low loss reaches, and how steep the walls around it are. Below each map is its surface, "
        "seen from above at an angle: from contour to contour the loss doubles. The same tone and the same height mean "
        "the same loss in both networks."
    ),
    source=_("Li et al. 2018, figures 1 and 5"),
    group="surface",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Part of the map that is better than guessing"), lambda report: report.share_below_guessing, "share"),
    ),
    verdict=agreed,
    pictures=150,
    labels=True,
)
