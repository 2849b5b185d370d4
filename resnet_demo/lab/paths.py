"""Through how many paths does a gradient reach the input, and which of them carry it?

At every block a path goes through F or past it: n blocks make 2^n paths, and n choose k of them lead through k residual
branches. The gradient at the input is the sum over all paths. Going back through the blocks, its part G_k that came
through k branches is found exactly, for all lengths k at once: behind the block's closing ReLU,

    G_k <- S^T G_k + J_F^T G_(k-1)

S is the shortcut and J_F the Jacobian of F. The share of a length is its part's projection onto the whole gradient g,
<G_k, g> / <g, g>. Shares add up to 1; one is negative where its part points against the whole. The norms of the parts
do not add up to that of g, since the parts partly cancel.

Veit, Wilber, Belongie 2016, section 5 and figure 6: nearly all gradient comes from paths much shorter than the network
is deep. They multiply the norm along a random path by the number of paths, which disregards that gradients cancel.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..data import Dataset
from ..errors import InputError
from ..finding import Finding
from ..i18n import Sentences, _, _n, sentences
from ..interpret.naming import class_of
from ..models.predict import Pictures, as_inputs, domain_of
from ..models.resnet import ResidualBlock, ResNet
from ..models.zoo import name_of
from .experiment import Experiment, Measure, Progress, first_line
from .reading import sides

BATCH = 4  # pictures at a time: each has a gradient for every length


@dataclass(frozen=True, repr=False)
class Paths(Finding):
    """By length k = 0, …, n: how many paths there are, and what they carry, averaged over pictures."""

    counts: tuple[int, ...]
    shares: tuple[float, ...]  # <G_k, g> / <g, g>; zeros where the gradient is nothing for all pictures
    norms: tuple[float, ...]  # ‖G_k‖ / ‖g‖
    sum_error: float  # max|sum of all G_k - g| / max|g|, of the worst picture; g is autograd's
    network: str = "network"  # its name

    def __repr__(self) -> str:
        blocks = len(self.counts) - 1
        return f"<Paths of {self.network}: {sum(self.counts):,} through {blocks} blocks, mean {self.mean_length:.2f}>"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        columns = zip(self.counts, self.shares, self.norms, strict=True)
        return [
            {"length": length, "paths": paths, "share": share, "norm": norm}
            for length, (paths, share, norm) in enumerate(columns)
        ]

    @property
    def mean_length(self) -> float:
        """Of the paths, weighted by their shares."""
        return sum(length * share for length, share in enumerate(self.shares))

    def within(self, share: float) -> tuple[int, int]:
        """The shortest run of lengths, from which to which, that carries this share of the gradient."""
        return within(self.shares, share)


def within(shares: Sequence[float], share: float) -> tuple[int, int]:
    """The shortest run of lengths whose shares add up to at least this one. InputError where there is none."""
    spans = [(end - start, start) for start in range(len(shares)) for end in range(start, len(shares))]
    for length, start in sorted(spans):
        if sum(shares[start : start + length + 1]) >= share:
            return start, start + length
    raise InputError("No path carries any gradient.")


def by_length(model: ResNet, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient at the inputs by path length, G [n + 1, N, 3, H, W], and autograd's whole one, g [N, 3, H, W].

    Inputs [N, 3, H, W], labels int64 [N]; of each picture's own cross-entropy. Computed with 64 bits, since the parts
    of deep networks cancel.
    """
    network = copy.deepcopy(model).eval().requires_grad_(False).double()
    start = inputs.detach().double().requires_grad_()
    with torch.enable_grad():
        stem = network.stem(start)
        steps, x = [], stem.detach().requires_grad_()
        for _name, block in network.named_blocks():
            steps.append(_Step(block, x))
            x = steps[-1].output.detach().requires_grad_()
        loss = cross_entropy(network.head(x), labels, reduction="sum")
        whole = torch.autograd.grad(cross_entropy(network(start), labels, reduction="sum"), start)[0]
    parts = torch.autograd.grad(loss, x)[0].unsqueeze(0)  # behind the last block: one part, of length 0
    for step in reversed(steps):
        parts = step.back(parts)
    parts = _back(stem, start, parts)
    if len(parts) <= len(steps):  # a plain network has only the longest path
        parts = torch.cat([parts.new_zeros(len(steps) + 1 - len(parts), *parts.shape[1:]), parts])
    return parts, whole


