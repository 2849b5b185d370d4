"""Can the same function be computed without a shortcut?

It can, exactly. What enters a block has passed a ReLU, so it is not negative, and another ReLU leaves it as it is. A
block of twice the width can therefore carry x beside its own maps: its first convolution computes F's maps and copies
x, its second one computes F and adds the copy.

    conv1' = [conv1; delta]        conv2' = [conv2, delta]

The result is a plain network of the same depth, with other weights, and with the same answers. So shortcuts add nothing
to what a network can compute. They change what training finds.

Meng, Cheng, Zhang, Ma: RMNet, equivalently removing residual connection from networks, 2021 (arXiv 2111.00687).
Related: RepVGG (Ding et al. 2021), DiracNets (Zagoruyko and Komodakis 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..errors import InputError
from ..i18n import Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ProjectionShortcut, ResidualBlock, ResNet, ZeroPadShortcut, check_network
from .cutting import is_cut
from .experiment import Experiment, Measure, Progress, first_line
from .reading import both

BATCH = 100


def check(model: ResNet) -> None:
    """Raise InputError for networks that have no such plain one."""
    check_network(model)
    config = model.config
    if config.plain:
        raise InputError("A plain network has no shortcuts that could be removed.")
    if is_cut(model):
        raise InputError("This network is cut: unfold the whole one.")
    if config.block != "basic":
        raise InputError(
            "Shortcuts can be removed in this way from basic blocks only, which end in a ReLU; this network has "
            "{block} blocks.",
            block=config.block,
        )
    if config.norm_groups or config.shortcut == "D" or config.stem_width > config.widths[0]:
        raise InputError(
            "Shortcuts can be removed in this way where batch norm follows each convolution, no shortcut averages, and "
            "the stem is no wider than the first block; not in this network."
        )


@torch.no_grad()
def unfold(model: ResNet) -> ResNet:
    """A plain network, twice as wide, that computes what this residual one does. In eval mode.

    Raises InputError for networks whose blocks are not basic ones of the paper, or have no shortcut that could be
    removed, or which are cut. (Meng et al. 2021.)

    >>> from resnet_demo import load
    >>> model, picture = load("resnet20"), torch.ones(1, 3, 32, 32)
    >>> twin = unfold(model)
    >>> twin.config.plain, twin.config.widths
    (True, (32, 64, 128))
    >>> bool((model(picture) - twin(picture)).abs().max() < 1e-3)
    True
    """
    check(model)
    config = model.config
    wide = ResNet(replace(config, widths=tuple(2 * width for width in config.widths), plain=True)).eval()
    for weight in wide.parameters():
        weight.zero_()
    for module in wide.modules():
        if isinstance(module, nn.BatchNorm2d):
            _make_identity(module)
    if config.stem_widths:  # these stay as they are
        wide.stem.load_state_dict(model.stem.state_dict())
    else:
        _conv(wide.stem, "conv").weight[: config.widths[0]] = _conv(model.stem, "conv").weight
        _copy_batch_norm(_norm(model.stem, "bn"), _norm(wide.stem, "bn"))
    for (_name, block), (_same, wider) in zip(model.named_blocks(), wide.named_blocks(), strict=True):
        _unfold_block(block, wider)
    # Of the classifier's first layer only the columns are more; what was added to the maps does not count.
    state, fc = dict(model.fc.state_dict()), wide.fc.state_dict()
    for name, value in state.items():
        fc[name][..., : value.shape[-1]] = value
    wide.domain = model.domain
    wide.provenance = {"origin": "unfolded: the same function without shortcuts"}
    return wide.requires_grad_(False)


def _unfold_block(block: ResidualBlock, wider: ResidualBlock) -> None:
    """Weights of a plain block [x; 0] -> [y; 0] from those of a residual block x -> y."""
    conv1, conv2 = _conv(block.residual, "conv1"), _conv(block.residual, "conv2")
    c_in, c_out = conv1.in_channels, conv1.out_channels
    copied = slice(c_out, c_out + c_in)  # where x is carried, beside F's own maps

    first = _conv(wider.residual, "conv1")
    first.weight[:c_out, :c_in] = conv1.weight
    first.weight[copied, :c_in, 1, 1] = torch.eye(c_in)  # the centre of a 3x3 filter: with stride 2 every second pixel
    _copy_batch_norm(_norm(block.residual, "bn1"), _norm(wider.residual, "bn1"))

    # F's last batch norm goes into the second convolution, since the copy of x is added after it.
    second, bias = _conv(wider.residual, "conv2"), _norm(wider.residual, "bn2").bias
    scale, shift = _affine(_norm(block.residual, "bn2"))
    second.weight[:c_out, :c_out] = conv2.weight * scale.view(-1, 1, 1, 1)
    bias[:c_out] = shift
    shortcut = block.shortcut
    if isinstance(shortcut, ProjectionShortcut):
        scale, shift = _affine(_norm(shortcut, "bn"))
        second.weight[:c_out, copied, 1, 1] = _conv(shortcut, "conv").weight[:, :, 0, 0] * scale.view(-1, 1)
        bias[:c_out] += shift
    else:
        before = shortcut.padding[4] if isinstance(shortcut, ZeroPadShortcut) else 0
        second.weight[before : before + c_in, copied, 1, 1] = torch.eye(c_in)


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What batch norm does in eval mode: scale [C] and shift [C]."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def _make_identity(norm: nn.BatchNorm2d) -> None:
    assert norm.running_var is not None
    norm.reset_running_stats()
    norm.weight.copy_((norm.running_var + norm.eps).sqrt())


def _copy_batch_norm(norm: nn.BatchNorm2d, wider: nn.BatchNorm2d) -> None:
    """Into the first channels of the wider one; the others stay the identity."""
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(wider, name)[: norm.num_features] = getattr(norm, name)


def _conv(layers: nn.Module, name: str) -> nn.Conv2d:
    found = layers.get_submodule(name)
    assert isinstance(found, nn.Conv2d)
    return found


def _norm(layers: nn.Module, name: str) -> nn.BatchNorm2d:
    found = layers.get_submodule(name)
    assert isinstance(found, nn.BatchNorm2d)
    return found


@dataclass(frozen=True)
class Report:
    """A residual network beside the plain one that computes the same."""

    n: int
    error: float  # wrong fraction of the residual network
    error_unfolded: float  # and of the plain one
    max_logit_difference: float
    different_answers: int
    parameters: int
    parameters_unfolded: int


@torch.inference_mode()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """Both networks' answers to the same pictures."""
    wide, domain = unfold(model), domain_of(model)
    wrong, wrong_unfolded, different, largest = 0, 0, 0, 0.0
    for start in range(0, len(dataset), BATCH):
        inputs = domain.normalise(dataset.pictures[start : start + BATCH])
        labels = dataset.labels[start : start + BATCH]
        logits, unfolded = model(inputs), wide(inputs)
        wrong += int((logits.argmax(1) != labels).sum())
        wrong_unfolded += int((unfolded.argmax(1) != labels).sum())
        different += int((logits.argmax(1) != unfolded.argmax(1)).sum())
        largest = max(largest, (logits - unfolded).abs().max().item())
        progress(min(start + BATCH, len(dataset)) / len(dataset))
    n = len(dataset)
    sizes = [sum(weight.numel() for weight in network.parameters()) for network in (model, wide)]
    return Report(n, wrong / n, wrong_unfolded / n, largest, different, *sizes)


