"""How do signals and gradients grow from block to block before training begins?

Fresh networks with He et al.'s weights are looked at in three cases:

- with batch norm, as they are trained;
- without batch norm: in a copy, each `BatchNorm2d` is replaced by the identity; the convolutions keep He's weights;
- without batch norm, with the residual scale at zero: y = relu(0 F(x) + x). So SkipInit (De and Smith 2020) and ReZero
  (Bachlechner et al. 2020) begin, with a scale that is learned; Fixup (Zhang, Dauphin, Ma 2019) gets there with zeros
  in each branch's last convolution. A plain network would pass nothing on, so it has no such case.

Measured is each block's sum F(x) + x, before its ReLU (of a plain block: F(x)): its mean square, and the norm of the
loss's gradient there. Both branches receive this gradient. With the scale at zero it cannot change within a stage: x is
not negative, and what the ReLU masks is masked already. So its norm is the same at every block of a stage, to the bit.

De and Smith: Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep Networks, NeurIPS 2020.
Zhang, Dauphin, Ma: Fixup Initialization: Residual Learning Without Normalization, ICLR 2019.
Bachlechner, Majumder, Mao, Cottrell, McAuley: ReZero is All You Need, 2020 (arXiv 2003.04887).
What theory expects stands in `wide.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..data import Dataset
from ..errors import InputError
from ..i18n import Message, Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .experiment import Experiment, Progress, first_line
from .gradients import LAYERS, PREDICTED, SEEDS, fresh
from .reading import Side, both, magnitude, sides
from .wide import Expected, expected

WITH, WITHOUT, ZERO = "with batch norm", "without batch norm", "scale at zero"
CLOSE = 0.1  # a rate is as expected if it differs by no more than this part of it
DOUBLING = 2.0  # De and Smith: the factor a block in a pre-activation network without normalisation
GROWING = 1.5  # the factor a block from which on a mean square is said to grow exponentially
LESS, FAR_LESS = 2.0, 10.0  # times that the gradient grows less with shortcuts than without


@dataclass(frozen=True)
class Passage:
    """One forward and one backward pass through a network."""

    stem: float  # mean square of what leaves the stem
    activations: Mapping[str, float]  # of each block's sum
    gradients: Mapping[str, float]  # norm of the loss's gradient at each block's sum


def propagate(network: ResNet, inputs: Tensor, labels: Tensor, scale: float = 1.0) -> Passage:
    """Signal and gradient at every block's sum scale * F(x) + x.

    Inputs [N, 3, H, W], labels int64 [N]. Batch norm is computed over this batch, as in training, and the network is
    left in train mode: it should be a fresh one.
    """
    network.train()
    sums: dict[str, Tensor] = {}
    with torch.enable_grad():
        stem = x = network.stem(inputs)
        for name, block in network.named_blocks():
            sums[name] = scale * block.residual(x) + block.shortcut(x)
            x = block.relu(sums[name])
        loss = cross_entropy(network.head(x), labels)
    found = torch.autograd.grad(loss, list(sums.values()))
    return Passage(
        _mean_square(stem),
        {name: _mean_square(total) for name, total in sums.items()},
        {name: gradient.double().norm().item() for name, gradient in zip(sums, found, strict=True)},
    )


def _mean_square(values: Tensor) -> float:
    return values.detach().double().square().mean().item()


def stages(values: Mapping[str, float]) -> list[list[float]]:
    """Values by block, in the order of the network, as one list for each stage."""
    found: dict[str, list[float]] = {}
    for name, value in values.items():
        found.setdefault(name.partition(".")[0], []).append(value)
    return list(found.values())


def factor(values: Mapping[str, float]) -> float | None:
    """By what values grow from a block to the next one of its stage: the geometric mean.

    None where no stage has two blocks, or a value is zero or not finite.
    """
    within = stages(values)
    steps = sum(len(stage) - 1 for stage in within)
    if not steps or not all(0 < value < math.inf for stage in within for value in stage):
        return None
    return math.exp(sum(math.log(stage[-1] / stage[0]) for stage in within) / steps)


def added(values: Mapping[str, float]) -> float | None:
    """What is added to values from a block to the next one of its stage: the mean; None as in `factor`."""
    within = stages(values)
    steps = sum(len(stage) - 1 for stage in within)
    if not steps or not all(math.isfinite(value) for stage in within for value in stage):
        return None
    return sum(stage[-1] - stage[0] for stage in within) / steps


@dataclass(frozen=True)
class Range:
    """Of a number over `SEEDS` fresh networks; None in a file: beyond what can be computed."""

    least: float | None
    median: float | None
    most: float | None


@dataclass(frozen=True)
class Rate:
    """How something changes from one block to the next of its stage: measured, and expected of wide networks."""

    measured: Range
    expected: float | None


@dataclass(frozen=True)
class Case:
    """One way to begin: everything by block."""

    activations: Mapping[str, Range]  # mean square of the sum
    gradients: Mapping[str, Range]  # norm of the loss's gradient there, divided by that of the last block
    expected_activations: Mapping[str, float]  # of a wide network; only how it changes counts
    expected_gradients: Mapping[str, float]
    factor: Rate | None  # of the mean square, from a block to the next; None where no stage has two blocks
    added: Rate | None  # to the mean square
    back: Rate | None  # factor of the gradient's norm, from a block to the one before


@dataclass(frozen=True)
class Report:
    """Fresh networks from several seeds, by the case: how strong signals and gradients are at every block."""

    n: int
    seeds: int
    cases: Mapping[str, Case]
    same_gradient: bool | None  # with the scale at zero, to the bit within every stage; None of plain networks


def check(model: ResNet) -> None:
    """Raise InputError for networks that theory says nothing of."""
    if model.config.groups > 1 or model.config.shortcut == "D":
        raise InputError(
            "The theory that this experiment compares with does not hold for convolutions in groups, or for shortcuts "
            "that average."
        )


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Of the model only the architecture counts, and what pictures it is for: its weights are not looked at."""
    inputs = domain_of(model).normalise(dataset.pictures)
    settings = {WITH: (True, 1.0), WITHOUT: (False, 1.0), ZERO: (False, 0.0)}
    if model.config.plain:
        del settings[ZERO]
    cases: dict[str, Case] = {}
    same: bool | None = None
    for number, (title, (batch_norm, scale)) in enumerate(settings.items()):
        passages = []
        for index in range(SEEDS):
            network = fresh(model, seed + index, batch_norm, small=False)
            passages.append(propagate(network, inputs, dataset.labels, scale))
            progress((number + (index + 1) / SEEDS) / len(settings))
        start = median(passage.stem for passage in passages)
        cases[title] = _case(passages, expected(model, batch_norm, scale, start))
        if title == ZERO:
            same = all(len(set(stage)) == 1 for passage in passages for stage in stages(passage.gradients))
    return Report(len(dataset), SEEDS, cases, same)


