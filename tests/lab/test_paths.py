from __future__ import annotations

import time
from itertools import combinations
from math import comb

import pytest
import torch
from networks import CONFIGS, inputs, noise
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_demo.errors import InputError
from resnet_demo.lab.interventions import way_past
from resnet_demo.lab.paths import BATCH, Paths, by_length, paths_exact, report, within
from resnet_demo.models import zoo
from resnet_demo.models.resnet import NoShortcut, ResNet, ResNetConfig

LABELS = torch.tensor([0, 3, 9, 2, 2])


def gradient_of(model: ResNet) -> Tensor:
    """Of the sum of the pictures' losses, at the pictures."""
    start = inputs().double().requires_grad_()
    return torch.autograd.grad(cross_entropy(model(start), LABELS, reduction="sum"), start)[0]


def along(model: ResNet, path: tuple[int, ...]) -> Tensor:
    """The gradient along one path: through F in these blocks, past it in the others. The other branch is detached."""
    start = inputs().double().requires_grad_()
    x = model.stem(start)
    for index, (_name, block) in enumerate(model.named_blocks()):
        residual, shortcut = block.residual(x), block.shortcut(x)
        taken = (residual, shortcut.detach()) if index in path else (residual.detach(), shortcut)
        x = block.combine(*taken)
    loss = cross_entropy(model.head(x), LABELS, reduction="sum")
    return torch.autograd.grad(loss, start, allow_unused=True)[0]


def test_all_lengths_add_up_to_autograds_gradient(model):
    parts, whole = by_length(model, inputs(), LABELS)
    expected = gradient_of(model.double())
    assert torch.allclose(whole, expected, atol=1e-12)
    assert (parts.sum(0) - expected).abs().max() <= 1e-12 * expected.abs().max()


@pytest.mark.parametrize("kind", ["A", "B", "bottleneck", "preact"])
def test_a_length_carries_what_its_paths_carry_one_by_one(network_of, kind):
    model = network_of(kind)
    parts, _whole = by_length(model, inputs(), LABELS)
    n = sum(model.config.blocks)
    assert len(parts) == n + 1
    model.double()
    for length in range(n + 1):
        walked = torch.stack([along(model, path) for path in combinations(range(n), length)]).sum(0)
        assert torch.allclose(parts[length], walked, atol=1e-12)


def test_a_plain_network_is_one_path(plain):
    parts, _whole = by_length(plain, inputs(), LABELS)
    assert not parts[:6].any()
    assert torch.allclose(parts[6], gradient_of(plain.double()), atol=1e-12)
    assert all(isinstance(block.shortcut, NoShortcut) and way_past(block) for _name, block in plain.named_blocks())
    found = paths_exact(plain, inputs(), LABELS)
    assert found.counts == (0, 0, 0, 0, 0, 0, 1)
    assert found.shares == pytest.approx((0, 0, 0, 0, 0, 0, 1))
    assert found.mean_length == pytest.approx(6)


def test_shares_are_averaged_over_pictures(residual):
    found = paths_exact(residual, inputs(), LABELS)
    assert len(inputs()) > BATCH
    parts, whole = by_length(residual, inputs(), LABELS)
    shares = [
        [((part[at] * whole[at]).sum() / whole[at].square().sum()).item() for part in parts] for at in range(len(whole))
    ]
    expected = torch.tensor(shares).double().mean(0)
    assert found.shares == pytest.approx(expected.tolist(), abs=1e-6)
    assert sum(found.shares) == pytest.approx(1, abs=1e-12)
    assert found.counts == (1, 6, 15, 20, 15, 6, 1)
    assert found.sum_error <= 1e-12
    assert sum(found.norms) >= 1 - 1e-12  # the triangle inequality
    assert sum(comb(sum(ResNetConfig.cifar(56).blocks), k) for k in range(28)) == 2**27


def test_an_answer_that_could_not_be_surer_has_no_paths_to_share(residual):
    residual.fc.weight.zero_()
    residual.fc.bias[0] = 1e4
    found = paths_exact(residual, inputs(), torch.zeros(5, dtype=torch.int64))
    assert found.shares == found.norms == (0,) * 7
    assert found.mean_length == 0
    with pytest.raises(InputError, match="No path"):
        found.within(0.9)


def test_the_shortest_run_by_hand():
    found = Paths((1, 3, 3, 1), (0.3, 0.5, 0.2, 0.0), (1.0, 1.0, 1.0, 0.0), 0.0)
    assert found.within(0.4) == (1, 1)
    assert found.within(0.6) == (0, 1)
    assert found.within(0.9) == (0, 2)
    assert found.mean_length == pytest.approx(0.9)
    assert within((-0.1, 0.6, 0.5), 0.9) == (1, 2)  # what points against the whole does not help


def test_the_report_checks_itself(residual):
    found = report(residual, noise(5), 0, lambda _: None)
    assert found.sum_error <= 1e-6
    assert sum(found.shares.values()) == pytest.approx(1, abs=1e-9)
    assert found.mean_length == pytest.approx(sum(int(k) * share for k, share in found.shares.items()))
    assert list(found.shares) == list(found.norms) == [str(k) for k in range(7)]


def test_one_picture_through_27_blocks_is_split_at_once():
    """In half a second on one idle core."""
    model = zoo.load("resnet56")
    picture, label = torch.randn(1, 3, 32, 32), torch.tensor([3])
    seconds = []
    for _ in range(3):
        started = time.process_time()
        found = paths_exact(model, picture, label)
        seconds.append(time.process_time() - started)
    assert found.sum_error <= 1e-6
    assert min(seconds) < 1


def test_the_model_is_left_alone():
    model = ResNet(CONFIGS["A"], seed=0).eval()  # its weights ask for gradients
    paths_exact(model, inputs(), LABELS)
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())
    assert all(weight.dtype == torch.float32 for weight in model.parameters())
