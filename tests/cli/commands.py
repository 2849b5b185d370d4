"""The shell's commands, as tests give them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

import resnet_demo
from resnet_demo import cli
from resnet_demo.cli.answers import schema_of

ROOT = Path(__file__).resolve().parent.parent.parent
# What a training of three epochs tells of the fake CIFAR-10.
FEW = ("With 512 pictures, --epochs 3 is only 12 steps", "There are only 40 test pictures")
COMMANDS = ("serve", "models", "classify", "inspect", "train", "evaluate", "experiment", "unfold", "bench", "schema")


def shell(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> Any:
    """What a command prints with `--json`, which is as its schema says."""
    result = shell(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    value = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    jsonschema.validate(value, schema_of(str(arguments[0])))
    return value


def complaint(*arguments: object, status: int = 2, after: tuple[str, ...] = ()) -> str:
    """The sentence with which a command refuses, `after` lines that begin like these."""
    result = shell(*arguments, "--json")
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    *before, last = result.stderr.splitlines()
    assert len(before) == len(after), result.stderr
    assert all(map(str.startswith, before, after)), result.stderr
    assert "Traceback" not in result.stderr
    return last.strip()


def process(*arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of the real program."""
    command = [sys.executable, "-m", "resnet_demo", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    """Put a stand-in in the place of one of the package's modules, which would take long."""
    module = SimpleNamespace(**content)
    monkeypatch.setitem(sys.modules, f"resnet_demo.{name}", module)
    monkeypatch.setattr(resnet_demo, name, module, raising=False)
