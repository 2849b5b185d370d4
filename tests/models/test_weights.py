from __future__ import annotations

import json
import os
import pickle
import reprlib
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from resnet_demo.errors import InputError
from resnet_demo.files import write_atomically
from resnet_demo.images import CIFAR10, nameless
from resnet_demo.models import weights, zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.models.weights import load_file, save, save_in_shards

# torch's own, about files that were not written by torch
pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")

# Other people's networks, as oracles


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_logits_equal_torchvisions(depth, randomise, tmp_path):
    original = randomise(getattr(torchvision.models, f"resnet{depth}")(weights=None), size=64)
    path = tmp_path / f"resnet{depth}.pth"
    torch.save(original.state_dict(), path)
    try:
        model = load_file(path)
    finally:
        path.unlink()  # pytest keeps its folders, and a quarter of a gigabyte is much to keep
    assert model.config == zoo.network(f"resnet{depth}").config
    assert model.domain == zoo.imagenet()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = original(images)
        assert (model(images) - expected).abs().max() < 1e-4
    assert expected.std() > 0.01  # the tolerance was not met by zeros


class KuangliuBlock(nn.Module):
    """As in kuangliu/pytorch-cifar, written anew: conv1, bn1, conv2, bn2, shortcut.0, shortcut.1."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class KuangliuResNet18(nn.Module):
    def __init__(self, head: str) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        for stage, (c_in, c_out) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], start=1):
            blocks = KuangliuBlock(c_in, c_out, 1 if stage == 1 else 2), KuangliuBlock(c_out, c_out, 1)
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.head = head
        self.add_module(head, nn.Linear(512, 10))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.get_submodule(self.head)(F.avg_pool2d(x, 4).flatten(1))


@pytest.mark.parametrize(("head", "prefix", "wrapper"), [("linear", "module.", "net"), ("fc", "", "state_dict")])
def test_logits_equal_the_classic_3x3_stem_resnet18s(head, prefix, wrapper, randomise, tmp_path):
    original = randomise(KuangliuResNet18(head))
    state = {prefix + key: value for key, value in original.state_dict().items()}
    torch.save({wrapper: state, "acc": 95.5, "epoch": 199}, tmp_path / "ckpt.pth")
    model = load_file(tmp_path / "ckpt.pth")
    assert model.config == zoo.network("resnet18-cifar").config
    assert model.domain is not None
    assert model.domain.std == (0.2023, 0.1994, 0.2010)  # what that repository normalises with
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert (model(images) - original(images)).abs().max() < 1e-4


class AkamasterBlock(nn.Module):
    """As in akamaster/pytorch_resnet_cifar10, written anew, with its option A."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out)
        self.conv2, self.bn2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out)
        self.pad = c_out // 4 if c_in != c_out else None

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.pad is None else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))))


