"""What is known of a training at one moment, and the means that are kept on the way."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..finding import Finding, as_plain, in_notebook, show_html
from . import distributed


@dataclass(frozen=True)
class Record:
    """What is known at one moment of a training. Train figures are means since the last record with test figures."""

    epoch: int  # epochs completed
    step: int
    images: int
    seconds: float  # of training; tests not counted
    lr: float
    train_loss: float
    train_accuracy: float
    gradients: dict[str, float]  # by block: norm of the last step's gradient with respect to its parameters
    ratios: dict[str, float]  # by block: ‖F(x)‖ / ‖shortcut(x)‖ on a few training pictures; empty in plain networks
    test_loss: float | None = None  # None between tests
    test_accuracy: float | None = None
    test_pictures: int | None = None  # how many were asked

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


class Records(Generator[Record, None, None], Finding):
    """The records of a training, as they come: the training takes place while they are asked for.

    `seen` holds those that have come, `name` is the network's. Shown, they are the curve up to here.
    """

    def __init__(self, records: Generator[Record, None, None], name: str, classes: int, pictures: int | None):
        self._records, self.seen = records, list[Record]()
        self.name, self.classes, self.pictures = name, classes, pictures  # that will be seen, where that is known

    def __repr__(self) -> str:
        if not self.seen:
            return f"<Records of a training of {self.name} that has not begun>"
        last = self.seen[-1]
        return f"<Records of a training of {self.name}: {len(self.seen)} so far, {last.images:,} pictures seen>"

    def __reduce__(self) -> Any:  # a copy holds what has come so far: the training goes on in the original
        return _told, (self.name, self.classes, self.pictures, list(self.seen))

    def send(self, value: None) -> Record:
        self.seen.append(record := self._records.send(value))
        return record

    def throw(self, *error: Any) -> Record:
        self.seen.append(record := self._records.throw(*error))
        return record

    def close(self) -> None:
        self._records.close()

    def show(self, language: str | None = None) -> None:
        """Train to the end and show the curve: in a notebook from the first record on, as it grows. See `html`."""
        display = in_notebook()
        handle = display and display.display(display.HTML(self.html(language)), display_id=True)
        for _record in self:
            if handle and display:
                handle.update(display.HTML(self.html(language)))
        if not handle:
            show_html(self.html(language))

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        records = [as_plain(record) for record in self.seen]
        return [{key: value for key, value in row.items() if not isinstance(value, dict)} for row in records]

    def _plain(self) -> Any:
        return {"network": self.name, "records": as_plain(self.seen)}


def _told(name: str, classes: int, pictures: int | None, seen: list[Record]) -> Records:
    """The records of a training that is not under way here."""
    told = Records((record for record in ()), name, classes, pictures)
    told.seen += seen
    return told


class Meter:
    """Means of loss and accuracy over the batches since a test, of all processes together."""

    def __init__(self, device: torch.device):
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)  # of the loss, of right answers, of pictures
        self._last = math.nan, math.nan

    def clear(self) -> None:
        self.sums.zero_()

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        right = (logits.argmax(1) == labels).sum()
        count = torch.full_like(right, len(labels))
        self.sums += torch.stack([loss.detach().double() * len(labels), right.double(), count.double()])

    def means(self) -> tuple[float, float]:
        """Loss and accuracy; where nothing was added since the last test, those of then."""
        loss, right, count = distributed.total(self.sums.clone()).tolist()
        if count:
            self._last = loss / count, right / count
        return self._last
