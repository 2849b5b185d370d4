"""Step 7: the paths through the visitor's network, and what is left when blocks are deleted at random."""

from __future__ import annotations

import random
import weakref
from math import comb

import torch
from torch import Tensor

from ...figures import draw_lengths
from ...lab import paths as experiment
from ...lab.wires import answer_without, changes_shape
from ...models.predict import Prediction, domain_of
from ...models.resnet import ResNet
from ...models.zoo import count_parameters
from ..parts import both
from ..session import Visit
from .controls import Choice, Control, Range, View, chosen, turned
from .twins import all_titled, outcome, pair_of

COUNT, GRADIENT = "count", "gradient"
STEPS_BACK = 6000  # through one block each, for paths of all lengths together: as many as take a second or two
MOST_PARAMETERS = 2_000_000  # of a network whose paths are walked while somebody waits


def controls(visit: Visit) -> list[Control]:
    shown = _shown(visit)
    if shown.value == GRADIENT:
        return [shown]
    return [shown, _deleted(visit), turned(visit, "draw", 1, 20, 1)]


def _shown(visit: Visit) -> Choice:
    quick = count_parameters(visit.network.config) < MOST_PARAMETERS
    return chosen(visit, "show", (COUNT, GRADIENT) if quick else (COUNT,), COUNT)


def _deleted(visit: Visit) -> Range:
    return turned(visit, "deleted", 0, len(_can_go(visit.network)), 1)


def _can_go(network: ResNet) -> list[str]:
    """The blocks that keep the shape of what passes: all others are missed, whatever else is true."""
    return [name for name, block in network.named_blocks() if not changes_shape(block)]


def view(visit: Visit) -> View:
    return _gradient(visit) if _shown(visit).value == GRADIENT else _counts(visit)


def _counts(visit: Visit) -> View:
    _, deleted, draw = (control.value for control in controls(visit))
    gone = random.Random(int(draw)).sample(_can_go(visit.network), int(deleted))
    n = len(visit.seen.blocks)
    before = [comb(n, length) for length in range(n + 1)]
    now = [comb(n - len(gone), length) for length in range(n + 1)]
    labels = visit.labels
    told = {name: _told(network, visit, gone) for name, network in pair_of(visit).items()}
    return View(
        name=f"{visit.name}-paths",
        drawing=both(draw_lengths, before, now, visit.text.lesson.PATHS[COUNT]),
        reading=lambda say: say.lesson.paths(n, gone, all_titled(told, labels, say)),
        table=[("length", "paths", "left"), *zip(range(n + 1), before, now, strict=True)],
    )


@torch.no_grad()
def _told(network: ResNet, visit: Visit, gone: list[str]) -> tuple[Prediction, Prediction, float]:
    assert visit.picture is not None
    inputs: Tensor = domain_of(network).to_input(visit.picture)
    return outcome(network, network(inputs)[0], answer_without(network, inputs, gone)[0])


def _gradient(visit: Visit) -> View:
    found, plain = _measured(visit), visit.network.config.plain
    n, counts, shares = len(found.counts) - 1, found.counts, found.shares
    whole = sum(counts)
    paths = [count / whole for count in counts]
    span = found.within(0.9) if sum(shares) else None
    mean = found.mean_length
    samples = samples_of_each_length(n)
    return View(
        name=f"{visit.name}-path-gradients",
        drawing=both(draw_lengths, paths, shares, visit.text.lesson.PATHS[GRADIENT]),
        reading=lambda say: say.lesson.path_gradients(n, span, mean, samples, plain),
        table=[("length", "paths", "gradient_per_path", "gradient_share"),
               *zip(range(n + 1), counts, found.per_path, shares, strict=True)],
    )  # fmt: skip


def samples_of_each_length(n: int) -> int:
    """How many random paths of each length are walked in a network of n blocks."""
    return max(1, STEPS_BACK // (n * (n + 1)))


def _measured(visit: Visit) -> experiment.Paths:
    """Walked once for each trace: of the gradient of the class that is asked for, in the visitor's network."""
    trace, kept = visit.seen, visit.lesson.paths
    if kept and kept[0]() is trace:
        return kept[1]
    samples = samples_of_each_length(len(trace.blocks))
    found = experiment.paths(visit.network, trace.image, torch.tensor([trace.target]), samples)
    visit.lesson.paths = (weakref.ref(trace), found)
    return found
