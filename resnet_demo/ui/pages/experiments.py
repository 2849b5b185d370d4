"""The page Experiments: what each asks, what came out on the bundled networks, and a run on the visitor's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import wait
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from markupsafe import Markup

from ... import lab
from ...data import downloading, load_dataset
from ...errors import InputError
from ...figures import draw_experiment
from ...i18n import Language, Message, _, sentences
from ...lab import EXPERIMENTS, results, seeds
from ...lab.experiment import GROUPS, Experiment, Reports
from ...lab.results import Result
from ...lab.seeds import Seeds
from ...models import zoo
from ..captions import experiments as said
from ..captions import seeds as measures
from ..components import whole_input
from ..events import Events, in_session
from ..film import moment_of
from ..html import Table, both, figure, heading, joined, note, pressed, table_of
from ..html import progress as bar
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
    training_of,
)
from ..page import Layout, Page, choose
from ..page_state import PageState
from ..pictures import has_test_set, look_again
from ..session import Session, Source
from ..store import TRAINED

BUNDLED, HERE, RUN = _("Measured beforehand, at the end of training"), _("Run it here"), _("Run")
CHOSEN = "lab.then(({chosen}) => chosen(element));"  # what an address chose is in sight
# One experiment runs at a time; other visitors see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "experiment", "concurrency_limit": 1}


@dataclass
class Experiments(PageState):
    """What is looked at on the page, and what the visitor's own runs found."""

    name: str = "lesion"
    compared: str | None = None  # the first of the bundled networks that are shown; None: the deepest
    run: Run | None = None  # the one that runs, or the last one that ran
    measured: dict[str, Result[Any]] = field(default_factory=dict)  # by experiment
    sources: dict[str, dict[str, Source]] = field(default_factory=dict)  # and on which networks, by their names

    def end(self) -> None:
        if self.run:
            self.run.stop()


def choose_experiment(session: Session, name: object) -> None:
    session.of(Experiments).name = lab.get(str(name)).name


@dataclass(frozen=True, kw_only=True)
class ExperimentsPage(Layout):
    """The page's components that are joined with its events."""

    data_dir: str | None
    menu: gr.HTML
    asked: gr.HTML
    bundled: gr.HTML
    live: gr.HTML
    pictures: gr.Number
    start: gr.Button
    stop: gr.Button
    download: gr.Button
    status: gr.HTML

    def form(self, session: Session) -> dict[Any, Any]:
        """The form as it is offered for the experiment that is looked at."""
        return {self.pictures: suits(session.of(Experiments).name), self.status: ""}

    @property
    def outputs(self) -> list[Any]:
        """What a run changes."""
        return [*self.components, self.pictures, self.start, self.stop, self.status]


