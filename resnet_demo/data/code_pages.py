"""In which code page are these names written, which do not say it? What is likely, and whether it is sure.

A short name can be read in several: the Chinese word for cat in GBK is a Korean syllable in EUC-KR. So all names of an
archive are judged together, by two things: chardet's statistics of pairs of bytes in each language, and how likely the
letters are that a code page would make of the names, if all were of one language. Of names of languages and countries
in 31 languages (Babel's CLDR) and 55 code pages, 91 % of the single words, 95 % of three and 96 % of ten together are
read rightly, and of the others all but 1 in 8,000 samples are said to be doubtful, as are a third of the right ones.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import yaml

_LETTERS = yaml.safe_load(Path(__file__).with_name("alphabets.yaml").read_text("utf-8"))
_ALPHABETS: dict[str, str] = _LETTERS["latin"] | _LETTERS["other"]
_PAGES: dict[str, list[str]] = _LETTERS["code_pages"]
_WORDS = frozenset(unicodedata.normalize("NFC", word.lower()) for word in _LETTERS["words"].split())
WIDE = ("utf-8", "gb18030", "big5hkscs", "cp932", "cp949", "euc-jp")  # of several bytes a character
# In the order that decides between equals.
CODECS = (*WIDE, *_PAGES)
# Of the codes in two bytes: the rows (first bytes) of the frequent characters, how many these are, and of the others.
FREQUENT = {
    "gb18030": (range(0xB0, 0xD8), 3755, range(0xD8, 0xF8)),  # GB 2312, levels 1 and 2
    "big5hkscs": (range(0xA4, 0xC7), 5401, range(0xC9, 0xFA)),
    "cp932": (range(0x88, 0x99), 2965, range(0x99, 0xEB)),  # JIS X 0208, levels 1 and 2; kana see below
    "euc-jp": (range(0xB0, 0xD0), 2965, range(0xD0, 0xF5)),
    "cp949": (range(0xB0, 0xC9), 2350, range(0)),  # KS X 1001's syllables
}
KANA, KANA_COUNT = {"cp932": (0x82, 0x83), "euc-jp": (0xA4, 0xA5)}, 170
RARE, ODD, NEVER = 2e-5, 1e-6, 1e-9  # of a rare character, one that is hardly in a name, one that is none
# Logarithm of how much: Unix wrote few zips, and few people write some languages in code pages any more.
SELDOM = {
    **dict.fromkeys(("euc-jp", "iso8859-2", "iso8859-5", "mac-roman", "cp1258"), 5.0),
    **dict.fromkeys(("koi8-u", "cp855", "cp874"), 4.0),
    **dict.fromkeys(("koi8-r", "cp775", "cp1257"), 3.0),
    "cp1256": 2.0,
}
STATISTICS = 5.0  # the weight of chardet's logarithms beside ours
BETWEEN = re.compile(rb"[ -?]+")  # from the space to the question mark: no half of a character in any of these codes
USUAL = 8.0  # logarithm of how much likelier a word is that people often name classes by
SURE = 10.0  # logarithm of how much likelier than any other
FOREIGN = 0.1  # of the letters, at most, are those of another language in names that are read rightly
ENOUGH = 20_000  # bytes of names that are judged


def code_page(names: Iterable[bytes]) -> tuple[str, bool]:
    """The codec in which all these names are likeliest what somebody would write, and whether that is doubtful."""
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
    texts = {codec: [normal(word.decode(codec, "surrogateescape")) for word in judged] for codec in CODECS}
    fit = {codec: _likelihood(texts[codec], codec) for codec in CODECS}
    if not fit["utf-8"][1]:
        statistics["utf-8"] = 0.0  # by its form alone it is UTF-8 to chardet
    found = {
        codec: fit[codec][0]
        + USUAL * sum(part in _WORDS for text in texts[codec] for part in re.split(r"[\W\d_]+", text.lower()))
        + STATISTICS * math.log(statistics.get(codec, 0.0) + 0.001)
        - SELDOM.get(codec, 0)
        for codec in CODECS
    }
    best = max(found, key=lambda codec: found[codec])
    near = any(found[best] - found[codec] < SURE for codec in CODECS if texts[codec] != texts[best])
    return best, near or not fit[best][1]


def _statistics(names: list[bytes]) -> dict[str, float]:
    import chardet

    sound = [name for name in names if any(map(partial(is_text, name), WIDE))] or names
    found = chardet.detect_all(
        b"\n".join(sound),
        ignore_threshold=True,
        include_encodings=CODECS,
        compat_names=False,
        prefer_superset=False,
        no_match_encoding="utf-8",
    )
    other_names = {"euc_jis_2004": "euc-jp"}
    named = [(str(guess["encoding"]), float(guess["confidence"] or 0)) for guess in found]
    return {other_names.get(name, name): confidence for name, confidence in named}


def normal(name: str) -> str:
    """Letters in one form each: macOS takes umlauts apart, and so does the Vietnamese code page."""
    return unicodedata.normalize("NFC", name)


def is_text(name: bytes, codec: str) -> bool:
    try:
        name.decode(codec)
    except UnicodeError:
        return False
    return True


def _likelihood(names: list[str], codec: str) -> tuple[float, bool]:
    """The logarithm of how likely the names' letters are in a code page, and whether they are what a name has."""
    if codec in WIDE:
        beyond = [letter for letter in "".join(names) if not letter.isascii()]
        shares = [_wide_share(letter, codec) for letter in beyond]
        usual = sum(share > RARE for share in shares)
        fits = min(shares) > ODD and usual >= len(shares) / 2
        if codec == "utf-8":
            fits = all(
                share > ODD or unicodedata.category(letter)[0] in "PSZ"
                for letter, share in zip(beyond, shares, strict=True)
            )
        return sum(map(math.log, shares)) + sum(_oddities(name) for name in names), fits
    pairs = [(before, letter) for name in names for before, letter in _pairs(name)]
    best, fits = -math.inf, False
    for language in _PAGES[codec]:
        total = sum(_log_share(letter, before, language) for before, letter in pairs)
        if total > best:
            best = total
            strange = sum(_is_strange(letter, before, language) for before, letter in pairs)
            fits = strange <= FOREIGN * len(pairs)
    return best + sum(_oddities(name) for name in names), fits


