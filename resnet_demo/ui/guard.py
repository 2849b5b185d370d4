"""What stands between the network and the app: who asks, what is not offered, and what may be said.

`Guarded` is the app itself: it knows who sends an event, looks at what comes before gradio does, and lets nothing out
but sentences: what gradio, pydantic or Python say of an error can hold paths, addresses, or all that was sent. What a
client got wrong leaves no traceback in the log; what is wrong with the program leaves one, and says nothing of it.

`Doors` stands before all other requests.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import secrets
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr
import gradio.route_utils
import httpx
from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from gradio.route_utils import FnIndexInferError, GradioMultiPartParser
from gradio_client.utils import strip_invalid_filename_characters
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..download import FULL
from ..errors import InputError
from ..i18n import FIRST, Language, _, language
from . import places, visits
from .blocks import Blocks
from .html import notice
from .uploads import check_files, has_room
from .visits import Visitor

COOKIE = "resnet-demo-visitor"  # a random number, by which a browser is known again; see `visits`
POLL = 0.005  # seconds between two looks into the queue; gradio's thousand a second take a twentieth of a core
MOST_BODY = 16_000_000  # bytes of a request, other than an upload
MOST_UPLOAD = 301_000_000  # bytes of an upload: one file of 300 MB and what is written around it
MOST_CANCEL = 10_000  # bytes of one that cancels an event
# What gradio offers and this app does not use: a look at other hosts, servers of components, recordings, and so on.
CLOSED = re.compile(
    r"/(?:proxy=|component_server|process_recording|vibe-|undo-vibe-|deep_link|profiling/"
    r"|run-history|runs/?$|monitoring|dev/|stream/|custom_component/)"
)
ELSEWHERE = re.compile(r"\w\w+:")  # in the place of a file: an address, not a drive
PAGE = re.compile(r"/(?:heartbeat|stream)/(?P<page>[^/]+)|/queue/data$|/cancel$")
GRADIOS = {"page", "deep_link"}  # in an address: it looks for what this app does not have, and breaks
PAGE_NAME = re.compile(r"[\w.-]{1,100}")
NO_MEMORY = re.compile("can't allocate memory|not enough memory|out of memory|bad_alloc")  # as PyTorch says it
NO_DISK = (*FULL, errno.EROFS, errno.EACCES)
NOT_FOUND = JSONResponse({"error": "There is nothing here."}, 404)
NO_ROOM = JSONResponse({"error": "The server's disk has no room for this file; try again later."}, 507)
TOO_LONG = JSONResponse({"error": "The request is too long."}, 413)
NOT_UNDERSTOOD = JSONResponse({"error": "The request cannot be understood."}, 422)


class Guarded(Blocks):
    """An app that answers with values or with a sentence."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self._at_once: Counter[str] = Counter()  # requests past the queue that are being answered, by page

    async def process_api(self, *values: Any, **named: Any) -> dict[str, Any]:
        request, state = named.get("request"), named.get("state")
        if isinstance(request, gr.Request):
            visits.visitor.set(visitor_of(request))
            if not visits.admits(request.session_hash):
                raise _refusal(visits.ENDED, language(FIRST))
        if named.get("event_id") is not None or not isinstance(request, gr.Request):
            return await self._answer(*values, **named)
        # Past the queue: a thread for each, which may wait.
        page = request.session_hash or visitor_of(request).owner
        if self._at_once[page] >= places.MOST_OF_PAGE or self._at_once.total() >= places.MOST_AT_ONCE:
            raise _refusal(places.full(self._at_once.total()), self._language(state))
        self._at_once[page] += 1
        try:
            return await self._answer(*values, **named)
        finally:
            self._at_once[page] -= 1
            if not self._at_once[page]:
                del self._at_once[page]

    async def _answer(self, *values: Any, **named: Any) -> dict[str, Any]:
        state = named.get("state")
        try:
            check_files(getattr(named.get("event_data"), "_data", None))  # what was clicked
            return await super().process_api(*values, **named)
        except InputError as error:
            raise _refusal(error, self._language(state)) from None
        except gr.Error:
            raise
        except Exception as error:
            failed = fault(error)
            if failed is None:
                traceback.print_exc()
                failed = InputError("Something went wrong on the server; reload the page if it does not go on.")
            raise _refusal(failed, self._language(state)) from None

    def queue(self, **options: Any) -> Any:
        """As in gradio; who joins the queue speaks for a page of their own, which has a name."""
        made = super().queue(**options)
        push = self._queue.push

        async def checked(body: Any, request: Any, username: Any) -> Any:
            visits.visitor.set(visitor_of(request))
            page = body.session_hash  # None: an event on its own, to be asked for by its number
            if page is not None and not (PAGE_NAME.fullmatch(page) and visits.admits(page)):
                return False, str(visits.ENDED), "error"
            waiting = len(self._queue)
            if waiting >= places.MOST_WAITING or self._of_page(page) >= places.MOST_OF_PAGE:
                # gradio would answer 503, of which its page says something of its own.
                raise HTTPException(429, notice(places.full(waiting), language(visits.language_of_page(page))))
            return await push(body=body, request=request, username=username)

        self._queue.push = checked  # pyright: ignore[reportAttributeAccessIssue]
        # With every refusal gradio would make a table of the last 10,000 events, for a page that is closed here.
        self._queue.compute_analytics_summary = lambda records: {}  # pyright: ignore[reportAttributeAccessIssue]
        self._queue.ANALYTICS_MAX_EVENTS = 100
        self._queue.sleep_when_free = POLL
        self._queue.progress_update_sleep_when_free = 20 * POLL  # no event here has gradio's progress
        return made

    def _of_page(self, page: str | None) -> int:
        """How many events of a page wait, or are at work."""
        waiting = (queue.queue for queue in self._queue.event_queue_per_concurrency_id.values())
        at_work = (job for job in self._queue.active_jobs if job)
        return sum(event.session_hash == page for events in (*waiting, *at_work) for event in events) if page else 0

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], state: Any, *more: Any) -> list[Any]:
        try:
            if len(inputs) < len(block_fn.inputs):
                raise InputError("The request holds too few values for this event.")
            check_files(inputs)
            return await super().preprocess_data(block_fn, inputs, state, *more)
        except gr.Error:
            raise
        except InputError as error:
            raise _refusal(error, self._language(state)) from None
        except Exception:  # gradio and pydantic judge what came
            wrong = InputError("The request holds a value of a kind that is not expected here.")
            raise _refusal(wrong, self._language(state)) from None

    def _language(self, state: Any) -> Language:
        """That of the visit, if there is one."""
        for number, block in self.blocks.items():
            key = state[number] if state is not None and block.stateful else None
            if isinstance(key, str):
                return language(visits.language_of(key))
        return language(FIRST)


