"""Pictures: any upload -> RGB picture -> the network's normalised input, and back."""

from __future__ import annotations

import io
import math
import os
import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError, features
from torch import Tensor

from .errors import InputError
from .formats import NAMES, OPTIONAL, SUFFIXES
from .i18n import Message, _

FORMATS = tuple(NAMES)
EXTRA = "resnet-demo[heic]"
MIN_SIDE = 8  # px: below that there is nothing to recognise
MAX_PIXELS = 50_000_000  # a phone's largest photos; checked against the header, before anything is decoded
MAX_ASPECT = 20  # longer strips would lose all but a sliver of themselves in the square that a network sees

TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF's tags
ORIENTATION = 0x0112  # the EXIF tag
# Its value -> what turns the picture upright. Not by ImageOps.exif_transpose: that writes all of the EXIF data
# anew, and fails where any of it is broken.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Where Pillow keeps, and looks for, what a file says of its orientation: EXIF data, also as text in a PNG, and XMP.
ORIENTED = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")

# Pillow warns of pictures between its limit and twice that; ours is lower, and is checked from the header as well.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# What a 16-bit grey counts as white, by the largest value: cameras and scanners store 10, 12 or 14 bits as they are.
WHITES = (255, 1023, 4095, 16383, 65535)

Source = str | os.PathLike | bytes | Image.Image


class UnreadFormatError(InputError):
    """A picture in a format that is known, and not read here."""

    def __init__(self, message: Message, format: str):
        super().__init__(message)
        self.format = format

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.format)


@lru_cache
def optional_formats() -> tuple[str, ...]:
    """Which of `OPTIONAL` can be read: AVIF where Pillow was built with it, HEIC where pillow-heif is installed."""
    found = ["AVIF"] if features.check("avif") else []
    try:
        import pillow_heif  # pyright: ignore[reportMissingImports]
    except ImportError:
        return tuple(found)
    pillow_heif.register_heif_opener()
    return (*found, "HEIC")


@lru_cache
def readable_suffixes() -> tuple[str, ...]:
    """How the names of pictures end that `load_image` reads, in lower case."""
    return SUFFIXES + tuple(suffix for kind in optional_formats() for suffix in OPTIONAL[kind][1])


def requirement(kind: str) -> str | None:
    """What has to be installed so that a format is read; None where nothing helps."""
    return EXTRA if kind in OPTIONAL else None


def _unread_format(head: bytes) -> str | None:
    """The optional format that a file begins as: both are kept in boxes as MP4 is, by their brand."""
    if head[4:8] != b"ftyp":
        return None
    return "AVIF" if head[8:12] in (b"avif", b"avis") else "HEIC" if head[8:11] in (b"hei", b"hev", b"mif") else None


def load_image(source: Source) -> Image.Image:
    """Open a picture from a path, from bytes or from Pillow, as an upright RGB picture.

    EXIF orientation is applied, transparency is laid over white, 16-bit greys (by as many bits as they use) and
    floating-point ones are scaled to 8 bits, and of an animation or several pages the first is taken.

    Raises InputError, one sentence, for whatever is not a usable picture.
    """
    if isinstance(source, (bytes, Image.Image)):
        stream, name = source, _("The upload")
    else:
        stream, name = Path(source), Path(source).name
        if not os.path.isfile(stream):  # unlike Path.is_file, False for an overlong or otherwise impossible name, too
            raise InputError("There is no file {path}.", path=name)
    try:
        if isinstance(stream, Image.Image):  # perhaps not decoded yet
            return _upright_rgb(_checked(stream))
        formats = (*FORMATS, *(OPTIONAL[kind][0] for kind in optional_formats()))
        with Image.open(io.BytesIO(stream) if isinstance(stream, bytes) else stream, formats=formats) as picture:
            _checked(picture)
            picture.load()
            return _upright_rgb(picture)
    except UnidentifiedImageError:
        if kind := _unread_format(_head(stream)):
            message = _(
                "{name} is {kind}, which is not read here: save it as JPEG, or install {extra}.",
                name=name,
                kind=kind,
                extra=EXTRA,
            )
            raise UnreadFormatError(message, kind) from None
        raise InputError(
            "{name} is not a picture that can be read here; use {formats:or}.", name=name, formats=list(NAMES.values())
        ) from None
    except (Image.DecompressionBombError, MemoryError):
        raise InputError(
            "{name} is too large; at most {most} megapixels are read.", name=name, most=MAX_PIXELS // 1_000_000
        ) from None
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, NotImplementedError, EOFError, LookupError, TypeError, ArithmeticError,
            RuntimeError, struct.error):  # fmt: skip
        # Whatever Pillow's decoders raise: NotImplementedError, say, for a header that asks for an unknown variant.
        raise InputError("{name} is damaged: the picture in it cannot be decoded.", name=name) from None


