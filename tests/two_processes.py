"""What two processes do together, for test_distributed: started by torchrun, or with one process to compare with.

Usage: two_processes.py FOLDER. Every process writes what it found to FOLDER/RANK-of-WORLD.pt.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from stripes import CONFIG, RECIPE, stripes

from resnet_demo.errors import InputError
from resnet_demo.models.resnet import ResNet
from resnet_demo.training import distributed
from resnet_demo.training.evaluation import evaluate
from resnet_demo.training.records import Meter
from resnet_demo.training.trainer import Training

trainer: Any = importlib.import_module(
    "resnet_demo.training.trainer"
)  # the package offers the function under this name


MICROBATCHES = (8, 4)  # of batches of 16: two, or four


def training(epochs: int = 5, microbatch: int | None = None) -> Training:
    recipe = replace(RECIPE, microbatch=microbatch)
    found = Training(ResNet(CONFIG, seed=0), stripes(192, seed=1), stripes(90, seed=2), recipe, epochs=epochs)
    found.half = False  # in half precision, the halves of a batch are not rounded like the whole
    return found


def losses_of(training: Training, *run: Any) -> list[float]:
    """The loss of every step, over the batch of all processes."""
    losses, add = [], Meter.add

    def watched(self: Meter, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        losses.append(distributed.total(loss.detach().clone()).item() / distributed.world())
        add(self, loss, logits, labels)

    Meter.add = watched
    try:
        list(training.run(*run))
    finally:
        Meter.add = add
    return losses


def norm_of() -> dict[str, torch.Tensor]:
    """A step of batch norm on this process's part of a batch, and what it is sent back."""
    luck = torch.Generator().manual_seed(3)
    norm = distributed.JointBatchNorm2d(5)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5, generator=luck)
        norm.bias.normal_(generator=luck)
    part = slice(distributed.rank(), None, distributed.world())
    x = (3 * torch.randn(8, 5, 4, 4, generator=luck) + 2)[part].requires_grad_()
    wanted = torch.randn(8, 5, 4, 4, generator=luck)[part]
    y = norm(x)
    gradient, weight, bias = torch.autograd.grad((y * wanted).sum(), [x, norm.weight, norm.bias])
    found = {"y": y, "x": gradient, "weight": distributed.total(weight), "bias": distributed.total(bias)}
    return {**{name: value.detach() for name, value in found.items()}, **dict(norm.named_buffers())}


def refused(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except InputError as error:
        return str(error)
    return ""


def only_the_first() -> str:
    assert distributed.rank() == 0
    return "from the first"


def fail() -> None:
    raise InputError("There is nothing to read.")


def uneven() -> Training:
    return Training(ResNet(CONFIG), stripes(64, seed=1), stripes(8, seed=2), replace(RECIPE, batch=15), epochs=1)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with distributed.together():
        rank, world = distributed.rank(), distributed.world()
        found: dict[str, Any] = in_microbatches()
        if world <= 2:  # more are there for the microbatches
            found |= in_whole_batches(folder)
    torch.save(found, folder / f"{rank}-of-{world}.pt")


def in_microbatches() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for microbatch in MICROBATCHES:
        trained = training(2, microbatch)
        found[f"losses in microbatches of {microbatch}"] = losses_of(trained)
        found[f"state after microbatches of {microbatch}"] = trained.model.state_dict()
    return found


def in_whole_batches(folder: Path) -> dict[str, Any]:
    rank, whole = distributed.rank(), training()
    found: dict[str, Any] = {"norm": norm_of(), "losses": losses_of(whole)}
    found["state"], found["history"] = whole.model.state_dict(), [vars(record) for record in whole.history]
    found["logits"] = evaluate(whole.model, whole.test_set, batch=7).logits
    # Left in the second epoch, with a checkpoint of the first process only; then taken up again.
    trainer.KEEP_EVERY = trainer.TELL_EVERY = 0.0
    checkpoint = folder / str(rank) / f"{distributed.world()}.pt"
    for record in training().run(checkpoint):
        if record.step == 17:
            break
    resumed = training()
    list(resumed.run(checkpoint, True))
    found["resumed"], found["files"] = resumed.model.state_dict(), checkpoint.exists()
    found["resumed history"] = [vars(record) for record in resumed.history]
    found["agreed"] = distributed.agreed(10.0 + rank, 0.5)
    found["told"] = distributed.from_first(only_the_first)
    found["refused"] = [refused(lambda: distributed.from_first(fail)), refused(uneven)]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
