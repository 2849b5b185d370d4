"""The street: what it shows of a network, at any depth, with wires that are cut."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import torch
from drawings import (
    SVG,
    boxes_of,
    colours_of,
    deep_trace,
    parse,
    pixels_of,
    stops,
    words_in,
)
from PIL import Image

from resnet_demo.figures import (
    activity_map,
    draw_block,
    draw_street,
    highest_share,
    share,
    street_layout,
    strongest_change,
    weakest_change,
)
from resnet_demo.figures import street as street_module
from resnet_demo.figures.block import written
from resnet_demo.figures.palette import RESIDUAL, SHORTCUT, WRONG
from resnet_demo.i18n import language
from resnet_demo.interpret.trace import SHORTCUT_WIRE, Trace


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


@pytest.mark.parametrize(
    ("norm", "words"),
    [(0.0, "0"), (0.03714, "0.0371"), (45.83, "45.8"), (290.9, "291"), (999.6, "1,000"), (2911.2, "2,911"),
     (123_456.0, "1.23e5"), (3.2e12, "3.20e12")],
)  # fmt: skip
def test_norms_are_written_without_powers_of_ten_as_long_as_one_can_read_them(norm: float, words: str) -> None:
    assert written(norm) == words


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


@pytest.fixture(scope="module", params=[(1, 1, 1), (9, 9, 9), (18, 18, 18), (3, 8, 36, 3)], ids=str)
def any_depth(request: pytest.FixtureRequest) -> Trace:
    return deep_trace(*request.param)


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
