"""Figures: colours computed by hand, channels placed pixel by pixel, drawings that parse and say what they mean."""

from __future__ import annotations

import base64
import io
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from resnet_demo.figures import (
    activity_map,
    channel_to_show,
    curves_svg,
    data_uri,
    draw_block,
    draw_branches,
    draw_curves,
    draw_lens,
    draw_overlay,
    draw_split,
    draw_street,
    draw_strip,
    grid,
    highest_share,
    over,
    photo_uri,
    png,
    scale_of,
    share,
    signed_map,
    street_layout,
    strongest,
    strongest_change,
    weakest_change,
)
from resnet_demo.figures import street as street_module
from resnet_demo.figures.axes import magnitude
from resnet_demo.figures.block import written
from resnet_demo.figures.palette import INK, MUTED, NEGATIVE, POSITIVE, RESIDUAL, SHORTCUT, TOTAL, WRONG
from resnet_demo.figures.svg import document, element, text
from resnet_demo.i18n import language
from resnet_demo.interpret.attribution import grad_cam
from resnet_demo.interpret.trace import SHORTCUT_WIRE, BlockTrace, Trace, trace_blocks
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


@pytest.fixture(scope="module")
def traces(randomise: Callable[..., nn.Module]) -> dict[str, Trace]:
    """One picture's trace through a small network of every kind."""
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    made = {}
    for kind, config in CONFIGS.items():
        model = randomise(ResNet(config, seed=0), size=16)
        assert isinstance(model, ResNet)
        made[kind] = trace_blocks(model, image)
        assert made[kind].blocks[2].shortcut_kind == KINDS[kind]
    return made


@pytest.fixture(params=CONFIGS)
def trace(request: pytest.FixtureRequest, traces: dict[str, Trace]) -> Trace:
    return traces[request.param]


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))


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


# Colours


def test_signed_colours_by_hand() -> None:
    values = torch.tensor([[0.0, 2.0, -2.0], [0.5, -0.5, 8.0]])
    colours = colours_of(signed_map(values, scale=2.0))
    assert colours.shape == (2, 3, 4)
    assert colours[0, 0, 3] == 0  # zero is transparent
    assert tuple(colours[0, 1]) == (*POSITIVE, 255)  # the scale: crimson, opaque
    assert tuple(colours[0, 2]) == (*NEGATIVE, 255)  # minus the scale: indigo, opaque
    # A quarter of the scale: sqrt(0.25) * 127 = 63.5, which is shade 64 of 127: opacity 64 / 127 * 255 = 128.504.
    assert tuple(colours[1, 0]) == (*POSITIVE, 129)
    assert tuple(colours[1, 1]) == (*NEGATIVE, 129)
    assert tuple(colours[1, 2]) == (*POSITIVE, 255)  # what lies beyond the scale does not wrap around


def test_signed_colours_are_symmetric_and_rise() -> None:
    values = torch.arange(-32, 33)[None] / 32  # exact in binary
    opacity = colours_of(signed_map(values, 1.0))[0, :, 3].astype(int)
    assert (opacity == opacity[::-1]).all()
    assert (np.diff(opacity[32:]) > 0).all()
    half = colours_of(signed_map(values * 4, 4.0))[0, :, 3]
    assert (half == opacity).all()  # only the quotient of value and scale matters


def test_activity_goes_from_dark_blue_to_yellow() -> None:
    colours = colours_of(activity_map(torch.tensor([[3.0, 4.0, 5.0]])))
    assert tuple(colours[0, 0]) == (0, 32, 77, 255)
    assert tuple(colours[0, 2]) == (255, 234, 70, 255)
    lightness = colours_of(activity_map(torch.linspace(0, 1, 60)[None]).convert("L"))[0].astype(int)
    assert (np.diff(lightness) >= 0).all()
    assert len(np.unique(colours_of(activity_map(torch.full((2, 2), 7.0)))[..., :3])) <= 3  # a flat map is one colour


def test_scale_of_is_shared_and_never_zero() -> None:
    assert scale_of(torch.tensor([1.0, -3.0]), torch.tensor([[2.0]])) == 3.0
    assert scale_of(torch.zeros(4)) == 1.0
    assert scale_of() == 1.0
    assert scale_of(torch.zeros(0), torch.tensor([-0.5])) == 0.5


