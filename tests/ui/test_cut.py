"""The page Cut shows what the library finds."""

from __future__ import annotations

import re
from collections.abc import Callable

import gradio as gr
import pytest
import torch

from resnet_demo.errors import InputError
from resnet_demo.i18n import language
from resnet_demo.lab.dial import turn
from resnet_demo.lab.interventions import answer_without, states
from resnet_demo.lab.lens import lens
from resnet_demo.ui import html
from resnet_demo.ui.pages import cut
from resnet_demo.ui.pages.cut import CutPage
from resnet_demo.ui.session import Session
from resnet_demo.ui.store import RANDOM, TRAINED

tenths = language("en").tenths


@pytest.fixture
def page() -> CutPage:
    with gr.Blocks():
        return cut.build(None)


def shown(page: CutPage, session: Session) -> tuple[str, str, str, str]:
    found = page.render(session)
    return tuple(found[component] for component in page.components)  # pyright: ignore[reportReturnType]


def shares(drawing: str) -> list[str]:
    return re.findall(r'rd-number">([^<]+)<', drawing.replace("&lt;", "‹").replace("&gt;", "›"))


@pytest.mark.parametrize(
    ("network", "weights"), [("resnet20", TRAINED), ("plain20", TRAINED), ("resnet18-cifar", RANDOM)]
)
def test_answers_are_those_of_the_library(network: str, weights: str, page: CutPage, session: Session) -> None:
    session.use_network(network, weights)
    names = [session.seen.blocks[1].name, session.seen.blocks[-1].name]
    for name in names:
        session.cut_or_mend(name)
    street, answer, *_ = shown(page, session)
    # One drawing for screens, one for phones.
    assert street.count('aria-label="Block layer') == 2 * len(session.seen.blocks)
    assert len(re.findall(r'aria-label="Block \S+: cut"', street)) == 2 * 2
    then = session.seen.logits.softmax(0)
    now = answer_without(session.network, session.seen.image, names)[0].softmax(0)
    likeliest = then.maximum(now).topk(5).indices.tolist()
    expected = [tenths(share[index].item()) for index in likeliest for share in (then, now)]
    if weights == RANDOM:  # and what it answers means nothing
        assert shares(answer) == []
        assert "Not trained: its answer means nothing." in answer
        assert ">not trained</text>" in street
        return
    assert shares(answer) == [text.replace("<", "‹").replace(">", "›") for text in expected]


def test_dials_turn_every_block(page: CutPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    session.turn(0.4, 1.3)
    _, answer, *_ = shown(page, session)
    now = turn(session.network, session.seen.image, 0.4, 1.3)[0].softmax(0)
    assert f">{tenths(now.max().item())}<" in answer
    assert page.as_kept(session) == dict(zip(page.fields, (0.4, 1.3), strict=True))


def test_the_curve_is_the_lens(page: CutPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    _, _, drawing, _ = shown(page, session)
    expected = lens(session.network, session.seen.image).logits[:, 0].softmax(1)[:, session.seen.target]
    bottom, top = 200.0, 14.0
    forms = drawing.split("</svg>")[:2]  # for screens, and for phones
    for form in forms:
        heights = torch.tensor([float(y) for y in re.findall(r'<circle [^>]*cy="([^"]+)"', form)])
        assert torch.allclose((bottom - heights) / (bottom - top), expected, atol=1e-3)


def test_a_shortcut_is_cut(page: CutPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    session.open_block("layer2.1")
    session.cut_or_mend("layer2.1.shortcut")
    street, answer, _, block = shown(page, session)
    assert street.count('role="button"') == 2 * 2 * 9  # in both drawings each block, and its stretch of the road
    assert 'aria-label="Shortcut of block layer2.1: cut"' in street
    assert "Without the shortcut of block 2.1" in street
    model = session.network
    x = model.stem(session.seen.image)
    for name, module in model.named_blocks():
        x = module.relu(module.residual(x)) if name == "layer2.1" else module(x)
    expected = model.fc(x.mean(dim=(2, 3)))[0].softmax(0)
    assert f">{tenths(expected.max().item())}<" in answer
    assert block.count('aria-label="Shortcut of block layer2.1: cut"') == 2  # one drawing for screens, one for phones
    assert block.count('aria-label="F(x) of block layer2.1: whole"') == 2


def test_the_block_shows_what_flows_now(page: CutPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    session.open_block("layer2.1")
    for wire in ("layer1.2", "layer2.1"):
        session.cut_or_mend(wire)
    block = shown(page, session)[3]
    outputs = dict(states(session.network, session.seen.image, deleted=["layer1.2", "layer2.1"]))
    x, y = (outputs[name].norm().item() for name in ("layer2.0", "layer2.1"))
    assert x != session.seen["layer2.1"].norms["x"]
    assert f"x {x:.3g}," in block
    assert f"y {y:.3g}." in block
    session.mend()
    session.turn(0.5, 1)
    assert "×0.5" in shown(page, session)[3]


def test_a_plain_block_has_one_wire(page: CutPage, session: Session, sentence: Callable[[BaseException], str]) -> None:
    session.use_network("plain20", TRAINED)
    session.cut_or_mend("layer2.1")
    street, _, _, block = shown(page, session)
    assert street.count('role="button"') == 2 * 9
    assert block.count('role="button"') == 2
    assert "Shortcut of block" not in street + block
    with pytest.raises(InputError) as error:
        session.cut_or_mend("layer2.1.shortcut")
    assert "no shortcut" in sentence(error.value)


def test_changes_are_escaped() -> None:
    assert "<img" not in html.changes([("<img src=x>", 0.5, 0.5)])


def test_the_whole_network_is_not_run_again(page: CutPage, session: Session, forwards: list[str]) -> None:
    forwards.clear()
    shown(page, session)
    assert forwards == []


def test_what_follows_a_dial_is_what_the_page_shows_of_it_at_rest(page: CutPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    session.turn(0.4, 1.3)
    assert page.moving
    moving, shown = page.moving(session), page.render(session)
    street, answer, *_ = page.components
    assert set(moving) == {street, answer}
    assert all(shown[component] == drawing for component, drawing in moving.items())
