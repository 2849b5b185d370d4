"""Figures of training: they say what the records say, nothing overlaps, nothing jumps, anything can be missing."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_demo.figures import (
    curves_svg,
    draw_confusion,
    draw_degradation,
    draw_gradients,
    draw_history,
    draw_race,
    draw_ratios,
    figure_png,
    network_title,
)
from resnet_demo.figures.palette import DEPTHS, PLAIN, RESIDUAL, RESNET, SHORTCUT, fallback
from resnet_demo.figures.runs import apart, depth_of, thinned

SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<script>"a" & 'b'</script>"""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Note:
    """What the figures read of a trainer's record."""

    images: int
    train_accuracy: float = 0.1
    train_loss: float = 2.3
    test_accuracy: float | None = None
    test_loss: float | None = None
    epoch: int = 0
    gradients: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)


def run(count: int, accuracy: Callable[[float], float] = lambda t: 0.1 + 0.8 * t, test_every: int = 10) -> Any:
    return [
        Note(
            images=128 * step,
            train_accuracy=accuracy(step / 2000),
            test_accuracy=accuracy(step / 2000) - 0.01 if step % test_every == 0 else None,
        )
        for step in range(1, count + 1)
    ]


def rising(slope: float) -> Callable[[float], float]:
    return lambda t: max(0.0, min(1.0, 0.1 + slope * t))


def blocks(count: int) -> dict[str, float]:
    return {f"layer{1 + 3 * index // count}.{index}": 0.5 + index / count for index in range(count)}


@pytest.fixture(scope="module")
def trained() -> Any:
    """The histories that come with the package, as JSON has them."""
    files = {name: ROOT / "assets" / "weights" / f"{name}.json" for name in ("resnet20", "plain20")}
    return {name: json.loads(path.read_text())["history"] for name, path in files.items()}


def parse(drawing: str) -> Element:
    root = ElementTree.fromstring(drawing)
    assert root.tag == f"{SVG}svg"
    assert not list(root.iter(f"{SVG}script"))
    return root


def words(root: Element) -> list[str]:
    return ["".join(item.itertext()) for item in root.iter(f"{SVG}text")]


def labels(root: Element) -> list[Element]:
    return [item for item in root.iter(f"{SVG}text") if item.attrib.get("class") == "rd-runner"]


def size(root: Element) -> list[float]:
    return [float(number) for number in root.attrib["viewBox"].split()[2:]]


# What they share


@pytest.mark.parametrize(
    ("name", "title", "depth"),
    [
        ("resnet20", "ResNet-20", 20),
        ("plain110", "Plain-110", 110),
        ("plain18-cifar", "Plain-18", 18),
        ("my own", "my own", None),
        ("resnet", "resnet", None),
    ],
)
def test_names(name: str, title: str, depth: int | None) -> None:
    assert network_title(name) == title
    assert network_title(title) == title
    assert depth_of(name) == depth_of(title) == depth


def test_thinning_keeps_the_last_and_the_points_that_it_kept() -> None:
    few = thinned(list(range(700)), 300)
    more = thinned(list(range(900)), 300)
    assert len(few) <= 302
    assert (few[-1], more[-1]) == (699, 899)
    assert set(few[:-1]) <= set(more)  # a curve that grows does not flicker
    assert thinned([1, 2], 300) == [1, 2]
    assert thinned([], 300) == []


def test_apart_keeps_order_bounds_and_distance() -> None:
    generator = random.Random(0)
    for _ in range(300):
        wanted = [generator.uniform(-50, 350) for _ in range(generator.randrange(0, 9))]
        places = apart(wanted, 20, 0, 300)
        for (a, b), (wanted_a, wanted_b) in zip(
            itertools.combinations(places, 2), itertools.combinations(wanted, 2), strict=True
        ):
            assert abs(a - b) >= 20 - 1e-9
            assert (a < b) == (wanted_a < wanted_b)
        assert all(-1e-9 <= place <= 300 + 1e-9 for place in places)
    assert apart([10, 100, 250], 20, 0, 300) == [10, 100, 250]  # nobody is moved without need


# The race


