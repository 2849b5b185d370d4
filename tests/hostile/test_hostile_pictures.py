"""Pictures that want more than to be seen: each is decoded rightly or refused in a sentence, within time and memory, by
a process of its own; what happens to that process is no matter to anybody else.
"""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import memory
import numpy as np
import pytest
from PIL import Image

from resnet_demo import decoding, isolation
from resnet_demo.decoding import FORMATS, load_image, scans
from resnet_demo.errors import InputError
from resnet_demo.isolation import Pool, load_isolated

MOST_CHARACTERS, MOST_SECONDS, MOST_MEMORY = 300, 3.0, 400_000_000
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)  # pyright: ignore[reportArgumentType]
    return stream.getvalue()


def photo(width: int, height: int, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BILINEAR).convert(mode)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, colour: int, *between: bytes, rows: int | None = None) -> bytes:
    """Black, of so many rows; made by hand, since Pillow writes no PNG of 16 bits in colour."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    packer, data = zlib.compressobj(1), b""
    for _row in range(height if rows is None else rows):
        data += packer.compress(bytes(1 + width * channels * bits // 8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + chunk(b"IDAT", data + packer.flush()) + chunk(b"IEND", b"")
    )


def many_scans(times: int, side: int = 256, progressive: bool = True) -> bytes:
    """A JPEG whose last scan comes so many times."""
    jpeg = encoded(photo(side, side, "L"), "JPEG", progressive=progressive)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * times + jpeg[-2:]


def runs_of_one(width: int, height: int) -> bytes:
    """A BMP that Pillow's decoder, which is Python, reads pixel by pixel."""
    data = b"\1\7" * (width * height)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024 + len(data), 0, 0, 54 + 1024) + header + bytes(1024) + data


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A little-endian TIFF of one directory: tag, kind, count, value."""
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(entries))
        + b"".join(struct.pack("<HHII", *e) for e in entries)
        + bytes(4)
    )


TAGS = (
    (256, 4, 1, 32),
    (257, 4, 1, 32),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (273, 4, 1, 8),
    (277, 3, 1, 1),
)
MADE: dict[str, Callable[[], bytes]] = {
    "JPEG of 1,500 scans": lambda: many_scans(1_500),
    "JPEG of 20,000 scans": lambda: many_scans(20_000, 64),
    "JPEG of 1,500 scans, not progressive": lambda: many_scans(1_500, progressive=False),
    "BMP of runs of one": lambda: runs_of_one(4_000, 2_400),
    "PNG of 20 megapixels and 16 bits": lambda: png(4_000, 5_000, 16, 0),
    "PNG of 20 megapixels, 16 bits, colour and transparency": lambda: png(4_000, 5_000, 16, 6),
    "PNG of 8192 x 2441": lambda: png(8_192, 2_441, 8, 2),
    "PNG of 8193 x 1000": lambda: png(8_193, 1_000, 8, 0),
    "PNG of 4 gigapixels": lambda: png(65_000, 65_000, 8, 2, rows=1),
    "PNG of 21 megapixels": lambda: png(4_600, 4_600, 8, 2, rows=1),
    "PNG that lacks its rows": lambda: png(4_000, 4_000, 8, 2, rows=1),
    "PNG with 20,000 comments": lambda: png(64, 64, 8, 2, *[chunk(b"tEXt", b"a\0" + b"x" * 50)] * 20_000),
    "PNG with comments that unpack to gigabytes": lambda: png(
        64, 64, 8, 2, *[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000)))] * 500
    ),
    "PNG with a profile that unpacks to 500 MB": lambda: png(
        64, 64, 8, 2, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100_000_000), 1))
    ),
    "JPEG of 50 megapixels": lambda: encoded(photo(8_000, 6_250, "L"), "JPEG", quality=30),
    "WebP of 12 megapixels": lambda: encoded(photo(4_000, 3_000), "WEBP", method=0, quality=10),
    "GIF of 20 megapixels": lambda: encoded(Image.new("P", (5_000, 4_000)), "GIF"),
    "GIF of 100 frames": lambda: encoded(
        photo(64, 64, "P"), "GIF", save_all=True, append_images=[Image.new("P", (64, 64), i) for i in range(100)]
    ),
    "TIFF of 12 megapixels in 32 bits": lambda: encoded(Image.new("I", (4_000, 3_000), 7), "TIFF"),
    "TIFF whose directory is itself": lambda: tiff(*TAGS)[:-4] + b"\x08\0\0\0",
    "TIFF of 65,535 tags": lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\0\1\4\0\1\0\0\0\x20\0\0\0" * 65_535,
    "TIFF with 4 GB of strips": lambda: tiff(*TAGS[:5], (273, 4, 2**30, 8), (277, 3, 1, 1)),
    "TIFF of 2**31 samples": lambda: tiff(*TAGS[:6], (277, 4, 1, 2**31)),
    "AVIF that is none": lambda: b"\0\0\0\x1cftypavif" + bytes(100_000),
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n{} loop\n",
    "SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
}  # fmt: skip
DECODED = {  # of those, what there is to see; all others are refused
    "PNG of 20 megapixels and 16 bits": (4_000, 5_000),
    "PNG of 20 megapixels, 16 bits, colour and transparency": (4_000, 5_000),
    "PNG of 8192 x 2441": (8_192, 2_441),
    "JPEG of 50 megapixels": (4_000, 3_125),
    "WebP of 12 megapixels": (4_000, 3_000),
    "GIF of 20 megapixels": (5_000, 4_000),
    "GIF of 100 frames": (64, 64),
    "TIFF of 12 megapixels in 32 bits": (4_000, 3_000),
    "PNG with 20,000 comments": (64, 64),
}


class Clock:
    """The work of the process that decodes, beside this one's."""

    def __init__(self, pool: Pool) -> None:
        self.worker = pool.process
        self.began = time.process_time() + self._worked()
        self.more = memory.more_than_now(self.worker or "self")

    def _worked(self) -> float:
        try:
            fields = Path(f"/proc/{self.worker}/stat").read_text("ascii").rpartition(")")[2].split()
        except OSError:  # it was ended
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def seconds(self) -> float:
        return max(0.0, time.process_time() + self._worked() - self.began)


