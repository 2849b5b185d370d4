"""Snapshots of a training that somebody watches: its network before the first step and on the way."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import torch

from ...models import zoo
from ...models.resnet import ResNet, ResNetConfig
from ...training.records import Record
from ...training.trainer import Training

MOMENTS = (0, 3, 10, 33, 67)  # per cent of the budget: most changes at the beginning
MOST_PARAMETERS = 1_000_000  # of a network that is filmed: all snapshots of ResNet-56 together are 17 MB


def is_filmed(config: ResNetConfig) -> bool:
    """Whether snapshots of such a network would not fill the memory that a visitor has here."""
    return zoo.count_parameters(config) <= MOST_PARAMETERS


def filmed(training: Training, film: dict[int, ResNet]) -> Generator[Record, None, None]:
    """Run a training, and on the way put copies of its network into `film`, by per cent of the budget."""
    if not is_filmed(training.model.config):
        yield from training.run()
        return
    left = [moment for moment in MOMENTS if moment > 0]
    film[0] = snapshot(training.model, 0)
    with closing(training.steps()) as steps:
        for record in steps:
            passed = [moment for moment in left if moment <= 100 * training.progress]
            if passed and training.progress < 1:  # several at once, where the steps are long: there is the last one
                film[passed[-1]] = snapshot(training.model, passed[-1])
                left = left[len(passed) :]
            if record:
                yield record
    for copy in film.values():
        copy.domain = training.model.domain  # what it is learning the first step tells


def snapshot(model: ResNet, percent: int) -> ResNet:
    """A copy of a network that is being trained: on the processor, in eval mode, without gradients."""
    with torch.device("meta"):
        copy = ResNet(model.config)
    copy = copy.to_empty(device="cpu")
    copy.load_state_dict(model.state_dict())
    copy.provenance = {"origin": "trained in the app", "percent": percent}
    return copy.eval().requires_grad_(False)
