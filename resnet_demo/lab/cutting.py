"""A network with wires cut, as a network: whatever takes one, takes it, and the original is never touched.

`interventions.py` calls the network's own modules in another way, which is quick and enough for an experiment. Here the
modules of a private view are exchanged: a cut branch is followed by a factor of 0. So a network with a hole can be
asked, traced, trained no more but tested, and cut again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

from torch import nn

from ..errors import InputError
from ..interpret.naming import no_block
from ..interpret.trace import private_view
from ..models.resnet import NoShortcut, ResidualBlock, ResNet, Scaled, check_network
from .interventions import BranchScales, block_names, intervention, way_past


@contextmanager
def cut(model: ResNet, *wires: str, residual: float = 1.0, shortcut: float = 1.0) -> Iterator[ResNet]:
    """Give a network that is the model with these wires cut, in eval mode; the model itself is not touched.

    A block's name is that of its residual branch, "layer2.1"; "layer2.1.shortcut" is that of its shortcut. All other
    branches are multiplied with `residual` and `shortcut`. A plain block that is cut passes on its input, as its
    residual twin would. What is given shares the model's tensors and has modules of its own, so that any number of
    threads can cut one model at a time; when the block of code ends, by an exception too, it is again as the model was.

    Raises InputError for a wire that the network does not have, and for a factor that is below 0 or no number.
    (Veit, Wilber, Belongie 2016, section 4.1.)

    >>> import torch
    >>> from resnet_demo import load
    >>> model, picture = load("resnet20"), torch.ones(1, 3, 32, 32)
    >>> with cut(model, "layer2.1") as holed:
    ...     different = not torch.equal(holed(picture), model(picture))
    >>> different, torch.equal(holed(picture), model(picture))
    (True, True)
    """
    check_network(model)
    for factor in (residual, shortcut):
        if not isinstance(factor, Real) or not 0 <= factor < float("inf"):
            raise InputError("A branch scale is 0 or more, not {value!r}.", value=factor)
    for wire in wires:
        if not isinstance(wire, str):
            raise no_block(wire, block_names(model))
    scaled, deleted = intervention(model, wires, BranchScales(residual, shortcut))
    view = private_view(model)
    whole: list[tuple[ResidualBlock, nn.Module, nn.Module]] = []
    try:
        for name, block in view.named_blocks():
            whole.append((block, block.residual, block.shortcut))
            if name in deleted and isinstance(block.shortcut, NoShortcut):
                block.shortcut = way_past(block)
            at = BranchScales(residual=0.0) if name in deleted else scaled.get(name, BranchScales())
            if at.residual != 1:
                block.residual = Scaled(block.residual, float(at.residual))
            if at.shortcut != 1 and not isinstance(block.shortcut, NoShortcut):
                block.shortcut = Scaled(block.shortcut, float(at.shortcut))
        yield view
    finally:
        for block, branch, past in whole:
            block.residual, block.shortcut = branch, past  # pyright: ignore[reportAttributeAccessIssue]


def is_cut(model: nn.Module) -> bool:
    """Whether this is what `cut` gives."""
    return any(isinstance(module, Scaled) for module in model.modules())
