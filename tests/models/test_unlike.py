from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from resnet_demo.assets import asset
from resnet_demo.data import load_dataset
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, Framed, load_image
from resnet_demo.models import unlike, zoo
from resnet_demo.models.predict import Prediction
from resnet_demo.models.resnet import ResNet, ResNetConfig

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "photos"


def gradient(width: int, height: int) -> Image.Image:
    ramp = np.linspace(0, 255, width)[None, :, None] + np.zeros((height, 1, 3))
    return Image.fromarray(ramp.astype(np.uint8))


def test_a_picture_is_seen_in_eleven_ways() -> None:
    seen = unlike.views(gradient(96, 32)).float()
    assert seen.shape == (11, 3, 32, 32)
    middle, squeezed, letterbox, *_zooms, left, right = seen[:7].mean((1, 2, 3))
    assert middle == pytest.approx(squeezed, abs=2)
    assert left < 60 < 195 < right
    assert letterbox == pytest.approx(127, abs=2)
    assert torch.equal(seen[0], torch.from_numpy(np.asarray(CIFAR10.crop(gradient(96, 32)))).permute(2, 0, 1).float())


def test_a_square_is_its_own_letterbox_and_a_chosen_square_is_all_that_counts() -> None:
    square = unlike.views(gradient(64, 64))
    assert all(torch.equal(square[0], square[view]) for view in (1, 2, 5, 6))
    chosen = unlike.views(Framed(gradient(96, 32), (0.0, 0.0, 1.0)))
    assert torch.equal(chosen, unlike.views(gradient(96, 32).crop((0, 0, 32, 32))))


@pytest.mark.parametrize("size", [(8, 160), (160, 8), (8, 8), (3000, 2000)])
def test_any_picture_that_can_be_loaded_is_judged(size: tuple[int, int]) -> None:
    found = unlike.judge(Image.new("RGB", size, "teal"))
    assert np.isfinite(found.score)


def test_what_the_committee_says_by_hand() -> None:
    """Against each network's own forward pass, one picture at a time."""
    pictures = torch.randint(0, 256, (2, 3, 3, 32, 32), dtype=torch.uint8)
    pictures[1, 2] = pictures[1, 0]
    found = unlike.describe(pictures)
    networks = [zoo.load(name, seed) for name, seed in unlike.COMMITTEE]
    with torch.no_grad():
        logits = torch.stack([n(CIFAR10.normalise(pictures[1, 2:3]))[0].double() for n in networks])
    p = logits.softmax(1)
    best = p.mean(0).max()
    entropies = -(p * p.log()).sum(1)
    mean = -(p.mean(0) * p.mean(0).log()).sum()
    expected = torch.stack([
        torch.log((best + 1e-3) / (1 - best + 1e-3)), mean, mean - entropies.mean(),
        logits.logsumexp(1).mean(), logits.max(1).values.mean(),
    ])  # fmt: skip
    assert found.shape == (2, 3, 4 * 64 + 5)
    torch.testing.assert_close(found[1, 2, -5:], expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[1, 2], found[1, 0])
    torch.testing.assert_close(found[..., :64].norm(dim=-1), torch.ones(2, 3, dtype=torch.float64))


def test_only_trained_networks_of_the_ten_things_are_judged_by_the_probe(tiny_model: ResNet) -> None:
    picture = load_image(asset("examples", "cat.png"))
    trained = unlike.unlike(zoo.load("plain20"), picture)
    assert trained is not None
    assert trained.rates is not None
    assert trained == unlike.unlike(zoo.load("resnet20", epoch=1), asset("examples", "cat.png"))  # the picture alone
    own = ResNet(ResNetConfig((1,), (4,)), seed=0)
    own.domain = replace(CIFAR10, name="mine", labels=tuple(label.title() for label in CIFAR10.labels[::-1]))
    assert unlike.unlike(own, picture) == trained
    assert unlike.unlike(zoo.build("resnet20", 0), picture) is None
    assert unlike.unlike(zoo.load("resnet20", epoch=0), picture) is None
    with pytest.raises(InputError):
        unlike.unlike(own, b"no picture")


def test_other_networks_keep_the_energy_where_it_was_measured() -> None:
    own, picture = ResNet(ResNetConfig((1,), (4,), classes=3), seed=0), Image.new("RGB", (32, 32))
    assert unlike.unlike(own, picture, torch.zeros(3)) is None
    own.provenance = {"energy_percentiles": [float(value) for value in range(100)]}
    low, high = (unlike.unlike(own, picture, torch.tensor([e, -99.0, -99.0])) for e in (4.5, 5.5))
    assert low is not None
    assert high is not None
    assert low.rates is None
    assert low.noted is False  # 5 of 100 lie below
    low = unlike.unlike(own, picture, torch.tensor([3.5, -99.0, -99.0]))
    assert low is not None
    assert low.noted
    assert "96 % of the mine test pictures" in str(unlike.note(low, "mine"))
    assert unlike.unlike(own, picture) is None


