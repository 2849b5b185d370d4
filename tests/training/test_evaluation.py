from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest
import torch
from stripes import CONFIG, stripes
from torch.nn.functional import cross_entropy

from resnet_demo import build, experiment, lesion, train
from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, nameless
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.training.evaluation import Evaluation, evaluate, in_order, matched
from resnet_demo.training.trainer import dataset_domain

TEST_SET = stripes(96, seed=2)


@pytest.mark.parametrize("mode", [True, False])
def test_evaluation_by_hand(mode, randomise):
    model = ResNet(CONFIG, seed=0)
    randomise(model)
    model.train(mode)
    model.domain = dataset_domain(TEST_SET)
    state = copy.deepcopy(model.state_dict())
    found = evaluate(model, TEST_SET, batch=37)
    assert model.training is mode
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    with torch.no_grad():
        model.eval()
        logits = torch.cat([model(model.domain.normalise(picture[None])) for picture in TEST_SET.pictures])
    right = sum(int(row.argmax() == label) for row, label in zip(logits, TEST_SET.labels, strict=True))
    assert found.accuracy == pytest.approx(right / 96)
    assert found.n == 96
    assert found.loss == pytest.approx(cross_entropy(logits.double(), TEST_SET.labels).item(), abs=1e-5)
    assert torch.allclose(found.energies, logits.exp().sum(1).log(), atol=1e-4)


def test_another_way_through_the_network_is_measured():
    model = ResNet(CONFIG, seed=0)
    model.domain = dataset_domain(TEST_SET)
    always_first = torch.nn.functional.one_hot(torch.tensor(0), CONFIG.classes).float()
    found = evaluate(model, TEST_SET, batch=37, forward=lambda inputs: always_first.expand(len(inputs), -1))
    assert torch.equal(found.logits, always_first.expand(96, -1))
    assert found.error == (TEST_SET.labels != 0).double().mean().item() == pytest.approx(1 - found.accuracy)


def test_the_mode_is_given_back_after_a_failure_too():
    model = ResNet(CONFIG, seed=0).train()
    broken = replace(TEST_SET, pictures=TEST_SET.pictures[:, :2])
    with pytest.raises(RuntimeError):
        evaluate(model, broken)
    assert model.training


@pytest.mark.parametrize("classes", [2, 10])
def test_a_network_of_other_classes_is_refused(classes, sentence):
    model = ResNet(replace(CONFIG, classes=classes), seed=0)
    with pytest.raises(InputError, match=f"distinguishes {classes} classes, stripes has 3") as error:
        evaluate(model, TEST_SET)
    sentence(error.value)


# Five pictures of three classes, answered by hand: right, wrong and sure, wrong and unsure, right, wrong and surest.
ANSWERS = Evaluation(
    torch.tensor([[2.0, 0, 0], [0, 4.0, 0], [0, 0, 1.0], [0, 0, 9.0], [7.0, 0, 0]]), torch.tensor([0, 2, 1, 2, 2])
)


def test_confusion_counts_true_classes_in_rows_and_answers_in_columns():
    assert ANSWERS.confusion.tolist() == [[1, 0, 0], [0, 0, 1], [1, 1, 1]]
    assert ANSWERS.accuracy == 0.4
    # A class that neither occurs nor is answered has its row and column, too.
    rare = Evaluation(torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([0]))
    assert rare.confusion.shape == (4, 4)
    assert rare.confusion.sum() == 1


def test_mistakes_come_the_most_confident_first():
    assert ANSWERS.mistakes(9).tolist() == [4, 1, 2]
    assert ANSWERS.mistakes(2).tolist() == [4, 1]
    assert Evaluation(ANSWERS.logits[:1], ANSWERS.labels[:1]).mistakes(3).tolist() == []


# The network's own size, and its own classes


def _coloured(side: int, classes: tuple[str, ...]) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (6, 3, side, side), generator=generator, dtype=torch.uint8)
    return Dataset("own", pictures, torch.arange(6) % len(classes), classes)


