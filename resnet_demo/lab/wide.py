"""What theory says of a fresh network of endless width: how strong its signals and gradients are, block by block.

In a wide network every convolution is a sum of so many independent terms that what it gives is Gaussian. Of a map then
only the distribution of its values matters, which is followed here with a sample of them, forward and back:

    forward    F has the variance 2 E[x^2], of the x that its first convolution gets, since He's weights keep the power
               through ReLU and convolution; with batch norm the variance is 1
    backward   F adds 2 E[g^2] to what the shortcut brings; each batch norm divides this by the variance of its maps

From that follow the rates that the literature states:

- without normalisation, a pre-activation block doubles the variance (De and Smith: Batch Normalization Biases Residual
  Blocks Towards the Identity Function in Deep Networks, NeurIPS 2020); a block that ends in a ReLU, whose
  input is not centred, lets it grow by about 2.4; a plain block keeps it (He et al. 2015, arXiv 1502.01852);
- with batch norm a residual block adds 1 to the variance, which so is proportional to depth (De and Smith); one that
  ends in a ReLU adds about 0.8;
- with batch norm and without shortcuts, gradients grow by sqrt(pi / (pi - 1)) a layer (Yang et al. 2019): of what a
  ReLU passes on, 1 / pi is its mean, which batch norm takes away, and it enlarges the rest to make up for that.

Left out: the edges of the picture, where zero padding takes something away, and that real networks are not wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.resnet import NoShortcut, ProjectionShortcut, ResidualBlock, ResNet, ZeroPadShortcut

SAMPLE = 2**14  # values of each kind of channel
ONE = torch.ones(1, dtype=torch.float64)
KEPT = 1 - 1 / math.pi  # of a ReLU's mean square, if its input is centred: what is left once its mean is taken away


@dataclass(frozen=True)
class Expected:
    """Of one block's sum F(x) + x, before the ReLU: its mean square, and the norm of the gradient, up to a factor."""

    activation: float
    gradient: float


@dataclass(frozen=True)
class _Channels:
    """A sample [kinds, SAMPLE] of the values in each kind of channel, and which part of all channels each kind is.

    Where a shortcut pads with zeros, there is one more kind. `means` [kinds] are the mean squares of the channels' own
    means, where these differ so that the values are told without them.
    """

    values: Tensor
    parts: Tensor
    means: Tensor

    def mean(self, values: Tensor) -> float:
        """Over all channels, of values [kinds, SAMPLE]."""
        return float((self.parts * values.mean(1)).sum())

    def mean_square(self) -> float:
        return self.mean(self.values.square() + self.means[:, None])

    def variance(self) -> float:
        """Within a channel, over pictures and places, as batch norm takes it."""
        return float((self.parts * self.values.var(1)).sum())


def expected(model: ResNet, batch_norm: bool, scale: float = 1.0, start: float = 1.0) -> dict[str, Expected]:
    """By block, for a fresh network of this architecture, with every residual branch multiplied by `scale`.

    `start` is the mean square of what leaves the stem.
    """
    luck = torch.Generator().manual_seed(0)

    def normal(kinds: int) -> Tensor:
        return torch.randn(kinds, SAMPLE, generator=luck, dtype=torch.float64)

    ends_in_relu = model.config.block != "preact"
    stem = normal(1).relu() if ends_in_relu else normal(1)
    x = _Channels(stem * (start / stem.square().mean()).sqrt(), ONE, 0 * ONE)
    inputs, sums = [], []
    for _name, block in model.named_blocks():
        inputs.append(x)
        branch = 1.0 if batch_norm else 2 * _narrower(block) * x.mean(x.values.relu().square())
        # A pre-activation branch ends in a convolution: what batch norm does not take away, its channels' means, stays.
        varying = KEPT if batch_norm and not ends_in_relu else 1.0
        skip = _shortcut(block, x, batch_norm, normal)
        total = _Channels(
            skip.values + scale * (varying * branch) ** 0.5 * normal(len(skip.parts)),
            skip.parts,
            skip.means + scale**2 * (1 - varying) * branch,
        )
        sums.append(total)
        x = _Channels(total.values.relu(), total.parts, total.means) if ends_in_relu else total

    blocks = list(model.named_blocks())
    gradient, found = torch.ones_like(x.values), {}  # mean squares, of each value
    if not ends_in_relu:  # the last sum has its batch norm and ReLU in the head
        gradient = _through_its_relu(x, batch_norm)
    area = 1.0  # of the maps, in those of the last block
    for (name, block), x, total in reversed(list(zip(blocks, inputs, sums, strict=True))):
        if ends_in_relu:
            gradient = gradient * (total.values > 0)
        arriving = total.mean(gradient)
        size = area * _convolutions(block)[-1].out_channels
        found[name] = Expected(total.mean_square(), (size * arriving) ** 0.5)
        gradient = _back(block, x, gradient, arriving, batch_norm, scale)
        area *= _stride(block) ** 2
    return {name: found[name] for name, _block in blocks}


