"""A network without its shortcuts, and with the same answers: made once for each network, and once as a file."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from tempfile import TemporaryDirectory

from ...lab.unfold import unfold
from ...models.resnet import ResNet
from ...models.weights import save
from ...models.zoo import count_parameters

MOST_PARAMETERS = 2_000_000  # of the residual network; the plain one has four times as many

_made: weakref.WeakKeyDictionary[ResNet, ResNet] = weakref.WeakKeyDictionary()
_files: weakref.WeakKeyDictionary[ResNet, TemporaryDirectory[str]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def can_be_unfolded(network: ResNet) -> bool:
    """Whether there is such a plain network, and one that is made while somebody waits."""
    config = network.config
    return not config.plain and config.block == "basic" and count_parameters(config) < MOST_PARAMETERS


def unfolded(network: ResNet) -> ResNet:
    """The plain network; see `lab/unfold.py`."""
    with _lock:
        if network not in _made:
            _made[network] = unfold(network)
        return _made[network]


def checkpoint(network: ResNet, name: str) -> Path:
    """It as a file, in a folder that goes when the network goes."""
    wide = unfolded(network)
    with _lock:
        if network not in _files:
            _files[network] = TemporaryDirectory(prefix="resnet-demo-")
            save(wide, Path(_files[network].name) / f"{name}-without-shortcuts.safetensors")
        return next(Path(_files[network].name).iterdir())
