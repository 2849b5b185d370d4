"""A block, drawn as its equation."""

from __future__ import annotations

import pytest
import torch
from drawings import (
    SVG,
    colours_of,
    parse,
    pixels_of,
    words_in,
)

from resnet_demo.figures import (
    channel_to_show,
    draw_block,
    scale_of,
    signed_map,
)
from resnet_demo.figures.palette import INK, RESIDUAL, SHORTCUT, TOTAL
from resnet_demo.interpret.trace import Trace, trace_blocks
from resnet_demo.models.resnet import ResNet, ResNetConfig


@pytest.mark.parametrize("tall", [False, True])
def test_block_draws_the_equation(trace: Trace, tall: bool) -> None:
    for block in trace.blocks:
        channel = channel_to_show(block)
        root = parse(draw_block(block, channel, tall))
        words, norms = words_in(root), block.norms
        points = ["x", "residual", "total", "output"] + ["shortcut"] * (block.shortcut_kind != "none")
        for point in points:
            assert f"‖·‖ = {norms[point]:.3g}" in words
        for layer in list(block.inside)[:-1]:
            assert layer in words
        assert ("no" in words.split(" | ") or "no shortcut:" in words) == (block.shortcut_kind == "none")
        assert root.attrib["role"] == "img"
        assert f"Block {block.name}" in root.attrib["aria-label"]
        assert f"F(x) {norms['residual']:.3g}" in root.attrib["aria-label"]
        assert f"rd-{'tall' if tall else 'wide'}" in root.attrib["class"]
        # Nothing sticks out of the drawing's frame.
        width, height = map(float, root.attrib["viewBox"].split()[2:])
        for image in root.iter(f"{SVG}image"):
            x, y, w, h = (float(image.attrib[name]) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height


@pytest.mark.parametrize("tall", [False, True])
def test_block_shows_the_channel_on_one_scale(trace: Trace, tall: bool) -> None:
    block = trace.blocks[1]  # the maps keep their shape: the channel is the same in all of them
    channel = 2
    maps = [getattr(block, point)[0, channel] for point in ("x", "residual", "shortcut", "total", "output")]
    shown = [pixels_of(image.attrib["href"]) for image in parse(draw_block(block, channel, tall)).iter(f"{SVG}image")]
    for point, value in zip(("x", "residual", "shortcut", "total", "output"), maps, strict=True):
        expected = colours_of(signed_map(value, scale_of(*maps)))
        found = any(picture.shape == expected.shape and (picture == expected).all() for picture in shown)
        assert found == (block.shortcut_kind != "none" or point != "shortcut"), point


@pytest.mark.parametrize("tall", [False, True])
def test_wires_are_as_thick_as_the_norms(trace: Trace, tall: bool) -> None:
    for block in trace.blocks:
        root = parse(draw_block(block, 0, tall))
        wires: dict[str, list[float]] = {}
        for path in root.iter(f"{SVG}path"):
            if path.attrib.get("stroke-linecap") == "round" and "stroke-dasharray" not in path.attrib:
                wires.setdefault(path.attrib["stroke"], []).append(float(path.attrib["stroke-width"]))
        drawn = {"x": wires[INK][0], "output": wires[INK][1], "residual": wires[RESIDUAL][0], "total": wires[TOTAL][0]}
        assert wires[TOTAL] == [drawn["total"]] * 2  # to the ReLU and from the plus
        if block.shortcut_kind == "none":
            assert SHORTCUT not in wires
        else:
            (drawn["shortcut"],) = wires[SHORTCUT]
        thickest = max(drawn, key=lambda point: block.norms[point])
        for point, width in drawn.items():
            thickness = drawn[thickest] * block.norms[point] / block.norms[thickest]
            assert width == pytest.approx(max(thickness, 1.5), abs=0.01), point  # even a wire of nothing is seen


@pytest.mark.parametrize("tall", [False, True])
def test_a_preactivation_block_is_drawn_as_it_is(tall: bool) -> None:
    """No ReLU behind the sum; inside F the channels that live on up to the next ReLU, which stands before the conv."""
    model = ResNet(ResNetConfig((2, 2), (4, 8), block="preact"), seed=0).eval()
    for block in trace_blocks(model, torch.randn(1, 3, 16, 16)).blocks:
        for channel in (0, block.total.shape[1] - 1):
            root = parse(draw_block(block, channel, tall))
            words = words_in(root).split(" | ")
            assert "ReLU" not in words
            assert [layer for layer in words if layer in block.inside] == ["bn1", "relu1", "conv1", "bn2", "relu2"]
            shown = [pixels_of(image.attrib["href"]).tolist() for image in root.iter(f"{SVG}image")]
            for layer, relu in (("bn1", "relu1"), ("relu1", "relu1"), ("conv1", "relu2"), ("relu2", "relu2")):
                strongest = int(block.inside[relu][0].flatten(1).norm(dim=1).argmax())
                value = block.inside[layer][0, strongest]
                assert colours_of(signed_map(value, scale_of(value))).tolist() in shown
        assert torch.equal(block.total, block.output)


def test_padding_shortcut_shows_nothing_for_a_new_channel(traces: dict[str, Trace]) -> None:
    block = traces["residual"]["layer2.0"]  # 4 channels become 8, two new ones on either side
    for channel, carried in ((0, None), (2, 0), (5, 3), (7, None)):
        images = list(parse(draw_block(block, channel)).iter(f"{SVG}image"))
        blank = [not pixels_of(image.attrib["href"])[..., 3].any() for image in images]
        assert sum(blank) >= (2 if carried is None else 0)  # x and the shortcut
        if carried is not None:
            maps = [getattr(block, point)[0, channel] for point in ("residual", "shortcut", "total", "output")]
            scale = scale_of(block.x[0, carried], *maps)
            expected = colours_of(signed_map(block.x[0, carried], scale)).tolist()
            assert any(pixels_of(image.attrib["href"]).tolist() == expected for image in images)
