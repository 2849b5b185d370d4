"""The page Train: with shortcuts, without, or both in a race, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import gradio as gr
from markupsafe import Markup
from PIL import Image

from ... import i18n
from ...data import DATASETS, Dataset, downloading
from ...errors import InputError
from ...figures import curves_svg, draw_degradation
from ...i18n import Language, Message, _, _p
from ...models import zoo
from ...training.recipes import RECIPES
from ..captions import training as said
from ..components import Dropdown, File, Number, Radio, whole_input
from ..events import Events, in_session
from ..html import figure, heading, note
from ..jobs.background import in_background
from ..jobs.forecast import Forecast, forecast
from ..jobs.race import (
    BOTH,
    DATA,
    DEPTHS,
    KINDS,
    LEAST_SECONDS,
    MOST_SECONDS,
    OWN_PICTURES,
    SHAPES,
    Plan,
    Race,
    read_data,
)
from ..page import Layout, Page, choose
from ..race_shown import curves, gradients, outcome, outlook, progress, refusal, summary, waiting
from ..session import PageState, Session, Trained
from ..visits import session_of

# One visitor trains at a time; the others see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 1}
KEPT_TO_FIT = 2000  # pictures that a network learned from, kept for probes
READING = _("Getting the pictures …")
NOTHING_YET = _("Nothing trained yet: press Train.")
WAIT = 0.25  # seconds between two words on how far a download is
# The plot stands above what one presses.
IN_SIGHT = "() => document.querySelector('#race').scrollIntoView({block: 'start'})"
SECONDS, EPOCHS = "seconds", "epochs"
# What a person may want to try first: the depth, the kind, the data, the seconds.
PRESETS = {
    "twins": (56, BOTH, SHAPES, 120),
    "deep": (110, BOTH, SHAPES, 300),
    "own": (20, "residual", OWN_PICTURES, 60),
}


PRESET_TITLES = {
    "twins": _("ResNet-56 against Plain-56"),
    "deep": _("How deep can you go?"),
    "own": _("My own pictures"),
}
KIND_TITLES = {
    "both": _("both, side by side"),
    "residual": _("with shortcuts"),
    "plain": _("without shortcuts"),
}
DATA_TITLES = {
    "shapes": _("Shapes (drawn by the program)"),
    "cifar10": _("CIFAR-10 photos"),
    "cifar100": _("CIFAR-100 photos"),
    "fashion-mnist": _("Fashion-MNIST, clothes"),
    "my pictures": _("My own pictures (zip)"),
}
BUDGET_TITLES = {SECONDS: _("by the clock"), EPOCHS: _("by epochs")}
RECIPE_TITLES = {
    "fast": _("fast: orthogonal updates (Muon), small crops first"),
    "paper": _("paper: He et al. 2015"),
    "textbook": _("seed: the textbook loop"),
}


@dataclass
class Training(PageState):
    """The race that runs, or the last one that ran."""

    race: Race | None = None
    stop_asked: bool = False  # before the race could begin
    forecast: Forecast | None = None  # as soon as the race's speed is known
    refused: Message | None = None  # why what was asked for last cannot be

    @property
    def nbytes(self) -> int:
        return self.race.own_bytes if self.race else 0

    @property
    def busy(self) -> bool:
        return self.race is not None and not (self.race.over or self.race.abandoned)

    def end(self) -> None:
        self.stop_asked = True  # for a race whose pictures are still being read
        if self.race:
            self.race.abandon()


@dataclass(frozen=True, kw_only=True)
class TrainPage(Layout):
    """The page's components that are joined with its events."""

    data_dir: str | None
    inputs: list[Any]  # in the order of `plan_of`'s arguments; what a preset fills in
    presets: dict[str, gr.Button]
    data: gr.Dropdown
    file: gr.File
    budget: gr.Radio
    seconds: gr.Number
    epochs: gr.Number
    start: gr.Button
    stop: gr.Button
    again: gr.Button
    status: gr.HTML
    live: gr.HTML
    forecast: gr.HTML
    gradients: gr.HTML
    result: gr.HTML
    files: gr.File

    @property
    def outputs(self) -> list[Any]:
        """What a race changes."""
        buttons = [self.start, self.stop, self.again, *self.presets.values()]
        return [*buttons, self.status, self.live, self.result, self.files, self.forecast, self.gradients]


