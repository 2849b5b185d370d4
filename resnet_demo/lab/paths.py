"""Through how many paths does a gradient reach the input, and which of them carry it?

At every block a path goes through F or past it: n blocks make 2^n paths, and n choose k of them lead through k residual
branches. The gradient at the input is the sum over all paths. Walking one path back gives its part of that sum; so the
gradient that each length carries can be estimated from random paths of that length.

Norms of gradients differ from path to path by orders of magnitude. So the estimate comes with its standard error, and
where there are few paths of a length, all of them are walked.

Veit, Wilber, Belongie 2016, section 5 and figure 6: nearly all gradient comes from paths much shorter than the network
is deep.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..data import Dataset
from ..errors import InputError
from ..i18n import Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResidualBlock, ResNet
from .experiment import Experiment, Progress, first_line
from .reading import sides

SAMPLES = 50  # paths of each length, where there are more


@dataclass(frozen=True)
class Paths:
    """By length k = 0, …, n: how many paths there are, and the mean norm of a path's gradient at the input.

    `errors` are the standard errors of these means: 0 where all paths of a length were walked.
    """

    counts: tuple[int, ...]
    per_path: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def per_length(self) -> list[float]:
        """The gradient that all paths of a length carry: their number times the mean of their norms."""
        return [count * norm for count, norm in zip(self.counts, self.per_path, strict=True)]

    @property
    def shares(self) -> list[float]:
        """The same as fractions of the whole. Zeros where no path carries anything."""
        whole = sum(self.per_length)
        return [length / whole if whole else 0.0 for length in self.per_length]

    @property
    def mean_length(self) -> float:
        """Of the paths, each counted with the gradient that it carries."""
        return sum(length * share for length, share in enumerate(self.shares))

    @property
    def mean_length_error(self) -> float:
        """Its standard error, to first order in those of the means."""
        whole, mean = sum(self.per_length), self.mean_length
        weighted = (
            (length - mean) * count * error
            for length, (count, error) in enumerate(zip(self.counts, self.errors, strict=True))
        )
        return sum(term**2 for term in weighted) ** 0.5 / whole if whole else 0.0

    def within(self, share: float) -> tuple[int, int]:
        """The shortest run of lengths, from which to which, that carries this share of the gradient."""
        shares = self.shares
        spans = [(end - start, start) for start in range(len(shares)) for end in range(start, len(shares))]
        for length, start in sorted(spans):
            if sum(shares[start : start + length + 1]) >= share:
                return start, start + length
        raise InputError("No path carries any gradient.")


class Passage:
    """One forward pass, kept so that gradients can be walked back through it along any path."""

    def __init__(self, model: ResNet, inputs: Tensor, labels: Tensor):
        """Inputs [N, 3, H, W], labels int64 [N]; the loss is the mean cross-entropy."""
        view = private_view(model)
        self.inputs = inputs.detach().clone().requires_grad_()
        self._steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []  # x, F(x), shortcut(x), their sum, by block
        with torch.enable_grad():
            self._stem = view.stem(self.inputs)
            x = self._stem.detach().requires_grad_()
            for _, block in view.named_blocks():
                x = self._through(block, x)
            loss = cross_entropy(view.head(x), labels)
        self._at_end = torch.autograd.grad(loss, x)[0]

    def _through(self, block: ResidualBlock, x: Tensor) -> Tensor:
        residual, shortcut = block.residual(x), block.shortcut(x)
        total = (residual + shortcut).detach().requires_grad_()
        self._steps.append((x, residual, shortcut, total))
        return block.relu(total).detach().requires_grad_()

    @property
    def blocks(self) -> int:
        return len(self._steps)

    def gradient(self, path: Collection[int] | None = None) -> Tensor:
        """The loss's gradient at the inputs [N, 3, H, W] along one path: through F in these blocks, else past it.

        Without a path, along all of them: the whole gradient.
        """
        gradient = self._at_end
        for index in reversed(range(self.blocks)):
            x, residual, shortcut, total = self._steps[index]
            gradient = gradient * (total > 0)  # back through the ReLU
            ends = [residual, shortcut] if path is None else [residual if index in path else shortcut]
            gradient = torch.stack([self._back(end, x, gradient) for end in ends]).sum(0)
        return self._back(self._stem, self.inputs, gradient)

    @staticmethod
    def _back(end: Tensor, start: Tensor, gradient: Tensor) -> Tensor:
        """From the end of a branch to its start."""
        if end is start:  # the identity
            return gradient
        if not end.requires_grad:  # the shortcut that a plain block does not have
            return torch.zeros_like(start)
        return torch.autograd.grad(end, start, gradient, retain_graph=True)[0]


def paths(
    model: ResNet,
    inputs: Tensor,
    labels: Tensor,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress = lambda done: None,
) -> Paths:
    """Count a network's paths by length, and measure the gradient along up to so many random ones of each length.

    Inputs [N, 3, H, W], labels int64 [N]. Of a plain network only the longest path exists. Raises InputError unless
    there is one sample at least.
    """
    if samples < 1:
        raise InputError("At least one sample is needed.")
    passage, luck = Passage(model, inputs, labels), random.Random(seed)
    n = passage.blocks
    counts = tuple(int(length == n) if model.config.plain else comb(n, length) for length in range(n + 1))
    norms, errors = [], []
    for length, count in enumerate(counts):
        walked = _some(n, length, samples, luck) if count else []
        found = [passage.gradient(path).norm().item() for path in walked]
        norms.append(statistics.fmean(found) if found else 0.0)
        sampled = 1 < len(found) < count
        errors.append(statistics.stdev(found) / len(found) ** 0.5 if sampled else 0.0)
        progress((length + 1) / (n + 1))
    return Paths(counts, tuple(norms), tuple(errors))


def _some(n: int, length: int, most: int, luck: random.Random) -> list[set[int]]:
    """Paths through `length` of n blocks: all that there are, or so many different ones at random."""
    if comb(n, length) <= most:
        return [set(path) for path in combinations(range(n), length)]
    drawn: set[frozenset[int]] = set()
    while len(drawn) < most:
        drawn.add(frozenset(luck.sample(range(n), length)))
    return [set(path) for path in sorted(map(sorted, drawn))]


@dataclass(frozen=True)
class Report:
    """By length k = 0, …, n, as in `Paths`."""

    n: int
    counts: tuple[int, ...]
    samples: int  # paths of each length that were walked, where there are more
    per_path: tuple[float, ...]
    per_path_error: tuple[float, ...]
    shares: tuple[float, ...]
    mean_length: float
    mean_length_error: float
    nine_tenths: tuple[int, int]  # the shortest run of lengths that carries so much of the gradient
    identity_error: float  # of all paths together, against autograd


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Paths and gradient by length, their mean length, and the shortest run of lengths that carries nine tenths."""
    inputs = domain_of(model).normalise(dataset.pictures)
    found = paths(model, inputs, dataset.labels, seed=seed, progress=progress)
    start = inputs.clone().requires_grad_()
    whole = torch.autograd.grad(cross_entropy(model(start), dataset.labels), start)[0]
    walked = Passage(model, inputs, dataset.labels).gradient()
    return Report(
        n=len(dataset),
        counts=found.counts,
        samples=SAMPLES,
        per_path=found.per_path,
        per_path_error=found.errors,
        shares=tuple(found.shares),
        mean_length=found.mean_length,
        mean_length_error=found.mean_length_error,
        nine_tenths=found.within(0.9),
        identity_error=((walked - whole).abs().max() / whole.abs().max()).item(),
    )


