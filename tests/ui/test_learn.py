"""The lesson: every step shows and says what was computed, in both languages, for any network and any setting."""

from __future__ import annotations

import csv
import dataclasses
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
from resnet_demo.lab import results
from resnet_demo.lab.gradients import fresh_gradients, read
from resnet_demo.lab.interventions import answer_without
from resnet_demo.lab.lens import lens
from resnet_demo.lab.reading import Side, magnitude
from resnet_demo.models.weights import load_file
from resnet_demo.models.zoo import histories
from resnet_demo.ui import address, lesson, pictures
from resnet_demo.ui import html as pieces
from resnet_demo.ui.lesson import gradient, paths, prose, shortcut
from resnet_demo.ui.lesson.controls import Choice, Range, go_to, turn
from resnet_demo.ui.lesson.state import Lesson
from resnet_demo.ui.lesson.twins import pair_of
from resnet_demo.ui.pages import learn
from resnet_demo.ui.pages.learn import LearnPage
from resnet_demo.ui.session import RANDOM, TRAINED, Session
from resnet_demo.ui.store import shared_network

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
        return learn.build(None)


def opened(session: Session, step: int, **settings: Any) -> Session:
    session.page = "learn"
    go_to(session, step)
    if step == 8:
        settings.setdefault("layers", "20")
    for key, value in settings.items():
        (control,) = [control for control in learn.controls(session) if control.key == key]
        turn(session, control, value)
    return session


def shown(page: LearnPage, session: Session) -> tuple[str, str]:
    """The drawing, and all that is said below it: the sentence in sight and the numbers that unfold."""
    view = page.render(session)[page.view]
    drawing, caption = view.split("<figcaption>", 1)
    said = re.search(r"<strong>(.*?)</strong>(?:<details.*?<p>(.*?)</p>)?", caption, re.S)
    assert said
    return drawing, html.unescape(" ".join(filter(None, said.groups())))


def summary(page: LearnPage, session: Session) -> str:
    rendered = page.render(opened(session, 9))
    return html.unescape(rendered[page.view] + rendered[page.under])


def table(page: LearnPage, session: Session) -> list[list[str]]:
    (content,) = re.findall(r'data-kind="csv" data-content="([^"]+)"', page.render(session)[page.view])
    return list(csv.reader(io.StringIO(html.unescape(content))))


# Every step


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("network", "weights"), PAIRS)
def test_every_step_is_shown_and_told(
    language: str, network: str, weights: str, page: LearnPage, picture: Image.Image
) -> None:
    session = Session(language=language)
    session.use_network(network, weights)
    session.show_picture(picture)
    for step in STEPS:
        opened(session, step)
        drawing, said = shown(page, session)
        assert "<svg" in drawing
        assert len(said) > 20
        assert not re.search(r"\bnan\b|\binf\b|None|\{", said), said
        assert len(table(page, session)) > 1
        rendered = page.render(session)
        assert prose.read(step, language).title in rendered[page.words[1]]
    assert sorted(session.of(Lesson).read) == list(STEPS)


def variants(control: Choice | Range) -> list[Any]:
    if isinstance(control, Choice):
        return [option for option in control.options if option != control.value]
    return [value for value in (control.low, control.high) if value != control.value][:1]


@pytest.mark.parametrize("step", STEPS)
def test_every_control_changes_the_picture_and_the_sentence(step: int, page: LearnPage, picture: Image.Image) -> None:
    session = Session()
    session.use_network("resnet20", TRAINED)
    session.show_picture(picture)
    opened(session, step)
    controls = learn.controls(session)
    assert controls
    for control in controls:
        before = shown(page, session)
        for value in variants(control):
            turn(session, control, value)
            after = shown(page, session)
            assert after[1] != before[1], (control.key, value)
            if control.key != "draw":  # the numbers of paths are the same, whichever blocks are deleted
                assert after[0] != before[0], (control.key, value)
        turn(session, control, control.value)
        assert shown(page, session) == before


def test_no_step_has_more_controls_than_the_page(session: Session) -> None:
    for step in STEPS:
        declared = learn.controls(opened(session, step))
        for kind in (Choice, Range):
            assert sum(isinstance(control, kind) for control in declared) <= learn.SLOTS
        for language in ("en", "zh"):
            session.language = language
            for control in declared:
                assert session.say(control.label)


