"""The bar: what its chips say, and that what has no room in a narrow one is in the drawers."""

from __future__ import annotations

import gradio as gr
import pytest
from PIL import Image

from resnet_demo.assets import asset
from resnet_demo.errors import InputError
from resnet_demo.i18n import LANGUAGES, _, language, sentences
from resnet_demo.images import load_image
from resnet_demo.models import zoo
from resnet_demo.ui import bar as bars
from resnet_demo.ui import network_drawer
from resnet_demo.ui.pages import inside
from resnet_demo.ui.session import Session
from resnet_demo.ui.store import RANDOM


@pytest.fixture
def bar() -> bars.Bar:
    with gr.Blocks():
        return bars.build(None)


@pytest.fixture
def cat() -> Session:
    session = Session()
    session.show_picture(load_image(asset("examples", "cat.png")), "cat")
    return session


def test_the_answer_is_a_class_and_its_probability(bar: bars.Bar, cat: Session) -> None:
    chips = bar.render(cat, False)[bar.chips]
    assert "<span>cat over 99 %</span>" in chips
    assert "rd-unsure" not in chips
    cat.speak("zh")
    assert "猫" in bar.render(cat, False)[bar.chips]


def test_what_is_no_answer_is_not_shown_as_one(bar: bars.Bar, cat: Session) -> None:
    """Of random weights, and of a picture that the network has not seen the like of."""
    cat.use_network("resnet20", RANDOM)
    chips = bar.render(cat, False)[bar.chips]
    assert "<span>not trained</span>" in chips
    assert "rd-unsure" in chips
    assert "%" not in chips.partition("rd-answer-chip")[2]
    cat.use_network("resnet20", "trained")
    cat.show_picture(Image.new("RGB", (64, 64), (200, 30, 200)))
    found = cat.unlike()
    assert found is not None
    assert found.noted
    chips = bar.render(cat, False)[bar.chips]
    assert "<span>unlike what it knows</span>" in chips
    assert "%" not in chips.partition("rd-answer-chip")[2]


def test_the_street_ends_with_no_class_where_the_picture_shows_none(cat: Session) -> None:
    cat.use_network("resnet20", RANDOM)
    assert ">not trained</text>" in inside._street(cat)
    cat.use_network("resnet20", "trained")
    assert ">cat</text>" in inside._street(cat)
    cat.show_picture(Image.new("RGB", (64, 64), (200, 30, 200)))
    found = cat.unlike()
    assert found is not None
    assert found.noted
    street = inside._street(cat)
    assert "none of its" in street
    assert not any(f">{title}</text>" in street for title in cat.titles)
    assert "Probably none of its ten things" in inside._answer(cat)


def test_what_a_file_left_open_is_said_beside_its_network_and_its_answer(cat: Session) -> None:
    own = zoo.build("resnet8", 0)
    own.note = sentences(
        _("{file} does not tell whether it has shortcuts; it is read as a residual network.", file="own<1>.pt"),
        _("Its classifier has several layers; a ReLU is assumed between them."),
    )
    cat.own = ("resnet8", own)
    cat.use_own()
    for code, says in (("en", "own&lt;1&gt;.pt does not tell"), ("zh", "分类器")):
        cat.speak(code)
        for shown in (inside._answer(cat), network_drawer._facts(cat)):
            assert says in shown
            assert "<1>" not in shown
    cat.use_network("resnet20", "trained")
    cat.speak("en")
    assert "does not tell" not in inside._answer(cat) + network_drawer._facts(cat)


def test_a_strangers_words_are_text(bar: bars.Bar, cat: Session) -> None:
    cat.own = ("<img src=x onerror=alert(1)>", cat.network)
    cat.use_own()
    assert "<img src=x" not in bar.render(cat, False)[bar.chips]


@pytest.mark.parametrize("which", ["with", "without", "both"])
def test_the_switch_is_in_the_bar_and_in_the_drawer(bar: bars.Bar, cat: Session, which: str) -> None:
    network_drawer.change_shortcuts(cat, which)
    pressed = f'data-shortcuts="{which}" aria-pressed="true"'
    for component in (bar.chips, bar.network.shortcuts):
        shown = bar.render(cat, True)[component]
        assert pressed in shown
        assert shown.count('aria-pressed="true"') == 1
        assert "data-film" in shown
    assert cat.network.config.plain == (which == "without")
    assert cat.both == (which == "both")


def test_a_network_without_a_twin_has_no_switch(bar: bars.Bar, cat: Session) -> None:
    cat.use_network("preresnet20", "trained")
    assert "data-shortcuts" not in bar.render(cat, True)[bar.chips]
    assert "data-shortcuts" not in bar.render(cat, True)[bar.network.shortcuts]
    with pytest.raises(InputError, match="no twin here"):
        network_drawer.change_shortcuts(cat, "without")


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_signs_without_words_have_names(bar: bars.Bar, code: str) -> None:
    """The button of the menu is three dots, and on phones `upload` is a camera."""
    labels = bar.labels(language(code))
    assert 'aria-label="' in labels[bar.more]["value"]
    assert labels[bar.upload]["label"]
