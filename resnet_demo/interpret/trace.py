"""What every block received, added, carried and gave on: read off the running network by hooks, in one pass.

    x --+-- residual: F(x) --+-- total = F(x) + shortcut(x) -- relu -- output
        +-- shortcut(x) -----+

Nothing is recomputed and nothing is left behind: hooks live on a private view of the model, so that any number of
threads can trace one model at a time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..finding import Finding
from ..models.predict import (
    Picture,
    as_input,
    as_inputs,
    class_logits,
    domain_of,
    is_trained,
)
from ..models.resnet import NoShortcut, ResidualBlock, ResNet, ResNetConfig, ZeroPadShortcut, check_network, unscaled
from .naming import check_target, class_of, no_block

if TYPE_CHECKING:
    from ..images import Domain

POINTS = ("x", "residual", "shortcut", "total", "output")  # the named values of a block, in the equation's order

# Wires have names: a block's own name is that of its residual branch, and with this after it that of its shortcut.
SHORTCUT_WIRE = ".shortcut"

HOOKS = [name for name, value in vars(nn.Module()).items() if "hooks" in name and isinstance(value, dict)]

# Pictures that are traced together: more than so many are no faster, and what they record takes no more than this.
MOST_TOGETHER, ROOM = 32, 2**29  # pictures, bytes

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, repr=False)
class BlockTrace(Finding):
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

    def __repr__(self) -> str:
        numbers = " ".join(f"{point}={norm:.4g}" for point, norm in self.norms.items())
        return f"<BlockTrace {self.name}: {self.shortcut_kind} shortcut, norms {numbers}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: _owned(value, {}) for name, value in vars(self).items()}  # without its chunk's other pictures

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

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [self._plain()]

    def _plain(self) -> dict[str, Any]:
        norms = {f"{point}_norm": norm for point, norm in self.norms.items()}
        numbers = {"ratio": self.ratio, "cosine": self.cosine, "identity_error": self.identity_error}
        return {"name": self.name, "shortcut_kind": self.shortcut_kind, **norms, **numbers}


@dataclass(frozen=True, repr=False)
class Trace(Finding):
    """One picture's way through one network: the input [1, 3, H, W], the logits [classes], and every block."""

    image: Tensor
    logits: Tensor
    target: int
    blocks: tuple[BlockTrace, ...]
    _graph: _Graph | None = field(compare=False)  # None in a copy: see `_Graph.__reduce__`
    domain: Domain | None = field(default=None, compare=False)  # the pictures that the network is for
    trained: bool = field(default=True, compare=False)  # whether the network has learned anything

    def __getstate__(self) -> dict[str, Any]:
        return {name: _owned(value, {}) for name, value in vars(self).items()}

    def __repr__(self) -> str:
        side = "x".join(map(str, self.image.shape[2:]))
        return f"<Trace of a picture of {side} through {len(self.blocks)} blocks, target {self.label!r}>"

    @property
    def label(self) -> str:
        """The name of the target class."""
        return self.domain.labels[self.target] if self.domain else str(self.target)

    def __getitem__(self, name: str) -> BlockTrace:
        """The block of that name."""
        for block in self.blocks:
            if block.name == name:
                return block
        raise no_block(name, [block.name for block in self.blocks])

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

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [block._plain() for block in self.blocks]

    def _plain(self) -> dict[str, Any]:
        target = {"index": self.target, "label": self.label}
        logits = self.logits.tolist()
        return {"target": target, "logits": logits, "blocks": self._rows(), "identity_error": self.identity_error}


def _owned(value: Any, seen: dict[int, Tensor]) -> Any:
    """The same value for a copy: a tensor, or several by name, in memory that holds nothing else."""
    if isinstance(value, Mapping):
        return {name: _owned(each, seen) for name, each in value.items()}  # three gradients are one tensor
    if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
        return seen.setdefault(id(value), value.clone())
    return value


