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

Others have varied them since; the second half of `ResNetConfig` says how, so that their weights can be read:

    ResNeXt       a bottleneck's 3x3 convolution in groups (Xie et al. 2017, arXiv 1611.05431)
    Wide ResNet   wider bottlenecks (Zagoruyko, Komodakis 2016, arXiv 1605.07146, as in torchvision)
    ResNet-C, -D  three 3x3 convolutions as the stem, shortcuts that average before they project (He et al. 2019,
                  arXiv 1812.01187, as in timm)
    and           GroupNorm, grey pictures, dilation in place of strides, other last layers
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from ..errors import InputError

if TYPE_CHECKING:
    from ..i18n import Sentences
    from ..images import Domain


@dataclass(frozen=True)
class ResNetConfig:
    """Everything that fixes a network's architecture. Defaults: the paper's ResNet-20 for CIFAR-10."""

    blocks: tuple[int, ...] = (3, 3, 3)  # residual blocks in each stage
    widths: tuple[int, ...] = (16, 32, 64)  # channels of each stage (of a bottleneck: a quarter of them)
    block: Literal["basic", "bottleneck", "preact"] = "basic"
    stem: Literal["cifar", "imagenet", "deep"] = "cifar"
    # Where the shape changes: A pads with zeros, B projects ([1], section 3.3), D averages, then projects
    shortcut: Literal["A", "B", "D"] = "A"
    plain: bool = False  # the same network without its shortcuts
    classes: int = 10  # logits; a single one is of the second of two classes

    # What is varied in others' networks
    channels: int = 3  # of a picture: 1 is grey
    stem_widths: tuple[int, ...] = ()  # channels of the stem's convolutions; else the first stage's
    stem_stride: int = 0  # of its first convolution; 0: 1 in a CIFAR stem, else 2
    pool: bool | None = None  # whether max pooling ends the stem; None: not in a CIFAR stem
    padding: Literal["both", "end"] = "both"  # where shortcut A has its zeros: around the channels, or after them
    groups: int = 1  # of a bottleneck's 3x3 convolution
    width_per_group: int = 64  # its channels in each group, where the stage is 64 wide
    stride_first: bool = False  # a bottleneck's stride in its first convolution, as in [1], not in the 3x3 one
    dilated: int = 0  # how many of the last stages dilate their convolutions where others halve the picture
    norm_groups: int = 0  # groups of GroupNorm in the place of batch norm; 0: batch norm
    hidden: tuple[int, ...] = ()  # hidden layers of the classifier, each followed by a ReLU
    bias: bool = True  # of the classifier

    def __post_init__(self) -> None:
        sizes = (*self.blocks, *self.widths, *self.stem_widths, *self.hidden, self.classes, self.channels, self.groups)
        if not all(type(count) is int for count in (*sizes, self.width_per_group)):
            raise InputError("Blocks, widths and classes are whole numbers.")
        if not self.blocks or len(self.blocks) != len(self.widths):
            raise InputError(
                "Every stage needs a number of blocks and a width, not {blocks!r} and {widths!r}.",
                blocks=self.blocks,
                widths=self.widths,
            )
        if min(*sizes, self.width_per_group) < 1:
            raise InputError("Blocks, widths and classes are counted from one.")
        if self.block not in BLOCKS or self.stem not in ("cifar", "imagenet", "deep"):
            raise InputError("There is no block {block!r} or no stem {stem!r}.", block=self.block, stem=self.stem)
        if self.shortcut not in ("A", "B", "D"):
            raise InputError(
                "A shortcut is of kind 'A' (zero padding), 'B' (projection) or 'D' (averaging), not {kind!r}.",
                kind=self.shortcut,
            )
        if self.plain and self.block != "basic":
            raise InputError("Plain twins exist for networks of basic blocks only, as in the paper.")
        if self.channels not in (1, 3):
            raise InputError(
                "Pictures have 3 channels, or 1 where they are grey, not {channels}.", channels=self.channels
            )
        if len(self.stem_widths) not in ((3,) if self.stem == "deep" else (0, 1)):
            raise InputError("A stem has one convolution, a deep one three: {widths!r}.", widths=self.stem_widths)
        if self.stem_stride not in (0, 1, 2) or not 0 <= self.dilated < len(self.blocks):
            raise InputError("A stem's stride is 1 or 2, and the first stage never dilates.")
        if self.groups > 1 and self.block != "bottleneck":
            raise InputError("Only bottlenecks have convolutions in groups.")
        inner = [self.inner(width) for width in self.widths]
        if min(inner) < 1 or any(width % self.groups for width in inner):
            raise InputError("{groups} groups do not divide {inner!r} channels.", groups=self.groups, inner=inner)
        normed = (*self.widths, *inner, self.stem_width, *self.stem_widths)
        if self.norm_groups < 0 or (self.norm_groups and any(width % self.norm_groups for width in normed)):
            raise InputError("{groups} groups do not divide {inner!r} channels.", groups=self.norm_groups, inner=normed)

    def inner(self, width: int) -> int:
        """Channels inside a block of a stage of this width."""
        return width * self.width_per_group // 64 * self.groups if self.block == "bottleneck" else width

    @property
    def stem_width(self) -> int:
        """Channels that leave the stem."""
        return self.stem_widths[-1] if self.stem_widths else self.widths[0]

    @property
    def pools(self) -> bool:
        """Whether max pooling ends the stem."""
        return self.stem != "cifar" if self.pool is None else self.pool

    @property
    def outputs(self) -> int:
        """How many classes the answer is about: a single logit is of the second of two."""
        return max(2, self.classes)

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


