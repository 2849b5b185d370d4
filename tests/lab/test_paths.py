from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
import torch
from networks import CONFIGS, inputs, noise
from torch.nn.functional import cross_entropy

from resnet_demo.errors import InputError
from resnet_demo.lab.paths import Passage, Paths, paths, report
from resnet_demo.models.resnet import ResNet, ResNetConfig

LABELS = torch.tensor([0, 3, 9, 2, 2])


def gradient_of(model: ResNet) -> torch.Tensor:
    start = inputs().to(next(model.parameters()).dtype).requires_grad_()
    return torch.autograd.grad(cross_entropy(model(start), LABELS), start)[0]


def test_all_paths_at_once_are_the_gradient(model):
    model = model.double()
    walked = Passage(model, inputs().double(), LABELS).gradient()
    assert torch.allclose(walked, gradient_of(model), atol=1e-12)


def test_all_paths_one_by_one_add_up_to_the_gradient(model):
    model = model.double()
    passage = Passage(model, inputs().double(), LABELS)
    n = passage.blocks
    every = [set(path) for length in range(n + 1) for path in combinations(range(n), length)]
    assert len(every) == 2**n
    total = torch.stack([passage.gradient(path) for path in every]).sum(0)
    assert torch.allclose(total, gradient_of(model), atol=1e-12)


def test_a_plain_network_is_one_path(plain):
    passage = Passage(plain, inputs(), LABELS)
    assert torch.allclose(passage.gradient(range(6)), gradient_of(plain), atol=1e-7)
    assert not passage.gradient(range(5)).any()
    found = paths(plain, inputs(), LABELS, samples=2)
    assert found.counts == (0, 0, 0, 0, 0, 0, 1)
    assert found.shares == [0, 0, 0, 0, 0, 0, 1]


def test_counts_are_binomial_and_lengths_all_paths_where_there_are_few(residual):
    found = paths(residual, inputs(), LABELS, samples=1000)
    assert found.counts == (1, 6, 15, 20, 15, 6, 1)
    assert sum(found.shares) == pytest.approx(1)
    assert found.errors == (0,) * 7  # nothing is estimated
    few = paths(residual, inputs(), LABELS, samples=3, seed=1)
    assert few == paths(residual, inputs(), LABELS, samples=3, seed=1)
    assert few != paths(residual, inputs(), LABELS, samples=3, seed=2)
    assert [error > 0 for error in few.errors] == [False, True, True, True, True, True, False]
    deep = ResNetConfig.cifar(56)
    assert sum(comb(sum(deep.blocks), k) for k in range(28)) == 2**27


def test_shares_by_hand():
    found = Paths((1, 3, 3, 1), (4.0, 2.0, 1.0, 0.0), (0.0, 0.5, 0.0, 1.0))  # 4, 6, 3, 0 of 13
    assert found.per_length == [4, 6, 3, 0]
    assert found.shares == pytest.approx([4 / 13, 6 / 13, 3 / 13, 0])
    assert found.within(0.4) == (1, 1)
    assert found.within(0.6) == (0, 1)
    assert found.within(0.9) == (0, 2)
    assert found.mean_length == pytest.approx(12 / 13)
    # Errors of 1.5 in the length 1 and of 1 in the length 3, which are 1 / 13 and 27 / 13 from the mean.
    assert found.mean_length_error == pytest.approx(((1 / 13 * 1.5) ** 2 + (27 / 13) ** 2) ** 0.5 / 13)
    nothing = Paths((1, 1), (0.0, 0.0), (0.0, 0.0))
    assert nothing.mean_length == nothing.mean_length_error == 0
    with pytest.raises(InputError):
        nothing.within(0.9)


def test_all_paths_of_a_length_are_walked_once_where_there_are_few(residual):
    passage = Passage(residual, inputs(), LABELS)
    found = paths(residual, inputs(), LABELS, samples=15)  # of 20 paths through three blocks some are drawn
    for length in (2, 4):
        norms = [passage.gradient(set(path)).norm().item() for path in combinations(range(6), length)]
        assert found.per_path[length] == pytest.approx(sum(norms) / 15, rel=1e-5)


def test_the_report_checks_itself(residual):
    found = report(residual, noise(4), 0, lambda _: None)
    assert found.identity_error < 1e-4
    assert found.counts == tuple(comb(6, k) for k in range(7))
    assert found.mean_length == pytest.approx(sum(k * share for k, share in enumerate(found.shares)))
    assert found.mean_length_error == 0  # of six blocks there are no more than 20 paths of a length


def test_the_model_keeps_no_gradients():
    model = ResNet(CONFIGS["A"], seed=0).eval()  # its weights ask for gradients
    paths(model, inputs(), LABELS, samples=1)
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())
    with pytest.raises(InputError, match="sample"):
        paths(model, inputs(), LABELS, samples=0)
