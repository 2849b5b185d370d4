"""What does the network still know when one of its blocks is deleted?

Delete each block in turn and count the pictures that are then classified wrongly. In a deep residual network hardly
anything happens, except where the picture is halved, and in the first blocks: the other blocks' paths go past the hole.
In a plain network every path leads through every block, and one hole is the end of all of them.

Veit, Wilber, Belongie: Residual Networks Behave Like Ensembles of Relatively Shallow Networks, 2016, figure 3.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.evaluation import check_classes
from .experiment import Experiment, Progress, first_line
from .interventions import block_names, changes_shape, passed_on
from .quick import BATCH, quick
from .reading import both, extreme, sides


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
def lesion(model: ResNet, dataset: Dataset, progress: Progress = lambda done: None) -> Lesion:
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
    return torch.stack([model.head(end) for end in (*ends, x)])


@dataclass(frozen=True)
class Report:
    """The errors are wrong fractions of the pictures."""

    n: int
    error: float  # of the whole network
    without: Mapping[str, float]  # by block: the error with that block deleted
    added: Mapping[str, float]  # by block: by how much that is more
    median_added: float
    halving: tuple[str, ...]  # the blocks whose shortcut cannot be the identity


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The error without each block, and by how much it is larger than the whole network's."""
    found = lesion(model, dataset, progress)
    return Report(found.n, found.error, found.without, found.added, found.median_added, found.halving)


def missed(residual: float, plain: float) -> Literal["vital", "more", "no more"]:
    """Whether a plain network misses its blocks more, by the medians of the error that deleting one adds."""
    return "vital" if plain > 4 * max(residual, 0.01) else "more" if plain > residual + 0.02 else "no more"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        block, most = extreme(side.report.added, largest=True)
        least = min(side.report.added.values())
        said.append(
            _(
                "Without one of its blocks {network} has {median:.1f} points more wrong in the median, at least "
                "{least:.1f} and at most {most:.1f} (block {block}).",
                network=side.title,
                median=100 * side.report.median_added,
                least=100 * least,
                most=100 * most,
                block=block,
            )
        )
    if residual and plain:
        verdicts = {
            "vital": _(
                "The residual network hardly misses a single block; in the plain network every single block is vital."
            ),
            "more": _("The plain network suffers more, but not by as much as Veit et al. found."),
            "no more": _("Here the plain network does not suffer more, unlike in Veit et al."),
        }
        said.append(verdicts[missed(residual.report.median_added, plain.report.median_added)])
    return sentences(*said)


EXPERIMENT = Experiment(
    name="lesion",
    asks=first_line(__doc__),
    title=_("What is left without one block?"),
    question=_(
        "Delete one block, so that its input goes straight on to the next one. Count how many test pictures are now "
        "classified wrongly, put the block back, and delete the next."
    ),
    look_for=_(
        "the height of the bars. ½ marks blocks that halve the picture, where nothing can pass unchanged. A click on a "
        "bar cuts that block for your picture."
    ),
    source=_("Veit, Wilber, Belongie 2016, figure 3"),
    group="ablation",
    record=Report,
    report=report,
    read=read,
    pictures=1000,
    labels=True,
)
