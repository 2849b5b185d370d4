"""More of the ways in which people lay out their pictures: those of public sets, and what was once misread silently."""

from __future__ import annotations

import struct
import unicodedata
import zlib

import pytest
from test_folder_layouts import as_folder, as_zip, counts, picture, raw_zip

from resnet_demo.data import load_halves
from resnet_demo.errors import InputError


def halves(train: str, test: str, *classes: str, count: int = 4) -> dict[str, int]:
    return {f"{half}/{kind}": count for half in (train, test) for kind in classes}


PETS = {"cat": 5, "dog": 10}

# The layout, and what it gives: classes, counts for training and for testing, what the note says
READ = {
    "chest X-rays, with a copy in themselves": (
        {
            f"chest_xray/{copy}{half}/{kind}": 4
            for copy in ("", "chest_xray/")
            for half in ("train", "test", "val")
            for kind in ("NORMAL", "PNEUMONIA")
        },
        "NORMAL PNEUMONIA", [4, 4], [4, 4], "chest_xray/chest_xray is not used; it holds 24 pictures",
    ),
    "cats and dogs, filtered": (
        halves("cats_and_dogs_filtered/train", "cats_and_dogs_filtered/validation", "cats", "dogs")
        | {"cats_and_dogs_filtered/vectorize.py": 3},
        "cats dogs", [4, 4], [4, 4], "",
    ),
    "Microsoft's pets": ({"PetImages/Cat": 5, "PetImages/Dog": 5, "readme[1].txt": 3}, "Cat Dog", [4, 4], [1, 1], ""),
    "the ASL alphabet": (
        {f"asl_alphabet_train/asl_alphabet_train/{kind}": 5 for kind in "AB"}
        | {f"asl_alphabet_test/asl_alphabet_test/{kind}_test.jpg": 1 for kind in "AB"},
        "A B", [4, 4], [1, 1], "the 2 pictures in asl_alphabet_test have no classes",
    ),
    "Fruits-360": (
        halves("fruits-360/Training", "fruits-360/Test", "Apple", "Banana") | {"fruits-360/test-multiple_fruits": 3},
        "Apple Banana", [4, 4], [4, 4], "test-multiple_fruits is not used; it holds 3 pictures",
    ),
    "German traffic signs": (
        {f"Train/{kind}": 5 for kind in range(3)} | {"Test": 8, "Meta": 3, "Train.csv": 3, "Test.csv": 3},
        "0 1 2", [4, 4, 4], [1, 1, 1], "the 8 pictures in Test have no classes",
    ),
    "Tiny ImageNet": (
        {f"tiny-imagenet-200/train/{kind}/images": 5 for kind in ("n01443537", "n01629819")}
        | {"tiny-imagenet-200/val/images": 6, "tiny-imagenet-200/val/val_annotations.txt": 3},
        "n01443537 n01629819", [4, 4], [1, 1], "the 6 pictures in tiny-imagenet-200/val have no classes",
    ),
    "Stanford's dogs": (
        {f"Images/{kind}": 5 for kind in ("n0-Chihuahua", "n1-spaniel")} | {"Annotation/n0-Chihuahua": 3},
        "n0-Chihuahua n1-spaniel", [4, 4], [1, 1], "Annotation is not used",
    ),
    "Stanford's cars": (
        halves("car_data/car_data/train", "car_data/car_data/test", "Audi", "BMW") | {"names.csv": 3},
        "Audi BMW", [4, 4], [4, 4], "",
    ),
    "MNIST as pictures": (halves("mnist_png/training", "mnist_png/testing", *"012"), "0 1 2", [4] * 3, [4] * 3, ""),
    "real and fake": (
        halves("real_vs_fake/real-vs-fake/train", "real_vs_fake/real-vs-fake/test", "real", "fake")
        | {"real_vs_fake/real-vs-fake/valid/real": 3, "real_vs_fake/real-vs-fake/valid/fake": 3, "train.csv": 3},
        "fake real", [4, 4], [4, 4], "valid is not used; it holds 6",
    ),
    "ultrasound with masks in the classes": (
        {
            f"{kind}/{kind} (*){end}.png": count
            for kind in ("benign", "normal")
            for end, count in (("", 5), ("_mask", 5), ("_mask_1", 1))
        },
        "benign normal", [4, 4], [1, 1], "12 pictures are masks of others and were left out; the first is",
    ),
    "with and without a mask": ({"with_mask": 5, "without_mask": 5}, "with_mask without_mask", [4, 4], [1, 1], ""),
    "a project, with figures beside its data": (
        {f"project/data/{kind}": n for kind, n in PETS.items()} | {"project/figures": 4},
        "cat dog", [4, 8], [1, 2], "figures is not used; it holds 4 pictures",
    ),
    "a project, whose data have halves": (
        halves("data/train", "data/test", "cat", "dog") | {"pictures of the team": 2},
        "cat dog", [4, 4], [4, 4], "pictures of the team is not used",
    ),
    "labelled and unlabelled": (
        {f"labeled/{kind}": n for kind, n in PETS.items()} | {"unlabeled": 9},
        "cat dog", [4, 8], [1, 2], "unlabeled is not used; it holds 9 pictures",
    ),
    "folders in one class alone": (
        {"pets/cat": 5, "pets/dog": 5, "birds": 5},
        "birds pets", [4, 8], [1, 2], "The class pets holds folders (cat and dog); their pictures are taken together",
    ),
    "years in the classes": (
        {f"{half}/{kind}/{year}": 3 for half in ("train", "test") for kind in ("a", "b") for year in (2019, 2020)},
        "a b", [6, 6], [6, 6], "",
    ),
    "a copy, augmented": (
        PETS | {f"augmented/{kind}": n for kind, n in PETS.items()},
        "cat dog", [4, 8], [1, 2], "augmented is not used",
    ),
    "more for training, aside": (
        halves("train", "test", "cat", "dog") | {"extra/cat": 5, "extra/dog": 5},
        "cat dog", [4, 4], [4, 4], "extra is not used",
    ),
    "masks in the classes": (
        {f"{kind}/{part}": 5 for kind in ("COVID", "Normal") for part in ("images", "masks")} | {"COVID.xlsx": 3},
        "COVID Normal", [4, 4], [1, 1], "10 pictures in COVID/masks and folders like it are annotations",
    ),
    "classes of classes": (
        halves("train", "test", "animal/cat", "animal/dog", "plant/oak", "plant/fir", count=2),
        "animal plant", [4, 4], [4, 4], "The classes animal and plant hold folders of their own, such as cat and dog",
    ),
    "numbered classes": ({"class_1": 5, "class_2": 5}, "class_1 class_2", [4, 4], [1, 1], ""),
    "unpaired translation": (
        {"trainA": 5, "trainB": 5, "testA": 3, "testB": 3}, "a b", [5, 5], [3, 3], "",
    ),
    "Chinese groups": (halves("【训练组】", "【测试组】", "a", "b"), "a b", [4, 4], [4, 4], ""),
    "before and after a training": ({"训练前": 5, "训练后": 5}, "训练前 训练后", [4, 4], [1, 1], ""),
    "countries": ({"de": 5, "fr": 5, "tr": 5}, "de fr tr", [4] * 3, [1] * 3, ""),
    "a test, positive and negative": (
        {"test_positive": 5, "test_negative": 5}, "test_negative test_positive", [4, 4], [1, 1], "",
    ),
    "Chinese words beside English ones": (halves("train_训练", "test_测试", "a", "b"), "a b", [4, 4], [4, 4], ""),
    "Chinese samples": (
        halves("数据集/训练样本", "数据集/测试样本", "a", "b"), "a b", [4, 4], [4, 4], "",
    ),
    "shares in the names": (
        halves("训练集（70%）", "测试集（30%）", "a", "b"), "a b", [4, 4], [4, 4], "",
    ),
    "X-Train and X-Valid": (halves("X-Train", "X-Valid", "a", "b"), "a b", [4, 4], [4, 4], ""),
    "tested and untested are classes": ({"tested": 5, "untested": 5}, "tested untested", [4, 4], [1, 1], ""),
    "predictions and what nobody labelled, beside classes": (
        {"cat": 5, "dog": 5, "predictions": 4, "unlabeled": 3}, "cat dog", [4, 4], [1, 1],
        "The folder predictions is not used; it holds 4 pictures. The folder unlabeled is not used",
    ),
    "predictions, good and bad": ({"good": 5, "prediction": 5}, "good prediction", [4, 4], [1, 1], ""),
    "masks beside the classes": (
        {"cat": 5, "cat_masks": 5, "dog": 5, "dog_masks": 5}, "cat dog", [4, 4], [1, 1], "cat_masks is not used",
    ),
    "names without endings": (
        {"cat/*": 5, "dog/*": 5, "README*": 1, "code/Makefile.x": 3}, "cat dog", [4, 4], [1, 1],
        "One picture lies outside of the class folders and was left out: README0",
    ),
    "means of transport": ({"train": 5, "bus": 5, "tram": 5}, "bus train tram", [4] * 3, [1] * 3, ""),
}  # fmt: skip


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@pytest.mark.parametrize("name", READ)
def test_kinds_that_are_read(name, pack, tmp_path):
    tree, classes, for_training, for_testing, note = READ[name]
    train, test = load_halves(pack(tree, tmp_path))
    assert train.classes == test.classes == tuple(classes.split())
    assert (counts(train), counts(test)) == (for_training, for_testing)
    assert note in str(train.note or "")
    assert bool(note) == bool(train.note)


