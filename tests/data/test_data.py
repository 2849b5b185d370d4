from __future__ import annotations

import hashlib
import pickle
import socket
import struct
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from resnet_demo.data import (
    DATASETS,
    Dataset,
    augment,
    batches,
    data_folder,
    default_data_dir,
    downloading,
    load_dataset,
    load_halves,
)
from resnet_demo.data.published import DOWNLOADS
from resnet_demo.errors import InputError
from resnet_demo.i18n import Message
from resnet_demo.models import published

NOTE = Message("A note.")
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def rows(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)


@pytest.fixture
def fake_cifar10(tmp_path, monkeypatch) -> Path:
    """CIFAR-10 in its official file format, with four pictures in each file; torchvision's checksums are set to it."""
    folder = tmp_path / "source" / "cifar-10-batches-py"
    folder.mkdir(parents=True)

    def write(name: str, content: dict) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]

    reader = torchvision.datasets.CIFAR10
    files = [
        write(f"data_batch_{i}", {"data": rows(i), "labels": [i, 0, 9, 3], "batch_label": "x"}) for i in range(1, 6)
    ]
    monkeypatch.setattr(reader, "train_list", files)
    monkeypatch.setattr(reader, "test_list", [write("test_batch", {"data": rows(9), "labels": [5, 6, 7, 8]})])
    name, md5 = write("batches.meta", {"label_names": CLASSES})
    monkeypatch.setattr(reader, "meta", {"filename": name, "key": "label_names", "md5": md5})
    archive = tmp_path / "server" / reader.filename
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name)
    monkeypatch.setattr(reader, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    return tmp_path


def test_cifar10_is_read_as_its_format_says(fake_cifar10):
    data = load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "source", download=False)
    assert (len(data), data.pictures.shape, data.pictures.dtype) == (20, (20, 3, 32, 32), torch.uint8)
    assert data.classes == tuple(CLASSES)
    assert data.labels.tolist() == [label for i in range(1, 6) for label in (i, 0, 9, 3)]
    # "The first 1024 entries contain the red channel values, the next 1024 the green, and the final 1024 the blue.
    # The image is stored in row-major order." (the data set's web page)
    row, picture = rows(2)[1], data.pictures[5]
    for channel, y, x in ((0, 0, 1), (1, 31, 0), (2, 7, 20)):
        assert picture[channel, y, x] == row[channel * 1024 + y * 32 + x]
    test = load_dataset("cifar10", train=False, data_dir=fake_cifar10 / "source", download=False)
    assert test.labels.tolist() == [5, 6, 7, 8]
    assert torch.equal(test.pictures, torch.from_numpy(rows(9).reshape(4, 3, 32, 32)))
    assert test.pictures.is_contiguous()


def test_a_data_dir_one_level_too_deep_or_too_high_is_understood(fake_cifar10):
    exact = load_dataset("cifar10", train=False, data_dir=fake_cifar10 / "source", download=False)
    for place in (fake_cifar10, fake_cifar10 / "source" / "cifar-10-batches-py"):
        found = load_dataset("cifar10", train=False, data_dir=place, download=False)
        assert torch.equal(found.pictures, exact.pictures)
    assert data_folder("fashion-mnist", fake_cifar10 / "FashionMNIST" / "raw") == fake_cifar10
    assert data_folder("fashion-mnist", fake_cifar10 / "none") == fake_cifar10 / "none"


def test_both_halves_at_once(fake_cifar10):
    train, test = load_halves("cifar10", fake_cifar10 / "source", download=False)
    assert (len(train), len(test)) == (20, 4)


def test_cifar10_is_not_copied_once_it_is_read(fake_cifar10, monkeypatch):
    """150 MB, for the real one: the tensor is the reader's own memory."""
    read = {}
    reader = torchvision.datasets.CIFAR10
    initialise = reader.__init__

    def kept(self, *args, **kwargs):
        initialise(self, *args, **kwargs)
        read["data"] = self.data

    monkeypatch.setattr(reader, "__init__", kept)
    data = load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "source", download=False)
    assert data.pictures.data_ptr() == read["data"].__array_interface__["data"][0]


