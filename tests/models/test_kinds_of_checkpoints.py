"""More of anybody's checkpoints, of kinds that were once read wrongly without a word, or refused for another reason.

Of each: the original's logits, or the reason by its name, or a sentence that says what was taken for granted.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from test_checkpoint_layouts import calibrated, changed, hugging_face, narrow, prefixed, same, small, timm
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune
from torchvision.models import detection, mobilenet_v2, segmentation, squeezenet1_1, video
from torchvision.models import resnet as tv

from resnet_demo import classify, load
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, imagenet
from resnet_demo.models.decide import also_there
from resnet_demo.models.weights import load_file


class Block(nn.Module):
    """A basic block whose shortcut leaves no tensor, or hardly any."""

    def __init__(self, c_in: int, c_out: int, stride: int, kind: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.kind, self.new = kind, c_out - c_in
        if kind == "largest":
            parts = (nn.MaxPool2d(2), nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))
            self.shortcut = nn.Sequential(*parts if self.new else ())

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.kind == "plain":
            return F.relu(y)
        if self.kind == "largest":
            return F.relu(y + self.shortcut(x))
        if self.new:
            before = 0 if self.kind == "end" else self.new // 2
            x = F.avg_pool2d(x, 2) if self.kind == "averaged" else x[:, :, ::2, ::2]
            x = F.pad(x, (0, 0, 0, 0, before, self.new - before))
        return F.relu(y + x)


class Own(nn.Module):
    """Somebody's own network for small pictures."""

    def __init__(self, kind: str, widths: tuple[int, ...] = (8, 16, 32), stem: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], stem, 1, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        pairs = zip((widths[0], *widths), widths, strict=False)
        self.layer = nn.ModuleList(
            nn.Sequential(Block(before, width, 1 + (before != width), kind), Block(width, width, 1, kind))
            for before, width in pairs
        )
        self.linear = nn.Linear(widths[-1], 7)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in self.layer:
            x = stage(x)
        return self.linear(x.mean((2, 3)))


class Heads(nn.Module):
    """A backbone and several heads beside each other, of which one answers."""

    def __init__(self, answers: str, **heads: nn.Module) -> None:
        super().__init__()
        self.backbone = changed(small(), fc=nn.Identity())
        for name, head in heads.items():
            self.add_module(name, head)
        self.answers = answers

    def forward(self, x):
        return self.get_submodule(self.answers)(self.backbone(x))


class ConvolutionalHead(tv.ResNet):
    def __init__(self) -> None:
        super().__init__(tv.BasicBlock, [1, 1, 1, 1])
        self.fc = nn.Conv2d(512, 7, 1)  # pyright: ignore[reportAttributeAccessIssue]

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x).mean((2, 3))


class StrideFirst(tv.Bottleneck):
    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Any = None, *more: Any, **named: Any):
        super().__init__(inplanes, planes, 1, downsample, *more, **named)
        self.conv1 = nn.Conv2d(inplanes, planes, 1, stride, bias=False)


