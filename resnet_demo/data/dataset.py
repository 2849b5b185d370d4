"""A data set as one uint8 tensor: a batch is an index, and augmentation runs on whole batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor

from ..i18n import Message, Sentences
from ..images import Domain


@dataclass(frozen=True)
class Dataset:
    """Pictures uint8 [N, 3, H, W] and labels int64 [N], with the classes' names."""

    name: str
    pictures: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    masks: Tensor | None = None  # bool [N, H, W], where the object is; only drawn pictures know it
    note: Message | Sentences | None = None  # for the person, such as which files were left out

    def __len__(self) -> int:
        return len(self.labels)

    def picture(self, index: int) -> Image.Image:
        """One of the pictures, to be shown."""
        return Image.fromarray(self.pictures[index].permute(1, 2, 0).contiguous().numpy())

    def subset(self, count: int) -> Dataset:
        """The first `count` pictures."""
        masks = None if self.masks is None else self.masks[:count]
        return replace(self, pictures=self.pictures[:count], labels=self.labels[:count], masks=masks)

    def fitted(self, domain: Domain) -> Dataset:
        """The same pictures as a network of this domain gets them."""
        return self if self.masks is not None else replace(self, pictures=fitted(self.pictures, domain))

    def to(self, device: torch.device) -> Dataset:
        """The same pictures and labels in a device's memory."""
        return replace(self, pictures=self.pictures.to(device), labels=self.labels.to(device))

    def copy(self) -> Dataset:
        """The same in memory of its own: a `subset` alone keeps the whole set's from being freed."""
        masks = None if self.masks is None else self.masks.clone()
        return replace(self, pictures=self.pictures.clone(), labels=self.labels.clone(), masks=masks)


def notes_of(*datasets: Dataset) -> list[Message]:
    """What is to be known of data sets, such as which pictures were left out: each sentence once."""
    notes = [note for dataset in datasets if (note := dataset.note)]
    found = [each for note in notes for each in (note.messages if isinstance(note, Sentences) else (note,))]
    return list({str(message): message for message in found if isinstance(message, Message)}.values())


def fitted(pictures: Tensor, domain: Domain) -> Tensor:
    """Pictures uint8 [N, 3, H, W] as a network of this domain gets them, [N, 3, size, size]: resized and cropped."""
    if pictures.shape[2:] == (domain.size, domain.size) or not len(pictures):
        return pictures
    images = (Image.fromarray(each.permute(1, 2, 0).contiguous().cpu().numpy()) for each in pictures)
    return torch.cat([domain.pixels(image) for image in images])


def batches(
    dataset: Dataset, size: int, generator: torch.Generator | None = None, start: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pictures uint8 [size, 3, H, W] and labels [size], from batch number `start` on.

    With a generator: shuffled, and an incomplete last batch dropped (its batch-norm statistics would be noisy).
    Without: in order, all of them. The order does not depend on `start`, so that a training can go on in mid-epoch.
    """
    if generator is None:
        order, stop = torch.arange(len(dataset)), len(dataset)
    else:
        order, stop = torch.randperm(len(dataset), generator=generator), len(dataset) // size * size
    order = order.to(dataset.pictures.device)
    for first in range(start * size, stop or len(dataset), size):
        chosen = order[first : first + size]
        yield dataset.pictures[chosen], dataset.labels[chosen]


def augment(pictures: Tensor, crop: int, shift: int, generator: torch.Generator) -> Tensor:
    """Flip half of the pictures left to right and cut a random `crop` x `crop` window out of each.

    Pictures uint8 [N, 3, H, W] -> [N, 3, crop, crop]. The window may stand over each edge by `shift` pixels, which
    are black. With crop = H and shift = 4 this is the augmentation of He et al. 2015, section 4.2.
    """
    count, _, height, width = pictures.shape
    padded = torch.nn.functional.pad(pictures, (shift,) * 4)
    top = torch.randint(height + 2 * shift - crop + 1, (count, 1, 1), generator=generator)
    left = torch.randint(width + 2 * shift - crop + 1, (count, 1, 1), generator=generator)
    flip = torch.rand((count, 1, 1), generator=generator) < 0.5
    columns = torch.arange(crop).view(1, 1, crop)
    rows = top + torch.arange(crop).view(1, crop, 1)  # [N, crop, 1]
    columns = left + torch.where(flip, crop - 1 - columns, columns)  # [N, 1, crop]
    picture = torch.arange(count).view(count, 1, 1)
    # Drawn on the processor, so that the same seed gives the same crops everywhere.
    picture, rows, columns = (index.to(pictures.device, non_blocking=True) for index in (picture, rows, columns))
    return padded.permute(0, 2, 3, 1)[picture, rows, columns].permute(0, 3, 1, 2)
