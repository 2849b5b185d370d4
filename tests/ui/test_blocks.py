"""What gradio does with an event's answer: its work is in proportion to what is new."""

from __future__ import annotations

from typing import Any

import gradio as gr
import loops
import pytest
from gradio.components import Component
from gradio.state_holder import SessionState

from resnet_demo.ui import visits
from resnet_demo.ui.blocks import Blocks
from resnet_demo.ui.pictures import example_picture, first_example
from resnet_demo.ui.shell import build_demo


def answered(kind: type[gr.Blocks], answer: Any, count: int = 4) -> list[Any]:
    """What the page is sent, with a state and three boxes as outputs; `answer` is given the boxes."""
    with kind() as demo:
        key, boxes = gr.State("old"), [gr.Textbox() for _ in range(count - 1)]
        demo.load(lambda: None, None, [key, *boxes])
    (fn,) = demo.fns.values()
    state = SessionState(demo)
    sent = loops.run(demo.postprocess_data(fn, answer(key, boxes), state))
    return [*sent, state[key._id]]


ANSWERS = {
    "nothing": lambda key, boxes: gr.skip(),
    "one": lambda key, boxes: {boxes[1]: "new"},
    "the state": lambda key, boxes: {key: "mine", boxes[0]: "new", boxes[2]: None},
    "an update": lambda key, boxes: {boxes[0]: gr.update(label="a"), boxes[1]: gr.update(value="b", visible=False)},
    "one that skips": lambda key, boxes: {boxes[0]: gr.skip(), boxes[2]: "new"},
    "all": lambda key, boxes: {key: "mine", **dict.fromkeys(boxes, "new")},
    "a list": lambda key, boxes: ["mine", "a", gr.skip(), "c"],
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_page_is_sent_what_gradio_would_send(answer: Any) -> None:
    assert answered(Blocks, answer) == answered(gr.Blocks, answer)


def test_a_component_that_the_event_does_not_have_is_refused_as_by_gradio() -> None:
    def stray(key: Any, boxes: list[Any]) -> Any:
        with gr.Blocks():
            return {boxes[0]: "new", gr.Textbox(): "new"}

    for kind in (Blocks, gr.Blocks):
        with pytest.raises(ValueError, match="not specified as output"):
            answered(kind, stray)


def test_what_stays_as_it_is_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = build_demo()
    (fn,) = (fn for fn in demo.fns.values() if fn.api_name == "inside_block")
    built: list[str] = []
    first = Component.__init__

    def counted(self: Any, *values: Any, **options: Any) -> None:
        built.append(type(self).__name__)
        first(self, *values, **options)

    monkeypatch.setattr(Component, "__init__", counted)
    street, choice = (next(c for c in fn.outputs if c.elem_id == name) for name in ("street", "block-choice"))
    answer = {street: "drawing", choice: gr.update(value="layer1.1")}
    sent = loops.run(demo.postprocess_data(fn, answer, SessionState(demo)))
    assert built == ["Dropdown"]
    assert len(sent) == len(fn.outputs) > 50


def test_an_event_names_and_sends_what_it_changes() -> None:
    """Upper bounds of an answer with ResNet-56: its components, and the bytes of its values."""
    demo = build_demo()
    session, _again = visits.begin()
    session.use_network("resnet56", "trained")
    session.show_picture(example_picture(session, first_example(session)), first_example(session))

    def sent(api_name: str, *values: Any) -> tuple[int, int]:
        (fn,) = (fn for fn in demo.fns.values() if fn.api_name == api_name)
        shown = fn.fn(session.key, *values)  # pyright: ignore[reportOptionalCall]
        return len(shown), sum(len(str(value)) for value in shown.values())

    click = gr.EventData(None, {})
    sent("page_inside")
    sent("inside_block", "layer2.1", click)
    for event, values, most in (
        ("inside_block", ("layer2.2", click), (9, 200_000)),
        ("inside_channel", (3, click), (7, 60_000)),
        ("page_inside", (), (24, 5_000)),  # with all of the bar
    ):
        count, size = sent(event, *values)
        assert count <= most[0], (event, count)
        assert size <= most[1], (event, size)
