from __future__ import annotations

import math
import subprocess
import sys
import time

import pytest
import torch

from resnet_demo.data import draw_shapes, load_dataset, shapes

KINDS = list(shapes.FIGURES)


@pytest.fixture(scope="module")
def drawn():
    return draw_shapes(1000, seed=5)


@pytest.fixture(scope="module")
def chunk():
    """Background, figure and coverage of one chunk."""
    return shapes.layers(torch.Generator().manual_seed(3))


def test_a_drawn_set_is_a_data_set(drawn):
    assert (drawn.pictures.shape, drawn.pictures.dtype) == ((1000, 3, 32, 32), torch.uint8)
    assert drawn.masks is not None
    assert (drawn.masks.shape, drawn.masks.dtype) == ((1000, 32, 32), torch.bool)
    assert (drawn.labels.dtype, drawn.name, drawn.note) == (torch.int64, "shapes", None)
    assert drawn.labels.bincount().tolist() == [100] * 10
    assert list(drawn.classes) == sorted(KINDS)
    assert len(set(drawn.classes)) == 10


def test_the_two_halves_are_of_their_size_and_strangers():
    train, test = load_dataset("shapes", train=True), load_dataset("shapes", train=False)
    assert (len(train), len(test)) == (20_000, 2_000)
    assert train.classes == test.classes
    assert test.labels.bincount().tolist() == [200] * 10
    known = {picture.numpy().tobytes() for picture in train.pictures}
    assert len(known) == 20_000
    assert not known & {picture.numpy().tobytes() for picture in test.pictures}
    again = load_dataset("shapes", train=False, data_dir="/nowhere", download=False)
    assert torch.equal(again.pictures, test.pictures)


def test_the_seed_alone_decides(drawn):
    torch.manual_seed(123)  # the global generator has no say
    again, other = draw_shapes(1000, seed=5), draw_shapes(1000, seed=6)
    assert torch.equal(again.pictures, drawn.pictures)
    assert again.masks is not None
    assert torch.equal(again.masks, drawn.masks)
    assert not (other.pictures == drawn.pictures).flatten(1).all(1).any()


@pytest.mark.parametrize("count", [0, 1, 7, 100, 101, 250])
def test_fewer_pictures_are_the_first_of_many(drawn, count):
    few, part = draw_shapes(count, seed=5), drawn.subset(count)
    assert len(few) == count
    assert few.masks is not None
    for ours, theirs in ((few.pictures, part.pictures), (few.masks, part.masks), (few.labels, part.labels)):
        assert torch.equal(ours, theirs)


def test_the_number_of_threads_changes_not_a_bit():
    code = """
import hashlib, sys, torch
torch.set_num_threads(int(sys.argv[1]))
from resnet_demo.data import draw_shapes
data = draw_shapes(500, seed=8)
print(hashlib.sha256(data.pictures.numpy().tobytes() + data.masks.numpy().tobytes()).hexdigest())
"""
    found = {
        subprocess.run([sys.executable, "-c", code, threads], capture_output=True, text=True, check=True).stdout
        for threads in ("1", "2", "3")
    }
    assert len(found) == 1


def test_drawing_does_not_keep_a_visitor_waiting():
    start = time.process_time()
    draw_shapes(2_000, seed=0)
    assert time.process_time() - start < 2  # measured 0.25 s


# The masks


def test_outside_of_its_mask_a_picture_is_background_alone(chunk, monkeypatch):
    background, figure, coverage = chunk

    def drawn_with(figure):
        monkeypatch.setattr(shapes, "layers", lambda generator: (background, figure, coverage))
        return draw_shapes(shapes.CHUNK, seed=0)

    one, other = drawn_with(figure), drawn_with(1 - figure)
    changed = (one.pictures != other.pictures).any(1)
    assert one.masks is not None
    assert other.masks is not None
    assert torch.equal(one.masks, other.masks)
    assert not changed[~one.masks].any()
    assert changed[one.masks].float().mean() > 0.95  # and inside of it, it is the figure
    bare = (background * 255).round().byte()
    outside = ~one.masks[:, None].expand_as(bare)
    assert torch.equal(one.pictures[outside], bare[outside])
    inside = (coverage == 1)[:, None].expand_as(bare)
    assert torch.equal(one.pictures[inside], (figure * 255).round().byte()[inside])


