"""A person moves through the training of a network by hand, and lets it play."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from resnet_demo.models import zoo

if TYPE_CHECKING:
    from .conftest import OpenApp

EPOCHS = zoo.epochs("resnet20")
pytestmark = pytest.mark.skipif(not EPOCHS, reason="no snapshots of the training of resnet20 are in assets/weights")


def test_the_slider_and_play(open_app: OpenApp) -> None:
    with open_app(f"?tab=inside&epoch={EPOCHS[1]}", shows="#street svg") as visit:
        title, slider, play = (visit.at(f"#film {part}") for part in (".rd-film-title", "input", ".rd-play"))
        expect(title).to_have_text(f"ResNet-20 after epoch {EPOCHS[1]}")
        expect(slider).to_have_value("1")
        caption = visit.at("#street figcaption")
        before = caption.inner_text()

        # By hand, with the keyboard: fast, but no moment is shown that was not asked for last.
        slider.focus()
        for _ in range(2):
            slider.press("ArrowRight")
        expect(title).to_have_text(f"ResNet-20 after epoch {EPOCHS[3]}")
        visit.page.wait_for_function(f"location.search.includes('epoch={EPOCHS[3]}&')")
        expect(caption).not_to_have_text(before)
        expect(slider).to_be_focused()
        slider.press("Home")
        expect(title).to_have_text("ResNet-20 before training")
        visit.page.wait_for_function("location.search.includes('epoch=0&')")

        # Play shows all moments in their order, stays at each, and stops at the end.
        visit.page.evaluate("""() => {
            window.rdSeen = [];
            const film = document.querySelector('#film');
            new MutationObserver(() => {
              const place = Number(film.querySelector('.rd-film')?.dataset.place);
              if (place >= 0 && rdSeen.at(-1)?.[0] !== place) rdSeen.push([place, performance.now()]);
            }).observe(film, { attributes: true, childList: true, subtree: true });
        }""")
        play.click()
        expect(play).to_contain_text("Pause")
        expect(title).to_have_text("ResNet-20 at the end of its training")
        expect(play).to_contain_text("Play")
        seen = [entry for entry in visit.page.evaluate("rdSeen") if entry[0] > 0]
        assert [place for place, _when in seen] == list(range(1, len(EPOCHS)))
        assert seen[-1][1] - seen[0][1] > 600 * (len(seen) - 1)  # about one in a second
        visit.page.wait_for_function("!location.search.includes('epoch=')")

        # From the end it plays from the start; whatever else is chosen ends it.
        play.click()
        expect(title).to_have_text("ResNet-20 before training")
        visit.at("#street .rd-wide [data-block='layer2.1']").click()
        expect(play).to_contain_text("Play")
        expect(visit.at("#block figcaption")).to_contain_text("Block 2.1")
        stopped_at = visit.at("#film .rd-film").get_attribute("data-place")
        time.sleep(2.5)  # two moments more would have come
        expect(visit.at("#film .rd-film")).to_have_attribute("data-place", stopped_at or "")

        # The twin is at the same moment; a network without snapshots has no slider.
        visit.at("#chips [data-shortcuts=without]").click()
        expect(title).to_contain_text("Plain-20")
        expect(visit.at("#film .rd-film")).to_have_attribute("data-place", stopped_at or "")
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("Plain-20")
        visit.open_drawer("network")
        visit.at("#network [data-choice=resnet32]").click()
        expect(visit.at("#film .rd-film")).to_have_count(0)


def test_on_a_phone_the_slider_stays_at_the_lower_edge(open_app: OpenApp) -> None:
    with open_app("?tab=inside&epoch=0", width=390, height=844, shows="#street svg.rd-tall") as visit:
        box = visit.at("#film").bounding_box()
        assert box is not None
        assert abs(box["y"] + box["height"] - 844) < 2
        assert box["width"] == 390
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
