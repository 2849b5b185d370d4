"""Whether a picture shows none of CIFAR-10's ten things: a linear probe on the features of four small networks.

A softmax has to divide 100 % among ten classes, whatever it is shown. So the picture is judged apart from the answer:
it is brought to 32 x 32 pixels in eleven ways, the three bundled ResNet-20 and PreResNet-20 look at each, and a linear
probe (Alain & Bengio 2016, arXiv 1610.01644) on their pooled features, with what their answers have in common, tells
photographs of the ten things from others. Out-of-distribution detection by logits alone (Liu et al. 2020, arXiv
2010.03759) is what `predict.familiarity` measures; on photographs it tells less. `resnet_demo/bench/unlike.py` fits the
probe, `bench/unlike.md` has what was measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..assets import asset
from ..i18n import Message, Sentences, _, sentences
from ..images import CIFAR10, Framed, Source, load_image
from . import zoo
from .predict import Prediction, domain_of, familiarity, is_trained
from .resnet import ResNet

COMMITTEE = (("resnet20", 0), ("resnet20", 1), ("resnet20", 2), ("preresnet20", 0))  # names and seeds
ENERGY_SHARE = 0.05  # of the test set: below it an energy is called low, where only that was measured
BANDS = (0.5, 0.9)  # between these lie the three bands of probability in which answers were counted
FEWEST = 10  # photographs of one class that say something about it: of 5, the interval goes from 4 to 62 %


@dataclass(frozen=True)
class Rates:
    """What was measured on photographs that the probe was not fitted on, as shares."""

    known: float  # of the photographs that the network names rightly: how many get the note
    others: float  # of those that show none of the ten things: how many get it


@dataclass(frozen=True)
class Unlikeness:
    """How unlike what a network knows a picture is; above the threshold it gets the note.

    `rates` are those of the probe. Without them, the score is the share of the test set's pictures with more energy.
    """

    score: float
    threshold: float
    rates: Rates | None = None

    @property
    def noted(self) -> bool:
        return self.score > self.threshold


@dataclass(frozen=True)
class Record:
    """How often an answer like this one was right on photographs: `right` of `of`, with or without the note."""

    right: int
    of: int
    label: str | None  # the class that was called, or None: too few, so all classes together
    band: int  # 0: up to 50 %, 1: up to 90 %, 2: above
    noted: bool

    @property
    def bears_out(self) -> bool:
        """Whether as many were right as the answers' probability said, at its least: the lower edge of their band."""
        return self.right >= (0.0, *BANDS)[self.band] * self.of


def knows_the_ten(model: ResNet) -> bool:
    """Whether a network answers with CIFAR-10's classes, and was trained."""
    labels = {label.casefold() for label in domain_of(model).labels}
    return labels == set(CIFAR10.labels) and not _random(model)


def _random(model: ResNet) -> bool:
    return (model.provenance or {}).get("origin") == "random initialisation" and not is_trained(model)


def unlike(model: ResNet, picture: Source | Framed | Tensor, logits: Tensor | None = None) -> Unlikeness | None:
    """How unlike what a network knows a picture is, or None where that was not measured.

    For networks that know CIFAR-10's ten things, the probe judges the picture (an input tensor [1, 3, H, W] will do);
    for others the energy of their `logits` [classes] does, if they are given and the weights bring the percentiles of
    the test set's energies. Raises InputError for an unusable picture.
    """
    if knows_the_ten(model):
        if isinstance(picture, Tensor):
            picture = domain_of(model).to_picture(picture)
        return judge(picture if isinstance(picture, Framed) else load_image(picture))
    below = None if logits is None or _random(model) else familiarity(model, logits)
    return None if below is None else Unlikeness(1 - below, 1 - ENERGY_SHARE)


def judge(picture: Image.Image | Framed) -> Unlikeness:
    """What the probe says of a picture; of the chosen square of it, where there is one. About 60 ms of one core."""
    probe = _probe()
    return Unlikeness(_score(views(picture).numpy().tobytes()), probe["threshold"], Rates(**probe["rates"]))


