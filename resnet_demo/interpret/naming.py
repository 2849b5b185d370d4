"""How classes and blocks are named: by whoever asks for one, and where there is little room."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from contextlib import suppress

from ..errors import InputError, similar
from ..models.predict import domain_of
from ..models.resnet import ResNet


def block_title(name: str) -> str:
    """layer2.1 -> 2.1: stage and place, as the street writes it; encoder.stages.1.blocks.0 -> 1.0.

    Of a name without a number its end.
    """
    return ".".join(_numbers(name)) or name.rpartition(".")[2]


def class_of(model: ResNet, target: object) -> int:
    """The index of a class that is given by its number (any whole one: numpy's and a tensor's, too) or its name.

    Raises InputError unless the network has it.
    """
    if isinstance(target, str) and not target.isdecimal():
        return domain_of(model).class_index(target)
    if not isinstance(target, (bool, int, str, float)):
        with suppress(TypeError, ValueError):
            target = operator.index(target)  # pyright: ignore[reportArgumentType]
    check_target(target, model.config.outputs)
    return target  # pyright: ignore[reportReturnType]


def no_block(name: object, known: Sequence[str]) -> InputError:
    """The error for a block that a network does not have."""
    near = [block for block in known if _numbers(block) == _numbers(str(name))][:2]  # "2.1", "layer2_1", "Layer2.1"
    if not near and _kind(str(name)) not in map(_kind, known):  # else it is written well, and there are not so many
        near = similar(str(name), known)
    if near:
        return InputError(
            "There is no block {name!r} (did you mean {near:or}?); there are {first} to {last}.",
            name=name,
            near=near,
            first=known[0],
            last=known[-1],
        )
    return InputError(
        "There is no block {name!r}; there are {first} to {last}.", name=name, first=known[0], last=known[-1]
    )


def _numbers(name: str) -> list[str]:
    return re.findall(r"\d+", name)


def _kind(name: str) -> str:
    return re.sub(r"\d+", "0", name)


def check_target(target: object, classes: int) -> None:
    """Raise InputError unless this is the index of one of so many classes."""
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < classes:
        raise InputError("The target must be a class from 0 to {last}, not {value!r}.", last=classes - 1, value=target)
