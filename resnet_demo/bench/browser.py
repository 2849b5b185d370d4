"""The app as a process of its own, and a page of it in a real browser: Debian's chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from ..errors import InputError

WIDTH, HEIGHT = 1280, 720


@contextmanager
def page_of(query: str, name: str) -> Iterator[Any]:
    """A page of playwright's, at an address of the app. `name` is that of the benchmark, for messages."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("The benchmark {name} needs playwright: pip install playwright.", name=name) from None
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        raise InputError("The benchmark {name} needs a browser: install chromium.", name=name)
    with _app() as url, sync_playwright() as playwright:
        as_root = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=as_root)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{url}/{query}")
        yield page
        browser.close()


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
