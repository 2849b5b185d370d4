"""What a click on a block of ResNet-56 has to wait for in a real browser, until its drawing is on the screen.

The app runs as a process of its own, the browser is Debian's chromium. Each click opens another block. The limit is 150
ms, which feels at once; the peer is a request to the same server that does nothing, so that a busy computer shows.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from ..errors import InputError

NETWORK, CLICKS, LIMIT = "resnet56", 54, 0.15
# Milliseconds from a click on `block` until a frame with its drawing was painted.
CLICK = """
(block) => new Promise((resolve, reject) => {
  const there = () => document.querySelector(`#block .rd-save[data-name$="-${block}"]`);
  const start = performance.now();
  const watch = new MutationObserver(() => {
    if (!there()) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
  });
  watch.observe(document.querySelector('#block'), {subtree: true, childList: true, attributes: true});
  setTimeout(reject, 20000, new Error('no drawing of ' + block));
  const stops = [...document.querySelectorAll(`#street [data-block="${block}"]`)];
  stops.find((stop) => stop.getBoundingClientRect().width > 0).dispatchEvent(new MouseEvent('click', {bubbles: true}));
})
"""
NOTHING = """
async () => {
  const start = performance.now();
  await (await fetch('theme.css')).text();
  return performance.now() - start;
}
"""


def measure() -> dict[str, Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("The benchmark click needs playwright: pip install playwright.") from None
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        raise InputError("The benchmark click needs a browser: install chromium.")
    with _app() as url, sync_playwright() as playwright:
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=as_root)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{url}/?model={NETWORK}&weights=trained")
        page.wait_for_selector("#curves svg", timeout=60_000)
        blocks = page.eval_on_selector_all("#street [data-block]", "found => found.map((one) => one.dataset.block)")
        names = list(dict.fromkeys(blocks))
        ours, peer = [], []
        for number in range(CLICKS + 3):
            seconds = page.evaluate(CLICK, names[(7 * number + 3) % len(names)]) / 1000
            page.wait_for_timeout(300)  # a person's pause; what stands further down comes meanwhile
            if number >= 3:  # after a warm-up
                ours.append(seconds)
                peer.append(page.evaluate(NOTHING) / 1000)
        browser.close()
    middle, late = statistics.median(ours), statistics.quantiles(ours, n=20)[-1]
    return {
        "ours": middle,
        "p95": late,
        "peer": statistics.median(peer),
        "limit": LIMIT,
        "ratio": middle / LIMIT,
        "unit": "ours / limit, p50",
        "work": f"{NETWORK}, {CLICKS} clicks on blocks in chromium, each until the block's drawing is painted",
    }


@contextmanager
def _app() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [sys.executable, "-m", "resnet_demo", "serve", "--port", str(port)]
    process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
    try:
        while True:
            try:
                urlopen(url, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise InputError("The app did not start.") from None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)
