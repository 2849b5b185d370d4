"""What an experiment found, with all that is needed to find it again; and what was found on the bundled networks.

A result is one JSON value: the reports of several networks on the same pictures, and where they come from. The
networks are identified by a fingerprint of their weights, so that a result cannot pass for that of other weights.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch

from .. import lab
from ..assets import asset
from ..data import Dataset
from ..errors import InputError
from ..finding import Finding
from ..models.resnet import ResNet, check_network
from ..models.zoo import is_plain, name_of, twin
from ..training import hardware
from ..training.evaluation import check_data_set
from .experiment import Experiment, Reports, as_plain

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Report = TypeVar("Report")
DIGITS = 6  # that are kept of a number in a file


@dataclass(frozen=True)
class Provenance:
    """What a result rests on."""

    pictures: int
    seed: int
    weights: Mapping[str, str]  # fingerprints, by network
    seconds: Mapping[str, float]
    threads: int
    python: str
    torch: str
    device: str
    command: str | None = None  # that measured it, as one would type it again
    taught: str | None = None  # the networks that were trained for it alone, and for how long
    seed_pictures: int | None = None  # on which the trainings from other seeds were measured; None: there are none


@dataclass(frozen=True, repr=False)
class Result(Finding, Generic[Report]):
    """An experiment's reports on several networks. What `save` writes is what `read` reads."""

    experiment: str
    question: str
    data: str  # the data set's name
    networks: Mapping[str, Report]
    provenance: Provenance
    seeds: Mapping[str, Mapping[str, Report]] = field(default_factory=dict)  # of other trainings, by network and seed

    def __repr__(self) -> str:
        pictures = f"{self.provenance.pictures:,} pictures of {self.data}"
        return f"<Result of {self.experiment!r} on {', '.join(self.networks)}; {pictures}>"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        (_nothing, *names), rows = table(self.networks)
        return [{"number": number, **dict(zip(names, values, strict=True))} for number, *values in rows]

    def _plain(self) -> Any:
        return rounded(as_json(self))

    def told_by(self, command: str, taught: str | None) -> Result[Report]:
        """The same, with the command that measured it, and the networks that it trained."""
        return replace(self, provenance=replace(self.provenance, command=command, taught=taught))

    def beside(self, others: Result[Report]) -> Result[Report]:
        """The same, with what was measured on trainings of its networks from other seeds, "resnet56-seed1"."""
        seeds: dict[str, dict[str, Report]] = {}
        for training, report in others.networks.items():
            name, _dash, seed = training.rpartition("-seed")
            seeds.setdefault(name, {})[seed] = report
        ours, theirs = self.provenance, others.provenance
        provenance = replace(
            ours,
            weights={**ours.weights, **theirs.weights},
            seconds={**ours.seconds, **theirs.seconds},
            seed_pictures=theirs.pictures,
        )
        return replace(self, seeds=seeds, provenance=provenance)

    def apart(self) -> tuple[Result[Report], Result[Report]]:
        """What `beside` put together: the networks' own result, and that of the trainings from other seeds."""
        others = {f"{name}-seed{seed}": report for name, found in self.seeds.items() for seed, report in found.items()}
        told = self.provenance
        parts = [
            replace(
                self,
                networks=networks,
                seeds={},
                provenance=replace(
                    told,
                    pictures=pictures,
                    seed_pictures=None,
                    weights={name: told.weights[name] for name in networks},
                    seconds={name: told.seconds[name] for name in networks},
                ),
            )
            for networks, pictures in ((self.networks, told.pictures), (others, told.seed_pictures or told.pictures))
        ]
        return parts[0], parts[1]


def measure(
    name: str,
    networks: Mapping[str, ResNet],
    dataset: Dataset,
    pictures: int | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda network, done: None,
    known: Result[Any] | None = None,
    training: Dataset | None = None,
) -> Result[Any]:
    """Run an experiment on each of the networks, on the data set's first pictures; None: as many as suit it.

    A network that a `known` result has on the same pictures, with the same seed and the same weights, is not measured
    again; where the experiment compares twins, its twin must have the same weights, too. `progress` is called with the
    network's name and the fraction of its run that is done. `training` is the data set's other half: its first pictures
    are taken by an experiment that fits something. Networks that the experiment says nothing of are passed over. Raises
    InputError as `lab.run`, and where no network is left.
    """
    experiment = lab.get(name)
    if pictures is not None and (isinstance(pictures, bool) or not isinstance(pictures, Integral) or pictures < 1):
        raise InputError("An experiment takes one picture or more, not {value!r}.", value=pictures)
    check_data_set(dataset)
    chosen = dataset.subset(experiment.pictures_for(pictures))
    fitted_on = training.subset(experiment.fits_on) if training and experiment.fits_on else None
    there = known if known and _is_run(known, experiment, dataset, len(chosen), seed) else None
    before = there.provenance.weights if there else {}
    concerned = experiment.concerned(networks)
    for network in concerned.values():  # before any is measured
        experiment.check_network(network)
    weights = {title: fingerprint(network) for title, network in concerned.items()}
    reports, seconds = {}, {}
    for title, network in concerned.items():
        partner = twin(title) if experiment.twins else None
        if there and all(before.get(name) == weights.get(name) for name in (title, partner) if name):
            reports[title], seconds[title] = there.networks[title], there.provenance.seconds[title]
            continue
        started = time.perf_counter()
        reports[title] = lab.run(
            name,
            network,
            chosen,
            seed,
            lambda done, title=title: progress(title, done),
            fitted_on,
            concerned.get(partner or ""),
        )
        seconds[title] = time.perf_counter() - started
    provenance = Provenance(
        pictures=len(chosen),
        seed=seed,
        weights=weights,
        seconds=seconds,
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        torch=torch.__version__,
        device=hardware.name(torch.device("cpu")),
    )
    return Result(name, experiment.asks, dataset.name, reports, provenance)


