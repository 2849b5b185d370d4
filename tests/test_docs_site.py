"""The site of the docs builds without a warning, has all pages, and asks nothing of other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="mkdocs-material comes with the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_has_every_page(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    pages |= {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.ipynb")}
    pages |= {Path("index"), Path("contributing"), Path("changelog"), Path("security"), Path("tuning")}
    for page in pages:
        place = page.parent if page.name == "index" else page
        assert (site / place / "index.html").is_file(), page


def test_pictures_are_there(site: Path) -> None:
    for page in site.rglob("*.html"):
        for source in re.findall(r'<img[^>]* src="([^"]+)"', page.read_text("utf-8")):
            assert (page.parent / source).resolve().is_file(), (page, source)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]* src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* rel="(?:stylesheet|preconnect|icon|preload)"[^>]* href="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* href="([^"]+)"[^>]* rel="(?:stylesheet|preconnect|icon|preload)"', text)
        assert loaded
        assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)], page


def test_the_api_documents_every_public_name(site: Path) -> None:
    import resnet_demo

    text = "".join(page.read_text("utf-8") for page in (site / "api").rglob("*.html"))
    for name in resnet_demo.__all__:
        assert re.search(rf'id="resnet_demo\.[\w.]+\.{name}"', text), name