def conv3x3(c_in: int, c_out: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 3, stride, padding=dilation, dilation=dilation, groups=groups, bias=False)


def conv1x1(c_in: int, c_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)


def norm(channels: int, config: ResNetConfig) -> nn.Module:
    """Batch norm, or GroupNorm where the config asks for it."""
    return nn.GroupNorm(config.norm_groups, channels) if config.norm_groups else nn.BatchNorm2d(channels)


Dilation = tuple[int, int]  # of a block's first and of its second 3x3 convolution

# The residual branch F(x): two 3x3 convolutions, or 1x1, 3x3, 1x1. Every ReLU is a module of its own, used once and
# out of place: hooks then see each value as it was, and captum's methods that rewrite ReLUs are right.


def basic(c_in: int, width: int, stride: int, config: ResNetConfig, dilation: Dilation = (1, 1)) -> nn.Sequential:
    """F of a basic block ([1], figure 5 left). [N, c_in, H, W] -> [N, width, H/stride, W/stride]."""
    return nn.Sequential(
        OrderedDict(
            conv1=conv3x3(c_in, width, stride, dilation[0]),
            bn1=norm(width, config),
            relu1=nn.ReLU(),
            conv2=conv3x3(width, width, dilation=dilation[1]),
            bn2=norm(width, config),
        )
    )


def bottleneck(c_in: int, width: int, stride: int, config: ResNetConfig, dilation: Dilation = (1, 1)) -> nn.Sequential:
    """F of a bottleneck block ([1], figure 5 right). [N, c_in, H, W] -> [N, 4*width, H/stride, W/stride].

    The stride sits in the 3x3 convolution, as in torchvision ("ResNet v1.5"), which is more accurate than the
    paper's stride in the first 1x1.
    """
    inner, first, second = config.inner(width), *((stride, 1) if config.stride_first else (1, stride))
    return nn.Sequential(
        OrderedDict(
            conv1=conv1x1(c_in, inner, first),
            bn1=norm(inner, config),
            relu1=nn.ReLU(),
            conv2=conv3x3(inner, inner, second, dilation[0], config.groups),
            bn2=norm(inner, config),
            relu2=nn.ReLU(),
            conv3=conv1x1(inner, 4 * width),
            bn3=norm(4 * width, config),
        )
    )


def preact(c_in: int, width: int, stride: int, config: ResNetConfig, dilation: Dilation = (1, 1)) -> nn.Sequential:
    """F of a pre-activation block ([2], figure 1b). [N, c_in, H, W] -> [N, width, H/stride, W/stride]."""
    return nn.Sequential(
        OrderedDict(
            bn1=norm(c_in, config),
            relu1=nn.ReLU(),
            conv1=conv3x3(c_in, width, stride, dilation[0]),
            bn2=norm(width, config),
            relu2=nn.ReLU(),
            conv2=conv3x3(width, width, dilation=dilation[1]),
        )
    )


BLOCKS = {"basic": basic, "bottleneck": bottleneck, "preact": preact}


class ZeroPadShortcut(nn.Module):
    """Shortcut A: every `stride`-th pixel, the new channels filled with zeros. No parameters ([1], section 3.3)."""

    def __init__(self, c_in: int, c_out: int, stride: int, place: Literal["both", "end"] = "both") -> None:
        super().__init__()
        before = (c_out - c_in) // 2 if place == "both" else 0
        self.stride, self.padding = stride, (0, 0, 0, 0, before, c_out - c_in - before)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], self.padding)


