"""Training ResNet-20: images per second with everything that belongs to it, against two loops that others use.

All train the same network on the same pictures, in batches of 128, in slices of a few seconds that alternate. Ours
is the trainer as it runs in the app, with its loader, its augmentation and its records twice a second; the peers do
not even print. The peers' loaders fetch ahead while others have their turn: four batches at most, in their favour.

The limit is what no training at full size can beat that multiplies matrices as fast as PyTorch does here: the
arithmetic of its convolutions at the rate of a large product, in float32 or bfloat16, whichever is faster. (Where
bfloat16 is done in software, such a product takes a minute: a small one tells, and the large one is left out.)
`step_alone` is ours on one batch again and again: no loader, no augmentation, no records.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import torch

from ..data import Dataset, load_dataset
from ..errors import InputError
from ..models.zoo import build
from ..training import hardware
from ..training.microbatches import Microbatches
from ..training.optimizers import optimizers
from ..training.recipes import RECIPES, Recipe
from ..training.trainer import Training, dataset_domain
from . import take_slices
from .textbook import PEER_RECIPE, TEXTBOOK, Loop, Pictures, network, train_on

NETWORK = "resnet20"
ROUNDS, SLICE = 7, 2.5  # seconds; with the warm-up, two and a half minutes
WITHIN = 200.0  # seconds, after which there is no new round: one of them takes long where a step does
SIDE, SMALL = 2048, 256  # of the matrices that the rate of multiplication is measured on, and of a trial
FORWARD = 40_551_040  # multiply-adds of ResNet-20 on 32 px; going back costs twice as much again
STEP_FLOPS = 2 * 3 * FORWARD  # per picture


def measure() -> dict[str, Any]:
    train_set, test_set = data_at_hand()
    fast, device = RECIPES["fast"], hardware.device()
    small = replace(fast, small_until=1.0).crop(train_set.pictures.shape[-1], 0.0)
    half = seconds_of_product(torch.bfloat16, device)
    dtypes = (torch.float32, torch.bfloat16) if half <= SLICE else (torch.float32,)
    with ExitStack() as stack:
        contenders = {
            "ours": _ours(train_set, test_set, small_until=0.0),
            "peer": _peer(train_set, TEXTBOOK, device),
            "ours_small": _ours(train_set, test_set, small_until=1.0),
            "peer_recipe": _peer(train_set, PEER_RECIPE, device),
            "step_alone": _step_alone(train_set, fast, device),
            **{str(dtype): matrix_products(dtype, device, SIDE) for dtype in dtypes},
        }
        for work in contenders.values():
            stack.enter_context(closing(work))  # which ends the loaders' workers
        seconds = take_slices(contenders, ROUNDS, SLICE, within=WITHIN)
    products = {str(dtype).removeprefix("torch."): seconds.pop(str(dtype)) for dtype in dtypes}
    seconds["whole_run"] = whole_run(seconds["ours_small"], seconds["ours"], fast.small_until)
    seconds["limit"] = min(products.values()) * STEP_FLOPS / (2 * SIDE**3)
    return {
        **seconds,
        "ratio": seconds["peer"] / seconds["ours"],
        "ratio_whole_run": seconds["peer"] / seconds["whole_run"],
        "ratio_peer_recipe": seconds["peer_recipe"] / seconds["ours"],
        "ratio_peer_recipe_whole_run": seconds["peer_recipe"] / seconds["whole_run"],
        "over_step_alone": seconds["ours"] / seconds["step_alone"],
        "over_limit": seconds["ours"] / seconds["limit"],
        **{f"images_per_second_{name}": 1 / value for name, value in seconds.items()},
        **{f"gflops_{name}": 2 * SIDE**3 / value / 1e9 for name, value in products.items()},
        "unit": "peer / ours: how many times faster at full size (over_…: ours / …); figures in seconds per image",
        "work": f"{NETWORK} on {train_set.name}, batches of {fast.batch}, up to {ROUNDS} alternating slices of "
        f"{SLICE:g} s, "
        f"{hardware.name(device)}, {torch.get_num_threads()} threads; ours: `fast` at full size, ours_small: in crops "
        f"of {small} px, whole_run: {fast.small_until:.0%} of the time in these; peer: DataLoader of "
        f"{TEXTBOOK.workers} workers, ToTensor, Normalize, SGD, float32, NCHW; peer_recipe: {PEER_RECIPE.workers} "
        "workers, flip, crop, momentum, weight decay"
        + ("" if torch.bfloat16 in dtypes else f"; no product in bfloat16, which would take about {half:.0f} s"),
    }


def whole_run(small: float, full: float, share: float) -> float:
    """Seconds per image of a whole training that spends this share of its time in small crops.

    A budget of minutes is divided by the clock, and the images of both parts add up: 1 / small of them in each second
    of the one, 1 / full in each of the other. So this is the harmonic mean, weighted by time, of seconds per image.
    """
    return 1 / (share / small + (1 - share) / full)


def data_at_hand() -> tuple[Dataset, Dataset]:
    """The training and the test half of CIFAR-10 if it is on this computer, else of `shapes`."""
    try:
        return load_dataset("cifar10", True, download=False), load_dataset("cifar10", False, download=False)
    except InputError:
        return load_dataset("shapes", True), load_dataset("shapes", False)


def _ours(train_set: Dataset, test_set: Dataset, small_until: float) -> Generator[int, None, None]:
    """Our trainer with an hour before it, so that no test and no end comes into sight."""
    recipe = replace(RECIPES["fast"], small_until=small_until)
    training = Training(build(NETWORK, seed=0), train_set, test_set, recipe, minutes=60)
    for record in training.run():
        yield record.images


def _peer(train_set: Dataset, loop: Loop, device: torch.device) -> Generator[int, None, None]:
    domain = dataset_domain(train_set)
    return train_on(network(NETWORK), Pictures(train_set, loop, domain.mean, domain.std), loop, device)


def _step_alone(train_set: Dataset, recipe: Recipe, device: torch.device) -> Generator[int, None, None]:
    model = build(NETWORK, seed=0)
    model.domain = dataset_domain(train_set)
    model.to(device=device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    pictures, labels = train_set.pictures[: recipe.batch], train_set.labels[: recipe.batch]
    descent, seen = optimizers(model, recipe), 0
    with Microbatches(model, recipe, hardware.half_is_faster(device), compile=device.type == "cuda") as microbatches:
        while True:
            answers = microbatches.backward(pictures, labels)
            for optimizer in descent:
                optimizer.step()
            answers[0][0].item()  # a GPU has finished then
            seen += recipe.batch
            yield seen


def seconds_of_product(dtype: torch.dtype, device: torch.device) -> float:
    """About how long a large product takes, told by the fastest of three small ones."""
    seconds, products = [], matrix_products(dtype, device, SMALL)
    for _ in range(3):
        start = time.perf_counter()
        next(products)
        seconds.append(time.perf_counter() - start)
    return min(seconds) * (SIDE / SMALL) ** 3


def matrix_products(dtype: torch.dtype, device: torch.device, side: int) -> Generator[int, None, None]:
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    done = 0
    while True:
        c = a @ b
        c[0, 0].item()
        done += 1
        yield done
