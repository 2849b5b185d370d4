from __future__ import annotations

import copy
import math
import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import asdict, fields, replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from small_trainings import TESTS, assert_usable, epochs_of, same, told, trainer
from stripes import CONFIG, RECIPE
from torch.nn.functional import cross_entropy

from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.models.predict import is_trained
from resnet_demo.models.resnet import ResNet
from resnet_demo.models.weights import load_file, save
from resnet_demo.training import checkpoint as checkpoints
from resnet_demo.training.budget import FINE
from resnet_demo.training.evaluation import evaluate
from resnet_demo.training.recipes import RECIPES
from resnet_demo.training.records import Meter, Record
from resnet_demo.training.trainer import Training, dataset_domain, settle, train

HEADER = Path(sysconfig.get_path("include")) / "Python.h"


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


def test_a_budget_of_minutes_is_kept(train_set, test_set):
    start = time.perf_counter()
    records = list(train(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, minutes=1 / 60))
    took = time.perf_counter() - start
    last = records[-1]
    assert last.test_loss is not None
    assert 0 < last.seconds < 1 + 5  # the steps alone; a shared machine may stall in the last one
    assert took >= 1
    assert last.lr < 0.02  # the schedule, too, is at its end
    assert all(a.seconds <= b.seconds and a.step <= b.step for a, b in pairwise(records))


@pytest.mark.usefixtures("slow_clock")
def test_a_training_by_the_clock_is_tested_at_every_twentieth(train_set, test_set):
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, minutes=1.0)
    tests = epochs_of(training.run())
    assert len(tests) == 20  # the last one is that of the end
    assert tests == training.history
    assert training.progress == 1
    assert training.finished
    assert sum(training.schedule) == training.step == tests[-1].step
    assert len(training.schedule) == FINE
    assert training.minutes == 1.0
    # 100 pictures at least on the way (here there are 96), and then all.
    assert tests[-1].test_accuracy == evaluate(training.model, test_set).accuracy


def test_the_time_in_which_the_reader_is_busy_does_not_count(train_set, test_set, monkeypatch):
    now = [0.0]

    def read() -> float:
        now[0] += 0.05
        return now[0]

    monkeypatch.setattr(time, "perf_counter", read)
    steps = []
    for busy in (0, 1000):
        training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, minutes=0.2)
        now[0] += busy  # nor does the time before the start
        for _ in training.run():
            now[0] += busy
        steps.append(training.step)
        assert training.seconds < 12
    assert steps[0] == pytest.approx(steps[1], abs=2)
    assert steps[0] > 20


@pytest.mark.usefixtures("slow_clock")
def test_records_come_about_twice_a_second_within_an_epoch(train_set, test_set):
    records = list(train(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=1))
    within = records[:-1]
    assert within
    assert all(record.test_loss is None and record.epoch == 0 for record in within)
    assert all(1 <= b.step - a.step <= 4 for a, b in pairwise(within))


def test_the_network_is_tested_where_it_was_trained_and_then_put_back(train_set, test_set, tmp_path, monkeypatch):
    """On a GPU, what is tested and compared after it was put back would lie on another device than the pictures."""
    order = []

    def note(place, name):
        done = getattr(place, name)

        def noted(*given):
            order.append(name)
            return done(*given)

        monkeypatch.setattr(place, name, noted)

    for place, name in (
        (trainer, "evaluate"),
        (trainer, "branch_ratios"),
        (trainer, "_put_back"),
        (checkpoints, "keep"),
    ):
        note(place, name)
    monkeypatch.setattr(trainer, "TELL_EVERY", math.inf)
    for resume in (False, True):  # the second time nothing is left to do but to ask what its test found
        model = ResNet(CONFIG, seed=0)
        for record in train(model, train_set, test_set, RECIPE, 1, checkpoint=tmp_path / "run.pt", resume=resume):
            order.append("read")
            assert not any(module.training for module in model.modules())
            assert all(weight.is_contiguous() and weight.device.type == "cpu" for weight in model.parameters())
            assert record.test_loss == evaluate(model, test_set).loss
    assert order == [
        "evaluate", "branch_ratios", "keep", "_put_back", "read", "_put_back",
        "_put_back", "evaluate", "read", "_put_back",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["loss", "weights", "test"])