def _case(passages: list[Passage], theory: Mapping[str, Expected]) -> Case:
    activations = [passage.activations for passage in passages]
    gradients = [_to_the_last(passage.gradients) for passage in passages]
    expected_activations = {name: block.activation for name, block in theory.items()}
    expected_gradients = _to_the_last({name: block.gradient for name, block in theory.items()})
    return Case(
        {name: _range(found[name] for found in activations) for name in theory},
        {name: _range(found[name] for found in gradients) for name in theory},
        expected_activations,
        expected_gradients,
        _rate(factor, activations, expected_activations),
        _rate(added, activations, expected_activations),
        _rate(_back, gradients, expected_gradients),
    )


def _to_the_last(norms: Mapping[str, float]) -> dict[str, float]:
    last = list(norms.values())[-1]
    return {name: norm / last if last else math.nan for name, norm in norms.items()}


def _back(values: Mapping[str, float]) -> float | None:
    forward = factor(values)
    return 1 / forward if forward else None


def _rate(
    of: Callable[[Mapping[str, float]], float | None],
    found: Sequence[Mapping[str, float]],
    theory: Mapping[str, float],
) -> Rate | None:
    measured = [rate for values in found if (rate := of(values)) is not None]
    return Rate(_range(measured), of(theory)) if measured else None