def _head(stream: Path | bytes | Image.Image) -> bytes:
    if isinstance(stream, bytes):
        return stream[:16]
    if isinstance(stream, Image.Image):
        return b""
    with stream.open("rb") as file:
        return file.read(16)


def _checked(picture: Image.Image) -> Image.Image:
    """Refuse, from the size alone, what is too small, too large or too long."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})  # of a TIFF, whose tiles may be larger than the picture
    tile = [value for value in (tags.get(TILE_WIDTH), tags.get(TILE_LENGTH)) if isinstance(value, int)]
    if width * height > MAX_PIXELS or math.prod(tile) > MAX_PIXELS:
        raise InputError(
            "The picture has {width} x {height} pixels; at most {most} megapixels are read.",
            width=width,
            height=height,
            most=MAX_PIXELS // 1_000_000,
        )
    if min(width, height) < MIN_SIDE:
        raise InputError(
            "The picture has {width} x {height} pixels; each side needs at least {least}.",
            width=width,
            height=height,
            least=MIN_SIDE,
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(
            "The picture has {width} x {height} pixels; its long side may be at most {most} times its short one.",
            width=width,
            height=height,
            most=MAX_ASPECT,
        )
    return picture


def _upright_rgb(picture: Image.Image) -> Image.Image:
    """A copy that stands upright and says so: read again, it is not turned again."""
    upright = _rgb(_turned(picture))
    for name in ORIENTED:
        upright.info.pop(name, None)
    return upright


def _turned(picture: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except (ValueError, SyntaxError, struct.error, OSError, EOFError, TypeError):
        turn = None  # cameras and editors write broken EXIF data around sound pictures
    return picture if turn is None else picture.transpose(turn)


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":  # Pillow would clip these to 255 instead of scaling them
        return Image.fromarray(_grey(np.asarray(picture))).convert("RGB")
    if picture.mode == "La":  # the one mode with transparency that Pillow does not convert to RGBA
        picture = picture.convert("LA")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _grey(values: np.ndarray) -> np.ndarray:
    """Greys of 16 or 32 bits, or floating-point ones of 0 to 1 or 0 to 255 (or more), as uint8."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values.astype(np.float32, copy=False), posinf=0.0, neginf=0.0)
        top = max(float(values.max()), 1e-12)
        top = top if top <= 1 else max(top, 255.0)
        return (values * (255 / top)).clip(0, 255).astype(np.uint8)
    most = int(values.max())
    top = next((white for white in WHITES if most <= white), most)
    if top > WHITES[-1]:  # 32 bits
        return (values.clip(0) * (255 / top)).astype(np.uint8)
    shades = (np.arange(top + 1) * (255 / top)).round().astype(np.uint8)  # of each value: no copy in floating point
    return shades[values.clip(0) if values.dtype.kind == "i" else values]


# A square in a picture: its left and its top edge as shares of the picture's width and height, its side as a share of
# the shorter of these.
Square: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Framed:
    """A picture, and the square of it that a network is to see; None is the middle one of the network's domain."""

    picture: Image.Image
    square: Square | None = None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The square's left, upper, right and lower edge in pixels, inside the picture. There must be a square."""
        assert self.square is not None
        (width, height), (left, top, side) = self.picture.size, self.square
        side = min(side, 1) * min(width, height)
        left, top = min(left * width, width - side), min(top * height, height - side)
        return left, top, left + side, top + side


