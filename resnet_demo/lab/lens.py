"""What would the network answer if it stopped after a block?

The shortcuts of kind A have no weights: what leaves a block can be carried through all that remain, averaged and
classified. That is the network without its later residual branches, and shows an answer growing block by block
(in language models it is known as the logit lens: nostalgebraist 2020).

What a block contributes to a class's logit is the logit after it less the one before. Nothing is left over: the
contributions, with that of the stem, add up to the network's logit. (A ReLU follows every sum, and in pre-activation
networks batch norm and a ReLU stand before the classifier: what a block contributes depends on what came before it.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor

from ..data import Dataset
from ..finding import Finding
from ..i18n import Message, Sentences, _, _p, sentences
from ..interpret.trace import Trace
from ..models.predict import Pictures, as_inputs, domain_of
from ..models.resnet import ResNet
from ..models.zoo import name_of
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import NO_SCALES, BranchScales, answer_without, block_names, passed_on, states
from .reading import Side, block_title, both, settled, sides

BATCH = 50


@dataclass(frozen=True, repr=False)
class Lens(Finding):
    """Logits [blocks + 1, N, classes]: after the stem, after the first block, …, after the last: the network's own."""

    names: tuple[str, ...]  # of the blocks
    logits: Tensor
    network: str = "network"  # its name
    labels: tuple[str, ...] = ()  # of the classes

    def __repr__(self) -> str:
        readings, pictures, classes = self.logits.shape
        seen = f"{pictures} picture{'s' * (pictures != 1)}"
        return f"<Lens into {self.network}: {readings} readings of {seen}, {classes} classes>"

    def label(self, index: int) -> str:
        """The name of a class."""
        return self.labels[index] if index < len(self.labels) else str(index)

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        logits, added = self.logits.tolist(), self.contributions.tolist()
        return [
            {"after": name, "picture": picture, "class": self.label(index), "logit": logit, "contribution": adds}
            for name, *found in zip(("stem", *self.names), logits, added, strict=True)
            for picture, values in enumerate(zip(*found, strict=True))
            for index, (logit, adds) in enumerate(zip(*values, strict=True))
        ]

    @property
    def contributions(self) -> Tensor:
        """What the stem and each block add to the logits, [blocks + 1, N, classes]; the sum is the network's answer."""
        return torch.cat([self.logits[:1], self.logits.diff(dim=0)])


@torch.no_grad()
def lens(model: ResNet, inputs: Pictures) -> Lens:
    """Look at the answers that grow inside a network, for inputs [N, 3, H, W], or pictures as `as_inputs` takes them.

    A plain network has no shortcuts that could carry a value on; it is given those of its residual twin. It was not
    trained to make sense that way, and the picture shows it. Raises InputError for what is no picture. (The logit lens:
    nostalgebraist 2020.)

    >>> from resnet_demo import load
    >>> found = lens(load("resnet20"), torch.zeros(2, 3, 32, 32))
    >>> found
    <Lens into resnet20: 10 readings of 2 pictures, 10 classes>
    >>> bool(torch.allclose(found.contributions.sum(0), found.logits[-1], atol=1e-4))
    True
    """
    inputs = as_inputs(model, inputs)
    found = read_off(model, [state for _, state in states(model, inputs)])
    return Lens(tuple(block_names(model)), found, name_of(model.config), domain_of(model).labels)


@torch.no_grad()
def read_off(model: ResNet, states: Sequence[Tensor]) -> Tensor:
    """Carry what left the stem and each block, [N, C, H, W], past all later blocks: logits [blocks + 1, N, classes]."""
    waiting = states[0]  # one after the other: [readings * N, C, H, W]
    for (_name, block), state in zip(model.named_blocks(), states[1:], strict=True):
        waiting = torch.cat([passed_on(block, waiting), state])
    return model.head(waiting).view(len(states), len(states[0]), -1)


@dataclass(frozen=True)
class Beside:
    """One picture's way through a network as it is, and through the same with an intervention."""

    states: dict[str, Tensor]  # what leaves the stem and each block now
    before: Tensor  # readings of the network as it is, [blocks + 1, classes]
    after: Tensor  # and now

    def into(self, name: str) -> Tensor:
        """What a block gets now."""
        return {block: self.states[before] for before, block in pairwise(self.states)}[name]


@torch.no_grad()
def beside(
    model: ResNet, trace: Trace, scales: Mapping[str, BranchScales] = NO_SCALES, deleted: Collection[str] = ()
) -> Beside:
    """Look at the answers that grow in a network with blocks scaled or deleted, beside those of a trace of it.

    Only from the first changed block on is the network computed. InputError for a block that it does not have.
    """
    known = {"stem": trace.blocks[0].x, **{block.name: block.output for block in trace.blocks}}
    found = dict(states(model, trace.image, scales, deleted, known))
    return Beside(found, read_off(model, list(known.values()))[:, 0], read_off(model, list(found.values()))[:, 0])