class ProjectionShortcut(nn.Sequential):
    """Shortcut B: a strided 1x1 convolution and its batch norm ([1], equation 2)."""

    def __init__(self, c_in: int, c_out: int, stride: int, config: ResNetConfig | None = None) -> None:
        super().__init__(OrderedDict(conv=conv1x1(c_in, c_out, stride), bn=norm(c_out, config or ResNetConfig())))


class AveragedShortcut(nn.Sequential):
    """Shortcut D: 2x2 average pooling that drops no pixel, then a 1x1 convolution and its batch norm (ResNet-D)."""

    def __init__(self, c_in: int, c_out: int, stride: int, config: ResNetConfig) -> None:
        pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
        super().__init__(OrderedDict(pool=pool, conv=conv1x1(c_in, c_out), bn=norm(c_out, config)))


class NoShortcut(nn.Module):
    """The shortcut of a plain network carries nothing: a zero that broadcasts over F(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(())


class Scaled(nn.Sequential):
    """A branch and a factor behind it, in a network that somebody cut or dialled. A chain's layers are its children.

    The factor is a buffer: such a network's weights are not those of the whole one, and cannot be taken for them.
    """

    factor: Tensor

    def __init__(self, branch: nn.Module, factor: float) -> None:
        super().__init__()
        vars(self)["_modules"] = dict(branch._modules) if isinstance(branch, nn.Sequential) else {"branch": branch}
        self.register_buffer("factor", torch.tensor(factor, dtype=torch.float64))

    def forward(self, input: Tensor) -> Tensor:
        return times(self.factor.item(), super().forward(input))


def times(factor: float, value: Tensor) -> Tensor:
    # 0 times infinity would be no number. The zeros still hang on the value: they have a gradient, to be traced.
    return factor * value if factor else (0 * value).nan_to_num(0)


def unscaled(branch: nn.Module) -> nn.Module:
    """A branch without its factor, as far as that says of which kind it is."""
    return branch._modules.get("branch") or branch if isinstance(branch, Scaled) else branch


class ResidualBlock(nn.Module):
    """y = relu(F(x) + shortcut(x)) ([1], equations 1 and 2). [N, C, H, W] -> [N, C', H/stride, W/stride].

    The children are the terms of the equation: `residual` is F, `shortcut` is the identity where the shape stays and
    kind A or B where it changes, `relu` closes the block. In a plain network `shortcut` is `NoShortcut`. In a
    pre-activation block `relu` is the identity: batch norm and ReLU come first, inside F, and nothing follows the sum.
    Through all blocks, x_L = x_0 + F_1 + … + F_L then holds exactly ([2], equation 4).
    """

    def __init__(self, c_in: int, width: int, stride: int, config: ResNetConfig, dilation: Dilation = (1, 1)) -> None:
        super().__init__()
        c_out = width * config.expansion
        self.residual: nn.Sequential = BLOCKS[config.block](c_in, width, stride, config, dilation)
        if config.plain:
            self.shortcut: nn.Module = NoShortcut()
        elif c_in == c_out and stride == 1:
            self.shortcut = nn.Identity()
        elif config.shortcut == "A":
            self.shortcut = ZeroPadShortcut(c_in, c_out, stride, config.padding)
        elif config.shortcut == "B":
            self.shortcut = ProjectionShortcut(c_in, c_out, stride, config)
        else:
            self.shortcut = AveragedShortcut(c_in, c_out, stride, config)
        self.relu: nn.Module = nn.Identity() if config.block == "preact" else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.combine(self.residual(x), self.shortcut(x))

    def combine(self, residual: Tensor, shortcut: Tensor) -> Tensor:
        """The block's output, of its two branches [N, C', H', W'] each: also of branches that were intervened in."""
        return self.relu(residual + shortcut)


class Grey(nn.Module):
    """Colours [N, 3, H, W] to one channel [N, 1, H, W], by their weights in ITU-R 601; what is grey stays."""

    def forward(self, x: Tensor) -> Tensor:
        weights = x.new_tensor((0.299, 0.587, 0.114)).view(3, 1, 1)
        return x if x.shape[1] == 1 else (x * weights).sum(1, keepdim=True)


def stem(config: ResNetConfig) -> nn.Sequential:
    """What stands before the first block. [N, 3, H, W] -> [N, C, H/stride, W/stride], halved again by pooling."""
    c_in, width, stride = config.channels, config.stem_width, config.stem_stride or (1 if config.stem == "cifar" else 2)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if c_in == 1:
        layers["grey"] = Grey()
    if config.stem == "deep":
        first, second, _ = config.stem_widths
        layers |= {"conv1": conv3x3(c_in, first, stride), "bn1": norm(first, config), "relu1": nn.ReLU()}
        layers |= {"conv2": conv3x3(first, second), "bn2": norm(second, config), "relu2": nn.ReLU()}
        c_in, stride = second, 1
    side = 7 if config.stem == "imagenet" else 3
    layers["conv"] = nn.Conv2d(c_in, width, side, stride, padding=side // 2, bias=False)
    if config.block != "preact":  # whose first block brings batch norm and ReLU
        layers |= {"bn": norm(width, config), "relu": nn.ReLU()}
    if config.pools:
        layers["pool"] = nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(layers)


def classifier(features: int, config: ResNetConfig) -> nn.Module:
    """[N, features] -> logits [N, classes]: a linear layer, or several with a ReLU after each but the last."""
    widths = [features, *config.hidden, config.classes]
    if not config.hidden:
        return nn.Linear(features, config.classes, bias=config.bias)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (before, after) in enumerate(pairwise(widths), start=1):
        layers[f"linear{number}"] = nn.Linear(before, after, bias=config.bias or number < len(widths) - 1)
        if number < len(widths) - 1:
            layers[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(layers)


class ResNet(nn.Module):
    """Stem, stages `layer1`, `layer2`, … of residual blocks, global average pooling, classifier.

    `forward` takes pictures [N, 3, H, W], normalised, and returns logits [N, classes]. Any H and W that survive the
    strides will do, since pooling is global. With a `seed` the weights depend on nothing but the config and the
    seed, and a plain network starts from exactly the weights of its residual twin.
    """

    # What the weights know beyond the architecture; set by whoever loads or trains them.
    domain: Domain | None = None  # the pictures it is for: classes' names, size, normalisation
    provenance: dict[str, Any] | None = None  # where the weights come from: recipe, seed, accuracy, history
    note: Sentences | None = None  # what a person should know of it: how what its file left open was decided
    fits: Mapping[str, float] | None = None  # mismatch of a file's statistics, read as "plain" and as "residual"

    def __init__(self, config: ResNetConfig | None = None, seed: int | None = None) -> None:
        super().__init__()
        self.config = config = config or ResNetConfig()
        self.stem = stem(config)
        c_in, dilation = config.stem_width, 1
        for stage, (count, width) in enumerate(zip(config.blocks, config.widths, strict=True), start=1):
            layer, before = nn.Sequential(), dilation
            halves = stage > 1  # each stage but the first halves the picture, in its first block
            if halves and stage > len(config.blocks) - config.dilated:
                halves, dilation = False, 2 * dilation
            for index in range(count):
                stride = 2 if halves and index == 0 else 1
                first = before if index == 0 else dilation
                layer.append(ResidualBlock(c_in, width, stride, config, (first, dilation)))
                c_in = width * config.expansion
            self.add_module(f"layer{stage}", layer)
        if config.block == "preact":  # its last sum is followed by the batch norm and ReLU that no later block brings
            self.last = nn.Sequential(OrderedDict(bn=norm(c_in, config), relu=nn.ReLU()))
        else:
            self.last = nn.Identity()
        self.fc: nn.Linear = classifier(c_in, config)  # pyright: ignore[reportAttributeAccessIssue] (nearly always)
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

        The shortcuts' own convolutions come last, so that they do not shift the draws that both twins share. On the
        device `meta`, where tensors have shapes alone, nothing is drawn: PyTorch would import its compiler for that.
        """
        if next(self.parameters()).is_meta:
            return
        generator = torch.default_generator if seed is None else torch.Generator().manual_seed(seed)
        modules = sorted(self.named_modules(), key=lambda named: "shortcut" in named[0])
        for _, module in modules:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                module.reset_parameters()
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
                if module.bias is not None:
                    nn.init.uniform_(module.bias, -bound, bound, generator=generator)


def check_network(model: object) -> None:
    """Raise InputError for what is not a `ResNet`: another module has to be wrapped first."""
    if isinstance(model, ResNet):
        return
    if isinstance(model, nn.Module):
        raise InputError(
            "{kind} is not a network of resnet_demo: wrap it first, `wrap(module)`.", kind=type(model).__name__
        )
    raise InputError("A network is what `load`, `build` or `wrap` gives, not {value!r}.", value=model)
