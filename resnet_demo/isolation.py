"""Strangers' pictures, decoded in processes of their own, which can be killed.

A decoder is a large program in C that strangers feed. Here it runs in one of a few small processes, so that a crash, a
hang or a blow-up costs one request and is one sentence. `load_isolated` gives what `decoding.load_image` gives: it is
called there, with two limits more, on time and memory.

The processes import Pillow and numpy, and not torch. They start when the first picture comes, and are kept: a picture
then costs the way through two pipes. What comes back is a size and pixels, or a sentence as JSON; nothing that such a
process says is ever unpickled. Where the system has no `resource` (Windows), memory has no limit.
"""

from __future__ import annotations

import json
import os
import queue
import re
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from .decoding import BAND, MAX_PIXELS, Source, UnreadFormatError, load_image, name_of
from .errors import InputError
from .i18n import Message

SECONDS = 3.0  # of work on one picture
PATIENCE = 5  # times as long by the clock, where other processes have the cores
LOOKS = 12  # at a process in that time; one that sleeps at half of them on end hangs, for decoding is nothing but work
BYTES = 360_000_000  # of memory for one picture, beyond the 40 MB that a process has when it starts
MOST = 2  # processes: there are two cores on a free Space
NICE = 5  # a third of what the server gets, where both want the same core
PICTURES = 500  # that a process decodes before another takes its place: whatever leaks in a decoder goes with it
STARTED = 60.0  # seconds for a process to start in, on a busy computer

_LENGTH = struct.Struct(">I")
_COMMAND = "from resnet_demo.isolation import serve; serve()"
_FIELD = re.compile(r"\{\w+(:[a-z,%]{0,10}(\.\d[a-z])?)?\}")  # of a message: no width, which would take memory


def load_isolated(source: str | os.PathLike | bytes) -> Image.Image:
    """As `decoding.load_image`, in a process of its own: at most `SECONDS` and `BYTES` for a picture.

    Raises InputError, one sentence, for whatever is not a usable picture, or takes more than that.
    """
    return _pool.load(source)


class Pool:
    """A few processes that decode pictures; whoever needs one waits for it."""

    def __init__(self, most: int = MOST):
        self._free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _place in range(most):
            self._free.put(None)

    def load(self, source: str | os.PathLike | bytes) -> Image.Image:
        worker = self._free.get()
        try:
            if worker is not None and worker.fit:
                with suppress(_Gone):  # perhaps before it saw the picture: the system kills where memory is short
                    return worker.load(source)
            worker = worker and worker.end()
            worker = _Worker()
            try:
                return worker.load(source)
            except _Gone:
                raise InputError(
                    "{name} is damaged: the picture in it cannot be decoded.", name=name_of(source)
                ) from None
        finally:
            self._free.put(worker)

    @property
    def process(self) -> int | None:
        """The number of the process that comes next, if it was started."""
        return next((worker.number for worker in reversed(self._free.queue) if worker), None)

    def close(self) -> None:
        """End the processes that are not in use."""
        for worker in list(self._free.queue):
            if worker:
                worker.end()


class _Late(Exception):
    """The process was killed, since it took too long."""


class _Gone(Exception):
    """The process ended."""


