"""Training in the browser, as a person does it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from resnet_demo.data.shapes import FIGURES
from resnet_demo.models import weights

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp, Visit

LONG = 120_000  # ms: drawing the shapes and the first steps on a busy computer


def pictures_seen(visit: Visit) -> int:
    """What the caption of the race says: "After about 12,800 pictures …"."""
    found = re.search(r"After (?:about )?([\d,]+) pictures", visit.at("#race figcaption").first.inner_text())
    return int(found[1].replace(",", "")) if found else 0


def more_than(pictures: int, visit: Visit) -> int:
    """Wait until the caption says more; it says no number while only one of the two has seen that many."""
    deadline = time.monotonic() + LONG / 1000
    while (seen := pictures_seen(visit)) <= pictures:
        assert time.monotonic() < deadline
        visit.page.wait_for_timeout(200)
    return seen


def test_train_watch_stop_classify_download_and_load_again(open_app: OpenApp, tmp_path: Path) -> None:
    with open_app("?tab=train", shows="#train") as visit:
        expect(visit.at("#degradation svg.rd-curves:visible")).to_be_visible()
        visit.choose("depth", "8 layers")
        visit.at("#seconds input").fill("120")  # tested every six seconds, and long from over when it is stopped
        visit.at("#train").click()

        # The curves grow.
        expect(visit.at("#train-status .rd-running")).to_be_visible(timeout=LONG)
        first = more_than(0, visit)
        more_than(first, visit)
        expect(visit.at("#race svg").first).to_contain_text("ResNet-8")
        expect(visit.at("#race svg").first).to_contain_text("Plain-8")

        # Stop keeps what was learned.
        visit.at("#stop").click()
        expect(visit.at("#train-result .rd-look")).to_have_count(2, timeout=LONG)
        expect(visit.at("#train-status")).to_contain_text("Stopped")
        expect(visit.at("#train")).to_be_visible()

        # Classify with it.
        visit.at("#train-result .rd-look[data-network=resnet8]").click()
        expect(visit.at("#street svg").first).to_be_visible()
        expect(visit.at("#facts")).to_contain_text("trained by you, in this session")
        expect(visit.at("#examples .rd-example")).to_have_count(len(FIGURES))
        answered = set(visit.at("#answer .rd-label").all_inner_texts())
        assert answered <= set(FIGURES)
        visit.at("#chips .rd-picture-chip").click()
        visit.at("#examples .rd-example").nth(3).click()
        visit.page.keyboard.press("Escape")

        # Download it, and load it again.
        visit.turn_to("Train", "#train-files a")
        with visit.page.expect_download() as download:
            visit.at("#train-files a[download='resnet8.safetensors']").first.click()
        path = tmp_path / "resnet8.safetensors"
        download.value.save_as(path)
        model = weights.load_file(path)
        assert model.domain is not None
        assert model.domain.labels == tuple(FIGURES)
        visit.turn_to("Inside", "#answer .rd-answer")
        visit.open_drawer("network")
        visit.page.get_by_text("Weights of your own").click()
        visit.at("#file input[type=file]").set_input_files(path)
        expect(visit.at("#facts")).to_contain_text("from your file")
        assert set(visit.at("#answer .rd-label").all_inner_texts()) <= set(FIGURES)


def test_a_preset_starts_at_once_and_a_mistake_stands_where_one_looks(open_app: OpenApp) -> None:
    with open_app("?tab=train", shows="#train") as visit:
        visit.at("#preset-own").click()
        expect(visit.at("#own-pictures")).to_be_visible()
        visit.at("#train").click()
        expect(visit.at("#train-status [role=alert]")).to_contain_text("upload a zip")
        expect(visit.at("#train")).to_be_visible()  # one can try again at once
        visit.at("#preset-twins").click()
        expect(visit.at("#own-pictures")).to_be_hidden()
        expect(visit.at("#seconds input")).to_have_value("120")
        expect(visit.at("#depth input")).to_have_value("56 layers")
        expect(visit.at("#train-status .rd-running")).to_be_visible(timeout=LONG)
        box = visit.at("#race figure").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < box["y"] + box["height"] <= visit.page.viewport_size["height"]  # in sight
        visit.at("#stop").click()
        expect(visit.at("#train")).to_be_visible(timeout=LONG)
        visit.at("#seconds input").fill("6")
        visit.at("#train").click()
        expect(visit.at("#train-status [role=alert]")).to_contain_text("from 10 to 600")


def test_a_race_goes_on_while_its_page_is_loaded_again(open_app: OpenApp) -> None:
    with open_app("?tab=train", shows="#train") as visit:
        visit.expected += ["AbortError", "Connection errored out"]  # the stream that the reload cuts off
        visit.choose("depth", "8 layers")
        visit.at("#seconds input").fill("120")  # tested every six seconds
        visit.at("#train").click()
        seen = more_than(0, visit)
        asked = []
        visit.page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        visit.page.reload()
        assert asked == ["beforeunload"]
        expect(visit.at("#train-status .rd-running")).to_be_visible(timeout=LONG)
        expect(visit.at("#depth input")).to_have_value("8 layers")
        more_than(seen, visit)
        visit.at("#stop").click()
        expect(visit.at("#train-result .rd-look")).to_have_count(2, timeout=LONG)


def test_a_closed_page_frees_the_place_for_the_next(open_app: OpenApp) -> None:
    with open_app("?tab=train", shows="#train") as visit:
        visit.choose("depth", "8 layers")
        visit.at("#seconds input").fill("600")
        visit.at("#train").click()
        expect(visit.at("#train-status .rd-running")).to_be_visible(timeout=LONG)
    # Ten minutes before the first would have been done: as soon as nobody has looked at it for a while.
    with open_app("?tab=train", shows="#train") as visit:
        visit.choose("depth", "8 layers")
        visit.at("#seconds input").fill("10")
        visit.at("#train").click()
        expect(visit.at("#train-result .rd-look")).to_have_count(2, timeout=LONG)
