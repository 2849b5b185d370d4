"""A web server for the tests of downloads: it holds files, and fails in whatever way it is told."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """`ranges`: it answers requests for parts; `cut`: it hangs up after so many bytes of an answer."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut: int | None = None
    length: bool = True  # whether it says how much there is to come
    slow: threading.Event | None = None  # after the first bytes it waits for this
    asked: list[str] = field(default_factory=list)  # the `Range` of every request, or ""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server of this kind, on a free port, until the test is over."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def file_server() -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            held.asked.append(asked)
            content = held.files.get(self.path.lstrip("/"))
            if content is None:
                return self.send_error(404)
            start = int(found[1]) if held.ranges and (found := re.fullmatch(r"bytes=(\d+)-", asked)) else 0
            if start and start >= len(content):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            page = self.path.endswith(("/", ".html"))  # the first as in an index of packages
            self.send_header("Content-Type", "text/html" if page else "application/octet-stream")
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            rest = content[start:]
            if held.length:
                self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if self.command == "HEAD":
                return None
            rest = rest if held.cut is None else rest[: held.cut]
            try:
                if held.slow:
                    self.wfile.write(rest[: len(rest) // 4])
                    held.slow.wait(30)
                    rest = rest[len(rest) // 4 :]
                self.wfile.write(rest)
            except OSError:  # whoever asked has hung up
                pass

        do_HEAD = do_GET

    with listening(Handler) as url:
        held = FileServer(url)
        try:
            yield held
        finally:
            if held.slow:
                held.slow.set()