class _Worker:
    """One process, from this side."""

    def __init__(self) -> None:
        # Its own limits, its own modules, and of the environment nothing that would concern it.
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **one_thread, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout
        _widen(self._to, self._from)
        self._pictures = 0
        try:
            self._within(STARTED, lambda: _receive(self._from))
        except (_Gone, _Late):
            self.end()
            raise InputError("Pictures cannot be decoded here at the moment; try again later.") from None

    @property
    def number(self) -> int:
        return self._process.pid

    @property
    def fit(self) -> bool:
        """Whether it may decode another picture."""
        return self._pictures < PICTURES and self._process.poll() is None

    def load(self, source: str | os.PathLike | bytes) -> Image.Image:
        """The picture; InputError, or _Gone where the process ended.

        Whatever else breaks a picture off ends the process, too: what is left of its answer would be taken for the
        next visitor's.
        """
        self._pictures += 1
        try:
            return self._within(SECONDS, lambda: self._ask(source))
        except _Late:
            self.end()
            raise InputError(
                "{name} takes too long to decode; save it anew as JPEG or PNG.", name=name_of(source)
            ) from None
        except InputError:  # its answer, and all of it
            raise
        except BaseException:
            self.end()
            raise

    def _ask(self, source: str | os.PathLike | bytes) -> Image.Image:
        content = source if isinstance(source, bytes) else b""
        path = None if isinstance(source, bytes) else os.path.abspath(source)
        try:
            _send(self._to, {"path": path, "bytes": len(content), "seconds": SECONDS}, content)
        except OSError:  # it ended
            raise _Gone from None
        answer = _receive(self._from)
        if "refused" in answer:
            message = _message(answer["refused"])
            format = answer.get("format")
            raise UnreadFormatError(message, str(format)) if format else InputError(message)
        width, height = (int(side) for side in answer["size"])
        if not 0 < width * height <= MAX_PIXELS:
            raise _Gone
        picture = Image.new("RGB", (width, height), None)  # not filled: all of it comes now
        for top in range(0, height, BAND):
            rows = min(BAND, height - top)
            band = Image.frombytes("RGB", (width, rows), _exactly(self._from, 3 * width * rows))
            picture.paste(band, (0, top))
        return picture

    def _within(self, seconds: float, do: Any) -> Any:
        late, done = threading.Event(), threading.Event()
        before, began = _worked(self.number), time.monotonic()

        def watch() -> None:
            idle, seen = 0, before
            while not done.wait(seconds / LOOKS):
                now = _worked(self.number)
                idle = idle + 1 if now == seen and _sleeps(self.number) else 0
                seen, spent = now, time.monotonic() - began
                busy = before is None or now is None or now - before >= 0.8 * seconds
                if spent >= seconds and (busy or idle >= LOOKS / 2 or spent >= PATIENCE * seconds):
                    break
            if done.is_set():
                return
            late.set()
            self._process.kill()

        watchdog = threading.Thread(target=watch, daemon=True)
        watchdog.start()
        try:
            return do()
        except InputError:
            raise
        except (_Gone, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            # It ended, or says what it should not.
            raise (_Late if late.is_set() else _Gone) from None
        finally:
            done.set()
            watchdog.join()  # so that it cannot kill the process while that decodes the next picture

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()


_pool = Pool()


def _widen(*pipes: BinaryIO | Any) -> None:
    """Let a pipe hold a megabyte, where that can be: fewer turns from one process to the other."""
    try:
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, AttributeError, OSError):
        pass


def _worked(process: int) -> float | None:
    """The processor's seconds that another process has had; None where that cannot be told."""
    if sys.platform == "win32":
        return None
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _sleeps(process: int) -> bool:
    """Whether a process waits for something other than its turn."""
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "S"
    except (OSError, IndexError):
        return False


# What goes through the pipes: the length of a JSON object, the object, and the bytes that it announces


def _send(pipe: Any, said: dict[str, Any], content: bytes = b"") -> None:
    text = json.dumps(said).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)
    pipe.write(content)
    pipe.flush()


def _receive(pipe: Any) -> dict[str, Any]:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > 100_000:
        raise _Gone
    said = json.loads(_exactly(pipe, length))
    if not isinstance(said, dict):
        raise _Gone
    return said


def _exactly(pipe: Any, count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise _Gone
    return content


def _written(message: Message) -> list[Any]:
    """A message as JSON: its text, and what is filled in."""
    return [message.text, {name: _value(value) for name, value in message.values.items()}]


def _value(value: object) -> object:
    """A number, a list of names, another message; of all else what it is as text."""
    if isinstance(value, Message):
        return {"message": _written(value)}
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    return value if isinstance(value, int) else str(value)


def _message(written: Any) -> Message:
    said, values = written
    text = str(said)[:300]
    if "{" in _FIELD.sub("", text):  # or what was cut off in the middle of a field
        raise ValueError(text)
    return Message(
        text,
        {name: _message(value["message"]) if isinstance(value, dict) else value for name, value in values.items()},
    )


# The other side


def serve() -> None:
    """Decode pictures for the process that started this one, until it ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process, with which this one ends
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nowhere:  # a library that prints must not spoil what is said
        os.dup2(nowhere.fileno(), 1)
    _limit_memory()
    _step_back()
    _send(answers, {"ready": True})
    while True:
        try:
            said = _receive(asked)
            content = _exactly(asked, said["bytes"]) if said["bytes"] else b""
        except _Gone:
            return
        _limit_time(said["seconds"])
        _answer(answers, said["path"] or content)


def _answer(answers: Any, source: Source) -> None:
    try:
        picture = load_image(source)
        _send(answers, {"size": picture.size})
        for top in range(0, picture.height, BAND):
            answers.write(picture.crop((0, top, picture.width, min(top + BAND, picture.height))).tobytes())
        answers.flush()
    except InputError as error:
        _send(answers, {"refused": _written(error.message), "format": getattr(error, "format", None)})


def _step_back() -> None:
    """Where there is too much to do, whoever waits for an answer comes before a picture that takes seconds."""
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(NICE)


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = BYTES + _address_space()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no files


def _address_space() -> int:
    """Bytes that this process has reserved; far more than it uses."""
    assert sys.platform != "win32"
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return 1_000_000_000


def _limit_time(seconds: float) -> None:
    """Of this process's own work on the next picture; should the other one have ended, nobody else would stop it."""
    if sys.platform == "win32":
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, hard))
