"""All benchmarks, one after another, as one file; and which of them became worse since another such file.

`resnet-demo bench all --out FILE --against OLD`. Each runs in a process of its own, so that none finds what another one
left: threads, caches, memory. One that fails (without a browser, or without data) is named with its reason, and the
others go on.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..cores import available
from ..errors import InputError

VERSION = 1  # of the file
LIBRARIES = ("torchvision", "gradio", "numpy", "pillow")  # and torch, whose own name for itself says more
WORSE = 0.2  # a ratio that lost more than that is a regression
PATIENCE = 1200  # seconds for one benchmark


def measure_all(names: Iterable[str], tell: Callable[[str], object] = lambda name: None) -> dict[str, Any]:
    """Run these benchmarks, and tell of each before it begins: machine, versions, results and failures by name."""
    import torch

    from ..training import hardware

    results, failed = dict[str, Any](), dict[str, str]()
    for name in names:
        tell(name)
        try:
            results[name] = _measured(name)
        except RuntimeError as error:
            failed[name] = str(error)
    return {
        "version": VERSION,
        "date": date.today().isoformat(),
        "machine": {
            "system": platform.system(),
            "processor": hardware.name(torch.device("cpu")),
            "device": hardware.name(hardware.device()),
            "cores": available(),
            "threads": torch.get_num_threads(),
        },
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            **{library: version(library) for library in LIBRARIES},
        },
        "results": results,
        "failed": failed,
    }


def _measured(name: str) -> dict[str, Any]:
    """One benchmark, in a process of its own. Raises RuntimeError with the last line of what it complained of."""
    command = [sys.executable, "-m", "resnet_demo", "bench", name, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"It took more than {PATIENCE / 60:.0f} minutes.") from None
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"It ended with status {done.returncode}."])[-1])
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Change:
    """A benchmark's ratio in two files, and by how much it became better: 0.1 is a tenth, -0.1 a tenth worse."""

    name: str
    before: float
    now: float
    gain: float


def changes(now: dict[str, Any], before: dict[str, Any]) -> Iterator[Change]:
    """What both files measured."""
    for name, result in now["results"].items():
        old = before["results"].get(name, {}).get("ratio")
        if old and result.get("ratio"):
            new = result["ratio"]
            yield Change(name, old, new, (new / old if more_is_better(result) else old / new) - 1)


def more_is_better(result: dict[str, Any]) -> bool:
    """Whether a ratio says how many times faster, and not how much overhead: its unit begins with what is divided."""
    return not result["unit"].startswith("ours")


def read(path: Path) -> dict[str, Any]:
    """A file that `--out` wrote. Raises InputError for another one."""
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["version"] == VERSION and isinstance(found["results"], dict):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError("{path} is no file of benchmarks: `bench all --out FILE` writes one.", path=path)
