"""The page Learn: nine steps from a puzzle to what solves it, each with a view of the visitor's network that answers.

This file lays a step out and names its events; what a step shows is computed in `lesson/`, its prose stands in
`locale/lesson/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...errors import InputError
from ...i18n import Language, _
from .. import lesson
from ..bounds import one_of
from ..captions import lesson as captions
from ..components import Radio, Slider
from ..events import TOGETHER, Events, in_session
from ..html import figure, pressed
from ..lesson import Choice, Control, Range
from ..lesson import prose as proses
from ..lesson.controls import go_to, turn
from ..lesson.prose import Prose
from ..lesson.state import Lesson
from ..page import Layout, Page, choose
from ..session import FIRST_NETWORK, TRAINED, Session

MATHS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
NETWORK = "resnet56"  # of the lesson, beside its twin: with 20 layers steps 4, 6 and 7 hardly show their point
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
# Choosing an answer shows at once whether it is right; it is sent for the score at the end.
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
  trigger('select', {value: chosen.dataset.choice});
});
"""
# The next step begins at its top, on a phone too, where the bars stand above.
SCROLL = "() => document.querySelector('#pages').scrollIntoView({block: 'start'})"


@dataclass(frozen=True, kw_only=True)
class LearnPage(Layout):
    """The page, and the controls that are joined with its events."""

    steps: gr.HTML
    view: gr.HTML
    answer: gr.HTML
    save: gr.DownloadButton
    choices: list[gr.Radio]
    ranges: list[gr.Slider]
    back: gr.Button
    forward: gr.Button
    words: list[Any]  # what a step says whatever its controls are

    @property
    def controls(self) -> list[Any]:
        return [*self.choices, *self.ranges]

    def keep(self, components: list[Any]) -> dict[Any, Any]:
        """Leave components as they are on the page: an answer stays open, and what is dragged is not pulled back."""
        return {component: gr.skip() for component in components}


def invitation(say: Language) -> str:
    """What stands beside the button that starts the lesson."""
    return say(captions.INVITATION)


def start(say: Language) -> str:
    return say(captions.START)


def build(data_dir: str | None = None) -> LearnPage:
    steps = gr.HTML(elem_id="lesson-steps", js_on_load=choose("step", number=True))
    prose = gr.Markdown(elem_id="lesson-prose", latex_delimiters=MATHS)
    with gr.Row(elem_id="lesson-controls"):
        choices = [Radio([], elem_id=f"lesson-choice-{slot}", visible=False) for slot in range(SLOTS)]
        ranges = [Slider(0, 1, 0, elem_id=f"lesson-range-{slot}", visible=False, buttons=[]) for slot in range(SLOTS)]
    view = gr.HTML(elem_id="lesson-view", js_on_load=PICK)
    save = gr.DownloadButton(elem_id="lesson-save", size="sm", visible=False)
    question = gr.Markdown(elem_id="lesson-question", latex_delimiters=MATHS)
    answer = gr.HTML(elem_id="lesson-answer", js_on_load=ANSWER)
    with gr.Row(elem_id="lesson-turn"):
        back = gr.Button(elem_id="lesson-back", size="md")
        forward = gr.Button(elem_id="lesson-next", size="md", variant="primary")
    for button in (back, forward):
        button.click(None, js=SCROLL)

    def render(session: Session) -> dict[Any, Any]:
        say, number = session.say, session.of(Lesson).step
        said, step = prose_of(session), lesson.STEPS[number - 1]
        seen = step.view(session)
        drawn = figure(seen.drawing, say(seen.reading), seen.name, table=seen.table, say=say)
        session.of(Lesson).read[number] = seen.reading
        offered = gr.update(visible=False)
        if seen.save:
            offered = gr.update(visible=True, label=say(seen.save.label), value=str(seen.save.path))
        return {
            steps: _steps(session),
            prose: _prose(say, said, number),
            **_set(choices, ranges, step.controls(session), say),
            view: Markup(drawn) + seen.below,
            save: offered,
            question: say(_("**Think first.** {question}", question=said.question)),
            answer: _answer(say, said, number, session.of(Lesson).answered.get(number)),
            back: gr.update(value=say(_("← Back")), interactive=number > 1),
            forward: gr.update(value=say(_("Next →")), interactive=number < len(lesson.STEPS)),
        }

    words = [steps, prose, question, answer, back, forward]
    return LearnPage(
        components=[*words, *choices, *ranges, view, save], render=render, steps=steps, view=view, answer=answer,
        save=save, choices=choices, ranges=ranges, back=back, forward=forward, words=words,
    )  # fmt: skip


