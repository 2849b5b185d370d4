"""Anybody's module, taken apart into blocks y = relu(F(x) + shortcut(x)) without being rewritten.

The module is run once with a record of every operation (torch.fx). Where everything that follows depends on a single
value, the network can be cut; where a piece between two cuts ends in a sum of two branches, it is a residual block. The
pieces are then put together again as a `ResNet` of the same tensors, and its answer is compared with the module's.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import InputError
from ..i18n import _n, sentences
from ..images import IMAGENET_MEAN, IMAGENET_STD, Domain, imagenet, nameless
from ..models.resnet import Grey, ResidualBlock, ResNet, ResNetConfig
from .record import Recorder, as_sums, out_of_place
from .trace import private_view

TOLERANCE = 1e-5  # of the largest logit
SUMS = (operator.add, operator.iadd, torch.add)
RELUS = (F.relu, torch.relu, F.relu_, torch.relu_)
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish)


@dataclass(frozen=True)
class WrappedConfig(ResNetConfig):
    """What is known of a wrapped network: how many blocks and classes. How it is built, its module says."""

    block: Literal["wrapped"] = "wrapped"  # pyright: ignore[reportIncompatibleVariableOverride]

    def __post_init__(self) -> None:
        pass


class WrappedBlock(ResidualBlock):
    """One sum of two branches, and the activation behind it."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module, relu: nn.Module) -> None:
        nn.Module.__init__(self)
        self.residual: Any = residual
        self.shortcut, self.relu = shortcut, relu


class Wrapped(ResNet):
    """A module cut into what stands before its blocks, the blocks, and what follows. In eval mode."""

    def __init__(self, stem: nn.Module, blocks: Mapping[str, WrappedBlock], tail: nn.Module, classes: int) -> None:
        nn.Module.__init__(self)
        self.config = WrappedConfig(blocks=(len(blocks),), widths=(1,), classes=classes)
        self.stem: Any = stem
        self._names = tuple(blocks)
        self.blocks = nn.ModuleList(blocks.values())
        self.tail = tail

    def named_blocks(self) -> Iterator[tuple[str, ResidualBlock]]:
        yield from zip(self._names, self.blocks, strict=True)  # pyright: ignore[reportReturnType]

    def head(self, x: Tensor) -> Tensor:
        return self.tail(x)


def wrap(module: nn.Module, size: int | None = None, domain: Domain | None = None) -> ResNet:
    """A module that classifies pictures, as a network whose blocks can be traced: torchvision's, timm's, one's own.

    `size` is the side of its pictures in pixels and `domain` says what they are; both are guessed where they are not
    given. The result shares the module's tensors, is in eval mode, and its logits are the module's. `trace_blocks`,
    `grad_cam` and the lens take it as any other network.

    Raises InputError where the module does not run, has no block that adds a branch to a shortcut, or cannot be put
    together again so that it answers the same.

    >>> import torchvision
    >>> network = wrap(torchvision.models.resnet18(), size=64)
    >>> [name for name, _block in network.named_blocks()][:3]
    ['layer1.0', 'layer1.1', 'layer2.0']
    """
    if isinstance(module, ResNet):
        return private_view(module)
    if not isinstance(module, nn.Module):
        raise InputError("Only a module of PyTorch can be wrapped, not {value!r}.", value=module)
    if isinstance(module, torch.jit.ScriptModule):
        raise InputError("The module is a TorchScript program, which cannot be followed; wrap the one it was made of.")
    while inner := _within(module):
        module = inner
    view = private_view(module)
    for parent in list(view.modules()):
        for name, child in list(parent.named_children()):
            while inner := _within(child):
                child = inner
            parent._modules[name] = child
    domain = domain or _domain(module, size)
    channels = next((m.in_channels for m in view.modules() if isinstance(m, nn.Conv2d)), 3)
    place = next(view.parameters(), torch.zeros(()))
    generator = torch.Generator().manual_seed(0)
    example = torch.randn(1, channels, domain.size, domain.size, generator=generator).to(place.device, place.dtype)
    root = _Logits(view)
    with torch.no_grad():
        try:
            expected = root(example)
            graph = Recorder(example).trace(root)
        except Exception as error:  # of the module's own
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160].rstrip(". ")
            raise InputError(
                "The module cannot be followed with a picture of {size} x {size} pixels: {reason}.",
                size=domain.size,
                reason=reason,
            ) from None
        if not isinstance(expected, Tensor) or expected.ndim != 2:
            raise InputError("The module does not answer a picture with logits [N, classes].")
        network = _assembled(root, graph, expected.shape[1], channels)
        found = network(example)
    if not _near(found, expected):
        raise InputError("The module could not be put together again so that it answers the same.")
    # Hooks of the module's own are not in the view, and a way that depends on the picture is in no record.
    for picture in (
        example,
        3 * torch.randn(example.shape, generator=generator).to(example),
        torch.zeros_like(example),
    ):
        with torch.no_grad():
            if not _near(network(picture), _asked(module, picture)):
                raise InputError(
                    "The module, put together again, answers otherwise: hooks change what it computes, or its way "
                    "depends on the picture."
                )
    if len(domain.labels) != network.config.outputs:
        domain = replace(domain, labels=nameless(network.config.outputs).labels)
    network.domain = domain
    network.provenance = {"origin": f"{type(module).__module__}.{type(module).__qualname__}"}
    return network.eval()


