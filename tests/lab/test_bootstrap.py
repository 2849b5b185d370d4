from __future__ import annotations

import pytest
import torch

from resnet_demo.lab.bootstrap import Estimate, estimate, interval


def test_the_interval_is_the_normal_one_where_there_are_many():
    scores = (torch.arange(2000) % 4 == 0).double()  # a quarter
    low, high = interval(scores, seed=0)
    half = 1.96 * (0.25 * 0.75 / 2000) ** 0.5
    assert (low, high) == pytest.approx((0.25 - half, 0.25 + half), abs=0.002)
    assert interval(scores, seed=0) == (low, high)
    assert interval(torch.full((9,), 0.5), seed=0) == (0.5, 0.5)


def test_an_estimate():
    scores = torch.tensor([0.0, 1.0, 1.0, 1.0])
    low, high = interval(scores, seed=3)
    assert estimate(scores, seed=3) == Estimate(mean=0.75, low=low, high=high)
    assert low < 0.75 < high
