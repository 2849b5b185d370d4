"""The page Train: with shortcuts, without, or both in a race, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gradio as gr
from markupsafe import Markup
from PIL import Image

from ... import i18n
from ...data import DATASETS, Dataset, downloading
from ...errors import InputError
from ...figures import (
    curves_svg,
    draw_confusion,
    draw_degradation,
    draw_gradients,
    draw_race,
    draw_ratios,
    network_title,
    photo_uri,
)
from ...i18n import Language, Message, _, _p
from ...models import zoo
from ...training.recipes import RECIPES
from ...training.records import Record
from ..captions import training as said
from ..classes import titles
from ..components import Dropdown, File, Number, Radio, whole_input
from ..events import Events, in_session
from ..html import both, figure, heading, joined, note
from ..html import progress as bar
from ..jobs.background import in_background
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
from ..session import PageState, Session, Trained, session_of

# One visitor trains at a time; the others see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 1}
MISTAKES = 12
KEPT_TO_FIT = 2000  # pictures that a network learned from, kept for probes
READING = _("Getting the pictures …")
NOTHING_YET = _("Nothing trained yet: press Train.")
WAIT = 0.5  # seconds between two words on how far a download is
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

    @property
    def nbytes(self) -> int:
        return self.race.own_bytes if self.race else 0

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
    result: gr.HTML
    files: gr.File

    @property
    def outputs(self) -> list[Any]:
        """What a race changes."""
        return [self.start, self.stop, self.again, self.status, self.live, self.result, self.files]


def build(data_dir: str | None = None) -> TrainPage:
    lead = gr.HTML()
    with gr.Row(elem_id="presets"):
        presets = {name: gr.Button(size="sm", elem_id=f"preset-{name}") for name in PRESETS}
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280, scale=2, elem_classes="rd-bar", elem_id="train-form"):
            depth = Dropdown(list(DEPTHS), value=20, elem_id="depth")
            kind = Radio(list(KINDS), value=BOTH, elem_id="kind")
            data = Dropdown(list(DATA), value=SHAPES, elem_id="data")
            file = File(file_types=[".zip"], elem_id="own-pictures", visible=False, height=110)
            budget = Radio([SECONDS, EPOCHS], value=SECONDS, elem_id="budget")
            seconds = Number(30, elem_id="seconds", precision=0)
            epochs = whole_input(1, elem_id="epochs", visible=False)
            with gr.Accordion(open=False) as how:
                recipe = Dropdown(list(RECIPES), value="fast", elem_id="recipe")
                batch = whole_input(None, elem_id="batch")
                rate = Number(None, elem_id="rate")
                seed = whole_input(0, elem_id="train-seed")
            with gr.Row():
                start = gr.Button(variant="primary", elem_id="train")
                stop = gr.Button(elem_id="stop", visible=False)
            again = gr.Button(size="sm", elem_id="again", visible=False)
        with gr.Column(min_width=320, scale=5):
            status = gr.HTML(elem_id="train-status")
            live = gr.HTML(elem_id="race")
    result = gr.HTML(elem_id="train-result", js_on_load=choose("network"))
    files = gr.File(file_count="multiple", interactive=False, visible=False, elem_id="train-files")
    degradation = gr.HTML(elem_id="degradation")

    def labels(say: Language) -> dict[Any, Any]:
        title = heading(say(_("Train a network and its twin without shortcuts")))
        explained = _(
            "A shortcut is the wire that carries a block's input past the block. Here two networks learn the same "
            "pictures in the same order, one with shortcuts and one without: press Train. The picture and the network "
            "at the side play no part in it and stay as they are."
        )
        range_of_seconds = _(
            "Seconds, all networks together ({least} to {most})", least=LEAST_SECONDS, most=MOST_SECONDS
        )
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
            result: gr.update(value=""),
            files: gr.update(label=say(_("Weights, history and plots"))),
        }

    def retell(session: Session) -> dict[Any, Any]:
        """What stands on the page of the session's race, in the visitor's language."""
        race, say = session.of(Training).race, session.say
        if race is None:
            return {}
        over = race.over or race.abandoned
        return {
            status: note(say(_summary(race))) if over else progress(race, say),
            live: curves(race, say),
            result: outcome(race, say) if over else "",
        }

    def render(session: Session) -> dict[Any, Any]:
        return {degradation: degradation_figure(session.language)}

    inputs = [depth, kind, data, file, budget, seconds, epochs, recipe, batch, rate, seed]
    return TrainPage(
        components=[degradation], render=render, labels=labels, retell=retell, data_dir=data_dir, inputs=inputs,
        presets=presets, data=data, file=file, budget=budget, seconds=seconds, epochs=epochs, start=start, stop=stop,
        again=again, status=status, live=live, result=result, files=files,
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
                plan, make = prepare(session, *form)  # what cannot be is refused before the page is cleared
                state.race, state.stop_asked = None, False
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
                for _moment in race.run():
                    yield {page.status: progress(race, session.say), page.live: curves(race, session.say)}
                if race.abandoned:
                    return
                with session.lock:
                    adopt(session, race)
                    end = {**finished(page, race, session.say), **events.show(session, True)}
                yield end

        return run

    def refused(session_key: str | None) -> dict[Any, Any]:
        try:
            session = session_of(session_key)
            return idle(page, session.say, session.of(Training).race)
        except InputError:  # the session was put away, and that was said already
            return idle(page, i18n.language(i18n.FIRST))

    for trigger, prepare, form, api_name in (
        (page.start.click, new, page.inputs, "train"),
        (page.again.click, again, [], "train_again"),
    ):
        event = trigger(
            running_event(prepare), [key, *form], [*page.outputs, *events.shown], api_name=api_name,
            show_progress="full", show_progress_on=[page.status], **ALONE,
        )  # fmt: skip
        event.failure(refused, [key], page.outputs, api_visibility="private", queue=False)

    def stop(session_key: str | None) -> str:
        with in_session(session_key) as session:
            state = session.of(Training)
            state.stop_asked = True
            if state.race is None:
                return note(session.say(_("It will stop before the first step is over.")))
            state.race.stop()
            return progress(state.race, session.say)

    # Not queued: it must reach a training that is running, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop", queue=False)

    def look(session: Session, name: Any) -> dict[Any, Any]:
        """Look inside a network that was trained here, with a picture that it was tested on."""
        session.use_trained(str(name))
        picture = next(iter(session.trained[session.name].samples.values()))
        session.show_picture(picture)
        session.page = "inside"
        return {events.picture: picture}

    events.on_click(page.result, look, "look", whole=True)

    def fill_in(name: str) -> Callable[[], dict[Any, Any]]:
        return lambda: preset(page, name)

    for name, button in page.presets.items():
        button.click(fill_in(name), None, page.inputs, api_name=f"preset_{name}", queue=False)
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


def idle(page: TrainPage, say: Language, race: Race | None = None) -> dict[Any, Any]:
    """The buttons as they are when nothing runs."""
    return {
        page.start: gr.update(visible=True),
        page.stop: gr.update(visible=False),
        # By epochs, a race that was stopped is not repeatable: where it stopped was not the clock's doing.
        page.again: gr.update(visible=bool(race and race.results and not (race.stopped and race.plan.epochs))),
        page.status: note(say(NOTHING_YET if race is None else _summary(race))),
    }


def reading(page: TrainPage, say: Language) -> dict[Any, Any]:
    """What is shown until the first step."""
    return {
        page.start: gr.update(visible=False),
        page.stop: gr.update(visible=True),
        page.again: gr.update(visible=False),
        page.status: note(say(READING)),
        page.live: waiting(say),
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
    if race.results:
        shown[page.files] = gr.update(value=race.write_files(), visible=True)
    return shown


def _summary(race: Race) -> Message:
    if not race.results:
        return _("The training failed.")
    return _("Stopped. What was learned until then is kept.") if race.stopped else _p("training", "Done.")


def waiting(say: Language) -> Markup:
    words = _("The curves will grow here, one for each network.")
    return figure(both(draw_race, {}, say=say), words, "race", say=say)


def curves(race: Race, say: Language) -> Markup:
    """The race as it stands: curves, and the gradients of the last step."""
    records, latest, classes = race.records, _latest(race), len(race.train_set.classes)
    pictures = race.plan.epochs and race.plan.epochs * len(race.train_set)  # the axis; by the clock nobody knows
    learned = both(draw_race, records, pictures, classes, say=say)
    gradients = both(draw_gradients, latest, say=say)
    return (
        figure(learned, said.race(records, classes, race.over), "race", say=say)
        + heading(say(_("The gradient at each block")))
        + figure(gradients, said.gradients(latest), "gradients", say=say)
    )


def _latest(race: Race) -> dict[str, Record]:
    return {name: run[-1] for name, run in race.records.items() if run}


def progress(race: Race, say: Language) -> Markup:
    """How fast, and how much longer."""
    done = race.progress
    if race.stopped:
        left = _("Stopping: what was learned is tested once more")
    elif race.plan.seconds:
        left = _("about <b>{seconds:.0f} s</b> left", seconds=race.plan.seconds * (1 - done))
    else:
        left = _("<b>{percent:.0f} %</b> done", percent=100 * done)
    speeds = [
        _("{name} <b>{speed:,}</b> pictures/s", name=network_title(name), speed=round(run[-1].images_per_second))
        for name, run in race.records.items()
        if run
    ]
    return bar(done, say(_("Training")), Markup(" · ").join(say.html(words) for words in (left, *speeds)))


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


def outcome(race: Race, say: Language) -> Markup:
    """What came out: the figures, a way to look inside, the confusions and the worst mistakes of each network."""
    failed = [
        _("{name} ended early: {reason}", name=network_title(name), reason=reason)
        for name, reason in race.failures.items()
    ]
    if not race.results:
        return joined(note(say(message), "rd-warn") for message in failed or [_("Nothing was trained.")])
    parts = [heading(say(_("What came out")))]
    parts += [note(say(words), "rd-warn") for words in (*failed, race.train_set.note, race.test_set.note) if words]
    exact = race.repeats_exactly
    if exact is not None:
        same = _("Replayed: every test came out exactly as the first time.")
        differs = _("Replayed with the same seeds and schedule, but the tests differ.")
        parts.append(note(say(same if exact else differs)))
    rows = joined(_row(name, race, say) for name in race.results)
    parts.append(Markup("<div class='rd-scroll'><table class='rd-table'><tbody>{}</tbody></table></div>").format(rows))
    ratios = both(draw_ratios, _latest(race), say=say)
    words = _("‖F(x)‖ / ‖shortcut‖ on eight training pictures. Below 1 the shortcut carries more than the block adds.")
    parts.append(
        heading(say(_("How much each block adds to its shortcut")), 4) + figure(ratios, words, "ratios", say=say)
    )
    each = joined(_outcome(name, race, say) for name in race.results)
    return joined([*parts, Markup("<div class='rd-outcomes'>{}</div>").format(each)])


def _row(name: str, race: Race, say: Language) -> Markup:
    result = race.results[name]
    tested = _(
        "<b>{share:percent}</b> of {pictures:,} test pictures", share=result.test.accuracy, pictures=result.test.n
    )
    seen = _("{pictures:,} pictures seen", pictures=race.trainings[name].history[-1].images)
    return Markup(
        "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td>"
        "<td><button type='button' class='rd-look' data-network='{}'>{}</button></td></tr>"
    ).format(
        network_title(name), say.html(tested), say(seen), name, say(_("Look inside {name}", name=network_title(name)))
    )


def _outcome(name: str, race: Race, say: Language) -> Markup:
    """What one network takes for what, and the mistakes that it is most confident in."""
    result = race.results[name]
    labels, matrix = titles(result.test_set.classes, say), result.test.confusion
    drawing = both(draw_confusion, matrix, labels, say=say)
    title = say(_("{name}: what it takes for what", name=network_title(name)))
    confusion = figure(drawing, said.confusion(matrix, labels), f"{name}-confusion", say=say)
    return Markup("<section>{}{}{}</section>").format(heading(title, 4), confusion, _mistakes(name, race, say))


def _mistakes(name: str, race: Race, say: Language) -> Markup:
    result = race.results[name]
    wrong = result.test.mistakes(MISTAKES)
    if not len(wrong):
        none = _(
            "{name} makes no mistake on these {pictures:,} pictures.",
            name=network_title(name), pictures=result.test.n,
        )  # fmt: skip
        return note(say(none))
    shares, labels = result.test.logits.softmax(1), titles(result.test_set.classes, say)
    card = Markup(
        '<figure class="rd-mistake"><img class="rd-pixels" alt="{}" src="{}"><figcaption><b>{}</b> {}<br>{}'
        "</figcaption></figure>"
    )
    cards = []
    for index in wrong.tolist():
        answer, truth = int(shares[index].argmax()), labels[int(result.test.labels[index])]
        cards.append(
            card.format(
                say(_("{truth}, taken for {answer}", truth=truth, answer=labels[answer])),
                photo_uri(result.test_set.picture(index)),
                labels[answer],
                say.percent(float(shares[index, answer])),
                say(_("is {truth}", truth=truth)),
            )
        )
    title = heading(say(_("The mistakes it is most confident in")), 4)
    return title + Markup("<div class='rd-mistakes'>{}</div>").format(joined(cards))


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


PAGE = Page("train", _("Train"), build, connect, asks="neither, nor a link")
