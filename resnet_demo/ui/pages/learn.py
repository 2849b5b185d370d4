"""The page Learn: nine steps from a puzzle to what solves it, each with a view of the visitor's network that answers.

This file lays a step out and names its events; what a step shows is computed in `lesson/`, what it says stands in
`text/<language>/lesson.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import zip_longest
from typing import Any

import gradio as gr

from ...i18n import Language, _
from .. import lesson, text
from ..components import Radio, Slider
from ..events import Events
from ..html import figure
from ..lesson import Choice, Control, Range
from ..lesson.controls import go_to, turn
from ..page import Layout, Page, choose
from ..session import Visit
from ..text.steps import Step

MATHS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
SLOTS = 2  # controls of each kind that a step may have

# A click in the drawing chooses a block, another page, or a place in a map.
PICK = """
element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-pick], [data-block]');
  if (chosen) return trigger('select', {value: chosen.dataset.pick || chosen.dataset.block});
  const map = event.target.closest('[data-rows]');
  if (!map) return;
  const box = map.querySelector('image').getBoundingClientRect();
  const [row, column] = [[event.clientY - box.top, box.height, map.dataset.rows],
                         [event.clientX - box.left, box.width, map.dataset.columns]]
    .map(([at, size, count]) => Math.max(0, Math.min(count - 1, Math.floor(at / size * count))));
  trigger('select', {value: row + ',' + column});
});
"""
# Choosing an answer shows at once whether it is right; nothing is sent.
ANSWER = """
element.addEventListener('click', (event) => {
  const chosen = event.target.closest('.rd-choice');
  if (!chosen) return;
  element.querySelectorAll('.rd-choice').forEach((choice) => {
    choice.setAttribute('aria-pressed', choice === chosen);
    choice.classList.toggle('rd-right', choice === chosen && choice.dataset.right === 'true');
    choice.classList.toggle('rd-miss', choice === chosen && choice.dataset.right !== 'true');
  });
  element.querySelector('details').open = true;
});
"""
# The next step begins at its top, on a phone too, where the bars stand above.
SCROLL = "() => document.querySelector('#pages').scrollIntoView({block: 'start'})"


@dataclass(frozen=True, kw_only=True)
class LearnPage(Layout):
    """The page, and the controls that are joined with its events."""

    steps: gr.HTML
    view: gr.HTML
    choices: list[gr.Radio]
    ranges: list[gr.Slider]
    back: gr.Button
    forward: gr.Button
    words: list[Any]  # what a step says whatever its controls are

    @property
    def page(self) -> Layout:
        return self

    @property
    def controls(self) -> list[Any]:
        return [*self.choices, *self.ranges]

    def keep(self, components: list[Any]) -> dict[Any, Any]:
        """Leave components as they are on the page: an answer stays open, and what is dragged is not pulled back."""
        return {component: gr.skip() for component in components}


def build(data_dir: str | None = None) -> LearnPage:
    steps = gr.HTML(elem_id="lesson-steps", js_on_load=choose("step", number=True))
    prose = gr.Markdown(elem_id="lesson-prose", latex_delimiters=MATHS)
    with gr.Row(elem_id="lesson-controls"):
        choices = [Radio([], elem_id=f"lesson-choice-{slot}", visible=False) for slot in range(SLOTS)]
        ranges = [Slider(0, 1, 0, elem_id=f"lesson-range-{slot}", visible=False, buttons=[]) for slot in range(SLOTS)]
    view = gr.HTML(elem_id="lesson-view", js_on_load=PICK)
    question = gr.Markdown(elem_id="lesson-question", latex_delimiters=MATHS)
    answer = gr.HTML(elem_id="lesson-answer", js_on_load=ANSWER)
    with gr.Row(elem_id="lesson-turn"):
        back = gr.Button(elem_id="lesson-back", size="md")
        forward = gr.Button(elem_id="lesson-next", size="md", variant="primary")
    for button in (back, forward):
        button.click(None, js=SCROLL)

    def render(visit: Visit) -> dict[Any, Any]:
        say, number = visit.text.lesson, visit.lesson.step
        step: Step = say.STEPS[number - 1]
        module = lesson.STEPS[number - 1]
        seen = module.view(visit)
        visit.lesson.read[number] = seen.reading
        return {
            steps: _steps(say, number),
            prose: _prose(say, step, number),
            **_set(choices, ranges, module.controls(visit), say),
            view: figure(seen.drawing, seen.reading(visit.text), seen.name, table=seen.table, say=visit.say)
            + seen.below(visit.text),
            question: f"**{say.QUESTION}** {step.question}",
            answer: _answer(say, step),
            back: gr.update(value=say.BACK, interactive=number > 1),
            forward: gr.update(value=say.NEXT, interactive=number < len(lesson.STEPS)),
        }

    words = [steps, prose, question, answer, back, forward]
    return LearnPage(
        components=[*words, *choices, *ranges, view], render=render, steps=steps, view=view, choices=choices,
        ranges=ranges, back=back, forward=forward, words=words,
    )  # fmt: skip


# What events do


def connect(page: LearnPage, events: Events) -> None:
    def turn_page(visit: Visit, by: int) -> None:
        go_to(visit, visit.lesson.step + by)

    def touch(visit: Visit, *values: Any) -> dict[Any, Any]:
        set_controls(visit, *values)
        return page.keep([*page.words, *page.controls])

    def pick_in_view(visit: Visit, what: object) -> dict[Any, Any]:
        step = visit.lesson.step
        pick(visit, what)
        if visit.page != "learn":  # a button in the drawing led to another page
            return {}
        return page.keep(page.words) if visit.lesson.step == step else {}

    touched = partial(gr.on, [control.input for control in page.controls], trigger_mode="always_last")
    events.on(touched, touch, page.controls, "lesson_control")
    events.on(page.back.click, partial(turn_page, by=-1), [], "lesson_back")
    events.on(page.forward.click, partial(turn_page, by=1), [], "lesson_next")
    events.on_click(page.steps, go_to, "learn_step")
    events.on_click(page.view, pick_in_view, "learn_lesson")


def controls(visit: Visit) -> list[Control]:
    """The controls of the open step."""
    return lesson.STEPS[visit.lesson.step - 1].controls(visit)


def settings(visit: Visit) -> dict[str, str]:
    """How the open step's controls stand, for the address; those that stand elsewhere in it are left out."""
    return {control.key: f"{control.value}" for control in controls(visit) if control.change is None}


