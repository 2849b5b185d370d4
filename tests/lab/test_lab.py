from __future__ import annotations

import json
from dataclasses import replace

import pytest
from networks import noise

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab.shattering import POINTS


@pytest.mark.parametrize("name", lab.NAMES)
def test_every_experiment_reports_plain_numbers(name, residual, plain):
    for network in (residual, plain):
        told: list[float] = []
        report = lab.run(name, network, noise(6), seed=1, progress=told.append)
        assert report["n"] == (POINTS if name == "shattering" else 6)
        json.dumps(report, allow_nan=False)
        assert told == sorted(told)
        assert told[-1] >= 1
        assert lab.run(name, network, noise(6), seed=1) == report
    assert lab.question(name).endswith("?")
    assert lab.pictures_for(name) > 0


def test_what_cannot_be_is_a_sentence(residual, sentence):
    blind = replace(noise(2), masks=None)
    for name, data, named in (
        ("secret", noise(2), "lesion"),
        ("lens", noise(0), "one picture"),
        ("localise", blind, "where its objects are"),
    ):
        with pytest.raises(InputError, match=named) as error:
            lab.run(name, residual, data)
        sentence(error.value)


def test_only_localise_asks_for_shapes():
    asking = {name: lab.data_for(name) for name in lab.NAMES if lab.asks_for_masks(name)}
    assert asking == {"localise": "shapes"}
    assert {lab.data_for(name) for name in lab.NAMES} == {"cifar10", "shapes"}
