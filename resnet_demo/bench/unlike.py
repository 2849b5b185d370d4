"""Fit and judge the probe of `models/unlike.py`, and compare what it could be made of.

`--photos` is a folder of photographs: those of CIFAR-10's ten things in `in/<class>`, others in `out`. The probe learns
to tell the first, and CIFAR-10's training pictures, from the others and from what can be drawn; photographs are
augmented. All figures are of photographs that had no part in the fit (five folds), with a threshold that had no part of
them either, and of CIFAR-10's test pictures. Only numbers leave this file, no picture does.

    python -m resnet_demo.bench.unlike --photos DIR --data-dir DIR --cache FILE > table.md
    python -m resnet_demo.bench.unlike --photos DIR --data-dir DIR --cache FILE --write assets/unlike.json
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageEnhance, ImageFont
from torch import Tensor

from ..data import load_dataset
from ..errors import InputError
from ..files import write_atomically
from ..images import CIFAR10, load_image
from ..models import zoo
from ..models.unlike import COMMITTEE, band_of, describe, views

BICUBIC = Image.Resampling.BICUBIC
FOLDS, REPEATS, SEED = 5, 3, 0
NOTED = 0.13  # the share of rightly named photographs that may get the note: the threshold lies there
SURE = 0.9
JUDGED = (("resnet20", 0), ("resnet56", 0))  # the networks whose answers to photographs are judged
AUGMENTED, DRAWN, TRAINING, TEST = 10, 250, 600, 600  # per photograph; of each kind; pictures of CIFAR-10
SAID = 5  # the last columns of `describe`: what the answers have in common

# --- pictures -------------------------------------------------------------------------------------------------------


def augmented(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random part of a photograph, stretched a little, perhaps mirrored, in other light: 32 x 32."""
    width, height = picture.size
    short = min(width, height)
    a = rng.uniform(0.55, 1) * short
    b = np.clip(a * np.exp(rng.uniform(-0.35, 0.35)), 0.4 * short, max(width, height))
    w, h = (b, a) if width >= height else (a, b)
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return jittered(picture.resize((32, 32), BICUBIC, (left, top, left + w, top + h)), rng)


def jittered(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(rng.uniform(0.7, 1.3))
    return picture


def softened(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = int(rng.integers(18, 30))
    return jittered(picture.resize((side, side), BICUBIC).resize((32, 32), BICUBIC), rng)


def colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def noise(rng: np.random.Generator, side: int) -> Image.Image:
    if rng.random() < 0.5:
        return Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
    grey = rng.normal(128, rng.uniform(20, 80), (side, side, int(rng.choice([1, 3]))))
    return Image.fromarray(np.broadcast_to(grey.clip(0, 255), (side, side, 3)).astype(np.uint8))


def clouds(rng: np.random.Generator, side: int) -> Image.Image:
    few = int(rng.integers(2, 12))
    return Image.fromarray(rng.integers(0, 256, (few, few, 3), dtype=np.uint8)).resize((side, side), BICUBIC)


def plain(rng: np.random.Generator, side: int) -> Image.Image:
    """One colour, or two beside each other, or a gradient."""
    first, second = colour(rng), colour(rng) if rng.random() < 0.5 else None
    if second is None:
        return Image.new("RGB", (side, side), first)
    two = Image.fromarray(np.array([first, second], dtype=np.uint8)[:, None])
    how = Image.Resampling.BILINEAR if rng.random() < 0.5 else Image.Resampling.NEAREST
    return two.resize((side, side), how).rotate(90 * int(rng.integers(4)))


def texture(rng: np.random.Generator, side: int) -> Image.Image:
    """Waves, stripes, checks or rings."""
    y, x = np.mgrid[:side, :side] / side
    f, t, kind = rng.uniform(2, 14) * 2 * np.pi, rng.uniform(0, np.pi), rng.random()
    wave = np.sin(f * (x * np.cos(t) + y * np.sin(t)))
    if kind < 0.3:
        wave = wave * np.sin(f * (y * np.cos(t) - x * np.sin(t)))
    elif kind < 0.5:
        wave = np.sin(f * np.hypot(x - 0.5, y - 0.5))
    if rng.random() < 0.5:
        wave = np.sign(wave)
    first, second = np.array(colour(rng)), np.array(colour(rng))
    return Image.fromarray((first + (second - first) * (wave[..., None] + 1) / 2).astype(np.uint8))


def text(rng: np.random.Generator, _side: int) -> Image.Image:
    paper = tuple(int(v) for v in rng.integers(200, 256, 3))
    ink = tuple(int(v) for v in rng.integers(0, 90, 3))
    if rng.random() < 0.3:
        paper, ink = ink, paper
    picture, size = Image.new("RGB", (256, 256), paper), int(rng.integers(10, 60))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for y in range(int(rng.integers(0, 40)), 256, int(size * rng.uniform(1.1, 1.8))):
        line = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyzABCDEFG 0123456789 .,"), int(rng.integers(2, 40))))
        draw.text((int(rng.integers(0, 30)), y), line, ink, font)
    return picture


def shapes(rng: np.random.Generator, _side: int) -> Image.Image:
    picture = Image.new("RGB", (256, 256), colour(rng))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 8))):
        (x, y), (w, h), fill, kind = rng.uniform(-40, 220, 2), rng.uniform(15, 180, 2), colour(rng), rng.integers(4)
        box = (x, y, x + w, y + h)
        if kind == 0:
            draw.ellipse(box, fill)
        elif kind == 1:
            draw.rectangle(box, fill)
        elif kind == 2:
            draw.line(box, fill, int(rng.integers(2, 25)))
        else:
            draw.polygon([tuple(rng.uniform(0, 256, 2)) for _ in range(int(rng.integers(3, 6)))], fill)
    return picture


