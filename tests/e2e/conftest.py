"""The real app as a process of its own, and a real browser; every visit is watched for what must never happen."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from serving import serving

APP = """
import runpy
from resnet_demo import cores
cores.prepare()  # as app.py does, before torch is imported
from resnet_demo.ui.jobs import training
training.PATIENCE = 5.0  # instead of half a minute
runpy.run_path("app.py", run_name="__main__")
"""
PATIENCE = 60_000  # ms: far more than anything takes, on a very busy computer, too


@pytest.fixture(scope="session")
def browser_() -> Iterator[Browser]:
    """Chromium as installed on this computer. Without it the tests skip; on CI they fail."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    if not Path(executable).is_file():
        missing = "There is no chromium on this computer; the browser tests need Debian's package of that name."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=as_root)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`python app.py` on a free port, until the tests are over; it keeps races that nobody looks at for less long."""
    log = tmp_path_factory.mktemp("app") / "log.txt"
    with serving("-c", APP, log=log, within=90, RESNET_DEMO_DATA=str(log.parent)) as url:
        yield url


@dataclass
class Visit:
    """One person's page, and everything that it asked for or complained about."""

    page: Page
    elsewhere: list[str] = field(default_factory=list)  # requests to other hosts
    complaints: list[str] = field(default_factory=list)  # console errors, uncaught exceptions, failed requests
    expected: list[str] = field(default_factory=list)  # patterns, each of which must match one complaint
    asking: set[Request] = field(default_factory=set)  # what the server has not answered yet
    asked: list[str] = field(default_factory=list)  # the addresses of all that it was asked

    def at(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def settle(self) -> None:
        """Wait until the page asks for nothing, and has not for a second."""
        deadline, rest, count = time.monotonic() + PATIENCE / 1000, 0, -1
        while rest < 10:
            assert time.monotonic() < deadline, [request.url for request in self.asking]
            self.page.wait_for_timeout(100)  # playwright hears of requests only while it waits
            rest = rest + 1 if not self.asking and len(self.asked) == count else 0
            count = len(self.asked)

    def turn_to(self, page: str, shows: str) -> None:
        """Choose a page by its tab and wait for its drawing."""
        self.page.get_by_role("tab", name=page).click()
        expect(self.at(shows).first).to_be_visible()

    def open_drawer(self, name: str) -> None:
        """Open the drawer of the picture or of the network by its chip."""
        self.at(f"#chips [data-drawer={name}]").click()
        expect(self.at(f"#{name}-drawer")).to_be_visible()

    def choose(self, dropdown: str, option: str) -> None:
        """Choose from one of gradio's dropdowns as a person does."""
        self.at(f"#{dropdown} input").click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def check(self) -> None:
        """Nothing was asked of another host, and nothing went wrong that a test did not announce."""
        assert self.elsewhere == []
        left = list(self.complaints)
        for pattern in self.expected:
            matching = [complaint for complaint in left if re.search(pattern, complaint)]
            assert matching, f"{pattern!r} was announced, but there were only {self.complaints}"
            left.remove(matching[0])
        assert left == []


OpenApp = Callable[..., Any]


@pytest.fixture
def open_app(browser_: Browser, app_url: str) -> OpenApp:
    """`with open_app("?model=plain20", width=390) as visit:` opens the app in a fresh browser profile.

    With `tour=True` the visitor has never been here, and is shown around.
    """

    @contextmanager
    def opened(
        query: str = "",
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        locale: str = "en-US",
        shows: str = "#answer .rd-answer",
        tour: bool = False,
    ) -> Iterator[Visit]:
        context = browser_.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # pyright: ignore[reportArgumentType]
            accept_downloads=True,
            locale=locale,
        )
        context.set_default_timeout(PATIENCE)
        if not tour:  # as if it had been seen already
            context.add_init_script("try { localStorage.setItem('lab-tour', 'seen'); } catch { /* about:blank */ }")
        page = context.new_page()
        visit = Visit(page)
        ours = urlsplit(app_url).netloc

        def asked(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme not in ("data", "blob") and parts.netloc != ours:
                visit.elsewhere.append(url)

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                visit.complaints.append(message.text)

        def began(request: Request) -> None:
            asked(request.url)
            visit.asked.append(request.url)
            if "/heartbeat/" not in request.url:  # which is open as long as the page is
                visit.asking.add(request)

        page.on("request", began)
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda request: visit.asking.discard(request))  # pyright: ignore[reportCallIssue, reportArgumentType]
        page.on("websocket", lambda socket_: asked(socket_.url))
        page.on("console", said)
        page.on("pageerror", lambda error: visit.complaints.append(f"uncaught: {error}"))
        page.on("crash", lambda _: visit.complaints.append("the page crashed"))
        try:
            page.goto(f"{app_url}/{query}")
            expect(visit.at(shows).first).to_be_visible()
            yield visit
            visit.check()
        finally:
            context.close()

    expect.set_options(timeout=PATIENCE)
    return opened


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture that is none of the examples, larger than the network's input and not square."""
    values = np.random.default_rng(5).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(values).resize((360, 240), Image.Resampling.BICUBIC).save(path)
    return path
