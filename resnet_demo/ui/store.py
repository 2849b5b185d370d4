"""What the server keeps for a while: a bounded cache, and in it the networks that all visitors share."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from ..errors import InputError
from ..models import zoo
from ..models.resnet import ResNet

TRAINED, RANDOM = "trained", "random"  # where the weights of a network of the zoo are from

T = TypeVar("T")


class ExpiringCache(Generic[T]):
    """A bounded store: the least recently used thing goes first, and anything unused for `seconds` goes.

    `most` bounds the sum of what `weigh` says of each thing: by default their number. The last thing stays, whatever
    its weight.
    """

    def __init__(
        self, most: float, seconds: float = float("inf"), weigh: Callable[[T], float] = lambda thing: 1
    ) -> None:
        self.most, self.seconds, self.weigh = most, seconds, weigh
        self._things: OrderedDict[object, tuple[float, float, T]] = OrderedDict()  # key: last used, weight, thing
        self._lock = threading.Lock()

    def put(self, key: object, thing: T) -> T:
        with self._lock:
            self._things[key] = (time.monotonic(), self.weigh(thing), thing)
            self._things.move_to_end(key)
            self._tidy()
        return thing

    def get(self, key: object) -> T | None:
        with self._lock:
            self._tidy()
            if key not in self._things:
                return None
            _, weight, thing = self._things[key]
            self._things[key] = (time.monotonic(), weight, thing)
            self._things.move_to_end(key)
            return thing

    def drop(self, key: object) -> None:
        with self._lock:
            self._things.pop(key, None)

    def _tidy(self) -> None:
        now, total = time.monotonic(), sum(weight for _, weight, _ in self._things.values())
        while self._things:
            last_used, weight, _ = next(iter(self._things.values()))
            fits = total <= self.most or len(self._things) == 1
            if fits and now - last_used <= self.seconds:
                break
            total -= weight
            self._things.popitem(last=False)


def bytes_of(model: ResNet) -> int:
    return sum(tensor.nbytes for tensor in model.state_dict().values())


_networks: ExpiringCache[ResNet] = ExpiringCache(most=1_000_000_000, weigh=bytes_of)  # read-only, of all visitors
_loading: WeakValueDictionary[object, threading.Lock] = WeakValueDictionary()  # by network, while it is loaded
_one_at_a_time = threading.Lock()


def shared_network(name: str, weights: str, seed: int, epoch: int | None = None) -> ResNet:
    """A network of the zoo, trained from a seed or with random weights from one, kept for the next visitor.

    Of a training with snapshots, `epoch` chooses one; None is its end.
    """
    known = (TRAINED, RANDOM)
    if weights not in known:
        raise InputError("Weights are {known:or}, or come from a file; not {value!r}.", known=known, value=weights)
    key = (name, weights, seed, epoch)
    model = _networks.get(key)
    if model is None:
        with _lock_of(key):  # two visitors who want it load it once
            model = _networks.get(key)
            if model is None:
                if weights == TRAINED:
                    model = zoo.load(name, seed, epoch)
                else:
                    model = zoo.build(name, seed).eval().requires_grad_(False)
                _networks.put(key, model)
    return model


def _lock_of(key: object) -> threading.Lock:
    """The one lock for a network; it goes when nobody waits for that network any more."""
    with _one_at_a_time:  # or two who come at once would each make one
        lock = _loading.get(key)
        if lock is None:
            lock = _loading[key] = threading.Lock()
        return lock
