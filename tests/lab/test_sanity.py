from __future__ import annotations

import pytest
import torch
from networks import inputs, noise

from resnet_demo.assets import asset
from resnet_demo.images import load_image
from resnet_demo.lab.interventions import block_names
from resnet_demo.lab.maps import GUIDED, SALIENCY, attribution_maps
from resnet_demo.lab.ranks import spearman
from resnet_demo.lab.sanity import TRAINED, cascade, report, similarity
from resnet_demo.models import zoo
from resnet_demo.models.resnet import ResNet
from resnet_demo.training.trainer import SEEDS

TARGETS = torch.tensor([0, 3, 9, 2, 2])


def test_a_network_forgets_from_the_top_down(model):
    fresh, before = ResNet(model.config, seed=SEEDS + 3), {name: v.clone() for name, v in model.state_dict().items()}
    forgotten: list[str] = []
    for step, network in cascade(model, seed=3):
        forgotten += [step] if step != TRAINED else []
        for name, value in network.state_dict().items():
            source = fresh.state_dict() if any(name.startswith(f"{part}.") for part in forgotten) else before
            assert torch.equal(value, source[name]), (step, name)
    assert forgotten == ["fc", *reversed(block_names(model)), "stem"]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_comparison_begins_with_the_same_and_ends_with_a_fresh_network(residual):
    found = similarity(residual, inputs(), TARGETS, seed=3)
    assert list(found) == ["Grad-CAM layer2.1", "Grad-CAM layer3.1", SALIENCY, GUIDED]
    fresh = ResNet(residual.config, seed=SEEDS + 3).eval()
    trained, random = (attribution_maps(network, inputs(), TARGETS, ["layer2.1"]) for network in (residual, fresh))
    for method in (SALIENCY, GUIDED, "Grad-CAM layer2.1"):
        pairs = zip(trained[method], random[method], strict=True)
        alike = [spearman(one, other) or 0 for one, other in pairs if one.any()]  # there must be evidence to lose
        assert found[method]["stem"] == pytest.approx(sum(alike) / len(alike), abs=1e-6)
        assert found[method][TRAINED] == pytest.approx(1)


def test_maps_without_evidence_are_left_out(residual, monkeypatch):
    maps = {SALIENCY: torch.stack([torch.zeros(4, 4), torch.arange(16.0).view(4, 4)])}
    monkeypatch.setattr("resnet_demo.lab.sanity.attribution_maps", lambda *_: maps)
    found = similarity(residual, inputs()[:2], TARGETS[:2])
    assert set(found[SALIENCY].values()) == {1.0}
    maps = {SALIENCY: torch.zeros(2, 4, 4)}
    found = similarity(residual, inputs()[:2], TARGETS[:2])
    assert set(found[SALIENCY].values()) == {0.0}


def test_another_seed_is_another_randomisation(residual):
    one, same, other = (similarity(residual, inputs(), TARGETS, seed)[SALIENCY]["stem"] for seed in (0, 0, 1))
    assert one == same != other


def test_guided_backprop_hardly_notices_what_saliency_does():
    # The published shape, on a trained network whose last stage has forgotten.
    model = zoo.load("resnet20")
    assert model.domain is not None
    names = ("cat", "frog", "horse", "ship")
    pictures = torch.cat([model.domain.to_input(load_image(asset("examples", f"{name}.png"))) for name in names])
    found = similarity(model, pictures, model(pictures).argmax(1))
    assert found[GUIDED]["layer3.0"] > found[SALIENCY]["layer3.0"] + 0.2
    assert found[GUIDED]["stem"] < found[GUIDED]["fc"]
    assert abs(found["Grad-CAM layer3.2"]["stem"]) < 0.5


def test_the_report_tells_what_is_left(plain):
    found = report(plain, noise(4), 0, lambda _: None)
    assert found.left == {method: steps["stem"] for method, steps in found.similarity.items()}
    assert found.left_below == {method: steps["layer3.0"] for method, steps in found.similarity.items()}
