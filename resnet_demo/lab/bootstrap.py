"""How sure a mean is: the bootstrap draws the pictures again and again, as if others had been asked.

Efron 1979; the interval is that of the percentiles (Efron, Tibshirani 1993, chapter 13).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


def interval(scores: Tensor, seed: int) -> tuple[float, float]:
    """The 95 % confidence interval of the mean of scores [N]: percentiles of the means of resampled scores."""
    luck = torch.Generator().manual_seed(seed)
    means = scores[torch.randint(len(scores), (RESAMPLES, len(scores)), generator=luck)].double().mean(1)
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high


def estimate(scores: Tensor, seed: int) -> Estimate:
    """The mean of scores [N], with its interval."""
    return Estimate(scores.double().mean().item(), *interval(scores, seed))
