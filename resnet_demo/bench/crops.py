"""What brings a photograph to 32 x 32 pixels, and how often a network then names it rightly.

`--photos` is a folder of photographs: those of CIFAR-10's ten things in `in/<class>`. Each way of making one input of
them, or several that are averaged, is compared with what the app does, on the same photographs. CIFAR-10's test
pictures are 32 x 32 already: their accuracy is measured where a way changes these, too. `bench/crops.md` has the table.

    python -m resnet_demo.bench.crops --photos DIR --data-dir DIR > table.md
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from ..data import load_dataset
from ..images import CIFAR10, Framed, load_image
from ..models import zoo
from ..models.unlike import views
from .unlike import as_image, photographs

SIDE, TEST = CIFAR10.size, 1000  # of CIFAR-10's test pictures, the first ones
NETWORKS = ("resnet20", "resnet56")
Make = Callable[[Image.Image], Tensor]  # a picture -> uint8 [V, 3, 32, 32]
Decide = Callable[[Tensor], Tensor]  # logits [N, V, classes] -> the class of each [N]


def pixels(*pictures: Image.Image) -> Tensor:
    return torch.cat([CIFAR10.pixels(picture) for picture in pictures])


def middle(picture: Image.Image, share: float = 1.0) -> Image.Image:
    """The middle square of a picture, a share of its short side wide, at its own size."""
    side = share * min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    return picture.crop((round(left), round(top), round(left + side), round(top + side)))


# --- one input ------------------------------------------------------------------------------------------------------


def zoomed(share: float) -> Make:
    return lambda picture: pixels(middle(picture, share))


def filtered(how: Image.Resampling) -> Make:
    return lambda picture: pixels(middle(picture).resize((SIDE, SIDE), how))


def without_antialiasing(picture: Image.Image) -> Tensor:
    square = torch.from_numpy(np.array(middle(picture))).permute(2, 0, 1)[None].float()
    small = torch.nn.functional.interpolate(square, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return small.round().byte()


def blurred(radius: float) -> Make:
    """`radius` in pixels of the input, before the picture is made small."""

    def make(picture: Image.Image) -> Tensor:
        square = middle(picture)
        return pixels(square.filter(ImageFilter.GaussianBlur(radius * square.width / SIDE)))

    return make


def sharpened(picture: Image.Image) -> Tensor:
    return pixels(CIFAR10.crop(picture).filter(ImageFilter.UnsharpMask(1, 60, 0)))


def stretched(picture: Image.Image) -> Tensor:
    return pixels(ImageOps.autocontrast(CIFAR10.crop(picture), cutoff=1))


def in_two_steps(picture: Image.Image) -> Tensor:
    """As CIFAR-10's pictures may have come: from a small picture of the web, by way of twice the size."""
    return pixels(middle(picture).resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC))


