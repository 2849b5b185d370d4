"""The app's scripts: their unit tests, by Node.js's own runner, are part of these tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "resnet_demo" / "ui" / "static" / "js"


def test_unit_tests_of_the_scripts() -> None:
    node = shutil.which("node")
    if node is None:
        missing = "There is no Node.js on this computer; the tests of the app's scripts need it."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    files = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.js")))
    assert files
    run = subprocess.run([node, "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert re.search(r"^# pass [1-9]", run.stdout, re.M)


def test_every_script_is_loaded_by_the_page() -> None:
    """From main.js on, by imports: a script that nothing imports would be dead."""
    seen, open_ = set(), ["main.js"]
    while open_:
        name = open_.pop()
        if name not in seen:
            seen.add(name)
            text = (SCRIPTS / name).read_text("utf-8")
            open_ += re.findall(r"(?:import|from)\s+'\./([\w.-]+)'", text)
    assert seen == {path.name for path in SCRIPTS.glob("*.js")}
