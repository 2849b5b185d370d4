"""What a module does with a picture, operation by operation, as a graph in which every value is written once."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor, fx, nn


class Recorder(fx.Tracer):
    """Records while it computes, so that questions about shapes on the way have an answer."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self.example = example
        self.computing = False  # then modules are to be run, not recorded

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        return forward(*args, **kwargs) if self.computing else super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: Any) -> Any:
        return attr_val if self.computing else super().getattr(attr, attr_val, parameter_proxy_cache)

    def value(self, node: fx.Node) -> Any:
        """What a recorded operation gave. Parameters come into the record without being asked about."""
        if "value" not in node.meta and node.op == "get_attr":
            node.meta["value"] = operator.attrgetter(str(node.target))(self.root)
        return node.meta["value"]

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *more: Any, **named: Any) -> fx.Proxy:
        proxy = super().create_proxy(kind, target, args, kwargs, *more, **named)
        node = proxy.node
        self.computing = True
        try:
            node.meta["value"] = self._computed(node)
        finally:
            self.computing = False
        return proxy

    def _computed(self, node: fx.Node) -> Any:
        given: Any = fx.node.map_arg(node.args, self.value)  # pyright: ignore
        named: Any = fx.node.map_arg(node.kwargs, self.value)  # pyright: ignore
        if node.op == "placeholder":
            return self.example
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.root)
        if node.op == "call_module":
            return self.root.get_submodule(str(node.target))(*given, **named)
        if node.op == "call_method":
            return getattr(given[0], str(node.target))(*given[1:], **named)
        return node.target(*given, **named) if callable(node.target) else None

    def to_bool(self, obj: fx.Proxy) -> bool:
        return bool(self.value(obj.node))

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        return iter([operator.getitem(obj, index) for index in range(len(self.value(obj.node)))])  # pyright: ignore


def out_of_place(root: nn.Module, graph: fx.Graph) -> None:
    """Values are looked at, so none may be overwritten; ReLUs become modules when the pieces are made."""
    order = {node: index for index, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
        method = node.op in ("call_method", "call_function") and name.endswith("_") and not name.endswith("__")
        layer = node.op == "call_module" and getattr(root.get_submodule(str(node.target)), "inplace", False)
        if not (method or layer or node.kwargs.get("inplace") or node.target is operator.iadd):
            continue
        if node.args and isinstance(node.args[0], fx.Node):  # whoever uses it afterwards gets what was written there
            since = order[node]
            node.args[0].replace_all_uses_with(node, lambda user, since=since: order[user] > since)
        if node.target is operator.iadd:
            node.target = operator.add
        elif method and node.op == "call_method":
            node.target = name[:-1]
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}


def as_sums(graph: fx.Graph) -> None:
    """A difference is a sum with -1 times a branch; torch.add with a factor, lerp and addcmul are sums, too."""
    for node in list(graph.nodes):
        name = node.target if node.op == "call_method" else getattr(node.target, "__name__", "")
        terms = _TERMS.get(name) if node.op in ("call_function", "call_method") else None
        if terms is None or not isinstance(node.args[0], fx.Node) or "out" in node.kwargs:
            continue
        with graph.inserting_before(node):

            def calculated(target: Any, *args: Any, graph: fx.Graph = graph, node: fx.Node = node) -> Any:
                if not any(isinstance(arg, fx.Node) for arg in args):
                    return target(*args)
                made = graph.call_function(target, args)
                values = [arg.meta.get("value") if isinstance(arg, fx.Node) else arg for arg in args]
                made.meta = {**node.meta, "value": target(*values)}
                return made

            found = terms(calculated, *node.args, **node.kwargs)
        if found is not None:
            node.op, node.target, node.args, node.kwargs = "call_function", operator.add, found, {}


def _scaled_sum(calculated: Any, first: Any, second: Any, alpha: Any = 1, sign: int = 1) -> tuple[Any, Any] | None:
    if sign * alpha == 1 or not isinstance(second, fx.Node):
        return None
    return first, calculated(operator.mul, second, sign * alpha)


def _difference(calculated: Any, first: Any, second: Any, alpha: Any = 1) -> tuple[Any, Any] | None:
    return _scaled_sum(calculated, first, second, alpha, -1)


def _difference_from(calculated: Any, first: Any, second: Any, alpha: Any = 1) -> tuple[Any, Any] | None:
    return (second, calculated(operator.mul, first, -alpha)) if isinstance(second, fx.Node) else None


def _interpolated(calculated: Any, input: Any, end: Any, weight: Any) -> tuple[Any, Any]:
    rest = calculated(operator.sub, 1, weight)
    return calculated(operator.mul, input, rest), calculated(operator.mul, end, weight)


def _combined(
    operation: Any, calculated: Any, input: Any, tensor1: Any, tensor2: Any, value: Any = 1
) -> tuple[Any, Any]:
    found = calculated(operation, tensor1, tensor2)
    return input, found if value == 1 else calculated(operator.mul, found, value)


_TERMS = {  # what is written as something else than a + b -> its terms
    "add": _scaled_sum,
    "sub": _difference,
    "subtract": _difference,
    "rsub": _difference_from,
    "lerp": _interpolated,
    "addcmul": partial(_combined, operator.mul),
    "addcdiv": partial(_combined, operator.truediv),
}