def experiment(
    name: str,
    networks: ResNet | Mapping[str, ResNet],
    dataset: Dataset,
    pictures: int | None = None,
    seed: int = 0,
    training: Dataset | None = None,
    progress: Callable[[str, float], None] = lambda network, done: None,
) -> Result[Any]:
    """Make an experiment of the lab by its name: on one network, or on several by name, such as a network and its twin.

    It takes the first `pictures` of the data set; None: as many as suit it. `training` are the data set's other half,
    for what fits something first (`probes`, and the controls of `lesion` and `dial`). All reports are in `networks`
    of what is returned; what their fields mean stands beside each experiment's `Report`.

    Raises InputError for an unknown experiment, for a data set that is empty or lacks what the experiment asks for, and
    where the experiment says nothing of these networks or their classes are not the data set's.

    >>> from resnet_demo import ResNet
    >>> from resnet_demo.data import draw_shapes
    >>> found = experiment("unfold", ResNet(seed=0).eval(), draw_shapes(4, seed=0))
    >>> found
    <Result of 'unfold' on resnet20; 4 pictures of shapes>
    >>> found.networks["resnet20"].different_answers
    0
    """
    if not isinstance(networks, Mapping):
        check_network(networks)
        networks = {name_of(networks.config): networks}
    for network in networks.values():
        check_network(network)
    return measure(name, networks, dataset, pictures, seed, progress, training=training)


def as_json(result: Result[Any]) -> dict[str, Any]:
    """A result as the dictionaries, lists and numbers of its JSON."""
    found = as_plain(result)
    provenance = found["provenance"]
    # These come first, where they are known.
    told = {key: provenance.pop(key) for key in ("command", "taught", "seed_pictures")}
    if not found["seeds"]:
        del found["seeds"]
    return found | {"provenance": {key: value for key, value in told.items() if value is not None} | provenance}


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


def read(path: str | Path) -> Result[Any] | None:
    """The result in a file that `Result.save` wrote; None where there is no such file, or something else in it."""
    try:
        content = Path(path).read_bytes()
        return _result_of(_named().validate_json(content).experiment).validate_json(content, strict=True)
    except (OSError, ValueError, KeyError):  # pydantic's ValidationError is a ValueError
        return None


@dataclass(frozen=True)
class _Named:
    experiment: str


@lru_cache
def _named() -> TypeAdapter[_Named]:
    from pydantic import TypeAdapter

    return TypeAdapter(_Named)


@lru_cache
def _result_of(name: str) -> TypeAdapter[Result[Any]]:
    """Reads an experiment's results. KeyError where there is no such experiment."""
    from pydantic import TypeAdapter

    return TypeAdapter(Result[lab.EXPERIMENTS[name].record])  # pyright: ignore[reportInvalidTypeForm]


@lru_cache(maxsize=32)
def bundled(name: str) -> Result[Any] | None:
    """What came with the package: an experiment's result on the bundled networks. None where there is none yet."""
    return read(asset("experiments", f"{name}.json"))


def would_be_the_same(
    result: Result[Any] | None,
    name: str,
    networks: Mapping[str, ResNet | None],
    dataset: Dataset,
    pictures: int | None,
    seed: int,
) -> bool:
    """Whether `measure` with these arguments would find this result once more; a network that is None is as it was."""
    experiment = lab.get(name)
    count = min(experiment.pictures_for(pictures), len(dataset))
    if result is None or not _is_run(result, experiment, dataset, count, seed):
        return False
    weights = result.provenance.weights
    known = {title: network for title, network in networks.items() if network is not None}
    wanted: dict[str, str | None] = {
        title: fingerprint(network) for title, network in experiment.concerned(known).items()
    }
    wanted |= {title: weights.get(title) for title, network in networks.items() if network is None}
    return weights == wanted


def _is_run(result: Result[Any], experiment: Experiment, dataset: Dataset, pictures: int, seed: int) -> bool:
    """Whether a result is of this experiment on as many pictures of a data set of this name, with this seed."""
    found = result.experiment, result.data, result.provenance.pictures, result.provenance.seed
    return found == (experiment.name, dataset.name, pictures, seed)


def pairs(networks: Reports) -> list[dict[str, Any]]:
    """Reports as residual network and twin, {name: report}, deepest first; a network that has no twin alone."""
    left, found = dict(networks), []
    while left:
        name = next(iter(left))
        names = [other for other in left if other in (name, twin(name))]
        found.append({other: left.pop(other) for other in sorted(names, key=is_plain)})
    return found


def numbers(report: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All numbers of a report, however nested, by names such as `added layer1.0`."""
    items = report.items() if isinstance(report, dict) else enumerate(report) if isinstance(report, list) else None
    if items is None:
        yield name, report
        return
    for part, inner in items:
        yield from numbers(inner, f"{name} {part}".strip())


def everything(result: Result[Any]) -> Reports:
    """All reports of a result: those of the networks, and of their trainings from other seeds, "resnet56-seed1"."""
    return {**result.networks, **result.apart()[1].networks}


def table(networks: Reports) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: a column for each network, a row for each number, None where a network has no such number."""
    columns = [dict(numbers(as_plain(report))) for report in networks.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    return ["", *networks], [[name, *(column.get(name) for column in columns)] for name in names]