def padded(picture: Image.Image) -> Tensor:
    """The whole picture, its edge rows repeated above and below it."""
    long = max(picture.size)
    array = np.asarray(picture)
    up, left = ((long - side) // 2 for side in (picture.height, picture.width))
    down, right = long - picture.height - up, long - picture.width - left
    return pixels(Image.fromarray(np.pad(array, ((up, down), (left, right), (0, 0)), mode="edge")))


def busiest(picture: Image.Image) -> Tensor:
    """The square along the longer side around the centre of the picture's edges."""
    edges = np.asarray(picture.convert("L").filter(ImageFilter.FIND_EDGES), dtype=float)[1:-1, 1:-1]
    short, corner = min(picture.size), []
    for side, weight in zip(picture.size, (edges.sum(0), edges.sum(1)), strict=True):
        centre = (weight * (np.arange(len(weight)) + 1.5)).sum() / max(weight.sum(), 1e-9)
        corner.append(float(np.clip(centre - short / 2, 0, side - short)) / side)
    return CIFAR10.pixels(Framed(picture, (corner[0], corner[1], 1.0)))


# --- several inputs, and the answer that is made of them ------------------------------------------------------------


@lru_cache
def some_views(*chosen: int, flips: bool = False) -> Make:
    """Of `unlike.views`: 0 middle, 1 squeezed, 2 letterbox, 3 and 4 zooms, 5 and 6 ends, 7 to 10 corners."""

    def make(picture: Image.Image) -> Tensor:
        seen = views(picture)[list(chosen)]
        return torch.cat([seen, seen.flip(-1)]) if flips else seen

    return make


def mean_logits(z: Tensor) -> Tensor:
    return z.mean(1).argmax(1)


def mean_probabilities(z: Tensor) -> Tensor:
    return z.softmax(2).mean(1).argmax(1)


def surest(z: Tensor) -> Tensor:
    """The answer to the view with the largest probability."""
    return z.softmax(2).amax(1).argmax(1)


def strongest(z: Tensor) -> Tensor:
    """The answer to the view with the most energy, which is the logsumexp of the logits."""
    return z[torch.arange(len(z)), z.logsumexp(2).argmax(1)].argmax(1)


@dataclass(frozen=True)
class Way:
    """A way to an answer; `same`: for a picture of 32 x 32 pixels it is what the app does."""

    name: str
    make: Make
    decide: Decide = mean_logits
    same: bool = True


ELEVEN, FIVE = tuple(range(11)), (0, 1, 2, 5, 6)
WAYS = (
    Way("**middle square, bicubic: what the app does**", some_views(0)),
    Way("the whole picture, squeezed", some_views(1)),
    Way("letterbox on the mean colour", some_views(2)),
    Way("letterbox on the repeated edge", padded),
    Way("left or upper end", some_views(5)),
    Way("right or lower end", some_views(6)),
    *(Way(f"middle, {share} of the short side", zoomed(share), same=False) for share in (0.95, 0.9, 0.85, 0.8, 0.7)),
    Way("square around the centre of the edges", busiest),
    Way("nearest pixel", filtered(Image.Resampling.NEAREST)),
    Way("bilinear, not antialiased", without_antialiasing),
    Way("box (area)", filtered(Image.Resampling.BOX)),
    Way("bilinear", filtered(Image.Resampling.BILINEAR)),
    Way("Lanczos", filtered(Image.Resampling.LANCZOS)),
    Way("bicubic, by way of 64 pixels", in_two_steps, same=False),
    *(Way(f"blurred before, by {r} pixels", blurred(r), same=False) for r in (0.25, 0.5, 1.0)),
    Way("sharpened after", sharpened, same=False),
    Way("contrast stretched after", stretched, same=False),
    Way("middle and mirrored, mean of the logits", some_views(0, flips=True), same=False),
    Way("middle and squeezed, mean of the logits", some_views(0, 1)),
    Way("middle, squeezed, letterbox, mean of the logits", some_views(0, 1, 2)),
    Way("and both ends, mean of the logits", some_views(*FIVE)),
    Way("and both ends, mean of the probabilities", some_views(*FIVE), mean_probabilities),
    Way("and both ends, largest probability", some_views(*FIVE), surest),
    Way("and both ends, the one of most energy", some_views(*FIVE), strongest),
    Way("eleven views, mean of the logits", some_views(*ELEVEN), same=False),
    Way("eleven views, mean of the probabilities", some_views(*ELEVEN), mean_probabilities, same=False),
    Way("eleven views, largest probability", some_views(*ELEVEN), surest, same=False),
    Way("eleven views, the one of most energy", some_views(*ELEVEN), strongest, same=False),
    Way("middle, both ends, the one of most energy", some_views(0, 5, 6), strongest),
    Way("middle or squeezed, the one of most energy", some_views(0, 1), strongest),
)
ENSEMBLES: dict[str, Sequence[tuple[str, int]]] = {
    "three seeds of resnet20": [("resnet20", seed) for seed in range(3)],
    "three seeds of resnet56": [("resnet56", seed) for seed in range(3)],
    "these six": [(name, seed) for name in NETWORKS for seed in range(3)],
    "resnet20, resnet56, preresnet20, preresnet56": [
        (name, 0) for name in ("resnet20", "resnet56", "preresnet20", "preresnet56")
    ],
}  # fmt: skip


# --- figures --------------------------------------------------------------------------------------------------------


def right(answers: Tensor, classes: Tensor) -> np.ndarray:
    return (answers == classes).numpy()


def percent(found: np.ndarray) -> str:
    return f"{100 * found.mean():.1f} %"


def against(found: np.ndarray, before: np.ndarray) -> str:
    """How many are named rightly only now, and how many only before."""
    return f"+{int((found & ~before).sum())} −{int((before & ~found).sum())}"


@dataclass(frozen=True)
class Judged:
    """Pictures whose class is known."""

    pictures: list[Image.Image]
    classes: Tensor
    known: dict[tuple[tuple[str, int], Make], Tensor] = field(default_factory=dict)

    @torch.no_grad()
    def logits(self, network: tuple[str, int], make: Make) -> Tensor:
        """What a network of this name and seed says: [N, V, classes]."""
        if (network, make) not in self.known:
            model, made = zoo.load(*network), torch.cat([make(picture) for picture in self.pictures])
            found = torch.cat([model(CIFAR10.normalise(chunk)) for chunk in made.split(128)])
            self.known[network, make] = found.unflatten(0, (len(self.pictures), -1))
        return self.known[network, make]

    def right(self, network: str, way: Way) -> np.ndarray:
        return right(way.decide(self.logits((network, 0), way.make)), self.classes)

    def right_together(self, networks: Iterable[tuple[str, int]], make: Make) -> np.ndarray:
        """Named rightly by the mean of several networks' probabilities."""
        each = [self.logits(network, make).softmax(2).mean(1) for network in networks]
        return right(torch.stack(each).mean(0).argmax(1), self.classes)


def ways_table(photos: Judged, test: Judged) -> Iterable[str]:
    yield "| " + " | ".join(["way", *(f"{n} | against the app | {n}, CIFAR-10" for n in NETWORKS)]) + " |"
    yield "| --- |" + " ---: |" * 3 * len(NETWORKS)
    before = {name: photos.right(name, WAYS[0]) for name in NETWORKS}
    for way in WAYS:
        cells = []
        for name in NETWORKS:
            found = photos.right(name, way)
            shown = way is WAYS[0] or not way.same
            cells += [percent(found), against(found, before[name]), percent(test.right(name, way)) if shown else "same"]
        yield f"| {way.name} | " + " | ".join(cells) + " |"


def networks_table(photos: Judged, test: Judged) -> Iterable[str]:
    yield "| network | middle square | five views, mean of the probabilities | CIFAR-10 |"
    yield "| --- | ---: | ---: | ---: |"
    alone = {name: [(name, 0)] for name in zoo.names() if zoo.bundled_seeds(name)}
    for name, networks in {**alone, **ENSEMBLES}.items():
        one, five = (photos.right_together(networks, some_views(*chosen)) for chosen in ((0,), FIVE))
        known = percent(test.right_together(networks, some_views(0)))
        yield f"| {name} | {percent(one)} | {percent(five)} | {known} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photographs: in/<class> and out")
    parser.add_argument("--data-dir", help="where CIFAR-10 is")
    asked = parser.parse_args()
    paths, classes = photographs(asked.photos)
    known = [(load_image(path), label) for path, label in zip(paths, classes, strict=True) if label >= 0]
    photos = Judged([picture for picture, _ in known], torch.tensor([label for _, label in known]))
    half = load_dataset("cifar10", False, asked.data_dir)
    test = Judged([as_image(each) for each in half.pictures[:TEST]], torch.as_tensor(half.labels[:TEST]))
    for table in (ways_table, networks_table):
        for line in table(photos, test):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
