"""The README: short, two commands first, and a header that Spaces reads. What it says is tested with the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def fenced(language: str) -> list[str]:
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", README, re.S)]


def test_exactly_two_commands_do_the_setup():
    start, test = fenced("sh")[:2]
    assert start.endswith(".venv/bin/python app.py")
    assert ".venv/bin/python -m pytest" in test
    for command in (start, test):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -e ")


def test_ci_runs_the_second_command():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "[1].strip()" in script
    assert 'eval "$test_command"' in script


def test_it_is_what_a_visitor_reads():
    assert len(README.splitlines()) <= 150


def test_the_header_is_what_spaces_reads():
    gradio = pytest.importorskip("gradio")
    header = dict(re.findall(r"^(\w+): (.*)$", README.split("---")[1], re.M))
    assert README.startswith("---\n")
    assert header["sdk"] == "gradio"
    assert header["app_file"] == "app.py"
    assert (ROOT / header["app_file"]).is_file()
    wanted, installed = (
        [int(part) for part in text.split(".")[:2]] for text in (header["sdk_version"], gradio.__version__)
    )
    assert wanted[0] == installed[0]
    assert wanted <= installed
    assert len(header["short_description"]) <= 60