def build(data_dir: str | None = None) -> TrainPage:
    lead = gr.HTML()
    live = gr.HTML(elem_id="race")
    status = gr.HTML(elem_id="train-status")
    expected = gr.HTML(elem_id="train-forecast", js_on_load=choose("depth", number=True))
    with gr.Row(elem_id="presets"):
        start = gr.Button(variant="primary", size="md", elem_id="train")
        stop = gr.Button(variant="stop", size="md", elem_id="stop", visible=False)
        again = gr.Button(size="sm", elem_id="again", visible=False)
        presets = {name: gr.Button(size="sm", elem_id=f"preset-{name}") for name in PRESETS}
    with gr.Column(elem_classes="rd-bar", elem_id="train-form"):
        with gr.Row(elem_id="train-fields"):
            depth = Dropdown(list(DEPTHS), value=20, elem_id="depth")
            data = Dropdown(list(DATA), value=SHAPES, elem_id="data")
            seconds = Number(30, elem_id="seconds", precision=0)
            epochs = whole_input(1, elem_id="epochs", visible=False)
            kind = Radio(list(KINDS), value=BOTH, elem_id="kind")
            budget = Radio([SECONDS, EPOCHS], value=SECONDS, elem_id="budget")
        file = File(file_types=[".zip"], elem_id="own-pictures", visible=False, height=110)
        with gr.Accordion(open=False) as how, gr.Row():
            recipe = Dropdown(list(RECIPES), value="fast", elem_id="recipe")
            batch = whole_input(None, elem_id="batch")
            rate = Number(None, elem_id="rate")
            seed = whole_input(0, elem_id="train-seed")
    told = gr.HTML(elem_id="race-gradients")
    result = gr.HTML(elem_id="train-result", js_on_load=choose("network"))
    files = gr.File(file_count="multiple", interactive=False, visible=False, elem_id="train-files")
    degradation = gr.HTML(elem_id="degradation")

    def labels(say: Language) -> dict[Any, Any]:
        title = heading(say(_("Train a network and its twin without shortcuts")))
        explained = _("Two networks learn the same pictures in the same order, one with shortcuts and one without.")
        range_of_seconds = _("Seconds in all ({least} to {most})", least=LEAST_SECONDS, most=MOST_SECONDS)
        return {
            lead: gr.update(value=title + note(say(explained))),
            **{button: gr.update(value=say(PRESET_TITLES[name])) for name, button in presets.items()},
            depth: gr.update(
                label=say(_("Depth")),
                choices=[(say(_("{layers} layers", layers=layers)), layers) for layers in DEPTHS],
            ),
            kind: gr.update(label=say(_("Networks")), choices=[(say(KIND_TITLES[name]), name) for name in KINDS]),
            data: gr.update(label=say(_("Pictures")), choices=[(say(DATA_TITLES[name]), name) for name in DATA]),
            file: gr.update(label=say(_("A zip with one folder of pictures per class"))),
            budget: gr.update(
                label=say(_("How long")), choices=[(say(title), name) for name, title in BUDGET_TITLES.items()]
            ),
            seconds: gr.update(label=say(range_of_seconds)),
            epochs: gr.update(label=say(_("Epochs: passes through all pictures"))),
            how: gr.update(label=say(_("How to train"))),
            recipe: gr.update(
                label=say(_("Recipe")), choices=[(say(RECIPE_TITLES.get(name, name)), name) for name in RECIPES]
            ),
            batch: gr.update(label=say(_("Pictures per step (empty: the recipe's)"))),
            rate: gr.update(label=say(_("Highest learning rate (empty: the recipe's)"))),
            seed: gr.update(label=say(_("Seed of weights and order"))),
            start: gr.update(value=say(_p("button", "Train"))),
            stop: gr.update(value=say(_("Stop"))),
            again: gr.update(value=say(_("Replay: the same race again"))),
            status: gr.update(value=note(say(NOTHING_YET))),
            live: gr.update(value=waiting(say)),
            expected: gr.update(value=""),
            told: gr.update(value=""),
            result: gr.update(value=""),
            files: gr.update(label=say(_("Weights, history and plots"))),
        }

    def retell(session: Session) -> dict[Any, Any]:
        """What stands on the page of the session's race, in the visitor's language."""
        state, say = session.of(Training), session.say
        race = state.race
        if race is None:
            return {}
        over = race.over or race.abandoned
        return {
            status: note(say(summary(race))) if over else progress(race, say),
            live: curves(race, say),
            expected: outlook(race, None if over else state.forecast, say),
            told: gradients(race, say),
            result: outcome(race, say) if over else "",
        }

    def render(session: Session) -> dict[Any, Any]:
        return {degradation: degradation_figure(session.language)}

    inputs = [depth, kind, data, file, budget, seconds, epochs, recipe, batch, rate, seed]
    return TrainPage(
        components=[degradation], render=render, labels=labels, retell=retell, data_dir=data_dir, inputs=inputs,
        presets=presets, data=data, file=file, budget=budget, seconds=seconds, epochs=epochs, start=start, stop=stop,
        again=again, status=status, live=live, forecast=expected, gradients=told, result=result, files=files,
    )  # fmt: skip


