"""The page Cut shows what the library finds."""

from __future__ import annotations

import re

import gradio as gr
import pytest
import torch

from resnet_demo.lab.dial import turn
from resnet_demo.lab.lens import lens
from resnet_demo.lab.wires import answer_without
from resnet_demo.ui import cut, parts
from resnet_demo.ui.cut import CutPage
from resnet_demo.ui.session import RANDOM, TRAINED, Visit
from resnet_demo.ui.text.en.reading import tenths


@pytest.fixture
def page() -> CutPage:
    with gr.Blocks():
        return cut.build()


def shown(page: CutPage, visit: Visit) -> tuple[str, str, str]:
    street, answer, lens = page.page.render(visit).values()
    return street, answer, lens


def shares(drawing: str) -> list[str]:
    return re.findall(r'rd-number">([^<]+)<', drawing.replace("&lt;", "‹").replace("&gt;", "›"))


@pytest.mark.parametrize(
    ("network", "weights"), [("resnet20", TRAINED), ("plain20", TRAINED), ("resnet18-cifar", RANDOM)]
)
def test_answers_are_those_of_the_library(network: str, weights: str, page: CutPage, visit: Visit) -> None:
    visit.use_network(network, weights)
    names = [visit.seen.blocks[1].name, visit.seen.blocks[-1].name]
    for name in names:
        visit.cut_or_mend(name)
    street, answer, _ = shown(page, visit)
    assert street.count("Block layer") == len(visit.seen.blocks)
    assert street.count(': cut"') == 2
    then = visit.seen.logits.softmax(0)
    now = answer_without(visit.network, visit.seen.image, names)[0].softmax(0)
    likeliest = then.maximum(now).topk(5).indices.tolist()
    expected = [tenths(share[index].item()) for index in likeliest for share in (then, now)]
    assert shares(answer) == [text.replace("<", "‹").replace(">", "›") for text in expected]


def test_dials_turn_every_block(page: CutPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    visit.turn(0.4, 1.3)
    _, answer, _ = shown(page, visit)
    now = turn(visit.network, visit.seen.image, 0.4, 1.3)[0].softmax(0)
    assert f">{tenths(now.max().item())}<" in answer
    assert page.as_in(visit) == {page.residual: 0.4, page.shortcut: 1.3}


def test_the_curve_is_the_lens(page: CutPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    _, _, drawing = shown(page, visit)
    expected = lens(visit.network, visit.seen.image).logits[:, 0].softmax(1)[:, visit.seen.target]
    heights = torch.tensor([float(y) for y in re.findall(r'<circle [^>]*cy="([^"]+)"', drawing)])
    bottom, top = 200.0, 14.0
    assert torch.allclose((bottom - heights) / (bottom - top), expected, atol=1e-3)


def test_changes_are_escaped() -> None:
    assert "<img" not in parts.changes([("<img src=x>", 0.5, 0.5)])


def test_the_whole_network_is_not_run_again(page: CutPage, visit: Visit, forwards: list[str]) -> None:
    forwards.clear()
    shown(page, visit)
    assert forwards == []
