"""Zips of pictures that want more than to be read: each becomes a data set or a sentence, and nothing is written.

Names, layouts and what is left out are in tests/data.
"""

from __future__ import annotations

import io
import random
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import memory
import pytest
from PIL import Image

from resnet_demo.data import listing, load_halves, reading
from resnet_demo.errors import InputError
from resnet_demo.isolation import load_isolated

MOST_CHARACTERS, MOST_SECONDS, MOST_MEMORY = 300, 2.0, 300_000_000


def png(shade: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), (shade, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


GOOD = {f"{kind}/{number}.png": png(number) for kind in ("cat", "dog") for number in range(3)}
NAMES = [
    "../../evil.png", "/etc/evil.png", "C:\\evil.png", "..\\..\\evil.png", "cat/../../../evil.png", "cat//evil.png",
    "./././cat/evil.png", "cat\0evil.png", "cat/\x1b[31mevil.png", "<img src=x onerror=alert(1)>/1.png", "x" * 60_000,
    "cat/" * 5_000 + "evil.png", "cat/evil.png/", "con/nul.png", "~/evil.png", "$HOME/evil.png", "cat/%2e%2e/evil.png",
    "\u202egnp.live/1.png", "cat/1.png", "CAT/1.png", "{0.__class__}/1.png", "%s%n/1.png",
]  # fmt: skip


def zipped(tree: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return stream.getvalue()


def link() -> bytes:
    stream = io.BytesIO(zipped(GOOD))
    with zipfile.ZipFile(stream, "a") as archive:
        entry = zipfile.ZipInfo("cat/link.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def changed(content: bytes, mark: bytes, place: int, value: bytes) -> bytes:
    """The same with some bytes after each such mark replaced."""
    spoilt, at = bytearray(content), content.find(mark)
    while at >= 0:
        spoilt[at + place : at + place + len(value)] = value
        at = content.find(mark, at + 4)
    return bytes(spoilt)


def same_place(times: int) -> bytes:
    """Many entries of the directory that are one and the same ten megabytes."""
    content = zipped({**GOOD, "cat/big.png": bytes(10_000_000)})
    end = content.rindex(b"PK\5\6")
    start = int.from_bytes(content[end + 16 : end + 20], "little")
    big = content.rindex(b"PK\1\2", 0, end)
    directory = content[start:end] + b"".join(
        content[big:end].replace(b"cat/big.png", b"cat/%03d.png" % number) for number in range(times)
    )
    count = (len(GOOD) + 1 + times).to_bytes(2, "little")
    end_of_zip = content[end : end + 8] + count * 2 + len(directory).to_bytes(4, "little") + content[end + 16 :]
    return content[:start] + directory + end_of_zip


WHOLE = zipped(GOOD)
MADE: dict[str, Callable[[], bytes]] = {
    **{f"a name {name[:30]!r}": (lambda name=name: zipped({**GOOD, name: png(9)})) for name in NAMES},
    **{f"the first {n} % of a zip": (lambda n=n: WHOLE[: len(WHOLE) * n // 100]) for n in (1, 50, 90, 99)},
    "nothing": lambda: b"",
    "a directory alone": lambda: b"PK\5\6" + bytes(18),
    "no entries": lambda: zipped({}),
    "a link": link,
    "a password": lambda: changed(WHOLE, b"PK\1\2", 8, b"\1\0"),
    "a method that there is not": lambda: changed(WHOLE, b"PK\1\2", 10, b"\x63\0"),
    "a size of 4 GB": lambda: changed(WHOLE, b"PK\1\2", 24, b"\xff\xff\xff\x7f"),
    "a size of nothing": lambda: changed(WHOLE, b"PK\1\2", 24, bytes(4)),
    "places far out": lambda: changed(WHOLE, b"PK\1\2", 42, b"\xff\xff\xff\x7f"),
    "checksums that are wrong": lambda: changed(WHOLE, b"PK\1\2", 16, b"abcd"),
    "LZMA": lambda: zipped(GOOD, zipfile.ZIP_LZMA),
    "a file of 60 MB of zeros": lambda: zipped({**GOOD, "zeros.bin": bytes(60_000_000)}),
    "three files of 45 MB of zeros": lambda: zipped({**GOOD, **{f"{i}.bin": bytes(45_000_000) for i in range(3)}}),
    "200 pictures in one place": lambda: same_place(200),
    "a zip in a zip in a zip": lambda: zipped({"a.zip": zipped({"b.zip": WHOLE})}),
    "a comment of 65 kB": lambda: WHOLE[:-2] + b"\xff\xff" + b"PK\5\6" * 16_384,
    "5,000 classes": lambda: zipped({f"{number}/1.png": b"" for number in range(5_000)}),
    "10,000 files": lambda: zipped({f"cat/{number}.txt": b"" for number in range(10_000)}, zipfile.ZIP_STORED),
    "words called pictures": lambda: zipped(dict.fromkeys(GOOD, b"words")),
    "80,001 marks of an entry": lambda: WHOLE + b"PK\1\2" * 80_001 + WHOLE,
    "names of 24 MB": lambda: zipped({f"a/{number}" + "y" * 60_000: b"" for number in range(400)}, zipfile.ZIP_STORED),
    "bytes": lambda: random.Random(0).randbytes(10_000),
    "a zip behind a picture": lambda: png() + WHOLE,
}  # fmt: skip


def judged(path: Path, most: int = MOST_MEMORY) -> str | int:
    """How many pictures, or the sentence."""
    began, more = time.process_time(), memory.more_than_now()
    try:
        halves = load_halves(path, read=load_isolated)
        found: str | int = sum(map(len, halves))
        said = " ".join([*halves[0].classes, str(halves[0].note or "")])
    except InputError as error:
        found = said = str(error)
        assert len(said) <= MOST_CHARACTERS, said[:500]
    assert "\0" not in said
    assert "\x1b" not in said
    assert "root:" not in said
    assert time.process_time() - began < MOST_SECONDS
    assert more() < most
    return found


def test_there_are_enough() -> None:
    assert len(MADE) >= 40


@pytest.mark.parametrize("case", MADE)
def test_a_hostile_zip_is_a_data_set_or_a_sentence(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    path = tmp_path / "given.zip"
    path.write_bytes(MADE[case]())
    found = judged(path)
    assert isinstance(found, str) or 6 <= found <= 7
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_six_good_pictures_and_twenty_bad_ones_are_six(tmp_path: Path) -> None:
    tree = {f"{kind}/good{number}.png": png(number) for kind in ("cat", "dog") for number in range(6)}
    tree |= {f"cat/bad{number}.png": b"words" for number in range(10)}
    tree |= {f"cat/cut{number}.png": png(number)[:60] for number in range(10)}
    (tmp_path / "pets.zip").write_bytes(zipped(tree))
    train, test = load_halves(tmp_path / "pets.zip", read=load_isolated)
    assert len(train) + len(test) == 12
    assert str(train.note) == "20 pictures could not be read and were left out; the first is cat/bad0.png."


def test_a_zip_that_takes_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_SECONDS", -1.0)
    (tmp_path / "pets.zip").write_bytes(WHOLE)
    with pytest.raises(InputError, match="minutes to read"):
        load_halves(tmp_path / "pets.zip")


def lying() -> bytes:
    """A picture of 80 MB that is said to have a thousand bytes."""
    content = zipped({**GOOD, "cat/big.png": bytes(80_000_000)})
    return changed(content, b"PK\1\2", 24, (1_000).to_bytes(4, "little"))


def test_the_suite_sees_a_cap_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "given.zip").write_bytes(lying())
    judged(tmp_path / "given.zip", 60_000_000)
    monkeypatch.setattr(listing, "_unpack", lambda archive, entry: archive.open(entry).read())
    with pytest.raises(AssertionError):
        judged(tmp_path / "given.zip", 60_000_000)
