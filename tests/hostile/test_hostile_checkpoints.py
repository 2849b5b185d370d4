"""Checkpoints that want more than to be read: each is refused in a sentence, at once, without their memory; good ones
load bit for bit. What damaged and foreign files get is in tests/models.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import memory
import pytest
import safetensors.torch
import torch

from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.models import pickled, weights, zoo
from resnet_demo.models.resnet import ResNet
from resnet_demo.models.weights import load_file, save

MOST_CHARACTERS, MOST_SECONDS, MOST_MEMORY = 300, 2.0, 300_000_000


class Call:
    """In a pickle, the call of a function."""

    def __init__(self, function: Any, *values: Any) -> None:
        self.called = function, values

    def __reduce__(self) -> Any:
        return self.called


def executed(path: str) -> None:
    Path(path).touch()


@pytest.fixture(scope="module")
def model() -> ResNet:
    model = zoo.build("resnet8", seed=0)
    model.domain = CIFAR10
    return model


def config(model: ResNet, **changes: Any) -> str:
    return json.dumps({**asdict(model.config), **changes})


def ours(path: Path, model: ResNet, **metadata: str) -> None:
    """A file as we write it, with other metadata."""
    state = {name: tensor for name, tensor in model.state_dict().items() if "num_batches" not in name}
    path.write_bytes(safetensors.torch.save(state, {"config": config(model), **metadata}))


def packed(path: Path, program: bytes, /, method: int = zipfile.ZIP_STORED, **entries: bytes) -> None:
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)


def tuples(times: int, then: bytes = b"") -> bytes:
    """A dictionary whose key is a tuple of the same tuple twice, which is one of the same tuple twice, and so on.

    `then` follows each: steps that leave it as it is.
    """
    twice = b"".join(
        b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86" + then + b"q" + bytes([i + 1]) + b"0" for i in range(times)
    )
    return b"\x80\x02}K\1K\2\x86q\x000" + twice + b"h" + bytes([times]) + b"Ns."


def same_hash(count: int) -> bytes:
    """Numbers that all have the hash 0, each with None: what a dictionary or a list of pairs is made of."""
    return b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(1, count))


def pairs_of_tuples(count: int) -> bytes:
    """Pairs of tuples of -1 and -2, which have the same hash, as keys."""
    numbers = [b"J" + struct.pack("<i", value) for value in (-1, -2)]
    made = b"".join(
        b"(" + b"".join(numbers[i >> bit & 1] for bit in range(8)) + b"tq" + bytes([i]) + b"0" for i in range(count)
    )
    keys = b"".join(b"h" + bytes([i]) + b"h" + bytes([j]) + b"\x86N" for i in range(count) for j in range(count))
    return b"\x80\x02" + made + b"}(" + keys + b"u."


def wide(levels: int) -> bytes:
    """A dictionary of a thousand times the same dictionary, which is one of a thousand times the same, and so on."""
    level = [
        b"}(" + b"".join(b"X\4\0\0\0%04dh%c" % (key, depth) for key in range(1000)) + b"uq%c" % (depth + 1)
        for depth in range(levels)
    ]
    return b"\x80\x02}q\0" + b"".join(level) + b"."


def header(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def stretched(model: ResNet, name: str, *shape: int) -> dict[str, torch.Tensor]:
    """The state with one tensor of that shape that is a single number, seen again and again."""
    return {**model.state_dict(), name: torch.zeros(1).as_strided(shape, (0,) * len(shape))}


Write = Callable[[Path, ResNet], object]
FUNCTIONS = (bytearray, list, dict, set, complex, eval, exec, open, compile, __import__, getattr, executed)
PICKLES: dict[str, Write] = {
    **{
        f"{kind.__name__} {layout}": (lambda path, model, kind=kind, write=write: write(path, pickle.dumps(
            {"state_dict": Call(kind, 2**31 if kind is bytearray else "x")}, 2)))
        for kind in FUNCTIONS if kind not in (list, dict, set)
        for layout, write in (("alone", Path.write_bytes), ("zip", packed))
    },
    "bytearray of 2 GB in a list": lambda path, model: path.write_bytes(pickle.dumps([Call(bytearray, 2**31)] * 9, 2)),
    "lists in each other": lambda path, model: path.write_bytes(b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"."),
    "lists in a zip": lambda path, model: packed(path, b"\x80\x02" + b"]" * 10**5 + b"a" * (10**5 - 1) + b"."),
    "dictionaries in each other": lambda path, model: path.write_bytes(
        b"\x80\x02" + b"}X\1\0\0\0a" * 90_000 + b"N" + b"s" * 90_000 + b"."
    ),
    "200,000 keys": lambda path, model: path.write_bytes(pickle.dumps({f"k{i}": i for i in range(200_000)}, 2)),
    "60,000 keys": lambda path, model: packed(path, pickle.dumps({f"k{i}": i for i in range(60_000)}, 2)),
    "tuples as a key": lambda path, model: path.write_bytes(tuples(60)),
    "tuples as a key in a zip": lambda path, model: packed(path, tuples(200)),
    **{
        f"tuples as a key that get {name}": (lambda path, model, then=then: path.write_bytes(tuples(60, then)))
        for name, then in {"a state": b"Nb", "no items": b"(u", "no elements": b"(e", "nothing": b"(\x90"}.items()
    },
    "a tuple as a key again and again": lambda path, model: path.write_bytes(
        tuples(14)[:-3] + b"}(" + b"h\x0eN" * 100_000 + b"u."
    ),
    "tuples of the same hash": lambda path, model: path.write_bytes(pairs_of_tuples(200)),
    "long numbers of the same hash": lambda path, model: path.write_bytes(b"\x80\x02}(" + same_hash(50_000) + b"u."),
    "long numbers of the same hash in a set": lambda path, model: path.write_bytes(
        b"\x80\x04\x8f(" + same_hash(50_000).replace(b"N", b"") + b"\x90."
    ),
    "long numbers of the same hash in pairs": lambda path, model: path.write_bytes(
        b"\x80\x02ccollections\nOrderedDict\n](" + same_hash(50_000).replace(b"N", b"N\x86") + b"e\x85R."
    ),
    "dictionaries a thousand times in each other": lambda path, model: path.write_bytes(wide(4)),
    "a text that is all of the file": lambda path, model: path.write_bytes(
        b"\x80\x02X" + struct.pack("<I", 120_000_004) + "\U0001f600".encode() + b"a" * 120_000_000 + b"."
    ),
    "a number of 40 million bits": lambda path, model: path.write_bytes(
        b"\x80\x02\x8b" + struct.pack("<i", 5_000_000) + b"\x7f" * 5_000_000 + b"."
    ),
    "a number of a million digits": lambda path, model: path.write_bytes(b"I" + b"9" * 10**6 + b"\n."),
    "a name of 10 MB": lambda path, model: path.write_bytes(pickle.dumps({"x" * 10**7: 1}, 2)),
    "a terabyte of bytes": lambda path, model: path.write_bytes(b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"."),
    "a terabyte of text": lambda path, model: path.write_bytes(b"\x80\x05\x8d" + struct.pack("<Q", 2**40) + b"."),
    "a place of memory far out": lambda path, model: path.write_bytes(b"\x80\x02Nr\xff\xff\xff\x7f."),
    "a place of memory a gigabyte out": lambda path, model: path.write_bytes(b"\x80\x02Nr\xff\xff\xff\x03."),
    "a place of memory in words": lambda path, model: packed(path, b"\x80\x02Np30000000\n."),
    "a surrogate": lambda path, model: path.write_bytes(pickle.dumps({"\ud800layer1.0.conv1.weight": 1}, 2)),
    "a stack that is empty": lambda path, model: path.write_bytes(b"\x80\x02\x86\x86\x86."),
    "a program that is packed": lambda path, model: packed(path, bytes(300_000_000), zipfile.ZIP_DEFLATED),
    "a byte order of 300 MB": lambda path, model: packed(
        path, pickle.dumps({}, 2), zipfile.ZIP_DEFLATED, byteorder=bytes(300_000_000)
    ),
    "30,000 entries": lambda path, model: packed(
        path, pickle.dumps({}, 2), zipfile.ZIP_STORED, **{f"data/{i}": b"" for i in range(30_000)}
    ),
    "a head that is one number": lambda path, model: torch.save(
        {**stretched(model, "fc.weight", 100_000, 64), "fc.bias": torch.zeros(1).as_strided((100_000,), (0,))}, path
    ),
    "a filter that is one number": lambda path, model: torch.save(
        stretched(model, "layer2.0.residual.conv1.weight", 8192, 8192, 3, 3), path
    ),
    "a name of 100,000 characters": lambda path, model: torch.save(
        {**model.state_dict(), "layer1.0." + "y" * 100_000: torch.zeros(3)}, path
    ),
    "a sparse tensor": lambda path, model: torch.save({**model.state_dict(), "x": torch.eye(3).to_sparse()}, path),
    "a subclass": lambda path, model: path.write_bytes(pickle.dumps({"a": Call(type, "A", (), {})}, 2)),
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "600 blocks of 4096": {"blocks": [200, 200, 200], "widths": [4096] * 3},
    "600 bottlenecks": {"blocks": [200] * 3, "block": "bottleneck", "shortcut": "B", "width_per_group": 10**5},
    "2,000 hidden layers": {"hidden": [10**9] * 2000},
    "hidden layers of 100,000": {"hidden": [10**5] * 8},
    "a stem of a billion": {"stem": "deep", "stem_widths": [10**9] * 3},
    "a width of a billion": {"widths": [16, 32, 10**9]},
    "100,000 stages": {"blocks": [1] * 100_000, "widths": [1] * 100_000},
    "100,000 blocks and three widths": {"blocks": [1] * 100_000},
    "2,000 stages": {"blocks": [1] * 1000, "widths": [1] * 1000},
    "200,000 classes": {"classes": 200_000},
    "100,000 classes": {"classes": 100_000},
    "no blocks": {"blocks": [], "widths": []},
    "blocks of -1": {"blocks": [-1, 3, 3]},
    "half a block": {"blocks": [0.5, 3, 3]},
    "true blocks": {"blocks": [True, True, True]},
    "plain yes": {"plain": "yes"},
    "plain 1": {"plain": 1},
    "a block of 100,000 letters": {"block": "x" * 10_000},
    "groups of a billion": {"groups": 10**9, "block": "bottleneck", "shortcut": "B"},
    "a field too many": {"__class__": "x"},
    "10**400 classes": {"classes": 10**400},
}
DOMAIN = asdict(CIFAR10)
TEXTS: dict[str, dict[str, str]] = {
    "config []": {"config": "[]"},
    "config null": {"config": "null"},
    "config empty": {"config": "{}"},
    "config a word": {"config": "nonsense"},
    "config NaN": {"config": "NaN"},
    "config of brackets": {"config": "[" * 10_000},
    "config of 5 MB": {"config": " " * 5_000_000 + "{}"},
    "labels with half a pair": {"domain": json.dumps({**DOMAIN, "labels": ["\ud800"] * 10})},
    "a name with half a pair": {"domain": json.dumps({**DOMAIN, "name": "\udfff"})},
    "a million labels": {"domain": json.dumps({**DOMAIN, "labels": ["x"] * 1_000_000})},
    "labels that are numbers": {"domain": json.dumps({**DOMAIN, "labels": list(range(10))})},
    "9 labels": {"domain": json.dumps({**DOMAIN, "labels": ["x"] * 9})},
    "pictures of 10**9": {"domain": json.dumps({**DOMAIN, "size": 10**9, "resize": 10**9})},
    "a spread of 0": {"domain": json.dumps({**DOMAIN, "std": [0, 0, 0]})},
    "a spread of next to nothing": {"domain": json.dumps({**DOMAIN, "std": [1e-320] * 3})},
    "a mean of NaN": {"domain": json.dumps({**DOMAIN, "mean": [float("nan")] * 3})},
    "domain []": {"domain": "[]"},
    "an accuracy of NaN": {"provenance": '{"test_accuracy": NaN}'},
    "an accuracy of 5": {"provenance": '{"test_accuracy": 5}'},
    "an accuracy of text": {"provenance": '{"test_accuracy": "<script>"}'},
    "provenance of brackets": {"provenance": '{"a":' + "[" * 10**6 + "]" * 10**6 + "}"},
    "a number of 5,000 digits": {"provenance": '{"a":' + "9" * 5000 + "}"},
    "provenance of 11 MB": {"provenance": json.dumps({"a": "x" * 11_000_000})},
}
SAFETENSORS: dict[str, Write] = {
    "21,000 tensors": lambda path, model: path.write_bytes(
        safetensors.torch.save({f"layer1.{i}.conv1.weight": torch.zeros(1) for i in range(21_000)})
    ),
    "a header of 90 MB": lambda path, model: path.write_bytes(struct.pack("<Q", 90_000_000) + b"{" + b" " * 90_000_000),
    "100,000 dimensions": lambda path, model: path.write_bytes(
        header(json.dumps({"a": {"dtype": "F32", "shape": [0] * 100_000, "data_offsets": [0, 0]}}).encode())
    ),
    "12 million dimensions": lambda path, model: path.write_bytes(
        header(b'{"a":{"dtype":"F32","shape":[' + b"0," * 12_000_000 + b'0],"data_offsets":[0,0]}}')
    ),
    "2 million words of metadata": lambda path, model: path.write_bytes(
        header(b'{"__metadata__":{' + b",".join(b'"\\\\%x":"\\""' % i for i in range(1_500_000)) + b"}}")
    ),
    "a name of a million letters": lambda path, model: path.write_bytes(
        safetensors.torch.save({"x" * 1_000_000: torch.zeros(1), **model.state_dict()})
    ),
}
WRITE: dict[str, Write] = {
    **PICKLES,
    **SAFETENSORS,
    **{name: (lambda path, model, c=c: ours(path, model, config=config(model, **c))) for name, c in CONFIGS.items()},
    **{name: (lambda path, model, text=text: ours(path, model, **text)) for name, text in TEXTS.items()},
}


def refused(path: Path) -> str:
    """The sentence; an AssertionError where a file is not refused as it must be."""
    spent, more = time.process_time(), memory.more_than_now()
    with pytest.raises(InputError) as error:
        load_file(path)
    spent, said = time.process_time() - spent, str(error.value)
    assert len(said) <= MOST_CHARACTERS, said[:500]
    assert str(path.parent) not in said, said
    assert said.encode()  # no half of a surrogate pair
    assert spent < MOST_SECONDS, spent
    assert more() < MOST_MEMORY + 2 * path.stat().st_size
    assert sorted(path.parent.iterdir()) == [path]
    return said


@pytest.fixture(scope="module", autouse=True)
def warm(model: ResNet, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What PyTorch loads when it first builds a network is not a file's doing."""
    load_file(save(model, tmp_path_factory.mktemp("warm") / "good.safetensors"))


