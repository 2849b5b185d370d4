"""One file from the internet: with progress, stopped at any time, gone on with later, and in its place only when whole.

What arrives is written to `NAME.part` beside the file's place. Only when its checksum is right is it given its name,
so there is never a torn file of that name; a part that a cut connection left is what the next try goes on from.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from .errors import InputError
from .files import sync_folder
from .i18n import _

MB = 2**20  # bytes, as torchvision counts
TIMEOUT = 20  # seconds without a byte, after which a connection counts as cut
CHUNK = 256 * 1024  # bytes between two looks at whether it is to stop
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Told = Callable[[int, int], None]  # bytes that have arrived, and of how many; 0 where the server does not say


class NoConnectionError(InputError):
    """There is no way to the server."""


class StoppedError(InputError):
    """Whoever asked for the download stopped it."""


def fetch(
    url: str,
    path: Path,
    checksum: str,
    told: Told = lambda arrived, size: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Download a file to `path`, or wait for another process that does. Returns `path`.

    `checksum` is the file's SHA-256 in hexadecimal, or its first digits; or "md5:" and its MD5. `told` hears how far it
    is, and `stopped` is asked all the time.

    Raises InputError, one sentence, whatever goes wrong. What was at `path` before stays until the new file is whole.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part, stopped) as file:
            try:
                there = has_checksum(path, checksum)  # another process has fetched it meanwhile
                if not there:
                    _complete(url, file, part, checksum, told, stopped)
                    os.fsync(file.fileno())
            finally:  # by whoever holds the lock: another's part may be empty, too, and have just begun
                if not os.fstat(file.fileno()).st_size:  # nothing arrived
                    with suppress(OSError):
                        part.unlink()
        if there:
            part.unlink(missing_ok=True)
        else:  # closed before, for Windows; so one that waited may be the first
            with suppress(FileNotFoundError):
                os.replace(part, path)
    except OSError as error:
        if error.errno in FULL:
            part.unlink(missing_ok=True)  # a full disk is in the way of everything else, too
            raise InputError(
                "There is no room for {file}: the disk of {folder} is full.", file=path.name, folder=path.parent
            ) from None
        raise InputError(
            "{file} cannot be kept, since the folder {folder} cannot be written to.", file=path.name, folder=path.parent
        ) from None
    sync_folder(path.parent)
    return path


def has_checksum(path: Path, checksum: str) -> bool:
    """Whether the file is there, and its checksum is that, as `fetch` takes it."""
    if not path.is_file():
        return False
    md5, digits = checksum.startswith("md5:"), checksum.removeprefix("md5:")
    digest = hashlib.md5(usedforsecurity=False) if md5 else hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(MB):
            digest.update(chunk)
    return digest.hexdigest().startswith(digits)


def aloud(name: str) -> Told:
    """Says on stderr how far a download is, ten times in all."""
    said = -1

    def told(arrived: int, size: int) -> None:
        nonlocal said
        tenths = 10 * arrived // size if size else 0
        if tenths > said:
            said = tenths
            print(f"{name}: {arrived / MB:.0f} of {size / MB:.0f} MB", file=sys.stderr, flush=True)

    return told


@contextmanager
def _alone(part: Path, stopped: Callable[[], bool]) -> Iterator[BinaryIO]:
    """The part, to be added to, as soon as no other process or thread adds to it."""
    while True:
        with part.open("ab") as file:
            if _lock(file) and part.exists() and os.path.samestat(os.fstat(file.fileno()), part.stat()):
                yield file  # the lock goes with it
                return
        if stopped():
            raise StoppedError(_("The download was stopped."))
        time.sleep(0.1)


def _lock(file: BinaryIO) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _complete(url: str, file: BinaryIO, part: Path, checksum: str, told: Told, stopped: Callable[[], bool]) -> None:
    """Receive what is missing of a part, until it is what the checksum says."""
    began = file.seek(0, os.SEEK_END)
    if began and has_checksum(part, checksum):
        return
    _receive(url, file, part, told, stopped)
    if began and not has_checksum(part, checksum):  # what was there was of another file
        file.truncate(0)
        _receive(url, file, part, told, stopped)
    if not has_checksum(part, checksum):
        part.unlink(missing_ok=True)
        raise InputError(
            "What {host} sent is not {file}: its checksum is wrong, and nothing of it was kept.",
            host=_host(url),
            file=part.stem,
        )


def _receive(url: str, file: BinaryIO, part: Path, told: Told, stopped: Callable[[], bool]) -> None:
    """Write what is missing of a file to the end of what is there."""
    there = file.seek(0, os.SEEK_END)
    try:
        response = _ask(url, there)
    except HTTPError as error:
        error.close()
        if error.code == 416 and there:  # nothing is missing, or what is there is of another file
            file.truncate(0)
            return _receive(url, file, part, told, stopped)
        raise InputError(
            "{file} cannot be downloaded: {host} does not hand it out (status {status}).",
            file=part.stem,
            host=_host(url),
            status=error.code,
        ) from None
    except (OSError, HTTPException):
        raise NoConnectionError(
            _("{file} cannot be downloaded: there is no connection to {host}.", file=part.stem, host=_host(url))
        ) from None
    with response:
        if there and not (response.headers["Content-Range"] or "").startswith(f"bytes {there}-"):
            file.truncate(0)  # a server that sends all of it again
            there = 0
        length = response.headers["Content-Length"]
        size = there + int(length) if length and length.isdecimal() else 0
        if shutil.disk_usage(part.parent).free < size - there:
            raise OSError(FULL[0], "")
        arrived = there
        while not stopped():
            told(arrived, size)
            try:
                chunk = response.read1(CHUNK)
            except (OSError, HTTPException):  # a timeout is an OSError, too
                raise _cut(url, part.stem, arrived, size) from None
            if not chunk:
                break
            file.write(chunk)
            arrived += len(chunk)
        file.flush()
    if size and arrived == size:
        return
    if stopped():
        raise StoppedError(
            _(
                "The download of {file} was stopped; what has arrived is kept, and the next one goes on from there.",
                file=part.stem,
            )
        )
    if size:
        raise _cut(url, part.stem, arrived, size)


def _ask(url: str, there: int) -> HTTPResponse:
    """Ask a server for what is missing after so many bytes."""
    headers = {"User-Agent": "resnet_demo", "Accept-Encoding": "identity"}
    return urlopen(Request(url, headers=headers | ({"Range": f"bytes={there}-"} if there else {})), timeout=TIMEOUT)


def _cut(url: str, name: str, arrived: int, size: int) -> InputError:
    if not size:
        return InputError(
            "The connection to {host} was cut while {file} was downloaded; try again.", host=_host(url), file=name
        )
    return InputError(
        "The connection to {host} was cut after {arrived:.0f} of {size:.0f} MB of {file}; try again, and the download "
        "goes on from there.",
        host=_host(url),
        file=name,
        arrived=arrived / MB,
        size=size / MB,
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
