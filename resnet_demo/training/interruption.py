"""Ending a step in the middle: a deep network on a busy processor takes seconds for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from ..models.resnet import ResNet


class BrokenOff(Exception):
    """The rest of this step, or of this test, is not wanted any more."""


@contextmanager
def interruptible(model: ResNet, unwanted: Callable[[], bool]) -> Iterator[None]:
    """Ask between every two blocks, on the way there and back, whether to go on; raise BrokenOff where not.

    What was computed up to there is lost, and the running statistics of batch norm are those of before. Replicas that
    are made of the model in the meantime ask, too.
    """

    def ask(*_: Any) -> None:
        if unwanted():
            raise BrokenOff

    def ask_on_the_way_back(_block: Any, _inputs: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(ask)

    with ExitStack() as hooks:
        for _, block in model.named_blocks():
            for handle in (block.register_forward_pre_hook(ask), block.register_forward_hook(ask_on_the_way_back)):
                hooks.callback(handle.remove)
        yield


@contextmanager
def statistics_kept(model: ResNet) -> Iterator[None]:
    """Put the buffers back as they were if what is done here is broken off."""
    buffers = list(model.buffers())
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    except BrokenOff:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
        raise
