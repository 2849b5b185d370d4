"""Residual networks and their plain twins, written to be read beside the papers.

    y = relu(F(x) + x)          the residual block of [1]
    y = F(x) + x                the pre-activation block of [2]

[1] He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016 (arXiv 1512.03385).
[2] He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016 (arXiv 1603.05027).

One class, `ResNet`, builds every family; a `ResNetConfig` says which one:

    family    block       stem                  widths             shortcut  depth
    cifar     basic       3x3                   16-32-64           A         6n+2   ([1], section 4.2)
    cifar     basic       3x3                   64-128-256-512     B         18     (the popular 3x3-stem ResNet-18)
    cifar     preact      3x3                   16-32-64           A         6n+2   ([2], section 3)
    imagenet  basic       7x7 stride 2, pool    64-128-256-512     B         18, 34 ([1], table 1)
    imagenet  bottleneck  7x7 stride 2, pool    64-128-256-512     B         50, 101, 152
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from ..errors import InputError

if TYPE_CHECKING:
    from ..images import Domain


@dataclass(frozen=True)
class ResNetConfig:
    """Everything that fixes a network's architecture. Defaults: the paper's ResNet-20 for CIFAR-10."""

    blocks: tuple[int, ...] = (3, 3, 3)  # residual blocks in each stage
    widths: tuple[int, ...] = (16, 32, 64)  # channels of each stage (of a bottleneck: its inner channels)
    block: Literal["basic", "bottleneck", "preact"] = "basic"
    stem: Literal["cifar", "imagenet"] = "cifar"
    shortcut: Literal["A", "B"] = "A"  # where the shape changes: A pads with zeros, B projects ([1], section 3.3)
    plain: bool = False  # the same network without its shortcuts
    classes: int = 10

    def __post_init__(self) -> None:
        if not all(type(count) is int for count in (*self.blocks, *self.widths, self.classes)):
            raise InputError("Blocks, widths and classes are whole numbers.")
        if not self.blocks or len(self.blocks) != len(self.widths):
            raise InputError(
                "Every stage needs a number of blocks and a width, not {blocks!r} and {widths!r}.",
                blocks=self.blocks,
                widths=self.widths,
            )
        if min(self.blocks) < 1 or min(self.widths) < 1 or self.classes < 1:
            raise InputError("Blocks, widths and classes are counted from one.")
        if self.block not in BLOCKS or self.stem not in ("cifar", "imagenet"):
            raise InputError("There is no block {block!r} or no stem {stem!r}.", block=self.block, stem=self.stem)
        if self.shortcut not in ("A", "B"):
            raise InputError(
                "A shortcut is of kind 'A' (zero padding) or 'B' (projection), not {kind!r}.", kind=self.shortcut
            )
        if self.plain and self.block != "basic":
            raise InputError("Plain twins exist for networks of basic blocks only, as in the paper.")

    @classmethod
    def cifar(
        cls, depth: int, plain: bool = False, classes: int = 10, block: Literal["basic", "preact"] = "basic"
    ) -> ResNetConfig:
        """The paper's network for CIFAR, of `depth` 6n+2: three stages of n blocks ([1], section 4.2; [2]).

        Raises InputError where the depth is not of that form.
        """
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise InputError(
                "The CIFAR family has depths 6n+2 (8, 14, 20, 26, 32, …); {depth} is not one of them.", depth=depth
            )
        return cls(blocks=(n, n, n), block=block, plain=plain, classes=classes)

    @property
    def expansion(self) -> int:
        """How many times wider a block's output is than its inner convolutions."""
        return 4 if self.block == "bottleneck" else 1

    @property
    def depth(self) -> int:
        """Layers with weights on the main path: the stem, the blocks' convolutions, the classifier."""
        return sum(self.blocks) * (3 if self.block == "bottleneck" else 2) + 2


def conv3x3(c_in: int, c_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)


def conv1x1(c_in: int, c_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)


