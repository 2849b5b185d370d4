"""The page as it is first sent: made once, packed as the browser likes it, and the same that gradio makes."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import brotli
import loops
import pytest

from resnet_demo.ui.front_page import MOST, FrontPage
from resnet_demo.ui.guard import Doors

UNPACKED = {None: bytes, b"gzip": gzip.decompress, b"br": brotli.decompress}


class Behind:
    """An app that says which page it makes, and how often it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.asked, self._status = 0, status

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        self.asked += 1
        await loops.asyncio.sleep(0.01)  # others come meanwhile
        host = dict(scope["headers"])[b"host"]
        await send(
            {"type": "http.response.start", "status": self._status, "headers": [(b"content-type", b"text/html")]}
        )
        await send({"type": "http.response.body", "body": b"<html>" + scope["path"].encode(), "more_body": True})
        await send({"type": "http.response.body", "body": host * 1000})


def ask(page: FrontPage, times: int = 1, **asked: Any) -> Sequence[tuple[int, dict[bytes, bytes], bytes]]:
    """So many requests at once: status, headers and body of each answer."""
    given = {"method": "GET", "path": "/", "host": b"lab.example", "accept": b"", **asked}
    headers = [(b"host", given["host"]), (b"accept-encoding", given["accept"])]
    scope = {
        "type": "http", "method": given["method"], "path": given["path"], "headers": headers, "query_string": b"",
        "scheme": "http", "server": ("lab.example", 80), "root_path": given.get("prefix", ""),
    }  # fmt: skip

    async def one() -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        await page(dict(scope), receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])

    async def all_of_them() -> list[tuple[int, dict[bytes, bytes], bytes]]:
        return await loops.asyncio.gather(*(one() for _ in range(times)))

    return loops.run(all_of_them())


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        (b"", None),
        (b"identity", None),
        (b"gzip, deflate", b"gzip"),
        (b"gzip, deflate, br, zstd", b"br"),
        (b"br;q=0, gzip;q=1.0", b"gzip"),
        (b"br;q=0", None),
        (b"brother", None),
    ],
)
def test_a_page_is_packed_as_the_browser_likes_it(accept: bytes, encoding: bytes | None) -> None:
    ((status, headers, body),) = ask(FrontPage(Behind()), accept=accept)
    assert (status, headers.get(b"content-encoding")) == (200, encoding)
    assert UNPACKED[encoding](body) == b"<html>/" + b"lab.example" * 1000
    assert headers[b"vary"] == b"accept-encoding"
    assert int(headers[b"content-length"]) == len(body)


def test_a_page_is_made_once_for_a_class_that_comes_at_the_same_time() -> None:
    behind = Behind()
    answers = ask(FrontPage(behind), times=30, accept=b"br")
    assert behind.asked == 1
    assert len({body for _, _, body in answers}) == 1


def test_each_address_has_its_own_page_and_made_up_ones_take_no_more_than_a_few_places() -> None:
    behind = Behind()
    page = FrontPage(behind)
    for number in range(3 * MOST):
        host = b"%d.example" % number
        assert ask(page, host=host)[0][2].endswith(host)
    assert behind.asked == 3 * MOST
    assert len(page._kept) == MOST
    ask(page, host=b"%d.example" % (3 * MOST - 1))
    assert behind.asked == 3 * MOST
    under = ask(page, path="/lab/", prefix="/lab")[0][2]
    assert under.startswith(b"<html>/lab/")


@pytest.mark.parametrize("asked", [{"path": "/config"}, {"method": "HEAD"}, {"method": "POST"}, {"path": "/lab/"}])
def test_all_else_is_asked_each_time(asked: dict[str, Any]) -> None:
    behind = Behind()
    page = FrontPage(behind)
    for _ in range(2):
        assert b"content-encoding" not in ask(page, accept=b"br", **asked)[0][1]
    assert behind.asked == 2


def test_what_is_no_page_is_not_kept() -> None:
    behind = Behind(status=503)
    page = FrontPage(behind)
    for _ in range(2):
        status, headers, body = ask(page, accept=b"br")[0]
        assert (status, headers) == (503, {b"content-type": b"text/html"})
        assert body.startswith(b"<html>/lab.example")
    assert behind.asked == 2


def test_the_start_of_the_app_goes_through() -> None:
    """With it begins what deletes old uploads; uvicorn passes over its failure without a word."""
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    for kind in ("lifespan", "websocket"):
        loops.run(Doors(app)({"type": kind}, None, None))  # pyright: ignore[reportArgumentType]
    assert seen == ["lifespan", "websocket"]