def _range(values: Iterable[float]) -> Range:
    found = list(values)
    if not all(math.isfinite(value) for value in found):
        return Range(None, None, None)
    return Range(min(found), median(found), max(found))


def as_expected(rate: Rate) -> bool:
    """Whether the middle of what was measured is near what theory expects of wide networks."""
    found, wanted = rate.measured.median, rate.expected
    return found is not None and wanted is not None and abs(found - wanted) <= CLOSE * abs(wanted)


def below(rate: Rate) -> bool:
    """Whether the middle of what was measured is clearly less than theory expects of wide networks."""
    found, wanted = rate.measured.median, rate.expected
    return found is not None and wanted is not None and found < (1 - CLOSE) * wanted


def rounded(value: float | None) -> str | Message:
    """To two digits: 69341257 -> 69,000,000."""
    return magnitude(value and float(f"{value:.2g}"))


def across(values: Mapping[str, Range]) -> float | None:
    """The last block's over the first one's, in the middle of the seeds. None where it cannot be told."""
    ends = list(values.values())
    first, last = ends[0].median, ends[-1].median
    return last / first if first and last is not None else None


def forward(factor: float) -> Literal["exponential", "little", "fades"]:
    """How a signal changes on its way, by the factor from block to block."""
    return "exponential" if factor >= GROWING else "fades" if factor <= 1 / GROWING else "little"


def with_shortcuts(residual: float, plain: float) -> Literal["far less", "less", "no less"]:
    """How the gradient grows with shortcuts, by its growth from the last block to the first with and without."""
    return "far less" if plain > FAR_LESS * residual else "less" if plain > LESS * residual else "no less"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said: list[Message] = []
    if residual:
        said += _without_batch_norm(residual)
    if plain:
        said += _plain_without_batch_norm(plain)
    if any(below(rate) for side in both(reports) if (rate := side.report.cases[WITHOUT].factor)):
        said.append(
            _("Real networks fall short of that: they are narrow, and zero padding takes something away at the edges.")
        )
    if residual:
        said += _with_batch_norm(residual)
    if plain:
        said += _plain_gradient(plain)
    if residual and plain:
        said += _compared(residual, plain)
    if residual:
        said += _at_zero(residual)
    if not said:
        said = [
            _("No stage of {network} has two blocks between which something could grow.", network=side.title)
            for side in both(reports)
        ]
    return sentences(*said)


def _without_batch_norm(side: Side[Report]) -> list[Message]:
    case = side.report.cases[WITHOUT]
    numbers = _numbers(side, case.factor)
    if not numbers:
        return []
    said = [
        _(
            "Without batch norm the mean square of the sums F(x) + x in {network} changes by a factor of {rate:.2f} "
            "from block to block ({least:.2f} to {most:.2f} over {seeds} seeds); theory expects {expected:.2f} of wide "
            "networks.",
            **numbers,
        )
    ]
    if abs(numbers["expected"] - DOUBLING) > CLOSE * DOUBLING:
        said.append(
            _("De and Smith’s factor of 2 is that of pre-activation blocks, which have no ReLU behind the sum.")
        )
    times = rounded(across(case.activations))
    verdicts = {
        "exponential": _(
            "That is exponential growth: {times} times as much in the last block as in the first.", times=times
        ),
        "little": _("So the signal keeps its size."),
        "fades": _("So the signal fades."),
    }
    return [*said, verdicts[forward(numbers["rate"])]]


def _with_batch_norm(side: Side[Report]) -> list[Message]:
    rate = side.report.cases[WITH].added
    numbers = _numbers(side, rate)
    if not rate or not numbers:
        return []
    return [
        _(
            "With batch norm each block of {network} adds {rate:.2f} to the mean square ({least:.2f} to {most:.2f}); "
            "theory expects {expected:.2f}.",
            **numbers,
        ),
        _(
            "So within a stage the signal grows in proportion to depth: the deeper a block, the smaller is F(x) beside "
            "x."
        )
        if as_expected(rate)
        else _("That is not the growth in proportion to depth that De and Smith found."),
    ]


