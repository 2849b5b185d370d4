"""The visitor's network and its twin, side by side: what the lesson compares."""

from __future__ import annotations

from torch import Tensor

from ...models.predict import Prediction, class_logits, rank
from ...models.resnet import ResNet
from ..session import Session


def pair_of(session: Session) -> dict[str, ResNet]:
    """The visitor's network and its twin by name, the residual one first.

    Only the visitor's where there is no twin, or none whose weights come from the same: beside a trained network a
    random one would prove nothing.
    """
    return {name: model for name, (model, source) in session.pair().items() if source.weights == session.weights}


def outcome(network: ResNet, before: Tensor, now: Tensor) -> tuple[Prediction, Prediction, float]:
    """The likeliest class before and now, of logits [classes], and how likely the first one is now."""
    (first,), (new,) = rank(network, before, 1), rank(network, now, 1)
    return first, new, class_logits(now).softmax(0)[first.index].item()
