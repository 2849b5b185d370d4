"""Every block of ResNet-56 deleted in turn, against as many full forward passes: seconds per picture and variant.

The peer computes the network once whole and once for each block without it, by the same functions that cut wires
anywhere, in batches as `evaluate` takes them. `peer_small` does it in our smaller batches, which suit the caches
better. Ours shares what the variants have in common, and folds the batch norms. The limit is the arithmetic that is
left then, at the rate of a large product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..lab.interventions import answer_without, block_names
from ..lab.lesion import without_each
from ..lab.quick import BATCH, quick
from ..models.resnet import ResNet
from ..models.zoo import load
from ..training import hardware
from . import take_slices
from .train import SIDE, matrix_products

NETWORK = "resnet56"
PICTURES, PEER_BATCH = 250, 250
ROUNDS, SLICE = 7, 2.5  # seconds; with the warm-up, a minute and a half


def measure() -> dict[str, Any]:
    model, device = load(NETWORK), torch.device("cpu")
    inputs = torch.randn(PICTURES, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seconds = take_slices(
        {
            "ours": _ours(model, inputs),
            "peer": _peer(model, inputs, PEER_BATCH),
            "peer_small": _peer(model, inputs, BATCH),
            "product": matrix_products(torch.float32, device, SIDE),
        },
        ROUNDS,
        SLICE,
    )
    variants = len(block_names(model)) + 1
    with FlopCounterMode(display=False) as counter:
        without_each(model, inputs[:1])
    seconds["limit"] = seconds.pop("product") * counter.get_total_flops() / variants / (2 * SIDE**3)
    return {
        **seconds,
        "ratio": seconds["peer"] / seconds["ours"],
        "ratio_peer_small": seconds["peer_small"] / seconds["ours"],
        "over_limit": seconds["ours"] / seconds["limit"],
        "unit": "peer / ours: how many times faster (over_limit: ours / limit); figures in seconds per picture and "
        "variant",
        "work": f"{NETWORK} whole and without each of its {variants - 1} blocks, pictures of 32x32, {ROUNDS} "
        f"alternating slices of {SLICE:g} s, {hardware.name(device)}, {torch.get_num_threads()} threads; batches: ours "
        f"{BATCH}, peer {PEER_BATCH}, peer_small {BATCH}",
    }


def _ours(model: ResNet, inputs: Tensor) -> Iterator[int]:
    network, done = quick(model), 0
    while True:
        for batch in inputs.split(BATCH):
            with torch.inference_mode():
                variants = len(without_each(network, batch))
            done += variants * len(batch)
            yield done


def _peer(model: ResNet, inputs: Tensor, size: int) -> Iterator[int]:
    holes, done = [[], *([name] for name in block_names(model))], 0
    while True:
        for batch in inputs.split(size):
            for hole in holes:
                with torch.inference_mode():
                    answer_without(model, batch, hole)
                done += len(batch)
                yield done
