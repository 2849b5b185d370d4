"""Weights on disk: save ours, load ours and others', and trust neither.

A checkpoint is read in three steps, each of which can only refuse: `read_tensors` gets named tensors out of the file
without running any code in it, `recognise` finds out from names and shapes which network they belong to, and `vet`
compares them one by one with that network before a single value is copied. Loading is always strict.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import Parameter

from ..errors import InputError
from ..files import parsed, write_atomically
from ..i18n import Message, _
from ..images import CIFAR10, IMAGENET_MEAN, IMAGENET_STD, Domain, imagenet, nameless
from .resnet import ResNet, ResNetConfig

SUFFIXES = (".safetensors", ".pt", ".pth", ".th")
MAX_BYTES = 500_000_000  # the largest network here, ResNet-152, has 241 MB
MOST_TEXT = {"config": 20_000, "domain": 10_000_000, "provenance": 10_000_000}  # characters of metadata
MAX_BLOCKS = 600  # the deepest network of the paper, ResNet-1202, has 600


# Saving


def save(model: ResNet, path: str | Path, half: bool = False) -> Path:
    """Write weights, config, domain and provenance into one safetensors file, whole or not at all.

    The file appears under its name only when every byte of it is on disk; a crash leaves the old file as it was. With
    `half` the numbers are rounded to half precision (float16), and the file is half as large.
    """
    path = Path(path)
    state, metadata = _contents(model, half)
    write_atomically(path, safetensors.torch.save(state, metadata))
    return path


def save_in_shards(model: ResNet, path: str | Path, most: int, half: bool = False) -> list[Path]:
    """The same as several files of about `most` bytes at most, named as on the Hugging Face Hub.

    `resnet18.safetensors` becomes `resnet18-00001-of-00003.safetensors`, …; the first one has what is known of the
    network. `load_file` of the first one loads them all.
    """
    path, shards = Path(path), [{}]
    state, metadata = _contents(model, half)
    for name, tensor in state.items():
        if shards[-1] and sum(kept.nbytes for kept in shards[-1].values()) + tensor.nbytes > most:
            shards.append({})
        shards[-1][name] = tensor
    written = []
    for number, shard in enumerate(shards, start=1):
        written.append(path.with_name(f"{path.stem}-{number:05}-of-{len(shards):05}.safetensors"))
        write_atomically(written[-1], safetensors.torch.save(shard, metadata if number == 1 else None))
    return written


def shards_of(path: Path) -> list[Path]:
    """The files of a checkpoint, given its first one: that one alone, or all its shards."""
    found = re.fullmatch(r"(.+)-00001-of-(\d{5})\.safetensors", path.name)
    if not found:
        return [path]
    return [
        path.with_name(f"{found[1]}-{number:05}-of-{found[2]}.safetensors") for number in range(1, int(found[2]) + 1)
    ]


def _contents(model: ResNet, half: bool) -> tuple[dict[str, Tensor], dict[str, str]]:
    metadata = {"format": "resnet_demo", "config": json.dumps(asdict(model.config))}
    if model.domain:
        metadata["domain"] = json.dumps(asdict(model.domain))
    if model.provenance:
        metadata["provenance"] = json.dumps(model.provenance)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if not _is_bookkeeping(name)}
    return {name: tensor.half() if half else tensor for name, tensor in state.items()}, metadata


# Loading


def load_file(path: str | Path) -> ResNet:
    """Load a network from a checkpoint of ours, torchvision's, akamaster's or the common 3x3-stem ResNet-18.

    Returns the network in eval mode, with its `domain` and `provenance` where the file or its style tells them.
    Raises InputError, naming the tensor, if anything is missing, superfluous, misshapen or not a finite real number.
    """
    path = Path(path)
    tensors, metadata = read_tensors(path)
    for shard in shards_of(path)[1:]:
        tensors |= read_tensors(shard)[0]
    if "config" in metadata:
        config, state = _own_config(metadata), tensors
        domain = _own_domain(metadata, config)
    else:
        config, domain, state = recognise(tensors)
    if len(domain.labels) != config.classes:
        raise InputError(
            "{file} names {named} classes for a network of {classes}.",
            file=path.name,
            named=len(domain.labels),
            classes=config.classes,
        )
    with torch.device("meta"):
        model = ResNet(config)
    vet(state, model.state_dict(), path.name)
    model = model.to_empty(device="cpu")
    for name, tensor in model.state_dict().items():
        tensor.zero_() if _is_bookkeeping(name) else tensor.copy_(state[name])
    model.domain = domain
    model.provenance = _own_provenance(metadata)
    return model.eval().requires_grad_(False)


def read_metadata(path: Path) -> dict[str, Any]:
    """Only the `config`, `domain` and `provenance` of a safetensors file; no tensor is read.

    Pages ask for it at every turn, so it is read once for each state of the file. The dictionaries are shared: they
    are for reading. What is absent, or no JSON object, is an empty one.
    """
    state = path.stat()
    return _read_metadata(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _read_metadata(path: Path, modified: int, size: int) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    return {key: _object(metadata.get(key, "{}")) for key in ("config", "domain", "provenance")}


def _object(text: str) -> dict[str, Any]:
    try:
        return parsed(dict[str, Any], text)
    except ValueError:
        return {}


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The named tensors of a checkpoint file, and a safetensors file's metadata. Never runs code from the file."""
    if not os.path.isfile(path):  # unlike Path.is_file, False for an overlong or otherwise impossible name, too
        raise InputError("There is no file {path}.", path=path)
    if path.suffix not in SUFFIXES:
        raise InputError(
            "{file} is not a checkpoint; files ending in {suffixes:or} are read.", file=path.name, suffixes=SUFFIXES
        )
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            "{file} is larger than the {most} MB that are read.", file=path.name, most=MAX_BYTES // 1_000_000
        )
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                sizes = (file.get_slice(name).get_shape() for name in file.keys())  # noqa: SIM118 (not a dict)
                if any(torch.Size(size).numel() > MAX_BYTES for size in sizes):
                    raise InputError("{file} declares tensors larger than the file.", file=path.name)
                return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
        if zipfile.is_zipfile(path):  # a small zip can hold a very large tensor of zeros
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                    raise InputError(
                        "{title} unpacks to more than {most} MB.", title=path.name, most=MAX_BYTES // 1_000_000
                    )
        content = torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except SafetensorError:
        raise InputError("{file} is not a safetensors file, or is damaged.", file=path.name) from None
    except Exception as error:  # torch.load meets a hostile or torn file with exceptions of every kind
        if "unsupported global" in str(error).lower():
            raise InputError(
                "{file} holds more than tensors (Python objects, which could run code); save its state_dict.",
                file=path.name,
            ) from None
        raise InputError("{file} is not a PyTorch checkpoint, or is damaged.", file=path.name) from None
    return _state_dict(content, path.name), {}