def test_every_figure_lies_within_its_picture(drawn):
    # Whole, and with room for the antialiased edge: nowhere is more than a third of the border covered.
    border = torch.ones(32, 32, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert drawn.masks[:, border].float().mean(1).max() < 0.34
    assert (drawn.masks.flatten(1).sum(1) > 40).all()


def moments(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The figures' area in px and the radius, in px, of the smallest disc around their centre of mass."""
    place = torch.arange(32.0)
    area = masks.flatten(1).sum(1).float()
    y, x = ((masks.sum(axis) * place).sum(1) / area for axis in (2, 1))
    distance = (place.view(1, 32, 1) - y.view(-1, 1, 1)) ** 2 + (place.view(1, 1, 32) - x.view(-1, 1, 1)) ** 2
    return area, (distance * masks).flatten(1).max(1).values.sqrt()


def test_the_figures_fill_their_outline_as_their_kind_does(drawn):
    area, radius = moments(drawn.masks)
    filled = area / (math.pi * (radius + 0.5) ** 2)
    mean = {kind: filled[drawn.labels == number].mean().item() for number, kind in enumerate(KINDS)}
    # Of the disc around it: a little less than geometry says, since the outermost pixel of a few decides its radius.
    expected = {"disc": 1, "square": 2 / math.pi, "triangle": 0.41, "ring": 1 - 0.56**2 / 0.96**2, "cross": 0.61}
    for kind, value in expected.items():
        assert 0.88 * value < mean[kind] < 1.1 * value, kind
    for kind in ("arrow", "crescent", "heart", "hourglass", "star"):
        assert 0.3 < mean[kind] < 0.6, kind


def test_a_ring_and_a_crescent_are_not_filled_and_a_cross_is():
    data = draw_shapes(400, seed=2)
    assert data.masks is not None
    place = torch.arange(32.0)
    area = data.masks.flatten(1).sum(1)
    y, x = ((data.masks.sum(axis) * place).sum(1) / area for axis in (2, 1))
    middle = data.masks[torch.arange(400), y.round().long(), x.round().long()]
    share = {kind: middle[data.labels == number].float().mean().item() for number, kind in enumerate(KINDS)}
    assert share["ring"] == 0
    assert min(share[kind] for kind in ("cross", "disc", "heart", "square", "star", "triangle")) == 1


# The figures


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_fits_the_unit_disc_and_almost_fills_it(kind):
    line = torch.linspace(-1.6, 1.6, 321)
    y, x = line.view(-1, 1), line.view(1, -1)
    inside = shapes.FIGURES[kind](x, y) <= 0
    reach = (x * x + y * y).sqrt().expand_as(inside)[inside]
    assert 0.9 < reach.max() < 1.1


@pytest.mark.parametrize("kind", KINDS)
def test_distances_grow_no_faster_than_one(kind):
    # Otherwise the edge would be blurred or ragged: coverage goes from 0 to 1 within one pixel of distance.
    torch.manual_seed(0)
    a, b = torch.rand(2, 20_000).mul(3).sub(1.5), torch.randn(2, 20_000).mul(0.01)
    change = (shapes.FIGURES[kind](*a) - shapes.FIGURES[kind](*(a + b))).abs()
    assert (change <= b.norm(dim=0) * 1.001 + 1e-6).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_coverage_is_nearly_the_covered_part_of_each_pixel(kind):
    """Against 16 x 16 points in each pixel: on average exact, nowhere far off but at corners."""
    scale, turn = 9.0, 0.3
    fine = (torch.arange(32 * 16) + 0.5) / 16 - 16
    coarse = torch.arange(32) + 0.5 - 16

    def distance(line):
        y, x = line.view(-1, 1) / scale, line.view(1, -1) / scale
        return (
            shapes.FIGURES[kind](x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn))
            * scale
        )

    exact = (distance(fine) <= 0).float().view(32, 16, 32, 16).mean((1, 3))
    found = shapes.covered(distance(coarse))
    assert (found - exact).abs().max() < 0.4
    assert abs(found.sum() / exact.sum() - 1) < 0.03


@pytest.mark.parametrize("one", KINDS)
def test_no_figure_is_another_one_turned(one):
    """However one is turned and scaled, at least a seventh of their union belongs to but one of two figures."""
    line = torch.linspace(-1.2, 1.2, 49)
    y, x = line.view(-1, 1), line.view(1, -1)
    mine = shapes.FIGURES[one](x, y) <= 0
    angle = torch.arange(0, 2 * math.pi, math.pi / 24).view(-1, 1, 1, 1)
    scale = torch.tensor([0.8, 0.9, 1.0, 1.1, 1.25]).view(-1, 1, 1)
    u, v = (x * angle.cos() + y * angle.sin()) * scale, (y * angle.cos() - x * angle.sin()) * scale
    for other in KINDS[: KINDS.index(one)]:
        theirs = shapes.FIGURES[other](u, v) <= 0
        alike = (mine & theirs).sum((2, 3)) / (mine | theirs).sum((2, 3))
        assert alike.max() < 6 / 7, other
    assert ((shapes.FIGURES[one](u, v) <= 0) & mine).any()


# The colours


def test_a_person_can_see_every_figure(chunk):
    """Figure and ground are apart in colour, all textures included."""
    background, figure, coverage = chunk
    inside = (coverage == 1)[:, None]
    around = (torch.nn.functional.max_pool2d(coverage[:, None], 5, 1, 2) > 0) & (coverage == 0)[:, None]
    means = [(layer * part).sum((2, 3)) / part.sum((2, 3)) for layer, part in ((figure, inside), (background, around))]
    assert ((means[0] - means[1]).norm(dim=1) > 0.3).all()


def test_colours_tell_nothing_about_the_class(drawn):
    """The mean colours of figure and ground are those of the other classes, within what chance gives."""
    values, masks = drawn.pictures.float() / 255, drawn.masks[:, None]
    for part in (masks, ~masks):
        colours = (values * part).sum((2, 3)) / part.sum((2, 3))  # [N, 3]
        spread = colours.std(0) / math.sqrt(100)
        for number in range(10):
            apart = (colours[drawn.labels == number].mean(0) - colours.mean(0)).abs()
            assert (apart < 4.5 * spread).all()


def test_places_sizes_and_turns_vary(drawn):
    place = torch.arange(32.0)
    for number, kind in enumerate(KINDS):
        masks = drawn.masks[drawn.labels == number]
        area, radius = moments(masks)
        y = (masks.sum(2) * place).sum(1) / area
        assert y.std() > 1.5, kind
        assert radius.max() > 1.4 * radius.min(), kind
    arrows = drawn.masks[drawn.labels == KINDS.index("arrow")].float()
    for turned in (arrows.flip(1), arrows.flip(2), arrows.transpose(1, 2)):  # no direction is preferred
        assert abs((arrows.mean(0) - turned.mean(0)).mean()) < 0.02