def _at_zero(side: Side[Report]) -> list[Message]:
    same = side.report.same_gradient
    if same is None:
        return []
    return [
        _(
            "With the residual scale at zero, as SkipInit and ReZero begin, the gradient’s norm is the same at every "
            "block of a stage, to the bit."
        )
        if same
        else _(
            "With the residual scale at zero the gradient’s norm should be the same at every block of a stage, and it "
            "is not."
        )
    ]


def _plain_without_batch_norm(side: Side[Report]) -> list[Message]:
    numbers = _numbers(side, side.report.cases[WITHOUT].factor)
    if not numbers:
        return []
    return [
        _(
            "In {network} without batch norm the mean square of F(x) changes by a factor of {rate:.2f} ({least:.2f} to "
            "{most:.2f}); theory expects {expected:.2f}.",
            **numbers,
        )
    ]


def _plain_gradient(side: Side[Report]) -> list[Message]:
    rate = side.report.cases[WITH].back
    numbers = _numbers(side, rate)
    if not numbers:
        return []
    numbers |= {name: numbers[name] ** (1 / LAYERS) for name in ("rate", "least", "most")}
    return [
        _(
            "With batch norm the gradient in {network} grows by a factor of {rate:.2f} a layer on its way back "
            "({least:.2f} to {most:.2f}); Yang et al. 2019 predict {predicted:.2f}.",
            predicted=PREDICTED,
            **numbers,
        )
    ]


def _compared(residual: Side[Report], plain: Side[Report]) -> list[Message]:
    with_, without = (_reverse(across(side.report.cases[WITH].gradients)) for side in (residual, plain))
    if with_ is None or without is None:
        return []
    verdicts = {
        "far less": _("So with batch norm it grows far less where there are shortcuts."),
        "less": _("So with batch norm it grows less where there are shortcuts."),
        "no less": _("So shortcuts do not lessen it here."),
    }
    return [
        _(
            "From the last block to the first it grows {plain_times}-fold in {plain} and {residual_times}-fold in "
            "{residual}.",
            plain=plain.title,
            plain_times=rounded(without),
            residual=residual.title,
            residual_times=rounded(with_),
        ),
        verdicts[with_shortcuts(with_, without)],
    ]


def _reverse(ratio: float | None) -> float | None:
    return 1 / ratio if ratio else None


def _numbers(side: Side[Report], rate: Rate | None) -> dict[str, Any]:
    """What a sentence about a rate tells; empty where it is not known."""
    found = rate and (rate.measured.median, rate.measured.least, rate.measured.most, rate.expected)
    if not found or None in found:
        return {}
    names = ("rate", "least", "most", "expected")
    return {"network": side.title, "seeds": side.report.seeds, **dict(zip(names, found, strict=True))}


EXPERIMENT = Experiment(
    name="signal",
    asks=first_line(__doc__),
    title=_("How do signals grow before training?"),
    question=_(
        "Begin fresh networks from {seeds} seeds: with batch norm, without it, and with F(x) multiplied by zero. How "
        "large is each block’s sum F(x) + x, and how large is the loss’s gradient there?",
        seeds=SEEDS,
    ),
    look_for=_(
        "straight lines, which on this logarithmic scale are growth by a factor at each block. A signal is the mean "
        "square of the sum; a gradient is its norm, divided by that at the last block. The bands reach over {seeds} "
        "seeds. Dashed is what theory expects of wide networks, in each stage from the end where signals or gradients "
        "enter it.",
        seeds=SEEDS,
    ),
    source=_(
        "De and Smith 2020 (SkipInit); Zhang, Dauphin, Ma 2019 (Fixup); Bachlechner et al. 2020 (ReZero); Yang et al. "
        "2019"
    ),
    group="gradient",
    record=Report,
    report=report,
    read=read,
    pictures=64,
    most=256,  # one batch, as in a training
    anew=True,
    batch_norm=True,
    made_for=check,
)
