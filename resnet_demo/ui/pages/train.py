"""The page Train: with shortcuts, without, or both in a race, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import gradio as gr
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
from ...models import zoo
from ...training.recipes import RECIPES
from ...training.records import Record
from .. import text
from ..events import visiting
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
from ..page import Page, choose
from ..parts import Dropdown, File, Number, Radio, both, figure, note, whole_input
from ..session import Trained, Visit, visit_of

# One visitor trains at a time; the others see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 1}
MISTAKES = 12
WAIT = 0.5  # seconds between two words on how far a download is
SECONDS, EPOCHS = "seconds", "epochs"
# What a person may want to try first: the depth, the kind, the data, the seconds.
PRESETS = {
    "twins": (56, BOTH, SHAPES, 120),
    "deep": (110, BOTH, SHAPES, 300),
    "own": (20, "residual", OWN_PICTURES, 60),
}


@dataclass(frozen=True)
class TrainPage:
    """The page's components; the app joins them with its events."""

    page: Page
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


def build() -> TrainPage:
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

    def labels(say: Any) -> dict[Any, Any]:
        words = say.train
        return {
            lead: gr.update(value=f"<h3>{words.HEADING}</h3>{note(words.LEAD)}"),
            **{button: gr.update(value=words.PRESETS[name]) for name, button in presets.items()},
            depth: gr.update(label=words.DEPTH, choices=[(words.layers(layers), layers) for layers in DEPTHS]),
            kind: gr.update(label=words.NETWORKS, choices=[(words.KINDS[name], name) for name in KINDS]),
            data: gr.update(label=words.PICTURES, choices=[(words.DATA[name], name) for name in DATA]),
            file: gr.update(label=words.ZIP),
            budget: gr.update(label=words.BUDGET, choices=[(words.BUDGETS[name], name) for name in (SECONDS, EPOCHS)]),
            seconds: gr.update(label=words.seconds(LEAST_SECONDS, MOST_SECONDS)),
            epochs: gr.update(label=words.EPOCHS),
            how: gr.update(label=words.HOW),
            recipe: gr.update(label=words.RECIPE, choices=[(words.RECIPES[name], name) for name in RECIPES]),
            batch: gr.update(label=words.BATCH),
            rate: gr.update(label=words.RATE),
            seed: gr.update(label=words.SEED),
            start: gr.update(value=words.START),
            stop: gr.update(value=words.STOP),
            again: gr.update(value=words.AGAIN),
            status: gr.update(value=note(words.NOTHING_YET)),
            live: gr.update(value=waiting(say)),
            files: gr.update(label=words.FILES),
        }

    page = Page("train", [degradation], lambda visit: {degradation: degradation_figure(visit.language)}, labels=labels)
    inputs = [depth, kind, data, file, budget, seconds, epochs, recipe, batch, rate, seed]
    return TrainPage(
        page=page, inputs=inputs, presets=presets, data=data, file=file, budget=budget, seconds=seconds, epochs=epochs,
        start=start, stop=stop, again=again, status=status, live=live, result=result, files=files,
    )  # fmt: skip


def connect(
    page: TrainPage, key: gr.State, show: Callable[[Visit], dict[Any, Any]], shown: list[Any], data_dir: str | None
) -> None:
    """The page's events. `show` gives the rest of the app, the components in `shown`, as a visit has it."""

    def new(visit: Visit, *form: Any) -> tuple[Plan, Callable[[], Race]]:
        plan = plan_of(*form)
        return plan, lambda: Race(plan, *read_data(plan, data_dir))

    def again(visit: Visit) -> tuple[Plan, Callable[[], Race]]:
        if visit.race is None:
            raise InputError(visit.say.notices.NO_RACE)
        return visit.race.plan, visit.race.repeat

    def running_event(
        prepare: Callable[..., tuple[Plan, Callable[[], Race]]],
    ) -> Callable[..., Iterator[dict[Any, Any]]]:
        """An event that trains: it shows the race as it goes, and hands over what came out."""

        def run(visit_key: str | None, *form: Any) -> Iterator[dict[Any, Any]]:
            with visiting(visit_key) as visit:
                plan, make = prepare(visit, *form)  # what cannot be is refused before the page is cleared
                visit.race, visit.stop_asked = None, False
                yield {key: visit.key, **reading(page, visit.say)}
                with in_background(make) as made:
                    while wait([made], WAIT).not_done:
                        if visit.stop_asked:  # a download goes on by itself: the next training finds it there
                            yield idle(page, visit.say)
                            return
                        yield {page.status: arriving(plan.data, data_dir, visit.say)}
                    race = made.result()
                visit.begin(race)
                if visit.stop_asked:
                    race.stop()
                for _ in race.run():
                    yield {page.status: status(race, visit.say), page.live: live(race, visit.say)}
                if race.abandoned:
                    return
                with visit.lock:
                    adopt(visit, race)
                    end = {**finished(page, race, visit.say), **show(visit)}
                yield end

        return run

    def refused(visit_key: str | None) -> dict[Any, Any]:
        try:
            visit = visit_of(visit_key)
            return idle(page, visit.say, visit.race)
        except InputError:  # the visit was put away, and that was said already
            return idle(page, text.of(text.FIRST))

    for trigger, prepare, form, api_name in (
        (page.start.click, new, page.inputs, "train"),
        (page.again.click, again, [], "train_again"),
    ):
        event = trigger(
            running_event(prepare), [key, *form], [*page.outputs, *shown], api_name=api_name,
            show_progress="full", show_progress_on=[page.status], **ALONE,
        )  # fmt: skip
        event.failure(refused, [key], page.outputs, api_visibility="private", queue=False)

    def stop(visit_key: str | None) -> str:
        with visiting(visit_key) as visit:
            visit.stop_asked = True
            if visit.race is None:
                return note(visit.say.train.STOPPING)
            visit.race.stop()
            return status(visit.race, visit.say)

    # Not queued: it must reach a training that is running, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop", queue=False)

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


