from __future__ import annotations

import copy
import threading
from dataclasses import replace

import pytest
import torch
from stripes import CONFIG, RECIPE, stripes
from torch.nn.functional import cross_entropy

from resnet_demo.errors import InputError
from resnet_demo.models.predict import domain_of
from resnet_demo.models.resnet import ResNet
from resnet_demo.training import distributed
from resnet_demo.training.microbatches import Microbatches, microbatches_in

BATCH = 13  # its microbatches are not all of one size


@pytest.fixture(params=[1, 2, 3, 4])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def batch():
    data = stripes(BATCH, seed=1)
    return data.pictures, data.labels


def of(batch: int, microbatch: int | None):
    return replace(RECIPE, batch=batch, microbatch=microbatch)


def by_hand(model: ResNet, batch: tuple[torch.Tensor, torch.Tensor], microbatches: int):
    """Loss, logits by picture and buffers, one microbatch after another; the gradient is the model's own then."""
    pictures, labels = batch
    logits, states = torch.zeros(len(labels), model.config.classes), []
    model.zero_grad()
    for microbatch in range(microbatches):
        part = slice(microbatch, None, microbatches)
        network = copy.deepcopy(model).train()
        logits[part] = network(domain_of(model).normalise(pictures[part]))
        cross_entropy(logits[part], labels[part], reduction="sum").div(len(labels)).backward()
        for own, weight in zip(model.parameters(), network.parameters(), strict=True):
            assert weight.grad is not None
            own.grad = weight.grad if own.grad is None else own.grad + weight.grad
        states.append(dict(network.named_buffers()))
        logits = logits.detach()
    mean = {name: torch.stack([state[name].double() for state in states]).mean(0) for name in states[0]}
    return cross_entropy(logits, labels), logits, mean


@pytest.mark.parametrize(
    ("batch", "microbatch", "microbatches"),
    [(128, None, 1), (128, 64, 2), (64, 64, 1), (65, 64, 2), (129, 64, 4), (256, 64, 4), (32, 64, 1), (4, 1, 4)],
)
def test_a_batch_is_halved_until_its_microbatches_are_small_enough(batch, microbatch, microbatches):
    assert microbatches_in(of(batch, microbatch)) == microbatches


@pytest.mark.parametrize(
    ("world", "batch", "microbatch", "fine"),
    [
        (2, 128, 64, True),
        (4, 128, 64, True),  # two processes for each microbatch
        (2, 256, 64, True),  # two microbatches for each process
        (2, 15, None, False),
        (3, 192, None, True),
        (3, 192, 64, False),  # four microbatches
        (3, 768, 256, False),
    ],
)
def test_processes_must_be_able_to_divide_the_microbatches(world, batch, microbatch, fine, monkeypatch, sentence):
    monkeypatch.setattr(distributed, "world", lambda: world)
    if fine:
        assert microbatches_in(of(batch, microbatch)) >= 1
        return
    with pytest.raises(InputError, match=f"Batches of {batch}.* evenly among {world} processes") as error:
        microbatches_in(of(batch, microbatch))
    sentence(error.value)


@pytest.mark.parametrize("microbatch", [None, 7, 4])
def test_microbatches_by_hand(microbatch, threads, batch, randomise):
    model = randomise(ResNet(CONFIG, seed=0))
    expected = copy.deepcopy(model)
    microbatches = microbatches_in(of(BATCH, microbatch))
    loss, logits, statistics = by_hand(expected, batch, microbatches)
    with Microbatches(model, of(BATCH, microbatch)) as ours:
        answers = ours.backward(*batch)
        ours.backward(*batch)  # the gradient is that of one batch, not of all so far
    weights = [len(labels) / BATCH for _, _, labels in answers]
    assert sum(weights) == pytest.approx(1)
    mean = sum(weight * loss.item() for weight, (loss, _, _) in zip(weights, answers, strict=True))
    assert mean == pytest.approx(loss.item(), rel=1e-5)
    for _, found, labels in answers:  # each answer is beside its own label
        assert found.shape == (len(labels), 3)
        for answer, label in zip(found, labels, strict=True):
            nearest = (logits - answer).abs().amax(1).argmin()
            assert torch.allclose(logits[nearest], answer, atol=1e-5)
            assert batch[1][nearest] == label
    for (name, weight), other in zip(model.named_parameters(), expected.parameters(), strict=True):
        assert weight.grad is not None
        assert other.grad is not None
        assert torch.allclose(weight.grad, other.grad, rtol=1e-4, atol=1e-6), name
    with Microbatches(expected, of(BATCH, microbatch)) as ours:
        ours.backward(*batch)
    for name, value in expected.named_buffers():
        assert torch.allclose(value.double(), statistics[name], rtol=1e-5, atol=1e-6), name


def test_the_same_threads_compute_the_same_bits(threads, batch):
    models = [ResNet(CONFIG, seed=0) for _ in range(3)]
    for model in models:
        with Microbatches(model, of(BATCH, 4)) as microbatches:
            for _ in range(3):
                microbatches.backward(*batch)
    gradients = [[weight.grad for weight in model.parameters()] for model in models]
    for found in zip(*gradients, strict=True):
        assert found[0] is not None
        assert all(torch.equal(found[0], other) for other in found[1:])
    for name, value in models[0].named_buffers():
        assert torch.equal(value, models[1].get_buffer(name)), name


@pytest.mark.parametrize(("microbatch", "wanted"), [(None, 4), (7, 2), (4, 1), (2, 1)])
def test_threads_divide_the_cores(microbatch, wanted, batch):
    """And whoever comes later has all of them."""
    before, found = torch.get_num_threads(), []
    torch.set_num_threads(4)
    try:
        model = ResNet(CONFIG, seed=0)
        model.stem.register_forward_hook(lambda *_: found.append(torch.get_num_threads()))
        with Microbatches(model, of(BATCH, microbatch)) as microbatches:
            microbatches.backward(*batch)
            later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
            later.start()
            later.join()
        assert found == [wanted] * microbatches_in(of(BATCH, microbatch)) + [4]
        assert torch.get_num_threads() == 4
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("microbatch")]
    finally:
        torch.set_num_threads(before)


def test_what_fails_in_a_thread_is_told(threads, batch):
    model, calls = ResNet(CONFIG, seed=0), []

    def fail(*_):
        calls.append(None)
        if len(calls) == 3:
            raise RuntimeError("of no use")

    model.stem.register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="of no use"), Microbatches(model, of(BATCH, 4)) as microbatches:
        microbatches.backward(*batch)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("microbatch")]


def test_the_model_itself_is_in_nobodys_way(batch):
    """It may be looked at between two steps, in any mode; nothing of it is exchanged for something else."""
    model = ResNet(CONFIG, seed=0).eval()
    modules, tensors = list(model.modules()), [*model.parameters(), *model.buffers()]
    with Microbatches(model, of(BATCH, 4)) as microbatches:
        microbatches.backward(*batch)
    assert not any(module.training for module in model.modules())
    assert all(one is other for one, other in zip(modules, model.modules(), strict=True))
    assert all(one is other for one, other in zip(tensors, [*model.parameters(), *model.buffers()], strict=True))
    assert model.get_buffer("stem.bn.num_batches_tracked") == 1
