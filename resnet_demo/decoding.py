"""What is accepted as a picture, and how it is decoded: the one place that decides, for page, API, shell and library.

Format and size are read from the header, before anything is decoded; what a decoder may be asked for is bounded here.
The shell and the library decode in their own process: their files are the user's own, and a user can stop them. The app
gives strangers' files to `isolation`, which calls this very module in a process that can be killed. So this module
imports no torch.
"""

from __future__ import annotations

import io
import math
import os
import re
import struct
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError, features
from PIL.JpegImagePlugin import JpegImageFile

from .errors import InputError
from .formats import NAMES, OPTIONAL, SUFFIXES
from .i18n import Message, _

FORMATS = tuple(NAMES)
EXTRA = "resnet-demo[heic]"
MIN_SIDE = 8  # px: below that there is nothing to recognise
MAX_SIDE, MAX_PIXELS = 8192, 20_000_000  # of a decoded picture
# A JPEG can be decoded at a half, a quarter or an eighth of its size, so that larger ones are: a phone's 50 megapixels.
# A progressive one is held whole in memory for that, at 3 to 6 bytes a pixel.
MAX_REDUCED, MAX_PROGRESSIVE = 100_000_000, 50_000_000
MAX_SCANS = 64  # of a JPEG: each is work on all its pixels. The finest scripts of encoders have 20.
MAX_BYTES = 200_000_000  # of a file
MAX_ASPECT = 20  # longer strips would lose all but a sliver of themselves in the square that a network sees
MAX_NAME = 60  # characters of a file's name in a message

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
BACKGROUND = "white"  # what is seen through a transparent picture
BAND = 64  # rows: what needs room beside the picture is done band by band, each of which fits into a core's cache

# Pillow warns of pictures between its limit and twice that; ours is lower, and is checked from the header as well.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# What a 16-bit grey counts as white, by the largest value: cameras and scanners store 10, 12 or 14 bits as they are.
WHITES = (255, 1023, 4095, 16383, 65535)

Source = str | os.PathLike | bytes | Image.Image | np.ndarray


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


def name_of(source: Source) -> Message | str:
    """What a message calls a picture: its file's name, of a long one the end."""
    if not isinstance(source, (str, os.PathLike)):
        return _("The upload")
    name = Path(source).name
    return name if len(name) <= MAX_NAME else f"…{name[1 - MAX_NAME :]}"


def load_image(source: Source) -> Image.Image:
    """Open a picture from a path, from bytes, from Pillow or from an array, as an upright RGB picture.

    EXIF orientation is applied, transparency is laid over white, 16-bit greys (by as many bits as they use) and
    floating-point ones are scaled to 8 bits, and of an animation or several pages the first is taken. A JPEG of more
    than `MAX_PIXELS`, or with a side of more than `MAX_SIDE`, is decoded at a half, a quarter or an eighth of its size.
    An array holds pixels, uint8 [H, W] or [H, W, 3] (4: with transparency).

    Raises InputError, one sentence, for whatever is not a usable picture.
    """
    if isinstance(source, np.ndarray):
        source = _of_pixels(source)
    if not isinstance(source, (str, os.PathLike, bytes, Image.Image)):
        raise InputError(
            "A picture is a path, bytes, a Pillow image or an array, not {kind}.", kind=type(source).__name__
        )
    name = name_of(source)
    stream = source if isinstance(source, (bytes, Image.Image)) else Path(source)
    # Unlike Path.is_file, os.path's is False for an overlong or otherwise impossible name, too.
    if isinstance(stream, Path) and os.path.isdir(stream):
        raise InputError("There is no file {path} but a folder; name a picture in it.", path=name or ".")
    if isinstance(stream, Path) and str(stream).startswith(("http:/", "https:/")):  # a Path has one slash of the two
        raise InputError("A picture is a file here, no address: download {path} first.", path=name)
    if isinstance(stream, Path) and not os.path.isfile(stream):
        raise InputError("There is no file {path}.", path=name)
    try:
        if isinstance(stream, Image.Image):  # perhaps not decoded yet
            return _upright_rgb(_checked(stream))
        _check_file(stream)
        formats = (*FORMATS, *(OPTIONAL[kind][0] for kind in optional_formats()))
        with Image.open(io.BytesIO(stream) if isinstance(stream, bytes) else stream, formats=formats) as picture:
            _checked(picture)
            if isinstance(picture, JpegImageFile):
                _check_scans(stream if isinstance(stream, bytes) else stream.read_bytes())
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
            "{name} is not a picture that can be read here; use {formats:or}.",
            name=name,
            formats=[*NAMES.values(), *optional_formats()],
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


