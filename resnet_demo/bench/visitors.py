"""Visitors of a running app, as its server sees them: cookies, uploads, clicks, and what a page asks for besides.

They speak as the page's scripts do: a click joins the queue, its answer comes in a stream, and then the page asks for
what stands further down. Nothing is drawn, so that many of them fit beside the server that they measure.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx

API = "/gradio_api"
PATIENCE = 120.0  # seconds for an answer
# The server closes a connection that rests for 5 seconds. A browser sends again what meets such an end; httpx would
# count it as an error, and keeps its connections for 5 seconds, too.
KEPT = httpx.Limits(keepalive_expiry=2.0)
FULL = (429, 503)  # status
NOTHING = {"__type__": "update"}
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
MAP = re.compile(r"data:image/(?!jpeg)[^\"')]*")  # photos are JPEGs, and must be the same to the bit
COUNTED = re.compile(r"(data-number=\W*|picture=own-)\d+")  # which upload of the visit it is
# Two runs of a network may differ in the last bits, as their work is divided among threads, and so may what is drawn.
NEAR = 0.02


class Refused(Exception):
    """The server does not take more at the moment."""

    def __init__(self, seconds: float, words: str):
        super().__init__(words)
        self.seconds = seconds


class Failed(Exception):
    """An event ended with an error; empty where it says nothing."""


@dataclass(frozen=True)
class Event:
    """An event of the app: its number, the components that it reads and sets, and the events that follow it."""

    number: int
    inputs: list[int]
    outputs: list[int]
    rest: list[int]


class App:
    """What a page knows of the app: its events by name and number, and what its components begin with."""

    def __init__(self, config: dict[str, Any]):
        found = config["dependencies"]
        after: dict[int, list[int]] = {}
        for event in found:
            if event["trigger_only_on_success"] and event["backend_fn"] and not event["queue"]:
                after.setdefault(event["trigger_after"], []).append(event["id"])
        self.events = {
            event["id"]: Event(event["id"], event["inputs"], event["outputs"], after.get(event["id"], []))
            for event in found
        }
        self.named = {event["api_name"]: self.events[event["id"]] for event in found if event["api_name"]}
        self.begins = {part["id"]: part.get("props", {}).get("value") for part in config["components"]}
        self.parts = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        self.kinds = {part["id"]: part["type"] for part in config["components"]}

    @staticmethod
    async def at(address: str) -> App:
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
            return App((await client.get("/config")).json())


class Visitor:
    """One browser with one open page, which has a session of its own."""

    def __init__(self, app: App, address: str):
        self.app, self.page = app, secrets.token_hex(6)
        self.seen: dict[int, Any] = {}  # what the page shows, by component
        self.received = 0  # bytes of answers
        self._client = httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=KEPT)

    async def open(self) -> None:
        """Load the page; its event `start` begins a visit."""
        (await self._client.get("/")).raise_for_status()  # which brings the cookie
        await self.send("start")

    async def close(self) -> None:
        await self._client.aclose()

    async def upload(self, content: bytes, name: str) -> dict[str, Any]:
        """Put a file into the server's folder of uploads; what names it in an event."""
        answer = await self._client.post(f"{API}/upload", files={"files": (name, content)})
        answer.raise_for_status()
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    async def send(self, name: str, *values: Any, clicked: Any = None, patience: float = PATIENCE) -> dict[int, Any]:
        """Trigger an event, and wait for its answer, so many seconds at most: new values by component.

        `values` are those of its last inputs, the others are as the page begins; `clicked` is what was chosen in a
        drawing. Raises Refused and Failed.
        """
        await self.join(name, *values, clicked=clicked)
        try:
            answers = await asyncio.wait_for(self.answers(), patience)
        except asyncio.TimeoutError:
            raise Failed(f"No answer within {patience:g} s.") from None
        if not answers:
            raise Failed("The stream ended without an answer.")
        if not answers[-1]["success"]:
            raise Failed(str(answers[-1]["output"].get("error") or ""))
        return self._take(self.app.named[name], answers[-1]["output"]["data"])

    async def nothing(self) -> None:
        """Ask for what needs no work."""
        (await self._client.get("/health")).raise_for_status()

    async def join(self, name: str, *values: Any, clicked: Any = None) -> None:
        """Let an event join the queue."""
        event = self.app.named[name]
        sent = [self.app.begins.get(number) for number in event.inputs]
        if values:
            sent[-len(values) :] = values
        start = time.perf_counter()
        joined = await self._client.post(
            f"{API}/queue/join",
            json={
                "data": sent,
                "fn_index": event.number,
                "session_hash": self.page,
                "event_data": None if clicked is None else {"value": clicked},
                "trigger_id": None,
            },
        )
        if joined.status_code in FULL:
            raise Refused(time.perf_counter() - start, str(joined.json().get("detail") or ""))
        if joined.status_code != 200:
            raise Failed(str(joined.json().get("detail") or ""))

    async def answers(self) -> list[dict[str, Any]]:
        """What comes in the page's stream until everything that it asked for is answered."""
        answers: list[dict[str, Any]] = []
        async with self._client.stream("GET", f"{API}/queue/data", params={"session_hash": self.page}) as stream:
            async for line in stream.aiter_lines():
                self.received += len(line.encode())
                if '"process_completed"' in line[:200]:
                    answers.append(json.loads(line.removeprefix("data:")))
                elif '"close_stream"' in line[:200]:
                    break
        return answers

    async def rest(self, name: str) -> dict[int, Any]:
        """After an answer: what the page asks for besides, which stands further down."""
        shown: dict[int, Any] = {}
        for number in self.app.named[name].rest:
            event = self.app.events[number]
            body = {"data": [None] * len(event.inputs), "fn_index": number, "session_hash": self.page}
            answer = await self._client.post(f"{API}/run/predict", json=body)
            if answer.status_code in FULL:
                raise Refused(0, "")
            if answer.status_code != 200:
                raise Failed(str(answer.json().get("error") or ""))
            self.received += len(answer.content)
            shown |= self._take(event, answer.json()["data"])
        return shown

    def _take(self, event: Event, values: list[Any]) -> dict[int, Any]:
        shown = {number: value for number, value in zip(event.outputs, values, strict=True) if value != NOTHING}
        self.seen |= shown
        return shown


def same(found: Any, expected: Any) -> bool:
    """Whether two values for a component say the same, pictures of maps, last digits and numbers of uploads aside."""
    if found == expected:
        return True
    if isinstance(found, dict) and isinstance(expected, dict) and "__type__" in found and "__type__" in expected:
        # Of what is offered in a menu the server sends only what the page does not have yet.
        found, expected = ({name: of[name] for name in found.keys() & expected.keys()} for of in (found, expected))
    one, other = (json.dumps(value, sort_keys=True, ensure_ascii=False) for value in (found, expected))
    one, other = (COUNTED.sub(r"\1", MAP.sub("", text)) for text in (one, other))
    if NUMBER.sub("0", one) != NUMBER.sub("0", other):
        return False
    pairs = zip(map(float, NUMBER.findall(one)), map(float, NUMBER.findall(other)), strict=True)
    return all(abs(a - b) <= NEAR * max(1.0, abs(a), abs(b)) for a, b in pairs)
