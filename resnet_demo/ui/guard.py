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
from gradio.route_utils import FnIndexInferError, GradioMultiPartParser, get_root_url
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
from .connections import Body, TooLong, TooSlow, is_full
from .front_page import FrontPage
from .html import notice
from .pages_kept import Unread
from .uploads import check_files, check_size, has_room
from .visits import Visitor

COOKIE = "resnet-demo-visitor"  # a random number, by which a browser is known again; see `visits`
POLL = 0.005  # seconds between two looks into the queue; gradio's thousand a second take a twentieth of a core
MOST_BODY = 1_000_000  # bytes of a request, other than an upload
MOST_UPLOAD = 301_000_000  # bytes of an upload: one file of 300 MB and what is written around it
MOST_CANCEL = 10_000  # bytes of one that cancels an event
MOST_FILES = 10  # of an upload; the page sends one
# What gradio offers and this app does not use: a look at other hosts, servers of components, recordings, and so on.
CLOSED = re.compile(
    r"/(?:proxy=|component_server|process_recording|vibe-|undo-vibe-|deep_link|profiling/"
    r"|run-history|runs/?$|monitoring|dev/|stream/|custom_component/|log(?:in|out)(?:/|$)|pwa_icon)"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # in no address here; where a line ends, a route's pattern may, too
ELSEWHERE = re.compile(r"\w\w+:")  # in the place of a file: an address, not a drive
UPLOAD, CANCEL, STREAM = "/gradio_api/upload", "/gradio_api/cancel", "/gradio_api/queue/data"  # an event has any name
PAGE = re.compile(r"/gradio_api/heartbeat/([^/]+)$")
EVENT = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/([^/]+)$")
GRADIOS = {"page", "deep_link"}  # in an address: it looks for what this app does not have, and breaks
PAGE_NAME = re.compile(r"[\w.-]{1,100}")
NO_MEMORY = re.compile("can't allocate memory|not enough memory|out of memory|bad_alloc")  # as PyTorch says it
NO_DISK = (*FULL, errno.EROFS, errno.EACCES)
NO_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL)
NOT_FOUND = JSONResponse({"error": "There is nothing here."}, 404)
NO_ROOM = JSONResponse({"error": "The server's disk has no room for this file; try again later."}, 507)
TOO_LONG = JSONResponse({"error": "The request is too long."}, 413)
TOO_SLOW = JSONResponse({"error": "The request does not arrive."}, 408, {"Connection": "close"})
BUSY = JSONResponse({"error": "The server is busy; try again in a moment."}, 503)
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
            try:
                check_size([body.data, body.event_data])  # or it would lie in the queue meanwhile
            except InputError as error:
                return False, notice(error, language(visits.language_of_page(page))), "error"
            waiting = len(self._queue)
            if waiting >= places.MOST_WAITING or self._of_page(page) >= places.MOST_OF_PAGE:
                # gradio would answer 503, of which its page says something of its own.
                raise HTTPException(429, notice(places.full(waiting), language(visits.language_of_page(page))))
            return await push(body=body, request=request, username=username)

        self._queue.pending_messages_per_session = Unread(self._queue.pending_event_ids_session)  # pyright: ignore[reportAttributeAccessIssue]
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
        self._app = FrontPage(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = Body(receive, MOST_UPLOAD, kept=not scope["path"].endswith(UPLOAD))
        receive = body.receive
        request = Request(scope, receive)
        if scope["path"].endswith("/"):
            ours = [(name, value) for name, value in request.query_params.multi_items() if name not in GRADIOS]
            scope = {**scope, "query_string": urlencode(ours).encode()}
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if scope["path"].endswith("/") and request.method == "GET":
                    _greet(request, message)
            await send(message)

        async def say(response: Response) -> None:
            if not begun:
                await response(scope, receive, send)

        try:
            refused = _refused(request)
            if refused is None and scope["path"].endswith(CANCEL):
                sent = await request.body()
                receive, refused = _again(sent), _not_theirs(request, sent)
            elif refused is None:
                refused = _not_theirs(request, b"")
            await (refused or self._app)(scope, receive, answer)
        except ClientDisconnect:  # in the middle of what it sent
            pass
        except TooLong:
            await say(TOO_LONG)
        except TooSlow:
            await say(TOO_SLOW)
        # gradio looked for what there is not, or made an address of a header
        except (FnIndexInferError, KeyError, ValueError, TypeError, httpx.InvalidURL):
            if begun:
                raise
            await say(NOT_UNDERSTOOD)
        except RuntimeError as error:
            if not (begun and isinstance(error.__cause__, HTTPException)):
                raise
            # A stream of what there is not, which gradio notices, and says, only as it begins.
            await send({"type": "http.response.body"})
        except OSError as error:  # of an upload that cannot be kept, or a name that no file can have
            failed = fault(error)
            if begun or (failed is None and error.errno not in NO_NAME):
                raise
            await say(PlainTextResponse(str(failed), 507) if failed else NOT_FOUND)
        finally:
            body.done()


def _greet(request: Request, message: Message) -> None:
    """A browser gets its page, and its cookie if it has none."""
    if COOKIE in request.cookies:
        visits.serve(visitor_of(request))
        return
    given = secrets.token_urlsafe(24)
    visits.serve(Visitor(f"cookie {given}", ""))
    message.setdefault("headers", []).append((b"set-cookie", _cookie(request, given).encode("latin-1")))


def _refused(request: Request) -> Response | None:
    """The answer to what is not offered, or too long; None for all else."""
    whole = request.scope["path"]  # by which routes are found; of `request.url` Python takes ends of lines away
    path, _file, file = whole.partition("/file=")  # whose name may be anything
    if CONTROL.search(whole) or CLOSED.search(path) or ELSEWHERE.match(file):
        return NOT_FOUND
    if not PAGE_NAME.fullmatch(request.query_params.get("upload_id", "x")):
        return NOT_FOUND
    get_root_url(request, "/", None)  # gradio does so, too, and also when a page closes and nobody can be told any more
    if request.method not in ("POST", "PUT", "PATCH"):
        return None
    length = request.headers.get("content-length", "")
    if path.endswith(UPLOAD):  # which may come in pieces, and is counted as it does
        told = int(length[:20]) if length.isdecimal() else 0
        return TOO_LONG if told > MOST_UPLOAD else None if has_room(told) else NO_ROOM
    if not length.isdecimal():
        return JSONResponse({"error": "A request says how long it is."}, 411)
    if int(length[:20]) > (MOST_CANCEL if path.endswith(CANCEL) else MOST_BODY):
        return TOO_LONG
    return BUSY if is_full(int(length)) else None


def _not_theirs(request: Request, body: bytes) -> Response | None:
    """The answer to whoever wants to listen to, or cancel, what belongs to the page of another visitor."""
    path = request.scope["path"]
    page = event = None
    if path.endswith(CANCEL):
        told = _told(body)
        page, event = told.get("session_hash"), told.get("event_id")
        of = _page_of(request, event)
        if of not in (None, page):  # another's event, in one's own name
            return NOT_FOUND
    elif path.endswith(STREAM):
        page = request.query_params.get("session_hash")
    elif found := PAGE.search(path):
        page = found[1]
    elif found := EVENT.search(path):  # gradio calls an event without a page a page of its own
        page = _page_of(request, found[1]) or found[1]
    visits.visitor.set(visitor_of(request))
    return None if visits.admits(page if isinstance(page, str) else None) else NOT_FOUND


def _page_of(request: Request, event: object) -> str | None:
    """Which page sent an event of which the answer is still to come."""
    queue = request.scope["app"].get_blocks()._queue
    if isinstance(event, str) and (known := queue.event_ids_to_events.get(event)):
        return known.session_hash
    return next((page for page, events in list(queue.pending_event_ids_session.items()) if event in events), None)


class Parser(GradioMultiPartParser):
    """gradio's reader of uploads; what has arrived of one that fails or is broken off does not stay on the disk."""

    def __init__(self, *values: Any, **named: Any) -> None:
        most = {"max_files": MOST_FILES, "max_fields": MOST_FILES}  # each file is open until the last has come
        super().__init__(*values, **{**named, **most})

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


def _told(body: bytes) -> dict[str, Any]:
    """What a request says; nothing where it is none, which gradio says, too."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


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
