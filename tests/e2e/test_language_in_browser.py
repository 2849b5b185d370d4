"""A person switches the language on every page and back: no word of the other one stays, and nothing gets lost."""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import expect

from resnet_demo import i18n
from resnet_demo.i18n import language as speaks
from resnet_demo.ui.pages import PAGES

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

SHOWS = {  # what tells that a page is drawn
    "inside": "#curves svg",
    "gradcam": "#split svg",
    "cut": "#lens svg:visible",
    "train": "#degradation svg:visible",
    "learn": "#lesson-now svg",
    "experiments": "#experiment-bundled svg.rd-wide",
}
# All that a person reads or hears; the folds are opened first.
SAID = """() => {
  document.querySelectorAll('details').forEach((fold) => { fold.open = true; });
  const heard = [...document.querySelectorAll('[aria-label], [alt]')].filter((one) => one.getClientRects().length);
  const said = heard.map((one) => one.getAttribute('aria-label') || one.alt);
  return [document.title, document.body.innerText, ...said].join('\\n');
}"""


@cache
def fixed_words() -> set[str]:
    """The English of what is said without any values in it, where Chinese says something else and does not quote it."""
    found = set()
    for path in (i18n.LOCALE / "zh" / "LC_MESSAGES").glob("*.po"):
        with path.open("rb") as file:
            found |= {str(entry.id) for entry in read_po(file, locale="zh") if str(entry.id) not in str(entry.string)}
    words = found
    return {text for text in words if not re.search("[<{]", text) and re.search("[a-z]{3}", text)}


def switch(visit: Visit, language: str) -> None:
    visit.at("#language").get_by_text(i18n.LANGUAGES[language], exact=True).click()
    expect(visit.at("html")).to_have_attribute("lang", language)


def strange_in(said: str, language: str) -> list[str]:
    """What belongs to the other language."""
    if language == "en":
        return sorted(set(re.findall("[\u4e00-\u9fff]+", said)) - {"中文", "语言"})  # the switch's own
    # As whole words: "Cut" is none in "execute".
    return [words for words in fixed_words() if re.search(rf"(?<![A-Za-z]){re.escape(words)}(?![A-Za-z])", said)]


def expect_only(visit: Visit, language: str) -> None:
    """What stands further down speaks the language a moment later: it comes in a second answer."""
    assert len(fixed_words()) > 50
    deadline = time.monotonic() + 20
    while (left := strange_in(visit.page.evaluate(SAID), language)) and time.monotonic() < deadline:
        visit.page.wait_for_timeout(200)
    assert left == []


@pytest.mark.parametrize("page", SHOWS)
def test_every_page_speaks_both_languages(page: str, open_app: OpenApp) -> None:
    with open_app(f"?tab={page}&picture=ship&cut=layer2.1&block=layer2.0", shows=SHOWS[page]) as visit:
        visit.page.wait_for_timeout(1000)  # what gradio shows while something is drawn comes late
        expect(visit.page.get_by_text("In queue")).to_have_count(0)  # and goes late where the computer is busy
        english = visit.page.evaluate(SAID)
        expect_only(visit, "en")
        switch(visit, "zh")
        folds = ["训练方法"] if page == "train" else []
        tabs = {page.name: speaks("zh")(page.label) for page in PAGES}
        expect(visit.page.get_by_role("tab", selected=True)).to_have_text(tabs[page])
        for heading in folds:
            visit.page.get_by_role("button", name=heading).click()
        visit.page.wait_for_function("location.search.includes('lang=zh')")
        expect_only(visit, "zh")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1280
        # Nothing is lost: picture, block, cut.
        for part in ("picture=ship", "cut=layer2.1", "block=layer2.0", f"tab={page}"):
            assert part in visit.page.url
        expect(visit.at("#chips .rd-answer-chip")).to_contain_text("船")
        for heading in folds:
            visit.page.get_by_role("button", name=heading).click()
        switch(visit, "en")
        visit.page.wait_for_function("!location.search.includes('lang=')")
        deadline = time.monotonic() + 20
        while (again := visit.page.evaluate(SAID)) != english and time.monotonic() < deadline:
            visit.page.wait_for_timeout(200)
        assert again.splitlines() == english.splitlines()