REFUSED = {
    "folds, each with halves": (
        halves("fold_1/train", "fold_1/test", "a", "b") | halves("fold_2/train", "fold_2/test", "a", "b"),
        "fold_1 and fold_2, each with halves of its own and the same classes .a and b.: |; give only one",
    ),
    "leaves in three colours": (
        {f"leaves/{colour}/{kind}": 4 for colour in ("color", "grayscale") for kind in "ab"}, "which is for training",
    ),
    "domains": (
        {f"{domain}/images/{kind}": 4 for domain in ("amazon", "dslr") for kind in ("bike", "mug")},
        r"each with the same folders \(bike and mug\)",
    ),
    "a class called test": ({"control": 5, "test": 5}, "only one, 'control', since test is no class by its name"),
    "defects that are only tested": (
        {"bottle/train/good": 5, "bottle/test/good": 3, "bottle/test/broken": 3, "bottle/ground_truth/broken": 3},
        "'broken' for testing, but not for training",
    ),
    "classes that differ in capitals": ({"Cat": 5, "cat ": 5, "dog": 5}, "'Cat' and 'cat ', which differ in capitals"),
    "an empty half": ({"train/cat": 5, "train/dog": 5, "val": 0}, "the folder val for testing, and no picture in it"),
    "an archive in the archive": ({"archive.zip": 9}, "no pictures, but an archive, archive.zip"),
    "faces and a list": (
        {"img_align_celeba/img_align_celeba": 9, "list_attr_celeba.csv": 4}, "in the file list_attr_celeba.csv",
    ),
    "COCO": ({"train2017": 9, "val2017": 4, "annotations/instances.json": 5}, "in the folder annotations"),
    "house numbers": ({"train/*.png": 9, "test/*.png": 3, "train/digitStruct.mat": 3}, "digitStruct.mat"),
    "two for training": (
        halves("train", "test", "a", "b") | {"train_small/a": 2, "train_small/b": 2}, "train and train_small, which",
    ),
    "parts of one folder": (
        {"HAM10000_images_part_1": 9, "HAM10000_images_part_2": 9, "metadata.csv": 3},
        "differ in numbers only and are parts of one folder",
    ),
    "a class called valid": ({"valid": 5, "invalid": 5}, "only one, 'invalid', since valid is no class by its name"),
    "Russian words": (halves("обучение", "тест", "a", "b"), "which is for training"),
    "copies, augmented": (halves("Original", "Augmented", "a", "b"), "which is for training"),
    "German words": (halves("Trainingsdaten", "Testdaten", "gut", "schlecht"), "which is for training"),
    "pictures and their masks": (
        {"train": 9, "train_masks": 9, "train_masks.csv": 3}, r"in the folder train_masks, which is not read",
    ),
    "streets": (
        {f"{kind}/{half}/{city}": 4 for kind in ("leftImg8bit", "gtFine") for half, city in (("train", "Ulm"),)},
        "in the folder gtFine",
    ),
    "what goes in and what is to come out": ({"input": 9, "target": 9}, "in the folder target"),
    "a table to fill in": (
        {"train": 9, "train.csv": 9, "test": 3, "sample_submission.csv": 3}, r"in the file train\.csv",
    ),
    "query and gallery": (halves("query", "gallery", "a", "b"), "which is for training"),
}  # fmt: skip


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@pytest.mark.parametrize("name", REFUSED)
def test_kinds_that_are_refused(name, pack, tmp_path, sentence):
    tree, match = REFUSED[name]
    with pytest.raises(InputError, match=match) as error:
        load_halves(pack(tree, tmp_path))
    sentence(error.value)


