"""The three loaders, given valid files that were changed: whatever comes is loaded, or refused in one sentence.

`RESNET_DEMO_FUZZ=100000 pytest --timeout 0 -s tests/hostile/test_fuzzing.py` tries so many of each, by chance.
"""

from __future__ import annotations

import io
import os
import pickle
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mutations import (
    KINDS,
    Seed,
    Step,
    chunks_of_png,
    entries_of,
    marks,
    mutated,
    packed,
    steps_of_pickle,
    with_checksums,
)
from PIL import Image

from resnet_demo import decoding
from resnet_demo.data import listing, load_halves
from resnet_demo.decoding import load_image
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.models import weights
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.models.weights import load_file, save

ASKED = int(os.environ.get("RESNET_DEMO_FUZZ", "0"))
MOST_CHARACTERS, MOST_SECONDS = 300, 3.0  # of a sentence, and of the processor's time

steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)), min_size=1, max_size=5
)
changes = st.tuples(st.integers(0, 2**16 - 1), steps)
Change = tuple[int, Sequence[Step]]


def tried(times: int) -> Any:
    """So many changes: always the same ones, or as many others as were asked for."""
    chosen = settings(
        max_examples=ASKED or times,
        derandomize=not ASKED,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if ASKED else (Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    return lambda test: chosen(given(changes)(test))


def judged(load: Callable[[Any], object], source: bytes | Path) -> bool:
    """Whether it was loaded; any other error than an InputError goes on."""
    began = time.process_time()
    try:
        load(source)
    except InputError as error:
        said = str(error)
        assert 0 < len(said) <= MOST_CHARACTERS, said[:500]
        assert said.encode()
        return False
    finally:
        assert time.process_time() - began < MOST_SECONDS
    return True


def attack(
    made: Callable[[], list[Seed]], load: Callable[[Any], object], place: Path | None = None, times: int = 200
) -> Counter[bool]:
    """How many changed files were loaded, and how many refused."""
    found: Counter[bool] = Counter()

    @tried(times)
    def test(change: Change) -> None:
        seeds = made()
        content = mutated(seeds[change[0] % len(seeds)], change[1], seeds)
        if place:
            place.write_bytes(content)
        found[judged(load, place or content)] += 1

    test()
    print(f"\n{found.total():,} executions: {found[True]:,} loaded, {found[False]:,} refused, 0 uncaught")
    return found


# What is changed


def encoded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    noise = bytes(value * 37 % 251 for value in range(3 * 20 * 16))
    Image.frombytes("RGB", (20, 16), noise).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


@cache
def pictures() -> list[Seed]:
    exif = Image.Exif()
    exif[decoding.ORIENTATION] = 6
    jpegs = [
        encoded("JPEG", exif=exif), encoded("JPEG", progressive=True), encoded("JPEG", "CMYK"), encoded("JPEG", "L")
    ]  # fmt: skip
    pngs = [encoded("PNG", mode) for mode in ("RGB", "RGBA", "P", "LA", "I;16", "1")] + [encoded("PNG", exif=exif)]
    frames = [Image.new("P", (20, 16), shade) for shade in (1, 2)]
    seeds = [Seed(jpeg, marks(jpeg, rb"\xff[\xc0-\xcf\xd8-\xfe]")) for jpeg in jpegs]
    seeds += [Seed(png, chunks_of_png(png), with_checksums) for png in pngs]
    for gif in (encoded("GIF", "P"), encoded("GIF", "P", save_all=True, append_images=frames)):
        seeds.append(Seed(gif, [6, 10, *marks(gif, rb"\x21[\xf9\xff]|\x2c")]))
    for webp in (encoded("WEBP"), encoded("WEBP", "RGBA", lossless=True, exif=exif)):
        seeds.append(Seed(webp, marks(webp, rb"RIFF|VP8[ LX]|ALPH|EXIF")))
    for bmp in (encoded("BMP"), encoded("BMP", "P"), encoded("BMP", "1")):
        seeds.append(Seed(bmp, [2, 10, 14, 28]))
    for mode, compression in (("RGB", None), ("I;16", None), ("F", None), ("RGB", "tiff_lzw"), ("RGBA", "jpeg")):
        if (mode, compression) != ("RGBA", "jpeg"):
            tiff = encoded("TIFF", mode, compression=compression)
            directory = int.from_bytes(tiff[4:8], "little")
            seeds.append(Seed(tiff, [4, *range(directory + 2, len(tiff) - 12, 12)]))
    return seeds


@cache
def checkpoints() -> list[Seed]:
    model = ResNet(ResNetConfig(blocks=(1, 1), widths=(2, 4)), seed=0)
    model.domain = CIFAR10
    path = Path(os.environ["GRADIO_TEMP_DIR"]) / "seed.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = save(model, path).read_bytes()
    path.unlink()
    size = 8 + int.from_bytes(ours[:8], "little")
    seeds = [Seed(ours, [0, 8, *marks(ours[:size], rb'"'), size])]
    head = ours[8:size]  # mended in its length, so that the JSON is looked at
    seeds.append(Seed(head, marks(head, rb'[":,]'), lambda text: len(text).to_bytes(8, "little") + text + ours[size:]))
    for modern in (True, False):
        stream = io.BytesIO()
        torch.save({"state_dict": model.state_dict(), "epoch": 3}, stream, _use_new_zipfile_serialization=modern)
        content = stream.getvalue()
        if modern:
            entries = entries_of(content)
            (program,) = (name for name in entries if name.endswith("data.pkl"))
            seeds.append(Seed(content, marks(content, rb"PK[\x01-\x07][\x01-\x07]")))
            seeds.append(Seed(entries[program], steps_of_pickle(entries[program]), packed(entries, program)))
        else:
            seeds.append(Seed(content, [*steps_of_pickle(content), *marks(content, rb"\x80\x02")]))
    plain = pickle.dumps({"state_dict": {"conv1.weight": [1.0, 2.0]}}, 4)
    seeds.append(Seed(plain, steps_of_pickle(plain)))
    return seeds


@cache
def archives() -> list[Seed]:
    picture = encoded("PNG", "L")
    trees = [
        {f"{kind}/{number}.png": picture for kind in ("cat", "dog") for number in range(2)},
        {f"pets/{half}/{kind}/1.png": picture for half in ("train", "test") for kind in ("cat", "d\u00f6g", "fox")},
        {"images/a.png": picture, "images/b.png": picture, "labels.csv": b"name,label\na.png,cat\nb.png,dog\n"},
    ]
    seeds = []
    for tree in trees:
        content = packed({**tree, "notes.txt": b"x" * 30}, "")(b"")
        parts = marks(content, rb"PK[\x01-\x06][\x01-\x06]")
        seeds.append(Seed(content, parts))
        # The directory alone is changed more often: it is what decides.
        start = content.index(b"PK\1\2")
        before, directory = content[:start], content[start:]
        seeds.append(Seed(directory, marks(directory, rb"PK"), lambda changed, before=before: before + changed))
    return seeds


# The loaders


def test_pictures() -> None:
    found = attack(pictures, load_image)
    assert found[True] > 20
    assert found[False] > 20


def test_checkpoints(tmp_path: Path) -> None:
    found = attack(checkpoints, load_file, tmp_path / "given.pt", times=120)
    assert found[False] > 60


def test_archives(tmp_path: Path) -> None:
    found = attack(archives, load_halves, tmp_path / "given.zip", times=400)
    assert found[True] > 0  # few changes leave a whole archive; how many, another version of Hypothesis draws anew
    assert found[False] > 30


# The suite sees a check that is gone


def bytes_that_are_no_text(entries: Sequence[zipfile.ZipInfo]) -> tuple[list[str], None]:
    return [entry.orig_filename.encode("cp437").decode() for entry in entries], None


GONE: dict[str, Callable[[pytest.MonkeyPatch, Path], object]] = {
    "a head is long": lambda patch, _path: (
        patch.setattr(decoding, "_head", lambda content: content[10**6]),
        attack(pictures, load_image),
    ),
    "tensors are there": lambda patch, path: (
        patch.setattr(weights, "recognise", lambda tensors, _file: tensors["classifier.weight"]),
        attack(checkpoints, load_file, path),
    ),
    "names are text": lambda patch, path: (
        patch.setattr(listing, "entry_names", bytes_that_are_no_text),
        attack(archives, load_halves, path),
    ),
}


@pytest.mark.skipif(bool(ASKED), reason="it is seen at once")
@pytest.mark.parametrize("bug", GONE)
def test_the_suite_sees_a_check_that_is_gone(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((LookupError, RuntimeError, UnicodeDecodeError)):
        GONE[bug](monkeypatch, tmp_path / "given.zip")
