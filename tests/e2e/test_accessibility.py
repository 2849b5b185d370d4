"""What axe-core finds wrong with the pages for those who cannot see them, or not well, or use no mouse."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from resnet_demo.ui.pages import BY_NAME

if TYPE_CHECKING:
    from .conftest import OpenApp

GRAVE = ("serious", "critical")
SHOWS = {
    "inside": "#street svg:visible",
    "gradcam": "#strip svg",
    "cut": "#cut-street svg:visible",
    "train": "#degradation svg:visible",
    "learn": "#lesson-now svg",
    "experiments": "#experiment-bundled svg",
}
OUTLINE = """[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
  .filter((heading) => heading.checkVisibility({ visibilityProperty: true }))
  .map(({ ariaLevel, localName, textContent }) => [Number(ariaLevel ?? localName[1]), textContent.trim()])"""
STILL = "document.getAnimations().every((animation) => animation.playState !== 'running')"


def told(violation: dict[str, Any]) -> str:
    places = "; ".join(f"{node['target']}: {node['html'][:120]}" for node in violation["nodes"][:4])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}. {places}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_grave(open_app: OpenApp, theme: str) -> None:
    with open_app(f"?__theme={theme}") as visit:
        for tab, drawing in SHOWS.items():
            visit.turn_to(str(BY_NAME[tab].label), drawing)
            expect(visit.at(".pending, .generating")).to_have_count(0)
            visit.page.wait_for_function(STILL)  # gradio fades what is being made anew
            found = Axe().run(visit.page).response
            assert found["passes"], "axe looked at nothing"
            grave = [told(violation) for violation in found["violations"] if violation["impact"] in GRAVE]
            assert grave == [], tab


@pytest.mark.parametrize("query", ["", "?second=dog", "?shortcuts=both"])
def test_no_level_of_headings_is_skipped(open_app: OpenApp, query: str) -> None:
    """So that who goes from heading to heading misses nothing: the app, the page, its parts."""
    with open_app(query) as visit:
        for tab, drawing in SHOWS.items():
            page = str(BY_NAME[tab].label)
            visit.turn_to(page, drawing)
            outline = visit.page.evaluate(OUTLINE)
            assert [level for level, _ in outline[:3]] == [1, 2, 3], (tab, outline)
            assert outline[1][1] == page
            assert all(after[0] - before[0] <= 1 for before, after in pairwise(outline)), (tab, outline)


def test_axe_would_find_something(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.page.evaluate("document.querySelector('#answer .rd-answer').replaceChildren()")
        assert "button-name" in {violation["id"] for violation in Axe().run(visit.page).response["violations"]}
