"""What an experiment found, with all that is needed to find it again; and what was found on the bundled networks.

A result is one JSON value: the reports of several networks on the same pictures, and where they come from. The
networks are told by a fingerprint of their weights, so that a result cannot pass for that of other weights.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from .. import lab
from ..assets import asset
from ..data import Dataset
from ..models.resnet import ResNet
from ..training import hardware

Result = dict[str, Any]
DIGITS = 6  # that are kept of a number in a file


def measure(
    name: str,
    networks: Mapping[str, ResNet],
    dataset: Dataset,
    pictures: int | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda network, done: None,
    known: Result | None = None,
) -> Result:
    """Run an experiment on each of the networks, on the data set's first pictures; None: as many as suit it.

    A network that a `known` result has on the same pictures, with the same seed and the same weights, is not measured
    again. `progress` is told the network's name and the fraction of its run that is done. Raises InputError as
    `lab.run`.
    """
    chosen = dataset.subset(lab.pictures_for(name, pictures))
    told = known["provenance"] if known and _is_run(known, name, dataset, len(chosen), seed) else {"weights": {}}
    reports, seconds = {}, {}
    for title, network in lab.concerned(name, networks).items():
        if known and told["weights"].get(title) == fingerprint(network):
            reports[title], seconds[title] = known["networks"][title], told["seconds"][title]
            continue
        started = time.perf_counter()
        reports[title] = lab.run(name, network, chosen, seed, lambda done, title=title: progress(title, done))
        seconds[title] = time.perf_counter() - started
    provenance = {
        "pictures": len(chosen),
        "seed": seed,
        "weights": {title: fingerprint(networks[title]) for title in reports},
        "seconds": seconds,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": hardware.name(torch.device("cpu")),
    }
    question = lab.question(name)
    return {
        "experiment": name,
        "question": question,
        "data": dataset.name,
        "networks": reports,
        "provenance": provenance,
    }


def fingerprint(model: ResNet) -> str:
    """SHA-256 over the names, shapes and bytes of all weights and statistics."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def rounded(value: Any) -> Any:
    """The same with `DIGITS` digits of every number that is no whole one."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def read(path: Path) -> Result | None:
    """The result in a file; None where there is no such file, or something else in it."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"experiment", "networks", "provenance"} <= found.keys() else None


@lru_cache(maxsize=32)
def bundled(name: str) -> Result | None:
    """What came with the package: an experiment's result on the bundled networks. None where there is none yet."""
    return read(asset("experiments", f"{name}.json"))


def would_be_the_same(
    result: Result | None,
    name: str,
    networks: Mapping[str, ResNet | None],
    dataset: Dataset,
    pictures: int | None,
    seed: int,
) -> bool:
    """Whether `measure` with these arguments would find this result once more; a network that is None is as it was."""
    if result is None or not _is_run(result, name, dataset, min(lab.pictures_for(name, pictures), len(dataset)), seed):
        return False
    told = result["provenance"]
    known = {title: network for title, network in networks.items() if network is not None}
    wanted = {title: fingerprint(network) for title, network in lab.concerned(name, known).items()}
    wanted |= {title: told["weights"].get(title) for title, network in networks.items() if network is None}
    return told["weights"] == wanted


def _is_run(result: Result, name: str, dataset: Dataset, pictures: int, seed: int) -> bool:
    """Whether a result is of this experiment on as many pictures of a data set of this name, with this seed."""
    told = result["provenance"]
    found = result["experiment"], result["data"], told["pictures"], told["seed"]
    return found == (name, dataset.name, pictures, seed)


def pairs(result: Result) -> list[dict[str, Any]]:
    """The reports as residual network and twin, {name: report}, deepest first; a network that has no twin alone."""
    left, found = dict(result["networks"]), []
    while left:
        name = next(iter(left))
        kinds = [name, name.replace("plain", "resnet"), name.replace("resnet", "plain")]
        names = [other for other in left if other in kinds]
        found.append({other: left.pop(other) for other in sorted(names, key=lambda other: other.startswith("plain"))})
    return found


def numbers(report: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All numbers of a report, however nested, by names such as `added layer1.0`."""
    items = report.items() if isinstance(report, dict) else enumerate(report) if isinstance(report, list) else None
    if items is None:
        yield name, report
        return
    for part, inner in items:
        yield from numbers(inner, f"{name} {part}".strip())


def table(networks: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: a column for each network, a row for each number, None where a network has no such number."""
    columns = [dict(numbers(report)) for report in networks.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    return ["", *networks], [[name, *(column.get(name) for column in columns)] for name in names]