@lru_cache(maxsize=256)  # a class of pupils looks at the same few pictures
def _score(seen: bytes) -> float:
    """Of a picture's eleven ways, as bytes: a tensor as a key would be compared by identity, not by its values."""
    probe = _probe()
    pictures = torch.frombuffer(bytearray(seen), dtype=torch.uint8).view(1, -1, 3, 32, 32)
    known = describe(pictures)[0] @ probe["weights"]  # [views]
    return -(known.mean().item() + probe["bias"])


def views(picture: Image.Image | Framed) -> Tensor:
    """A picture in eleven ways: uint8 [11, 3, 32, 32]. Of a wide one no single square holds the object for sure."""
    if isinstance(picture, Framed):
        if picture.square is None:
            picture = picture.picture
        else:
            left, top, right, bottom = picture.box
            picture = picture.picture.crop((round(left), round(top), round(right), round(bottom)))
    short = min(picture.size)
    if short > 256:  # once, since eleven reductions of a phone's photograph would take a second
        picture = picture.resize(
            (picture.width * 256 // short, picture.height * 256 // short), Image.Resampling.BICUBIC, reducing_gap=2
        )
    (width, height), short = picture.size, min(picture.size)

    def square(share: float, x: float, y: float) -> Image.Image:
        """Of this share of the short side, from the left (x = 0) to the right end (1), from top to bottom."""
        side = share * short
        left, top = x * (width - side), y * (height - side)
        return picture.resize((32, 32), Image.Resampling.BICUBIC, (left, top, left + side, top + side))

    found = [
        CIFAR10.crop(picture), picture.resize((32, 32), Image.Resampling.BICUBIC), _letterbox(picture),
        square(0.8, 0.5, 0.5), square(0.6, 0.5, 0.5), square(1, 0, 0), square(1, 1, 1),
        *(square(0.7, x, y) for x in (0, 1) for y in (0, 1)),
    ]  # fmt: skip
    return torch.from_numpy(np.stack([np.asarray(view) for view in found])).permute(0, 3, 1, 2).contiguous()


def _letterbox(picture: Image.Image) -> Image.Image:
    """The whole picture, undistorted, on its mean colour."""
    width, height = (max(1, round(32 * side / max(picture.size))) for side in picture.size)
    small = picture.resize((width, height), Image.Resampling.BICUBIC)
    mean = np.asarray(small).reshape(-1, 3).mean(0)
    canvas = Image.new("RGB", (32, 32), tuple(int(value) for value in mean))
    canvas.paste(small, ((32 - width) // 2, (32 - height) // 2))
    return canvas


@torch.no_grad()
def describe(pictures: Tensor) -> Tensor:
    """What the committee makes of pictures, uint8 [N, V, 3, 32, 32] -> float64 [N, V, D], the probe's input.

    D is the pooled features of each network, divided by their norm, and of all of their logits: log odds of the largest
    mean probability, entropy of the mean, how far the networks disagree (mutual information), energy, largest logit.
    """
    shape = pictures.shape[:2]
    distinct, place = pictures.flatten(0, 1).unique(dim=0, return_inverse=True)  # a square is its own letterbox
    features, logits = zip(*(_look(network, distinct) for network in _committee()), strict=True)
    each = torch.stack(logits).double().softmax(-1)  # [networks, N, classes]
    mean, z = each.mean(0), torch.stack(logits).double()
    best = mean.amax(1)
    said = [
        ((best + 1e-3) / (1 - best + 1e-3)).log(), _entropy(mean), _entropy(mean) - _entropy(each).mean(0),
        z.logsumexp(-1).mean(0), z.amax(-1).mean(0),
    ]  # fmt: skip
    found = torch.cat([*features, torch.stack(said, 1)], 1)
    return found[place].reshape(*shape, -1)


def _look(network: ResNet, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """uint8 [N, 3, 32, 32] -> pooled features [N, C] of norm 1, float64, and logits [N, classes]."""
    maps = network.stem(CIFAR10.normalise(pictures).contiguous(memory_format=torch.channels_last))
    for _name, block in network.named_blocks():
        maps = block(maps)
    features = network.last(maps).mean((2, 3)).double()
    return features / features.norm(dim=1, keepdim=True).clamp_min(1e-12), network.head(maps)


def _entropy(p: Tensor) -> Tensor:
    return -torch.special.xlogy(p, p).sum(-1)


@lru_cache(maxsize=1)
def _committee() -> list[ResNet]:
    """In the order of memory that convolutions are computed in: it takes three quarters of the time."""
    networks = (zoo.load(name, seed) for name, seed in COMMITTEE)
    return [network.to(memory_format=torch.channels_last) for network in networks]  # pyright: ignore[reportCallIssue]


@lru_cache(maxsize=1)
def _probe() -> dict[str, Any]:
    probe = json.loads(asset("unlike.json").read_text("utf-8"))
    return {**probe, "weights": torch.tensor(probe["weights"], dtype=torch.float64)}


def band_of(probability: float) -> int:
    """Which of the three bands of probability, as `Record.band`."""
    return sum(probability > edge for edge in BANDS)


def record(name: str, seed: int, picture: Image.Image | Framed, answer: Prediction, noted: bool) -> Record | None:
    """How often this bundled network was right on photographs when it answered alike; None where nobody counted.

    Photographs like this one are those with the same note, or none, that it called the same class with a probability in
    the same band; any class, where there are fewer than ten of that one. A picture of 32 x 32 pixels, as CIFAR-10's
    are, is no photograph like those.
    """
    counts = _probe()["records"].get(zoo.training_name(name, seed))
    size = (picture.picture if isinstance(picture, Framed) else picture).size
    if counts is None or min(size) <= CIFAR10.size:
        return None
    band, key = band_of(answer.probability), "noted" if noted else "not noted"
    of_class: dict[str, list[int]] = counts[key][band]
    right, of = of_class.get(answer.label, (0, 0))
    if of >= FEWEST:
        return Record(right, of, answer.label, band, noted)
    right, of = (sum(column) for column in zip(*of_class.values(), strict=True)) if of_class else (0, 0)
    return Record(right, of, None, band, noted) if of >= FEWEST else None


# What is said of it, on the page and in the shell.


def headline() -> Message:
    """In place of a class, where the probe's note fires."""
    return _("Probably none of its ten things")


def note(found: Unlikeness, dataset: str = CIFAR10.name) -> Sentences:
    """What is noted, and after it what the note rests on."""
    if found.rates is None:
        return sentences(
            _(
                "The picture may be unlike those that the network knows: do not trust the answer, however sure it "
                "looks."
            ),
            _(
                "The logits are weaker here than for {share:percent} of the {dataset} test pictures (by their "
                "logsumexp, which is minus their energy).",
                share=found.score,
                dataset=dataset,
            ),
        )
    return sentences(
        _("The picture looks like photographs of other things."),
        _(
            "Measured on photographs: {others:percent} of those that show none of the ten get this note, and "
            "{known:percent} of those that show one and are named rightly.",
            others=found.rates.others,
            known=found.rates.known,
        ),
    )


def reading(found: Record, label: str) -> Message:
    """How often such an answer was right on photographs; `label` is the class as the reader calls it."""
    bands = (
        _("up to {share:percent}", share=BANDS[0]),
        _("{low:percent} to {high:percent}", low=BANDS[0], high=BANDS[1]),
        _("more than {share:percent}", share=BANDS[1]),
    )
    values = {"right": found.right, "of": found.of, "band": bands[found.band], "label": label}
    if found.label is not None and found.noted:
        return _(
            "Tested on photographs: when it said {label} with {band}, with this note, it was right in {right} of {of}.",
            **values,
        )
    if found.label is not None:
        return _(
            "Tested on photographs: when it said {label} with {band}, without a note, it was right in {right} of {of}.",
            **values,
        )
    if found.noted:
        return _(
            "Tested on photographs: when it answered with {band}, with this note, it was right in {right} of {of}.",
            **values,
        )
    return _(
        "Tested on photographs: when it answered with {band}, without a note, it was right in {right} of {of}.",
        **values,
    )
