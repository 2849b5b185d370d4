"""Visits: the sessions of all visitors, bounded in number, memory and time, and found again after a reload.

A visit has one key, which nobody can guess. gradio keeps it for the open page, on the server; the tab keeps it, too, in
its sessionStorage, and shows it when its page begins anew. It stands in no address, no log and no HTML.

gradio's own name for a page (`session_hash`) opens no visit, though gradio finds the key by it: a visit also belongs to
a browser, which is known by a cookie, and whoever else sends that name is told that the session has ended. A client
without cookies is known by its address. Who asks, `guard` says with every request; code that asks by itself is nobody.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from ..errors import InputError
from ..i18n import FIRST
from .album import Album
from .session import Session, forget
from .store import ExpiringCache

MOST = 200  # visits
MOST_OF_ADDRESS = MOST // 2  # of them from one address: a school has one for all its classes
SHARE = 5_000_000  # bytes of a visitor's own that count as another visit: all of them together have a gigabyte
SECONDS = 3600  # that a visit is kept after its last event
LEFT, HELD = 0, 1  # what makes room first: visits whose page was closed

ENDED = InputError(
    "This session has ended: its page lost the connection, or its place was needed for others; reload the page "
    "to start again."
)


@dataclass(frozen=True)
class Visitor:
    """Who sends a request."""

    owner: str
    address: str
    browser: bool = False  # known by its cookie


visitor: ContextVar[Visitor | None] = ContextVar("visitor", default=None)  # of the request that is answered


def share(session: Session) -> float:
    """What a session weighs among the others."""
    return max(1.0, session.nbytes / SHARE)


def rank(session: Session) -> int:
    """Those that were left make room first; one for which something runs stays."""
    if any(state.busy for state in list(session.states.values())):
        return ExpiringCache.STAYS
    return LEFT if session.holder is None else HELD


def _put_away(session: Session) -> None:
    for state in list(session.states.values()):
        state.end()
    forget(session)


def registry() -> ExpiringCache[Session]:
    return ExpiringCache(MOST, SECONDS, weigh=share, rank=rank, dropped=_put_away)


_visits = registry()
_served: ExpiringCache[bool] = ExpiringCache(most=20_000)  # browsers that got their page from this process
_keys: ExpiringCache[str] = ExpiringCache(most=2 * MOST, seconds=2 * SECONDS)  # of the visits, by the page that is open


def kept() -> int:
    """How many visits there are."""
    return len(_visits)


def begin(page: str | None = None, key: str | None = None, left: str | None = None) -> tuple[Session, bool]:
    """A page begins, by the name that gradio gave it, or a client that has none: with a new visit, or the one that its
    tab has the key of. Returns it, and whether it was found again.

    A visit that another open page shows is not shared with this one, which has then been duplicated: it gets a visit
    of its own, with the same pictures and networks. `left` names the page that was closed in this tab before, of whose
    end the server may not have heard yet.
    """
    leave(page)  # the page begins again
    found = _visits.get(key) if key else None
    if found is not None and found.holder not in (None, left):
        copy = {"own": found.own, "trained": dict(found.trained), "album": Album(found.album), "number": found.number}
        session, again = Session(**copy), False
    else:
        session, again = found or Session(), found is not None
    session.holder, session.changed = page, _weigh_again
    if who := visitor.get():
        session.owner, session.address = who.owner, who.address  # also of one found again: the key alone is proof
    if page:
        _keys.put(page, session.key)
    _visits.put(session.key, session)
    _make_room(session)
    return session, again


def _make_room(session: Session) -> None:
    """Where one address has too many visits, the one of them goes that rests longest, and in which nothing runs."""
    if not session.address:
        return
    others = [other for other in _visits.things() if other.address == session.address and other is not session]
    spare = 1 + len(others) - MOST_OF_ADDRESS
    for other in sorted(others, key=rank)[: max(0, spare)]:  # of one rank, the oldest first
        if rank(other) < ExpiringCache.STAYS:
            _visits.drop(other.key)


def serve(browser: Visitor) -> None:
    """A browser gets a page of this process."""
    _served.put(browser.owner, True)


def _stranded(who: Visitor | None) -> bool:
    """Whether a page is open that another process served: the server was started again, or another replica answers."""
    return who is not None and who.browser and not _served.get(who.owner)


def held_by() -> set[str | None]:
    """The pages that have a visit, or had one just now."""
    return {page for session in _visits.things() for page in (session.holder, session.left)}


def _theirs(session: Session) -> bool:
    """Whether a visit is of whoever asks now."""
    who = visitor.get()
    return who is None or session.owner in (None, who.owner)


def admits(page: str | None) -> bool:
    """Whether whoever asks may speak for an open page: for one whose visit is theirs, or that has none yet."""
    return all(_theirs(session) for session in _visits.things() if page and page in (session.holder, session.left))


def language_of(key: str) -> str:
    """In which language to speak to whoever has that key."""
    session = _visits.get(key)
    return session.language if session and _theirs(session) else FIRST


def language_of_page(page: str | None) -> str:
    """In which language to speak to an open page."""
    return language_of(_keys.get(page) or "") if page else FIRST


def _weigh_again(session: Session) -> None:
    if _visits.get(session.key) is session:
        _visits.put(session.key, session)


def session_of(key: str | None) -> Session:
    """The session of that key; a new one for a client that has none, and InputError for one that was put away, or
    that an open page had before the server was started again."""
    if key is None and not _stranded(visitor.get()):
        return begin()[0]
    session = _visits.get(key) if key else None
    if session is None or not _theirs(session):
        raise InputError(ENDED.message)
    return session


def leave(page: str | None) -> None:
    """A page was closed: its visit is kept for a while, for its tab may come back, but makes room before the others."""
    key = _keys.get(page) if page else None
    session = _visits.get(key) if key else None
    if session is not None and session.holder == page:
        session.holder, session.left = None, page
    _keys.drop(page)


def end(key: str) -> None:
    """Put a visit away, and stop what runs for it."""
    _visits.drop(key)