def _state_dict(content: Any, name: str) -> dict[str, Tensor]:
    """The state dict itself, out of the wrappers that training scripts put around it."""
    for wrapper in ("state_dict", "model_state_dict", "model", "net"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise InputError("{file} holds no state_dict, that is, no tensors by name.", file=name)
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise InputError(
                "{file} holds {key!r}, which is not a named tensor; save the state_dict alone.", file=name, key=key
            )
        # First of all, since the odd kinds do not even have a shape to compare.
        usual = value.layout == torch.strided and value.device.type == "cpu"
        if not usual or value.is_quantized or type(value) not in (Tensor, Parameter):
            raise InputError("{file}: the tensor {tensor} does not hold plain real numbers.", file=name, tensor=key)
    return dict(content)


def vet(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], name: str) -> None:
    """Raise InputError unless `state` is exactly what the network expects: names, shapes, kinds, finite values."""
    spare = sorted(state.keys() - expected.keys())
    missing = sorted(key for key in expected.keys() - state.keys() if not _is_bookkeeping(key))
    if missing:
        raise InputError("{file} lacks the tensor {tensor}.", file=name, tensor=_first_of(missing))
    if spare:
        raise InputError(
            "{file} has a tensor that the network does not know: {tensor}.", file=name, tensor=_first_of(spare)
        )
    if sum(tensor.numel() * 4 for tensor in expected.values()) > MAX_BYTES:  # a stride of 0 makes giants of small files
        raise InputError("{file} describes a network of more than {most} MB.", file=name, most=MAX_BYTES // 1_000_000)
    for key, tensor in state.items():
        if tensor.shape != expected[key].shape:
            raise InputError(
                "{file}: the tensor {tensor} has the shape {found}, where the network has {known}.",
                file=name,
                tensor=key,
                found=_dims(tensor),
                known=_dims(expected[key]),
            )
        if _is_bookkeeping(key):
            continue
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
            raise InputError("{file}: the tensor {tensor} does not hold plain real numbers.", file=name, tensor=key)
        values = tensor.float()
        if not torch.isfinite(values).all():
            raise InputError(
                "{file}: the tensor {tensor} holds values that are not finite (NaN or infinity).", file=name, tensor=key
            )
        if key.endswith("running_var") and (values < 0).any():
            raise InputError("{file}: the tensor {tensor} holds a negative variance.", file=name, tensor=key)


def _first_of(keys: Sequence[str]) -> str | Message:
    return _("{tensor} and {count} more", tensor=keys[0], count=len(keys) - 1) if len(keys) > 1 else keys[0]


# Recognising


def recognise(tensors: dict[str, Tensor]) -> tuple[ResNetConfig, Domain, dict[str, Tensor]]:
    """Which network do these tensors belong to? Returns its config, its likely domain, and the tensors by our names.

    A file without metadata cannot tell a plain network from one with parameter-free shortcuts (kind A): three
    stages without projections are taken as the paper's residual CIFAR network, four as a plain one.
    """
    state: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        ours = rename(key)
        if ours in state:
            raise InputError(
                "The checkpoint holds the tensor {tensor} twice, the second time as {key}.", tensor=ours, key=key
            )
        state[ours] = tensor
    stem, fc = state.get("stem.conv.weight"), state.get("fc.weight")
    if stem is None or fc is None or stem.ndim != 4 or fc.ndim != 2:
        raise InputError("This is not a ResNet known here: it lacks a first convolution or a last linear layer.")
    found = [re.fullmatch(r"layer(\d)\.(\d{1,3})\.residual\.conv1\.weight", key) for key in state]
    places = sorted({(int(match[1]), int(match[2])) for match in found if match})
    stages = sorted({stage for stage, _ in places})
    if not places or stages != list(range(1, len(stages) + 1)):
        raise InputError("This is not a ResNet known here: it has no blocks layer1.0, layer1.1 and so on.")
    first = [
        state[f"layer{stage}.{next(i for s, i in places if s == stage)}.residual.conv1.weight"] for stage in stages
    ]
    if any(weight.ndim != 4 or not 1 <= weight.shape[0] <= 4096 for weight in first) or fc.shape[0] > 100_000:
        raise InputError("This is not a ResNet known here: its convolutions have impossible shapes.")
    if fc.shape[0] < 1 or sum(max(i for s, i in places if s == stage) + 1 for stage in stages) > MAX_BLOCKS:
        raise InputError("This is not a ResNet known here: it has too many blocks, or no classes.")
    projections = any(".shortcut.conv." in key for key in state)
    bottleneck = any(".residual.conv3." in key for key in state)
    config = ResNetConfig(
        blocks=tuple(max(i for s, i in places if s == stage) + 1 for stage in stages),
        widths=tuple(weight.shape[0] for weight in first),
        block="bottleneck" if bottleneck else "basic",
        stem="imagenet" if stem.shape[-1] == 7 else "cifar",
        shortcut="B" if projections or len(stages) > 3 else "A",
        plain=not projections and len(stages) > 3 and not bottleneck,
        classes=fc.shape[0],
    )
    return config, _guess_domain(config), state


def rename(key: str) -> str:
    """A foreign tensor's name -> ours; ours stay.

    >>> rename("module.layer2.0.bn1.weight"), rename("layer2.0.downsample.0.weight"), rename("linear.bias")
    ('layer2.0.residual.bn1.weight', 'layer2.0.shortcut.conv.weight', 'fc.bias')
    """
    key = key.removeprefix("module.")
    key = re.sub(r"^conv1\.", "stem.conv.", key)
    key = re.sub(r"^bn1\.", "stem.bn.", key)
    key = re.sub(r"^linear\.", "fc.", key)
    key = re.sub(r"^(layer\d\.\d+)\.((?:conv|bn)\d\.)", r"\1.residual.\2", key)
    key = re.sub(r"^(layer\d\.\d+)\.(?:downsample|shortcut)\.0\.", r"\1.shortcut.conv.", key)
    return re.sub(r"^(layer\d\.\d+)\.(?:downsample|shortcut)\.1\.", r"\1.shortcut.bn.", key)


def _guess_domain(config: ResNetConfig) -> Domain:
    """The pictures that the authors of a foreign checkpoint trained on, as far as its architecture tells them."""
    if config.stem == "imagenet" and config.classes == 1000:
        return imagenet()
    if config.stem == "cifar" and config.classes == 10:
        if config.shortcut == "A":  # akamaster/pytorch_resnet_cifar10, which normalises as for ImageNet
            return replace(CIFAR10, mean=IMAGENET_MEAN, std=IMAGENET_STD)
        return replace(CIFAR10, std=(0.2023, 0.1994, 0.2010))  # kuangliu/pytorch-cifar
    return nameless(config.classes, 224 if config.stem == "imagenet" else 32)


@dataclass(frozen=True)
class _Story:
    """What the app and the library read in the provenance of a checkpoint; it may hold more."""

    energy_percentiles: tuple[float, ...] | None = None
    test_accuracy: float | None = None
    test_pictures: int | None = None
    history: tuple[dict[str, Any], ...] = ()


def _own_config(metadata: Mapping[str, str]) -> ResNetConfig:
    text = metadata["config"]
    try:
        known = {field.name for field in fields(ResNetConfig)}
        if len(text) > MOST_TEXT["config"] or parsed(dict[str, Any], text).keys() - known:
            raise ValueError
        config = parsed(ResNetConfig, text)
    except InputError as error:
        raise InputError("The checkpoint's config cannot be used. {reason}", reason=error.message) from None
    except ValueError:
        raise InputError(
            "The checkpoint's config cannot be used: a field is missing, unknown, or of a wrong type or size."
        ) from None
    if sum(config.blocks) > MAX_BLOCKS or max(config.widths) > 4096 or config.classes > 100_000:
        raise InputError("The checkpoint's config describes a network larger than any known here.")
    return config


def _own_domain(metadata: Mapping[str, str], config: ResNetConfig) -> Domain:
    text = metadata.get("domain")
    if not text:
        return _guess_domain(config)
    try:
        if len(text) > MOST_TEXT["domain"]:
            raise ValueError
        domain = parsed(Domain, text)
    except ValueError:
        raise InputError("The checkpoint's description of its pictures cannot be used.") from None
    if not 8 <= domain.size <= domain.resize <= 512:
        raise InputError("The checkpoint's description of its pictures cannot be used.")
    if not all(0 <= m <= 1 for m in domain.mean) or not all(0 < s <= 1 for s in domain.std):
        raise InputError("The checkpoint's description of its pictures has an impossible normalisation.")
    return replace(domain, name=domain.name[:80], labels=tuple(label[:80] for label in domain.labels))


def _own_provenance(metadata: Mapping[str, str]) -> dict[str, Any]:
    text = metadata.get("provenance") or "{}"
    try:
        if len(text) > MOST_TEXT["provenance"]:
            raise ValueError
        provenance, story = parsed(dict[str, Any], text), parsed(_Story, text)
    except ValueError:
        raise InputError("The checkpoint's account of its training cannot be used.") from None
    percentiles = story.energy_percentiles or ()
    possible = len(percentiles) <= 1001 and all(abs(value) < 1e9 for value in percentiles)
    if not possible or not 0 <= (story.test_accuracy or 0) <= 1 or not 0 <= (story.test_pictures or 0) < 10**12:
        raise InputError("The checkpoint's account of its training cannot be used.")
    return provenance


def _is_bookkeeping(name: str) -> bool:
    return name.endswith("num_batches_tracked")  # a counter that no forward pass reads; old files lack it


def _dims(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "()"