def shorter_paths(mean: float, blocks: int) -> Literal["clearly", "little", "no"]:
    """Whether the gradient comes by shorter paths than a random one, of `blocks` / 2 blocks."""
    return "clearly" if mean < 0.4 * blocks else "little" if mean <= 0.5 * blocks else "no"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    if residual:
        found = residual.report
        n, (low, high) = len(found.counts) - 1, found.nine_tenths
        said.append(
            _(
                "{network} has {paths:,} paths; most of them go through F in about {half:g} of its {n} blocks. Nine "
                "tenths of the gradient come along paths that do so in {low} to {high} blocks, {mean:.1f} ± "
                "{error:.1f} on average, as estimated from {samples} paths of each length.",
                network=residual.title,
                paths=sum(found.counts),
                half=n / 2,
                n=n,
                low=low,
                high=high,
                mean=found.mean_length,
                error=found.mean_length_error,
                samples=found.samples,
            )
        )
        verdicts = {
            "clearly": _("So the gradient comes along the shorter paths, as in Veit et al."),
            "little": _("That is a little shorter than a random path; in Veit et al. the difference is larger."),
            "no": _("These are not the short ones, unlike in Veit et al."),
        }
        said.append(verdicts[shorter_paths(found.mean_length, n)])
    if plain:
        said.append(
            _(
                "{network} has one path, through all of its {n} blocks.",
                network=plain.title,
                n=len(plain.report.counts) - 1,
            )
        )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="paths",
    asks=first_line(__doc__),
    title=_("Which paths carry the gradient?"),
    question=_(
        "At every block the gradient can go through F or past it, so n blocks make 2ⁿ paths. Walk back along single "
        "paths of each length, and measure how much gradient arrives at the picture."
    ),
    look_for=_("where the bars on the right stand, compared with those on the left."),
    source=_("Veit, Wilber, Belongie 2016, figure 6"),
    group="gradient",
    record=Report,
    report=report,
    read=read,
    pictures=16,
    most=64,  # one forward pass is kept of all of them
)
