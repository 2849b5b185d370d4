"""What every block received, added, carried and gave on: read off the running network by hooks, in one pass.

    x --+-- residual: F(x) --+-- total = F(x) + shortcut(x) -- relu -- output
        +-- shortcut(x) -----+

Nothing is recomputed and nothing is left behind: hooks live on a private view of the model, so that any number of
threads can trace one model at a time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models.predict import class_logits
from ..models.resnet import NoShortcut, ResidualBlock, ResNet, ResNetConfig, ZeroPadShortcut

POINTS = ("x", "residual", "shortcut", "total", "output")  # the named values of a block, in the equation's order

# Wires have names: a block's own name is that of its residual branch, and with this after it that of its shortcut.
SHORTCUT_WIRE = ".shortcut"

HOOKS = [name for name, value in vars(nn.Module()).items() if "hooks" in name and isinstance(value, dict)]

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class BlockTrace:
    """One block's values [1, C, H, W] for one picture, and the gradients of the target's logit there.

    The gradients at `residual` and at `shortcut` are the one at `total`: a sum hands its gradient to both terms
    unchanged. (The gradient at `x` is what comes back through the two of them together.)
    """

    name: str  # "layer1.0"
    shortcut_kind: str  # "identity", "padding" (A), "projection" (B), or "none" in a plain network
    x: Tensor
    residual: Tensor
    shortcut: Tensor
    total: Tensor
    output: Tensor
    inside: Mapping[str, Tensor]  # the outputs of F's layers: conv1, bn1, relu1, conv2, bn2
    gradients: Mapping[str, Tensor]  # by point: x, residual, shortcut, total, output
    ends_in_relu: bool = True  # else the output is the total: a pre-activation block
    kernels: Mapping[str, Tensor] = field(default_factory=dict)  # of F's convolutions; the model's own tensors

    @cached_property
    def norms(self) -> dict[str, float]:
        """Euclidean norm of each point."""
        return {point: getattr(self, point).norm().item() for point in POINTS}

    @cached_property
    def ratio(self) -> float | None:
        """How much the block changes what passes: norm of F(x) over norm of shortcut(x); None without a shortcut."""
        return self.norms["residual"] / self.norms["shortcut"] if self.norms["shortcut"] else None

    @cached_property
    def cosine(self) -> float | None:
        """Cosine of the angle between F(x) and shortcut(x): 1 amplifies, 0 adds something new, -1 erases."""
        if not self.norms["shortcut"] or not self.norms["residual"]:
            return None
        return nn.functional.cosine_similarity(self.residual.flatten(), self.shortcut.flatten(), dim=0).item()

    @cached_property
    def identity_error(self) -> float:
        """Largest absolute difference between F(x) + shortcut(x) and the total that the network computed."""
        return (self.residual + self.shortcut - self.total).abs().max().item()


@dataclass(frozen=True)
class Trace:
    """One picture's way through one network: the input [1, 3, H, W], the logits [classes], and every block."""

    image: Tensor
    logits: Tensor
    target: int
    blocks: tuple[BlockTrace, ...]
    _graph: _Graph = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> BlockTrace:
        """The block of that name."""
        for block in self.blocks:
            if block.name == name:
                return block
        raise InputError(
            "There is no block {name!r}; there are {first} to {last}.",
            name=name,
            first=self.blocks[0].name,
            last=self.blocks[-1].name,
        )

    @cached_property
    def nbytes(self) -> int:
        """The memory that the recorded values take. What the graph keeps beside them is of the same order."""
        values = [value for block in self.blocks for value in (*block.inside.values(), *block.gradients.values())]
        points = [getattr(block, point) for block in self.blocks for point in POINTS]
        return sum(value.nbytes for value in (*values, *points))

    @property
    def identity_error(self) -> float:
        """The largest of the blocks' identity errors."""
        return max(block.identity_error for block in self.blocks)


@dataclass(frozen=True)
class _Graph:
    """The live tensors of the forward pass, kept so that another class costs a backward pass only."""

    logits: Tensor
    x: tuple[Tensor, ...]  # by block
    total: tuple[Tensor, ...]  # by block
    output: Tensor  # of the last block; every other output is the next block's x