@dataclass(frozen=True)
class _Graph:
    """The live tensors of the forward pass, kept so that another class costs a backward pass only."""

    logits: Tensor
    x: tuple[Tensor, ...]  # by block
    total: tuple[Tensor, ...]  # by block
    output: Tensor  # of the last block; every other output is the next block's x
    row: int | None = None  # which of several pictures it is that went through together; None: there is but one

    def __reduce__(self) -> Any:
        return type(None), ()  # it can be neither copied nor written

    def gradients(self, targets: Sequence[int]) -> list[dict[str, Tensor]]:
        """By block, the gradients of each picture's target logit at the block's points: [N, C, H, W]."""
        classes = max(2, self.logits.shape[1])
        for target in targets:
            check_target(target, classes)
        points = (*self.x, *self.total, self.output)
        with torch.inference_mode(False), torch.enable_grad():  # even picking the logits out is a step of the graph
            found = torch.autograd.grad(target_logits(self.logits, targets).sum(), points, retain_graph=True)
        at_x, at_total = found[: len(self.x)], found[len(self.x) : -1]
        return [_by_point(*at) for at in zip(at_x, at_total, (*at_x[1:], found[-1]), strict=True)]


def _by_point(x: Tensor, total: Tensor, output: Tensor) -> dict[str, Tensor]:
    return {"x": x, "residual": total, "shortcut": total, "total": total, "output": output}


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


def trace_blocks(model: ResNet, image: Picture, target: int | str | None = None) -> Trace:
    """Run one picture through the network, forward and back, and record every block.

    The picture is a path, bytes, a Pillow image, or a tensor [1, 3, H, W], see `models.predict.as_inputs`. `target` is
    the class whose logit the gradients are of, by number or by name; None takes the class that the network puts first.
    Everything comes from one forward and one backward pass; the model itself is not touched.

    Raises InputError if the input is not one finite picture, the target is not a class of the network, or its answer is
    not finite.

    >>> from resnet_demo import load
    >>> trace = trace_blocks(load("resnet20"), torch.zeros(1, 3, 32, 32), target=3)
    >>> trace
    <Trace of a picture of 32x32 through 9 blocks, target 'cat'>
    >>> block = trace["layer2.0"]
    >>> block.shortcut_kind, tuple(block.x.shape), tuple(block.total.shape)
    ('padding', (1, 16, 32, 32), (1, 32, 16, 16))
    >>> trace.identity_error <= 1e-5
    True
    """
    image = as_input(model, image)
    (trace,) = _traced(private_view(model), image, None if target is None else [class_of(model, target)])
    return trace


def trace_many(
    model: ResNet,
    images: Tensor | Sequence[Picture],
    targets: Sequence[int | str] | Tensor | None = None,
    chunk: int | None = None,
) -> Iterator[Trace]:
    """As `trace_blocks`, of many pictures: one trace after another, `chunk` pictures in each pass.

    The pictures are a tensor [N, 3, H, W] or a list; what a list names is read when its turn comes. `targets` are N
    classes; None takes for each picture the one that the network puts first. What a trace records are
    parts of its chunk's tensors, which stay in memory as long as one of its traces does: whoever takes the numbers and
    lets the trace go needs no more memory for 10,000 pictures than for a chunk. By default that is up to 32 pictures,
    as many as record 512 MiB. Of 256 pictures ResNet-20 is about five times faster than one by one; values differ by
    rounding alone, by a millionth.

    Raises InputError as `trace_blocks`, and where there is not one target for each picture.

    >>> from resnet_demo import load
    >>> traces = trace_many(load("resnet20"), torch.zeros(5, 3, 32, 32), chunk=2)
    >>> [round(trace["layer1.0"].norms["residual"], 1) == 0 for trace in traces]
    [False, False, False, False, False]
    """
    check_network(model)
    if getattr(images, "ndim", 0) == 4 and not isinstance(images, Tensor):  # an array [N, H, W, 3]
        images = list(images)
    if not isinstance(images, (Tensor, list, tuple)):
        raise InputError("The pictures are a tensor [N, 3, H, W] or a list, not {kind}.", kind=type(images).__name__)
    if isinstance(images, Tensor) and (images.ndim != 4 or len(images)):
        images = as_inputs(model, images)
    if targets is not None and len(targets) != len(images):
        raise InputError(
            "There must be a target for each of the {pictures} pictures, not {targets}.",
            pictures=len(images),
            targets=len(targets),
        )
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, Integral) or chunk < 1):
        raise InputError("A chunk is one picture or more, not {value!r}.", value=chunk)
    known = None if targets is None else [class_of(model, target) for target in targets]
    return _chunks(private_view(model), images, known, chunk)