@pytest.mark.parametrize("tall", [False, True])
def test_race_labels_never_overlap_and_stand_on_no_curve(tall: bool) -> None:
    generator, height = random.Random(1), 34 if tall else 19
    for _ in range(60):
        names = ["resnet56", "plain56", "resnet20", "plain20"][: generator.randrange(1, 5)]
        runs = {name: run(generator.randrange(1, 2000), rising(generator.uniform(-0.3, 1.0))) for name in names}
        classes = generator.choice([2, 10, 100])
        root = parse(draw_race(runs, generator.choice([None, 256_000]), classes, tall))
        width, full = size(root)
        found = labels(root)
        assert [item.text for item in found] != []
        places = [(float(item.attrib["x"]), float(item.attrib["y"])) for item in found]
        guess = next(item for item in root.iter(f"{SVG}text") if (item.text or "").startswith("guessing"))
        obstacle = float(guess.attrib["x"]), float(guess.attrib["y"])
        if obstacle[0] - places[0][0] < (84 if tall else 180):
            places.append(obstacle)
        for (_, a), (_, b) in itertools.combinations(places, 2):
            assert abs(a - b) >= height, places
        assert all(0 < y < full for _, y in places)
        dots = [float(item.attrib["cx"]) for item in root.iter(f"{SVG}circle") if float(item.attrib["cy"]) > 20]
        assert all(x > max(dots) for x, _ in places[: len(found)])
        assert all(x + (60 if tall else 120) < width for x, _ in places)