DRAWINGS: dict[str, Callable[[np.random.Generator, int], Image.Image]] = {
    "noise": noise, "clouds": clouds, "plain": plain, "texture": texture, "text": text, "shapes": shapes,
}  # fmt: skip


# --- what the committee makes of them -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """The probe's inputs [N, views, D], and what the judged networks answer to the photographs."""

    classes: list[int]  # of each photograph, -1: none of the ten
    photos: np.ndarray
    augmented: np.ndarray
    drawn: np.ndarray
    training: np.ndarray
    test: np.ndarray
    answers: dict[str, np.ndarray]  # probabilities [photographs, 10], by network


def photographs(folder: Path) -> tuple[list[Path], list[int]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise InputError("There are no pictures in {path}.", path=folder)
    known = [path.parent.name in CIFAR10.labels for path in paths]
    return paths, [CIFAR10.labels.index(p.parent.name) if k else -1 for p, k in zip(paths, known, strict=True)]


def see(photos: Path, data_dir: str | None) -> Seen:
    """Look at everything once. A quarter of an hour of one core."""
    rng, (paths, classes) = np.random.default_rng(SEED), photographs(photos)
    opened = [load_image(path) for path in paths]
    training, test = load_dataset("cifar10", True, data_dir), load_dataset("cifar10", False, data_dir)
    taken = [as_image(training.pictures[int(i)]) for i in rng.permutation(len(training.pictures))[:TRAINING]]
    changes = (lambda picture, _rng: picture, jittered, softened)
    taken = [changes[i % 3](picture, rng) for i, picture in enumerate(taken)]
    drawn = [draw(rng, int(rng.choice([32, 48, 64, 128, 256]))) for draw in DRAWINGS.values() for _ in range(DRAWN)]
    parts = [CIFAR10.pixels(augmented(picture, rng)) for picture in opened for _ in range(AUGMENTED)]
    answers = {}
    for name in zoo.names():
        for seed in zoo.bundled_seeds(name):
            network = zoo.load(name, seed)
            pixels = torch.cat([CIFAR10.pixels(picture) for picture in opened])
            with torch.no_grad():
                found = [network(CIFAR10.normalise(chunk)).softmax(1) for chunk in pixels.split(128)]
            answers[zoo.training_name(name, seed)] = torch.cat(found).numpy()
            print(zoo.training_name(name, seed), file=sys.stderr)
    return Seen(
        classes,
        look(views(picture) for picture in opened),
        look(parts),
        look(CIFAR10.pixels(picture) for picture in drawn),
        look(views(picture) for picture in taken),
        look(views(as_image(picture)) for picture in test.pictures[:TEST]),
        answers,
    )


def as_image(pixels: Tensor) -> Image.Image:
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def look(pictures: Iterable[Tensor]) -> np.ndarray:
    """uint8 [V, 3, 32, 32] each -> float32 [N, V, D]"""
    chunks = torch.stack(list(pictures)).split(24)
    return torch.cat([describe(chunk).float() for chunk in chunks]).numpy()


# --- the probe ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """What the probe is made of: weights of what it is fitted on, its loss, its inputs."""

    name: str = "the probe"
    cifar: float = 2.0
    augmented: float = 1.0
    drawn: float = 0.5
    penalty: float = 0.03
    loss: str = "logistic"
    views: tuple[int, ...] = tuple(range(11))
    columns: slice = field(default_factory=lambda: slice(None))


def rows(seen: Seen, chosen: np.ndarray, variant: Variant) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs [n, D], whether they show one of the ten, and weights that sum to the same for either."""
    known = np.array(seen.classes)[chosen] >= 0
    each = seen.augmented.reshape(len(seen.classes), AUGMENTED, -1)
    drawn = seen.drawn.reshape(len(DRAWINGS), DRAWN, -1)[:, : DRAWN * 2 // 3]  # the rest is judged
    groups = [
        (seen.photos[chosen[known]][:, list(variant.views)], True, 1.0),
        (seen.photos[chosen[~known]][:, list(variant.views)], False, 1.0),
        (each[chosen[known]], True, variant.augmented),
        (each[chosen[~known]], False, variant.augmented),
        (drawn, False, variant.drawn),
        (turns(seen.training[:, list(variant.views)]), True, variant.cifar),
    ]
    groups = [(x.reshape(-1, x.shape[-1])[:, variant.columns], t, w) for x, t, w in groups if w]
    x = np.concatenate([x for x, _, _ in groups]).astype(np.float64)
    target = np.concatenate([np.full(len(x), t) for x, t, _ in groups])
    weight = np.concatenate([np.full(len(x), w / len(x)) for x, _, w in groups])
    return x, target, weight / weight.sum()


def turns(x: np.ndarray) -> np.ndarray:
    """[N, views, D] -> at most three views of each, in turn, so that all are there equally often."""
    count = x.shape[1]
    return np.concatenate([x[np.arange(len(x)), (np.arange(len(x)) + i) % count] for i in range(min(3, count))])


def fit(x: np.ndarray, target: np.ndarray, weight: np.ndarray, variant: Variant) -> tuple[np.ndarray, float]:
    """Weights and bias of a linear probe; its inputs are standardised for the fit, with an L2 penalty on the weights.

    The logistic loss by Newton's method (iteratively reweighted least squares), whose first step is ridge regression.
    """
    mean = weight @ x
    std = np.sqrt(weight @ (x - mean) ** 2) + 1e-6
    z = np.column_stack([(x - mean) / std, np.ones(len(x))])
    penalty = np.diag([*np.full(x.shape[1], variant.penalty), 0])
    b = np.zeros(z.shape[1])
    for _ in range(1 if variant.loss == "ridge" else 12):
        p = 1 / (1 + np.exp(-(z @ b).clip(-30, 30)))
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + penalty
        b -= np.linalg.solve(hessian, z.T @ (weight * (p - target)) + penalty @ b)
    b[:-1] /= std
    return b[:-1], float(b[-1] - mean @ b[:-1])


@dataclass(frozen=True)
class Scores:
    """How unlike photographs, drawings and test pictures are by probes that were not fitted on them."""

    photos: np.ndarray
    fold: np.ndarray
    drawn: np.ndarray  # [kinds, pictures]
    test: np.ndarray


def cross_validated(seen: Seen, variant: Variant, seed: int) -> Scores:
    rng, known = np.random.default_rng(seed), np.array(seen.classes) >= 0
    fold = np.empty(len(known), int)
    for half in (known, ~known):
        fold[half] = rng.permutation(np.arange(half.sum()) % FOLDS)
    photos, drawn, test = np.zeros(len(known)), [], []
    for k in range(FOLDS):
        b, bias = fit(*rows(seen, np.flatnonzero(fold != k), variant), variant)

        def score(x: np.ndarray, b: np.ndarray = b, bias: float = bias) -> np.ndarray:
            return -(x[..., variant.columns] @ b + bias).mean(-1)

        photos[fold == k] = score(seen.photos[fold == k][:, list(variant.views)])
        drawn.append(score(seen.drawn.reshape(len(DRAWINGS), DRAWN, 1, -1)[:, DRAWN * 2 // 3 :]))
        test.append(score(seen.test[:, list(variant.views)]))
    return Scores(photos, fold, np.mean(drawn, 0), np.mean(test, 0))


# --- figures --------------------------------------------------------------------------------------------------------


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """The area under the ROC: how often a positive has a higher score than a negative."""
    above = score[positive][:, None] - score[~positive]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def named_rightly(seen: Seen, name: str) -> np.ndarray:
    classes = np.array(seen.classes)
    return (classes >= 0) & (seen.answers[name].argmax(1) == classes)


def threshold(seen: Seen, score: np.ndarray, chosen: np.ndarray) -> float:
    """Above it lies the share NOTED of the chosen photographs that are named rightly, averaged over networks."""
    names = [zoo.training_name(*network) for network in JUDGED]
    return float(np.mean([np.quantile(score[chosen & named_rightly(seen, name)], 1 - NOTED) for name in names]))


def noted(seen: Seen, scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Which photographs get the note, each by a threshold from the other folds; and these thresholds."""
    edges = np.array([threshold(seen, scores.photos, scores.fold != k) for k in range(FOLDS)])
    return scores.photos > edges[scores.fold], edges


def judge(seen: Seen, scores: Scores) -> dict[str, float]:
    known = np.array(seen.classes) >= 0
    fires, edges = noted(seen, scores)
    found = {"auroc": auroc(scores.photos, ~known), "others": fires[~known].mean()}
    for network in JUDGED:
        name = zoo.training_name(*network)
        found[f"{name} right"] = fires[named_rightly(seen, name)].mean()
        found[f"{name} sure"] = (~fires & (seen.answers[name].max(1) > SURE))[~known].mean()
    found["test"] = (scores.test > edges.mean()).mean()
    found["drawn"] = (scores.drawn > edges.mean()).mean()
    return {key: float(value) for key, value in found.items()}


def measured(seen: Seen, variant: Variant, repeats: int = 1) -> dict[str, float]:
    """The same, averaged over several divisions into folds."""
    return averaged([judge(seen, cross_validated(seen, variant, SEED + repeat)) for repeat in range(repeats)])


def averaged(found: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in found])) for key in found[0]}


