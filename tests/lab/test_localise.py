from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from networks import noise

from resnet_demo.data import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.lab.interventions import block_names
from resnet_demo.lab.localise import BATCH, MIDDLE, UNIFORM, energy, localise, middle, pointing, report
from resnet_demo.lab.maps import SALIENCY, attribution_maps, enlarged
from resnet_demo.models.predict import domain_of

MASKS = torch.tensor([[[1, 1, 0], [0, 0, 0]], [[0, 0, 1], [1, 1, 1]]], dtype=torch.bool)


def test_a_uniform_map_scores_exactly_the_objects_area():
    data = draw_shapes(200, seed=3)
    assert data.masks is not None
    areas = data.masks.double().mean((1, 2))
    for value in (1.0, 0.3, 0.0):  # the last one: no evidence at all
        uniform = torch.full(data.masks.shape, value)
        assert torch.equal(pointing(uniform, data.masks), areas)
        assert torch.allclose(energy(uniform, data.masks), areas, atol=1e-15, rtol=0)


def test_scores_by_hand():
    maps = torch.tensor([[[1.0, 3.0, 2.0], [0.0, 0.0, 2.0]], [[4.0, 1.0, 1.0], [0.0, 4.0, 0.0]]])
    assert pointing(maps, MASKS).tolist() == [1.0, 0.5]  # the second one's highest place is two, one of them outside
    assert energy(maps, MASKS).tolist() == [4 / 8, 5 / 10]


def test_a_map_of_the_object_scores_everything():
    assert pointing(MASKS.float(), MASKS).tolist() == energy(MASKS.float(), MASKS).tolist() == [1, 1]
    assert pointing((~MASKS).float(), MASKS).tolist() == energy((~MASKS).float(), MASKS).tolist() == [0, 0]


def test_the_middle():
    found = middle(16, 16)
    assert (found == found.max()).nonzero().tolist() == [[7, 7], [7, 8], [8, 7], [8, 8]]
    assert found[0, 0].item() == pytest.approx(0, abs=1e-6)
    assert (found >= -1e-6).all()


def test_every_map_of_every_picture_is_scored(model):
    data = noise(BATCH + 3)  # more than a batch
    assert data.masks is not None
    found = localise(model, data)
    assert len(found) == 2 + len(block_names(model)) + 2
    assert torch.equal(found[UNIFORM]["energy"], data.masks.double().mean((1, 2)))
    assert found[MIDDLE]["pointing"].mean() == 1  # the four places of the middle are in the mask
    maps = attribution_maps(model, domain_of(model).normalise(data.pictures), data.labels, block_names(model)[:1])
    for name in (f"Grad-CAM {block_names(model)[0]}", SALIENCY):
        expected = energy(enlarged(maps[name], 16, 16), data.masks)
        assert torch.allclose(found[name]["energy"], expected, atol=1e-4)


def test_the_report_on_shapes(residual):
    data = draw_shapes(20, seed=1)
    residual.domain = replace(CIFAR10, labels=data.classes)
    told: list[float] = []
    found = report(residual, data, 0, told.append)
    assert data.masks is not None
    assert found.area == pytest.approx(data.masks.double().mean().item())
    assert found.pointing[UNIFORM].mean == pytest.approx(found.area)
    assert found.accuracy == (residual(residual.domain.normalise(data.pictures)).argmax(1) == data.labels).sum() / 20
    for scores in (found.pointing, found.energy):
        assert all(0 <= s.low <= s.mean <= s.high <= 1 for s in scores.values())
    assert told == [1.0]


def test_what_cannot_be_compared_is_a_sentence(residual, sentence):
    shapes = draw_shapes(3, seed=0)
    for data, named in ((replace(noise(3), masks=None), "where its objects are"), (shapes, "not those of shapes")):
        with pytest.raises(InputError, match=named) as error:
            localise(residual, data)
        sentence(error.value)
