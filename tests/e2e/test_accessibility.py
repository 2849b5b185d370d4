"""What axe-core finds wrong with the pages for those who cannot see them, or not well, or use no mouse."""

from __future__ import annotations

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


def test_axe_would_find_something(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.page.evaluate("document.querySelector('#answer .rd-answer').replaceChildren()")
        assert "button-name" in {violation["id"] for violation in Axe().run(visit.page).response["violations"]}
