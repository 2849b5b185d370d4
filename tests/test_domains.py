"""Domains: from a picture to what a network sees of it, and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Transpose
from torchvision.models import get_model_weights

from resnet_demo.images import CIFAR10, MOST_CROPS, Domain, Framed, imagenet, nameless

CORNERS = np.zeros((24, 40, 3), np.uint8)
CORNERS[:12, :20, 0] = CORNERS[:12, 20:, 1] = CORNERS[12:, :20, 2] = 255


@pytest.mark.parametrize("size", [(224, 224), (500, 375), (375, 500), (257, 256), (640, 427), (333, 1001), (100, 90)])
def test_imagenet_inputs_equal_torchvisions(size):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8))
    expected = get_model_weights("resnet50")["IMAGENET1K_V1"].transforms()(picture)[None]
    found = imagenet().to_input(picture)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-5


def test_imagenets_labels_are_torchvisions():
    assert list(imagenet().labels) == get_model_weights("resnet18")["IMAGENET1K_V1"].meta["categories"]


@pytest.mark.parametrize("domain", [CIFAR10, nameless(7), nameless(3, 224)], ids=["cifar", "nameless", "large"])
def test_an_input_shows_the_very_pixels_it_was_made_of(domain: Domain):
    pixels = np.random.default_rng(0).integers(0, 256, (domain.size, domain.size, 3), np.uint8)
    inputs = domain.to_input(Image.fromarray(pixels).resize((domain.size, domain.size)))
    if domain.resize == domain.size:
        assert np.array_equal(np.asarray(domain.to_picture(inputs)), pixels)
        assert np.array_equal(np.asarray(domain.to_picture(inputs[0])), pixels)
    # By hand: red is channel 0, rows are the first spatial axis.
    batch = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    batch[0, 0, 0, 1] = 255
    normalised = domain.normalise(batch)
    assert normalised[0, 0, 0, 1].item() == pytest.approx((1 - domain.mean[0]) / domain.std[0])
    assert normalised[0, 1, 0, 1].item() == pytest.approx(-domain.mean[1] / domain.std[1])
    assert domain.to_picture(normalised).getpixel((1, 0)) == (255, 0, 0)


def test_every_value_survives_normalising_and_back():
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    for domain in (CIFAR10, imagenet()):
        again = np.asarray(domain.to_picture(domain.normalise(values)))
        assert np.array_equal(again, values[0].permute(1, 2, 0).numpy())


def test_the_middle_of_the_picture_is_kept_and_turned_nowhere():
    wide = Image.new("RGB", (96, 32))
    wide.paste((255, 0, 0), (32, 0, 64, 16))
    wide.paste((0, 255, 0), (32, 16, 64, 32))
    cropped = CIFAR10.crop(wide)
    assert cropped.size == (32, 32)
    assert cropped.getpixel((0, 0)) == cropped.getpixel((31, 15)) == (255, 0, 0)
    assert cropped.getpixel((0, 16)) == cropped.getpixel((31, 31)) == (0, 255, 0)
    tall = CIFAR10.crop(wide.transpose(Transpose.ROTATE_90))
    assert tall.getpixel((0, 0)) == (255, 0, 0)
    assert tall.getpixel((31, 0)) == (0, 255, 0)


def test_the_view_for_a_person_shows_what_the_network_gets():
    picture = Image.fromarray(CORNERS).resize((400, 240), Image.Resampling.NEAREST)
    for domain in (CIFAR10, imagenet()):
        view = np.asarray(domain.view(picture, domain.size), dtype=float)
        seen = np.asarray(domain.crop(picture), dtype=float)
        assert np.abs(view - seen).mean() < 3


@pytest.mark.parametrize("domain", [CIFAR10, nameless(3, 224)], ids=["cifar", "large"])
@pytest.mark.parametrize("size", [(400, 240), (240, 400), (257, 256), (32, 32)])
def test_a_framed_picture_without_a_square_is_cropped_as_the_picture_itself(domain: Domain, size: tuple[int, int]):
    picture = Image.fromarray(CORNERS).resize(size, Image.Resampling.BICUBIC)
    assert domain.crop(Framed(picture)).tobytes() == domain.crop(picture).tobytes()
    assert domain.view(Framed(picture), 50).tobytes() == domain.view(picture, 50).tobytes()
    # And the square in the middle shows the same, though it is scaled in one step.
    middle = np.asarray(domain.crop(Framed(picture, domain.middle(picture))), dtype=float)
    assert np.abs(middle - np.asarray(domain.crop(picture), dtype=float)).mean() < 3


@pytest.mark.parametrize("square", [None, (0.1, 0.2, 0.5)])
def test_what_networks_see_of_a_framed_picture_is_made_once_for_each_domain(square, monkeypatch: pytest.MonkeyPatch):
    framed, reductions, resize = Framed(Image.fromarray(CORNERS), square), [], Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", lambda *given: reductions.append(given[1]) or resize(*given))
    domains = CIFAR10, nameless(3, 224)
    seen = [domain.crop(framed) for domain in domains]
    seen[0].paste("red", (0, 0, 9, 9))  # whoever draws into it does so for himself
    for domain in domains:
        assert domain.crop(framed).tobytes() == domain.crop(Framed(framed.picture, square)).tobytes()
    assert len(reductions) == 2 * len(domains)


def test_a_framed_picture_keeps_what_few_networks_see_of_it():
    """A visitor can upload any number of networks, each with classes of its own, and look at one picture with all."""
    picture = Image.fromarray(CORNERS)
    framed = Framed(picture)
    for domain in [*(nameless(classes, 64) for classes in range(2, 30)), CIFAR10, imagenet(), CIFAR10]:
        first = domain.crop(framed)
        assert first.tobytes() == domain.crop(picture).tobytes()
        first.paste((1, 2, 3), (0, 0, domain.size, domain.size))  # which is the caller's
        assert domain.crop(framed).tobytes() == domain.crop(picture).tobytes()
        assert len(framed._crops) <= MOST_CROPS


def test_a_square_is_cut_out_where_it_lies():
    picture = Image.new("RGB", (100, 50))
    picture.paste((255, 0, 0), (60, 10, 80, 30))
    framed = Framed(picture, (0.6, 0.2, 0.4))
    assert framed.box == pytest.approx((60, 10, 80, 30))
    for domain in (CIFAR10, nameless(3, 224)):
        seen = np.asarray(domain.crop(framed))
        assert seen.shape == (domain.size, domain.size, 3)
        edge = domain.size // 8
        assert (seen[edge:-edge, edge:-edge] == (255, 0, 0)).all()
    assert Framed(picture, (1.0, 1.0, 1.0)).box == pytest.approx((50, 0, 100, 50))
