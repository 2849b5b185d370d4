"""A visitor's own network of any kind: every page shows it; a file that leaves its shortcuts open can be read twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradio as gr
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import resnet as tv

from resnet_demo.errors import InputError
from resnet_demo.models import zoo
from resnet_demo.ui.pages import PAGES
from resnet_demo.ui.reading_choice import change_reading, reading_choice
from resnet_demo.ui.session import Session


@pytest.fixture(scope="module")
def layouts() -> dict:
    with gr.Blocks():
        return {page.name: page.build(None) for page in PAGES}


def small(**options) -> tv.ResNet:
    torch.manual_seed(0)
    return tv.ResNet(tv.BasicBlock, [1, 1, 1, 1], **{"num_classes": 3, **options}).eval()


def changed(model: nn.Module, **parts: nn.Module) -> nn.Module:
    for name, part in parts.items():
        setattr(model, name, part)
    return model


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "one output": lambda: small(num_classes=1),
    "GroupNorm": lambda: small(norm_layer=lambda channels: nn.GroupNorm(32, channels)),
    "grey": lambda: changed(small(), conv1=nn.Conv2d(1, 64, 7, 2, 3, bias=False)),
    "MLP head": lambda: changed(small(), fc=nn.Sequential(nn.Linear(512, 9), nn.ReLU(), nn.Linear(9, 3))),
    "no bias": lambda: changed(small(), fc=nn.Linear(512, 3, bias=False)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_page_shows_it(kind, layouts, picture: Image.Image, tmp_path: Path) -> None:
    torch.save(NETWORKS[kind]().state_dict(), tmp_path / "own.pth")
    session = Session()
    session.show_picture(picture)
    session.use_file(tmp_path / "own.pth")
    for target in (0, 1):
        session.explain(target)
        for layout in layouts.values():
            assert {**layout.render(session), **layout.below(session)}
    if kind == "one output":
        assert {p.label for p in session.predictions()} == {"class 0", "class 1"}
        assert sum(p.probability for p in session.predictions()) == pytest.approx(1)
        assert all(p.probability < 1 for p in session.predictions())


def test_a_file_that_leaves_its_shortcuts_open_can_be_read_in_either_way(picture: Image.Image, tmp_path: Path) -> None:
    torch.save(zoo.load("plain20").state_dict(), tmp_path / "elsewhere.pth")
    session = Session()
    session.show_picture(picture)
    session.use_file(tmp_path / "elsewhere.pth")
    assert session.network.config.plain  # by its statistics
    assert session.name == "plain network of elsewhere.pth"
    assert 'data-reading="plain" aria-pressed="true"' in reading_choice(session)
    assert "as a plain network" in reading_choice(session)
    before = session.predictions()
    change_reading(session, "residual")
    assert session.name == "elsewhere.pth"
    assert not session.network.config.plain
    assert session.trace is not None
    assert session.trace.blocks[0].shortcut_kind == "identity"
    assert str(session.network.note).startswith("The statistics of its batch norms are off by")  # so it is unlikely
    assert "as you chose" in str(session.network.note)
    change_reading(session, "plain")
    assert str(session.network.note) == "It is read as a plain network, as you chose."
    assert session.predictions() == before
    assert session.name == "plain network of elsewhere.pth"


def test_there_is_nothing_to_choose_where_the_shortcuts_are_known(
    picture: Image.Image, tmp_path: Path, sentence
) -> None:
    torch.save(small().state_dict(), tmp_path / "own.pth")
    session = Session()
    session.show_picture(picture)
    assert reading_choice(session) == ""
    session.use_file(tmp_path / "own.pth")
    assert reading_choice(session) == ""
    for which in ("plain", "neither", [1, "a", None]):
        with pytest.raises(InputError) as error:
            change_reading(session, which)
        sentence(error.value)
