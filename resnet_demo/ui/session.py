"""What one visitor owns, and the networks that all visitors share.

A `Visit` holds the network that the visitor looks at, their picture and its trace. Visits sit in a registry that is
bounded in number and in time; the page holds only a visit's key, which nobody can guess.
"""

from __future__ import annotations

import reprlib
import secrets
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PIL import Image
from torch import Tensor

from .. import lab
from ..data import Dataset
from ..errors import InputError
from ..i18n import Message, Sentences
from ..images import Domain
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, Trace, retarget, trace_blocks, traced_bytes
from ..lab.paths import Paths
from ..lab.results import Result
from ..lab.wires import Dial
from ..models import zoo
from ..models.predict import Prediction, domain_of, familiarity, rank
from ..models.resnet import ResNet, ResNetConfig
from ..models.weights import load_file
from . import text
from .bounds import number_within, whole_number
from .jobs.race import Race

if TYPE_CHECKING:
    from .jobs.run import Run

TRAINED, RANDOM, OWN, HERE = "trained", "random", "your file", "trained here"  # where a network's weights are from
FIRST_NETWORK = "resnet20"
MAX_SEED = 2**31 - 1
MOST_DIAL = 1.5
MOST_TRAINED = 4  # networks that a visit keeps of those that were trained in it

T = TypeVar("T")


class Shelf(Generic[T]):
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


def _bytes_of(model: ResNet) -> int:
    return sum(tensor.nbytes for tensor in model.state_dict().values())


_networks: Shelf[ResNet] = Shelf(most=1_000_000_000, weigh=_bytes_of)  # read-only, shared by all visitors
# Traces weigh from 5 MB (ResNet-20) to 700 MB (ResNet-152), and their graphs about as much again: what does not fit is
# made again when it is asked for.
MOST_BYTES = 1_000_000_000  # of all visitors' traces; a single one must not have more
_traces: Shelf[Trace] = Shelf(most=MOST_BYTES, seconds=3600, weigh=lambda trace: trace.nbytes)
_loading: Shelf[threading.Lock] = Shelf(most=100)  # by network
MAX_BLOCKS = 60  # of a network on a page: ResNet-110 has 54, ResNet-152 has 50


def shared_network(name: str, weights: str, seed: int) -> ResNet:
    """A network of the zoo, trained from a seed or with random weights from one, kept for the next visitor."""
    if weights not in (TRAINED, RANDOM):
        raise InputError(f"Weights are {TRAINED!r} or {RANDOM!r}, or come from a file; not {weights!r}.")
    key = (name, weights, seed)
    model = _networks.get(key)
    if model is None:
        with _loading.get(key) or _loading.put(key, threading.Lock()):  # two visitors who want it load it once
            model = _networks.get(key)
            if model is None:
                trained = weights == TRAINED
                model = zoo.load(name, seed) if trained else zoo.build(name, seed).eval().requires_grad_(False)
                _networks.put(key, model)
    return model


@dataclass(frozen=True)
class Trained:
    """A network that a visitor trained, and what is to be known of it when its race is long gone."""

    model: ResNet
    samples: dict[str, Image.Image]  # pictures of the test set, by the name of what they show
    test_set: Dataset  # as much of it as the network was tested on at the end
    conditions: object  # see `Race.conditions`

    def compares_with(self, other: Trained) -> bool:
        """Whether both were trained on the same pictures and in the same way, so that only their shortcuts differ."""
        return self.model.domain == other.model.domain and self.conditions == other.conditions


@dataclass
class Lesson:
    """How far a visitor is in the lesson, how its controls stand, and what was read out in its steps."""

    step: int = 1
    settings: dict[str, Any] = field(default_factory=dict)  # by the controls' keys; see `ui/lesson/controls.py`
    read: dict[int, Message | Sentences] = field(default_factory=dict)  # by step, what its numbers came to
    paths: tuple[weakref.ref[Trace], Paths] | None = None  # what was last walked, and of which trace