def fault(error: Exception) -> InputError | None:
    """What is to be said where the computer, and not the program, is at fault; one line goes to the log."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and NO_MEMORY.search(str(error))):
        logging.getLogger(__name__).error("There is no memory left.")
        return InputError("The server's memory is full at the moment; try again later, or with something smaller.")
    if isinstance(error, OSError) and error.errno in NO_DISK:
        logging.getLogger(__name__).error("The disk cannot be written to: %s.", error.strerror)
        return InputError("The server's disk is full at the moment, or cannot be written to; try again later.")
    return None


def _refusal(error: InputError, say: Language) -> gr.Error:
    return gr.Error(notice(error, say), title=say(_("Error")), print_exception=False)


def visitor_of(request: Any) -> Visitor:
    """Who sends a request: a browser, known by its cookie; else whoever has that address."""
    address = str(getattr(getattr(request, "client", None), "host", None) or "")
    cookie = str(dict(request.cookies or {}).get(COOKIE, ""))
    known = re.fullmatch(r"[\w-]{32}", cookie)
    return Visitor(f"cookie {cookie}" if known else f"address {address}", address, browser=known is not None)


class Doors:
    """Closes what is not offered, opens a page's stream for its visitor alone, and gives browsers their cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, _no_longer_than(MOST_UPLOAD, receive))
        receive = request.receive
        path, _file, file = request.url.path.partition("/file=")  # whose name may be anything
        if path.endswith("/"):
            ours = [(name, value) for name, value in request.query_params.multi_items() if name not in GRADIOS]
            scope = {**scope, "query_string": urlencode(ours).encode()}
        refused = NOT_FOUND if ELSEWHERE.match(file) else _refused(request, path)
        if refused is None and (page := PAGE.search(path)):
            body = b""
            if path.endswith("/cancel"):
                body = await request.body()
                receive = _again(body)
            asked = page["page"] or request.query_params.get("session_hash") or _page_in(body)
            visits.visitor.set(visitor_of(request))
            if not visits.admits(asked):
                refused = NOT_FOUND
        if refused is not None:
            await refused(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if path.endswith("/") and request.method == "GET":
                    if COOKIE in request.cookies:
                        visits.serve(visitor_of(request))
                    else:
                        given = secrets.token_urlsafe(24)
                        visits.serve(Visitor(f"cookie {given}", ""))
                        cookie = _cookie(request, given).encode("latin-1")
                        message.setdefault("headers", []).append((b"set-cookie", cookie))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:  # in the middle of what it sent
            pass
        except _TooLong:
            await TOO_LONG(scope, receive, send)
        # gradio looked for what there is not, or made an address of a header
        except (FnIndexInferError, KeyError, ValueError, TypeError, httpx.InvalidURL):
            if begun:
                raise
            await NOT_UNDERSTOOD(scope, receive, send)
        except RuntimeError as error:
            if not (begun and isinstance(error.__cause__, HTTPException)):
                raise
            # A stream of what there is not, which gradio notices, and says, only as it begins.
            await send({"type": "http.response.body"})
        except OSError as error:  # of an upload that cannot be kept
            failed = fault(error)
            if begun or failed is None:
                raise
            await PlainTextResponse(str(failed), 507)(scope, receive, send)


def _refused(request: Request, path: str) -> Response | None:
    """The answer to what is not offered, or too long; None for all else."""
    if CLOSED.search(path):
        return NOT_FOUND
    if request.method not in ("POST", "PUT", "PATCH"):
        return None
    length = request.headers.get("content-length", "")
    if path.endswith("/upload"):  # which may come in pieces, and is counted as it does
        told = int(length[:20]) if length.isdecimal() else 0
        return TOO_LONG if told > MOST_UPLOAD else None if has_room(told) else NO_ROOM
    if not length.isdecimal():
        return JSONResponse({"error": "A request says how long it is."}, 411)
    if int(length[:20]) > (MOST_CANCEL if path.endswith("/cancel") else MOST_BODY):
        return TOO_LONG
    return None


class _TooLong(Exception):
    """More came than a request may have."""


def _no_longer_than(most: int, receive: Receive) -> Receive:
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _TooLong
        return message

    return counted


class Parser(GradioMultiPartParser):
    """gradio's reader of uploads; what has arrived of one that fails or is broken off does not stay on the disk."""

    async def parse(self) -> FormData:
        try:
            form = await super().parse()
            # What gradio refuses only now, or passes over, it leaves on the disk for good.
            if not all(field == "files" and _has_name(file) for field, file in form.multi_items()):
                raise ValueError
            return form
        except BaseException as error:
            for file in self._files_to_close_on_error:
                with suppress(OSError):
                    file.close()
                with suppress(OSError):
                    Path(file.name).unlink(missing_ok=True)
            if isinstance(error, (AttributeError, LookupError)):  # gradio expects that each part is a file
                raise ValueError from None
            raise


def _has_name(file: Any) -> bool:
    name = strip_invalid_filename_characters(Path(getattr(file, "filename", "") or "file").name)
    return name not in ("", ".", "..") and "\0" not in name


gradio.route_utils.GradioMultiPartParser = Parser


def _page_in(body: bytes) -> str | None:
    try:
        page = json.loads(body).get("session_hash")
    except (ValueError, AttributeError, RecursionError):
        return None
    return page if isinstance(page, str) else None


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _cookie(request: Request, value: str) -> str:
    """In a frame of another site, as on Hugging Face Spaces, only a secure one of its own partition is kept."""
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "").split(",")[0].strip())
    written = f"{COOKIE}={value}; Path=/; HttpOnly"
    return f"{written}; Secure; SameSite=None; Partitioned" if secure else f"{written}; SameSite=Lax"


async def not_understood(_request: Request, _error: Exception) -> Response:
    """FastAPI would send back what it was sent, and pydantic's words."""
    return NOT_UNDERSTOOD


HANDLERS = {RequestValidationError: not_understood}
