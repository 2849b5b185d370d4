"""What each command prints with `--json`: the keys that it has at least, their types, and both as a JSON Schema.

A key is never taken away and never changes its type within a `VERSION`; new keys may come. What differs from one
experiment or benchmark to the next is left open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from ..errors import InputError, similar

VERSION = 1


class Network(TypedDict):
    name: str
    depth: int
    plain: bool
    family: str
    dataset: str
    params: int
    weights: Literal["bundled", "download", "none"]
    test_accuracy: float | None  # a fraction
    test_accuracies: list[float]  # of all bundled trainings, seed by seed
    epochs: list[int]  # that have a snapshot
    megabytes: int | float | None  # of weights to download
    downloaded: bool | None


class Prediction(TypedDict):
    label: str
    probability: float


class Classification(TypedDict):
    image: str
    model: str
    epoch: int | None
    predictions: list[Prediction]
    trained: bool
    familiarity: float | None  # the share of the test set's pictures whose logits have a lower energy
    unlike: bool | None  # whether the picture probably shows none of the classes; None: not measured


class Target(TypedDict):
    index: int
    label: str


class BlockReport(TypedDict):
    name: str
    x_norm: float
    residual_norm: float
    shortcut_norm: float
    total_norm: float
    output_norm: float
    cosine: float | None  # between the branches; None where one of them is zero
    ratio: float | None  # of the norms of residual and shortcut


class Inspection(TypedDict):
    image: str
    model: str
    epoch: int | None
    target: Target
    predictions: list[Prediction]
    trained: bool
    unlike: bool | None  # as in Classification
    blocks: list[BlockReport]
    identity_error: float
    files: list[str]


class Trained(TypedDict):
    model: str
    data: str
    accuracy: float
    loss: float
    seconds: float
    epochs: int
    images: int
    images_per_second: float
    weights: str
    schedule: list[Any]
    history: list[dict[str, Any]]


class Evaluation(TypedDict):
    model: str
    epoch: int | None
    data: str
    accuracy: float
    loss: float
    n: int


class Provenance(TypedDict):
    pictures: int
    seed: int
    weights: dict[str, str]  # SHA-256, by network
    seconds: dict[str, float]
    threads: int
    python: str
    torch: str
    device: str


class Experiment(TypedDict):
    experiment: str
    question: str
    data: str
    networks: dict[str, dict[str, Any]]
    provenance: Provenance


class Unfolded(TypedDict):
    model: str
    weights: str
    params: int
    params_unfolded: int


class Benchmark(TypedDict):
    name: str


class Change(TypedDict):
    name: str
    before: float
    now: float
    gain: float


class Benchmarks(TypedDict):
    version: int
    date: str
    machine: dict[str, str | int]
    versions: dict[str, str]
    results: dict[str, Benchmark]
    failed: dict[str, str]
    changes: list[Change] | None


ANSWERS: Mapping[str, Any] = {
    "models": list[Network],
    "classify": list[Classification],
    "inspect": Inspection,
    "train": Trained,
    "evaluate": Evaluation,
    "experiment": Experiment | list[Experiment],
    "unfold": Unfolded,
    "bench": Benchmark | Benchmarks,
}


def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what a command prints with `--json`. Raises InputError for another name."""
    from pydantic import TypeAdapter

    if command not in ANSWERS:
        if near := similar(command, ANSWERS):
            raise InputError(
                "{command!r} prints no JSON (did you mean {near:or}?); {known:and} do.",
                command=command,
                near=near,
                known=list(ANSWERS),
            )
        raise InputError("{command!r} prints no JSON; {known:and} do.", command=command, known=list(ANSWERS))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"resnet-demo:{command}:{VERSION}"}
    return {**head, **TypeAdapter(ANSWERS[command]).json_schema()}