def connect(page: TrainPage, events: Events) -> None:
    """The page's events."""
    key, data_dir = events.key, page.data_dir

    def new(session: Session, *form: Any) -> tuple[Plan, Callable[[], Race]]:
        plan = plan_of(*form)
        return plan, lambda: Race(plan, *read_data(plan, data_dir))

    def again(session: Session) -> tuple[Plan, Callable[[], Race]]:
        race = session.of(Training).race
        if race is None:
            raise InputError("There is no race to repeat yet: train first.")
        return race.plan, race.repeat

    def running_event(
        prepare: Callable[..., tuple[Plan, Callable[[], Race]]],
    ) -> Callable[..., Iterator[dict[Any, Any]]]:
        """An event that trains: it shows the race as it goes, and hands over what came out."""

        def run(session_key: str | None, *form: Any) -> Iterator[dict[Any, Any]]:
            with in_session(session_key) as session:
                state = session.of(Training)
                try:
                    plan, make = prepare(session, *form)  # what cannot be is refused before the page is cleared
                except InputError as error:
                    state.refused = error.message
                    raise
                state.race, state.stop_asked, state.forecast, state.refused = None, False, None, None
                yield {key: session.key, **reading(page, session.say)}
                with in_background(make) as made:
                    while wait([made], WAIT).not_done:
                        if state.stop_asked:  # a download goes on by itself: the next training finds it there
                            yield idle(page, session.say)
                            return
                        yield {page.status: arriving(plan.data, data_dir, session.say)}
                    race = made.result()
                begin(session, race)
                if state.stop_asked:
                    race.stop()
                yield from looking_on(page, session, race)
                if race.abandoned:
                    return
                yield idle(page, session.say, race)  # that it is over is told before what came of it is drawn
                with session.lock:
                    adopt(session, race)
                    end = {**finished(page, race, session.say), **events.show(session, True)}
                yield end

        return run

    def refused(session_key: str | None) -> dict[Any, Any]:
        try:
            session = session_of(session_key)
            state = session.of(Training)
            shown, why, state.refused = idle(page, session.say, state.race), state.refused, None
            return {**shown, page.status: refusal(why, session.say)} if why else shown
        except InputError:  # the session was put away, and that was said already
            return idle(page, i18n.language(i18n.FIRST))

    def shorter(session: Session, *form: Any) -> tuple[Plan, Callable[[], Race]]:
        """The last race once more, of other layers."""
        race, (depth,) = session.of(Training).race, form
        if race is None:
            raise InputError("There is no race to repeat yet: train first.")
        plan = replace(race.plan, depth=depth)
        return plan, lambda: Race(plan, race.train_set, race.test_set)

    def train(
        trigger: Callable[..., Any], handle: Callable[..., Any], form: list[Any], api_name: str | None = None
    ) -> None:
        event = trigger(
            handle, [key, *form], [*page.outputs, *events.shown],
            **({"api_name": api_name} if api_name else {"api_visibility": "private"}),
            show_progress="hidden", **ALONE,
        )  # fmt: skip
        event.failure(refused, [key], page.outputs, api_visibility="private", queue=False)

    run = running_event(new)
    train(page.start.click, run, page.inputs, "train")
    train(page.again.click, running_event(again), [], "train_again")
    for button in (page.start, page.again, *page.presets.values()):
        button.click(None, js=IN_SIGHT)

    run_shorter = running_event(shorter)

    def train_shorter(session_key: str | None, value: Any, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        sent = event._data if isinstance(event._data, dict) else {}
        yield from run_shorter(session_key, sent.get("value", value))

    def leave(session_key: str | None) -> None:
        with in_session(session_key) as session:
            if race := session.of(Training).race:
                race.abandon()

    # The race that runs makes way for the shorter one, which waits for its place in the queue.
    page.forecast.select(leave, [key], None, api_name="leave", queue=False)
    train(page.forecast.select, train_shorter, [events.clicked], "train_shorter")

    def stop(session_key: str | None) -> str:
        with in_session(session_key) as session:
            state = session.of(Training)
            state.stop_asked = True
            if state.race is None:
                return note(session.say(_("It will stop before the first step.")))
            state.race.stop()
            return progress(state.race, session.say)

    # Not queued: it must reach a training that is running, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop", queue=False)

    def look(session: Session, name: Any) -> None:
        """Look inside a network that was trained here, with a picture that it was tested on."""
        session.use_trained(str(name))
        picture = next(iter(session.trained[session.name].samples.values()))
        session.show_picture(picture)
        session.page = "inside"

    events.on_click(page.result, look, "look", whole=True)

    def bring(session_key: str | None) -> str:
        with in_session(session_key) as session:
            return note(session.say(_("Upload a zip with one folder of pictures per class, then press Train.")))

    def fill_in(name: str) -> Callable[[], dict[Any, Any]]:
        return lambda: preset(page, name)

    for name, button in page.presets.items():
        filled = button.click(fill_in(name), None, page.inputs, api_name=f"preset_{name}", queue=False)
        if PRESETS[name][2] == OWN_PICTURES:  # which have to be brought first
            filled.success(bring, [key], [page.status], api_visibility="private", queue=False)
        else:
            train(filled.success, run, page.inputs)
    page.data.input(
        lambda data: gr.update(visible=data == OWN_PICTURES), page.data, page.file, api_name="pictures", queue=False
    )
    page.budget.input(
        lambda budget: (gr.update(visible=budget != EPOCHS), gr.update(visible=budget == EPOCHS)),
        page.budget, [page.seconds, page.epochs], api_name="budget", queue=False,
    )  # fmt: skip


def plan_of(
    depth: Any, kind: Any, data: Any, file: Any, budget: Any, seconds: Any, epochs: Any, recipe: Any, batch: Any,
    rate: Any, seed: Any,
) -> Plan:  # fmt: skip
    """What the form asks for, judged; InputError for what cannot be."""
    by_clock = budget != EPOCHS
    return Plan(
        depth, kind, data, file, seconds if by_clock else None, None if by_clock else epochs, recipe, batch, rate, seed
    )


def preset(page: TrainPage, name: str) -> dict[Any, Any]:
    """The form as a preset has it."""
    depth, kind, data, seconds = PRESETS[name]
    file, clock = gr.update(visible=data == OWN_PICTURES), gr.update(value=seconds, visible=True)
    values = [depth, kind, data, file, SECONDS, clock, gr.update(visible=False), "fast", None, None, 0]
    return dict(zip(page.inputs, values, strict=True))


# While it runs


def begin(session: Session, race: Race) -> None:
    """Let a race be the session's; its pictures weigh, whatever comes of it."""
    session.of(Training).race = race
    session.weigh()


def looking_on(page: TrainPage, session: Session, race: Race) -> Iterator[dict[Any, Any]]:
    """What changes on the page while a race runs: the curves with each record, and how far it is all the time."""
    state, told, said_before = session.of(Training), -1, None
    for _moment in race.watch():
        shown: dict[Any, Any] = {page.status: progress(race, session.say)}
        if (records := sum(map(len, race.records.values()))) > told:
            told = records
            shown |= {page.live: curves(race, session.say), page.gradients: gradients(race, session.say)}
        state.forecast = state.forecast or forecast(race)
        if (now := (state.forecast, session.language)) != said_before:
            said_before = now
            shown[page.forecast] = outlook(race, state.forecast, session.say)
        yield shown


def idle(page: TrainPage, say: Language, race: Race | None = None) -> dict[Any, Any]:
    """The buttons as they are when nothing runs."""
    return {
        page.start: gr.update(visible=True),
        page.stop: gr.update(visible=False),
        **{button: gr.update(visible=True) for button in page.presets.values()},
        page.again: gr.update(visible=bool(race and race.repeatable)),
        page.status: note(say(NOTHING_YET if race is None else summary(race))),
        page.forecast: "",
    }


def reading(page: TrainPage, say: Language) -> dict[Any, Any]:
    """What is shown until the first step."""
    return {
        page.start: gr.update(visible=False),
        page.stop: gr.update(visible=True),
        **{button: gr.update(visible=False) for button in page.presets.values()},
        page.again: gr.update(visible=False),
        page.status: note(say(READING)),
        page.live: waiting(say),
        page.forecast: "",
        page.gradients: "",
        page.result: "",
        page.files: gr.update(visible=False),
    }


def arriving(data: str, data_dir: str | None, say: Language) -> Markup:
    """How far a download of pictures is; where there is none, they are being read or drawn."""
    download = downloading(data, data_dir) if data in DATASETS else None
    if download is None:
        return note(say(READING))
    arrived, size = (round(count / 1e6) for count in download)
    return note(say(_("Downloading the pictures: {arrived} of {size} MB …", arrived=arrived, size=size)))


def finished(page: TrainPage, race: Race, say: Language) -> dict[Any, Any]:
    shown = {**idle(page, say, race), page.live: curves(race, say), page.result: outcome(race, say)}
    shown[page.gradients] = gradients(race, say)
    if race.results:
        shown[page.files] = gr.update(value=race.write_files(), visible=True)
    return shown


# Afterwards


def samples(dataset: Dataset, most: int = 10) -> dict[str, Image.Image]:
    """The first picture of each of the first classes, by the class's name."""
    found = {}
    for index, label in enumerate(dataset.classes[:most]):
        places = (dataset.labels == index).nonzero()
        if len(places):
            found[label] = dataset.picture(int(places[0]))
    return found


def adopt(session: Session, race: Race) -> None:
    """Make what was trained the visitor's own."""
    training = race.train_set.subset(KEPT_TO_FIT).copy()
    for name, result in race.results.items():
        pictures, tested = samples(race.test_set), result.test_set.copy()
        kept = Trained(result.model, pictures, tested, race.conditions, training, result.film)
        session.keep(name, kept)


@lru_cache(maxsize=len(i18n.LANGUAGES))
def degradation_figure(code: str) -> Markup:
    """He et al. 2015, figures 1 and 6, from the histories of the networks that come with the app."""
    say, (histories, *again) = i18n.language(code), [zoo.degradation_histories(seed) for seed in range(zoo.MOST_SEEDS)]
    title = say(_("Training and test error by epoch, plain and residual networks"))
    drawing = curves_svg(draw_degradation(histories, again=again, say=say), title)
    reading = said.degradation(histories, {name: zoo.test_accuracies(name) for name in histories})
    if zoo.trained_alike():
        source = _("CIFAR-10, the same recipe for all; after He et al. 2015, figures 1 and 6.")
    else:
        source = _(
            "CIFAR-10, the same seed and number of epochs; the recipes differ a little between depths, but never "
            "between a network and its twin. After He et al. 2015, figures 1 and 6."
        )
    title = heading(say(_("The long run: what the bundled networks did")))
    return title + figure(drawing, reading, "degradation", source, say=say)


PAGE = Page("train", _("Train"), build, connect)
