from __future__ import annotations

import io
import math

import pytest
import torch
from PIL import Image

from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, nameless
from resnet_demo.models.predict import classify, domain_of, familiarity, rank
from resnet_demo.models.resnet import ResNet, ResNetConfig


def test_ranks_and_probabilities_by_hand(tiny_model):
    logits = torch.tensor([0.0, 2.0, 1.0, -5.0, 2.5, 0.0, 0.0, -1.0, 0.5, 0.25])
    total = sum(math.exp(value) for value in logits.tolist())
    found = rank(tiny_model, logits, 3)
    assert [(p.index, p.label, p.logit) for p in found] == [(4, "deer", 2.5), (1, "automobile", 2.0), (2, "bird", 1.0)]
    assert [p.probability for p in found] == pytest.approx([math.exp(p.logit) / total for p in found])
    everything = rank(tiny_model, logits, 99)
    assert sorted(p.index for p in everything) == list(range(10))
    assert sum(p.probability for p in everything) == pytest.approx(1)


def test_huge_logits_do_not_overflow(tiny_model):
    found = rank(tiny_model, torch.tensor([1e30] + [0.0] * 9), 2)
    assert [p.probability for p in found] == [1.0, 0.0]


def test_one_picture_in_every_form_gets_one_answer(tiny_model, tmp_path):
    picture = Image.effect_noise((50, 40), 80).convert("RGB")
    path = tmp_path / "p.png"
    picture.save(path)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    expected = classify(tiny_model, CIFAR10.to_input(picture))
    assert len(expected) == 5
    for form in (picture, path, str(path), stream.getvalue()):
        assert classify(tiny_model, form) == expected
    with torch.no_grad():
        logits = tiny_model(CIFAR10.to_input(picture))[0]
    assert expected == rank(tiny_model, logits)
    assert expected[0].index == int(logits.argmax())
    assert classify(tiny_model, path, top_k=1) == expected[:1]


@pytest.mark.parametrize("top_k", [0, -1, 2.5, True, float("nan"), "5", None])
def test_impossible_numbers_of_classes_are_refused(tiny_model, tiny_image, top_k, sentence):
    with pytest.raises(InputError, match="from 1") as error:
        classify(tiny_model, tiny_image, top_k)
    sentence(error.value)


def test_a_bad_picture_is_refused(tiny_model, sentence):
    with pytest.raises(InputError) as error:
        classify(tiny_model, b"not a picture")
    sentence(error.value)


def test_a_network_without_a_domain_numbers_its_classes():
    model = ResNet(ResNetConfig((1,), (4,), classes=3), seed=0).eval()
    assert {p.label for p in classify(model, Image.new("RGB", (32, 32)))} == {"class 0", "class 1", "class 2"}
    large = ResNet(ResNetConfig((1,), (4,), stem="imagenet", classes=3), seed=0)
    assert domain_of(large) == nameless(3, 224)


def test_familiarity_is_the_share_of_test_pictures_with_less_energy(tiny_model):
    logits = torch.tensor([math.log(2.0), math.log(3.0)])  # energy: log 5
    assert familiarity(tiny_model, logits) is None
    tiny_model.provenance = {"energy_percentiles": [0.0, 1.0, 1.6, 1.7]}  # log 5 = 1.609
    assert familiarity(tiny_model, logits) == 0.75
    assert familiarity(tiny_model, logits - 10) == 0.0
    assert familiarity(tiny_model, logits + 10) == 1.0
