"""What travels with a block's drawing: the numbers add up at every place, and a convolution's steps give its value."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resnet_demo.figures import block_scale, channel_to_show, draw_block, draw_sum, scale_of
from resnet_demo.figures.palette import NEGATIVE, POSITIVE
from resnet_demo.figures.readout import decimals_of, decode, encode, readout
from resnet_demo.figures.svg import ENGLISH
from resnet_demo.interpret.trace import BlockTrace, trace_blocks
from resnet_demo.lab.interventions import BranchScales, trace_intervened
from resnet_demo.models.resnet import ResNet, ResNetConfig

CSS = Path(__file__).parents[2] / "resnet_demo" / "ui" / "static" / "css" / "lens.css"
CONFIGS = {
    "resnet20": ResNetConfig.cifar(20),
    "plain20": ResNetConfig.cifar(20, plain=True),
    "preresnet20": ResNetConfig.cifar(20, block="preact"),
    "resnet18-cifar": ResNetConfig((2, 2, 2, 2), (64, 128, 256, 512), shortcut="B"),
    "bottleneck": ResNetConfig((2, 2), (4, 8), block="bottleneck", shortcut="B"),
}
PLACES = 20


@pytest.fixture(scope="module", params=CONFIGS)
def network(request: pytest.FixtureRequest, randomise: Callable[..., nn.Module]) -> ResNet:
    model = randomise(ResNet(CONFIGS[request.param], seed=0))
    assert isinstance(model, ResNet)
    return model


@pytest.fixture(scope="module")
def blocks(network: ResNet) -> tuple[BlockTrace, ...]:
    return trace_blocks(network, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))).blocks


def numbers_of(drawing: str) -> dict[str, Any]:
    found = re.search(r'data-readout="([^"]*)"', drawing)
    assert found
    return json.loads(html.unescape(found[1]))


def values_of(data: dict[str, Any], name: str) -> np.ndarray:
    sent = data["maps"][name]
    return values_of(data, sent) if isinstance(sent, str) else decode(sent)


def places(rows: int, columns: int) -> list[tuple[int, int]]:
    random = np.random.default_rng(0)
    corners = [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
    return corners + [(int(random.integers(rows)), int(random.integers(columns))) for _ in range(PLACES)]


def total_of(data: dict[str, Any]) -> np.ndarray:
    """The sum as a page computes it."""
    return np.sum([term["factor"] * values_of(data, term["map"]) for term in data["terms"]], axis=0)


def test_a_map_survives_its_encoding() -> None:
    values = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 30
    found = decode(encode(values))
    assert found.shape == (5, 7)
    assert np.abs(found - values.numpy()).max() <= scale_of(values) / 32767 / 2 * 1.001
    assert (decode(encode(torch.zeros(2, 2))) == 0).all()


@pytest.mark.parametrize(
    ("scale", "decimals"), [(0.0042, 5), (0.42, 3), (1.0, 2), (9.9, 2), (99.0, 2), (100.0, 1), (5000.0, 0), (1e30, 0)]
)
def test_decimals(scale: float, decimals: int) -> None:
    assert decimals_of(scale) == decimals


@pytest.mark.parametrize("tall", [False, True])
def test_the_equation_adds_up_everywhere(blocks: tuple[BlockTrace, ...], tall: bool) -> None:
    for block in blocks:
        channel = channel_to_show(block)
        data = numbers_of(draw_block(block, channel, tall))
        rounding = block_scale(block, channel) / 32767  # half a step of each of the two terms
        total = block.total[0, channel].numpy()
        assert (data["rows"], data["columns"]) == total.shape
        assert np.abs(total_of(data) - total).max() <= rounding
        y = np.maximum(total_of(data), 0) if data["relu"] else total_of(data)
        assert np.abs(y - block.output[0, channel].numpy()).max() <= rounding
        assert [term["map"] for term in data["terms"]] == (
            ["residual"] if block.shortcut_kind == "none" else ["residual", "shortcut"]
        )


def test_what_is_shown_is_off_by_one_digit_at_most(blocks: tuple[BlockTrace, ...]) -> None:
    for block in blocks:
        channel = channel_to_show(block)
        data = numbers_of(draw_block(block, channel))
        digit = 10.0 ** -data["decimals"]
        terms = [np.rint(values_of(data, term["map"]) / digit) for term in data["terms"]]
        assert np.abs(np.sum(terms, axis=0) * digit - block.total[0, channel].numpy()).max() <= 1.2 * digit
        for term, name in zip(terms, ("residual", "shortcut"), strict=False):
            assert np.abs(term * digit - getattr(block, name)[0, channel].numpy()).max() <= 0.6 * digit


def test_patch_times_kernel_and_all_others_are_the_convolution(blocks: tuple[BlockTrace, ...], network: ResNet) -> None:
    convolutions = 0
    modules = dict(network.named_blocks())
    for block in blocks:
        channel = channel_to_show(block)
        data = numbers_of(draw_block(block, channel))
        for name, sent in data["maps"].items():
            step = sent.get("step") if isinstance(sent, dict) else None
            if not step or "kernel" not in step:
                continue
            convolutions += 1
            module = modules[block.name].residual.get_submodule(step["layer"])
            assert isinstance(module, nn.Conv2d)
            assert (step["stride"], step["padding"]) == (module.stride[0], module.padding[0])
            value, given = values_of(data, name), step["input"]
            source = values_of(data, given) if isinstance(given, str) else decode(given)
            padded = np.pad(source, step["padding"])
            kernel = np.array(step["kernel"]).reshape(step["size"], step["size"])
            index = _channel_of(block, step["layer"], value)
            others = _others(block, step["layer"], module, index, step["channel"])
            for row, column in places(*value.shape):
                top, left = row * step["stride"], column * step["stride"]
                patch = padded[top : top + step["size"], left : left + step["size"]]
                found = (patch * kernel).sum() + others[row, column].item()
                size = max(1.0, float(np.abs(value).max()), float(np.abs(source).max()))
                assert found == pytest.approx(value[row, column], abs=3e-4 * size), (block.name, name)
    assert convolutions >= len(blocks)


def _channel_of(block: BlockTrace, layer: str, value: np.ndarray) -> int:
    """Which channel of a layer was drawn."""
    return int((block.inside[layer][0] - torch.from_numpy(value)).abs().flatten(1).amax(dim=1).argmin())


def _others(block: BlockTrace, layer: str, module: nn.Conv2d, index: int, without: int) -> Tensor:
    """What all input channels but one give to a channel of a convolution's output."""
    module = deepcopy(module).requires_grad_(False)
    layers = list(block.inside)
    before = layers.index(layer) - 1
    source = (block.x if before < 0 else block.inside[layers[before]]).clone()
    given = [float(module(_only(source, kept))[0, index].norm()) for kept in range(min(source.shape[1], 16))]
    if source.shape[1] <= 16:
        assert given[without] == pytest.approx(max(given), rel=1e-4)  # the channel that contributes most
    source[:, without] = 0
    return module(source)[0, index]