def idle(page: TrainPage, say: Any, race: Race | None = None) -> dict[Any, Any]:
    """The buttons as they are when nothing runs."""
    return {
        page.start: gr.update(visible=True),
        page.stop: gr.update(visible=False),
        # By epochs, a race that was stopped is not repeatable: where it stopped was not the clock's doing.
        page.again: gr.update(visible=bool(race and race.results and not (race.stopped and race.plan.epochs))),
        page.status: note(say.train.NOTHING_YET if race is None else _summary(race, say)),
    }


def reading(page: TrainPage, say: Any) -> dict[Any, Any]:
    """What is shown until the first step."""
    return {
        page.start: gr.update(visible=False),
        page.stop: gr.update(visible=True),
        page.again: gr.update(visible=False),
        page.status: note(say.train.READING),
        page.live: waiting(say),
        page.result: "",
        page.files: gr.update(visible=False),
    }


def arriving(data: str, data_dir: str | None, say: Any) -> str:
    """How far a download of pictures is; where there is none, they are being read or drawn."""
    download = downloading(data, data_dir) if data in DATASETS else None
    if download is None:
        return note(say.train.READING)
    return note(say.train.downloading(*download))


def finished(page: TrainPage, race: Race, say: Any) -> dict[Any, Any]:
    shown = {**idle(page, say, race), page.live: live(race, say), page.result: outcome(race, say)}
    if race.results:
        shown[page.files] = gr.update(value=race.write_files(), visible=True)
    return shown


def _summary(race: Race, say: Any) -> str:
    if not race.results:
        return say.train.FAILED
    return say.train.STOPPED if race.stopped else say.train.DONE


def retold(page: TrainPage, visit: Visit) -> dict[Any, Any]:
    """What stands on the page of the visit's race, in the visitor's language."""
    race, say = visit.race, visit.say
    if race is None:
        return {}
    over = race.over or race.abandoned
    return {
        page.status: note(_summary(race, say)) if over else status(race, say),
        page.live: live(race, say),
        page.result: outcome(race, say) if over else "",
    }


def waiting(say: Any) -> str:
    return figure(both(draw_race, {}, terms=say.terms.TERMS), say.train.WAITING, "race", say=say)


def live(race: Race, say: Any) -> str:
    """The race as it stands: curves, and the gradients of the last step."""
    records, latest, classes = race.records, _latest(race), len(race.train_set.classes)
    pictures = race.plan.epochs and race.plan.epochs * len(race.train_set)  # the axis; by the clock nobody knows
    curves = both(draw_race, records, pictures, classes, terms=say.terms.TERMS)
    gradients = both(draw_gradients, latest, terms=say.terms.TERMS)
    return (
        figure(curves, say.training.race(records, classes, race.over), "race", say=say)
        + f"<h3>{say.train.GRADIENTS}</h3>"
        + figure(gradients, say.training.gradients(latest), "gradients", say=say)
    )


def _latest(race: Race) -> dict[str, Record]:
    return {name: run[-1] for name, run in race.records.items() if run}


def status(race: Race, say: Any) -> str:
    """How fast, and how much longer."""
    words, done = say.train, race.progress
    if race.stopped:
        left = words.LAST_TEST
    elif race.plan.seconds:
        left = words.seconds_left(race.plan.seconds * (1 - done))
    else:
        left = words.done(done)
    speeds = [words.speed(network_title(name), run[-1].images_per_second) for name, run in race.records.items() if run]
    bar = (
        f'<span class="rd-progress" role="progressbar" aria-label="{words.PROGRESS}" aria-valuenow="{100 * done:.0f}">'
        f'<span style="width:{100 * done:.1f}%"></span></span>'
    )
    return f'<div class="rd-running">{bar}<span>{" · ".join([left, *speeds])}</span></div>'


