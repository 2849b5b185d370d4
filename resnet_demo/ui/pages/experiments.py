"""The page Experiments: what each asks, what came out on the bundled networks, and a run on the visitor's own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ... import lab
from ...data import downloading, load_dataset
from ...errors import InputError
from ...figures import draw_experiment, network_title
from ...lab import results
from ...lab.results import Result
from ...models import zoo
from .. import text
from ..bars import has_test_set, test_set
from ..events import Events, visiting
from ..jobs.background import in_background
from ..jobs.run import (
    FRESH,
    MOST_SECONDS,
    NOTHING,
    PICTURE,
    WAIT,
    Run,
    count_of,
    data_of,
    networks_of,
    pictures_of,
    suits,
)
from ..page import Page, choose
from ..parts import Table, both, figure, note, whole_input
from ..session import TRAINED, Visit

# One experiment runs at a time; other visitors see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "experiment", "concurrency_limit": 1}
GROUPS = {
    "holes": ("lesion", "lesions", "dial"),
    "inside": ("lens", "responses", "refinement"),
    "gradient": ("paths", "gradients", "shattering"),
    "ground": ("landscape",),
    "maps": ("sanity", "localise", "faithful"),
}
TOGETHER = ("responses",)  # what is told by networks of several depths in one figure


@dataclass(frozen=True)
class ExperimentsPage:
    """The page's components; the app joins them with its events."""

    page: Page
    menu: gr.HTML
    asked: gr.HTML
    bundled: gr.HTML
    live: gr.HTML
    pictures: gr.Number
    start: gr.Button
    stop: gr.Button
    download: gr.Button
    status: gr.HTML

    def as_in(self, visit: Visit) -> dict[Any, Any]:
        """The form as it is offered for the visit's experiment."""
        return {self.pictures: suits(visit.experiment), self.status: ""}

    @property
    def outputs(self) -> list[Any]:
        return [*self.page.components, self.pictures, self.start, self.stop, self.status]


def build(data_dir: str | None) -> ExperimentsPage:
    say = text.of(text.FIRST).experiments
    menu = gr.HTML(elem_id="experiments-menu", js_on_load=choose("experiment"))
    asked = gr.HTML(elem_id="experiment", js_on_load=choose("compared"))
    with gr.Row(equal_height=False, elem_id="experiment-results"):
        with gr.Column(min_width=320, scale=1):
            bundled = gr.HTML(elem_id="experiment-bundled", js_on_load=choose("cut"))
        with gr.Column(min_width=320, scale=1, visible=False) as beside:
            live = gr.HTML(elem_id="experiment-live", js_on_load=choose("cut"))
    here = gr.HTML(elem_id="experiment-here")
    with gr.Row(elem_id="experiment-form"):
        with gr.Column(min_width=150, scale=0) as asking:
            pictures = whole_input(suits(Visit().experiment), label=say.PICTURES, elem_id="experiment-pictures")
        start = gr.Button(say.RUN, variant="primary", elem_id="experiment-run", min_width=120, scale=0)
        stop = gr.Button(say.STOP, elem_id="experiment-stop", visible=False, min_width=120, scale=0)
        download = gr.Button(say.DOWNLOAD, elem_id="experiment-download", visible=False, min_width=220, scale=0)
    status = gr.HTML(elem_id="experiment-status")

    def render(visit: Visit) -> dict[Any, Any]:
        name, say = visit.experiment, visit.say.experiments
        there, own = results.bundled(name), visit.measured.get(name)
        data, masks = data_of(visit, name, data_dir), lab.asks_for_masks(name)
        titles = [network_title(network) for network in networks_of(visit)]
        return {
            menu: menu_of(visit),
            asked: question(visit, there),
            bundled: shown(visit, there, say.BUNDLED, own is not None) if there else note(say.NOT_YET),
            beside: gr.update(visible=own is not None),
            live: shown(visit, own, say.HERE, there is not None) if own else "",
            here: f"<h3>{escape(say.HERE)}</h3>" + note(say.data_used(data, titles, network_title(visit.name), masks)),
            asking: gr.update(visible=data not in (PICTURE, FRESH)),
            start: gr.update(interactive=data != NOTHING),
            download: gr.update(visible=not (has_test_set(data_dir) or masks)),
        }

    def labels(say: Any) -> dict[Any, Any]:
        words = say.experiments
        return {
            pictures: gr.update(label=words.PICTURES),
            start: gr.update(value=words.RUN),
            stop: gr.update(value=words.STOP),
            download: gr.update(value=words.DOWNLOAD),
        }

    components = [menu, asked, bundled, beside, live, here, asking, start, download]
    page = Page("experiments", components, render, labels=labels)
    return ExperimentsPage(page, menu, asked, bundled, live, pictures, start, stop, download, status)


