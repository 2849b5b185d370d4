"""A grid of 64 feature maps to PNG, against 8 x 8 matplotlib subplots. The limit is PNG's packing alone."""

from __future__ import annotations

import io
from typing import Any

import torch
from matplotlib.figure import Figure

from ..figures import grid, png, scale_of
from . import take_turns


def measure() -> dict[str, Any]:
    maps = torch.randn(64, 32, 32, generator=torch.Generator().manual_seed(0))
    scale = scale_of(maps)
    sheet = grid(maps, scale, columns=8, magnify=3)

    def ours() -> None:
        png(grid(maps, scale, columns=8, magnify=3))

    def limit() -> None:
        png(sheet)

    def peer() -> None:
        figure = Figure(figsize=(8, 8), dpi=100)
        for axes, values in zip(figure.subplots(8, 8).flat, maps.numpy(), strict=True):
            axes.imshow(values, cmap="RdBu_r", vmin=-scale, vmax=scale)
            axes.axis("off")
        figure.savefig(io.BytesIO(), format="png")

    seconds = take_turns({"ours": ours, "limit": limit, "peer": peer}, rounds=9)
    width, height = sheet.size
    return {
        **seconds,
        "ratio": seconds["peer"] / seconds["ours"],
        "unit": "peer / ours: how many times faster",
        "work": f"64 maps of 32x32 on one signed scale to a PNG of {width}x{height} (peer: 800x800)",
    }
