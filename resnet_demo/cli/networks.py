"""`models` and `evaluate`: which networks there are, and how good one is."""

from __future__ import annotations

from typing import Any

from .. import console
from .shell import Data, DataDir, Epoch, Json, Model, tell_notes


def models(as_json: Json = False) -> tuple[Any, str]:
    """List the networks of the zoo."""
    from ..models import zoo

    table = zoo.models()
    return table, console.models(table)


def evaluate(
    model: Model = "resnet20",
    data: Data = "cifar10",
    data_dir: DataDir = None,
    epoch: Epoch = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure a network on the test half of a data set."""
    from ..data import load_dataset
    from ..models.zoo import load
    from ..training.evaluation import evaluate as measure

    network, dataset = load(model, epoch=epoch), load_dataset(data, False, data_dir)
    tell_notes([dataset])
    result = measure(network, dataset)
    value = {"model": model, "epoch": epoch, "data": data}
    value |= {"accuracy": result.accuracy, "loss": result.loss, "n": result.n}
    return value, console.evaluate(value, result.n)