def energy(seen: Seen, over: list[int]) -> dict[str, float]:
    """What the mean energy of the committee does as a detector, in these views."""
    none = np.zeros(len(seen.classes), int)
    column = -2  # of `describe`
    photos, test = (-x[..., column][:, over].mean(1) for x in (seen.photos, seen.test))
    drawn = -seen.drawn[..., column].reshape(len(DRAWINGS), DRAWN)
    fold = np.random.default_rng(SEED).permutation(np.arange(len(none)) % FOLDS)
    return judge(seen, Scores(photos, fold, drawn, test))


def variants() -> list[Variant]:
    base = Variant()
    return [
        base,
        *(replace(base, name=f"penalty {p}", penalty=p) for p in (0.001, 0.003, 0.01, 0.1)),
        *(replace(base, name=f"squared loss (ridge), penalty {p}", loss="ridge", penalty=p) for p in (0.03, 0.1)),
        *(replace(base, name=f"CIFAR-10 weighs {w}", cifar=w) for w in (0.5, 1.0, 4.0)),
        *(replace(base, name=f"augmented photographs weigh {w}", augmented=w) for w in (0.0, 0.3, 3.0)),
        *(replace(base, name=f"drawings weigh {w}", drawn=w) for w in (0.0, 0.2, 1.0)),
        replace(base, name="features alone", columns=slice(None, -SAID)),
        replace(base, name="what the answers have in common alone", columns=slice(-SAID, None)),
        replace(base, name="middle square alone", views=(0,)),
        replace(base, name="middle square and squeezed", views=(0, 1)),
        replace(base, name="middle, squeezed, letterbox, both ends", views=(0, 1, 2, 5, 6)),
        replace(base, name="the same and two zooms", views=(0, 1, 2, 3, 4, 5, 6)),
    ]


