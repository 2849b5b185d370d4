"""Interventions: a network with blocks deleted, or with their branches scaled.

    y = relu(residual * F(x) + shortcut * h(x))

h is the shortcut. Both scales are 1 in the network as it is, and multiplying by 1 changes no bit. A block is deleted
(Veit, Wilber, Belongie 2016, section 4.1) by passing its input on: residual = 0. A plain block has no shortcut that
could pass it on, so it is given the one that its residual twin has, which is what Veit et al. do to VGG. For contrast a
shortcut can be cut, too: shortcut = 0, and y = relu(F(x)), as in a plain network, but with weights that were trained
with the shortcut.

Nothing here touches the model: its own modules are called, in another order or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..interpret.naming import no_block
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, trace_block
from ..models.resnet import NoShortcut, ResidualBlock, ResNet, ZeroPadShortcut, times, unscaled


@dataclass(frozen=True)
class BranchScales:
    """The factors on a block's two branches."""

    residual: float = 1.0
    shortcut: float = 1.0


UNCHANGED = BranchScales()
NO_SCALES: Mapping[str, BranchScales] = {}
NOTHING_KNOWN: Mapping[str, Tensor] = {}
Intervention: TypeAlias = "tuple[dict[str, BranchScales], set[str]]"  # which blocks are scaled, and which are deleted


def intervention(model: ResNet, cut: Collection[str], scales: BranchScales = UNCHANGED) -> Intervention:
    """What `states` is to do so that these wires are cut and all others multiplied: blocks to scale, blocks to delete.

    A plain network has no shortcuts: the names of such wires mean nothing to it.
    Raises InputError for a block that the network does not have.
    """
    check_blocks(model, [wire.removesuffix(SHORTCUT_WIRE) for wire in cut])
    scaled: dict[str, BranchScales] = {}
    deleted: set[str] = set()
    for name in block_names(model):
        at = BranchScales(
            0.0 if name in cut else scales.residual, 0.0 if name + SHORTCUT_WIRE in cut else scales.shortcut
        )
        if name in cut and (model.config.plain or at.shortcut == 1):
            deleted.add(name)
        elif at != UNCHANGED:
            scaled[name] = at
    return scaled, deleted


def states(
    model: ResNet,
    inputs: Tensor,
    scales: Mapping[str, BranchScales] = NO_SCALES,
    deleted: Collection[str] = (),
    known: Mapping[str, Tensor] = NOTHING_KNOWN,
) -> Iterator[tuple[str, Tensor]]:
    """What leaves the stem and every block, with its name, for inputs [N, 3, H, W]: named blocks scaled or deleted.

    What is `known` to leave them in the network as it is, by name, is not computed again as far as nothing is changed.
    Raises InputError for a block that the network does not have.
    """
    check_blocks(model, [*scales, *deleted])
    x = known["stem"] if "stem" in known else model.stem(inputs)
    yield "stem", x
    changed = False
    for name, block in model.named_blocks():
        changed = changed or name in deleted or name in scales
        if not changed and name in known:
            x = known[name]
        elif name in deleted:
            x = passed_on(block, x)
        elif name in scales:
            x = scaled(block, x, scales[name])
        else:
            x = block(x)
        yield name, x


def answer(
    model: ResNet, inputs: Tensor, scales: Mapping[str, BranchScales] = NO_SCALES, deleted: Collection[str] = ()
) -> Tensor:
    """Logits [N, classes] for inputs [N, 3, H, W], with the named blocks scaled or deleted; see `states`."""
    *_, (_, last) = states(model, inputs, scales, deleted)
    return model.head(last)


def answer_without(model: ResNet, inputs: Tensor, deleted: Collection[str]) -> Tensor:
    """Logits [N, classes] with the named blocks deleted."""
    return answer(model, inputs, deleted=deleted)


def scaled(block: ResidualBlock, x: Tensor, scales: BranchScales) -> Tensor:
    """The block's output with its branches multiplied."""
    return block.combine(times(scales.residual, block.residual(x)), times(scales.shortcut, block.shortcut(x)))


def passed_on(block: ResidualBlock, x: Tensor) -> Tensor:
    """What comes out of the block once it is deleted: its input, brought to the shape of its output."""
    return block.relu(way_past(block)(x))


@torch.no_grad()
def trace_intervened(
    model: ResNet,
    name: str,
    x: Tensor,
    scales: Mapping[str, BranchScales] = NO_SCALES,
    deleted: Collection[str] = (),
) -> BlockTrace:
    """What happens in one block that gets x [1, C, H, W]; F(x) is shown where it is cut, too, before the cut."""

    def run(block: ResidualBlock, x: Tensor) -> None:
        if name in deleted:
            block.residual(x)
            block.shortcut(x)
            passed_on(block, x)
        else:
            scaled(block, x, scales.get(name, UNCHANGED))

    check_blocks(model, [name])
    return trace_block(name, dict(model.named_blocks())[name], x, run)


def way_past(block: ResidualBlock) -> nn.Module:
    """The block's shortcut; for a plain block the one that its residual twin has, of kind A where the shape changes."""
    if not isinstance(block.shortcut, NoShortcut):
        return block.shortcut
    convolutions = [module for module in block.residual.children() if isinstance(module, nn.Conv2d)]
    c_in, c_out = convolutions[0].in_channels, convolutions[-1].out_channels
    stride = max(convolution.stride[0] for convolution in convolutions)
    return nn.Identity() if (c_in, stride) == (c_out, 1) else ZeroPadShortcut(c_in, c_out, stride)


def changes_shape(block: ResidualBlock) -> bool:
    """Whether the block halves the picture or widens it, so that nothing can pass it unchanged."""
    return not isinstance(unscaled(way_past(block)), nn.Identity)


def block_names(model: ResNet) -> list[str]:
    return [name for name, _ in model.named_blocks()]


def check_blocks(model: ResNet, names: Collection[str]) -> None:
    """Raise InputError unless the network has all these blocks."""
    known = block_names(model)
    for name in names:
        if name not in known:
            raise no_block(name, known)
