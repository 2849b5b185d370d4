from __future__ import annotations

import pytest
import torch
from networks import inputs, noise
from torch import Tensor

from resnet_demo.lab.faithful import DRAWS, RANDOM, STEPS, Curve, _gain, blurred, changed_by, curve, faithful, report
from resnet_demo.lab.maps import GUIDED, SALIENCY

TARGETS = torch.tensor([0, 3, 9, 2, 2])


def luck(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def probabilities(model, pictures: Tensor) -> Tensor:
    return model(pictures).softmax(1).gather(1, TARGETS[:, None])[:, 0]


def test_curves_run_from_the_picture_to_the_baseline_and_back(model):
    found = faithful(model, inputs(), TARGETS)
    whole, blank, soft = (
        probabilities(model, pictures) for pictures in (inputs(), torch.zeros_like(inputs()), blurred(inputs()))
    )
    for kind, start, end in (("deletion", whole, blank), ("insertion", soft, whole)):
        assert SALIENCY in found[kind]
        assert GUIDED in found[kind]
        for name, found_curve in found[kind].items():
            times = DRAWS if name == RANDOM else 1
            assert found_curve.probabilities.shape == (STEPS + 1, 5 * times)
            assert torch.allclose(found_curve.probabilities[0], start.repeat(times), atol=1e-5)
            assert torch.allclose(found_curve.probabilities[-1], end.repeat(times), atol=1e-5)


def test_the_way_back_is_the_way_there(residual):
    maps = torch.rand(5, 16, 16, generator=luck(2))
    there = curve(residual, inputs(), blurred(inputs()), maps, TARGETS, luck())
    back = curve(residual, blurred(inputs()), inputs(), -maps, TARGETS, luck())
    assert torch.allclose(there.probabilities, back.probabilities.flip(0), atol=1e-5)


def test_the_pixel_that_matters_falls_and_rises_first():
    def model(pictures: Tensor) -> Tensor:  # sure of class 1 where the pixel (3, 5) is bright, else of class 0
        return torch.stack([-100 * pictures[:, 0, 3, 5], 100 * pictures[:, 0, 3, 5]], dim=1)

    dark, bright, target = torch.full((1, 3, 8, 8), -1.0), torch.ones(1, 3, 8, 8), torch.tensor([1])
    right = torch.zeros(1, 8, 8)
    right[0, 3, 5] = 1
    deletion = curve(model, bright, dark, right, target, luck())
    assert deletion.mean == pytest.approx([1.0] + [0.0] * STEPS)
    assert deletion.areas.item() == pytest.approx(0.5 / STEPS)
    assert curve(model, dark, bright, right, target, luck()).areas.item() == pytest.approx(1 - 0.5 / STEPS)
    assert curve(model, bright, dark, -right, target, luck()).areas.item() == pytest.approx(1 - 0.5 / STEPS)


def test_turns_by_hand():
    maps = torch.arange(32.0).view(1, 4, 8)  # two pixels in each step
    turns = changed_by(maps, luck())
    assert turns.flatten().tolist() == [step for step in reversed(range(STEPS)) for _ in range(2)]
    lots = changed_by(torch.zeros(2, 4, 8), luck())
    assert [row.flatten().bincount().tolist() for row in lots] == [[2] * STEPS] * 2
    assert not torch.equal(lots[0], lots[1])
    assert torch.equal(lots, changed_by(torch.zeros(2, 4, 8), luck()))
    assert not torch.equal(lots, changed_by(torch.zeros(2, 4, 8), luck(1)))


def test_the_area_by_hand():
    found = Curve(torch.tensor([[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]]))
    assert found.areas.tolist() == [0.5, 0.25]
    assert found.mean == [0.5, 0.25, 0.5]


def test_blurring_keeps_only_what_is_coarse():
    chequered = torch.ones(1, 3, 16, 16)
    chequered[:, :, ::2, ::2] = chequered[:, :, 1::2, 1::2] = -1
    assert torch.equal(blurred(chequered), torch.zeros(1, 3, 16, 16))
    assert torch.allclose(blurred(torch.full((1, 3, 16, 16), 0.7)), torch.full((1, 3, 16, 16), 0.7))


def test_the_report_checks_itself(model):
    found = report(model, noise(4), 0, lambda _: None)
    assert found.identity_error <= 1e-5
    for kind in ("deletion", "insertion"):
        assert list(found.area[kind]) == list(found.curves[kind])
        mean = found.curves[kind][SALIENCY]
        area = (sum(mean) - (mean[0] + mean[-1]) / 2) / STEPS
        assert found.area[kind][SALIENCY] == pytest.approx(area)
        better = found.area[kind][SALIENCY] - found.area[kind][RANDOM]
        gain = found.gain[kind][SALIENCY]
        assert gain.mean == pytest.approx(better if kind == "insertion" else -better, abs=1e-6)
        assert gain.low <= gain.mean <= gain.high
        assert RANDOM not in found.gain[kind]


def test_a_gain_compares_the_same_picture():
    # Of two pictures; random maps, three of each, come one draw after the other: areas 1, 1, 1 and 0.5, 0.5, 0.8.
    falling = Curve(torch.tensor([[1.0, 1.0], [0.0, 1.0]]))  # areas 0.5 and 1
    random = Curve(torch.tensor([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.6]]))
    curves = {SALIENCY: falling, RANDOM: random}
    assert _gain(curves, SALIENCY, "deletion").tolist() == pytest.approx([0.5, -0.4])
    assert _gain(curves, SALIENCY, "insertion").tolist() == pytest.approx([-0.5, 0.4])