def test_controls_of_the_page_are_those_of_the_step(page: LearnPage, session: Session) -> None:
    rendered = page.render(opened(session, 5))
    seen = [rendered[control].get("visible") for control in page.controls]
    assert seen == [True, True, False, False]
    rendered = page.render(opened(session, 2))
    assert [rendered[control].get("visible") for control in page.controls] == [False, False, True, True]
    learn.set_controls(session, "whatever", None, 3, 4)  # what is out of sight does not count
    assert session.of(Lesson).settings == {"row": 3, "column": 4}


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
    step: int, values: tuple[Any, ...], page: LearnPage, session: Session, sentence: Callable[[BaseException], str]
) -> None:
    opened(session, step)
    before = shown(page, session)
    with pytest.raises(InputError) as error:
        learn.set_controls(session, *values)
    sentence(error.value)
    assert shown(page, session) == before


@pytest.mark.parametrize("number", [0, 10, 1.5, "3", None, True, math.nan])
def test_there_is_no_other_step(number: Any, session: Session, sentence: Callable[[BaseException], str]) -> None:
    with pytest.raises(InputError) as error:
        go_to(session, number)
    sentence(error.value)
    assert session.of(Lesson).step == 1


@pytest.mark.parametrize(
    ("step", "what"), [(1, "layer1.0"), (2, "1"), (2, "1,99"), (4, "layer9.0"), (6, "x"), (9, "z")]
)
def test_bad_clicks_get_a_sentence(
    step: int, what: str, session: Session, sentence: Callable[[BaseException], str]
) -> None:
    with pytest.raises(InputError) as error:
        learn.pick(opened(session, step), what)
    sentence(error.value)


# One by one


def test_degradation_tells_the_histories(page: LearnPage, session: Session) -> None:
    _, said = shown(page, opened(session, 1, error="test", depth="20"))
    for name, title in (("resnet20", "ResNet-20"), ("plain20", "Plain-20")):
        error = 100 * (1 - histories()[name][-1]["test_accuracy"])
        assert f"{title} has {error:.1f} % test error" in said
    assert len(table(page, session)) == 1 + sum(len(histories()[name]) for name in ("resnet20", "plain20"))


def test_one_number_follows_the_equation(page: LearnPage, session: Session) -> None:
    learn.pick(opened(session, 2), "5,7")
    names, values = table(page, session)
    found = dict(zip(names, values, strict=True))
    assert (found["row"], found["column"]) == ("5", "7")
    assert float(found["residual"]) + float(found["shortcut"]) == pytest.approx(float(found["total"]), abs=1e-6)
    assert float(found["output"]) == max(float(found["total"]), 0)
    block, channel = session.opened, int(found["channel"])
    assert float(found["residual"]) == pytest.approx(block.residual[0, channel, 5, 7].item(), rel=1e-6)
    assert f"{float(found['total']):+.3f}".replace("-", "−") in shown(page, session)[0]


def test_what_is_kept_is_all_where_every_branch_is_zero(session: Session) -> None:
    network = shared_network("resnet8", RANDOM, 5)
    with torch.no_grad():
        for _, block in network.named_blocks():
            block.residual.get_submodule("bn2").weight.zero_()  # pyright: ignore[reportCallIssue]
    inputs = torch.randn(1, 3, 32, 32)
    assert shortcut.shares(network, inputs) == [0.0, 0.0, 0.0]
    assert shortcut.kept(network, inputs) == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("begin", gradient.CASES)
def test_gradients_are_those_of_the_experiment(begin: str, page: LearnPage, session: Session) -> None:
    """The lesson and the page Experiments say the same numbers, of the same initial weights."""
    result = results.bundled("gradients")
    assert result
    opened(session, 5, begin=begin)
    header, *rows = table(page, session)
    for column, name in enumerate(header[1:], start=1):
        expected = result.networks[name].norms[gradient.CASES[begin]].values()
        found = [float(row[column]) for row in rows]
        assert found == pytest.approx([math.nan if norm is None else norm for norm in expected], nan_ok=True)
    if begin == "norm":
        (_case, large) = fresh_gradients(Side("", result.networks["plain20"]), "He")
        _drawn, said = shown(page, session)
        assert f"{magnitude(large)} times as much" in said
        assert f"Plain-20 {magnitude(large)}" in str(read({name: result.networks[name] for name in header[1:]}))


def test_the_popular_claim_is_put_right(page: LearnPage, session: Session) -> None:
    _, with_norm = shown(page, opened(session, 5, begin="norm"))
    assert with_norm.startswith("The gradient does not vanish in Plain-20")
    assert "vanishing gradients are not what shortcuts cure here" in with_norm
    _, small = shown(page, opened(session, 5, begin="small"))
    assert small.startswith("Without batch norm the gradient vanishes in Plain-20, but not with shortcuts")