@dataclass
class Visit:
    """One visitor's network, picture and choices; the trace of the picture is made once and used by every page."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    name: str = FIRST_NETWORK
    weights: str = TRAINED
    seed: int = 0
    own: tuple[str, ResNet] | None = None  # an uploaded network and its name
    trained: dict[str, Trained] = field(default_factory=dict)  # by the network's name, the last one trained last
    race: Race | None = None  # the training that runs, or the last one that ran
    stop_asked: bool = False  # before the training could begin
    picture: Image.Image | None = None
    picture_name: str | None = None
    target: int | None = None  # the class that the trace's gradients are of
    asked: bool = False  # whether the visitor chose that class, or it is just the network's answer
    block: str | None = None
    channel: int | None = None  # None: the one that shows the block best
    signed: bool = False  # show evidence against the class, too
    cut: frozenset[str] = frozenset()  # the wires that are cut, on the page for that; see `SHORTCUT_WIRE`
    dials: Dial = field(default_factory=Dial)  # and by how much the branches of all others are multiplied
    experiment: str = "lesion"  # the one that is looked at on their page
    compared: str | None = None  # the first of the bundled networks that are shown there; None: the deepest
    measured: dict[str, Result] = field(default_factory=dict)  # what the visitor's own runs found, by experiment
    run: Run | None = None  # the experiment that runs, or the last one that ran
    lesson: Lesson = field(default_factory=Lesson)
    page: str = "classify"
    language: str = text.FIRST
    browser_language: str = text.FIRST  # what the browser asks for; an address says where the two differ from the first
    curves: tuple[weakref.ref[Trace], str, str] | None = None  # of which trace, in which language: what was last drawn
    # Of which trace, by which method and for which block: the last map of captum's.
    attributed: tuple[weakref.ref[Trace], str, str, Tensor] | None = None
    forward_passes: int = 0  # how often the network ran, so that a test can count
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)  # one event of a visit at a time

    def use_network(self, name: str, weights: str, seed: object = 0) -> None:
        """Look at a network of the zoo. Nothing changes if it cannot be had."""
        number = whole_number(seed, 0, MAX_SEED, "The seed")
        entry = zoo.network(name)
        self._check_size(entry.config, 224 if entry.family == "imagenet" else 32)
        self._use(shared_network(name, weights, number), name, weights, number)

    def use_file(self, path: str | Path) -> None:
        """Look at a network from an uploaded checkpoint; it belongs to this visit alone."""
        model = load_file(path)
        self._check_size(model.config, domain_of(model).size)
        before, self.own = self.own, (zoo.name_of(model.config), model)
        try:
            self.use_own()
        except InputError:
            self.own = before
            raise

    def begin(self, race: Race) -> None:
        """Let a training be the visit's; its pictures weigh, whatever comes of it."""
        self.race = race
        self._weigh()

    def keep(self, name: str, trained: Trained) -> None:
        """Put a network that was trained here among the visitor's own; the oldest that is not in sight makes room."""
        in_sight = self.name if self.weights == HERE else None
        self.trained.pop(name, None)
        self.trained[name] = trained
        while len(self.trained) > MOST_TRAINED:
            del self.trained[next(old for old in self.trained if old != in_sight)]
        if name == in_sight:  # what is seen of the one before is of no use now
            self.asked = False
            self.use_trained(name)
        self._weigh()

    def use_trained(self, name: str) -> None:
        """Look at a network that was trained in this visit."""
        if name not in self.trained:
            raise InputError(self.say.notices.not_trained(name))
        self._use(self.trained[name].model, name, HERE, self.seed)
        self._weigh()

    def use_own(self) -> None:
        """Look at the network that was uploaded before."""
        if self.own is None:
            raise InputError(self.say.notices.NO_NETWORK)
        name, model = self.own
        self._use(model, name, OWN, self.seed)
        self._weigh()

    def _check_size(self, config: ResNetConfig, size: int) -> None:
        """Refuse a network that is too much for a page with pictures of `size` pixels, before a picture runs."""
        if sum(config.blocks) > MAX_BLOCKS:
            raise InputError(self.say.notices.too_deep(MAX_BLOCKS, sum(config.blocks)))
        if (needed := traced_bytes(config, size)) > MOST_BYTES:
            raise InputError(
                f"A page shows networks in which one picture takes at most {MOST_BYTES // 1_000_000} MB, in this one "
                f"it takes {needed // 1_000_000} MB; use the library for larger ones."
            )

    def _use(self, model: ResNet, name: str, weights: str, seed: int) -> None:
        keeps_class = self.asked and self.picture is not None and self.labels == domain_of(model).labels
        trace = self._run(model, self.picture, self.target if keeps_class else None)
        self.name, self.weights, self.seed, self.trace, self.asked = name, weights, seed, trace, keeps_class
        self._settle(model)

    def show_picture(self, picture: Image.Image, name: str | None = None) -> None:
        """Look at another picture: the one forward pass that all pages share. Examples have a name."""
        self.trace = self._run(self.network, picture, None)
        self.picture, self.picture_name, self.asked = picture, name, False
        self._settle(self.network)
        self._weigh()

    def _settle(self, model: ResNet) -> None:
        """Keep the block if the network has one of that name; a channel means nothing to another picture or network."""
        names = [name for name, _ in model.named_blocks()]
        if self.block not in names:
            self.block = names[len(names) > 1]  # not the very first: what it receives is still close to the pixels
        self.channel = None
        wires = names if model.config.plain else [*names, *(name + SHORTCUT_WIRE for name in names)]
        self.cut &= frozenset(wires)

    def _weigh(self) -> None:
        """Tell the registry that this visit holds more, or less, than before."""
        if _visits.get(self.key) is self:
            _visits.put(self.key, self)

    @property
    def trace(self) -> Trace | None:
        """The picture's way through the network; None before the first picture."""
        if self.picture is None:
            return None
        trace = _traces.get(self.key)
        if trace is None:  # others needed its place
            trace = self.trace = self._run(self.network, self.picture, self.target)
        return trace

    @trace.setter
    def trace(self, trace: Trace | None) -> None:
        self.target = trace.target if trace else None
        if trace:
            _traces.put(self.key, trace)

    def _run(self, model: ResNet, picture: Image.Image | None, target: int | None) -> Trace | None:
        if picture is None:
            return None
        self.forward_passes += 1
        return trace_blocks(model, domain_of(model).to_input(picture), target)

    def choose_experiment(self, name: object) -> None:
        if name not in lab.NAMES:
            raise InputError(f"There is no experiment {reprlib.repr(name)}; there are {', '.join(lab.NAMES)}.")
        self.experiment = str(name)

    def explain(self, target: int) -> None:
        """Ask for another class: a backward pass through the graph that is there."""
        target = whole_number(target, 0, len(self.labels) - 1, "The class")
        self.asked = True
        if target != self.seen.target:
            self.trace = retarget(self.seen, target)

    def open_block(self, name: str) -> None:
        self.block, self.channel = self.seen[name].name, None

    def cut_or_mend(self, wire: str) -> BlockTrace:
        """Cut a block's residual branch, or its shortcut; mend it where it is cut. Returns the block."""
        block = self.seen[wire.removesuffix(SHORTCUT_WIRE)]
        if wire != block.name and block.shortcut_kind == "none":
            raise InputError(self.say.notices.NO_SHORTCUT)
        self.cut ^= {wire}
        return block

    def mend(self) -> None:
        """The network as it is."""
        self.cut, self.dials = frozenset(), Dial()

    def turn(self, residual: object, shortcut: object) -> None:
        """Multiply the branches of all blocks, from 0 to `MOST_DIAL`."""
        self.dials = Dial(
            number_within(residual, 0, MOST_DIAL, "The dial of F(x)"),
            number_within(shortcut, 0, MOST_DIAL, "The dial of the shortcuts"),
        )

    def open_channel(self, channel: int) -> None:
        self.channel = whole_number(channel, 0, self.opened.total.shape[1] - 1, "The channel")

    def speak(self, language: object) -> None:
        """Say everything in another language."""
        if not isinstance(language, str) or language not in text.LANGUAGES:
            raise InputError(f"A language is one of {', '.join(text.LANGUAGES)}, not {reprlib.repr(language)}.")
        self.language = language

    @property
    def say(self):
        """What the app says, in the visitor's language; see `text`."""
        return text.of(self.language)

    @property
    def network(self) -> ResNet:
        if self.weights == OWN and self.own:
            return self.own[1]
        if self.weights == HERE:
            return self.trained[self.name].model
        return shared_network(self.name, self.weights, self.seed)

    @property
    def domain(self) -> Domain:
        return domain_of(self.network)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.domain.labels

    @property
    def titles(self) -> tuple[str, ...]:
        """The classes as the visitor reads them."""
        return self.say.classes.titles(self.labels)

    @property
    def seen(self) -> Trace:
        trace = self.trace
        if trace is None:
            raise InputError(self.say.notices.NO_PICTURE)
        return trace

    @property
    def opened(self) -> BlockTrace:
        return self.seen[self.block or self.seen.blocks[0].name]

    def predictions(self, top_k: int = 5) -> list[Prediction]:
        return rank(self.network, self.seen.logits, top_k)

    def answers(self, top_k: int = 5) -> list[Prediction]:
        """`predictions` as the visitor reads them."""
        titles = self.titles
        return [replace(prediction, label=titles[prediction.index]) for prediction in self.predictions(top_k)]

    def familiarity(self) -> float | None:
        return familiarity(self.network, self.seen.logits)


