"""Drawings of experiments: what the numbers say is where it should be, and odd numbers break nothing."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter

from resnet_demo.figures import axes, draw_experiment
from resnet_demo.figures.axes import magnitude
from resnet_demo.figures.palette import PLAIN, RESNET
from resnet_demo.figures.surface import RISE
from resnet_demo.i18n import Language, Message, Sentences
from resnet_demo.lab import EXPERIMENTS

SVG = "{http://www.w3.org/2000/svg}"
BLOCKS = ["layer1.0", "layer1.1", "layer2.0", "layer2.1"]
CASES = (
    "He's start, with batch norm",
    "He's start, without batch norm",
    "trained",
    "PyTorch's start, with batch norm",
    "PyTorch's start, without batch norm",
)


def by_block(*values: float) -> dict[str, float]:
    return dict(zip(BLOCKS, values, strict=True))


def report(name: str, scale: float = 1.0, **changes: Any) -> Any:
    """A report by hand; `scale` makes a second network differ."""
    return record(EXPERIMENTS[name].record, {"n": 4, **numbers(name, scale), **changes})


def record(kind: type, found: dict[str, Any]) -> Any:
    """A record, as it is read from a file."""
    return TypeAdapter(kind).validate_json(json.dumps(found), strict=True)


def likeness(value: float) -> dict[str, Any]:
    return {"block_by_block": {"stem": 0.5, **by_block(*4 * (value,))}, "mean": value, "mean_of_best": value}


def numbers(name: str, scale: float = 1.0) -> dict[str, Any]:
    settings = {str(step / 10): abs(1 - step / 10) * scale for step in range(16)}
    norms = by_block(1.0 * scale, 0.1, 0.01, 0.001)
    return {
        "lesion": {
            "error": 0.1,
            "without": by_block(0.5, 0.1, 0.3, 0.2),
            "added": by_block(0.4 * scale, 0.0, 0.2, 0.1),
            "median_added": 0.15,
            "halving": ["layer2.0"],
        },
        "lesions": {
            "error": 0.1,
            "deleted": [{"blocks": k, "error": 0.2 * k * scale} for k in (1, 2, 3) for _ in range(2)],
            "shuffled": [{"kendall": 1 - 0.2 * k, "error": 0.3 * k * scale} for k in (1, 2)],
            "spearman": 1.0,
        },
        "dial": {"alpha": settings, "lambda": settings, "exact_at_one": True, "alpha_recalibrated": settings},
        "lens": {
            "error": {"stem": 0.9, **by_block(0.8, 0.6, 0.4, 0.1 * scale)},
            "contribution": {"stem": 0.0, **by_block(-1.0, 0.5, 1.0, 4.0 * scale)},
            "identity_error": 0.0,
            "sum_error": 0.0,
        },
        "paths": {
            "counts": [1, 4, 6, 4, 1],
            "shares": {"0": 0.4, "1": 0.3, "2": 0.3, "3": -0.1, "4": 0.1},
            "norms": {"0": 0.5, "1": 0.5, "2": 0.4, "3": 0.2, "4": 0.1 * scale},
            "mean_length": 1.1,
            "nine_tenths": [0, 2],
            "sum_error": 0.0,
        },
        "probes": {
            "fitted_on": 20,
            "accuracy": {"stem": 0.2, **by_block(0.3, 0.4, 0.6, 0.9 * scale)},
            "own_classifier": 0.9 * scale,
            "ridge": 1.0,
        },
        "similarity": {
            "own": {name: [0.2, 0.4, 0.6, 0.8, 1.0 * scale] for name in ["stem", *BLOCKS]},
            "twin": {name: [0.1, 0.3, 0.5, 0.7, 0.9 * scale] for name in ["stem", *BLOCKS]},
            "twins": [likeness(0.6 * scale), likeness(0.4 * scale)],
            "seeds": [likeness(0.9 * scale)],
            "untrained": likeness(0.2 * scale),
        },
        "unfold": {
            "error": 0.1,
            "error_unfolded": 0.1,
            "max_logit_difference": 1e-5 * scale,
            "different_answers": 0,
            "parameters": 1000,
            "parameters_unfolded": 4000,
        },
        "gradients": {
            "norms": dict.fromkeys(CASES, norms),
            "first_to_last": {},
        },
        "signal": {
            "seeds": 5,
            "same_gradient": True,
            "cases": dict.fromkeys(("with batch norm", "without batch norm", "scale at zero"), begun(scale)),
        },
        "responses": {"std": {"stem": 0.4, "layer1.0.conv1": 0.2 * scale, "layer1.0.conv2": 0.1}, "mean": 0.2},
        "refinement": {"cosine": by_block(0.1 * scale, -0.1, 0.0, 0.2), "mean": 0.05, "median": 0.05},
        "shattering": {"agreement": {"8": 0.8, "20": 0.5 * scale, "56": 0.1}},
        "landscape": {
            "coordinates": [-1.0, 0.0, 1.0],
            "losses": [[4.0, 2.0, 4.0], [2.0, 0.5, 2.0], [4.0, 2.0, 8.0 * scale]],
            "centre": 0.5,
            "exact_at_centre": True,
            "minimum": 0.5,
            "median": 2.0,
            "maximum": 8.0,
            "share_below_twice_the_minimum": 1 / 9,
            "guessing": 2.3,
            "share_below_guessing": 5 / 9,
        },
        "sanity": {
            "similarity": {"saliency": {"as trained": 1.0, "fc": 0.5, "stem": 0.1 * scale}, "Grad-CAM": {"fc": -0.2}},
            "left_below": {"saliency": 0.3},
            "left": {"saliency": 0.1},
        },
        "localise": {
            "area": 0.25,
            "accuracy": 0.9,
            **{
                score: {
                    "saliency": {"mean": 0.5 * scale, "low": 0.4, "high": 0.6},
                    "the middle": {"mean": 0.25, "low": 0.2, "high": 0.3},
                }
                for score in ("pointing", "energy")
            },
        },
        "faithful": {
            "identity_error": 0.0,
            "area": {kind: {"saliency": 0.5 * scale, "random": 0.6} for kind in ("deletion", "insertion")},
            "gain": {kind: {"saliency": {"mean": 0.1, "low": 0.05, "high": 0.2}} for kind in ("deletion", "insertion")},
            "curves": {
                "deletion": {"saliency": [1.0, 0.5 * scale, 0.0], "random": [1.0, 0.9, 0.0]},
                "insertion": {"saliency": [0.0, 0.5, 1.0], "random": [0.0, 0.1, 1.0]},
            },
        },
    }[name]


def begun(scale: float) -> dict[str, Any]:
    """Signals that grow tenfold at each block, and gradients that grow so on their way back; theory says as much."""
    grows, shrinks = by_block(1, 10, 100, 1000), by_block(1000, 100, 10, 1)

    def ranges(values: dict[str, float]) -> dict[str, Any]:
        return {
            name: {"least": 0.5 * scale * value, "median": scale * value, "most": 2 * scale * value}
            for name, value in values.items()
        }

    return {
        "activations": ranges(grows), "gradients": ranges(shrinks), "expected_activations": grows,
        "expected_gradients": shrinks, "factor": None, "added": None, "back": None,
    }  # fmt: skip


def pair(name: str) -> dict[str, Any]:
    return {"resnet8": report(name), "plain8": report(name, 0.5)}


def parse(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def values(root: ElementTree.Element, kind: str = "rect") -> list[ElementTree.Element]:
    return [item for item in root.iter(f"{SVG}{kind}") if item.get("class") == "rd-value"]


def number_of(item: ElementTree.Element, what: str) -> float:
    return float(item.attrib[what])


# All of them


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_nothing_lies_outside_the_drawing(name: str, tall: bool) -> None:
    root = parse(draw_experiment(name, pair(name), tall=tall))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == (360 if tall else 880)
    assert f"rd-{'tall' if tall else 'wide'}" in root.attrib["class"].split()
    for item in root.iter():
        x, y = (float(item.get(key, item.get(f"c{key}", 0))) for key in ("x", "y"))
        right, bottom = x + float(item.get("width", 0)), y + float(item.get("height", 0))
        assert -1 <= x <= right <= width + 1, item.attrib
        assert -1 <= y <= bottom <= height + 1, item.attrib
        if "d" in item.attrib:
            assert "nan" not in item.attrib["d"]
            first = re.match(r"M([\d.-]+) ([\d.-]+)", item.attrib["d"])
            assert first
            assert -1 <= float(first[1]) <= width + 1


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_odd_numbers_break_nothing(name: str, tall: bool) -> None:
    def spoiled(value: Any, odd: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(
                value,
                **{
                    field.name: spoiled(getattr(value, field.name), odd)
                    for field in dataclasses.fields(value)
                    if field.name not in ("kendall", "coordinates")  # they are never unknown
                },
            )
        if isinstance(value, dict):
            return {key: spoiled(item, odd) for key, item in value.items()}
        if isinstance(value, tuple):
            return tuple(spoiled(item, odd) for item in value)
        return odd if isinstance(value, float) else value

    for odd in (None, math.nan, math.inf, 0.0, -1.0, 1e30):
        reports = pair(name)
        drawing = draw_experiment(name, {**reports, "plain8": spoiled(reports["plain8"], odd)}, tall=tall)
        parse(drawing)
        assert "nan" not in re.sub(r"<title>.*?</title>", "", drawing)
        assert "inf" not in re.sub(r"<title>.*?</title>", "", drawing)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_names_and_words_are_escaped(name: str) -> None:
    class Nasty(Language):
        def __call__(self, message: object) -> str:
            said = super().__call__(message)
            return f"<b>{said}" if isinstance(message, (Message, Sentences)) else said

    drawing = draw_experiment(name, {"<img src=x>": report(name)}, say=Nasty("en"))
    parse(drawing)
    assert "<img" not in drawing
    assert "<b>" not in drawing
    assert "&lt;b&gt;" in drawing


def test_what_has_no_drawing_is_a_table() -> None:
    reports = {"resnet8": {"error": 0.25, "many": [1, 2], "<b>": "x"}, "plain8": {"error": None}}
    drawing = draw_experiment("some other", reports)
    assert "ResNet-8" in drawing
    assert "0.25" in drawing
    assert "2 values" in drawing
    assert "<b>" not in drawing
    assert draw_experiment("some other", reports, tall=True) == ""


# One by one


def test_a_lesions_bars_are_as_high_as_what_they_add() -> None:
    root = parse(draw_experiment("lesion", pair("lesion")))
    bars = values(root)
    assert [bar.get("fill") for bar in bars] == [RESNET] * 4 + [PLAIN] * 4
    heights = [number_of(bar, "height") for bar in bars]
    assert heights[2] == pytest.approx(heights[0] / 2, abs=0.1)
    assert heights[3] == pytest.approx(heights[0] / 4, abs=0.1)
    assert heights[4] == pytest.approx(heights[2], abs=0.1)  # one scale for both networks
    buttons = [item.attrib["data-cut"] for item in root.iter() if "data-cut" in item.attrib]
    assert buttons == [f"{name} {block}" for name in ("resnet8", "plain8") for block in BLOCKS]
    assert [item.text for item in root.iter(f"{SVG}text")].count("½") == 2


def test_refinement_goes_below_the_line() -> None:
    bars = values(parse(draw_experiment("refinement", {"resnet8": report("refinement")})))
    up, down, _, most = bars
    zero = number_of(up, "y") + number_of(up, "height")
    assert number_of(down, "y") == pytest.approx(zero, abs=0.1)
    assert number_of(down, "height") == pytest.approx(number_of(up, "height"), abs=0.1)
    assert number_of(most, "height") == pytest.approx(2 * number_of(up, "height"), abs=0.1)


def test_every_draw_of_lesions_is_a_dot() -> None:
    root = parse(draw_experiment("lesions", pair("lesions")))
    assert len(values(root, "circle")) == 2 * ((1 + 6) + (1 + 2))
    assert "100 %" in [item.text for item in root.iter(f"{SVG}text")]


def test_a_dial_has_a_dot_for_each_setting_and_its_valley_at_one() -> None:
    dots = values(parse(draw_experiment("dial", {"resnet8": report("dial")})), "circle")
    assert len(dots) == 2 * 16
    lowest = max(dots[:16], key=lambda dot: number_of(dot, "cy"))  # y grows downwards
    assert dots.index(lowest) == 10
    left, right = number_of(dots[0], "cx"), number_of(dots[15], "cx")
    assert number_of(lowest, "cx") == pytest.approx(left + (right - left) * 10 / 15, abs=0.1)


def test_a_lens_has_a_dot_for_the_stem_and_each_block() -> None:
    dots = values(parse(draw_experiment("lens", pair("lens"))), "circle")
    assert len(dots) == 2 * 2 * 5
    heights = [number_of(dot, "cy") for dot in dots[:5]]
    assert heights == sorted(heights)  # the error falls
    assert heights[1] - heights[0] == pytest.approx((heights[2] - heights[1]) / 2, abs=0.1)


def test_paths_are_bars_of_the_residual_network() -> None:
    root = parse(draw_experiment("paths", pair("paths")))
    counts, shares = values(root)[:5], values(root)[5:]
    heights = [number_of(bar, "height") for bar in counts]
    assert heights == pytest.approx([heights[2] * k / 6 for k in (1, 4, 6, 4, 1)], abs=0.1)
    assert number_of(shares[1], "height") == pytest.approx(0.75 * number_of(shares[0], "height"), abs=0.1)
    against, zero = shares[3], number_of(shares[0], "y") + number_of(shares[0], "height")
    assert number_of(against, "y") == pytest.approx(zero, abs=0.1)  # a negative share hangs down
    assert number_of(against, "height") == pytest.approx(number_of(shares[0], "height") / 4, abs=0.1)
    assert len(values(root, "circle")) == 2 * 5


def test_probes_end_with_the_own_classifier() -> None:
    dots = values(parse(draw_experiment("probes", pair("probes"))), "circle")
    assert len(dots) == 2 * (1 + 4 + 1)
    last, own = dots[4:6]
    assert number_of(own, "cx") > number_of(last, "cx")
    assert number_of(own, "cy") == number_of(last, "cy")  # here the probe is as good
    heights = [number_of(dot, "cy") for dot in dots[:5]]
    assert heights[0] - heights[2] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.1)


def cells(root: ElementTree.Element) -> list[list[ElementTree.Element]]:
    return [list(group) for group in root.iter(f"{SVG}g") if group.get("class") == "rd-cells"]


def test_likeness_is_a_square_of_each_network_and_one_of_the_twins() -> None:
    root = parse(draw_experiment("similarity", pair("similarity")))
    residual, plain, twins = cells(root)
    assert len(residual) == len(plain) == len(twins) == 25
    tones = [number_of(cell, "opacity") for cell in residual[:5]]
    assert tones == sorted(tones)
    assert len(set(tones)) == 5
    assert number_of(plain[4], "opacity") == pytest.approx((tones[1] + tones[2]) / 2, abs=0.01)  # 0.5, on one scale
    assert "".join(twins[9].itertext()) == "ResNet-8 1.0 and Plain-8 2.1: 0.90"
    words = [item.text for item in root.iter(f"{SVG}text")]
    assert {"↑ ResNet-8", "Plain-8 →", "the twins", "ResNet-8, two seeds", "Plain-8 and a fresh one"} <= set(words)
    curves = values(root, "circle")
    assert len(curves) == 5 * 5  # the twins, and of each network its seeds and a fresh one
    assert "the twins, 1.0: 0.38 (0.20 – 0.60)" in ["".join(dot.itertext()) for dot in curves]


def test_a_network_alone_is_one_square_without_seeds() -> None:
    alone = report("similarity", twin={}, twins=[], seeds=[])
    root = parse(draw_experiment("similarity", {"my network": alone}))
    assert len(cells(root)) == 1
    assert len(values(root, "circle")) == 5
    unknown = report("similarity", twin={}, twins=[], seeds=[], own={name: [None] * 5 for name in ["stem", *BLOCKS]})
    assert cells(parse(draw_experiment("similarity", {"my network": unknown}))) == [[]]


def test_unfolding_is_two_bars_of_each_network() -> None:
    root = parse(draw_experiment("unfold", {"resnet8": report("unfold"), "resnet14": report("unfold", 0.5)}))
    bars = values(root)
    assert len(bars) == 2 * (2 + 2 + 1)
    parameters, wrong, apart = bars[:4], bars[4:8], bars[8:]
    assert [bar.get("fill") for bar in parameters] == [RESNET, PLAIN] * 2
    assert number_of(parameters[1], "height") == pytest.approx(4 * number_of(parameters[0], "height"), abs=0.1)
    assert number_of(wrong[0], "height") == number_of(wrong[1], "height")
    assert number_of(apart[0], "height") > number_of(apart[1], "height") > 0


def test_gradients_fall_in_equal_steps_for_equal_ratios() -> None:
    dots = values(parse(draw_experiment("gradients", {"resnet8": report("gradients")})), "circle")
    assert len(dots) == 5 * 4
    heights = [number_of(dot, "cy") for dot in dots[:4]]
    steps = [after - before for before, after in pairwise(heights)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.1)


def test_signals_grow_in_equal_steps_for_equal_ratios_and_theory_runs_through_each_stage() -> None:
    root = parse(draw_experiment("signal", {"resnet8": report("signal")}))
    dots = values(root, "circle")
    assert len(dots) == 2 * 3 * 4
    places = [(number_of(dot, "cx"), number_of(dot, "cy")) for dot in dots]
    signals, gradients = places[:4], places[12:16]
    steps = [after - before for (_, before), (_, after) in pairwise(signals)]
    assert steps[0] < 0  # up
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    assert gradients[0][1] < gradients[3][1]  # down
    dashed = [item.attrib["d"] for item in root.iter(f"{SVG}path") if item.get("stroke-dasharray") == "4 3"]
    assert len(dashed) == 2 * 3 * 2  # a line for each stage
    ends = [[tuple(map(float, point.split())) for point in re.split("[ML]", way)[1:]] for way in dashed]
    assert ends[0] + ends[1] == [pytest.approx(place, abs=0.11) for place in signals]  # here theory is right
    bands = [item for item in root.iter(f"{SVG}path") if item.get("opacity")]
    assert [band.get("fill") for band in bands] == [RESNET] * 6


def test_several_depths_share_a_drawing_of_responses() -> None:
    reports = {name: report("responses") for name in ("resnet56", "plain56", "resnet20")}
    root = parse(draw_experiment("responses", reports))
    assert len(values(root, "circle")) == 3 * 3
    dashed = [item for item in root.iter(f"{SVG}path") if item.get("stroke-dasharray")]
    assert {item.get("stroke") for item in dashed} == {RESNET}  # the second residual network


def test_shattering_draws_zero_at_the_foot() -> None:
    shattered = report("shattering", agreement={"8": 0.8, "20": 0.5, "56": -0.1})
    dots = values(parse(draw_experiment("shattering", {"plain8": shattered})), "circle")
    assert number_of(dots[2], "cy") == max(number_of(dot, "cy") for dot in dots)
    assert len(dots) == 3


def test_a_landscapes_tones_are_the_same_for_both() -> None:
    root = parse(draw_experiment("landscape", pair("landscape")))
    tiles = values(root)
    assert len(tiles) == 2 * 9
    tones = [number_of(tile, "opacity") for tile in tiles]
    assert tones[4] == min(tones)
    assert tones[8] == max(tones)
    assert tones[17] < tones[8]  # half of that loss
    assert tones[17] == pytest.approx(tones[0])  # and the same loss as there
    steps = [tones[1] - tones[4], tones[0] - tones[1]]
    assert steps[0] == pytest.approx(2 * steps[1], abs=0.02)  # from 0.5 to 2, and from 2 to 4


def surface_tiles(root: ElementTree.Element) -> list[list[tuple[float, float]]]:
    """The corners of each network's tiles, one network after the other."""
    found = [item for item in root.iter(f"{SVG}path") if item.get("class") == "rd-tile"]
    return [[(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", item.attrib["d"])] for item in found]


@pytest.mark.parametrize("tall", [False, True])
def test_a_landscapes_surfaces_have_the_same_height_for_the_same_loss(tall: bool) -> None:
    root = parse(draw_experiment("landscape", pair("landscape"), tall=tall))
    tiles, marks = surface_tiles(root), list(root.iter(f"{SVG}circle"))
    assert len(tiles) == 2 * 4
    width = (360.0 if tall else 440.0) - axes.LEFT - axes.RIGHT
    networks = []
    for corners, mark in ((tiles[:4], marks[1]), (tiles[4:], marks[3])):
        places = sorted({corner for tile in corners for corner in tile})
        networks.append((places[0], places[-1], number_of(mark, "cx"), number_of(mark, "cy")))
    (left, right, x, y), (other_left, other_right, other_x, other_y) = networks
    # The left corner, 4, and the centre, 0.5, are the same in both; at the right corner one has 8, the other 4.
    assert left[1] - y == pytest.approx(other_left[1] - other_y, abs=0.15)
    assert (x, other_x) == pytest.approx(((left[0] + right[0]) / 2, (other_left[0] + other_right[0]) / 2), abs=0.06)
    step = RISE * width / 4  # from 0.5 to 8 the loss doubles four times
    assert (other_right[1] - other_y) - (right[1] - y) == pytest.approx(step, abs=0.15)
    # The centre lies on the floor, since no loss is lower, halfway between the two corners' places.
    assert y == pytest.approx((left[1] + 3 * step + right[1] + 4 * step) / 2, abs=0.1)


def test_a_landscapes_axis_tells_losses() -> None:
    written = [item.text for item in parse(draw_experiment("landscape", pair("landscape"))).iter(f"{SVG}text")]
    assert {"0.5", "1", "2", "4", "8", "As a surface: log₂ of the loss, one scale for all"} <= set(written)


def test_a_landscapes_first_direction_leads_to_the_right() -> None:
    losses = [[4.0, 2.0, 4.0], [2.0, 0.5, 2.0], [64.0, 2.0, 8.0]]
    steep = report("landscape", losses=losses)  # one step along the first direction, one back along the second
    root = parse(draw_experiment("landscape", {"resnet8": steep}))
    highest = max(values(root), key=lambda tile: number_of(tile, "opacity"))
    assert number_of(highest, "x") == max(number_of(tile, "x") for tile in values(root))
    assert number_of(highest, "y") == max(number_of(tile, "y") for tile in values(root))
    assert highest[0].text == "+1, -1: loss 64"


def test_a_landscapes_odd_losses_are_cut_off_or_left_out() -> None:
    def tiles(loss: float | None) -> list[list[tuple[float, float]]]:
        losses = ((4.0, 2.0, loss), (2.0, 0.5, 2.0), (4.0, 2.0, 8.0))
        odd = dataclasses.replace(report("landscape"), losses=losses)
        return surface_tiles(parse(draw_experiment("landscape", {"resnet8": odd})))

    assert tiles(math.inf) == tiles(8.0)  # as high as the highest
    assert tiles(0.0) == tiles(0.5)  # as low as the lowest that has a logarithm
    assert len(tiles(None)) == len(tiles(math.nan)) == 3  # nobody knows how high


def test_sanity_has_a_curve_for_each_method() -> None:
    root = parse(draw_experiment("sanity", pair("sanity")))
    assert len(values(root, "circle")) == 2 * (3 + 1)
    written = [item.text for item in root.iter(f"{SVG}text")]
    assert {"saliency", "Grad-CAM", "ResNet-8", "Plain-8"} <= set(written)


def test_localising_bars_are_as_long_as_the_scores() -> None:
    bars = values(parse(draw_experiment("localise", pair("localise"))))
    assert len(bars) == 2 * 2 * 2
    first, half, middle, _ = (number_of(bar, "width") for bar in bars[:4])
    assert half == pytest.approx(first / 2, abs=0.1)
    assert middle == pytest.approx(first / 2, abs=0.1)


def test_faithfulness_has_two_plots_for_each_network() -> None:
    dots = values(parse(draw_experiment("faithful", pair("faithful"))), "circle")
    assert len(dots) == 2 * 2 * 3  # random maps are a line alone
    heights = [number_of(dot, "cy") for dot in dots[:3]]
    assert heights[1] == pytest.approx((heights[0] + heights[2]) / 2, abs=0.1)


# The axes


@pytest.mark.parametrize(
    ("low", "high", "lines"),
    [
        (0.0, 1.0, [0, 0.5, 1]),
        (0.0, 0.13, [0, 0.05, 0.1, 0.15]),
        (-0.03, 0.2, [-0.1, 0, 0.1, 0.2]),
        (0, 0, [0, 0.5, 1]),
        (0, 27, [0, 10, 20, 30]),
    ],
)
def test_linear_scales_have_round_lines(low: float, high: float, lines: list[float]) -> None:
    scale = axes.linear(low, high)
    assert list(scale.lines) == pytest.approx(lines)
    assert scale.part(lines[0]) == pytest.approx(0)
    assert scale.part(lines[-1]) == pytest.approx(1)


def test_logarithmic_scales_have_whole_powers() -> None:
    scale = axes.logarithmic([0.02, 30, None, -1, math.nan])
    assert list(scale.lines) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert scale.part(1) == pytest.approx(0.5)
    assert scale.part(0) == 0
    assert list(axes.logarithmic([]).lines) == pytest.approx([0.01, 0.1, 1])


def test_names_that_would_collide_are_left_out() -> None:
    assert list(axes.places(["a", "b", "c"], 300).lines.values()) == ["a", "b", "c"]
    assert len(axes.places([f"{k}.0" for k in range(50)], 200).lines) < 10


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "not finite"), (6.3e-5, "6.3e-05"), (0.5, "0.5"), (99.0, "99"), (2234.0, "2,234")]
)
def test_magnitude(value: float | None, expected: str) -> None:
    assert magnitude(value) == expected
