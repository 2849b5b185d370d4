"""Downloads of ImageNet weights that visitors asked for, beside whatever else they do.

Two who want the same network wait for the same download. It stops when nobody waits for it any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from ...download import MB, StoppedError
from ...errors import InputError
from ...i18n import Message, _
from ...models import published
from ..page_state import PageState
from ..session import Session, Source
from ..store import TRAINED
from .background import detached

WAIT = 0.3  # seconds between two looks at a download


@dataclass
class Download:
    """How far a network's weights are; `wanted_by` has the keys of the visits that wait for them."""

    name: str
    size: int  # bytes, as published, until the server says
    arrived: int = 0
    failure: Message | None = None
    wanted_by: set[str] = field(default_factory=set)
    _over: Future[None] = field(default_factory=Future)

    def start(self) -> Download:
        self._over = detached(self._run, "download")
        return self

    @property
    def over(self) -> bool:
        return self._over.done()

    def _run(self) -> None:
        while True:
            try:
                return published.fetch(self.name, self._tell, lambda: not self.wanted_by)
            except StoppedError as error:
                if not self.wanted_by:  # else somebody came just then
                    self.failure = error.message
                    return
            except InputError as error:
                self.failure = error.message
                return
            except Exception:
                logging.getLogger(__name__).exception("The download of %s failed.", self.name)
                self.failure = _("Something unexpected happened; the server's log says what.")
                return

    def _tell(self, arrived: int, size: int) -> None:
        self.arrived, self.size = arrived, size or self.size


_under_way: dict[str, Download] = {}
_one_at_a_time = threading.Lock()


def _join(name: str, key: str) -> Download:
    with _one_at_a_time:
        job = _under_way.get(name)
        if job is None or job.over:
            size = round(published.weights_of(name).size * MB)
            job = _under_way[name] = Download(name, size, wanted_by={key}).start()
        job.wanted_by.add(key)
        return job


@dataclass
class Downloads(PageState):
    """The download that a visit waits for, or the last one."""

    job: Download | None = None
    key: str = ""  # of the visit
    source: Source | None = None  # the network that was in sight when it began, or when it ended without the weights
    number: int = 0  # of downloads so far: tells the page that another one began
    failure: Message | None = None  # why the last one ended without the weights
    settled: bool = True  # whether its end was answered

    @property
    def busy(self) -> bool:
        return self.job is not None and not self.settled and not self.job.over

    def failed(self, session: Session) -> bool:
        """Whether the last download ended without the weights, and nothing else was chosen since."""
        return self.failure is not None and self.source == session.source

    def end(self) -> None:
        if self.job:
            self.job.wanted_by.discard(self.key)

    def watch(self) -> Generator[Download, None, None]:
        """Yield the download a few times a second until it is over, or nobody here waits for it any more."""
        while (job := self.job) is not None and self.busy:
            yield job
            wait([job._over], WAIT)


def begin(session: Session, name: str) -> None:
    """Wait for a network's weights; what was waited for before is left."""
    state = session.of(Downloads)
    if state.busy and state.job and state.job.name == name:
        return
    state.end()
    state.key, state.source, state.failure, state.settled = session.key, session.source, None, False
    state.job = _join(name, session.key)
    state.number += 1


def cancel(session: Session) -> None:
    """Wait no longer. What has arrived is kept."""
    state = session.of(Downloads)
    if state.busy:
        state.end()
        state.settled = True
        state.source = session.source
        state.failure = _("Stopped; what has arrived is kept, and the next download goes on from there.")


def settle(session: Session) -> str | None:
    """What follows from the end of a download, once: its network is looked at, unless another was chosen meanwhile.

    Returns the name of a network that is there, but not in sight. `failure` says why there are no weights.
    """
    state = session.of(Downloads)
    if state.job is None or state.settled or not state.job.over:
        return None
    state.settled, state.failure = True, state.job.failure
    if state.failure:
        state.source = session.source
        return None
    if session.source != state.source:
        return state.job.name
    session.use_network(state.job.name, TRAINED)
    return None
