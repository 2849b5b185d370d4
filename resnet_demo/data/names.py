"""Names of files that do not say how their letters are written, as in a zip from Windows.

Such a zip holds bytes in the code page of the computer that packed it. A short name can be read in several: the
Chinese word for cat in GBK is a Korean syllable in EUC-KR. So all names of an archive are judged together, by two
things: chardet's statistics of pairs of bytes in each language, and how likely the letters are that a code page would
make of the names. Drawn at random from words for classes in seven code pages, names are read rightly of 97 % of the
archives with two words beyond ASCII, of 99 % with three, of all with five (420 archives each); a single word is right
in nine of ten.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from functools import partial

# In the order that decides between equals.
CODECS = ("utf-8", "gb18030", "big5hkscs", "cp932", "cp949", "cp850", "cp437", "cp866")
ALPHABETS = {"cp437": "LATIN", "cp850": "LATIN", "cp866": "CYRILLIC"}
# Of the codes in two bytes: the rows (first bytes) of the frequent characters, how many these are, and of the others.
FREQUENT = {
    "gb18030": (range(0xB0, 0xD8), 3755, range(0xD8, 0xF8)),  # GB 2312, levels 1 and 2
    "big5hkscs": (range(0xA4, 0xC7), 5401, range(0xC9, 0xFA)),
    "cp932": (range(0x88, 0x99), 2965, range(0x99, 0xEB)),  # JIS X 0208, levels 1 and 2; kana see below
    "cp949": (range(0xB0, 0xC9), 2350, range(0)),  # KS X 1001's syllables
}
KANA, KANA_COUNT = (0x82, 0x83), 170
RARE, ODD, NEVER = 2e-5, 1e-6, 1e-9  # of a rare character, one that is hardly in a name, one that is none
STATISTICS = 5.0  # the weight of chardet's logarithms beside ours; 3 and 8 are a little worse on the words above
BETWEEN = re.compile(rb"[ -?]+")  # from the space to the question mark: no half of a character in any of these codes
SURE = 10.0  # logarithm of how much likelier than any other: of 412 that were right 68 were less sure, all 8 wrong ones
ENOUGH = 60_000  # bytes of names that are judged


def entry_names(entries: Iterable[zipfile.ZipInfo]) -> tuple[list[str], str | None]:
    """The names in a zip, decoded; bytes that are no text in the archive's code page become lone surrogates.

    Beside them one of the names, where another code page is nearly as likely.
    """
    names = [_stored(entry) for entry in entries]
    unsaid = [name for name in names if isinstance(name, bytes)]
    if any(map(_is_surely_utf8, unsaid)):  # as from macOS, which does not mark it
        page, doubtful = code_page(name for name in unsaid if not _is_text(name, "utf-8"))
        codecs = ("utf-8", page)
    else:
        page, doubtful = code_page(unsaid)
        codecs = (page, "utf-8")
    decoded = [_decode(name, codecs) if isinstance(name, bytes) else name for name in names]
    first = next(
        (new for old, new in zip(names, decoded, strict=True) if isinstance(old, bytes) and not new.isascii()), ""
    )
    return decoded, first if doubtful else None


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
        if _is_text(name, codec):
            return name.decode(codec)
    return name.decode(codecs[0], "surrogateescape")


def _is_surely_utf8(name: bytes) -> bool:
    """Whether it is UTF-8 with a character of three bytes; those of two are easily met by chance in other codes."""
    return _is_text(name, "utf-8") and any(letter > "\u07ff" for letter in name.decode())


def code_page(names: Iterable[bytes]) -> tuple[str, bool]:
    """The codec in which all these names are likeliest what somebody would write, and whether another is near to it."""
    words = dict.fromkeys(word for name in names for word in BETWEEN.split(name) if not word.isascii())
    judged, size = [], 0
    for word in words:
        size += len(word)
        if size > ENOUGH:
            break
        judged.append(word)
    if not judged:
        return "utf-8", False
    statistics = _statistics(judged)

    def likelihood(codec: str) -> float:
        letters = sum(_likelihood(word.decode(codec, "surrogateescape"), codec) for word in judged)
        return letters + STATISTICS * math.log(statistics.get(codec, 0.0) + 0.001)

    found = {codec: likelihood(codec) for codec in CODECS}
    best = max(found, key=lambda codec: found[codec])
    texts = {codec: [word.decode(codec, "surrogateescape") for word in judged] for codec in CODECS}
    return best, any(found[best] - found[codec] < SURE for codec in CODECS if texts[codec] != texts[best])


def _statistics(names: list[bytes]) -> dict[str, float]:
    import chardet

    sound = [name for name in names if any(map(partial(_is_text, name), CODECS[:5]))] or names
    found = chardet.detect_all(
        b"\n".join(sound),
        ignore_threshold=True,
        include_encodings=CODECS,
        compat_names=False,
        prefer_superset=False,
        no_match_encoding="utf-8",
    )
    return {str(guess["encoding"]): float(guess["confidence"] or 0) for guess in found}


def _is_text(name: bytes, codec: str) -> bool:
    try:
        name.decode(codec)
    except UnicodeError:
        return False
    return True


def _likelihood(name: str, codec: str) -> float:
    """The logarithm of how likely a name's letters are, given the code page: ASCII counts only where it is odd."""
    total, before = 0.0, " "
    for letter in name:
        if not letter.isascii():
            total += math.log(_share(letter, before, codec))
        elif letter in '\\|{}~@^[]`<>*?:"$':  # hardly in a name, but often the second half of a character
            total += math.log(0.01)
        elif codec == "cp866" and letter.isalpha() and before.isalpha() and not before.isascii():
            total += math.log(0.02)  # two scripts in one word
        before = letter
    return total


