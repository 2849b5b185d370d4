"""The real program, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


def test_help_names_every_command_and_loads_no_heavy_library() -> None:
    heavy = ("torch", "torchvision", "gradio", "matplotlib", "captum", "numpy", "PIL", "babel", "pydantic", "rich")
    check = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([name for name in {heavy} if name in sys.modules], file=sys.stderr))\n"
        "sys.argv[1:] = ['--help']\n"
        "from resnet_demo.__main__ import main; main()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run([sys.executable, "-c", check], env=env, capture_output=True, text=True, timeout=60)
    assert loaded.stderr.strip() == "[]"
    assert "Commands:" in loaded.stdout
    text = process("--help").stdout
    assert all(f"  {command}  " in text for command in COMMANDS)
    assert process().stdout == text


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
