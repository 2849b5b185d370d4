"""Pictures: any upload -> RGB picture (see `decoding`) -> the network's normalised input, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .decoding import (  # what others ask for here
    FORMATS,
    MIN_SIDE,
    Source,
    UnreadFormatError,
    load_image,
    readable_suffixes,
    requirement,
)
from .errors import InputError, similar

__all__ = [
    "CIFAR10",
    "FORMATS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "MIN_SIDE",
    "Domain",
    "Framed",
    "Source",
    "Square",
    "UnreadFormatError",
    "imagenet",
    "load_image",
    "nameless",
    "readable_suffixes",
    "requirement",
]

# A square in a picture: its left and its top edge as shares of the picture's width and height, its side as a share of
# the shorter of these.
Square: TypeAlias = tuple[float, float, float]
MOST_CROPS = 2  # that a framed picture keeps: that of the network in sight, and CIFAR-10's


@dataclass(frozen=True)
class Framed:
    """A picture, and the square of it that a network is to see; None is the middle one of the network's domain.

    What networks see is kept here: whoever draws into the picture frames it anew.
    """

    picture: Image.Image
    square: Square | None = None
    _crops: dict[Domain, Image.Image] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        if isinstance(picture, Framed):  # kept: of a phone's photograph it takes longer than the network
            crop = picture._crops.get(self)
            if crop is None:
                crop = (
                    self.crop(picture.picture)
                    if picture.square is None
                    else picture.picture.resize((self.size, self.size), resample, picture.box)
                )
                for oldest in list(picture._crops)[: 1 - MOST_CROPS]:
                    picture._crops.pop(oldest, None)
                picture._crops[self] = crop
            return crop.copy()
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
        return framed.picture.resize((side, side), Image.Resampling.BICUBIC, framed.box, reducing_gap=2.0)

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
        if near := similar(name.casefold(), names):
            raise InputError(
                "There is no class {name!r} (did you mean {near:or}?); give a name, such as {some:or}, or a number "
                "from 0 to {last}.",
                name=name,
                near=[self.labels[names.index(each)] for each in near],
                some=self.labels[:10],
                last=len(names) - 1,
            )
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
