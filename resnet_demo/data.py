"""Data sets, each held as one uint8 tensor: a batch is an index, and augmentation runs on whole batches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor

from .errors import InputError

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "fashion-mnist": "FashionMNIST"}  # torchvision's classes


@dataclass(frozen=True)
class Dataset:
    """Pictures uint8 [N, 3, H, W] and labels int64 [N], with the classes' names."""

    name: str
    pictures: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, count: int) -> Dataset:
        """The first `count` pictures."""
        return Dataset(self.name, self.pictures[:count], self.labels[:count], self.classes)


def default_data_dir() -> Path:
    """`$RESNET_DEMO_DATA`, or a folder in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("RESNET_DEMO_DATA") or cache / "resnet_demo" / "data")


def load_dataset(name: str, train: bool, data_dir: str | Path | None = None, download: bool = True) -> Dataset:
    """Read the training or the test half of a data set, through torchvision's own readers.

    What is absent from `data_dir` is downloaded there, with progress on stderr and its checksum verified.
    FashionMNIST's grey 28x28 pictures are padded to 32x32 and repeated into three channels.

    Raises InputError for an unknown name, or where the data are neither on disk nor to be had.
    """
    if name not in DATASETS:
        raise InputError(f"There is no data set {name!r}; there are {', '.join(DATASETS)}.")
    import torchvision

    folder = Path(data_dir) if data_dir else default_data_dir()
    reader = getattr(torchvision.datasets, DATASETS[name])
    try:
        data = reader(folder, train=train, download=False)
    except (RuntimeError, OSError):
        if not download:
            raise InputError(f"{DATASETS[name]} is not in {folder}.") from None
        data = _download(reader, folder, train, DATASETS[name])
    pictures, classes = torch.as_tensor(data.data), tuple(str(label) for label in data.classes)
    if pictures.ndim == 3:  # grey: [N, 28, 28]
        pictures = torch.nn.functional.pad(pictures, (2, 2, 2, 2))[:, None].expand(-1, 3, -1, -1)
    else:  # [N, H, W, 3]
        pictures = pictures.permute(0, 3, 1, 2)
    return Dataset(name, pictures.contiguous(), torch.as_tensor(data.targets), classes)


def _download(reader: type, folder: Path, train: bool, title: str):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return reader(folder, train=train, download=True)
    except (URLError, HTTPException, RuntimeError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"{title} is not in {folder} and could not be downloaded ({reason}); "
            "connect to the internet, or say with --data-dir where it lies."
        ) from None


def batches(dataset: Dataset, size: int, generator: torch.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pictures uint8 [size, 3, H, W] and labels [size].

    With a generator: shuffled, and an incomplete last batch dropped (its batch-norm statistics would be noisy).
    Without: in order, all of them.
    """
    if generator is None:
        order, stop = torch.arange(len(dataset)), len(dataset)
    else:
        order, stop = torch.randperm(len(dataset), generator=generator), len(dataset) // size * size
    for start in range(0, stop or len(dataset), size):
        chosen = order[start : start + size]
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
    return padded.permute(0, 2, 3, 1)[picture, rows, columns].permute(0, 3, 1, 2)
