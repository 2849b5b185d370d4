from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from networks import inputs
from torch import nn

from resnet_demo.errors import InputError
from resnet_demo.interpret.trace import SHORTCUT_WIRE
from resnet_demo.lab.interventions import (
    BranchScales,
    answer,
    answer_without,
    block_names,
    changes_shape,
    intervention,
    scaled,
    states,
    trace_intervened,
    way_past,
)
from resnet_demo.models.resnet import ResidualBlock, ResNet, ResNetConfig


def test_at_one_nothing_changes_by_a_bit(model):
    ones = dict.fromkeys(block_names(model), BranchScales(1.0, 1.0))
    assert torch.equal(answer(model, inputs(), ones), model(inputs()))
    assert torch.equal(answer(model, inputs(), {}), model(inputs()))
    assert torch.equal(answer_without(model, inputs(), ()), model(inputs()))


def block_of_one_channel(plain: bool = False) -> ResidualBlock:
    """F(x) = 2 relu(3 x), on a single channel."""
    block = ResidualBlock(1, 1, 1, ResNetConfig((1,), (1,), plain=plain)).eval()
    for name, weight in (("conv1", 3.0), ("conv2", 2.0)):
        convolution = getattr(block.residual, name)
        nn.init.zeros_(convolution.weight)
        convolution.weight.data[0, 0, 1, 1] = weight
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    return block.requires_grad_(False)


@pytest.mark.parametrize(
    ("dial", "x", "y"),
    [
        (BranchScales(), 2.0, 14.0),  # 2 * 3 * 2 + 2
        (BranchScales(residual=0.5), 2.0, 8.0),
        (BranchScales(residual=0.0), 2.0, 2.0),
        (BranchScales(shortcut=0.25), 2.0, 12.5),
        (BranchScales(shortcut=0.0), 2.0, 12.0),
        (BranchScales(0.0, 0.0), 2.0, 0.0),
        (BranchScales(residual=1.5), -2.0, 0.0),  # relu(0 - 2)
        (BranchScales(residual=0.0), float("inf"), float("inf")),
    ],
    ids=str,
)
def test_a_dialled_block_by_hand(dial, x, y):
    assert scaled(block_of_one_channel(), torch.full((1, 1, 1, 1), x), dial).item() == y


def test_a_dialled_plain_block_by_hand():
    block, x = block_of_one_channel(plain=True), torch.full((1, 1, 2, 2), 2.0)
    assert scaled(block, x, BranchScales(residual=0.5, shortcut=3.0)).unique().tolist() == [6.0]  # there is no shortcut
    assert torch.equal(scaled(block, x, BranchScales(residual=0.0)), torch.zeros(1, 1, 2, 2))


def test_a_deleted_block_is_one_whose_branch_is_cut(model):
    for name in block_names(model):
        lesion = answer_without(model, inputs(), [name])
        assert lesion.shape == (5, 10)
        assert not torch.allclose(lesion, model(inputs()))
        if not model.config.plain:
            assert torch.equal(lesion, answer(model, inputs(), {name: BranchScales(residual=0.0)}))


def test_cut_wires_become_dials_and_deletions():
    model = ResNet(ResNetConfig((2, 2), (4, 8)), seed=0).eval()
    dial = BranchScales(0.5, 1.0)
    assert intervention(model, []) == ({}, set())
    assert intervention(model, ["layer1.1"]) == ({}, {"layer1.1"})
    assert intervention(model, ["layer1.0"], dial) == (
        {"layer1.1": dial, "layer2.0": dial, "layer2.1": dial}, {"layer1.0"}
    )  # fmt: skip
    assert intervention(model, ["layer1.1", "layer1.1.shortcut"]) == ({"layer1.1": BranchScales(0.0, 0.0)}, set())
    assert intervention(model, ["layer2.0.shortcut"]) == ({"layer2.0": BranchScales(1.0, 0.0)}, set())
    # A deleted block passes on what its shortcut carries: multiplied, if all shortcuts are.
    assert intervention(model, ["layer1.1"], BranchScales(1.0, 0.5))[0]["layer1.1"] == BranchScales(0.0, 0.5)
    with pytest.raises(InputError, match=r"no block 'layer9\.0'"):
        intervention(model, ["layer9.0.shortcut"])
    plain = ResNet(ResNetConfig((2, 2), (4, 8), plain=True), seed=0).eval()
    assert intervention(plain, ["layer1.1", "layer1.1.shortcut", "layer1.0.shortcut"])[1] == {"layer1.1"}