def build(data_dir: str | None = None) -> ExperimentsPage:
    with gr.Row(equal_height=False, elem_id="experiments"):
        menu = gr.HTML(elem_id="experiments-menu", js_on_load=choose("experiment") + CHOSEN)
        with gr.Column(elem_id="experiment-shown"):
            asked = gr.HTML(elem_id="experiment", js_on_load=choose("compared"))
            with gr.Row(equal_height=False, elem_id="experiment-results"):
                with gr.Column(min_width=320, scale=1):
                    bundled = gr.HTML(elem_id="experiment-bundled", js_on_load=choose("cut"))
                with gr.Column(min_width=320, scale=1, visible=False) as beside:
                    live = gr.HTML(elem_id="experiment-live", js_on_load=choose("cut"))
            here = gr.HTML(elem_id="experiment-here")
            with gr.Row(elem_id="experiment-form"):
                with gr.Column(min_width=150, scale=0) as asking:
                    pictures = whole_input(suits(Experiments().name), elem_id="experiment-pictures")
                start = gr.Button(variant="primary", elem_id="experiment-run", min_width=120, scale=0)
                stop = gr.Button(elem_id="experiment-stop", visible=False, min_width=120, scale=0)
                download = gr.Button(elem_id="experiment-download", visible=False, min_width=220, scale=0)
            status = gr.HTML(elem_id="experiment-status")

    def render(session: Session) -> dict[Any, Any]:
        state, say = session.of(Experiments), session.say
        name = state.name
        there, own = results.bundled(name), state.measured.get(name)
        data, masks = data_of(session, name, data_dir), lab.get(name).masks
        used = said.data_used(data, list(networks_of(session)), session.name, masks)
        return {
            menu: menu_of(session),
            asked: question(session, there),
            bundled: shown(session, there, BUNDLED, own is not None) if there else note(say(said.NOT_YET)),
            beside: gr.update(visible=own is not None),
            live: shown(session, own, HERE, there is not None, state.sources.get(name, {})) if own else "",
            here: heading(say(HERE)) + note(say(used)),
            asking: gr.update(visible=data not in (PICTURE, FRESH)),
            start: gr.update(interactive=data != NOTHING),
            download: gr.update(visible=not (has_test_set(data_dir) or masks)),
        }

    def labels(say: Language) -> dict[Any, Any]:
        return {
            pictures: gr.update(label=say(_("Test pictures"))),
            start: gr.update(value=say(RUN)),
            stop: gr.update(value=say(_("Stop"))),
            download: gr.update(value=say(_("Download CIFAR-10 (170 MB)"))),
        }

    def begin(session: Session) -> dict[Any, Any]:
        return {pictures: suits(session.of(Experiments).name), status: ""}

    return ExperimentsPage(
        components=[menu, asked, bundled, beside, live, here, asking, start, download], render=render, labels=labels,
        fields=[pictures, status], begin=begin, data_dir=data_dir, menu=menu, asked=asked, bundled=bundled, live=live,
        pictures=pictures, start=start, stop=stop, download=download, status=status,
    )  # fmt: skip


# What is shown


def menu_of(session: Session) -> Markup:
    """The experiments as buttons, in groups."""
    say, groups = session.say, []
    button = Markup('<li><button type="button" class="rd-ask" data-experiment="{}" aria-pressed="{}">{}</button></li>')
    for group, title in GROUPS.items():
        buttons = joined(
            button.format(name, pressed(name == session.of(Experiments).name), say(experiment.title))
            for name, experiment in EXPERIMENTS.items()
            if experiment.group == group
        )
        groups.append(Markup("<section>{}<ul>{}</ul></section>").format(heading(say(title), 4, read=3), buttons))
    return note(say(said.INTRODUCTION)) + Markup('<nav class="rd-menu">{}</nav>').format(joined(groups))


def question(session: Session, result: Result[Any] | None) -> Markup:
    """What is asked and what to look for; and a choice among the networks that the bundled result compares."""
    experiment, say = lab.get(session.of(Experiments).name), session.say
    asked = heading(say(experiment.title)) + note(say(experiment.question))
    asked += Markup('<p class="rd-note">{}</p>').format(
        say.html(_("<b>Look for:</b> {what}", what=experiment.look_for))
    )
    pairs = results.pairs(result.networks) if result and not experiment.together else []
    if len(pairs) < 2:
        return asked
    current = next(iter(compared(session, result)))
    button = Markup('<button type="button" class="rd-ask" data-compared="{}" aria-pressed="{}">{}</button>')
    buttons = joined(
        button.format(first, pressed(first == current), say(said.compared(list(pair))))
        for pair in pairs
        for first in list(pair)[:1]
    )
    return asked + Markup('<p class="rd-pairs">{}</p>').format(buttons)


def compared(session: Session, result: Result[Any] | None) -> Reports:
    """Which of a result's reports are shown: all, or a network and its twin."""
    if result is None:
        return {}
    if lab.get(result.experiment).together:
        return result.networks
    pairs = results.pairs(result.networks)
    return next((pair for pair in pairs if session.of(Experiments).compared in pair), pairs[0])


