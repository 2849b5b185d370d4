"""The drawings of the lesson: heights, places and numbers computed by hand."""

from __future__ import annotations

import math
import re
from math import comb
from xml.etree import ElementTree

import pytest
from torch import Tensor

from resnet_demo.figures import draw_lengths, draw_lines, draw_sum
from resnet_demo.figures.lines import HEIGHT, TOP
from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.models.resnet import ResNet, ResNetConfig

SVG = "{http://www.w3.org/2000/svg}"


def heights(drawing: str, tall: bool = False) -> list[float]:
    """Of the marked places, as parts of the axis."""
    return [1 - (float(y) - TOP) / HEIGHT[tall] for y in re.findall(r'<circle [^>]*cy="([^"]+)"', drawing)]


@pytest.mark.parametrize("tall", [False, True])
def test_lines_are_as_high_as_their_numbers(tall: bool) -> None:
    drawing = draw_lines({"resnet20": [0, 5, 10], "plain20": [4, 2, 0]}, ["a", "b", "c"], "title", 1, tall=tall)
    ElementTree.fromstring(drawing)
    assert heights(drawing, tall) == pytest.approx([0.5, 0.2], abs=1e-3)
    assert "At b: ResNet-20 5 and Plain-20 2." in drawing
    assert ("rd-tall" in drawing) == tall


def test_logarithmic_lines() -> None:
    drawing = draw_lines({"resnet20": [1, 1000, 10], "plain20": [0, 1, 1]}, ["a", "b", "c"], "t", 2, logarithmic=True)
    assert heights(drawing) == pytest.approx([1 / 3, 0], abs=1e-3)
    assert ">1000<" in drawing.replace("</text>", "<")


def test_lines_leave_gaps_and_end_within_the_axis() -> None:
    drawing = draw_lines(
        {"resnet20": [1, math.nan, 1], "plain20": [math.inf, 9, 9]}, ["a", "b", "c"], "t", 1, highest=2
    )
    assert heights(drawing) == [1.0]  # cut off at the top; what is not finite is not drawn
    assert "nan" not in re.findall(r' d="([^"]*)"', drawing)


@pytest.mark.parametrize("highest", [0.3, 0.7, 1.0, 2.01, 7.3, 9.44, 20.0, 123.0])
def test_marks_are_round(highest: float) -> None:
    drawing = draw_lines({"resnet20": [0, highest]}, ["a", "b"], "t", 0)
    marks = sorted(float(mark) for mark in re.findall(r'text-anchor="end"[^>]*>([\d.]+)<', drawing))
    assert marks[0] == 0
    assert marks[-1] >= highest * (1 - 1e-9)
    assert 4 <= len(marks) <= 6
    first = marks[1] / 10 ** math.floor(math.log10(marks[1]))
    assert first == pytest.approx(min((1, 2, 5), key=lambda step: abs(step - first)))


def test_lengths_are_bars_of_both_shares() -> None:
    counts = [comb(4, k) for k in range(5)]
    drawing = draw_lengths(counts, [0, 1, 2, 1, 0], ("all", "left"))
    ElementTree.fromstring(drawing)
    bars = [float(height) for height in re.findall(r'<rect [^>]*height="([^"]+)"', drawing)][2:]  # without the legend
    assert [bar / max(bars) for bar in bars[:5]] == pytest.approx([count / 6 for count in counts], abs=1e-3)
    assert [bar / max(bars) for bar in bars[5:]] == pytest.approx([0, 1 / 6, 2 / 6, 1 / 6, 0], abs=1e-3)
    assert draw_lengths([0, 0], [0, 0], ("all", "left"), tall=True)


@pytest.mark.parametrize("plain", [False, True])
def test_a_sum_shows_its_numbers(plain: bool, tiny_image: Tensor) -> None:
    model = ResNet(ResNetConfig(blocks=(1, 2), widths=(4, 8), plain=plain), seed=0).eval()
    block = trace_blocks(model, tiny_image).blocks[2]
    for tall in (False, True):
        drawing = draw_sum(block, 3, 5, 6, tall=tall)
        ElementTree.fromstring(drawing)
        for point in ("residual", "total", "output"):
            assert f"{getattr(block, point)[0, 3, 5, 6].item():+.3f}".replace("-", "−") in drawing
        assert drawing.count('data-rows="8"') == (3 if plain else 4)
        assert ("no shortcut" in drawing) == plain
