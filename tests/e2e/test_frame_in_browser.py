"""The app in a frame of another site, as Hugging Face Spaces shows it: no cookie reaches it there over HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fileserver import file_server
from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import OpenApp

# What Spaces allows its frames to do.
FRAME = """<!doctype html><title>A Space</title><body style="margin: 0"><iframe src="{url}" width="1240" height="860"
sandbox="allow-downloads allow-forms allow-modals allow-pointer-lock allow-popups allow-popups-to-escape-sandbox
allow-same-origin allow-scripts allow-storage-access-by-user-activation"
allow="camera; clipboard-read; clipboard-write; fullscreen; microphone"></iframe>"""


def test_in_a_frame_of_another_site(open_app: OpenApp, photo: Path) -> None:
    with file_server() as space, open_app() as visit:
        outside = f"{space.url.replace('127.0.0.1', 'localhost')}/space.html"  # to a browser another site
        page, app = visit.page, visit.page.url.split("?")[0]
        visit.settle()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        space.files["favicon.ico"] = b""
        space.files["space.html"] = FRAME.format(url=app).encode()
        page.goto(outside)
        assert {*visit.elsewhere} == {outside}
        visit.elsewhere.clear()
        frame = page.frame_locator("iframe")
        expect(frame.locator("#answer .rd-label").first).to_have_text("cat")

        # Clicks, uploads and pages of one visit.
        with page.expect_request(re.compile("/queue/join")) as joined:
            frame.locator("#bar input[type=file]").set_input_files(photo)
        assert "cookie" not in joined.value.all_headers()  # so the visitor is known by the address
        inside = page.frames[1]
        inside.wait_for_url(re.compile("picture=own-"))
        frame.get_by_role("tab", name="Cut").click()
        expect(frame.locator("#cut-street svg:visible").first).to_be_visible()

        # A link is copied, and a file is saved.
        inside.evaluate("navigator.clipboard.writeText('nothing')")
        frame.locator("#share").click()
        inside.wait_for_function("async (app) => (await navigator.clipboard.readText()).startsWith(`${app}?`)", arg=app)
        with page.expect_download() as saved:
            frame.locator("#foot [data-report]").click()
        assert saved.value.suggested_filename.endswith(".html")
        assert inside.evaluate("document.fullscreenEnabled && document.featurePolicy.allowsFeature('camera')")
