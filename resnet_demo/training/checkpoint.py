"""A training's state on disk: written whole or not at all, and resumed only by the training that it belongs to."""

from __future__ import annotations

import glob
import io
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..files import write_atomically


def keep(path: Path, task: dict[str, Any], state: dict[str, Any]) -> None:
    """Write `state`, which may hold tensors, plain values and containers of them, and the task that it belongs to.

    A training is the only writer of its checkpoint: temporary files that lie beside it are those of a writer that was
    killed, and are cleared away.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        left.unlink(missing_ok=True)
    buffer = io.BytesIO()
    torch.save({"task": task, **state}, buffer)
    write_atomically(path, buffer.getvalue())


def restore(path: Path, task: dict[str, Any]) -> dict[str, Any]:
    """The state that was kept; InputError where the file is of another task, torn, or not a checkpoint."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = state["task"]
    except Exception:  # a torn or foreign file fails in torch.load in many ways
        raise unfit(path) from None
    if found != task:
        raise InputError(
            "{file} belongs to a training with another network, data set, seed, recipe or budget.", file=path.name
        )
    return state


def unfit(path: Path) -> InputError:
    return InputError("{file} is not a checkpoint of a training of this network.", file=path.name)
