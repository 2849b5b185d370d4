"""What does the network still know when one of its blocks is deleted?

Delete each block in turn and count the pictures that are then classified wrongly. In a deep residual network hardly
anything happens, except where the picture is halved, and in the first blocks. A plain network fails without any one.

Two controls say what that failure means. Deleting a block also changes the statistics that every later batch norm was
trained for, so these are measured anew with the block deleted. And the identity is only one of the things that can
stand in the hole: the best linear 1x1 map, fitted by least squares from what the way past brings to what the block
puts out before its closing ReLU, tells how much a block does that is not linear. A block can be impossible to skip and
yet do little that such a map could not.

Veit, Wilber, Belongie: Residual Networks Behave Like Ensembles of Relatively Shallow Networks, 2016, figure 3; the
controls are ours.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..finding import Finding
from ..i18n import Message, Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResidualBlock, ResNet
from ..models.zoo import name_of
from ..training.evaluation import check_classes
from .anew import measured_anew
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import block_names, changes_shape, passed_on, way_past
from .quick import BATCH, quick
from .reading import Side, both, extreme, sides

CLASSES = 10  # of the data sets that it is made on: guessing is right once in so many
SMALL = 0.05  # median error added, below which a network hardly misses a block
MOST_CONTROLS = 2000  # pictures of the controls
WORTH_FILLING = 0.02  # median error added by a hole, from which on it is asked what a linear map takes away


@dataclass(frozen=True, repr=False)
class Lesion(Finding):
    """Wrong fractions of the same n pictures: of the whole network, and by block, with that block deleted."""

    n: int
    error: float
    without: dict[str, float]
    halving: tuple[str, ...]  # the blocks whose shortcut cannot be the identity, since the shape changes
    network: str = "network"  # its name

    def __repr__(self) -> str:
        added = f"{100 * self.median_added:+.1f} points without the median block"
        return f"<Lesion of {self.network}: {100 * self.error:.1f} % wrong of {self.n} pictures, {added}>"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        rows = [{"block": name, "error": error} for name, error in self.without.items()]
        return [row | {"added": self.added[row["block"]], "halving": row["block"] in self.halving} for row in rows]

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

    `progress` is called with the fraction that is done. Raises InputError where the network's classes are not those of
    the data set. (Veit et al. 2016, section 4.1.)

    >>> from resnet_demo import build
    >>> from resnet_demo.data import draw_shapes
    >>> lesion(build("resnet8", seed=0).eval(), draw_shapes(16, seed=0)).halving
    ('layer2.0', 'layer3.0')
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
    without = dict(zip(names, lesions, strict=True))
    return Lesion(len(dataset), whole, without, halving, name_of(model.config))


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
class Hole:
    """What can stand where a block was, and the rest of the network with its statistics measured anew."""

    block: ResidualBlock
    linear: nn.Conv2d  # from what the way past brings to the sum before the closing ReLU
    recalibrated: ResNet  # of which the blocks after the hole, and the head, go with the block deleted

    def filled(self, x: Tensor) -> Tensor:
        """What the linear map puts out in place of the block, for its input x."""
        return self.block.relu(self.linear(way_past(self.block)(x)))


@torch.no_grad()
def holes(model: ResNet, training: Dataset) -> Iterator[Hole]:
    """A hole for each block, with what is fitted in it on training pictures; the model is left as it is."""
    x = model.stem(domain_of(model).normalise(training.pictures))
    for number, (_name, block) in enumerate(model.named_blocks(), start=1):
        past, total = way_past(block)(x), block.residual(x) + block.shortcut(x)
        recalibrated = measured_anew(model, partial(_from, number, block.relu(past)))
        yield Hole(block, least_squares(past, total), recalibrated)
        x = block.relu(total)


def _from(number: int, x: Tensor, model: ResNet) -> Tensor:
    """Logits from what the first so many blocks put out."""
    for _name, block in list(model.named_blocks())[number:]:
        x = block(x)
    return model.head(x)


def least_squares(x: Tensor, y: Tensor) -> nn.Conv2d:
    """The 1x1 convolution with bias that comes closest to turning x [N, C, H, W] into y [N, C', H, W]."""
    flat = x.movedim(1, -1).flatten(0, -2).double()  # [places, C]
    wanted = y.movedim(1, -1).flatten(0, -2).double()
    flat = torch.cat([flat, flat.new_ones(len(flat), 1)], dim=1)
    # Channels that are always zero make the product singular: the pseudo-inverse gives them no weight.
    found = torch.linalg.pinv(flat.T @ flat, hermitian=True) @ (flat.T @ wanted)
    convolution = nn.Conv2d(x.shape[1], y.shape[1], 1).requires_grad_(False)
    convolution.weight.copy_(found[:-1].T[:, :, None, None])
    assert convolution.bias is not None
    convolution.bias.copy_(found[-1])
    return convolution


@dataclass(frozen=True)
class Controls:
    """Wrong fractions of n pictures: of the whole network, and by block with each of the two controls."""

    n: int
    error: float
    recalibrated: dict[str, float]  # with the statistics of batch norm measured anew
    linear: dict[str, float]  # with the best linear map in the hole


@torch.inference_mode()
def controls(model: ResNet, dataset: Dataset, training: Dataset, progress: Progress = lambda done: None) -> Controls:
    """Fit what stands in every hole on the training pictures, and count mistakes on the others."""
    check_classes(model, training)
    domain, names, network = domain_of(model), block_names(model), quick(model)
    blocks = [block for _name, block in network.named_blocks()]
    linear, recalibrated = torch.zeros(len(names), dtype=torch.long), torch.zeros(len(names), dtype=torch.long)
    befores = [network.stem(domain.normalise(part)) for part in dataset.pictures.split(BATCH)]
    labels = dataset.labels.split(BATCH)
    for number, hole in enumerate(holes(model, training)):
        other = quick(hole.recalibrated)
        others = [block for _name, block in other.named_blocks()]
        for place, (x, right) in enumerate(zip(befores, labels, strict=True)):
            filled, passed = hole.filled(x), passed_on(blocks[number], x)
            for later, anew in zip(blocks[number + 1 :], others[number + 1 :], strict=True):
                filled, passed = later(filled), anew(passed)
            linear[number] += (network.head(filled).argmax(1) != right).sum()
            recalibrated[number] += (other.head(passed).argmax(1) != right).sum()
            befores[place] = blocks[number](x)
        progress((number + 1) / len(names))
    errors = ((count.double() / len(dataset)).tolist() for count in (recalibrated, linear))
    # By now `befores` is what the whole network's last block puts out.
    wrong = sum((network.head(x).argmax(1) != right).sum().item() for x, right in zip(befores, labels, strict=True))
    by_block = (dict(zip(names, of_one, strict=True)) for of_one in errors)
    return Controls(len(dataset), wrong / len(dataset), *by_block)


@dataclass(frozen=True)
class Report:
    """The errors are wrong fractions of the pictures."""

    n: int
    error: float  # of the whole network
    without: Mapping[str, float]  # by block: the error with that block deleted
    added: Mapping[str, float]  # by block: by how much that is more
    median_added: float
    halving: tuple[str, ...]  # the blocks whose shortcut cannot be the identity
    # Of the first `controls_n` pictures: the error of the whole network; by block, with it deleted and the statistics
    # of batch norm measured anew; with the best linear map in its place. The medians are of what these add.
    controls_n: int = 0
    controls_error: float | None = None
    recalibrated: Mapping[str, float] = field(default_factory=dict)
    linear: Mapping[str, float] = field(default_factory=dict)
    median_recalibrated: float | None = None
    median_linear: float | None = None
    fitted_on: int = 0  # training pictures


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress, training: Dataset | None) -> Report:
    """The error without each block, and by how much it is larger than the whole network's.

    With training pictures also the two controls, which take three times as long, on the first `MOST_CONTROLS` pictures.
    """
    found = lesion(model, dataset, (lambda done: progress(done / 4)) if training else progress)
    if training is None:
        return Report(found.n, found.error, found.without, found.added, found.median_added, found.halving)
    first = dataset.subset(MOST_CONTROLS)
    control = controls(model, first, training, lambda done: progress(1 / 4 + done * 3 / 4))
    recalibrated, linear = (
        statistics.median(errors.values()) - control.error for errors in (control.recalibrated, control.linear)
    )
    return Report(
        n=found.n,
        error=found.error,
        without=found.without,
        added=found.added,
        median_added=found.median_added,
        halving=found.halving,
        controls_n=control.n,
        controls_error=control.error,
        recalibrated=control.recalibrated,
        linear=control.linear,
        median_recalibrated=recalibrated,
        median_linear=linear,
        fitted_on=len(training),
    )