class _Step:
    """One block, kept so that gradients can be taken back through its ReLU and through each of its branches."""

    def __init__(self, block: ResidualBlock, x: Tensor):
        self._x, self._residual, self._shortcut = x, block.residual(x), block.shortcut(x)
        self._total = (self._residual + self._shortcut).detach().requires_grad_()
        self.output = block.relu(self._total)  # the sum itself in a pre-activation block

    def back(self, parts: Tensor) -> Tensor:
        """Parts by length, [K, N, C', H', W'] behind the block -> [K + 1, N, C, H, W] before it.

        In a plain block there is no way past F: [K, …], each part one branch longer.
        """
        parts = _back(self.output, self._total, parts)
        through = _back(self._residual, self._x, parts)
        if not self._shortcut.requires_grad:
            return through
        past = _back(self._shortcut, self._x, parts)
        nothing = torch.zeros_like(past[:1])
        return torch.cat([past, nothing]) + torch.cat([nothing, through])


def _back(end: Tensor, start: Tensor, gradients: Tensor) -> Tensor:
    """Gradients [K, …] at the end of a branch -> at its start, all K at once."""
    if end is start:  # the identity
        return gradients
    return torch.autograd.grad(end, start, gradients, retain_graph=True, is_grads_batched=True)[0]


def paths_exact(
    model: ResNet,
    inputs: Pictures,
    labels: Tensor | Sequence[int | str],
    progress: Progress = lambda done: None,
) -> Paths:
    """Count a network's paths by length, and measure what each length carries, averaged over the pictures.

    Inputs [N, 3, H, W], or pictures as `as_inputs` takes them; labels int64 [N], or N classes, by number or by name.
    Of a plain network only the longest path exists. A picture without any gradient, since its answer could not be
    surer, is left out of the averages. (Veit et al. 2016, section 5.)

    Raises InputError for what is no picture or no class, and where there is not one label for each.

    >>> from resnet_demo import load
    >>> found = paths_exact(load("resnet20"), torch.ones(1, 3, 32, 32), torch.tensor([3]))
    >>> found.counts
    (1, 9, 36, 84, 126, 126, 84, 36, 9, 1)
    >>> round(sum(found.shares), 6), found.sum_error < 1e-9
    (1.0, True)
    """
    inputs, classes = as_inputs(model, inputs), [class_of(model, label) for label in labels]
    if len(classes) != len(inputs):
        raise InputError(
            "There must be a label for each of the {pictures} pictures, not {labels}.",
            pictures=len(inputs),
            labels=len(classes),
        )
    labels = torch.tensor(classes, device=inputs.device)
    n = sum(model.config.blocks)
    counts = tuple(int(length == n) if model.config.plain else comb(n, length) for length in range(n + 1))
    shares, norms, errors = [], [], [0.0]
    for start in range(0, len(inputs), BATCH):
        parts, whole = by_length(model, inputs[start : start + BATCH], labels[start : start + BATCH])
        parts, whole = parts.flatten(2), whole.flatten(1)
        there = whole.norm(dim=1) > 0
        parts, whole = parts[:, there], whole[there]
        shares.append((parts * whole).sum(2) / whole.square().sum(1))  # [n + 1, N]
        norms.append(parts.norm(dim=2) / whole.norm(dim=1))
        errors += ((parts.sum(0) - whole).abs().amax(1) / whole.abs().amax(1)).tolist()
        progress(min(start + BATCH, len(inputs)) / len(inputs))
    return Paths(counts, _means(shares), _means(norms), max(errors), name_of(model.config))