def test_a_subset_is_the_first_pictures(fake_cifar10):
    data = load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "source")
    part = data.subset(6)
    assert len(part) == 6
    assert torch.equal(part.pictures, data.pictures[:6])
    assert part.labels.tolist() == [1, 0, 9, 3, 2, 0]
    assert part.classes == data.classes
    assert part.masks is None


def test_a_subset_keeps_masks_and_note():
    masks = torch.rand(5, 4, 4) < 0.5
    data = Dataset("x", torch.zeros(5, 3, 4, 4, dtype=torch.uint8), torch.arange(5), ("a",) * 5, masks, NOTE)
    part = data.subset(2)
    assert part.masks is not None
    assert torch.equal(part.masks, masks[:2])
    assert (len(part), part.note, part.name) == (2, NOTE, "x")


def test_a_copy_keeps_nothing_else_in_memory():
    masks = torch.rand(5, 4, 4) < 0.5
    data = Dataset("x", torch.ones(5, 3, 4, 4, dtype=torch.uint8), torch.arange(5), ("a",) * 5, masks, NOTE)
    copy = data.subset(2).copy()
    assert copy.pictures.untyped_storage().nbytes() == 2 * 3 * 4 * 4
    assert torch.equal(copy.pictures, data.pictures[:2])
    assert copy.labels.tolist() == [0, 1]
    assert copy.masks is not None
    assert torch.equal(copy.masks, masks[:2])
    assert (copy.classes, copy.note) == (data.classes, NOTE)