def test_all_names_from_the_root(tmp_path, sentence):
    names = [(f"/{kind}/{i}.png".encode(), 0, b"", picture(i)) for kind in PETS for i in range(4)]
    train, _test = load_halves(raw_zip(tmp_path / "a.zip", names))
    assert (train.classes, counts(train)) == (("cat", "dog"), [3, 3])


# Other names than those in test_folder_layouts.py, two or three at a time: what a small set of one's own has
NAMES = {
    "gbk": "良性 恶性 正常",
    "big5": "裂紋 刮痕 完好",
    "cp932": "ひび きず",
    "cp949": "정상 폐렴 균열",
    "cp850": "Bäume Häuser Vögel",
    "cp866": "машина птица",
    "cp1251": "берёза сосна клён",
    "koi8-r": "берёза сосна клён",
    "cp1252": "Schäden Größen Brüche",
    "cp852": "dub bříza javor",
    "cp1250": "bříza jedle žula",
    "cp1254": "kaplumbağa kırlangıç",
    "cp1253": "πεύκο ελιά",
    "euc-jp": "りす きつね たぬき",
}


@pytest.mark.parametrize("codec", NAMES)
@pytest.mark.parametrize("form", ["{}", "data/{}", "train/{}|test/{}", "{}/front"])
def test_few_names_in_code_pages(codec, form, tmp_path):
    names = NAMES[codec].split()
    path = as_zip({each.format(name): 4 for name in names for each in form.split("|")}, tmp_path, codec)
    train, test = load_halves(path)
    assert train.classes == tuple(sorted(names))
    assert sum(counts(train)) + sum(counts(test)) == 4 * len(names) * len(form.split("|"))


