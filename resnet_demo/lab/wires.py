"""The names that `interventions` had: for callers that have not changed to the new ones yet."""

from torch import Tensor

from ..models.resnet import ResNet
from .interventions import (
    NO_SCALES,
    UNCHANGED,
    BranchScales,
    Intervention,
    answer,
    answer_without,
    block_names,
    changes_shape,
    check_blocks,
    intervention,
    passed_on,
    scaled,
    states,
    trace_intervened,
    way_past,
)

__all__ = [
    "answer",
    "answer_without",
    "block_names",
    "changes_shape",
    "check_blocks",
    "passed_on",
    "states",
    "way_past",
]

Dial, Wires, rewired, dialled, trace_rewired = BranchScales, Intervention, intervention, scaled, trace_intervened
AS_IT_IS, NO_DIALS = UNCHANGED, NO_SCALES


def head(model: ResNet, x: Tensor) -> Tensor:
    return model.head(x)
