"""What turns gradients into steps: stochastic gradient descent, and Muon for the filters of the blocks.

The filters of a convolution are the rows of a matrix, and so is their gradient. A few directions dominate it: a step of
SGD goes far along those and hardly moves along the rest. Muon [1] steps along the nearest matrix of orthogonal rows
instead, which goes equally far in every direction. In trainings of few epochs that is worth several points of accuracy
(`bench/tuning.md`). It is meant for matrices inside a network; the stem, batch norm and the classifier keep to SGD.

[1] Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein: Muon: An optimizer for hidden layers in neural networks, 2024.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..models.resnet import ResNet
from .recipes import Recipe, annealed

ITERATIONS = 3  # of `orthogonal`; singular values need not be exactly 1
COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of its polynomial, steepest at 0 [1]


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal, for filters [c_out, c_in, k, k], each layer a matrix [c_out, c_in * k * k].

    Batch norm follows every convolution and makes the network blind to the scale of its filters. The scale is therefore
    held where it belongs, at a norm of 1 for each filter on average, and `lr` is by how much a step turns them.
    """

    def __init__(self, filters: Iterable[Tensor], lr: float, momentum: float = 0.9):
        super().__init__(list(filters), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            for layers in _of_one_shape(group["params"]):
                directions = orthogonal(torch.stack([self._momentum(layer, group["momentum"]) for layer in layers]))
                for layer, direction in zip(layers, directions, strict=True):
                    layer.mul_(len(layer) ** 0.5 / layer.norm())
                    turn = direction.view(layer.shape)
                    if isinstance(group["lr"], Tensor):  # on a GPU, see `optimizers`
                        layer.sub_(turn * group["lr"])
                    else:
                        layer.sub_(turn, alpha=group["lr"])

    def _momentum(self, layer: Tensor, momentum: float) -> Tensor:
        """Nesterov's: the running mean of the gradients, one step ahead. [c_out, c_in * k * k]"""
        assert layer.grad is not None
        mean = self.state[layer].setdefault("momentum", torch.zeros_like(layer)).lerp_(layer.grad, 1 - momentum)
        return layer.grad.lerp(mean, momentum).flatten(1)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices [L, m, n] -> [L, m, n] with the same singular vectors, their singular values between about 0.7 and 1.2.

    Newton and Schulz's iteration needs nothing but products of matrices: an odd polynomial acts on the singular values
    and leaves the vectors alone. Values far below the largest one come up more slowly and may end lower. Each round is
    a factor before x that can be computed from x x^T alone, which is small: x itself is multiplied once, at the end.
    """
    a, b, c = COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)  # no singular value is above 1
    square = x @ x.mT  # [L, m, m]
    one = torch.eye(square.shape[-1], dtype=square.dtype, device=square.device)
    factor = one
    for _ in range(ITERATIONS):
        p = a * one + b * square + c * square @ square
        factor, square = p @ factor, p @ square @ p  # p is symmetric
    return factor @ x


def _of_one_shape(layers: Iterable[Tensor]) -> list[list[Tensor]]:
    """Layers that can be worked on together, as one stack."""
    shapes: dict[torch.Size, list[Tensor]] = {}
    for layer in layers:
        shapes.setdefault(layer.shape, []).append(layer)
    return list(shapes.values())


def optimizers(model: ResNet, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """SGD for all parameters; where the recipe has a rate for Muon, it takes over the blocks' filters.

    On a GPU learning rates are tensors there, since a step that was captured reads them anew each time.
    """
    filters: list[Tensor] = []
    if recipe.muon:
        filters = [weight for _, block in model.named_blocks() for weight in block.parameters() if weight.ndim == 4]
    rest = [weight for weight in model.parameters() if not any(weight is filter for filter in filters)]
    on_gpu = rest[0].device.type == "cuda"
    sgd = torch.optim.SGD(
        rest, recipe.lr, recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay,
        fused=on_gpu or None,
    )  # fmt: skip
    found: list[torch.optim.Optimizer] = [sgd]
    if filters:
        found.append(Muon(filters, recipe.muon, recipe.momentum))
    for optimizer in found:
        for group in optimizer.param_groups:
            group["highest_lr"] = group["lr"]
            if on_gpu:
                group["lr"] = torch.tensor(group["lr"], device=rest[0].device)
    return found


def anneal(optimizers: Iterable[torch.optim.Optimizer], recipe: Recipe, progress: float) -> None:
    """Set every learning rate to where the recipe has it when the fraction `progress` of the training is done."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            lr = group["highest_lr"] * annealed(recipe, progress)
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr
