"""The processor's cores that this process may really use, and how its threads wait for each other.

Both are told to OpenMP by the environment, which it reads once, when torch is imported. So `prepare` has to be called
before that. Commands and the app do so; `import resnet_demo` does not, since a library leaves the environment alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def prepare(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let OpenMP's threads sleep while they wait, and let there be no more of them than cores; what is set stays.

    By default they wait by spinning for some milliseconds. That is time which others need on a computer that is shared,
    among them the very thread that is waited for. PyTorch comes with GNU's OpenMP on Linux and with LLVM's on a Mac;
    both know this variable, from which the one derives GOMP_SPINCOUNT and the other KMP_BLOCKTIME.

    OpenMP and MKL follow the cores that a process is bound to by themselves, but not a container's share of them.
    """
    environ.setdefault("OMP_WAIT_POLICY", "passive")
    if available() < _bound_to():
        environ.setdefault("OMP_NUM_THREADS", str(available()))


def available(groups: Path = GROUPS, mount: Path = MOUNT) -> int:
    """How many cores this process may keep busy, at least 1: those it is bound to, or its control group's share.

    Shares are rounded to the nearest whole number: of 1.5 cores, two threads get more than one thread does; of 1.2, two
    would be held up at the end of every period.
    """
    shares = [share for share in _shares(groups, mount) if share > 0]
    return min([_bound_to(), *(max(1, int(share + 0.5)) for share in shares)])


def _bound_to() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _shares(groups: Path, mount: Path) -> Iterator[float]:
    """The limits, in cores, of this process's control groups and of all groups that hold these.

    Version 2 has one tree, with `cpu.max`: "150000 100000", or "max 100000" where there is no limit. Version 1 has a
    tree for each controller, with `cpu.cfs_quota_us`, which is -1 where there is no limit. A container may see its
    group's name as it is outside, where there is no such folder; then the root of the tree is its own group.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:  # "0::/user.slice", "4:cpu,cpuacct:/docker/4a5b"
        _, controllers, name = line.split(":", 2)
        if not controllers:
            for group in _upwards(mount, name):
                with suppress(OSError, ValueError, ZeroDivisionError):
                    quota, period = (group / "cpu.max").read_text().split()
                    yield float(quota) / float(period) if quota != "max" else 0
        elif "cpu" in controllers.split(","):
            for tree in (controllers, "cpu"):
                for group in _upwards(mount / tree, name):
                    with suppress(OSError, ValueError, ZeroDivisionError):
                        quota, period = ((group / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
                        yield float(quota) / float(period)


def _upwards(tree: Path, name: str) -> Iterator[Path]:
    group = tree / name.strip("/")
    yield group
    while group != tree and group.parent.is_relative_to(tree):
        group = group.parent
        yield group
