"""What a person does in the app, done in a real browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from resnet_demo.assets import asset
from resnet_demo.models import zoo
from resnet_demo.models.predict import classify

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

PAGES = {
    "Inside": "#street svg:visible",
    "Grad-CAM": "#strip svg",
    "Cut": "#cut-street svg:visible",
}


# Drawings that one has to push sideways; a strip of film is one that has as many frames as there are blocks.
CUT_OFF = """() => [...document.querySelectorAll('#pages .rd-figure .rd-scroll')]
  .filter((frame) => frame.scrollWidth > frame.clientWidth + 1 && !frame.querySelector('.rd-strip'))
  .map((frame) => frame.querySelector('svg')?.outerHTML.slice(0, 120))"""


def upload(visit: Visit, path: Path) -> None:
    """Give a file to the button of the bar."""
    visit.at("#bar input[type=file]").set_input_files(path)


def labels_of(picture: str | Path, network: str = "resnet20") -> list[str]:
    return [p.label for p in classify(zoo.load(network), Path(picture))]


def expect_answer(visit: Visit, labels: list[str]) -> None:
    expect(visit.at("#answer .rd-answer .rd-label")).to_have_text(labels)


def test_first_visit_shows_an_answer_and_an_open_block(open_app: OpenApp) -> None:
    with open_app() as visit:
        expected = labels_of(asset("examples", "cat.png"))
        expect_answer(visit, expected)
        expect(visit.at("#chips .rd-answer-chip")).to_contain_text(expected[0])
        expect(visit.at("#evidence svg")).to_be_visible()
        expect(visit.at("#evidence h3")).to_have_text(f"Where it sees “{expected[0]}”")
        visit.open_drawer("picture")
        expect(visit.at("#input")).to_contain_text("32×32")
        expect(visit.at("#frame img")).to_be_visible()
        visit.open_drawer("network")
        expect(visit.at("#facts")).to_contain_text("269,722 parameters")
        visit.page.keyboard.press("Escape")
        expect(visit.at("#network-drawer")).to_be_hidden()
        expect(visit.at("#street .rd-wide .rd-stop")).to_have_count(9)
        expect(visit.at("#street .rd-wide .rd-stop[aria-pressed=true]")).to_have_attribute("data-block", "layer1.1")
        expect(visit.at("#block figcaption")).to_contain_text("Block 1.1")
        expect(visit.at("#block svg.rd-wide")).to_be_visible()
        expect(visit.at("#channels .rd-card").first).to_be_visible()
        expect(visit.at("#curves svg.rd-wide")).to_be_visible()


def test_through_all_pages(open_app: OpenApp, photo: Path) -> None:
    """Upload, block, channel, class, twin, another method: one visit, as a person would."""
    with open_app() as visit:
        upload(visit, photo)
        labels = labels_of(photo)
        expect_answer(visit, labels)

        # The class, by an answer's bar: the evidence is now for that one, the answer stays.
        second = visit.at("#answer .rd-answer").nth(1)
        second.click()
        expect(visit.at("#evidence h3")).to_have_text(f"Where it sees “{labels[1]}”")
        expect(visit.at("#answer .rd-answer").nth(1)).to_have_attribute("aria-pressed", "true")
        expect_answer(visit, labels)

        # A block of the street, and a channel of the grid.
        visit.at("#street .rd-wide [data-block='layer3.1']").click()
        expect(visit.at("#block figcaption")).to_contain_text("Block 3.1")
        expect(visit.at("#block-choice input")).to_have_value("3.1")
        expect(visit.at("#street .rd-wide [data-block='layer3.1']")).to_have_attribute("aria-pressed", "true")
        grid = visit.at("#channels .rd-residual .rd-grid").first
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        assert box
        columns, rows = (int(grid.get_attribute(f"data-{name}") or 0) for name in ("columns", "rows"))
        assert (columns, rows) == (8, 8)
        grid.click(position={"x": box["width"] * 2.5 / columns, "y": box["height"] * 3.5 / rows})
        expect(visit.at("#channel input")).to_have_value("26")  # fourth row, third column
        expect(visit.at("#channels")).to_contain_text("Channel 26 enlarged")
        expect(visit.at("#channels .rd-card .rd-large img[alt$='channel 26, enlarged']")).to_have_count(5)

        # The film strip, and the class by the dropdown.
        visit.turn_to("Grad-CAM", "#strip svg")
        expect(visit.at("#target input")).to_have_value(labels[1])
        expect(visit.at("#cam h3")).to_have_text("Block 3.1")
        expect(visit.at("#strip h3")).to_have_text(f"Where every block sees “{labels[1]}”")
        visit.at("#strip [data-block='layer1.0']").click()
        expect(visit.at("#cam h3")).to_have_text("Block 1.0")
        visit.choose("target", "frog")
        expect(visit.at("#strip h3")).to_have_text("Where every block sees “frog”")
        visit.at("#sign").get_by_label("for and against").check()
        expect(visit.at("#strip figcaption")).not_to_be_empty()
        expect(visit.at("#split svg")).to_be_visible()

        # One of captum's methods.
        visit.choose("method", "Saliency")
        visit.at("#compute").click()
        expect(visit.at("#other svg")).to_be_visible()
        expect(visit.at("#other figcaption")).to_contain_text("Saliency")

        # The plain twin: on this page there is one branch, and nothing left of the other network's map.
        visit.at("#chips [data-shortcuts=without]").click()
        expect(visit.at("#split")).to_contain_text("there is only one branch")
        expect(visit.at("#chips [data-shortcuts=without]")).to_have_attribute("aria-pressed", "true")
        expect(visit.at("#chips .rd-network-chip")).to_have_text("Plain-20")
        expect(visit.at("#other svg")).to_have_count(0)
        visit.turn_to("Inside", "#street svg:visible")
        expect(visit.at("#street figcaption")).to_contain_text("no motorway")
        expect(visit.at("#block")).to_contain_text("replaces x by F(x)")
        expect(visit.at("#block-choice input")).to_have_value("1.0")
        expect_answer(visit, labels_of(photo, "plain20"))


def test_choosing_an_example(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.open_drawer("picture")
        expect(visit.at("#examples .rd-example")).to_have_count(10)
        visit.at("#examples").get_by_label("Example: ship").click()
        expect_answer(visit, labels_of(asset("examples", "ship.png")))
        assert visit.page.evaluate("new URLSearchParams(location.search).get('model')") == "resnet20"


def test_opacity_moves_at_once_and_asks_nobody(open_app: OpenApp) -> None:
    with open_app() as visit:
        heat = visit.at("#evidence .rd-heat")
        expect(heat).to_have_attribute("opacity", "0.6")
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        visit.at("#evidence .rd-opacity").fill("15")
        expect(heat).to_have_attribute("opacity", "0.15")
        visit.at("#evidence .rd-opacity").press("ArrowRight")
        expect(heat).to_have_attribute("opacity", "0.16")
        assert [url for url in asked if "queue/join" in url or "/run/" in url] == []


def test_figures_are_saved(open_app: OpenApp) -> None:
    with open_app(scheme="dark") as visit:
        with visit.page.expect_download() as download:
            visit.at("#block .rd-save[data-kind=svg]").click()
        assert download.value.suggested_filename == "resnet20-layer1.1.svg"
        saved = Path(download.value.path()).read_text("utf-8")
        root = ElementTree.fromstring(saved)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "Block layer1.1" in root.attrib["aria-label"]
        assert "var(" not in saved  # few programs besides browsers know CSS variables
        assert "#0072b2" in saved  # the shortcut's colour, light
        assert float(root.attrib["width"]) > float(root.attrib["height"])  # the one in sight, not the phone's

        for where in ("#block", "#curves"):
            with visit.page.expect_download() as download:
                visit.at(f"{where} .rd-save[data-kind=png]").click()
            assert download.value.suggested_filename.endswith(".png")
            picture = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
            picture.load()
            assert picture.format == "PNG"
            assert picture.width >= 1200
            colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
            assert (colours[0] == 255).all()  # on white
            assert len(np.unique(colours, axis=0)) > 50  # and something on it

        with visit.page.expect_download() as download:
            visit.at("#channels .rd-card .rd-save").first.click()
        assert download.value.suggested_filename == "resnet20-layer1.1-x.png"
        assert Image.open(Path(download.value.path())).size == (4 * 33, 4 * 33)  # 16 channels of 32 pixels and a gap

        visit.turn_to("Grad-CAM", "#strip svg")
        with visit.page.expect_download() as download:
            visit.at("#strip .rd-save[data-kind=svg]").click()
        ElementTree.parse(download.value.path())


def test_address_opens_what_it_names(open_app: OpenApp) -> None:
    with open_app("?model=plain20&block=layer2.1&target=frog") as visit:
        expect(visit.at("#chips .rd-network-chip")).to_have_text("Plain-20")
        expect(visit.at("#block-choice input")).to_have_value("2.1")
        expect(visit.at("#evidence .rd-class[aria-pressed=true]")).to_have_text("frog")
        expect(visit.at("#evidence h3")).to_have_text("Where it sees “frog”")
        expect(visit.at("#block figcaption")).to_contain_text("Block 2.1")
        # The address follows what is chosen.
        visit.at("#street .rd-wide [data-block='layer3.2']").click()
        expect(visit.page).to_have_url(re.compile(r"[?&]model=plain20&.*block=layer3\.2"))
        visit.open_drawer("picture")
        visit.at("#examples [data-example=ship]").click()
        expect(visit.page).to_have_url(re.compile(r"picture=ship"))
        assert visit.page.locator(".toast-body").count() == 0


def test_address_opens_the_page_that_it_names(open_app: OpenApp) -> None:
    with open_app("?tab=inside&model=plain20&picture=horse", shows="#curves svg") as visit:
        expect(visit.at("#block figcaption")).to_contain_text("Block 1.1")
        expect(visit.page.get_by_role("tab", selected=True)).to_have_text("Inside")
        visit.at("#chips [data-shortcuts=with]").click()
        expect(visit.page).to_have_url(re.compile(r"[?&]model=resnet20&weights=trained&tab=inside&.*picture=horse"))
        visit.settle()
        visit.page.reload()
        expect(visit.at("#block figcaption")).to_contain_text("Block 1.1")
        expect(visit.at("#chips .rd-network-chip")).to_have_text("ResNet-20")


def test_opacity_stays(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.at(".rd-opacity").fill("20")
        expect(visit.at("#evidence .rd-heat")).to_have_attribute("opacity", "0.2")
        visit.at(".rd-answer").nth(2).click()
        expect(visit.at(".rd-answer").nth(2)).to_have_attribute("aria-pressed", "true")
        expect(visit.at("#evidence .rd-heat")).to_have_attribute("opacity", "0.2")
        assert visit.page.locator(".toast-body").count() == 0


def test_wrong_address_gives_a_notice_and_a_working_page(open_app: OpenApp) -> None:
    nasty = "<img src=x onerror=never()>"  # as much as is quoted of a stranger's words; run, it is a complaint
    with open_app(f"?model=resnet9000&block={nasty}&target=unicorn") as visit:
        toast = visit.page.locator(".toast-body")
        expect(toast).to_contain_text("There is no network 'resnet9000'")
        expect(toast).to_contain_text("There is no class 'unicorn'")
        expect(toast).to_contain_text(f"There is no block {nasty!r}")  # as text, not as a tag
        expect(toast.locator("img")).to_have_count(0)
        expect_answer(visit, labels_of(asset("examples", "cat.png")))
        expect(visit.at("#block figcaption")).to_contain_text("Block 1.1")


def test_damaged_picture_gives_a_notice_and_the_app_goes_on(open_app: OpenApp, photo: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(photo.read_bytes()[:4000])
    with open_app() as visit:
        upload(visit, damaged)
        toast = visit.page.locator(".toast-body")
        expect(toast).to_contain_text("damaged.png is damaged: the picture in it cannot be decoded.")
        expect_answer(visit, labels_of(asset("examples", "cat.png")))  # what was there is still there,
        expect(visit.at("html[data-sending]")).to_have_count(0)  # nothing waits for it any more,
        expect(visit.page.get_by_text("Error", exact=True)).to_have_count(1)  # and only the notice speaks of an error
        upload(visit, photo)
        expect_answer(visit, labels_of(photo))


def test_wrong_weights_give_a_notice_and_the_app_goes_on(open_app: OpenApp, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"these are words")
    with open_app() as visit:
        visit.open_drawer("network")
        visit.page.get_by_text("Weights of your own").click()
        visit.at("#file input[type=file]").set_input_files(wrong)
        expect(visit.page.locator(".toast-body")).to_contain_text("wrong.safetensors")
        visit.open_drawer("picture")
        visit.at("#examples").get_by_label("Example: dog").click()
        expect_answer(visit, labels_of(asset("examples", "dog.png")))


def test_seed_is_asked_for_where_weights_are_random(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.open_drawer("network")
        expect(visit.at("#seed")).to_have_count(0)
        visit.at("#weights").get_by_label("random").check()
        expect(visit.at("#facts")).to_contain_text("seed 0")
        expect(visit.at("#answer")).to_contain_text("means nothing")
        visit.at("#seed input").fill("7")
        visit.at("#seed input").press("Enter")
        expect(visit.at("#facts")).to_contain_text("seed 7")
        visit.at("#seed input").fill("-7")
        visit.at("#seed input").press("Enter")
        expect(visit.page.locator(".toast-body")).to_contain_text("The seed must be a whole number from 0 to")
        expect(visit.at("#seed input")).to_have_value("7")  # what was refused does not stay


def test_keyboard_reaches_and_opens_a_block(open_app: OpenApp) -> None:
    with open_app() as visit:
        expect(visit.at("#street .rd-wide .rd-stop")).to_have_count(9)
        visit.page.keyboard.press("Tab")  # from the top of the page: past the bar and the tabs
        expect(visit.page.locator("*:focus")).to_have_text("Skip to the content")
        visit.page.keyboard.press("Enter")
        for _ in range(3):  # one of the blocks takes the focus; arrow keys lead from there to all others
            visit.page.keyboard.press("Tab")
            if visit.page.evaluate("document.activeElement.dataset.block || ''"):
                break
        for _ in range(9):
            if visit.page.evaluate("document.activeElement.dataset.block") == "layer2.0":
                break
            visit.page.keyboard.press("ArrowRight")
        focused = visit.page.locator("*:focus")
        expect(focused).to_have_attribute("data-block", "layer2.0")
        expect(focused).to_have_attribute("aria-label", re.compile("^Block layer2.0: changes what passes by"))
        visit.page.keyboard.press("Enter")
        expect(visit.at("#block figcaption")).to_contain_text("Block 2.0")
        # Still there: whoever goes on by keyboard does not begin anew at the top of the page.
        expect(visit.page.locator("*:focus")).to_have_attribute("data-block", "layer2.0")


@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "light"), (390, 844, "dark"), (640, 360, "light")])
def test_nothing_is_wider_than_a_phone(open_app: OpenApp, width: int, height: int, scheme: str) -> None:
    """Nor, in a window of 1280 by 720 that is enlarged to 200 %, wider than that."""
    others = {
        "Learn": "#lesson-now svg:visible", "Experiments": "#experiment-bundled svg:visible",
        "Train": "#degradation svg:visible",
    }  # fmt: skip
    with open_app(width=width, height=height, scheme=scheme) as visit:
        assert visit.page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        for page, shows in {**PAGES, **others}.items():
            visit.turn_to(page, shows)
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{page} is {wide} px wide"
            assert visit.page.evaluate(CUT_OFF) == [], page
        visit.turn_to("Inside", "#block svg.rd-tall")
        expect(visit.at("#block svg.rd-wide")).to_be_hidden()


def test_on_a_phone_a_link_to_a_page_opens_on_it(open_app: OpenApp) -> None:
    with open_app("?tab=cut", width=390, height=844, shows="#cut-street svg.rd-tall") as visit:
        assert visit.page.evaluate("document.querySelector('#pages').getBoundingClientRect().top") < 100
        expect(visit.at("#cut-street svg.rd-tall")).to_be_in_viewport()


def test_two_people_at_once(open_app: OpenApp) -> None:
    with open_app() as first, open_app("?model=plain20") as second:
        for visit in (first, second):
            visit.open_drawer("picture")
        first.at("#examples").get_by_label("Example: truck").click()
        second.at("#examples").get_by_label("Example: frog").click()
        expect_answer(first, labels_of(asset("examples", "truck.png")))
        expect_answer(second, labels_of(asset("examples", "frog.png"), "plain20"))
        expect(first.at("#chips .rd-network-chip")).to_have_text("ResNet-20")


@pytest.mark.parametrize(
    "mischief",
    ["console.error('a complaint')", "setTimeout(() => { throw new Error('uncaught'); })", "fetch('http://[::1]:9/')"],
)
def test_the_watch_notices(open_app: OpenApp, mischief: str) -> None:
    """The assertion that every test here ends with can fail."""
    with pytest.raises(AssertionError, match=r"a complaint|uncaught|::1"), open_app() as visit:
        visit.page.evaluate(f"() => {{ {mischief}; return new Promise((done) => setTimeout(done, 100)); }}")