def test_names_that_could_be_others_are_said_to_be(tmp_path):
    train, _ = load_halves(as_zip({"poire": 4, "gâche": 4}, tmp_path, "cp1252"))  # in others it has an a, too
    assert train.classes == ("gâche", "poire")
    assert "read as CP1252, they may have been read wrongly: is gâche/0.png right?" in str(train.note)


# How programs write names, each with its flags and extra fields
TOOLS = {
    "macOS": lambda name: (unicodedata.normalize("NFD", name).encode(), 0, b""),
    "Python, jar, Windows 11": lambda name: (name.encode(), 0x800, b""),
    "Explorer": lambda name: (name.encode("cp850"), 0, b""),
    "7-Zip": lambda name: (name.encode(), 0x800, b"") if "œ" in name else (name.encode("cp850"), 0, b""),
    "Info-ZIP": lambda name: (name.encode(), 0, _unicode_path(name, name.encode())),
    "WinRAR": lambda name: (name.encode("cp850", "replace"), 0, _unicode_path(name, name.encode("cp850", "replace"))),
}


def _unicode_path(name: str, raw: bytes) -> bytes:
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
    return struct.pack("<HHB", 0x5455, 1, 0) + struct.pack("<HH", 0x7075, len(field)) + field


@pytest.mark.parametrize("tool", TOOLS)
def test_names_as_programs_write_them(tool, tmp_path):
    kinds = ["Gänseblümchen", "Löwenzahn", *(["cœur ♥"] if tool != "Explorer" else [])]
    names = [f"{kind}/{kind} {i}.png" for kind in kinds for i in range(4)]
    extra = [(b"__MACOSX/._a.png", 0, b"", b"x"), (b"META-INF/MANIFEST.MF", 0, b"", b"x")]
    train, _test = load_halves(raw_zip(tmp_path / "a.zip", [*((*TOOLS[tool](n), picture(1)) for n in names), *extra]))
    assert (set(train.classes), counts(train)) == (set(kinds), [3] * len(kinds))
    assert train.note is None


def test_names_in_two_code_pages_lose_nothing(tmp_path):
    names = [(f"猫/{i}.png".encode(), 0, b"", picture(i)) for i in range(4)]
    names += [(f"Löwenzahn/{i}.png".encode("cp850"), 0, b"", picture(i)) for i in range(4)]
    train, _test = load_halves(raw_zip(tmp_path / "a.zip", names))
    assert (train.classes, counts(train)) == (("Löwenzahn", "猫"), [3, 3])
