from __future__ import annotations

import torch
from networks import inputs, noise

from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.lab.interventions import BranchScales, answer, answer_without, block_names
from resnet_demo.lab.lens import beside, lens, report
from resnet_demo.models.predict import domain_of


def test_a_reading_is_the_network_without_its_later_branches(model):
    found = lens(model, inputs())
    assert list(found.names) == block_names(model)
    for count, logits in enumerate(found.logits):
        assert torch.allclose(logits, answer_without(model, inputs(), found.names[count:]), atol=1e-5)
    assert torch.allclose(found.logits[-1], model(inputs()), atol=1e-5)


def test_a_change_is_seen_beside_the_network_as_it_is(model):
    picture, names = inputs(1), block_names(model)
    trace = trace_blocks(model, picture)
    dials = {names[-1]: BranchScales(0.5, 1.1)}
    found = beside(model, trace, dials, names[1:2])
    assert torch.allclose(found.before, lens(model, picture).logits[:, 0], atol=1e-5)
    assert torch.allclose(found.before[-1], trace.logits, atol=1e-5)
    assert torch.allclose(found.after[-1], answer(model, picture, dials, names[1:2])[0], atol=1e-5)
    assert torch.allclose(found.after[:2], found.before[:2], atol=1e-6)  # before the hole
    assert not torch.allclose(found.after[2], found.before[2])
    assert list(found.states) == ["stem", *names]
    assert found.into(names[0]) is found.states["stem"]
    assert found.into(names[2]) is found.states[names[1]]


def test_contributions_add_up_to_the_logits(model):
    found = lens(model, inputs())
    assert found.contributions.shape == found.logits.shape
    assert torch.allclose(found.contributions.sum(0), model(inputs()), atol=1e-4)
    assert torch.equal(found.contributions[0], found.logits[0])


def test_the_report_checks_itself(model):
    data = noise(60)  # more than a batch
    found = report(model, data, 0, lambda _: None)
    assert found.identity_error <= 1e-5
    assert found.sum_error <= 1e-4
    assert list(found.error) == ["stem", *block_names(model)]
    pictures = domain_of(model).normalise(data.pictures)
    assert found.error[block_names(model)[-1]] == (model(pictures).argmax(1) != data.labels).double().mean().item()
    of_the_label = model(pictures).gather(1, data.labels[:, None]).mean().item()
    assert abs(sum(found.contribution.values()) - of_the_label) < 1e-4


def test_progress_ends_at_one(residual):
    told: list[float] = []
    report(residual, noise(60), 0, told.append)  # a batch, and a part of one
    assert told == [50 / 60, 1.0]
