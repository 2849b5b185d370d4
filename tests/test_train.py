from __future__ import annotations

import copy
import time
from dataclasses import asdict, replace
from itertools import count, pairwise

import pytest
import torch
from torch.nn.functional import cross_entropy

from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.resnet import ResNet, ResNetConfig
from resnet_demo.train import RECIPES, Recipe, dataset_domain, evaluate, learning_rate, train

CONFIG = ResNetConfig((1, 1), (4, 8), classes=3)
RECIPE = Recipe("test", 0.1, 0.9, True, 5e-4, "triangle", shift=1, batch=16, small_until=0.5)


def stripes(count: int, seed: int) -> Dataset:
    """Three classes that are easy to tell apart, whatever the flip or the shift: stripes along, across, and none."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    pictures = torch.randint(0, 60, (count, 3, 12, 12), generator=generator).float()
    pictures[labels == 0, :, ::2] += 150
    pictures[labels == 1, :, :, ::2] += 150
    pictures[labels == 2] += 75
    return Dataset("stripes", pictures.byte(), labels, ("along", "across", "none"))


@pytest.fixture(scope="module")
def train_set() -> Dataset:
    return stripes(192, seed=1)


@pytest.fixture(scope="module")
def test_set() -> Dataset:
    return stripes(96, seed=2)


def told(history):
    """What must not depend on the clock."""
    return [{k: v for k, v in asdict(record).items() if k != "seconds"} for record in history]


def epochs_of(records):
    return [record for record in records if record.test_loss is not None]


def test_it_learns(train_set, test_set):
    model = ResNet(CONFIG, seed=0)
    before = evaluate(model, test_set)
    history = epochs_of(train(model, train_set, test_set, RECIPE, epochs=6))
    assert [record.epoch for record in history] == [1, 2, 3, 4, 5, 6]
    assert [record.step for record in history] == [12, 24, 36, 48, 60, 72]
    assert history[-1].images == 72 * 16
    assert history[-1].train_loss < 0.5 * history[0].train_loss
    assert history[-1].test_accuracy is not None
    assert history[-1].test_accuracy > max(0.95, before.accuracy)
    assert not model.training
    # The last record is of the weights as they are now.
    after = evaluate(model, test_set)
    assert (history[-1].test_accuracy, history[-1].test_loss) == (after.accuracy, after.loss)
    # What the network is for is the data's own.
    assert model.domain is not None
    assert model.domain.labels == ("along", "across", "none")
    assert model.domain.size == 12


def test_the_seed_fixes_a_training_step_by_step(train_set, test_set):
    def run(seed):
        model = ResNet(CONFIG, seed=0)
        return told(epochs_of(train(model, train_set, test_set, RECIPE, epochs=2, seed=seed))), model.state_dict()

    torch.manual_seed(1)
    history, state = run(5)
    torch.manual_seed(2)  # the global generator plays no part
    again, same = run(5)
    assert history == again
    assert all(torch.equal(state[key], same[key]) for key in state)
    other, _ = run(6)
    assert other != history


@pytest.mark.parametrize("when", ["after an epoch", "within an epoch"])
def test_a_resumed_training_ends_like_an_uninterrupted_one(when, train_set, test_set, tmp_path, monkeypatch):
    whole = ResNet(CONFIG, seed=0)
    expected = epochs_of(train(whole, train_set, test_set, RECIPE, epochs=4))

    checkpoint = tmp_path / "run.pt"
    stopped = ResNet(CONFIG, seed=0)
    if when == "within an epoch":
        ticks = count()  # a clock so slow that every step is told
        monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    records = train(stopped, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint)
    for record in records:
        if record.epoch == 2 and (record.test_loss is not None) == (when == "after an epoch"):
            break
    del records, record  # the generator is closed, as by a page that is left
    monkeypatch.undo()

    resumed = ResNet(CONFIG, seed=99)  # nothing of its own start may survive
    records = train(resumed, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint, resume=True)
    history = epochs_of(records)
    assert told(history) == told(expected)  # the epochs that were done are told once more
    ours, theirs = whole.state_dict(), resumed.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert not resumed.training
    # Once more, from the very end: nothing is left to do.
    again = ResNet(CONFIG, seed=3)
    assert told(train(again, train_set, test_set, RECIPE, epochs=4, checkpoint=checkpoint, resume=True)) == told(
        history
    )
    assert torch.equal(again.fc.weight, whole.fc.weight)
    assert not again.training


def test_resume_without_a_checkpoint_is_a_start(train_set, test_set, tmp_path):
    model = ResNet(CONFIG, seed=0)
    history = epochs_of(
        train(model, train_set, test_set, RECIPE, epochs=1, checkpoint=tmp_path / "new.pt", resume=True)
    )
    assert [record.epoch for record in history] == [1]
    assert (tmp_path / "new.pt").is_file()


@pytest.mark.parametrize("change", ["seed", "epochs", "recipe", "network", "torn", "foreign", "empty"])
def test_foreign_checkpoints_are_not_resumed(change, train_set, test_set, tmp_path, sentence):
    checkpoint = tmp_path / "run.pt"
    given = {"recipe": RECIPE, "epochs": 1, "seed": 0}
    list(train(ResNet(CONFIG, seed=0), train_set, test_set, checkpoint=checkpoint, **given))
    config = CONFIG
    if change == "network":
        config = replace(CONFIG, widths=(4, 6))
    elif change == "torn":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    elif change == "foreign":
        torch.save(ResNet(CONFIG).state_dict(), checkpoint)
    elif change == "empty":
        checkpoint.write_bytes(b"")
    else:
        given[change] = {"seed": 1, "epochs": 2, "recipe": replace(RECIPE, lr=0.2)}[change]
    with pytest.raises(InputError, match=r"run\.pt") as error:
        list(train(ResNet(config, seed=0), train_set, test_set, checkpoint=checkpoint, resume=True, **given))
    sentence(error.value)


def test_a_budget_of_minutes_ends_in_time(train_set, test_set):
    model = ResNet(CONFIG, seed=0)
    start = time.perf_counter()
    records = list(train(model, train_set, test_set, RECIPE, minutes=1.5 / 60))
    took = time.perf_counter() - start
    last = records[-1]
    assert last.test_loss is not None
    assert 1.5 <= last.seconds < 2.5
    assert took < 8  # with the evaluation after every epoch
    assert last.lr < 0.02  # the schedule, too, is at its end
    assert all(a.seconds <= b.seconds and a.step <= b.step for a, b in pairwise(records))


def test_records_come_about_twice_a_second_within_an_epoch(train_set, test_set, monkeypatch):
    # A clock by which every reading takes a tenth of a second.
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks) / 10)
    records = list(train(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=1))
    within = records[:-1]
    assert within
    assert all(record.test_loss is None and record.epoch == 0 for record in within)
    assert all(1 <= b.step - a.step <= 3 for a, b in pairwise(within))


def test_divergence_is_an_error_not_a_result(train_set, test_set):
    wild = replace(RECIPE, lr=1e20, schedule="constant", momentum=0.0, nesterov=False)
    with pytest.raises(FloatingPointError, match="diverged"):
        list(train(ResNet(CONFIG, seed=0), train_set, test_set, wild, epochs=3))


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        ({}, "either"),
        ({"epochs": 1, "minutes": 1.0}, "either"),
        ({"epochs": 0}, "more than nothing"),
        ({"epochs": -1}, "more than nothing"),
        ({"minutes": 0.0}, "more than nothing"),
        ({"minutes": float("nan")}, "more than nothing"),
        ({"minutes": float("inf")}, "more than nothing"),
        ({"epochs": 1, "recipe": "secret"}, "fast, paper, seed"),
        ({"epochs": 1, "recipe": replace(RECIPE, batch=193)}, "193"),
    ],
    ids=str,
)
def test_impossible_trainings_are_refused(budget, named, train_set, test_set, sentence):
    model = ResNet(CONFIG, seed=0)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(InputError, match=named) as error:
        next(train(model, train_set, test_set, **{"recipe": RECIPE, **budget}))
    sentence(error.value)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("classes", [2, 10])
def test_a_network_of_other_classes_is_refused_before_it_is_trained(classes, train_set, test_set, sentence):
    model = ResNet(replace(CONFIG, classes=classes), seed=0)
    for attempt in (
        lambda: next(train(model, train_set, test_set, RECIPE, epochs=1)),
        lambda: evaluate(model, test_set),
    ):
        with pytest.raises(InputError, match=f"{classes} classes apart, stripes has 3") as error:
            attempt()
        sentence(error.value)


def test_frozen_weights_are_trained_all_the_same(train_set, test_set):
    model = ResNet(CONFIG, seed=0).eval().requires_grad_(False)  # as `load` returns it
    before = model.get_parameter("stem.conv.weight").clone()
    list(train(model, train_set, test_set, RECIPE, epochs=1))
    assert not torch.equal(model.get_parameter("stem.conv.weight"), before)


# Evaluation


@pytest.mark.parametrize("mode", [True, False])
def test_evaluation_by_hand(mode, test_set, randomise):
    model = ResNet(CONFIG, seed=0)
    randomise(model)
    model.train(mode)
    model.domain = dataset_domain(test_set)
    state = copy.deepcopy(model.state_dict())
    found = evaluate(model, test_set, batch=37)
    assert model.training is mode
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    with torch.no_grad():
        model.eval()
        logits = torch.cat([model(model.domain.normalise(picture[None])) for picture in test_set.pictures])
    right = sum(int(row.argmax() == label) for row, label in zip(logits, test_set.labels, strict=True))
    assert found.accuracy == pytest.approx(right / 96)
    assert found.n == 96
    assert found.loss == pytest.approx(cross_entropy(logits.double(), test_set.labels).item(), abs=1e-5)
    assert torch.allclose(found.energies, logits.exp().sum(1).log(), atol=1e-4)


def test_the_mode_is_given_back_after_a_failure_too(test_set):
    model = ResNet(CONFIG, seed=0).train()
    broken = replace(test_set, pictures=test_set.pictures[:, :2])
    with pytest.raises(RuntimeError):
        evaluate(model, broken)
    assert model.training


# Recipes


@pytest.mark.parametrize(
    ("name", "progress", "rate"),
    [
        *(("fast", p, r) for p, r in ((0, 0), (0.1, 0.1), (0.2, 0.2), (0.6, 0.1), (0.8, 0.05), (1, 0))),
        *(
            ("paper", p, r)
            for p, r in ((0, 0.1), (0.4999, 0.1), (0.5, 0.01), (0.7499, 0.01), (0.75, 0.001), (1, 0.001))
        ),
        *(("seed", p, 0.01) for p in (0, 0.5, 1)),
    ],
)
def test_learning_rates_by_hand(name, progress, rate):
    assert learning_rate(RECIPES[name], progress) == pytest.approx(rate)


def test_the_papers_recipe_is_the_papers():
    # He et al. 2015, section 4.2: weight decay 1e-4, momentum 0.9, batch 128, lr 0.1, 4 pixels padded on each side
    paper = RECIPES["paper"]
    assert (paper.weight_decay, paper.momentum, paper.batch, paper.lr, paper.shift) == (1e-4, 0.9, 128, 0.1, 4)
    assert not paper.nesterov
    assert paper.small_until == 0


def test_one_step_of_the_textbook_recipe_by_hand(train_set, test_set):
    # Without momentum, decay, crops or flips: w - 0.01 * gradient, on the one batch that there is.
    data = train_set.subset(128)
    model, expected = ResNet(CONFIG, seed=0), ResNet(CONFIG, seed=0)
    list(train(model, data, test_set, "seed", epochs=1))
    loss = cross_entropy(expected.train()(dataset_domain(data).normalise(data.pictures)), data.labels)
    gradients = torch.autograd.grad(loss, list(expected.parameters()))
    for new, old, gradient in zip(model.parameters(), expected.parameters(), gradients, strict=True):
        assert torch.allclose(new, old - 0.01 * gradient, atol=1e-5)


def test_crops_are_small_at_first_and_whole_at_last(train_set, test_set):
    model, sizes = ResNet(CONFIG, seed=0), []

    def note(module, inputs):
        if module.training:
            sizes.append(tuple(inputs[0].shape[-2:]))

    model.register_forward_pre_hook(note)
    list(train(model, train_set, test_set, RECIPE, epochs=2))
    assert sizes == [(9, 9)] * 12 + [(12, 12)] * 12


def test_a_data_sets_domain_has_its_own_mean_and_deviation(train_set):
    domain = dataset_domain(train_set)
    inputs = domain.normalise(train_set.pictures)
    assert inputs.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert inputs.std((0, 2, 3)).tolist() == pytest.approx([1, 1, 1], abs=1e-4)
    assert isinstance(hash(domain), int)  # tuples, not lists: a domain is a value
    black = replace(train_set, pictures=torch.zeros_like(train_set.pictures))
    assert torch.isfinite(dataset_domain(black).normalise(black.pictures)).all()
    assert dataset_domain(replace(train_set, name="cifar10")) is CIFAR10
