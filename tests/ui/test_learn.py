"""The lesson: every step shows and says what was computed, in both languages, for any network and any setting."""

from __future__ import annotations

import csv
import html
import io
import math
import re
from collections.abc import Callable
from math import comb
from typing import Any

import gradio as gr
import pytest
import torch
from PIL import Image

from resnet_demo.errors import InputError
from resnet_demo.lab.gradients import gradients
from resnet_demo.lab.lens import lens
from resnet_demo.lab.wires import answer_without
from resnet_demo.models.zoo import histories
from resnet_demo.ui import address, bars, lesson, parts
from resnet_demo.ui.lesson import gradient, shortcut
from resnet_demo.ui.lesson.controls import Choice, Range, go_to, turn
from resnet_demo.ui.lesson.examples import labelled
from resnet_demo.ui.lesson.twins import pair_of
from resnet_demo.ui.pages import learn
from resnet_demo.ui.pages.learn import LearnPage
from resnet_demo.ui.session import RANDOM, TRAINED, Visit, shared_network

STEPS = range(1, 10)
PAIRS = (("resnet8", RANDOM), ("plain8", RANDOM), ("resnet20", TRAINED), ("plain20", TRAINED))


@pytest.fixture(scope="module", autouse=True)
def small_networks() -> Any:
    """The steps that always compare 56 layers do it with 20 here: the tests need no more."""
    patch = pytest.MonkeyPatch()
    patch.setattr(gradient, "LAYERS", ("20",))
    yield
    patch.undo()


@pytest.fixture
def page() -> LearnPage:
    with gr.Blocks():
        return learn.build()


def opened(visit: Visit, step: int, **settings: Any) -> Visit:
    visit.page = "learn"
    go_to(visit, step)
    if step == 8:
        settings.setdefault("layers", "20")
    for key, value in settings.items():
        (control,) = [control for control in learn.controls(visit) if control.key == key]
        turn(visit, control, value)
    return visit


def shown(page: LearnPage, visit: Visit) -> tuple[str, str]:
    """The drawing and the sentence below it."""
    view = page.page.render(visit)[page.view]
    drawing, caption = view.split("<figcaption>", 1)
    said = re.search(r"<span>(.*?)</span>", caption, re.S)
    assert said
    return drawing, html.unescape(said[1])


def table(page: LearnPage, visit: Visit) -> list[list[str]]:
    (content,) = re.findall(r'data-kind="csv" data-content="([^"]+)"', page.page.render(visit)[page.view])
    return list(csv.reader(io.StringIO(html.unescape(content))))


# Every step


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("network", "weights"), PAIRS)
def test_every_step_is_shown_and_told(
    language: str, network: str, weights: str, page: LearnPage, picture: Image.Image
) -> None:
    visit = Visit(language=language)
    visit.use_network(network, weights)
    visit.show_picture(picture)
    for step in STEPS:
        opened(visit, step)
        drawing, said = shown(page, visit)
        assert "<svg" in drawing
        assert len(said) > 20
        assert not re.search(r"\bnan\b|\binf\b|None|\{", said), said
        assert len(table(page, visit)) > 1
        rendered = page.page.render(visit)
        assert visit.text.lesson.STEPS[step - 1].title in rendered[page.words[1]]
    assert sorted(visit.lesson.read) == list(STEPS)


def variants(control: Choice | Range) -> list[Any]:
    if isinstance(control, Choice):
        return [option for option in control.options if option != control.value]
    return [value for value in (control.low, control.high) if value != control.value][:1]


@pytest.mark.parametrize("step", STEPS)
def test_every_control_changes_the_picture_and_the_sentence(step: int, page: LearnPage, picture: Image.Image) -> None:
    visit = Visit()
    visit.use_network("resnet20", TRAINED)
    visit.show_picture(picture)
    opened(visit, step)
    controls = learn.controls(visit)
    assert controls
    for control in controls:
        before = shown(page, visit)
        for value in variants(control):
            turn(visit, control, value)
            after = shown(page, visit)
            assert after[1] != before[1], (control.key, value)
            if control.key != "draw":  # the numbers of paths are the same, whichever blocks are deleted
                assert after[0] != before[0], (control.key, value)
        turn(visit, control, control.value)
        assert shown(page, visit) == before