def traced_bytes(config: ResNetConfig, size: int) -> int:
    """How much memory the values of a trace would take (`Trace.nbytes`), of a picture of `size` x `size` pixels.

    Of a plain network a little less than this: its shortcuts carry nothing.
    """
    halvings = ((config.stem_stride or (1 if config.stem == "cifar" else 2)) == 2) + config.pools
    side = -(-size // 2**halvings)  # -(-a // b): a / b, rounded up
    channels, values = config.stem_width, 0
    for stage, (count, width) in enumerate(zip(config.blocks, config.widths, strict=True)):
        for index in range(count):
            before, x = side, channels * side**2
            halves = stage and not index and stage < len(config.blocks) - config.dilated
            side, channels = -(-side // 2) if halves else side, width * config.expansion
            output = channels * side**2
            if config.block == "basic":
                inside = 5 * output
            elif config.block == "preact":
                inside = 2 * x + 4 * output
            else:
                inside = 3 * config.inner(width) * (before**2 + side**2) + 2 * output
            values += 2 * (x + (len(POINTS) - 1) * output) + inside  # of every point its value and its gradient
    return 4 * values


def private_view(model: M) -> M:
    """The same network as new module objects over the same tensors, in eval mode and without hooks.

    Costs a millisecond or two and no memory to speak of. Hooks, `eval()` and rewritten children of the view do not
    reach the model; its parameters and buffers are shared and must be left alone.
    """
    twins: dict[nn.Module, nn.Module] = {}  # a module used in two places stays one module

    def twin_of(module: nn.Module) -> nn.Module:
        if module not in twins:
            twin = twins[module] = object.__new__(type(module))
            vars(twin).update(vars(module))
            vars(twin).update({name: OrderedDict() for name in HOOKS})
            vars(twin)["_parameters"] = dict(module._parameters)
            vars(twin)["_buffers"] = dict(module._buffers)
            vars(twin)["_modules"] = {
                name: None if child is None else twin_of(child) for name, child in module._modules.items()
            }
            vars(twin)["training"] = False
        return twins[module]

    return twin_of(model)  # pyright: ignore[reportReturnType]


def trace_blocks(model: ResNet, image: Tensor, target: int | None = None) -> Trace:
    """Run one picture [1, 3, H, W] through the network, forward and back, and record every block.

    `target` is the class whose logit the gradients are of; None takes the class that the network puts first.
    Everything comes from one forward and one backward pass; the model itself is not touched.

    Raises InputError if the input is not one finite picture the target is not a class of the network, or its
    answer is not finite.
    """
    check_image(image)
    view = private_view(model)
    names, modules = zip(*view.named_blocks(), strict=True)
    with ExitStack() as hooks, torch.inference_mode(False), torch.enable_grad():
        watched = [_watch(block, hooks) for block in modules]
        # The picture asks for gradients so that there is a graph even where the weights are frozen.
        logits = view(image.detach().clone().requires_grad_())
    if not torch.isfinite(logits).all():
        raise InputError("The network's answer to this picture is not a finite number; its weights are unusable.")
    points = [at for at, _ in watched]
    graph = _Graph(logits, tuple(at["x"] for at in points), tuple(at["total"] for at in points), points[-1]["output"])
    blocks = tuple(_block_trace(*seen) for seen in zip(names, modules, *zip(*watched, strict=True), strict=True))
    trace = Trace(image.detach(), logits.detach()[0], -1, blocks, graph)
    return retarget(trace, int(class_logits(logits).argmax()) if target is None else target)


@torch.no_grad()
def trace_block(
    name: str, block: ResidualBlock, x: Tensor, run: Callable[[ResidualBlock, Tensor], object]
) -> BlockTrace:
    """One block's values for an input x [1, C, H, W], without gradients.

    `run` computes the block: it calls it, or its branches and its ReLU one by one, for example with a wire cut.
    """
    view = private_view(block)
    with ExitStack() as hooks:
        at, inside = _watch(view, hooks)
        run(view, x)
    return _block_trace(name, block, {**at, "x": x}, inside)


def _block_trace(name: str, block: ResidualBlock, at: Mapping[str, Tensor], inside: Mapping[str, Tensor]) -> BlockTrace:
    """What hooks found; a plain block's shortcut, a zero, is spread to the size of the sum."""
    return BlockTrace(
        name=name,
        shortcut_kind=_shortcut_kind(block),
        **{point: at[point].detach().expand_as(at["x" if point == "x" else "total"]) for point in POINTS},
        inside={layer: value.detach() for layer, value in inside.items()},
        gradients={},
        ends_in_relu=isinstance(block.relu, nn.ReLU),
        kernels={
            name: layer.weight.detach()
            for name, layer in block.residual.named_children()
            if isinstance(layer, nn.Conv2d)
        },
    )


def retarget(trace: Trace, target: int) -> Trace:
    """The same forward pass with the gradients of another class's logit: one backward pass, no forward pass."""
    check_target(target, max(2, len(trace.logits)))
    graph = trace._graph
    points = (*graph.x, *graph.total, graph.output)
    with torch.inference_mode(False), torch.enable_grad():  # even picking the logit out is a step of the graph
        gradients = torch.autograd.grad(target_logit(graph.logits, target), points, retain_graph=True)
    count = len(trace.blocks)
    at_x, at_total = gradients[:count], gradients[count : 2 * count]
    at_output = (*at_x[1:], gradients[-1])
    blocks = tuple(
        replace(block, gradients={"x": x, "residual": total, "shortcut": total, "total": total, "output": output})
        for block, x, total, output in zip(trace.blocks, at_x, at_total, at_output, strict=True)
    )
    return replace(trace, target=target, blocks=blocks)


def target_logit(logits: Tensor, target: int) -> Tensor:
    """The logit of a class, of logits [1, classes]; a single logit is for the second of two, against the first."""
    return logits[0, target] if logits.shape[1] > 1 else (2 * target - 1) * logits[0, 0]


def branch_ratios(model: ResNet, inputs: Tensor) -> dict[str, float]:
    """‖F(x)‖ / ‖shortcut(x)‖ of every block, by name, over inputs [N, 3, H, W].

    Empty in plain networks; not a number where a shortcut carries nothing.
    """
    if model.config.plain:
        return {}
    norms: dict[tuple[str, str], float] = {}

    def measure(name: str, branch: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: norms.__setitem__((name, branch), output.norm().item())

    view = private_view(model)  # its hooks go when it goes
    for name, block in view.named_blocks():
        block.residual.register_forward_hook(measure(name, "residual"))
        block.shortcut.register_forward_hook(measure(name, "shortcut"))
    with torch.no_grad():
        view(inputs)
    return {
        name: norms[name, "residual"] / norms[name, "shortcut"] if norms[name, "shortcut"] else math.nan
        for name, _ in view.named_blocks()
    }


def check_image(image: Tensor) -> None:
    """Raise InputError unless this is one finite picture [1, 3, H, W]."""
    if not isinstance(image, Tensor) or image.ndim != 4 or image.shape[:2] != (1, 3) or not image.numel():
        shape = tuple(image.shape) if isinstance(image, Tensor) else type(image).__name__
        raise InputError("The input must be one picture, a tensor of shape [1, 3, H, W], not {shape}.", shape=shape)
    if not image.is_floating_point() or not torch.isfinite(image).all():
        raise InputError("The picture's values must be finite real numbers.")


def check_target(target: int, classes: int) -> None:
    """Raise InputError unless this is the index of one of so many classes."""
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < classes:
        raise InputError("The target must be a class from 0 to {last}, not {value!r}.", last=classes - 1, value=target)


def _watch(block: ResidualBlock, hooks: ExitStack) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Hooks that fill two records when the block runs: its points, and the outputs of F's layers."""
    at: dict[str, Tensor] = {}
    inside: dict[str, Tensor] = {}

    def keep(record: dict[str, Tensor], name: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: record.__setitem__(name, output)

    handles = [
        block.register_forward_pre_hook(lambda _module, inputs: at.__setitem__("x", inputs[0])),
        block.residual.register_forward_hook(keep(at, "residual")),
        block.shortcut.register_forward_hook(keep(at, "shortcut")),
        block.relu.register_forward_pre_hook(lambda _module, inputs: at.__setitem__("total", inputs[0])),
        block.relu.register_forward_hook(keep(at, "output")),
        *(layer.register_forward_hook(keep(inside, name)) for name, layer in block.residual.named_children()),
    ]
    for handle in handles:
        hooks.callback(handle.remove)
    return at, inside


def _shortcut_kind(block: ResidualBlock) -> str:
    if isinstance(block.shortcut, NoShortcut):
        return "none"
    if isinstance(block.shortcut, nn.Identity):
        return "identity"
    return "padding" if isinstance(block.shortcut, ZeroPadShortcut) else "projection"