@pytest.fixture
def server(fake_cifar10):
    """The archive on a local server, as on the authors' one."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(fake_cifar10 / "server")))
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


def test_what_is_absent_is_downloaded_once(fake_cifar10, server, monkeypatch, capfd):
    reader = torchvision.datasets.CIFAR10
    monkeypatch.setattr(reader, "url", f"{server}/{reader.filename}")
    folder = fake_cifar10 / "new" / "data"
    first = load_dataset("cifar10", train=True, data_dir=folder)
    assert capfd.readouterr().out == ""  # a shell's standard output is for its JSON
    monkeypatch.setattr(reader, "url", "http://127.0.0.1:1/nothing")
    again = load_dataset("cifar10", train=True, data_dir=folder)
    assert torch.equal(first.pictures, again.pictures)
    assert len(first) == 20


@pytest.mark.parametrize(
    ("name", "archives"),
    [
        ("cifar10", ["cifar-10-python.tar.gz"]),
        ("cifar100", ["cifar-100-python.tar.gz"]),
        (
            "fashion-mnist",
            ["FashionMNIST/raw/train-images-idx3-ubyte.gz", "FashionMNIST/raw/train-labels-idx1-ubyte.gz"],
        ),
    ],
)
def test_how_far_a_download_is(name, archives, tmp_path):
    assert downloading(name, tmp_path) is None
    size = DOWNLOADS[name]
    for number, archive in enumerate(archives, start=1):
        path = tmp_path / archive
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
        assert downloading(name, tmp_path) == (1000 * number, size)
    with path.open("ab") as file:  # as large as it gets, without writing it
        file.truncate(size - 1000 * (len(archives) - 1))
    assert downloading(name, tmp_path) is None


def test_two_who_want_the_same_do_not_download_into_one_file(fake_cifar10, server, monkeypatch):
    reader = torchvision.datasets.CIFAR10
    monkeypatch.setattr(reader, "url", f"{server}/{reader.filename}")
    download, running, most = reader.download, [], []

    def slowly(self):
        running.append(self)
        most.append(len(running))
        time.sleep(0.2)
        download(self)
        running.remove(self)

    monkeypatch.setattr(reader, "download", slowly)
    with ThreadPoolExecutor(2) as both:
        halves = list(both.map(lambda train: load_dataset("cifar10", train, fake_cifar10 / "new"), (True, False)))
    assert most == [1, 1]
    assert all(len(half) for half in halves)


def test_a_download_with_a_wrong_checksum_is_refused(fake_cifar10, server, monkeypatch, sentence):
    reader = torchvision.datasets.CIFAR10
    monkeypatch.setattr(reader, "url", f"{server}/{reader.filename}")
    monkeypatch.setattr(reader, "tgz_md5", "0" * 32)
    with pytest.raises(InputError, match=r"CIFAR10 is not in .* its checksum is wrong") as error:
        load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "new")
    sentence(error.value)


def test_a_missing_file_on_the_server_is_said_in_one_sentence(fake_cifar10, server, monkeypatch, sentence):
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"{server}/moved.tar.gz")
    with pytest.raises(InputError, match=r"does not hand it out \(status 404\)") as error:
        load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "new")
    sentence(error.value)


def test_without_a_connection_the_way_out_is_said(fake_cifar10, monkeypatch, sentence):
    with socket.socket() as free:  # a port on which nobody answers, once it is closed
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"http://127.0.0.1:{port}/cifar.tar.gz")
    with pytest.raises(InputError, match="--data-dir") as error:
        load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "new")
    assert "there is no connection to 127.0.0.1" in sentence(error.value)
    with pytest.raises(InputError, match="CIFAR10 is not in") as error:
        load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "new", download=False)
    sentence(error.value)


@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "flipped"])
def test_damaged_data_are_not_read(fake_cifar10, damage, sentence):
    file = fake_cifar10 / "source" / "cifar-10-batches-py" / "data_batch_3"
    content = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(
            {
                "truncated": content[:-9],
                "empty": b"",
                "flipped": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
            }[damage]
        )
    with pytest.raises(InputError, match="CIFAR10 is not in") as error:
        load_dataset("cifar10", train=True, data_dir=fake_cifar10 / "source", download=False)
    sentence(error.value)


@pytest.mark.parametrize(
    "name", ["cifar11", "", "CIFAR10", "../cifar10", "Shapes", "no.zip", "a\0b", "x" * 300, Path("shapes")]
)
def test_unknown_data_sets_are_refused(name, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = "cifar10, cifar100, fashion-mnist and shapes, or a folder or zip of class folders"
    with pytest.raises(InputError, match=known) as error:
        load_dataset(name, train=True)
    if len(name if isinstance(name, str) else name.name) < 100:
        sentence(error.value)


def test_what_is_no_name_is_a_path(tmp_path, monkeypatch, sentence):
    monkeypatch.chdir(tmp_path)
    Path("shapes").mkdir()
    Path("cifar10").write_text("not read: the name of a data set goes first")
    assert len(load_dataset("shapes", train=False)) == 2_000
    for path in (Path("shapes"), "./shapes", str(tmp_path / "shapes")):
        with pytest.raises(InputError, match="The folder shapes must hold") as error:
            load_dataset(path, train=False)
        sentence(error.value)


def test_fashion_mnist_is_padded_to_32_and_repeated_in_three_channels(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(1, 256, (3, 28, 28), np.uint8)
    for part in ("train", "t10k"):
        header = struct.pack(">IIII", 0x0803, 3, 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pictures.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x0801, 3) + bytes([9, 0, 4]))
    data = load_dataset("fashion-mnist", train=False, data_dir=tmp_path, download=False)
    assert data.pictures.shape == (3, 3, 32, 32)
    assert data.labels.tolist() == [9, 0, 4]
    assert data.classes[9] == "Ankle boot"
    for channel in range(3):
        assert np.array_equal(data.pictures[:, channel, 2:30, 2:30].numpy(), pictures)
    assert int((data.pictures > 0).sum()) == 3 * 3 * 28 * 28  # the border is black
    assert data.pictures.is_contiguous()


def test_the_real_cifar10(shared_data):
    train = load_dataset("cifar10", train=True, data_dir=shared_data, download=False)
    test = load_dataset("cifar10", train=False, data_dir=shared_data, download=False)
    assert (len(train), len(test)) == (50_000, 10_000)
    assert train.labels.bincount().tolist() == [5000] * 10
    assert test.labels.bincount().tolist() == [1000] * 10
    assert train.classes == tuple(CLASSES)
    # The channels' means, which every recipe for CIFAR-10 states.
    means = train.pictures.float().mean((0, 2, 3)) / 255
    assert means.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)


def test_where_data_lie_can_be_said_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("RESNET_DEMO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "resnet_demo" / "data"
    monkeypatch.setenv("RESNET_DEMO_DATA", str(tmp_path / "mine"))
    monkeypatch.setattr(Path, "home", no_home)  # need not be known for that
    assert default_data_dir() == tmp_path / "mine"
    monkeypatch.delenv("RESNET_DEMO_DATA")
    monkeypatch.delenv("XDG_CACHE_HOME")
    with pytest.raises(InputError, match="no home directory here: set RESNET_DEMO_DATA"):
        default_data_dir()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: "~/.cache/torch/hub")  # what torch says then
    with pytest.raises(InputError, match="set TORCH_HOME"):
        published.fetch("resnet18")


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_every_data_set_is_one_of_torchvisions():
    for name in DATASETS.values():
        assert issubclass(getattr(torchvision.datasets, name), torchvision.datasets.VisionDataset)


# Batches


def numbered(count: int) -> Dataset:
    pictures = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 4, 4)
    return Dataset("numbered", pictures, torch.arange(count), tuple(map(str, range(count))))


def test_batches_in_order_are_all_of_them():
    found = list(batches(numbered(10), 4))
    assert [labels.tolist() for _, labels in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(torch.equal(pictures[:, 0, 0, 0].long(), labels) for pictures, labels in found)


def test_shuffled_batches_are_full_without_repeats_and_repeatable():
    def epoch(seed):
        return list(batches(numbered(103), 10, torch.Generator().manual_seed(seed)))

    order = torch.cat([labels for _, labels in epoch(1)])
    assert [len(labels) for _, labels in epoch(1)] == [10] * 10
    assert len(set(order.tolist())) == 100
    assert order.tolist() != sorted(order.tolist())
    assert all(torch.equal(pictures[:, 1, 2, 3].long(), labels) for pictures, labels in epoch(1))
    assert torch.equal(order, torch.cat([labels for _, labels in epoch(1)]))
    assert not torch.equal(order, torch.cat([labels for _, labels in epoch(2)]))


@pytest.mark.parametrize("count", [103, 100, 10, 7])
@pytest.mark.parametrize("seed", [None, 1])
def test_batches_can_start_anywhere_in_the_same_order(count, seed):
    def epoch(start):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return [labels.tolist() for _, labels in batches(numbered(count), 10, generator, start)]

    whole = epoch(0)
    for start in range(len(whole) + 3):
        assert epoch(start) == whole[start:]


def test_where_a_training_starts_does_not_change_what_the_generator_gives_next():
    generators = [torch.Generator().manual_seed(4) for _ in range(2)]
    for start, generator in enumerate(generators):
        next(batches(numbered(50), 10, generator, start))
    assert torch.equal(*(torch.rand(3, generator=generator) for generator in generators))


def test_a_set_smaller_than_a_batch_is_one_batch():
    (only,) = batches(numbered(3), 10, torch.Generator().manual_seed(0))
    assert sorted(only[1].tolist()) == [0, 1, 2]


# Augmentation


@pytest.mark.parametrize(("crop", "shift"), [(8, 4), (8, 0), (6, 0), (6, 2), (5, 1)])
def test_augmentation_equals_a_slow_loop(crop, shift):
    pictures = torch.randint(1, 256, (40, 3, 8, 8), dtype=torch.uint8)
    found = augment(pictures, crop, shift, torch.Generator().manual_seed(3))
    draws = torch.Generator().manual_seed(3)  # the same draws again
    tops = torch.randint(8 + 2 * shift - crop + 1, (40, 1, 1), generator=draws).flatten().tolist()
    lefts = torch.randint(8 + 2 * shift - crop + 1, (40, 1, 1), generator=draws).flatten().tolist()
    flips = (torch.rand((40, 1, 1), generator=draws) < 0.5).flatten().tolist()
    expected = torch.zeros(40, 3, crop, crop, dtype=torch.uint8)
    for n in range(40):
        for y in range(crop):
            for x in range(crop):
                row, column = tops[n] + y - shift, lefts[n] + (crop - 1 - x if flips[n] else x) - shift
                if 0 <= row < 8 and 0 <= column < 8:
                    expected[n, :, y, x] = pictures[n, :, row, column]
    assert found.dtype == torch.uint8
    assert torch.equal(found, expected)
    assert 8 <= sum(flips) <= 32
    if crop < 8 + 2 * shift:  # every place is drawn, the first and the last, too
        assert set(tops) == set(lefts) == set(range(8 + 2 * shift - crop + 1))
