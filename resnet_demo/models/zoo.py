"""Every named network: its config, its weights, what they were trained on and how accurate they are."""

from __future__ import annotations

import glob
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from ..assets import asset
from ..errors import InputError, similar
from ..i18n import _, _n
from ..images import CIFAR10, imagenet, nameless
from . import hub, published
from .names import names
from .resnet import ResNet, ResNetConfig
from .weights import SUFFIXES, load_file, read_metadata

IMAGENET_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
IMAGENET_WIDTHS = (64, 128, 256, 512)
TITLES = {"resnet": "ResNet", "preresnet": "Pre-ResNet", "plain": "Plain"}
PLAIN = "plain network of"  # how a network without shortcuts is described that has no name
MOST_SEEDS = 10  # from which a network's bundled weights may be trained: 0 to 9


# How menus and lists group networks, in this order: by where their weights are from.
GROUPS = {
    "bundled": _("Trained here, on CIFAR-10"),
    "download": _("ImageNet"),
    "own": _("Yours"),
    "none": _("To train: no weights yet"),
}


@dataclass(frozen=True)
class Network:
    """An entry of the zoo. `weights` is "bundled", "download" or "none": its group."""

    name: str
    config: ResNetConfig
    family: str
    dataset: str
    weights: str


def _imagenet(depth: int, plain: bool) -> ResNetConfig:
    block = "basic" if depth < 50 else "bottleneck"
    return ResNetConfig(IMAGENET_STAGES[depth], IMAGENET_WIDTHS, block, "imagenet", "B", plain, classes=1000)


def training_name(name: str, seed: int) -> str:
    """What a network trained from this seed is called: resnet56, resnet56-seed1."""
    return f"{name}-seed{seed}" if seed else name


def bundled_weights(name: str, seed: int = 0) -> Path | None:
    """The file of a network's bundled weights, if it has any that were trained from this seed."""
    stem = training_name(name, seed)
    path = asset("weights", f"{stem}.safetensors")
    return path if path.is_file() else next(path.parent.glob(f"{glob.escape(stem)}-00001-of-*.safetensors"), None)


def _snapshot(name: str, seed: int, epoch: int) -> Path:
    return asset("weights", f"{training_name(name, seed)}-epoch{epoch}.safetensors")


def epochs(name: str, seed: int = 0) -> list[int]:
    """The epochs of a bundled training after which its network is kept, for `load`; none where it has no snapshots.

    0 is the network that the training began with, the last one are the bundled weights themselves.
    """
    end = bundled_weights(name, seed)
    if end is None:
        return []
    files = end.parent.glob(f"{glob.escape(training_name(name, seed))}-epoch*.safetensors")
    found = (re.fullmatch(r".+-epoch(\d+)", path.stem) for path in files)
    kept = sorted(int(match[1]) for match in found if match)
    return [0, *kept, read_metadata(end)["provenance"]["epochs"]] if kept else []


def bundled_seeds(name: str) -> list[int]:
    """The seeds that a network's bundled weights were trained from, one training each; 0 is the one that `load` takes.

    Several are needed to see how much the result of one and the same training varies with the seed.
    """
    return [seed for seed in range(MOST_SEEDS) if bundled_weights(name, seed)]