def noise(rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))


def plain(rng: np.random.Generator) -> Image.Image:
    return Image.new("RGB", (100, 60), tuple(int(v) for v in rng.integers(0, 256, 3)))


def page(rng: np.random.Generator) -> Image.Image:
    picture, size = Image.new("RGB", (300, 220), (250, 250, 245)), int(rng.integers(12, 40))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for y in range(5, 220, int(size * 1.4)):
        words = ("".join(rng.choice(list("etaoinshrdlu"), int(rng.integers(1, 9)))) for _ in range(9))
        draw.text((8, y), " ".join(words), (20, 20, 30), font)
    return picture


@pytest.mark.parametrize("draw", [noise, plain, page])
def test_what_shows_nothing_gets_the_note(draw: Callable[[np.random.Generator], Image.Image]) -> None:
    rng = np.random.default_rng(7)
    assert np.mean([unlike.judge(draw(rng)).noted for _ in range(30)]) >= 0.9


def test_the_examples_do_not_get_it() -> None:
    assert [p.stem for p in sorted(asset("examples").glob("*.png")) if unlike.judge(load_image(p)).noted] == []


def test_cifars_test_pictures_rarely_get_it(shared_data: Path) -> None:
    pictures = load_dataset("cifar10", False, shared_data).pictures[-100:]  # the probe was judged on the first 600
    images = [Image.fromarray(pixels.permute(1, 2, 0).numpy()) for pixels in pictures]
    assert np.mean([unlike.judge(image).noted for image in images]) <= 0.1


@pytest.fixture(scope="module")
def photographs() -> list[tuple[str, Tensor, bool]]:
    """Of each photograph its folder, a network's input, and whether it gets the note; of other things every second."""
    if not PHOTOS.is_dir():
        pytest.skip(f"there are no photographs in {PHOTOS}")
    paths = sorted(PHOTOS.rglob("*.jp*g"))
    others = [path for path in paths if path.parent.name not in CIFAR10.labels]
    pictures = ((path, load_image(path)) for path in paths if path not in others[1::2])
    return [(path.parent.name, CIFAR10.to_input(seen), unlike.judge(seen).noted) for path, seen in pictures]


@pytest.mark.parametrize("name", ["resnet20", "resnet56"])
def test_photographs(name: str, photographs: list[tuple[str, Tensor, bool]]) -> None:
    """The shipped probe has seen these: that it keeps what was cross-validated says that it is the one measured."""
    network, rows = zoo.load(name), []
    for folder, seen, noted in photographs:
        with torch.no_grad():
            p = network(seen)[0].softmax(0)
        known = folder in CIFAR10.labels
        right = known and CIFAR10.labels[int(p.argmax())] == folder
        rows.append((known, right, bool(p.max() > 0.9), noted))
    assert len(rows) > 300
    known, right, sure, noted = np.array(rows, dtype=bool).T
    assert noted[right].mean() <= 0.15
    assert (sure & ~noted)[~known].mean() <= 0.075
    assert noted[~known].mean() >= 0.75


def test_records_are_the_counts_of_like_answers() -> None:
    counts = unlike._probe()["records"]
    assert all(
        sum(of for band in halves for _, of in band.values()) > 0
        for name in counts for halves in counts[name].values()
    )  # fmt: skip
    of_noted = counts["resnet20"]["noted"][2]
    often = max(of_noted, key=lambda label: of_noted[label][1])
    photo = Image.new("RGB", (256, 192))
    found = unlike.record("resnet20", 0, photo, Prediction(0, often, 0.0, 0.95), True)
    right, of = of_noted[often]
    assert found is not None
    assert found == unlike.Record(right, of, often, 2, True)
    assert f"when it said {often} with more than 90 %" in str(unlike.reading(found, often))
    pooled = unlike.record("resnet20", 0, Framed(photo), Prediction(0, "no class", 0.0, 0.95), True)
    assert pooled is not None
    assert pooled.label is None
    assert pooled.of == sum(of for _, of in of_noted.values())
    assert "when it answered with" in str(unlike.reading(pooled, "no class"))
    assert unlike.record("resnet8", 0, photo, Prediction(0, often, 0.0, 0.95), True) is None
    of_cifar = Image.new("RGB", (32, 32))  # was not counted among photographs
    assert unlike.record("resnet20", 0, of_cifar, Prediction(0, often, 0.0, 0.95), True) is None


@pytest.mark.parametrize(
    ("right", "of", "band", "good"),
    [(9, 10, 2, True), (8, 10, 2, False), (5, 10, 1, True), (4, 10, 1, False), (0, 10, 0, True)],
)
def test_a_record_bears_an_answer_out_or_not(right: int, of: int, band: int, good: bool) -> None:
    assert unlike.Record(right, of, "dog", band, False).bears_out == good


def test_bands() -> None:
    assert [unlike.band_of(p) for p in (0.2, 0.5, 0.51, 0.9, 0.91)] == [0, 0, 1, 1, 2]
