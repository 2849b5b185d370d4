"""The page Learn: nine steps from a puzzle to what solves it, each with a view of the visitor's network that answers.

This file lays a step out and names its events; what a step shows is computed in `lesson/`, its prose stands in
`locale/lesson/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...errors import InputError
from ...figures import network_title
from ...i18n import Language, Message, Sentences, _, sentences
from .. import lesson
from ..bounds import one_of
from ..captions import lesson as captions
from ..components import Radio, Slider
from ..events import Events, in_session, sent_with
from ..html import figure, pressed
from ..lesson import Choice, Control, Range, View
from ..lesson import prose as proses
from ..lesson.controls import go_to, turn
from ..lesson.prose import Prose
from ..lesson.state import Lesson
from ..page import STREET, Layout, Page
from ..places import TOGETHER, network
from ..session import FIRST_NETWORK, TRAINED, Session

MATHS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
NETWORK = "resnet56"  # of the lesson, beside its twin: with 20 layers steps 4, 6 and 7 hardly show their point
SLOTS = 2  # controls of each kind that a step may have

# Turning the steps, answering and fetching the next figure ahead happen in `static/js/lesson.js`.
TURN = "lab.then(({lesson}) => lesson(element, trigger));"
ANSWER = "lab.then(({answers}) => answers(element, trigger));"
AHEAD = "lab.then(({ahead}) => ahead(element, trigger));"
# A click in the drawing chooses a block, another page, or a place in a map.
PICK = """
lab.then(({sender}) => {
  const send = sender(trigger, true);
  element.addEventListener('click', (event) => {
    const chosen = event.target.closest('[data-pick], [data-block]');
    if (chosen) return send(chosen.dataset.pick || chosen.dataset.block);
    const map = event.target.closest('[data-rows]');
    if (!map) return;
    const box = map.querySelector('image').getBoundingClientRect();
    const [row, column] = [[event.clientY - box.top, box.height, map.dataset.rows],
                           [event.clientX - box.left, box.width, map.dataset.columns]]
      .map(([at, size, count]) => Math.max(0, Math.min(count - 1, Math.floor(at / size * count))));
    send(row + ',' + column);
  });
});
"""


@dataclass(frozen=True, kw_only=True)
class LearnPage(Layout):
    """The page, and the controls that are joined with its events."""

    steps: gr.HTML
    view: gr.HTML
    ahead: gr.HTML  # the next step's figure, out of sight
    answer: gr.HTML
    under: gr.HTML
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
    with gr.Row(elem_id="lesson", equal_height=False):
        with gr.Column(elem_id="lesson-text", min_width=0):
            steps = gr.HTML(elem_id="lesson-steps", js_on_load=TURN)
            with gr.Column(elem_id="lesson-read", min_width=0):
                prose = gr.Markdown(elem_id="lesson-prose", latex_delimiters=MATHS, sanitize_html=False)
                answer = gr.HTML(elem_id="lesson-answer", js_on_load=ANSWER)
            with gr.Row(elem_id="lesson-turn"):
                back = gr.Button(elem_id="lesson-back", size="md")
                forward = gr.Button(elem_id="lesson-next", size="md", variant="primary")
            keys = gr.HTML(elem_id="lesson-keys")
        with gr.Column(elem_id="lesson-stage", min_width=0):
            with gr.Column(elem_id="lesson-screen", min_width=0):  # what fits the first screen
                with gr.Row(elem_id="lesson-controls"):
                    choices = [Radio([], elem_id=f"lesson-choice-{slot}", visible=False) for slot in range(SLOTS)]
                    ranges = [
                        Slider(0, 1, 0, elem_id=f"lesson-range-{slot}", visible=False, buttons=[])
                        for slot in range(SLOTS)
                    ]
                with gr.Column(elem_id="lesson-figure", min_width=0):
                    view = gr.HTML(elem_id="lesson-now", js_on_load=PICK + STREET)
                    ahead = gr.HTML(elem_id="lesson-ahead", js_on_load=AHEAD)
            under = gr.HTML(elem_id="lesson-below", js_on_load=PICK)
            save = gr.DownloadButton(elem_id="lesson-save", size="sm", visible=False)

    def render(session: Session) -> dict[Any, Any]:
        say, number = session.say, session.of(Lesson).step
        seen = seen_in(session, number)
        session.of(Lesson).read[number] = headline(seen)
        offered = gr.update(visible=False)
        if seen.save:
            offered = gr.update(visible=True, label=say(seen.save.label), value=str(seen.save.path))
        return {
            steps: _steps(session),
            prose: _prose(session),
            **_set(choices, ranges, lesson.STEPS[number - 1].controls(session), say),
            view: drawn(session, number, seen),
            ahead: "",
            under: seen.below,
            save: offered,
            answer: _answers(session),
            keys: _keys(session),
            back: gr.update(value=say(_("← Back")), interactive=number > 1),
            forward: gr.update(value=say(_("Next →")), interactive=number < len(lesson.STEPS)),
        }

    words = [steps, prose, answer, keys, back, forward]
    return LearnPage(
        components=[*words, *choices, *ranges, view, ahead, under, save], render=render, steps=steps, view=view,
        ahead=ahead, answer=answer, under=under, save=save, choices=choices, ranges=ranges, back=back, forward=forward,
        words=words,
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
    events.on_click(page.under, pick_in_view, "learn_lesson_below")

    def fetch_ahead(key: str | None) -> Any:
        with in_session(key) as session, session.lock, network:
            number = session.of(Lesson).step + 1
            if session.page != "learn" or number > len(lesson.STEPS):
                return gr.skip()
            with suppress(InputError):  # it is told when the step is opened
                return drawn(session, number, seen_in(session, number))
        return gr.skip()

    page.ahead.select(fetch_ahead, [events.key], page.ahead, api_name="lesson_ahead", **events.quiet, **TOGETHER)

    def answered(key: str | None, value: Any, event: gr.EventData) -> Any:
        sent = sent_with(event)
        told = str(sent.get("value", value))
        # A choice that was clicked is shown already, and another one may have been when this answer arrives.
        clicked = "value" in sent and " " not in told and not told.endswith(",0")
        with in_session(key) as session, session.lock, network:
            answer(session, told)
            answers = gr.skip() if clicked else _answers(session)
            if session.of(Lesson).step < len(lesson.STEPS) or session.page != "learn":
                return answers, gr.skip(), gr.skip()
            shown = page.render(session)
            return answers, shown[page.view], shown[page.under]  # the last step tells the score

    page.answer.select(
        answered, [events.key, events.clicked], [page.answer, page.view, page.under], api_name="lesson_answer",
        trigger_mode="multiple", **events.quiet, **TOGETHER,
    )  # fmt: skip


def answer(session: Session, what: object) -> None:
    """A choice was made in a step's question: "3,2" is the second one in step 3. The first choice counts.

    Several may come at once, "1,2 3,1", when a page is loaded again; "3,0" says that the step was opened.
    """
    count, found = len(lesson.STEPS), []
    for given in str(what).split(maxsplit=count):
        step, _comma, choice = given.partition(",")
        if not (step.isdecimal() and step.isascii() and len(step) < 3 and 1 <= int(step) <= count):
            raise InputError("There is no question {what!r}.", what=str(what))
        options = range(len(proses.read(int(step), session.language).choices) + 1)
        found.append((int(step), int(one_of(choice, [str(option) for option in options], _("The choice")))))
    if not found:
        raise InputError("There is no question {what!r}.", what=str(what))
    kept = session.of(Lesson)
    for step, choice in found:
        kept.opened.add(step)
        if choice:
            kept.answered.setdefault(step, choice)


def enter(session: Session, named: bool) -> None:
    """The lesson begins with networks that show its point, unless the visitor has chosen one or an address names it."""
    kept = session.of(Lesson)
    kept.chosen |= named
    first = (session.name, session.weights, session.seed) == (FIRST_NETWORK, TRAINED, 0)
    if first and not kept.chosen and kept.before is None:
        kept.before = session.source
        session.use_network(NETWORK, TRAINED)


def leave(session: Session) -> None:
    """Other pages go on with the network that was there before, unless the visitor chose one within the lesson."""
    kept = session.of(Lesson)
    before, kept.before = kept.before, None
    if before is None:
        return
    if (session.name, session.weights, session.seed, session.moment) == (NETWORK, TRAINED, 0, None):
        session.look_at(before)
    else:
        kept.chosen = True


def prose_of(session: Session, number: int) -> Prose:
    """What a step says beside the network in sight."""
    return proses.read(number, session.language, session.network.config.block == "preact")


def seen_in(session: Session, number: int) -> View:
    """What a step shows, computed once for each trace and setting, but for the last one, which recalls the others."""
    step = lesson.STEPS[number - 1]
    if number == len(lesson.STEPS):
        return step.view(session)
    values = tuple(control.value for control in step.controls(session))
    sources = tuple(source for _model, source in session.pair().values())
    key = (session.language, session.block, session.cut, session.dials, values, sources)
    return session.of(Lesson).once(session.seen, number, key, lambda: step.view(session))


def headline(seen: View) -> Message:
    """The sentence that reads a figure out: the first one."""
    return seen.reading.messages[0] if isinstance(seen.reading, Sentences) else seen.reading  # pyright: ignore


def drawn(session: Session, number: int, seen: View) -> Markup:
    """A step's figure: one sentence that reads it out, and its numbers folded away."""
    say = session.say
    caption = Markup("<strong>{}</strong>").format(say(headline(seen)))
    if isinstance(seen.reading, Sentences) and (numbers := seen.reading.messages[1:]):
        fold = Markup('<details class="rd-fold"><summary>{}</summary><p>{}</p></details>')
        caption += fold.format(say(_("The numbers")), say(Sentences(numbers)))
    shown = figure(seen.drawing, caption, seen.name, table=seen.table, say=say)
    return Markup('<div class="rd-drawn" data-step="{}">{}</div>').format(number, shown)


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
    if session.page != "learn":
        leave(session)


