"""What the program says, in every language.

English stands in the code, once, as messages: whole sentences with named places.

    _("{cut} of {total} blocks are cut.", cut=2, total=9)

A message is not text yet. It becomes text where it is shown, in the reader's language:

    say = language("zh")
    say(message)

The code decides which sentence is said; a language only says it. What it says stands in a GNU gettext catalogue,
`locale/<code>/LC_MESSAGES/*.po`, by the English text; the lesson's prose stands in `locale/lesson/<code>/`. A new
language is these files and one line in `LANGUAGES`.

Places are filled in by their format: `{n:,}` groups digits, `{share:percent}` and `{share:tenths}` write a fraction,
`{loss:rounded}` two digits of a number of any size, `{n:raised}` an exponent, `{names:and}` and `{names:or}` a list,
`{label:capitalized}` begins a sentence, `{text!r}` quotes what a stranger wrote, shortened; anything else is Python's
own format. A value can itself be a message.
"""

from __future__ import annotations

import gettext
import re
import reprlib
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

LANGUAGES = {"en": "English", "zh": "中文"}  # by their codes in addresses, as their speakers call them
FIRST = "en"  # the language of the messages themselves
LOCALE = Path(__file__).resolve().parent / "locale"

_MINUS_ZERO = re.compile(r"-0(\.0+)?")  # what is rounded to nothing has no sign
_BETWEEN_CHINESE = re.compile("(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff])")
_BESIDE_CHINESE = re.compile(
    "(?<=[\u4e00-\u9fff])\x02(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])\x03(?=[\u4e00-\u9fff])"
)  # in lists
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NO_SPACE_AFTER = "。！？：；，、）”"


@dataclass(frozen=True)
class Message:
    """A sentence in English with named places, and what is filled into them. `str` says it in English."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str | None = None  # the English text where `values["count"]` is not 1
    context: str | None = None  # tells apart words that English writes alike

    def __str__(self) -> str:
        return language(FIRST)(self)

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True)
class Sentences:
    """Several messages, one after another."""

    messages: tuple[object, ...]

    def __str__(self) -> str:
        return language(FIRST)(self)


def _(text: str, /, **values: Any) -> Message:
    """A message. The text is a literal, so that it can be extracted."""
    return Message(text, values)


def _n(one: str, other: str, count: int, /, **values: Any) -> Message:
    """A message that depends on a number, which fills the place `count`."""
    return Message(one, {"count": count, **values}, plural=other)


def _p(context: str, text: str, /, **values: Any) -> Message:
    """A message in a context: `_p("verb", "Cut")`."""
    return Message(text, values, context=context)


def sentences(*messages: object) -> Sentences:
    """Several messages as one text; what is None or empty is left out."""
    return Sentences(tuple(message for message in messages if message))


class Language:
    """Says messages in one language. What has no translation is said in English."""

    def __init__(self, code: str):
        self.code = code

    def __call__(self, message: object) -> str:
        """A message, several, or a plain string as it is, as text."""
        return self._say(message, str)

    def html(self, message: object) -> Markup:
        """A message whose text is HTML, as HTML: whatever is filled in is escaped."""
        return Markup(self._say(message, escape))

    def label(self, name: str) -> str:
        """The name of a class of pictures, translated where it is known."""
        return self._translated(name, None, "class", 1)

    def percent(self, fraction: float) -> str:
        """0.934 -> "93 %"; what is not quite nothing or not quite all is not rounded to it."""
        if 0 < fraction < 0.01:
            return self(_("under {share}", share=self._percent(0.01)))
        if 0.99 < fraction < 1:
            return self(_("over {share}", share=self._percent(0.99)))
        return self._percent(fraction)

    def tenths(self, fraction: float) -> str:
        """0.934 -> "93.4 %"; what is not quite nothing or all is not rounded to it."""
        if 0 < fraction < 0.0005:
            return f"< {self._percent(0.001, digits=1)}"
        if 0.9995 < fraction < 1:
            return f"> {self._percent(0.999, digits=1)}"
        return self._percent(fraction, digits=1)

    def number(self, value: float, pattern: str = "#,##0.###") -> str:
        """A number in the digits and separators of the language, by one of Babel's patterns."""
        from babel.numbers import format_decimal

        return format_decimal(value, pattern, self.locale)

    def rounded(self, value: float) -> str:
        """Two digits of a number from 0 up, of any size: 0.034, 5,200, 1.2·10⁻⁵."""
        if not value or 0.001 <= value < 1e6:
            return self.number(float(f"{value:.2g}"), "#,##0.######")
        mantissa, power = f"{value:.1e}".split("e")
        return f"{self.number(float(mantissa), '0.0')}·10{str(int(power)).translate(_RAISED)}"

    @cached_property
    def locale(self) -> Any:
        """Babel's; of English the British one, which has no comma before the last item of a list."""
        from babel import Locale

        return Locale("en", "GB") if self.code == FIRST else Locale.parse(self.code)

    def _percent(self, fraction: float, digits: int = 0) -> str:
        from babel.numbers import format_percent

        # How a language writes per cent is part of its catalogue: with a space before the sign or without.
        pattern = self(_p("how per cent is written", "#,##0 %"))
        return format_percent(fraction, pattern.replace("#0", f"#0.{'0' * digits}") if digits else pattern, self.locale)

    def _say(self, message: object, escaped: Callable[[str], str]) -> str:
        if isinstance(message, Sentences):
            return self._joined([self._say(part, escaped) for part in message.messages])
        if not isinstance(message, Message):
            return str(escaped(message if isinstance(message, Markup) else str(message)))
        count = message.values.get("count", 1)
        text = self._translated(message.text, message.plural, message.context, count)
        if not message.values:  # nothing to fill in: braces are braces
            return text
        filled = _Formatter(self, escaped).vformat(text, (), message.values)
        return _BETWEEN_CHINESE.sub("", filled)

    def _joined(self, texts: Iterable[str]) -> str:
        found = ""
        for text in texts:
            space = "" if not found or found[-1] in _NO_SPACE_AFTER else " "
            found += space + text
        return found

    def _translated(self, text: str, plural: str | None, context: str | None, count: Any) -> str:
        found = self._catalogue.messages.get((context, text))
        if found is None:
            return text if plural is None or count == 1 else plural
        return found if isinstance(found, str) else found[self._catalogue.form(count)]

    @cached_property
    def _catalogue(self) -> _Catalogue:
        return _Catalogue({}, lambda count: 0) if self.code == FIRST else read_catalogue(self.code)