def acting(model: nn.Module, make: Callable[[], nn.Module]) -> nn.Module:
    """Another activation in the place of each ReLU."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(module, name, make())
    return model


def each_convolution(model: nn.Module, do: Callable[[nn.Conv2d], object]) -> nn.Module:
    for module in list(model.modules()):
        if isinstance(module, nn.Conv2d):
            do(module)
    return model


EQUAL: dict[str, Callable[[], nn.Module]] = {
    "shortcut A": lambda: Own("both"),
    "shortcut A, zeros at the end": lambda: Own("end"),
    "plain": lambda: Own("plain"),
    "plain, four stages": lambda: Own("plain", (8, 16, 24, 32)),
    "plain, two stages": lambda: Own("plain", (8, 16)),
    "shortcut A, four stages": lambda: Own("both", (8, 16, 24, 32)),
    "the stride in a bottleneck's first convolution": lambda: small(StrideFirst),
    "a classifier of 1x1 convolutions": ConvolutionalHead,
    "three layers in the head": lambda: changed(
        small(),
        fc=nn.Sequential(nn.Linear(512, 30), nn.ReLU(), nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 7)),
    ),
    "timm resnet26t": lambda: timm("resnet26t"),
    "timm resnet50c": lambda: timm("resnet50c"),
}


@pytest.mark.parametrize("kind", EQUAL)
def test_equal_logits(kind, tmp_path):
    torch.manual_seed(0)
    original = EQUAL[kind]()
    side = 32 if isinstance(original, Own) else 64
    torch.save(calibrated(original, side).state_dict(), tmp_path / "net.pth")
    same(load_file(tmp_path / "net.pth"), original, side=side)


def test_noise_alone_does_not_outvote_the_pictures():
    """Mismatches of torchvision's ResNet-18 after photographs: on the bundled pictures, then on noise and others."""
    pooled, unpooled = [0.148, 0.568, 0.459, 0.668], [0.176, 0.061, 0.526, 0.733]
    assert not also_there(unpooled, pooled)
    assert also_there([0.088, 0.109, 0.585, 0.714], [0.206, 2.94, 0.546, 0.712])  # this one has no pooling
    assert also_there([0.01], [0.2, 0.1])  # what leaves no doubt is not tried on more


SAID: dict[str, tuple[Callable[[], nn.Module], str]] = {  # read, and what was taken for granted is said
    "averaging shortcuts": (lambda: Own("averaged"), "shortcuts of every second pixel"),
    "GELU": (lambda: acting(small(), nn.GELU), "ReLU, .* are assumed|No reading"),
    "leaky ReLU": (lambda: acting(small(), lambda: nn.LeakyReLU(0.1)), "ReLU, .* are assumed"),
    "SiLU": (lambda: timm("resnet18", act_layer="silu"), "No reading of .* fits"),
    "ELU, of which the statistics tell": (lambda: acting(small(), nn.ELU), "ReLU, .* are assumed|No reading"),
    "dilated": (lambda: timm("resnet26", output_stride=8), "no dilation"),
    "reflected edges": (
        lambda: each_convolution(small(), lambda conv: setattr(conv, "padding_mode", "reflect")), "strides, padding",
    ),
    "a pooling of another size": (lambda: changed(small(), maxpool=nn.MaxPool2d(3, 2, 0, ceil_mode=True)), "pooling"),
    "another epsilon": (
        lambda: small(norm_layer=lambda channels: nn.BatchNorm2d(channels, eps=1e-2)), "usual .* epsilon of norms",
    ),
    "the largest of the last maps": (lambda: timm("resnet18", global_pool="max"), "average of the last maps"),
    "instance norm": (
        lambda: small(norm_layer=lambda channels: nn.InstanceNorm2d(channels, affine=True)), "instance norm and",
    ),
    "layer norm": (lambda: small(norm_layer=lambda channels: nn.GroupNorm(1, channels)), "layer norm, instance"),
    "a cosine classifier": (
        lambda: changed(small(), fc=nn.Linear(512, 7, bias=False)), "no bias; .*cosine classifier",
    ),
    "shortcuts that project": (lambda: small(), "shortcuts that project every second pixel are assumed"),
    "MoCo v2 and SimCLR without their names": (
        lambda: changed(small(), fc=row(512, 512, 128)), "128 outputs may be no classes: a hidden layer as wide",
    ),
    "MoCo v1 without its name": (lambda: small(classes=128), "128 outputs may be no classes: many networks"),
    "SupCon": (
        lambda: Heads("head", head=row(512, 512, 128)), "128 outputs may be no classes: a hidden layer as wide",
    ),
    "faces": (lambda: changed(small(), fc=nn.Linear(512, 512, bias=False)), "512 outputs may be no classes"),
    "a quantity": (lambda: small(classes=1), "one output is read as .* a quantity"),
    "several labels, or quantities": (lambda: small(classes=4), "4 outputs .* quantities, and classes of which"),
    "bottlenecks": (lambda: small(tv.Bottleneck), "the 3x3 convolution is assumed to have the stride"),
    "another activation in the head": (
        lambda: changed(small(), fc=nn.Sequential(nn.Linear(512, 20), nn.Tanh(), nn.Linear(20, 7))), "ReLU is assumed",
    ),
}  # fmt: skip


