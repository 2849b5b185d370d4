from __future__ import annotations

import pytest
import torch
from networks import inputs, noise

from resnet_demo.errors import InputError
from resnet_demo.lab.dial import STEPS, Turned, recalibrated, report, turn, turn_residuals, turn_shortcuts
from resnet_demo.lab.interventions import answer_without, block_names
from resnet_demo.models.predict import domain_of


def test_at_one_both_dials_are_the_network_bit_for_bit(model):
    assert STEPS[0] == 0
    assert STEPS[-1] == 1.5
    for turned_by in (turn_residuals, turn_shortcuts):
        turned = turned_by(model, inputs())
        assert torch.equal(turned.logits[turned.settings.index(1.0)], model(inputs()))
        assert not torch.allclose(turned.logits[0], turned.logits[-1]) or model.config.plain
    assert report(model, noise(6), 0, lambda _: None, noise(8)).exact_at_one is True


def test_without_its_branches_nothing_but_the_shortcuts_is_left(residual):
    assert torch.equal(turn(residual, inputs(), alpha=0.0), answer_without(residual, inputs(), block_names(residual)))


@pytest.mark.parametrize("alpha", [0.3, 0.5, 1.5, 4.0])
def test_batch_norm_cancels_alpha_in_a_plain_network(plain, alpha):
    # The theorem: relu(alpha F) = alpha relu(F), and the next batch norm divides by a deviation that has the factor,
    # too. Only the last alpha is left, in front of the classifier: the logits less their bias.
    for module in plain.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-20  # which is added to the variance, so that alpha is cancelled but for that
    own, scaled = (turn(recalibrated(plain, inputs(), alpha=a), inputs(), alpha=a) for a in (1.0, alpha))
    bias = plain.fc.bias
    assert torch.allclose((scaled - bias) / alpha, own - bias, atol=1e-4)


def test_batch_norm_cancels_no_alpha_where_there_are_shortcuts(residual):
    own, scaled = (turn(recalibrated(residual, inputs(), alpha=a), inputs(), alpha=a) for a in (1.0, 0.5))
    assert not torch.allclose((scaled - residual.fc.bias) / 0.5, own - residual.fc.bias, atol=1e-1)


def test_the_errors_anew_are_those_of_the_network_that_measured_its_statistics(model):
    data, training = noise(9), noise(30)
    found = report(model, data, 0, lambda _: None, training)
    assert found.fitted_on == 30
    pictures, seen = (domain_of(model).normalise(some.pictures) for some in (data, training))
    for setting in (0.0, 0.5, 1.5):
        for errors, dial in ((found.alpha_recalibrated, "alpha"), (found.lambda_recalibrated, "lambda_")):
            network = recalibrated(model, seen, **{dial: setting})
            wrong = turn(network, pictures, **{dial: setting}).argmax(1) != data.labels
            assert errors[str(setting)] == pytest.approx(wrong.double().mean().item(), abs=0.12)  # folded: near ties
            assert list(errors) == list(map(str, STEPS))


def test_a_plain_network_has_no_shortcuts_to_turn(plain):
    turned = turn_shortcuts(plain, inputs())
    assert all(torch.equal(logits, plain(inputs())) for logits in turned.logits)
    silent = turn(plain, inputs(), alpha=0.0)  # and without its branches nothing at all: the classifier's bias
    assert torch.allclose(silent, plain.fc.bias.expand(5, -1))


def test_errors_and_probabilities_by_hand():
    logits = torch.tensor(
        [[[0.0, 0.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
    )  # two settings, two pictures, two classes
    turned = Turned((0.0, 1.0), logits)
    assert turned.errors(torch.tensor([1, 1])) == [1.0, 0.0]
    assert turned.probabilities(0) == pytest.approx([(0.5 + 0.88079708) / 2, 0.26894142])


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf")])
def test_dials_end_somewhere(residual, factor, sentence):
    for which in ("alpha", "lambda_"):
        with pytest.raises(InputError, match="branch scale") as error:
            turn(residual, inputs(), **{which: factor})
        sentence(error.value)
