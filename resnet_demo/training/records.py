"""What is known of a training at one moment, and the means that are kept on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from . import distributed


@dataclass(frozen=True)
class Record:
    """What is known at one moment of a training. Train figures are means since the last record with test figures."""

    epoch: int  # epochs completed
    step: int
    images: int
    seconds: float  # of training; tests not counted
    lr: float
    train_loss: float
    train_accuracy: float
    gradients: dict[str, float]  # by block: norm of the last step's gradient with respect to its parameters
    ratios: dict[str, float]  # by block: ‖F(x)‖ / ‖shortcut(x)‖ on a few training pictures; empty in plain networks
    test_loss: float | None = None  # None between tests
    test_accuracy: float | None = None
    test_pictures: int | None = None  # how many were asked

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


class Meter:
    """Means of loss and accuracy over the batches since a test, of all processes together."""

    def __init__(self, device: torch.device):
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)  # of the loss, of right answers, of pictures
        self._last = math.nan, math.nan

    def clear(self) -> None:
        self.sums.zero_()

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        right = (logits.argmax(1) == labels).sum()
        count = torch.full_like(right, len(labels))
        self.sums += torch.stack([loss.detach().double() * len(labels), right.double(), count.double()])

    def means(self) -> tuple[float, float]:
        """Loss and accuracy; where nothing was added since the last test, those of then."""
        loss, right, count = distributed.total(self.sums.clone()).tolist()
        if count:
            self._last = loss / count, right / count
        return self._last