def test_through_the_pages_in_chinese(open_app: OpenApp) -> None:
    """The address leads back to the language; pages that were not in sight when it changed speak it, too."""
    with open_app("?picture=frog") as visit:
        switch(visit, "zh")
        tabs = {page.name: speaks("zh")(page.label) for page in PAGES}
        for page, shows in SHOWS.items():
            visit.turn_to(tabs[page], shows)
            visit.page.wait_for_function(f"location.search.includes('tab={page}')")
            expect_only(visit, "zh")
        visit.turn_to(tabs["cut"], SHOWS["cut"])
        # The lesson, which was opened on the way, has a deeper network: not before the visitor's own is back.
        expect(visit.at("#cut-street .rd-wide .rd-stop[data-block$='.2']")).to_have_count(3)
        expect(visit.at("#cut-street .rd-wide [data-block='layer3.8']")).to_have_count(0)
        visit.at("#cut-street .rd-wide [data-block='layer3.0'] image").click()
        expect(visit.at("#cut-street figcaption")).to_contain_text("切断块 3.0 的残差分支之后")
        visit.page.wait_for_function("location.search.includes('cut=layer3.0')")
        visit.settle()
        visit.page.reload()
        expect(visit.at("#cut-street figcaption")).to_contain_text("切断块 3.0 的残差分支之后")
        expect(visit.at("#language").get_by_label("中文")).to_be_checked()
        expect_only(visit, "zh")


def test_copying_a_link_says_so_and_goes_on_in_another_language(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.at("#share").click()
        expect(visit.at("#share")).to_have_text(re.compile("Copied|Copy the address"))
        expect(visit.at("#share")).to_have_text("Copy link")
        switch(visit, "zh")
        expect(visit.at("#share")).to_have_text("复制链接")


def test_a_first_visit_speaks_the_browsers_language(open_app: OpenApp) -> None:
    with open_app(locale="zh-CN") as visit:
        expect(visit.at("html")).to_have_attribute("lang", "zh")
        expect_only(visit, "zh")
        switch(visit, "en")
        visit.page.wait_for_function("location.search.includes('lang=en')")  # else a reload would be in Chinese again
        visit.settle()
        visit.page.reload()
        expect(visit.at("html")).to_have_attribute("lang", "en")
        expect(visit.at("#answer h3")).to_contain_text("What it answers")


def test_what_gradio_brings_along_speaks_the_language_too(open_app: OpenApp) -> None:
    """The titles of notices, what a screen reader is told of sliders, and the box for a file."""
    with open_app("?lang=zh&tab=cut&model=none", shows=SHOWS["cut"]) as visit:
        expect(visit.at(".toast-title")).to_have_text("警告")
        assert told_of_sliders(visit) == {
            "所有 F(x) 乘以：数值",
            "所有 F(x) 乘以：滑块",
            "所有捷径乘以：数值",
            "所有捷径乘以：滑块",
        }
        visit.open_drawer("network")
        visit.at("#network-drawer").get_by_role("button", name="使用自己的权重").click()
        expect(visit.at("#file")).to_contain_text("点击上传")
        expect_only(visit, "zh")
        visit.open_drawer("picture")
        expect_only(visit, "zh")
        switch(visit, "en")
        visit.page.wait_for_function("!location.search.includes('lang=zh')")
        expect(visit.at("#file")).to_contain_text("Click to Upload")
        assert {words.split(" for ")[0] for words in told_of_sliders(visit)} == {"number input", "range slider"}


def told_of_sliders(visit: Visit) -> set[str]:
    sliders = visit.at("#pages input[type=range]:visible, #pages input[type=number]:visible")
    return {words for words in sliders.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))") if words}


def test_an_error_is_titled_in_the_readers_language(open_app: OpenApp, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"no picture")
    with open_app("?lang=zh") as visit:
        visit.at("#bar input[type=file]").set_input_files(damaged)
        expect(visit.at(".toast-title")).to_have_text("错误")


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_words_of_gradio_follow_the_page_not_the_browser(open_app: OpenApp, code: str) -> None:
    say = i18n.language(code)
    with open_app(f"?lang={code}", locale="de-DE") as visit:
        visit.open_drawer("network")
        visit.at("#network-drawer button.label-wrap").click()
        expect(visit.at("#file")).to_contain_text(say(i18n.Message("Drop File Here")))
        expect(visit.at("#file")).to_contain_text(say(i18n.Message("Click to Upload")))
        expect(visit.at("#file")).not_to_contain_text("oder")
