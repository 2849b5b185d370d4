"""Train the bundled networks, all of them side by side on one GPU: `python -m resnet_demo.bench.zoo --out FOLDER`.

A small network cannot fill a GPU. Here every training has a stream of its own, and they take turns step by step; each
takes the same steps as it would alone. Weights and their history are written as each training ends, snapshots as they
come. With `--seconds`, trainings are given up from the end of the list where the time would not suffice.

On a processor each network is trained alone: `resnet-demo train --model resnet56 --epochs 30 --seed 1 --out FILE`.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..data import Dataset, load_dataset
from ..errors import DivergenceError
from ..files import write_atomically
from ..models.weights import save
from ..models.zoo import build
from ..training import hardware
from ..training.provenance import provenance
from ..training.recipes import RECIPES, Recipe
from ..training.trainer import Training

EPOCHS = 30
SNAPSHOTS = (1, 3, 10, 19)  # epochs; the begin is the seed's, the end the weights themselves
PAPER_EPOCHS = 164  # 64,000 iterations in batches of 128 [He et al. 2015, section 4.2]
SGD = replace(RECIPES["fast"], name="sgd", muon=0.0)


@dataclass(frozen=True)
class Plan:
    """One training of the list."""

    model: str
    seed: int = 0
    recipe: Recipe = RECIPES["fast"]
    epochs: int = EPOCHS
    snapshots: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Of its file: `resnet56-seed1`, `plain20-paper`."""
        how = f"-{self.recipe.name}" * (self.recipe.name != "fast")
        return f"{self.model}{how}{f'-seed{self.seed}' if self.seed else ''}"


def plans() -> list[Plan]:
    """What is trained, the most important first."""
    pair = ("resnet{}", "plain{}")
    return [
        *(Plan(kind.format(56), seed) for seed in (1, 2) for kind in pair),
        Plan("resnet18-cifar"),
        Plan("preresnet20"),
        Plan("preresnet56"),
        *(Plan(kind.format(20), snapshots=SNAPSHOTS) for kind in pair),
        *(Plan(kind.format(56), snapshots=SNAPSHOTS) for kind in pair),
        *(Plan(kind.format(20), seed) for seed in (1, 2) for kind in pair),
        *(Plan(kind.format(110)) for kind in pair),
        *(Plan(kind.format(32)) for kind in pair),
        *(Plan(kind.format(56), recipe=SGD) for kind in pair),
        *(Plan(kind.format(20), recipe=RECIPES["paper"], epochs=PAPER_EPOCHS) for kind in pair),
        Plan("plain18-cifar"),
    ]


class Turn:
    """One of the trainings that take turns."""

    def __init__(self, plan: Plan, train_set: Dataset, test_set: Dataset, out: Path, beside: int, started: float):
        self.plan, self.out, self.beside, self.started = plan, out, beside, started
        model = build(plan.model, plan.seed, len(train_set.classes))
        self.training = Training(
            model, train_set, test_set, plan.recipe, epochs=plan.epochs, seed=plan.seed, tell_every=float("inf")
        )
        self.total = plan.epochs * self.training.steps_per_epoch
        on_gpu = self.training.device.type == "cuda"
        self._stream = torch.cuda.Stream() if on_gpu else None
        self._steps: Iterator[Any] = self.training.steps()
        self.done = False

    def take(self, steps: int) -> None:
        """The next steps; at its end, the weights are written."""
        with torch.cuda.stream(self._stream) if self._stream else nullcontext():
            for _ in range(steps):
                try:
                    record = next(self._steps)
                except StopIteration:
                    self._finish()
                    return
                except DivergenceError as error:
                    self.done = True
                    say(f"{self.plan.name}: {error}")
                    return
                if record and record.test_accuracy is not None and record.epoch in self.plan.snapshots:
                    self._write(f"{self.plan.name}-epoch{record.epoch}", self._story() | {"epoch": record.epoch})

    def _finish(self) -> None:
        self.done = True
        story = self._story()
        self._write(self.plan.name, story)
        text = json.dumps(story, indent=1) + "\n"
        write_atomically(self.out / f"{self.plan.name}.json", text.encode())
        say(f"{self.plan.name}: {story['test_accuracy']:.4f}, {time.perf_counter() - self.started:.0f} s")

    def _story(self) -> dict[str, Any]:
        test = self.training.test
        assert test is not None
        command = "python -m resnet_demo.bench.zoo"
        story = {"origin": "trained by resnet_demo.bench.zoo", "command": command, "side_by_side": self.beside}
        return story | provenance(self.plan.model, self.training, test)

    def _write(self, name: str, story: dict[str, Any]) -> None:
        model = copy.deepcopy(self.training.model).cpu().to(memory_format=torch.contiguous_format)  # pyright: ignore
        model.provenance = story
        save(model, self.out / f"{name}.safetensors")


def run(out: Path, data_dir: Path | None, seconds: float, only: list[str], epochs: int | None = None) -> None:
    started = time.perf_counter()
    device = hardware.device()
    train_set, test_set = (load_dataset("cifar10", train, data_dir).to(device) for train in (True, False))
    if device.type == "cuda":
        torch.cuda.synchronize()
    chosen = [plan for plan in plans() if not only or plan.name in only]
    if epochs:
        chosen = [replace(plan, epochs=epochs) for plan in chosen]
    turns = [Turn(plan, train_set, test_set, out, len(chosen), started) for plan in chosen]
    rounds = max(turn.training.steps_per_epoch for turn in turns) * EPOCHS
    told, last = started, 0
    for number in range(1, 10**9):
        for turn in turns:
            turn.take(max(1, round(turn.total / rounds)))
        turns = [turn for turn in turns if not turn.done]
        if not turns:
            return
        now = time.perf_counter()
        if now - told > 15:
            rate = (number - last) / (now - told)
            left = max((turn.total - turn.training.step) / max(1, round(turn.total / rounds)) for turn in turns) / rate
            say(f"{now - started:.0f} s: round {number}, {rate:.0f} a second, {left:.0f} s to go, {len(turns)} left")
            told, last = now, number
            # The first minute is spent on capturing; then too slow a pace costs the last of the list its place.
            if now - started > 60 and now - started + left > seconds and len(turns) > 1:
                say(f"given up: {turns.pop().plan.name}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="The time there is.")
    parser.add_argument("--only", nargs="*", default=[], help="Names of trainings; else all.")
    parser.add_argument("--epochs", type=int, help="Instead of each training's own; for a trial.")
    asked = parser.parse_args()
    run(asked.out, asked.data_dir, asked.seconds, asked.only, asked.epochs)
