"""The wheel: everything is inside, and from an index, far from the checkout, it installs and works."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path

import pytest
from fileserver import file_server
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from resnet_demo.bench.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 100e6


def surroundings(**more: str) -> dict[str, str]:
    """Nothing of this test's own may lead an installed program back to the checkout, or to another index."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_", "UV_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, **more}


def run(*command: object, cwd: Path | None = None, **more: str) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=surroundings(**more), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def index(wheel: Path) -> Iterator[str]:
    """The address of an index that has the wheel, and what it asks for.

    The gigabytes of torch are not installed once more: the other distributions have the names and versions of those
    that are installed here, and no code; one of them leads to the running interpreter's packages. So what the wheel
    asks for is resolved in earnest.
    """
    wheels = {"resnet-demo": {wheel.name: wheel.read_bytes()}}
    for requirement in map(Requirement, asked_for_by(wheel)):
        if not (requirement.marker and "extra" in str(requirement.marker)):
            borrowed = requirement.name == "torch"
            wheels[canonicalize_name(requirement.name)] = dict([hollow(requirement.name, borrowed)])
    with file_server() as server:
        for name, files in wheels.items():
            links = "".join(f'<a href="/{file}">{file}</a>' for file in files)
            server.files[f"simple/{name}/"] = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
            server.files |= files
        yield f"{server.url}/simple/"


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(metadata))


def asked_for_by(wheel: Path) -> list[str]:
    return metadata_of(wheel).get_all("Requires-Dist", [])


def hollow(name: str, borrowed: bool) -> tuple[str, bytes]:
    """A wheel of a distribution that is installed here: its name and version, no code and no requirements."""
    version = distribution(name).version.partition("+")[0]
    stem = f"{re.sub('[-_.]+', '_', name)}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if borrowed:
        files["borrowed.pth"] = sysconfig.get_path("purelib") + "\n"
    record = f"{stem}.dist-info/RECORD"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in {**files, record: "".join(f"{path},,\n" for path in (*files, record))}.items():
            archive.writestr(path, text)
    return f"{stem}-py3-none-any.whl", content.getvalue()


@pytest.fixture(scope="module")
def environment(index: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a fresh virtual environment, after `pip install resnet-demo`."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--no-cache-dir", "--ignore-installed", "--index-url", index, "resnet-demo")
    return programs


def test_every_asset_and_module_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    assets = {path for path in (ROOT / "assets").rglob("*") if "screenshots" not in path.parts}  # of the docs alone
    sources = {*assets, *(ROOT / "resnet_demo").rglob("*")}
    expected = {path.relative_to(ROOT) for path in sources if path.is_file() and "__pycache__" not in path.parts}
    assert any(path.suffix == ".safetensors" for path in expected)
    for path in expected:
        name = path.as_posix()
        assert (f"resnet_demo/{name}" if path.parts[0] == "assets" else name) in inside
    assert not [name for name in inside if name.startswith("tests/") or "resume" in name or "screenshots" in name]
    assert wheel.stat().st_size <= MOST_BYTES


def test_pypi_shows_the_readme_without_what_only_spaces_reads_and_its_links_lead_somewhere(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = metadata.get_payload(decode=True)
    assert isinstance(text, bytes)
    shown = text.decode()
    assert shown.startswith("# resnet_demo")
    assert shown.rstrip().endswith((ROOT / "README.md").read_text("utf-8").rstrip()[-20:])
    links = re.findall(r"\]\(([^)]+)\)", shown)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    named = [link.partition("/main/")[2].partition("#")[0] for link in links if "/main/" in link]
    assert all((ROOT / path).exists() for path in named)
    assert any("/raw/main/assets/screenshots/" in link for link in links)


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


def test_the_installed_program_serves_the_app(environment: Path, tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [environment / "resnet-demo", "serve", "--port", str(port)],
        cwd=tmp_path,
        env=surroundings(GRADIO_TEMP_DIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
    )
    try:
        while not (page := asked(f"http://127.0.0.1:{port}/")):
            assert server.poll() is None
            time.sleep(0.2)
        assert b"gradio" in page
    finally:
        server.terminate()
        server.wait(60)


def asked(address: str) -> bytes | None:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.read()
    except OSError:
        return None


def test_uvx_runs_it_without_an_installation(index: str, tmp_path: Path) -> None:
    uvx = Path(sysconfig.get_path("scripts")) / ("uvx.exe" if os.name == "nt" else "uvx")
    command = (uvx, "--no-config", "--python", sys.executable, "--default-index", index, "resnet-demo")
    models = json.loads(run(*command, "models", "--json", cwd=tmp_path, UV_CACHE_DIR=str(tmp_path / "cache")))
    assert any((entry["name"], entry["weights"]) == ("resnet20", "bundled") for entry in models)