def _means(parts: Sequence[Tensor]) -> tuple[float, ...]:
    """Of values [n + 1, N] in parts over the pictures; zeros where there are no pictures."""
    values = torch.cat(list(parts), dim=1)
    return tuple((values.sum(1) / max(values.shape[1], 1)).tolist())


@dataclass(frozen=True)
class Report:
    """By length k = 0, …, n, as in `Paths`."""

    n: int
    counts: tuple[int, ...]
    shares: Mapping[str, float]  # of the gradient, by length
    norms: Mapping[str, float]  # of what each length carries, over that of the whole gradient
    mean_length: float
    nine_tenths: tuple[int, int]  # the shortest run of lengths that carries so much of the gradient
    sum_error: float  # of all lengths together, against autograd


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Paths and gradient by length, their mean length, and the shortest run of lengths that carries nine tenths."""
    found = paths_exact(model, domain_of(model).normalise(dataset.pictures), dataset.labels, progress)
    return Report(
        n=len(dataset),
        counts=found.counts,
        shares={str(length): share for length, share in enumerate(found.shares)},
        norms={str(length): norm for length, norm in enumerate(found.norms)},
        mean_length=found.mean_length,
        nine_tenths=found.within(0.9),
        sum_error=found.sum_error,
    )


def shorter_paths(mean: float, blocks: int) -> Literal["clearly", "little", "no"]:
    """Whether the gradient comes by shorter paths than a random one, of `blocks` / 2 blocks."""
    return "clearly" if mean < 0.4 * blocks else "little" if mean <= 0.5 * blocks else "no"


def opposing(shares: Sequence[float]) -> list[int]:
    """The lengths whose part points against the whole gradient, by half a percent of it or more."""
    return [length for length, share in enumerate(shares) if share <= -0.005]


def cancel(norms: float) -> bool:
    """Whether the parts cancel to a good part, by the sum of their norms over the norm of their sum, 1 or more."""
    return norms > 1.2


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    if residual:
        found = residual.report
        n, (low, high) = len(found.counts) - 1, found.nine_tenths
        said.append(
            _(
                "{network} has {paths:,} paths; most of them go through F in about {half:g} of its {n} blocks. Nine "
                "tenths of the gradient come along paths that do so in {low} to {high} blocks; weighted by what it "
                "carries, a path does so in {mean:.1f} on average.",
                network=residual.title,
                paths=sum(found.counts),
                half=n / 2,
                n=n,
                low=low,
                high=high,
                mean=found.mean_length,
            )
        )
        verdicts = {
            "clearly": _("So the gradient comes along the shorter paths, as in Veit et al."),
            "little": _("That is a little shorter than a random path; in Veit et al. the difference is larger."),
            "no": _("These are not the short ones, unlike in Veit et al."),
        }
        said.append(verdicts[shorter_paths(found.mean_length, n)])
        if against := opposing(list(found.shares.values())):
            said.append(
                _n(
                    "The paths of {count} length point against the whole gradient: their share is negative.",
                    "The paths of {count} lengths point against the whole gradient: their shares are negative.",
                    len(against),
                )
            )
        if cancel(norms := sum(found.norms.values())):
            said.append(
                _(
                    "Paths of different lengths partly cancel: the norms of what they carry add up to {norms:.1f} "
                    "times the norm of the whole gradient.",
                    norms=norms,
                )
            )
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
        "At every block the gradient can go through F or past it, so n blocks make 2ⁿ paths. Split the gradient at the "
        "picture by the number of F’s that it came through: exactly, with the paths of all lengths at once."
    ),
    look_for=_("where the bars on the right stand, compared with those on the left."),
    source=_("Veit, Wilber, Belongie 2016, figure 6"),
    group="gradient",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(
            _("Mean number of F’s on a path, by the gradient it carries"),
            lambda report: report.mean_length,
            compares=False,
        ),
    ),
    verdict=lambda residual, plain: shorter_paths(residual.mean_length, len(residual.counts) - 1),
    pictures=64,
)
