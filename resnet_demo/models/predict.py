"""Classify a picture, and measure how familiar it looks to the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..finding import Finding
from ..i18n import FIRST, _, language
from ..images import Domain, Source, load_image, nameless
from .evidence import was_trained
from .resnet import ResNet, check_network

Picture: TypeAlias = Source | Tensor  # one
Pictures: TypeAlias = Picture | Sequence[Picture]

MOST_SAID = 5  # predictions in a repr

# What stands in place of an answer where `is_trained` says no: on the page, in the shell, and for clients of the API.
UNTRAINED = _("Not trained: its answer means nothing.")


@dataclass(frozen=True)
class Prediction:
    """One class's answer: its index, name, logit and softmax probability."""

    index: int
    label: str
    logit: float
    probability: float


class Predictions(list[Prediction], Finding):
    """Predictions, likeliest first; else a list like any other. `trained`: whether they mean anything."""

    def __init__(self, ranked: Iterable[Prediction], trained: bool = True):
        super().__init__(ranked)
        self.trained = trained

    def __repr__(self) -> str:
        tenths = language(FIRST).tenths
        said = [f"{prediction.label} {tenths(prediction.probability)}" for prediction in self[:MOST_SAID]]
        return f"<Predictions: {', '.join(said)}{', …' if len(self) > len(said) else ''}>"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [vars(prediction) for prediction in self]

    def _plain(self) -> Any:
        return {"trained": self.trained, "predictions": self._rows()}


def is_trained(model: ResNet) -> bool:
    """Whether a network has learned anything: as its provenance says, else as its batch norms remember."""
    story = model.provenance or {}
    if story.get("origin") == "random initialisation":  # and perhaps a training of the reader's own since
        return was_trained(model) is True
    return bool(story.get("epochs")) or was_trained(model) is not False


def domain_of(model: ResNet) -> Domain:
    """The pictures a network is for. Raises InputError for a module that is no `ResNet`."""
    check_network(model)
    return model.domain or nameless(model.config.outputs, 32 if model.config.stem == "cifar" else 224)


def as_inputs(model: ResNet, pictures: Pictures) -> Tensor:
    """Pictures as the network takes them: [N, 3, H, W], normalised, of its weights' type and where they are.

    A floating-point tensor is an input already; one of uint8 holds pixels. A path, bytes, a Pillow image or an array
    of uint8 is one picture, fitted to the network's domain; a list may hold any of these, and inputs [3, H, W].

    Raises InputError for what is no picture, is not finite, or is of several sizes.

    >>> from resnet_demo import load
    >>> model = load("resnet20")
    >>> tuple(as_inputs(model, ["assets/examples/cat.png", "assets/examples/ship.png"]).shape)
    (2, 3, 32, 32)
    """
    domain = domain_of(model)
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4:
        pictures = list(pictures)
    if isinstance(pictures, (list, tuple)):
        parts = [as_inputs(model, picture[None] if _flat(picture) else picture) for picture in pictures]
        if not parts:
            raise InputError("There is no picture in an empty list.")
        if len({part.shape[1:] for part in parts}) > 1:
            raise InputError(
                "The pictures are of different sizes, {one} and {other}: give them one by one.",
                one=_size(parts[0]),
                other=next(_size(part) for part in parts if part.shape[1:] != parts[0].shape[1:]),
            )
        return torch.cat(parts)
    inputs = pictures if isinstance(pictures, Tensor) else domain.to_input(load_image(pictures))  # pyright: ignore[reportArgumentType]
    if inputs.ndim != 4 or inputs.shape[1] != 3 or not inputs[0:1].numel():
        raise InputError(
            "The inputs must be pictures, a tensor of shape [N, 3, H, W], not {shape}.", shape=tuple(inputs.shape)
        )
    if inputs.dtype == torch.uint8:
        inputs = domain.normalise(inputs)
    if not inputs.is_floating_point():
        raise InputError(
            "The picture's values must be real numbers, or uint8 pixels, not {kind}.",
            kind=str(inputs.dtype).removeprefix("torch."),
        )
    if not torch.isfinite(inputs).all():
        raise InputError("The picture's values must be finite real numbers.")
    weights = next(model.parameters(), inputs)
    return inputs.to(weights.device, weights.dtype)


def as_input(model: ResNet, picture: Picture) -> Tensor:
    """One picture as the network takes it, [1, 3, H, W]; see `as_inputs`."""
    if isinstance(picture, Tensor) and (picture.ndim != 4 or picture.shape[:2] != (1, 3)):
        raise InputError(
            "The input must be one picture, a tensor of shape [1, 3, H, W], not {shape}.", shape=tuple(picture.shape)
        )
    if isinstance(picture, (list, tuple)):
        raise InputError("The input must be one picture, not a list.")
    return as_inputs(model, picture)


def _flat(picture: object) -> TypeGuard[Tensor]:
    """Whether this is a tensor [3, H, W], one of several pictures."""
    return isinstance(picture, Tensor) and picture.ndim == 3


def _size(inputs: Tensor) -> str:
    return "x".join(map(str, inputs.shape[2:]))


@torch.no_grad()
def classify(model: ResNet, image: Picture, top_k: int = 5) -> Predictions:
    """The `top_k` likeliest classes of a picture, likeliest first.

    The picture is a path, bytes, a Pillow image, or a tensor [1, 3, H, W], see `as_inputs`. The model is expected in
    eval mode, as `load` returns it. Raises InputError for an unusable picture.

    >>> from resnet_demo import load
    >>> from resnet_demo.assets import asset
    >>> [prediction.label for prediction in classify(load("resnet20"), asset("examples", "ship.png"), top_k=1)]
    ['ship']
    >>> classify(load("resnet20"), asset("examples", "ship.png"), top_k=2)
    <Predictions: ship 99.6 %, truck 0.2 %>
    """
    return Predictions(rank(model, model(as_input(model, image))[0], top_k), is_trained(model))


def class_logits(logits: Tensor) -> Tensor:
    """Logits [..., classes]; a single one, of the second of two classes, is set beside the first one's zero.

    Their softmax is then the sigmoid of that one.
    """
    return torch.cat([torch.zeros_like(logits), logits], dim=-1) if logits.shape[-1] == 1 else logits


def rank(model: ResNet, logits: Tensor, top_k: int = 5) -> list[Prediction]:
    """Logits [classes] -> the `top_k` likeliest classes, likeliest first."""
    if isinstance(top_k, bool) or not isinstance(top_k, Integral) or top_k < 1:
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
