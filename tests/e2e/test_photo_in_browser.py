"""A picture of one's own in a real browser: chosen, dropped, pasted, and a square of it dragged."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from resnet_demo.images import Framed
from resnet_demo.models import zoo
from resnet_demo.models.predict import rank

if TYPE_CHECKING:
    from .conftest import OpenApp, Visit

SHOWS = "#answer .rd-answer"
TRAVELS = """([type, bytes, name]) => {
  const there = new DataTransfer();
  there.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: 'image/png' }));
  const options = { bubbles: true, cancelable: true };
  if (type === 'paste') document.body.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: there }));
  else document.body.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: there }));
}"""


def wide_photo() -> Image.Image:
    """Another thing at each side: the answer follows the square."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 256, (8, 16, 3), dtype=np.uint8))
    return noise.resize((480, 240), Image.Resampling.BICUBIC)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(png(wide_photo()))
    return path


def labels_of(square: tuple[float, float, float] | None = None, picture: Image.Image | None = None) -> list[str]:
    network = zoo.load("resnet20")
    assert network.domain is not None
    with torch.inference_mode():
        logits = network(network.domain.to_input(Framed(picture or wide_photo(), square)))[0]
    return [prediction.label for prediction in rank(network, logits, 5)]


def expect_answer(visit: Visit, labels: list[str]) -> None:
    expect(visit.at("#answer .rd-answer .rd-label")).to_have_text(labels)


def travel(visit: Visit, how: str, content: bytes, name: str = "photo.png") -> None:
    import base64

    visit.page.evaluate(TRAVELS, [how, base64.b64encode(content).decode(), name])


def test_one_click_opens_the_chooser_and_the_old_answer_stays(open_app: OpenApp, photo: Path, tmp_path: Path) -> None:
    with open_app(shows=SHOWS) as visit:
        before = visit.at("#answer .rd-answer .rd-label").all_text_contents()
        with visit.page.expect_file_chooser() as chooser:
            visit.at("#upload").click()
        expect_answer(visit, before)
        chooser.value.set_files(photo)
        expect_answer(visit, labels_of())
        # What is no picture is refused with a sentence, and the picture that was there stays.
        text = tmp_path / "notes.txt"
        text.write_text("no picture")
        with visit.page.expect_file_chooser() as chooser:
            visit.at("#upload").click()
        chooser.value.set_files(text)
        expect(visit.at(".toast-body").first).to_contain_text("is not a picture that can be read here")
        expect_answer(visit, labels_of())
        expect(visit.at("html[data-sending]")).to_have_count(0)


def test_the_same_photo_once_more_is_waited_for_only_until_it_is_there(open_app: OpenApp, photo: Path) -> None:
    with open_app(shows=SHOWS) as visit:
        for number in (1, 2):
            travel(visit, "drop", photo.read_bytes())
            visit.page.wait_for_function(f"location.search.includes('picture=own-{number}')")
            expect(visit.at("html[data-sending]")).to_have_count(0, timeout=10_000)  # it gives up after a minute


def test_drop_and_paste(open_app: OpenApp) -> None:
    turned = wide_photo().rotate(180)
    with open_app(shows=SHOWS) as visit:
        travel(visit, "dragenter", b"")
        expect(visit.at(".rd-drop")).to_be_visible()
        travel(visit, "drop", png(wide_photo()))
        expect(visit.at(".rd-drop")).to_be_hidden()
        expect_answer(visit, labels_of())
        travel(visit, "paste", png(turned))
        expect_answer(visit, labels_of(picture=turned))


