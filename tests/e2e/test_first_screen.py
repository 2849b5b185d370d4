"""What a visitor has before them at once, and that it answers to the hand: nothing jumps, nothing is dimmed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from resnet_demo.ui.pages import PAGES

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

SHOWS = {  # what tells that a page is filled
    "inside": "#curves svg",
    "gradcam": "#split svg",
    "cut": "#lens svg:visible",
    "train": "#degradation svg:visible",
    "learn": "#lesson-now svg",
    "experiments": "#experiment-bundled svg:visible",
}
IN_SIGHT = """(id) => {
  const { top, left, right, bottom, width, height } = document.getElementById(id).getBoundingClientRect();
  const whole = top >= 0 && left >= 0 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
  return { top, whole: whole && width > 0 && height > 0 };
}"""
# The share of the window's places at which there is figure or answer, and nothing over it.
FIGURE_AND_ANSWER = """() => {
  const [columns, rows] = [80, 45];
  let count = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const place = [((column + 0.5) / columns) * innerWidth, ((row + 0.5) / rows) * innerHeight];
      if (document.elementFromPoint(...place)?.closest('#street, #answer, #block, #evidence')) count += 1;
    }
  }
  return count / (columns * rows);
}"""
SHIFTS = """() => {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      const moved = sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join(', ');
      if (!hadRecentInput) shifts.push([value, moved]);
    }
  }).observe({ type: 'layout-shift', buffered: true });
}"""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# In every frame: how opaque the figures in sight are, with all that they lie in; and every word that comes.
WATCH = """() => {
  globalThis.seen = { faintest: 1, processing: 0, frames: 0 };
  const look = () => {
    for (const figure of document.querySelectorAll('#pages .rd-figure')) {
      if (!figure.getClientRects().length) continue;
      let opacity = 1;
      for (let one = figure; one; one = one.parentElement) opacity *= getComputedStyle(one).opacity;
      seen.faintest = Math.min(seen.faintest, opacity);
    }
    seen.frames += 1;
    requestAnimationFrame(look);
  };
  look();
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const node of addedNodes.length ? addedNodes : [target]) {
        const said = /processing/i.test(node.textContent);
        const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        if (said && element?.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) seen.processing += 1;
      }
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""


def test_on_a_laptop_it_is_figure_and_answer(open_app: OpenApp) -> None:
    with open_app(height=720, shows="#curves svg") as visit:
        street, answer = (visit.page.evaluate(IN_SIGHT, part) for part in ("street", "answer"))
        assert street["whole"]
        assert street["top"] <= 150
        assert answer["whole"]
        assert visit.page.evaluate("scrollY") == 0
        assert visit.page.evaluate(FIGURE_AND_ANSWER) >= 0.7


@pytest.mark.parametrize(
    ("query", "blocks"),
    [("", 9), ("?model=plain20", 9), ("?model=resnet18&weights=random", 8), ("?model=plain20&lang=zh", 9)],
)
def test_on_a_phone_it_is_the_street_and_the_answer(query: str, blocks: int, open_app: OpenApp) -> None:
    with open_app(query, width=390, height=844, shows="#curves svg.rd-tall") as visit:
        for part in ("street", "answer"):
            assert visit.page.evaluate(IN_SIGHT, part)["whole"], part
        expect(visit.at("#street .rd-tall .rd-stop:visible")).to_have_count(blocks)
        assert visit.page.evaluate("scrollY") == 0
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_the_note_leaves_room_for_them(open_app: OpenApp, photo: Path) -> None:
    with open_app(width=390, height=844, shows="#curves svg.rd-tall") as visit:
        visit.at("#bar input[type=file]").set_input_files(photo)
        expect(visit.at("#answer h3")).to_have_text("Probably none of its ten things")
        for part in ("street", "answer"):
            assert visit.page.evaluate(IN_SIGHT, part)["whole"], part
        expect(visit.at("#street svg.rd-tall")).to_contain_text("none of its things?")


def units(number: str) -> int:
    """−1.25 -> −125: without the rounding of floats."""
    return int(number.replace("−", "-").replace(".", ""))


