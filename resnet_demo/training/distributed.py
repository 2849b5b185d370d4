"""Training in several processes at once, on one machine or many: `torchrun … -m resnet_demo train …`.

Every process holds the same network and the same data and computes a part of each batch (see `microbatches`); PyTorch's
DistributedDataParallel averages their gradients. Alone, a process is its own and only rank, and nothing here costs
anything.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from ..errors import InputError
from . import hardware

T = TypeVar("T")
Group = Any  # some of the processes, as PyTorch has them; None: all


def rank(group: Group = None) -> int:
    """The number of this process in a group; of all, 0 is the first, which writes and tells."""
    return dist.get_rank(group) if dist.is_available() and dist.is_initialized() else 0


def world(group: Group = None) -> int:
    """How many processes there are in a group."""
    return dist.get_world_size(group) if dist.is_available() and dist.is_initialized() else 1


@contextmanager
def together() -> Iterator[None]:
    """Join the processes that torchrun started; alone, do nothing.

    Gloo connects processors, NCCL connects GPUs. Where there are GPUs both are needed: a network that is finished, or
    was only read, lies on the processor and can be evaluated there.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield
        return
    where = hardware.device()
    if where.type == "cuda":
        torch.cuda.set_device(where)
    else:  # torchrun allows every process one thread, so that most of a processor would idle
        torch.set_num_threads(hardware.share_of_cores())
    dist.init_process_group("cpu:gloo,cuda:nccl" if where.type == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def total(value: Tensor, group: Group = None) -> Tensor:
    """The sum of a tensor over the processes of a group, in place."""
    if world(group) > 1:
        dist.all_reduce(value, group=group)
    return value


def agreed(*values: float) -> list[float]:
    """The first process's values: clocks differ, and all must take the same step."""
    if world() == 1:
        return list(values)
    shared = torch.tensor(values, dtype=torch.float64, device=hardware.device())
    dist.broadcast(shared, 0)
    return shared.tolist()


def from_first(make: Callable[[], T]) -> T:
    """What the first process makes (reads, downloads), in every process.

    Where it fails with an InputError all fail with it: none is left waiting.
    """
    if world() == 1:
        return make()
    answer: list[Any] = [None, None]
    if rank() == 0:
        try:
            answer[0] = make()
        except InputError as error:
            answer[1] = error.message
    dist.broadcast_object_list(answer, 0)
    if answer[1] is not None:
        raise InputError(answer[1])
    return answer[0]


class JointBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the inputs of all processes of a group, so that two of them compute what one would.

    Ioffe and Szegedy 2015, with mean and variance summed over the processes; the gradient goes back the same way.
    Every process must bring as many pictures. (PyTorch's SyncBatchNorm does this for GPUs only.)
    """

    group: Group = None

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        y, mean, variance = _JointBatchNorm.apply(input, self.weight, self.bias, self.eps, self.group)
        count = input[:, 0].numel() * world(self.group)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked.add_(1)
        return y


class _JointBatchNorm(torch.autograd.Function):
    """Input [N, C, H, W] -> output, and mean and variance [C] of the inputs of the whole group.

    Every pass over the pictures is one of PyTorch's own kernels for batch norm, which take bfloat16 as it is and are
    several times as fast as the same arithmetic spelled out. `batch_norm` with fixed statistics is any map that is
    linear in each channel.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float, group: Group
    ) -> tuple[Tensor, Tensor, Tensor]:
        _, mean, inverse_std = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)
        moments = torch.zeros(world(group), 2, len(mean), device=mean.device)
        moments[rank(group)] = torch.stack([mean, inverse_std**-2 - eps])
        means, variances = total(moments, group).unbind(1)  # [processes, C] each
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        ctx.eps, ctx.group = eps, group
        ctx.save_for_backward(x, weight, mean, variance)
        ctx.mark_non_differentiable(mean, variance)
        return batch_norm(x, mean, variance, weight, bias, eps=eps), mean, variance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight, mean, variance = ctx.saved_tensors
        _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, mean, variance, None, None, False, ctx.eps, [False, True, True]
        )
        # Ioffe and Szegedy's dL/dx, with the sums over the batch taken over the group.
        sums = total(torch.stack([of_weight, of_bias]), ctx.group) / (x[:, 0].numel() * world(ctx.group))
        through_statistics = batch_norm(x, mean, variance, sums[0], sums[1], eps=ctx.eps)
        scale, zero, one = weight * (variance + ctx.eps).rsqrt(), torch.zeros_like(mean), torch.ones_like(mean)
        of_x = batch_norm(gradient - through_statistics, zero, one, scale, zero, eps=0.0)
        return of_x, of_weight, of_bias, None, None


def join_batch_norm(network: nn.Module, microbatches: int) -> None:
    """Let batch norm be over the inputs of all processes that have parts of the same microbatch.

    Of so many microbatches of a batch, process number r has a part of number r % microbatches.
    """
    groups = [dist.new_group(list(range(microbatch, world(), microbatches))) for microbatch in range(microbatches)]
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                norm = JointBatchNorm2d(child.num_features, child.eps, child.momentum, device="meta")
                norm.group = groups[rank() % microbatches]
                norm._parameters, norm._buffers = child._parameters, child._buffers
                setattr(module, name, norm)


def averaging(network: nn.Module) -> nn.Module:
    """The network, whose gradients are the means of all processes'."""
    # PyTorch 2.15 gives the option a new name. (`catch_warnings` would change what other threads are warned of.)
    warnings.filterwarnings("ignore", ".*broadcast_buffers", FutureWarning)
    return nn.parallel.DistributedDataParallel(network, broadcast_buffers=False)  # they are averaged elsewhere
