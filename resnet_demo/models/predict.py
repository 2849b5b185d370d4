"""Classify a picture, and measure how familiar it looks to the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import InputError
from ..i18n import _
from ..images import Domain, Source, load_image, nameless
from .evidence import was_trained
from .resnet import ResNet

# What stands in place of an answer where `is_trained` says no: on the page, in the shell, and for clients of the API.
UNTRAINED = _("Not trained: its answer means nothing.")


@dataclass(frozen=True)
class Prediction:
    """One class's answer: its index, name, logit and softmax probability."""

    index: int
    label: str
    logit: float
    probability: float


def is_trained(model: ResNet) -> bool:
    """Whether a network has learned anything: as its provenance says, else as its batch norms remember."""
    story = model.provenance or {}
    if story.get("origin") == "random initialisation":
        return False
    return bool(story.get("epochs")) or was_trained(model) is not False


def domain_of(model: ResNet) -> Domain:
    """The pictures a network is for."""
    return model.domain or nameless(model.config.outputs, 32 if model.config.stem == "cifar" else 224)


@torch.no_grad()
def classify(model: ResNet, image: Source | Tensor, top_k: int = 5) -> list[Prediction]:
    """The `top_k` likeliest classes of a picture, likeliest first.

    The picture is a path, bytes, a Pillow image, or an input tensor [1, 3, H, W]. The model is expected in eval
    mode, as `load` returns it. Raises InputError for an unusable picture.

    >>> from resnet_demo import load
    >>> from resnet_demo.assets import asset
    >>> [prediction.label for prediction in classify(load("resnet20"), asset("examples", "ship.png"), top_k=1)]
    ['ship']
    """
    inputs = image if isinstance(image, Tensor) else domain_of(model).to_input(load_image(image))
    return rank(model, model(inputs)[0], top_k)


def class_logits(logits: Tensor) -> Tensor:
    """Logits [..., classes]; a single one, of the second of two classes, is set beside the first one's zero.

    Their softmax is then the sigmoid of that one.
    """
    return torch.cat([torch.zeros_like(logits), logits], dim=-1) if logits.shape[-1] == 1 else logits


def rank(model: ResNet, logits: Tensor, top_k: int = 5) -> list[Prediction]:
    """Logits [classes] -> the `top_k` likeliest classes, likeliest first."""
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
        raise InputError("The number of classes to show must be a whole number from 1, not {value!r}.", value=top_k)
    logits = class_logits(logits)
    labels, probabilities = domain_of(model).labels, logits.softmax(0)
    best = probabilities.topk(min(top_k, len(labels))).indices.tolist()
    return [Prediction(i, labels[i], logits[i].item(), probabilities[i].item()) for i in best]


def named(model: ResNet, labels: Sequence[str]) -> ResNet:
    """Give a network's classes names, in the order of its logits. Raises InputError unless there is one for each."""
    check_names(labels, model.config.outputs)
    before, names = domain_of(model), tuple(label.strip()[:80] for label in labels)
    model.domain = replace(before, labels=names, name=before.name if names == before.labels else nameless(1).name)
    return model


def check_names(labels: Sequence[str], outputs: int) -> None:
    """Raises InputError unless there is one name for each of a network's classes."""
    if len(labels) != outputs or not all(label.strip() for label in labels):
        raise InputError(
            "The network distinguishes {classes} classes, and {named} names are given for them.",
            classes=outputs,
            named=len(labels),
        )


def familiarity(model: ResNet, logits: Tensor) -> float | None:
    """The share of the test set's pictures whose logits have a lower energy than these, or None if not measured.

    The energy is logsumexp(logits) (Liu et al. 2020, arXiv 2010.03759): unlike the softmax's largest probability it
    falls when no class at all finds its features in the picture. The percentiles of the test set's energies travel
    with the weights.
    """
    percentiles = (model.provenance or {}).get("energy_percentiles")
    if not percentiles:
        return None
    energy = logits.logsumexp(0)
    return (torch.tensor(percentiles) < energy.cpu()).float().mean().item()