class AkamasterResNet(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        for stage, (c_in, c_out) in enumerate([(16, 16), (16, 32), (32, 64)], start=1):
            first = AkamasterBlock(c_in, c_out, 1 if stage == 1 else 2)
            others = (AkamasterBlock(c_out, c_out, 1) for _ in range(n - 1))
            self.add_module(f"layer{stage}", nn.Sequential(first, *others))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (1, 2, 3):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.linear(F.avg_pool2d(x, x.size(3)).flatten(1))


# Measured on the first 1,000 test pictures; on all 10,000 they are the published 91.73 % and 93.39 %.
@pytest.mark.parametrize(
    ("file", "depth", "right"), [("resnet20-12fca82f.th", 20, 915), ("resnet56-4bfd9763.th", 56, 926)]
)
def test_akamasters_checkpoints_classify_as_published(file, depth, right, shared_data):
    from resnet_demo.data import load_dataset
    from resnet_demo.training.evaluation import evaluate

    path = shared_data / "peer-weights" / file
    model = load_file(path)
    assert model.config == ResNetConfig.cifar(depth)
    test_set = load_dataset("cifar10", train=False, data_dir=shared_data, download=False).subset(1000)
    assert round(evaluate(model, test_set).accuracy * 1000) == right
    original = AkamasterResNet((depth - 2) // 6).eval()
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    original.load_state_dict({key.removeprefix("module."): value for key, value in state.items()})
    assert model.domain is not None
    images = model.domain.normalise(test_set.pictures[:20])
    with torch.no_grad():
        assert (model(images) - original(images)).abs().max() < 1e-4


def test_logits_equal_akamasters_with_random_weights(randomise, tmp_path):
    original = randomise(AkamasterResNet(2))
    state = {"module." + key: value for key, value in original.state_dict().items()}
    torch.save({"state_dict": state, "best_prec1": 90.0}, tmp_path / "a.th", _use_new_zipfile_serialization=False)
    model = load_file(tmp_path / "a.th")
    assert model.config == ResNetConfig.cifar(14)
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert (model(images) - original(images)).abs().max() < 1e-4


# Our own files


@pytest.mark.parametrize(
    "config",
    [
        ResNetConfig(),
        ResNetConfig(plain=True, classes=3),
        ResNetConfig((1, 2, 1, 1), (4, 6, 8, 9), shortcut="A"),
        ResNetConfig((1, 1), (4, 8), "bottleneck", "imagenet", "B", classes=7),
    ],
)
def test_what_was_saved_is_what_is_loaded(config, randomise, tmp_path):
    model = ResNet(config, seed=0)
    randomise(model)
    model.domain = replace(nameless(config.classes), name="näme", mean=(0.1, 0.2, 0.3))
    model.provenance = {"seed": 0, "history": [{"epoch": 1, "loss": 0.5}], "energy_percentiles": [0.5, 1.5]}
    path = save(model, tmp_path / "new folder" / "own.safetensors")
    again = load_file(path)
    assert (again.config, again.domain, again.provenance) == (model.config, model.domain, model.provenance)
    assert not again.training
    assert not any(parameter.requires_grad for parameter in again.parameters())
    ours, theirs = model.state_dict(), again.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours if "num_batches" not in key)
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model(images), again(images))
    assert os.stat(path).st_mode & 0o444 == 0o444
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # no temporary file is left


def test_half_precision_files_become_single_precision_networks(tiny_model, tmp_path):
    half = {key: value.half() for key, value in tiny_model.state_dict().items() if "num_batches" not in key}
    metadata = {"config": json.dumps({"blocks": [1, 1, 1], "widths": [4, 8, 16]})}
    save_file(half, tmp_path / "half.safetensors", metadata)
    for key, value in load_file(tmp_path / "half.safetensors").state_dict().items():
        if key in half:
            assert value.dtype == torch.float32
            assert torch.equal(value, half[key].float())


def test_weights_in_shards_are_the_same_weights(tmp_path):
    model = ResNet(ResNetConfig((1, 1), (8, 16), shortcut="B"), seed=0)
    written = save_in_shards(model, tmp_path / "net.safetensors", most=5000, half=True)
    assert len(written) > 2
    assert all(path.stat().st_size < 11_000 for path in written)
    found = load_file(written[0]).state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(found[name], value.half().float() if value.is_floating_point() else value)
    written[1].unlink()
    with pytest.raises(InputError, match="There is no file"):
        load_file(written[0])


@pytest.mark.parametrize("moment", ["os.fsync", "os.replace"])
def test_a_writer_killed_at_any_moment_leaves_the_old_file(moment, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys, pathlib\n"
        "from resnet_demo.files import write_atomically\n"
        f"{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(pathlib.Path(sys.argv[1]), b'new' * 1_000_000)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=Path(weights.__file__).parents[2])
    assert killed.returncode == -9
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")  # and the next writer is not hindered
    assert path.read_bytes() == b"new"


def test_a_failed_write_cleans_up_after_itself(tmp_path, monkeypatch, sentence):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((InputError, OSError), match="No space left"):
        write_atomically(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]
    assert path.read_bytes() == b"old"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError) as error:  # a folder that cannot be made
        write_atomically(tmp_path / "file" / "w.safetensors", b"new")
    sentence(error.value)


