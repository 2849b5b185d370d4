"""A batch in microbatches, which the cores of a processor, or several processes, compute side by side.

He et al. 2015 trained in batches of 128 pictures on two GPUs (section 4.2): each computed the gradient of one half, the
two were averaged, and batch norm saw the 64 pictures of that half alone. So it is here, whatever computes them:
one core after another, several cores, or several processes take the same steps.

Cores that have a microbatch each are faster than cores that divide every layer of the whole batch. Those wait for each
other a hundred times in a step; these once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..errors import InputError
from ..interpret.trace import HOOKS, private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from . import distributed
from .recipes import Recipe
from .threads import threads_of

T = TypeVar("T")


def microbatches_in(recipe: Recipe) -> int:
    """How many a recipe's batch has: it is halved until batch norm sees `recipe.microbatch` pictures at most.

    Raises InputError where the processes of a distributed training cannot divide them among themselves.
    """
    microbatches, world = 1, distributed.world()
    while recipe.microbatch and recipe.microbatch * microbatches < recipe.batch:
        microbatches *= 2
    if recipe.batch % world:
        raise InputError(
            "Batches of {batch} cannot be divided evenly among {processes} processes.",
            batch=recipe.batch,
            processes=world,
        )
    if microbatches % world and world % microbatches:
        raise InputError(
            "Batches of {batch} have {parts} microbatches, which cannot be divided evenly among {processes} processes.",
            batch=recipe.batch,
            parts=microbatches,
            processes=world,
        )
    return microbatches


class Microbatches(AbstractContextManager["Microbatches"]):
    """One network, ready to compute the gradient of a batch in microbatches.

    Every microbatch has a replica of its own: over the model's weights, but with its own running statistics, since
    several compute at the same time; the first one's are the model's. Each of several threads has its own gradients,
    too. After every step the model has the sum of these, and the mean of the statistics.
    """

    def __init__(self, model: ResNet, recipe: Recipe, half: bool = False, compile: bool = False):
        self._domain, self._half = domain_of(model), half
        self._device, self._known = next(model.parameters()).device, set[torch.Size]()
        microbatches, world = microbatches_in(recipe), distributed.world()
        # The parts take turns in the batch. A part is a microbatch; with more processes than microbatches it is what
        # one of several processes has of one.
        parts = max(microbatches, world)
        self._parts = [slice(part, None, parts) for part in range(distributed.rank(), parts, world)]
        threads = torch.get_num_threads()
        # PyTorch's DistributedDataParallel wants to be called by one thread.
        workers = math.gcd(len(self._parts), threads) if world == 1 and self._device.type == "cpu" else 1
        self._pool = threads_of(workers, threads // workers) if workers > 1 else None
        self._replicas: list[nn.Module] = []
        self._workers: list[nn.Module] = []
        for worker in range(workers):
            weights = {weight: nn.Parameter(weight.detach()) if worker else weight for weight in model.parameters()}
            replicas = [_replica(model, weights, first=part == 0) for part in range(len(self._parts))[worker::workers]]
            for replica in replicas:
                if world > microbatches:
                    distributed.join_batch_norm(replica, microbatches)
                if compile:  # of several threads, in C++ as a whole: kernels called by Python keep its lock
                    replica.compile(dynamic=False, options={"cpp_wrapper": True} if self._pool else None)
            self._replicas += replicas
            self._workers.append(OneAfterAnother(replicas))
        if world > 1:
            self._workers = [distributed.averaging(self._workers[0])]

    def backward(self, pictures: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Put the gradient of a batch's mean cross-entropy into the model's parameters.

        The batch: pictures uint8 [N, 3, H, W] and labels int64 [N]. Returns the loss, a mean, the logits [n, classes]
        and the labels [n] of every part of this process, parts that one thread computed taken together.
        """
        parts = [(pictures[part], labels[part]) for part in self._parts]
        count = sum(len(part[1]) for part in parts)

        def work(number: int) -> tuple[Tensor, Tensor, Tensor]:
            return self._backward(self._workers[number], parts[number :: len(self._workers)], count)

        answers = self._side_by_side(work, new=pictures.shape not in self._known)
        self._known.add(pictures.shape)
        for first, *others in zip(*(worker.parameters() for worker in self._workers), strict=True):
            for other in others:
                assert first.grad is not None
                assert other.grad is not None
                first.grad += other.grad
        self._average_statistics()
        return answers

    def _side_by_side(self, work: Callable[[int], T], new: bool) -> list[T]:
        """What every worker gives; of `new` sizes one after another, since the first one compiles for all of them."""
        numbers = range(len(self._workers))
        if not self._pool:
            return [work(number) for number in numbers]
        if new:
            return [self._pool.submit(work, number).result() for number in numbers]
        return list(self._pool.map(work, numbers))

    def _backward(
        self, network: nn.Module, parts: Sequence[tuple[Tensor, Tensor]], count: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        inputs = [self._domain.normalise(pictures.to(self._device)) for pictures, _ in parts]
        labels = torch.cat([labels for _, labels in parts]).to(self._device)
        network.zero_grad()
        with _compiling():
            # Without its cache, which all threads have in common, and of which each would empty the others'.
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half, cache_enabled=False):
                logits = network(*inputs)
            loss = cross_entropy(logits.float(), labels)
            (loss * (len(labels) / count)).backward()
        return loss.detach(), logits.detach(), labels

    @torch.no_grad()
    def _average_statistics(self) -> None:
        """Make the running statistics of all microbatches, in all processes, their mean."""
        if len(self._replicas) * distributed.world() == 1:
            return
        of_shares = torch.stack([torch.cat(_statistics(replica)) for replica in self._replicas])
        mean = distributed.total(of_shares.sum(0)) / (len(of_shares) * distributed.world())
        for replica in self._replicas:
            statistics = _statistics(replica)
            for statistic, value in zip(statistics, mean.split([len(s) for s in statistics]), strict=True):
                statistic.copy_(value)

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown()


class OneAfterAnother(nn.Module):
    """Replicas of a network, one for each microbatch: inputs [n, 3, H, W] -> the logits of them all, [N, classes]."""

    def __init__(self, replicas: Sequence[nn.Module]):
        super().__init__()
        self.replicas = nn.ModuleList(replicas)

    def forward(self, *microbatches: Tensor) -> Tensor:
        return torch.cat([replica(microbatch) for replica, microbatch in zip(self.replicas, microbatches, strict=True)])


def _replica(model: ResNet, weights: dict[nn.Parameter, nn.Parameter], first: bool) -> ResNet:
    """The network over these weights instead of its own, in training mode; the first has its buffers, others copies.

    Hooks on the model see every microbatch, at times several at once.
    """
    replica = private_view(model).train()
    for own, module in zip(model.modules(), replica.modules(), strict=True):
        vars(module).update({name: getattr(own, name) for name in HOOKS})
        module._parameters = {name: w if w is None else weights[w] for name, w in own._parameters.items()}
        module._buffers = {name: b if b is None or first else b.clone() for name, b in own._buffers.items()}
    return replica


def _statistics(network: nn.Module) -> list[Tensor]:
    """Batch norm's running means and variances, each [C]."""
    return [buffer for buffer in network.buffers() if buffer.ndim == 1]


@contextmanager
def _compiling() -> Iterator[None]:
    """Networks are compiled when they are first called: InputError where that cannot be done."""
    try:
        yield
    except torch._dynamo.exc.BackendCompilerFailed as error:  # pyright: ignore[reportAttributeAccessIssue]
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            "Nothing can be compiled here ({reason}): install a C++ compiler, or train without compiling.",
            reason=reason,
        ) from None
