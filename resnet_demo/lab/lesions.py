"""What does the network still know when many of its blocks are deleted, or change places?

If a residual network is a collection of many paths, then taking away k blocks takes away some of the paths, and the
error should grow smoothly with k. So should it when blocks of a stage swap places, which a pipeline of features, each
built on the last, would not survive.

Veit, Wilber, Belongie 2016, figure 5. (They swap blocks pairwise and tell Kendall's rank correlation with the order as
it was; so do we, in the same stage, where the shapes fit.)
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..i18n import Sentences, _, sentences
from ..models.resnet import ResidualBlock, ResNet
from ..training.evaluation import check_classes, evaluate
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import answer_without, changes_shape
from .quick import BATCH, quick
from .ranks import kendall, spearman
from .reading import both, sides

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
    progress: Progress = lambda done: None,
) -> Lesions:
    """Delete 1, 2, 3, … random blocks of those that keep their shape, and swap as many pairs as `SWAPS` says.

    Each is done `draws` times. Raises InputError where the network's classes are not the data set's, or where no block
    can be taken away.
    """
    check_classes(model, dataset)
    names = [name for name, block in model.named_blocks() if not changes_shape(block)]
    if not names:
        raise InputError("Every block of this network changes the shape of its input: none can be removed.")
    if draws < 1:
        raise InputError("At least one draw is needed.")
    luck = random.Random(seed)
    holes = [luck.sample(names, count) for count in range(1, len(names) + 1) for _draw in range(draws)]
    orders = [_swapped(names, swaps, luck) for swaps in SWAPS for _draw in range(draws)]
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
    return model.head(x)


def _swapped(names: Sequence[str], swaps: int, luck: random.Random) -> list[str]:
    """The names with so many random pairs of the same stage swapped, one after the other."""
    order = list(names)
    stages = [[i for i, name in enumerate(names) if name.rpartition(".")[0] == stage] for stage in _stages(names)]
    stages = [places for places in stages if len(places) > 1]
    for _swap in range(swaps if stages else 0):
        i, j = luck.sample(luck.choice(stages), 2)
        order[i], order[j] = order[j], order[i]
    return order


def _stages(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in names))


@dataclass(frozen=True)
class Deletion:
    """A draw of deleted blocks, and the wrong fraction of the pictures."""

    blocks: int
    error: float


@dataclass(frozen=True)
class Shuffle:
    """A draw of another order, and the wrong fraction of the pictures."""

    kendall: float  # the rank correlation of the order with the true one
    error: float


@dataclass(frozen=True)
class Report:
    n: int
    error: float  # of the whole network
    deleted: tuple[Deletion, ...]
    shuffled: tuple[Shuffle, ...]
    spearman: float | None  # of the number of deleted blocks with the error; None where the error never changes

    def after_deleting(self, blocks: int) -> float | None:
        """The mean error with so many random blocks deleted."""
        errors = [draw.error for draw in self.deleted if draw.blocks == blocks]
        return statistics.mean(errors) if errors else None


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Every draw, and Spearman's correlation of the number of deleted blocks with the error."""
    found = lesions(model, dataset, seed=seed, progress=progress)
    deleted = tuple(Deletion(int(draw.strength), draw.error) for draw in found.deleted)
    shuffled = tuple(Shuffle(draw.strength, draw.error) for draw in found.shuffled)
    return Report(found.n, found.error, deleted, shuffled, found.spearman)


def many_missed(
    rank: float, residual: float | None, plain: float | None
) -> Literal["plain lost", "gradual", "not smooth"]:
    """How the residual network's error grows, by its rank correlation with the number of blocks deleted.

    And whether the plain one's jumps: the errors without one block.
    """
    if rank <= 0.8:
        return "not smooth"
    apart = residual is not None and plain is not None and plain > residual + 0.2
    return "plain lost" if apart else "gradual"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        one, rank = side.report.after_deleting(1), side.report.spearman
        if one is None:
            continue
        found = {"network": side.title, "error": side.report.error, "one": one}
        said.append(
            _(
                "{network}: {error:percent} wrong as it is, {one:percent} without one block (the error never changes).",
                **found,
            )
            if rank is None
            else _(
                "{network}: {error:percent} wrong as it is, {one:percent} without one block (rank correlation of the "
                "error with the number of deleted blocks: {rank:.2f}).",
                **found,
                rank=rank,
            )
        )
    if residual and plain and residual.report.spearman is not None:
        verdicts = {
            "plain lost": _(
                "The residual network gets worse step by step; the plain network fails as soon as one block is missing."
            ),
            "gradual": _("The residual network gets worse step by step, and the plain one not much faster."),
            "not smooth": _("The residual network’s error does not grow smoothly here, unlike in Veit et al."),
        }
        ones = (side.report.after_deleting(1) for side in (residual, plain))
        said.append(verdicts[many_missed(residual.report.spearman, *ones)])
    return sentences(*said)


EXPERIMENT = Experiment(
    name="lesions",
    asks=first_line(__doc__),
    title=_("And without many, or in another order?"),
    question=_(
        "Delete more and more blocks, chosen at random; or let blocks of the same stage change places. A pipeline in "
        "which each step builds on the last should break at once. A collection of many paths should get worse little "
        "by little."
    ),
    look_for=_("whether a curve climbs step by step or jumps at once. Each dot is one random draw."),
    source=_("Veit, Wilber, Belongie 2016, figure 5"),
    group="ablation",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Error without one random block"), lambda report: report.after_deleting(1), "share"),
        Measure(_("Rank correlation of error and deleted blocks"), lambda report: report.spearman),
    ),
    verdict=lambda residual, plain: (
        residual.spearman is not None
        and many_missed(residual.spearman, residual.after_deleting(1), plain.after_deleting(1))
    ),
    pictures=250,
    labels=True,
)
