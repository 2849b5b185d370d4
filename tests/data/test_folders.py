from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_demo.data import Dataset, folders, listing, load_dataset, load_folder, load_halves, notes_of, reading
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10

Tree = dict[str, bytes]  # path -> content; a path that ends in a slash: an empty folder


def picture(colour: int | tuple[int, ...], mode: str = "RGB", kind: str = "PNG", size=(32, 32)) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, kind)
    return stream.getvalue()


def numbered(number: int) -> bytes:
    """A picture that tells its number in its first two channels."""
    return picture((number // 256, number % 256, 7))


def number_of(pixels: torch.Tensor) -> list[int]:
    return (pixels[:, 0, 0, 0].long() * 256 + pixels[:, 1, 0, 0]).tolist()


def flat(counts: dict[str, int]) -> Tree:
    """CLASS/0.png and so on; the pictures of all classes together are numbered."""
    names = [f"{kind}/{index}.png" for kind, count in counts.items() for index in range(count)]
    return {name: numbered(number) for number, name in enumerate(names)}


def as_folder(tree: Tree, place: Path) -> Path:
    root = place / "pets"
    root.mkdir()
    for name, content in tree.items():
        if name.endswith("/"):
            (root / name).mkdir(parents=True, exist_ok=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    return root


def as_zip(tree: Tree, place: Path) -> Path:
    with zipfile.ZipFile(place / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return place / "pets.zip"


@pytest.fixture(params=[as_folder, as_zip])
def pack(request, tmp_path) -> Callable[[Tree], Path]:
    """Write a tree of files as a folder called pets, or as pets.zip."""
    return lambda tree: request.param(tree, tmp_path)


def halves(path: Path) -> tuple[Dataset, Dataset]:
    return load_folder(path, train=True), load_folder(path, train=False)


# Layouts


def test_train_and_test_folders_are_the_halves(pack):
    tree = {f"{half}/{kind}": numbered(number) for number, (half, kind) in enumerate(
        (half, f"{kind}/{index}.png") for half in ("train", "test") for kind in ("dog", "cat") for index in range(3)
    )}  # fmt: skip
    train, test = halves(pack(tree))
    assert (train.name, train.classes, train.note, train.masks) == ("pets", ("cat", "dog"), None, None)
    assert (train.pictures.shape, train.pictures.dtype) == ((6, 3, 32, 32), torch.uint8)
    assert (train.labels.dtype, test.classes) == (torch.int64, train.classes)
    dogs_and_cats = dict(zip(number_of(train.pictures), train.labels.tolist(), strict=True))
    assert dogs_and_cats == {0: 1, 1: 1, 2: 1, 3: 0, 4: 0, 5: 0}
    assert sorted(number_of(test.pictures)) == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize("name", ["test", "val", "valid", "Val", "TEST"])
def test_the_test_half_has_several_names(pack, name):
    tree = {f"Train/{path}": content for path, content in flat({"a": 2, "b": 2}).items()}
    tree |= {f"{name}/{path}": content for path, content in flat({"a": 1, "b": 3}).items()}
    train, test = halves(pack(tree))
    assert (len(train), len(test)) == (4, 4)


def test_class_folders_alone_are_split_the_same_way_every_time(pack):
    counts = {"ant": 2, "bee": 3, "cow": 20, "doe": 101}
    train, test = halves(path := pack(flat(counts)))
    for label, (kind, count) in enumerate(counts.items()):
        held = int((test.labels == label).sum())
        assert held == max(1, round(count / 5)), kind
        assert held + int((train.labels == label).sum()) == count
    found = number_of(train.pictures) + number_of(test.pictures)
    assert sorted(found) == list(range(126))  # each once, in one of the halves
    again = load_folder(path, train=False)
    assert torch.equal(again.pictures, test.pictures)
    held = sorted(number for number in number_of(test.pictures) if number >= 25)
    assert held != list(range(held[0], held[0] + len(held)))  # not just the first ones, which are often alike


def test_a_folder_and_a_zip_of_it_are_the_same_data_set(tmp_path):
    tree = flat({"a": 9, "b": 12})
    for one, other in zip(halves(as_folder(tree, tmp_path)), halves(as_zip(tree, tmp_path)), strict=True):
        assert torch.equal(one.pictures, other.pictures)
        assert torch.equal(one.labels, other.labels)
        assert (one.name, one.classes) == (other.name, other.classes)


def test_the_first_pictures_are_of_all_classes(pack):
    train = load_folder(pack(flat({"a": 40, "b": 40, "c": 40})), train=True)
    assert set(train.subset(20).labels.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("wrap", ["pets/", "my pets/version 2/", "train/"])
def test_folders_around_it_are_looked_through(pack, wrap):
    tree = {wrap + path: content for path, content in flat({"a": 5, "b": 5}).items()}
    train, test = halves(pack(tree | {"README.md": b"About this set.", "cover.png": numbered(999)}))
    assert (train.classes, len(train), len(test)) == (("a", "b"), 8, 2)


def test_pictures_may_lie_deeper_in_a_class(pack):
    train, test = halves(pack({f"{path[0]}/images/{path[2:]}": v for path, v in flat({"a": 5, "b": 5}).items()}))
    assert (train.classes, len(train), len(test)) == (("a", "b"), 8, 2)


def test_a_class_may_be_called_train(pack):
    train, _ = halves(pack(flat({"train": 3, "plane": 3})))
    assert train.classes == ("plane", "train")


def test_junk_is_ignored(pack):
    junk = {
        "__MACOSX/a/._0.png": b"x",
        "a/._0.png": b"x",
        "a/.DS_Store": b"x",
        "a/Thumbs.db": b"x",
        "a/notes.txt": b"x",
        ".git/b/c.png": numbered(5),
        "a/.hidden/c.png": numbered(5),
        ".cache/": b"",
        "labels.csv": b"x",
        "a/Desktop.ini": b"x",
    }
    path = pack(flat({"a": 4, "b": 4}) | junk)
    train, test = halves(path)
    assert (train.classes, train.note, test.note) == (("a", "b"), None, None)
    assert sorted(number_of(train.pictures) + number_of(test.pictures)) == list(range(8))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_any_script(pack, form):
    names = ["Möwe", "日本", "кот", "🐈 cat"]
    tree = {f"train/{unicodedata.normalize(form, name)}/ä {i}.png": numbered(i) for name in names for i in range(2)}
    tree |= {f"test/{name}/é.png": numbered(3) for name in names}  # as another system writes the same names
    train, test = halves(pack(tree))
    assert train.classes == test.classes == tuple(sorted(names))
    assert (len(train), len(test)) == (8, 4)


def test_names_that_are_utf8_without_saying_so(tmp_path):
    """As macOS packs them."""
    content = as_zip(flat({"Möwe": 2, "кот": 2}), tmp_path).read_bytes()
    with zipfile.ZipFile(tmp_path / "pets.zip") as archive:
        marked = {entry.flag_bits for entry in archive.infolist()}
    assert marked == {0x800}
    bare = content.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")  # the flags before the method, deflate
    (tmp_path / "pets.zip").write_bytes(bare)
    with zipfile.ZipFile(tmp_path / "pets.zip") as archive:
        assert {entry.flag_bits for entry in archive.infolist()} == {0}
    assert load_folder(tmp_path / "pets.zip", train=True).classes == ("Möwe", "кот")


def test_names_with_backslashes_and_control_characters(tmp_path):
    tree = {f"a\\{i}.png": numbered(i) for i in range(2)} | {f"b\n\x1b[31m/{i}\n.png": b"broken" for i in range(2)}
    tree |= {f"b\n\x1b[31m/{i}.png": numbered(i) for i in range(2, 20)}
    train, test = halves(as_zip(tree, tmp_path))
    assert train.classes == ("a", "b��[31m")
    assert f"{train.note}{test.note}".isprintable()
    assert "could not be read" in f"{train.note}{test.note}"


@pytest.mark.skipif(os.name != "posix", reason="only there can names be arbitrary bytes")
def test_names_that_are_no_text(tmp_path):
    root = as_folder(flat({"a": 3}), tmp_path)
    bad = os.fsencode(root) + b"/b\xff"
    os.mkdir(bad)
    for name in (b"\xe9.png", b"\xe8.png"):
        Path(os.fsdecode(bad + b"/" + name)).write_bytes(numbered(9))
    train, test = halves(root)
    assert train.classes == ("a", "b�")
    assert len(train) + len(test) == 5
    "".join(train.classes).encode()  # can be written, as a name with lone surrogates cannot


# Pictures


def test_pictures_of_all_kinds_become_rgb(pack):
    kinds = {
        "grey": (picture(77, "L"), (77, 77, 77)),
        "one bit": (picture(1, "1"), (255, 255, 255)),
        "clear": (picture((10, 20, 30, 0), "RGBA"), (255, 255, 255)),  # over white
        "half": (picture((10, 20, 30, 255), "RGBA"), (10, 20, 30)),
        "jpeg": (picture(128, "L", "JPEG"), (128, 128, 128)),
        "webp": (picture((255, 255, 255), "RGB", "WEBP"), (255, 255, 255)),
        "bmp": (picture((1, 2, 3), "RGB", "BMP"), (1, 2, 3)),
        "gif": (picture(0, "P", "GIF"), (0, 0, 0)),
    }
    suffix = {"jpeg": "JPEG", "webp": "webp", "bmp": "Bmp", "gif": "gif"}
    tree = {f"{half}/{kind}/x.{suffix.get(kind, 'png')}": content for half in ("train", "test")
            for kind, (content, _) in kinds.items()}  # fmt: skip
    train = load_folder(pack(tree), train=True)
    assert train.note is None
    for pixels, label in zip(train.pictures, train.labels.tolist(), strict=True):
        expected = torch.tensor(kinds[train.classes[label]][1], dtype=torch.uint8).view(3, 1, 1)
        assert torch.equal(pixels, expected.expand(3, 32, 32)), train.classes[label]


@pytest.mark.parametrize("size", [16, 32, 48])
def test_the_short_side_is_scaled_and_the_middle_kept(pack, size):
    """As a network trained on it crops the pictures that it is asked about."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 150, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    data = load_folder(pack({f"{kind}/{i}.png": stream.getvalue() for kind in "ab" for i in range(2)}), True, size)
    expected = np.asarray(replace(CIFAR10, size=size, resize=size).crop(Image.fromarray(pixels)))
    assert data.pictures.shape == (2, 3, size, size)
    assert np.array_equal(data.pictures[0].permute(1, 2, 0).numpy(), expected)


def test_what_cannot_be_read_is_left_out_and_told(pack):
    tree = flat({"a": 10, "b": 10})
    whole = tree["a/3.png"]
    train, test = halves(
        pack(tree | {"a/3.png": whole[:40], "a/4.png": b"", "b/0.png": b"GIF89a", "b/1.png": b"\0" * 99})
    )
    assert len(train) + len(test) == 16
    assert sorted(number_of(train.pictures) + number_of(test.pictures)) == [*range(3), *range(5, 10), *range(12, 20)]
    for data in (train, test):
        assert str(data.note) == "4 pictures could not be read and were left out; the first is a/3.png."
    assert len(notes_of(train, test)) == 1


def test_the_halves_are_of_what_could_be_read(pack):
    """Not 5 for testing and 1 for training, or none that can be read."""
    tree = flat({"a": 26, "b": 10})
    tree |= {f"a/{number}.png": b"broken" for number in range(20)}
    train, test = halves(path := pack(tree))
    assert (train.labels.bincount().tolist(), test.labels.bincount().tolist()) == ([5, 8], [1, 2])
    both = load_halves(path)  # the same, read once
    assert torch.equal(both[0].pictures, train.pictures)
    assert torch.equal(both[1].labels, test.labels)


def test_the_note_counts_and_names_the_first(pack):
    tree = {f"{half}/{kind}/{i}.png": numbered(i) for half in ("train", "test") for kind in "ab" for i in range(4)}
    tree |= {"train/b/1.png": b"x", "train/a/3.png": b"x", "train/b/0.png": b"x", "test/a/0.png": b"x"}
    train, test = halves(pack(tree))
    assert str(train.note) == "3 pictures could not be read and were left out; the first is train/a/3.png."
    assert str(test.note) == "One picture could not be read and was left out: test/a/0.png."
    assert (len(train), len(test)) == (5, 7)
    assert train.labels.bincount().tolist() == [3, 2]


def test_only_the_half_that_is_asked_for_is_decoded(pack, monkeypatch):
    tree = flat({"a": 10, "b": 10})
    path = pack(
        {f"train/{name}": content for name, content in tree.items()}
        | {"test/a/0.png": numbered(0), "test/b/0.png": numbered(1)}
    )
    seen = []
    load = reading.load_image
    monkeypatch.setattr(reading, "load_image", lambda source: seen.append(source) or load(source))
    load_folder(path, train=False)
    assert len(seen) == 2


def test_ten_thousand_small_pictures_take_seconds(tmp_path):
    content = picture((9, 8, 7))
    path = as_zip({f"{half}/{i % 10}/{i}.png": content for i in range(5000) for half in ("train", "test")}, tmp_path)
    start = time.process_time()
    data = load_folder(path, train=True)
    assert len(data) == 5000
    assert time.process_time() - start < 15  # measured 1.5 s


# What is refused


@pytest.mark.parametrize(
    ("tree", "match"),
    [
        ({}, "at least two classes; it holds no such folder"),
        ({"readme.txt": b"x"}, "it holds no such folder"),
        ({"0.png": numbered(0), "1.png": numbered(1)}, "it holds no such folder"),
        (flat({"cat": 5}), "it holds only one, 'cat'"),
        (flat({"cat": 5, "dog": 1}), "too few pictures .* of the class 'dog': none to train with"),
        (flat({"cat": 5}) | {"dog/": b""}, "of the class 'dog'"),
        (flat({"cat": 5}) | {"dog/photo.heic": b"x"}, "of the class 'dog'.*HEIC.*JPEG, PNG, WebP, GIF, BMP"),
        ({f"train/{k}": v for k, v in flat({"a": 2, "b": 2}).items()} | {"test/": b""}, "the folder test for testing"),
        ({f"test/{k}": v for k, v in flat({"a": 2, "b": 2}).items()} | {"train/a/0.png": b""}, "'b' for testing, but"),
        (
            {f"{half}/{k}": v for half in ("train", "val") for k, v in flat({"a": 2, "b": 2}).items()}
            | {"train/c/0.png": numbered(0), "val/c/": b""},
            "of the class 'c': none to test with",
        ),
        (flat({"cat": 5}) | {"dog/0.png": b"x", "dog/1.png": b"y"}, "no picture of the class 'dog' that can be read"),
        (flat({"cat": 5, "d" * 81: 5}), "a folder whose name is longer than 80"),
    ],
)  # fmt: skip
def test_what_is_no_data_set_is_refused_in_one_sentence(pack, tree, match, sentence):
    path = pack(tree)
    with pytest.raises(InputError, match=match) as error:
        load_folder(path, train=True)
    assert path.name in sentence(error.value)


def test_what_is_no_zip_is_refused(tmp_path, sentence):
    photo = tmp_path / "cat.png"
    photo.write_bytes(numbered(1))
    for path in (photo, tmp_path / "no.zip", Path("/dev/null")):
        with pytest.raises(InputError, match="a data set is a folder or a zip of class folders") as error:
            load_folder(path, train=True)
        sentence(error.value)


def test_bounds_on_pictures_pixels_and_failures(pack, monkeypatch, sentence):
    path = pack(flat({"a": 6, "b": 6}) | {"a/0.png": b"x", "b/0.png": b"x", "a/1.png": b"x", "b/1.png": b"x"})
    for module, name, value, match in (
        (folders, "MAX_PICTURES", 11, "12 pictures; at most 11"),
        (reading, "MAX_LEFT_OUT", 0, "more than 0 pictures that cannot be read"),
        (reading, "MAX_PIXELS", 32 * 32 * 2, "gigapixels"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            with pytest.raises(InputError, match=match) as error:
                load_folder(path, train=True)
        sentence(error.value)
    assert len(load_folder(path, train=True)) + len(load_folder(path, train=False)) == 8


# Zips of strangers


def test_nothing_is_written_and_no_name_leads_out(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.png").write_bytes(numbered(666))
    inner = tmp_path / "inner"
    inner.mkdir()
    names = ["../secret/key.png", "/etc/c/passwd.png", "a/../../x.png", "..\\secret\\key.png", "a/./../b/7.png"]
    path = as_zip(flat({"a": 3, "b": 3}) | {name: numbered(666) for name in names}, inner)
    before = sorted(tmp_path.rglob("*"))
    train, test = halves(path)
    assert train.classes == ("a", "b")
    assert sorted(number_of(train.pictures) + number_of(test.pictures)) == list(range(6))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    target = tmp_path / "key.png"
    target.write_bytes(numbered(666))
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name, content in flat({"a": 3, "b": 3}).items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("a/link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, str(target))
    train, test = halves(tmp_path / "pets.zip")
    assert sorted(number_of(train.pictures) + number_of(test.pictures)) == list(range(6))
    assert "a/link.png" in f"{train.note}{test.note}"


def test_links_in_a_folder_stay_in_it(tmp_path):
    root = as_folder(flat({"a": 3, "b": 3}), tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key.png").write_bytes(numbered(666))
    (root / "a" / "out.png").symlink_to(outside / "key.png")
    (root / "a" / "gone.png").symlink_to(root / "a" / "none.png")
    (root / "a" / "round.png").symlink_to(root / "a" / "round.png")
    (root / "a" / "in.png").symlink_to(Path("..") / "b" / "0.png")
    (root / "c").symlink_to(outside)
    (root / "d").symlink_to(root)
    train, test = halves(root)
    assert train.classes == ("a", "b")
    assert sorted(number_of(train.pictures) + number_of(test.pictures)) == [0, 1, 2, 3, 3, 4, 5]
    through = tmp_path / "link"  # but the folder itself may be named by one
    through.symlink_to(root)
    assert load_folder(through, train=True).name == "pets"


def test_a_named_pipe_does_not_block(tmp_path):
    root = as_folder(flat({"a": 3, "b": 3}), tmp_path)
    os.mkfifo(root / "a" / "pipe.png")
    train, test = halves(root)
    assert len(train) + len(test) == 6


def patched(path: Path, entry: str, size: int) -> None:
    """State another uncompressed size for an entry, in the directory and before its data."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(entry)
    struct.pack_into("<I", content, info.header_offset + 22, size)
    place = content.index(b"PK\1\2")
    while bytes(content[place + 46 : place + 46 + len(entry)]) != entry.encode():
        place = content.index(b"PK\1\2", place + 1)
    struct.pack_into("<I", content, place + 24, size)
    path.write_bytes(content)


def test_a_zip_that_says_it_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, sentence):
    tree = flat({"a": 3, "b": 3})
    path = as_zip(tree | {"notes.bin": b"\0" * 60_000_000}, tmp_path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="holds a file of more than 50 MB") as error:
        load_folder(path, train=True)
    sentence(error.value)
    as_zip(tree | {f"{i}.bin": b"\0" * 40_000_000 for i in range(3)}, tmp_path)
    monkeypatch.setattr(listing, "MAX_BYTES", 100_000_000)
    with pytest.raises(InputError, match="unpacks to more than") as error:
        load_folder(path, train=True)
    sentence(error.value)


def test_a_zip_that_lies_about_its_size_is_not_unpacked_further(tmp_path):
    """100 MB that are stated as 1 kB: read as 1 kB, found damaged, left out."""
    tree = {f"{half}/{name}": content for half in ("train", "test") for name, content in flat({"a": 3, "b": 3}).items()}
    path = as_zip(tree | {"train/a/7.png": b"\0" * 100_000_000}, tmp_path)
    patched(path, "train/a/7.png", 1000)
    tracemalloc.start()
    try:
        train = load_folder(path, train=True)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(train) == 6
    assert str(train.note) == "One picture could not be read and was left out: train/a/7.png."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_odd_methods_of_packing_are_refused(tmp_path, method, sentence):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w", method) as archive:
        for name, content in flat({"a": 3, "b": 3}).items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="ordinary zip") as error:
        load_folder(tmp_path / "pets.zip", train=True)
    sentence(error.value)


def test_a_locked_zip_is_refused(tmp_path, sentence):
    path = as_zip(flat({"a": 3, "b": 3}), tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="locked with a password") as error:
        load_folder(path, train=True)
    sentence(error.value)


def test_a_zip_of_very_many_files_is_not_even_listed(tmp_path, monkeypatch, sentence):
    path = as_zip(flat({"a": 3, "b": 3}) | {f"{i}/": b"" for i in range(500)}, tmp_path)
    monkeypatch.setattr(listing, "MAX_ENTRIES", 505)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(InputError, match="more than 505 files") as error:
        load_folder(path, train=True)
    sentence(error.value)


def test_very_deep_paths_are_ignored(tmp_path):
    deep = "/".join("x" * 1 for _ in range(30_000))
    tree = flat({"a": 3, "b": 3}) | {f"{deep}/{i}.png": numbered(i) for i in range(20)}
    start = time.process_time()
    train, _ = halves(as_zip(tree, tmp_path))
    assert train.classes == ("a", "b")
    assert time.process_time() - start < 5


def test_no_torn_zip_raises_anything_but_a_sentence(tmp_path, sentence):
    """Cut anywhere, or with a byte changed anywhere, it is read as far as possible, or refused."""
    whole = as_zip(flat({"a": 3, "b": 3}), tmp_path).read_bytes()
    random = np.random.default_rng(0)
    for round in range(400):
        content = bytearray(whole)
        if round % 4 == 0:
            content = content[: random.integers(len(whole))]
        else:
            for _ in range(random.integers(1, 6)):
                # Half of the changes in the directory at the end, where they do most.
                start = 0 if random.random() < 0.5 else whole.index(b"PK\1\2")
                content[random.integers(start, len(whole))] = random.integers(256)
        (tmp_path / "pets.zip").write_bytes(content)
        try:
            data = load_folder(tmp_path / "pets.zip", train=True)
        except InputError as error:
            sentence(error)
        else:
            assert len(data.classes) >= 2


def test_a_path_is_loaded_by_its_name(pack):
    path = pack(flat({"a": 5, "b": 5}))
    for name in (path, str(path)):
        for train in (True, False):
            data, same = load_dataset(name, train), load_folder(path, train)
            assert torch.equal(data.pictures, same.pictures)
            assert data.name == "pets"
