"""Valid files, changed in ways that know how files are made: for the tests of `test_fuzzing`."""

from __future__ import annotations

import io
import pickletools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

KINDS = ("byte", "bit", "length", "cut", "drop", "again", "swap", "end", "insert", "borrow", "number")
LENGTHS = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)

Step = tuple[str, int, int]  # what is done, where (0 to 65,535, of the file's parts or bytes), with what (32 bits)


def itself(content: bytes) -> bytes:
    return content


@dataclass
class Seed:
    """A valid file: its bytes, where its parts begin, and what makes the file again of changed bytes."""

    content: bytes
    parts: Sequence[int] = ()
    made: Callable[[bytes], bytes] = itself


def mutated(seed: Seed, steps: Sequence[Step], others: Sequence[Seed]) -> bytes:
    """The file after all these steps."""
    content, parts = bytearray(seed.content), sorted({0, *seed.parts})
    for kind, where, value in steps:
        if not content:
            break
        place = where * len(content) >> 16
        # Half of the changes are near the beginning of a part, where its lengths and kinds stand.
        start = parts[where % len(parts)]
        end = next((part for part in parts if part > start), len(content))
        if value & 1:
            place = start + (value >> 8) % 16
        place = min(place, len(content) - 1)
        if kind == "byte":
            content[place] = value >> 16 & 0xFF
        elif kind == "bit":
            content[place] ^= 1 << (value >> 16 & 7)
        elif kind == "length":
            size, order = (1, 2, 4, 8)[value >> 4 & 3], "big" if value & 2 else "little"
            number = LENGTHS[(value >> 8) % len(LENGTHS)] & ((1 << 8 * size) - 1)
            content[place : place + size] = number.to_bytes(size, order)  # pyright: ignore[reportArgumentType]
        elif kind == "number":  # a length that is a little wrong
            size = (1, 2, 4)[value % 3]
            order = "big" if value & 2 else "little"
            found = int.from_bytes(content[place : place + size], order)  # pyright: ignore[reportArgumentType]
            found = (found + (value >> 24) - 128) % (1 << 8 * size)
            content[place : place + size] = found.to_bytes(size, order)  # pyright: ignore[reportArgumentType]
        elif kind == "cut":
            del content[place : place + 1 + (value >> 8 & 0xFF)]
        elif kind == "drop":
            del content[start:end]
        elif kind == "again":
            content[start:start] = bytes(content[start:end])[:4096] * (1 + (value >> 8 & 7))
        elif kind == "swap":
            other = parts[value % len(parts)]
            behind = next((part for part in parts if part > other), len(content))
            content = content[:start] + content[other:behind] + content[end:]
        elif kind == "end":
            del content[place:]
        elif kind == "insert":
            content[place:place] = value.to_bytes(4, "big") * (1 + (value & 3))
        elif kind == "borrow":
            other = others[value % len(others)].content
            at = (value >> 8) % max(1, len(other))
            content[place : place + 32] = other[at : at + 32]
    return seed.made(bytes(content))


# Where the parts of a file begin


def marks(content: bytes, pattern: bytes) -> list[int]:
    return [found.start() for found in re.finditer(pattern, content, re.S)]


def chunks_of_png(content: bytes) -> list[int]:
    found, place = [], 8
    while place + 8 <= len(content):
        found.append(place)
        place += 12 + struct.unpack_from(">I", content, place)[0]
    return found


def steps_of_pickle(content: bytes) -> list[int]:
    return [place for _code, _argument, place in pickletools.genops(content) if place is not None]


# What makes a file again: checksums, which would refuse it before anything else looks at it


def with_checksums(content: bytes) -> bytes:
    """A PNG whose chunks' checksums are right."""
    whole, place = bytearray(content), 8
    while place + 12 <= len(whole):
        (length,) = struct.unpack_from(">I", whole, place)
        end = place + 8 + length
        if end + 4 > len(whole):
            break
        struct.pack_into(">I", whole, end, zlib.crc32(whole[place + 4 : end]))
        place = end + 4
    return bytes(whole)


def packed(entries: dict[str, bytes], changed: str) -> Callable[[bytes], bytes]:
    """Makes a zip of these entries, of which one is what was changed."""

    def made(content: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, usual in entries.items():
                archive.writestr(name, content if name == changed else usual)
        return stream.getvalue()

    return made


def entries_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
