"""CIFAR-10's test pictures, where they are, where they are not, and where what lies there is of no use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import fake_cifar
import pytest

from resnet_demo.errors import InputError
from resnet_demo.ui import pictures
from resnet_demo.ui.bars import Bars
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
    import gradio as gr

    from resnet_demo.ui import bars as module

    with gr.Blocks():
        bars = Bars(
            *module.build_picture_bar(), *module.build_model_bar(), *module.build_ask_bar(), data_dir=str(tmp_path)
        )
    offered = bars.random_picture
    assert offered in bars.controls
    assert bars.render(session, "class and block")[offered]["visible"] is False
    fake_cifar.write(tmp_path, train=10, test=20)
    assert bars.render(session, "class and block")[offered]["visible"] is True
