"""A person's place is kept: Back, Forward, reload and a copied link, thing by thing, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from resnet_demo.models import zoo
from resnet_demo.models.predict import classify

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

STREET = "#street svg"
UPLOAD = "#bar input[type=file]"


def view(page: Page) -> dict[str, str]:
    """What the address names."""
    return dict(parse_qsl(urlsplit(page.url).query))


def comes(page: Page, **expected: str | None) -> None:
    """Wait until the address names this; None: not at all."""
    page.wait_for_function(
        """(expected) => {
          const query = new URLSearchParams(location.search);
          return Object.entries(expected).every(([name, value]) => query.get(name) === value);
        }""",
        arg=expected,
    )


def drag(visit: Visit, dial: str, to: str) -> None:
    """Move a slider on its way to a value."""
    slider = visit.at(f"#{dial} input[type=range]")
    for value in ("0.9", "0.8", "0.7", to):
        slider.fill(value)


def test_every_step_back_and_forward(open_app: OpenApp, photo: Path) -> None:
    with open_app("?tab=inside", shows=STREET) as visit:
        page = visit.page
        comes(page, block="layer1.1")
        visit.at("#street .rd-wide [data-block='layer3.1']").click()
        comes(page, block="layer3.1")
        visit.at("#answer .rd-answer").nth(1).click()
        page.wait_for_function("() => !location.search.includes('target=cat')")
        other = view(page)["target"]
        visit.at("#chips [data-shortcuts=without]").click()
        comes(page, model="plain20")
        visit.at(UPLOAD).set_input_files(photo)
        comes(page, picture="own-1")
        mine = [p.label for p in classify(zoo.load("plain20"), photo)]
        expect(visit.at("#answer .rd-answer .rd-label")).to_have_text(mine)
        visit.turn_to("Cut", "#cut-street svg")
        comes(page, tab="cut")
        visit.at("#cut-street .rd-wide [data-block='layer2.1']").press("Enter")
        comes(page, cut="layer2.1")
        drag(visit, "dial-residual", "0.5")
        comes(page, alpha="0.5")
        visit.turn_to("Learn", "#lesson-steps")
        comes(page, tab="learn", step="1")
        visit.at("#lesson-next").click()
        comes(page, step="2")
        last, length = page.url, page.evaluate("history.length")

        page.go_back()
        comes(page, tab="learn", step="1")
        page.go_back()
        comes(page, tab="cut", alpha="0.5", cut="layer2.1")
        expect(visit.at("#dial-residual input[type=range]")).to_have_value("0.5")
        page.go_back()  # all that was dragged is one step
        comes(page, tab="cut", alpha=None, cut="layer2.1")
        expect(visit.at("#dial-residual input[type=range]")).to_have_value("1")
        page.go_back()
        comes(page, tab="cut", cut=None)
        expect(visit.at("#cut-street figcaption")).to_contain_text("the network as it is")
        page.go_back()
        comes(page, tab="inside", picture="own-1")
        expect(page.get_by_role("tab", selected=True)).to_have_text("Inside")
        expect(visit.at("#answer .rd-answer .rd-label")).to_have_text(mine)
        page.go_back()
        comes(page, model="plain20", picture="cat")
        page.go_back()
        comes(page, model="resnet20", target=other)
        expect(visit.at("#chips [data-shortcuts=with]")).to_have_attribute("aria-pressed", "true")
        page.go_back()
        comes(page, block="layer3.1", target="cat")
        page.go_back()
        comes(page, block="layer1.1")
        expect(visit.at("#street .rd-wide [data-block='layer1.1']").first).to_have_attribute("aria-pressed", "true")

        # All the way forward, as fast as one can press.
        page.evaluate("() => { for (let step = 0; step < 9; step++) setTimeout(() => history.forward(), 40 * step); }")
        page.wait_for_url(last)
        expect(visit.at("#lesson-steps [aria-current=step]")).to_have_text("2")
        expect(page.get_by_role("tab", selected=True)).to_have_text("Learn")
        page.wait_for_timeout(500)
        assert (page.url, page.evaluate("history.length")) == (last, length)


def test_a_reload_keeps_what_is_the_visitors(open_app: OpenApp, photo: Path) -> None:
    with open_app("?tab=learn&step=1&present=1", shows="#lesson-steps") as visit:
        page = visit.page
        visit.at("#lesson-answer .rd-choice").first.click()
        visit.at(UPLOAD).set_input_files(photo)
        comes(page, picture="own-1")
        visit.settle()
        page.goto(page.url.replace("tab=learn", "tab=cut"))
        visit.at("#cut-street .rd-wide [data-block='layer2.1']").press("Enter")
        comes(page, cut="layer2.1", present="1")
        drag(visit, "dial-shortcut", "0.6")
        comes(page, **{"lambda": "0.6"})
        before, shown = page.url, visit.at("#cut-answer .rd-changes").inner_text()
        visit.settle()
        page.reload()
        expect(visit.at("#cut-answer .rd-changes")).to_have_text(shown, use_inner_text=True)
        expect(visit.at("#dial-shortcut input[type=range]")).to_have_value("0.6")
        assert page.url == before
        visit.settle()
        page.goto(page.url.replace("tab=cut", "tab=learn"))
        expect(visit.at("#lesson-answer .rd-choice").first).to_have_attribute("aria-pressed", "true")
        assert page.locator(".toast-body").count() == 0

        # The key of the visit stands in no address and no HTML.
        key = key_of(page)
        assert len(key) >= 32
        assert key not in page.content() + page.url


def test_two_tabs_are_two_visits(open_app: OpenApp, photo: Path) -> None:
    with open_app("?tab=inside", shows=STREET) as visit:
        page, context = visit.page, visit.page.context
        visit.at(UPLOAD).set_input_files(photo)
        comes(page, picture="own-1")
        mine = visit.at("#answer .rd-answers").inner_text()
        keys = {key_of(page)}

        copy = context.new_page()  # a duplicated tab brings a copy of the first one's sessionStorage
        stored = page.evaluate("JSON.stringify({...sessionStorage})")
        copy.add_init_script(
            f"if (!sessionStorage.length) for (const [k, v] of Object.entries({stored})) sessionStorage.setItem(k, v);"
        )
        copy.goto(page.url)
        expect(copy.locator("#answer .rd-answers")).to_have_text(mine, use_inner_text=True)
        keys.add(key_of(copy))
        fresh = tab(context, page.url)
        expect(fresh.locator(".toast-body")).to_contain_text("The picture is not part of this link")
        comes(fresh, picture="cat")
        keys.add(key_of(fresh))
        assert len(keys) == 3
        copy.locator("#street .rd-wide [data-block='layer3.2']").click()
        comes(copy, block="layer3.2")
        visit.settle()
        page.reload()
        expect(visit.at("#answer .rd-answers")).to_have_text(mine, use_inner_text=True)
        assert view(page)["block"] == "layer1.1"


def test_a_copied_link_has_the_exact_input(open_app: OpenApp, photo: Path) -> None:
    with open_app("?tab=inside&model=plain20", shows=STREET) as visit:
        page, context = visit.page, visit.page.context
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.at(UPLOAD).set_input_files(photo)
        comes(page, picture="own-1")
        visit.at("#street .rd-wide [data-block='layer2.2']").click()
        comes(page, block="layer2.2")
        mine = visit.at("#answer .rd-answers").inner_text()
        visit.at("#share").click()
        expect(visit.at("#share")).to_contain_text("Copied")
        link = page.evaluate("navigator.clipboard.readText()")
        assert 1500 < len(link) < 5000
        other = tab(context, link)
        expect(other.locator("#answer .rd-answers")).to_have_text(mine, use_inner_text=True)
        comes(other, model="plain20", block="layer2.2", picture="own-1", input=None)
        assert other.locator(".toast-body").count() == 0


def key_of(page: Page) -> str:
    kept = page.wait_for_function(
        """() => {  // what was answered in the lesson is kept beside it
          const name = Object.keys(sessionStorage).find((name) => name.startsWith('lab-visit '));
          return name && sessionStorage.getItem(name);
        }"""
    )
    return json.loads(kept.json_value())["key"]


def tab(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#answer .rd-answers")).to_be_visible()
    return page
