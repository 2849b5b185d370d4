"""Weights on disk: save ours, load ours and others', and trust neither.

A checkpoint is read in steps, each of which can only refuse: `read_tensors` gets named tensors out of the file without
running any code in it, `recognise` finds out from names and shapes which network they belong to, and `vet` compares
them one by one with that network before a single value is copied. Loading is always strict. What leaves no tensor is
then decided by the batch norms' statistics (see `decide`), or by whoever loads.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from ..errors import InputError
from ..files import header_fits, parsed, write_atomically
from ..i18n import Message, _, sentences
from ..images import Domain
from . import pickled
from .decide import decided, filled, is_bookkeeping
from .recognise import MAX_BLOCKS, MAX_CLASSES, MAX_WIDTH, Recognised, guess_domain, recognise
from .resnet import ResNet, ResNetConfig, check_network

# The usual endings of checkpoints, for a file dialog; a file is read whatever its ending.
SUFFIXES = (".safetensors", ".pt", ".pth", ".th", ".tar", ".ckpt", ".bin", ".t7")
MAX_BYTES = 500_000_000  # the largest network here, ResNet-152, has 241 MB
DEEP = 100  # blocks
MIN_SPREAD = 1e-6  # of a normalisation: below that, pixels become infinite
MOST_STAGES = 8  # of a network, and hidden layers of its classifier
MAX_TENSORS = 20_000  # of a file; ResNet-1202 has 7,000
MOST_TEXT = {"config": 20_000, "domain": 10_000_000, "provenance": 10_000_000}  # characters of metadata


# Saving


def save(model: ResNet, path: str | Path, half: bool = False) -> Path:
    """Write weights, config, domain and provenance into one safetensors file, whole or not at all.

    The file appears under its name only when every byte of it is on disk; a crash leaves the old file as it was. With
    `half` the numbers are rounded to half precision (float16), and the file is half as large. Raises InputError where
    it cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = save(ResNet(ResNetConfig(blocks=(1, 1), widths=(4, 8))), Path(folder) / "tiny.safetensors")
    ...     load_file(path).config.widths
    (4, 8)
    """
    path = Path(path)
    write_atomically(path, contents(model, half))
    return path


def contents(model: ResNet, half: bool = False) -> bytes:
    """What `save` writes."""
    check_network(model)
    return safetensors.torch.save(*_contents(model, half))


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
    if type(model.config) is not ResNetConfig:
        raise InputError("A wrapped network is somebody else's module; save that module's state_dict.")
    metadata = {"format": "resnet_demo", "config": json.dumps(asdict(model.config))}
    if model.domain:
        metadata["domain"] = json.dumps(asdict(model.domain))
    if model.provenance:
        metadata["provenance"] = json.dumps(model.provenance)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if not is_bookkeeping(name)}
    return {name: tensor.half() if half else tensor for name, tensor in state.items()}, metadata


# Loading


def load_file(path: str | Path, plain: bool | None = None, averaged: bool = False, **said: Any) -> ResNet:
    """Load a network from a checkpoint of ours, or of anybody's ResNet: torchvision's, timm's, transformers', …

    Returns the network in eval mode, with its `domain` and `provenance` where the file or its style tells them, and a
    `note` where something had to be decided. `plain` says whether it has no shortcuts, `averaged` asks for the averaged
    weights beside the last ones, and `said` may fix other fields of `ResNetConfig` that leave no tensor (`pool=False`,
    `dilated=2`).

    Raises InputError, naming the tensor, if anything is missing, superfluous, misshapen or not a finite real number.
    """
    path = _file_in(Path(os.path.expanduser(path)))
    said |= {} if plain is None else {"plain": plain}
    tensors, metadata, notes = _read(path, averaged)
    for shard in shards_of(path)[1:]:
        tensors |= read_tensors(shard)[0]
    if "config" in metadata:
        config = _own_config(metadata)
        for field, value in said.items():
            if getattr(config, field) != value:
                raise InputError(
                    "{file} says itself what network it is for, and {field} is another there.",
                    file=path.name,
                    field=field,
                )
        found = Recognised(config, {}, _own_domain(metadata, config), tensors, {})
    else:
        found = recognise(tensors, path.name)
        found = replace(found, others={field: values for field, values in found.others.items() if field not in said})
        found = replace(found, config=_changed(found.config, said, path.name))
    config, domain = found.config, found.domain
    if len(domain.labels) != config.outputs:
        raise InputError(
            "{file} names {named} classes for a network of {classes}.",
            file=path.name,
            named=len(domain.labels),
            classes=config.outputs,
        )
    _check_depth(config, found.state, path.name)
    with torch.device("meta"):
        model = ResNet(config)
    vet(found.state, model.state_dict(), path.name, found.name)
    model = filled(config, found.state)
    model.domain = domain
    if "config" not in metadata:
        model, of_file, assumed = decided(model, found, path.name)
        # The page shows the first sentence and unfolds the others: what may make answers wrong comes before the usual.
        notes = [*of_file, *found.notes, *notes, *assumed]
    model.provenance = _own_provenance(metadata)
    model.note = sentences(*notes) if notes else None
    return model.eval().requires_grad_(False)


def _check_depth(config: ResNetConfig, state: Mapping[str, Tensor], file: str) -> None:
    """Refuse a deep network of whose blocks the file has not even the first convolutions: to build it takes seconds."""
    if sum(config.blocks) <= DEEP:
        return
    for stage, (blocks, width) in enumerate(zip(config.blocks, config.widths, strict=True), start=1):
        for name in (f"layer{stage}.{block}.residual.conv1.weight" for block in range(blocks)):
            if name not in state or state[name].ndim != 4 or state[name].shape[0] != config.inner(width):
                raise InputError("{file} lacks the tensor {tensor}, or its shape is another.", file=file, tensor=name)


def _file_in(path: Path) -> Path:
    """The checkpoint in a folder as the Hugging Face Hub has them, or the file itself."""
    if not os.path.isdir(path):
        return path
    shards = sorted(child.name for child in path.glob("model-00001-of-*.safetensors"))
    for name in ("model.safetensors", "pytorch_model.bin", *shards):
        if (path / name).is_file():
            return path / name
    raise InputError("There is no file {path} but a folder; name the checkpoint in it.", path=path)


def _changed(config: ResNetConfig, said: Mapping[str, Any], file: str) -> ResNetConfig:
    known = {field.name for field in fields(ResNetConfig)}
    for field in said:
        if field not in known:
            raise InputError("A network's configuration has no field {field!r}.", field=field)
    if said.get("plain") and config.block == "basic" and config.shortcut in ("B", "D"):
        config = replace(config, shortcut="A")  # and vet then names a projection that is there
    elif said.get("plain") is False and config.plain:
        config = replace(config, shortcut="A")
    return replace(config, **said)


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
    return _read(path)[:2]


def _read(path: Path, averaged: bool = False) -> tuple[dict[str, Tensor], dict[str, str], list[Message]]:
    """Tensors, metadata, and what is to be said of them. What a file is, its first bytes tell, not its ending."""
    if not os.path.isfile(path):  # unlike Path.is_file, False for an overlong or otherwise impossible name, too
        raise InputError("There is no file {path}.", path=path)
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            "{file} is larger than the {most} MB that are read.", file=path.name, most=MAX_BYTES // 1_000_000
        )
    try:
        if _is_safetensors(path):
            if not header_fits(path, MAX_TENSORS):
                raise InputError("{file} has too many tensors for a network known here.", file=path.name)
            with safe_open(path, "pt") as file:
                if len(file.keys()) > MAX_TENSORS:
                    raise InputError("{file} has too many tensors for a network known here.", file=path.name)
                sizes = (file.get_slice(name).get_shape() for name in file.keys())  # noqa: SIM118 (not a dict)
                if any(torch.Size(size).numel() > MAX_BYTES for size in sizes):
                    raise InputError("{file} declares tensors larger than the file.", file=path.name)
                metadata = file.metadata() or {}
                if metadata.get("format", "resnet_demo") != "resnet_demo":  # another program's "config" is not ours
                    metadata = {}
                return {name: file.get_tensor(name) for name in file.keys()}, metadata, []  # noqa: SIM118
        content = pickled.read(path, MAX_BYTES)
    except InputError:
        raise
    except Exception:  # a hostile or torn file fails in every way there is
        if _is_pointer(path):
            raise InputError(
                "{file} is only a pointer to a file in Git LFS; fetch that one (git lfs pull).", file=path.name
            ) from None
        raise InputError(
            "{file} is not a checkpoint that can be read here (safetensors, or tensors in PyTorch’s format), or is "
            "damaged.",
            file=path.name,
        ) from None
    state, notes = _state_dict(content, path.name, averaged)
    return state, {}, notes


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < MAX_BYTES


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(40).startswith(b"version https://git-lfs")


WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params")
AVERAGES = ("ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "params_ema", "averaged", "swa_model")


def _state_dict(content: Any, name: str, averaged: bool = False) -> tuple[dict[str, Tensor], list[Message]]:
    """The state dict itself, out of the wrappers that training scripts put around it, and what is to be said of it."""
    if not isinstance(content, Mapping) or not content:
        raise InputError("{file} holds no state_dict, that is, no tensors by name.", file=name)
    found = _networks(content)
    if not found:
        last = content
        for wrapper in WRAPPERS:
            last = last[wrapper] if isinstance(last, Mapping) and isinstance(last.get(wrapper), Mapping) else last
        if not last:
            raise InputError("{file} holds no state_dict, that is, no tensors by name.", file=name)
        return _vetted(last, name), []
    if len(found) == 1:
        found = _averages_apart(*found.popitem())
    averages = {path: state for path, state in found.items() if path and any(word in AVERAGES for word in path)}
    last = {path: state for path, state in found.items() if path not in averages}
    wanted = averages if averaged or not last else last
    if not wanted:
        raise InputError("{file} holds no averaged weights.", file=name)
    ranked = sorted(
        wanted, key=lambda path: min((WRAPPERS.index(word) for word in path if word in WRAPPERS), default=99)
    )
    best = ranked[0]
    if len(ranked) > 1 and not set(best) & set(WRAPPERS):
        raise InputError(
            "{file} holds several networks ({names:and}); save one of them.",
            file=name,
            names=[".".join(path)[:60] for path in ranked[:4]],
        )
    notes = []
    if averages and last and not averaged:
        notes.append(
            _(
                "Beside these weights the file holds averaged ones ({name}): averaged=True loads them.",
                name=".".join(next(iter(averages))),
            )
        )
    if len(ranked) > 1:
        notes.append(
            _(
                "The file holds several networks: {name} is read, {others:and} is not.",
                name=".".join(best)[:60],
                others=[".".join(path)[:60] for path in ranked[1:4]],
            )
        )
    return _vetted(wanted[best], name), notes


def _networks(
    content: Mapping[Any, Any], path: tuple[str, ...] = (), seen: set[int] | None = None
) -> dict[tuple[str, ...], Mapping[Any, Any]]:
    """Whatever in nested dictionaries has a convolution's filters, by the names that lead to it first.

    A pickle can hold the same dictionary a thousand times in a thousand that are the same: each is looked into once.
    """
    seen = set() if seen is None else seen
    if id(content) in seen:
        return {}
    seen.add(id(content))
    if any(isinstance(value, Tensor) and value.ndim == 4 for value in content.values()):
        return {path: content}
    found: dict[tuple[str, ...], Mapping[Any, Any]] = {}
    if len(path) < 4:
        for key, value in list(content.items())[:1000]:
            if isinstance(key, str) and isinstance(value, Mapping) and key not in ("optimizer", "optimizer_states"):
                found |= _networks(value, (*path, key), seen)
    return found


def _averages_apart(path: tuple[str, ...], state: Mapping[Any, Any]) -> dict[tuple[str, ...], Mapping[Any, Any]]:
    """One dictionary that holds a network and its average, by prefixes: model.conv1.weight, ema.conv1.weight."""
    of_average = {key: set(str(key).split(".")) & set(AVERAGES) for key in state}
    last = {key: value for key, value in state.items() if not of_average[key]}
    if len(last) == len(state) or not any(isinstance(value, Tensor) and value.ndim == 4 for value in last.values()):
        return {path: state}
    word = min(word for words in of_average.values() for word in words)
    return {path: last, (*path, word): {key: value for key, value in state.items() if of_average[key]}}


def _vetted(content: Mapping[Any, Any], name: str) -> dict[str, Tensor]:
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, (Tensor, pickled.Odd)):
            raise InputError(
                "{file} holds {key!r}, which is not a named tensor; save the state_dict alone.", file=name, key=key
            )
        # First of all, since the odd kinds do not even have a shape to compare.
        if isinstance(value, pickled.Odd) or value.layout != torch.strided or value.device.type != "cpu":
            raise InputError(
                "{file}: the tensor {tensor} does not hold plain real numbers.", file=name, tensor=key[:120]
            )
    return dict(content)


def vet(
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    file: str,
    name: Callable[[str], str] = lambda ours: ours,
) -> None:
    """Raise InputError unless `state` is exactly what the network expects: names, shapes, kinds, finite values.

    `name` tells what the file calls a tensor.
    """
    spare = sorted(state.keys() - expected.keys())
    missing = sorted(key for key in expected.keys() - state.keys() if not is_bookkeeping(key))
    if missing:
        raise InputError("{file} lacks the tensor {tensor}.", file=file, tensor=_first_of([*map(name, missing)]))
    if spare:
        raise InputError(
            "{file} has a tensor that the network does not know: {tensor}.",
            file=file,
            tensor=_first_of([*map(name, spare)]),
        )
    if sum(tensor.numel() * 4 for tensor in expected.values()) > MAX_BYTES:  # a stride of 0 makes giants of small files
        raise InputError("{file} describes a network of more than {most} MB.", file=file, most=MAX_BYTES // 1_000_000)
    for key, tensor in state.items():
        if tensor.shape != expected[key].shape:
            raise InputError(
                "{file}: the tensor {tensor} has the shape {found}, where the network has {known}.",
                file=file,
                tensor=name(key),
                found=_dims(tensor),
                known=_dims(expected[key]),
            )
        if is_bookkeeping(key):
            continue
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
            raise InputError(
                "{file}: the tensor {tensor} does not hold plain real numbers.", file=file, tensor=name(key)
            )
        values = tensor.float()
        if not torch.isfinite(values).all():
            raise InputError(
                "{file}: the tensor {tensor} holds values that are not finite (NaN or infinity).",
                file=file,
                tensor=name(key),
            )
        if key.endswith("running_var") and (values < 0).any():
            raise InputError("{file}: the tensor {tensor} holds a negative variance.", file=file, tensor=name(key))


def _first_of(keys: Sequence[str]) -> str | Message:
    first = keys[0] if len(keys[0]) <= 120 else f"{keys[0][:119]}…"
    return _("{tensor} and {count} more", tensor=first, count=len(keys) - 1) if len(keys) > 1 else first


# Our own metadata


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
    widths = (*config.widths, *config.stem_widths, *config.hidden, *map(config.inner, config.widths))
    most = len(config.blocks) <= MOST_STAGES and len(config.hidden) <= MOST_STAGES
    if not most or sum(config.blocks) > MAX_BLOCKS or max(widths) > MAX_WIDTH or config.classes > MAX_CLASSES:
        raise InputError("The checkpoint's config describes a network larger than any known here.")
    return config


def _own_domain(metadata: Mapping[str, str], config: ResNetConfig) -> Domain:
    text = metadata.get("domain")
    if not text:
        return guess_domain(config)
    try:
        if len(text) > MOST_TEXT["domain"]:
            raise ValueError
        domain = parsed(Domain, text)
    except ValueError:
        raise InputError("The checkpoint's description of its pictures cannot be used.") from None
    if not 8 <= domain.size <= domain.resize <= 512:
        raise InputError("The checkpoint's description of its pictures cannot be used.")
    if not all(0 <= m <= 1 for m in domain.mean) or not all(MIN_SPREAD <= s <= 1 for s in domain.std):
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


def _dims(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "()"
