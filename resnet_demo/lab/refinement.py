"""Does a block move its input the way the loss would have it moved?

To first order a block changes the loss by its displacement y - x times the gradient of the loss at its input x. If the
displacement points against that gradient, the block takes a small step of gradient descent on what passes: it refines
it. So one measures the cosine between y - x and the negative gradient: above 0 is downhill.

Jastrzebski, Arpit, Ballas, Verma, Che, Bengio: Residual Connections Encourage Iterative Inference, ICLR 2018, measure
F(x), which is the displacement in their networks. Here a ReLU follows the sum; and a plain block moves its input by
F(x) - x, so that y - x is what both have in common. Where a block changes the shape, y and x cannot be compared, and it
is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import changes_shape
from .reading import both, extreme, sides
from .wilson import NORMAL

BATCH = 50
NEAR_ZERO = 0.01  # a cosine that is no more says nothing of note, however sure it is


def refinement(model: ResNet, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Cosine of y - x and the negative gradient at x for every picture, [N], by block x -> y that keeps its shape.

    Inputs [N, 3, H, W], labels int64 [N]. The loss is each picture's own cross-entropy.
    """
    view = private_view(model)
    befores: dict[str, Tensor] = {}
    displacements: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = view.stem(inputs.detach().clone().requires_grad_())
        for name, block in view.named_blocks():
            y = block(x)
            if not changes_shape(block):
                befores[name], displacements[name] = x, (y - x).detach()
            x = y
        loss = cross_entropy(view.head(x), labels, reduction="sum")
    found = torch.autograd.grad(loss, list(befores.values())) if befores else ()
    return {
        name: cosine_similarity(displacements[name].flatten(1), -gradient.flatten(1), dim=1)
        for name, gradient in zip(befores, found, strict=True)
    }


@dataclass(frozen=True)
class Report:
    n: int
    mean: float | None  # of the blocks' cosines, and their median; None where every block changes the shape
    median: float | None
    cosine: Mapping[str, float]  # by block that keeps its shape
    error: Mapping[str, float] = field(default_factory=dict)  # half of the cosine's 95 % interval

    @property
    def downhill(self) -> int:
        """How many blocks' cosines are above 0 with their whole intervals."""
        return sum(value > self.error.get(name, 0.0) for name, value in self.cosine.items())

    @property
    def uphill(self) -> int:
        """How many are below 0 with their whole intervals."""
        return sum(value < -self.error.get(name, 0.0) for name, value in self.cosine.items())


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Mean cosine by block; the mean and the median of these, None where every block changes the shape."""
    domain, parts = domain_of(model), []
    for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True):
        parts.append(refinement(model, domain.normalise(pictures), labels))
        progress(min(len(parts) * BATCH, len(dataset)) / len(dataset))
    cosines = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    means = {name: values.mean().item() for name, values in cosines.items()}
    if not means:
        return Report(len(dataset), None, None, means)
    errors = {name: NORMAL * standard_error(values) for name, values in cosines.items()}
    return Report(len(dataset), statistics.mean(means.values()), statistics.median(means.values()), means, errors)


def standard_error(values: Tensor) -> float:
    """Of the mean of values [N]; of a single one nothing is known, and all that a cosine can be is allowed for."""
    return values.std().item() / len(values) ** 0.5 if len(values) > 1 else 1.0


def refines(residual: Report, plain: Report) -> Literal["most", "few", "no"]:
    """Whether residual blocks step downhill more than plain ones, and whether most do or a few of them.

    Most do if more than half are downhill beyond their intervals, and the median is not near 0.
    """
    if residual.mean is None or residual.mean <= max(0.0, plain.mean or 0.0):
        return "no"
    clear = residual.downhill > len(residual.cosine) / 2
    return "most" if clear and (residual.median or 0.0) > NEAR_ZERO else "few"


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
                "In {network} {down} of {blocks} blocks move their input downhill and {up} uphill, each beyond its 95 "
                "% interval; the mean cosine is {mean:+.3f} (median {median:+.3f}), the highest that of block {block} "
                "({most:+.3f}).",
                network=side.title,
                down=side.report.downhill,
                up=side.report.uphill,
                blocks=len(cosines),
                mean=side.report.mean,
                median=side.report.median,
                block=block,
                most=most,
            )
        )
    if residual and plain and residual.report.mean is not None and plain.report.mean is not None:
        verdicts = {
            "most": _("So most of the residual blocks refine what passes, by a little."),
            "few": _(
                "So on average the residual blocks refine what passes, but hardly: the typical cosine is near zero."
            ),
            "no": _("The residual network does not step downhill more than the plain one here."),
        }
        said.append(verdicts[refines(residual.report, plain.report)])
    return sentences(*said)


EXPERIMENT = Experiment(
    name="refinement",
    asks=first_line(__doc__),
    title=_("Does a block step downhill?"),
    question=_(
        "The gradient at a block’s input x says in which direction the loss falls. Does the block move its input that "
        "way, from x to its output y? The cosine between y − x and that direction is 1 if it does, 0 if they are "
        "unrelated, and negative if it goes uphill."
    ),
    look_for=_("bars above the line. Blocks that change the shape are left out."),
    source=_("Jastrzębski et al. 2018, who measure F(x), the displacement in their networks"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Mean cosine"), lambda report: report.mean),
        Measure(_("Median cosine"), lambda report: report.median),
    ),
    verdict=refines,
    pictures=500,
)
