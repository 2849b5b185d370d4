"""The wheel: everything is inside, and installed by itself, far from the checkout, it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: object, cwd: Path | None = None) -> str:
    # Nothing of this test's own surroundings may lead the installed program back to the checkout.
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a fresh virtual environment with the wheel; returns it.

    The gigabytes of torch are not installed once more: behind its own packages the environment sees those of the
    running interpreter. Were the checkout installed there too, as editable, the wheel's copy would still come first.
    """
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (own / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "--force-reinstall",
        wheel,
    )
    return programs


def test_every_asset_and_module_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = {*(ROOT / "assets").rglob("*"), *(ROOT / "resnet_demo").rglob("*")}
    expected = {path.relative_to(ROOT) for path in sources if path.is_file() and "__pycache__" not in path.parts}
    assert any(path.suffix == ".safetensors" for path in expected)
    for path in expected:
        name = path.as_posix()
        assert (f"resnet_demo/{name}" if path.parts[0] == "assets" else name) in inside
    assert not [name for name in inside if name.startswith("tests/") or "resume" in name]


def test_the_installed_program_classifies_a_picture(environment: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a ship.png"
    picture.write_bytes((ROOT / "assets" / "examples" / "ship.png").read_bytes())
    program = environment / "resnet-demo"
    (answer,) = json.loads(run(program, "classify", picture.name, "--json", cwd=tmp_path))
    assert (answer["image"], answer["model"]) == (picture.name, "resnet20")
    assert answer["predictions"][0]["label"] == "ship"
    bundled = [entry for entry in json.loads(run(program, "models", "--json", cwd=tmp_path)) if entry["test_accuracy"]]
    assert any((entry["name"], entry["weights"]) == ("resnet20", "bundled") for entry in bundled)


def test_the_installed_program_runs_the_installed_code(environment: Path, tmp_path: Path) -> None:
    question = "import resnet_demo, resnet_demo.assets as a; print(resnet_demo.__file__); print(a.asset('weights'))"
    answers = run(environment / "python", "-c", question, cwd=tmp_path).split()
    for path in map(Path, answers):
        assert path.is_relative_to(environment.parent)
        assert not path.is_relative_to(ROOT)
        assert path.exists()
