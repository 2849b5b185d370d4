"""What commands are given: weights, a picture, data."""

from __future__ import annotations

from pathlib import Path

import fake_cifar
import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from resnet_demo import build, save


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint file of an untrained resnet8."""
    return save(build("resnet8", seed=0), tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def cifar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_cifar.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train_list", "test_list", "meta"):  # put back after the test
        monkeypatch.setattr(CIFAR10, name, getattr(CIFAR10, name))
    fake_cifar.trust()


@pytest.fixture
def namesakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data shapes` has CIFAR-10's class names: it is always at hand, and the networks take it for theirs."""
    monkeypatch.setattr("resnet_demo.data.draw_shapes", fake_cifar.namesakes)
