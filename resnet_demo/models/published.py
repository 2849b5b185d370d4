"""torchvision's trained ImageNet networks: which weights, how many megabytes, and how they get onto this computer.

They lie where torch hub keeps its files (`$TORCH_HOME/hub/checkpoints`, by default in the user's cache), so what other
programs have fetched is found. The first eight digits of a file's SHA-256 stand in its name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import torch

from .. import download
from ..errors import InputError
from ..files import home
from ..i18n import _
from ..images import Domain, imagenet
from .resnet import ResNet
from .weights import load_file

NAMES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
LARGER = "resnet18"  # what is offered where ten things are not enough: the smallest that knows a thousand
PLACE = "https://download.pytorch.org/models/"
# What leaves no tensor in a file is known of these: it is as usual, and need not be found out.
KNOWN = {"pool": None, "stem_stride": 0, "stride_first": False, "shortcut": "B"}


@dataclass(frozen=True)
class Published:
    """Weights that torchvision publishes: where, how large, how accurate (of the validation set), for which input."""

    name: str
    version: str
    url: str
    size: float  # megabytes, of 2^20 bytes as torchvision counts
    accuracy: float
    resize: int

    @property
    def path(self) -> Path:
        """Where the file is, or shall be."""
        return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(self.url).path).name

    @property
    def checksum(self) -> str:
        return self.path.stem.rpartition("-")[2]

    @property
    def megabytes(self) -> int:
        return round(self.size)

    @property
    def here(self) -> bool:
        """Whether a file of that name is on this computer; a glance only."""
        return self.path.is_file()

    @property
    def sound(self) -> bool:
        """Whether the file on this computer is the one that was published."""
        if not self.here:
            return False
        state = self.path.stat()
        return _is_sound(self.path, self.checksum, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _is_sound(path: Path, checksum: str, modified: int, size: int) -> bool:
    return download.has_checksum(path, checksum)


# As torchvision's `get_model_weights` has them, which takes a second to import; a test compares. The better ones first:
# the small networks have only the older ones.
PUBLISHED = (
    Published("resnet18", "IMAGENET1K_V1", f"{PLACE}resnet18-f37072fd.pth", 44.661, 0.69758, 256),
    Published("resnet34", "IMAGENET1K_V1", f"{PLACE}resnet34-b627a593.pth", 83.275, 0.73314, 256),
    Published("resnet50", "IMAGENET1K_V2", f"{PLACE}resnet50-11ad3fa6.pth", 97.79, 0.80858, 232),
    Published("resnet50", "IMAGENET1K_V1", f"{PLACE}resnet50-0676ba61.pth", 97.781, 0.7613, 256),
    Published("resnet101", "IMAGENET1K_V2", f"{PLACE}resnet101-cd907fc2.pth", 170.53, 0.81886, 232),
    Published("resnet101", "IMAGENET1K_V1", f"{PLACE}resnet101-63fe2227.pth", 170.511, 0.77374, 256),
    Published("resnet152", "IMAGENET1K_V2", f"{PLACE}resnet152-f82ba261.pth", 230.474, 0.82284, 232),
    Published("resnet152", "IMAGENET1K_V1", f"{PLACE}resnet152-394f9c45.pth", 230.434, 0.78312, 256),
)


def versions(name: str) -> tuple[Published, ...]:
    """All weights of a network, those that are preferred first."""
    return tuple(weights for weights in PUBLISHED if weights.name == name)


def weights_of(name: str) -> Published:
    """The weights of a network: the best ones, unless only older ones are on this computer."""
    found = versions(name)
    return next((weights for weights in found if weights.here), found[0])


def fetch(
    name: str,
    told: download.Told = lambda arrived, size: None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Bring a network's weights onto this computer, if they are not there.

    `told` hears how many bytes have arrived, and of how many; `stopped` is asked whether to stop. Raises InputError.
    """
    weights = weights_of(name)
    if weights.sound:
        return
    _check_place(weights)
    try:
        download.fetch(weights.url, weights.path, weights.checksum, told, stopped)
    except download.NoConnectionError:
        raise download.NoConnectionError(
            _(
                "The ImageNet weights of {name} are not on this computer, and there is no connection to {host}; "
                "connect to the internet, load a checkpoint file, or choose another network.",
                name=name,
                host=urlsplit(weights.url).hostname,
            )
        ) from None


def _check_place(weights: Published) -> None:
    """Where torch finds no home it leaves the ~ as it is, and a folder of that name would be made."""
    if str(weights.path).startswith("~"):
        home("TORCH_HOME")


def fetch_aloud(name: str) -> None:
    """`fetch`, for a person at a keyboard: what is to come, and how to stop it, stands on stderr."""
    if not weights_of(name).sound:
        print(announced(name), file=sys.stderr, flush=True)
        fetch(name, download.aloud(name))


def announced(name: str) -> str:
    """What a shell says before a download."""
    weights = weights_of(name)
    _check_place(weights)
    return (
        f"Downloading the ImageNet weights of {name} ({weights.megabytes} MB) to {weights.path.parent}. Ctrl-C stops "
        "it, and the next time it goes on from there."
    )


def larger() -> str:
    """What a shell says where the picture shows none of the few things that a network knows."""
    weights = weights_of(LARGER)
    here = "" if weights.here else f" ({weights.megabytes} MB to download)"
    return f"--model {LARGER} knows 1,000 things{here}."


def load(name: str) -> ResNet:
    """A network with the weights that are on this computer. Raises InputError where there are none."""
    weights = weights_of(name)
    if not weights.sound:
        raise InputError(
            "The ImageNet weights of {name} ({size} MB) are not on this computer yet: download them first.",
            name=name,
            size=weights.megabytes,
        )
    model = load_file(weights.path, **KNOWN)
    model.domain = domain(weights)
    model.provenance = {"origin": f"torchvision, {weights.name} {weights.version}", "test_accuracy": weights.accuracy}
    model.note = None
    return model


def domain(weights: Published) -> Domain:
    """ImageNet's classes, with pictures as these weights were evaluated on."""
    return replace(imagenet(), resize=weights.resize)