def set_controls(visit: Visit, *values: Any) -> None:
    """Set the step's controls from what all the page's controls hold, those out of sight included."""
    declared = controls(visit)
    for kind, sent in ((Choice, values[:SLOTS]), (Range, values[SLOTS:])):
        mine = [control for control in declared if isinstance(control, kind)]
        for control, value in zip(mine, sent, strict=False):
            if value != control.value:
                turn(visit, control, value)


def pick(visit: Visit, what: object) -> None:
    """Something in the step's drawing was clicked."""
    getattr(lesson.STEPS[visit.lesson.step - 1], "pick", lesson.nothing_to_pick)(visit, str(what))


# What is shown


def _steps(say: Any, number: int) -> str:
    """All steps as a list of buttons."""
    items = "".join(
        f'<li><button type="button" class="rd-lesson-step" data-step="{index}" '
        f'{"aria-current=step " if index == number else ""}title="{escape(step.title)}" '
        f'aria-label="{index}. {escape(step.title)}">{index}</button></li>'
        for index, step in enumerate(say.STEPS, start=1)
    )
    return f'<nav aria-label="{escape(say.STEPS_LABEL)}"><ol class="rd-lesson-steps">{items}</ol></nav>'


def _prose(say: Any, step: Step, number: int) -> str:
    paragraphs = "\n\n".join(step.paragraphs)
    return f"### {number}. {step.title}\n\n{paragraphs}\n\n$${step.formula}$$\n\n*{say.SOURCE}{step.source}*"


def _set(choices: list[Any], ranges: list[Any], declared: list[Control], say: Any) -> dict[Any, Any]:
    """The page's controls as the step's: those that it has no use for are out of sight."""
    found: dict[Any, Any] = {}
    for kind, components in ((Choice, choices), (Range, ranges)):
        mine = [control for control in declared if isinstance(control, kind)]
        for component, control in zip_longest(components, mine):
            found[component] = gr.update(visible=False) if control is None else _as_set(control, say)
    return found


def _as_set(control: Control, say: Any) -> Any:
    label: str = say.LABELS[control.key]
    if isinstance(control, Choice):
        titles: Mapping[str, str] = say.OPTIONS.get(control.key, {})
        options = [(titles.get(option, option), option) for option in control.options]
        return gr.update(visible=True, label=label, choices=options, value=control.value)
    bounds: dict[str, Any] = {"minimum": control.low, "maximum": control.high, "step": control.step}
    return gr.update(visible=True, label=label, value=control.value, **bounds)


def _answer(say: Any, step: Step) -> str:
    """The choices, and the answer folded away."""
    buttons = "".join(
        f'<button type="button" class="rd-choice" aria-pressed="false" data-right="{str(index == step.right).lower()}">'
        f"{escape(choice)}</button>"
        for index, choice in enumerate(step.choices)
    )
    shown = f'<div class="rd-choices">{buttons}</div>' if buttons else ""
    summary = f"<summary>{escape(say.REVEAL)}</summary>"
    return f'{shown}<details class="rd-fold">{summary}<p>{escape(step.answer)}</p></details>'


def invitation(say: Language) -> str:
    """The words that invite to the lesson from every other page, as HTML."""
    return text.of(say.code).lesson.INVITATION


def start(say: Language) -> str:
    """What the button beside them says."""
    return text.of(say.code).lesson.START


def _query(visit: Visit) -> dict[str, str]:
    return {"step": str(visit.lesson.step), **settings(visit)}


def _asked(visit: Visit) -> Iterator[tuple[str, Callable[[str], None]]]:
    yield "step", lambda number: go_to(visit, int(number) if number.isdecimal() and len(number) < 20 else number)
    if visit.page == "learn":
        for control in controls(visit):
            yield control.key, partial(turn, visit, control)


PAGE = Page("learn", _("Learn"), build, connect, asks="neither, nor a link", query=_query, asked=_asked)
