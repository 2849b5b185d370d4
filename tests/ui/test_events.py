"""An event changes the visit and shows it anew, or tells in a sentence why not."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from resnet_demo.errors import InputError
from resnet_demo.ui.events import Events, merge
from resnet_demo.ui.session import Visit, new_visit


@pytest.fixture
def parts() -> dict[str, Any]:
    with gr.Blocks():
        return {"key": gr.State(None), "clicked": gr.JSON(), "text": gr.Textbox(), "other": gr.Textbox()}


@pytest.fixture
def events(parts: dict[str, Any]) -> Events:
    def show(visit: Visit, whole: bool) -> dict[Any, Any]:
        return {parts["key"]: visit.key, parts["text"]: f"{visit.page}, {'all' if whole else 'some'}"}

    def restore(visit: Visit) -> dict[Any, Any]:
        return {parts["other"]: visit.name}

    return Events(parts["key"], parts["clicked"], [parts["text"]], show, [parts["text"], parts["other"]], restore)


def test_the_visit_is_changed_and_then_shown(events: Events, parts: dict[str, Any]) -> None:
    visit = new_visit()

    def turn(visit: Visit, page: str) -> None:
        visit.page = page

    shown = events.handler(turn)(visit.key, "cut")
    assert shown == {parts["key"]: visit.key, parts["text"]: "cut, some"}
    assert events.handler(turn, whole=True)(visit.key, "learn")[parts["text"]] == "learn, all"


def test_what_an_event_says_besides_has_the_last_word(events: Events, parts: dict[str, Any]) -> None:
    said = {parts["text"]: "this", parts["other"]: "that"}
    shown = events.handler(lambda visit: said)(new_visit().key)
    assert (shown[parts["text"]], shown[parts["other"]]) == ("this", "that")


def test_a_sentence_becomes_a_notice_and_the_visit_goes_on(events: Events) -> None:
    visit = new_visit()

    def refuse(visit: Visit) -> None:
        raise InputError("Not <so>.")

    with pytest.raises(gr.Error) as error:
        events.handler(refuse)(visit.key)
    assert error.value.message == "Not &lt;so&gt;."
    assert not visit.lock.locked()


def test_a_notice_speaks_the_language_of_the_visit(events: Events) -> None:
    visit = new_visit()
    visit.speak("zh")

    def refuse(visit: Visit) -> None:
        raise InputError("There is no file {path}.", path="cat.png")

    with pytest.raises(gr.Error) as error:
        events.handler(refuse)(visit.key)
    assert error.value.message == "没有文件 cat.png。"


def test_what_was_refused_is_put_back(events: Events, parts: dict[str, Any]) -> None:
    visit = new_visit()
    assert events._restored(visit.key) == {
        parts["key"]: visit.key, parts["text"]: "classify, all", parts["other"]: "resnet20"
    }  # fmt: skip
    assert events._restored("of no visit") == {parts["key"]: "of no visit"}


def test_updates_of_one_component_are_merged(parts: dict[str, Any]) -> None:
    text, other = parts["text"], parts["other"]
    merged = merge({text: gr.update(label="a", value="b"), other: 1}, {text: gr.update(value="c"), other: 2})
    assert merged == {text: gr.update(label="a", value="c"), other: 2}
    assert merge({text: "plain"}, {text: gr.update(label="a")}) == {text: gr.update(value="plain", label="a")}
    assert merge({text: gr.update(label="a")}, {text: "plain"}) == {text: gr.update(label="a", value="plain")}