def test_over_blends_by_opacity() -> None:
    grey = Image.new("RGB", (4, 4), (100, 100, 100))
    assert np.asarray(over(grey, torch.zeros(2, 2), 1.0)).tolist() == np.asarray(grey).tolist()
    full = np.asarray(over(grey, torch.ones(2, 2), 1.0, opacity=1.0))
    assert (full == POSITIVE).all()
    half = np.asarray(over(grey, -torch.ones(2, 2), 1.0, opacity=0.5))
    assert (half == [int((100 + colour) / 2) for colour in NEGATIVE]).all()


# Channels


@pytest.mark.parametrize(("count", "columns", "magnify"), [(7, 3, 2), (4, 4, 1), (5, 8, 3), (1, 1, 1)])
def test_grid_places_every_pixel(count: int, columns: int, magnify: int) -> None:
    maps = torch.randn(count, 3, 5)
    scale = 1.5
    rows = math.ceil(count / columns)
    slow = np.zeros((rows * 4 * magnify, columns * 6 * magnify, 4), dtype=np.uint8)  # 3 + 1 and 5 + 1: a gap each
    slow[:] = colours_of(signed_map(torch.zeros(1, 1), scale))  # transparent
    for index in range(count):
        row, column = index // columns, index % columns
        one = colours_of(signed_map(maps[index], scale))
        for y in range(3):
            for x in range(5):
                top, left = (row * 4 + y) * magnify, (column * 6 + x) * magnify
                for dy in range(magnify):
                    for dx in range(magnify):
                        slow[top + dy, left + dx] = one[y, x]
    fast = colours_of(grid(maps, scale, columns, magnify))
    assert fast.shape == slow.shape
    assert (fast == slow).all()


def test_png_and_data_uri_keep_every_pixel(picture: Image.Image) -> None:
    assert np.asarray(Image.open(io.BytesIO(png(picture)))).tolist() == np.asarray(picture).tolist()
    assert pixels_of(data_uri(picture)).tolist() == colours_of(picture).tolist()
    address = photo_uri(picture)
    assert address.startswith("data:image/jpeg;base64,")
    assert pixels_of(address).shape == (16, 16, 4)


def test_strongest_channels_in_their_own_order() -> None:
    maps = torch.zeros(5, 2, 2)
    maps[3] = 2.0
    maps[1] = -5.0  # the norm counts, not the sign
    maps[4] = 1.0
    assert strongest([maps], 2) == [1, 3]
    assert strongest([maps], 3) == [1, 3, 4]
    assert strongest([maps], 5) == strongest([maps], 64) == [0, 1, 2, 3, 4]
    other = torch.zeros(5, 2, 2)
    other[0] = 9.0
    assert strongest([maps, other], 2) == [0, 1]  # over all of the maps together


def block_of(residual: torch.Tensor, shortcut: torch.Tensor, kind: str = "identity") -> BlockTrace:
    total = residual + shortcut
    points = {"x": shortcut, "residual": residual, "shortcut": shortcut, "total": total, "output": total.relu()}
    return BlockTrace("layer1.0", kind, **points, inside={}, gradients={})  # pyright: ignore[reportArgumentType]


def test_channel_to_show_is_strong_in_both_terms() -> None:
    def maps(*strength: int) -> torch.Tensor:
        return torch.tensor(strength).float().view(1, -1, 1, 1).expand(1, len(strength), 2, 2)

    # Channel 0 is strongest in F alone, channel 2 in the shortcut alone, channel 1 in both.
    assert channel_to_show(block_of(maps(9, 3, 0), maps(0, 3, 9))) == 1
    # Without a shortcut: the strongest output. Channel 0 is largest before the ReLU, but negative.
    assert channel_to_show(block_of(maps(-9, 3, 4), maps(0, 0, 0), "none")) == 2


# The street


