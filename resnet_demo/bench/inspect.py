"""Trace and Grad-CAM of every block of ResNet-56, against captum's LayerGradCam block by block.

The limit is what any method must do: one forward pass, and one backward pass to the activations.
"""

from __future__ import annotations

from typing import Any

import torch
from captum.attr import LayerGradCam

from ..interpret.attribution import grad_cam
from ..interpret.trace import trace_blocks
from ..models.zoo import build
from . import take_turns


def measure() -> dict[str, Any]:
    model = build("resnet56", seed=0).eval()
    image, target = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)), 3
    blocks = [block for _, block in model.named_blocks()]

    def ours() -> None:
        trace = trace_blocks(model, image, target)
        for block in trace.blocks:
            _ = block.norms, block.ratio, block.cosine
        grad_cam(trace)

    def trace_only() -> None:
        grad_cam(trace_blocks(model, image, target))

    def peer() -> None:
        for block in blocks:
            LayerGradCam(model, block).attribute(image, target, relu_attributions=True)

    def limit() -> None:
        x, activations = model.stem(image), []
        for block in blocks:
            x = block(x)
            activations.append(x)
        torch.autograd.grad(model.head(x)[0, target], activations)

    seconds = take_turns({"ours": trace_only, "with_numbers": ours, "limit": limit, "peer": peer}, rounds=15)
    return {
        **seconds,
        "ratio": seconds["peer"] / seconds["ours"],
        "over_limit": seconds["ours"] / seconds["limit"],
        "unit": "peer / ours: how many times faster (over_limit: ours / limit)",
        "work": f"resnet56, one picture of 32x32, trace and Grad-CAM of all {len(blocks)} blocks, "
        f"{torch.get_num_threads()} threads",
    }