@dataclass(frozen=True)
class _Catalogue:
    """What a language says, by (context, English text): a text, or one for each of its plural forms."""

    messages: Mapping[tuple[str | None, str], str | tuple[str, ...]]
    form: Callable[[int], int]


def read_catalogue(code: str) -> _Catalogue:
    """The catalogue of a language, from its `.po` files. What is fuzzy counts as not translated."""
    from babel.messages.pofile import read_po

    messages: dict[tuple[str | None, str], str | tuple[str, ...]] = {}
    form: Callable[[int], int] = lambda count: 0  # noqa: E731
    for path in sorted((LOCALE / code / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
        form = gettext.c2py(catalogue.plural_expr)  # pyright: ignore[reportAttributeAccessIssue]
        for entry in catalogue:
            whole = all(entry.string) if isinstance(entry.string, tuple) else bool(entry.string)
            if entry.id and whole and not entry.fuzzy:
                text = entry.id[0] if isinstance(entry.id, (tuple, list)) else entry.id
                said = entry.string or ()
                messages[entry.context, text] = said if isinstance(said, str) else tuple(said)
    return _Catalogue(messages, form)


class _Formatter(string.Formatter):
    """Fills values into the places of a text, said in a language."""

    def __init__(self, say: Language, escaped: Callable[[str], str]):
        self._say, self._escaped = say, escaped

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs[field_name], field_name  # names alone: a catalogue cannot reach into values

    def convert_field(self, value: Any, conversion: Any) -> Any:
        return reprlib.repr(value) if conversion == "r" else super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        say = self._say
        if isinstance(value, (Message, Sentences)):
            text = say._say(value, self._escaped)
            return text[:1].upper() + text[1:] if format_spec == "capitalized" else text
        if format_spec in ("and", "or"):
            from babel.lists import format_list

            style = "standard" if format_spec == "and" else "or"
            items = [f"\x02{self.format_field(item, '')}\x03" for item in value]
            return re.sub("[\x02\x03]", "", _BESIDE_CHINESE.sub(" ", format_list(items, style, say.locale)))
        return self._escaped(self._plain(value, format_spec))

    def _plain(self, value: Any, format_spec: str) -> str:
        if format_spec == "percent":
            return self._say.percent(value)
        if format_spec == "tenths":
            return self._say.tenths(value)
        if format_spec == ",":
            return self._say.number(value)
        if format_spec == "rounded":
            return self._say.rounded(value)
        if format_spec == "raised":
            return str(value).translate(_RAISED)
        if format_spec == "capitalized":
            return str(value)[:1].upper() + str(value)[1:]
        if format_spec:
            text = format(value, format_spec)
            return (text[1:] if _MINUS_ZERO.fullmatch(text) else text).replace("-", "−")
        return value if isinstance(value, Markup) else str(value)


@lru_cache
def language(code: str) -> Language:
    """The language of that code."""
    return Language(code)


def preferred(accepted: str) -> str:
    """The language of ours that a browser likes best, by its header Accept-Language: "zh-CN,zh;q=0.9,en;q=0.8"."""
    ours = []
    for entry in accepted.split(","):
        tag, _, weight = entry.replace(" ", "").partition(";q=")
        if (code := tag.split("-")[0].lower()) in LANGUAGES:
            ours.append((_weight(weight), code))
    return max(ours, key=lambda entry: entry[0], default=(0.0, FIRST))[1]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
