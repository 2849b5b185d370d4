"""What moves to its new values does so only in how it is painted, and not where somebody asks for stillness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp

RECORD = """() => {
  globalThis.moved = [];
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (frames, options) {
    const drawing = this.closest('svg')?.getAttribute('class') ?? this.parentElement.className;
    globalThis.moved.push({ drawing, to: frames.at(-1), duration: options.duration });
    return animate.call(this, frames, options);
  };
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_is_drawn_moves_and_says_its_new_numbers_at_once(open_app: OpenApp, motion: str) -> None:
    with open_app("?picture=cat&tab=cut", shows="#cut-street svg.rd-wide") as visit:
        page = visit.page
        page.emulate_media(reduced_motion=motion)  # pyright: ignore[reportArgumentType]
        expect(visit.at("#lens svg")).to_be_visible()
        visit.settle()  # what has just come does not move
        page.evaluate(RECORD)
        before = visit.at("#lens circle").last.get_attribute("cy")
        slider = visit.at("#dial-residual input[type=range]")
        slider.fill("0.5")
        expect(visit.at("#lens circle").last).not_to_have_attribute("cy", before or "")  # the attribute is the new one
        visit.turn_to("Inside", "#street svg.rd-wide")
        visit.at("#street .rd-wide [data-block='layer3.1']").click()
        expect(visit.at("#block .rd-save").first).to_have_attribute("data-name", "resnet20-layer3.1")
        moved = page.evaluate("globalThis.moved")
        if motion == "reduce":
            assert moved == []
            return
        assert any("rd-lens" in each["drawing"] for each in moved)
        assert any("rd-bar" in each["drawing"] for each in moved)
        page.wait_for_function("() => globalThis.moved.some(({ drawing }) => drawing.includes('rd-block'))")
        assert all(each["duration"] <= 200 for each in page.evaluate("globalThis.moved"))
        page.wait_for_function("() => !document.querySelector('#block').getAnimations({ subtree: true }).length")
        assert visit.at("#block svg.rd-wide").evaluate("(svg) => getComputedStyle(svg).opacity") == "1"
