"""Where weights come from: what was asked for, on what it was run, and what came out; it is saved with them.

What was asked for can be read back, to repeat the training. Files of version 0.1 hold less: they have no schedule, no
gradients and ratios in their history, and call the device `cpu`. Where a file does not say whether the training was
stopped, it was not.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError

from ..errors import InputError
from ..files import parsed
from ..models.weights import read_metadata
from . import distributed, hardware
from .budget import ASK_IN_SHORT, SEEDS
from .evaluation import Evaluation
from .recipes import Recipe
from .records import Record

MOST_BYTES = 10_000_000  # of a provenance file


def provenance(network: str, training: Any, test: Evaluation) -> dict[str, Any]:
    """The provenance of weights whose `Training` has ended, by itself or stopped; `test` was measured on them."""
    last = training.history[-1]
    where = hardware.device()
    return {
        "network": network,
        "dataset": training.train_set.name,
        "recipe": asdict(training.recipe),
        "seed": training.seed,
        "epochs": training.epochs,
        "minutes": training.minutes,
        "schedule": [] if training.epochs else training.schedule,
        "stopped": bool(training.in_short),
        "in_short": training.in_short,
        "steps": last.step,
        "images": last.images,
        "seconds": round(last.seconds, 1),
        "images_per_second": round(last.images_per_second, 1),
        "processes": distributed.world(),
        "threads": torch.get_num_threads(),
        "compiled": training.compile,
        "precision": "bf16" if training.half else "fp32",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "device": hardware.name(where),
        "test_accuracy": round(test.accuracy, 6),
        "test_loss": round(test.loss, 4),
        "test_pictures": test.n,
        "train_accuracy": round(last.train_accuracy, 4),
        "train_loss": round(last.train_loss, 4),
        "energy_percentiles": [round(value, 4) for value in test.energies.quantile(torch.linspace(0, 1, 101)).tolist()],
        "history": told(training.history),
    }


@dataclass(frozen=True)
class Settings:
    """All that fixes a training, on a machine of the same kind."""

    network: str
    dataset: str  # its name: of a folder or a zip, without the place where it lies
    recipe: Recipe
    seed: int
    epochs: int | None
    minutes: float | None
    schedule: list[int] | None = None
    in_short: int = 0
    threads: int | None = None  # None: all there are
    compiled: bool | None = None  # None: as is usual on the device
    half: bool | None = None  # None: where it is faster


def settings_of(path: Path) -> Settings:
    """The settings of the training that weights came from, read from them (.safetensors) or the .json beside them.

    Raises InputError where the file does not hold them all, and where a training by epochs was stopped: a repetition
    would go on to the end of its budget. (By the clock, the schedule tells where it ended.)
    """
    if not path.is_file():
        raise InputError("There is no file {path}.", path=path)
    try:
        story = _story(path)
        fixed = story.minutes is None or story.schedule is not None
        odd = not 0 <= story.seed < SEEDS or story.threads > 1024 or "\0" in story.dataset
        if not fixed or odd or (story.stopped and story.steps is None):
            raise ValueError
    except (OSError, SafetensorError, ValueError):
        raise InputError("{file} does not describe a training that could be run again.", file=path.name) from None
    if story.stopped and story.epochs:
        raise InputError(
            "{file} is from a training that was stopped after {steps} steps of its {epochs} epochs; a training by "
            "epochs can only be repeated as a whole.",
            file=path.name,
            steps=story.steps,
            epochs=story.epochs,
        )
    return Settings(
        network=story.network,
        dataset=story.dataset,
        recipe=story.recipe,
        seed=story.seed,
        epochs=story.epochs,
        minutes=story.minutes,
        schedule=story.schedule if story.minutes else None,
        in_short=(story.in_short or ASK_IN_SHORT) if story.stopped else 0,
        threads=max(1, story.threads),
        compiled=story.compiled,
        half=None if story.precision is None else story.precision == "bf16",
    )


@dataclass(frozen=True)
class _Story:
    """What a provenance must hold, so that its training can be repeated."""

    network: str
    dataset: str
    recipe: Recipe
    seed: int
    epochs: int | None
    minutes: float | None
    threads: int
    compiled: bool
    schedule: list[int] | None = None
    stopped: bool = False
    steps: int | None = None
    in_short: int = 0  # which old files do not tell, and
    precision: Literal["bf16", "fp32"] | None = None


def _story(path: Path) -> _Story:
    """Raises ValueError, or OSError, where the file does not tell it all."""
    if path.suffix == ".safetensors":
        text = json.dumps(read_metadata(path)["provenance"])
    elif path.stat().st_size > MOST_BYTES:
        raise ValueError
    else:
        text = path.read_text("utf-8")
    values = parsed(dict[str, Any], text)
    recipe = values.get("recipe")
    if isinstance(recipe, dict) and "share" in recipe:  # as files before version 0.2 call it
        recipe["microbatch"] = recipe.pop("share")
    if not isinstance(recipe, dict) or recipe.keys() - {field.name for field in fields(Recipe)}:
        raise ValueError  # a setting that is not known here cannot be repeated
    return parsed(_Story, json.dumps(values))


def told(history: Sequence[Record]) -> list[dict[str, Any]]:
    """Records as plain values, rounded to readable precision."""
    return [_rounded(asdict(record)) for record in history]


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    def rounded(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _rounded(value)
        return round(value, {"seconds": 1, "lr": 6}.get(key, 4)) if isinstance(value, float) else value

    return {key: rounded(key, value) for key, value in values.items()}