# What events do


def connect(page: LearnPage, events: Events) -> None:
    def turn_page(session: Session, by: int) -> None:
        go_to(session, session.of(Lesson).step + by)

    def touch(session: Session, *values: Any) -> dict[Any, Any]:
        set_controls(session, *values)
        return page.keep([*page.words, *page.controls])

    def pick_in_view(session: Session, what: object) -> dict[Any, Any]:
        step = session.of(Lesson).step
        pick(session, what)
        if session.page != "learn":  # a button in the drawing led to another page
            return {}
        return page.keep(page.words) if session.of(Lesson).step == step else {}

    touched = partial(gr.on, [control.input for control in page.controls], trigger_mode="always_last")
    events.on(touched, touch, page.controls, "lesson_control")
    events.on(page.back.click, partial(turn_page, by=-1), [], "lesson_back")
    events.on(page.forward.click, partial(turn_page, by=1), [], "lesson_next")
    events.on_click(page.steps, go_to, "learn_step")
    events.on_click(page.view, pick_in_view, "learn_lesson")

    def answered(key: str | None, value: Any, event: gr.EventData) -> Any:
        sent = event._data if isinstance(event._data, dict) else {}
        with in_session(key) as session, session.lock:
            answer(session, sent.get("value", value))
            if session.of(Lesson).step < len(lesson.STEPS) or session.page != "learn":
                return gr.skip()
            return page.render(session)[page.view]  # the last step tells the score

    page.answer.select(
        answered, [events.key, events.clicked], page.view, api_name="lesson_answer", show_progress="hidden", **TOGETHER
    )


def answer(session: Session, what: object) -> None:
    """A choice was made in a step's question: "3,2" is the second one in step 3. The first choice counts."""
    step, _comma, choice = str(what).partition(",")
    count = len(lesson.STEPS)
    if not (step.isdecimal() and step.isascii() and len(step) < 3 and 1 <= int(step) <= count):
        raise InputError("There is no question {what!r}.", what=str(what))
    choices = [str(place) for place in range(1, len(proses.read(int(step), session.language).choices) + 1)]
    session.of(Lesson).answered.setdefault(int(step), int(one_of(choice, choices, _("The choice"))))


def enter(session: Session, named: bool) -> None:
    """The lesson begins with networks that show its point, unless the visitor has chosen one or an address names it."""
    kept = session.of(Lesson)
    first, kept.entered = not kept.entered, True
    if first and not named and (session.name, session.weights, session.seed) == (FIRST_NETWORK, TRAINED, 0):
        session.use_network(NETWORK, TRAINED)


def prose_of(session: Session) -> Prose:
    """What the open step says beside the network in sight."""
    return proses.read(session.of(Lesson).step, session.language, session.network.config.block == "preact")


def controls(session: Session) -> list[Control]:
    """The controls of the open step."""
    return lesson.STEPS[session.of(Lesson).step - 1].controls(session)


def settings(session: Session) -> dict[str, str]:
    """How the open step's controls stand, for the address; those that stand elsewhere in it are left out."""
    return {control.key: f"{control.value}" for control in controls(session) if control.change is None}


