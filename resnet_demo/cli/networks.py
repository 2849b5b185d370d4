"""`models`, `evaluate` and `unfold`: which networks there are, how good one is, and the same one without shortcuts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import console
from .shell import Averaged, Data, DataDir, Epoch, Json, Labels, Model, Plain, network, tell, tell_notes


def models(as_json: Json = False) -> tuple[Any, str]:
    """List the networks of the zoo, by where their weights are from."""
    from ..models import zoo

    table = zoo.models()
    return table, console.models(table, zoo.GROUPS)


def evaluate(
    model: Model = "resnet20",
    data: Data = "cifar10",
    data_dir: DataDir = None,
    epoch: Epoch = None,
    plain: Plain = None,
    averaged: Averaged = False,
    labels: Labels = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure a network on the test half of a data set."""
    from ..data import load_dataset
    from ..models.predict import domain_of
    from ..training.evaluation import evaluate as measure
    from ..training.evaluation import in_order

    asked = network(model, epoch, plain, averaged, labels)
    dataset = load_dataset(data, False, data_dir, size=domain_of(asked).resize)
    tell_notes([dataset])
    tell(in_order(asked, dataset))
    result = measure(asked, dataset)
    value = {"model": model, "epoch": epoch, "data": data}
    value |= {"accuracy": result.accuracy, "loss": result.loss, "n": result.n}
    return value, console.evaluate(value, result.n)


def unfold(
    out: Annotated[Path, typer.Option(help="The safetensors file to write.")],
    model: Model = "resnet20",
    as_json: Json = False,
) -> tuple[Any, str]:
    """Write the plain network of twice the width that computes what a residual one does."""
    from ..errors import InputError
    from ..lab.unfold import unfold as unfolded
    from ..models.weights import save
    from ..models.zoo import count_parameters, load

    if out.suffix != ".safetensors":
        raise InputError("{out} must be a .safetensors file.", out=str(out))
    folded = load(model)
    wide = unfolded(folded)
    save(wide, out)
    before, after = count_parameters(folded.config), count_parameters(wide.config)
    value = {"model": model, "weights": str(out), "params": before, "params_unfolded": after}
    return value, f"{out}: {model} without shortcuts, {after:,} instead of {before:,} parameters"