def test_street_has_a_button_for_every_block(trace: Trace, picture: Image.Image) -> None:
    root = parse(draw_street(trace, "layer2.0", picture, ("frog", "93 %")))
    buttons = stops(root)
    assert list(buttons) == [block.name for block in trace.blocks]
    for block in trace.blocks:
        button = buttons[block.name]
        assert button.attrib["role"] == "button"
        assert button.attrib["tabindex"] == ("0" if block.name == "layer2.0" else "-1")  # arrow keys lead to the others
        assert button.attrib["aria-label"] == f"Block {block.name}: changes what passes by {100 * share(block):.0f} %"
        assert button.attrib["aria-pressed"] == ("true" if block.name == "layer2.0" else "false")
        (thumb,) = button.iter(f"{SVG}image")
        expected = colours_of(activity_map(block.output[0].abs().mean(dim=0)))
        assert pixels_of(thumb.attrib["href"]).tolist() == expected.tolist()
    assert root.attrib["role"] == "group"
    assert "4 blocks" in root.attrib["aria-label"]
    assert words_in(root).endswith("frog | 93 %")


def test_street_of_a_network_that_was_cut(trace: Trace, picture: Image.Image) -> None:
    outputs = {block.name: torch.rand_like(block.output) for block in trace.blocks}
    root = parse(draw_street(trace, None, picture, ("frog", "9 %"), cut={"layer1.1"}, outputs=outputs))
    buttons = stops(root)
    blocks = {block.name: buttons.pop(block.name) for block in trace.blocks}
    plain = trace.blocks[0].shortcut_kind == "none"
    assert list(buttons) == [] if plain else [name + SHORTCUT_WIRE for name in blocks]
    for name, button in blocks.items():
        assert button.attrib["aria-pressed"] == str(name == "layer1.1").lower()
        assert (button.attrib["aria-label"] == "Block layer1.1: cut") == (name == "layer1.1")
        crosses = [path for path in button.iter(f"{SVG}path") if path.attrib["stroke"] == WRONG]
        assert len(crosses) == (name == "layer1.1")
        (thumb,) = button.iter(f"{SVG}image")  # what the block puts out now
        expected = colours_of(activity_map(outputs[name][0].abs().mean(dim=0)))
        assert pixels_of(thumb.attrib["href"]).tolist() == expected.tolist()
    assert "mend" in root.attrib["aria-label"]
    assert ("road" in root.attrib["aria-label"]) == (not plain)


def test_a_stretch_of_the_road_that_was_cut(trace: Trace, picture: Image.Image) -> None:
    outputs = {block.name: block.output for block in trace.blocks}
    wire = "layer1.1" + SHORTCUT_WIRE
    for name, button in stops(draw(trace, picture, {wire}, outputs)).items():
        assert button.attrib["aria-pressed"] == str(name == wire).lower()
        crosses = [path for path in button.iter(f"{SVG}path") if path.attrib["stroke"] == WRONG]
        assert len(crosses) == (name == wire)


def draw(trace: Trace, picture: Image.Image, cut: set[str], outputs: dict[str, torch.Tensor]) -> Element:
    return parse(draw_street(trace, None, picture, ("frog", "9 %"), cut=cut, outputs=outputs))


@pytest.mark.parametrize("tall", [False, True])
def test_a_block_whose_wires_can_be_cut(trace: Trace, tall: bool) -> None:
    block = trace.blocks[1]
    whole = parse(draw_block(block, 0, tall))
    assert (whole.attrib["role"], list(stops(whole))) == ("img", [])
    root = parse(draw_block(block, 0, tall, factors={"residual": 0.0, "shortcut": 1.0}))
    branch, shortcut = stops(root).values()
    assert root.attrib["role"] == "group"
    assert list(stops(root)) == [block.name, block.name + SHORTCUT_WIRE]
    assert (branch.attrib["aria-pressed"], shortcut.attrib["aria-pressed"]) == ("true", "false")
    assert branch.attrib["aria-label"] == f"F(x) of block {block.name}: cut"
    assert shortcut.attrib["aria-label"] == f"Shortcut of block {block.name}: whole"
    crosses = [
        [path.attrib["stroke"] for path in button.iter(f"{SVG}path")].count(WRONG) for button in (branch, shortcut)
    ]
    assert crosses == [1, 0]
    dialled = stops(parse(draw_block(block, 0, tall, factors={"residual": 0.5, "shortcut": 1.25})))
    assert ["".join(button.itertext()).rpartition("×")[2] for button in dialled.values()] == ["0.5", "1.25"]


