"""Training and evaluation, without any interface: `train` is a generator of records that a page or a shell shows."""

from __future__ import annotations

import io
import math
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .data import Dataset, augment, batches
from .errors import InputError
from .images import CIFAR10, Domain
from .predict import domain_of
from .resnet import ResNet
from .weights import write_atomically


@dataclass(frozen=True)
class Recipe:
    """How to train: stochastic gradient descent with these settings."""

    name: str
    lr: float  # the highest learning rate
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str  # "triangle", "steps" or "constant": see `learning_rate`
    shift: int | None  # augment with flips and shifts of up to so many pixels; None: not at all
    batch: int = 128
    small_until: float = 0.0  # for this fraction of the training the crops are 3/4 as high and wide


RECIPES = {
    # Small crops first: global average pooling takes any size, and a crop of 24 px costs half of one of 32 px.
    "fast": Recipe("fast", 0.2, 0.9, True, 5e-4, "triangle", shift=2, small_until=0.6),
    "paper": Recipe("paper", 0.1, 0.9, False, 1e-4, "steps", shift=4),  # He et al. 2015, section 4.2
    "seed": Recipe("seed", 0.01, 0.0, False, 0.0, "constant", shift=None),  # the textbook loop, for comparison
}


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The learning rate when the fraction `progress` of the training is done."""
    if recipe.schedule == "triangle":  # up for a fifth of the time, then down to zero
        return recipe.lr * min(progress / 0.2, (1 - progress) / 0.8)
    if recipe.schedule == "steps":  # a tenth after 32k, a hundredth after 48k of the paper's 64k iterations
        return recipe.lr * (1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01)
    return recipe.lr


@dataclass(frozen=True)
class Record:
    """What is known at one moment of a training. Train figures are means since the last record with test figures."""

    epoch: int  # epochs completed
    step: int
    images: int
    seconds: float  # of training; evaluation not counted
    lr: float
    train_loss: float
    train_accuracy: float
    test_loss: float | None = None  # None within an epoch
    test_accuracy: float | None = None

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Evaluation:
    """Accuracy (a fraction), mean cross-entropy and number of pictures, with the logits' energy for each picture."""

    accuracy: float
    loss: float
    n: int
    energies: Tensor  # [n]: logsumexp of the logits; high where the picture resembles the training set


@torch.no_grad()
def evaluate(model: ResNet, dataset: Dataset, batch: int = 500) -> Evaluation:
    """Classify a whole data set, whole pictures, without augmentation. The model's mode is left as it was.

    Raises InputError where the network's classes are not the data set's.
    """
    _check_classes(model, dataset)
    domain, was_training = domain_of(model), model.training
    model.eval()
    try:
        logits = torch.cat([model(domain.normalise(pictures)) for pictures, _ in batches(dataset, batch)])
    finally:
        model.train(was_training)
    return Evaluation(
        accuracy=int((logits.argmax(1) == dataset.labels).sum()) / len(dataset),  # exact: 0.9173, not 0.91729998
        loss=cross_entropy(logits, dataset.labels).item(),
        n=len(dataset),
        energies=logits.logsumexp(1),
    )