# What is shown


def _steps(session: Session) -> Markup:
    """All steps as a list of buttons."""
    here, count, say = session.of(Lesson).step, len(lesson.STEPS), session.say
    step = Markup(
        '<li><button type="button" class="rd-lesson-step" data-step="{number}"{current} title="{title}" '
        'aria-label="{number}. {title}">{number}</button></li>'
    )
    items = Markup().join(
        step.format(
            number=number,
            current=Markup(' aria-current="step"') if number == here else "",
            title=proses.read(number, session.language).title,
        )
        for number in range(1, count + 1)
    )
    return Markup('<nav aria-label="{}" data-now="{}" data-wait="{}"><ol class="rd-lesson-steps">{}</ol></nav>').format(
        say(_("Steps of the lesson")), here, say(_("This figure is being computed …")), items
    )


def _keys(session: Session) -> Markup:
    """Which keys there are, and which networks the lesson looks at."""
    say, kept = session.say, session.of(Lesson)
    keys, networks = _("Keys: ← and → turn the steps, 1 to 9 open one."), None
    if kept.before is not None:
        names = {"lesson": network_title(NETWORK), "before": network_title(kept.before.name)}
        networks = _("The lesson looks at {lesson}; the other pages go on with {before}.", **names)
    return Markup("<p>{}</p>").format(say(sentences(keys, networks)))