def points_of(path: Element) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split())) for pair in path.attrib["d"][1:].split(" L")]  # pyright: ignore


@pytest.mark.parametrize(
    ("norm", "words"),
    [(0.0, "0"), (0.03714, "0.0371"), (45.83, "45.8"), (290.9, "291"), (999.6, "1,000"), (2911.2, "2,911"),
     (123_456.0, "1.23e5"), (3.2e12, "3.20e12")],
)  # fmt: skip
def test_norms_are_written_without_powers_of_ten_as_long_as_one_can_read_them(norm: float, words: str) -> None:
    assert written(norm) == words


def test_lens_by_hand() -> None:
    root = parse(draw_lens(["layer1.0", "layer2.0"], [0.0, 0.5, 1.0], [0.25, 0.25, 0.0], NASTY))
    before, after = [path for path in root.iter(f"{SVG}path") if " L" in path.attrib["d"]]
    (_, low), (_, middle), (_, high) = points_of(before)
    assert middle == pytest.approx((low + high) / 2)
    assert low > high  # up is more
    quarter = low - (low - high) / 4
    assert [y for _, y in points_of(after)] == pytest.approx([quarter, quarter, low])
    assert (before.attrib["stroke"], after.attrib["stroke"]) == (MUTED, TOTAL)
    assert words_in(root) == "0% | 50% | 100% | stem | 1.0 | 2.0 | now | before"
    assert NASTY in root.attrib["aria-label"]


def test_lens_of_a_network_as_it_is_has_one_curve() -> None:
    root = parse(draw_lens(["layer1.0"], [0.1, 0.9], [0.1, 0.9], "cat"))
    assert len([path for path in root.iter(f"{SVG}path") if " L" in path.attrib["d"]]) == 1
    assert words_in(root).endswith("as it is")


@pytest.mark.parametrize("count", [3, 9, 27, 54])
def test_a_lens_for_phones_fits_them(count: int) -> None:
    values = [0.5] * (count + 1)
    root = parse(draw_lens([f"layer1.{index}" for index in range(count)], values, values, "cat", tall=True))
    assert float(root.attrib["viewBox"].split()[2]) <= 360
    assert all(float(item.attrib["font-size"]) >= 12 for item in root.iter(f"{SVG}text"))
    places = sorted(float(item.attrib["x"]) for item in root.iter(f"{SVG}text") if item.attrib.get("y") == "220")
    assert all(b - a >= 34 for a, b in pairwise(places))


def test_names_below_a_deep_lens_do_not_overlap() -> None:
    names = [f"layer{stage}.{index}" for stage in (1, 2, 3) for index in range(18)]
    root = parse(draw_lens(names, [0.5] * 55, [0.5] * 55, "cat"))
    places = sorted(float(item.attrib["x"]) for item in root.iter(f"{SVG}text") if item.attrib.get("y") == "220")
    assert len(places) > 15
    assert min(b - a for a, b in pairwise(places)) >= 34


def bump_heights(root: Element) -> dict[str, float]:
    heights = {}
    for name, button in stops(root).items():
        (bump,) = button.iter(f"{SVG}path")
        base, peak = re.fullmatch(r"M\S+ (\S+) C\S+ (\S+) .*Z", bump.attrib["d"]).groups()  # pyright: ignore
        heights[name] = (float(base) - float(peak)) * 3 / 4
        assert bump.attrib["fill"] == RESIDUAL
    return heights


def test_bumps_are_as_high_as_the_shares(trace: Trace, picture: Image.Image) -> None:
    heights = bump_heights(parse(draw_street(trace, "layer1.0", picture, ("", ""))))
    highest = max(heights.values())
    assert highest == pytest.approx(street_layout.TALLEST, abs=0.1)
    largest = max(map(share, trace.blocks))
    for block in trace.blocks:
        assert heights[block.name] == pytest.approx(max(3, highest * share(block) / largest), abs=0.1)