def network(name: str) -> Network:
    """Look a network up by its name.

    `resnet{d}` and `plain{d}` with d = 6n+2 are the paper's CIFAR family, of any depth, and `preresnet{d}` is the one
    with pre-activation blocks; where ImageNet has a network of that name (resnet50, resnet152), that one is meant.

    Raises InputError for a name that the zoo does not know.
    """
    match = re.fullmatch(r"(resnet|plain|preresnet)(\d{1,4})(-cifar)?", name := str(name))
    if match:
        kind, depth, plain = match[1], int(match[2]), match[1] == "plain"
        local = "bundled" if bundled_weights(name) else "none"
        if kind == "preresnet":
            if not match[3] and depth % 6 == 2 and 8 <= depth <= 1202:
                return Network(name, ResNetConfig.cifar(depth, block="preact"), "cifar", "cifar10", local)
        elif match[3]:
            if depth == 18:
                config = ResNetConfig(IMAGENET_STAGES[18], IMAGENET_WIDTHS, shortcut="B", plain=plain)
                return Network(name, config, "cifar", "cifar10", local)
        elif depth in IMAGENET_STAGES and not (plain and depth >= 50):
            weights = "download" if kind == "resnet" and local == "none" else local
            return Network(name, _imagenet(depth, plain), "imagenet", "imagenet", weights)
        elif depth % 6 == 2 and 8 <= depth <= 1202 and depth not in IMAGENET_STAGES:
            return Network(name, ResNetConfig.cifar(depth, plain), "cifar", "cifar10", local)
    meant = re.sub(r"[_ ]|-(?!cifar)", "", name.casefold())
    if near := [meant] if meant in names() else similar(meant, names()):
        raise InputError(
            "There is no network {name!r} (did you mean {near:or}?); there are resnet, preresnet and plain of depth 8, "
            "14, 20, … 6n+2, resnet18-cifar, plain18-cifar, resnet18, 34, 50, 101, 152 and plain18, 34.",
            name=name,
            near=near,
        )
    raise InputError(
        "There is no network {name!r}; there are resnet, preresnet and plain of depth 8, 14, 20, … 6n+2, "
        "resnet18-cifar, plain18-cifar, resnet18, 34, 50, 101, 152 and plain18, 34.",
        name=name,
    )


def has_weights(name: str) -> bool:
    """Whether a network's trained weights are on this computer."""
    weights = network(name).weights
    return weights == "bundled" or (weights == "download" and published.weights_of(name).here)


def is_plain(name: str) -> bool:
    """Whether a network of this name has no shortcuts, as the zoo calls it or as `name_of` describes it."""
    try:
        return network(name).config.plain
    except InputError:
        return name.startswith(PLAIN)


def title(name: str) -> str:
    """How a network is called in print: resnet20 -> ResNet-20, plain18-cifar -> Plain-18; other names stay."""
    match = re.fullmatch(r"(resnet|preresnet|plain)(\d+)(?:-cifar)?", name)
    return f"{TITLES[match[1]]}-{match[2]}" if match else name


def twin(name: str) -> str | None:
    """The same network with its shortcuts taken away or given back; None where there is none."""
    if not name.startswith(("plain", "resnet")):
        return None
    other = name.replace("plain", "resnet") if name.startswith("plain") else name.replace("resnet", "plain")
    try:
        return network(other).name
    except InputError:
        return None


def models() -> list[dict[str, Any]]:
    """The zoo as a table: name, depth, plain, family, dataset, params, weights, test_accuracy (a fraction, or None).

    `test_accuracies` are those of all bundled trainings of the network, seed by seed; `epochs` are those of the first
    one that have a snapshot, see `epochs`. Of weights that are downloaded, `megabytes` says how large they are, and
    `downloaded` whether they are on this computer.
    """
    return [
        {
            "name": entry.name,
            "depth": entry.config.depth,
            "plain": entry.config.plain,
            "family": entry.family,
            "dataset": entry.dataset,
            "params": count_parameters(entry.config),
            "weights": entry.weights,
            "test_accuracy": accuracies[0] if accuracies else of_torchvision and of_torchvision.accuracy,
            "test_accuracies": accuracies,
            "epochs": epochs(entry.name),
            "megabytes": of_torchvision.megabytes if of_torchvision else None,
            "downloaded": of_torchvision.here if of_torchvision else None,
        }
        for entry in map(network, names())
        for accuracies in [test_accuracies(entry.name)]
        for of_torchvision in [published.weights_of(entry.name) if entry.weights == "download" else None]
    ]