def test_a_cut_shortcut_leaves_relu_of_f(model):
    if model.config.plain:
        return
    for name in block_names(model):
        x = model.stem(inputs())
        for other, block in model.named_blocks():
            x = block.relu(block.residual(x)) if other == name else block(x)
        expected = model.head(x)
        assert torch.equal(answer(model, inputs(), *intervention(model, [name + SHORTCUT_WIRE])), expected)


def test_a_rewired_block_is_traced(model):
    x = dict(states(model, inputs()[:1]))
    names = ["stem", *block_names(model)]
    for before, name in pairwise(names):
        whole = trace_intervened(model, name, x[before])
        assert torch.equal(whole.output, x[name])
        assert whole.identity_error <= 1e-5
        for wire in (name, name + SHORTCUT_WIRE):
            wires = intervention(model, [wire])
            found = trace_intervened(model, name, x[before], *wires)
            expected = dict(states(model, inputs()[:1], *wires))
            assert torch.equal(found.output, expected[name])
            assert torch.equal(found.residual, whole.residual)
            assert torch.equal(found.shortcut, whole.shortcut)


def test_what_is_known_is_not_computed_again_before_the_first_change(model):
    names, ran = block_names(model), []
    dial = BranchScales(0.5, 1.1)
    known = dict(states(model, inputs()))
    for name, block in model.named_blocks():
        block.register_forward_hook(lambda *_, name=name: ran.append(name))
    for number, name in enumerate(names):
        for dials, deleted in (({}, [name]), ({name: dial}, [])):
            fresh = dict(states(model, inputs(), dials, deleted))
            ran.clear()
            found = dict(states(model, inputs(), dials, deleted, known))
            assert list(found) == ["stem", *names]
            assert all(torch.equal(found[place], fresh[place]) for place in found)
            assert ran == names[number + 1 :]
    ran.clear()
    assert all(torch.equal(value, known[place]) for place, value in states(model, inputs(), known=known))
    assert ran == []


def test_where_the_shape_changes(residual, plain):
    for network in (residual, plain):
        found = [name for name, block in network.named_blocks() if changes_shape(block)]
        assert found == ["layer2.0", "layer3.0"]


def test_a_plain_block_gets_the_shortcut_of_its_twin(plain, residual):
    for (_, block), (_, twin) in zip(plain.named_blocks(), residual.named_blocks(), strict=True):
        found, theirs = way_past(block), twin.shortcut
        assert type(found) is type(theirs)
        x = torch.randn(2, block.residual.conv1.in_channels, 8, 8)
        assert torch.equal(found(x), theirs(x))


def test_the_model_is_left_as_it_was(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    names = block_names(model)
    answer(model, inputs(), {names[0]: BranchScales(0.3, 0.7)})
    answer_without(model, inputs(), names)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_unknown_blocks_are_a_sentence(sentence):
    model = ResNet(ResNetConfig((1, 1), (2, 4)), seed=0).eval()
    for attempt in (
        lambda: answer(model, inputs(), {"layer9.0": BranchScales()}),
        lambda: answer_without(model, inputs(), ["x"]),
    ):
        with pytest.raises(InputError, match=r"layer1.0 to layer2.0") as error:
            attempt()
        sentence(error.value)
