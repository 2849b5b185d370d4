"""The published data sets, through torchvision's own readers: CIFAR-10, CIFAR-100 and FashionMNIST."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from .. import download
from ..errors import InputError
from ..files import home
from ..i18n import _
from .dataset import Dataset

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "fashion-mnist": "FashionMNIST"}  # torchvision's classes

# Where torchvision puts them, if not in a folder of the class's name.
PLACES = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}

DOWNLOADS = {"cifar10": 170_498_071, "cifar100": 169_001_437, "fashion-mnist": 30_878_645}  # bytes of their archives

_FETCHING = {name: threading.Lock() for name in DATASETS}  # two who fetch the same would write into the same file


def default_data_dir() -> Path:
    """`$RESNET_DEMO_DATA`, or a folder in the user's cache. Raises InputError for a user who has no home."""
    if told := os.environ.get("RESNET_DEMO_DATA"):
        return Path(told)
    return Path(os.environ.get("XDG_CACHE_HOME") or home("RESNET_DEMO_DATA") / ".cache") / "resnet_demo" / "data"


def data_folder(name: str, data_dir: str | Path | None = None) -> Path:
    """The folder that holds a data set's own, or shall: also where `data_dir` is one level too deep or too high."""
    given, place = Path(data_dir) if data_dir else default_data_dir(), PLACES.get(name, DATASETS[name])
    if (given / place).is_dir():
        return given
    for folder in (given, given.parent):  # FashionMNIST has a folder `raw` inside
        if folder.name == place:
            return folder.parent
    try:
        inside = sorted(folder for folder in given.iterdir() if (folder / place).is_dir())
    except OSError:
        inside = []
    return inside[0] if inside else given


def load_published(name: str, train: bool, data_dir: str | Path | None = None, fetch: bool = True) -> Dataset:
    """Read the training or the test half of one of `DATASETS`.

    What is absent from `data_dir` is fetched, if it is to be: with progress on stderr, and going on where a download
    was cut.
    FashionMNIST's grey 28x28 pictures are padded to 32x32 and repeated into three channels.

    Raises InputError where the data are neither on disk nor to be had.
    """
    import torchvision

    folder = data_folder(name, data_dir)
    reader = getattr(torchvision.datasets, DATASETS[name])
    try:
        data = reader(folder, train=train, download=False)
    except (RuntimeError, OSError):
        if not fetch:
            raise InputError(
                "{title} is not in {folder}, or is incomplete there.", title=DATASETS[name], folder=folder
            ) from None
        with _FETCHING[name]:
            data = _download(reader, folder, train, DATASETS[name])
    pictures, classes = torch.as_tensor(data.data), tuple(str(label) for label in data.classes)
    if pictures.ndim == 3:  # grey: [N, 28, 28]
        pictures = torch.nn.functional.pad(pictures, (2, 2, 2, 2))[:, None].expand(-1, 3, -1, -1)
    else:  # [N, H, W, 3]
        pictures = pictures.permute(0, 3, 1, 2)
    # CIFAR's files hold [N, 3, H, W] and torchvision turns only the view, so here nothing is copied.
    return Dataset(name, pictures.contiguous(), torch.as_tensor(data.targets), classes)


def downloading(name: str, data_dir: str | Path | None = None) -> tuple[int, int] | None:
    """How many bytes of a data set's archives have arrived, and of how many; None where no download is under way."""
    folder = Path(data_dir) if data_dir else default_data_dir()
    place = {"cifar10": "cifar-10-*", "cifar100": "cifar-100-*", "fashion-mnist": "FashionMNIST/raw/*"}[name]
    arrived = sum(path.stat().st_size for path in folder.glob(f"{place}.gz*"))  # and .gz.part
    return (arrived, DOWNLOADS[name]) if 0 < arrived < DOWNLOADS[name] else None


def _download(reader: type, folder: Path, train: bool, title: str):
    try:
        for urls, path, checksum in _archives(reader, folder):
            if not download.has_checksum(path, checksum):
                _fetch(urls, path, checksum)
        return reader(folder, train=train, download=True)  # which finds the archives there, and unpacks them
    except InputError as error:
        reason = error.message
    except (RuntimeError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in download.FULL
        reason = _("The disk is full.") if full else _("The archive could not be unpacked there.")
    raise InputError(
        "{title} is not in {folder}; use --data-dir to name the folder that holds it. {reason}",
        title=title,
        folder=folder,
        reason=reason,
    ) from None


def _archives(reader: Any, folder: Path) -> Iterator[tuple[list[str], Path, str]]:
    """Where the archives of a data set are, on the internet and on this computer, and their checksums."""
    if hasattr(reader, "resources"):  # FashionMNIST
        for file, md5 in reader.resources:
            yield [mirror + file for mirror in reader.mirrors], folder / reader.__name__ / "raw" / file, f"md5:{md5}"
    else:
        yield [reader.url], folder / reader.filename, f"md5:{reader.tgz_md5}"


def _fetch(urls: list[str], path: Path, checksum: str) -> None:
    """From the first place that can be reached."""
    for url in urls:
        try:
            download.fetch(url, path, checksum, download.aloud(path.name))
            return
        except download.NoConnectionError:
            if url == urls[-1]:
                raise