@dataclass(frozen=True)
class Domain:
    """What a network was trained on: the classes' names, and how a picture becomes an input.

    The picture's short side is scaled to `resize` pixels (bicubic below 64, where it keeps more; bilinear above, as
    torchvision's ImageNet networks were evaluated), the middle `size` x `size` cut out, and each channel normalised
    as (value - mean) / std with values in 0..1. Where a person chose a square, that is scaled to `size` instead.
    """

    name: str
    labels: tuple[str, ...]
    size: int
    resize: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def crop(self, picture: Image.Image | Framed) -> Image.Image:
        """The square RGB picture, `size` x `size` pixels, that the network will see."""
        resample = Image.Resampling.BICUBIC if self.size < 64 else Image.Resampling.BILINEAR
        if isinstance(picture, Framed):
            if picture.square is not None:
                return picture.picture.resize((self.size, self.size), resample, picture.box)
            picture = picture.picture
        short = min(picture.size)
        width, height = (self.resize * side // short for side in picture.size)  # rounded as torchvision does
        if (width, height) != picture.size:
            picture = picture.resize((width, height), resample)
        left, top = (round((side - self.size) / 2) for side in picture.size)
        return picture.crop((left, top, left + self.size, top + self.size))

    def view(self, picture: Image.Image | Framed, side: int) -> Image.Image:
        """The part of the picture that `crop` keeps, in `side` x `side` pixels, for a person to look at."""
        framed = picture if isinstance(picture, Framed) else Framed(picture)
        if framed.square is None:
            framed = Framed(framed.picture, self.middle(framed.picture))
        return framed.picture.resize((side, side), Image.Resampling.BICUBIC, framed.box)

    def middle(self, picture: Image.Image) -> Square:
        """The square that `crop` keeps of a picture of which nobody chose one."""
        share = self.size / self.resize
        kept, (width, height) = share * min(picture.size), picture.size
        return (width - kept) / 2 / width, (height - kept) / 2 / height, share

    def class_index(self, name: str) -> int:
        """A class by its name, in any case, or by its number. Raises InputError where there is none such."""
        names = [label.casefold() for label in self.labels]
        if name.casefold() in names:
            return names.index(name.casefold())
        if name.isdecimal() and len(name) < 10 and int(name) < len(names):
            return int(name)
        raise InputError(
            "There is no class {name!r}; give a name, such as {some:or}, or a number from 0 to {last}.",
            name=name,
            some=self.labels[:10],
            last=len(names) - 1,
        )

    def to_input(self, picture: Image.Image | Framed) -> Tensor:
        """A picture -> the network's input [1, 3, size, size], float32, normalised."""
        return self.normalise(self.pixels(picture))

    def pixels(self, picture: Image.Image | Framed) -> Tensor:
        """A picture -> what the network will see of it, uint8 [1, 3, size, size]."""
        pixels = torch.from_numpy(np.array(self.crop(picture), dtype=np.uint8))  # [H, W, 3]
        return pixels.permute(2, 0, 1)[None]

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 pixels [N, 3, H, W] -> float32 inputs [N, 3, H, W]."""
        mean, std = (_by_channel(values, pixels.device) for values in (self.mean, self.std))
        return (pixels.float() / 255 - mean) / std

    def to_picture(self, inputs: Tensor) -> Image.Image:
        """One input [1, 3, H, W] (or [3, H, W]) -> the RGB picture it stands for; undoes `to_input`'s normalisation."""
        mean, std = (inputs.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        pixels = ((inputs.detach().reshape(inputs.shape[-3:]) * std + mean) * 255).round().clamp(0, 255)
        return Image.fromarray(pixels.permute(1, 2, 0).byte().cpu().numpy())


@lru_cache(maxsize=64)
def _by_channel(values: tuple[float, float, float], device: torch.device) -> Tensor:
    """[1, 3, 1, 1] on a device, made once: nothing can be brought there while a training step is being captured."""
    with torch.inference_mode(False):
        return torch.tensor(values, device=device).view(1, 3, 1, 1)


CIFAR10 = Domain(
    name="CIFAR-10",
    labels=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    size=32,
    resize=32,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
)

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@lru_cache
def imagenet() -> Domain:
    """ImageNet's 1000 classes and torchvision's evaluation transform (resize 256, crop 224)."""
    from torchvision.models._meta import _IMAGENET_CATEGORIES  # here, since importing torchvision takes a second

    return Domain("ImageNet", tuple(_IMAGENET_CATEGORIES), 224, 256, IMAGENET_MEAN, IMAGENET_STD)


def nameless(classes: int, size: int = 32) -> Domain:
    """The domain of a network that came without one: classes by number, CIFAR-10's or ImageNet's normalisation."""
    mean, std = (CIFAR10.mean, CIFAR10.std) if size < 64 else (IMAGENET_MEAN, IMAGENET_STD)
    resize = size if size < 64 else size * 8 // 7
    return Domain("unknown", tuple(f"class {index}" for index in range(classes)), size, resize, mean, std)
