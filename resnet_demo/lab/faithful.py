"""Does the answer depend on what an attribution map calls important?

Deletion takes pixels away, the most important first, and watches the probability of the class: the better the map, the
sooner it falls, and the smaller the area under the curve. Insertion gives them back, the most important first: the
better the map, the sooner it rises, and the larger the area. Both are told beside the same with random maps, and how
much better a map is than random ones on the same picture: with an interval, since a few pictures can mislead.

Random maps are no easy opponent in deletion: single pixels of grey all over a small picture make it unlike any that the
network has learned from, while a map that points at the object takes away a patch.

What is taken away becomes the mean colour (0 in the network's input); what waits to be given back is the picture
blurred, so that insertion draws no sharp edges of its own.

Petsiuk, Das, Saenko: RISE, Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from ..data import Dataset
from ..i18n import Message, Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .bootstrap import Estimate, estimate
from .experiment import Experiment, Measure, Progress, first_line
from .maps import attribution_maps, ends_of_stages, enlarged
from .quick import BATCH, quick
from .reading import Side, both, in_sentence

STEPS = 16  # in which the pixels go or come
FIELDS = 4  # the blurred picture is that many means high and wide, joined smoothly
DRAWS = 3  # random maps for each picture

RANDOM = "random"


@dataclass(frozen=True)
class Curve:
    """Probability of the class [steps + 1, N] while more and more pixels are changed, from none to all."""

    probabilities: Tensor

    @property
    def mean(self) -> list[float]:
        """Over the pictures, step by step."""
        return self.probabilities.double().mean(1).tolist()

    @property
    def areas(self) -> Tensor:
        """The area under each picture's curve [N], by trapezia; the whole way is 1 long."""
        return torch.trapezoid(self.probabilities.double(), dx=1 / (len(self.probabilities) - 1), dim=0)


def curve(
    model: Callable[[Tensor], Tensor], start: Tensor, end: Tensor, maps: Tensor, targets: Tensor, luck: torch.Generator
) -> Curve:
    """The way from inputs `start` to `end` [N, 3, H, W], pixel by pixel, the highest in the maps [N, H, W] first.

    The probability is that of targets int64 [N]. Pixels of equal importance take their turns at random.
    """
    changed = changed_by(maps, luck)  # [N, H, W]
    steps = []
    for step in range(STEPS + 1):
        inputs = torch.where((changed < step)[:, None], end, start)
        logits = torch.cat([model(batch) for batch in inputs.split(BATCH)])
        steps.append(logits.softmax(1).gather(1, targets[:, None])[:, 0])
    return Curve(torch.stack(steps))


