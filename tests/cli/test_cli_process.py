"""The real program, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import COMMANDS, ROOT, process


def test_process_prints_json_and_nothing_else(weights: Path, picture: Path, tmp_path: Path) -> None:
    result = process("classify", picture, "--model", weights, "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)[0]["image"] == str(picture)


def test_process_refuses_in_one_sentence(weights: Path, tmp_path: Path) -> None:
    for arguments in (
        ("classify", "absent.png", "--model", weights),
        ("classify", "--top-k", "nan"),
        ("serve", "--port"),
    ):
        result = process(*arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr


HEAVY = {"torch", "torchvision", "gradio", "matplotlib", "captum", "numpy", "PIL", "babel", "pydantic", "rich"}


def light(*arguments: str, may_load: str = "", **variables: str) -> str:
    """What the program prints, which may not load a heavy library for it."""
    heavy = sorted(HEAVY - {may_load})
    check = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([name for name in {heavy} if name in sys.modules], file=sys.stderr))\n"
        f"sys.argv[:] = ['resnet-demo', *{arguments}]\n"
        "from resnet_demo.__main__ import main; main()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    loaded = subprocess.run([sys.executable, "-c", check], env=env, capture_output=True, text=True, timeout=60)
    assert loaded.stderr.strip() == "[]"
    return loaded.stdout


def test_help_names_every_command_and_loads_no_heavy_library() -> None:
    assert "Commands:" in light("--help")
    text = process("--help").stdout
    assert all(f"  {command}  " in text for command in COMMANDS)
    assert process().stdout == text


def test_nobody_waits_for_a_heavy_library_until_a_word_is_completed() -> None:
    for words, offered in {
        "classify --model resnet5": ["resnet56", "resnet50"],
        "experiment --model plain3": ["plain32", "plain34"],
        "train --data fashion": ["fashion-mnist"],
        "bench star": ["startup"],
        "schema ins": ["inspect"],
    }.items():
        asked = {"_RESNET_DEMO_COMPLETE": "complete_bash", "COMP_WORDS": f"resnet-demo {words}"}
        found = light(**asked, COMP_CWORD=str(len(words.split())), may_load="pydantic")  # typer does, which is quick
        assert found.split() == offered


@pytest.mark.skipif(os.name == "nt", reason="its shell closes no streams")
def test_streams_that_the_shell_closed(weights: Path, picture: Path, tmp_path: Path) -> None:
    def closing(redirection: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "resnet_demo"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [*command, *map(str, arguments)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
        )

    nowhere = "stdout is closed: there is nothing to write the answer to.\n"
    out = tmp_path / "wide.safetensors"
    for arguments in (
        ("models", "--json"),
        ("schema", "models"),
        ("--help",),
        ("--version",),
        ("unfold", "--out", out),
    ):
        refused = closing(">&-", *arguments)
        assert (refused.returncode, refused.stderr) == (1, nowhere), arguments
    assert closing(">&- 2>&-", "models").returncode == 1
    assert not out.exists()
    full = closing(">/dev/full", "models", "--json")
    assert (full.returncode, full.stderr) == (1, "No space left on device.\n")
    given = closing("<&-", "classify", "-", "--model", weights)
    assert (given.returncode, len(given.stderr.splitlines())) == (2, 1)
    assert given.stderr.startswith("stdin: ")
    # What is told on stderr, where there is none, must not go into the file that is written.
    train = (
        "train",
        "--model",
        "resnet8",
        "--data",
        "shapes",
        "--minutes",
        "0.01",
        "--out",
        "net.safetensors",
        "--json",
    )
    trained = closing("2>&-", *train)
    assert (trained.returncode, trained.stderr) == (0, "")
    assert json.loads(trained.stdout)["weights"] == "net.safetensors"
    assert closing("2>&-", "classify", picture, "--model", "net.safetensors").returncode == 0


def test_ctrl_c_ends_a_training_with_its_checkpoint_kept(cifar: Path, tmp_path: Path) -> None:
    # Where the tests themselves run in the background of a shell, their children would be deaf to Ctrl-C.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "import fake_cifar; fake_cifar.trust(); from resnet_demo.cli import main; main()"
    arguments = ("train", "--model=resnet8", "--data-dir", cifar, "--epochs=500", "--out=net.safetensors")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    running = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    checkpoint, deadline = tmp_path / "net.resume.pt", time.monotonic() + 90
    while not checkpoint.exists() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["net.resume.pt"]
