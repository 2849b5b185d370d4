from __future__ import annotations

import pytest
import torch
from networks import inputs, noise

from resnet_demo.errors import InputError
from resnet_demo.lab.dial import STEPS, Turned, report, turn, turn_residuals, turn_shortcuts
from resnet_demo.lab.interventions import answer_without, block_names


def test_at_one_both_dials_are_the_network_bit_for_bit(model):
    assert STEPS[0] == 0
    assert STEPS[-1] == 1.5
    for turned_by in (turn_residuals, turn_shortcuts):
        turned = turned_by(model, inputs())
        assert torch.equal(turned.logits[turned.settings.index(1.0)], model(inputs()))
        assert not torch.allclose(turned.logits[0], turned.logits[-1]) or model.config.plain
    assert report(model, noise(6), 0, lambda _: None).exact_at_one is True


def test_without_its_branches_nothing_but_the_shortcuts_is_left(residual):
    assert torch.equal(turn(residual, inputs(), alpha=0.0), answer_without(residual, inputs(), block_names(residual)))


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