def judged(load: Callable[[bytes], Image.Image], content: bytes) -> tuple[int, int] | str:
    """The size of what was decoded, or the sentence."""
    try:
        picture = load(content)
    except InputError as error:
        said = str(error)
        assert len(said) <= MOST_CHARACTERS, said
        assert "/" not in said, said
        return said
    assert picture.mode == "RGB"
    return picture.size


@pytest.fixture(scope="module")
def pool() -> Pool:
    """One process, for which nobody has to wait."""
    pool = Pool(1)
    pool.load(encoded(photo(32, 32), "PNG"))
    return pool


@pytest.mark.parametrize("case", MADE)
def test_a_hostile_picture_costs_little(case: str, pool: Pool) -> None:
    content = MADE[case]()
    pool.load(encoded(photo(32, 32), "PNG"))  # there is a process
    clock = Clock(pool)
    found = judged(pool.load, content)
    assert clock.seconds < MOST_SECONDS + 0.5, clock.seconds
    if case in DECODED:
        assert found == DECODED[case]
        assert clock.more() < MOST_MEMORY
    elif not case.startswith(("PNG with", "PNG that lacks")):  # what of these is too much depends on Pillow
        assert isinstance(found, str), found
    assert pool.load(encoded(photo(40, 30), "PNG")).size == (40, 30)  # and the next one is decoded


def test_mutants_are_decoded_or_refused(pool: Pool) -> None:
    generator, decoded, refused = random.Random(0), 0, 0
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    grown = memory.more_than_now(pool.process or "self")
    for kind in FORMATS:
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}
        whole = encoded(photo(48, 36), kind, **options)
        for number in range(70):
            spoilt = bytearray(whole)
            for _ in range(generator.randint(1, 8)):
                spoilt[generator.randrange(min(len(spoilt), 400))] = generator.randrange(256)
            cut = len(spoilt) if number % 5 else generator.randrange(len(spoilt))
            if isinstance(judged(pool.load, bytes(spoilt[:cut])), str):
                refused += 1
            else:
                decoded += 1
    assert decoded + refused >= 400
    assert decoded > 50
    assert refused > 50
    assert grown() < 100_000_000
    if files:
        assert len(os.listdir("/proc/self/fd")) <= files + 2  # of a process that took the place of another