def histories(seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """How the networks bundled with this seed were trained, by name: the records with test figures, one per epoch."""
    paths = {name: bundled_weights(name, seed) for name in names()}
    return {name: read_metadata(path)["provenance"].get("history", []) for name, path in paths.items() if path}


def degradation_histories(seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """The histories of the paper's CIFAR networks and their twins alone: they differ in depth and shortcuts only."""
    configs = {name: network(name).config for name in names()}
    return {
        name: history
        for name, history in histories(seed).items()
        if (configs[name].widths, configs[name].block) == (ResNetConfig().widths, "basic")
    }


def sgd_histories() -> dict[str, list[dict[str, Any]]]:
    """The same of networks that SGD trained throughout; the bundled ones have Muon for the filters of the blocks.

    Their weights are not kept. Otherwise the recipe was `fast` as it was then: at 56 layers crops stayed small a little
    longer, and only there was batch norm measured anew at the end.
    """
    paths = {name: asset("histories", f"{name}-sgd.json") for name in names()}
    return {name: json.loads(path.read_text("utf-8"))["history"] for name, path in paths.items() if path.is_file()}


def trained_alike() -> bool:
    """Whether all bundled networks were trained by one recipe, for as many epochs, and all from seed 0 among others."""
    told = {name: _stories(name) for name in names()}
    # Where nothing stands, batch norm saw the whole batch.
    how = [
        [{"microbatch": None} | story.get("recipe", {}), story.get("epochs")]
        for stories in told.values()
        for story in stories
    ]
    return all(other == how[0] for other in how) and all(s[0].get("seed") == 0 for s in told.values() if s)


def test_accuracies(name: str) -> list[float]:
    """Of all bundled trainings of a network, seed by seed: fractions of the test set."""
    return [story["test_accuracy"] for story in _stories(name) if "test_accuracy" in story]


def _stories(name: str) -> list[dict[str, Any]]:
    """The provenance of a network's bundled weights, seed by seed."""
    paths = [bundled_weights(name, seed) for seed in bundled_seeds(name)]
    return [read_metadata(path)["provenance"] for path in paths if path]


@lru_cache
def count_parameters(config: ResNetConfig) -> int:
    with torch.device("meta"):  # shapes without memory: ResNet-152 is counted in milliseconds
        return sum(parameter.numel() for parameter in ResNet(config).parameters())


# Making networks


def build(name: str, seed: int | None = None, classes: int | None = None) -> ResNet:
    """A fresh network of the zoo, with random weights that depend on nothing but the seed.

    Raises InputError for an unknown name. (He et al. 2015, and what `ResNetConfig` names.)

    >>> model = build("resnet20", seed=0)
    >>> model.config.blocks, model.config.widths, count_parameters(model.config)
    ((3, 3, 3), (16, 32, 64), 269722)
    """
    entry = network(name)
    config, domain = entry.config, CIFAR10 if entry.family == "cifar" else imagenet()
    if classes is not None and classes != config.classes:
        config, domain = replace(config, classes=classes), nameless(classes, domain.size)
    model = ResNet(config, seed)
    model.domain = domain
    model.provenance = {"origin": "random initialisation", "seed": seed}
    return model


def load(
    source: str | Path,
    seed: int = 0,
    epoch: int | None = None,
    plain: bool | None = None,
    download: bool = True,
    **said: Any,
) -> ResNet:
    """A trained network: by its zoo name (bundled or downloaded weights), from a checkpoint file, or from the Hub.

    `source` may be `hf://user/name`, with `@revision` and `/file` where they are needed, see `hub`. `seed` chooses
    among bundled weights of the same network, see `bundled_seeds`; `epoch` a moment of their training, see `epochs`.
    `plain` and whatever else is `said` are about a file, see `weights.load_file`. With `download`, ImageNet weights
    that are not on this computer are fetched, with progress on stderr; without, the Hub is not asked either. Returned
    in eval mode, without gradients for its weights. Raises InputError where there are none to be had.

    >>> model = load("plain20")
    >>> model.config.plain, model.training, model.domain.name, model.domain.size
    (True, False, 'CIFAR-10', 32)
    """
    if is_file(source):
        if epoch is not None:
            raise InputError(
                "{file} holds one moment of a training; only networks of the zoo can be asked for an epoch.",
                file=Path(source).name,
            )
        if hub.is_reference(source):
            if not download:
                raise InputError("The network {reference} would have to be downloaded first.", reference=str(source))
            source = hub.fetch(str(source))
        return load_file(source, plain, **said)
    entry = network(str(source))
    if said or (plain is not None and plain != entry.config.plain):
        raise InputError("{name} is a network of the zoo; only of a file one has to say what it is.", name=entry.name)
    if epoch is not None:
        return _load_epoch(entry.name, seed, epoch)
    path = bundled_weights(entry.name, seed)
    if path:
        return load_file(path)
    if entry.weights == "bundled":
        seeds = bundled_seeds(entry.name)
        raise InputError(
            _n(
                "The bundled weights of {name} were trained from seed {seeds:and}, not from {seed}.",
                "The bundled weights of {name} were trained from the seeds {seeds:and}, not from {seed}.",
                len(seeds),
                name=entry.name,
                seeds=seeds,
                seed=seed,
            )
        )
    if entry.weights == "download":
        if download:
            published.fetch_aloud(entry.name)
        return published.load(entry.name)
    raise InputError(
        "No trained weights come with {name} (they do with {trained:and}); train it, or load a checkpoint file.",
        name=entry.name,
        trained=[name for name in names() if bundled_weights(name)],
    )


def is_file(source: str | Path) -> bool:
    """Whether a checkpoint is meant, and no name of the zoo: what is there as a file or folder, or looks like one.

    One on the Hub, `hf://user/name`, is one, too.
    """
    path = str(source)
    if hub.is_reference(path) or os.path.isfile(path) or Path(path).suffix.lower() in SUFFIXES:
        return True
    return os.sep in path or (os.path.isdir(path) and not re.fullmatch(r"[a-z]+\d+(-cifar)?", path))


def _load_epoch(name: str, seed: int, epoch: int) -> ResNet:
    """The network of a bundled training after one of its epochs."""
    if isinstance(epoch, bool) or not isinstance(epoch, int):
        raise InputError("An epoch is a whole number, not {value!r}.", value=epoch)
    there = epochs(name, seed)
    if not there:
        raise InputError(
            "There are no snapshots of a training of {name} from seed {seed}; there are of {filmed:and}, from seed 0.",
            name=name,
            seed=seed,
            filmed=[other for other in names() if epochs(other)],
        )
    if epoch not in there:
        raise InputError(
            "Of the training of {name} there is no snapshot after epoch {epoch}; there are those after {there:and}.",
            name=name,
            epoch=epoch,
            there=there,
        )
    if epoch == there[-1]:
        return load(name, seed)
    if epoch > 0:
        return load_file(_snapshot(name, seed, epoch))
    model = build(name, seed)  # nobody tested it: there is no accuracy to tell
    model.provenance = {**(model.provenance or {}), "epoch": 0}
    return model.eval().requires_grad_(False)


def name_of_file(file: str, config: ResNetConfig) -> str:
    """What a network from a file is called: by the file's name, which is no name of the zoo, and tells `is_plain`."""
    name = file if len(file) <= 60 else f"{file[:40]}…{file[-19:]}"
    with suppress(InputError):
        name = f"file {network(name).name}"
    return f"{PLAIN} {name}" if config.plain else name


def name_of(config: ResNetConfig) -> str:
    """The zoo's name of an architecture, whatever its number of classes; a description where it has none."""
    if config.block == "wrapped":  # how many layers it has, nobody counted
        return f"wrapped network of {sum(config.blocks)} blocks"
    kind = "plain" if config.plain else "preresnet" if config.block == "preact" else "resnet"
    for name in (*names(), f"{kind}{config.depth}"):
        try:
            if replace(network(name).config, classes=config.classes) == config:
                return name
        except InputError:
            continue
    return f"{PLAIN if config.plain else 'residual network of'} {config.depth} layers"