def missed(residual: float, plain: float) -> Literal["vital", "more", "no more"]:
    """Whether a plain network misses its blocks more, by the medians of the error that deleting one adds."""
    return (
        "vital"
        if residual < SMALL and plain > 4 * max(residual, 0.01)
        else "more"
        if plain > residual + 0.02
        else "no more"
    )


def falls_to_chance(report: Report) -> bool:
    """Whether the network without its typical block answers about as guessing would."""
    return report.error + report.median_added > 0.8 * (1 - 1 / CLASSES)


def linear_enough(added: float, linear: float) -> Literal["most", "part", "no"]:
    """How much of the error that a hole adds a linear map in it takes away, by the medians of added error."""
    return "most" if linear < added / 4 else "part" if linear < 3 * added / 4 else "no"


def replaceable(report: Report) -> int:
    """In how many holes a linear map takes away three quarters of the damage or more."""
    whole = report.controls_error or 0.0
    return sum(error - whole <= report.added[name] / 4 for name, error in report.linear.items())


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said: list[Message | None] = []
    for side in both(reports):
        block, most = extreme(side.report.added, largest=True)
        least = min(side.report.added.values())
        said.append(
            _(
                "Without one of its blocks the error of {network} rises by {median:.1f} points in the median, by at "
                "least {least:.1f} and at most {most:.1f} (block {block}).",
                network=side.title,
                median=100 * side.report.median_added,
                least=100 * least,
                most=100 * most,
                block=block,
            )
        )
        said.append(_controls(side))
    if residual and plain:
        said.append(_compared(residual, plain))
        said.append(_linear(plain))
    return sentences(*said)


