"""Anybody's checkpoint: the original's logits, or the true reason in the file's own names; never silently wrong.

Each layout is a small network of torchvision, timm or transformers, or of this file, saved as somebody would save it.
"""

from __future__ import annotations

import argparse
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import resnet as tv

from resnet_demo import ResNet, ResNetConfig, classify, load, save, trace_blocks
from resnet_demo.errors import InputError
from resnet_demo.models.evidence import mismatch, probes
from resnet_demo.models.weights import load_file

SIDE = 64


def calibrated(model: nn.Module, side: int = SIDE, channels: int = 3, seed: int = 0) -> nn.Module:
    """As after a training: batch norms with weights of their own and the statistics of what they receive."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, 0, 0.3, generator=generator)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average
    model.train()
    with torch.no_grad():
        model(torch.randn(8, channels, side, side, generator=generator))
    return model.eval()


def small(
    block: Any = tv.BasicBlock, layers: tuple[int, ...] = (1, 1, 1, 1), classes: int = 7, **options: Any
) -> tv.ResNet:
    model = tv.ResNet(block, list(layers), num_classes=classes, **options)
    return model


def narrow() -> tv.ResNet:
    """torchvision's with a quarter of its channels, where the layers are not what a test is about."""
    model = small()
    model.inplanes = 16
    model.conv1, model.bn1 = nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16)
    for number, width in enumerate((16, 32, 64, 128), 1):
        model.add_module(f"layer{number}", model._make_layer(tv.BasicBlock, width, 1, stride=1 + (number > 1)))
    model.fc = nn.Linear(128, 7)
    return model


def same(model: nn.Module, original: nn.Module, channels: int = 3, side: int = SIDE) -> None:
    images = torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        expected, found = original(images), model(images)
    expected = getattr(expected, "logits", expected)
    assert expected.std() > 1e-3
    assert (found - expected).abs().max() <= 1e-5 * max(1, expected.abs().max().item())


@pytest.fixture(scope="module")
def plainest() -> nn.Module:
    torch.manual_seed(0)
    return calibrated(narrow())


# Around the tensors: prefixes, wrappers, company, endings


def prefixed(prefix: str) -> Callable[[dict], Any]:
    return lambda state: {prefix + key: value for key, value in state.items()}


def lightning(state: dict) -> Any:
    return {
        "epoch": 3,
        "pytorch-lightning_version": "2.2",
        "state_dict": {f"model.{key}": value for key, value in state.items()},
        "optimizer_states": [{"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": []}],
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5), "kth": {}}},
        "hyper_parameters": {"lr": 0.1, "args": argparse.Namespace(depth=18)},
        "loops": {},
    }


def split_head(head: str) -> Callable[[dict], Any]:
    return lambda state: {
        (key.replace("fc.", head) if key.startswith("fc.") else f"backbone.{key}"): value
        for key, value in state.items()
    }


def children(state: dict) -> Any:
    """nn.Sequential(*list(model.children())[:-1]) as `features`, and a classifier."""
    places = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
    found = {}
    for key, value in state.items():
        first, _, rest = key.partition(".")
        found[f"features.{places[first]}.{rest}" if first in places else f"classifier.{rest}"] = value
    return found


AROUND: dict[str, Callable[[dict], Any]] = {
    "bare": lambda state: state,
    **{
        f"prefix {prefix}": prefixed(prefix)
        for prefix in (
            "module.",
            "module.module.",
            "_orig_mod.",
            "model.",
            "backbone.",
            "net.",
            "encoder.",
            "_orig_mod.module.",
            "model._orig_mod.",
            "student.model.",
            "0.",
            "resnet.",
        )
    },
    **{
        f"wrapper {name}": (lambda state, name=name: {name: state, "epoch": 7})
        for name in (
            "state_dict",
            "model",
            "net",
            "model_state_dict",
            "ema",
            "state_dict_ema",
            "weights",
            "anything at all",
        )
    },
    "wrapped twice": lambda state: {"checkpoint": {"model": state}, "step": 3},
    "Lightning": lightning,
    "torchvision's references": lambda state: {
        "model": state,
        "optimizer": {"state": {}},
        "args": argparse.Namespace(lr=0.1, device="cuda"),
        "epoch": 1,
    },
    "numpy's numbers": lambda state: {"state_dict": state, "best": np.float64(91.5), "list": [np.int64(3), np.ones(2)]},
    "paths and sets": lambda state: {"state_dict": state, "path": Path("a/b"), "seen": {1, 2}, "size": torch.Size([3])},
    "ordered": lambda state: OrderedDict(state),
    "parameters": lambda state: {
        key: nn.Parameter(value) if value.is_floating_point() else value for key, value in state.items()
    },
    "half precision": lambda state: {k: v.half().float() if v.is_floating_point() else v for k, v in state.items()},
    "without counters": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
    "head. apart": split_head("head."),
    "head.fc. apart": split_head("head.fc."),
    "cls.linear. apart": split_head("cls.linear."),
    "fc.1 after dropout": lambda state: {key.replace("fc.", "fc.1."): value for key, value in state.items()},
    "averaged model": lambda state: {"n_averaged": torch.tensor(3), **prefixed("module.")(state)},
    "numbered children": children,
}