def test_no_step_has_more_controls_than_the_page(visit: Visit) -> None:
    for step in STEPS:
        declared = learn.controls(opened(visit, step))
        for kind in (Choice, Range):
            assert sum(isinstance(control, kind) for control in declared) <= learn.SLOTS
        for language in ("en", "zh"):
            visit.language = language
            for control in declared:
                assert control.key in visit.text.lesson.LABELS


def test_controls_of_the_page_are_those_of_the_step(page: LearnPage, visit: Visit) -> None:
    rendered = page.page.render(opened(visit, 5))
    seen = [rendered[control].get("visible") for control in page.controls]
    assert seen == [True, True, False, False]
    rendered = page.page.render(opened(visit, 2))
    assert [rendered[control].get("visible") for control in page.controls] == [False, False, True, True]
    learn.set_controls(visit, "whatever", None, 3, 4)  # what is out of sight does not count
    assert visit.lesson.settings == {"row": 3, "column": 4}


@pytest.mark.parametrize(
    ("step", "values"),
    [
        (1, ("validation", "all", None, None)),
        (1, (["train"], "all", None, None)),
        (2, (None, None, 32, 0)),
        (2, (None, None, math.nan, 0)),
        (3, (None, None, 0, None)),
        (3, (None, None, 1.5, None)),
        (6, (None, None, 1e9, None)),
        (6, (None, None, "a", None)),
        (7, ("count", None, -1, 1)),
    ],
)
def test_bad_values_get_a_sentence(
    step: int, values: tuple[Any, ...], page: LearnPage, visit: Visit, sentence: Callable[[BaseException], str]
) -> None:
    opened(visit, step)
    before = shown(page, visit)
    with pytest.raises(InputError) as error:
        learn.set_controls(visit, *values)
    sentence(error.value)
    assert shown(page, visit) == before


@pytest.mark.parametrize("number", [0, 10, 1.5, "3", None, True, math.nan])
def test_there_is_no_other_step(number: Any, visit: Visit, sentence: Callable[[BaseException], str]) -> None:
    with pytest.raises(InputError) as error:
        go_to(visit, number)
    sentence(error.value)
    assert visit.lesson.step == 1


@pytest.mark.parametrize(
    ("step", "what"), [(1, "layer1.0"), (2, "1"), (2, "1,99"), (4, "layer9.0"), (6, "x"), (9, "z")]
)
def test_bad_clicks_get_a_sentence(
    step: int, what: str, visit: Visit, sentence: Callable[[BaseException], str]
) -> None:
    with pytest.raises(InputError) as error:
        learn.pick(opened(visit, step), what)
    sentence(error.value)


# One by one


def test_degradation_tells_the_histories(page: LearnPage, visit: Visit) -> None:
    _, said = shown(page, opened(visit, 1, error="test", depth="20"))
    for name, title in (("resnet20", "ResNet-20"), ("plain20", "Plain-20")):
        error = 100 * (1 - histories()[name][-1]["test_accuracy"])
        assert f"{title} has {error:.1f} % test error" in said
    assert len(table(page, visit)) == 1 + sum(len(histories()[name]) for name in ("resnet20", "plain20"))


def test_one_number_follows_the_equation(page: LearnPage, visit: Visit) -> None:
    learn.pick(opened(visit, 2), "5,7")
    names, values = table(page, visit)
    found = dict(zip(names, values, strict=True))
    assert (found["row"], found["column"]) == ("5", "7")
    assert float(found["residual"]) + float(found["shortcut"]) == pytest.approx(float(found["total"]), abs=1e-6)
    assert float(found["output"]) == max(float(found["total"]), 0)
    block, channel = visit.opened, int(found["channel"])
    assert float(found["residual"]) == block.residual[0, channel, 5, 7].item()
    assert f"{float(found['total']):+.3f}".replace("-", "−") in shown(page, visit)[0]


