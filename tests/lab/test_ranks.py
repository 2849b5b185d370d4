from __future__ import annotations

import pytest
import torch

from resnet_demo.lab.ranks import kendall, ranks, spearman


@pytest.mark.parametrize(
    ("order", "tau"),
    [([0, 1, 2, 3], 1.0), ([3, 2, 1, 0], -1.0), ([1, 0, 2, 3], 4 / 6), ([0, 3, 2, 1], 0.0), ([5], 1.0), ([], 1.0)],
    ids=str,
)
def test_kendall_by_hand(order, tau):
    assert kendall(order) == pytest.approx(tau)


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [
        ([1, 2, 3, 4], [0.1, 0.2, 0.7, 0.8], 1.0),
        ([1, 2, 3, 4], [9, 5, 2, 1], -1.0),
        ([1, 1, 2, 2], [1, 2, 3, 4], 0.8944271909999159),  # ranks 1.5 1.5 3.5 3.5 against 1 2 3 4: 4 / sqrt(4 * 5)
        ([1, 2, 3], [5, 5, 5], None),
        ([2], [3], None),
    ],
    ids=str,
)
def test_spearman_by_hand(first, second, rho):
    found = spearman(first, second)
    assert found is None if rho is None else found == pytest.approx(rho)


def test_ranks_by_hand():
    assert ranks(torch.tensor([0.3, 0.1, 0.3, 0.9])).tolist() == [2.5, 1, 2.5, 4]


def test_maps_are_compared_by_the_order_of_their_places():
    values = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    assert spearman(values, values.exp() * 1e6) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)
    assert abs(spearman(values, values.T) or 0) < 0.1
    assert spearman(values, torch.zeros(32, 32)) is None