def _chunks(
    view: ResNet, images: Tensor | Sequence[Picture], targets: Sequence[int] | None, chunk: int | None
) -> Iterator[Trace]:
    start, size = 0, int(chunk or 1)
    while start < len(images):
        part = slice(start, start + size)
        inputs = images[part] if isinstance(images, Tensor) else as_inputs(view, images[part])
        traces = _traced(view, inputs, None if targets is None else targets[part])
        start += size
        if chunk is None:  # the first picture alone tells what one takes
            size = chunk = min(max(ROOM // traces[0].nbytes, 1), MOST_TOGETHER)
        while traces:
            yield traces.pop(0)  # and is kept by whoever wants it


def _traced(view: ResNet, images: Tensor, targets: Sequence[int] | None) -> list[Trace]:
    """One pass of pictures [N, 3, H, W] through a private view of the network, forward and back: N traces."""
    names, modules = zip(*view.named_blocks(), strict=True)
    with ExitStack() as hooks, torch.inference_mode(False), torch.enable_grad():
        watched = [_watch(block, hooks) for block in modules]
        # The pictures ask for gradients so that there is a graph even where the weights are frozen.
        # Many go through with their channels last, the order in which convolutions are computed.
        order = torch.channels_last if len(images) > 1 else torch.preserve_format
        logits = view(images.detach().clone(memory_format=order).requires_grad_())
    if not torch.isfinite(logits).all():
        raise InputError("The network's answer to this picture is not a finite number; its weights are unusable.")
    points = [at for at, _ in watched]
    graph = _Graph(logits, tuple(at["x"] for at in points), tuple(at["total"] for at in points), points[-1]["output"])
    if targets is None:
        targets = class_logits(logits).argmax(1).tolist()
    gradients = graph.gradients(targets)
    whole = [_block_trace(*seen) for seen in zip(names, modules, *zip(*watched, strict=True), strict=True)]
    whole = [replace(block, gradients=at) for block, at in zip(whole, gradients, strict=True)]
    told, found = (domain_of(view), is_trained(view)), logits.detach()
    if len(images) == 1:
        return [Trace(images.detach(), found[0], targets[0], tuple(whole), graph, *told)]
    rows = zip(*(_rows_of(block) for block in whole), strict=True)
    return [
        Trace(images[row : row + 1].detach(), found[row], targets[row], blocks, replace(graph, row=row), *told)
        for row, blocks in enumerate(rows)
    ]


def _rows_of(block: BlockTrace) -> list[BlockTrace]:
    """A block's values of N pictures -> the same of each picture; views, which copy nothing."""
    points = zip(*(getattr(block, point).split(1) for point in POINTS), strict=True)
    inside = zip(*(value.split(1) for value in block.inside.values()), strict=True)
    gradients = zip(*(block.gradients[point].split(1) for point in ("x", "total", "output")), strict=True)
    return [
        replace(
            block,
            **dict(zip(POINTS, values, strict=True)),
            inside=dict(zip(block.inside, layers, strict=True)),
            gradients=_by_point(*at),
        )
        for values, layers, at in zip(points, inside, gradients, strict=True)
    ]


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
    """The same forward pass with the gradients of another class's logit: one backward pass, no forward pass.

    Raises InputError for what is no class of the network, and for a copy of a trace, which has no graph.
    """
    check_target(target, max(2, len(trace.logits)))
    if trace._graph is None:
        raise InputError("A copy of a trace has no graph for another class: trace the picture anew.")
    row = trace._graph.row
    gradients = trace._graph.gradients([target] * len(trace._graph.logits))
    blocks = tuple(
        replace(block, gradients=at if row is None else {point: value[row, None] for point, value in at.items()})
        for block, at in zip(trace.blocks, gradients, strict=True)
    )
    return replace(trace, target=target, blocks=blocks)


def target_logits(logits: Tensor, targets: Sequence[int]) -> Tensor:
    """Each picture's logit of its class, of logits [N, classes]; a single one is for the second of two, against the
    first."""
    chosen = torch.tensor(targets, device=logits.device)
    return logits.gather(1, chosen[:, None])[:, 0] if logits.shape[1] > 1 else (2 * chosen - 1) * logits[:, 0]


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
    shortcut = unscaled(block.shortcut)
    if isinstance(shortcut, NoShortcut):
        return "none"
    if isinstance(shortcut, nn.Identity):
        return "identity"
    return "padding" if isinstance(shortcut, ZeroPadShortcut) else "projection"
