"""The page Train: with shortcuts, without, or both in a race, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from markupsafe import Markup

from ... import i18n
from ...data import DATASETS, downloading
from ...data.small import enough_epochs
from ...errors import InputError
from ...i18n import Language, _, _p
from .. import race_form
from ..components import given
from ..events import Events, in_session, sent_with
from ..html import note
from ..jobs.forecast import forecast
from ..jobs.race import MOST_EPOCHS, OWN_PICTURES, Plan, Race, batch_of, look_through, read_data
from ..jobs.training import Job, Training, adopt
from ..page import Layout, Page, choose
from ..race_form import PRESET_TITLES, PRESETS, Form, plan_of, preset
from ..race_shown import (
    brought,
    curves,
    degradation_figure,
    gradients,
    outcome,
    outlook,
    progress,
    refusal,
    summary,
    waiting,
)
from ..session import Session
from ..visits import session_of

# One visitor's page shows a training as it begins; the others see their place in the queue.
ALONE: dict[str, Any] = {"concurrency_id": "training", "concurrency_limit": 1}
READING = _("Getting the pictures …")
NOTHING_YET = _("Nothing trained yet: press Train.")


@dataclass(frozen=True, kw_only=True)
class TrainPage(Layout):
    """The page's components that are joined with its events."""

    data_dir: str | None
    form: Form
    presets: dict[str, gr.Button]
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
    lead = gr.HTML(elem_id="train-lead")
    live = gr.HTML(elem_id="race")
    status = gr.HTML(elem_id="train-status")
    with gr.Row(elem_id="presets"):
        start = gr.Button(variant="primary", size="md", elem_id="train")
        stop = gr.Button(variant="stop", size="md", elem_id="stop", visible=False)
        again = gr.Button(size="sm", elem_id="again", visible=False)
        presets = {name: gr.Button(size="sm", elem_id=f"preset-{name}") for name in PRESETS}
    expected = gr.HTML(elem_id="train-forecast", js_on_load=choose("depth", number=True))
    form = race_form.build()
    result = gr.HTML(elem_id="train-result", js_on_load=choose("network"))
    files = gr.File(file_count="multiple", interactive=False, visible=False, elem_id="train-files")
    told = gr.HTML(elem_id="race-gradients")
    degradation = gr.HTML(elem_id="degradation")

    def labels(say: Language) -> dict[Any, Any]:
        title = say(_("Train a network and its twin without shortcuts"))
        explained = _("Two networks learn the same pictures in the same order, one with shortcuts and one without.")
        return {
            lead: gr.update(value=Markup("<h3>{}</h3><p class='rd-note'>{}</p>").format(title, say(explained))),
            **{button: gr.update(value=say(PRESET_TITLES[name])) for name, button in presets.items()},
            **form.labels(say),
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
        job, race = state.job, state.race
        if job is None or race is None:
            return {}
        over = race.over or race.abandoned
        return {
            status: note(say(summary(race))) if over else progress(race, say),
            live: curves(race, say),
            expected: outlook(race, None if over else job.forecast, say),
            told: gradients(race, say),
            result: outcome(race, say) if over else "",
        }

    def render(session: Session) -> dict[Any, Any]:
        return {degradation: degradation_figure(session.language)}

    return TrainPage(
        components=[degradation], render=render, labels=labels, retell=retell, data_dir=data_dir, form=form,
        presets=presets, start=start, stop=stop, again=again, status=status, live=live, forecast=expected,
        gradients=told, result=result, files=files,
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

    def shorter(session: Session, *form: Any) -> tuple[Plan, Callable[[], Race]]:
        """The last race once more, of other layers."""
        race, (depth,) = session.of(Training).race, form
        if race is None:
            raise InputError("There is no race to repeat yet: train first.")
        plan = replace(race.plan, depth=depth)
        return plan, lambda: Race(plan, race.train_set, race.test_set)

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
                job = state.begin(plan, make, lambda race: settle(session, race))
                yield {key: session.key, **reading(page, session.say)}
                try:
                    yield from looking_on(page, events, session, job)
                except InputError as error:
                    state.refused = error.message
                    raise

        return run

    def resume(session_key: str | None) -> Iterator[Any]:
        """The page was loaded again: show the race that goes on, or what came of the last one."""
        with in_session(session_key) as session:
            job = session.of(Training).latest
            if job is None:
                yield gr.skip()
                return
            shown = {} if job.over else buttons(page, running=True)
            yield {**shown, **page.form.filled(job.plan)}
            yield from looking_on(page, events, session, job)

    def refused(session_key: str | None) -> dict[Any, Any]:
        try:
            session = session_of(session_key)
            state = session.of(Training)
            last, why, state.refused = state.latest, state.refused, None
            shown = idle(page, session.say, last and last.race)
            return {**shown, page.status: refusal(why, session.say)} if why else shown
        except InputError:  # the session was put away, and that was said already
            return idle(page, i18n.language(i18n.FIRST))

    def train(
        trigger: Callable[..., Any], handle: Callable[..., Any], form: list[Any], api_name: str | None = None
    ) -> None:
        event = trigger(
            handle, [key, *form], [*page.outputs, *events.shown],
            **({"api_name": api_name} if api_name else {"api_visibility": "private"}),
            **events.quiet, **ALONE,
        )  # fmt: skip
        event.failure(refused, [key], page.outputs, api_visibility="private", queue=False)

    run = running_event(new)
    train(page.start.click, run, page.form.inputs, "train")
    train(page.again.click, running_event(again), [], "train_again")
    # The key comes with the session, once in the life of a page.
    key.change(
        resume, [key], [*page.outputs, *page.form.inputs, *events.shown], api_visibility="private",
        **events.quiet, concurrency_limit=None,
    )  # fmt: skip

    run_shorter = running_event(shorter)

    def train_shorter(session_key: str | None, value: Any, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        yield from run_shorter(session_key, sent_with(event).get("value", value))

    def leave(session_key: str | None) -> None:
        with in_session(session_key) as session:
            if job := session.of(Training).job:
                job.abandon()

    # The race that runs makes way for the shorter one, which waits for its place in the queue.
    page.forecast.select(leave, [key], None, api_name="leave", queue=False)
    train(page.forecast.select, train_shorter, [events.clicked], "train_shorter")

    def stop(session_key: str | None) -> str:
        with in_session(session_key) as session:
            job = session.of(Training).job
            if job is None:
                return note(session.say(NOTHING_YET))
            job.stop()
            if job.race is None:
                return note(session.say(_("It will stop before the first step.")))
            return progress(job.race, session.say)

    # Not queued: it must reach a training that is running, however long the queue is.
    page.stop.click(stop, [key], [page.status], api_name="stop", queue=False)

    def look(session: Session, name: Any) -> None:
        """Look inside a network that was trained here, with a picture that it was tested on."""
        session.use_trained(str(name)[:80])
        picture = next(iter(session.trained[session.name].samples.values()))
        session.show_picture(picture)
        session.page = "inside"

    events.on_click(page.result, look, "look", whole=True)

    def bring(session_key: str | None) -> str:
        with in_session(session_key) as session:
            return note(session.say(_("Upload a zip with one folder of pictures per class, then press Train.")))

    def fill_in(name: str) -> Callable[[], dict[Any, Any]]:
        return lambda: preset(page.form, name)

    for name, button in page.presets.items():
        filled = button.click(fill_in(name), None, page.form.inputs, api_name=f"preset_{name}", queue=False)
        if PRESETS[name][2] == OWN_PICTURES:  # which have to be brought first
            filled.success(bring, [key], [page.status], api_visibility="private", queue=False)
        else:
            train(filled.success, run, page.form.inputs)

    def look_through_zip(session_key: str | None, file: Any, recipe: Any, batch: Any) -> dict[Any, Any]:
        """Tell what is in a zip, and for how many epochs so many pictures are enough, before they are trained on."""
        with in_session(session_key) as session:
            if not file:
                return {page.status: gr.skip()}
            busy = session.of(Training).busy  # then the race's own status stands there
            try:
                found, size = look_through(given(file)), batch_of(recipe, batch)
            except InputError as error:
                return {page.status: gr.skip() if busy else refusal(error.message, session.say)}
            epochs = min(enough_epochs(found.training, size), MOST_EPOCHS)
            told = gr.skip() if busy else brought(found, epochs, size, session.say)
            return {page.status: told, page.form.epochs: epochs}

    page.form.file.upload(
        look_through_zip, [key, page.form.file, page.form.recipe, page.form.batch], [page.status, page.form.epochs],
        api_visibility="private", queue=False,
    )  # fmt: skip
    race_form.connect(page.form)


def settle(session: Session, race: Race) -> None:
    """A race that begins weighs, whatever comes of it; what one that is over has trained is the visitor's own."""
    if race.over:
        with session.lock:
            adopt(session, race)
    else:
        session.weigh()


# While it runs


def looking_on(page: TrainPage, events: Events, session: Session, job: Job) -> Iterator[dict[Any, Any]]:
    """What changes on the page while a race runs: the curves with each record, and how far it is all the time; in the
    end, what came out."""
    told, said_before, measured = -1, None, 0.0
    for _moment in job.watch():
        if (race := job.race) is None:
            if job.stop_asked:  # a download goes on by itself: the next training finds it there
                yield idle(page, session.say, session.of(Training).race)
                return
            yield {
                page.status: queued(session.say) if job.waits else arriving(job.plan.data, page.data_dir, session.say)
            }
            continue
        shown: dict[Any, Any] = {page.status: progress(race, session.say)}
        if told < 0:  # now that the pictures are there, the race before makes way
            shown |= {page.result: "", page.files: gr.update(visible=False)}
        if (records := sum(map(len, race.records.values()))) > told:
            told = records
            shown |= {page.live: curves(race, session.say), page.gradients: gradients(race, session.say)}
        seconds = max((run[-1].seconds for run in race.records.values() if run), default=0.0)
        if job.forecast is None or seconds >= 2 * measured:  # the first second may have been a slow one
            job.forecast, measured = forecast(race) or job.forecast, max(seconds, 1.0)
        if (now := (job.forecast, session.language)) != said_before:
            said_before = now
            shown[page.forecast] = outlook(race, job.forecast, session.say)
        yield shown
    race = job.race
    if race is None:
        yield idle(page, session.say, session.of(Training).race)
    elif not race.abandoned:
        yield idle(page, session.say, race)  # that it is over is told before what came of it is drawn
        with session.lock:
            end = finished(page, race, session.say)
            shown = events.anew(session)
        yield {**end, **shown}
        if race.results:  # matplotlib draws the files for a second or more, when all else is in sight
            yield {**end, page.files: gr.update(value=race.write_files(), visible=True)}


def buttons(page: TrainPage, running: bool, repeatable: bool = False) -> dict[Any, Any]:
    return {
        page.start: gr.update(visible=not running),
        page.stop: gr.update(visible=running),
        **{button: gr.update(visible=not running) for button in page.presets.values()},
        page.again: gr.update(visible=repeatable and not running),
    }


def idle(page: TrainPage, say: Language, race: Race | None = None) -> dict[Any, Any]:
    """The page when nothing runs."""
    return {
        **buttons(page, running=False, repeatable=bool(race and race.repeatable)),
        page.status: note(say(NOTHING_YET if race is None else summary(race))),
        page.forecast: "",
    }


def reading(page: TrainPage, say: Language) -> dict[Any, Any]:
    """What is shown until the pictures are there; if they are refused, what the last race came to is still in sight."""
    return {**buttons(page, running=True), page.status: under_way(say(READING)), page.forecast: ""}


def under_way(words: str) -> Markup:
    """A word about what runs; `static/js/train.js` knows it by its class."""
    return note(words, "rd-under-way")


def queued(say: Language) -> Markup:
    return under_way(say(_("Another visitor’s race is still running; yours begins after it.")))


def arriving(data: str, data_dir: str | None, say: Language) -> Markup:
    """How far a download of pictures is; where there is none, they are being read or drawn."""
    download = downloading(data, data_dir) if data in DATASETS else None
    if download is None:
        return under_way(say(READING))
    arrived, size = (round(count / 1e6) for count in download)
    return under_way(say(_("Downloading the pictures: {arrived} of {size} MB …", arrived=arrived, size=size)))


def finished(page: TrainPage, race: Race, say: Language) -> dict[Any, Any]:
    shown = {**idle(page, say, race), page.live: curves(race, say), page.result: outcome(race, say)}
    shown[page.gradients] = gradients(race, say)
    return shown


PAGE = Page("train", _("Train"), build, connect)
