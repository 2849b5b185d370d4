"""How many cores a container really has, and what OpenMP is told before torch is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_demo import cores

ROOT = Path(__file__).resolve().parents[1]


def groups(tmp_path: Path, lines: str, limits: dict[str, str]) -> tuple[Path, Path]:
    """A process's groups, and their tree with these files."""
    (tmp_path / "self").write_text(lines)
    for name, content in limits.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "self", tmp_path / "tree"


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        ("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("120000 100000", 1), ("10000 100000", 1),
        ("2500000 100000", 8), ("250000 50000", 5), ("", 8), ("odd", 8), ("1 0", 8),
    ],
)  # fmt: skip
def test_a_share_of_version_2(limit, found, tmp_path):
    assert cores.available(*groups(tmp_path, "0::/\n", {"cpu.max": limit})) == found


def test_the_groups_above_limit_too(tmp_path):
    given = groups(tmp_path, "0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"})
    assert cores.available(*given) == 3


def test_a_group_that_is_named_as_outside_of_the_container(tmp_path):
    assert cores.available(*groups(tmp_path, "0::/docker/4a5b\n", {"cpu.max": "200000 100000"})) == 2


@pytest.mark.parametrize("tree", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(("quota", "found"), [("-1", 8), ("400000", 4), ("50000", 1)])
def test_a_share_of_version_1(tree, quota, found, tmp_path):
    given = groups(
        tmp_path,
        "3:cpuset:/\n4:cpu,cpuacct:/docker/4a5b\n0::/\n",
        {f"{tree}/cpu.cfs_quota_us": quota, f"{tree}/cpu.cfs_period_us": "100000"},
    )
    assert cores.available(*given) == found


def test_where_there_are_no_groups_the_cores_count_that_one_is_bound_to(tmp_path, monkeypatch):
    assert cores.available(tmp_path / "none", tmp_path) == 8
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert cores.available(tmp_path / "none", tmp_path) == 3


def test_threads_wait_passively_and_are_as_many_as_the_share(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 8)
    environ: dict[str, str] = {}
    cores.prepare(environ)
    assert environ == {"OMP_WAIT_POLICY": "passive"}  # OpenMP finds the 8 by itself, or fewer that are no twins
    monkeypatch.setattr(cores, "available", lambda: 3)
    cores.prepare(environ)
    assert environ == {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "3"}


def test_what_somebody_set_stays(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 3)
    environ = {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": "6"}
    cores.prepare(environ)
    assert environ == {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": "6"}


# What is in the environment when torch is imported

WATCH = """
import json, os, runpy, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            met = [os.environ.get("OMP_WAIT_POLICY"), os.environ.get("OMP_NUM_THREADS")]
            print(json.dumps(met), file=sys.__stdout__, flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watch())
sys.argv = sys.argv[1:]
if sys.argv[0] == "library":
    import resnet_demo
    resnet_demo.build
elif sys.argv[0] == "app.py":
    runpy.run_path("app.py", run_name="__main__")
else:
    runpy.run_module("resnet_demo", run_name="__main__")
"""


def met(*command: str, **environ: str) -> list[str | None]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *command],
        cwd=ROOT, capture_output=True, text=True, timeout=60, env={**clean, "PYTHONPATH": str(ROOT), **environ},
    )  # fmt: skip
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "command",
    [
        ("app.py",),
        ("resnet-demo", "serve"),
        ("resnet-demo", "train", "--out", "none.safetensors", "--minutes", "1", "--data", "shapes"),
        ("resnet-demo", "experiment", "lesion"),
        ("resnet-demo", "bench", "inspect"),
    ],
    ids=lambda command: command[-1] if len(command) < 3 else command[1],
)
def test_torch_meets_threads_that_wait_passively(command):
    assert met(*command)[0] == "passive"


def test_torch_meets_what_somebody_set():
    assert met("resnet-demo", "bench", "inspect", OMP_WAIT_POLICY="ACTIVE", OMP_NUM_THREADS="5") == ["ACTIVE", "5"]


def test_the_library_leaves_the_environment_alone():
    assert met("library") == [None, None]