def _shortcut(block: ResidualBlock, x: _Channels, batch_norm: bool, normal: Callable[[int], Tensor]) -> _Channels:
    if isinstance(block.shortcut, NoShortcut):
        return _Channels(torch.zeros_like(x.values[:1]), ONE, 0 * ONE)
    if isinstance(block.shortcut, ProjectionShortcut):
        power = 1.0 if batch_norm else 2 * _narrower(block) * x.mean(x.values.square())
        return _Channels(power**0.5 * normal(1), ONE, 0 * ONE)
    if isinstance(block.shortcut, ZeroPadShortcut):
        carried = _narrower(block)
        return _Channels(
            torch.cat([x.values, torch.zeros_like(x.values[:1])]),
            torch.cat([carried * x.parts, (1 - carried) * ONE]),
            torch.cat([x.means, 0 * ONE]),
        )
    return x


def _back(
    block: ResidualBlock, x: _Channels, gradient: Tensor, arriving: float, batch_norm: bool, scale: float
) -> Tensor:
    """Mean squares of the gradient at a block's input, from those at its sum."""
    convolutions, stride = _convolutions(block), _stride(block)
    branch = scale**2 * 2 * arriving / stride**2  # the gradient of a strided convolution falls on more values
    if batch_norm:  # every batch norm in the branch but the first one sees what a ReLU of centred maps passes on
        branch *= KEPT ** (1 - len(convolutions)) / _narrower(block)
    through = torch.full_like(x.values, branch)
    if block.residual[0] is not convolutions[0]:  # pre-activation: first through its own ReLU and batch norm
        through = through * _through_its_relu(x, batch_norm)
    elif batch_norm:
        through = through / (2 * x.variance())
    if isinstance(block.shortcut, NoShortcut):
        return through
    if isinstance(block.shortcut, ProjectionShortcut):
        back = 2 * arriving / stride**2
        return through + (back / (2 * _narrower(block) * x.variance()) if batch_norm else back)
    return through + gradient[: len(x.parts)] / stride**2


def _through_its_relu(x: _Channels, batch_norm: bool) -> Tensor:
    """By what a pre-activation multiplies the gradient's mean square, for each value."""
    if not batch_norm:
        return (x.values > 0).double()
    return (x.values > x.values.mean(1, keepdim=True)) / x.values.var(1, keepdim=True)


def _convolutions(block: ResidualBlock) -> list[nn.Conv2d]:
    return [layer for layer in block.residual if isinstance(layer, nn.Conv2d)]


def _narrower(block: ResidualBlock) -> float:
    """Channels of the input for each one of the output: He's weights, for gradients, make maps so much weaker."""
    convolutions = _convolutions(block)
    return convolutions[0].in_channels / convolutions[-1].out_channels


def _stride(block: ResidualBlock) -> int:
    return max(convolution.stride[0] for convolution in _convolutions(block))