def _only(source: Tensor, channel: int) -> Tensor:
    kept = torch.zeros_like(source)
    kept[:, channel] = source[:, channel]
    return kept


def test_batch_norm_and_relu_name_what_they_got(blocks: tuple[BlockTrace, ...]) -> None:
    for block in blocks:
        data = numbers_of(draw_block(block, channel_to_show(block)))
        for name, sent in data["maps"].items():
            if name.startswith("relu"):
                before = values_of(data, sent["step"]["from"])
                assert np.abs(np.maximum(before, 0) - values_of(data, name)).max() <= 1e-4 * np.abs(before).max()
        last = list(block.inside)[-1]
        assert data["maps"]["residual"]["step"].keys() >= ({"kernel"} if last.startswith("conv") else {"from"})


@pytest.mark.parametrize("scales", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.5, 1.25)])
def test_an_intervened_block_shows_what_flows(
    network: ResNet, blocks: tuple[BlockTrace, ...], scales: tuple[float, float]
) -> None:
    for block in blocks[:5]:
        residual, shortcut = scales
        plain = block.shortcut_kind == "none"
        deleted = [block.name] if residual == 0 and (plain or shortcut == 1) else []
        seen = trace_intervened(network, block.name, block.x, {block.name: BranchScales(*scales)}, deleted)
        factors = {"residual": residual} if plain else {"residual": residual, "shortcut": shortcut}
        channel = channel_to_show(block)
        data = numbers_of(draw_block(seen, channel, factors=factors))
        assert np.abs(total_of(data) - seen.total[0, channel].numpy()).max() <= 1e-4 * block_scale(seen, channel)


