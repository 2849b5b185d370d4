"""A network with wires cut computes what the interventions do, and leaves the original alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import nn

from resnet_demo import cut, load, save, trace_blocks, unfold, wrap
from resnet_demo.errors import InputError
from resnet_demo.lab.interventions import BranchScales, answer, intervention
from resnet_demo.models.resnet import ResNet, ResNetConfig

CONFIG = ResNetConfig(blocks=(2, 1), widths=(4, 8))
WIRES = (["layer1.1"], ["layer2.0"], ["layer1.1.shortcut"], ["layer2.0.shortcut"], ["layer1.0", "layer2.0.shortcut"])
PICTURE = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["A", "B", "plain", "preact"])
def model(request, randomise) -> ResNet:
    kind = request.param
    changes = {"plain": {"plain": True}, "preact": {"block": "preact"}}.get(kind, {"shortcut": kind})
    return randomise(ResNet(replace(CONFIG, **changes), seed=0), size=8)


@pytest.mark.parametrize("wires", WIRES, ids=" ".join)
@pytest.mark.parametrize("factors", [(1.0, 1.0), (0.5, 2.0)])
def test_it_computes_what_the_intervention_does(model, wires, factors):
    with cut(model, *wires, residual=factors[0], shortcut=factors[1]) as holed:
        scaled, deleted = intervention(model, wires, BranchScales(*factors))
        with torch.no_grad():
            assert torch.allclose(holed(PICTURE), answer(model, PICTURE, scaled, deleted), atol=1e-6)
        trace = trace_blocks(holed, PICTURE[:1])
    assert trace.identity_error <= 1e-5
    for wire in wires:
        if not model.config.plain:
            point = "shortcut" if wire.endswith(".shortcut") else "residual"
            assert trace[wire.removesuffix(".shortcut")].norms[point] == 0


def test_nothing_is_left_behind(model):
    modules, whole = list(model.modules()), model(PICTURE)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with cut(model, "layer1.1") as one, cut(one, "layer2.0") as both, cut(model, "layer1.1", "layer2.0") as same:
        assert torch.equal(both(PICTURE), same(PICTURE))
        assert not torch.equal(one(PICTURE), both(PICTURE))
    with pytest.raises(ArithmeticError), cut(model, "layer2.0") as holed:
        raise ArithmeticError
    for after in (model, one, same, holed):  # `both` is again what it was given: a network with one cut
        assert torch.equal(after(PICTURE), whole)
    assert list(model.modules()) == modules
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_threads_cut_one_model_at_a_time(model):
    def asked(wire: str) -> torch.Tensor:
        with torch.no_grad(), cut(model, wire) as holed:
            return holed(PICTURE)

    wires = ["layer1.0", "layer1.1", "layer2.0"] * 8
    alone = {wire: asked(wire) for wire in wires}
    with ThreadPoolExecutor(4) as pool:
        for wire, found in zip(wires, pool.map(asked, wires), strict=True):
            assert torch.equal(found, alone[wire])


def test_a_block_of_which_nothing_is_left_can_be_traced(model):
    """Its sum is zero whatever comes in: nothing flows back through it, but what it puts out still has a gradient."""
    with cut(model, "layer1.1", "layer1.1.shortcut") as holed:
        trace = trace_blocks(holed, PICTURE[:1])
    with cut(model, residual=0, shortcut=0) as nothing:
        assert trace_blocks(nothing, PICTURE[:1])["layer2.0"].norms["total"] == 0
    if not model.config.plain:  # which is given a way past
        assert trace["layer1.1"].norms["total"] == 0
        assert trace["layer1.1"].gradients["output"].any()
        assert not trace["layer1.1"].gradients["x"].any()


def test_a_cut_shortcut_is_still_of_its_kind(randomise):
    model = randomise(ResNet(CONFIG, seed=0), size=8)
    kinds = [block.shortcut_kind for block in trace_blocks(model, PICTURE[:1]).blocks]
    with cut(model, "layer1.0.shortcut", "layer2.0.shortcut") as holed:
        assert [block.shortcut_kind for block in trace_blocks(holed, PICTURE[:1]).blocks] == kinds


def test_what_is_cut_cannot_pass_for_the_whole(tmp_path, randomise, sentence):
    model = randomise(ResNet(CONFIG, seed=0), size=8)
    with cut(model, "layer1.1") as holed:
        save(holed, tmp_path / "cut.safetensors")
        with pytest.raises(InputError) as error:
            unfold(holed)
    assert "unfold the whole one" in sentence(error.value)
    with pytest.raises(InputError):
        load(tmp_path / "cut.safetensors")


def test_a_wrapped_module_is_cut():
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.branch = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.last = nn.Linear(4, 2)

        def forward(self, x):
            x = self.first(x)
            x = (x + self.branch(x)).relu()
            return self.last(x.mean((2, 3)))

    network = wrap(Own(), size=8)
    (name, _block), *_ = network.named_blocks()
    with cut(network, name) as holed, cut(network, f"{name}.shortcut") as without:
        assert trace_blocks(holed, PICTURE[:1])[name].norms["residual"] == 0
        assert not torch.allclose(holed(PICTURE), without(PICTURE))


@pytest.mark.parametrize(
    ("wires", "factors"),
    [
        (["layer9.0"], {}),
        ([["layer1.1"]], {}),
        ([None], {}),
        ([], {"residual": -1.0}),
        ([], {"shortcut": float("nan")}),
    ],
)
def test_what_is_no_wire_and_no_factor(wires, factors, sentence):
    with pytest.raises(InputError) as error, cut(ResNet(CONFIG, seed=0), *wires, **factors):
        pass
    sentence(error.value)