def shown(
    session: Session, result: Result[Any], title: Message, beside: bool, sources: Mapping[str, Source] | None = None
) -> Markup:
    """A result: its figure with the sentence that reads it, and what it rests on; `beside` another one.

    The `sources` of the networks tell at which moment of their training they were measured.
    """
    experiment, say = lab.get(result.experiment), session.say
    reports = compared(session, result)
    others = {name: found for name, found in result.seeds.items() if name in reports}
    drawing = both(lambda tall=False: draw_experiment(experiment.name, reports, tall, say, others))
    name = "-".join([experiment.name, *reports])
    caption = sentences(experiment.read(reports), seeds.read(experiment, reports, others))
    drawn = figure(drawing, caption, name, table=table(reports, others), say=say)
    drawn += intervals(experiment, reports, others, say)
    moments = [words for source in (sources or {}).values() if (words := moment_of(source))]
    source = say(sentences(said.moments(moments), said.provenance(result, experiment.source)))
    return Markup('<div class="rd-experiment{}"><h4>{}</h4>{}<p class="rd-source">{}</p></div>').format(
        " rd-beside" * beside, say(title), drawn, source
    )


def intervals(experiment: Experiment, reports: Reports, others: Seeds, say: Language) -> Markup:
    """The numbers that the verdict rests on, with their intervals; folded, and nothing where there are none."""
    rows = measures.table(experiment, reports, others, say)
    if not rows:
        return Markup()
    return Markup('<details class="rd-fold rd-intervals"><summary>{}</summary>{}</details>').format(
        say(_("How sure are these numbers?")), table_of(rows)
    )


def table(reports: Reports, others: Seeds = seeds.NO_SEEDS) -> Table:
    """The numbers: a row for each, a column for each network and for each of its other trainings."""
    again = {
        zoo.training_name(name, int(seed)): report for name, found in others.items() for seed, report in found.items()
    }
    header, rows = results.table({**reports, **again})
    return [["number", *header[1:]], *(["" if value is None else value for value in row] for row in rows)]


# The events


def connect(page: ExperimentsPage, events: Events) -> None:
    """The events that choose an experiment, run it, stop it, fetch the data, and cut what is clicked in a result."""
    key, data_dir = events.key, page.data_dir

    def run(session_key: str | None, pictures: Any) -> Iterator[dict[Any, Any]]:
        with in_session(session_key) as session:
            state, say = session.of(Experiments), session.say
            name = state.name
            # Before anything is read: from here on, Stop and a closed page find this run, not the one before.
            under_way = state.run = Run(name, count_of(name, pictures), said.too_long(MOST_SECONDS))
            yield {**busy(page), page.status: note(say(said.READING_DATA))}
            with session.lock:
                pair, dataset = session.pair(), pictures_of(session, name, data_dir)
                training = training_of(session, name, data_dir)
                networks = {network: model for network, (model, _source) in pair.items()}
            if dataset is None:
                with session.lock:  # what is on the disk turned out to be of no use: offer to fetch it
                    yield {**page.render(session), **idle(page)}
                raise InputError(said.no_data(session.name, lab.get(name).masks))
            for _moment in under_way.watch(networks, dataset, training):
                yield {page.status: progress(under_way, session)}
            if under_way.result:
                state.measured[name] = under_way.result
                state.sources[name] = {network: source for network, (_model, source) in pair.items()}
            with session.lock:
                end = page.render(session)
            yield {**end, **idle(page), page.status: note(say(said.STOPPED if under_way.stopped else said.DONE))}

    def stop(session_key: str | None) -> str:
        with in_session(session_key) as session:
            if run := session.of(Experiments).run:
                run.stop()
            return note(session.say(said.STOPPING))

    def fetch(session_key: str | None) -> Iterator[dict[Any, Any]]:
        with in_session(session_key) as session:
            say = session.say
            with in_background(load_dataset, "cifar10", False, data_dir) as loaded:
                while wait([loaded], WAIT).not_done:
                    arrived = downloading("cifar10", data_dir)
                    words = said.downloading(*arrived) if arrived else said.READING_DATA
                    yield {page.status: note(say(words))}
            loaded.result()
            look_again(data_dir)
            with session.lock:
                end = {**page.render(session), **events.anew(session)}
            yield {**end, page.status: note(say(said.DONE))}

    for trigger, act, inputs, outputs, api_name in (
        (page.start.click, run, [key, page.pictures], page.outputs, "run_experiment"),
        (page.download.click, fetch, [key], events.shown, "download_cifar10"),
    ):
        event = trigger(
            act, inputs, outputs, api_name=api_name, show_progress="minimal", show_progress_on=[page.status], **ALONE
        )
        event.failure(
            lambda: {**idle(page), page.status: ""}, None, page.outputs, api_visibility="private", queue=False
        )

    def change_experiment(session: Session, name: Any) -> dict[Any, Any]:
        choose_experiment(session, name)
        return page.form(session)

    events.on_click(page.menu, change_experiment, "experiments_experiment")
    events.on_click(page.asked, change_compared, "experiments_compared")
    # Not queued: it must reach a run that is under way, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop_experiment", queue=False)
    events.on_click(page.bundled, cut_bundled, "cut_from_bundled", whole=True)
    events.on_click(page.live, cut_live, "cut_from_live", whole=True)


