"""README and docs are true: their snippets run, their commands and options exist, their links lead somewhere."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from documents import NAMES, ROOT, commands, fenced, read, table
from typer.testing import CliRunner

from resnet_demo import cli
from resnet_demo.training.recipes import RECIPES

COMMANDS: Any = typer.main.get_command(cli.app)

# Programs of others that the docs name, with the words that may follow first.
OTHERS = {
    "cd": None,
    "git": {"clone", "tag", "push"},
    "mkdocs": {"build"},
    "pip": {"install"},
    "pre-commit": {"install"},
    "pybabel": {"extract", "init", "update"},  # run by the tests of the recipes
    "pyright": {"--pythonpath"},
    "ruff": {"check", "format"},
}


# Commands


@pytest.mark.parametrize(
    ("page", "words"),
    [pytest.param(name, words, id=f"{name}-{' '.join(words)[:60]}") for name in NAMES for words in commands(name)],
)
def test_every_command_exists(page: str, words: list[str]) -> None:
    program, *rest = words
    if program == "torchrun":
        module = rest.index("-m")
        assert rest[module + 1] == "resnet_demo"
        assert all(word.startswith("--") for word in rest[:module])
        program, rest = "resnet-demo", rest[module + 2 :]
    if program == "resnet-demo":
        parses(rest)
    elif program in ("python", "python3"):
        of_python(rest)
    else:
        assert program in OTHERS, f"{page}: {' '.join(words)}"
        assert OTHERS[program] is None or rest[0] in (OTHERS[program] or ()), " ".join(words)


def parses(words: list[str]) -> None:
    """The command line is understood: the command is there, and takes these options and values."""
    name, *arguments = words
    COMMANDS.commands[name].make_context(name, arguments)  # raises where it is not


def of_python(words: list[str]) -> None:
    if words[0] != "-m":
        script = read(words[0])
        options = [word for word in words[1:] if word.startswith("--")]
        assert all(f'"{option}"' in script for option in options), words
        return
    module, rest = words[1], words[2:]
    if module.startswith("resnet_demo."):
        of_python([f"{module.replace('.', '/')}.py", *rest])
        return
    assert module in ("venv", "build", "pytest"), words
    if module == "pytest":
        markers = set(re.findall(r'^    "(\w+): ', read("pyproject.toml"), re.M))
        if "-m" in rest:
            assert set(re.findall(r"\w+", rest[rest.index("-m") + 1])) - {"not", "and", "or"} <= markers
        assert all((ROOT / word.split("::")[0]).exists() for word in rest if word.startswith("tests"))


def test_the_usage_names_every_command_and_option_and_no_others() -> None:
    usage = next(block for block in fenced("docs/shell.md", "text") if "resnet-demo serve" in block)
    told: dict[str, set[str]] = {}
    command = ""
    for line in usage.splitlines():
        if found := re.match(r"resnet-demo (\w+)", line):
            command = found[1]
        told.setdefault(command, set()).update(re.findall(r"--[\w-]+", line))
    there = {
        name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for name, command in COMMANDS.commands.items()
    }
    options = {name: {option for option in found if option.startswith("--")} for name, found in there.items()}
    assert told == {name: found - {"--help"} for name, found in options.items()}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory that has the assets where the docs' examples look for them."""
    (tmp_path / "assets").symlink_to(ROOT / "assets", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESNET_DEMO_DATA", str(tmp_path / "no data"))
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/shell.md"])
def test_cheap_commands_run(page: str, elsewhere: Path) -> None:
    ran = 0
    for words in commands(page):
        if words[0] == "resnet-demo":
            done = CliRunner().invoke(cli.app, words[1:])
            assert done.exit_code == 0, (words, done.output)
            ran += 1
    assert ran >= 2


def test_json_holds_what_the_shell_promises(elsewhere: Path) -> None:
    promised = {row[0].strip("`"): row[1] for row in table(read("docs/shell.md"), "command")}
    assert promised.keys() == COMMANDS.commands.keys() - {"serve", "mcp", "schema"}
    cat = "assets/examples/cat.png"
    for command, given in {"models": [], "classify": [cat], "inspect": [cat]}.items():
        answer = json.loads(CliRunner().invoke(cli.app, [command, *given, "--json"]).stdout)
        keys = names_in(answer)
        words = set(re.findall(r"`(\w+)`", promised[command])) - {"bundled", "download", "none"}
        assert words <= keys, command


def names_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if isinstance(value, dict):
        return {*value, *set().union(*map(names_in, value.values()))}
    return set()


# Snippets


@pytest.mark.parametrize("page", [name for name in NAMES if fenced(name, "python")])
def test_the_snippets_run(page: str, elsewhere: Path) -> None:
    """Those of a page one after another, as one program; what it prints last in a comment is not compared."""
    program = "\n\n".join(fenced(page, "python"))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "layer3.2" in done.stdout


DOCTESTS = sorted(path for path in (ROOT / "resnet_demo").rglob("*.py") if ">>> " in path.read_text("utf-8"))


@pytest.mark.parametrize("path", DOCTESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_examples_of_docstrings_run(path: Path, elsewhere: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    done = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert done.attempted
    assert not done.failed


# Links


@pytest.mark.parametrize("page", [*NAMES, "CHANGELOG.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", read(page)):
        path, _, anchor = target.partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        generated = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}  # pages of the site alone
        if place.name in generated and not place.exists():
            place = ROOT / generated[place.name]
        assert place.is_file(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}, target


# Lists


def test_the_experiments_are_those_that_there_are() -> None:
    there = {path.stem for path in (ROOT / "assets" / "experiments").glob("*.json")}
    assert {row[0].strip("`") for row in table(read("docs/experiments.md"), "`NAME`")} == there
    assert set(re.findall(r"^\*\*`(\w+)`\.\*\*", read("docs/experiments.md"), re.M)) == there


def test_the_recipes_are_those_that_there_are() -> None:
    assert [row[0].strip("`") for row in table(read("docs/training.md"), "recipe")] == list(RECIPES)


def test_the_map_shows_every_room_and_nothing_else() -> None:
    tree = next(block for block in fenced("docs/architecture.md", "text") if "resnet_demo/\n" in block)
    named = set(re.findall(r"^ {4}([\w.]+/?) ", tree, re.M))
    there = {f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "resnet_demo").iterdir()}
    assert named == there - {"__init__.py", "__main__.py", "__pycache__/"}
    assert all((ROOT / name).exists() for name in re.findall(r"^([\w.]+/?) ", tree, re.M))


def test_every_module_that_is_named_is_there() -> None:
    for name in NAMES:
        for path in re.findall(r"`((?:resnet_demo|tests|examples|docs|assets)/[\w./-]+)`", read(name)):
            if "NAME" not in path and "CODE" not in path and not re.search(r"/(en|fr|zh)\b", path):
                assert (ROOT / path).exists(), f"{name}: {path}"
