"""What goes wrong around the app, and what comes of it: as the table in docs/hosting.md says.

One server has no home, no connection and a small disk; whoever answers for it does the rest to it. What cannot be done
to a server from outside is done to the parts of one.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import loops
import pytest
import torch
from browsers import GENERATING, Browser
from gradio import route_utils
from PIL import Image
from serving import ROOT
from starlette.datastructures import Headers

from resnet_demo.assets import asset
from resnet_demo.ui import guard, uploads
from resnet_demo.ui.connections import Body, TooLong
from resnet_demo.ui.guard import Doors
from resnet_demo.ui.jobs import race as races

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="does to a server what only Linux can")
PATIENCE = 300  # seconds until a state is there, on a computer that is busy with more
ROOM = 400_000  # bytes that a file may have on the server's disk

START = """
import resource, runpy, signal, socket, sys
from pathlib import Path
asked, room = Path(sys.argv[1]), int(sys.argv[2])
signal.signal(signal.SIGINT, signal.default_int_handler)
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
def only_here(function, of):
    def instead(*values, **named):
        host = of(values)
        if host not in (None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"):
            with asked.open("a") as file:
                print(host, file=file)
            raise socket.gaierror(socket.EAI_AGAIN, "There is no connection")
        return function(*values, **named)
    return instead
socket.getaddrinfo = only_here(socket.getaddrinfo, lambda values: values[0])
socket.socket.connect = only_here(
    socket.socket.connect, lambda values: values[1][0] if isinstance(values[1], tuple) else None
)
runpy.run_path("app.py", run_name="__main__")
"""


@dataclass
class Server:
    """A process with the app, and where it keeps what."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    uploads: Path
    asked: Path  # which other hosts it asked for

    def health(self) -> dict[str, Any]:
        return httpx.get(f"{self.address}/health", timeout=60, trust_env=False).json()

    def wait_for(self, state: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not state():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(number) for task in tasks for number in task.read_text().split()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without a home, without a place for caches, without a connection, and with little room on its disk."""
    import socket

    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = dict.fromkeys(("HOME", "TORCH_HOME", "HF_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"), "/proc/nowhere")
    env = {
        **os.environ, **nowhere, "PYTHONPATH": str(ROOT), "GRADIO_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive", "GRADIO_TEMP_DIR": str(folder / "uploads"), "RESNET_DEMO_LOG": "1",
        "RESNET_DEMO_DATA": "/proc/nowhere",
    }  # fmt: skip
    log, asked = folder / "log", folder / "asked"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(asked), str(ROOM)], cwd=ROOT, env=env, stdout=output, stderr=output
        )
    server = Server(process, f"http://127.0.0.1:{port}", log, folder / "uploads", asked)

    def answers() -> bool:
        try:
            return bool(server.health())
        except httpx.HTTPError:
            return False

    try:
        server.wait_for(answers)
        yield server
        # It ends in the middle of a training, a page and an upload are open; see the last test.
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
        told = log.read_text()
        assert "Traceback" not in told, told
        assert not asked.exists(), asked.read_text()
        assert not [path for path in server.uploads.rglob("*") if path.is_file()]
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def browser(server: Server) -> Browser:
    browser = Browser(server.address, f"page{time.monotonic_ns()}")
    assert "data" in browser.ask("start", None)
    return browser


def test_without_a_home_and_without_a_connection_it_answers(browser: Browser) -> None:
    assert browser.ask("example", "dog")["data"]
    assert browser.sees()["predictions"][0]["label"] == "dog"
    assert browser.ask("page_gradcam", None)["data"]


def test_a_full_disk_is_one_sentence_and_what_fits_is_taken(server: Server, browser: Browser) -> None:
    large = {"files": ("large.png", bytes(3 * ROOM))}
    answer = browser.http.post("/gradio_api/upload", files=large)
    assert (answer.status_code, answer.text) == (
        507, "The server's disk is full at the moment, or cannot be written to; try again later."
    )  # fmt: skip
    assert not [path for path in server.uploads.rglob("*") if path.is_file() and path.stat().st_size >= ROOM // 2]
    path = browser.send("cat.png", asset("examples", "cat.png").read_bytes())
    assert "data" in browser.ask("classify", {"path": path})


def test_a_folder_of_uploads_that_is_gone_is_made_anew(server: Server, browser: Browser) -> None:
    path = browser.send("cat.png", asset("examples", "cat.png").read_bytes())
    shutil.rmtree(server.uploads)
    assert "upload it again" in str(browser.ask("classify", {"path": path}))
    path = browser.send("cat.png", asset("examples", "cat.png").read_bytes())
    assert "data" in browser.ask("classify", {"path": path})


def test_a_process_that_decodes_and_is_killed_costs_nobody_else(server: Server, browser: Browser) -> None:
    path = browser.send("cat.png", asset("examples", "cat.png").read_bytes())
    assert "data" in browser.ask("classify", {"path": path})
    workers = server.children()
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert "data" in browser.ask("classify", {"path": path})


def test_who_leaves_in_the_middle_holds_nobody_up(server: Server, browser: Browser) -> None:
    """An answer that nobody hears, and an upload that is never whole."""
    leaver = Browser(server.address, f"leaver{time.monotonic_ns()}")
    leaver.ask("start", None)
    for name in ("cat", "dog", "ship"):
        asked = {"data": [None, name], "fn_index": leaver.events["example"]["id"], "session_hash": leaver.page}
        assert leaver.http.post("/gradio_api/queue/join", json=asked).status_code == 200
    with leaver.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": leaver.page}) as lines:
        next(lines.iter_lines())

    def half() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + bytes(100_000)
        server.wait_for(lambda: any(server.uploads.glob("tmp*")))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        leaver.http.post(
            "/gradio_api/upload", content=half(), headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
    server.wait_for(lambda: not any(server.uploads.glob("tmp*")))
    server.wait_for(lambda: server.health()["waiting"] == 0)
    assert browser.ask("example", "dog")["data"]


# Parts of a server

KILLS = """
import hashlib, io, os, random, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
from resnet_demo import download

path, luck = Path(sys.argv[1]), random.Random(0)
versions = [bytes([number]) * 1_000_000 for number in range(8)]
sums = [hashlib.sha256(version).hexdigest() for version in versions]

class Response(io.BytesIO):
    headers = {"Content-Range": None, "Content-Length": "1000000"}

download._ask = lambda url, there: Response(versions[int(url)])
torn, seen = 0, set()
for _ in range(200):
    child = os.fork()
    if not child:
        while True:
            number = luck.randrange(8) if path.exists() else 0
            luck.seed(time.monotonic_ns())
            download.fetch(str(number), path, sums[number])
    deadline = time.monotonic() + 30
    while not seen and not path.exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(luck.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = path.read_bytes()
    torn += found not in versions
    seen.add(found[0])
download.fetch("3", path, sums[3])
print(torn, len(seen), sorted(each.name for each in path.parent.iterdir()), path.read_bytes() == versions[3])
"""


def test_200_kills_leave_no_torn_download(tmp_path: Path) -> None:
    """Those of checkpoints and of weights are in tests/training and tests/models."""
    program = [sys.executable, "-c", KILLS, str(tmp_path / "weights.pth")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    torn, versions, left = done.stdout.strip().split(" ", 2)
    assert torn == "0"
    assert int(versions) > 1  # the killed ones did write
    assert left == "['weights.pth'] True"


async def through_doors(error: Exception, path: str = "/gradio_api/upload") -> tuple[int | None, str]:
    """The answer to a request that ends in that error."""
    sent: list[Any] = []

    async def app(*_: Any) -> None:
        raise error

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(b"content-length", b"0")],
        "query_string": b"",
    }
    await Doors(app)(scope, receive, send)
    return (sent[0]["status"], sent[1]["body"].decode()) if sent else (None, "")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507, "disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), 507, "cannot be written to"),
        (guard.ClientDisconnect(), None, ""),
    ],
    ids=["full", "read-only", "gone"],
)
def test_an_upload_that_cannot_be_kept_is_one_sentence(error: Exception, status: int | None, said: str) -> None:
    found, answer = loops.run(through_doors(error))
    assert found == status
    assert said in answer


def test_an_upload_is_counted_as_it_comes() -> None:
    async def read() -> None:
        pieces = iter([b"123456", b"789012"])

        async def receive() -> Any:
            return {"type": "http.request", "body": next(pieces), "more_body": True}

        body = Body(receive, 10, kept=False)
        await body.receive()
        with pytest.raises(TooLong):
            await body.receive()

    loops.run(read())
    assert loops.run(through_doors(TooLong()))[0] == 413


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory is full"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you "
                      "tried to allocate 4398046511104 bytes. Error code 12"), "memory is full"),
        (OSError(errno.ENOSPC, "No space left on device", "/secret"), "disk is full"),
        (RuntimeError("a bug"), None),
        (FileNotFoundError(errno.ENOENT, "No such file"), None),
    ],
)  # fmt: skip
def test_what_the_computer_lacks_is_told_apart_from_bugs(error: Exception, said: str | None) -> None:
    found = guard.fault(error)
    assert (found is None) == (said is None)
    assert "/secret" not in str(found)
    assert said is None or said in str(found)


def test_pytorchs_own_words_for_a_full_memory() -> None:
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**60, dtype=torch.uint8)
    assert "memory is full" in str(guard.fault(error.value))


def test_files_to_be_downloaded_are_all_there_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    race = object.__new__(races.Race)
    race.results, race._folder = {}, None
    monkeypatch.setattr(races.Race, "_table", lambda _race: "table")
    race.trainings = {}

    def full(*_: Any) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(races, "draw_history", lambda *_: None)
        patch.setattr(races, "curves_svg", lambda *_: "<svg/>")
        patch.setattr(races, "figure_png", full)
        with pytest.raises(OSError, match="No space"):
            race.write_files()
        patch.setattr(races, "figure_png", lambda *_: b"png")
        assert {Path(path).name for path in race.write_files()} == {"history.csv", "curves.svg", "curves.png"}


def test_what_arrived_of_an_upload_does_not_stay(tmp_path: Path) -> None:
    """It does with gradio's own reader."""

    async def left(reader: Any, folder: Path) -> list[Path]:
        async def pieces() -> Any:
            yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + bytes(100)
            raise guard.ClientDisconnect

        folder.mkdir()
        headers = Headers({"Content-Type": "multipart/form-data; boundary=x"})
        with pytest.raises(guard.ClientDisconnect):
            await reader(headers, pieces(), upload_dir=folder, max_file_size=1_000).parse()
        return list(folder.iterdir())

    assert loops.run(left(guard.Parser, tmp_path / "ours")) == []
    assert loops.run(left(guard.GradioMultiPartParser, tmp_path / "theirs")) != []
    assert route_utils.GradioMultiPartParser is guard.Parser


# In the middle of a training, and the server's end in the middle of it


def pets() -> bytes:
    stream, picture = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (32, 32), (9, 9, 9)).save(picture, "PNG")
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(40):
            archive.writestr(f"{('cat', 'dog')[number % 2]}/{number}.png", picture.getvalue())
    return stream.getvalue()


def test_a_training_whose_page_is_gone_goes_on(server: Server, browser: Browser) -> None:
    """The page that comes back may stop it. The server's end, which comes next, does not wait for it."""
    file = {"path": browser.send("pets.zip", pets()), "meta": {"_type": "gradio.FileData"}}
    form = [8, "residual", races.OWN_PICTURES, file, "epochs", 30, 200, "fast", 16, None, 0]
    begun = browser.ask("train", *form, until=GENERATING)  # and nobody listens any more
    assert "data" in begun, begun
    server.wait_for(lambda: server.health()["training"])
    kept = next(value for value in browser.ask("start", None)["data"] if isinstance(value, dict) and "key" in value)
    again = Browser(server.address, f"again{time.monotonic_ns()}")
    again.ask("start", {**kept, "left": True})
    assert next(v for v in again.ask("start", kept)["data"] if isinstance(v, dict) and "key" in v)["key"] == kept["key"]


class Growing(set[str]):
    """A set to which something is added while somebody goes through it, the first time."""

    gone_through = 0

    def __iter__(self) -> Iterator[str]:
        self.gone_through += 1
        yield from list(super().__iter__())
        if self.gone_through == 1:
            raise RuntimeError("Set changed size during iteration")


def test_old_uploads_are_deleted_though_others_arrive_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x")
    files = Growing([str(tmp_path / "old")])
    blocks: Any = SimpleNamespace(blocks={}, temp_file_sets=[files, {str(tmp_path / "older")}])
    (tmp_path / "older").write_bytes(b"x")
    with pytest.raises(RuntimeError, match="changed size"):
        uploads._delete_old(blocks, None)  # gradio's own, whose task has then ended
    assert (tmp_path / "older").exists()
    files.gone_through = 0
    route_utils.delete_files_created_by_app(blocks, None)
    assert not list(tmp_path.iterdir())
