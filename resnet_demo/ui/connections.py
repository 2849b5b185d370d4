"""Connections: how many there may be, how long a request may take to arrive, and how long an answer may lie unread.

uvicorn waits for ever: a few hundred connections over which nothing comes, or a byte a second, would take all the file
descriptors that a process has, and nobody else would be answered.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import anyio
import uvicorn.config
from starlette.types import Message, Receive
from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST = 4_000  # connections; one address has half of them at most
FILES = 10_000  # that a process may have open, if it is let
SPARE = 200  # of these for all that is no connection: uploads, decoders, caches; half, where there are few
PATIENCE = 20.0  # seconds between two looks at a connection
UNREAD = 3  # looks at which the same answer lies unread
PAUSE = 30.0  # seconds that a body may rest before it goes on
SLOWEST = 1_000  # bytes a second with which it has to come, rests of `PAUSE` apart
LARGE = 100_000  # bytes: of a body that is not small
MOST_HELD = 100_000_000  # bytes of large bodies that have arrived and are not answered yet

_open: Counter[str] = Counter()  # connections, by address
_held = 0


class TooLong(Exception):
    """More came than a request may have."""


class TooSlow(Exception):
    """What was announced does not come."""


def may_open_files() -> int:
    """Let this process open more files than it may by default, which is 1,024; returns how many."""
    if sys.platform == "win32":
        return MOST
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return FILES if soft == resource.RLIM_INFINITY else soft


_Connection: Any = AutoHTTPProtocol  # of which only asyncio's part is told to type checkers


class Connection(_Connection):
    """uvicorn's, with an end to its patience."""

    most = MOST
    _address: str | None = None
    _seen: object = None
    _times = 0
    _next_look: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._address = str(self.client[0]) if self.client else ""
        _open[self._address] += 1
        if _open.total() > self.most or _open[self._address] > self.most // 2:
            transport.abort()
        else:
            self._next_look = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is not None:
            _open[self._address] -= 1
            if not _open[self._address]:
                del _open[self._address]
            self._address = None
        if self._next_look:
            self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """End what stands as it stood: a request whose head does not come, an answer that nobody reads."""
        unread = self.transport.get_write_buffer_size()
        if self.cycle is None or self.cycle.response_complete:
            seen, most = ("no request", self.cycle, unread), 1
        else:
            seen, most = ("unread", self.cycle, unread), UNREAD if unread else 10**9
        self._times = self._times + 1 if seen == self._seen else 0
        self._seen = seen
        if self._times >= most:
            self.transport.abort()
        else:
            self._next_look = self.loop.call_later(PATIENCE, self._look)


def prepare() -> None:
    """From now on uvicorn's servers have such connections."""
    files = may_open_files()
    Connection.most = min(MOST, files - min(SPARE, files // 2))
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
    logging.getLogger("asyncio").addFilter(_is_of_the_program)  # a line for each connection that breaks off


def _is_of_the_program(record: logging.LogRecord) -> bool:
    return "socket.accept() out of system resource" not in record.getMessage()


class Body:
    """A request's body as it comes: at most so many bytes, and not at a snail's pace."""

    def __init__(self, receive: Receive, most: int, kept: bool):
        self._receive, self._left, self._kept = receive, most, kept  # `kept`: in memory, until it is answered
        self._whole, self._size, self._counted = False, 0, 0
        self._until = time.monotonic() + PAUSE

    async def receive(self) -> Message:
        if self._whole:  # whoever asks now waits for the end of the connection
            return await self._receive()
        try:
            with anyio.fail_after(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        size = len(message.get("body", b""))
        self._left -= size
        if self._left < 0:
            raise TooLong
        self._until = min(self._until + size / SLOWEST, time.monotonic() + PAUSE)
        self._whole = not message.get("more_body", False)
        self._count(size)
        return message

    def _count(self, size: int) -> None:
        global _held
        self._size += size
        if self._kept and self._size > LARGE:
            _held += self._size - self._counted
            self._counted = self._size

    def done(self) -> None:
        """It was answered."""
        global _held
        _held -= self._counted
        self._counted = 0


def is_full(length: int) -> bool:
    """Whether there is no place for one more body of that length."""
    return length > LARGE and _held + length > MOST_HELD
