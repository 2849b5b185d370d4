"""A session to look at, for the tests of the app."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from resnet_demo.models.resnet import ResNet
from resnet_demo.ui.session import Session
from resnet_demo.ui.store import RANDOM


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one entry with every forward pass of any network, in any thread."""
    calls: list[str] = []
    forward = ResNet.forward

    def counted(self: ResNet, *args: Any) -> Any:
        calls.append(f"{self.config.depth} layers")
        return forward(self, *args)

    monkeypatch.setattr(ResNet, "forward", counted)
    return calls


@pytest.fixture
def session(picture: Image.Image) -> Session:
    """A session with a small untrained network and a picture."""
    session = Session()
    session.use_network("resnet8", RANDOM)
    session.show_picture(picture)
    return session