@pytest.mark.parametrize("tall", [False, True])
def test_race_keeps_its_size_and_with_a_budget_its_axis(tall: bool) -> None:
    frames = [
        parse(draw_race({"resnet56": run(n), "plain56": run(n // 2)}, 256_000, tall=tall))
        for n in (0, 1, 2, 9, 10, 700, 2000)
    ]
    ticks = {tuple(word for word in words(root) if re.fullmatch(r"\d+[kM]?", word)) for root in frames}
    assert len(ticks) == 1
    assert {"0", "100k", "200k", "80"} <= set(*ticks)
    assert len({root.attrib["viewBox"] for root in frames}) == 1
    assert f"rd-{'tall' if tall else 'wide'}" in frames[0].attrib["class"]


def test_race_axis_grows_seldom() -> None:
    def last_tick(count: int) -> tuple[str, ...]:
        return tuple(word for word in words(parse(draw_race({"resnet8": run(count)}))) if word.endswith("k"))

    assert len({last_tick(count) for count in range(40, 2000, 20)}) < 14


@pytest.mark.parametrize("tall", [False, True])
def test_race_tells_the_current_figures(tall: bool) -> None:
    runs = {"resnet56": run(1000), "plain56": run(1000, lambda t: 0.1 + 0.4 * t)}
    root = parse(draw_race(runs, tall=tall))
    told = " ".join(words(root))
    assert "49.0 %" in told  # 0.1 + 0.8 / 2 - 0.01, the last test
    assert "29.0 %" in told
    assert "ResNet-56 49.0 % of the test pictures after 128,000" in root.attrib["aria-label"]
    colours = {(item.text or "").split()[0]: item.attrib["fill"] for item in labels(root)}
    assert colours == {"ResNet-56": RESNET, "Plain-56": PLAIN}
    before = " ".join(words(parse(draw_race({"resnet56": run(5)}, tall=tall))))
    assert "train 10 %" in before  # until the first test


def test_race_is_short_however_long_the_training() -> None:
    assert len(draw_race({"resnet56": run(5000), "plain56": run(5000)})) < 60_000


@pytest.mark.parametrize("tall", [False, True])
def test_race_bears_what_is_missing(tall: bool, trained: Any) -> None:
    nothing: list[Any] = [{}, {"resnet20": []}, {"resnet20": [Note(0, math.nan, test_accuracy=math.inf)]}]
    for histories in nothing:
        root = parse(draw_race(histories, tall=tall))
        assert not labels(root)
        assert "not yet begun" in root.attrib["aria-label"]
    for histories in (
        trained,
        {"plain20": run(1)},
        {"resnet20": [{"images": 5}, {"images": 9, "train_accuracy": 1.0}]},
    ):
        root = parse(draw_race(histories, tall=tall))
        assert len(labels(root)) == len(histories)
        assert "nan" not in "".join(re.findall(r' d="([^"]*)"', draw_race(histories, tall=tall)))
    assert "guessing" in " ".join(words(parse(draw_race({}, classes=100, tall=tall))))
    (label,) = labels(parse(draw_race({NASTY: run(20)}, tall=tall)))
    assert (label.text or "").startswith("<script>")


# Gradients and ratios


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("count", [3, 27, 54])
def test_strips_have_a_bar_for_each_block_in_order(count: int, tall: bool) -> None:
    latest: Any = {
        "resnet20": Note(1, gradients=blocks(count), ratios=blocks(count)),
        "plain20": Note(1, gradients=blocks(count)),
    }
    for draw, rows in ((draw_gradients, 2), (draw_ratios, 1)):
        root = parse(draw(latest, tall))
        bars = [item for item in root.iter(f"{SVG}rect") if item.attrib.get("class") == "rd-value"]
        assert len(bars) == rows * count
        row = bars[:count]
        lefts = [float(bar.attrib["x"]) for bar in row]
        rights = [float(bar.attrib["x"]) + float(bar.attrib["width"]) for bar in row]
        assert all(right < left for right, left in zip(rights, lefts[1:], strict=False))
        assert 0 < lefts[0] < rights[-1] < size(root)[0]
        heights = [float(bar.attrib["height"]) for bar in row]
        assert heights == sorted(heights)
        assert heights[0] < heights[-1]
        titles = [bar[0].text or "" for bar in row]
        assert titles[0] == "block 1.0: 0.5"
        told = words(root)
        assert {"first block", "last block"} <= set(told)
        if count > 6:
            assert sum(word.startswith("first 0.5 · last 1.") for word in told) == rows
    assert "no shortcut" in words(parse(draw_ratios(latest, tall)))


def test_ratios_have_the_streets_colours_and_a_scale_from_zero() -> None:
    latest: Any = {"resnet8": Note(1, ratios={"layer1.0": 0.5, "layer2.0": 1.0, "layer3.0": 0.25})}
    root = parse(draw_ratios(latest))
    bars = [item for item in root.iter(f"{SVG}rect") if item.attrib.get("class") == "rd-value"]
    assert {bar.attrib["fill"] for bar in bars} == {RESIDUAL}
    assert SHORTCUT in {path.attrib["stroke"] for path in root.iter(f"{SVG}path")}
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights == [heights[1] / 2, heights[1], heights[1] / 4]


def test_gradients_share_a_logarithmic_scale() -> None:
    latest: Any = {
        "resnet8": Note(1, gradients={"layer1.0": 0.01, "layer2.0": 0.1, "layer3.0": 1.0}),
        "plain8": Note(1, gradients={"layer1.0": 0.1, "layer2.0": 0.1, "layer3.0": 0.1}),
    }
    bars = [bar for bar in parse(draw_gradients(latest)).iter(f"{SVG}rect") if bar.attrib.get("class") == "rd-value"]
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights[1] == heights[2] / 2 == heights[3] == heights[5]
    assert [bar.attrib["fill"] for bar in bars] == [RESNET] * 3 + [PLAIN] * 3


@pytest.mark.parametrize("tall", [False, True])
def test_strips_bear_what_is_missing(tall: bool, trained: Any) -> None:
    odd = {"layer1.0": 0.0, "layer2.0": math.nan, "layer3.0": math.inf, "layer3.1": 1e-30, "layer3.2": 1e30}
    cases: list[Any] = [
        {},
        {
            "resnet20": {
                key: value for key, value in trained["resnet20"][-1].items() if key not in ("gradients", "ratios")
            }
        },
        {"plain20": Note(1)},
        {"resnet20": Note(1, gradients=odd, ratios=odd)},
        {"resnet8": Note(1, gradients=dict.fromkeys(odd, 0.0), ratios=dict.fromkeys(odd, 0.0))},
        {NASTY: Note(1, gradients={NASTY: 1.0}, ratios={NASTY: 1.0})},
    ]
    for latest in cases:
        for draw in (draw_gradients, draw_ratios):
            root = parse(draw(latest, tall))
            for bar in root.iter(f"{SVG}rect"):
                assert 0 < float(bar.attrib["height"]) <= 96
                assert float(bar.attrib["y"]) > 0
            assert "nan" not in re.sub(r"<title>.*?</title>", "", draw(latest, tall))
    assert "not measured yet" in words(parse(draw_ratios(cases[1], tall)))
    assert "not measured yet" in words(parse(draw_gradients(cases[2], tall)))
    assert "no shortcut" in words(parse(draw_ratios(cases[2], tall)))
    own: Any = {"my own": Note(1, gradients=blocks(3))}  # a name does not tell, but gradients without ratios do
    assert "no shortcut" in words(parse(draw_ratios(own, tall)))


def test_strips_keep_their_size() -> None:
    def latest(scale: float) -> Any:
        return {"resnet20": Note(1, gradients={k: v * scale for k, v in blocks(9).items()}), "plain20": Note(1)}

    assert len({parse(draw_gradients(latest(scale))).attrib["viewBox"] for scale in (1e-5, 1, 1e5)}) == 1


# Confusion


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("count", [1, 2, 10, 12, 13, 100])
def test_confusion_shows_every_count(count: int, tall: bool) -> None:
    matrix = torch.arange(count * count).reshape(count, count)
    root = parse(draw_confusion(matrix, [f"c{index}" for index in range(count)], tall))
    titles = [item[0].text or "" for item in root.iter(f"{SVG}rect") if len(item)]
    assert len(titles) == count * count - 1  # nothing is not drawn
    if count > 1:
        row = sum(range(count))
        assert f"c0 taken for c1: 1 of {row:,} ({100 / row:.1f} %)" in titles
    numbers = [word for word in words(root) if word.isdecimal()]
    assert numbers == ([str(value) for value in range(1, count * count)] if count <= 12 else [])
    width, height = size(root)
    for cell in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(cell.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 < x < x + w <= width
        assert 0 < y < y + h <= height
    heights = [float(item.attrib["y"]) for item in root.iter(f"{SVG}text") if (item.text or "") in {"c0", "c1", "c2"}]
    assert all(float(item.attrib["font-size"]) >= 12 for item in root.iter(f"{SVG}text"))
    assert heights == [] or len(heights) % 2 == 0  # once on each side


def test_confusion_shades_by_the_rows_share() -> None:
    matrix = torch.tensor([[90, 10], [5, 5]])
    cells = [item for item in parse(draw_confusion(matrix, ["a", "b"])).iter(f"{SVG}rect") if len(item)]
    shade = [float(cell.attrib["fill-opacity"]) for cell in cells]
    assert shade[0] > shade[3]  # 90 % right against 50 %
    assert shade[2] > shade[1]  # 5 of 10 are more than 10 of 100
    assert cells[0].attrib["fill"] == cells[3].attrib["fill"] != cells[1].attrib["fill"] == cells[2].attrib["fill"]


@pytest.mark.parametrize("tall", [False, True])
def test_confusion_labels_are_escaped_and_shortened(tall: bool) -> None:
    root = parse(draw_confusion(torch.ones(2, 2, dtype=torch.int64), [NASTY, "b"], tall))
    assert any(word.startswith("<script>") and word.endswith("…") for word in words(root))
    assert any(NASTY in (title.text or "") for title in root.iter(f"{SVG}title"))  # the whole of it, to hover
    assert parse(draw_confusion(torch.zeros(2, 2, dtype=torch.int64), ["a", "b"], tall)) is not None
    assert parse(draw_confusion(torch.zeros(0, 0, dtype=torch.int64), [], tall)) is not None
    with pytest.raises(ValueError, match="2 labels"):
        draw_confusion(torch.zeros(3, 3), ["a", "b"], tall)


# Histories


def lines_of(axes: Any) -> list[tuple[list[float], list[float]]]:
    return [(list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))) for line in axes.lines]


def test_history_plots_the_records(trained: Any) -> None:
    left, right = draw_history(trained).axes
    (x, train), (_, test), *_ = lines_of(left)
    assert x == pytest.approx(list(range(1, 31)))
    assert train == [record["train_loss"] for record in trained["resnet20"]]
    assert test == [record["test_loss"] for record in trained["resnet20"]]
    assert lines_of(right)[3][1] == pytest.approx([100 * record["test_accuracy"] for record in trained["plain20"]])
    assert left.get_xlabel() == "epoch"
    assert [item.get_text() for item in right.texts] == ["ResNet-20  91.6", "Plain-20  90.3"]
    assert [line.get_color() for line in left.lines] == [fallback(RESNET)] * 2 + [fallback(PLAIN)] * 2


def test_degradation_is_the_papers_figure(trained: Any) -> None:
    histories = {**trained, "plain56": trained["plain20"][:20], "resnet56": trained["resnet20"]}
    left, right = draw_degradation(histories).axes
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("Plain networks", "Residual networks")
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] == 0
    for axes, name in ((left, "plain20"), (right, "resnet20")):
        (_, train), (_, test), *_ = lines_of(axes)
        assert train == pytest.approx([100 * (1 - record["train_accuracy"]) for record in trained[name]])
        assert test == pytest.approx([100 * (1 - record["test_accuracy"]) for record in trained[name]])
        thin, bold, deep, _ = axes.lines
        assert thin.get_linewidth() < bold.get_linewidth()
        assert thin.get_color() == bold.get_color() == fallback(DEPTHS[0])  # a depth's colour is the same in both
        assert deep.get_color() == fallback(DEPTHS[-1])
    assert [len(x) for x, _ in lines_of(left)] == [30, 30, 20, 20]


def test_degradation_for_phones_is_stacked_and_its_type_is_12_px(trained: Any) -> None:
    figure = draw_degradation(trained, tall=True)
    upper, lower = figure.axes
    figure.draw_without_rendering()
    assert upper.get_position().y0 > lower.get_position().y1
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Plain networks", "Residual networks"]
    root = parse(curves_svg(figure, "Curves", "rd-curves rd-tall"))
    assert root.attrib["class"] == "rd-curves rd-tall"
    width = float(root.attrib["viewBox"].split()[2])
    assert 9 * 360 / width >= 12


def test_degradation_shows_other_seeds_faintly(trained: Any) -> None:
    other = [{**record, "test_accuracy": record["test_accuracy"] - 0.01} for record in trained["resnet20"]]
    alone, both = draw_degradation(trained).axes[1], draw_degradation(trained, again=[{"resnet20": other}, {}]).axes[1]
    assert len(both.lines) == len(alone.lines) + 2
    _, _, faint, bold = both.lines
    assert faint.get_color() == bold.get_color()
    assert (faint.get_alpha() or 1) < 1
    assert bold.get_alpha() is None
    assert faint.get_linewidth() < bold.get_linewidth() / 2
    assert lines_of(both)[2][1] == pytest.approx([value + 1 for value in lines_of(both)[3][1]])
    assert [item.get_text() for item in both.texts] == [item.get_text() for item in alone.texts]  # named once


def test_histories_bear_what_is_missing(trained: Any) -> None:
    cases: list[Any] = [
        {},
        {"resnet20": []},
        {"resnet20": trained["resnet20"]},
        {"plain20": trained["plain20"][:1], "mine": []},
        {"resnet8": run(30)},
        {"resnet8": [Note(5, math.nan, math.nan, math.nan, math.inf, epoch=1)]},
        {NASTY: trained["resnet20"]},
        {f"plain{6 * n + 2}": trained["plain20"] for n in range(1, 9)},
    ]
    for histories in cases:
        for draw in (draw_history, draw_degradation):
            parse(curves_svg(draw(histories), "Curves"))
    assert draw_history(cases[4]).axes[0].get_xlabel() == "pictures seen"  # no epoch is over yet
    texts = [item.get_text() for item in draw_degradation(cases[2]).axes[0].texts]
    assert texts == ["none trained yet"]


def test_history_names_do_not_overlap(trained: Any) -> None:
    same = {f"resnet{6 * n + 2}": trained["resnet20"] for n in range(1, 8)}
    for axes in (*draw_history(same).axes, draw_degradation(same).axes[1]):
        places = sorted(float(item.get_position()[1]) for item in axes.texts)
        assert len(places) == 7
        assert all(b - a > 0.06 for a, b in itertools.pairwise(places))


def test_history_as_files(trained: Any) -> None:
    figure = draw_degradation(trained)
    drawing = curves_svg(figure, NASTY)
    assert parse(drawing).attrib["aria-label"] == NASTY
    assert curves_svg(draw_degradation(trained), NASTY) == drawing
    assert DEPTHS[0] in drawing
    assert fallback(DEPTHS[0]) not in drawing.replace(DEPTHS[0], "")  # every use follows light and dark
    assert PLAIN in curves_svg(draw_history(trained), "a")
    picture = np.asarray(Image.open(io.BytesIO(figure_png(figure, 50))).convert("RGBA"))
    assert tuple(picture[0, 0]) == (255, 255, 255, 255)  # on white, not transparent
    assert picture.shape[:2] == (220, 530)


def test_colours_are_one_each() -> None:
    """Colours are found by their fallback when SVG is made to follow the page."""
    colours = [fallback(colour) for colour in (RESNET, PLAIN, *DEPTHS, RESIDUAL, SHORTCUT)]
    assert len(set(colours)) == len(colours)


def test_figures_of_training_never_touch_pyplot() -> None:
    program = """
import sys
from resnet_demo import figures
figures.draw_race({}), figures.draw_gradients({})
assert "matplotlib" not in sys.modules, "not lazy"
figures.figure_png(figures.draw_degradation({}), 20), figures.curves_svg(figures.draw_history({}), "a")
assert "matplotlib.pyplot" not in sys.modules, "pyplot"
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