def changed_by(maps: Tensor, luck: torch.Generator) -> Tensor:
    """In which step, 0 to STEPS - 1, each pixel's turn comes [N, H, W]: the highest first, equals by lot."""
    places = maps[0].numel()
    lots = torch.rand(maps.shape, generator=luck).flatten(1).argsort(1)
    order = lots.gather(1, maps.flatten(1).gather(1, lots).argsort(dim=1, descending=True, stable=True))
    turns = (torch.arange(places) * STEPS // places).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, turns).view_as(maps)


def blurred(inputs: Tensor) -> Tensor:
    """The pictures [N, 3, H, W] without anything fine in them."""
    return interpolate(adaptive_avg_pool2d(inputs, FIELDS), inputs.shape[2:], mode="bilinear", align_corners=False)


@torch.no_grad()
def faithful(
    model: ResNet,
    inputs: Tensor,
    targets: Tensor,
    seed: int = 0,
    progress: Progress = lambda done: None,
) -> dict[str, dict[str, Curve]]:
    """Curves by map: {"deletion": {map: Curve}, "insertion": …}, for inputs [N, 3, H, W] and targets int64 [N].

    Maps are Grad-CAM of the last block of each stage, saliency and guided backpropagation; under "random" the curves of
    all random maps stand side by side, [steps + 1, DRAWS * N].
    """
    luck, network = torch.Generator().manual_seed(seed), quick(model)
    maps = attribution_maps(model, inputs, targets, ends_of_stages(model))
    maps[RANDOM] = torch.rand(DRAWS * len(inputs), *inputs.shape[2:], generator=luck)
    found: dict[str, dict[str, Curve]] = {"deletion": {}, "insertion": {}}
    blank, soft = torch.zeros_like(inputs), blurred(inputs)
    for number, (name, values) in enumerate(maps.items(), start=1):
        values, times = enlarged(values, *inputs.shape[2:]), len(values) // len(inputs)
        for kind, start, end in (("deletion", inputs, blank), ("insertion", soft, inputs)):
            start, end = (side.repeat(times, 1, 1, 1) for side in (start, end))
            found[kind][name] = curve(network, start, end, values, targets.repeat(times), luck)
        progress(number / len(maps))
    return found


@dataclass(frozen=True)
class Report:
    """By kind, "deletion" and "insertion", and by map, random ones among them."""

    n: int
    identity_error: float  # how far the ends of the curves are from the network's own probabilities
    area: Mapping[str, Mapping[str, float]]  # mean area under the curves
    gain: Mapping[str, Mapping[str, Estimate]]  # by how much it is better than that of random maps on the same picture
    curves: Mapping[str, Mapping[str, tuple[float, ...]]]  # mean probability of the class, step by step


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The mean area under the curves by map, beside that of random maps, and the curves themselves.

    The maps are for each picture's label. A map's area is better where it is smaller in deletion, larger in insertion.
    The curves' ends are the picture where nothing is deleted, and where everything is inserted.
    """
    inputs = domain_of(model).normalise(dataset.pictures)
    found = faithful(model, inputs, dataset.labels, seed, progress)
    with torch.no_grad():
        logits = torch.cat([model(batch) for batch in inputs.split(BATCH)])
        whole = logits.softmax(1).gather(1, dataset.labels[:, None])[:, 0]
    ends = [curve.probabilities[0] for name, curve in found["deletion"].items() if name != RANDOM]
    ends += [curve.probabilities[-1] for name, curve in found["insertion"].items() if name != RANDOM]
    return Report(
        n=len(dataset),
        identity_error=max((end - whole).abs().max().item() for end in ends),
        area={
            kind: {name: curve.areas.mean().item() for name, curve in curves.items()} for kind, curves in found.items()
        },
        gain={
            kind: {name: estimate(_gain(curves, name, kind), seed) for name in curves if name != RANDOM}
            for kind, curves in found.items()
        },
        curves={kind: {name: tuple(curve.mean) for name, curve in curves.items()} for kind, curves in found.items()},
    )


def _gain(curves: dict[str, Curve], name: str, kind: str) -> Tensor:
    """By how much a map is better than random ones, by the area of each picture [N]."""
    areas = curves[name].areas
    chance = curves[RANDOM].areas.view(DRAWS, len(areas)).mean(0)
    return chance - areas if kind == "deletion" else areas - chance


def best_area(side: Side[Report], kind: str) -> tuple[str, float, float]:
    """The map with the best area under the curve of a kind, "deletion" or "insertion", that area, and random maps'."""
    areas = {name: area for name, area in side.report.area[kind].items() if name != RANDOM}
    best = (min if kind == "deletion" else max)(areas, key=lambda name: areas[name])
    return best, areas[best], side.report.area[kind][RANDOM]


def better_than_random(side: Side[Report]) -> list[str]:
    """The maps that are surely better than random ones, in deletion and in insertion."""
    deletion, insertion = side.report.gain["deletion"], side.report.gain["insertion"]
    return [name for name in deletion if deletion[name].low > 0 and insertion[name].low > 0]


def read(reports: Mapping[str, Report]) -> Sentences:
    said: list[Message] = []
    for side in both(reports):
        best, area, chance = best_area(side, "deletion")
        said.append(
            _(
                "{network}: deletion falls fastest by {best} (area {area:.2f}; by random maps {chance:.2f}).",
                network=side.title,
                best=in_sentence(best),
                area=area,
                chance=chance,
            )
        )
        best, area, chance = best_area(side, "insertion")
        said.append(
            _(
                "{network}: insertion rises fastest by {best} (area {area:.2f}; by random maps {chance:.2f}).",
                network=side.title,
                best=in_sentence(best),
                area=area,
                chance=chance,
            )
        )
        good = better_than_random(side)
        said.append(
            _("Significantly better than random in both: {methods:and}.", methods=[in_sentence(name) for name in good])
            if good
            else _("No map is significantly better than random in both.")
        )
    if any(best_area(side, "deletion")[1] > best_area(side, "deletion")[2] for side in both(reports)):
        said.append(
            _(
                "That random deletion is fast does not mean that random maps explain: grey pixels all over a small "
                "picture make it unlike any that the network has seen."
            )
        )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="faithful",
    asks=first_line(__doc__),
    title=_("Do maps find what matters?"),
    question=_(
        "Take away the pixels that a map calls important, the most important first, and watch the answer fall; or "
        "start with a blurred picture and put them back. A map has to beat a random order."
    ),
    look_for=_("how far the curve is from that of random maps: below it for deletion, above it for insertion."),
    source=_("Petsiuk, Das, Saenko 2018"),
    group="maps",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(
            _("Gain of the best map over random ones, insertion"),
            lambda report: max(gain.mean for gain in report.gain["insertion"].values()),
        ),
        Measure(
            _("Gain of the best map over random ones, deletion"),
            lambda report: max(gain.mean for gain in report.gain["deletion"].values()),
        ),
    ),
    pictures=60,
)