@pytest.mark.parametrize("layout", AROUND)
def test_what_stands_around_the_tensors(layout, plainest, tmp_path):
    torch.save(AROUND[layout](plainest.state_dict()), tmp_path / "net.pth.tar")
    if layout == "half precision":
        model = load_file(tmp_path / "net.pth.tar")
        assert torch.equal(model.fc.weight, plainest.fc.weight.half().float())
    else:
        same(load_file(tmp_path / "net.pth.tar"), plainest)


@pytest.mark.parametrize(
    "name", ["a.pth.tar", "a.ckpt", "a.bin", "a.t7", "a.PTH", "a", "a.safetensors", "résumé 1.model"]
)
@pytest.mark.parametrize("written", ["zip", "sequence", "safetensors"])
def test_what_a_file_is_its_first_bytes_tell(name, written, plainest, tmp_path):
    path = tmp_path / name
    if written == "safetensors":
        save_file(plainest.state_dict(), path)
    else:
        torch.save(plainest.state_dict(), path, _use_new_zipfile_serialization=written == "zip")
    same(load(str(path)), plainest)


def test_averaged_weights_are_offered_beside_the_others(tmp_path):
    torch.manual_seed(0)
    last, averaged = calibrated(narrow()), calibrated(narrow(), seed=1)
    torch.save({"state_dict": last.state_dict(), "state_dict_ema": averaged.state_dict()}, tmp_path / "both.pth")
    model = load_file(tmp_path / "both.pth")
    same(model, last)
    assert "state_dict_ema" in str(model.note)
    same(load_file(tmp_path / "both.pth", averaged=True), averaged)


# Architectures


def deep_stem() -> nn.Module:
    return pytest.importorskip("timm").create_model("resnet18d", num_classes=5)


def timm(name: str, **options: Any) -> nn.Module:
    return pytest.importorskip("timm").create_model(name, num_classes=5, **options)


def hugging_face(kind: str, sizes: tuple[int, ...], **options: Any) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        depths=[1] * len(sizes), hidden_sizes=list(sizes), layer_type=kind, num_labels=5, **options
    )
    return transformers.ResNetForImageClassification(config)


def changed(model: nn.Module, **parts: nn.Module) -> nn.Module:
    for name, part in parts.items():
        setattr(model, name, part)
    return model


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "bottleneck": lambda: small(tv.Bottleneck),
    "ResNeXt": lambda: small(tv.Bottleneck, groups=32, width_per_group=4),
    "Wide ResNet": lambda: small(tv.Bottleneck, width_per_group=128),
    "two stages' worth of blocks": lambda: small(layers=(2, 1, 3, 1)),
    "one output": lambda: small(classes=1),
    "two outputs": lambda: small(classes=2),
    "1000 classes": lambda: small(classes=1000),
    "no bias": lambda: changed(small(), fc=nn.Linear(512, 7, bias=False)),
    "MLP head": lambda: changed(small(), fc=nn.Sequential(nn.Linear(512, 20), nn.ReLU(), nn.Linear(20, 7))),
    "MLP head with dropout": lambda: changed(
        small(), fc=nn.Sequential(nn.Dropout(), nn.Linear(512, 20), nn.ReLU(), nn.Dropout(), nn.Linear(20, 7))
    ),
    "dropout before fc": lambda: changed(small(), fc=nn.Sequential(nn.Dropout(), nn.Linear(512, 7))),
    "GroupNorm": lambda: small(norm_layer=lambda channels: nn.GroupNorm(32, channels)),
    "3x3 stem without pooling": lambda: changed(
        small(), conv1=nn.Conv2d(3, 64, 3, 1, 1, bias=False), maxpool=nn.Identity()
    ),
    "7x7 stem without pooling": lambda: changed(small(), maxpool=nn.Identity()),
    "3x3 stem with pooling": lambda: changed(small(), conv1=nn.Conv2d(3, 64, 3, 1, 1, bias=False)),
    "timm resnet10t": lambda: timm("resnet10t"),
    "timm resnet18": lambda: timm("resnet18"),
    "timm resnet18d": lambda: timm("resnet18d"),
    "timm resnet14t": lambda: timm("resnet14t"),
    "timm resnet26": lambda: timm("resnet26"),
    "transformers basic": lambda: hugging_face("basic", (16, 32, 48), embedding_size=16),
    "transformers, an embedding of its own size": lambda: hugging_face("basic", (16, 32), embedding_size=24),
    "transformers bottleneck": lambda: hugging_face("bottleneck", (32, 64), embedding_size=16),
}