def table(seen: Seen) -> Iterable[str]:
    names = [zoo.training_name(*network) for network in JUDGED]
    columns = ["auroc", "others", *(f"{n} {what}" for n in names for what in ("right", "sure")), "test", "drawn"]
    titles = ["AUROC", "others noted", *(f"{n}: {what}" for n in names for what in ("right, noted", "sure, no note"))]
    yield "| changed | " + " | ".join([*titles, "CIFAR-10 noted", "drawn noted"]) + " |"
    yield "| --- |" + " ---: |" * len(columns)
    lines: list[tuple[str, Callable[[], dict[str, float]]]] = [
        ("energy, middle square", lambda: energy(seen, [0])),
        ("energy, mean of all views", lambda: energy(seen, list(range(11)))),
        *((v.name, lambda v=v: measured(seen, v, REPEATS)) for v in variants()),
    ]
    for name, figures in lines:
        found = figures()
        cells = [f"{found[c]:.3f}" if c == "auroc" else f"{100 * found[c]:.1f} %" for c in columns]
        yield f"| {name} | " + " | ".join(cells) + " |"


def records(seen: Seen, fires: np.ndarray) -> dict[str, Any]:
    """By network, note and band of probability: of each class that was called, how often rightly, and how often."""
    found: dict[str, Any] = {}
    for name, p in seen.answers.items():
        found[name] = {"noted": [{}, {}, {}], "not noted": [{}, {}, {}]}
        for called, sure, truth, fired in zip(p.argmax(1), p.max(1), seen.classes, fires, strict=True):
            counts = found[name]["noted" if fired else "not noted"][band_of(float(sure))]
            right, of = counts.get(CIFAR10.labels[called], (0, 0))
            counts[CIFAR10.labels[called]] = [right + int(called == truth), of + 1]
    return found