def train(
    model: ResNet,
    train_set: Dataset,
    test_set: Dataset,
    recipe: Recipe | str = "fast",
    epochs: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    checkpoint: Path | None = None,
    resume: bool = False,
    compile: bool = False,
) -> Iterator[Record]:
    """Train `model` in place; yield a record about twice a second, and one with test figures after every epoch.

    The budget is either a number of `epochs`, which the seed then fixes step by step, or of `minutes`, whose
    schedule follows the clock. With a `checkpoint` the state is saved there after every epoch, and `resume` goes on
    from it to the same result, after yielding once more the records of the epochs that were done. `compile` costs a
    minute at the start and trains about 1.3 times faster; it needs a C++ compiler.

    Raises InputError for an impossible budget or checkpoint, and FloatingPointError when the loss is no longer finite.
    """
    recipe = _recipe(recipe)
    if (epochs is None) == (minutes is None):
        raise InputError("A training needs a budget: either a number of epochs or of minutes.")
    if not 0 < (epochs or minutes or 0) < math.inf:
        raise InputError("The budget of a training must be more than nothing.")
    if len(train_set) < recipe.batch:
        raise InputError(f"Training needs at least one batch of {recipe.batch} pictures, not {len(train_set)}.")
    for dataset in (train_set, test_set):
        _check_classes(model, dataset)
    model.domain = domain = dataset_domain(train_set)
    model.requires_grad_(True)
    size = train_set.pictures.shape[-1]
    steps_per_epoch = len(train_set) // recipe.batch
    optimiser = torch.optim.SGD(
        model.parameters(), recipe.lr, recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay
    )
    forward = torch.compile(model, dynamic=False) if compile else model
    epoch, step, seconds = 0, 0, 0.0
    history: list[Record] = []  # the epochs' last records
    run = {"seed": seed, "recipe": asdict(recipe), "epochs": epochs, "minutes": minutes}
    run |= {"network": asdict(model.config), "data": [train_set.name, len(train_set)]}
    if resume and checkpoint and checkpoint.is_file():
        history = _restore(checkpoint, model, optimiser, run)
        yield from history
        epoch, step, seconds = history[-1].epoch, history[-1].step, history[-1].seconds

    def progress() -> float:
        return step / (epochs * steps_per_epoch) if epochs else seconds / (60 * (minutes or 1))

    while progress() < 1:
        # Seeding every epoch by its number makes a resumed run see the same batches as an uninterrupted one.
        generator = torch.Generator().manual_seed(seed * 100_003 + epoch)
        model.train()
        meter, told = _Meter(), time.perf_counter()
        for pictures, labels in batches(train_set, recipe.batch, generator):
            start, now = time.perf_counter(), progress()
            if recipe.shift is not None:
                crop = size * 3 // 4 if now < recipe.small_until else size
                pictures = augment(pictures, crop, recipe.shift if crop == size else 0, generator)
            lr = optimiser.param_groups[0]["lr"] = learning_rate(recipe, now)
            logits = forward(domain.normalise(pictures))
            loss = cross_entropy(logits, labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            meter.add(loss, logits, labels)
            step, seconds = step + 1, seconds + time.perf_counter() - start
            if time.perf_counter() - told > 0.5:
                told = time.perf_counter()
                yield Record(epoch, step, step * recipe.batch, seconds, lr, *meter.means())
            if progress() >= 1:  # a budget of minutes may end within an epoch
                break
        epoch += 1
        test = evaluate(model, test_set)
        means = meter.means()
        history.append(Record(epoch, step, step * recipe.batch, seconds, lr, *means, test.loss, test.accuracy))
        if checkpoint:
            _keep(checkpoint, model, optimiser, history, run)
        yield history[-1]
    model.eval()


def dataset_domain(dataset: Dataset) -> Domain:
    """The domain of networks trained on a data set: its classes, its size, its own mean and standard deviation."""
    if dataset.name == "cifar10":
        return CIFAR10
    values = dataset.pictures[:: max(1, len(dataset) // 10_000)].float() / 255  # [n, 3, H, W]
    mean, std = (tuple(v.tolist()) for v in (values.mean((0, 2, 3)), values.std((0, 2, 3)).clamp(min=1e-3)))
    size = dataset.pictures.shape[-1]
    return replace(CIFAR10, name=dataset.name, labels=dataset.classes, size=size, resize=size, mean=mean, std=std)


def provenance(
    network: str,
    dataset: str,
    recipe: Recipe | str,
    history: Sequence[Record],
    test: Evaluation,
    *,
    seed: int,
    minutes: float | None = None,
    compiled: bool = False,
) -> dict[str, Any]:
    """Where weights come from, to be saved with them: what was asked for, with what it was done, what came out.

    `history` holds the records with test figures, one per epoch, and `test` was measured on the finished weights.
    """
    last = history[-1]
    return {
        "network": network,
        "dataset": dataset,
        "recipe": asdict(_recipe(recipe)),
        "seed": seed,
        "epochs": last.epoch,
        "minutes": minutes,
        "seconds": round(last.seconds, 1),
        "images_per_second": round(last.images_per_second, 1),
        "threads": torch.get_num_threads(),
        "compiled": compiled,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "cpu": _cpu(),
        "test_accuracy": round(test.accuracy, 6),
        "test_loss": round(test.loss, 4),
        "train_accuracy": round(last.train_accuracy, 4),
        "train_loss": round(last.train_loss, 4),
        "energy_percentiles": [round(value, 4) for value in test.energies.quantile(torch.linspace(0, 1, 101)).tolist()],
        "history": [_rounded(record) for record in history],
    }


def _rounded(record: Record) -> dict[str, Any]:
    digits = {"seconds": 1, "lr": 6}
    return {k: round(v, digits.get(k, 4)) if isinstance(v, float) else v for k, v in asdict(record).items()}


def _cpu() -> str:
    """The processor's model; Python's own `platform.processor()` is empty on most Linux systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _check_classes(model: ResNet, dataset: Dataset) -> None:
    if model.config.classes != len(dataset.classes):
        raise InputError(
            f"The network tells {model.config.classes} classes apart, {dataset.name} has {len(dataset.classes)}."
        )


def _recipe(recipe: Recipe | str) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise InputError(f"There is no recipe {recipe!r}; there are {', '.join(RECIPES)}.")
    return RECIPES[recipe]


class _Meter:
    """Running means of loss and accuracy over the batches of an epoch."""

    def __init__(self) -> None:
        self.loss, self.right, self.count = 0.0, 0, 0

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError("The training diverged: the loss is not a finite number. Lower the learning rate.")
        self.loss += value * len(labels)
        self.right += int((logits.argmax(1) == labels).sum())
        self.count += len(labels)

    def means(self) -> tuple[float, float]:
        return self.loss / self.count, self.right / self.count


def _keep(path: Path, model: ResNet, optimiser: torch.optim.Optimizer, history: list[Record], run: dict) -> None:
    buffer = io.BytesIO()
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save({**state, "history": [asdict(record) for record in history], "run": run}, buffer)
    write_atomically(path, buffer.getvalue())


def _restore(path: Path, model: ResNet, optimiser: torch.optim.Optimizer, run: dict) -> list[Record]:
    """Fill model and optimiser from a checkpoint; return the records of the epochs that it stands after."""
    try:
        state = torch.load(path, weights_only=True)
        if run | state["run"] != run:  # what a file does not tell, as older ones do not tell the network, is let pass
            raise InputError(f"{path.name} belongs to a training of another network, data set, seed, recipe or budget.")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        return [Record(**record) for record in state["history"]]
    except InputError:
        raise
    except Exception:  # a torn or foreign file fails in torch.load or load_state_dict in many ways
        raise InputError(f"{path.name} is no checkpoint of a training of this network.") from None
