from __future__ import annotations

import pytest
import torch
from networks import noise
from torch import nn

from resnet_demo.lab import shattering
from resnet_demo.lab.shattering import agreement, fresh, input_gradients, line, report
from resnet_demo.models.resnet import ResNet, ResNetConfig


def test_agreement_by_hand():
    found = agreement(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, -1.0]]))
    assert found == pytest.approx((1 + 0 - 1) / 3)


def test_a_line_is_straight():
    points = line(seed=0, points=5, side=4)
    assert points.shape == (5, 3, 4, 4)
    assert torch.allclose(points.diff(dim=0), (points[-1] - points[0]).expand(4, -1, -1, -1) / 4, atol=1e-6)
    assert torch.equal(points, line(seed=0, points=5, side=4))
    assert not torch.equal(points, line(seed=1, points=5, side=4))


def test_in_a_linear_network_all_inputs_agree():
    class Linear(nn.Module):
        config = ResNetConfig((1,), (1,))

        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(48, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.flatten(1))

    assert agreement(input_gradients(Linear(), line(0, 6, 4), 0)) == pytest.approx(1)  # pyright: ignore


def test_gradients_are_those_of_the_batch():
    model, inputs = ResNet(ResNetConfig((1, 1), (4, 8)), seed=0), line(0, 6, 8)
    found = input_gradients(model, inputs, seed=2)
    direction = torch.randn(10, generator=torch.Generator().manual_seed(2))
    step = 1e-6 * torch.randn(inputs.shape, generator=torch.Generator().manual_seed(3)).double()
    model = model.double().train()
    up, down = ((model(inputs.double() + sign * step) @ direction.double()).sum() for sign in (1, -1))
    assert ((up - down) / 2).item() == pytest.approx((found.double() * step.flatten(1)).sum().item(), rel=1e-2)


def test_twins_begin_with_the_same_weights():
    for one, other in zip(fresh(True, 8, 3).parameters(), fresh(False, 8, 3).parameters(), strict=True):
        assert torch.equal(one, other)


def test_gradients_shatter_without_shortcuts(monkeypatch):
    monkeypatch.setattr(shattering, "DEPTHS", (8, 32))
    found = {}
    for plain in (False, True):
        model = ResNet(ResNetConfig((1, 1), (4, 8), plain=plain), seed=0)
        found[plain] = report(model, noise(1), 0, lambda _: None).agreement
    assert found[True]["32"] < 0.1 < 0.3 < found[False]["32"]
    assert found[True]["8"] > found[True]["32"]
    assert found[False]["8"] > found[False]["32"]