# Strictness: each of these is refused with a sentence that names the tensor

KEY = "layer2.0.residual.bn1.weight"
VAR = "layer2.0.residual.bn1.running_var"
CONV = "layer1.0.residual.conv2.weight"


def put(key, value):
    def change(state):
        state[key] = value(state[key]) if callable(value) else value

    return change


def with_value(key, value):
    def change(state):
        state[key] = state[key].double()
        state[key].view(-1)[-1] = value

    return change


SPOILT = {
    "missing": (lambda state: state.pop(KEY), KEY),
    "spare": (put("layer2.0.residual.bn3.bias", torch.zeros(8)), "layer2.0.residual.bn3.bias"),
    "spare block": (put("layer3.1.residual.conv1.weight", torch.zeros(16, 16, 3, 3)), "layer3.1"),
    "misshapen": (put(KEY, torch.ones(7)), KEY),
    "misshapen but broadcasting": (put(KEY, torch.ones(1)), KEY),
    "transposed": (put("fc.weight", lambda w: w.T.contiguous()), "fc.weight"),
    "nan": (with_value(KEY, float("nan")), KEY),
    "infinite": (with_value(KEY, float("-inf")), KEY),
    "infinite in single precision": (with_value(KEY, 1e300), KEY),
    "negative variance": (with_value(VAR, -1e-3), VAR),
    "complex": (put(KEY, lambda w: w.to(torch.complex64)), KEY),
    "integer": (put(KEY, lambda w: w.to(torch.int32)), KEY),
    "boolean": (put(KEY, lambda w: w > 0), KEY),
    "float8": (put(VAR, lambda w: w.to(torch.float8_e4m3fn)), VAR),
    "quantised": (put(CONV, lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)), CONV),
    "sparse": (put(CONV, lambda w: w.to_sparse()), CONV),
    "meta": (put(CONV, lambda w: w.to("meta")), CONV),
    "meta counter": (
        put("stem.bn.num_batches_tracked", torch.zeros((), dtype=torch.int64, device="meta")),
        "stem.bn.num_batches_tracked",
    ),
    "misshapen counter": (put("stem.bn.num_batches_tracked", torch.zeros(3)), "stem.bn.num_batches_tracked"),
    "giant of stride 0": (put(CONV, torch.zeros(1).expand(10**6, 10**6)), CONV),
    "twice after renaming": (put("layer2.0.bn1.weight", torch.ones(8)), KEY),
    "twice, by module.": (put(f"module.{KEY}", torch.ones(8)), KEY),
    "not a tensor": (put("epoch", 7), "'epoch'"),
    "not a name": (lambda state: state.update({3: torch.ones(1)}), "3"),
}


@pytest.mark.filterwarnings("ignore")  # torch's own, about quantised and sparse tensors
@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_tensor_is_refused_by_name(kind, tiny_model, tmp_path, sentence):
    change, named = SPOILT[kind]
    state = tiny_model.state_dict()
    torch.save(state, tmp_path / "sound.pt")
    load_file(tmp_path / "sound.pt")
    change(state)
    torch.save(state, tmp_path / "spoilt.pt")
    with pytest.raises(InputError) as error:
        load_file(tmp_path / "spoilt.pt")
    assert named in sentence(error.value)


@pytest.mark.parametrize("kind", ["missing", "spare", "misshapen", "nan", "complex", "integer", "float8"])
def test_so_it_is_in_safetensors(kind, tiny_model, tmp_path, sentence):
    change, named = SPOILT[kind]
    state = tiny_model.state_dict()
    change(state)
    for metadata in (None, {"config": json.dumps({"blocks": [1, 1, 1], "widths": [4, 8, 16]})}):
        save_file(state, tmp_path / "spoilt.safetensors", metadata)
        with pytest.raises(InputError) as error:
            load_file(tmp_path / "spoilt.safetensors")
        assert named in sentence(error.value)