def _share(letter: str, before: str, codec: str) -> float:
    """About which share of the letters beyond ASCII this one is, in names in a code page."""
    if "\ud800" <= letter <= "\udfff":
        return NEVER
    if unicodedata.category(letter)[0] not in "LMN":
        return ODD
    if codec in ALPHABETS:
        return _share_of_alphabet(letter, before, codec)
    code = letter.encode(codec)
    if codec == "utf-8":
        return 1 / 64 if len(code) == 2 else 1 / 5000
    if len(code) != 2:
        return 1e-4 if len(code) == 1 else ODD
    first, second = code
    if codec == "cp932" and first in KANA:
        return 1 / KANA_COUNT
    frequent, count, rare = FREQUENT[codec]
    if codec in ("gb18030", "cp949") and second < 0xA1:  # what Windows added to the national standards
        return ODD
    return 1 / count if first in frequent else RARE if first in rare else ODD


def _share_of_alphabet(letter: str, before: str, codec: str) -> float:
    if not unicodedata.name(letter, "").startswith(ALPHABETS[codec]):
        return 1e-5
    share = 1 / 64 if codec == "cp866" else 1 / 30
    if codec == "cp866" and before.isascii() and before.isalpha():
        share *= 0.02
    if codec != "cp866" and not before.isascii():  # accented letters seldom follow each other
        share *= 0.05
    if before.islower() and letter.isupper():
        share *= 0.02
    return share


def printable(name: str) -> str:
    """The same letters in the same form (macOS takes umlauts apart), and none that cannot be printed."""
    name = unicodedata.normalize("NFC", name)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


class Printable:
    """Makes names of paths printable, and keeps two apart that then would be one."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, ...], str] = {}

    def __call__(self, parts: Iterable[str]) -> tuple[str, ...]:
        place: tuple[str, ...] = ()
        for part in parts:
            whole = unicodedata.normalize("NFC", part)
            shown = printable(part)
            while self._taken.setdefault((*place, shown), whole) != whole:
                shown = "\N{REPLACEMENT CHARACTER}" + shown  # in front: the end tells a picture
            place = (*place, shown)
        return place