def test_what_is_kept_is_all_where_every_branch_is_zero(visit: Visit) -> None:
    network = shared_network("resnet8", RANDOM, 5)
    with torch.no_grad():
        for _, block in network.named_blocks():
            block.residual.get_submodule("bn2").weight.zero_()  # pyright: ignore[reportCallIssue]
    inputs = torch.randn(1, 3, 32, 32)
    assert shortcut.shares(network, inputs) == [0.0, 0.0, 0.0]
    assert shortcut.kept(network, inputs) == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)


def test_gradients_are_those_of_the_experiment(page: LearnPage, visit: Visit) -> None:
    opened(visit, 5, begin="trained")
    header, *rows = table(page, visit)
    for column, name in enumerate(header[1:], start=1):
        expected = gradients(shared_network(name, TRAINED, 0), *labelled())
        assert [float(row[column]) for row in rows] == pytest.approx(list(expected.values()), rel=1e-4)


def test_the_popular_claim_is_put_right(page: LearnPage, visit: Visit) -> None:
    _, with_norm = shown(page, opened(visit, 5, begin="norm"))
    assert "It does not vanish in Plain-20" in with_norm
    assert "vanishing is not what shortcuts cure here" in with_norm
    _, small = shown(page, opened(visit, 5, begin="small"))
    assert "Without batch norm it vanishes in Plain-20" in small
    assert "Shortcuts keep it up." in small