def test_a_counter_of_an_odd_kind_is_not_read(tiny_model, tmp_path):
    # No forward pass reads it: what is in it must neither matter nor fail.
    state = tiny_model.state_dict()
    state["stem.bn.num_batches_tracked"] = torch.tensor(complex(1, 2))
    state["layer1.0.residual.bn1.num_batches_tracked"] = torch.tensor(float("nan"))
    torch.save(state, tmp_path / "odd.pt")
    model = load_file(tmp_path / "odd.pt")
    assert all(not value.any() for key, value in model.state_dict().items() if key.endswith("num_batches_tracked"))


def test_bottlenecks_without_their_projections_lack_them(tmp_path, sentence):
    original = torchvision.models.resnet.ResNet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=5)
    state = {key: value for key, value in original.state_dict().items() if "downsample" not in key}
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"layer1\.0\.shortcut") as error:
        load_file(tmp_path / "w.pth")
    sentence(error.value)


# Hostile files


class Payload:
    """Runs a command when it is unpickled by a reader that lets it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".th"])
def test_code_in_a_pickle_is_not_run(modern, suffix, tiny_model, tmp_path, sentence):
    path, marker = tmp_path / f"evil{suffix}", tmp_path / "executed"
    content = {**tiny_model.state_dict(), "extra": Payload(marker)}
    torch.save(content, path, _use_new_zipfile_serialization=modern)
    with pytest.raises(InputError, match="run code") as error:
        load_file(path)
    sentence(error.value)
    assert not marker.exists()
    torch.load(path, weights_only=False)  # the payload is a live one
    assert marker.exists()


def test_a_bare_pickle_is_not_run_either(tmp_path, sentence):
    marker = tmp_path / "executed"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(InputError) as error:
        load_file(tmp_path / "evil.pth")
    sentence(error.value)
    assert not marker.exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path, sentence):
    path = tmp_path / "bomb.pt"
    chunk = bytes(10_000_000)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("archive/data/0", "w", force_zip64=True) as file,
    ):
        for _ in range(51):
            file.write(chunk)
    assert path.stat().st_size < 5_000_000
    start = time.perf_counter()
    with pytest.raises(InputError, match="unpacks to more than 500 MB") as error:
        load_file(path)
    sentence(error.value)
    assert time.perf_counter() - start < 1  # from the archive's directory alone


def test_a_giant_network_made_of_strides_of_zero_is_not_built(tmp_path, sentence):
    # Every shape is right for a network of 4096 channels, 18 GB, in a file of a few kilobytes.
    with torch.device("meta"):
        model = ResNet(ResNetConfig((10, 10, 10), (4096, 4096, 4096)))
    state = {key: torch.zeros(()).expand(value.shape) for key, value in model.state_dict().items()}
    torch.save(state, tmp_path / "giant.pt")
    assert (tmp_path / "giant.pt").stat().st_size < 200_000
    with pytest.raises(InputError, match="does not hold plain real numbers") as error:
        load_file(tmp_path / "giant.pt")
    sentence(error.value)


def test_a_network_of_thousands_of_blocks_is_not_built(tiny_model, tmp_path, sentence):
    state = tiny_model.state_dict()
    for stage in (1, 2, 3):
        state[f"layer{stage}.999.residual.conv1.weight"] = torch.zeros(4, 4, 3, 3)
    torch.save(state, tmp_path / "long.pt")
    start = time.perf_counter()
    with pytest.raises(InputError) as error:
        load_file(tmp_path / "long.pt")
    assert time.perf_counter() - start < 2
    said = sentence(error.value)
    assert len(said) <= 300
    assert not any(word in said for word in ("pydantic", "validation", "Error", "NoneType", "argument"))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".th", ".safetensors"])
@pytest.mark.parametrize("keep", [0, 1, 9, 400, 0.5, -1])
def test_truncated_files_are_refused(suffix, keep, tiny_model, tmp_path, sentence):
    path = tmp_path / f"w{suffix}"
    save(tiny_model, path) if suffix == ".safetensors" else torch.save(
        tiny_model.state_dict(), path, _use_new_zipfile_serialization=suffix != ".th"
    )
    load_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(InputError, match=rf"w\{suffix} is not .* damaged") as error:
        load_file(path)
    sentence(error.value)


@pytest.mark.parametrize("suffix", [".pt", ".th", ".safetensors"])
def test_flipped_bytes_give_a_sentence_or_a_network(suffix, tiny_model, tmp_path, sentence):
    path = tmp_path / f"w{suffix}"
    save(tiny_model, path) if suffix == ".safetensors" else torch.save(
        tiny_model.state_dict(), path, _use_new_zipfile_serialization=suffix != ".th"
    )
    content = path.read_bytes()
    generator = torch.Generator().manual_seed(0)
    refused = 0
    for _ in range(60):  # the beginning of a file, where most of its structure lies, and anywhere
        spoilt = bytearray(content)
        for limit in (3000, len(content)):
            for place in torch.randint(min(limit, len(content)), (3,), generator=generator).tolist():
                spoilt[place] = int(torch.randint(256, (1,), generator=generator))
        path.write_bytes(spoilt)
        try:
            load_file(path)
        except InputError as error:
            refused += 1
            sentence(error)
    assert refused > 20


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, "no state_dict"),
        (torch.ones(3), "no state_dict"),
        ([torch.ones(3)], "no state_dict"),
        ({"state_dict": {}}, "no state_dict"),
        ({"a": torch.ones(3)}, "not a ResNet"),
        ({"fc.weight": torch.ones(3), "stem.conv.weight": torch.ones(1, 3, 3, 3)}, "not a ResNet"),
        ({"fc.weight": torch.ones(10, 4), "conv1.weight": torch.ones(4, 3, 3, 3)}, "no blocks"),
        (
            {
                "fc.weight": torch.ones(0, 4),
                "conv1.weight": torch.ones(4, 3, 3, 3),
                "layer1.0.conv1.weight": torch.ones(4, 4, 3, 3),
            },
            "no classes",
        ),
        (torchvision.models.squeezenet1_1(num_classes=2).state_dict(), "not a ResNet"),
    ],
    ids=["empty", "tensor", "list", "empty inside", "strange", "1-d", "blockless", "classless", "squeezenet"],
)
def test_what_is_no_resnet_is_refused(content, named, tmp_path, sentence):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(InputError, match=named) as error:
        load_file(tmp_path / "w.pt")
    sentence(error.value)


@pytest.mark.parametrize("name", ["w.txt", "w", "w.pt.zip", "missing.pt", "folder.pt", "a" * 3000 + ".pt", "nul\0.pt"])
def test_what_is_no_checkpoint_file_is_refused(name, tmp_path, sentence):
    (tmp_path / "folder.pt").mkdir()
    for existing in ("w.txt", "w", "w.pt.zip"):
        (tmp_path / existing).write_bytes(b"weights")
    with pytest.raises(InputError, match=r"not a checkpoint|no file"):
        load_file(tmp_path / name)


CONFIG = {"blocks": [1, 1, 1], "widths": [4, 8, 16]}
DOMAIN = {"name": "x", "labels": list("abcdefghij"), "size": 32, "resize": 32, "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.mark.parametrize(
    "metadata",
    [
        {"config": ""},
        {"config": "null"},
        {"config": "[1, 2]"},
        {"config": "{"},
        {"config": "[" * 100_000},
        {"config": {}},
        {"config": {**CONFIG, "colour": "red"}},
        {"config": {**CONFIG, "blocks": [1.5, 1, 1]}},
        {"config": {**CONFIG, "blocks": [float("nan"), 1, 1]}},
        {"config": {**CONFIG, "blocks": [float("inf"), 1, 1]}},
        {"config": {**CONFIG, "blocks": [10**9, 1, 1]}},
        {"config": {**CONFIG, "widths": [10**9] * 3}},
        {"config": {**CONFIG, "widths": ["4", "8", "16"]}},
        {"config": {**CONFIG, "classes": 10**9}},
        {"config": {**CONFIG, "stem": ["cifar"]}},
        {"config": {**CONFIG, "block": "bottleneck", "plain": True}},
        {"config": {**CONFIG, "plain": "yes"}},
        {"config": {**CONFIG, "plain": 1}},
        {"config": {**CONFIG, "classes": True}},
        {"config": {**CONFIG, "classes": 10.0}},
        {"config": []},
        {"config": {**CONFIG, "blocks": []}},
        {"config": {**CONFIG, "blocks": "3"}},
        {"config": {**CONFIG, "blocks": [[1], [1], [1]]}},
        {"config": {**CONFIG, "blocks": [1] * 1000}},
        {"config": {**CONFIG, "blocks": [1] * 100_000}},
        {"config": {**CONFIG, "block": "x" * 5000}},
        {"config": {**CONFIG, "\ud800": 1}},
        {"config": CONFIG, "domain": "[]"},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": ["\ud800", *"bcdefghij"]}},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": [1, *"bcdefghij"]}},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": "abcdefghij"}},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": ["x" * 100] * 200_000}},
        {"config": CONFIG, "domain": {**DOMAIN, "name": None}},
        {"config": CONFIG, "domain": {**DOMAIN, "size": "32"}},
        {"config": CONFIG, "domain": {**DOMAIN, "mean": [True] * 3}},
        {"config": CONFIG, "domain": "7"},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": ["a"]}},
        {"config": CONFIG, "domain": {**DOMAIN, "labels": None}},
        {"config": CONFIG, "domain": {**DOMAIN, "size": 10**9, "resize": 10**9}},
        {"config": CONFIG, "domain": {**DOMAIN, "size": float("inf")}},
        {"config": CONFIG, "domain": {**DOMAIN, "size": 64}},
        {"config": CONFIG, "domain": {**DOMAIN, "mean": [float("nan")] * 3}},
        {"config": CONFIG, "domain": {**DOMAIN, "std": [0.0] * 3}},
        {"config": CONFIG, "domain": {**DOMAIN, "std": [0.5] * 2}},
        {"config": CONFIG, "provenance": "[1]"},
        {"config": CONFIG, "provenance": "{]"},
        {"config": CONFIG, "provenance": {"energy_percentiles": ["high"]}},
        {"config": CONFIG, "provenance": {"energy_percentiles": 5}},
        {"config": CONFIG, "provenance": {"energy_percentiles": [1] * 2000}},
        {"config": CONFIG, "provenance": {"energy_percentiles": [float("nan")]}},
        {"config": CONFIG, "provenance": {"test_accuracy": "high"}},
        {"config": CONFIG, "provenance": {"test_accuracy": 1.5}},
        {"config": CONFIG, "provenance": {"test_pictures": "many"}},
        {"config": CONFIG, "provenance": {"history": {"epoch": 1}}},
        {"config": CONFIG, "provenance": {"history": [7]}},
        {"config": CONFIG, "provenance": {"origin": "\udfff"}},
    ],
    ids=reprlib.repr,
)
def test_forged_metadata_are_refused(metadata, tiny_model, tmp_path, sentence):
    path = tmp_path / "forged.safetensors"
    state = {key: value for key, value in tiny_model.state_dict().items() if "num_batches" not in key}

    def write(fields):
        save_file(state, path, {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()})

    write({"config": CONFIG, "domain": DOMAIN})
    grey = (0.5, 0.5, 0.5)
    assert load_file(path).domain == replace(CIFAR10, name="x", labels=tuple("abcdefghij"), mean=grey, std=grey)
    write(metadata)
    start = time.perf_counter()
    with pytest.raises(InputError) as error:
        load_file(path)
    assert time.perf_counter() - start < 2
    said = sentence(error.value)
    assert len(said) <= 300
    assert not any(word in said for word in ("pydantic", "validation", "Error", "NoneType", "argument"))
