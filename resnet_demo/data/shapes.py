"""The data set `shapes`: figures of ten kinds, drawn on the spot, with the exact place of every figure.

Place, size, turn, colours and textures are all drawn at random and say nothing about the class; the outline alone
does. So it can be learned without any download, and, since the masks say where each figure is, one can check whether
a network looks there.

A figure is built from discs and straight edges as a signed distance: negative inside, positive outside, in units of
the figure's own radius. The union of two figures is the smaller of their distances, the intersection the larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .dataset import Dataset

SIZE = 32  # px
CHUNK = 100  # pictures at a time, so that the fields of one step fit into the processor's cache
RADIUS = (8.0, 12.5)  # px


# The figures: points (x, y) -> signed distance, both in units of the radius; y points down


def disc(x: Tensor, y: Tensor, radius: float = 1.0) -> Tensor:
    return (x * x + y * y).sqrt() - radius


def box(x: Tensor, y: Tensor, width: float | Tensor, height: float | Tensor) -> Tensor:
    return torch.maximum(x.abs() - width / 2, y.abs() - height / 2)


def edge(x: Tensor, y: Tensor, degrees: float, reach: float) -> Tensor:
    """The half-plane that ends at the distance `reach` from the origin, in the direction `degrees`."""
    return x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees)) - reach


def ring(x: Tensor, y: Tensor) -> Tensor:
    return disc(x, y, 0.76).abs() - 0.2


def triangle(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(edge(x.abs(), y, -30, 0.5), edge(x, y, 90, 0.5))


def square(x: Tensor, y: Tensor) -> Tensor:
    return box(x, y, 1.5, 1.5)


def star(x: Tensor, y: Tensor) -> Tensor:
    """A pentagram: what lies on the inner side of at least four of its five lines."""
    edges = torch.stack([edge(x, y, degrees, 0.31) for degrees in range(18, 378, 72)])
    return edges.topk(2, dim=0).values[1]


def cross(x: Tensor, y: Tensor) -> Tensor:
    return torch.minimum(box(x, y, 1.9, 0.6), box(x, y, 0.6, 1.9))


def heart(x: Tensor, y: Tensor) -> Tensor:
    """Two discs, and below where they meet a wedge whose sides touch them."""
    x = x.abs()
    wedge = torch.maximum(edge(x, y, 38, 0.58), edge(x, y, -90, 0.16))
    return torch.minimum(disc(x - 0.42, y + 0.36, 0.47), wedge)


def crescent(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(disc(x, y), -disc(x - 0.5, y, 0.8))


def arrow(x: Tensor, y: Tensor) -> Tensor:
    head = torch.maximum(edge(x.abs(), y, -40, 0.62), edge(x, y, 90, 0))
    return torch.minimum(head, box(x, y - 0.4, 0.5, 1.1))


def hourglass(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(edge(x.abs(), y.abs(), -40, 0.08), y.abs() - 0.72)


FIGURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "arrow": arrow,
    "crescent": crescent,
    "cross": cross,
    "disc": disc,
    "heart": heart,
    "hourglass": hourglass,
    "ring": ring,
    "square": square,
    "star": star,
    "triangle": triangle,
}


def draw_shapes(count: int, seed: int) -> Dataset:
    """Draw `count` pictures, 32x32, with their masks: wherever a pixel holds any of the figure's colour.

    The classes take turns. The same seed gives the same pictures, whatever the number of threads, and the first of
    them are the same however many are drawn. 20,000 take about 2.5 s of one core.
    """
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.empty(count, 3, SIZE, SIZE, dtype=torch.uint8)
    masks = torch.empty(count, SIZE, SIZE, dtype=torch.bool)
    for start in range(0, count, CHUNK):
        background, figure, coverage = layers(generator)  # a whole chunk, even if less is needed: see above
        rows = slice(start, min(start + CHUNK, count))
        kept = slice(rows.stop - rows.start)
        pictures[rows] = (over(background, figure, coverage) * 255).round().byte()[kept]
        masks[rows] = (coverage > 0)[kept]
    return Dataset("shapes", pictures, torch.arange(count) % len(FIGURES), tuple(FIGURES), masks)


def over(below: Tensor, above: Tensor, coverage: Tensor) -> Tensor:
    """Lay one layer [N, 3, H, W] over another, where and as far as `coverage` [N, H, W], 0 to 1, says."""
    return below + (above - below) * coverage[:, None]


def layers(generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a chunk: background and figure, both [N, 3, H, W] with values 0 to 1, and the figure's coverage [N, H, W].

    On whole fields there are only operations that IEEE 754 defines to the last bit: a sine of many numbers differs
    by where the threads divide them.
    """

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(CHUNK, *shape, generator=generator) * (high - low) + low

    def turned(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        angle = uniform(0, 2 * math.pi, 1, 1)
        cos, sin = angle.cos(), angle.sin()
        return x * cos + y * sin, y * cos - x * sin

    def textured(colour: Tensor) -> Tensor:
        """A colour [N, 3, 1, 1] -> a layer [N, 3, H, W]: plain, shaded, striped or chequered, and grainy."""
        u, v = turned(x, y)
        period, phase = uniform(5, 12, 1, 1), uniform(0, 1, 1, 1)
        stripes = wave(u / period + phase)
        patterns = torch.stack([torch.zeros_like(u), u / SIZE * 2, stripes, stripes * wave(v / period)])
        pattern = patterns[torch.randint(len(patterns), (CHUNK,), generator=generator), torch.arange(CHUNK)]
        grain = uniform(-1, 1, SIZE, SIZE) * uniform(0, 0.1, 1, 1)
        return (colour + pattern[:, None] * uniform(-0.13, 0.13, 3, 1, 1) + grain[:, None]).clamp(0, 1)

    line = torch.arange(SIZE) - (SIZE - 1) / 2  # px from the middle, at the pixels' centres
    y, x = line.view(1, SIZE, 1), line.view(1, 1, SIZE)

    # Any colour on any darker one: which of the two is the figure need not be guessed.
    paper = uniform(0, 0.5, 3, 1, 1)
    ink = paper + uniform(0.3, 0.5, 3, 1, 1)

    radius = uniform(*RADIUS, 1, 1)
    room = SIZE / 2 - radius
    u, v = turned(x - room * uniform(-1, 1, 1, 1), y - room * uniform(-1, 1, 1, 1))
    distance = torch.empty(CHUNK, SIZE, SIZE)  # px
    for number, figure in enumerate(FIGURES.values()):
        mine = slice(number, None, len(FIGURES))  # the classes take turns
        distance[mine] = figure(u[mine] / radius[mine], v[mine] / radius[mine]) * radius[mine]

    background = textured(paper)  # [N, 3, H, W]
    for _ in range(2):  # thin lines, straight through
        u, _v = turned(x - uniform(-12, 12, 1, 1), y - uniform(-12, 12, 1, 1))
        width = uniform(0.5, 1.5, 1, 1)
        background = over(background, uniform(0, 1, 3, 1, 1), covered(u.abs() - width / 2))
    crumbs = torch.zeros(())
    for _ in range(3):  # of the figure's colour, which alone shall not tell where the figure is
        u, v = turned(x - uniform(-16, 16, 1, 1), y - uniform(-16, 16, 1, 1))
        crumbs = torch.maximum(crumbs, covered(box(u, v, uniform(1, 5, 1, 1), uniform(1, 5, 1, 1))))
    background = over(background, ink, crumbs * (distance > 2))  # but none so near as to change its outline
    return background, textured(ink), covered(distance)


def wave(phase: Tensor) -> Tensor:
    """A wave of period 1 with steep flanks, -1 to 1."""
    return (((phase - phase.floor()) - 0.5).abs() * 12 - 3).clamp(-1, 1)


def covered(distance: Tensor) -> Tensor:
    """The part of a pixel, 0 to 1, on the inner side of an outline that passes its centre at a distance in px."""
    return (0.5 - distance).clamp(0, 1)