def _prose(session: Session) -> str:
    """What all steps say, as Markdown: the style sheet shows the open one, so that turning needs no answer."""
    return "\n\n".join(
        _section(session.say, prose_of(session, number), number) for number in range(1, len(lesson.STEPS) + 1)
    )


def _section(say: Language, said: Prose, number: int) -> str:
    """The first paragraph and the formula stand in sight; the others unfold."""
    first, *others = said.paragraphs
    more, source = say(_("More")), say(_("Source: {source}", source=said.source))
    return "\n\n".join(
        [
            f'<section class="rd-step" data-of="{number}">',
            f"### {number}. {said.title}",
            first,
            f"$${said.formula}$$",
            f'<details class="rd-fold"><summary>{more}</summary>',
            *others,
            f"*{source}*",
            "</details>",
            "</section>",
        ]
    )


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


def _answers(session: Session) -> Markup:
    """The questions of all steps; as with the prose, the open one's is in sight."""
    given, shown = session.of(Lesson).answered, Markup()
    for number in range(1, len(lesson.STEPS) + 1):
        said = prose_of(session, number)
        shown += Markup('<section class="rd-step" data-of="{}">{}</section>').format(
            number, _answer(session.say, said, number, given.get(number))
        )
    return shown


def _answer(say: Language, said: Prose, number: int, given: int | None) -> Markup:
    """A question, the choices, the one that was made before, and the answer, folded away until one is made."""
    button = Markup(
        '<button type="button" class="rd-choice{}" aria-pressed="{}" data-choice="{},{}" data-right="{}">{}</button>'
    )
    buttons = Markup()
    for place, choice in enumerate(said.choices, start=1):
        mark = "" if place != given else " rd-right" if place == said.right else " rd-miss"
        buttons += button.format(mark, pressed(place == given), number, place, pressed(place == said.right), choice)
    asked = Markup('<p class="rd-question"><strong>{}</strong> {}</p>').format(say(_("Think first.")), said.question)
    shown = Markup('<div class="rd-choices">{}</div>').format(buttons) if buttons else ""
    fold = Markup('{}{}<details class="rd-fold"{}><summary>{}</summary><p>{}</p></details>')
    return fold.format(asked, shown, Markup(" open") if given else "", say(_("Show the answer")), said.answer)


def _query(session: Session) -> dict[str, str]:
    return {"step": str(session.of(Lesson).step), **settings(session)}


def _asked(session: Session) -> Iterator[tuple[str, Callable[[str], None]]]:
    yield "step", lambda number: go_to(session, int(number) if number.isdecimal() and len(number) < 20 else number)
    if session.page == "learn":
        for control in controls(session):
            yield control.key, partial(turn, session, control)


PAGE = Page("learn", _("Learn"), build, connect, query=_query, asked=_asked, entered=enter, left=leave)