# Afterwards


def samples(dataset: Dataset, most: int = 10) -> dict[str, Image.Image]:
    """The first picture of each of the first classes, by the class's name."""
    found = {}
    for index, label in enumerate(dataset.classes[:most]):
        places = (dataset.labels == index).nonzero()
        if len(places):
            found[label] = dataset.picture(int(places[0]))
    return found


def adopt(visit: Visit, race: Race) -> None:
    """Make what was trained the visitor's own."""
    for name, result in race.results.items():
        visit.keep(name, Trained(result.model, samples(race.test_set), result.test_set.copy(), race.conditions))


def outcome(race: Race, say: Any) -> str:
    """What came out: the figures, a way to look inside, the confusions and the worst mistakes of each network."""
    words, said = say.train, i18n.language(text.code_of(say))
    failed = [words.failed(network_title(name), said(reason)) for name, reason in race.failures.items()]
    if not race.results:
        return note(" ".join(failed) or words.NOTHING, "rd-warn")
    parts = [f"<h3>{words.OUTCOME}</h3>"]
    for sentence in (*failed, *(said(each.note) for each in (race.train_set, race.test_set) if each.note)):
        parts.append(note(sentence, "rd-warn"))
    exact = race.repeats_exactly
    if exact is not None:
        parts.append(note(words.SAME if exact else words.NOT_SAME))
    rows = "".join(
        f"<tr><th scope='row'>{network_title(name)}</th>"
        f"<td>{words.tested(say.reading.percent(result.test.accuracy), result.test.n)}</td>"
        f"<td>{words.seen(race.trainings[name].history[-1].images)}</td><td><button type='button' class='rd-look' "
        f"data-network='{name}'>{words.look(network_title(name))}</button></td></tr>"
        for name, result in race.results.items()
    )
    parts.append(f"<div class='rd-scroll'><table class='rd-table'><tbody>{rows}</tbody></table></div>")
    ratios = both(draw_ratios, _latest(race), terms=say.terms.TERMS)
    parts.append(f"<h4>{words.RATIOS}</h4>" + figure(ratios, words.READ_RATIOS, "ratios", say=say))
    parts.append(f"<div class='rd-outcomes'>{''.join(_outcome(name, race, say) for name in race.results)}</div>")
    return "".join(parts)


def _outcome(name: str, race: Race, say: Any) -> str:
    """What one network takes for what, and the mistakes that it is surest of."""
    result = race.results[name]
    labels, matrix = say.classes.titles(result.test_set.classes), result.test.confusion
    drawing = both(draw_confusion, matrix, labels, terms=say.terms.TERMS)
    return (
        f"<section><h4>{say.train.confusion(network_title(name))}</h4>"
        + figure(drawing, say.training.confusion(matrix, labels), f"{name}-confusion", say=say)
        + _mistakes(name, race, say)
        + "</section>"
    )


def _mistakes(name: str, race: Race, say: Any) -> str:
    result, words = race.results[name], say.train
    wrong = result.test.mistakes(MISTAKES)
    if not len(wrong):
        return note(words.no_mistake(network_title(name), result.test.n))
    shares = result.test.logits.softmax(1)
    labels = say.classes.titles(result.test_set.classes)
    cards = ""
    for index in wrong.tolist():
        said = int(shares[index].argmax())
        truth = labels[int(result.test.labels[index])]
        cards += (
            f'<figure class="rd-mistake"><img class="rd-pixels" alt="{escape(words.mistake(truth, labels[said]))}" '
            f'src="{photo_uri(result.test_set.picture(index))}"><figcaption><b>{escape(labels[said])}</b> '
            f"{say.reading.percent(float(shares[index, said]))}<br>{escape(words.truly(truth))}</figcaption></figure>"
        )
    return f"<h4>{words.MISTAKES}</h4><div class='rd-mistakes'>{cards}</div>"


@lru_cache(maxsize=len(text.LANGUAGES))
def degradation_figure(language: str) -> str:
    """He et al. 2015, figures 1 and 6, from the histories of the networks that come with the app."""
    say, (histories, *again) = text.of(language), [zoo.histories(seed) for seed in range(zoo.MOST_SEEDS)]
    words = say.train
    drawing = curves_svg(draw_degradation(histories, again=again), words.ERRORS, say.terms.TERMS)
    reading = say.training.degradation(histories, {name: zoo.test_accuracies(name) for name in histories})
    source = words.ALIKE if zoo.trained_alike() else words.UNLIKE
    return f"<h3>{words.LONG_RUN}</h3>" + figure(drawing, reading, "degradation", source, say=say)