# What is shown


def menu_of(visit: Visit) -> str:
    """The experiments as buttons, in groups."""
    say, groups = visit.say.experiments, []
    for group, names in GROUPS.items():
        buttons = "".join(
            f'<li><button type="button" class="rd-ask" data-experiment="{name}" '
            f'aria-pressed="{str(name == visit.experiment).lower()}">{escape(say.TITLES[name])}</button></li>'
            for name in names
            if name in lab.NAMES
        )
        if buttons:
            groups.append(f"<section><h4>{escape(say.GROUPS[group])}</h4><ul>{buttons}</ul></section>")
    return note(say.INTRODUCTION) + f'<nav class="rd-menu">{"".join(groups)}</nav>'


def question(visit: Visit, result: Result | None) -> str:
    """What is asked and what to look for; and a choice among the networks that the bundled result compares."""
    name, say = visit.experiment, visit.say.experiments
    parts = [
        f"<h3>{escape(say.TITLES[name])}</h3>",
        note(say.QUESTIONS[name]),
        f'<p class="rd-note"><b>{escape(say.LOOK_FOR)}:</b> {escape(say.LOOK[name])}</p>',
    ]
    pairs = results.pairs(result) if result and name not in TOGETHER else []
    if len(pairs) > 1:
        current = next(iter(compared(visit, result)))
        parts += [
            '<p class="rd-pairs">',
            *(
                f'<button type="button" class="rd-ask" data-compared="{escape(next(iter(pair)))}" '
                f'aria-pressed="{str(next(iter(pair)) == current).lower()}">'
                f"{escape(say.pair([network_title(network) for network in pair]))}</button>"
                for pair in pairs
            ),
            "</p>",
        ]
    return "".join(parts)


def compared(visit: Visit, result: Result | None) -> dict[str, Any]:
    """Which of a result's reports are shown: all, or a network and its twin."""
    if result is None:
        return {}
    if result["experiment"] in TOGETHER:
        return result["networks"]
    pairs = results.pairs(result)
    return next((pair for pair in pairs if visit.compared in pair), pairs[0])


def shown(visit: Visit, result: Result, title: str, beside: bool) -> str:
    """A result: its figure with the sentence that reads it, and what it rests on; `beside` another one."""
    name, say = result["experiment"], visit.say.experiments
    reports = compared(visit, result)
    drawing = both(lambda tall=False: draw_experiment(name, reports, say.FIGURES.get(name), tall))
    words = say.reading(name, reports)
    source = say.provenance(result, say.SOURCES[name])
    beside_it = " rd-beside" * beside
    drawn = figure(drawing, words, "-".join([name, *reports]), table=table(reports), say=visit.say)
    return (
        f'<div class="rd-experiment{beside_it}"><h4>{escape(title)}</h4>{drawn}'
        f'<p class="rd-source">{escape(source)}</p></div>'
    )


def table(reports: dict[str, Any]) -> Table:
    """The numbers: a row for each, a column for each network."""
    header, rows = results.table(reports)
    return [["number", *header[1:]], *(["" if value is None else value for value in row] for row in rows)]


# The events