def test_a_cut_is_answered_by_both(page: LearnPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    learn.pick(opened(session, 6), "layer2.1")
    header, *rows = table(page, session)
    assert header == ["network", "class", "before", "after"]
    for name in ("resnet20", "plain20"):
        network = pair_of(session)[name]
        expected = answer_without(network, session.seen.image, ["layer2.1"])[0].softmax(0)
        assert [float(row[3]) for row in rows if row[0] == name] == pytest.approx(expected.tolist(), abs=1e-6)
    learn.pick(session, "layer2.1")
    assert not session.cut


def test_paths_are_counted(page: LearnPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    _, said = shown(page, opened(session, 7, deleted=3))
    assert "9 blocks make 2⁹ = 512 paths" in said
    assert "one in 8 is left, 2⁶ = 64" in said
    _, *rows = table(page, session)
    assert [int(row[1]) for row in rows] == [comb(9, k) for k in range(10)]
    assert [int(row[2]) for row in rows] == [comb(6, k) for k in range(10)]
    opened(session, 7, show="gradient")
    shares = [float(row[3]) for row in table(page, session)[1:]]
    assert sum(shares) == pytest.approx(1)


def test_a_plain_network_has_one_path(page: LearnPage, session: Session) -> None:
    session.use_network("plain8", RANDOM)
    _, said = shown(page, opened(session, 7, show="gradient"))
    assert "its only path leads through all 3" in said


def test_the_summary_recalls_what_was_read_out(page: LearnPage, session: Session) -> None:
    opened(session, 3, place=2)
    page.render(session)
    first = str(session.of(Lesson).read[3])
    assert first.startswith("In block 2.0, F(x) is")
    rendered = html.unescape(page.render(opened(session, 9))[page.under])
    assert first in rendered
    assert rendered.count("not opened yet") == 7
    session.language = "zh"
    rendered = html.unescape(page.render(session)[page.under])
    assert "块 2.0 中，F(x) 的长度是" in rendered  # the same numbers in the other language
    learn.pick(session, "3")
    assert session.of(Lesson).step == 3
    opened(session, 9)
    learn.pick(session, "train")
    assert session.page == "train"


def test_the_answer_grows_as_through_the_lens(page: LearnPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    opened(session, 9)
    expected = lens(session.network, session.seen.image).logits[:, 0].softmax(1)[:, session.seen.target]
    header, *rows = table(page, session)
    column = header.index("resnet20")
    assert [float(row[column]) for row in rows] == pytest.approx(expected.tolist(), abs=1e-6)


def test_networks_without_a_twin_stand_alone(page: LearnPage, picture: Image.Image) -> None:
    session = Session()
    session.use_network("resnet50", RANDOM)
    session.show_picture(picture)
    assert list(pair_of(session)) == ["resnet50"]
    _, said = shown(page, opened(session, 6))
    assert "no twin here" in said
    assert [control.key for control in learn.controls(opened(session, 7))] == ["show", "deleted", "draw"]
    (show, *_) = learn.controls(session)
    assert isinstance(show, Choice)
    assert list(show.options) == ["count"]  # the walks would take minutes


def test_what_another_network_left_behind_is_brought_within_bounds(page: LearnPage, session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    opened(session, 7, deleted=7)
    session.use_network("resnet8", RANDOM)
    _, said = shown(page, session)
    assert "2³ = 8 paths" in said


# What the lesson brings


def test_the_lesson_begins_with_networks_that_show_its_point(picture: Image.Image) -> None:
    session = Session()
    session.show_picture(picture)
    learn.enter(session, named=False)
    assert (session.name, session.weights) == (learn.NETWORK, TRAINED)
    assert list(pair_of(session)) == ["resnet56", "plain56"]
    session.use_network("resnet20", TRAINED)
    learn.enter(session, named=False)  # chosen by the visitor, who comes back
    assert session.name == "resnet20"


def test_other_pages_go_on_with_the_network_that_was_there(picture: Image.Image) -> None:
    session = Session()
    session.show_picture(picture)
    learn.enter(session, named=False)
    assert "The lesson looks at ResNet-56; the other pages go on with ResNet-20." in learn._keys(session)
    learn.leave(session)
    assert (session.name, session.weights) == ("resnet20", TRAINED)
    learn.enter(session, named=False)
    assert session.name == learn.NETWORK
    session.page = "learn"
    go_to(session, 9)
    learn.pick(session, "cut")
    assert (session.page, session.name) == ("cut", "resnet20")
    learn.enter(session, named=False)
    session.use_network("plain20", TRAINED)  # chosen within the lesson
    learn.leave(session)
    assert session.name == "plain20"
    learn.enter(session, named=False)
    assert session.name == "plain20"


def test_a_page_that_is_loaded_again_knows_what_was_opened_and_answered(page: LearnPage, session: Session) -> None:
    right = {number: prose.read(number, "en").right or 0 for number in STEPS}
    learn.answer(session, f"1,{right[1]} 2,0 4,{right[4] % 3 + 1}")
    below = summary(page, session)
    assert "At the first attempt, 1 of 9 questions was answered correctly." in below
    assert "Not answered yet: steps 2, 3, 5, 6, 7, 8 and 9." in below
    assert below.count("opened before the page was loaded again") == 3
    assert below.count("not opened yet") == 5


def test_a_step_is_computed_once_and_anew_where_something_changes(
    page: LearnPage, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.use_network("resnet8", RANDOM)
    made: list[int] = []
    step = lesson.STEPS[3]
    spied = dataclasses.replace(step, view=lambda session: made.append(1) or step.view(session))
    monkeypatch.setattr(lesson, "STEPS", (*lesson.STEPS[:3], spied, *lesson.STEPS[4:]))
    ahead = learn.drawn(session, 4, learn.seen_in(session, 4))
    assert page.render(opened(session, 4))[page.view] == ahead
    assert len(made) == 1
    opened(session, 4, measure="kept")
    assert page.render(session)[page.view] != ahead
    session.use_network("resnet20", TRAINED)
    page.render(session)
    session.language = "zh"
    page.render(session)
    assert len(made) == 4


def test_one_sentence_reads_a_figure_out(page: LearnPage) -> None:
    """It is short, and the numbers unfold."""
    session = Session()
    address.read(session, {"tab": "learn", "picture": "cat"})
    for step in STEPS:
        seen = page.render(opened(session, step))[page.view]
        *_score, said = re.findall(r"<strong>(.*?)</strong>", seen)
        assert len(html.unescape(said)) <= 170, said  # two lines
        assert f'data-step="{step}"' in seen


@pytest.mark.parametrize(("query", "name"), [({}, "resnet56"), ({"model": "resnet20"}, "resnet20"),
                                             ({"model": "plain20"}, "plain20")])  # fmt: skip
def test_an_address_may_name_another_network(query: dict[str, str], name: str) -> None:
    session = Session()
    address.read(session, {"tab": "learn", "picture": "cat", **query})
    assert session.name == name
    learn.enter(session, named=False)
    assert session.name == name


def test_a_chosen_network_stays(picture: Image.Image) -> None:
    session = Session()
    session.use_network("resnet8", RANDOM)
    session.show_picture(picture)
    learn.enter(session, named=False)
    assert session.name == "resnet8"


@pytest.mark.parametrize(("network", "relu"), [("preresnet20", False), ("resnet20", True)])
def test_the_prose_is_that_of_the_network_in_sight(
    network: str, relu: bool, page: LearnPage, picture: Image.Image
) -> None:
    session = Session()
    session.use_network(network, TRAINED)
    session.show_picture(picture)
    for step in STEPS:
        rendered = page.render(opened(session, step))
        if step in (2, 6):
            section = rendered[page.words[1]].split(f'data-of="{step}">')[1].split("</section>")[0]
            assert (r"\mathrm{ReLU}\bigl(" in section) == relu
        if step == 2:
            assert ("No ReLU follows the sum" in rendered[page.view]) != relu


def test_the_first_draw_tells_the_networks_apart(page: LearnPage) -> None:
    session = Session()
    address.read(session, {"tab": "learn", "step": "7", "picture": "cat"})
    draw = next(control for control in learn.controls(session) if control.key == "draw")
    parts = [paths._parts(session, pair_of(session), place, 1) for place in range(1, int(draw.value) + 1)]
    assert parts == [*[False] * (len(parts) - 1), True]
    _drawn, said = shown(page, session)
    assert "The network with shortcuts keeps its answer, the plain one loses it." in said
    turn(session, draw, 20)  # what a visitor chooses stays
    assert next(control for control in learn.controls(session) if control.key == "draw").value == 20


def test_without_a_twin_the_first_draw_is_the_first(session: Session) -> None:
    session.use_network("preresnet20", RANDOM)
    assert paths.telling_draw(opened(session, 7), 1) == 1
    assert paths.telling_draw(session, 0) == 1


def test_answers_are_counted_and_kept(
    page: LearnPage, session: Session, sentence: Callable[[BaseException], str]
) -> None:
    right = {number: prose.read(number, "en").right or 0 for number in STEPS}
    opened(session, 1)
    learn.answer(session, f"1,{right[1]}")
    learn.answer(session, f"1,{3 - right[1]}")  # the first one counts
    learn.answer(session, f"2,{right[2] % 3 + 1}")
    view = summary(page, session)
    assert "At the first attempt, 1 of 9 questions was answered correctly." in view
    assert "Not answered yet: steps 3, 4, 5, 6, 7, 8 and 9." in view
    assert "Question not answered yet." not in view  # of steps that were not opened
    assert (view.count("Question answered correctly."), view.count("Question answered wrongly at first.")) == (1, 1)
    assert page.render(opened(session, 1))[page.answer].count('aria-pressed="true"') == 2  # in steps 1 and 2
    for wrong in ("0,1", "10,1", "3,9", "3", "x,y", None, "3,1,2", "", "1,2 3"):
        with pytest.raises(InputError) as error:
            learn.answer(session, wrong)
        sentence(error.value)


@pytest.mark.parametrize("name", ["resnet8", "resnet20"])
def test_the_network_without_a_shortcut_is_downloaded_and_opened(
    name: str, page: LearnPage, picture: Image.Image
) -> None:
    session = Session()
    session.use_network(name, RANDOM if name == "resnet8" else TRAINED)
    session.show_picture(picture)
    offered = page.render(opened(session, 9))[page.save]
    assert offered["visible"]
    loaded = load_file(offered["value"])
    assert loaded.config.plain
    inputs = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert (loaded(inputs) - session.network(inputs)).abs().max() <= 1e-4
    other = Session()
    other.use_file(offered["value"])
    other.show_picture(picture)
    assert other.seen.target == session.seen.target
    for step in STEPS:  # it is a plain network like any other
        assert "<svg" in shown(page, opened(other, step))[0]


def test_where_there_is_no_such_network_that_of_the_record_is_offered(page: LearnPage, session: Session) -> None:
    session.use_network("plain20", TRAINED)
    offered = page.render(opened(session, 9))[page.save]
    assert "ResNet-56 without shortcuts" in offered["label"]
    assert offered["value"].endswith("resnet56-without-shortcuts.safetensors")
    assert not page.render(opened(session, 8))[page.save]["visible"]


def test_step_6_tells_what_was_measured_of_the_networks_in_sight(page: LearnPage, session: Session) -> None:
    assert "deleting one block adds" not in page.render(opened(session, 6))[page.under]  # random weights
    session.use_network("resnet20", TRAINED)
    assert "In Plain-20, deleting one block adds" in page.render(opened(session, 6))[page.under]


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
def test_the_address_leads_back(step: int, settings: dict[str, Any], session: Session, page: LearnPage) -> None:
    session.use_network("resnet20", TRAINED)
    session.show_picture(pictures.example_picture(session, "cat"), "cat")
    opened(session, step, **settings)
    query = dict(pair.split("=") for pair in address.write(session).split("&"))
    assert query["step"] == str(step)
    other = Session()
    address.read(other, query)
    assert (other.page, other.of(Lesson).step) == ("learn", step)
    assert learn.controls(other) == learn.controls(session) or step in (3, 4, 6)  # these hold functions
    assert shown(page, other)[1] == shown(page, session)[1]


def test_a_wrong_address_is_told_and_left(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: warnings.append(text))
    other = Session()
    address.read(other, {"tab": "learn", "step": "12", "picture": "cat", "error": "<b>"})
    assert (other.page, other.of(Lesson).step) == ("learn", 1)
    assert len(warnings) == 2
    assert all("<b>" not in warning for warning in warnings)


def test_a_teachers_link_opens_a_step_with_a_cut(page: LearnPage) -> None:
    session = Session()
    query = {"tab": "learn", "step": "6", "model": "resnet20", "picture": "cat", "cut": "layer2.1"}
    address.read(session, query)
    assert "Without block 2.1: ResNet-20" in shown(page, session)[1]


# Pieces


def test_numbers_of_a_figure_can_be_saved() -> None:
    rows = [("a", "b"), (1, 'two, "three"'), (0.5, "<img>")]
    drawn = pieces.figure("<svg/>", "caption", "name", table=rows)
    (content,) = re.findall(r'data-content="([^"]*)"', drawn)
    assert list(csv.reader(io.StringIO(html.unescape(content)))) == [
        ["a", "b"],
        ["1", 'two, "three"'],
        ["0.5", "<img>"],
    ]
    assert "<img>" not in drawn
    assert "csv" not in pieces.figure("<svg/>", "caption", "name")


def test_the_lesson_has_a_text_for_every_step() -> None:
    assert len(lesson.STEPS) == len(prose.names()) == len(STEPS)
