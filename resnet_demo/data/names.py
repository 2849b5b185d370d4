"""Names of files that do not say how their letters are written, as in a zip from Windows.

Such a zip holds bytes in the code page of the computer that packed it; `code_pages` finds out which.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable

from .code_pages import code_page, is_of_usual_script, is_text, normal


def entry_names(entries: Iterable[zipfile.ZipInfo]) -> tuple[list[str], tuple[str, str] | None]:
    """The names in a zip, decoded; bytes that are no text in the archive's code page become lone surrogates.

    Beside them one of the names and the code page that was taken, where that is doubtful.
    """
    names = [_stored(entry) for entry in entries]
    unsaid = [name for name in names if isinstance(name, bytes)]
    page, doubtful = code_page(unsaid)
    codecs = (page, "utf-8")
    if page == "utf-8" or any(map(_is_surely_utf8, unsaid)):  # as from macOS, which does not mark it
        if others := [name for name in unsaid if not is_text(name, "utf-8")]:
            page, doubtful = code_page(others)
        codecs = ("utf-8", page)
    decoded = [_decode(name, codecs) if isinstance(name, bytes) else name for name in names]
    if not doubtful:
        return decoded, None
    guessed = (
        new
        for old, new in zip(names, decoded, strict=True)
        if isinstance(old, bytes) and not old.isascii() and not (codecs[0] == "utf-8" and is_text(old, "utf-8"))
    )
    return decoded, (next(guessed), page.upper())


def _stored(entry: zipfile.ZipInfo) -> str | bytes:
    """The name as the archive has it: text where it says so, else bytes."""
    name = entry.orig_filename.partition("\0")[0]
    if entry.flag_bits & 0x800:
        return name
    raw = name.encode("cp437")  # which is how zipfile reads them, whatever they are
    return _unicode_path(entry.extra, raw) or raw


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in Info-ZIP's Unicode Path field (WinZip and WinRAR write it too), if it belongs to the raw one."""
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == 0x7075 and field[:1] == b"\1" and field[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return field[5:].decode("utf-8", "ignore") or None
    return None


def _decode(name: bytes, codecs: tuple[str, str]) -> str:
    for codec in codecs:
        if is_text(name, codec):
            return name.decode(codec)
    return name.decode(codecs[0], "surrogateescape")


def _is_surely_utf8(name: bytes) -> bool:
    """Whether it is UTF-8 with a character of three bytes; those of two are easily met by chance in other codes."""
    return is_text(name, "utf-8") and any(letter > "\u07ff" and is_of_usual_script(letter) for letter in name.decode())


def printable(name: str) -> str:
    """The same letters in the same form (macOS takes umlauts apart), and none that cannot be printed."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in normal(name))


class Printable:
    """Makes names of paths printable, and keeps two apart that then would be one."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, ...], str] = {}

    def __call__(self, parts: Iterable[str]) -> tuple[str, ...]:
        place: tuple[str, ...] = ()
        for part in parts:
            whole = normal(part)
            shown = printable(part)
            while self._taken.setdefault((*place, shown), whole) != whole:
                shown = "\N{REPLACEMENT CHARACTER}" + shown  # in front: the end tells a picture
            place = (*place, shown)
        return place