def test_a_map_reads_out_its_arithmetic_and_asks_nobody(open_app: OpenApp) -> None:
    number = r"(−?\d+\.\d+)"
    sum_ = re.compile(rf"F\(x\) {number} \+ shortcut {number} = {number}, ReLU → y {number}")
    with open_app("?block=layer2.1", shows="#curves svg") as visit:
        visit.settle()
        before = len(visit.asked)
        drawing = visit.at("#block svg.rd-wide")
        maps = drawing.locator("[data-map] image")
        read = set()
        for index in range(maps.count()):
            maps.nth(index).scroll_into_view_if_needed()
            box = maps.nth(index).bounding_box()
            assert box
            for turn in range(4):  # another place each time
                across, down = ((0.1 + 0.23 * turn + 0.11 * index) % 1, (0.2 + 0.37 * turn + 0.07 * index) % 1)
                across, down = (0.05 + 0.9 * share for share in (across, down))  # not on the edge
                visit.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
                visit.page.evaluate(FRAMES)
                line = drawing.locator(".rd-line").first.text_content() or ""
                found = sum_.search(line)
                assert found, (index, across, down, line)
                change, carried, total, output = map(units, found.groups())
                assert change + carried == total, line
                assert output == max(0, total), line
                read.add(line)
        assert maps.count() >= 5
        assert len(read) > 8  # other places, other numbers
        assert visit.asked[before:] == []


@pytest.mark.parametrize("page", SHOWS)
def test_nothing_jumps_while_a_page_fills(page: str, open_app: OpenApp) -> None:
    with open_app(f"?tab={page}&picture=cat", height=720, shows=SHOWS[page]) as visit:
        visit.page.evaluate("document.fonts.ready.then(() => null)")
        visit.page.evaluate(SHIFTS)
        visit.page.evaluate(FRAMES)
        shifts = visit.page.evaluate("shifts")
        assert sum(value for value, _moved in shifts) <= 0.05, shifts


def test_the_shifts_of_every_page_are_measured() -> None:
    assert set(SHOWS) == {page.name for page in PAGES}


def test_clicks_are_answered_without_dimming_anything(open_app: OpenApp) -> None:
    with open_app(shows="#curves svg") as visit:
        visit.page.evaluate(WATCH)
        for block in ("layer3.1", "layer1.0", "layer2.2"):
            visit.at(f"#street .rd-wide [data-block='{block}']").click()
            expect(visit.at("#block figcaption")).to_contain_text(f"Block {block[5:]}")
        visit.at("#answer .rd-answer").nth(1).click()
        expect(visit.at("#answer .rd-answer").nth(1)).to_have_attribute("aria-pressed", "true")
        visit.at("#chips [data-shortcuts=both]").click()
        expect(visit.at("#street svg.rd-wide")).to_have_count(2)
        visit.turn_to("Cut", "#cut-street svg.rd-wide")
        visit.at("#cut-street .rd-wide [data-block='layer2.1'] image").first.click()
        expect(visit.at("#cut-street [data-block='layer2.1'][aria-pressed=true]").first).to_be_visible()
        seen = visit.page.evaluate("seen")
        assert seen["frames"] > 10
        assert (seen["faintest"], seen["processing"]) == (1, 0)


def test_a_quiet_line_says_what_waits(open_app: OpenApp) -> None:
    """Over a slow connection; the first page's own events, which bring nothing new, are not waited for."""
    with open_app(shows="#curves svg") as visit:
        visit.settle()
        connection = visit.page.context.new_cdp_session(visit.page)
        slow = {"offline": False, "latency": 2000, "downloadThroughput": -1, "uploadThroughput": -1}
        connection.send("Network.enable")
        connection.send("Network.emulateNetworkConditions", slow)
        for block in ("layer3.1", "layer1.0"):
            visit.at(f"#street .rd-wide [data-block='{block}']").click()
            expect(visit.at("#street[data-waiting]")).to_have_count(1)
            expect(visit.at("#block figcaption")).to_contain_text(f"Block {block[5:]}")
            expect(visit.at("[data-waiting]")).to_have_count(0)