def test_a_long_screenshot_is_shown_as_a_whole(open_app: OpenApp, tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    wide_photo().rotate(90, expand=True).resize((200, 1600)).save(path)
    with open_app(shows=SHOWS) as visit:
        visit.at("#bar input[type=file]").set_input_files(path)
        expect(visit.at("#input [data-asked]")).to_have_attribute("data-square", "0.0000,0.4375,1.0000")
        visit.open_drawer("picture")
        frame, square, seen = (
            visit.at(selector).bounding_box() for selector in ("#frame .rd-frame", "#frame .rd-square", "#input img")
        )
        assert frame
        assert square
        assert seen
        assert frame["height"] <= seen["height"] + 1
        assert frame["height"] / frame["width"] == pytest.approx(8, rel=0.02)
        assert (square["width"], square["height"]) == pytest.approx((frame["width"], frame["width"]), abs=1)


def test_the_square_is_dragged_and_what_the_network_sees_follows(open_app: OpenApp, photo: Path) -> None:
    with open_app(shows=SHOWS) as visit:
        visit.at("#bar input[type=file]").set_input_files(photo)
        expect_answer(visit, labels_of())
        visit.at(".rd-picture-chip").click()
        square, seen = visit.at(".rd-square"), visit.at("#input img")
        box, before = square.bounding_box(), seen.get_attribute("src")
        assert box
        mouse, middle = visit.page.mouse, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.move(*middle)
        mouse.down()
        for step in range(1, 30):  # far beyond the left edge, where it stops
            mouse.move(middle[0] - 8 * step, middle[1])
        expect(seen).not_to_have_attribute("src", before or "")  # already while the button is down
        mouse.up()
        expect(visit.at("#input [data-asked]")).to_have_attribute("data-asked", "0.0000,0.0000,1.0000")
        expect_answer(visit, labels_of((0, 0, 1)))
        # The same picture once more begins in its middle, though the photo in the drawer is the same.
        with visit.page.expect_file_chooser() as chooser:
            visit.at("#ways [data-way=choose]").click()
        chooser.value.set_files(photo)
        expect(visit.at("#input [data-asked]")).to_have_attribute("data-square", "0.2500,0.0000,1.0000")
        expect(visit.at("html[data-sending]")).to_have_count(0)
        expect(square).to_have_attribute("style", re.compile("left: 25%"))
        square.focus()
        for _ in range(5):
            visit.page.keyboard.press("Shift+ArrowLeft")
        expect(visit.at("#input [data-asked]")).to_have_attribute("data-asked", "0.0000,0.0000,1.0000")
        # By keys: smaller around its middle, and to the right.
        square.focus()
        visit.page.keyboard.press("-")
        for _ in range(3):
            visit.page.keyboard.press("ArrowRight")
        expect(visit.at("#input [data-asked]")).to_have_attribute(
            "data-asked", re.compile(r"^0\.05\d\d,0\.04\d\d,0\.909")
        )
        asked = visit.at("#input [data-asked]").get_attribute("data-asked") or ""
        left, top, side = map(float, asked.split(","))
        expect_answer(visit, labels_of((left, top, side)))
        # A corner, with the opposite one in its place.
        box = square.bounding_box()
        assert box
        mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2)
        mouse.down()
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
        mouse.up()
        expect(visit.at("#input [data-asked]")).to_have_attribute(
            "data-asked", re.compile(rf"^{left:.4f},{top:.4f},0\.4")
        )
        # Escape closes the drawer, and the focus goes back to where it was opened.
        visit.page.keyboard.press("Escape")
        expect(visit.at("#picture-drawer")).to_be_hidden()
        expect(visit.at(".rd-picture-chip")).to_be_focused()
        # In a panorama the square is small; its middle moves it all the same, and not a corner.
        panorama = photo.with_name("panorama.png")
        wide_photo().crop((0, 0, 480, 60)).save(panorama)
        visit.at("#bar input[type=file]").set_input_files(panorama)
        expect(visit.at("#input [data-asked]")).to_have_attribute("data-square", "0.4375,0.0000,1.0000")
        visit.at(".rd-picture-chip").click()
        square.click()
        held = "(e) => { const { x, y, width: w, height: h } = e.getBoundingClientRect(); "
        held += "return document.elementFromPoint(x + w / 2, y + h / 2).className; }"
        assert square.evaluate(held) == "rd-square"


@pytest.mark.parametrize("width", [390, 640, 1280])
def test_the_bar_is_one_line_and_everything_in_it_can_be_reached(open_app: OpenApp, width: int) -> None:
    with open_app(shows=SHOWS, width=width) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        bar = visit.at("#bar").bounding_box()
        assert bar
        assert bar["height"] <= 57
        for chip in ("picture", "network"):
            visit.at(f"#bar [data-drawer={chip}]").click()
            expect(visit.at(f"#{chip}-drawer")).to_be_visible()
        expect(visit.at("#picture-drawer")).to_be_hidden()  # one at a time
        expect(visit.at("#shortcuts [data-shortcuts=without]")).to_be_visible()
        expect(visit.at("#network [data-choice=resnet20]")).to_be_visible()
        visit.page.keyboard.press("Escape")
        visit.at("#block-choice input").click()
        expect(visit.at("#block-choice [role=option]").first).to_be_visible()
        visit.page.keyboard.press("Tab")
        expect(visit.at("#block-choice [role=option]")).to_have_count(0)  # a menu closes when it loses the focus
        if width < 1180:
            visit.at("#bar [data-drawer=more]").focus()
            visit.page.keyboard.press("Enter")
            expect(visit.at("#more-drawer :focus")).to_have_count(1)
        expect(visit.at("#share")).to_be_visible()
        visit.at("#language").get_by_text("中文").click()
        expect(visit.at("#upload")).to_have_text("你的照片")


def test_the_answers_chip_leads_to_the_answer(open_app: OpenApp) -> None:
    with open_app("?tab=cut", shows="#cut-street svg") as visit:
        visit.at(".rd-answer-chip").click()
        expect(visit.at("#answer .rd-answer").first).to_be_in_viewport()
