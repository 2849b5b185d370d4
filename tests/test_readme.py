"""The README is true: its two commands, its snippet, its file map, its options and its header for Spaces."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resnet_demo import cli

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def fenced(language: str) -> list[str]:
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", README, re.S)]


def test_exactly_two_commands_do_the_setup():
    start, test = fenced("sh")
    assert start.endswith(".venv/bin/python app.py")
    assert ".venv/bin/python -m pytest" in test
    for command in (start, test):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -e ")


def test_ci_runs_the_second_command():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "[1].strip()" in script
    assert 'eval "$test_command"' in script


def test_the_snippet_runs():
    (snippet,) = fenced("python")
    result = subprocess.run([sys.executable, "-c", snippet], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "layer3.2" in result.stdout


def test_the_file_map_names_every_module_and_nothing_else():
    tree = next(block for block in fenced("text") if "resnet_demo/resnet.py" in block)
    named = set(re.findall(r"^(?:resnet_demo/| {4})([\w.]+/?) ", tree, re.M))
    package = ROOT / "resnet_demo"
    there = {f"{path.name}/" if path.is_dir() else path.name for path in package.iterdir()}
    assert named == there - {"__init__.py", "__main__.py", "__pycache__/"}


def test_every_command_and_option_exists():
    usage = next(block for block in fenced("text") if "resnet-demo serve" in block)
    options: dict[str, set[str]] = {}
    command = ""
    for line in usage.splitlines():
        found = re.match(r"resnet-demo (\w+)", line)
        command = found[1] if found else command
        options.setdefault(command, set()).update(re.findall(r"--[\w-]+", line))
    listed = CliRunner().invoke(cli.app, ["--help"]).output
    for command, used in options.items():
        assert command in listed
        shown = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
        missing = {option for option in used if option not in re.sub(r"\x1b\[[\d;]*m", "", shown)}
        assert not missing, f"{command}: {missing}"


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


def test_every_picture_and_file_it_links_to_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
