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
    "both": ("?model=resnet56&shortcuts=both&picture=cat&block=layer2.4", 1180),
    "cut": ("?tab=cut&model=resnet20&picture=cat&cut=layer2.1,layer3.1.shortcut", 1000),
    "learn": ("?tab=learn&step=6&model=resnet56&picture=cat&cut=layer2.1,layer2.4", 720),
    "experiments": ("?tab=experiments&experiment=lesion", 1000),
}
MOVIE, FRAME = (960, 600), 90  # its size in pixels, and how long a picture of it stands, in ms


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

    def film(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frames.append(Image.open(io.BytesIO(page.screenshot(type="jpeg", quality=90))).convert("RGB"))

    settled(page, url + "?model=resnet56&picture=cat&block=layer1.1")
    film(0.6)
    for block in ("layer1.4", "layer2.0", "layer2.4", "layer3.8"):
        page.locator(f"#street .rd-wide [data-block='{block}']").click()
        film(0.9)
    box = page.locator("#block svg.rd-wide image").first.bounding_box()
    assert box
    for step in range(1, 9):
        page.mouse.move(box["x"] + box["width"] * step / 9, box["y"] + box["height"] * (0.3 + 0.05 * step))
        film(0.25)
    page.locator("#chips [data-shortcuts=without]").click()
    film(2.0)
    page.locator("#chips [data-shortcuts=with]").click()
    film(1.2)
    small = [frame.resize(MOVIE, Image.Resampling.LANCZOS) for frame in frames]
    small[0].save(
        OUT / "tour.webp", save_all=True, append_images=small[1:], duration=FRAME, loop=0, quality=70, method=4
    )


def main(chromium: str | None = None) -> None:
    executable = chromium or shutil.which("chromium") or shutil.which("google-chrome")
    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, (address, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1280, "height": height}, device_scale_factor=1.5)
            settled(page, url + address)
            path = OUT / f"{name}.png"
            page.screenshot(path=path)
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
            page.close()
        movie(browser.new_page(viewport={"width": 1280, "height": 800}), url)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
