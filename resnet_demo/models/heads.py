"""What stands after the blocks, and whether it gives classes: what gives features to compare may look the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor

from ..errors import InputError
from ..i18n import Message, _

# Heads of networks that were taught by comparing pictures (SimCLR, BYOL, MoCo, metric learning): they give no classes.
_FEATURES = re.compile(
    r"(?:^|[._])(?:proj|proje?c?tor|proje?c?tion|projection_?head|proj_?head|predictor|contrast\w*|embed\w*|feat\w*)[._]"
)
USUAL_SIZES = tuple(2**power for power in range(6, 14))  # of features to compare: 64 to 8192


def check_heads(linear: list[str], root: str, tensors: Mapping[str, Tensor], file: str) -> None:
    """Refuse linear layers after the blocks (in order, by the file's names) that are not one row that names classes."""
    names = [key.removesuffix(".weight")[:60] for key in linear]
    featured = [key for key in linear if _FEATURES.search(key.removeprefix(root))]
    rows = {re.sub(r"\d+$", "", key.removesuffix(".weight")) for key in linear}
    in_turn = all(tensors[one].shape[0] == tensors[next].shape[1] for one, next in pairwise(linear))
    others = len(linear) - len(featured)
    if featured and others != 1:
        raise InputError(
            "{file} ends in {tensor}, which by its name gives features to compare, and not classes; only networks that "
            "name classes are read here.",
            file=file,
            tensor=featured[0].removesuffix(".weight")[:60],
        )
    if len(rows) > 1 or not in_turn:
        raise InputError(
            "{file} has several linear layers after its blocks ({names:and}), and does not tell which gives the "
            "answer; leave the others out of it.",
            file=file,
            names=names[:5],
        )


def of_outputs(features: int, hidden: tuple[int, ...], outputs: int) -> list[Message]:
    """What makes it doubtful that the outputs are classes, by their number and that of what goes in."""
    if outputs == 1:
        return [
            _(
                "Its one output is read as the logarithm of the odds of two classes (a sigmoid); a quantity, such as "
                "an age, would leave the same tensors."
            )
        ]
    if hidden and set(hidden) == {features} and outputs in USUAL_SIZES:
        return [
            _(
                "Its {n} outputs may be no classes: a hidden layer as wide as what it gets, and so many outputs, is "
                "the head of MoCo v2 and SimCLR, which gives features to compare.",
                n=outputs,
            )
        ]
    if outputs in USUAL_SIZES:
        return [
            _(
                "Its {n} outputs may be no classes: many networks that compare pictures or faces give so many "
                "features.",
                n=outputs,
            )
        ]
    return []


def assumed_of_outputs(outputs: int) -> Message:
    """What is taken for granted where nothing tells that the outputs are classes."""
    return _(
        "Its {n} outputs are taken for scores of classes of which a picture shows one: quantities, and classes of "
        "which several may be there, would leave the same tensors.",
        n=outputs,
    )
