"""What is in sight, in a record each: where a network is from, a second picture, a picture's way through a network."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from PIL import Image

from ..images import Framed
from ..interpret.trace import Trace
from ..models.resnet import ResNet


@dataclass(frozen=True)
class Source:
    """Where a network and its very weights are from, so that one can come back to them."""

    name: str
    weights: str
    seed: int
    moment: int | None
    model: weakref.ref[ResNet]  # tells a visitor's own networks apart: another one can have the same name


@dataclass(frozen=True)
class Second:
    """A second picture, which the same network sees beside the first one; of its middle, as the domain crops it."""

    framed: Framed
    name: str | None = None  # of an example; None: it is the visitor's own
    number: int = 0  # in the album, of an own one

    @property
    def picture(self) -> Image.Image:
        return self.framed.picture


@dataclass(frozen=True)
class InSight:
    """A picture's way through a network, as the pages draw it: alone, or above or below another one."""

    name: str  # of the network
    model: ResNet
    trace: Trace
    picture: Framed
    mark: str = ""  # A or B: which of two pictures; empty where there is one

    @property
    def file(self) -> str:
        """Begins the names of files that are saved of it."""
        return "-".join(filter(None, (self.name, self.mark.lower())))
