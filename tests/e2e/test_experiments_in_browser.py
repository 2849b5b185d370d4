"""A person reads three experiments, runs one on their own picture, and cuts a block from its bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import OpenApp


def test_read_three_experiments_and_cut_a_block(open_app: OpenApp) -> None:
    with open_app() as visit:
        visit.turn_to("Experiments", "#experiment-bundled svg.rd-wide")
        for name, words in (("paths", "Which paths"), ("gradients", "vanish"), ("lesion", "without one block")):
            visit.at(f"#experiments-menu [data-experiment={name}]").click()
            expect(visit.at("#experiment h3")).to_contain_text(words)
            expect(visit.at("#experiment-bundled figcaption")).to_contain_text("Plain-56")
            visit.page.wait_for_function(f"location.search.includes('experiment={name}')")
        visit.at("#experiment [data-compared=resnet20]").click()
        expect(visit.at("#experiment-bundled figcaption")).to_contain_text("ResNet-20")
        expect(visit.at("#experiment-run")).to_be_disabled()  # without the data set mistakes cannot be counted
        expect(visit.at("#experiment-download")).to_be_visible()

        with visit.page.expect_download() as download:
            visit.at("#experiment-bundled [data-kind=csv]").click()
        assert download.value.suggested_filename == "lesion-resnet20-plain20.csv"
        assert "added layer1.0" in download.value.path().read_text()

        bars = visit.at("#experiment-bundled svg.rd-wide .rd-stop")  # one stop of the Tab key, whatever their number
        expect(bars.and_(visit.at("[tabindex='0']"))).to_have_count(1)
        bars.first.press("ArrowRight")
        expect(bars.nth(1)).to_be_focused()
        visit.at("#experiment-bundled svg.rd-wide [data-cut='plain20 layer2.1']").click()
        expect(visit.at("#cut-street figcaption")).to_contain_text("Without F of block 2.1")
        expect(visit.at("#chips .rd-network-chip")).to_have_text("Plain-20")


def test_run_one_on_a_phone(open_app: OpenApp) -> None:
    with open_app(
        "?tab=experiments&experiment=refinement", width=390, shows="#experiment-bundled svg.rd-tall"
    ) as visit:
        expect(visit.at("#experiments-menu [aria-pressed=true]")).to_be_in_viewport(ratio=1)  # of a menu that scrolls
        expect(visit.at("#experiment-here")).to_contain_text("with your picture")
        visit.at("#experiment-run").click()
        expect(visit.at("#experiment-live svg.rd-tall")).to_be_visible()
        expect(visit.at("#experiment-live figcaption")).to_contain_text("In ResNet-20")
        expect(visit.at("#experiment-run")).to_be_visible()
        expect(visit.at("#experiment-stop")).to_be_hidden()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