def test_a_cut_is_answered_by_both(page: LearnPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    learn.pick(opened(visit, 6), "layer2.1")
    header, *rows = table(page, visit)
    assert header == ["network", "class", "before", "after"]
    for name in ("resnet20", "plain20"):
        network = pair_of(visit)[name]
        expected = answer_without(network, visit.seen.image, ["layer2.1"])[0].softmax(0)
        assert [float(row[3]) for row in rows if row[0] == name] == pytest.approx(expected.tolist(), abs=1e-6)
    learn.pick(visit, "layer2.1")
    assert not visit.cut


def test_paths_are_counted(page: LearnPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    _, said = shown(page, opened(visit, 7, deleted=3))
    assert "9 blocks make 2⁹ = 512 paths" in said
    assert "one in 8 is left, 2⁶ = 64" in said
    _, *rows = table(page, visit)
    assert [int(row[1]) for row in rows] == [comb(9, k) for k in range(10)]
    assert [int(row[2]) for row in rows] == [comb(6, k) for k in range(10)]
    opened(visit, 7, show="gradient")
    shares = [float(row[3]) for row in table(page, visit)[1:]]
    assert sum(shares) == pytest.approx(1)


def test_a_plain_network_has_one_path(page: LearnPage, visit: Visit) -> None:
    visit.use_network("plain8", RANDOM)
    _, said = shown(page, opened(visit, 7, show="gradient"))
    assert "its only path leads through all 3" in said


def test_the_summary_recalls_what_was_read_out(page: LearnPage, visit: Visit) -> None:
    _, first = shown(page, opened(visit, 3, place=2))
    rendered = html.unescape(page.page.render(opened(visit, 9))[page.view])
    assert first in rendered
    assert rendered.count("not opened yet") == 7
    visit.language = "zh"
    rendered = html.unescape(page.page.render(visit)[page.view])
    assert "块 2.0 是 3 个块中的第 2 个" in rendered  # the same numbers in the other language
    learn.pick(visit, "3")
    assert visit.lesson.step == 3
    opened(visit, 9)
    learn.pick(visit, "train")
    assert visit.page == "train"


def test_the_answer_grows_as_through_the_lens(page: LearnPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    opened(visit, 9)
    expected = lens(visit.network, visit.seen.image).logits[:, 0].softmax(1)[:, visit.seen.target]
    header, *rows = table(page, visit)
    column = header.index("resnet20")
    assert [float(row[column]) for row in rows] == pytest.approx(expected.tolist(), abs=1e-6)


def test_networks_without_a_twin_stand_alone(page: LearnPage, picture: Image.Image) -> None:
    visit = Visit()
    visit.use_network("resnet50", RANDOM)
    visit.show_picture(picture)
    assert list(pair_of(visit)) == ["resnet50"]
    _, said = shown(page, opened(visit, 6))
    assert "no twin here" in said
    assert [control.key for control in learn.controls(opened(visit, 7))] == ["show", "deleted", "draw"]
    (show, *_) = learn.controls(visit)
    assert isinstance(show, Choice)
    assert show.options == ("count",)  # the walks would take minutes


def test_what_another_network_left_behind_is_brought_within_bounds(page: LearnPage, visit: Visit) -> None:
    visit.use_network("resnet20", TRAINED)
    opened(visit, 7, deleted=7)
    visit.use_network("resnet8", RANDOM)
    _, said = shown(page, visit)
    assert "2³ = 8 paths" in said


# The address


@pytest.mark.parametrize(
    ("step", "settings"),
    [
        (1, {"error": "test", "depth": "20"}),
        (2, {"row": 3, "column": 5}),
        (3, {"place": 2}),
        (4, {"measure": "kept", "place": 3}),
        (6, {"alpha": 0.5}),
        (7, {"show": "count", "deleted": 1, "draw": 4}),
        (8, {"away": -0.4, "line": 2}),
        (9, {"after": 1}),
    ],
)
def test_the_address_leads_back(step: int, settings: dict[str, Any], visit: Visit, page: LearnPage) -> None:
    visit.use_network("resnet20", TRAINED)
    visit.show_picture(bars.example_picture(visit, "cat"), "cat")
    opened(visit, step, **settings)
    query = dict(pair.split("=") for pair in address.write(visit).split("&"))
    assert query["step"] == str(step)
    other = Visit()
    address.read(other, query)
    assert (other.page, other.lesson.step) == ("learn", step)
    assert learn.controls(other) == learn.controls(visit) or step in (3, 4, 6)  # these hold functions
    assert shown(page, other)[1] == shown(page, visit)[1]


def test_a_wrong_address_is_told_and_left(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: warnings.append(text))
    other = Visit()
    address.read(other, {"tab": "learn", "step": "12", "picture": "cat", "error": "<b>"})
    assert (other.page, other.lesson.step) == ("learn", 1)
    assert len(warnings) == 2
    assert all("<b>" not in warning for warning in warnings)


def test_a_teachers_link_opens_a_step_with_a_cut(page: LearnPage) -> None:
    visit = Visit()
    query = {"tab": "learn", "step": "6", "model": "resnet20", "picture": "cat", "cut": "layer2.1"}
    address.read(visit, query)
    assert shown(page, visit)[1].startswith("Without block 2.1: ResNet-20")


# Pieces


def test_numbers_of_a_figure_can_be_saved() -> None:
    rows = [("a", "b"), (1, 'two, "three"'), (0.5, "<img>")]
    drawn = parts.figure("<svg/>", "caption", "name", table=rows)
    (content,) = re.findall(r'data-content="([^"]*)"', drawn)
    assert list(csv.reader(io.StringIO(html.unescape(content)))) == [
        ["a", "b"],
        ["1", 'two, "three"'],
        ["0.5", "<img>"],
    ]
    assert "<img>" not in drawn
    assert "csv" not in parts.figure("<svg/>", "caption", "name")


def test_the_lesson_has_a_text_for_every_step(visit: Visit) -> None:
    assert len(lesson.STEPS) == len(visit.text.lesson.STEPS) == len(STEPS)
