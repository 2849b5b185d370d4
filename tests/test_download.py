"""Downloads, from a server of the tests' own that cuts, lies, and knows no ranges."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from fileserver import FileServer, file_server

from resnet_demo import download
from resnet_demo.errors import InputError

CONTENT = random.Random(0).randbytes(3 * download.MB)
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f"net-{DIGITS}.pth"

Sentence = Callable[[BaseException], str]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as held:
        held.files[NAME] = CONTENT
        yield held


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / NAME


def fetch(server: FileServer, place: Path, **options: object) -> Path:
    return download.fetch(f"{server.url}/{NAME}", place, DIGITS, **options)  # pyright: ignore[reportArgumentType]


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir()) if place.parent.is_dir() else []


def test_a_file_arrives_and_how_far_it_is_is_told(server: FileServer, place: Path) -> None:
    told: list[tuple[int, int]] = []
    assert fetch(server, place, told=lambda *now: told.append(now)) == place
    assert place.read_bytes() == CONTENT
    assert left(place) == [NAME]
    arrived = [arrived for arrived, _size in told]
    assert arrived == sorted(arrived)
    assert arrived[0] == 0
    assert len(set(arrived)) > 3
    assert {size for _arrived, size in told} == {len(CONTENT)}


@pytest.mark.parametrize("ranges", [True, False])
def test_what_a_cut_connection_left_is_gone_on_with(
    server: FileServer, place: Path, ranges: bool, sentence: Sentence
) -> None:
    server.cut, server.ranges = download.MB, ranges
    with pytest.raises(InputError, match="cut after 1 of 3 MB") as error:
        fetch(server, place)
    sentence(error.value)
    assert left(place) == [f"{NAME}.part"]
    assert place.with_name(f"{NAME}.part").read_bytes() == CONTENT[: download.MB]
    server.cut = None
    told: list[int] = []
    fetch(server, place, told=lambda arrived, size: told.append(arrived))
    assert server.asked == ["", f"bytes={download.MB}-"]
    assert told[0] == (download.MB if ranges else 0)  # a server that knows no ranges sends all of it again
    assert place.read_bytes() == CONTENT
    assert left(place) == [NAME]


def test_a_stopped_download_keeps_what_arrived(server: FileServer, place: Path, sentence: Sentence) -> None:
    server.slow = threading.Event()
    enough = threading.Event()

    def told(arrived: int, size: int) -> None:
        if arrived >= size // 4:
            enough.set()
            server.slow.set()  # pyright: ignore[reportOptionalMemberAccess]

    with pytest.raises(download.StoppedError, match="was stopped; what has arrived is kept") as error:
        fetch(server, place, told=told, stopped=enough.is_set)
    sentence(error.value)
    kept = place.with_name(f"{NAME}.part").read_bytes()
    assert kept
    assert kept == CONTENT[: len(kept)]
    server.slow = None
    fetch(server, place)
    assert server.asked[-1] == f"bytes={len(kept)}-"
    assert place.read_bytes() == CONTENT


def test_a_part_that_was_whole_is_not_fetched_again(server: FileServer, place: Path) -> None:
    place.parent.mkdir()
    place.with_name(f"{NAME}.part").write_bytes(CONTENT)  # the computer was switched off before it got its name
    fetch(server, place)
    assert server.asked == []
    assert left(place) == [NAME]


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 10])
def test_a_part_of_another_file_is_of_no_use(server: FileServer, place: Path, size: int) -> None:
    place.parent.mkdir()
    place.with_name(f"{NAME}.part").write_bytes(bytes(size))
    fetch(server, place)
    assert place.read_bytes() == CONTENT


@pytest.mark.parametrize("length", [True, False])
def test_what_has_another_checksum_is_not_kept(
    server: FileServer, place: Path, length: bool, sentence: Sentence
) -> None:
    place.parent.mkdir()
    place.write_bytes(b"the old file")
    server.files[NAME], server.length = CONTENT[::-1], length
    with pytest.raises(InputError, match="its checksum is wrong") as error:
        fetch(server, place)
    sentence(error.value)
    assert left(place) == [NAME]
    assert place.read_bytes() == b"the old file"


def test_without_a_length_a_file_arrives_too(server: FileServer, place: Path) -> None:
    server.length = False
    told: list[tuple[int, int]] = []
    fetch(server, place, told=lambda *now: told.append(now))
    assert {size for _arrived, size in told} == {0}
    assert place.read_bytes() == CONTENT


def test_what_is_not_there_is_said(server: FileServer, place: Path, sentence: Sentence) -> None:
    server.files.clear()
    with pytest.raises(InputError, match=r"127\.0\.0\.1 does not hand it out \(status 404\)") as error:
        fetch(server, place)
    sentence(error.value)
    assert not place.exists()


def test_no_connection_is_a_sentence_without_a_number(place: Path, sentence: Sentence) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{NAME}"
    with pytest.raises(download.NoConnectionError, match=r"no connection to 127\.0\.0\.1") as error:
        download.fetch(url, place, DIGITS)
    assert "rrno" not in sentence(error.value)
    with pytest.raises(download.NoConnectionError, match=r"no connection to nowhere\.invalid") as error:
        download.fetch(f"http://nowhere.invalid/{NAME}", place, DIGITS)
    assert "rrno" not in sentence(error.value)
    assert not place.exists()


def test_a_server_that_falls_silent_counts_as_cut(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.slow = threading.Event()
    with pytest.raises(InputError, match="was cut after 1 of 3 MB"):
        fetch(server, place)
    assert left(place) == [f"{NAME}.part"]


@pytest.mark.parametrize("when", ["before", "at the end"])
def test_a_full_disk_keeps_nothing(
    server: FileServer,
    place: Path,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
    sentence: Sentence,
) -> None:
    if when == "before":
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=download.MB))
    else:

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="is full") as error:
        fetch(server, place)
    assert "rrno" not in sentence(error.value)
    assert left(place) == []


def test_a_disk_that_fills_up_meanwhile(server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full is a disk without any room."""
    if not Path("/dev/full").exists():
        pytest.skip("This system has no /dev/full.")

    original = download._receive

    def received(url: str, file: object, *rest: object) -> None:
        with Path("/dev/full").open("wb") as full:
            original(url, full, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(download, "_receive", received)
    with pytest.raises(InputError, match="is full"):
        fetch(server, place)
    assert left(place) == []


def test_a_folder_that_cannot_be_written_to(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence: Sentence
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written to") as error:
        fetch(server, tmp_path / "file" / NAME)
    sentence(error.value)

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be written to") as error:
        fetch(server, tmp_path / NAME)
    assert "rrno" not in sentence(error.value)


def test_two_who_want_the_same_file_fetch_it_once(server: FileServer, place: Path) -> None:
    server.slow = threading.Event()
    waiting = threading.Event()

    def asked() -> bool:
        waiting.set()
        return False

    with ThreadPoolExecutor(2) as both:
        one = both.submit(fetch, server, place)
        while not server.asked:
            waiting.wait(0.01)
        other = both.submit(fetch, server, place, stopped=asked)
        assert waiting.wait(30)
        server.slow.set()
        assert {one.result(), other.result()} == {place}
    assert server.asked == [""]
    assert left(place) == [NAME]
    assert place.read_bytes() == CONTENT


def test_one_who_waits_for_another_can_stop(server: FileServer, place: Path) -> None:
    server.slow = threading.Event()
    with ThreadPoolExecutor(1) as other:
        one = other.submit(fetch, server, place)
        while not server.asked:  # from now on the first one waits for the first bytes, or for more
            threading.Event().wait(0.01)
        part = place.with_name(f"{place.name}.part")
        with pytest.raises(download.StoppedError):
            fetch(server, place, stopped=lambda: True)
        assert part.exists()
        server.slow.set()
        assert one.result() == place
