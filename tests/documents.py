"""The documents of the repository, and the blocks of code in them."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def fenced(name: str, language: str) -> list[str]:
    """The blocks of code of a page, in order, with the indentation of the list they stand in taken off."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", read(name), re.S | re.M)
    return [textwrap.dedent(text).strip() for _, text in blocks]


def commands(name: str) -> Iterator[list[str]]:
    """The commands of a page's `sh` blocks, as lists of words; programs without the path of the virtual environment."""
    for block in fenced(name, "sh"):
        for line in block.splitlines():
            for command in line.split("&&"):
                yield shlex.split(command.replace(".venv/bin/", ""))


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is given, as lists of cells."""
    rows = iter(text.splitlines())
    for line in rows:
        if line.startswith(f"| {heading} |"):
            next(rows)
            break
    else:
        raise AssertionError(f"There is no table that begins with {heading!r}.")
    found = []
    for line in rows:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found