def set_controls(session: Session, *values: Any) -> None:
    """Set the step's controls from what all the page's controls hold, those out of sight included."""
    declared = controls(session)
    for kind, sent in ((Choice, values[:SLOTS]), (Range, values[SLOTS:])):
        mine = [control for control in declared if isinstance(control, kind)]
        for control, value in zip(mine, sent, strict=False):
            if value != control.value:
                turn(session, control, value)


def pick(session: Session, what: object) -> None:
    """Something in the step's drawing was clicked."""
    lesson.STEPS[session.of(Lesson).step - 1].pick(session, str(what))


# What is shown


def _steps(session: Session) -> Markup:
    """All steps as a list of buttons."""
    step = Markup(
        '<li><button type="button" class="rd-lesson-step" data-step="{number}"{current} title="{title}" '
        'aria-label="{number}. {title}">{number}</button></li>'
    )
    items = Markup().join(
        step.format(
            number=number,
            current=Markup(' aria-current="step"') if number == session.of(Lesson).step else "",
            title=proses.read(number, session.language).title,
        )
        for number in range(1, len(lesson.STEPS) + 1)
    )
    label = session.say(_("Steps of the lesson"))
    return Markup('<nav aria-label="{}"><ol class="rd-lesson-steps">{}</ol></nav>').format(label, items)


def _prose(say: Language, said: Prose, number: int) -> str:
    paragraphs, source = "\n\n".join(said.paragraphs), say(_("Source: {source}", source=said.source))
    return f"### {number}. {said.title}\n\n{paragraphs}\n\n$${said.formula}$$\n\n*{source}*"


def _set(choices: list[Any], ranges: list[Any], declared: list[Control], say: Language) -> dict[Any, Any]:
    """The page's controls as the step's: those that it has no use for are out of sight."""
    found: dict[Any, Any] = {}
    for kind, components in ((Choice, choices), (Range, ranges)):
        mine = [control for control in declared if isinstance(control, kind)]
        for component, control in zip_longest(components, mine):
            found[component] = gr.update(visible=False) if control is None else _as_set(control, say)
    return found


def _as_set(control: Control, say: Language) -> Any:
    label = say(control.label)
    if isinstance(control, Choice):
        options = [(say(title), option) for option, title in control.options.items()]
        return gr.update(visible=True, label=label, choices=options, value=control.value)
    bounds: dict[str, Any] = {"minimum": control.low, "maximum": control.high, "step": control.step}
    return gr.update(visible=True, label=label, value=control.value, **bounds)


def _answer(say: Language, said: Prose, number: int, given: int | None) -> Markup:
    """The choices, the one that was made before, and the answer, folded away until one is made."""
    button = Markup(
        '<button type="button" class="rd-choice{}" aria-pressed="{}" data-choice="{},{}" data-right="{}">{}</button>'
    )
    buttons = Markup()
    for place, choice in enumerate(said.choices, start=1):
        mark = "" if place != given else " rd-right" if place == said.right else " rd-miss"
        buttons += button.format(mark, pressed(place == given), number, place, pressed(place == said.right), choice)
    shown = Markup('<div class="rd-choices">{}</div>').format(buttons) if buttons else ""
    fold = Markup('{}<details class="rd-fold"{}><summary>{}</summary><p>{}</p></details>')
    return fold.format(shown, Markup(" open") if given else "", say(_("Show the answer")), said.answer)


def _query(session: Session) -> dict[str, str]:
    return {"step": str(session.of(Lesson).step), **settings(session)}


def _asked(session: Session) -> Iterator[tuple[str, Callable[[str], None]]]:
    yield "step", lambda number: go_to(session, int(number) if number.isdecimal() and len(number) < 20 else number)
    if session.page == "learn":
        for control in controls(session):
            yield control.key, partial(turn, session, control)


PAGE = Page("learn", _("Learn"), build, connect, query=_query, asked=_asked, entered=enter)
