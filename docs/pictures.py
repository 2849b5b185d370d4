"""Takes the pictures of README and docs from the running app, the moving one, too: `python docs/pictures.py`.

Needs Debian's chromium (or the path of another one as the first argument) and the test extra of the package. The app is
started on a port of its own; nothing else is needed.
"""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "assets" / "screenshots"
PICTURES = {  # by name: the address, and the height of the picture
    "inside": ("?model=resnet56&picture=cat&block=layer2.4", 720),
    "both": ("?model=resnet56&shortcuts=both&picture=cat&block=layer2.4", 1500),
    "cut": ("?tab=cut&model=resnet20&picture=cat&cut=layer2.1,layer3.1.shortcut", 1000),
    "learn": ("?tab=learn&step=6&model=resnet56&picture=cat&cut=layer2.1,layer2.4", 720),
    "experiments": ("?tab=experiments&experiment=lesion", 1000),
}
MOVIE = (960, 600)  # its size in pixels


@contextmanager
def app() -> Iterator[str]:
    """The app on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "resnet_demo", "serve", "--port", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}/"
    try:
        for _attempt in range(600):
            try:
                urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def settled(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("#chips .rd-network-chip").wait_for(timeout=60_000)
    page.wait_for_timeout(1500)


def movie(page: Page, url: str) -> None:
    """A pulse runs along the street, blocks are opened, a map is read out, the shortcuts are taken away."""
    frames: list[Image.Image] = []
    stands: list[int] = []  # how long each frame does, in ms

    def film(seconds: float) -> None:
        """As many frames as this computer takes in that time; they stand as long, however busy it is."""
        end, taken = time.monotonic() + seconds, len(frames)
        while time.monotonic() < end or len(frames) == taken:
            shot = Image.open(io.BytesIO(page.screenshot(type="jpeg", quality=90))).convert("RGB")
            frames.append(shot.resize(MOVIE, Image.Resampling.LANCZOS))
        count = len(frames) - taken
        stands.extend([round(1000 * seconds / count)] * count)

    settled(page, url + "?model=resnet56&picture=cat&block=layer1.1")
    film(1.2)
    for block in ("1.4", "2.0", "2.4", "3.8"):
        page.locator(f"#street .rd-wide [data-block='layer{block}']").click()
        page.locator("#block figcaption", has_text=f"Block {block} ").wait_for()
        film(1.2)
    box = page.locator("#block svg.rd-wide image").first.bounding_box()
    assert box
    for step in range(1, 9):
        page.mouse.move(box["x"] + box["width"] * step / 9, box["y"] + box["height"] * (0.3 + 0.05 * step))
        film(0.4)
    page.mouse.move(4, 4)
    for which, network in (("without", "Plain-56"), ("with", "ResNet-56")):
        page.locator(f"#chips [data-shortcuts={which}]").click()
        page.locator("#chips .rd-network-chip", has_text=network).wait_for()
        film(2.0)
    frames[0].save(
        OUT / "tour.webp", save_all=True, append_images=frames[1:], duration=stands, loop=0, quality=70, method=4
    )


def race(page: Page, url: str) -> None:
    """A network and its twin, when their half minute is over."""
    settled(page, url + "?tab=train")
    page.locator("#train").click()
    page.locator("#stop").wait_for()
    page.locator("#stop").wait_for(state="hidden", timeout=300_000)
    page.locator("#train-result svg").first.wait_for(state="attached")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1500)


def save(page: Page, name: str) -> None:
    path = OUT / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    page.close()


def main(chromium: str | None = None) -> None:
    executable = chromium or shutil.which("chromium") or shutil.which("google-chrome")
    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, (address, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1280, "height": height}, device_scale_factor=1.5)
            settled(page, url + address)
            save(page, name)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.5)
        race(page, url)
        save(page, "train")
        movie(browser.new_page(viewport={"width": 1280, "height": 800}), url)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
