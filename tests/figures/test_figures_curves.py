"""Curves over the blocks, for files and for the page."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from drawings import (
    SVG,
    parse,
    words_in,
)

from resnet_demo.figures import (
    curves_svg,
    draw_branches,
    draw_curves,
    street_layout,
)
from resnet_demo.figures.axes import magnitude
from resnet_demo.figures.palette import RESIDUAL
from resnet_demo.interpret.trace import Trace


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
