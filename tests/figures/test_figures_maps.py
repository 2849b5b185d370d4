"""Maps as pictures: colours computed by hand, channels placed pixel by pixel."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from drawings import (
    block_of,
    colours_of,
    pixels_of,
)
from PIL import Image

from resnet_demo.figures import (
    activity_map,
    channel_to_show,
    data_uri,
    grid,
    over,
    photo_uri,
    png,
    scale_of,
    signed_map,
    strongest,
)
from resnet_demo.figures.palette import NEGATIVE, POSITIVE


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


def test_channel_to_show_is_strong_in_both_terms() -> None:
    def maps(*strength: int) -> torch.Tensor:
        return torch.tensor(strength).float().view(1, -1, 1, 1).expand(1, len(strength), 2, 2)

    # Channel 0 is strongest in F alone, channel 2 in the shortcut alone, channel 1 in both.
    assert channel_to_show(block_of(maps(9, 3, 0), maps(0, 3, 9))) == 1
    # Without a shortcut: the strongest output. Channel 0 is largest before the ReLU, but negative.
    assert channel_to_show(block_of(maps(-9, 3, 4), maps(0, 0, 0), "none")) == 2
