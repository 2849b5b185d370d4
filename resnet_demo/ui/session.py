"""What one visitor owns: a network, a picture with its trace, the class and block that are asked about, a language.

What a single page needs is the page's own: a `PageState`, which the session keeps for it. How a session is kept, and
found again, is told in `visits`.
"""

from __future__ import annotations

import math
import secrets
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from .. import i18n
from ..errors import InputError
from ..figures import channel_to_show
from ..i18n import Language, _
from ..images import MIN_SIDE, Domain, Framed, Square
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, Trace, retarget, trace_blocks
from ..lab.interventions import BranchScales
from ..models import zoo
from ..models.predict import Prediction, domain_of, familiarity, is_trained, rank
from ..models.resnet import ResNet
from ..models.unlike import Record, Unlikeness, record
from ..models.weights import load_file
from .album import Album
from .bounds import MOST_BYTES, check_size, number_within, one_of, whole_number
from .classes import titles
from .html import BOTH
from .in_sight import InSight, Second, Source
from .judged import Judged
from .page_state import PageState
from .store import RANDOM, TRAINED, ExpiringCache, bytes_of, shared_network
from .trained import Trained

OWN, HERE = "your file", "trained here"  # where a visitor's own weights are from; see `store` for the shared ones
FIRST_NETWORK = "resnet20"
MAX_SEED = 2**31 - 1
MOST_DIAL = 1.5
MOST_TRAINED = 4  # networks that a session keeps of those that were trained in it

# Traces weigh from 5 MB (ResNet-20) to 700 MB (ResNet-152), and their graphs about as much again: what does not fit is
# made again when it is asked for.
_traces: ExpiringCache[Trace] = ExpiringCache(most=MOST_BYTES, seconds=3600, weigh=lambda trace: trace.nbytes)


S = TypeVar("S", bound=PageState)