def test_isolated_pictures_are_those_of_the_library(tmp_path: Path) -> None:
    cases = [encoded(photo(300, 200, mode), kind) for mode, kind in (
        ("RGB", "JPEG"), ("CMYK", "JPEG"), ("L", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"), ("P", "GIF"), ("I", "TIFF"),
        ("1", "TIFF"), ("RGBA", "WEBP"), ("F", "TIFF"),
    )]  # fmt: skip
    for number, content in enumerate(cases):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(content)
        expected = load_image(content)
        for source in (content, path, str(path)):
            found = load_isolated(source)
            assert (found.mode, found.size, found.tobytes()) == ("RGB", expected.size, expected.tobytes()), number


def test_refusals_are_those_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"words")
    for source in (b"", b"words", tmp_path / "a.png", tmp_path / "nothing.png", b"\0\0\0\x18ftypheic" + bytes(50)):
        with pytest.raises(InputError) as expected:
            load_image(source)
        with pytest.raises(type(expected.value)) as found:
            load_isolated(source)
        assert (str(found.value), found.value.message) == (str(expected.value), expected.value.message)


def test_the_isolation_costs_milliseconds(pool: Pool) -> None:
    content = encoded(photo(1_200, 900), "JPEG")
    began = time.process_time()
    for _ in range(10):
        load_image(content)
    alone, clock = time.process_time() - began, Clock(pool)
    for _ in range(10):
        pool.load(content)
    assert clock.seconds - alone < 10 * 0.030


def test_the_processes_are_small() -> None:
    large = {"torch", "gradio", "matplotlib", "babel"}
    code = f"import sys, resnet_demo.isolation; print(*sorted({large!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == ""


# What may become of a process


def instead(answer: str) -> str:
    """A process that does something else with a picture."""
    imports = "import os, signal, time; from resnet_demo import isolation as i"
    return f"{imports}; i._answer = lambda pipe, source: {answer}; i.serve()"