def busy(page: ExperimentsPage) -> dict[Any, Any]:
    return {page.start: gr.update(visible=False), page.stop: gr.update(visible=True)}


def idle(page: ExperimentsPage) -> dict[Any, Any]:
    return {page.start: gr.update(visible=True), page.stop: gr.update(visible=False)}


def progress(run: Run, session: Session) -> Markup:
    """What runs, which may be another experiment than the one that is looked at, and how far it is."""
    say = session.say
    far = said.STOPPING if run.stopped else said.running(run.done, run.seconds)
    return bar(run.done, say(RUN), say(sentences(lab.get(run.name).title, far)))


def cut_bundled(session: Session, chosen: object) -> None:
    """Open the page Cut with a block cut, from a click on its bar, "resnet56 layer2.1", in a bundled result.

    Such bars are of the networks that come with the app, whatever the visitor calls their own.
    """
    name, _space, block = str(chosen).rpartition(" ")
    if (session.name, session.weights, session.seed, session.moment) != (name, TRAINED, 0, None):
        session.use_network(name, TRAINED)
    _cut(session, block)


def cut_live(session: Session, chosen: object) -> None:
    """The same in a result of the visitor's own: of the network with the very weights that it was found with."""
    name, _space, block = str(chosen).rpartition(" ")  # a network from a file can have a name with spaces
    state = session.of(Experiments)
    source = state.sources.get(state.name, {}).get(name)
    if source is None:
        raise InputError("There is no result of {name!r} to show.", name=name)
    session.look_at(source)
    _cut(session, block)


def _cut(session: Session, block: str) -> None:
    session.mend()
    session.cut_or_mend(block)
    session.page = "cut"


def change_compared(session: Session, name: Any) -> None:
    """Show the bundled result of a network and its twin."""
    result = results.bundled(session.of(Experiments).name)
    if result is None or not isinstance(name, str) or name not in result.networks:
        raise InputError("There is no result of {name!r} to show.", name=name)
    session.of(Experiments).compared = str(name)


def _query(session: Session) -> dict[str, str]:
    return {"experiment": session.of(Experiments).name}


def _asked(session: Session) -> Iterable[tuple[str, Any]]:
    yield "experiment", lambda name: choose_experiment(session, name)


PAGE = Page("experiments", _("Experiments"), build, connect, query=_query, asked=_asked)
