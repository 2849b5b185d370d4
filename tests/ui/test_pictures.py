"""CIFAR-10's test pictures, where they are, where they are not, and where what lies there is of no use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import fake_cifar
import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from resnet_demo.errors import InputError
from resnet_demo.ui import picture_drawer, pictures
from resnet_demo.ui.jobs import run
from resnet_demo.ui.session import Session


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("train_list", "test_list", "meta"):
        monkeypatch.setattr(fake_cifar.CIFAR10, name, getattr(fake_cifar.CIFAR10, name))
    pictures._read.cache_clear()
    pictures._unreadable.clear()
    yield
    pictures._read.cache_clear()
    pictures._unreadable.clear()


def test_what_cannot_be_read_counts_as_missing_until_it_can(tmp_path: Path) -> None:
    """A download that was cut short must leave a way to download again, and none to be stuck with it for ever."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(b"half a file")
    data_dir = str(tmp_path)
    assert pictures.has_test_set(data_dir)  # at a glance
    assert pictures.test_set(data_dir) is None
    assert not pictures.has_test_set(data_dir)  # so the pages offer to download it
    with pytest.raises(InputError, match="not on this computer"):
        pictures.random_test_picture(data_dir)
    shutil.rmtree(folder)
    fake_cifar.write(tmp_path, train=10, test=20)
    fake_cifar.trust()
    assert pictures.has_test_set(data_dir)  # whoever fetched them: the file is another one
    found = pictures.test_set(data_dir)
    assert found is not None
    assert len(found) == 20
    assert pictures.has_test_set(data_dir)
    assert pictures.test_set(data_dir) is found  # which is remembered


def test_a_run_finds_out_and_then_takes_what_is_there(tmp_path: Path, session: Session) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(b"half a file")
    assert run.data_of(session, "lesion", str(tmp_path)) == run.CIFAR
    assert run.pictures_of(session, "lesion", str(tmp_path)) is None
    assert run.data_of(session, "lesion", str(tmp_path)) == run.NOTHING


def test_the_random_picture_is_offered_when_there_are_any(tmp_path: Path, session: Session) -> None:
    """Also when they were downloaded while the page was open."""
    with gr.Blocks():
        drawer = picture_drawer.build(str(tmp_path))
    offered = drawer.random_picture
    assert offered in drawer.components
    assert drawer.render(session)[offered]["visible"] is False
    fake_cifar.write(tmp_path, train=10, test=20)
    assert drawer.render(session)[offered]["visible"] is True


# The square that a person drags over the picture


@pytest.fixture
def wide(session: Session) -> Session:
    """A picture of another colour at each place: red grows to the right, green downwards."""
    across, down = np.meshgrid(np.linspace(0, 255, 300), np.linspace(0, 255, 200))
    values = np.stack([across, down, np.zeros_like(across)], -1).round().astype(np.uint8)
    session.show_picture(Image.fromarray(values))
    return session


def test_the_square_is_what_the_network_sees(wide: Session) -> None:
    before = wide.seen
    wide.crop_to(0.5, 0.25, 0.5)  # 100 px, from (150, 50)
    assert wide.crop == (0.5, 0.25, 0.5)
    assert wide.seen is not before
    seen = np.asarray(wide.domain.to_picture(wide.seen.image), dtype=float)
    assert seen[..., 0].mean() == pytest.approx(255 * 200 / 300, abs=1.5)  # the middle of the square
    assert seen[..., 1].mean() == pytest.approx(255 * 100 / 200, abs=1.5)
    view = np.asarray(wide.domain.view(wide.framed, 32), dtype=float) if wide.framed else seen * np.nan
    assert np.abs(view - seen).mean() < 2


def test_the_middle_square_is_what_it_was_to_the_pixel(wide: Session) -> None:
    before = wide.seen.image
    wide.crop_to(0, 0, 0.4)
    assert not torch.equal(wide.seen.image, before)
    wide.crop_to(*(round(share, 4) for share in wide.domain.middle(wide.picture)))  # type: ignore[arg-type]
    assert wide.crop is None
    assert torch.equal(wide.seen.image, before)


def test_another_square_keeps_what_was_chosen_and_another_picture_has_its_own(wide: Session) -> None:
    wide.explain(3)
    wide.open_block("layer3.0")
    wide.open_channel(5)
    wide.crop_to(0, 0, 0.5)
    assert (wide.seen.target, wide.block, wide.channel) == (3, "layer3.0", 5)
    runs = wide.forward_passes
    wide.crop_to(0, 0, 0.5)
    assert wide.forward_passes == runs
    wide.show_picture(Image.new("RGB", (40, 40)))
    assert wide.crop is None


def test_a_square_that_reaches_out_is_moved_inside(wide: Session) -> None:
    wide.crop_to(1, 1, 0.5)
    assert wide.crop == (pytest.approx(2 / 3, abs=1e-4), 0.5, 0.5)
    assert wide.framed
    assert wide.framed.box == pytest.approx((200, 100, 300, 200))


@pytest.mark.parametrize("square", [(0, 0, 0), (0, 0, 2), (-1, 0, 1), (0, float("nan"), 1), (0, 0, 0.001)])
def test_a_square_that_is_none_is_refused(wide: Session, square: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="square must be a number from"):
        wide.crop_to(*square)
    assert wide.crop is None


def test_the_twin_sees_the_same_square(wide: Session) -> None:
    wide.show_both(True)
    wide.shown()
    wide.crop_to(0, 0, 0.5)
    one, other = (sight.trace.image for sight in wide.shown())
    assert torch.equal(one, other)
    assert torch.equal(one, wide.seen.image)


def test_the_drawer_shows_the_square_and_answers_the_one_that_was_asked_for(wide: Session) -> None:
    with gr.Blocks():
        drawer = picture_drawer.build(None)
    assert 'data-square="0.1667,0.0000,1.0000"' in drawer.render(wide)[drawer.seen]
    wide.crop_to(0.1, 0.2, 0.5)
    assert 'data-square="0.1000,0.2000,0.5000"' in drawer.render(wide)[drawer.seen]
    assert 'data-asked="0.1,0.2,0.5"' in picture_drawer._seen(wide, "0.1,0.2,0.5")
