"""Tensors -> pictures: one map, or all channels of a block as one grid, coloured and composited in NumPy.

Signed maps fade to transparent at zero, so that zero is the colour of the page, light or dark. Maps that are to be
compared are drawn with one `scale`: the value that gets the full colour.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from .palette import NEGATIVE, POSITIVE

# A picture of a map is one byte a pixel, a shade, and the palette says what colour that is: half of the bytes that a
# page has to load otherwise, and a quarter of the time to pack them.
_SHADES = 127  # of each sign
# Row i is the colour of shade i - 127: indigo at -127, transparent at 0, crimson at +127, as opaque as the shade says.
SIGNED = np.zeros((2 * _SHADES + 1, 4), dtype=np.uint8)
SIGNED[:_SHADES, :3], SIGNED[_SHADES:, :3] = NEGATIVE, POSITIVE
SIGNED[:, 3] = (np.abs(np.arange(-_SHADES, _SHADES + 1)) * (255 / _SHADES)).round()

# For values without a sign: dark blue over grey to yellow, rising evenly in lightness (after cividis).
_ANCHORS = np.array([(0, 32, 77), (60, 77, 110), (124, 123, 120), (188, 175, 111), (255, 234, 70)])
SEQUENTIAL = np.stack(
    [np.interp(np.linspace(0, 4, 256), np.arange(5), channel) for channel in _ANCHORS.T], axis=1
).astype(np.uint8)


def scale_of(*maps: Tensor) -> float:
    """The largest absolute value in all of the maps, to draw them on one symmetric scale."""
    return max((value.abs().max().item() for value in maps if value.numel()), default=0.0) or 1.0


def signed_map(values: Tensor, scale: float) -> Image.Image:
    """A map [H, W] -> palette picture W x H, a pixel each; `scale` is the absolute value of the full colour."""
    return _picture(_shades(_array(values), scale), SIGNED)


def _array(values: Tensor) -> np.ndarray:
    return values.detach().cpu().float().numpy()  # numpy knows no bfloat16


def _shades(values: np.ndarray, scale: float) -> np.ndarray:
    """Rows of `SIGNED`. The square root lifts weak values, which would otherwise drown in the background."""
    opacity = np.sqrt(np.abs(values) / scale).clip(0, 1)
    return (np.copysign(np.round(opacity * _SHADES), values) + _SHADES).astype(np.uint8)


def _picture(shades: np.ndarray, palette: np.ndarray) -> Image.Image:
    """Of the palette only what occurs: all of it is more than the pixels of a small map."""
    used = np.flatnonzero(np.bincount(shades.ravel(), minlength=len(palette)))
    place = np.zeros(len(palette), dtype=np.uint8)
    place[used] = np.arange(len(used))
    picture = Image.fromarray(place[shades])
    picture.putpalette(palette[used].tobytes(), "RGBA" if palette.shape[1] == 4 else "RGB")
    return picture


def activity_map(values: Tensor) -> Image.Image:
    """A map [H, W] of how active places are -> palette picture, from its least (dark) to its most active (yellow)."""
    values = values.detach().cpu().float()
    span = (values.max() - values.min()).item() or 1.0
    return _picture(((values - values.min()) / span * 255).round().byte().numpy(), SEQUENTIAL)


def grid(feature_maps: Tensor, scale: float, columns: int, magnify: int = 1) -> Image.Image:
    """Channels [C, H, W] -> one palette picture, `columns` side by side, each pixel `magnify` large, a gap between.

    The gap is one magnified pixel on the right of and below every map, so that a map's place follows from its index.
    """
    count, height, width = feature_maps.shape
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height + 1, width + 1), _SHADES, dtype=np.uint8)  # which is transparent
    sheet[:count, :height, :width] = _shades(_array(feature_maps), scale)
    sheet = sheet.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + 1), columns * (width + 1))
    return _picture(sheet.repeat(magnify, axis=0).repeat(magnify, axis=1), SIGNED)


def over(picture: Image.Image, cam: Tensor, scale: float, opacity: float = 0.7) -> Image.Image:
    """A map [h, w] laid over a picture, smoothly enlarged to its size: RGB."""
    smooth = Image.fromarray(_array(cam)).resize(picture.size, Image.Resampling.BILINEAR)
    colour = SIGNED[_shades(np.asarray(smooth), scale)].astype(np.float32)
    alpha = colour[..., 3:] / 255 * opacity
    return Image.fromarray(
        (np.asarray(picture.convert("RGB")) * (1 - alpha) + colour[..., :3] * alpha).astype(np.uint8)
    )


def png(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file, packed for speed rather than for size."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def data_uri(picture: Image.Image) -> str:
    """A picture as a `data:` address, to stand inside a page or an SVG file."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()


def photo_uri(picture: Image.Image) -> str:
    """A photo as a `data:` address, as JPEG: a tenth of the PNG's bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def strongest(feature_maps: Sequence[Tensor], most: int) -> list[int]:
    """The indices of the `most` channels [C, H, W] with the largest norms over all of the maps, in their own order.

    With no more channels than that: all of them.
    """
    count = feature_maps[0].shape[0]
    if count <= most:
        return list(range(count))
    norms = sum(value.flatten(1).norm(dim=1) for value in feature_maps)
    assert isinstance(norms, Tensor)
    return sorted(norms.topk(most).indices.tolist())
