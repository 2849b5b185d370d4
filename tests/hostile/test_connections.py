"""Connections over which nothing comes, or next to nothing: they are ended, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import loops
import pytest

from resnet_demo.ui import connections, pages_kept, uploads, visits
from resnet_demo.ui.connections import Body, Connection, TooLong, TooSlow


class Transport:
    """What a connection writes to."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        self.address, self.unread, self.aborted = address, 0, False

    def abort(self) -> None:
        self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def get_extra_info(self, name: str) -> Any:
        return (self.address, 1234) if name == "peername" else None


class Cycle:
    """A request that is being answered, or was."""

    def __init__(self, response_complete: bool) -> None:
        self.response_complete, self.disconnected = response_complete, False
        self.message_event = asyncio.Event()


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(connections, "_open", connections.Counter())
    yield
    assert not connections._held


def opened(transport: Transport) -> Connection:
    import uvicorn
    from uvicorn.server import ServerState

    def app(*_: Any) -> None: ...

    config = uvicorn.Config(app, interface="asgi3", log_level="critical")  # pyright: ignore[reportArgumentType]
    found: Any = Connection(config=config, server_state=ServerState(), app_state={})
    found.connection_made(transport)
    return found


def test_a_head_that_does_not_come_and_an_answer_that_is_not_read() -> None:
    async def looks(cycles: list[Any], unread: list[int]) -> int | None:
        """At which look a connection is ended."""
        transport = Transport()
        connection: Any = opened(transport)
        for number, (cycle, size) in enumerate(zip(cycles, unread, strict=True)):
            connection.cycle, transport.unread = cycle, size
            connection._look()
            if transport.aborted:
                connection._next_look.cancel()
                return number
        connection.connection_lost(ConnectionError())
        return None

    async def all_of_them() -> None:
        works, done = Cycle(False), [Cycle(True) for _ in range(5)]
        assert await looks([None] * 5, [0] * 5) == 1  # nothing comes
        assert await looks([done[0]] * 5, [0] * 5) == 1  # nothing comes any more
        assert await looks([None, *done[:4]], [0] * 5) is None  # one request after another
        assert await looks([works] * 5, [0] * 5) is None  # an answer that takes long, or a stream
        assert await looks([works] * 5, [9] * 5) == connections.UNREAD  # nobody reads it
        assert await looks([works] * 5, [9, 8, 7, 8, 9]) is None  # somebody reads it, slowly

    loops.run(all_of_them())


def test_connections_are_bounded_and_one_address_has_half_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "most", 6)

    async def come() -> list[str]:
        transports = [Transport("10.0.0.1") for _ in range(5)] + [Transport(f"10.0.1.{number}") for number in range(5)]
        kept = [(opened(transport), transport) for transport in transports]
        refused = [transport.address for transport in transports if transport.aborted]
        for connection, transport in kept:
            if transport.aborted:
                connection.connection_lost(None if not transport.aborted else ConnectionError())
        again = Transport("10.0.2.1")
        kept.append((opened(again), again))
        assert not again.aborted
        for connection, transport in kept:
            if not transport.aborted:
                connection.connection_lost(ConnectionError())
        return refused

    assert loops.run(come()) == ["10.0.0.1"] * 2 + ["10.0.1.1"] + ["10.0.1.2", "10.0.1.3", "10.0.1.4"]
    assert not connections._open


def test_a_body_comes_as_fast_as_it_may_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PAUSE", 0.05)

    async def send(pieces: list[bytes], rest: float, most: int = 1_000_000) -> int:
        waiting = iter(pieces)

        async def receive() -> Any:
            piece = next(waiting, None)
            if piece is None or not piece:
                await asyncio.sleep(rest)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        body, count = Body(receive, most, kept=True), 0
        try:
            while (message := await body.receive())["more_body"]:
                count += len(message["body"])
            return count
        finally:
            body.done()

    async def all_of_them() -> None:
        assert await send([b"a" * 100_000] * 3, 0) == 300_000
        with pytest.raises(TooSlow):
            await send([b"a", b"", b"a"], 60)
        with pytest.raises(TooLong):
            await send([b"a" * 100] * 20, 0, 1_000)

    began = time.monotonic()
    loops.run(all_of_them())
    assert time.monotonic() - began < 50


def test_large_bodies_have_so_much_memory_and_small_ones_always_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_HELD", 500_000)

    async def arrive() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"a" * 450_000, "more_body": False}

        body = Body(receive, 10**6, kept=True)
        await body.receive()
        assert connections.is_full(200_000)
        assert not connections.is_full(1_000)
        body.done()
        assert not connections.is_full(200_000)
        upload = Body(receive, 10**6, kept=False)  # which goes to the disk
        await upload.receive()
        assert not connections.is_full(200_000)

    loops.run(arrive())


def test_what_is_remembered_of_uploads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_TRACKED", 3)

    async def ask() -> None:
        known = uploads.Progress()
        for number in range(9):
            known.track(str(number))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(known.is_tracked(f"never {number}"), 0.001)
        assert len(known._statuses) == 3
        assert len(known._signals) == 3
        assert await known.is_tracked("8")

    loops.run(ask())


def test_pages_without_a_visit_make_room_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_visits", visits.registry())
    monkeypatch.setattr(pages_kept, "MOST_UNREAD", 3)
    held, left = visits.begin("held")[0], visits.begin("left")[0]
    visits.leave("left")
    assert (held.holder, left.holder) == ("held", None)
    events: dict[str, set[str]] = {}
    unread = pages_kept.Unread(events)
    for page in ("held", "left", *(f"flood {number}" for number in range(9))):
        events[page] = {"0"}
        unread[page] = page
    assert list(unread) == list(events) == ["held", "left", "flood 8"]
    del unread["held"], unread["held"]  # two streams of a page end
    assert list(events) == ["left", "flood 8"]
    unread["gone"].put_nowait("an answer for nobody")


def test_a_made_up_page_costs_little() -> None:
    """gradio makes a copy of what every component is."""
    import gradio as gr
    from gradio import route_utils as gradio_routes

    with gr.Blocks() as blocks:
        key, text = gr.State("none"), gr.Textbox()
    state = pages_kept.State(blocks)
    state[key._id], other = "key", gr.Textbox(lines=3)
    state[text._id] = other
    assert state[key._id] == "key"
    assert state[text._id] is other
    assert [found for _component, found, _old in state.state_components] == ["key"]
    state._update_value_in_config(text._id, "x" * 1_000)
    assert not state.config_values
    assert gradio_routes.SessionState is pages_kept.State  # pyright: ignore[reportPrivateImportUsage]
