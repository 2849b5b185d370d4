"""What the tests of drawings share: small networks, and what is read from a drawing."""

from __future__ import annotations

import base64
import io
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import torch
from PIL import Image

from resnet_demo.interpret.trace import BlockTrace, Trace, trace_blocks
from resnet_demo.models.resnet import ResNet, ResNetConfig

SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<script>"a" & 'b'</script>"""
CONFIGS = {
    "residual": ResNetConfig(blocks=(2, 2), widths=(4, 8)),
    "plain": ResNetConfig(blocks=(2, 2), widths=(4, 8), plain=True),
    "projection": ResNetConfig(blocks=(2, 2), widths=(4, 8), shortcut="B"),
    "bottleneck": ResNetConfig(blocks=(2, 2), widths=(4, 8), block="bottleneck", shortcut="B"),
}
KINDS = {"residual": "padding", "plain": "none", "projection": "projection", "bottleneck": "projection"}


def parse(drawing: str) -> Element:
    """The drawing's tree; fails where it is not well-formed, or where it needs anything from outside."""
    root = ElementTree.fromstring(drawing)
    assert root.tag == f"{SVG}svg"
    for item in root.iter():
        for name, value in item.attrib.items():
            if name.endswith("href"):
                assert value.startswith(("data:image/", "#")), value
    return root


def pixels_of(address: str) -> np.ndarray:
    return colours_of(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def colours_of(picture: Image.Image) -> np.ndarray:
    """[H, W, 4], whatever the picture's palette."""
    return np.asarray(picture.convert("RGBA"))


def stops(root: Element) -> dict[str, Element]:
    """The drawing's clickable blocks by name."""
    return {item.attrib["data-block"]: item for item in root.iter() if "data-block" in item.attrib}


def words_in(root: Element) -> str:
    return " | ".join("".join(item.itertext()) for item in root.iter(f"{SVG}text"))


def block_of(residual: torch.Tensor, shortcut: torch.Tensor, kind: str = "identity") -> BlockTrace:
    total = residual + shortcut
    points = {"x": shortcut, "residual": residual, "shortcut": shortcut, "total": total, "output": total.relu()}
    return BlockTrace("layer1.0", kind, **points, inside={}, gradients={})  # pyright: ignore[reportArgumentType]


def deep_trace(*blocks: int) -> Trace:
    model = ResNet(ResNetConfig(blocks=blocks, widths=(2, 4, 8, 16)[: len(blocks)]), seed=0).eval()
    return trace_blocks(model, torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)))


def boxes_of(root: Element) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right, bottom of every line of text, as wide as it is estimated."""
    boxes = []
    for item in root.iter(f"{SVG}text"):
        words, size, x = "".join(item.itertext()), float(item.attrib["font-size"]), float(item.attrib["x"])
        width = sum(1.0 if ord(sign) > 0x2E80 else 0.5 for sign in words) * size
        left = x - {"start": 0, "middle": width / 2, "end": width}[item.attrib.get("text-anchor", "start")]
        if words:
            boxes.append((left, float(item.attrib["y"]) - size * 0.75, left + width, float(item.attrib["y"]), words))
    return boxes


def points_of(path: Element) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split())) for pair in path.attrib["d"][1:].split(" L")]  # pyright: ignore