def test_there_are_enough() -> None:
    assert len(WRITE) >= 80


@pytest.mark.parametrize("case", WRITE)
def test_a_hostile_checkpoint_is_refused(case: str, model: ResNet, tmp_path: Path) -> None:
    path = tmp_path / "given.pt"
    WRITE[case](path, model)
    refused(path)


def test_no_function_of_a_pickle_is_called(tmp_path: Path) -> None:
    for write in (Path.write_bytes, packed):
        write(tmp_path / "given.pt", pickle.dumps(Call(executed, str(tmp_path / "executed")), 2))
        refused(tmp_path / "given.pt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("suffix", ["safetensors", "zip", "old"])
def test_a_good_checkpoint_is_loaded_bit_for_bit(suffix: str, model: ResNet, tmp_path: Path) -> None:
    path = tmp_path / f"good.{suffix}"
    if suffix == "safetensors":
        save(model, path)
    else:
        torch.save(
            {"state_dict": model.state_dict(), "args": [1, (2, 3)]},
            path,
            _use_new_zipfile_serialization=suffix == "zip",
        )
    loaded, state = load_file(path), model.state_dict()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, state[name]), name


@pytest.mark.parametrize("made", [
    lambda size: b"\x80\x02" + b"N" * (size - 3),
    lambda size: b"\x80\x02X" + struct.pack("<I", size - 8) + b"a" * (size - 8),
    lambda size: b"\x80\x02S'" + b"a" * (size - 7) + b"'\n",
], ids=["steps", "text", "line"])  # fmt: skip
def test_a_program_is_as_long_as_it_may_be_and_no_longer(
    made: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it ends there or is cut there, and whatever comes behind it."""
    monkeypatch.setattr(pickled, "MAX_PROGRAM", 500)
    for behind in (b"", b"x" * 600):
        pickled._vet_program(io.BytesIO(made(500) + b"." + behind), "a.pt")
        for size in (501, 502, 600):
            with pytest.raises(InputError, match="holds more than"):
                pickled._vet_program(io.BytesIO(made(size) + b"." + behind), "a.pt")
    with pytest.raises(ValueError, match=r"exhausted|expected|newline"):  # cut where it may end: that is damage
        pickled._vet_program(io.BytesIO(made(501)[:500]), "a.pt")


# The suite sees a cap that is gone


def unsafe(path: Path, most: int) -> Any:
    return pickle.loads(path.read_bytes())


SEEDED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "a place of memory in words": lambda patch: patch.setattr(pickled, "MAX_STEPS", 10**9),
    "tuples as a key": lambda patch: [patch.setattr(pickled, name, 10**9) for name in ("MAX_LEAVES", "MAX_KEYS")],
    "tuples of the same hash": lambda patch: patch.setattr(pickled, "MAX_KEYS", 10**9),
    "a text that is all of the file": lambda patch: patch.setattr(pickled, "MAX_PROGRAM", 10**9),
    "2 million words of metadata": lambda patch: patch.setattr(weights, "header_fits", lambda path, most: True),
    "a stem of a billion": lambda patch: patch.setattr(weights, "MAX_WIDTH", 10**12),
    "a head that is one number": lambda patch: patch.setattr(
        pickled, "_dense", lambda values, offset, size, stride: values.as_strided(size, stride, offset)
    ),
    "executed alone": lambda patch: patch.setattr(pickled, "read", unsafe),
}


@pytest.mark.parametrize("case", SEEDED)
def test_the_suite_sees_a_cap_that_is_gone(
    case: str, model: ResNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SEEDED[case](monkeypatch)
    monkeypatch.chdir(tmp_path)  # where the unsafe load leaves its mark
    path = tmp_path / "given.pt"
    if case == "tuples as a key":
        monkeypatch.setattr(f"{__name__}.MOST_SECONDS", 0.1)
        path.write_bytes(tuples(24))  # a part of a second, not years
    elif case == "tuples of the same hash":
        monkeypatch.setattr(f"{__name__}.MOST_SECONDS", 0.1)
        path.write_bytes(pairs_of_tuples(80))  # half a second
    elif case == "a text that is all of the file":
        monkeypatch.setattr(f"{__name__}.MOST_MEMORY", 0)  # whatever the process has kept of earlier files
        WRITE[case](path, model)
    else:
        WRITE[case](path, model)
    with pytest.raises((AssertionError, pytest.fail.Exception, RuntimeError)):
        refused(path)