def is_of_usual_script(letter: str) -> bool:
    """Of a letter that UTF-8 writes in three bytes, whether it may be in a name: others are met by chance."""
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0] in _LETTERS["scripts"]


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    """Each letter and the one before, where one of them is beyond ASCII."""
    before = " "
    for letter in name:
        if not letter.isascii() or not before.isascii():
            yield before, letter
        before = letter


def _oddities(name: str) -> float:
    """What ASCII counts: only where it is hardly in a name, but often the second half of a character."""
    return math.log(0.01) * sum(letter in '\\|{}~@^[]`<>*?:"$' for letter in name)


@lru_cache(maxsize=20_000)
def _wide_share(letter: str, codec: str) -> float:
    """About which share of the letters beyond ASCII this one is, in names in a code of several bytes."""
    if "\ud800" <= letter <= "\udfff":
        return NEVER
    if unicodedata.category(letter)[0] not in "LMN":
        return ODD
    try:
        code = letter.encode(codec)
    except UnicodeError:  # half of what stands for two characters, as in Big5
        return ODD
    if codec == "utf-8":
        return 1 / 64 if len(code) == 2 else 1 / 5000 if is_of_usual_script(letter) else ODD
    if len(code) != 2:
        return 1e-4 if len(code) == 1 else ODD
    first, second = code
    if first in KANA.get(codec, ()) or letter in "\u30fc\u3005":  # the signs that make a vowel long, a kanji two
        return 1 / KANA_COUNT
    frequent, count, rare = FREQUENT[codec]
    if codec in ("gb18030", "cp949") and second < 0xA1:  # what Windows added to the national standards
        return ODD
    return 1 / count if first in frequent else RARE if first in rare else ODD


@lru_cache(maxsize=50_000)
def _log_share(letter: str, before: str, language: str) -> float:
    """The same in an alphabet; of an ASCII letter, how it suits the one before, which is beyond ASCII."""
    latin = language in _LETTERS["latin"]
    if letter.isascii():
        return math.log(0.02) if letter.isalpha() and (not latin or _jumps(before, letter)) else 0.0
    if "\ud800" <= letter <= "\udfff":
        return math.log(NEVER)
    if unicodedata.category(letter)[0] not in "LMN":
        return math.log(ODD)
    rank = _rank(letter, language)
    if rank is None:
        known = unicodedata.name(letter, "").startswith("LATIN") == latin
        return math.log(2e-4 if known else 1e-5)
    share = (0.5 if latin else 1) * _zipf(len(_ALPHABETS[language]))[rank]
    if latin and not before.isascii():  # accented letters seldom follow each other
        share *= 0.05
    if not latin and before.isascii() and before.isalpha():  # two scripts in one word
        share *= 0.02
    if _jumps(before, letter):
        share *= 0.02
    return math.log(share)


def _is_strange(letter: str, before: str, language: str) -> bool:
    """Whether it is of another language or script than the rest of the word, or a capital within it."""
    if _jumps(before, letter):
        return True
    if letter.isascii() or before.isascii():
        mixed = language not in _LETTERS["latin"] and letter.isalpha() and before.isalpha()
        return mixed or (not letter.isascii() and _rank(letter, language) is None)
    return _rank(letter, language) is None


def _rank(letter: str, language: str) -> int | None:
    place = _ALPHABETS[language].find(letter.lower()[:1])
    return None if place < 0 else place


@lru_cache
def _zipf(count: int) -> list[float]:
    """About how often letters occur, the most frequent first."""
    shares = [1 / (rank + 3) for rank in range(count)]
    return [share / sum(shares) for share in shares]


def _jumps(before: str, letter: str) -> bool:
    """Whether a capital follows a small letter."""
    return before.islower() and letter.isupper()