def _of_pixels(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise InputError(
            "An array of pixels is uint8 [H, W], [H, W, 3] or [H, W, 4], not {kind} {shape}.",
            kind=str(pixels.dtype),
            shape=list(pixels.shape),
        )
    return Image.fromarray(pixels)


def _head(stream: Path | bytes | Image.Image) -> bytes:
    if isinstance(stream, bytes):
        return stream[:16]
    if isinstance(stream, Image.Image):
        return b""
    with stream.open("rb") as file:
        return file.read(16)


# What is refused before it is decoded


def _check_file(stream: Path | bytes) -> None:
    if (len(stream) if isinstance(stream, bytes) else stream.stat().st_size) > MAX_BYTES:
        raise InputError("A picture's file may have at most {most} MB.", most=MAX_BYTES // 1_000_000)


def _checked(picture: Image.Image) -> Image.Image:
    """Refuse, from the size alone, what is too small, too large or too long; have a large JPEG decoded smaller."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})  # of a TIFF, whose tiles may be larger than the picture
    tile = [value for value in (tags.get(TILE_WIDTH), tags.get(TILE_LENGTH)) if isinstance(value, int)]
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
    if not _fits(width, height) and not _reduced(picture):
        if isinstance(picture, JpegImageFile):
            raise InputError(
                "The picture has {width} x {height} pixels; of a JPEG at most {most} megapixels are read, of one that "
                "is progressive {progressive}.",
                width=width,
                height=height,
                most=MAX_REDUCED // 1_000_000,
                progressive=MAX_PROGRESSIVE // 1_000_000,
            )
        raise InputError(
            "The picture has {width} x {height} pixels; at most {most} megapixels are read, and {side} a side.",
            width=width,
            height=height,
            most=MAX_PIXELS // 1_000_000,
            side=MAX_SIDE,
        )
    if math.prod(tile) > MAX_PIXELS:
        raise InputError("The picture has tiles of more than {most} megapixels.", most=MAX_PIXELS // 1_000_000)
    return picture


def _fits(width: int, height: int) -> bool:
    return width * height <= MAX_PIXELS and max(width, height) <= MAX_SIDE


def _reduced(picture: Image.Image) -> bool:
    """Have a JPEG decoded at the largest scale that is within the limits, if there is one."""
    width, height = picture.size
    most = MAX_PROGRESSIVE if "progressive" in picture.info else MAX_REDUCED
    if not isinstance(picture, JpegImageFile) or width * height > most:
        return False
    for scale in (2, 4, 8):
        if _fits(-(-width // scale), -(-height // scale)):
            picture.draft(None, (width // scale, height // scale))
            return _fits(*picture.size)  # not so where it is decoded already
    return False


# Where the compressed data of a scan end: at a marker that is neither a stuffed zero, a restart, nor fill.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END, _ALONE = 0xDA, 0xD9, {0x01, *range(0xD0, 0xD9)}


def _check_scans(jpeg: bytes) -> None:
    """Refuse a JPEG of very many scans: a hundred kilobytes of them keep a decoder busy for minutes."""
    if scans(jpeg) > MAX_SCANS:
        raise InputError("The picture is a JPEG of more than {most} scans; save it anew.", most=MAX_SCANS)


def scans(jpeg: bytes) -> int:
    """How many scans a JPEG has, by its markers; a thumbnail within its metadata does not count."""
    found, place = 0, 0
    while match := _MARKER.search(jpeg, place):
        marker, place = jpeg[match.end() - 1], match.end()
        if marker == _END:
            break
        if marker not in _ALONE:
            place += int.from_bytes(jpeg[place : place + 2], "big")  # over the segment, to what follows it
            found += marker == _START_OF_SCAN
    return found


# Any mode that a format has -> RGB


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
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        return _over_background(picture)
    return picture.convert("RGB")


def _over_background(picture: Image.Image) -> Image.Image:
    """A transparent picture as it is seen; band by band, since each step would need as much room as the picture."""
    picture.load()
    seen, width = Image.new("RGB", picture.size), picture.width
    for top in range(0, picture.height, BAND):
        band = picture.crop((0, top, width, min(top + BAND, picture.height)))
        if band.mode == "La":  # the one mode with transparency that Pillow does not convert to RGBA
            band = band.convert("LA")
        band = band.convert("RGBA")
        seen.paste(Image.alpha_composite(Image.new("RGBA", band.size, BACKGROUND), band).convert("RGB"), (0, top))
    return seen


def _grey(values: np.ndarray) -> np.ndarray:
    """Greys [H, W] of 16 or 32 bits, or floating-point ones of 0 to 1 or 0 to 255 (or more), as uint8."""
    shades = np.empty(values.shape, np.uint8)
    bands = [slice(top, top + BAND) for top in range(0, len(values), BAND)]
    if values.dtype.kind == "f":
        most = max(float(_finite(values[band]).max()) for band in bands)
        top = max(most, 255.0) if most > 1 else max(most, 1e-12)
        for band in bands:
            shades[band] = (_finite(values[band]) * (255 / top)).clip(0, 255)
        return shades
    most = int(values.max())
    top = next((white for white in WHITES if most <= white), most)
    of_each = None if top > WHITES[-1] else (np.arange(top + 1) * (255 / top)).round().astype(np.uint8)
    for band in bands:
        positive = values[band].clip(0) if values.dtype.kind == "i" else values[band]
        shades[band] = positive * (255 / top) if of_each is None else of_each[positive]
    return shades


def _finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values.astype(np.float32, copy=False), posinf=0.0, neginf=0.0)
