"""Two pictures in one network, as a person compares them: by mouse, by keyboard, on a phone; the place is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

STREETS, CHIP = "#street svg.rd-wide", "#chips .rd-second-chip"


def comes(visit: Visit, **expected: str | None) -> None:
    """Wait until the address names this; None: not at all."""
    visit.page.wait_for_function(
        """(expected) => {
          const query = new URLSearchParams(location.search);
          return Object.entries(expected).every(([name, value]) => query.get(name) === value);
        }""",
        arg=expected,
    )


def test_a_second_picture_is_compared_and_kept(open_app: OpenApp, photo: Path, tmp_path: Path) -> None:
    with open_app("?picture=cat", shows=STREETS) as visit:
        page = visit.page
        comes(visit, picture="cat", second=None)
        visit.at(CHIP).click()
        visit.at("#second-examples [data-example=dog]").click()
        expect(visit.at(STREETS)).to_have_count(2)
        comes(visit, second="dog", picture="cat")
        expect(visit.at("#street figcaption").first).to_contain_text("picture B")
        expect(visit.at("#chips .rd-answer-chip")).to_contain_text("B: dog")
        expect(visit.at("#answer .rd-answers")).to_have_count(2)
        visit.at("#second-drawer input[type=file]").set_input_files(photo)
        comes(visit, second="own-1", picture="cat")
        page.keyboard.press("Escape")
        expect(visit.at(CHIP)).to_be_focused()

        with page.expect_download() as download:
            visit.at("#foot [data-report]").click()
        report = tmp_path / "report.html"
        download.value.save_as(report)
        page_of_report = page.context.new_page()
        page_of_report.goto(report.as_uri())
        pictures = page_of_report.locator(".subject img")
        expect(pictures).to_have_count(2)
        assert len({pictures.nth(index).get_attribute("src") for index in range(2)}) == 2
        expect(page_of_report.locator("figcaption", has_text="picture B").first).to_be_visible()
        expect(page_of_report.locator("dl")).to_contain_text("A: cat")
        page_of_report.close()

        visit.turn_to("Grad-CAM", "#strip svg")
        expect(visit.at("#strip svg")).to_have_count(2)
        photos = visit.at("#strip defs image").evaluate_all("(images) => new Set(images.map((i) => i.id)).size")
        assert photos == 2
        visit.turn_to("Cut", "#cut-street svg.rd-wide")
        visit.at("#cut-street .rd-wide [data-block='layer2.1'] image").first.click()
        expect(visit.at("#cut-street figcaption").first).to_contain_text("Without F of block 2.1")
        comes(visit, tab="cut", cut="layer2.1", second="own-1")

        page.reload()
        expect(visit.at("#cut-street svg.rd-wide")).to_have_count(2)
        comes(visit, cut="layer2.1", second="own-1")
        for tab in ("cut", "gradcam", "inside"):
            page.go_back()
            comes(visit, tab=tab, second="own-1", cut=None)
        page.go_back()
        comes(visit, second="dog")
        page.go_back()
        comes(visit, second=None)
        expect(visit.at(STREETS)).to_have_count(1)
        page.go_forward()
        comes(visit, second="dog")
        expect(visit.at(STREETS)).to_have_count(2)

        visit.at("#chips [data-shortcuts=both]").click()  # the one ends the other
        comes(visit, second=None, shortcuts="both")
        expect(visit.at(".toast-body").first).to_contain_text("the second picture is out of sight")
        expect(visit.at(f"{CHIP}.rd-none")).to_be_visible()


def test_by_keyboard_it_is_chosen_and_removed(open_app: OpenApp) -> None:
    with open_app("?picture=cat&lang=zh", shows=STREETS) as visit:
        page = visit.page
        visit.at("#chips .rd-picture-chip").focus()  # both chips are one stop of the Tab key
        page.keyboard.press("ArrowRight")
        expect(visit.at(CHIP)).to_be_focused()
        page.keyboard.press("Enter")
        expect(visit.at("#second-drawer :focus")).to_have_count(1)
        visit.at("#second-examples [data-example=ship]").press("Enter")
        comes(visit, second="ship")
        expect(visit.at("#street svg.rd-wide").nth(1)).to_contain_text("图片 B")
        visit.at("#second-remove").press("Enter")
        comes(visit, second=None)
        expect(visit.at(STREETS)).to_have_count(1)


def test_on_a_phone_the_way_is_in_the_drawer(open_app: OpenApp) -> None:
    with open_app("?picture=cat", width=390, height=844, shows="#street svg.rd-tall") as visit:
        page = visit.page
        expect(visit.at(CHIP)).to_be_hidden()
        visit.open_drawer("picture")
        visit.at("#to-second button").click()
        visit.at("#second-examples [data-example=frog]").click()
        expect(visit.at("#street svg.rd-tall")).to_have_count(2)
        expect(visit.at(CHIP)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        overflow = page.evaluate(
            "document.querySelector('#bar').scrollWidth - document.querySelector('#bar').clientWidth"
        )
        assert overflow <= 0
