from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from networks import noise
from torch import Tensor

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab import probes, results
from resnet_demo.lab.interventions import block_names
from resnet_demo.lab.probes import Probe, Report, features, read, report, rise
from resnet_demo.models.predict import domain_of


def test_a_ridge_by_hand():
    """One feature, 1 and 3, of spread √2; centred and scaled -1/√2 and 1/√2, so that the gram is 1."""
    probe = Probe(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 1]), classes=2, ridge=1.0)
    assert probe.mean.tolist() == [2]
    assert probe.spread.tolist() == pytest.approx([2**0.5])
    # x · (targets - base): for class 1 it is 1/√2 · 1/2 twice; divided by gram + ridge = 2.
    assert probe.weights.tolist() == [pytest.approx([-(0.5**0.5) / 2, 0.5**0.5 / 2])]
    assert probe.scores(torch.tensor([[2.0]])).tolist() == [[0.5, 0.5]]
    assert probe.scores(torch.tensor([[4.0]]))[0].tolist() == pytest.approx([0, 1])  # √2 · √2/4 = 1/2 from the middle
    assert probe.scores(torch.tensor([[0.0], [9.0]])).argmax(1).tolist() == [0, 1]


def test_a_ridge_is_the_least_squares_solution_with_a_penalty():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(50, 4, generator=generator)
    labels = torch.randint(3, (50,), generator=generator)
    probe = Probe(values, labels, 3, ridge=2.0)
    x = (values.double() - values.double().mean(0)) / values.double().std(0)
    y = torch.nn.functional.one_hot(labels, 3).double()

    def loss(weights: Tensor) -> Tensor:
        return (x @ weights + y.mean(0) - y).square().sum() + 2.0 * weights.square().sum()

    weights = probe.weights.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(weights), weights)
    assert slope.abs().max() < 1e-9  # it is convex, so this is the minimum


def test_features_are_averaged_maps_and_logits_the_networks(model):
    data = noise(40)  # more than a batch
    found, logits = features(model, data)
    assert list(found) == ["stem", *block_names(model)]
    inputs = domain_of(model).normalise(data.pictures)
    assert torch.allclose(found["stem"], model.stem(inputs).mean((2, 3)), atol=1e-4)
    assert torch.allclose(logits, model(inputs), atol=1e-3)
    if model.config.block != "preact":  # there batch norm and ReLU stand between
        assert torch.allclose(model.fc(found[block_names(model)[-1]]), model(inputs), atol=1e-3)


def test_the_own_classifier_is_the_network(model):
    data, training = noise(40), noise(60)
    found = report(model, data, 0, lambda _: None, training)
    right = (model(domain_of(model).normalise(data.pictures)).argmax(1) == data.labels).double().mean().item()
    assert found.own_classifier == right
    assert (found.n, found.fitted_on) == (40, 60)
    assert list(found.accuracy) == ["stem", *block_names(model)]
    assert all(0 <= share <= 1 for share in found.accuracy.values())


def test_what_can_be_read_is_read(residual):
    """Labels that a block's maps determine are found by its probe."""
    data = noise(60)
    found, _logits = features(residual, data)
    values = found["layer2.0"]
    labels = (values[:, 0] > values[:, 0].median()).long()
    probe = Probe(values, labels, 2, ridge=1e-3)
    assert (probe.scores(values).argmax(1) == labels).double().mean() > 0.8


def test_it_needs_training_pictures(residual, sentence):
    with pytest.raises(InputError, match="needs training pictures") as error:
        lab.run("probes", residual, noise(4))
    sentence(error.value)
    found = results.measure("probes", {"a": residual}, noise(8), 4, training=noise(30))
    assert (found.networks["a"].n, found.networks["a"].fitted_on) == (4, 30)


def test_no_more_training_pictures_are_taken_than_it_asks_for(residual, monkeypatch):
    monkeypatch.setattr(probes, "EXPERIMENT", replace(lab.get("probes"), fits_on=20))
    found = results.measure("probes", {"a": residual}, noise(4), training=noise(30))
    assert found.networks["a"].fitted_on == 20


def of(*accuracy: float) -> Report:
    names = ["stem", *(f"layer1.{index}" for index in range(len(accuracy) - 1))]
    return Report(100, 100, dict(zip(names, accuracy, strict=True)), accuracy[-1], 1.0)


RISING, FLAT, SLOW = (0.2, 0.5, 0.6, 0.9), (0.2, 0.5, 0.8, 0.81), (0.2, 0.4, 0.6, 0.7)


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (RISING, FLAT, "That is degradation"),
        (
            RISING,
            (0.2, 0.5, 0.8, 0.84),
            "That is degradation",
        ),  # a fifth of what the other one gains is next to nothing
        (RISING, (0.2, 0.5, 0.8, 0.88), "Both networks improve"),
        (FLAT, RISING, "it is the residual network that hardly improves"),
        (FLAT, FLAT, "Neither network"),
        (RISING, RISING, "Both networks improve"),
        (RISING, SLOW, "Both networks improve"),
    ],
)
def test_the_verdict_turns_with_the_numbers(residual, plain, verdict):
    assert verdict in str(read({"resnet8": of(*residual), "plain8": of(*plain)}))


def test_the_last_third_by_hand():
    assert rise(of(*RISING).accuracy) == pytest.approx(0.3)
    assert rise(of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8).accuracy) == pytest.approx(0.8 - 0.5)
