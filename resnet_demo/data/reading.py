"""Pictures of a data set, from files to one tensor; what cannot be read is left out and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..i18n import Message, _n
from ..images import CIFAR10, UnreadFormatError, load_image, requirement
from .listing import MAX_NAME, Fetch

MAX_PIXELS = 10_000_000_000  # of all pictures read: a few minutes of decoding
MAX_LEFT_OUT = 1_000  # pictures that cannot be read, which may take as long as reading them
MAX_SECONDS = 300.0  # of decoding, by the clock

Read = Callable[[Path | bytes], Image.Image]


@dataclass
class Decoded:
    """The pictures that could be read, uint8 [N, 3, size, size], which of those asked for they are, and the others."""

    pictures: Tensor
    indexes: list[int]
    damaged: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)  # path -> format, which its name does not tell


def decode(files: Sequence[tuple[str, Fetch]], size: int, title: Message, read: Read | None = None) -> Decoded:
    """Read pictures as a network trained on them will see its own: short side scaled to `size` px, the middle cut out.

    Raises InputError where that would take more memory or time than one data set may.
    """
    domain = replace(CIFAR10, size=size, resize=size)
    found = Decoded(torch.empty(len(files), 3, size, size, dtype=torch.uint8), [])
    pixels, began = 0, time.monotonic()
    for index, (path, fetch) in enumerate(files):
        if time.monotonic() - began > MAX_SECONDS:
            raise InputError(
                "{title} takes more than {most} minutes to read; make its pictures smaller, or take fewer.",
                title=title,
                most=int(MAX_SECONDS) // 60,
            )
        try:
            picture = (read or load_image)(fetch())
        except Exception as error:  # a zip's entry, too, can be damaged in many ways
            if isinstance(error, UnreadFormatError):
                found.unread[path] = error.format
            else:
                found.damaged.append(path)
            if len(found.unread) + len(found.damaged) > MAX_LEFT_OUT:
                raise InputError(
                    "{title} holds more than {most:,} pictures that cannot be read.", title=title, most=MAX_LEFT_OUT
                ) from None
            continue
        pixels += picture.width * picture.height
        if pixels > MAX_PIXELS:
            raise InputError(
                "{title} holds more than {most} gigapixels; make its pictures smaller.",
                title=title,
                most=MAX_PIXELS // 1_000_000_000,
            )
        found.pictures[len(found.indexes)] = torch.from_numpy(np.array(domain.crop(picture))).permute(2, 0, 1)
        found.indexes.append(index)
    found.pictures = found.pictures[: len(found.indexes)]
    return found


def left_out(damaged: Sequence[str], unread: dict[str, str], too_deep: Sequence[str]) -> list[Message]:
    """A sentence for each reason for which pictures were left out."""
    notes = []
    if damaged:
        notes.append(
            _n(
                "One picture could not be read and was left out: {first}.",
                "{count:,} pictures could not be read and were left out; the first is {first}.",
                len(damaged),
                first=_short(damaged),
            )
        )
    for kind in sorted(set(unread.values())):
        paths = [path for path, format in unread.items() if format == kind]
        if extra := requirement(kind):
            notes.append(
                _n(
                    "One picture is {kind} and was left out: {first}. It is read where {extra} is installed.",
                    "{count:,} pictures are {kind} and were left out: {first} is the first. They are read where "
                    "{extra} is installed.",
                    len(paths),
                    kind=kind,
                    first=_short(paths),
                    extra=extra,
                )
            )
        else:
            notes.append(
                _n(
                    "One picture is {kind} and was left out: {first}. Save it as JPEG.",
                    "{count:,} pictures are {kind} and were left out: {first} is the first. Save them as JPEG.",
                    len(paths),
                    kind=kind,
                    first=_short(paths),
                )
            )
    if too_deep:
        notes.append(
            _n(
                "One picture lies too deep in folders and was left out: {first}.",
                "{count:,} pictures lie too deep in folders and were left out; the first is {first}.",
                len(too_deep),
                first=_short(too_deep),
            )
        )
    return notes


def _short(paths: Sequence[str]) -> str:
    return min(paths)[-MAX_NAME:]