# The residual branch F(x): two 3x3 convolutions, or 1x1, 3x3, 1x1. Every ReLU is a module of its own, used once and
# out of place: hooks then see each value as it was, and captum's methods that rewrite ReLUs are right.


def basic(c_in: int, width: int, stride: int) -> nn.Sequential:
    """F of a basic block ([1], figure 5 left). [N, c_in, H, W] -> [N, width, H/stride, W/stride]."""
    return nn.Sequential(
        OrderedDict(
            conv1=conv3x3(c_in, width, stride),
            bn1=nn.BatchNorm2d(width),
            relu1=nn.ReLU(),
            conv2=conv3x3(width, width),
            bn2=nn.BatchNorm2d(width),
        )
    )


def bottleneck(c_in: int, width: int, stride: int) -> nn.Sequential:
    """F of a bottleneck block ([1], figure 5 right). [N, c_in, H, W] -> [N, 4*width, H/stride, W/stride].

    The stride sits in the 3x3 convolution, as in torchvision ("ResNet v1.5"), which is more accurate than the
    paper's stride in the first 1x1.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=conv1x1(c_in, width),
            bn1=nn.BatchNorm2d(width),
            relu1=nn.ReLU(),
            conv2=conv3x3(width, width, stride),
            bn2=nn.BatchNorm2d(width),
            relu2=nn.ReLU(),
            conv3=conv1x1(width, 4 * width),
            bn3=nn.BatchNorm2d(4 * width),
        )
    )


def preact(c_in: int, width: int, stride: int) -> nn.Sequential:
    """F of a pre-activation block ([2], figure 1b). [N, c_in, H, W] -> [N, width, H/stride, W/stride]."""
    return nn.Sequential(
        OrderedDict(
            bn1=nn.BatchNorm2d(c_in),
            relu1=nn.ReLU(),
            conv1=conv3x3(c_in, width, stride),
            bn2=nn.BatchNorm2d(width),
            relu2=nn.ReLU(),
            conv2=conv3x3(width, width),
        )
    )


BLOCKS = {"basic": basic, "bottleneck": bottleneck, "preact": preact}


class ZeroPadShortcut(nn.Module):
    """Shortcut A: every `stride`-th pixel, the new channels filled with zeros. No parameters ([1], section 3.3)."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        before = (c_out - c_in) // 2
        self.stride, self.padding = stride, (0, 0, 0, 0, before, c_out - c_in - before)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], self.padding)


