"""What happens when all residual branches, or all shortcuts, are turned down or up together?

    y = relu(alpha * F(x) + lambda * h(x))

At alpha = 1 and lambda = 1 this is the network, bit for bit; at alpha = 0 nothing is left but the bare way of the
shortcuts. He et al. 2016 (Identity Mappings, section 3, equations 6 to 8) say what to expect of lambda: it is
multiplied with itself once for each block, so that signals and gradients die out below 1 and grow without bound above.
They trained such networks; here the factor is changed after the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .wires import Dial, answer, block_names

PICTURES = 250
BATCH = 50
STEPS = tuple(step / 10 for step in range(16))  # 0, 0.1, …, 1.5


@dataclass(frozen=True)
class Turned:
    """What a network answers at each setting of a dial: logits [settings, N, classes]."""

    settings: tuple[float, ...]
    logits: Tensor

    def probabilities(self, target: int) -> list[float]:
        """The class's softmax probability at each setting, as a mean over the pictures."""
        return self.logits.softmax(2)[:, :, target].mean(1).tolist()

    def errors(self, labels: Tensor) -> list[float]:
        """The wrong fraction of the pictures at each setting."""
        return (self.logits.argmax(2) != labels).double().mean(1).tolist()


@torch.no_grad()
def turn(model: ResNet, inputs: Tensor, alpha: float = 1.0, lambda_: float = 1.0) -> Tensor:
    """Logits [N, classes] for inputs [N, 3, H, W] with every block's branches multiplied.

    Raises InputError for factors below 0 or that are no numbers.
    """
    for factor in (alpha, lambda_):
        if not 0 <= factor < float("inf"):
            raise InputError(f"A dial goes from 0 up, not to {factor}.")
    return answer(model, inputs, dict.fromkeys(block_names(model), Dial(alpha, lambda_)))


def turn_residuals(model: ResNet, inputs: Tensor, settings: Sequence[float] = STEPS) -> Turned:
    """The network's answers while alpha goes through the settings; every F is multiplied with it."""
    return Turned(tuple(settings), torch.stack([turn(model, inputs, alpha=setting) for setting in settings]))


def turn_shortcuts(model: ResNet, inputs: Tensor, settings: Sequence[float] = STEPS) -> Turned:
    """The network's answers while lambda goes through the settings; every shortcut is multiplied with it.

    A plain network has no shortcut, and one answer for all settings.
    """
    if model.config.plain:
        return Turned(tuple(settings), turn(model, inputs).expand(len(settings), -1, -1))
    return Turned(tuple(settings), torch.stack([turn(model, inputs, lambda_=setting) for setting in settings]))


@torch.no_grad()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """The wrong fraction at every setting of both dials, and whether the setting 1 is the network, bit for bit."""
    domain, exact, done = domain_of(model), True, 0
    wrong = {dial: torch.zeros(len(STEPS), dtype=torch.long) for dial in ("alpha", "lambda")}
    for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True):
        inputs = domain.normalise(pictures)
        for dial, turned_by in (("alpha", turn_residuals), ("lambda", turn_shortcuts)):
            turned = turned_by(model, inputs)
            wrong[dial] += (turned.logits.argmax(2) != labels).sum(1)
            exact &= torch.equal(turned.logits[STEPS.index(1.0)], model(inputs))
            done += len(labels)
            progress(done / (2 * len(dataset)))
    errors = {
        dial: dict(zip(map(str, STEPS), (count.double() / len(dataset)).tolist(), strict=True))
        for dial, count in wrong.items()
    }
    return {"n": len(dataset), **errors, "exact_at_one": exact}