def connect(page: ExperimentsPage, events: Events, data_dir: str | None) -> None:
    """The events that choose an experiment, run it, stop it, and fetch the data."""
    key = events.key

    def run(visit_key: str | None, pictures: Any) -> Iterator[dict[Any, Any]]:
        with visiting(visit_key) as visit:
            say, name = visit.say.experiments, visit.experiment
            # Before anything is read: from here on, Stop and a closed page find this run, not the one before.
            under_way = visit.run = Run(name, count_of(name, pictures), say.too_long(MOST_SECONDS))
            yield {**busy(page), page.status: note(say.READING_DATA)}
            with visit.lock:
                networks, dataset = networks_of(visit), pictures_of(visit, name, data_dir)
            if dataset is None:
                raise InputError(say.no_data(network_title(visit.name), lab.asks_for_masks(name)))
            for _ in under_way.watch(networks, dataset):
                yield {page.status: progress(under_way, say)}
            if under_way.result:
                visit.measured[name] = under_way.result
            with visit.lock:
                end = page.page.render(visit)
            yield {**end, **idle(page), page.status: note(say.STOPPED if under_way.stopped else say.DONE)}

    def stop(visit_key: str | None) -> str:
        with visiting(visit_key) as visit:
            if visit.run:
                visit.run.stop()
            return note(visit.say.experiments.STOPPING)

    def fetch(visit_key: str | None) -> Iterator[dict[Any, Any]]:
        with visiting(visit_key) as visit:
            say = visit.say.experiments
            with in_background(load_dataset, "cifar10", False, data_dir) as loaded:
                while wait([loaded], WAIT).not_done:
                    arrived = downloading("cifar10", data_dir)
                    yield {page.status: note(say.downloading(*arrived) if arrived else say.READING_DATA)}
            loaded.result()
            test_set.cache_clear()  # which may remember that there was none
            with visit.lock:
                end = page.page.render(visit)
            yield {**end, page.status: note(say.DONE)}

    for trigger, act, inputs, api_name in (
        (page.start.click, run, [key, page.pictures], "run_experiment"),
        (page.download.click, fetch, [key], "download_cifar10"),
    ):
        event = trigger(
            act, inputs, page.outputs, api_name=api_name, show_progress="minimal", show_progress_on=[page.status],
            **ALONE,
        )  # fmt: skip
        event.failure(
            lambda: {**idle(page), page.status: ""}, None, page.outputs, api_visibility="private", queue=False
        )

    def change_experiment(visit: Visit, name: Any) -> dict[Any, Any]:
        visit.choose_experiment(name)
        return page.as_in(visit)

    events.on_click(page.menu, change_experiment, "experiments_experiment")
    events.on_click(page.asked, change_compared, "experiments_compared")
    # Not queued: it must reach a run that is under way, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop_experiment", queue=False)


def busy(page: ExperimentsPage) -> dict[Any, Any]:
    return {page.start: gr.update(visible=False), page.stop: gr.update(visible=True)}


def idle(page: ExperimentsPage) -> dict[Any, Any]:
    return {page.start: gr.update(visible=True), page.stop: gr.update(visible=False)}


def progress(run: Run, say: Any) -> str:
    share = 100 * run.done
    return (
        '<div class="rd-running"><span class="rd-progress" role="progressbar" '
        f'aria-label="{escape(say.RUN)}" aria-valuenow="{share:.0f}"><span style="width:{share:.1f}%"></span></span>'
        f"<span>{escape(say.STOPPING if run.stopped else say.running(run.done, run.seconds))}</span></div>"
    )


def cut_from(visit: Visit, chosen: object, bundled: bool) -> None:
    """Open the page Cut with a block cut, from a click on its bar: "resnet56 layer2.1".

    The bars of a `bundled` result are of the networks that come with the app, whatever the visitor calls their own.
    """
    name, _, block = str(chosen).rpartition(" ")  # a network from a file can have a name with spaces
    if bundled:
        if (visit.name, visit.weights, visit.seed) != (name, TRAINED, 0):
            visit.use_network(name, TRAINED)
    elif name != visit.name:
        if name in visit.trained:
            visit.use_trained(name)
        else:
            visit.use_network(name, "trained" if zoo.network(name).weights == "bundled" else "random", visit.seed)
    visit.mend()
    visit.cut_or_mend(block)
    visit.page = "cut"


def change_compared(visit: Visit, name: Any) -> None:
    """Show the bundled result of a network and its twin."""
    result = results.bundled(visit.experiment)
    if result is None or name not in result["networks"]:
        raise InputError(f"There is no result of {str(name)[:40]!r} to show.")
    visit.compared = str(name)