def test_numbers_stay_small(randomise: Callable[..., nn.Module], blocks: tuple[BlockTrace, ...]) -> None:
    for block in blocks:
        assert len(json.dumps(numbers_of(draw_block(block, channel_to_show(block))))) < 40_000
    config = ResNetConfig((1, 1), (8, 16), block="bottleneck", stem="imagenet", shortcut="B")
    for block in trace_blocks(ResNet(config, seed=0).eval(), torch.randn(1, 3, 224, 224)).blocks:
        drawing = draw_block(block, 0)
        assert len(json.dumps(numbers_of(drawing))) < 50_000
        assert {"x", "residual", "shortcut"} <= numbers_of(drawing)["maps"].keys()


def test_no_numbers_where_they_are_not_finite(blocks: tuple[BlockTrace, ...]) -> None:
    block, endless = blocks[0], torch.full((2, 2), np.inf)
    maps = {point: torch.ones(2, 2) for point in ("x", "residual", "shortcut", "total", "output")}
    assert readout(block, maps, {}, 0, 1.0, {}, ENGLISH) is not None
    assert readout(block, {**maps, "residual": endless}, {}, 0, 1.0, {}, ENGLISH) is None
    broken = replace(block, inside={**block.inside, "conv1": endless})
    assert readout(broken, maps, {}, 0, 1.0, {}, ENGLISH) is None


def test_two_drawings_on_one_scale(blocks: tuple[BlockTrace, ...]) -> None:
    block = blocks[0]
    own = block_scale(block, 0)
    assert draw_block(block, 0, scale=own) == draw_block(block, 0)
    assert draw_block(block, 0, scale=3 * own) != draw_block(block, 0)


def test_a_lesson_sum_adds_up_as_it_stands(blocks: tuple[BlockTrace, ...]) -> None:
    for block in blocks[:3]:
        for row, column in places(*block.total.shape[2:]):
            shown = re.findall(r'font-size="20"[^>]*>([+−]?[\d.]+)<', draw_sum(block, 1, row, column))
            residual, shortcut, total, y = (float(number.replace("−", "-")) for number in shown)
            assert round(residual + shortcut, 3) == total
            assert y == (max(0.0, total) if block.ends_in_relu else total)
            assert abs(shortcut - block.shortcut[0, 1, row, column].item()) <= 0.00101


# Words that can be read, and colours that can be told apart


def test_text_is_at_least_12_pixels(blocks: tuple[BlockTrace, ...]) -> None:
    """On a screen the wide drawing is shown at 900 pixels, on a phone the tall one at 350."""
    for block in blocks[:4]:
        factors = {"residual": 0.5, "shortcut": 1.25}
        for tall, pixels in ((False, 900), (True, 350)):
            drawing = draw_block(block, 0, tall, factors=factors)
            width, height = map(float, re.findall(r'viewBox="0 0 (\S+) (\S+)"', drawing)[0])
            sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', drawing)]
            assert min(sizes) * pixels / width >= 12
            assert height * 900 / width <= 330 or tall
            assert width <= 1000


def luminance(colour: tuple[float, ...]) -> float:
    """Of WCAG 2.2, of sRGB 0 to 255."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def on_dark(colour: tuple[int, ...]) -> tuple[int, ...]:
    """invert(1) hue-rotate(180deg), by the matrix of Filter Effects 1, section 6."""
    turned = np.array([[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]])
    return tuple((turned @ (255 - np.array(colour))).round().clip(0, 255).astype(int).tolist())


def test_both_ends_of_signed_maps_stand_out_in_light_and_dark() -> None:
    style = CSS.read_text()
    assert "filter: invert(1) hue-rotate(180deg)" in style
    ends = {"light": (POSITIVE, NEGATIVE), "dark": (on_dark(POSITIVE), on_dark(NEGATIVE))}
    papers = {"light": (255, 255, 255), "dark": (23, 30, 39)}  # --rd-paper
    for mode, (positive, negative) in ends.items():
        assert contrast(positive, papers[mode]) >= 3
        assert contrast(negative, papers[mode]) >= 3
        assert positive[0] - positive[2] > 60 > negative[0] - negative[2] + 120  # red above zero, blue below
        for name, colour in (("positive", positive), ("negative", negative)):
            assert f"--rd-{name}: rgb({' '.join(map(str, colour))})" in style