def test_share_and_extremes(traces: dict[str, Trace]) -> None:
    for kind, trace in traces.items():
        for block in trace.blocks:
            beneath = block.x if kind == "plain" else block.shortcut
            assert share(block) == pytest.approx((block.residual.norm() / beneath.norm()).item(), rel=1e-5)
        ordered = sorted(trace.blocks, key=share)
        assert (weakest_change(trace), strongest_change(trace)) == (ordered[0], ordered[-1])


def test_plain_street_has_no_motorway(traces: dict[str, Trace], picture: Image.Image) -> None:
    for kind, trace in traces.items():
        root = parse(draw_street(trace, "layer1.0", picture, ("", "")))
        roads = [path for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == SHORTCUT]
        assert len(roads) == (0 if kind == "plain" else 1)
        assert ("without shortcuts" in root.attrib["aria-label"]) == (kind == "plain")


def deep_trace(*blocks: int) -> Trace:
    model = ResNet(ResNetConfig(blocks=blocks, widths=(2, 4, 8, 16)[: len(blocks)]), seed=0).eval()
    return trace_blocks(model, torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)))


@pytest.fixture(scope="module", params=[(1, 1, 1), (9, 9, 9), (18, 18, 18), (3, 8, 36, 3)], ids=str)
def any_depth(request: pytest.FixtureRequest) -> Trace:
    return deep_trace(*request.param)


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


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("code", ["en", "zh"])
def test_street_of_any_depth_fits_and_can_be_read(
    any_depth: Trace, picture: Image.Image, tall: bool, code: str
) -> None:
    count = len(any_depth.blocks)
    chosen, answer = (
        any_depth.blocks[count // 2].name,
        ("affenpinscher" if code == "en" else "猴面㹴犬的一种品种", "> 99.9 %"),
    )
    drawing = draw_street(any_depth, chosen, picture, answer, say=language(code), tall=tall, title="ResNet")
    root = parse(drawing)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width == (street_layout.TALL if tall else 1000)
    assert height <= (400 * street_layout.TALL / 366 if tall else 230)  # 400 px on a phone of 390 px
    assert "style" not in root.attrib  # no width of its own: it shrinks to its place
    assert root.attrib["class"] == f"rd-street rd-{'tall' if tall else 'wide'}"
    spans = []
    for button in stops(root).values():
        hit = {name: float(value) for name, value in button.find(f"{SVG}rect").attrib.items() if name != "fill"}  # pyright: ignore
        assert hit["width"] >= 8
        assert hit["height"] >= 44
        assert -0.01 <= hit["x"] < hit["x"] + hit["width"] <= width + 0.01
        assert hit["y"] + hit["height"] <= height
        spans.append((hit["y"], hit["x"], hit["x"] + hit["width"]))
    assert len(spans) == count
    for (row, _, end), (next_row, start, _) in pairwise(sorted(spans)):
        assert next_row > row or start >= end - 0.02  # no block's place is another's
    boxes = boxes_of(root)
    assert min(float(item.attrib["font-size"]) for item in root.iter(f"{SVG}text")) >= (12.4 if tall else 13.34)
    for place, (left, top, right, bottom, words) in enumerate(boxes):
        assert -1 <= left < right <= width + 1, words
        assert bottom <= height, words
        for other in boxes[:place]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart, (words, other[4])


def test_stretches_of_a_deep_network_can_be_hit(any_depth: Trace, picture: Image.Image) -> None:
    outputs = {block.name: block.output for block in any_depth.blocks}
    for tall in (False, True):
        drawing = draw_street(any_depth, None, picture, ("frog", "9 %"), outputs=outputs, tall=tall)
        buttons = stops(parse(drawing))
        assert len(buttons) == 2 * len(any_depth.blocks)
        assert [button.attrib["tabindex"] for button in buttons.values()].count("0") == 1
        for name, button in buttons.items():
            if name.endswith(SHORTCUT_WIRE):
                assert float(button.find(f"{SVG}rect").attrib["height"]) >= 10  # pyright: ignore


def test_two_streets_on_one_scale(traces: dict[str, Trace], picture: Image.Image) -> None:
    pair = traces["residual"], traces["plain"]
    highest = max(map(highest_share, pair))
    for trace, title in zip(pair, ("ResNet-8", "Plain-8"), strict=True):
        root = parse(draw_street(trace, None, picture, ("", ""), title=title, highest=highest))
        assert words_in(root).startswith(title)
        heights = bump_heights(root)
        for block in trace.blocks:
            expected = max(3, street_layout.TALLEST * share(block) / highest)
            assert heights[block.name] == pytest.approx(expected, abs=0.2)
    assert max(map(share, pair[0].blocks)) == highest_share(pair[0])


@pytest.mark.parametrize("tall", [False, True])
def test_what_hovering_reads_out(trace: Trace, picture: Image.Image, tall: bool) -> None:
    root = parse(draw_street(trace, "layer1.1", picture, ("", ""), tall=tall))
    for block in trace.blocks:
        # An XML reader takes a new line in an attribute for a space.
        read = stops(root)[block.name].attrib["data-reading"]
        assert read.startswith(f"Block {block.name[5:]}: ‖F(x)‖ is {100 * share(block):.0f} % of ")
        terms = ["x", "F(x)", "y"] if block.shortcut_kind == "none" else ["x", "F(x)", "shortcut", "y"]
        points = {"x": "x", "F(x)": "residual", "shortcut": "shortcut", "y": "output"}
        assert read.endswith("Norms: " + ", ".join(f"{term} {block.norms[points[term]]:.1f}" for term in terms) + ".")
    # At rest the lines read out the block that is lifted.
    lines = [item for item in root.iter(f"{SVG}text") if item.attrib.get("class") == "rd-reading"]
    assert [line.attrib["data-rest"] for line in lines] == ["".join(line.itertext()) for line in lines]
    assert " ".join("".join(line.itertext()) for line in lines) == stops(root)["layer1.1"].attrib["data-reading"]


def test_numbers_that_exploded_are_short() -> None:
    assert [street_module._written(norm) for norm in (0.04, 291.26, 1234.5, 2.25e9)] == [
        "0.0",
        "291.3",
        "1,234",
        "2e9",
    ]


@pytest.mark.parametrize("tall", [False, True])
def test_pulse_goes_from_the_picture_over_every_bump(any_depth: Trace, picture: Image.Image, tall: bool) -> None:
    root = parse(draw_street(any_depth, None, picture, ("", ""), tall=tall))
    (way,) = (path for path in root.iter(f"{SVG}path") if path.attrib.get("class") == "rd-pulse-way")
    (road,) = (path for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == SHORTCUT)
    assert way.attrib["d"].count("C") == len(any_depth.blocks)
    assert way.attrib["d"].split()[:2] == road.attrib["d"].split()[:2]  # they begin and end together
    assert way.attrib["d"].split()[-1] == road.attrib["d"].split()[-1]


def test_run_changes_with_network_and_picture_only(traces: dict[str, Trace], picture: Image.Image) -> None:
    def run(trace: Trace, chosen: str | None, picture: Image.Image, **options: Any) -> str:
        return parse(draw_street(trace, chosen, picture, ("", ""), **options)).attrib["data-run"]

    trace, other = traces["residual"], picture.transpose(Image.Transpose.ROTATE_90)
    first = run(trace, "layer1.0", picture)
    assert first == run(trace, "layer2.1", picture, say=language("zh"))
    assert first == run(trace, None, picture, cut={"layer1.0"}, outputs={b.name: b.output for b in trace.blocks})
    assert len({first, run(trace, None, other), run(traces["plain"], None, picture)}) == 3


# One block


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


# Attributions


def test_overlay_and_split(traces: dict[str, Trace], picture: Image.Image) -> None:
    block = traces["residual"]["layer2.1"]
    cam = block.output[0].sum(dim=0)
    root = parse(draw_overlay(picture, cam, "Here", opacity=0.4))
    (heat,) = [image for image in root.iter(f"{SVG}image") if image.attrib.get("class") == "rd-heat"]
    assert heat.attrib["opacity"] == "0.4"
    assert pixels_of(heat.attrib["href"]).tolist() == colours_of(signed_map(cam, scale_of(cam))).tolist()
    assert root.attrib["aria-label"] == "Here"

    cams = {"residual": torch.ones(2, 2), "shortcut": torch.full((2, 2), -3.0), "total": torch.full((2, 2), -2.0)}
    root = parse(draw_split(picture, cams, "Split"))
    heats = [image for image in root.iter(f"{SVG}image") if image.attrib.get("class") == "rd-heat"]
    colours = [tuple(pixels_of(heat.attrib["href"])[0, 0]) for heat in heats]
    assert colours == [tuple(colours_of(signed_map(cam, 3.0))[0, 0]) for cam in cams.values()]  # one scale
    assert [word for word in words_in(root).split(" | ") if word in "+="] == ["+", "="]


def test_strip_says_where_there_is_no_evidence(trace: Trace, picture: Image.Image) -> None:
    cams = grad_cam(trace)
    cams["layer1.1"] = torch.zeros(3, 3)
    cams["layer2.1"] = torch.ones(3, 3)
    root = parse(draw_strip(picture, cams, "layer2.1", "Strip"))
    buttons = stops(root)
    assert list(buttons) == list(cams)
    for name, button in buttons.items():
        silent = not cams[name].any()
        assert button.attrib["role"] == "button"
        assert button.attrib["tabindex"] == "0"
        assert button.attrib["aria-pressed"] == ("true" if name == "layer2.1" else "false")
        assert button.attrib["aria-label"] == f"Grad-CAM of block {name}" + (": no positive evidence" if silent else "")
        assert ("no evidence" in words_in(button)) == silent
    assert not cams["layer1.1"].any()
    assert cams["layer2.1"].any()  # both kinds were there
    ids = {item.attrib["id"] for item in root.iter() if "id" in item.attrib}
    assert {use.attrib["href"] for use in root.iter(f"{SVG}use")} == {f"#{name}" for name in ids}


# Curves


def test_curves_plot_the_traces_numbers(trace: Trace) -> None:
    figure = draw_curves(trace)
    left, right = figure.axes
    lines = {str(line.get_label()): list(np.asarray(line.get_ydata())) for line in (*left.lines, *right.lines)}
    assert lines["‖F(x)‖"] == [block.norms["residual"] for block in trace.blocks]
    if trace.blocks[0].shortcut_kind == "none":
        assert lines["‖x‖"] == [block.norms["x"] for block in trace.blocks]
        assert not any("cosine" in name or "shortcut" in name for name in lines)
    else:
        assert lines["‖shortcut‖"] == [block.norms["shortcut"] for block in trace.blocks]
        assert lines["‖F(x)‖ / ‖shortcut‖"] == [block.ratio for block in trace.blocks]
        assert lines["cosine of F(x) and shortcut"] == [block.cosine for block in trace.blocks]


def test_no_drawing_clips_by_the_rectangle_of_another_one(trace: Trace) -> None:
    """On one page stand several of the same size, and what is out of sight clips nothing."""
    drawings = [curves_svg(draw_curves(trace), label) for label in ("One", "Other")]
    defined = [set(re.findall(r'<clipPath id="([^"]+)"', drawing)) for drawing in drawings]
    used = [set(re.findall(r"url\(#([^)]+)\)", drawing)) for drawing in drawings]
    assert defined[0]
    assert defined == used
    assert not defined[0] & defined[1]


def test_curves_svg_follows_the_page(trace: Trace) -> None:
    drawing = curves_svg(draw_curves(trace), "Curves")
    root = parse(drawing)
    assert root.attrib["aria-label"] == "Curves"
    assert "How much each branch carries" in "".join(root.itertext())  # text stays text
    assert RESIDUAL in drawing
    assert "#d55e00" not in drawing.replace(RESIDUAL, "")  # every use of the colour follows light and dark
    again = curves_svg(draw_curves(trace), "Curves")
    assert again == drawing  # the same numbers give the same file


@pytest.mark.parametrize("tall", [False, True])
def test_the_pages_curves_plot_the_same_numbers(trace: Trace, tall: bool) -> None:
    root = parse(draw_branches(trace, tall))
    said = [title.text for circle in root.iter(f"{SVG}circle") for title in circle.iter(f"{SVG}title")]
    plain = trace.blocks[0].shortcut_kind == "none"
    other = ("‖x‖", "x") if plain else ("‖shortcut‖", "shortcut")
    expected = [
        f"{block.name[5:]}: {name} {magnitude(block.norms[point])}"
        for name, point in (("‖F(x)‖", "residual"), other)
        for block in trace.blocks
    ]
    if not plain:
        for name, values in (
            ("‖F(x)‖ / ‖shortcut‖", [block.ratio for block in trace.blocks]),
            ("cosine of F(x) and shortcut", [block.cosine for block in trace.blocks]),
        ):
            expected += [f"{b.name[5:]}: {name} {magnitude(v)}" for b, v in zip(trace.blocks, values, strict=True)]
    assert said == expected
    assert ("nothing to compare F(x) with" in words_in(root)) == plain
    # Every key ends inside the drawing.
    width = float(root.attrib["viewBox"].split()[2])
    for words in root.iter(f"{SVG}text"):
        if words.attrib.get("text-anchor") is None:
            assert (
                float(words.attrib["x"]) + street_layout.width_of(words.text or "", float(words.attrib["font-size"]))
                <= width
            )


def test_the_pages_curves_are_drawn_without_matplotlib() -> None:
    code = """
import sys, torch
from resnet_demo import figures
from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.models.zoo import build
figures.draw_branches(trace_blocks(build("resnet8").eval(), torch.randn(1, 3, 32, 32)))
assert "matplotlib" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_drawings_at_the_same_time_keep_their_text() -> None:
    """matplotlib's settings are those of the whole process: who is done first must not take them from the other."""

    class Slow:
        def savefig(self, buffer: io.StringIO, **_: Any) -> None:
            time.sleep(0.1)
            buffer.write(f"<svg {matplotlib.rcParams['svg.fonttype']}/>")

    with ThreadPoolExecutor(2) as visitors:
        drawings = []
        for _ in range(2):
            drawings.append(visitors.submit(curves_svg, Slow(), "Curves"))  # pyright: ignore[reportArgumentType]
            time.sleep(0.05)
    assert all(drawing.result().endswith(" none/>") for drawing in drawings)
    assert matplotlib.rcParams["svg.fonttype"] == "path"  # as it was


def test_figures_never_touch_pyplot() -> None:
    """pyplot keeps every figure in a global list: under a server that is a leak, and it is not safe in threads."""
    program = """
import sys
import torch
from resnet_demo import figures
assert not any(name.split(".")[0] in ("matplotlib", "gradio") for name in sys.modules), "not lazy"
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.interpret.trace import trace_blocks
trace = trace_blocks(ResNet(ResNetConfig((1,), (2,)), seed=0).eval(), torch.zeros(1, 3, 8, 8))
figures.curves_svg(figures.draw_curves(trace), "a")
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules, "pyplot"
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# Text from outside stays text


def test_labels_are_escaped(traces: dict[str, Trace], picture: Image.Image) -> None:
    trace = traces["residual"]
    cams = grad_cam(trace)
    drawings = [
        draw_overlay(picture, cams["layer2.1"], NASTY),
        draw_strip(picture, cams, "layer2.1", NASTY),
        draw_split(picture, dict.fromkeys(("residual", "shortcut", "total"), cams["layer2.1"]), NASTY),
        curves_svg(draw_curves(trace), NASTY),
        document(1, 1, NASTY),
    ]
    for drawing in drawings:
        root = parse(drawing)
        assert root.attrib["aria-label"] == NASTY
        assert not list(root.iter(f"{SVG}script"))
    answer = parse(draw_street(trace, "layer1.0", picture, (NASTY, NASTY)))
    assert "<script>" in words_in(answer)
    assert not list(answer.iter(f"{SVG}script"))


def test_elements() -> None:
    assert element("g", stroke_width=2.0, class_="a", rx=None) == '<g stroke-width="2" class="a"/>'
    assert element("g", "<b/>", x=1.256) == '<g x="1.26"><b/></g>'
    assert text("<&", 0, 1) == '<text x="0" y="1">&lt;&amp;</text>'
    assert element("g", aria_label='"<') == '<g aria-label="&quot;&lt;"/>'