ENDS = {
    "is killed": ("os.kill(os.getpid(), 9)", "damaged"),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "damaged"),
    "ends": ("os._exit(0)", "damaged"),
    "raises": ("1 / 0", "damaged"),
    "hangs": ("time.sleep(600)", "takes too long"),
    "stops in its answer": ("(i._send(pipe, {'size': [100, 100]}), time.sleep(600))", "takes too long"),
    "says nonsense": ("(pipe.write(b'x' * 1000), pipe.flush())", "damaged"),
    "says a list": ("i._send(pipe, [1])", "damaged"),
    "says no size": ("i._send(pipe, {'size': 'x'})", "damaged"),
    "says an impossible size": ("i._send(pipe, {'size': [10**9, 10**9]})", "damaged"),
    "says sides below zero": ("i._send(pipe, {'size': [-9, -9]})", "damaged"),
    "says a size without end": ("i._send(pipe, {'size': [float('inf'), 1]})", "damaged"),
    "says brackets": ("(pipe.write(b'\\0\\1\\0\\0' + b'[' * 65536), pipe.flush())", "damaged"),
    "lacks one byte": (
        "(i._send(pipe, {'size': [9, 100]}), pipe.write(bytes(2699)), pipe.flush(), os._exit(0))",
        "damaged",
    ),
    "ends between bands": (
        "(i._send(pipe, {'size': [9, 100]}), pipe.write(bytes(27 * i.BAND)), pipe.flush(), os._exit(0))",
        "damaged",
    ),
    "refuses with no words": ("i._send(pipe, {'refused': 7})", "damaged"),
    "refuses with half of them": ("i._send(pipe, {'refused': ['{a}', {'b': 1}]})", "damaged"),
    "refuses at length": ("i._send(pipe, {'refused': ['{a:>1000000000}', {'a': 1}]})", "damaged"),
    "refuses with a field that is cut off": ("i._send(pipe, {'refused': ['x' * 298 + '{a}', {'a': 1}]})", "damaged"),
    "refuses with what is inside": ("i._send(pipe, {'refused': ['{a.__class__}', {'a': 1}]})", "damaged"),
    "refuses with others": ("i._send(pipe, {'refused': ['{a}', [1]]})", "damaged"),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_becomes_of_a_process_is_one_sentence(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, said = ENDS[case]
    pool, good = Pool(1), encoded(photo(40, 30), "PNG")
    with monkeypatch.context() as patch:
        patch.setattr(isolation, "_COMMAND", instead(answer))
        if "time" in answer:
            patch.setattr(isolation, "SECONDS", 0.2)
            patch.setattr(isolation, "PATIENCE", 10**9)  # which is for those that wait for their turn
        with pytest.raises(InputError, match=said):
            pool.load(good)
    assert pool.load(good).size == (40, 30)
    assert pool.process is not None
    pool.close()


def test_a_picture_that_is_broken_off_leaves_nothing_for_the_next_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pixels are such an answer as a process gives: read as that to the next picture, they would be that one."""
    head, shown = b'{"size": [8, 8]}', bytes([7]) * 192
    pixels = (struct.pack(">I", len(head)) + head + shown).ljust(3 * 16 * 100, b"\0")
    pool, good = Pool(1), encoded(photo(40, 30), "PNG")
    expected = pool.load(good)

    def no_room(*_: object) -> Image.Image:
        raise MemoryError

    with monkeypatch.context() as patch:
        content = encoded(Image.frombytes("RGB", (16, 100), pixels), "PNG")
        patch.setattr(Image, "new", no_room)
        with pytest.raises(MemoryError):
            pool.load(content)
    found = pool.load(good)
    assert (found.size, found.tobytes()) == (expected.size, expected.tobytes())
    pool.close()


@pytest.mark.parametrize("height", [1, 63, 64, 65, 127, 128, 129, 256, 400])
def test_a_picture_comes_whole_however_it_is_divided(height: int, pool: Pool) -> None:
    noise = np.random.default_rng(height).integers(0, 256, (max(height, 8), 20, 3), dtype=np.uint8)
    for pixels in (noise, noise.transpose(1, 0, 2)):
        found = pool.load(encoded(Image.fromarray(np.ascontiguousarray(pixels)), "PNG"))
        assert np.array_equal(np.asarray(found), pixels)


def test_a_process_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_COMMAND", "raise SystemExit(1)")
    with pytest.raises(InputError, match="cannot be decoded here at the moment"):
        Pool(1).load(b"")


def test_a_process_makes_way_for_a_fresh_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "PICTURES", 2)
    pool, good = Pool(1), encoded(photo(40, 30), "PNG")
    seen = []
    for _ in range(4):
        pool.load(good)
        seen.append(pool.process)
    assert (seen[0] == seen[1], seen[1] == seen[2], seen[2] == seen[3]) == (True, False, True)
    pool.close()


def test_it_works_where_there_are_no_limits_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    without = "import sys; sys.modules['resource'] = sys.modules['fcntl'] = None; "  # as on Windows
    monkeypatch.setattr(isolation, "_COMMAND", without + isolation._COMMAND)
    pool = Pool(1)
    assert pool.load(encoded(photo(40, 30), "PNG")).size == (40, 30)
    pool.close()


# The suite sees a cap that is gone, in this process, on small pictures


def bounded(content: bytes, seconds: float = 0.2, most: int = 60_000_000) -> None:
    began, more = time.process_time(), memory.more_than_now()
    judged(load_image, content)
    assert time.process_time() - began < seconds
    assert more() < most


@pytest.mark.parametrize(
    ("make", "caps"),
    [
        (lambda: many_scans(1_000, 1_000), ("MAX_SCANS",)),
        (lambda: png(8_000, 4_000, 8, 2), ("MAX_PIXELS",)),
        (lambda: png(16_000, 2_000, 8, 0), ("MAX_SIDE", "MAX_PIXELS")),
    ],
    ids=["scans", "pixels", "sides"],
)
def test_the_suite_sees_a_cap_that_is_gone(
    make: Callable[[], bytes], caps: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = make()
    bounded(content)
    for cap in caps:
        monkeypatch.setattr(decoding, cap, 10**12)
    with pytest.raises(AssertionError):
        bounded(content)


def test_scans_are_counted() -> None:
    assert [scans(many_scans(times)) for times in (1, 2, 9)] == [scans(many_scans(1)) + more for more in (0, 1, 8)]
    assert scans(encoded(photo(64, 64), "JPEG")) == 1
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 40) + b"\xff\xda\0\2" * 10  # a thumbnail's do not count
    plain = encoded(photo(64, 64), "JPEG")
    assert scans(plain[:2] + exif + plain[2:]) == 1
    assert scans(b"") == scans(b"\xff") == scans(b"\xff\xd8") == 0
