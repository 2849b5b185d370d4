"""A download in a browser: chosen, watched, cancelled, gone on with, and its network in sight when it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect
from serving import ROOT, serving

if TYPE_CHECKING:  # at run time the name belongs to whichever conftest.py pytest loaded last
    from .conftest import OpenApp


# The app, with a server of its own in the place of torchvision's: random weights for ResNet-18, sent in pieces, each
# as soon as the file `more` has a byte for it; and nothing for other networks.
APP = """
import hashlib, io, os, sys, threading, time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch, torchvision

from resnet_demo import ui
from resnet_demo.models import published

gate, pieces = Path(sys.argv[1]), 8
model = torchvision.models.resnet18(weights=None)
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.running_mean.normal_(0, 0.1)
torch.save(model.state_dict(), stream := io.BytesIO())
content = stream.getvalue()

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if "resnet18" not in self.path:
            return self.send_error(404)
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        size = len(content) // pieces + 1
        try:
            while start < len(content):
                if start // size < gate.stat().st_size:
                    end = (start // size + 1) * size
                    self.wfile.write(content[start:end])
                    start = min(end, len(content))
                time.sleep(0.02)
        except OSError:
            pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
original = published.versions
digits = hashlib.sha256(content).hexdigest()[:8]
published.versions = lambda name: (
    replace(original(name)[0], url=f"http://127.0.0.1:{server.server_port}/{name}-{digits}.pth"),
)
ui.launch("127.0.0.1", int(os.environ["GRADIO_SERVER_PORT"]))
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with as many bytes as pieces of the download may be sent."""
    path = tmp_path_factory.mktemp("gate") / "more"
    path.write_bytes(b"")
    return path


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[str]:
    """As in conftest, with that server, and an empty cache."""
    log, folder = tmp_path_factory.mktemp("app") / "log.txt", str(ROOT)
    with serving("-c", APP, str(gate), log=log, within=120, TORCH_HOME=str(log.parent), PYTHONPATH=folder) as url:
        yield url


@pytest.fixture(scope="module")
def odd_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that shows none of the ten things."""
    path = tmp_path_factory.mktemp("picture") / "odd.png"
    Image.new("RGB", (64, 64), (200, 30, 200)).save(path)
    return path


def test_a_download_is_offered_watched_cancelled_and_gone_on_with(
    open_app: OpenApp, gate: Path, odd_picture: Path
) -> None:
    with open_app() as visit:
        visit.at("#bar input[type=file]").set_input_files(odd_picture)
        offer = visit.at("#answer [data-offer]")
        expect(offer).to_have_text("Ask one that knows 1,000 things (ResNet-18, 45 MB)")
        gate.write_bytes(bytes(2))
        offer.focus()
        visit.page.keyboard.press("Enter")
        expect(visit.at("#network-drawer")).to_be_visible()
        expect(visit.at("#download")).to_contain_text("ResNet-18: 11 of 45 MB")
        expect(visit.at("#download .rd-progress")).to_be_in_viewport()
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("ResNet-20")

        # The page is used meanwhile.
        visit.at("#network [data-choice=plain20]").click()
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("Plain-20")
        visit.at("#network [data-choice=resnet20]").click()
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("ResNet-20")

        visit.at("#download-cancel").click()
        expect(visit.at("#download [role=status]")).to_contain_text("goes on from there")
        expect(visit.at("#download-cancel")).to_have_count(0)
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("ResNet-20")
        gate.write_bytes(bytes(4))
        visit.at("#download-again").click()
        expect(visit.at("#download")).to_contain_text("ResNet-18: 22 of 45 MB")
        gate.write_bytes(bytes(8))
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("ResNet-18")
        expect(visit.at("#answer .rd-answer")).to_have_count(5)
        expect(visit.at("#network [data-choice=resnet18]")).to_have_text("ResNet-18")

        # What it knows is found by name.
        visit.page.keyboard.press("Escape")
        visit.at(".rd-search input").fill("lobster")
        expect(visit.at(".rd-search [data-target]")).to_have_text(["American lobster", "spiny lobster"])
        visit.page.keyboard.press("Enter")
        expect(visit.at("#evidence h3")).to_have_text("Where it sees “American lobster”")
        visit.check()


def test_what_cannot_be_had_is_said_and_the_menu_goes_by_keyboard(open_app: OpenApp) -> None:
    with open_app(locale="zh-CN") as visit:
        visit.open_drawer("network")
        titles = visit.at("#network h3").all_inner_texts()
        assert titles[1] == "ImageNet"
        visit.at("#network [data-choice=resnet20]").focus()
        visit.page.keyboard.press("End")
        visit.page.keyboard.press("Home")
        visit.page.keyboard.press("ArrowRight")
        assert visit.page.evaluate("document.activeElement.dataset.choice") == "plain20"
        visit.page.keyboard.press("Enter")
        expect(visit.at("#network [data-choice=plain20]")).to_have_attribute("aria-pressed", "true")
        assert visit.page.evaluate("document.activeElement.dataset.choice") == "plain20"  # the focus stays
        visit.at("#network [data-choice=resnet34]").click()
        expect(visit.at("#download [role=status]")).to_contain_text("404")
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("Plain-20")
        visit.at("#download-untrained").click()
        expect(visit.at("#chips .rd-network-chip")).to_contain_text("ResNet-34")
        expect(visit.at("#answer .rd-answer")).to_have_count(0)
        expect(visit.at("#answer .rd-warning")).to_have_count(1)
        assert not re.search(r"\d\s?%", visit.at("#answer").inner_text())
        visit.check()


def test_on_a_phone_the_menu_and_the_offer_fit(open_app: OpenApp, odd_picture: Path) -> None:
    with open_app(width=390, height=844) as visit:
        visit.at("#bar input[type=file]").set_input_files(odd_picture)
        box, block = (visit.at(each).bounding_box() for each in ("#answer [data-offer]", "#block"))
        assert box
        assert block
        assert box["x"] + box["width"] <= 390
        assert box["y"] < block["y"]  # below the answer, not below what it came from
        visit.open_drawer("network")
        for button in visit.at("#network button").all():
            box = button.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["height"] >= 28
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