def test_the_stride_of_a_large_stem_is_left_to_the_user(tmp_path):
    """Half the stride in the stem and none in a pooling: both fit the statistics about as well."""
    torch.manual_seed(0)
    original = calibrated(Own("both", (16, 32, 64), stem=7), 32)
    torch.save(original.state_dict(), tmp_path / "net.pth")
    note = str(load_file(tmp_path / "net.pth").note)
    assert "no max pooling follows its stem" in note
    assert re.search(r"do not tell which stride .*stem_stride=1", note)
    same(load_file(tmp_path / "net.pth", stem_stride=1), original, side=32)


@pytest.mark.parametrize("kind", SAID)
def test_what_is_taken_for_granted_is_said(kind, tmp_path):
    torch.manual_seed(0)
    make, said = SAID[kind]
    original = make()
    torch.save(calibrated(original, 32 if isinstance(original, Own) else 64).state_dict(), tmp_path / "net.pth")
    assert re.search(said, str(load_file(tmp_path / "net.pth").note))


def row(*sizes: int, **options: Any) -> nn.Sequential:
    """Linear layers with a ReLU between them."""
    pairs = list(pairwise(sizes))
    layers = [layer for c_in, c_out in pairs for layer in (nn.Linear(c_in, c_out, **options), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def linear(outputs: int) -> nn.Linear:
    return nn.Linear(512, outputs)


def folded() -> nn.Module:
    model = small(norm_layer=lambda _channels: nn.Identity())
    for name, module in list(model.named_modules()):
        for child, conv in module.named_children():
            if isinstance(conv, nn.Conv2d):
                biased = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)  # pyright: ignore
                model.get_submodule(name).add_module(child, biased)
    return model


def queued() -> nn.Module:
    model = small()
    model.register_buffer("queue", torch.zeros(8, 16))
    return model


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "blurred, which leaves no tensor": (lambda: timm("resnetblur18"), "anti-aliased network, which blurs"),
    "blurred bottlenecks": (lambda: timm("resnetblur50"), "anti-aliased network, which blurs"),
    "averaged before pixels are dropped": (lambda: timm("resnet18", aa_layer=nn.AvgPool2d), "which averages before it"),
    "shortcuts of the largest of four pixels": (
        lambda: Own("largest"), "whose shortcuts take the largest of four pixels",
    ),
    "pre-activated blocks that project": (
        lambda: timm("resnetv2_18"), r"shortcuts project.*stages\.1\.blocks\.0\.downsample\.conv",
    ),
    "ByobNet": (lambda: timm("resnet33ts"), r"ByobNet.*stages\.0\.0\.conv1_1x1"),
    "CSPNet": (lambda: timm("cspresnet50"), "a CSPNet"),
    "SE by other names": (
        lambda: changed(small(), **{"layer1": nn.Sequential(changed(tv.BasicBlock(64, 64), fc1=nn.Conv2d(64, 4, 1)))}),
        r"squeeze and excitation.*layer1\.0\.fc1\.weight",
    ),
    "fastai": (
        lambda: nn.Sequential(
            nn.Sequential(*list(small().children())[:-2]),
            nn.Sequential(nn.Flatten(), nn.BatchNorm1d(1024), nn.Linear(1024, 7, bias=False)),
        ),
        r"norms among the layers of its classifier \(1\.1\)",
    ),
    "SimCLR": (
        lambda: Heads("projection_head", projection_head=nn.Sequential(linear(512), nn.ReLU(), linear(128))),
        r"ends in projection_head\.0, .* and not classes",
    ),
    "MoCo": (queued, r"a network of MoCo.*\(queue\)"),
    "MoCo v3": (
        lambda: changed(small(), fc=nn.Sequential(linear(20), nn.BatchNorm1d(20), nn.ReLU(), nn.Linear(20, 7))),
        r"norms among the layers of its classifier \(fc\.1\)",
    ),
    "SimCLR of sizes of its own": (
        lambda: Heads("projector", projector=row(512, 512, 64, bias=False)), r"ends in projector\.0, .* not classes",
    ),
    "SimSiam, BYOL": (
        lambda: Heads("predictor", fc=row(512, 512, 512), predictor=row(512, 128, 512)), r"ends in predictor\.0, ",
    ),
    "SwAV": (
        lambda: Heads("prototypes", projection_head=linear(128), prototypes=nn.Linear(128, 30, bias=False)),
        r"a network of SwAV.*\(prototypes\.weight\)",
    ),
    "Barlow Twins, VICReg, solo-learn": (
        lambda: Heads("classifier", classifier=linear(7), projector=row(512, 64, 64)), r"\(classifier, projector\.0",
    ),
    "DINO": (
        lambda: Heads(
            "head", head=nn.ModuleDict({"mlp": row(512, 64, 64), "last_layer": nn.utils.weight_norm(nn.Linear(64, 99))})
        ),
        r"a network of DINO.*\(head\.last_layer\.",
    ),
    "CLIP": (
        lambda: Heads("attnpool", attnpool=nn.ModuleDict({f"{name}_proj": linear(512) for name in "qkvc"})),
        r"a network of CLIP.*\(attnpool\.q_proj",
    ),
    "metric learning": (lambda: Heads("embedder", embedder=linear(64)), "ends in embedder, .* features to compare"),
    "InsightFace": (
        lambda: changed(small(), layer1=nn.Sequential(changed(tv.BasicBlock(64, 64), prelu=nn.PReLU(64)))),
        r"compares faces .*layer1\.0\.prelu",
    ),
    "re-identification": (
        lambda: Heads("classifier", bottleneck=nn.BatchNorm1d(512), classifier=linear(7)), "bn1 and bottleneck",
    ),
    "classifiers side by side": (
        lambda: Heads("fc1", fc1=linear(9), fc2=linear(9)), r"several linear layers .*\(fc1 and fc2\)",
    ),
    "the maps themselves": (
        lambda: changed(small(), fc=nn.Linear(512 * 4, 7)), r"its last layer, fc\.weight, takes 4 numbers for each",
    ),
    "key points": (
        lambda: Heads("deconv_layers", deconv_layers=nn.Sequential(nn.ConvTranspose2d(512, 9, 4))), "places of things",
    ),
    "a feature pyramid": (
        lambda: Heads("neck", neck=nn.ModuleDict({"fpn_convs": nn.ModuleList([nn.Conv2d(512, 9, 1)])})), "a detector",
    ),
    "DeepLab": (
        lambda: segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=5),
        r"for segmentation.*classifier\.0\.convs",
    ),
    "videos": (lambda: video.r3d_18(num_classes=3), r"stem\.0\.weight is a convolution in 3 dimensions"),
    "videos, by shifts in time": (
        lambda: changed(small(), layer1=nn.ModuleList([nn.ModuleDict({"conv1": nn.ModuleDict({"net": linear(3)})})])),
        "for videos",
    ),
    "three convolutions that are no stem": (
        lambda: Heads("fc", a=nn.Conv2d(3, 8, 7), b=nn.Conv2d(3, 8, 7), fc=linear(7)),
        r"outside of its blocks it has the convolutions a, b and backbone\.conv1",
    ),
    "DLA": (lambda: timm("dla34"), r"a DLA, .*level2\.tree1"),
    "RepVGG": (lambda: timm("repvgg_a0"), r"a RepVGG, .*stem\.conv_kxk"),
    "SelecSLS": (lambda: timm("selecsls42"), r"a SelecSLS, "),
    "DPN": (lambda: timm("dpn48b"), r"a DPN, .*c1x1_a"),
    "ConvNeXt": (lambda: timm("convnext_atto"), r"depthwise .*stages\.0\.blocks\.0\.conv_dw"),
    "MobileNet": (lambda: timm("mobilenetv2_050"), r"depthwise .*conv_dw"),
    "torchvision's MobileNet": (lambda: mobilenet_v2(num_classes=3), r"depthwise .*features\.1\.conv\.0\.0"),
    "SqueezeNet": (
        lambda: squeezenet1_1(num_classes=3), r"a SqueezeNet, .*features\.3\.expand1x1",
    ),
    "VGG": (
        lambda: nn.ModuleDict({"features": nn.Sequential(*(nn.Conv2d(3, 3, 3) for _ in range(3)))}),
        r"none of its convolutions, such as features\.2\.weight",
    ),
    "DarkNet": (lambda: timm("darknet17"), r"none of its convolutions, such as stages\.\d"),
    "attention of another kind": (lambda: timm("ese_vovnet19b_dw"), "attention in its blocks"),
    "transformers, half the pixels in the first stage": (
        lambda: hugging_face("basic", (16, 32), embedding_size=16, downsample_in_first_stage=True),
        r"first block projects as many channels .*stages\.0\.layers\.0\.shortcut\.convolution\.weight",
    ),
    "batch norm folded into the convolutions": (folded, r"biases of convolutions \(layer1\.0\.conv1\.bias\)"),
    "pre-activated bottlenecks": (lambda: timm("resnetv2_50"), r"bottlenecks are pre-activated \(stages.0.blocks.0"),
    "CBAM": (lambda: timm("resnet18", block_args={"attn_layer": "cbam"}), "attention in its blocks"),
    "SK": (lambda: timm("skresnet18"), "attention in its blocks"),
    "TResNet": (lambda: timm("tresnet_m"), "squeeze and excitation"),
    "BoTNet": (lambda: timm("botnet26t_256"), "attention in its blocks.*self_attn"),
    "without norms": (lambda: timm("nf_resnet50"), "its blocks have no norms"),
    "HRNet": (lambda: timm("hrnet_w18_small"), "an HRNet"),
    "RegNet": (lambda: timm("regnetx_002"), r"a RegNet.*s1\.b1\.conv1"),
    "a detector": (
        lambda: detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=5), "a detector",
    ),
    "segmentation": (
        lambda: segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=5),
        r"outside of its blocks it has the convolutions backbone.conv1 and classifier.0",
    ),
    "two heads, of which one fits into the other": (
        lambda: Heads("fc", aproj=linear(512), fc=linear(7)), r"several linear layers .*\(aproj and fc\)",
    ),
    "two heads": (lambda: Heads("first", first=linear(5), second=linear(3)), "several linear layers"),
    "batch norm in the head": (
        lambda: changed(small(), fc=nn.Sequential(linear(20), nn.BatchNorm1d(20), nn.ReLU(), nn.Linear(20, 7))),
        r"norms among the layers of its classifier \(fc\.1\)",
    ),
    "layer norm in the head": (
        lambda: changed(small(), fc=nn.Sequential(nn.LayerNorm(512), linear(7))), r"of its classifier \(fc\.0\)",
    ),
    "a norm after the blocks": (lambda: changed(small(), norm=nn.BatchNorm2d(512)), "the norms bn1 and norm"),
    "PReLU": (lambda: acting(small(), nn.PReLU), r"does not know: layer1\.0\.relu\.weight"),
    "a hidden layer without a bias": (
        lambda: changed(small(), fc=nn.Sequential(nn.Linear(512, 20, bias=False), nn.ReLU(), nn.Linear(20, 7))),
        r"lacks the tensor fc\.0\.bias",
    ),
    "pruned": (
        lambda: each_convolution(small(), lambda conv: prune.l1_unstructured(conv, "weight", 0.3)),
        r"pruned or written in another form .*conv1\.weight_orig",
    ),
    "weight norm": (
        lambda: each_convolution(small(), nn.utils.parametrizations.weight_norm),
        r"written in another form .*conv1\.parametrizations",
    ),
    "a stage that is missing": (lambda: changed(small(), layer3=nn.Identity()), "stages are layer1, layer2 and layer4"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_the_reason_is_the_true_one(kind, tmp_path, sentence):
    torch.manual_seed(0)
    make, reason = REFUSED[kind]
    original = make()
    if "pixels" in kind or "blurred" in kind:
        calibrated(original, 32 if isinstance(original, Own) else 64)
    torch.save(original.state_dict(), tmp_path / "net.pth")
    with pytest.raises(InputError, match=reason) as error:
        load_file(tmp_path / "net.pth")
    sentence(error.value)


# What stands beside the tensors


@pytest.fixture(scope="module")
def both() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return calibrated(narrow()), calibrated(narrow(), seed=1)


BESIDE: dict[str, tuple[Callable[[dict, dict], Any], str]] = {
    "an average by another prefix": (
        lambda last, other: {"state_dict": {**prefixed("model.")(last), **prefixed("ema_model.module.")(other)}},
        r"averaged ones \(state_dict\.ema_model\)",
    ),
    "weights of a loss": (
        lambda last, other: {"state_dict": {**prefixed("model.")(last), "criterion.weight": torch.ones(7)}},
        "passed over: criterion.weight",
    ),
    "measures": (
        lambda last, other: {
            "state_dict": {
                **prefixed("model.")(last),
                "val_acc.total": torch.tensor(3.0),
                "train_f1.tp": torch.ones(7),
                "test_confmat.confmat": torch.ones(7, 7),
            }
        },
        "passed over: val_acc.total, train_f1.tp and test_confmat.confmat",
    ),
    "a teacher": (lambda last, other: {"model": last, "teacher": other}, "model is read, teacher is not"),
    "two by usual names": (lambda last, other: {"net": other, "model": last}, "model is read, net is not"),
    "timm's": (
        lambda last, other: {
            "epoch": 3, "arch": "resnet18", "state_dict": last, "optimizer": {}, "args": argparse.Namespace(lr=1),
            "amp_scaler": {}, "state_dict_ema": other, "metric": np.float64(71.2),
        },
        r"averaged ones \(state_dict_ema\)",
    ),
    "DeepSpeed's": (lambda last, other: {"module": last, "optimizer": None, "ds_config": {"a": 1}}, ""),
    "double precision": (
        lambda last, other: {name: each.double() if each.is_floating_point() else each for name, each in last.items()},
        "",
    ),
    "channels last": (
        lambda last, other: {
            name: each.to(memory_format=torch.channels_last) if each.ndim == 4 else each for name, each in last.items()
        },
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BESIDE)
def test_what_stands_beside_a_network(kind, both, tmp_path):
    make, said = BESIDE[kind]
    torch.save(make(both[0].state_dict(), both[1].state_dict()), tmp_path / "net.ckpt")
    model = load_file(tmp_path / "net.ckpt")
    same(model, both[0])
    assert re.search(said, str(model.note))
    if "averaged" in said:
        same(load_file(tmp_path / "net.ckpt", averaged=True), both[1])


def test_files_that_are_something_else(tmp_path, sentence):
    (tmp_path / "pointer.pth").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 9\n")
    with pytest.raises(InputError, match="pointer to a file in Git LFS") as error:
        load(tmp_path / "pointer.pth")
    sentence(error.value)
    torch.save({key: value.numpy() for key, value in small().state_dict().items()}, tmp_path / "arrays.pth")
    with pytest.raises(InputError, match="arrays of numpy") as error:
        load(tmp_path / "arrays.pth")
    sentence(error.value)


# Which pictures a network is for


def test_the_classes_of_another_set_are_not_called_cifar10s(tmp_path):
    original = load("resnet20")
    state, order = dict(original.state_dict()), torch.tensor([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    state["fc.weight"], state["fc.bias"] = state["fc.weight"][order], state["fc.bias"][order]
    torch.save(state, tmp_path / "other.pth")
    model = load(tmp_path / "other.pth")
    assert classify(model, "assets/examples/cat.png", 1)[0].label == "class 6"
    assert "not CIFAR-10" in str(model.note)
    torch.save(original.state_dict(), tmp_path / "same.pth")
    model = load(tmp_path / "same.pth")
    assert model.domain is not None
    assert model.domain.labels == CIFAR10.labels
    assert "not CIFAR-10" not in str(model.note)


@pytest.mark.parametrize(("mean", "std", "said"), [(0.0, 1.0, "from 0 to 1"), (0.5, 0.5, "from -1 to 1")])
def test_another_normalisation_is_found_out(mean, std, said, tmp_path):
    """The same network as if it had been trained on pictures that were normalised otherwise."""
    original = load("resnet20")
    assert original.domain is not None
    means, stds = (torch.tensor(values).view(3, 1, 1) for values in (original.domain.mean, original.domain.std))
    state = dict(original.state_dict())
    weight = state["stem.conv.weight"]
    state["stem.conv.weight"] = weight / stds * std
    state["stem.bn.running_mean"] = state["stem.bn.running_mean"] + (weight / stds * (means - mean)).sum((1, 2, 3))
    torch.save(state, tmp_path / "other.pth")
    model = load(tmp_path / "other.pth")
    assert model.domain is not None
    assert (model.domain.mean, model.domain.std) == ((mean,) * 3, (std,) * 3)
    assert said in str(model.note)


PHOTOS = sorted(Path(__file__).parents[3].glob("shared/data/photos/out/*.jpg"))


@pytest.mark.skipif(not PHOTOS, reason="the photographs of ../shared/data are not here")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: timm("resnet18", aa_layer=nn.AvgPool2d), "is an anti-aliased network, which averages"),
        (lambda: timm("resnetblur18"), "is an anti-aliased network, which blurs"),
        (lambda: timm("resnetaa50"), "which averages|do not tell whether it was trained"),
        (lambda: timm("resnet18"), "are assumed"),
    ],
    ids=["averaged", "blurred", "averaged bottlenecks", "the usual"],
)
def test_after_photographs_filters_are_not_taken_for_a_normalisation(make, said, tmp_path):
    torch.manual_seed(0)
    domain = replace(imagenet(), size=64, resize=64)
    pictures = [Image.open(path).convert("RGB") for path in PHOTOS[:: len(PHOTOS) // 16][:16]]
    original = calibrated(make())
    for norm in original.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
    with torch.no_grad():
        original.train()(torch.cat([domain.to_input(picture) for picture in pictures]))
    torch.save(original.state_dict(), tmp_path / "net.pth")
    try:
        found = str(load_file(tmp_path / "net.pth").note)
    except InputError as error:
        found = str(error)
    assert re.search(said, found)
    assert "By its batch norms’ statistics it was trained" not in found


# What other programs leave in names and files


@pytest.mark.parametrize("between", ["_checkpoint_wrapped_module.", "_fsdp_wrapped_module.", "_orig_mod."])
def test_what_wraps_single_layers_is_looked_through(between, both, tmp_path):
    def inside(key: str) -> str:
        return re.sub(r"(layer[12]\.0\.)", rf"\1{between}", key)

    state = {inside(key): value for key, value in both[0].state_dict().items()}
    torch.save(state, tmp_path / "net.pth")
    same(load_file(tmp_path / "net.pth"), both[0])
    del state[inside("layer2.0.bn2.bias")]
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(InputError, match=re.escape(f"lacks the tensor {inside('layer2.0.bn2.bias')}")):
        load_file(tmp_path / "net.pth")


def test_metadata_of_another_program_are_not_ours(both, tmp_path):
    state = {key: value.contiguous() for key, value in both[0].state_dict().items()}
    save_file(state, tmp_path / "net.safetensors", metadata={"format": "pt", "config": "resnet18", "domain": "pets"})
    same(load_file(tmp_path / "net.safetensors"), both[0])


def test_a_torchscript_program_is_called_one(both, tmp_path, sentence):
    torch.jit.trace(both[0], torch.zeros(1, 3, 64, 64)).save(str(tmp_path / "net.pt"))  # pyright: ignore
    with pytest.raises(InputError, match="is a TorchScript program") as error:
        load_file(tmp_path / "net.pt")
    sentence(error.value)
