"""A visit's race as a job in the background: it goes on while its page is loaded again.

One trains at a time on this computer. A race that nobody has looked at for a while makes way for the next visitor's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

from ...data import Dataset
from ...i18n import Message
from ..log import log
from ..page_state import PageState
from ..session import Session
from ..trained import Trained
from .background import detached
from .forecast import Forecast
from .race import Plan, Race, UnwantedError, unwanted

WAIT = 0.25  # seconds between two looks at a job
PATIENCE = 30.0  # seconds for which a race is kept that nobody looks at, while another visitor waits
KEPT_TO_FIT = 2000  # pictures that a network learned from, kept for probes
_TURN = threading.Lock()
_running: Job | None = None  # whose turn it is


def runs() -> bool:
    """Whether anybody's training runs."""
    return _running is not None


@dataclass
class Job:
    """A race from the moment that it is asked for: its pictures may have to be read, and others be waited for.

    `make` reads the pictures; `settle` is told of the race when it begins and again when it is over, unless it was
    abandoned.
    """

    plan: Plan
    make: Callable[[], Race]
    settle: Callable[[Race], None]
    race: Race | None = None  # as soon as it is its turn
    stop_asked: bool = False
    forecast: Forecast | None = None  # as soon as the race's speed is known
    watchers: int = 0
    waits: bool = False  # for another visitor's race
    _left: float = field(default_factory=time.monotonic)  # when the last watcher went away
    _over: Future[None] = field(default_factory=Future)

    def start(self) -> Job:
        """Begin in the background; whoever may end it knows it by then."""
        self._over = detached(self._run, "race")
        return self

    @property
    def over(self) -> bool:
        return self._over.done()

    @property
    def unwatched(self) -> float:
        """For how many seconds nobody has looked."""
        return 0.0 if self.watchers else time.monotonic() - self._left

    def stop(self) -> None:
        self.stop_asked = True  # for a race that has yet to begin
        if self.race:
            self.race.stop()

    def abandon(self) -> None:
        self.stop_asked = True
        if self.race:
            self.race.abandon()

    def watch(self) -> Generator[None, None, None]:
        """Yield four times a second until it is over; raise the InputError that ended it. One may leave at any time."""
        self.watchers += 1
        try:
            while wait([self._over], WAIT).not_done:
                yield
            self._over.result()
        finally:
            self.watchers, self._left = self.watchers - 1, time.monotonic()

    def _run(self) -> None:
        unwanted.set(lambda: self.stop_asked)
        try:
            race = self.make()
        except UnwantedError:
            return
        with self._turn() as ours:
            if not ours:
                return
            self.race = race
            self.settle(race)
            if self.stop_asked:
                race.stop()
            deque(race.run(), 0)
            if not race.abandoned:
                self.settle(race)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait until nobody else's race runs; false for whoever was stopped meanwhile."""
        global _running
        while not (ours := _TURN.acquire(timeout=WAIT)) and not self.stop_asked:
            self.waits, other = True, _running
            if other and other.unwatched > PATIENCE:
                other.stop()  # what was learned is kept
        self.waits = False
        if not ours or self.stop_asked:
            if ours:
                _TURN.release()
            yield False
            return
        _running, began = self, time.monotonic()
        log("training began")
        try:
            yield True
        finally:
            log("training ended", seconds=round(time.monotonic() - began, 1))
            _running = None
            _TURN.release()


@dataclass
class Training(PageState):
    """What the page Train keeps of a visit: the race that runs, or the last one that ran."""

    job: Job | None = None
    before: Job | None = None  # whose race is in sight until that of the job begins
    refused: Message | None = None  # why what was asked for last cannot be

    @property
    def race(self) -> Race | None:
        return (self.job and self.job.race) or (self.before and self.before.race)

    @property
    def latest(self) -> Job | None:
        """The job that is not over, or the last one that came to a race: one that was refused leaves that in sight."""
        if self.job and self.job.over and not self.job.race:
            self.job, self.before = self.before, None
        return self.job

    @property
    def nbytes(self) -> int:
        return self.race.own_bytes if self.race else 0

    @property
    def busy(self) -> bool:
        return self.job is not None and not self.job.over

    def begin(self, plan: Plan, make: Callable[[], Race], settle: Callable[[Race], None]) -> Job:
        def begun(race: Race) -> None:
            self.before = None
            settle(race)

        last = self.latest
        if last and not last.over:
            last.abandon()
            last = None
        self.refused, self.before, self.job = None, last, Job(plan, make, begun)
        return self.job.start()

    def end(self) -> None:
        if self.job:
            self.job.abandon()


# What is kept of it


def samples(dataset: Dataset, most: int = 10) -> dict[str, Image.Image]:
    """The first picture of each of the first classes, by the class's name."""
    found = {}
    for index, label in enumerate(dataset.classes[:most]):
        places = (dataset.labels == index).nonzero()
        if len(places):
            found[label] = dataset.picture(int(places[0]))
    return found


def adopt(session: Session, race: Race) -> None:
    """Make what was trained the visitor's own."""
    training = race.train_set.subset(KEPT_TO_FIT).copy()
    for name, result in race.results.items():
        pictures, tested = samples(race.test_set), result.test_set.copy()
        kept = Trained(result.model, pictures, tested, race.conditions, training, result.film)
        session.keep(name, kept)
