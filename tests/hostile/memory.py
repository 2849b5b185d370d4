"""How much memory something takes at its peak, of this process or of another one; nothing where that cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from resnet_demo.ui.memory import trimmer


def _said(process: int | str, what: str) -> int:
    """Bytes, as Linux counts them."""
    lines = Path(f"/proc/{process}/status").read_text("ascii", "replace").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def more_than_now(process: int | str = "self") -> Callable[[], int]:
    """Tells how many bytes more than now a process had at its peak since now."""
    trim = trimmer()
    if process == "self" and trim:
        trim(0)  # what was freed before is not at hand then
    try:
        Path(f"/proc/{process}/clear_refs").write_text("5", "ascii")  # forgets the peak until now
        before = _said(process, "VmRSS")
        return lambda: _said(process, "VmHWM") - before
    except (OSError, StopIteration):
        return lambda: 0
