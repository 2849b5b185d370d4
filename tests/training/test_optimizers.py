from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from stripes import CONFIG, RECIPE
from torch import nn

from resnet_demo.models.resnet import ResNet
from resnet_demo.training.optimizers import Muon, anneal, optimizers, orthogonal
from resnet_demo.training.recipes import RECIPES


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(5, 8, 72), (2, 8, 8), (1, 12, 4)], ids=str)
def test_orthogonal_keeps_the_singular_vectors_and_evens_out_their_values(shape):
    few = min(shape[1:])
    u, _, v = torch.linalg.svd(random(*shape), full_matrices=False)
    values = torch.linspace(0.2, 1.0, few)  # one direction five times as strong as another
    found = orthogonal(u @ torch.diag(values) @ v)
    diagonal = u.mT @ found @ v.mT  # [L, few, few]
    evened = diagonal.diagonal(dim1=1, dim2=2)
    assert evened.min() > 0.65
    assert evened.max() < 1.25
    assert (diagonal - torch.diag_embed(evened)).abs().max() < 1e-4


def test_orthogonal_does_not_see_the_scale():
    matrices = random(3, 4, 9)
    assert torch.allclose(orthogonal(matrices), orthogonal(1e-3 * matrices), atol=1e-2)
    assert not orthogonal(torch.zeros(1, 4, 9)).any()  # nothing to follow


def test_a_step_by_hand():
    # One filter of two weights is a matrix of one row; its only singular value, the row's length, goes 1, g(1), …
    layer = nn.Parameter(torch.tensor([3.0, 4.0]).view(1, 2, 1, 1))
    layer.grad = torch.tensor([0.0, 2.0]).view(1, 2, 1, 1)
    Muon([layer], lr=0.1).step()
    value = 1.0
    for _ in range(3):
        value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
    assert torch.allclose(layer.flatten(), torch.tensor([0.6, 0.8 - 0.1 * value]), atol=1e-6)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="Muon came with PyTorch 2.9")
def test_steps_lead_where_pytorchs_own_muon_goes():
    # Which takes matrices only, in bfloat16, and does not hold their scale.
    layer, matrix = nn.Parameter(random(6, 3, 3, 3)), nn.Parameter(random(6, 27))
    own = Muon([layer], lr=0.02, momentum=0.9)
    peer = torch.optim.Muon([matrix], lr=0.02, momentum=0.9, weight_decay=0.0, ns_steps=3)
    for step in range(4):
        layer.grad = random(6, 3, 3, 3, seed=step + 1)
        matrix.grad = layer.grad.flatten(1)
        before = matrix.detach().clone()
        held = (layer * 6**0.5 / layer.norm()).detach()
        own.step()
        peer.step()
        assert torch.allclose((held - layer).flatten(1) / 0.02, (before - matrix) / 0.02, atol=0.02)


def test_the_scale_of_filters_is_held():
    layers = [nn.Parameter(random(8, 4, 3, 3) * scale) for scale in (0.01, 30.0)]
    optimiser = Muon(layers, lr=0.0)
    for layer in layers:
        layer.grad = torch.ones_like(layer)
    optimiser.step()
    for layer in layers:
        assert layer.norm().item() == pytest.approx(8**0.5)


def test_muon_takes_the_blocks_filters_and_sgd_the_rest():
    model = ResNet(CONFIG, seed=0)
    (alone,) = optimizers(model, replace(RECIPE, muon=0.0))
    assert len(alone.param_groups[0]["params"]) == len(list(model.parameters()))
    sgd, muon = optimizers(model, replace(RECIPE, muon=0.02))
    filters = {id(weight) for weight in muon.param_groups[0]["params"]}
    rest = {id(weight) for weight in sgd.param_groups[0]["params"]}
    assert filters == {
        id(module.weight)
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and name.startswith("layer")
    }
    assert filters | rest == {id(weight) for weight in model.parameters()}
    assert not filters & rest


def test_all_rates_follow_the_schedule():
    recipe = RECIPES["fast"]
    found = optimizers(ResNet(CONFIG, seed=0), recipe)
    for progress, share in ((0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (0.6, 0.5), (1.0, 0.0), (0.2, 1.0)):
        anneal(found, recipe, progress)
        rates = [optimiser.param_groups[0]["lr"] for optimiser in found]
        assert rates == pytest.approx([share * recipe.lr, share * recipe.muon])


@pytest.mark.parametrize("factor", [1e-2, 1000.0])
def test_muons_step_does_not_know_how_long_the_gradient_is(factor):
    # So a gradient that vanishes or explodes by depth changes nothing about how far the blocks are turned under `fast`;
    # SGD's step grows with it.
    generator = torch.Generator().manual_seed(0)
    weight, gradient = (torch.randn(8, 4, 3, 3, generator=generator) for _ in range(2))
    steps = {}
    for kind in ("muon", "sgd"):
        for scale in (1.0, factor):
            layer = torch.nn.Parameter(weight * len(weight) ** 0.5 / weight.norm())  # as Muon holds it
            layer.grad = scale * gradient
            (Muon([layer], lr=0.1) if kind == "muon" else torch.optim.SGD([layer], lr=0.1)).step()
            steps[kind, scale] = layer.detach() - weight * len(weight) ** 0.5 / weight.norm()
    assert torch.allclose(steps["muon", factor], steps["muon", 1.0], atol=1e-5)
    assert steps["sgd", factor].norm() == pytest.approx(factor * steps["sgd", 1.0].norm().item(), rel=1e-2)