class ProjectionShortcut(nn.Sequential):
    """Shortcut B: a strided 1x1 convolution and its batch norm ([1], equation 2)."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__(OrderedDict(conv=conv1x1(c_in, c_out, stride), bn=nn.BatchNorm2d(c_out)))


class NoShortcut(nn.Module):
    """The shortcut of a plain network carries nothing: a zero that broadcasts over F(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(())


class ResidualBlock(nn.Module):
    """y = relu(F(x) + shortcut(x)) ([1], equations 1 and 2). [N, C, H, W] -> [N, C', H/stride, W/stride].

    The children are the terms of the equation: `residual` is F, `shortcut` is the identity where the shape stays and
    kind A or B where it changes, `relu` closes the block. In a plain network `shortcut` is `NoShortcut`. In a
    pre-activation block `relu` is the identity: batch norm and ReLU come first, inside F, and nothing follows the sum.
    Through all blocks, x_L = x_0 + F_1 + … + F_L then holds exactly ([2], equation 4).
    """

    def __init__(self, c_in: int, width: int, stride: int, config: ResNetConfig) -> None:
        super().__init__()
        c_out = width * config.expansion
        self.residual = BLOCKS[config.block](c_in, width, stride)
        if config.plain:
            self.shortcut: nn.Module = NoShortcut()
        elif c_in == c_out and stride == 1:
            self.shortcut = nn.Identity()
        elif config.shortcut == "A":
            self.shortcut = ZeroPadShortcut(c_in, c_out, stride)
        else:
            self.shortcut = ProjectionShortcut(c_in, c_out, stride)
        self.relu = nn.Identity() if config.block == "preact" else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.combine(self.residual(x), self.shortcut(x))

    def combine(self, residual: Tensor, shortcut: Tensor) -> Tensor:
        """The block's output, of its two branches [N, C', H', W'] each: also of branches that were intervened in."""
        return self.relu(residual + shortcut)


class ResNet(nn.Module):
    """Stem, stages `layer1`, `layer2`, … of residual blocks, global average pooling, classifier.

    `forward` takes pictures [N, 3, H, W], normalised, and returns logits [N, classes]. Any H and W that survive the
    strides will do, since pooling is global. With a `seed` the weights depend on nothing but the config and the
    seed, and a plain network starts from exactly the weights of its residual twin.
    """

    # What the weights know beyond the architecture; set by whoever loads or trains them.
    domain: Domain | None = None  # the pictures it is for: classes' names, size, normalisation
    provenance: dict[str, Any] | None = None  # where the weights come from: recipe, seed, accuracy, history

    def __init__(self, config: ResNetConfig | None = None, seed: int | None = None) -> None:
        super().__init__()
        self.config = config = config or ResNetConfig()
        width = config.widths[0]
        if config.block == "preact":  # its first block brings batch norm and ReLU
            self.stem = nn.Sequential(OrderedDict(conv=conv3x3(3, width)))  # [N, 16, 32, 32]
        elif config.stem == "cifar":
            self.stem = nn.Sequential(
                OrderedDict(conv=conv3x3(3, width), bn=nn.BatchNorm2d(width), relu=nn.ReLU())  # [N, 16, 32, 32]
            )
        else:
            self.stem = nn.Sequential(
                OrderedDict(
                    conv=nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False),  # [N, 64, 112, 112]
                    bn=nn.BatchNorm2d(width),
                    relu=nn.ReLU(),
                    pool=nn.MaxPool2d(3, stride=2, padding=1),  # [N, 64, 56, 56]
                )
            )
        c_in = width
        for stage, (count, width) in enumerate(zip(config.blocks, config.widths, strict=True), start=1):
            layer = nn.Sequential()
            for index in range(count):  # each stage but the first halves the picture, in its first block
                stride = 2 if stage > 1 and index == 0 else 1
                layer.append(ResidualBlock(c_in, width, stride, config))
                c_in = width * config.expansion
            self.add_module(f"layer{stage}", layer)
        if config.block == "preact":  # and its last sum is followed by them
            self.last = nn.Sequential(OrderedDict(bn=nn.BatchNorm2d(c_in), relu=nn.ReLU()))
        else:
            self.last = nn.Identity()
        self.fc = nn.Linear(c_in, config.classes)
        self.initialise(seed)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # [N, 16, 32, 32] for a CIFAR picture, [N, 64, 56, 56] for an ImageNet one
        for _, block in self.named_blocks():
            x = block(x)  # finally [N, 64, 8, 8], or [N, 512 * expansion, 7, 7]
        return self.head(x)

    def head(self, x: Tensor) -> Tensor:
        """Global average pooling and the classifier: maps [N, C, H, W] -> logits [N, classes]."""
        return self.fc(self.last(x).mean(dim=(2, 3)))

    def named_blocks(self) -> Iterator[tuple[str, ResidualBlock]]:
        """The residual blocks from input to output, with their names: `layer1.0`, `layer1.1`, …"""
        for stage in range(1, len(self.config.blocks) + 1):
            for index, block in self.get_submodule(f"layer{stage}").named_children():
                assert isinstance(block, ResidualBlock)
                yield f"layer{stage}.{index}", block

    @torch.no_grad()
    def initialise(self, seed: int | None = None) -> None:
        """Draw the weights anew: He initialisation of the convolutions [He et al. 2015, arXiv 1502.01852].

        The shortcuts' own convolutions come last, so that they do not shift the draws that both twins share.
        """
        generator = torch.default_generator if seed is None else torch.Generator().manual_seed(seed)
        modules = sorted(self.named_modules(), key=lambda named: "shortcut" in named[0])
        for _, module in modules:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