def read(reports: Mapping[str, Report]) -> Sentences:
    said = []
    for side in both(reports):
        found = side.report
        said.append(
            _(
                "{network} without its shortcuts, as a plain network with {unfolded:,} instead of {parameters:,} "
                "parameters, gives the same answer to {same:,} of {n:,} pictures; no logit differs by more than "
                "{difference:rounded}.",
                network=side.title,
                unfolded=found.parameters_unfolded,
                parameters=found.parameters,
                same=found.n - found.different_answers,
                n=found.n,
                difference=found.max_logit_difference,
            )
        )
        if found.different_answers == 0:
            said.append(_("So shortcuts do not add to what a network can compute. They change what training finds."))
    return sentences(*said)


EXPERIMENT = Experiment(
    name="unfold",
    asks=first_line(__doc__),
    title=_("Can a network do the same without shortcuts?"),
    question=_(
        "What enters a block is not negative, so a block of twice the width can carry it past F inside its own "
        "convolutions. Build this plain network from the residual one’s weights, and compare their answers."
    ),
    look_for=_("the difference of the logits: it is rounding. No picture is answered differently."),
    source=_("Meng et al. 2021 (RMNet)"),
    group="ablation",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Different answers"), lambda report: report.different_answers),
        Measure(_("Largest difference of a logit"), lambda report: report.max_logit_difference),
    ),
    pictures=1000,
    labels=True,
    shortcuts=True,
    made_for=check,
)
