"""The visitor's network and its twin, side by side: what the lesson compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from torch import Tensor

from ...i18n import language
from ...models.predict import Prediction, rank
from ...models.resnet import ResNet
from ..bars import twin_of
from ..classes import titles
from ..session import HERE, Visit, shared_network

# Of each network by name: its likeliest class before and now, and how likely the first one is now.
Told: TypeAlias = Mapping[str, tuple[Prediction, Prediction, float]]


def pair_of(visit: Visit) -> dict[str, ResNet]:
    """The visitor's network and its twin by name, the residual one first.

    Only the visitor's where there is no twin, or none whose weights come from the same: beside a trained network a
    random one would prove nothing.
    """
    pair, other = {visit.name: visit.network}, twin_of(visit)
    if other and other[1] == visit.weights:
        name, weights = other
        pair[name] = visit.trained[name].model if weights == HERE else shared_network(name, weights, visit.seed)
    return dict(sorted(pair.items(), key=lambda named: named[1].config.plain))


def outcome(network: ResNet, before: Tensor, now: Tensor) -> tuple[Prediction, Prediction, float]:
    """The likeliest class before and now, of logits [classes], and how likely the first one is now."""
    (first,), (new,) = rank(network, before, 1), rank(network, now, 1)
    return first, new, now.softmax(0)[first.index].item()


def titled(prediction: Prediction, labels: tuple[str, ...], say: Any) -> Prediction:
    """A prediction whose class has its name in a language; `labels` are all classes of its network."""
    return replace(prediction, label=titles(labels, language(say.CODE))[prediction.index])


def all_titled(told: Told, labels: tuple[str, ...], say: Any) -> Told:
    return {
        name: (titled(before, labels, say), titled(after, labels, say), left)
        for name, (before, after, left) in told.items()
    }
