"""What every page of the app takes to answer, and how much it sends: ResNet-56, over HTTP, on a server of its own.

Each page is asked for in turn, and so is every step of the lesson. The first time counts as cold, with everything that
the page shows; the others are warm, where the server sends only what is new. `ours` is the 95th percentile of all that
is warm, and its limit 300 ms; a page may send 400 kB. The peer is a request to the same server that needs no work.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from .load import late
from .servers import APP, server
from .visitors import App, Visitor

NETWORK, ROUNDS, LIMIT, MOST_BYTES = "resnet56", 12, 0.3, 400_000


def measure() -> dict[str, Any]:
    with server(APP) as (port, *_):
        pages, peer = asyncio.run(_measure(f"http://127.0.0.1:{port}"))
    warm = [seconds for page in pages.values() for seconds in page.warm]
    return {
        "ours": late(warm),
        "peer": statistics.median(peer),
        "limit": LIMIT,
        "ratio": late(warm) / LIMIT,
        "p50": statistics.median(warm),
        "most_bytes": max(page.bytes for page in pages.values()),
        "pages": {
            name: {
                "cold": page.cold,
                "below": page.below,
                "p50": statistics.median(page.warm),
                "p95": late(page.warm),
                "bytes": page.bytes,
            }
            for name, page in pages.items()
        },
        "unit": "ours / limit, p95; seconds; `below`: until what stands further down came, too; `bytes`: of all that "
        f"a page shows, of which {MOST_BYTES:,} are allowed",
        "work": f"{NETWORK}: every page and every step of the lesson, {ROUNDS} rounds after the first",
    }


class _Page:
    """What was measured of a page, or of a step of the lesson."""

    def __init__(self, event: str, clicked: Any = None):
        self.event, self.clicked = event, clicked
        self.warm: list[float] = []
        self.cold = self.below = 0.0
        self.bytes = 0

    async def ask(self, visitor: Visitor) -> None:
        before, start = visitor.received, time.perf_counter()
        await visitor.send(self.event, clicked=self.clicked)
        seconds = time.perf_counter() - start
        await visitor.rest(self.event)
        if self.bytes:
            self.warm.append(seconds)
        else:
            self.cold, self.below = seconds, time.perf_counter() - start
            self.bytes = visitor.received - before


async def _measure(address: str) -> tuple[dict[str, _Page], list[float]]:
    from ..ui.lesson import STEPS
    from ..ui.pages import PAGES

    app, peer = await App.at(address), []
    visitor = Visitor(app, address)
    pages = {page.name: _Page(f"page_{page.name}") for page in PAGES}
    steps = {f"step {number}": _Page("learn_step", number) for number in range(1, len(STEPS) + 1)}
    await visitor.open()
    try:
        await visitor.send("choose_network", clicked=NETWORK)
        for _ in range(1 + ROUNDS):
            for name, page in pages.items():
                await page.ask(visitor)
                if name == "learn":
                    for step in steps.values():
                        await step.ask(visitor)
            start = time.perf_counter()
            await visitor.nothing()
            peer.append(time.perf_counter() - start)
    finally:
        await visitor.close()
    return pages | steps, peer