def test_pictures_are_brought_to_the_networks_size_as_classify_does():
    model = ResNet(ResNetConfig((1, 1), (4, 8), stem="imagenet", shortcut="B", classes=2), seed=0).eval()
    model.domain = nameless(2, 64)
    dataset = _coloured(32, ("a", "b"))
    found = evaluate(model, dataset).logits
    with torch.no_grad():
        one_by_one = [model(model.domain.to_input(dataset.picture(index)))[0] for index in range(6)]
    assert torch.allclose(found, torch.stack(one_by_one), atol=1e-6)


def test_the_same_classes_in_another_order_are_matched_and_others_refused(sentence):
    model = ResNet(ResNetConfig((1, 1), (4, 8), classes=2), seed=0).eval()
    model.domain = replace(nameless(2), labels=("Cat", "dog"))
    straight, turned = _coloured(32, ("cat", "dog")), _coloured(32, ("dog", "cat"))
    right = evaluate(model, straight)
    assert evaluate(model, replace(turned, labels=1 - turned.labels)).accuracy == right.accuracy
    with pytest.raises(InputError, match=r"Cat.*own.*apple") as error:
        evaluate(model, _coloured(32, ("apple", "pear")))
    sentence(error.value)


SPELLINGS = [
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ("Aeroplane", "Car", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Boat", "Lorry"),
    ("airplanes", "cars", "birds", "cats", "deer", "dogs", "frogs", "horses", "ships", "trucks"),
    ("0_plane", "1_auto", "2-bird", "3. cat", "04 deer", "5_dog", "6_frog", "7_horse", "8_ship", "9_truck"),
    ("AIR_PLANE", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
]


@pytest.mark.parametrize("names", SPELLINGS)
def test_classes_are_matched_in_any_spelling_and_order(names):
    model = ResNet(ResNetConfig((1, 1), (4, 8)), seed=0).eval()
    model.domain = CIFAR10
    turned = tuple(sorted(names, key=lambda name: name[::-1]))
    dataset = Dataset("own", torch.zeros(10, 3, 32, 32, dtype=torch.uint8), torch.arange(10), turned)
    found = matched(model, dataset)
    assert [names[label] for label in found.labels.tolist()] == list(turned)
    assert in_order(model, dataset) is None


def test_numbers_are_no_names_of_cifar10s_classes(sentence):
    """Folders called 0 to 9 may be digits; of a network without names they are its outputs, in the order of numbers."""
    model = ResNet(ResNetConfig((1, 1), (4, 8), classes=11), seed=0).eval()
    numbers = tuple(sorted(map(str, range(11))))  # 0, 1, 10, 2, …
    dataset = Dataset("own", torch.zeros(11, 3, 32, 32, dtype=torch.uint8), torch.arange(11), numbers)
    assert matched(model, dataset).labels.tolist() == list(map(int, numbers))
    model.domain = replace(nameless(11), labels=tuple("abcdefghijk"))
    with pytest.raises(InputError, match="classes") as error:
        matched(model, dataset)
    sentence(error.value)


def test_the_order_of_classes_without_names_is_said():
    model = ResNet(ResNetConfig((1, 1), (4, 8), classes=2), seed=0).eval()
    assert "taken for cat and dog, in this order" in str(in_order(model, _coloured(32, ("cat", "dog"))))


def test_one_output_is_measured_as_two_classes():
    model = ResNet(ResNetConfig((1, 1), (4, 8), classes=1), seed=0).eval()
    found = evaluate(model, _coloured(32, ("no", "yes")))
    assert found.logits.shape == (6, 2)
    assert not found.logits[:, 0].any()


def test_a_name_is_no_data_set() -> None:
    network, name = build("resnet8", seed=0), cast(Any, "cifar10")
    for call in (
        evaluate,
        lesion,
        partial(experiment, "responses"),
        lambda model, data: train(model, data, data, epochs=1),
    ):
        with pytest.raises(InputError, match="what `load_dataset` gives, not 'cifar10'"):
            call(network, name)
