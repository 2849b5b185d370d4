"""The app's page as it is first sent: the same for everybody, so it is made once, and compressed.

gradio makes its megabyte anew for each visitor. That takes a tenth of a second of the one loop through which all
answers go: of a class that opens the app at once, the last one would wait for seconds, and so would everybody who
clicks. And it sends it as it is, where a phone would be content with 40 kB.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import brotli
from gradio.route_utils import get_root_url
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 8  # addresses that the app goes by; whoever asks can make one up
PACKED: dict[str, Callable[[bytes], bytes]] = {  # the better one first
    "br": lambda content: brotli.compress(content, brotli.MODE_TEXT, 5),
    "gzip": lambda content: gzip.compress(content, 6, mtime=0),
    "": lambda content: content,
}


@dataclass
class _Page:
    content: bytes
    packed: dict[str, bytes] = field(default_factory=dict)

    def answer(self, accepted: str) -> Response:
        """In the best of the encodings that a browser accepts."""
        parts = (part.replace(" ", "").partition(";") for part in accepted.split(","))
        names = {"", *(name for name, _, weight in parts if weight not in ("q=0", "q=0.0"))}
        encoding = next(name for name in PACKED if name in names)
        if encoding not in self.packed:
            self.packed[encoding] = PACKED[encoding](self.content)
        headers = {"vary": "accept-encoding", **({"content-encoding": encoding} if encoding else {})}
        return Response(self.packed[encoding], 200, headers, "text/html")


class FrontPage:
    """Keeps what the app behind it answers to a visitor who opens the page, by the address that it is asked at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._making = app, asyncio.Lock()
        self._kept: OrderedDict[str, _Page] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = scope.get("root_path", "")
        opened = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].removeprefix(prefix) == "/"
        if not opened:  # the start and the end of the app come here, too
            await self._app(scope, receive, send)
            return
        address = get_root_url(Request(scope), "/", None) + prefix  # gradio writes it into the page
        async with self._making:  # once, though many come at the same time
            if address not in self._kept:
                messages = await self._made(scope, receive)
                if messages[0]["status"] != 200:
                    for message in messages:
                        await send(message)
                    return
                self._kept[address] = _Page(b"".join(message.get("body", b"") for message in messages))
                if len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(address)
            answer = self._kept[address].answer(Headers(scope=scope).get("accept-encoding", ""))
        await answer(scope, receive, send)

    async def _made(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, collect)
        return messages
