"""Does a block move its input the way the loss would have it moved?

To first order a block changes the loss by F(h) times the gradient of the loss at its input h. If F(h) points against
that gradient, the block takes a small step of gradient descent on what passes: it refines it. So one measures the
cosine between F(h) and the negative gradient: above 0 is downhill.

Jastrzebski, Arpit, Ballas, Verma, Che, Bengio: Residual Connections Encourage Iterative Inference, ICLR 2018. Where a
block changes the shape, F(h) and h cannot be compared, and it is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .experiment import Experiment, Progress, first_line
from .interventions import changes_shape
from .reading import both, extreme, sides

BATCH = 50


def refinement(model: ResNet, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Cosine of F(h) and the negative gradient at h for every picture, [N], by block that keeps its shape.

    Inputs [N, 3, H, W], labels int64 [N]. The loss is each picture's own cross-entropy. A plain block has an F, too; it
    is all that it gives on.
    """
    view = private_view(model)
    befores: dict[str, Tensor] = {}
    branches: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = view.stem(inputs.detach().clone().requires_grad_())
        for name, block in view.named_blocks():
            if not changes_shape(block):
                befores[name], branches[name] = x, block.residual(x).detach()
            x = block(x)
        loss = cross_entropy(view.head(x), labels, reduction="sum")
    found = torch.autograd.grad(loss, list(befores.values())) if befores else ()
    return {
        name: cosine_similarity(branches[name].flatten(1), -gradient.flatten(1), dim=1)
        for name, gradient in zip(befores, found, strict=True)
    }


@dataclass(frozen=True)
class Report:
    n: int
    mean: float | None  # of the blocks' cosines, and their median; None where every block changes the shape
    median: float | None
    cosine: Mapping[str, float]  # by block that keeps its shape


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Mean cosine by block; the mean and the median of these, None where every block changes the shape."""
    domain, parts = domain_of(model), []
    for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True):
        parts.append(refinement(model, domain.normalise(pictures), labels))
        progress(min(len(parts) * BATCH, len(dataset)) / len(dataset))
    means = {name: torch.cat([part[name] for part in parts]).mean().item() for name in parts[0]}
    if not means:
        return Report(len(dataset), None, None, means)
    return Report(len(dataset), statistics.mean(means.values()), statistics.median(means.values()), means)


def refines(residual: float, plain: float, typical: float, typical_plain: float) -> Literal["most", "few", "no"]:
    """Whether residual blocks step downhill more than plain ones, and whether most do or a few of them.

    By the cosines with the negative gradient: their means, and their medians.
    """
    if residual <= max(0.0, plain):
        return "no"
    return "most" if typical > max(0.0, 2 * typical_plain) else "few"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        cosines = side.report.cosine
        if not cosines:
            said.append(
                _("{network}: every block changes the shape, so there is nothing to compare.", network=side.title)
            )
            continue
        block, most = extreme(cosines, largest=True)
        said.append(
            _(
                "In {network} {down} of {blocks} blocks point downhill, with a mean cosine of {mean:+.3f} (median "
                "{median:+.3f}), most of all block {block} ({most:+.3f}).",
                network=side.title,
                down=sum(value > 0 for value in cosines.values()),
                blocks=len(cosines),
                mean=side.report.mean,
                median=side.report.median,
                block=block,
                most=most,
            )
        )
    if residual and plain and residual.report.mean is not None and plain.report.mean is not None:
        verdicts = {
            "most": _("So the residual blocks refine what passes."),
            "few": _(
                "So on average the residual blocks refine what passes, but only because of a few of them: the typical "
                "block hardly steps downhill more than a plain one."
            ),
            "no": _("The residual network does not step downhill more than the plain one here."),
        }
        means, medians = ([getattr(side.report, what) for side in (residual, plain)] for what in ("mean", "median"))
        said.append(verdicts[refines(*means, *medians)])
    return sentences(*said)


EXPERIMENT = Experiment(
    name="refinement",
    asks=first_line(__doc__),
    title=_("Does a block step downhill?"),
    question=_(
        "The gradient at a block’s input says in which direction the loss falls. Does F, which the block adds, point "
        "that way? The cosine between the two is 1 if it does, 0 if they are unrelated, and negative if F points "
        "uphill."
    ),
    look_for=_("bars above the line. Blocks that change the shape are left out."),
    source=_("Jastrzębski et al. 2018"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    pictures=500,
)