@dataclass(frozen=True)
class Report:
    """After the stem and after each block: the wrong fraction, and what it adds to the logit of the label."""

    n: int
    error: Mapping[str, float]
    contribution: Mapping[str, float]
    identity_error: float  # largest difference between a reading and the network whose later branches are cut
    sum_error: float  # and between all contributions together and the network's logits


@torch.no_grad()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The wrong fraction after the stem and after each block, and how much each adds to the logit of the label.

    `identity_error` is that of the first pictures.
    """
    domain, lenses, done = domain_of(model), [], 0
    for pictures in dataset.pictures.split(BATCH):
        lenses.append(lens(model, domain.normalise(pictures)))
        done += len(pictures)
        progress(done / len(dataset))
    first, logits = domain.normalise(dataset.pictures[:BATCH]), torch.cat([found.logits for found in lenses], dim=1)
    seen = Lens(lenses[0].names, logits)
    cut = torch.stack([answer_without(model, first, seen.names[count:]) for count in range(len(seen.names) + 1)])
    labels = dataset.labels.view(1, -1, 1).expand(len(logits), -1, 1)
    after = ("stem", *seen.names)
    return Report(
        len(dataset),
        dict(zip(after, (logits.argmax(2) != dataset.labels).double().mean(1).tolist(), strict=True)),
        dict(zip(after, seen.contributions.gather(2, labels).mean((1, 2)).tolist(), strict=True)),
        (cut - lenses[0].logits).abs().max().item(),
        (seen.contributions.sum(0) - logits[-1]).abs().max().item(),
    )


def knows_since(errors: Mapping[str, float]) -> str | None:
    """The first place from which on fewer than half of the pictures are wrong; None: nowhere."""
    since = _settled(errors)
    return None if since is None else block_title(list(errors)[since])


def place_of(side: Side[Report]) -> int | None:
    """How many places further in than the stem that is."""
    return _settled(side.report.error)


def _settled(errors: Mapping[str, float]) -> int | None:
    return settled([1 - error for error in errors.values()])


def halfway(report: Report) -> float:
    """The error as it is read off after half of the blocks."""
    return list(report.error.values())[len(report.error) // 2]


def before_the_end(report: Report) -> float:
    """The error as it is read off before the last block."""
    return list(report.error.values())[-2]


def readable(residual: int | None, plain: int | None, last: int) -> Literal["earlier", "at the end", "no earlier"]:
    """Whether shortcuts let an answer be read earlier, by the place from which on most of the pictures are right."""
    if residual is not None and (plain is None or residual < plain):
        return "earlier"
    return "at the end" if residual == plain == last else "no earlier"


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        since, contribution = knows_since(side.report.error), side.report.contribution
        most = _place(block_title(max(contribution, key=lambda name: contribution[name])))
        said.append(
            _(
                "{network} has more than half of them right from {since} on; {most} adds most to the right class.",
                network=side.title,
                since=_place(since),
                most=most,
            )
            if since
            else _(
                "{network} never has half of them right; {most} adds most to the right class.",
                network=side.title,
                most=most,
            )
        )
    if residual and plain:
        verdicts = {
            "earlier": _(
                "With shortcuts the network’s own last classifier can read the answer earlier. More could be read by a "
                "classifier of its own for each block: see “What could be read after each block?”."
            ),
            "at the end": _("In both networks it can be read only at the very end."),
            "no earlier": _("With shortcuts it cannot be read earlier here."),
        }
        said.append(verdicts[readable(place_of(residual), place_of(plain), len(residual.report.error) - 1)])
    return sentences(*said)


def _place(title: str) -> Message:
    return _p("a place in the network", "the stem") if title == "stem" else _("block {block}", block=title)


EXPERIMENT = Experiment(
    name="lens",
    asks=first_line(__doc__),
    title=_("What does it know after each block?"),
    question=_(
        "Read the network after every block, as if no later block existed: what leaves the block goes through the "
        "remaining shortcuts to the classifier. So one sees an answer grow, and how much each block adds to it."
    ),
    look_for=_("whether the error falls block by block or only at the very end."),
    source=_("nostalgebraist 2020 (the logit lens of language models)"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Error read off before the last block"), before_the_end, "share", counted=lambda report: report.n),
        Measure(_("Error read off after half of the blocks"), halfway, "share", counted=lambda report: report.n),
    ),
    verdict=lambda residual, plain: readable(_settled(residual.error), _settled(plain.error), len(residual.error) - 1),
    pictures=1000,
)
