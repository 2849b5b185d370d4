"""The network with its wires cut or turned up and down.

    y = relu(residual * F(x) + shortcut * h(x))

h is the shortcut. Both factors are 1 in the network as it is, and multiplying by 1 changes no bit. A block is deleted
(Veit, Wilber, Belongie 2016, section 4.1) by passing its input on: residual = 0. A plain block has no wire that could
pass it on, so it is given the one that its residual twin has, which is what Veit et al. do to VGG. For contrast a
shortcut can be cut, too: shortcut = 0, and y = relu(F(x)), as in a plain network, but with weights that never had to do
without.

Nothing here touches the model: its own modules are called, in another order or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, trace_block
from ..models.resnet import NoShortcut, ResidualBlock, ResNet, ZeroPadShortcut


@dataclass(frozen=True)
class Dial:
    """The factors on a block's two branches."""

    residual: float = 1.0
    shortcut: float = 1.0


AS_IT_IS = Dial()
NO_DIALS: Mapping[str, Dial] = {}
NOTHING_KNOWN: Mapping[str, Tensor] = {}
Wires: TypeAlias = "tuple[dict[str, Dial], set[str]]"  # which blocks are dialled, and which are deleted


def rewired(model: ResNet, cut: Collection[str], dial: Dial = AS_IT_IS) -> Wires:
    """What `states` is to do so that these wires are cut and all others multiplied: blocks to dial, blocks to delete.

    A plain network has no shortcuts: the names of such wires mean nothing to it.
    Raises InputError for a block that the network does not have.
    """
    check_blocks(model, [wire.removesuffix(SHORTCUT_WIRE) for wire in cut])
    dials: dict[str, Dial] = {}
    deleted: set[str] = set()
    for name in block_names(model):
        at = Dial(0.0 if name in cut else dial.residual, 0.0 if name + SHORTCUT_WIRE in cut else dial.shortcut)
        if name in cut and (model.config.plain or at.shortcut == 1):
            deleted.add(name)
        elif at != AS_IT_IS:
            dials[name] = at
    return dials, deleted


def states(
    model: ResNet,
    inputs: Tensor,
    dials: Mapping[str, Dial] = NO_DIALS,
    deleted: Collection[str] = (),
    known: Mapping[str, Tensor] = NOTHING_KNOWN,
) -> Iterator[tuple[str, Tensor]]:
    """What leaves the stem and every block, with its name, for inputs [N, 3, H, W]: named blocks dialled or deleted.

    What is `known` to leave them in the network as it is, by name, is not computed again as far as nothing is changed.
    Raises InputError for a block that the network does not have.
    """
    check_blocks(model, [*dials, *deleted])
    x = known["stem"] if "stem" in known else model.stem(inputs)
    yield "stem", x
    changed = False
    for name, block in model.named_blocks():
        changed = changed or name in deleted or name in dials
        if not changed and name in known:
            x = known[name]
        elif name in deleted:
            x = passed_on(block, x)
        elif name in dials:
            x = dialled(block, x, dials[name])
        else:
            x = block(x)
        yield name, x


def answer(
    model: ResNet, inputs: Tensor, dials: Mapping[str, Dial] = NO_DIALS, deleted: Collection[str] = ()
) -> Tensor:
    """Logits [N, classes] for inputs [N, 3, H, W], with the named blocks dialled or deleted; see `states`."""
    *_, (_, last) = states(model, inputs, dials, deleted)
    return head(model, last)


def answer_without(model: ResNet, inputs: Tensor, deleted: Collection[str]) -> Tensor:
    """Logits [N, classes] with the named blocks deleted."""
    return answer(model, inputs, deleted=deleted)


def dialled(block: ResidualBlock, x: Tensor, dial: Dial) -> Tensor:
    """The block's output with its branches multiplied."""
    return block.relu(_times(dial.residual, block.residual(x)) + _times(dial.shortcut, block.shortcut(x)))


def _times(factor: float, value: Tensor) -> Tensor:
    return factor * value if factor else torch.zeros_like(value)  # 0 times infinity would be no number


def passed_on(block: ResidualBlock, x: Tensor) -> Tensor:
    """What comes out of the block once it is deleted: its input, brought to the shape of its output."""
    return block.relu(way_past(block)(x))


@torch.no_grad()
def trace_rewired(
    model: ResNet, name: str, x: Tensor, dials: Mapping[str, Dial] = NO_DIALS, deleted: Collection[str] = ()
) -> BlockTrace:
    """What happens in one block that gets x [1, C, H, W]; F(x) is shown where it is cut, too, before the cut."""

    def run(block: ResidualBlock, x: Tensor) -> None:
        if name in deleted:
            block.residual(x)
            block.shortcut(x)
            passed_on(block, x)
        else:
            dialled(block, x, dials.get(name, AS_IT_IS))

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
    return not isinstance(way_past(block), nn.Identity)


def head(model: ResNet, x: Tensor) -> Tensor:
    """Global average pooling and the classifier: [N, C, H, W] -> logits [N, classes]."""
    return model.fc(x.mean(dim=(2, 3)))


def block_names(model: ResNet) -> list[str]:
    return [name for name, _ in model.named_blocks()]


def check_blocks(model: ResNet, names: Collection[str]) -> None:
    """Raise InputError unless the network has all these blocks."""
    known = block_names(model)
    for name in names:
        if name not in known:
            raise InputError(f"There is no block {name!r}; there are {known[0]} to {known[-1]}.")
