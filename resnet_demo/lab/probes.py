"""How much could be read from the maps after each block, by whoever may choose the reader?

The logit lens reads every block with the network's own classifier, which was trained for the last block alone. A linear
probe is a classifier of its own for each block: ridge regression from the maps, averaged over their places, to the
classes, fitted on training pictures and judged on test pictures. It says what is there, however it is written down.

Alain and Bengio: Understanding intermediate layers using linear classifier probes, 2016 (arXiv 1610.01644).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..data import Dataset
from ..finding import Finding
from ..i18n import Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.evaluation import check_classes
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import states
from .quick import BATCH, quick
from .reading import both, sides

RIDGE = 1.0  # the penalty, on features of unit variance
LAST_THIRD = 1 / 3
FLAT = 0.03  # of accuracy, over the last third of the blocks
SMALL_PART = 0.2


@torch.inference_mode()
def features(
    model: ResNet, dataset: Dataset, progress: Progress = lambda done: None
) -> tuple[dict[str, Tensor], Tensor]:
    """By stem and block: its maps averaged over their places, [N, C]; and the network's own logits [N, classes]."""
    network, domain = quick(model), domain_of(model)
    found: dict[str, list[Tensor]] = {}
    logits: list[Tensor] = []
    for start in range(0, len(dataset), BATCH):
        left = dict(states(network, domain.normalise(dataset.pictures[start : start + BATCH])))
        for name, maps in left.items():
            found.setdefault(name, []).append(maps.mean(dim=(2, 3)))
        logits.append(network.head(left[next(reversed(left))]))
        progress(min(start + BATCH, len(dataset)) / len(dataset))
    return {name: torch.cat(parts) for name, parts in found.items()}, torch.cat(logits)


class Probe:
    """Ridge regression of one-hot classes on features [N, C] with labels [N]."""

    def __init__(self, values: Tensor, labels: Tensor, classes: int, ridge: float = RIDGE):
        values, targets = values.double(), one_hot(labels, classes).double()
        self.mean, self.spread = values.mean(0), values.std(0).clamp(min=1e-9)
        x, self.base = (values - self.mean) / self.spread, targets.mean(0)
        gram = x.T @ x + ridge * torch.eye(x.shape[1], dtype=x.dtype)
        self.weights = torch.linalg.solve(gram, x.T @ (targets - self.base))

    def scores(self, values: Tensor) -> Tensor:
        """Features [N, C] -> one score for each class, [N, classes]; the largest is the answer."""
        return (values.double() - self.mean) / self.spread @ self.weights + self.base


@dataclass(frozen=True, repr=False)
class Report(Finding):
    """Right fractions of n test pictures."""

    n: int
    fitted_on: int  # training pictures
    accuracy: Mapping[str, float]  # of the probe after the stem and after each block
    own_classifier: float  # of the network's own classifier behind the last block, which is the network itself
    ridge: float

    def __repr__(self) -> str:
        end = list(self.accuracy.values())[-1]
        return f"<Probes after {len(self.accuracy)} places: {100 * end:.1f} % right of {self.n} pictures at the end>"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [{"after": name, "accuracy": accuracy} for name, accuracy in self.accuracy.items()]


def probes(model: ResNet, dataset: Dataset, training: Dataset, progress: Progress = lambda done: None) -> Report:
    """A linear classifier after the stem and after each block, fitted on training pictures, judged on the others.

    `progress` is called with the fraction that is done. Raises InputError where the network's classes are not those of
    the data sets. (Alain and Bengio 2016.)

    >>> from resnet_demo import build
    >>> from resnet_demo.data import draw_shapes
    >>> found = probes(build("resnet8", seed=0).eval(), draw_shapes(16, seed=0), draw_shapes(32, seed=1))
    >>> list(found.accuracy)
    ['stem', 'layer1.0', 'layer2.0', 'layer3.0']
    """
    for pictures in (dataset, training):
        check_classes(model, pictures)
    return report(model, dataset, 0, progress, training)


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress, training: Dataset) -> Report:
    """The accuracy of a probe after each block, fitted on the training pictures."""
    share = len(training) / (len(training) + len(dataset))
    seen, _logits = features(model, training, lambda done: progress(share * done))
    asked, logits = features(model, dataset, lambda done: progress(share + (1 - share) * done))
    accuracy = {}
    for name, values in seen.items():
        probe = Probe(values, training.labels, model.config.classes)
        accuracy[name] = _right(probe.scores(asked[name]), dataset.labels)
    return Report(len(dataset), len(training), accuracy, _right(logits, dataset.labels), RIDGE)


def _right(scores: Tensor, labels: Tensor) -> float:
    return (scores.argmax(1) == labels).double().mean().item()


def rise(accuracy: Mapping[str, float]) -> float:
    """By how much the probes' accuracy rises over the last third of the blocks."""
    values = list(accuracy.values())
    return values[-1] - values[-1 - round(LAST_THIRD * (len(values) - 1))]


def ends(residual: float, plain: float) -> Literal["plain stops", "both rise", "both stop", "plain rises"]:
    """Which of the twins still improves in its last third, by how much each rises there.

    One stops where it rises by next to nothing, or by a small part of what the other one does.
    """
    rises = [one >= max(FLAT, SMALL_PART * other) for one, other in ((residual, plain), (plain, residual))]
    if rises == [True, True]:
        return "both rise"
    return "plain stops" if rises[0] else "plain rises" if rises[1] else "both stop"


def read(reports: Mapping[str, Report]) -> Sentences:
    said = []
    for side in both(reports):
        values = list(side.report.accuracy.values())
        said.append(
            _(
                "After two thirds of the blocks of {network} a linear probe classifies {before:tenths} of the pictures "
                "correctly, after the last one {end:tenths}; the network’s own classifier, {own:tenths}.",
                network=side.title,
                before=values[-1] - rise(side.report.accuracy),
                end=values[-1],
                own=side.report.own_classifier,
            )
        )
    residual, plain = sides(reports)
    if residual and plain:
        verdicts = {
            "plain stops": _(
                "The residual network improves to its end. The plain one hardly improves any more: its last blocks add "
                "little that could be read. That is degradation."
            ),
            "both rise": _("Both networks improve to their ends."),
            "both stop": _("Neither network improves in its last third."),
            "plain rises": _("Here it is the residual network that hardly improves in its last third."),
        }
        said.append(verdicts[ends(rise(residual.report.accuracy), rise(plain.report.accuracy))])
    return sentences(*said)


EXPERIMENT = Experiment(
    name="probes",
    asks=first_line(__doc__),
    title=_("What could be read after each block?"),
    question=_(
        "The logit lens reads every block with the network’s own classifier, which was trained for the last block. "
        "Give each block a linear classifier of its own, a probe, fitted on training pictures and judged on test "
        "pictures."
    ),
    look_for=_("where the curve stops rising. What the probe cannot read better, later blocks did not add."),
    source=_("Alain and Bengio 2016"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Rise over the last third of the blocks"), lambda report: rise(report.accuracy), "points"),
        Measure(
            _("Right answers of a probe after two thirds of the blocks"),
            lambda report: list(report.accuracy.values())[-1] - rise(report.accuracy),
            "share",
            counted=lambda report: report.n,
        ),
        Measure(
            _("Right answers of a probe after the last block"),
            lambda report: list(report.accuracy.values())[-1],
            "share",
            counted=lambda report: report.n,
        ),
    ),
    verdict=lambda residual, plain: ends(rise(residual.accuracy), rise(plain.accuracy)),
    pictures=1000,
    labels=True,
    fits_on=10_000,
)
