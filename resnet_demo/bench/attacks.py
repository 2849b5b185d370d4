"""Pictures that are small as files and take long to decode, for the measurement of what they do to others."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

SIDE = 4000  # of the JPEG: 16 megapixels
SCANS = 1500
DEEP = 4400  # sides of the PNG: 19.4 megapixels, just what is allowed


@lru_cache(maxsize=1)
def pictures_that_take_long() -> dict[str, bytes]:
    """By file name."""
    makers: dict[str, Callable[[], bytes]] = {"scans.jpg": repeated_scans, "deep.png": sixteen_bits}
    return {name: make() for name, make in makers.items()}


def repeated_scans(side: int = SIDE, scans: int = SCANS) -> bytes:
    """A progressive JPEG whose last scan is repeated: each goes over the whole picture again."""
    file = io.BytesIO()
    Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content.rindex(b"\xff\xda")  # start of scan
    body, scan = content[:last], content[last:-2]  # without the end of the image
    return body + scan * scans + content[-2:]


def sixteen_bits(side: int = DEEP) -> bytes:
    """A PNG of three times sixteen bits a pixel, all of them zero."""
    header = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)
    packer, packed = zlib.compressobj(9), b""
    row = bytes(1 + 6 * side)
    for _ in range(side):
        packed += packer.compress(row)
    packed += packer.flush()
    chunks = (b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