def shipped(seen: Seen, command: str) -> dict[str, Any]:
    """The probe fitted on all photographs, with what was measured of those that were fitted on fewer."""
    variant, known = Variant(), np.array(seen.classes) >= 0
    b, bias = fit(*rows(seen, np.arange(len(known)), variant), variant)
    all_scores = [cross_validated(seen, variant, SEED + repeat) for repeat in range(REPEATS)]
    mean = np.mean([scores.photos for scores in all_scores], 0)
    found = averaged([judge(seen, scores) for scores in all_scores])
    names = [zoo.training_name(*network) for network in JUDGED]
    edge = threshold(seen, mean, np.ones(len(known), bool))
    return {
        "provenance": {
            "command": command, "date": date.today().isoformat(), "seed": SEED,
            "committee": [zoo.training_name(*network) for network in COMMITTEE],
            "photographs": {"of the ten things": int(known.sum()), "of others": int((~known).sum())},
            "cross-validated": {"folds": FOLDS, "repeats": REPEATS, **{k: round(v, 4) for k, v in found.items()}},
        },
        "rates": {
            "known": round(float(np.mean([found[f"{name} right"] for name in names])), 3),
            "others": round(found["others"], 3),
        },
        "threshold": round(edge, 6),
        "bias": round(bias, 6),
        "weights": [round(float(value), 6) for value in b],
        "records": records(seen, mean > edge),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photographs: in/<class> and out")
    parser.add_argument("--data-dir", help="where CIFAR-10 is")
    parser.add_argument("--cache", type=Path, help="a file for what the committee makes of the pictures")
    parser.add_argument("--write", type=Path, help="write the probe here; else the table is printed")
    asked = parser.parse_args()
    if asked.cache and asked.cache.is_file():
        seen = Seen(**torch.load(asked.cache, weights_only=False))
    else:
        seen = see(asked.photos, asked.data_dir)
        if asked.cache:
            torch.save(vars(seen), asked.cache)
    if asked.write:
        command = shlex.join(["python", "-m", "resnet_demo.bench.unlike", "--photos", "DIR", "--data-dir", "DIR"])
        probe = shipped(seen, command + f" --write {asked.write.name}")
        write_atomically(asked.write, (json.dumps(probe, indent=1) + "\n").encode())
        print(json.dumps(probe["provenance"]["cross-validated"], indent=1))
    else:
        for line in table(seen):
            print(line, flush=True)


if __name__ == "__main__":
    main()
