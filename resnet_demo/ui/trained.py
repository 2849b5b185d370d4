"""A network that a visitor trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from ..data import Dataset
from ..models.resnet import ResNet
from .store import bytes_of


@dataclass(frozen=True)
class Trained:
    """A network that a visitor trained, and what is to be known of it when its race is long gone."""

    model: ResNet
    samples: dict[str, Image.Image]  # pictures of the test set, by the name of what they show
    test_set: Dataset  # as much of it as the network was tested on at the end
    conditions: object  # see `Race.conditions`
    training: Dataset | None = None  # the first pictures that it learned from, for probes to be fitted on
    film: Mapping[int, ResNet] = field(default_factory=dict)  # its network on the way, by per cent of the budget

    @property
    def nbytes(self) -> int:
        halves = [half for half in (self.test_set, self.training) if half]
        networks = sum(map(bytes_of, (self.model, *self.film.values())))
        return networks + sum(half.pictures.nbytes for half in halves)

    def compares_with(self, other: Trained) -> bool:
        """Whether both were trained on the same pictures and in the same way, so that only their shortcuts differ."""
        return self.model.domain == other.model.domain and self.conditions == other.conditions