def _share(visit: Visit) -> float:
    """What a visit weighs in the registry, which holds 200 visits, or a gigabyte of their pictures and networks."""
    own = [visit.own[1]] if visit.own else []
    networks = sum(_bytes_of(model) for model in (*own, *(trained.model for trained in visit.trained.values())))
    tested = sum(trained.test_set.pictures.nbytes for trained in visit.trained.values())
    picture = 3 * visit.picture.width * visit.picture.height if visit.picture else 0
    pictures = visit.race.own_bytes if visit.race else 0
    return max(1.0, (networks + tested + picture + pictures) / 5_000_000)


_visits: Shelf[Visit] = Shelf(most=200, seconds=3600, weigh=_share)
_keys: Shelf[str] = Shelf(most=400, seconds=7200)  # of the visits, by browser session, to end them with their page


def new_visit(session: str | None = None) -> Visit:
    """Begin a visit, in a browser session or for a client that has none."""
    visit = Visit()
    if session:
        end_visit(session)  # the page was loaded again
        _keys.put(session, visit.key)
    return _visits.put(visit.key, visit)


def visit_of(key: str | None) -> Visit:
    """The visit of that key; a new one for a client that has none, and InputError for one that was put away."""
    if key is None:
        return new_visit()
    visit = _visits.get(key)
    if visit is None:
        raise InputError(
            "This visit has ended: its page lost the connection, or others needed the room; reload the page to begin "
            "anew."
        )
    return visit


def forget(visit: Visit) -> None:
    """Let go of a visit's trace."""
    _traces.drop(visit.key)


def end_visit(session: str | None) -> None:
    """Forget a browser session's visit at once, when its page is closed."""
    key = _keys.get(session)
    if key is not None:
        visit = _visits.get(key)
        if visit:
            visit.stop_asked = True  # for a training whose pictures are still being read
            if visit.race:
                visit.race.abandon()
            if visit.run:
                visit.run.stop()
        _visits.drop(key)
        _traces.drop(key)
        _keys.drop(session)
