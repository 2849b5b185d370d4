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

    `most` bounds the sum of what `weigh` says of each thing: by default their number. Where things must make room,
    those of the lowest `rank` go first; those of rank `STAYS` go neither for others nor with time. The thing that was
    put or used last stays, whatever its weight. `dropped` hears of each thing that is no longer kept.
    """

    STAYS = 9

    def __init__(
        self,
        most: float,
        seconds: float = float("inf"),
        weigh: Callable[[T], float] = lambda thing: 1,
        rank: Callable[[T], int] = lambda thing: 0,
        dropped: Callable[[T], None] = lambda thing: None,
    ) -> None:
        self.most, self.seconds, self.weigh, self.rank, self.dropped = most, seconds, weigh, rank, dropped
        self._things: OrderedDict[object, tuple[float, float, T]] = OrderedDict()  # key: last used, weight, thing
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._things)

    def things(self) -> list[T]:
        """All of them, the least recently used first."""
        with self._lock:
            return [thing for _used, _weight, thing in self._things.values()]

    def put(self, key: object, thing: T) -> T:
        with self._lock:
            before = self._things.pop(key, None)
            self._things[key] = (time.monotonic(), self.weigh(thing), thing)
            gone = self._tidy()
        if before and before[2] is not thing:
            gone.append(before[2])
        self._tell(gone)
        return thing

    def get(self, key: object) -> T | None:
        with self._lock:
            gone, found = self._tidy(), None
            if key in self._things:
                _, weight, found = self._things[key]
                self._things[key] = (time.monotonic(), weight, found)
                self._things.move_to_end(key)
        self._tell(gone)
        return found

    def drop(self, key: object) -> None:
        with self._lock:
            gone = self._things.pop(key, None)
        if gone:
            self._tell([gone[2]])

    def _tell(self, gone: list[T]) -> None:
        """Outside the lock, since who hears of it may come back with something else."""
        for thing in gone:
            self.dropped(thing)

    def _tidy(self) -> list[T]:
        """Put away what is too much or too old; returns it."""
        now, gone = time.monotonic(), []
        for key, (last_used, _weight, thing) in list(self._things.items()):  # the oldest first
            if now - last_used <= self.seconds:
                break
            if self.rank(thing) < self.STAYS:
                gone.append(self._things.pop(key)[2])
        total = sum(weight for _, weight, _ in self._things.values())
        if total > self.most:
            *others, _last = self._things
            for key in sorted(others, key=lambda key: self.rank(self._things[key][2])):  # of one rank, the oldest first
                if total <= self.most or self.rank(self._things[key][2]) >= self.STAYS:
                    break
                _, weight, thing = self._things.pop(key)
                total -= weight
                gone.append(thing)
        return gone


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
                    model = zoo.load(name, seed, epoch, download=False)
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
