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

_STEPS = 255
# Row i is the colour of the value (i - 255) / 255: indigo at -1, transparent at 0, crimson at +1. The square root
# lifts weak values, which would otherwise drown in the background.
SIGNED = np.zeros((2 * _STEPS + 1, 4), dtype=np.uint8)
SIGNED[:_STEPS, :3], SIGNED[_STEPS:, :3] = NEGATIVE, POSITIVE
SIGNED[:, 3] = np.sqrt(np.abs(np.arange(-_STEPS, _STEPS + 1)) / _STEPS) * 255

# For values without a sign: dark blue over grey to yellow, rising evenly in lightness (after cividis).
_ANCHORS = np.array([(0, 32, 77), (60, 77, 110), (124, 123, 120), (188, 175, 111), (255, 234, 70)])
SEQUENTIAL = np.stack(
    [np.interp(np.linspace(0, 4, _STEPS + 1), np.arange(5), channel) for channel in _ANCHORS.T], axis=1
).astype(np.uint8)


def scale_of(*maps: Tensor) -> float:
    """The largest absolute value in all of the maps, to draw them on one symmetric scale."""
    return max((value.abs().max().item() for value in maps if value.numel()), default=0.0) or 1.0


def signed_map(values: Tensor, scale: float) -> Image.Image:
    """A map [H, W] -> RGBA picture W x H, a pixel each; `scale` is the absolute value of the full colour."""
    return Image.fromarray(_colour(values.detach().cpu().numpy(), scale))


def _colour(values: np.ndarray, scale: float) -> np.ndarray:
    level = (values * (_STEPS / scale)).round().clip(-_STEPS, _STEPS).astype(np.int16)
    return SIGNED[level + _STEPS]


def activity_map(values: Tensor) -> Image.Image:
    """A map [H, W] of how active places are -> RGB picture, from its least (dark) to its most active place (yellow)."""
    values = values.detach().cpu()
    span = (values.max() - values.min()).item() or 1.0
    return Image.fromarray(SEQUENTIAL[((values - values.min()) / span * _STEPS).round().byte().numpy()])


def grid(feature_maps: Tensor, scale: float, columns: int, magnify: int = 1) -> Image.Image:
    """Channels [C, H, W] -> one RGBA picture, `columns` side by side, each pixel `magnify` large, a thin gap between.

    The gap is one magnified pixel on the right of and below every map, so that a map's place follows from its index.
    """
    count, height, width = feature_maps.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height + 1, width + 1, 4), dtype=np.uint8)
    sheet[:count, :height, :width] = _colour(feature_maps.detach().cpu().numpy(), scale)
    sheet = sheet.reshape(rows, columns, height + 1, width + 1, 4).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + 1), columns * (width + 1), 4)
    return Image.fromarray(sheet.repeat(magnify, axis=0).repeat(magnify, axis=1))


def over(picture: Image.Image, cam: Tensor, scale: float, opacity: float = 0.7) -> Image.Image:
    """A map [h, w] laid over a picture, smoothly enlarged to its size: RGB."""
    smooth = Image.fromarray(cam.detach().cpu().float().numpy()).resize(picture.size, Image.Resampling.BILINEAR)
    colour = _colour(np.asarray(smooth), scale).astype(np.float32)
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
