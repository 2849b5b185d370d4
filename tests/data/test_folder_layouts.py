"""The ways in which people lay out their pictures: each gives the right classes and counts, or the true reason."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_demo.data import Dataset, load_halves, survey
from resnet_demo.errors import InputError

Tree = dict[str, int]  # a folder, and how many pictures lie in it (0: it is empty), or a file


def picture(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), number % 256, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def files(tree: Tree) -> dict[str, bytes]:
    """Path -> content. "cat": 2 -> cat/0.png, cat/1.png; "cat.*.png": 2 -> cat.0.png, cat.1.png."""
    found: dict[str, bytes] = {}
    for place, count in tree.items():
        if "*" in place:
            found |= {place.replace("*", str(index)): picture(index) for index in range(count)}
        elif "." in place.rpartition("/")[2]:
            found[place] = b"x" * count
        elif not count:
            found[place + "/"] = b""
        else:
            found |= {f"{place}/{index}.png": picture(index) for index in range(count)}
    return found


def as_folder(tree: Tree, place: Path) -> Path:
    for name, content in files(tree).items():
        path = place / "pets" / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return place / "pets"


def raw_zip(path: Path, entries: list[tuple[bytes, int, bytes, bytes]]) -> Path:
    """A zip by hand, of (name, flags, extra field, content): as other programs write them."""
    body, directory = b"", b""
    for name, flags, extra, content in entries:
        facts = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 33, zlib.crc32(content), len(content), len(content),
                            len(name), len(extra))  # fmt: skip
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name + extra
        )
        body += b"PK\3\4" + facts + name + extra + content
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\5\6" + end)
    return path


def as_zip(tree: Tree, place: Path, codec: str = "utf-8", marked: bool = False, separator: str = "/") -> Path:
    entries = [
        (name.replace("/", separator).encode(codec), 0x800 * marked, b"", content)
        for name, content in files(tree).items()
    ]
    return raw_zip(place / "pets.zip", entries)


def counts(data: Dataset) -> list[int]:
    return data.labels.bincount(minlength=len(data.classes)).tolist()


HALVES = [  # for training, for testing
    ("train", "test"), ("Train", "Val"), ("TRAINING", "TESTING"), ("training_set", "test_set"),
    ("trainset", "testset"), ("train_images", "test_images"), ("Training Data", "Validation Data"),
    ("train", "valid"), ("train", "dev"), ("train", "eval"), ("training", "evaluation"),
    ("Training_Set", "ValidationSet"),
    ("train-images", "holdout"), ("tr", "te"), ("flower_train", "flower_test"), ("01_train", "02_test"),
    ("asl_alphabet_train", "asl_alphabet_test"), ("train", "test1"), ("train2017", "val2017"),
    ("训练", "测试"), ("训练集", "测试集"), ("训练集", "验证集"), ("训练数据", "验证数据"), ("訓練集", "測試集"),
    ("1-训练集", "2-测试集"), ("学習", "テスト"), ("훈련", "검증"),
]  # fmt: skip


@pytest.mark.parametrize(("train_name", "test_name"), HALVES)
def test_names_of_halves(train_name, test_name, tmp_path):
    tree = {f"{train_name}/cat": 3, f"{train_name}/dog": 4, f"{test_name}/cat": 2, f"{test_name}/dog": 1}
    for path in (as_folder(tree, tmp_path), as_zip(tree, tmp_path)):
        train, test = load_halves(path)
        assert (train.classes, counts(train), counts(test), train.note) == (("cat", "dog"), [3, 4], [2, 1], None)


PETS = {"cat": 5, "dog": 10}
IN_HALVES = {"train/cat": 3, "train/dog": 4, "test/cat": 2, "test/dog": 1}

# The layout, and what it gives: classes, counts for training and for testing, what the note says
READ = {
    "flat": (PETS, "cat dog", [4, 8], [1, 2], ""),
    "wrapped twice": ({f"my pets/v2/{kind}": n for kind, n in PETS.items()}, "cat dog", [4, 8], [1, 2], ""),
    "empty folders beside": (PETS | {"logs": 0, "empty": 0}, "cat dog", [4, 8], [1, 2], ""),
    "files beside": (PETS | {"labels.csv": 3, "docs/readme.txt": 3, "code/train.py": 2}, "cat dog", [4, 8], [1, 2], ""),
    "macOS's and Windows' junk": (
        PETS | {"__MACOSX/cat/._0.png": 9, "cat/.DS_Store": 1, "cat/Thumbs.db": 2, ".ipynb_checkpoints/a.png": 1},
        "cat dog", [4, 8], [1, 2], "",
    ),
    "nested once": (
        {f"seg_{half}/seg_{half}/{kind}": n for half in ("train", "test") for kind, n in PETS.items()}
        | {"seg_pred/seg_pred": 7},
        "cat dog", [5, 10], [5, 10], r"seg_pred is not used; it holds 7 pictures",
    ),
    "images inside of the halves": (
        {f"{half}/images/{kind}": n for half in ("train", "val") for kind, n in PETS.items()},
        "cat dog", [5, 10], [5, 10], "",
    ),
    "a folder `images` of classes, and annotations": (
        {f"images/{kind}": n for kind, n in PETS.items()} | {"annotations/trimaps": 9, "annotations/list.txt": 1},
        "cat dog", [4, 8], [1, 2], "annotations is not used; it holds 9 pictures",
    ),
    "test without classes, val with": (
        {"train/cat": 3, "train/dog": 4, "val/cat": 2, "val/dog": 1, "test": 6},
        "cat dog", [3, 4], [2, 1], "val is used for testing: the 6 pictures in test have no classes",
    ),
    "test without classes in a folder": (
        {"train/cat": 3, "train/dog": 4, "valid/cat": 2, "valid/dog": 1, "test/unknown": 6},
        "cat dog", [3, 4], [2, 1], "valid is used for testing: the 6 pictures in test have no classes",
    ),
    "test without classes, and nothing else": (
        {"train/cat": 5, "train/dog": 10, "test": 6},
        "cat dog", [4, 8], [1, 2], "A fifth of train is kept for testing: the 6 pictures in test have no classes",
    ),
    "test and val with classes": (
        IN_HALVES | {"val/cat": 9, "val/dog": 9},
        "cat dog", [3, 4], [2, 1], "val is not used; it holds 18 pictures",
    ),
    "halves in each class": (
        {"cat/train": 3, "cat/test": 2, "dog/train": 4, "dog/test": 1}, "cat dog", [3, 4], [2, 1], "",
    ),
    "classes in other cases": (
        {"train/Cat": 3, "train/Dog": 4, "test/cat": 2, "test/dog": 1}, "Cat Dog", [3, 4], [2, 1], "",
    ),
    "an unlabelled folder beside classes": (
        PETS | {"test": 6}, "cat dog", [4, 8], [1, 2], "test is not used; it holds 6",
    ),
    "dogs vs. cats": (
        {"train/cat.*.jpg": 5, "train/dog.*.jpg": 10, "test1/*.jpg": 4},
        "cat dog", [4, 8], [1, 2], "the 4 pictures in test1 have no classes",
    ),
    "dogs vs. cats, nested": (
        {"train/train/cat.*.jpg": 5, "train/train/dog.*.jpg": 10, "test1/test1/*.jpg": 4, "sampleSubmission.csv": 9},
        "cat dog", [4, 8], [1, 2], "the 4 pictures in test1 have no classes",
    ),
    "cat.0.jpg in one folder": ({"cat.*.jpg": 5, "dog.*.jpg": 10}, "cat dog", [4, 8], [1, 2], ""),
    "cat.0.jpg in a folder of any name": (
        {"animals/cat.*.jpg": 5, "animals/dog.*.jpg": 10}, "cat dog", [4, 8], [1, 2], "",
    ),
    "cats_train and dogs_train": (
        {"cats_train": 5, "dogs_train": 4, "cats_test": 2, "dogs_test": 1}, "cats dogs", [5, 4], [2, 1], "",
    ),
    "a copy of all in itself": (
        PETS | {f"pets/{kind}": n for kind, n in PETS.items()},
        "cat dog", [4, 8], [1, 2], "pets is not used; it holds 15 pictures",
    ),
    "a folder beside the half": (
        {"train/cat": 5, "train/dog": 10, "sample": 3}, "cat dog", [4, 8], [1, 2], "sample is not used; it holds 3",
    ),
    "loose pictures": (
        PETS | {"cover*.png": 2}, "cat dog", [4, 8], [1, 2], "2 pictures lie outside of the class folders",
    ),
    "deeper in the classes": ({"cat/front": 2, "cat/side": 3, "dog/front": 10}, "cat dog", [4, 8], [1, 2], ""),
    "numbers as classes": ({"0": 5, "1": 10}, "0 1", [4, 8], [1, 2], ""),
    "a class called train": ({"train": 5, "plane": 10}, "plane train", [8, 4], [2, 1], ""),
    "classes with words of halves in them": (
        {"bullet train": 5, "constrain": 5, "contest": 5, "valve": 5},
        "bullet+train constrain contest valve", [4] * 4, [1] * 4, "",
    ),
    "suffixes of all kinds": (
        PETS | {"cat/a*.jfif": 5, "dog/b*.tif": 5, "dog/c*.TIFF": 5, "cat/d*.JPG": 5}, "cat dog", [12, 16], [3, 4], "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@pytest.mark.parametrize("name", READ)
def test_layouts_that_are_read(name, pack, tmp_path):
    tree, classes, for_training, for_testing, note = READ[name]
    train, test = load_halves(pack(tree, tmp_path))
    assert train.classes == test.classes == tuple(kind.replace("+", " ") for kind in classes.split())
    assert (counts(train), counts(test)) == (for_training, for_testing)
    for data in (train, test):
        assert note in str(data.note or "")
        assert bool(note) == bool(data.note)


REFUSED = {
    "unknown halves": (
        {f"{half}/{kind}": 3 for half in ("a_part", "b_part") for kind in ("cat", "dog")},
        "a_part and b_part, each with the same folders .cat and dog.: which is for training",
    ),
    "folds": (
        {f"fold{fold}/{kind}": 3 for fold in range(3) for kind in ("cat", "dog")}, "which is for training",
    ),
    "unknown halves, one known": (
        {f"{half}/{kind}": 3 for half in ("train", "rest") for kind in ("cat", "dog")}, "which is for training",
    ),
    "two data sets": (
        {f"c/{half}/{kind}": 3 for half in ("train", "test") for kind in ("ok", "bad")}
        | {"large/ok": 3, "large/bad": 3},
        "c, which has halves of its own, beside large",
    ),
    "a half, and something else": (
        {"train/cat": 5, "train/dog": 10, "rest/cow": 3, "rest/pig": 4}, "name the folder for testing test",
    ),
    "images and annotations": (
        {"images": 9, "annotations/trimaps": 9, "annotations/list.txt": 1},
        "in the folder annotations, which is not read",
    ),
    "Pascal VOC": (
        {"VOC2012/JPEGImages": 9, "VOC2012/Annotations/0.xml": 1, "VOC2012/SegmentationClass": 3},
        "in the folder VOC2012/Annotations",
    ),
    "YOLO": (
        {"train/images": 9, "train/labels/0.txt": 1, "valid/images": 9, "valid/labels/0.txt": 1, "data.yaml": 5},
        "in the folder train/labels",
    ),
    "YOLO, the other way round": (
        {"images/train": 9, "images/val": 3, "labels/train/0.txt": 1, "labels/val/0.txt": 1}, "in the folder labels",
    ),
    "images and masks": ({"images": 9, "masks": 9}, "in the folder masks"),
    "data and mask": ({"data": 9, "mask": 9}, "in the folder mask"),
    "a table of labels": ({"images": 9, "labels.csv": 30}, "in the file labels.csv, which is not read"),
    "tables of labels": (
        {"train": 9, "test": 9, "train.csv": 30, "sample_submission.csv": 3}, r"in the file \w+.csv, which is not read",
    ),
    "a table beside pictures": ({"*.jpg": 9, "annotations.json": 30}, "in the file annotations.json"),
    "halves without classes": ({"train": 9, "test1": 9}, "side by side"),
    "halves without classes, in Chinese": ({"训练集": 9, "测试集": 9}, "side by side"),
    "no half for training": ({"val/cat": 3, "val/dog": 3, "test/cat": 3, "test/dog": 3}, "no folder for training"),
    "two halves for training": (
        {f"{half}/{kind}": 3 for half in ("train", "training", "test") for kind in ("cat", "dog")}, "both for training",
    ),
    "numbered pictures": ({"all/*.jpg": 9}, "side by side|holds only one, 'all'"),
    "a camera's names": ({"IMG_*.jpg": 9, "DSC_*.jpg": 9}, "holds no such folder"),
    "shards of pictures": ({"images_1": 9, "images_2": 9}, "at least two classes"),
    "one class": ({"cat": 9}, "only one, 'cat'"),
    "one class and an unlabelled folder": ({"cat": 9, "test": 4}, "only one, 'cat'"),
    "a class that is missing for testing": (IN_HALVES | {"train/cow": 3}, "'cow' for training, but not for testing"),
    "a class that is missing for training": (IN_HALVES | {"test/cow": 3}, "'cow' for testing, but not for training"),
}  # fmt: skip


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@pytest.mark.parametrize("name", REFUSED)
def test_layouts_that_are_refused_by_name(name, pack, tmp_path, sentence):
    tree, match = REFUSED[name]
    with pytest.raises(InputError, match=match) as error:
        load_halves(pack(tree, tmp_path))
    sentence(error.value)


@pytest.mark.slow
def test_very_many_folders_are_refused_in_seconds(tmp_path, sentence):
    entries = [(f"a{i}_train_{i}x/0.png".encode(), 0, b"", b"") for i in range(30_000)]
    start = time.process_time()
    with pytest.raises(InputError, match="more than 20,000 folders") as error:
        load_halves(raw_zip(tmp_path / "pets.zip", entries[:30_000]))
    sentence(error.value)
    with pytest.raises(InputError):
        load_halves(raw_zip(tmp_path / "pets.zip", entries[:19_000]))
    assert time.process_time() - start < 20  # measured 3 s


# Names in code pages

NAMES = {
    "gbk": ["猫", "狗", "表格", "功能", "苹果"],
    "gb18030": ["可回收垃圾", "厨余垃圾", "有害垃圾", "其他垃圾"],
    "big5": ["貓", "狗", "成功", "蓋子", "許可"],  # 功 is A5 5C: a backslash
    "cp950": ["鬱金香", "向日葵", "玫瑰", "蒲公英"],
    "cp932": ["ねこ", "いぬ", "表示", "ソース"],  # 表 is 95 5C, ソ is 83 5C
    "cp949": ["고양이", "강아지", "사과", "바나나"],
    "euc-kr": ["플라스틱", "유리", "종이", "캔"],
    "cp437": ["Möwe", "Bär", "niño", "rosé"],
    "cp850": ["Ñandú", "São João", "Árbol", "mão"],
    "cp866": ["кошка", "собака", "медведь"],
    "utf-8": ["Möwe", "猫", "고양이"],
}


@pytest.mark.parametrize("codec", NAMES)
@pytest.mark.parametrize("separator", ["/", "\\"])
def test_names_are_read_as_what_they_are(codec, separator, tmp_path):
    names = NAMES[codec]
    path = as_zip({f"{name}/{name}-*.png": 5 for name in names}, tmp_path, codec, separator=separator)
    train, test = load_halves(path)
    assert train.classes == tuple(sorted(names))
    assert (counts(train), counts(test)) == ([4] * len(names), [1] * len(names))
    assert train.note is None or "may have been read wrongly" in str(train.note)  # where another code page is near


@pytest.mark.parametrize(
    ("codec", "halves"), [("gbk", "训练集 测试集"), ("big5", "訓練集 測試集"), ("cp949", "훈련 시험")]
)
def test_halves_in_code_pages(codec, halves, tmp_path):
    train_name, test_name = halves.split()
    names = NAMES[codec][:2]
    tree = {f"{half}/{name}": n for half, n in ((train_name, 4), (test_name, 2)) for name in names}
    train, test = load_halves(as_zip(tree, tmp_path, codec))
    assert (train.classes, counts(train), counts(test)) == (tuple(sorted(names)), [4, 4], [2, 2])


def test_a_name_in_the_unicode_path_field_counts(tmp_path):
    entries = []
    for index, kind in enumerate(["猫", "狗"] * 5):
        raw = b"?/%d.png" % index
        extra = b"\1" + struct.pack("<I", zlib.crc32(raw)) + f"{kind}/{index}.png".encode()
        entries.append((raw, 0, struct.pack("<HH", 0x7075, len(extra)) + extra, picture(index)))
    train, test = load_halves(raw_zip(tmp_path / "pets.zip", entries))
    assert (train.classes, counts(train), counts(test)) == (("狗", "猫"), [4, 4], [1, 1])


@pytest.mark.parametrize("flags", [0, 0x800])
def test_an_unreadable_name_loses_no_picture(flags, tmp_path):
    """Also where a name is said to be UTF-8, and is not."""
    entries = [(f"{kind}/{i}.png".encode(), flags, b"", picture(i)) for kind in ("猫", "dog") for i in range(4)]
    entries += [(b"dog/\xff\xfe%c.png" % byte, flags, b"", picture(byte)) for byte in (0x81, 0xFD, 0xFE, 0x80)]
    entries += [(b"\xff\xfe\xfd/%d.png" % i, flags, b"", picture(i)) for i in range(3)]
    entries += [(b"\xfe\xff\xfd/%d.png" % i, flags, b"", picture(i)) for i in range(2)]
    train, test = load_halves(raw_zip(tmp_path / "pets.zip", entries))
    assert sorted(np.add(counts(train), counts(test)).tolist()) == [2, 3, 4, 8]
    assert train.note is None or "may have been read wrongly" in str(train.note)
    assert {"dog", "猫"} < set(train.classes)
    "".join(train.classes).encode()


# Pictures that are left out


def test_pictures_in_formats_that_are_not_read_are_counted_and_named(tmp_path, monkeypatch, sentence):
    from resnet_demo import decoding

    monkeypatch.setattr(decoding, "optional_formats", lambda: ())
    decoding.readable_suffixes.cache_clear()
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50)
    tree = {f"{kind}/{i}.png": picture(i) for kind in ("cat", "dog") for i in range(5)}
    tree |= {f"cat/IMG_{i}.HEIC": heic for i in range(3)} | {"dog/phone.jpg": heic, "dog/raw.cr2": b"x"}
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    try:
        train, test = load_halves(tmp_path / "pets.zip")
        found = survey(tmp_path / "pets.zip")
        only = as_folder({"cat": 5, "dog/*.heic": 4}, tmp_path)
        with pytest.raises(InputError, match="'dog' that can be read: there are HEIC files") as error:
            load_halves(only)
        with pytest.raises(InputError, match="'dog' that can be read: there are HEIC files"):
            survey(only)
    finally:
        monkeypatch.undo()
        decoding.readable_suffixes.cache_clear()
    assert (found.classes, found.training, found.testing) == (("cat", "dog"), 9, 2)  # phone.jpg counts by its name
    assert "3 pictures are HEIC and were left out: cat/IMG_0.HEIC is the first" in " ".join(map(str, found.notes))
    assert (counts(train), counts(test)) == ([4, 4], [1, 1])
    assert "4 pictures are HEIC and were left out: cat/IMG_0.HEIC is the first" in str(train.note)
    assert "One picture is RAW and was left out: dog/raw.cr2" in str(train.note)
    sentence(error.value)


def test_pictures_that_lie_too_deep_are_counted(tmp_path):
    train, _ = load_halves(as_folder(PETS | {"cat/" + "/".join("abcdefghijk"): 3}, tmp_path))
    assert (counts(train), str(train.note)[:34]) == ([4, 8], "3 pictures lie too deep in folders")
