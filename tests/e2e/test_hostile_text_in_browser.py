"""HTML and script in names of classes, files and data, and in addresses: every page shows text, and runs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import torch
from PIL import Image
from playwright.sync_api import expect

from resnet_demo import ResNet, ResNetConfig, save
from resnet_demo.images import CIFAR10

if TYPE_CHECKING:
    from .conftest import OpenApp, Visit

LABELS = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "javascript:alert(3)",
    "{{7*7}}${alert(4)}{x}",
    "'-alert(5)-' onmouseover='alert(5)",
    "\u202egpj.exe\u2066",
    "</svg></style></title><svg/onload=alert(6)>",
    "[a](javascript:alert(7)) <!-- ]]> `b` &lt;i&gt;",
    "long " * 15,
    "=1+1\r\n,\0\x1b[31m",
)
PAGES = {
    "Grad-CAM": "#strip svg",
    "Cut": "#cut-street svg:visible",
    "Learn": "#lesson-now svg:visible",
    "Experiments": "#experiment-bundled svg:visible",
    "Train": "#train",
    "Inside": "#street svg:visible",
}
# What only a stranger's text could have put there.
PUT_THERE = """() => [...document.querySelectorAll('*')].filter((element) =>
  [...element.attributes].some(({ name, value }) => /^on/.test(name) && value.includes('alert'))
  || element.getAttribute('src')?.startsWith('x') || /^\\s*javascript:/i.test(element.getAttribute('href') ?? '')
  || (element.localName === 'script' && /^\\s*alert/.test(element.textContent))).map((element) => element.outerHTML)"""


def nasty_network(folder: Path) -> Path:
    """A checkpoint whose every text is an attack, the likeliest class first of all."""
    model = ResNet(ResNetConfig(blocks=(1, 1, 1), widths=(4, 8, 16), classes=len(LABELS)), seed=0)
    with torch.no_grad():
        model.fc.bias.copy_(torch.arange(len(LABELS), 0, -1).float() * 3)
    model.domain = replace(CIFAR10, name=LABELS[0], labels=LABELS)
    story: dict[str, Any] = dict.fromkeys(("network", "dataset", "device", "origin", "command"), LABELS[1])
    model.provenance = {**story, "epochs": 3, "test_accuracy": 0.5, "test_pictures": 100}
    return save(model, folder / f"{LABELS[0]}{LABELS[4]}.safetensors")


def test_what_strangers_write_is_text_on_every_page(open_app: OpenApp, tmp_path: Path) -> None:
    checkpoint, picture = nasty_network(tmp_path), tmp_path / f'{LABELS[0]}">.png'
    Image.new("RGB", (40, 30), (200, 90, 30)).save(picture)
    dialogs: list[str] = []
    refused: list[str] = []

    def harmless(visit: Visit) -> None:
        assert visit.page.evaluate(PUT_THERE) == []
        assert (dialogs, refused, visit.elsewhere) == ([], [], [])  # refused: the picture `x`

    with open_app() as visit:
        visit.page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        visit.page.context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        visit.at("#bar input[type=file]").set_input_files(picture)
        visit.open_drawer("network")
        visit.page.get_by_text("Weights of your own").click()
        visit.at("#file input[type=file]").set_input_files(checkpoint)
        expect(visit.at("#facts")).to_contain_text("from your file")
        expect(visit.at("#answer .rd-label").first).to_have_text(LABELS[0])
        harmless(visit)
        visit.page.keyboard.press("Escape")
        for page, shows in PAGES.items():
            visit.turn_to(page, shows)
            harmless(visit)

        # What is saved of a page is a page, too.
        with visit.page.expect_download() as saved:
            visit.at("#foot [data-report]").click()
        report = tmp_path / "report.html"
        saved.value.save_as(report)
        assert "&lt;img src=x" in report.read_text("utf-8")
        opened = visit.page.context.new_page()
        opened.goto(report.as_uri())
        assert opened.evaluate(PUT_THERE) == []
        opened.close()

        attack: dict[str, str] = dict.fromkeys(
            ("model", "tab", "block", "target", "cut", "picture", "second", "lang"), LABELS[0]
        )
        attack |= dict.fromkeys(("embed", "present", "experiment", "step", "weights", "seed", "epoch"), LABELS[1])
        bare = visit.page.url.split("?")[0]
        visit.page.goto(f"{bare}?{urlencode(attack)}&<script>alert(8)</script>#<img src=x onerror=alert(9)>")
        expect(visit.at("#answer .rd-answer").first).to_be_attached()
        visit.settle()
        harmless(visit)
