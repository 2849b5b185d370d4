# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false

from __future__ import annotations

import copy
import statistics

import pytest
import torch
from networks import inputs, noise
from torch import nn

from resnet_demo.errors import InputError
from resnet_demo.lab.anew import measured_anew
from resnet_demo.lab.interventions import answer_without, block_names, passed_on
from resnet_demo.lab.lesion import Lesion, controls, holes, least_squares, lesion, report, without_each
from resnet_demo.lab.quick import BATCH
from resnet_demo.models.predict import domain_of


def test_all_at_once_is_one_after_the_other(model):
    together = without_each(model, inputs())
    assert len(together) == len(block_names(model)) + 1
    for name, logits in zip(block_names(model), together, strict=False):
        assert torch.allclose(logits, answer_without(model, inputs(), [name]), atol=1e-5)
    assert torch.allclose(together[-1], model(inputs()), atol=1e-5)


def test_errors_are_those_of_a_slow_loop(model):
    data, told = noise(BATCH + 7), []  # more than one batch, and a smaller last one
    found = lesion(model, data, told.append)
    pictures = domain_of(model).normalise(data.pictures)
    assert found.n == len(data)
    assert found.error == pytest.approx((model(pictures).argmax(1) != data.labels).double().mean().item())
    for name, error in found.without.items():
        wrong = answer_without(model, pictures, [name]).argmax(1) != data.labels
        assert error == pytest.approx(wrong.double().mean().item())
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_is_added_by_hand():
    found = Lesion(10, 0.1, {"layer1.0": 0.1, "layer1.1": 0.9, "layer2.0": 0.4}, ("layer2.0",))
    assert found.added == pytest.approx({"layer1.0": 0.0, "layer1.1": 0.8, "layer2.0": 0.3})
    assert found.median_added == pytest.approx(0.3)


def test_where_the_shape_changes_is_told(residual, plain):
    for network in (residual, plain):
        assert report(network, noise(3), 0, lambda _: None, noise(4)).halving == ("layer2.0", "layer3.0")


def test_other_classes_are_refused(residual, sentence):
    data = noise(3)
    other = type(data)(data.name, data.pictures, data.labels.clamp(max=2), ("a", "b", "c"))
    with pytest.raises(InputError, match="classes") as error:
        lesion(residual, other)
    sentence(error.value)


def test_a_hole_that_is_linear_is_filled_exactly(residual):
    x = inputs()[:, :, ::2].relu()
    wanted = nn.Conv2d(3, 4, 1)
    found = least_squares(torch.cat([x, torch.zeros_like(x)], dim=1), wanted(x))  # with channels that are always zero
    assert torch.allclose(found.weight[:, :3], wanted.weight, atol=1e-4)
    assert torch.allclose(found.bias, wanted.bias, atol=1e-4)
    # So a block that is nothing but a shortcut is no loss, and neither is one that adds a number to each channel.
    for block in (residual.layer1[1], residual.layer2[0]):
        block.residual.bn2.weight.zero_()
        block.residual.bn2.bias.uniform_(-1, 1)
    found = {name: hole for (name, _), hole in zip(residual.named_blocks(), holes(residual, noise(9)), strict=True)}
    y = residual.layer1(residual.stem(inputs()))
    assert torch.allclose(found["layer2.0"].filled(y), residual.layer2[0](y), atol=1e-3)
    errors = controls(residual, noise(20), noise(9))
    whole = lesion(residual, noise(20)).error
    assert errors.linear["layer1.1"] == errors.linear["layer2.0"] == pytest.approx(whole)


def test_least_squares_leave_nothing_that_a_linear_map_could_explain():
    x, y = inputs(7), inputs(7, seed=2)
    rest = (y - least_squares(x, y)(x)).movedim(1, -1).flatten(0, -2)
    flat = x.movedim(1, -1).flatten(0, -2)
    assert (flat.T @ rest).abs().max() < 1e-2
    assert rest.sum(0).abs().max() < 1e-2


def test_statistics_are_those_of_the_network_with_the_hole(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pictures = domain_of(model).normalise(noise(90).pictures)
    x = model.stem(pictures)
    for number, ((_name, block), hole) in enumerate(zip(model.named_blocks(), holes(model, noise(90)), strict=True)):
        twin = copy.deepcopy(model).train()
        y = passed_on(block, x)
        for _later, other in list(twin.named_blocks())[number + 1 :]:
            y = other(y)
        anew = passed_on(block, x)
        for _later, other in list(hole.recalibrated.named_blocks())[number + 1 :]:
            anew = other(anew)
        assert torch.allclose(anew, y, atol=2e-2, rtol=2e-2)  # the variance is over n - 1 numbers in one, over n in one
        x = block(x)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_measured_anew_is_what_the_batch_has(residual):
    x = inputs(6)
    found = measured_anew(residual, lambda network: network.stem(x))
    norm, before = found.stem.bn, residual.stem.bn
    assert torch.allclose(norm.running_mean, residual.stem.conv(x).mean((0, 2, 3)), atol=1e-5)
    assert not torch.allclose(norm.running_mean, before.running_mean, atol=1e-2)
    assert norm.momentum == before.momentum
    other = found.layer1[0].residual.bn1.running_mean  # of what nothing went through
    assert torch.equal(other, residual.layer1[0].residual.bn1.running_mean)
    assert not any(module.training for module in [*found.modules(), *residual.modules()])


def test_the_controls_are_errors_by_block(model):
    found = report(model, noise(BATCH + 5), 0, lambda _: None, noise(10))
    assert list(found.recalibrated) == list(found.linear) == list(found.without)
    assert found.fitted_on == 10
    for median, errors in ((found.median_recalibrated, found.recalibrated), (found.median_linear, found.linear)):
        assert median == pytest.approx(statistics.median(errors.values()) - found.error)
