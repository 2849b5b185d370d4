"""What a training is worth in a given time: ResNet-20's accuracy on the whole test set, against the textbook loop.

Both have the data in memory and so many seconds of the clock on the wall, in which the network is built, the loaders'
workers are started and everything is warmed up. What is reported is the accuracy after the last step, never the best of
several; that one test is not counted. Ours is `fast` as the app runs it, whose tests on the way and whose last
measurement of batch-norm statistics are counted, too. The seeds' runs alternate.

In `WIDE_BUDGET` seconds the textbook loop also trains the popular wide network, resnet18-cifar.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import torch

from ..data import Dataset
from ..errors import InputError
from ..models.zoo import build
from ..training import hardware
from ..training.evaluation import evaluate
from ..training.trainer import Training, dataset_domain
from .textbook import TEXTBOOK, Pictures, accuracy_of, network, train_on
from .train import NETWORK, data_at_hand

WIDE, WIDE_BUDGET = "resnet18-cifar", 300
PUBLISHED = 0.0875  # error of ResNet-20 on CIFAR-10 after 64,000 steps: He et al. 2015, table 6
RESERVE = 2.0  # seconds of the budget that ours keeps for what follows its last step
SAMPLE = 1000  # pictures that ours is tested on within the budget: the trainer never asks more of them on the way


def measure(budgets: Sequence[float] = (60,), seeds: int = 1) -> dict[str, Any]:
    """The longest budget's figures are reported as `ours` and `peer`; `runs` holds every run of each of them.

    Every run is also reported on stderr as one line of JSON as soon as it is done, so that a stop loses nothing.

    Raises InputError for an impossible budget or number of seeds.
    """
    if not budgets or not all(0 < budget < math.inf for budget in budgets):
        raise InputError("The budget must be a number of seconds above zero.")
    if seeds < 1:
        raise InputError("At least one seed is needed.")
    train_set, test_set = data_at_hand()
    contenders: dict[str, Callable[[float, int], dict[str, Any]]] = {
        "ours": lambda budget, seed: ours(train_set, test_set, budget, seed),
        "textbook": lambda budget, seed: textbook(train_set, test_set, NETWORK, budget, seed),
    }
    wide = {"textbook_wide": lambda budget, seed: textbook(train_set, test_set, WIDE, budget, seed)}
    runs: list[dict[str, Any]] = []
    for budget in sorted(budgets):
        for seed in range(seeds):
            for name, contender in (contenders | (wide if budget == WIDE_BUDGET else {})).items():
                runs.append({"contender": name, "budget": budget, "seed": seed, **contender(budget, seed)})
                print(json.dumps(runs[-1]), file=sys.stderr, flush=True)

    means = {
        f"{name}_{budget:g}s": statistics.mean(found)
        for budget in sorted(budgets)
        for name in (*contenders, *wide)
        if (found := [run["accuracy"] for run in runs if (run["contender"], run["budget"]) == (name, budget)])
    }
    wrong, peer = (1 - means[f"{name}_{max(budgets):g}s"] for name in contenders)
    return {
        "ours": wrong,
        "peer": peer,
        "limit": PUBLISHED if train_set.name == "cifar10" else 0.0,
        "ratio": peer / wrong if wrong else None,
        **{f"accuracy_{name}": value for name, value in means.items()},
        "runs": runs,
        "unit": "peer / ours: how many times fewer mistakes; ours, peer and limit are wrong fractions of the test set",
        "work": f"{NETWORK} on {train_set.name}, {' and '.join(f'{budget:g} s' for budget in sorted(budgets))} of "
        f"wall clock, {seeds} {'seed' if seeds == 1 else 'seeds'}, {len(test_set):,} test pictures, "
        f"{hardware.name(hardware.device())}, {torch.get_num_threads()} threads; ours, peer: the longest budget; "
        "limit: the paper's 64,000 steps",
    }


def ours(train_set: Dataset, test_set: Dataset, budget: float, seed: int) -> dict[str, Any]:
    """One training by our trainer, meant to be through with its last measurement within the budget.

    `seconds` tells whether it was; if not, cores were too busy, yet no step was taken beyond the budget.
    """
    start = time.perf_counter()
    model = build(NETWORK, seed, classes=len(train_set.classes))
    rest = budget - min(RESERVE, budget / 10) - (time.perf_counter() - start)
    training = Training(model, train_set, test_set.subset(SAMPLE), "fast", minutes=rest / 60, seed=seed)
    images = [record.images for record in training.run()][-1]
    seconds = time.perf_counter() - start
    return _told(NETWORK, evaluate(model, test_set).accuracy, images, seconds)


def textbook(train_set: Dataset, test_set: Dataset, name: str, budget: float, seed: int) -> dict[str, Any]:
    """One training by the textbook loop, to the first step that ends after the budget."""
    domain = dataset_domain(train_set)
    pictures = Pictures(train_set, TEXTBOOK, domain.mean, domain.std)  # in memory, as torchvision would have it
    torch.manual_seed(seed)
    start, images = time.perf_counter(), 0
    model = network(name)
    with closing(train_on(model, pictures, TEXTBOOK, hardware.device())) as steps:
        while time.perf_counter() - start < budget:
            images = next(steps)
        seconds = time.perf_counter() - start
    return _told(name, accuracy_of(model, test_set, domain.mean, domain.std), images, seconds)


def _told(name: str, accuracy: float, images: int, seconds: float) -> dict[str, Any]:
    return {
        "network": name,
        "accuracy": accuracy,
        "images": images,
        "seconds": round(seconds, 3),
        "images_per_second": round(images / seconds, 1),
    }
