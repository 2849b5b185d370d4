"""A person takes the lesson from the first view to the last step, and a teacher opens a step by its address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import OpenApp, Visit

LAST = 9


def reading(visit: Visit) -> str:
    return visit.at("#lesson-now figcaption .rd-reading").first.text_content() or ""  # with what is folded away


def drawing(visit: Visit) -> str:
    return visit.at("#lesson-now svg:visible").first.evaluate("svg => svg.outerHTML")


def changes(visit: Visit, what: str) -> None:
    """Wait until the sentence is another one."""
    expect(visit.at("#lesson-now figcaption .rd-reading").first).not_to_have_text(what)


def test_the_whole_lesson(open_app: OpenApp) -> None:
    with open_app(shows="#answer .rd-answer") as visit:
        visit.at("#start-lesson").click()
        for step in range(1, LAST + 1):
            expect(visit.at("#lesson-prose h3:visible")).to_have_text(re.compile(rf"^{step}\. "))
            expect(visit.at(f"#lesson-steps [data-step='{step}']")).to_have_attribute("aria-current", "step")
            expect(visit.at("#lesson-prose .katex-display .katex-html:visible")).to_be_visible()
            expect(visit.at("#lesson-prose .katex-error")).to_have_count(0)
            visit.page.wait_for_function(f"/step={step}(&|$)/.test(location.search)")
            turn_every_control(visit)
            answer(visit)
            if step < LAST:
                visit.at("#lesson-next").click()
        expect(visit.at("#lesson-next")).to_be_disabled()
        expect(visit.at(".rd-lesson-seen .rd-not-yet")).to_have_count(0)  # all that was seen is recalled
        expect(visit.at("#lesson-now")).to_contain_text(
            "At the first attempt, 0 of 9 questions were answered correctly."
        )
        expect(visit.at("#lesson-now")).not_to_contain_text("Not answered yet")
        with visit.page.expect_download() as download:
            visit.at("#lesson-save").click()
        assert download.value.suggested_filename == "resnet56-without-shortcuts.safetensors"
        visit.at("[data-pick='5']").click()
        expect(visit.at("#lesson-prose h3:visible")).to_contain_text("What happens to the gradient")
        visit.at(f"#lesson-steps [data-step='{LAST}']").click()
        visit.at("[data-pick='cut']").click()
        expect(visit.at("#cut-street svg.rd-wide")).to_be_visible()


def turn_every_control(visit: Visit) -> None:
    choices = visit.at("#lesson-controls fieldset:visible")
    for index in range(choices.count()):
        said, drawn = reading(visit), drawing(visit)
        choices.nth(index).locator("input:not(:checked)").first.check()
        changes(visit, said)
        assert drawing(visit) != drawn
        said = reading(visit)
        choices.nth(index).locator("input:not(:checked)").first.check()
        changes(visit, said)
    sliders = visit.at("#lesson-controls input[type=range]:visible")
    for index in range(sliders.count()):
        said, slider = reading(visit), sliders.nth(index)
        at_its_end = slider.evaluate("slider => slider.value === slider.max")
        slider.press("ArrowLeft" if at_its_end else "ArrowRight")
        changes(visit, said)


def answer(visit: Visit) -> None:
    """Choose a wrong answer first, then the right one."""
    fold = visit.at("#lesson-answer .rd-step:visible details")
    expect(fold).not_to_have_attribute("open", "")
    visit.at("#lesson-answer .rd-choice[data-right='false']:visible").first.click()
    expect(visit.at("#lesson-answer .rd-miss:visible")).to_have_count(1)
    visit.at("#lesson-answer .rd-choice[data-right='true']:visible").click()
    expect(visit.at("#lesson-answer .rd-miss:visible")).to_have_count(0)
    expect(visit.at("#lesson-answer .rd-right:visible")).to_have_attribute("aria-pressed", "true")
    expect(fold.locator("p")).to_be_visible()


def test_a_teacher_opens_a_step(open_app: OpenApp, tmp_path: Path) -> None:
    query = "?tab=learn&step=6&model=resnet56&picture=cat&cut=layer2.1"
    with open_app(query, shows="#lesson-now svg") as visit:
        expect(visit.at("#lesson-now figcaption")).to_contain_text("Without block 2.1: ResNet-56")
        expect(visit.at("#lesson-now .rd-wide [data-block='layer2.1']")).to_have_attribute("aria-pressed", "true")
        said = reading(visit)
        visit.at("#lesson-now .rd-wide [data-block='layer3.0']").click()
        changes(visit, said)
        visit.page.wait_for_function("location.search.includes('cut=layer2.1%2Clayer3.0')")
        for kind, begins in (("svg", "<svg"), ("csv", "network,class,before,after"), ("png", "\x89PNG")):
            with visit.page.expect_download() as download:
                visit.at(f"#lesson-now .rd-save[data-kind='{kind}']").click()
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)
            assert path.name == f"resnet56-cut.{kind}"
            assert path.read_bytes().decode("latin-1").startswith(begins)


def test_a_place_in_a_map_is_clicked(open_app: OpenApp) -> None:
    with open_app("?tab=learn&step=2&picture=cat", shows="#lesson-now svg") as visit:
        said = reading(visit)
        box = visit.at("#lesson-now svg:visible .rd-place image").first.bounding_box()
        assert box
        visit.page.mouse.click(box["x"] + 0.77 * box["width"], box["y"] + 0.52 * box["height"])
        changes(visit, said)
        visit.page.wait_for_function("/row=16&column=24/.test(location.search)")
        expect(visit.at("#lesson-range-0 input[type=range]")).to_have_value("16")


def test_an_answer_stays_open_while_a_control_is_turned(open_app: OpenApp) -> None:
    with open_app("?tab=learn&step=3&picture=cat", shows="#lesson-now svg.rd-tall", width=390, height=844) as visit:
        visit.at("#lesson-answer summary:visible").click()
        expect(visit.at("#lesson-answer details p:visible")).to_be_visible()
        said = reading(visit)
        visit.at("#lesson-range-0 input[type=range]").press("ArrowRight")
        changes(visit, said)
        expect(visit.at("#lesson-answer details p:visible")).to_be_visible()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


FITS = """() => {
  const whole = (element) => {
    const box = element.getBoundingClientRect();
    const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 0.5 && box.right <= innerWidth;
    return box.height > 0 && inside;
  };
  const heading = [...document.querySelectorAll('#lesson-prose h3')].find((one) => one.getClientRects().length);
  const [figure, next] = ['#lesson-figure', '#lesson-next'].map((one) => document.querySelector(one));
  const parts = { heading, figure, next };
  return Object.entries(parts).filter(([, part]) => !part || !whole(part)).map(([name]) => name);
}"""


HEADING = "[...document.querySelectorAll('#lesson-prose h3')].find((one) => one.getClientRects().length).textContent"


def arrives(visit: Visit, step: int) -> None:
    """The step's own figure is there, and its controls."""
    expect(visit.at(f"#lesson-now .rd-drawn[data-step='{step}']")).to_be_visible()
    expect(visit.at("#lesson[data-turning]")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_step_fits_the_first_screen(open_app: OpenApp, language: str) -> None:
    """Heading, figure and Next, without scrolling; and the text changes before the server answers."""
    query = f"?tab=learn&picture=cat&lang={language}"
    with open_app(query, height=720, shows="#lesson-now svg") as visit:
        for step in range(1, LAST + 1):
            visit.page.keyboard.press(str(step))
            if step > 1:  # no answer can be that fast
                heading = (
                    "[...document.querySelectorAll('#lesson-prose h3')].find((one) => one.getClientRects().length)"
                )
                assert visit.page.evaluate(f"{heading}.textContent").startswith(f"{step}. ")
            arrives(visit, step)
            assert visit.page.evaluate(FITS) == [], step
            assert visit.page.evaluate("scrollY") == 0
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_keys_turn_the_steps(open_app: OpenApp) -> None:
    with open_app("?tab=learn&step=2&picture=cat", height=720, shows="#lesson-now svg") as visit:
        expect(visit.at("#lesson-keys")).to_contain_text("Keys: ← and → turn the steps")
        visit.page.keyboard.press("ArrowRight")
        arrives(visit, 3)
        visit.page.keyboard.press("ArrowLeft")
        arrives(visit, 2)
        visit.page.keyboard.press("Control+ArrowRight")
        visit.at("#lesson-range-0 input[type=range]").press("ArrowRight")  # the slider's own key
        visit.page.wait_for_function("/row=/.test(location.search)")
        expect(visit.at("#lesson-prose h3:visible")).to_have_text(re.compile(r"^2\. "))
        visit.page.get_by_role("tab", name="Learn").press("3")  # who has just come by the tab
        arrives(visit, 3)


def test_the_score_outlives_a_reload(open_app: OpenApp) -> None:
    with open_app("?tab=learn&step=1&picture=cat", height=720, shows="#lesson-now svg") as visit:
        visit.at("#lesson-answer .rd-choice[data-right='true']:visible").click()
        visit.page.keyboard.press("9")
        arrives(visit, 9)
        score = "At the first attempt, 1 of 9 questions was answered correctly."
        expect(visit.at("#lesson-now")).to_contain_text(score)
        read_out = "Plain-56 has"
        expect(visit.at("#lesson-below")).to_contain_text(read_out)
        visit.settle()
        visit.page.reload()
        arrives(visit, 9)
        expect(visit.at("#lesson-now")).to_contain_text(score)
        expect(visit.at("#lesson-now")).to_contain_text("Not answered yet: steps 2, 3, 4, 5, 6, 7, 8 and 9.")
        expect(visit.at("#lesson-below")).to_contain_text(read_out)


def test_a_projector_and_a_frame(open_app: OpenApp) -> None:
    query = "?tab=learn&step=3&picture=cat&present=1"
    with open_app(query, width=1920, height=1080, shows="#lesson-now svg") as visit:
        expect(visit.at("#bar")).to_be_hidden()
        box = visit.at("#lesson-figure").bounding_box()
        assert box
        assert box["width"] >= 0.55 * 1920
        size = visit.at("#lesson-prose p:visible").first.evaluate("text => parseFloat(getComputedStyle(text).fontSize)")
        assert size >= 20
        assert visit.page.evaluate(FITS) == []
    with open_app("?embed=learn&step=4&picture=cat", width=1200, height=700, shows="#lesson-now svg") as visit:
        expect(visit.at("#bar")).to_be_hidden()
        expect(visit.at("#pages [role=tablist]").first).to_be_hidden()
        expect(visit.at("#lesson-prose h3:visible")).to_have_text(re.compile(r"^4\. "))
        link = visit.at("#open-full")
        link.hover()
        address = str(link.get_attribute("href"))
        assert "step=4" in address
        assert "embed" not in address
