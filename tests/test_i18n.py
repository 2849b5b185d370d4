"""What the program says: how a message becomes text, and that the catalogues and the code agree."""

from __future__ import annotations

import pickle
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from markupsafe import Markup

import resnet_demo
from resnet_demo import i18n
from resnet_demo.errors import InputError
from resnet_demo.i18n import Language, Message, _, _n, _p, language, sentences

PACKAGE = Path(resnet_demo.__file__).parent
KEYWORDS: dict[str, Any] = {"_": None, "_n": (1, 2), "_p": ((1, "c"), 2), "InputError": None}
Texts = tuple[str, ...]  # a message's English: one text, or that for one and that for several

english, chinese = language("en"), language("zh")


# The catalogues and the code


def used() -> dict[tuple[str | None, Texts], str]:
    """Every message in the code, with its context, and the file where it stands."""
    found: dict[tuple[str | None, Texts], str] = {}
    for file, _line, text, _comments, context in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS):
        found.setdefault((context, all_of(text)), file)
    return found


def entries(code: str) -> Iterator[tuple[str | None, Texts, Texts, bool]]:
    """Of every entry of a language's catalogue: the context, the English, the translation, whether it is fuzzy."""
    for path in sorted((i18n.LOCALE / code / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale=code):
                if entry.id:
                    yield entry.context, all_of(entry.id), all_of(entry.string), entry.fuzzy


def all_of(text: Any) -> Texts:
    return (text,) if isinstance(text, str) else tuple(text)


USED = used()
ROOMS = sorted({file.split("/")[0] for file in USED.values()})
OTHERS = [code for code in i18n.LANGUAGES if code != i18n.FIRST]


def places(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_messages_are_found() -> None:
    assert (None, ("There is no file {path}.",)) in USED
    assert (None, ("The seed",)) in USED  # one message within another
    assert ("how per cent is written", ("#,##0 %",)) in USED
    assert any(len(texts) == 2 for _context, texts in USED)


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_every_message_has_its_translation(room: str, code: str) -> None:
    known = {(context, text) for context, text, said, fuzzy in entries(code) if all(said) and not fuzzy}
    assert {
        message: file for message, file in USED.items() if file.split("/")[0] == room and message not in known
    } == {}


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_belongs_to_a_message(code: str) -> None:
    assert [text for context, text, _said, _fuzzy in entries(code) if (context, text) not in USED] == []


@pytest.mark.parametrize("code", OTHERS)
def test_translations_have_the_same_places(code: str) -> None:
    found = list(entries(code))
    assert found
    for _context, text, said, fuzzy in found:
        assert not fuzzy, text
        assert all(places(each) == places(text[-1]) for each in said), text


@pytest.mark.parametrize("code", OTHERS)
def test_no_text_is_translated_twice(code: str) -> None:
    found = [(context, text[0]) for context, text, _said, _fuzzy in entries(code)]
    assert sorted(map(str, found)) == sorted(map(str, set(found)))


def test_values_are_filled_in_by_name() -> None:
    """So that a translator can put them elsewhere; and a text is never made in the code before it is looked up."""
    for (_context, texts), file in USED.items():
        assert all(name.isidentifier() for text in texts for name in places(text)), (file, texts)


# How a message becomes text


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogue of a language with two plural forms, to be written by the test."""
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n > 1;\\n"\n\n'
    (folder / "a.po").write_text(
        header + 'msgid "{n} and {m}."\nmsgstr "{m}, dann {n}."\n\n'
        'msgid "{count} block"\nmsgid_plural "{count} blocks"\n'
        'msgstr[0] "{count} Stein"\nmsgstr[1] "{count} Steine"\n\n'
        '#, fuzzy\nmsgid "Perhaps."\nmsgstr "Vielleicht."\n\nmsgid "Nothing."\nmsgstr ""\n\n'
        'msgid "{n.real}."\nmsgstr "{n.imag}."\n\n'
        'msgctxt "verb"\nmsgid "Cut"\nmsgstr "Schneide"\n\nmsgctxt "noun"\nmsgid "Cut"\nmsgstr "Schnitt"\n',
        "utf-8",
    )
    (folder / "b.po").write_text(header + 'msgid "More."\nmsgstr "Mehr."\n', "utf-8")
    return folder


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (_("Yes."), "Yes."),
        (_("{n:,} of {total:,}", n=1234567, total=12), "1,234,567 of 12"),
        (_("{x:.2f}", x=-1.234), "−1.23"),
        (_("{x}", x=-3), "-3"),
        (_("{x:g}", x=0.5), "0.5"),
        (_("{names:and}", names=["a"]), "a"),
        (_("{names:and}", names=["a", "b", "c"]), "a, b and c"),
        (_("{names:or}", names=("a", "b")), "a or b"),
        (_("{names:or}", names=(1, _("a dog"))), "1 or a dog"),
        (_("{label:capitalized} it is.", label="ship"), "Ship it is."),
        (_("{label:capitalized} it is.", label=_("the ship")), "The ship it is."),
        (_("{text!r}", text="a'b"), '"a\'b"'),
        (_("{x:percent}", x=0.934), "93 %"),
        (_("{x:percent}", x=0.004), "under 1 %"),
        (_("{x:percent}", x=0.996), "over 99 %"),
        (_("{x:percent} {y:percent}", x=0, y=1), "0 % 100 %"),
        (_("{x:tenths}", x=0.9343), "93.4 %"),
        (_("{x:tenths}", x=0.0001), "< 0.1 %"),
        (_("{x:tenths}", x=0.99999), "> 99.9 %"),
        (_("{what} is set.", what=_("The {key}", key="seed")), "The seed is set."),
        ("as it is {here}", "as it is {here}"),
        (7, "7"),
    ],
    ids=str,
)
def test_english(message: object, expected: str) -> None:
    assert english(message) == expected
    if isinstance(message, Message):
        assert str(message) == expected


def test_what_strangers_wrote_is_shortened() -> None:
    assert len(english(_("{text!r}", text="x" * 10_000))) < 40


def test_braces_without_values_are_braces() -> None:
    assert english(_("{x} {0} {")) == "{x} {0} {"
    assert english(_("{x}.", x="{y} {0} {")) == "{y} {0} {."


@pytest.mark.parametrize("text", ["{x.real}", "{x[0]}", "{0}", "{}"])
def test_a_catalogue_cannot_reach_into_values(text: str) -> None:
    with pytest.raises(KeyError):
        english(Message(text, {"x": 1}))


@pytest.mark.usefixtures("catalogue")
def test_a_catalogue_says_it_its_own_way() -> None:
    german = Language("de")
    assert german(_("{n} and {m}.", n=1, m=2)) == "2, dann 1."
    assert german(_("More.")) == "Mehr."  # from a second file
    assert german(_("Unknown {n}.", n=1)) == "Unknown 1."
    assert german(_("Perhaps.")) == "Perhaps."  # fuzzy
    assert german(_("Nothing.")) == "Nothing."  # not yet translated
    with pytest.raises(KeyError):
        german(_("{n.real}.", n=1))


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("count", "en", "de"), [(0, "0 blocks", "0 Stein"), (1, "1 block", "1 Stein"), (2, "2 blocks", "2 Steine")]
)
def test_plurals(count: int, en: str, de: str) -> None:
    message = _n("{count} block", "{count} blocks", count)
    assert english(message) == en
    assert Language("de")(message) == de  # by that language's own rule


@pytest.mark.usefixtures("catalogue")
def test_contexts_tell_words_apart() -> None:
    german = Language("de")
    assert [german(_p(context, "Cut")) for context in ("verb", "noun", "film")] == ["Schneide", "Schnitt", "Cut"]
    assert english(_p("verb", "Cut")) == "Cut"


def test_html_is_escaped_where_it_is_filled_in() -> None:
    message = _("<b>{a}</b> & {b} {c:or} {d!r}", a="<i>", b=_("{x}", x="&"), c=["<", Markup("<u>")], d="<s>")
    assert english.html(message) == Markup("<b>&lt;i&gt;</b> & &amp; &lt; or <u> &#39;&lt;s&gt;&#39;")
    assert english(message) == "<b><i></b> & & < or <u> '<s>'"
    assert english.html("<p>") == "&lt;p&gt;"


def test_sentences() -> None:
    both = sentences(_("One."), None, "", _("Two {x}.", x=2), sentences())
    assert english(both).rstrip() == str(both).rstrip() == "One. Two 2."
    assert english.html(sentences(_("{x}", x="<"), "<")) == "&lt; &lt;"


def test_chinese_is_set_off_from_letters_not_from_chinese() -> None:
    upload = _("{name} is damaged: the picture in it cannot be decoded.", name=_("The upload"))
    assert chinese(upload) == "上传的文件已损坏：其中的图片无法解码。"
    assert chinese(InputError("There is no file {path}.", path="cat.png").message) == "没有文件 cat.png。"
    assert chinese(sentences(upload, upload)).count(" ") == 0


def test_chinese_writes_numbers_and_lists_its_own_way() -> None:
    assert (chinese.percent(0.93), chinese.tenths(0.934)) == ("93%", "93.4%")
    known = InputError("There is no recipe {name!r}; there are {known:and}.", name="x", known=["a", "b", "c"])
    assert chinese(known.message) == "没有训练方案 'x'；可选的有：a、b 和 c。"


def test_errors_carry_their_message() -> None:
    error = InputError("There is no file {path}.", path=Path("a{b}"))
    assert str(error) == "There is no file a{b}."
    assert chinese(error.message) == "没有文件 a{b}。"
    again = pickle.loads(pickle.dumps(error))  # as it goes from one process to another
    assert (type(again), again.message, str(again)) == (InputError, error.message, str(error))
    nested = InputError("{file}: {reason}", file="a.png", reason=error.message)
    assert chinese(nested.message) == "a.png：没有文件 a{b}。"
    assert InputError(error.message).message is error.message


def test_the_language_that_a_browser_prefers() -> None:
    assert i18n.preferred("zh-CN,zh;q=0.9,en;q=0.8") == "zh"
    assert i18n.preferred("fr,en;q=0.5,zh;q=0.7") == "zh"
    assert i18n.preferred("zh;q=x,en;q=0.1") == "en"
    assert i18n.preferred("") == i18n.preferred("fr") == "en"
