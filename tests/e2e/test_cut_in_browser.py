"""A person cuts wires, turns dials, and mends everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import OpenApp


def test_cut_a_block_turn_a_dial_and_mend(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.turn_to("Cut", "#cut-street svg:visible")
        caption = visit.at("#cut-street figcaption")
        expect(caption).to_contain_text("the network as it is")
        visit.at("#cut-street .rd-wide [data-block='layer3.0'] image").click()
        expect(caption).to_contain_text("Without F of block 3.0")
        expect(visit.at("#cut-street .rd-wide [data-block='layer3.0']")).to_have_attribute("aria-pressed", "true")
        expect(visit.at("#lens svg:visible")).to_contain_text("before")
        visit.page.wait_for_function("location.search.includes('cut=layer3.0')")

        slider = visit.at("#dial-residual input[type=range]")
        slider.focus()
        for _ in range(4):
            slider.press("ArrowLeft")
        expect(caption).to_contain_text(re.compile(r"with every F\(x\) multiplied by 0\.8\b"))  # not, on the way, 0.85
        visit.page.wait_for_function("/alpha=0.8(&|$)/.test(location.search)")

        address = visit.page.url
        visit.at("#mend").click()
        expect(caption).to_contain_text("the network as it is")
        expect(slider).to_have_value("1")
        expect(visit.at("#cut-street [aria-pressed=true]")).to_have_count(0)
    with open_app(
        address[address.index("?") :], shows="#cut-street svg"
    ) as visit:  # the link leads back to what was cut
        expect(visit.at("#cut-street figcaption")).to_contain_text("Without F of block 3.0 and with every F(x)")
        expect(visit.at("#dial-residual input[type=range]")).to_have_value("0.8")


def test_cut_a_shortcut_in_the_street_and_in_the_block(open_app: OpenApp) -> None:
    with open_app("?tab=cut", shows="#cut-street svg") as visit:
        caption = visit.at("#cut-street figcaption")
        visit.at("#cut-street .rd-wide [data-block='layer2.1.shortcut']").click()
        expect(caption).to_contain_text("Without the shortcut of block 2.1")
        expect(visit.at("#cut-block h3")).to_contain_text("Block 2.1")  # the block that was touched is opened
        wire = visit.at("#cut-block svg.rd-wide [data-block='layer2.1.shortcut']")
        expect(wire).to_have_attribute("aria-pressed", "true")
        wire.locator("path").first.dispatch_event("click")  # a curve: the middle of its box is not on it
        expect(caption).to_contain_text("the network as it is")
        visit.at("#cut-block svg.rd-wide [data-block='layer2.1']").locator("path").first.dispatch_event("click")
        expect(caption).to_contain_text("Without F of block 2.1")
        visit.page.wait_for_function("location.search.includes('cut=layer2.1')")


def test_cut_by_keyboard_and_beside_the_twin(open_app: OpenApp) -> None:
    with open_app("?tab=cut", shows="#cut-street svg") as visit:
        visit.at("#cut-street .rd-wide [data-block='layer1.1']").focus()
        visit.page.keyboard.press("Enter")
        expect(visit.at("#cut-street figcaption")).to_contain_text("Without F of block 1.1")
        visit.at("#chips [data-shortcuts=without]").click()
        expect(visit.at("#chips .rd-network-chip")).to_have_text("Plain-20")
        expect(visit.at("#cut-street figcaption")).to_contain_text("Without F of block 1.1")  # the cut goes along
