"""What small trainings are given."""

from __future__ import annotations

import time
from itertools import count

import pytest
from stripes import stripes

from resnet_demo.data import Dataset


@pytest.fixture(scope="module")
def train_set() -> Dataset:
    return stripes(192, seed=1)


@pytest.fixture(scope="module")
def test_set() -> Dataset:
    return stripes(96, seed=2)


@pytest.fixture
def slow_clock(monkeypatch):
    """A clock by which every reading takes a tenth of a second, and a step about two; it makes minutes repeatable."""
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks) / 10)