def next_stop(visit: Visit, says: str) -> None:
    visit.at("#tour .rd-tour-next").click()
    expect(visit.at("#tour")).to_contain_text(says)


def test_the_tour_is_shown_once(open_app: OpenApp, photo: Path) -> None:
    with open_app(tour=True) as visit:
        tour = visit.at("#tour")
        expect(tour).to_contain_text("1 / 4")
        visit.at("#street .rd-wide [data-block='layer2.0']").click()  # what it speaks of leads on
        expect(tour).to_contain_text("2 / 4")
        expect(visit.at("#block figcaption")).to_contain_text("Block 2.0")
        next_stop(visit, "3 / 4")
        next_stop(visit, "4 / 4")
        visit.at("#tour .rd-tour-next").click()
        expect(tour).to_have_count(0)
        visit.page.goto(visit.page.url.split("?")[0])
        expect(visit.at("#curves svg.rd-wide")).to_be_visible()
        expect(tour).to_have_count(0)
        visit.at("#foot [data-tour]").click()  # it can be had again
        expect(tour).to_contain_text("1 / 4")
        visit.page.keyboard.press("Escape")
        expect(tour).to_have_count(0)
        visit.at("#foot [data-tour]").click()
        expect(tour).to_contain_text("1 / 4")
        visit.at("#bar input[type=file]").set_input_files(photo)  # whose answer it would cover
        expect(tour).to_have_count(0)


def test_a_report_is_one_file_with_everything_in_it(open_app: OpenApp, tmp_path: Path) -> None:
    with open_app("?picture=ship&block=layer2.1", shows="#curves svg") as visit:
        with visit.page.expect_download() as download:
            visit.at("#foot [data-report]").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == ".html"
        asked: list[str] = []
        report = visit.page.context.new_page()
        report.on("request", lambda request: asked.append(request.url))
        report.goto(path.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        expect(report.locator("h1")).to_contain_text("Inside")
        expect(report.locator("figure > svg:visible")).to_have_count(4)  # street, block, evidence, curves
        for sentence in visit.at("#pages .rd-figure:visible .rd-reading > b").all_inner_texts():
            expect(report.locator("figcaption", has_text=sentence)).to_have_count(1)
        expect(report.locator("table")).to_contain_text("shortcut")  # the block's numbers, folded on the page
        expect(report.locator("ol li").first).to_contain_text(re.compile(r"ship \d+\.\d %"))
        expect(report.locator("dl")).to_contain_text("ResNet-20")
        expect(report.locator("dl")).to_contain_text("269,722 parameters")
        assert report.locator(".subject img").evaluate("picture => picture.naturalWidth") > 0
        expect(report.locator("dl a")).to_have_attribute("href", visit.page.url)


FAST = """
(names) => names.forEach((name) => {
  const stop = [...document.querySelectorAll(`[data-block="${name}"]`)].find((one) => one.getClientRects().length);
  stop.dispatchEvent(new MouseEvent('click', {bubbles: true}));
})
"""


def test_of_clicks_faster_than_answers_the_last_one_counts(open_app: OpenApp) -> None:
    with open_app(shows="#curves svg") as visit:
        visit.settle()
        for names in (["layer1.2", "layer3.1", "layer2.2"], ["layer2.1", "layer1.1"], ["layer3.2", "layer1.2"]):
            visit.page.evaluate(FAST, names)
            visit.settle()
            expect(visit.at(f"#street .rd-wide [data-block='{names[-1]}']")).to_have_attribute("aria-pressed", "true")
            assert f"block={names[-1]}" in visit.page.url


def test_of_wires_that_are_cut_faster_than_answers_all_count(open_app: OpenApp) -> None:
    with open_app("?tab=cut", shows="#cut-street svg") as visit:
        visit.settle()
        visit.page.evaluate(FAST, ["layer1.2", "layer3.1", "layer2.2", "layer3.1"])
        visit.settle()
        assert re.search(r"cut=layer1\.2(,|%2C|\+|%20)layer2\.2(&|$)", visit.page.url), visit.page.url