@dataclass
class Session:
    """One visitor's network, picture and choices; the trace of the picture is made once and used by every page."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    name: str = FIRST_NETWORK
    weights: str = TRAINED
    seed: int = 0
    moment: int | None = None  # of the network's training, one of `moments`; None: its end
    own: tuple[str, ResNet] | None = None  # an uploaded network and its name
    trained: dict[str, Trained] = field(default_factory=dict)  # by the network's name, the last one trained last
    framed: Framed | None = None  # the picture with the square of it that the network sees
    picture_name: str | None = None  # of an example; None: it is the visitor's own
    album: Album = field(default_factory=Album, repr=False)  # the visitor's own pictures, by number
    number: int = 0  # in the album, of the last own picture that was looked at
    target: int | None = None  # the class that the trace's gradients are of
    asked: bool = False  # whether the visitor chose that class, or it is just the network's answer
    block: str | None = None
    channel: int | None = None  # None: the one that shows the block best
    cut: frozenset[str] = frozenset()  # the wires that are cut, on the page for that; see `SHORTCUT_WIRE`
    dials: BranchScales = field(
        default_factory=BranchScales
    )  # and by how much the branches of all others are multiplied
    both: bool = False  # whether the network's twin is in sight, too
    second: Second | None = None  # the picture that is compared with the first one; then the twin is out of sight
    screen: str = BOTH  # what figures are drawn for that change with every click, one of `SCREENS`
    page: str = "inside"
    language: str = i18n.FIRST
    browser_language: str = i18n.FIRST  # what the browser asks for; see `address`
    owner: str | None = None  # the browser that it is of, and
    address: str = ""  # where that is, as far as the server sees; see `visits`
    holder: str | None = None  # the open page that shows it, by gradio's name; None: it was left
    left: str | None = None  # the one that showed it before, of which something may still be on its way
    changed: Callable[[Session], None] = field(default=lambda session: None, repr=False)  # hears that it weighs more
    forward_passes: int = 0  # how often the network ran, so that a test can count
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)  # one event of a session at a time
    states: dict[type[PageState], Any] = field(default_factory=dict, repr=False)
    _judged: Judged = field(default_factory=Judged, repr=False)
    _other_of: tuple[Source, Framed] | None = field(default=None, repr=False)  # what the other trace in sight is of

    def of(self, kind: type[S]) -> S:
        """What a page keeps of this session: `session.of(Experiments).run`."""
        return self.states.setdefault(kind, kind())

    def use_network(self, name: str, weights: str, seed: object = 0, moment: int | None = None) -> None:
        """Look at a network of the zoo. Nothing changes if it cannot be had.

        A `moment` of which its training has no snapshot is passed over: one sees its end.
        """
        number = whole_number(seed, 0, MAX_SEED, _("The seed"))
        entry = zoo.network(name)
        check_size(entry.config, 224 if entry.family == "imagenet" else 32)
        self._use(name, weights, number, moment)

    def use_file(self, path: str | Path, read: ResNet | None = None) -> None:
        """Look at a network from an uploaded checkpoint, which may have been read; it belongs to this visitor alone."""
        model = load_file(path) if read is None else read
        check_size(model.config, domain_of(model).size)
        before, self.own = self.own, (zoo.name_of_file(Path(path).name, model.config), model)
        try:
            self.use_own()
        except InputError:
            self.own = before
            raise

    def keep(self, name: str, trained: Trained) -> None:
        """Put a network that was trained here among the visitor's own; the oldest that is not in sight makes room."""
        in_sight = self.name if self.weights == HERE else None
        self.trained.pop(name, None)
        self.trained[name] = trained
        while len(self.trained) > MOST_TRAINED:
            del self.trained[next(old for old in self.trained if old != in_sight)]
        if name == in_sight:  # what is seen of the one before is of no use now
            self.asked, self.moment = False, None
            self.use_trained(name)
        self.weigh()

    def use_trained(self, name: str, moment: int | None = None) -> None:
        """Look at a network that was trained in this session; of the moment the same is true as in `use_network`."""
        if name not in self.trained:
            raise InputError("No {name} was trained in this session.", name=name)
        self._use(name, HERE, self.seed, moment)
        self.weigh()

    def use_own(self) -> None:
        """Look at the network that was uploaded before."""
        if self.own is None:
            raise InputError("There is no network of yours yet: upload a checkpoint.")
        self._use(self.own[0], OWN, self.seed)
        self.weigh()

    def _use(self, name: str, weights: str, seed: int, moment: int | None = None) -> None:
        if moment not in self._moments(name, weights, seed)[:-1]:
            moment = None
        model = self._model(name, weights, seed, moment)
        keeps_class = self.asked and self.picture is not None and self.labels == domain_of(model).labels
        trace = self._run(model, self.framed, self.target if keeps_class else None)
        self.name, self.weights, self.seed, self.moment = name, weights, seed, moment
        self.trace, self.asked = trace, keeps_class
        self._settle(model)

    def look_at_moment(self, moment: object) -> None:
        """Look at the network as it was at another moment of its training, through the same channel as before, and at
        what speaks for the same class: its best answer changes from moment to moment.
        """
        if not self.moments:
            raise InputError("Of the training of {name} there are no snapshots.", name=self.name)
        what = _("The epoch") if self.weights == TRAINED else _("The percentage of the training")
        number = one_of(moment, self.moments, what)
        channel = self.channel if self.trace is None else self.shown_channel
        self.asked = self.picture is not None
        self._use(self.name, self.weights, self.seed, number)
        self.channel = channel

    def show_picture(self, picture: Image.Image, name: str | None = None) -> None:
        """Look at another picture: the one forward pass that all pages share. Examples have a name."""
        self.trace = self._run(self.network, framed := Framed(picture), None)
        self.framed, self.picture_name, self.asked = framed, name, False
        if name is None:
            self.number = self.album.keep(picture)
        self._make_room()
        self._settle(self.network)
        self.weigh()

    def show_second(self, picture: Image.Image, name: str | None = None) -> None:
        """Look at a second picture in the same network, beside the first one. The network's twin goes out of sight:
        two pictures in two networks would be four drawings.
        """
        if self.picture is None:
            raise InputError("There is no picture yet: upload one, or choose an example.")
        number = self.album.keep(picture) if name is None else 0
        self.second, self.both = Second(Framed(picture), name, number), False
        self._make_room()
        self.weigh()

    def remove_second(self) -> None:
        """Look at one picture again."""
        self.second = None
        self.weigh()

    def _make_room(self) -> None:
        self.album.make_room({self.number, self.second.number if self.second else 0})

    def crop_to(self, left: object, top: object, side: object) -> None:
        """Let the network see another square of the picture: see `images.Square`; what reaches out is moved inside.

        Where that is the middle one, `crop` is None, and the network sees what it saw at first, to the pixel.
        """
        if self.picture is None:
            raise InputError("There is no picture yet: upload one, or choose an example.")
        (width, height), least = self.picture.size, min(1, MIN_SIDE / min(self.picture.size))
        share = number_within(side, math.floor(least * 1e4) / 1e4, 1, _("The side of the square"))
        room = [max(0.0, 1 - share * min(width, height) / length) for length in (width, height)]
        square = (
            round(min(number_within(left, 0, 1, _("The left edge of the square")), room[0]), 4),
            round(min(number_within(top, 0, 1, _("The upper edge of the square")), room[1]), 4),
            round(share, 4),
        )
        far = max(abs(a - b) for a, b in zip(square, self.domain.middle(self.picture), strict=True))
        crop = square if far > 2e-4 else None
        if crop == self.crop:
            return
        channel = self.channel if self.trace is None else self.shown_channel  # the same one while the square is dragged
        target = self.target if self.asked else None
        self.trace = self._run(self.network, framed := Framed(self.picture, crop), target)
        self.framed, self.channel = framed, channel

    @property
    def picture(self) -> Image.Image | None:
        """The whole picture."""
        return self.framed and self.framed.picture

    @property
    def crop(self) -> Square | None:
        """What the network sees of the picture; None: the middle, as its domain crops it."""
        return self.framed and self.framed.square

    def _settle(self, model: ResNet) -> None:
        """Keep the block if the network has one of that name; a channel means nothing to another picture or network."""
        names = [name for name, _ in model.named_blocks()]
        if self.block not in names:
            self.block = names[len(names) > 1]  # not the very first: what it receives is still close to the pixels
        self.channel = None
        wires = names if model.config.plain else [*names, *(name + SHORTCUT_WIRE for name in names)]
        self.cut &= frozenset(wires)

    def weigh(self) -> None:
        """Tell who keeps this session that it holds more, or less, than before."""
        self.changed(self)

    @property
    def nbytes(self) -> int:
        """The memory of what is the visitor's alone."""
        networks = [self.own[1]] if self.own else []
        second = self.second.picture if self.second else None
        pictures = {id(picture): picture for picture in (self.picture, second, *self.album.values()) if picture}
        return (
            sum(map(bytes_of, networks))
            + sum(kept.nbytes for kept in self.trained.values())
            + sum(3 * picture.width * picture.height for picture in pictures.values())
            + sum(state.nbytes for state in list(self.states.values()))
        )

    @property
    def trace(self) -> Trace | None:
        """The picture's way through the network; None before the first picture."""
        if self.picture is None:
            return None
        trace = _traces.get(self.key)
        if trace is None:  # others needed its place
            trace = self.trace = self._run(self.network, self.framed, self.target)
        return trace

    @trace.setter
    def trace(self, trace: Trace | None) -> None:
        self.target = trace.target if trace else None
        if trace:
            _traces.put(self.key, trace)

    def _run(self, model: ResNet, picture: Framed | None, target: int | None) -> Trace | None:
        if picture is None:
            return None
        self.forward_passes += 1
        return trace_blocks(model, domain_of(model).to_input(picture), target)

    def explain(self, target: int) -> None:
        """Ask for another class: a backward pass through the graph that is there."""
        target = whole_number(target, 0, len(self.labels) - 1, _("The class"))
        self.asked = True
        if target != self.seen.target:
            self.trace = retarget(self.seen, target)

    def open_block(self, name: str) -> None:
        self.block, self.channel = self.seen[name].name, None

    def cut_or_mend(self, wire: str) -> BlockTrace:
        """Cut a block's residual branch, or its shortcut; mend it where it is cut. Returns the block."""
        block = self.seen[wire.removesuffix(SHORTCUT_WIRE)]
        if wire != block.name and block.shortcut_kind == "none":
            raise InputError("A plain block has no shortcut to cut.")
        self.cut ^= {wire}
        return block

    def mend(self) -> None:
        """The network as it is."""
        self.cut, self.dials = frozenset(), BranchScales()

    def turn(self, residual: object, shortcut: object) -> None:
        """Multiply the branches of all blocks, from 0 to `MOST_DIAL`."""
        self.dials = BranchScales(
            number_within(residual, 0, MOST_DIAL, _("The dial of F(x)")),
            number_within(shortcut, 0, MOST_DIAL, _("The dial of the shortcuts")),
        )

    def open_channel(self, channel: int) -> None:
        self.channel = whole_number(channel, 0, self.opened.total.shape[1] - 1, _("The channel"))

    def speak(self, language: object) -> None:
        """Say everything in another language."""
        self.language = one_of(language, tuple(i18n.LANGUAGES), _("The language"))

    @property
    def say(self) -> Language:
        """Says messages in the visitor's language."""
        return i18n.language(self.language)

    @property
    def network(self) -> ResNet:
        return self._model(self.name, self.weights, self.seed, self.moment)

    @property
    def source(self) -> Source:
        """Where the network in sight is from."""
        return Source(self.name, self.weights, self.seed, self.moment, weakref.ref(self.network))

    @property
    def moments(self) -> list[int]:
        """When the network's training can be looked at: after which epochs, or in the app at which percentage of its
        budget; the last one is its end. None where there are no snapshots.
        """
        return self._moments(self.name, self.weights, self.seed)

    @property
    def untrained(self) -> bool:
        """Whether what the network answers is chance."""
        return self.weights == RANDOM or self.moment == 0 or not is_trained(self.network)

    def _moments(self, name: str, weights: str, seed: int) -> list[int]:
        if weights == HERE and (film := self.trained[name].film):
            return [*film, 100]
        return zoo.epochs(name, seed) if weights == TRAINED else []

    def _model(self, name: str, weights: str, seed: int, moment: int | None) -> ResNet:
        if weights == OWN and self.own:
            return self.own[1]
        if weights == HERE:
            trained = self.trained[name]
            return trained.model if moment is None else trained.film[moment]
        return shared_network(name, weights, seed, moment)

    @property
    def twin(self) -> tuple[str, str] | None:
        """The name of the network's twin, and which of its weights compare with those in sight; None without one."""
        other = zoo.twin(self.name)
        if other is None or self.weights == OWN:
            return None
        if self.weights == HERE:
            mine, its = self.trained[self.name], self.trained.get(other)
            return (other, HERE) if its and its.compares_with(mine) else None
        trained = self.weights == TRAINED and zoo.bundled_weights(other, self.seed)
        return other, TRAINED if trained else RANDOM

    def pair(self) -> dict[str, tuple[ResNet, Source]]:
        """The network in sight and its twin where there is one, by name; the one with shortcuts first.

        Both are at the same moment of their training; a twin that has no snapshot of it stays away.
        """
        found, seed, moment = {}, self.seed, self.moment
        for name, weights in filter(None, ((self.name, self.weights), self.twin)):
            if moment is None or moment in self._moments(name, weights, seed):
                model = self._model(name, weights, seed, moment)
                found[name] = model, Source(name, weights, seed, moment, weakref.ref(model))
        return dict(sorted(found.items(), key=lambda item: item[1][0].config.plain))

    def show_both(self, both: bool) -> None:
        """Look at the network and its twin, for one picture, or at the network alone."""
        self.both = both
        if both:
            self.remove_second()

    @property
    def beside_twin(self) -> bool:
        """Whether network and twin are both in sight."""
        return self.both and self.twin is not None

    def shown(self) -> list[InSight]:
        """What is in sight: the picture in the network, alone, or above the second picture in the same network, or
        with the network's twin, the one with shortcuts first. All traces are of the same class.
        """
        trace, framed, second = self.seen, self.framed, self.second
        assert framed is not None  # or there would be no trace
        mine = InSight(self.name, self.network, trace, framed)
        if second is not None:
            trace = self._other_trace(mine.model, self.source, second.framed)
            return [replace(mine, mark="A"), InSight(self.name, mine.model, trace, second.framed, "B")]
        if not self.beside_twin:
            return [mine]
        return [
            mine
            if name == self.name
            else InSight(name, model, self._other_trace(model, source, mine.picture), mine.picture)
            for name, (model, source) in self.pair().items()
        ]

    def _other_trace(self, model: ResNet, source: Source, picture: Framed) -> Trace:
        """The trace of what is in sight besides: there is one at a time."""
        target, key = self.seen.target, f"{self.key} other"
        trace = _traces.get(key) if self._other_of == (source, picture) else None
        if trace is None:
            trace = self._run(model, picture, target)
        elif trace.target != target:
            trace = retarget(trace, target)
        assert trace is not None
        self._other_of = source, picture
        return _traces.put(key, trace)

    def look_at(self, source: Source) -> None:
        """Come back to a network with the very weights that it had; InputError where they are gone."""
        name, weights, seed, moment = source.name, source.weights, source.seed, source.moment
        model = source.model()
        if weights == OWN and self.own and self.own[1] is model:
            there, look = True, self.use_own
        elif weights == HERE and (kept := self.trained.get(name)) and model in (kept.model, *kept.film.values()):
            there, look = True, lambda: self.use_trained(name, moment)
        else:
            there, look = weights in (TRAINED, RANDOM), lambda: self.use_network(name, weights, seed, moment)
        if not there:
            raise InputError("The weights of {name} that this was found with are no longer here.", name=name)
        in_sight, shared = (self.name, self.weights, self.moment), weights in (TRAINED, RANDOM)
        if in_sight != (name, weights, moment) or (shared and self.seed != seed):
            look()

    @property
    def domain(self) -> Domain:
        return domain_of(self.network)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.domain.labels

    @property
    def titles(self) -> tuple[str, ...]:
        """The classes as the visitor reads them."""
        return titles(self.labels, self.say)

    @property
    def seen(self) -> Trace:
        trace = self.trace
        if trace is None:
            raise InputError("There is no picture yet: upload one, or choose an example.")
        return trace

    @property
    def opened(self) -> BlockTrace:
        return self.seen[self.block or self.seen.blocks[0].name]

    @property
    def shown_channel(self) -> int:
        """The channel of the open block that is drawn: the one that was chosen, else the one that shows most."""
        return channel_to_show(self.opened) if self.channel is None else self.channel

    def predictions(self, top_k: int = 5, of: Trace | None = None) -> list[Prediction]:
        """The likeliest classes; `of` is the trace of another picture."""
        return rank(self.network, (of or self.seen).logits, top_k)

    def answers(self, top_k: int = 5, of: Trace | None = None) -> list[Prediction]:
        """`predictions` as the visitor reads them."""
        titles = self.titles
        return [replace(prediction, label=titles[prediction.index]) for prediction in self.predictions(top_k, of)]

    def familiarity(self) -> float | None:
        return familiarity(self.network, self.seen.logits)

    def unlike(self) -> Unlikeness | None:
        """How unlike what the network knows the picture is; None where that was not measured."""
        return None if self.framed is None else self.judge(self.framed, self.seen)

    def judge(self, picture: Framed, trace: Trace) -> Unlikeness | None:
        """`unlike` of one of two pictures."""
        if self.untrained:
            return None
        return self._judged.judge(self.network, picture, trace, bool(self.second and picture is self.second.framed))

    def record(self, picture: Framed, trace: Trace) -> Record | None:
        """How often the network was right on photographs when it answered as it does now; None: nobody counted."""
        found, last = self.judge(picture, trace), self.moments[-1:]
        if found is None or found.rates is None or self.weights != TRAINED or self.moment not in (None, *last):
            return None
        return record(self.name, self.seed, picture, self.predictions(1, trace)[0], found.noted)


def forget(session: Session) -> None:
    """Let go of a session's traces."""
    _traces.drop(session.key)
    _traces.drop(f"{session.key} other")
