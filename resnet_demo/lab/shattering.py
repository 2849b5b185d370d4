"""Do neighbouring pictures still agree on which way is up?

At the start of a training, take the gradient of the network's answer at two different inputs. In a deep plain network
the two have next to nothing in common: gradients look like white noise, and a step that helps one picture does not help
the other. For fully connected networks of L layers theory has their correlation fall like 2^-L without shortcuts, and
only like 1/sqrt(L) with shortcuts and batch norm.

Balduzzi, Frean, Leary, Lewis, Ma, McWilliams: The Shattered Gradients Problem, ICML 2017, figure 1 and section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..models.resnet import ResNet, ResNetConfig
from .experiment import Experiment, Progress, first_line
from .reading import both, sides

DEPTHS = (8, 14, 20, 32, 44, 56)
POINTS = 32  # on a line of inputs
SIDE = 16  # of the inputs, in pixels


def input_gradients(model: ResNet, inputs: Tensor, seed: int) -> Tensor:
    """Gradients of one random combination of the logits at every input [N, 3, H, W], as rows [N, 3 * H * W].

    Batch norm is computed over the inputs, as at the first step of a training; the model should be a fresh one.
    """
    direction = torch.randn(model.config.classes, generator=torch.Generator().manual_seed(seed))
    start = inputs.detach().clone().requires_grad_()
    with torch.enable_grad():
        answers = model.train()(start) @ direction
    return torch.autograd.grad(answers.sum(), start)[0].flatten(1)


def agreement(gradients: Tensor) -> float:
    """Mean cosine between each of the gradients [N, D] and the next."""
    return cosine_similarity(gradients[:-1], gradients[1:], dim=1).mean().item()


def line(seed: int, points: int = POINTS, side: int = SIDE) -> Tensor:
    """Inputs [points, 3, side, side] at equal distances on the way from one picture of noise to another."""
    first, last = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return torch.stack([torch.lerp(first, last, step / (points - 1)) for step in range(points)])


def fresh(plain: bool, depth: int, seed: int) -> ResNet:
    """A network of the CIFAR family as a training begins with it."""
    return ResNet(replace(ResNetConfig.cifar(depth), plain=plain), seed)


@dataclass(frozen=True)
class Report:
    n: int  # inputs
    agreement: Mapping[str, float]  # mean cosine of the gradients at neighbours, by depth


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """By depth, how far the gradients at neighbours on a line agree: 1 entirely, 0 not at all.

    Of the model, only whether it is plain matters, and of the data set nothing.
    """
    inputs, found = line(seed), {}
    for number, depth in enumerate(DEPTHS, start=1):
        found[str(depth)] = agreement(input_gradients(fresh(model.config.plain, depth, seed), inputs, seed))
        progress(number / len(DEPTHS))
    return Report(POINTS, found)


def shattered(residual: float, plain: float) -> bool:
    """Whether neighbours' gradients agree in the residual network alone, by their cosines."""
    return plain < 0.1 < residual


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        (shallow, first), *_between, (deep, last) = side.report.agreement.items()
        found = {"first": first, "shallow": shallow, "last": last, "deep": deep}
        said.append(
            _("With shortcuts the cosine goes from {first:.2f} at {shallow} layers to {last:.2f} at {deep}.", **found)
            if side == residual
            else _("Without shortcuts it goes from {first:.2f} at {shallow} layers to {last:.2f} at {deep}.", **found)
        )
    if residual and plain:
        deepest = (list(side.report.agreement.values())[-1] for side in (residual, plain))
        said.append(
            _("Without shortcuts neighbours’ gradients have next to nothing in common: they are shattered.")
            if shattered(*deepest)
            else _("The difference is smaller than in Balduzzi et al.")
        )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="shattering",
    asks=first_line(__doc__),
    title=_("Do neighbours’ gradients agree?"),
    question=_(
        "In fresh networks, take the gradient at inputs that lie side by side on a line. Do two neighbours want the "
        "same change? If not, a step that helps one picture does nothing for the next."
    ),
    look_for=_("how fast the curves fall with depth. The scale is logarithmic; dots at the bottom are zero or less."),
    source=_("Balduzzi et al. 2017, figure 1"),
    group="gradient",
    record=Report,
    report=report,
    read=read,
    pictures=1,  # and it is not looked at
    most=1,
    all_depths=True,
)