def _within(module: nn.Module) -> nn.Module | None:
    """What torch.compile and data parallelism put their own module around."""
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return module.module
    inner = getattr(module, "_orig_mod", None)
    return inner if isinstance(inner, nn.Module) else None


def _near(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= TOLERANCE * max(1.0, expected.abs().max().item()))


def _asked(module: nn.Module, picture: Tensor) -> Tensor:
    """What the module itself answers in eval mode; afterwards it is in the mode that it was in."""
    modes = {part: part.training for part in module.modules()}
    try:
        return _logits(module.eval()(picture))
    finally:
        for part, training in modes.items():
            part.training = training


def _domain(module: nn.Module, size: int | None) -> Domain:
    """timm says what its networks are for; of others their first convolution is a hint."""
    told = getattr(module, "pretrained_cfg", None)
    convolution = next((m for m in module.modules() if isinstance(m, nn.Conv2d)), None)
    large = convolution is not None and (convolution.kernel_size[0] > 5 or convolution.stride[0] > 1)
    side = size or (told["input_size"][-1] if isinstance(told, Mapping) and told.get("input_size") else 0)
    side = side or (224 if large else 32)
    last = [m.out_features for m in module.modules() if isinstance(m, nn.Linear)]
    domain = imagenet() if last and last[-1] == 1000 else nameless(max(2, last[-1] if last else 2), side)
    mean, std = (IMAGENET_MEAN, IMAGENET_STD) if large else (domain.mean, domain.std)
    if isinstance(told, Mapping) and len(told.get("mean") or ()) == 3:
        mean, std = tuple(told["mean"]), tuple(told["std"])
    return replace(domain, size=side, resize=side if side < 64 else side * 8 // 7, mean=mean, std=std)


class _Logits(nn.Module):
    """The module, and of what it returns the logits."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Any:
        return _logits(self.module(x))


def _logits(found: Any) -> Any:
    if hasattr(found, "logits") and not isinstance(found, (Tensor, fx.Proxy)):
        return found.logits
    if isinstance(found, Mapping):
        return next((found[key] for key in ("logits", "out", "output") if key in found), found)
    return found[0] if isinstance(found, (tuple, list)) else found


def _assembled(root: nn.Module, graph: fx.Graph, classes: int, channels: int) -> Wrapped:
    """The recorded operations as stem, blocks and tail."""
    out_of_place(root, graph)
    as_sums(graph)
    graph.eliminate_dead_code(lambda node: node.op in ("placeholder", "output"))
    (start,) = (node for node in graph.nodes if node.op == "placeholder")
    (output,) = (node for node in graph.nodes if node.op == "output")
    end = output.args[0]
    flow = _flow(graph, start)
    cuts = [start, *_cuts(flow, end)]
    blocks: OrderedDict[str, WrappedBlock] = OrderedDict()
    at, index, stem, inside = start, 1, None, set()
    while index < len(cuts):
        before, after = cuts[index - 1], cuts[index]
        branches = _branches(after, flow)
        if branches is None or before in (start,):
            index += 1
            continue
        if stem is None:
            stem, at = _piece(root, flow, start, before), before
        inside |= {*_between(flow, before, after)}
        shortcut, residual = sorted(branches, key=lambda branch: _work(flow, before, branch))
        relu: nn.Module = nn.Identity()
        following = cuts[index + 1] if index + 1 < len(cuts) else None
        if following is not None and following.args[:1] == (after,) and (found := _activation(root, following)):
            relu, index = found, index + 1
        # What stands between two blocks belongs to both branches: they still add up to the sum.
        name = _name(after, len(blocks) + 1)
        name = name if name not in blocks else f"{name}#{len(blocks) + 1}"
        blocks[name] = WrappedBlock(_piece(root, flow, at, residual), _piece(root, flow, at, shortcut), relu)
        at = cuts[index]
        index += 1
    if stem is None:
        _say_why_not(graph, flow)
        raise InputError(
            "The module has no block that adds a branch to a shortcut, or none that can be told apart from the rest; "
            "nothing in it can be traced."
        )
    if channels == 1:
        stem = nn.Sequential(Grey(), stem)
    network = Wrapped(stem, blocks, _piece(root, flow, at, end), classes)
    if others := [node for node in flow if node not in inside and _branches(node, flow)]:
        network.note = sentences(
            _n(
                "One more sum of two branches, in {place}, is not traced: what it is made of is used again later.",
                "{count} more sums of two branches, the first in {place}, are not traced: what they are made of is "
                "used again later.",
                len(others),
                place=_name(others[0], 1),
            )
        )
    return network


def _say_why_not(graph: fx.Graph, flow: Mapping[fx.Node, int]) -> None:
    """Raise InputError with the reason why nothing was found, where it can be told."""
    sums = [n for n in flow if n.target in (*SUMS, "add") and sum(arg in flow for arg in n.all_input_nodes) == 2]
    if any(isinstance(n.meta["value"], Tensor) and n.meta["value"].ndim == 3 for n in sums):
        raise InputError(
            "The module's blocks add a branch to rows of tokens [N, L, C], as in a vision transformer; only maps "
            "[N, C, H, W] can be traced."
        )
    if not sums and any(n.target in (torch.cat, torch.concat, torch.concatenate) for n in flow):
        raise InputError(
            "The module's blocks concatenate a branch with a shortcut instead of adding it, as in a DenseNet; nothing "
            "in it can be traced."
        )
    merges = [n for n in flow if sum(arg in flow for arg in n.all_input_nodes) > 1]
    if first := next((n for n in sums if _branches(n, flow)), None):
        join = next((n for n in merges if flow[n] > flow[first] and n not in sums), first)
        raise InputError(
            "The module adds branches to shortcuts, first in {block}, but beside another way that is joined to them "
            "later (by {operation} in {place}), as in a CSPNet or a DPN: it cannot be cut at its blocks.",
            block=_name(first, 1),
            operation=_operation(join),
            place=_name(join, 1),
        )
    if sums:
        raise InputError(
            "The module adds maps of different sizes to each other, in {place}, and no branch to a shortcut; nothing "
            "in it can be traced.",
            place=_name(sums[0], 1),
        )
    if merges:
        raise InputError(
            "The module joins its branches by {operation}, in {place}, and not by a sum of two; nothing in it can be "
            "traced.",
            operation=_operation(merges[0]),
            place=_name(merges[0], 1),
        )


def _operation(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "a function")


def _flow(graph: fx.Graph, start: fx.Node) -> dict[fx.Node, int]:
    """The tensors that depend on the picture, in order, and tuples of them."""
    flow = {start: 0}
    for node in graph.nodes:
        value = node.meta.get("value")
        parts = value if isinstance(value, (tuple, list)) else (value,)
        tensors = bool(parts) and all(isinstance(part, Tensor) for part in parts)
        if node.op != "output" and tensors and any(arg in flow for arg in node.all_input_nodes):
            flow[node] = len(flow)
    return flow


def _cuts(flow: Mapping[fx.Node, int], end: fx.Node) -> Iterator[fx.Node]:
    """The tensors on which alone everything that follows depends."""
    last = {node: _last_use(node, flow) for node in flow}
    waiting: set[fx.Node] = set()
    for node, index in flow.items():
        waiting = {other for other in waiting if last[other] > index}
        if last[node] > index:
            waiting.add(node)
        tensor = isinstance(node.meta["value"], Tensor)  # and no tuple
        if tensor and node is not next(iter(flow)) and (waiting == {node} or node is end):
            yield node
        if node is end:
            return


def _last_use(node: fx.Node, flow: Mapping[fx.Node, int]) -> int:
    """The last operation that needs a tensor, or its size."""
    return max((flow[user] if user in flow else _of_size(user, flow) for user in node.users), default=0)


def _of_size(node: fx.Node, flow: Mapping[fx.Node, int]) -> int:
    return len(flow) if node.op == "output" else _last_use(node, flow)


def _branches(node: fx.Node, flow: Mapping[fx.Node, int]) -> tuple[fx.Node, fx.Node] | None:
    """The two terms of a sum, where this is one."""
    is_sum = (node.op == "call_function" and node.target in SUMS) or (node.op == "call_method" and node.target == "add")
    terms = [arg for arg in node.args if isinstance(arg, fx.Node) and arg in flow]
    if not is_sum or len(terms) != 2 or terms[0] is terms[1] or node.kwargs.get("alpha", 1) != 1:
        return None
    value = node.meta["value"]
    same = all(term.meta["value"].shape == value.shape for term in terms)
    return (terms[0], terms[1]) if same and value.ndim == 4 else None


def _between(flow: Mapping[fx.Node, int], start: fx.Node, end: fx.Node) -> list[fx.Node]:
    """The operations that lead from one tensor to another, in order."""
    found, waiting = set(), [end]
    while waiting:
        node = waiting.pop()
        if node is start or node in found or node not in flow:
            continue
        found.add(node)
        waiting += node.all_input_nodes
    return sorted(found, key=lambda node: flow[node])


def _work(flow: Mapping[fx.Node, int], start: fx.Node, end: fx.Node) -> int:
    """How much is done on a branch: the shortcut is the one with less."""
    return len(_between(flow, start, end))


def _name(node: fx.Node, number: int) -> str:
    """The innermost module in which the sum is taken: layer1.0."""
    stack = node.meta.get("nn_module_stack") or {}
    path = (list(stack)[-1] if stack else "").split("@")[0].removeprefix("module").lstrip(".")
    return path or f"block{number}"


def _activation(root: nn.Module, node: fx.Node) -> nn.Module | None:
    if _is_relu(node):
        return nn.ReLU()
    if node.op == "call_module" and isinstance(found := root.get_submodule(str(node.target)), ACTIVATIONS):
        return _own(found)
    return None


def _passes(root: nn.Module, node: fx.Node) -> bool:
    """Whether this hands on what it gets."""
    silent = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout)
    return node.op == "call_module" and isinstance(root.get_submodule(str(node.target)), silent)


def _is_relu(node: fx.Node) -> bool:
    return (node.op == "call_function" and node.target in RELUS) or (node.op == "call_method" and node.target == "relu")


def _own(module: nn.Module) -> nn.Module:
    """The same module as an object of its own, so that each use has its own hooks, and out of place."""
    own = private_view(module)
    if getattr(own, "inplace", False):
        own.inplace = False  # pyright: ignore
    return own


def _piece(root: nn.Module, flow: Mapping[fx.Node, int], start: fx.Node, end: fx.Node) -> nn.Module:
    """The operations from one tensor to another as a module; its children are the layers, by the ends of their names.

    A row of layers is an nn.Sequential; anything else a GraphModule.
    """
    nodes = _between(flow, start, end)
    if not nodes:
        return nn.Identity()
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    graph = fx.Graph()
    copies = {start: graph.placeholder("x")}
    in_a_row, before = True, start
    for node in nodes:
        for arg in node.all_input_nodes:
            if arg not in copies:
                _copy_constant(root, graph, arg, copies, layers, flow)
        if _passes(root, node):  # dropout and the like, in eval mode
            copies[node] = copies[node.args[0]]  # pyright: ignore
            before = node if before is node.args[0] else before
            continue
        layer = (
            nn.ReLU()
            if _is_relu(node)
            else _own(root.get_submodule(str(node.target)))
            if node.op == "call_module"
            else None
        )
        if layer is not None:
            name = _free("relu" if _is_relu(node) else _last(str(node.target)), layers)
            layers[name] = layer
            args = (node.args[0],) if _is_relu(node) else node.args
            kwargs = {} if _is_relu(node) else node.kwargs
            copies[node] = graph.call_module(
                name,
                fx.node.map_arg(args, copies.__getitem__),  # pyright: ignore
                fx.node.map_arg(kwargs, copies.__getitem__),  # pyright: ignore
            )
            in_a_row = in_a_row and args == (before,) and not kwargs
        else:
            copies[node] = graph.node_copy(node, copies.__getitem__)
            in_a_row = False
        before = node
    if in_a_row:
        return nn.Sequential(layers) if layers else nn.Identity()
    graph.output(copies[end])
    for node in graph.nodes:
        node.meta.clear()
    return fx.GraphModule(layers, graph)


def _copy_constant(
    root: nn.Module,
    graph: fx.Graph,
    node: fx.Node,
    copies: dict[fx.Node, fx.Node],
    layers: OrderedDict[str, Any],
    flow: Mapping[fx.Node, int],
) -> None:
    """What does not depend on the picture, such as a scale, or only on its size here."""
    if node in flow or node.op == "placeholder":
        raise InputError("The module cannot be taken apart: a later layer reaches back past a block.")
    for arg in node.all_input_nodes:
        if arg not in copies:
            _copy_constant(root, graph, arg, copies, layers, flow)
    if node.op == "get_attr":
        name = _free(_last(str(node.target)), layers)
        layers[name] = operator.attrgetter(str(node.target))(root)
        copies[node] = graph.get_attr(name)
    elif node.op == "call_module":
        name = _free(_last(str(node.target)), layers)
        layers[name] = _own(root.get_submodule(str(node.target)))
        copies[node] = graph.call_module(name, fx.node.map_arg(node.args, copies.__getitem__))  # pyright: ignore
    else:
        copies[node] = graph.node_copy(node, copies.__getitem__)


def _last(target: str) -> str:
    """layer1.0.conv1 -> conv1, layer2.0.downsample.0 -> downsample_0."""
    parts = target.split(".")
    number = len(parts) - 1
    while number > 0 and parts[number].isdigit():
        number -= 1
    return "_".join(parts[number:])


def _free(name: str, taken: Mapping[str, Any]) -> str:
    names: Sequence[str] = [name, *(f"{name}{number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)