@pytest.mark.parametrize("layout", ARCHITECTURES)
def test_architectures(layout, tmp_path):
    torch.manual_seed(0)
    original = calibrated(ARCHITECTURES[layout]())
    torch.save(original.state_dict(), tmp_path / "net.pth")
    model = load_file(tmp_path / "net.pth")
    same(model, original)
    if layout in ("MLP head", "GroupNorm"):  # what was taken for granted is said
        assert "ReLU" in str(model.note) or "GroupNorm" in str(model.note)


def test_a_grey_stem_reads_grey_and_coloured_pictures(tmp_path):
    torch.manual_seed(0)
    original = calibrated(changed(small(), conv1=nn.Conv2d(1, 64, 7, 2, 3, bias=False)), channels=1)
    torch.save(original.state_dict(), tmp_path / "grey.pth")
    model = load_file(tmp_path / "grey.pth")
    same(model, original, channels=1)
    grey = torch.randn(1, 1, SIDE, SIDE)
    with torch.no_grad():
        assert torch.allclose(model(grey.expand(-1, 3, -1, -1)), original(grey), atol=1e-5)


# What is refused, and why


def renamed(name: str) -> Callable[[dict], dict]:
    return lambda state: {**state, name: torch.ones(4)}


REFUSED: dict[str, tuple[Callable[[], dict], str]] = {
    "SE": (lambda: timm("seresnet18").state_dict(), r"squeeze and excitation \(SE\).*layer1\.0\.se\.fc1\.weight"),
    "ECA": (lambda: timm("ecaresnet26t").state_dict(), r"channel attention \(ECA\).*\.se\.conv\.weight"),
    "anti-aliased": (
        lambda: {**small().state_dict(), "layer2.0.conv2.0.filt": torch.ones(64, 1, 3, 3)},
        r"anti-aliased.*layer2\.0\.conv2\.0\.filt",
    ),
    "ResNeSt": (lambda: timm("resnest14d").state_dict(), r"ResNeSt"),
    "Res2Net": (lambda: timm("res2net50_26w_4s").state_dict(), r"Res2Net.*convs"),
    "densenet": (lambda: timm("densenet121").state_dict(), r"DenseNet"),
    "ViT": (lambda: timm("vit_tiny_patch16_224").state_dict(), r"vision transformer"),
    "two networks": (
        lambda: {**prefixed("encoder_q.")(small().state_dict()), **prefixed("encoder_k.")(small().state_dict())},
        r"several networks \(encoder_k and encoder_q\)",
    ),
    "a missing tensor, by the file's name": (
        lambda: {f"module.{k}": v for k, v in small().state_dict().items() if k != "layer3.0.bn2.weight"},
        r"lacks the tensor module\.layer3\.0\.bn2\.weight",
    ),
    "a misshapen tensor, by the file's name": (
        lambda: {f"net.{k}": v[:5] if k == "layer3.0.bn2.bias" else v for k, v in small().state_dict().items()},
        r"net\.layer3\.0\.bn2\.bias has the shape 5",
    ),
    "biased convolutions": (
        lambda: {**small().state_dict(), "layer1.0.conv1.bias": torch.ones(64)},
        r"does not know: layer1\.0\.conv1\.bias",
    ),
    "batch norm in the head": (
        lambda: changed(
            small(), fc=nn.Sequential(nn.Linear(512, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Linear(20, 7))
        ).state_dict(),
        r"not a ResNet|does not know|lacks",
    ),
    "no head": (lambda: changed(small(), fc=nn.Identity()).state_dict(), r"last linear layer"),
}


@pytest.mark.parametrize("layout", REFUSED)
def test_the_true_reason(layout, tmp_path, sentence):
    make, reason = REFUSED[layout]
    torch.save(make(), tmp_path / "net.pth")
    with pytest.raises(InputError, match=reason) as error:
        load_file(tmp_path / "net.pth")
    sentence(error.value)


# What leaves no tensor


@pytest.mark.parametrize("name", ["plain20", "plain56", "resnet20", "resnet56"])
def test_a_files_batch_norm_statistics_tell_plain_from_residual(name, tmp_path):
    """Their mismatch on bundled pictures: about 0.03 for the right network, 1 to 4e7 for its twin."""
    original = load(name)
    torch.save({f"module.{key}": value for key, value in original.state_dict().items()}, tmp_path / "elsewhere.pth")
    model = load(tmp_path / "elsewhere.pth")
    assert model.config == original.config
    same(model, original, side=32)
    assert ("it is a plain network" in str(model.note)) == name.startswith("plain")
    assert model.fits is not None
    assert (model.fits["plain"] < model.fits["residual"]) == name.startswith("plain")
    twin = load(tmp_path / "elsewhere.pth", plain=not original.config.plain)
    assert twin.config.plain is not original.config.plain
    assert model.domain is not None
    right, wrong = (mismatch(each, probes(model.domain)[0]) for each in (model, twin))
    assert right < 0.15
    assert wrong > 0.9


def test_where_no_statistics_tell_it_is_said(tmp_path):
    torch.save(ResNet(ResNetConfig(), seed=0).state_dict(), tmp_path / "fresh.pth")
    assert "does not tell whether it has shortcuts" in str(load(tmp_path / "fresh.pth").note)
    assert load(tmp_path / "fresh.pth", plain=True).config.plain


def test_what_no_statistics_tell_can_be_said(tmp_path):
    torch.manual_seed(0)
    original = calibrated(small(tv.Bottleneck, replace_stride_with_dilation=[False, True, True]))
    torch.save(original.state_dict(), tmp_path / "dilated.pth")
    assert "no dilation" in str(load(tmp_path / "dilated.pth").note)
    same(load(tmp_path / "dilated.pth", dilated=2), original)


def test_what_fits_no_reading_is_said(tmp_path):
    model = load("resnet20")
    state = model.state_dict()
    state["stem.bn.running_mean"] = state["stem.bn.running_mean"] + 30
    torch.save(state, tmp_path / "strange.pth")
    assert str(load(tmp_path / "strange.pth").note).startswith("No reading")  # the page folds what comes later


@pytest.mark.parametrize("said", [{"plain": True}, {"pool": True}])
def test_what_contradicts_the_file_is_refused(said, tmp_path, sentence):
    path = save(ResNet(ResNetConfig(), seed=0), tmp_path / "own.safetensors")
    with pytest.raises(InputError, match="says itself") as error:
        load(path, **said)
    sentence(error.value)
    with pytest.raises(InputError, match="network of the zoo"):
        load("resnet20", plain=True)


# One output


def test_one_output_is_a_sigmoid_of_two_classes(tmp_path):
    torch.manual_seed(0)
    original = calibrated(small(classes=1))
    torch.save(original.state_dict(), tmp_path / "one.pth")
    model = load(tmp_path / "one.pth")
    picture = torch.randn(1, 3, SIDE, SIDE)
    with torch.no_grad():
        sure = original(picture).sigmoid().item()
    found = {p.label: p.probability for p in classify(model, picture)}
    assert found == pytest.approx({"class 0": 1 - sure, "class 1": sure}, abs=1e-6)
    for target in (0, 1):
        trace = trace_blocks(model, picture, target)
        sign = 1 if target else -1
        assert trace.target == target
        last = trace.blocks[-1]
        pixels = last.output.shape[2] * last.output.shape[3]
        expected = sign * model.fc.weight[0, :, None, None] / pixels
        assert torch.allclose(last.gradients["output"][0], expected.expand_as(last.output[0]), atol=1e-6)
    assert trace_blocks(model, picture).target == int(sure > 0.5)


# Hostile files


def test_a_bytearray_is_not_made(tmp_path, sentence):
    class Large:
        def __reduce__(self):
            return bytearray, (2**31,)

    (tmp_path / "large.pt").write_bytes(pickle.dumps(Large()))
    with pytest.raises(InputError, match="bytearray") as error:
        load(tmp_path / "large.pt")
    sentence(error.value)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02" + b"]" * 2_000_000 + b".",
        b"\x80\x02}(" + b"".join(b"X\x04\0\0\0%04xK\x01" % (i % 65536) for i in range(700_000)) + b"u.",
    ],
    ids=["nested lists", "keys"],
)
def test_too_many_objects_are_not_made(program, tmp_path, sentence):
    (tmp_path / "many.pt").write_bytes(program)
    with pytest.raises(InputError, match="too many objects") as error:
        load(tmp_path / "many.pt")
    sentence(error.value)


def test_long_names_are_not_quoted_whole(tmp_path, sentence):
    torch.save({**small().state_dict(), "x" * 100_000: torch.ones(1)}, tmp_path / "long.pt")
    with pytest.raises(InputError) as error:
        load(tmp_path / "long.pt")
    assert len(sentence(error.value)) <= 300


@pytest.mark.parametrize(
    ("name", "meant"), [("resnet21", "resnet20"), ("ResNet20", "resnet20"), ("reznet56", "resnet56")]
)
def test_typing_errors(name, meant):
    with pytest.raises(InputError, match=rf"did you mean .*{meant}"):
        load(name)