def test_divergence_is_an_error_and_leaves_the_last_good_checkpoint(
    kind, train_set, test_set, tmp_path, monkeypatch, sentence
):
    monkeypatch.setattr(trainer, "KEEP_EVERY", 0.0)
    monkeypatch.setattr(trainer, "TELL_EVERY", 0.0)
    checkpoint, step = tmp_path / "run.pt", Training._step

    def derail(self: Training, *arguments):
        step(self, *arguments)
        if self.step == 17:
            if kind == "loss":
                self._meter.sums[0] = math.nan
            elif kind == "weights":  # as after an update that overflowed, which the loss has not met yet
                with torch.no_grad():
                    self.model.fc.weight[0, 0] = math.inf
            else:
                monkeypatch.setattr(trainer.Evaluation, "loss", math.nan)

    monkeypatch.setattr(Training, "_step", derail)
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=3)
    with pytest.raises(FloatingPointError, match="diverged") as error:
        list(training.run(checkpoint))
    sentence(error.value)
    kept = checkpoints.restore(checkpoint, training._task)
    assert kept["step"] == (23 if kind == "test" else 16)
    assert all(value.isfinite().all() for value in kept["model"].values())
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process")
def test_training_on_as_much_as_cifar10_stays_within_its_memory():
    program = """
import importlib, torch
from dataclasses import replace
from pathlib import Path
from resnet_demo import build
from resnet_demo.data import Dataset
from resnet_demo.training.recipes import RECIPES
trainer = importlib.import_module("resnet_demo.training.trainer")
trainer.hardware.device = lambda: torch.device("cpu")
def noise(count):
    pictures = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8)
    return Dataset("noise", pictures, torch.arange(count) % 10, tuple("abcdefghij"))
recipe = replace(RECIPES["fast"], small_until=0.0)
list(trainer.train(build("resnet20", seed=0), noise(50_000), noise(10_000).subset(500), recipe, minutes=0.05))
# Not getrusage's ru_maxrss: that is at least the size of the process that started this one.
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) / 1e6)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, cwd=TESTS.parent
    )
    assert 0.3 < float(done.stdout) <= 1.5, done.stderr  # in GB


def test_a_learning_rate_beyond_measure_diverges(train_set, test_set):
    wild = replace(RECIPE, lr=1e20, schedule="constant", momentum=0.0, nesterov=False)
    with pytest.raises(FloatingPointError, match="diverged"):
        list(train(ResNet(CONFIG, seed=0), train_set, test_set, wild, epochs=3))


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        ({}, "either"),
        ({"epochs": 1, "minutes": 1.0}, "either"),
        ({"epochs": 0}, "more than zero"),
        ({"epochs": -1}, "more than zero"),
        ({"minutes": 0.0}, "more than zero"),
        ({"minutes": float("nan")}, "more than zero"),
        ({"minutes": float("inf")}, "more than zero"),
        ({"epochs": 1, "recipe": "secret"}, "fast, paper and textbook"),
        ({"epochs": 1, "seed": -1}, "seed"),
        ({"epochs": 1, "seed": 10**18}, "seed"),
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
    with pytest.raises(InputError, match=f"distinguishes {classes} classes, stripes has 3") as error:
        next(train(model, train_set, test_set, RECIPE, epochs=1))
    sentence(error.value)


def test_a_few_pictures_are_one_batch(train_set, test_set):
    training = Training(ResNet(CONFIG, seed=0), train_set.subset(10), test_set, "fast", epochs=3)
    history = epochs_of(training.run())
    assert [(record.step, record.images) for record in history] == [(1, 10), (2, 20), (3, 30)]
    assert training.recipe == replace(RECIPES["fast"], batch=10)
    with pytest.raises(InputError, match="two pictures"):
        Training(ResNet(CONFIG, seed=0), train_set.subset(1), test_set, "fast", epochs=3)


def test_a_network_as_load_returns_it_is_trained_like_any_other(train_set, test_set):
    fresh, loaded = ResNet(CONFIG, seed=0), ResNet(CONFIG, seed=0).eval().requires_grad_(False)
    for model in (fresh, loaded):
        list(train(model, train_set, test_set, RECIPE, epochs=1))
    assert same(fresh, loaded)
    assert not torch.equal(fresh.get_buffer("stem.bn.running_mean"), torch.zeros(4))


def test_what_was_known_of_a_network_gives_way_to_what_its_training_was(train_set, test_set, tmp_path):
    """A file of it must not say that it is random, nor how accurate it was before."""
    model = ResNet(CONFIG, seed=0)
    model.provenance = {"origin": "random initialisation", "test_accuracy": 0.99}
    assert not is_trained(model)
    records = train(model, train_set, test_set, RECIPE, epochs=1)
    last = next(records)
    assert model.provenance is None or last.test_accuracy is not None
    *_, last = [last, *records]
    again = load_file(save(model, tmp_path / "trained.safetensors"))
    assert is_trained(again)
    story = again.provenance or {}
    assert story["test_accuracy"] == pytest.approx(last.test_accuracy, abs=1e-6)
    assert story["origin"] == "trained by resnet_demo.train"


# The parts


def test_one_step_of_the_textbook_recipe_by_hand(train_set, test_set, monkeypatch):
    monkeypatch.setattr(trainer.hardware, "half_is_faster", lambda _: False)  # by hand it is done in float32
    # Without momentum, decay, crops or flips: w - 0.01 * gradient, on the one batch that there is.
    data = train_set.subset(128)
    model, expected = ResNet(CONFIG, seed=0), ResNet(CONFIG, seed=0)
    list(train(model, data, test_set, "seed", epochs=1))
    loss = cross_entropy(expected.train()(dataset_domain(data).normalise(data.pictures)), data.labels)
    gradients = torch.autograd.grad(loss, list(expected.parameters()))
    for new, old, gradient in zip(model.parameters(), expected.parameters(), gradients, strict=True):
        assert torch.allclose(new, old - 0.01 * gradient, atol=1e-5)


def test_a_record_by_hand(train_set, test_set, monkeypatch):
    """Everything in the record of a training of one step, against torch.autograd and the trace."""
    data = train_set.subset(32)
    model, twin = ResNet(CONFIG, seed=0), ResNet(CONFIG, seed=0)
    recipe = replace(RECIPES["textbook"], batch=32)
    training = Training(model, data, test_set, recipe, epochs=1)
    monkeypatch.setattr(trainer, "GLANCE", 1)
    training.half = False  # whatever this machine is good at
    (record,) = training.run()
    twin.train().domain = domain = dataset_domain(data)
    logits = twin(domain.normalise(data.pictures))
    loss = cross_entropy(logits, data.labels)
    assert [field.name for field in fields(Record)] == [*asdict(record)]
    assert (record.epoch, record.step, record.images, record.lr) == (1, 1, 32, 0.01)
    assert record.seconds > 0
    assert record.images_per_second == 32 / record.seconds
    assert record.train_loss == pytest.approx(loss.item(), abs=1e-5)
    assert record.train_accuracy == (logits.argmax(1) == data.labels).float().mean()
    assert list(record.gradients) == ["layer1.0", "layer2.0"]
    for name, block in twin.named_blocks():
        gradients = torch.autograd.grad(loss, list(block.parameters()), retain_graph=True)
        expected = math.sqrt(sum(gradient.square().sum().item() for gradient in gradients))
        assert record.gradients[name] == pytest.approx(expected, rel=1e-4)
    tested = evaluate(model, test_set)
    assert (record.test_loss, record.test_accuracy) == (tested.loss, tested.accuracy)
    # The ratios are those of the weights as they are after the step.
    trace = trace_blocks(model, domain.normalise(data.pictures[:1]))
    assert record.ratios == pytest.approx({block.name: block.ratio for block in trace.blocks}, rel=1e-5)


def test_a_plain_network_has_gradients_but_no_ratios(train_set, test_set):
    (record,) = train(ResNet(replace(CONFIG, plain=True), seed=0), train_set.subset(16), test_set, RECIPE, epochs=1)
    assert record.ratios == {}
    assert len(record.gradients) == 2


def test_the_meter_by_hand():
    meter = Meter(torch.device("cpu"))
    logits = torch.tensor([[3.0, 0], [0, 3.0], [0, 3.0]])
    meter.add(torch.tensor(0.5), logits, torch.tensor([0, 1, 0]))
    meter.add(torch.tensor(2.5), logits[:1], torch.tensor([1]))
    assert meter.means() == ((3 * 0.5 + 2.5) / 4, 0.5)


def test_settled_statistics_are_those_of_whole_pictures(train_set, randomise):
    model = randomise(ResNet(CONFIG, seed=0)).train()
    model.domain = domain = dataset_domain(train_set)
    data = train_set.subset(50)
    settle(model, data, 16)  # three whole batches; two pictures are left over
    assert model.training
    assert model.stem.bn.momentum == 0.1
    with torch.no_grad():
        inputs = [model.stem.conv(domain.normalise(data.pictures[start : start + 16])) for start in (0, 16, 32)]
    mean = torch.stack([batch.mean((0, 2, 3)) for batch in inputs]).mean(0)
    variance = torch.stack([batch.var((0, 2, 3)) for batch in inputs]).mean(0)
    assert torch.allclose(model.get_buffer("stem.bn.running_mean"), mean, atol=1e-5)
    assert torch.allclose(model.get_buffer("stem.bn.running_var"), variance, rtol=1e-4)
    settle(model.eval(), data, 1000)  # more than there are: one batch of them all
    assert not model.training
    with torch.no_grad():
        everything = model.stem.conv(domain.normalise(data.pictures))
    assert torch.allclose(model.get_buffer("stem.bn.running_mean"), everything.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(model.get_buffer("stem.bn.running_var"), everything.var((0, 2, 3)), rtol=1e-4)


def test_a_training_settles_at_its_end(train_set, test_set):
    model = ResNet(CONFIG, seed=0)
    list(train(model, train_set, test_set, replace(RECIPE, settle=True), epochs=1))
    settled = copy.deepcopy(model)
    settle(settled, train_set, RECIPE.batch)
    assert torch.allclose(model.get_buffer("stem.bn.running_var"), settled.get_buffer("stem.bn.running_var"))
    rough = ResNet(CONFIG, seed=0)
    list(train(rough, train_set, test_set, RECIPE, epochs=1))
    assert torch.equal(rough.fc.weight, model.fc.weight)
    assert not torch.allclose(model.get_buffer("stem.bn.running_var"), rough.get_buffer("stem.bn.running_var"))


def test_without_a_compiler_there_is_a_sentence(train_set, test_set, tmp_path, monkeypatch, sentence):
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # what was compiled earlier must not be found
    training = Training(ResNet(CONFIG, seed=0), train_set, test_set, RECIPE, epochs=1, compile=True)
    with (
        config.patch({"cpp.cxx": ("no-such-compiler",)}),
        pytest.raises(InputError, match="C\\+\\+ compiler") as error,
    ):
        list(training.run())
    sentence(error.value)
    assert_usable(training.model)


@pytest.mark.parametrize(
    ("where", "asked", "does"),
    [("cpu", None, False), ("cpu", True, True), ("cuda", None, True), ("cuda", False, False)],
)
def test_a_gpu_is_given_compiled_networks_and_whole_batches(where, asked, does, train_set, test_set, monkeypatch):
    monkeypatch.setattr(trainer.hardware, "device", lambda: torch.device(where))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(trainer, "Meter", lambda _: None)  # it would hold its sums there
    training = Training(ResNet(CONFIG), train_set, test_set, replace(RECIPE, microbatch=8), minutes=60, compile=asked)
    assert training.compile is does
    assert training.recipe.microbatch == (8 if where == "cpu" else None)


@pytest.mark.skipif(not shutil.which("g++") or not HEADER.is_file(), reason="there is no C++ compiler")
def test_a_compiled_training_takes_the_same_way(train_set, test_set, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    one_size = replace(RECIPE, small_until=0.0, microbatch=8)  # each size is compiled on its own
    models, ends, threads = [ResNet(CONFIG, seed=0) for _ in range(2)], [], torch.get_num_threads()
    torch.set_num_threads(2)  # so that two threads have what is compiled in common
    try:
        for model, compile in zip(models, (False, True), strict=True):
            training = Training(model, train_set, test_set, one_size, epochs=1, compile=compile)
            training.half = False  # in half precision, what is computed together is rounded once
            ends.append(list(training.run())[-1])
    finally:
        torch.set_num_threads(threads)
    assert ends[1].train_loss == pytest.approx(ends[0].train_loss, rel=1e-3)
    assert ends[1].test_accuracy == pytest.approx(ends[0].test_accuracy, abs=0.02)
    assert_usable(models[1])


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
    assert dataset_domain(replace(train_set, name="cifar10", classes=CIFAR10.labels)) is CIFAR10
    assert dataset_domain(replace(train_set, name="cifar10")).labels == train_set.classes  # a folder of that name
