"""The page Train: with shortcuts, without, or both in a race, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from .. import zoo
from ..data import DATASETS, Dataset, downloading
from ..errors import InputError
from ..figures import (
    curves_svg,
    draw_confusion,
    draw_degradation,
    draw_gradients,
    draw_race,
    draw_ratios,
    network_title,
    photo_uri,
)
from ..train import Record
from . import text
from .page import Page, choose
from .parts import Dropdown, File, Number, Radio, both, figure, note, sentences, whole_input
from .race import BOTH, DATA, DEPTHS, KINDS, OWN_PICTURES, SHAPES, Plan, Race, read_data
from .session import Trained, Visit, visit_of
from .text import LANGUAGES
from .text.en.reading import percent

# One visitor trains at a time; the others see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 1}
MISTAKES = 12
WAIT = 0.5  # seconds between two words on how far a download is
SECONDS, EPOCHS = "seconds", "epochs"
DATA_TITLES = {
    SHAPES: "Shapes, drawn here",
    "cifar10": "CIFAR-10 photos",
    "cifar100": "CIFAR-100 photos",
    "fashion-mnist": "Fashion-MNIST, clothes",
    OWN_PICTURES: "My own pictures (zip)",
}
KIND_TITLES = {BOTH: "both, side by side", "residual": "with shortcuts", "plain": "without shortcuts"}
# What a person may want to try first: (what the button says, the depth, the kind, the data, the seconds).
PRESETS = {
    "twins": ("ResNet-56 against Plain-56", 56, BOTH, SHAPES, 120),
    "deep": ("How deep can you go?", 110, BOTH, SHAPES, 300),
    "own": ("My own pictures", 20, "residual", OWN_PICTURES, 60),
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
    gr.HTML(
        "<h3>Train a network and its twin without shortcuts</h3>"
        + note(
            "A shortcut is the wire that carries a block's input past the block. Here two networks learn the same "
            "pictures in the same order, one with shortcuts and one without: press Train. The picture and the network "
            "at the side are not part of it, and stay as they are."
        )
    )
    with gr.Row(elem_id="presets"):
        presets = {
            key: gr.Button(title, size="sm", elem_id=f"preset-{key}") for key, (title, *_rest) in PRESETS.items()
        }
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280, scale=2, elem_classes="rd-bar", elem_id="train-form"):
            depth = Dropdown([(f"{d} layers", d) for d in DEPTHS], value=20, label="Depth", elem_id="depth")
            kind = Radio([(KIND_TITLES[k], k) for k in KINDS], value=BOTH, label="Networks", elem_id="kind")
            data = Dropdown([(DATA_TITLES[d], d) for d in DATA], value=SHAPES, label="Pictures", elem_id="data")
            file = File(
                label="A zip with one folder of pictures per class", file_types=[".zip"], elem_id="own-pictures",
                visible=False, height=110,
            )  # fmt: skip
            budget = Radio([("by the clock", SECONDS), ("by epochs", EPOCHS)], value=SECONDS, label="How long",
                           elem_id="budget")  # fmt: skip
            seconds = Number(30, label="Seconds, all networks together (10 to 600)", elem_id="seconds", precision=0)
            epochs = whole_input(1, label="Epochs: times through all pictures", elem_id="epochs", visible=False)
            with gr.Accordion("How to train", open=False):
                recipe = Dropdown(
                    [("fast: orthogonal steps, small crops first", "fast"), ("paper: He et al. 2015", "paper"),
                     ("seed: the textbook loop", "seed")],
                    value="fast", label="Recipe", elem_id="recipe",
                )  # fmt: skip
                batch = whole_input(None, label="Pictures per step (empty: the recipe's)", elem_id="batch")
                rate = Number(None, label="Highest learning rate (empty: the recipe's)", elem_id="rate")
                seed = whole_input(0, label="Seed of weights and order", elem_id="train-seed")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="train")
                stop = gr.Button("Stop", elem_id="stop", visible=False)
            again = gr.Button("Replay: the same race again", size="sm", elem_id="again", visible=False)
        with gr.Column(min_width=320, scale=5):
            status = gr.HTML(note("Nothing trained yet: press Train."), elem_id="train-status")
            live = gr.HTML(waiting(), elem_id="race")
    result = gr.HTML(elem_id="train-result", js_on_load=choose("network"))
    files = gr.File(label="Weights, history and plots", file_count="multiple", interactive=False, visible=False,
                    elem_id="train-files")  # fmt: skip
    degradation = gr.HTML(elem_id="degradation")
    page = Page("train", [degradation], lambda visit: {degradation: degradation_figure(visit.language)})
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
            raise InputError("There is no race to repeat yet: train first.")
        return visit.race.plan, visit.race.repeat

    def running_event(
        prepare: Callable[..., tuple[Plan, Callable[[], Race]]],
    ) -> Callable[..., Iterator[dict[Any, Any]]]:
        """An event that trains: it shows the race as it goes, and hands over what came out."""

        def run(visit_key: str | None, *form: Any) -> Iterator[dict[Any, Any]]:
            with sentences():
                visit = visit_of(visit_key)
                plan, make = prepare(visit, *form)  # what cannot be is refused before the page is cleared
                visit.race, visit.stop_asked = None, False
                yield {key: visit.key, **reading(page)}
                with ThreadPoolExecutor(1) as reader:
                    made = reader.submit(make)
                    while wait([made], WAIT).not_done:
                        yield {page.status: arriving(plan.data, data_dir)}
                race = visit.race = made.result()
                if visit.stop_asked:
                    race.stop()
                for _ in race.run():
                    yield {page.status: status(race), page.live: live(race, visit.say)}
                if race.abandoned:
                    return
                with visit.lock:
                    adopt(visit, race)
                    end = {**finished(page, race, visit.say), **show(visit)}
                yield end

        return run

    def refused(visit_key: str | None) -> dict[Any, Any]:
        try:
            return idle(page, visit_of(visit_key).race)
        except InputError:  # the visit was put away, and that was said already
            return idle(page)

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
        with sentences():
            visit = visit_of(visit_key)
            visit.stop_asked = True
            if visit.race is None:
                return note("It will stop before the first step is over.")
            visit.race.stop()
            return status(visit.race)

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
    _, depth, kind, data, seconds = PRESETS[name]
    file, clock = gr.update(visible=data == OWN_PICTURES), gr.update(value=seconds, visible=True)
    values = [depth, kind, data, file, SECONDS, clock, gr.update(visible=False), "fast", None, None, 0]
    return dict(zip(page.inputs, values, strict=True))


# While it runs


def idle(page: TrainPage, race: Race | None = None) -> dict[Any, Any]:
    """The buttons as they are when nothing runs."""
    return {
        page.start: gr.update(visible=True),
        page.stop: gr.update(visible=False),
        # By epochs, a race that was stopped is not repeatable: where it stopped was not the clock's doing.
        page.again: gr.update(visible=bool(race and race.results and not (race.stopped and race.plan.epochs))),
        page.status: note("Press Train to begin." if race is None else _summary(race)),
    }


def reading(page: TrainPage) -> dict[Any, Any]:
    """What is shown until the first step."""
    return {
        page.start: gr.update(visible=False),
        page.stop: gr.update(visible=True),
        page.again: gr.update(visible=False),
        page.status: note("Getting the pictures …"),
        page.live: waiting(),
        page.result: "",
        page.files: gr.update(visible=False),
    }


def arriving(data: str, data_dir: str | None) -> str:
    """How far a download of pictures is; where there is none, they are being read or drawn."""
    download = downloading(data, data_dir) if data in DATASETS else None
    if download is None:
        return note("Getting the pictures …")
    arrived, size = download
    return note(f"Downloading the pictures: {arrived / 1e6:.0f} of {size / 1e6:.0f} MB …")


def finished(page: TrainPage, race: Race, say: Any) -> dict[Any, Any]:
    shown = {**idle(page, race), page.live: live(race, say), page.result: outcome(race, say)}
    if race.results:
        shown[page.files] = gr.update(value=race.write_files(), visible=True)
    return shown


def _summary(race: Race) -> str:
    if not race.results:
        return "It failed."
    return "Stopped. What was learned until then is kept." if race.stopped else "Done."


def waiting() -> str:
    return figure(both(draw_race, {}), "Here the curves will grow, one for each network.", "race")


def live(race: Race, say: Any) -> str:
    """The race as it stands: curves, and the gradients of the last step."""
    records, latest, classes = race.records, _latest(race), len(race.train_set.classes)
    pictures = race.plan.epochs and race.plan.epochs * len(race.train_set)  # the axis; by the clock nobody knows
    curves = both(draw_race, records, pictures, classes)
    gradients = both(draw_gradients, latest)
    return (
        figure(curves, say.training.race(records, classes, race.over), "race")
        + "<h3>How strongly each block is told to change: the gradient</h3>"
        + figure(gradients, say.training.gradients(latest), "gradients")
    )


def _latest(race: Race) -> dict[str, Record]:
    return {name: run[-1] for name, run in race.records.items() if run}


def status(race: Race) -> str:
    """How fast, and how much longer."""
    speeds = [
        f"{network_title(name)} <b>{run[-1].images_per_second:,.0f}</b> pictures/s"
        for name, run in race.records.items()
        if run
    ]
    done = race.progress
    if race.stopped:
        left = "Stopping: what was learned is tested once more · "
    elif race.plan.seconds:
        left = f"about <b>{race.plan.seconds * (1 - done):.0f} s</b> left · "
    else:
        left = f"<b>{100 * done:.0f} %</b> done · "
    bar = (
        f'<span class="rd-progress" role="progressbar" aria-label="Training" aria-valuenow="{100 * done:.0f}">'
        f'<span style="width:{100 * done:.1f}%"></span></span>'
    )
    return f'<div class="rd-running">{bar}<span>{left}{" · ".join(speeds)}</span></div>'


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
        visit.keep(name, Trained(result.model, samples(race.test_set)))


def outcome(race: Race, say: Any) -> str:
    """What came out: the figures, a way to look inside, the confusions and the worst mistakes of each network."""
    if not race.results:
        return note(race.failure or "Nothing was trained.", "rd-warn")
    parts = ["<h3>What came out</h3>"]
    for sentence in (race.failure, race.train_set.note, race.test_set.note):
        if sentence:
            parts.append(note(sentence, "rd-warn"))
    exact = race.repeats_exactly
    if exact is not None:
        parts.append(
            note("Replayed: every test came out exactly as the first time.")
            if exact
            else note("Replayed with the same seeds and schedule; the tests differ, as they may after a stop.")
        )
    rows = "".join(
        f"<tr><th scope='row'>{network_title(name)}</th><td><b>{percent(result.test.accuracy)}</b> of "
        f"{result.test.n:,} test pictures</td><td>{race.trainings[name].history[-1].images:,} pictures seen</td>"
        f"<td><button type='button' class='rd-look' data-network='{name}'>Look inside {network_title(name)}</button>"
        "</td></tr>"
        for name, result in race.results.items()
    )
    parts.append(f"<div class='rd-scroll'><table class='rd-table'><tbody>{rows}</tbody></table></div>")
    ratios = both(draw_ratios, _latest(race))
    read = "‖F(x)‖ / ‖shortcut‖ on eight training pictures. Below 1 the shortcut carries more than the block adds."
    parts.append(f"<h4>How much each block adds to its shortcut</h4>{figure(ratios, read, 'ratios')}")
    parts.append(f"<div class='rd-outcomes'>{''.join(_outcome(name, race, say) for name in race.results)}</div>")
    return "".join(parts)


def _outcome(name: str, race: Race, say: Any) -> str:
    """What one network takes for what, and the mistakes that it is surest of."""
    result = race.results[name]
    labels, matrix = result.test_set.classes, result.test.confusion
    return (
        f"<section><h4>{network_title(name)}: what it takes for what</h4>"
        + figure(both(draw_confusion, matrix, labels), say.training.confusion(matrix, labels), f"{name}-confusion")
        + _mistakes(name, race)
        + "</section>"
    )


def _mistakes(name: str, race: Race) -> str:
    result = race.results[name]
    wrong = result.test.mistakes(MISTAKES)
    if not len(wrong):
        return note(f"{network_title(name)} makes no mistake on these {result.test.n:,} pictures.")
    shares = result.test.logits.softmax(1)
    labels = result.test_set.classes
    cards = ""
    for index in wrong.tolist():
        said = int(shares[index].argmax())
        truth = labels[int(result.test.labels[index])]
        alt = f"{truth}, taken for {labels[said]}"
        cards += (
            f'<figure class="rd-mistake"><img class="rd-pixels" alt="{escape(alt)}" '
            f'src="{photo_uri(result.test_set.picture(index))}"><figcaption><b>{escape(labels[said])}</b> '
            f"{percent(float(shares[index, said]))}<br>is {escape(truth)}</figcaption></figure>"
        )
    return f"<h4>The mistakes it is surest of</h4><div class='rd-mistakes'>{cards}</div>"


@lru_cache(maxsize=len(LANGUAGES))
def degradation_figure(language: str) -> str:
    """He et al. 2015, figures 1 and 6, from the histories of the networks that come with the app."""
    say, histories = text.of(language), zoo.histories()
    drawing = curves_svg(draw_degradation(histories), "Training and test error by epoch, plain and residual networks")
    return (
        "<h3>The long run: what the bundled networks did</h3>"
        + figure(drawing, say.training.degradation(histories), "degradation",
                 "CIFAR-10, the same recipe and seed for all; after He et al. 2015, figures 1 and 6.")
    )  # fmt: skip
