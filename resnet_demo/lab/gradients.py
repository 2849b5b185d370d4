"""Does the gradient vanish in a deep network without shortcuts?

That is the popular reason for shortcuts, and not the paper's: with batch norm, say He et al. 2015 in section 4.1, the
plain network's signals and gradients keep healthy norms, and still it trains worse. So one looks: at the gradient of
the loss at the output of every block, in a fresh network with batch norm and without, begun with He et al.'s weights
and with PyTorch's usual, smaller ones; and in the trained network.

At the start, with batch norm and without shortcuts, it grows instead. Yang, Pennington, Rao, Sohl-Dickstein and
Schoenholz: A Mean Field Theory of Batch Normalization, ICLR 2019, predict by how much for wide layers: by
sqrt(pi / (pi - 1)) a layer.
A fresh network's number depends on its seed; so several are begun, and the range is reported.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..data import Dataset
from ..i18n import Message, Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .experiment import Experiment, Measure, Progress, first_line
from .reading import Side, both, magnitude, sides

# First block's gradient over the last one's, at the blocks' outputs, of which later stages have up to four times fewer
# numbers: that alone is no vanishing.
VANISHING, GROWING, EXPLODING = 0.01, 10.0, 1000.0
PREDICTED = math.sqrt(math.pi / (math.pi - 1))  # Yang et al. 2019: growth at each layer, with ReLU and batch norm
LAYERS = 2  # of a block
SEEDS = 5  # fresh networks


def gradients(model: ResNet, inputs: Tensor, labels: Tensor) -> dict[str, float]:
    """Norm of the loss's gradient at every block's output, by name. Inputs [N, 3, H, W], labels int64 [N].

    Batch norm is computed over this batch, as in training; the model and its statistics stay as they are.
    """
    view = private_view(model)
    for module in view.modules():
        if isinstance(module, nn.BatchNorm2d):  # over the batch, without touching the shared statistics
            module.training, module.track_running_stats = True, False
            module._buffers.update(running_mean=None, running_var=None, num_batches_tracked=None)
    outputs: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = view.stem(inputs.detach().clone().requires_grad_())  # so that there is a graph where the weights are frozen
        for name, block in view.named_blocks():
            x = outputs[name] = block(x)
        loss = cross_entropy(view.head(x), labels)
    found = torch.autograd.grad(loss, list(outputs.values()))
    return {name: gradient.norm().item() for name, gradient in zip(outputs, found, strict=True)}


def fresh(model: ResNet, seed: int, batch_norm: bool, small: bool) -> ResNet:
    """The same architecture with new weights: He et al.'s, or PyTorch's `small` ones; with or without batch norm."""
    network = ResNet(model.config, seed)
    network.domain = model.domain
    if small:
        luck = torch.Generator().manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):  # what nn.Conv2d begins with: a sixth of the variance of He et al.'s
                bound = module.weight[0].numel() ** -0.5
                nn.init.uniform_(module.weight, -bound, bound, generator=luck)
    return network if batch_norm else without_batch_norm(network)


def without_batch_norm(model: ResNet) -> ResNet:
    """A copy in which nothing stands where batch norm stood."""
    bare = copy.deepcopy(model)
    for module in list(bare.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return bare


@dataclass(frozen=True)
class Report:
    """Norms of the loss's gradient, by case: the network as it is, and fresh ones by their start and batch norm."""

    n: int
    first_to_last: Mapping[str, float | None]  # the first block's over the last one's; None where that is 0
    norms: Mapping[str, Mapping[str, float | None]]  # by case and block; None in a file: beyond 32 bits
    # Of fresh networks with batch norm: the least and the most of `first_to_last` over `SEEDS` seeds, this one's first.
    # Results from before that have none.
    least_and_most: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Gradient norms by block in each case, and how much smaller the first block's is than the last one's."""
    inputs, cases = domain_of(model).normalise(dataset.pictures), {"trained": model}
    for weights in ("He", "PyTorch"):
        for norm in ("with", "without"):
            title = f"{weights}'s start, {norm} batch norm"
            cases[title] = fresh(model, seed, batch_norm=norm == "with", small=weights == "PyTorch")
    norms: dict[str, dict[str, float]] = {}
    first_to_last: dict[str, float | None] = {}
    for number, (title, network) in enumerate(cases.items(), start=1):
        norms[title] = gradients(network, inputs, dataset.labels)
        by_block = list(norms[title].values())
        first_to_last[title] = by_block[0] / by_block[-1] if by_block[-1] else None
        progress(number / (2 * len(cases)))
    ranges: dict[str, tuple[float, float]] = {}
    for number, weights in enumerate(("He", "PyTorch"), start=1):
        title = f"{weights}'s start, with batch norm"
        found = [first_to_last[title]]
        for other in range(seed + 1, seed + SEEDS):
            network = fresh(model, other, batch_norm=True, small=weights == "PyTorch")
            by_block = list(gradients(network, inputs, dataset.labels).values())
            found.append(by_block[0] / by_block[-1] if by_block[-1] else None)
        known = [ratio for ratio in found if ratio is not None]
        if known:
            ranges[title] = min(known), max(known)
        progress(0.5 + number / 4)
    return Report(len(dataset), first_to_last, norms, ranges)


def fresh_gradients(side: Side[Report], weights: str = "PyTorch") -> tuple[float | None, float | None]:
    """The first block's gradient over the last one's, from PyTorch's or He's start: without batch norm, and with it."""
    ratios = side.report.first_to_last
    without, with_ = (ratios.get(f"{weights}'s start, {how} batch norm") for how in ("without", "with"))
    return without, with_


def vanishing_when_fresh(
    without: float | None, with_: float | None
) -> Literal["without batch norm", "with batch norm", "no"]:
    """Whether the gradient of a plain network vanishes at its start from small weights, without batch norm or with."""
    if with_ is None:
        return "no"
    if with_ < VANISHING:
        return "with batch norm"
    return "no" if without is None or without >= VANISHING else "without batch norm"


def growth(ratio: float, blocks: int) -> float | None:
    """By how much a gradient grows at each layer, if it grows by this ratio from the last block's output to the first.

    None where there is no way between the two.
    """
    return ratio ** (1 / (LAYERS * (blocks - 1))) if blocks > 1 else None


def growing_when_fresh(ratio: float | None) -> Literal["explodes", "grows", "no"]:
    """Whether a gradient grows on its way back, by the first block's over the last one's."""
    return "no" if ratio is None or ratio <= GROWING else "explodes" if ratio > EXPLODING else "grows"


def read(reports: Mapping[str, Report]) -> Sentences:
    def shrinks(case: int, weights: str = "PyTorch") -> list[Message]:
        return [
            _("{network} {ratio}", network=side.title, ratio=_times(fresh_gradients(side, weights)[case]))
            for side in both(reports)
        ]

    said = [
        _(
            "Ratio of the first block’s gradient to the last one’s, without batch norm and with PyTorch’s small "
            "initial weights: {ratios:and}.",
            ratios=shrinks(0),
        ),
        _("With batch norm, from the same weights: {ratios:and}.", ratios=shrinks(1)),
    ]
    _residual, plain = sides(reports)
    if plain:
        small, large = fresh_gradients(plain), fresh_gradients(plain, "He")
        found = vanishing_when_fresh(*small)
        verdicts = {
            "without batch norm": _(
                "So in a plain network with small initial weights the gradient vanishes without batch norm, but not "
                "with it."
            ),
            "with batch norm": _("Here it vanishes even with batch norm."),
            "no": _("Here it does not vanish at all."),
        }
        said.append(verdicts[found])
        if found == "without batch norm" and large[0] and vanishing_when_fresh(*large) == "no":
            said.append(
                _(
                    "With He et al.’s larger initial weights it does not vanish even without batch norm (ratio "
                    "{ratio}).",
                    ratio=magnitude(large[0]),
                )
            )
        grows = growing_when_fresh(small[1])
        if grows == "explodes":
            said.append(_("With batch norm it explodes on its way back through {network}.", network=plain.title))
        elif grows == "grows":
            said.append(_("With batch norm it grows on its way back instead."))
        if grows != "no":
            said += _at_the_start(plain)
    if any(fresh_gradients(side, "He")[1] is not None for side in both(reports)):
        said.append(
            _("With batch norm, from He et al.’s larger initial weights: {ratios:and}.", ratios=shrinks(1, "He"))
        )
    return sentences(*said)


def _at_the_start(side: Side[Report]) -> list[Message]:
    """What theory says of a fresh plain network's growth, how much is chance, and what training leaves of it."""
    title, report = "PyTorch's start, with batch norm", side.report
    said: list[Message] = []
    ratio, trained = report.first_to_last[title], report.first_to_last.get("trained")
    rate = growth(ratio, len(report.norms.get(title, {}))) if ratio else None
    if title in report.least_and_most:
        least, most = report.least_and_most[title]
        said.append(
            _(
                "Over {seeds} seeds the ratio is {least} to {most}.",
                seeds=SEEDS,
                least=magnitude(least),
                most=magnitude(most),
            )
        )
    if rate:
        said.append(
            _(
                "That is a factor of {rate:.2f} a layer; Yang et al. 2019 predict about {predicted:.2f} for wide "
                "networks at their start.",
                rate=rate,
                predicted=PREDICTED,
            )
        )
    if ratio and trained and trained < ratio / 10:
        said.append(_("Training takes most of it away: trained, the ratio is {ratio}.", ratio=magnitude(trained)))
    return said


def _times(ratio: float | None) -> str | Message:
    if ratio is None:
        return _("not measurable")
    return magnitude(ratio) if ratio else _("too small for 32 bits")


EXPERIMENT = Experiment(
    name="gradients",
    asks=first_line(__doc__),
    title=_("Does the gradient vanish?"),
    question=_(
        "It is often said that shortcuts are needed because the gradient vanishes without them. So measure it: the "
        "norm of the loss’s gradient at the output of every block, in fresh networks with and without batch norm, and "
        "in the trained network."
    ),
    look_for=_("curves that fall from right to left, the way that the gradient goes; the scale is logarithmic."),
    source=_("He, Zhang, Ren, Sun 2015, section 4.1; Yang et al. 2019 on its growth at the start"),
    group="gradient",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(
            _("First block’s gradient over the last one’s, as it is"),
            lambda report: report.first_to_last.get("trained"),
        ),
    ),
    pictures=64,
    most=256,  # one batch, as in a training
    anew=True,
    batch_norm=True,
)