def _controls(side: Side[Report]) -> Message | None:
    """What the two controls find."""
    if side.report.median_recalibrated is None or side.report.median_linear is None:
        return None
    return _(
        "With its batch-norm statistics measured anew the median is {recalibrated:+.1f} points; with the best linear "
        "1×1 map in the hole it is {linear:+.1f} (both on {n:,} pictures).",
        n=side.report.controls_n,
        recalibrated=100 * side.report.median_recalibrated,
        linear=100 * side.report.median_linear,
    )


def _compared(residual: Side[Report], plain: Side[Report]) -> Message:
    """Which of the twins misses a block more, and how that compares with what Veit et al. found."""
    found = missed(residual.report.median_added, plain.report.median_added)
    if found == "vital":
        return _(
            "The residual network hardly misses a single block; a typical block of the plain network cannot be skipped."
        )
    if found == "no more":
        return _("Here the plain network does not suffer more, unlike in Veit et al.")
    if falls_to_chance(plain.report):
        return _(
            "{plain} falls to about chance, as in Veit et al.; it is {residual} that suffers more than theirs.",
            plain=plain.title,
            residual=residual.title,
        )
    return _("The plain network suffers more, but not by as much as Veit et al. found.")


def _linear(plain: Side[Report]) -> Message | None:
    """What a linear map in the plain network's holes says of its blocks."""
    if plain.report.median_linear is None or plain.report.median_added < WORTH_FILLING:
        return None
    return {
        "most": _(
            "But in {replaced} of the {blocks} blocks of {plain} a linear map takes away three quarters of the damage "
            "or more: there it needs something in that place, not what only this block can compute.",
            replaced=replaceable(plain.report),
            blocks=len(plain.report.linear),
            plain=plain.title,
        ),
        "part": _("A linear map takes away part of the damage in {plain}.", plain=plain.title),
        "no": _("Nor can a linear map replace a typical block of {plain}.", plain=plain.title),
    }[linear_enough(plain.report.median_added, plain.report.median_linear)]


EXPERIMENT = Experiment(
    name="lesion",
    asks=first_line(__doc__),
    title=_("What is left without one block?"),
    question=_(
        "Delete one block, so that its input goes straight on to the next one. Count how many test pictures are now "
        "classified wrongly, put the block back, and delete the next. Two controls: measure the statistics of batch "
        "norm anew with the block deleted, and put the best linear 1×1 map in the hole."
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
    measures=(
        Measure(_("Error added without a block, median"), lambda report: report.median_added, "points"),
        Measure(
            _("The same with batch-norm statistics measured anew"), lambda report: report.median_recalibrated, "points"
        ),
        Measure(_("The same with the best linear map in the hole"), lambda report: report.median_linear, "points"),
    ),
    verdict=lambda residual, plain: missed(residual.median_added, plain.median_added),
    pictures=1000,
    labels=True,
    fits_on=1000,
    fit_is_control=True,
)
