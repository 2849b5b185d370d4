"""Whether two things rise together: rank correlations, which ask for the order of values and not for their sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def kendall(order: Sequence[int]) -> float:
    """Kendall's rank correlation of an order with the sorted one: 1 for the same, -1 for the opposite."""
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs) if pairs else 1.0


def spearman(first: Sequence[float] | Tensor, second: Sequence[float] | Tensor) -> float | None:
    """Spearman's rank correlation, ties counted as their mean rank; None where one of the two never changes."""
    one, other = (ranks(torch.as_tensor(values).flatten()) for values in (first, second))
    one, other = one - one.mean(), other - other.mean()
    length = (one.norm() * other.norm()).item()
    return (one @ other).item() / length if length else None


def ranks(values: Tensor) -> Tensor:
    """The rank of each value [n], from 1 for the smallest; equal values share their mean rank."""
    _, place, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0)  # the rank of the last one of equal values
    return (last - (counts - 1).double() / 2)[place]
