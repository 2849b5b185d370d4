"""Traces of 256 pictures with ResNet-20: `trace_many`, against `trace_blocks` picture by picture.

The limit is one forward pass, and one backward pass to the activations, of as many pictures at a time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..interpret.trace import MOST_TOGETHER, POINTS, BlockTrace, trace_blocks, trace_many
from ..models.zoo import build
from . import take_turns

PICTURES = 256


def measure() -> dict[str, Any]:
    model = build("resnet20", seed=0).eval().requires_grad_(False)
    images = torch.randn(PICTURES, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blocks = [block for _, block in model.named_blocks()]

    def ours() -> None:
        for _trace in trace_many(model, images):
            pass

    def peer() -> None:
        for image in images.split(1):
            trace_blocks(model, image)

    def limit() -> None:
        for some in images.split(MOST_TOGETHER):
            x, activations = model.stem(some.contiguous(memory_format=torch.channels_last).requires_grad_()), []
            for block in blocks:
                activations.append(x)
                x = block(x)
            torch.autograd.grad(model.head(x).amax(1).sum(), activations)

    seconds = take_turns({"ours": ours, "limit": limit, "peer": peer}, rounds=3, warmup=1)
    some = images[:MOST_TOGETHER]
    pairs = zip(trace_many(model, some, chunk=len(some)), some.split(1), strict=True)  # in the same pass
    return {
        **seconds,
        "ratio": seconds["peer"] / seconds["ours"],
        "over_limit": seconds["ours"] / seconds["limit"],
        "difference": max(_difference(trace.blocks, trace_blocks(model, image).blocks) for trace, image in pairs),
        "unit": "peer / ours: how many times faster (over_limit: ours / limit; difference: of a value, relative)",
        "work": f"resnet20, {len(images)} pictures of 32x32, values and gradients of all {len(blocks)} blocks, "
        f"{torch.get_num_threads()} threads",
    }


def _difference(some: tuple[BlockTrace, ...], others: tuple[BlockTrace, ...]) -> float:
    """The largest difference of a block's values at a point, over their norm."""

    def apart(a: Tensor, b: Tensor) -> float:
        return ((a - b).norm() / b.norm().clamp(min=1e-12)).item()

    values = [
        apart(getattr(one, point), getattr(other, point))
        for one, other in zip(some, others, strict=True)
        for point in POINTS
    ]
    return max(values)
