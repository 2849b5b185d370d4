"""The drawer of the network: which one, with which weights, with or without shortcuts, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from ..errors import InputError
from ..i18n import Language, Message, _, _p
from ..models import zoo
from ..models.labels import parse_labels
from ..models.predict import named
from ..models.resnet import ResNet
from ..models.weights import SUFFIXES, load_file
from . import network_menu
from .components import Dropdown, File, Radio, given, whole_input
from .events import Events, Shown, in_session
from .html import joined, notice, pressed
from .jobs import download as downloads
from .jobs.download import Downloads
from .jobs.film import MOST_PARAMETERS
from .network_menu import size, title
from .page import choose
from .places import UPLOADS
from .reading_choice import change_reading, reading_choice
from .session import HERE, OWN, Session
from .store import RANDOM, TRAINED
from .uploads import reading

WITH, WITHOUT, BOTH = "with", "without", "both"  # which of the twins is in sight
SHORTCUTS: dict[str, Message] = {
    WITH: _p("shortcuts", "with"),
    WITHOUT: _p("shortcuts", "without"),
    BOTH: _p("shortcuts", "both"),
}
SWITCH = choose("shortcuts")


@dataclass(frozen=True)
class NetworkDrawer:
    """Its components, and `render`, which sets them to what a session holds."""

    heading: gr.HTML
    menu: gr.HTML
    network: gr.Dropdown  # for clients of the API; a person has the menu
    download: gr.HTML
    download_number: gr.Number  # the page hears by it that another download began
    cancel: gr.Button
    again: gr.Button
    untrained: gr.Button
    shortcuts: gr.HTML
    twin: gr.Button  # for clients of the API; a person has the switch
    weights: gr.Radio
    training: gr.Radio
    seed_row: gr.Column
    seed: gr.Number
    facts: gr.HTML
    reading: gr.HTML
    own: gr.Accordion
    file: gr.File
    naming: gr.Column
    names: gr.Textbox
    name: gr.Button

    @property
    def components(self) -> list[Any]:
        """The components that `render` sets."""
        return [
            self.menu, self.network, self.download, self.download_number, self.cancel, self.again, self.untrained,
            self.shortcuts, self.weights, self.training, self.seed_row, self.seed, self.facts, self.reading, self.file,
            self.naming, self.names,
        ]  # fmt: skip

    def render(self, session: Session) -> Shown:
        return {
            self.menu: network_menu.menu(session),
            self.network: gr.update(choices=[*zoo.names(), session.name], value=session.name),
            self.download_number: session.of(Downloads).number,
            **self.told(session),
            self.shortcuts: _shortcuts(session),
            self.weights: gr.update(choices=weight_choices(session), value=session.weights),
            self.training: _training(session),
            self.seed: session.seed,
            self.seed_row: gr.update(visible=session.weights == RANDOM),
            self.facts: _facts(session),
            self.reading: reading_choice(session),
            self.naming: gr.update(visible=session.weights == OWN),
            self.names: gr.update(label=_names_label(session)),
        }

    def told(self, session: Session) -> Shown:
        """Of a download: how far it is, and what can be done about it."""
        state, say = session.of(Downloads), session.say
        failed = state.failed(session)
        name = title(state.job.name) if state.job else ""
        return {
            self.download: network_menu.told(session),
            self.cancel: gr.update(visible=state.busy),
            self.again: gr.update(visible=failed),
            self.untrained: gr.update(visible=failed, value=say(_("{network} with random weights", network=name))),
        }

    def restore(self) -> Shown:
        """What a person may have put there, put back after it was refused."""
        return {self.file: None}

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        suffixes = [suffix.removeprefix(".") for suffix in SUFFIXES]
        return {
            self.heading: gr.update(value=Markup("<h2>{}</h2>").format(say(_("A network")))),
            self.cancel: gr.update(value=say(_("Cancel the download"))),
            self.again: gr.update(value=say(_("Download again"))),
            self.name: gr.update(value=say(_("Name the classes"))),
            self.weights: gr.update(label=say(_("Weights"))),
            self.training: gr.update(label=say(_("Trained from seed"))),
            self.seed: gr.update(label=say(_("Seed of the random weights (Enter draws them)"))),
            self.own: gr.update(label=say(_("Weights of your own"))),
            self.file: gr.update(label=say(_("A checkpoint: {suffixes:or}", suffixes=suffixes))),
        }


def build() -> NetworkDrawer:
    with gr.Column(elem_id="network-drawer", elem_classes="rd-drawer"):
        heading = gr.HTML()
        menu = gr.HTML(elem_id="network", js_on_load=choose("choice"))
        network = Dropdown([], visible=False, allow_custom_value=False)
        download = gr.HTML(elem_id="download", js_on_load="lab.then(({download}) => download(element));")
        download_number = gr.Number(0, visible="hidden", elem_id="download-number")
        with gr.Row(elem_id="download-buttons"):
            cancel = gr.Button(size="sm", visible=False, elem_id="download-cancel")
            again = gr.Button(size="sm", visible=False, elem_id="download-again")
            untrained = gr.Button(size="sm", visible=False, elem_id="download-untrained")
        shortcuts = gr.HTML(elem_id="shortcuts", js_on_load=SWITCH)
        twin = gr.Button("", visible=False)
        weights = Radio([], elem_id="weights")
        training = Radio([], elem_id="training", visible=False)
        with gr.Column(visible=False) as seed_row:
            seed = whole_input(0, elem_id="seed")
        facts = gr.HTML(elem_id="facts")
        reading = gr.HTML(elem_id="reading", js_on_load=choose("reading"))
        with gr.Column(visible=False) as naming:
            names = gr.Textbox(lines=3, max_lines=8, elem_id="class-names", placeholder="cat, dog, ship")
            name = gr.Button(size="sm", elem_id="name-classes")
        with gr.Accordion(open=False) as own:
            file = File(file_types=list(SUFFIXES), elem_id="file", height=110)
    return NetworkDrawer(
        heading, menu, network, download, download_number, cancel, again, untrained, shortcuts, twin, weights, training,
        seed_row, seed, facts, reading, own, file, naming, names, name,
    )  # fmt: skip


def weight_choices(session: Session) -> list[tuple[str, str]]:
    """Where the weights of the network in sight may be from; those of a file are its own."""
    say = session.say
    if session.weights == OWN:
        return [(say(_("your file")), OWN)]
    choices, weights = [(say(_("random")), RANDOM)], zoo.network(session.name).weights
    if weights == "bundled":
        choices.insert(0, (say(_("trained")), TRAINED))
    elif weights == "download" and zoo.has_weights(session.name):
        choices.insert(0, (say(_("ImageNet")), TRAINED))
    elif weights == "download":
        choices.insert(0, (say(_("ImageNet ↓ {size}", size=size(session.name))), TRAINED))
    if session.name in session.trained:
        choices.insert(0, (say(_("trained here")), HERE))
    return choices


def _names_label(session: Session) -> str:
    count = len(session.labels)
    return session.say(_("Names of its {count} classes, one in a line or with commas between them", count=count))


def _training(session: Session) -> Any:
    """Which of several trainings of the same network is in sight; a single one needs no choice."""
    seeds = zoo.bundled_seeds(session.name) if session.weights == TRAINED else []
    choices = [(str(seed), seed) for seed in seeds]
    return gr.update(choices=choices, value=session.seed if seeds else None, visible=len(seeds) > 1)


def switch(session: Session) -> Markup:
    """With shortcuts, without, or both beside each other; nothing for a network that has no twin here."""
    if session.twin is None:
        return Markup("")
    now = BOTH if session.both else WITHOUT if session.network.config.plain else WITH
    button = Markup('<button type="button" data-shortcuts="{}" aria-pressed="{}">{}</button>')
    buttons = joined(button.format(which, pressed(which == now), session.say(t)) for which, t in SHORTCUTS.items())
    return Markup('<span class="rd-switch" role="group" aria-label="{}">{}</span>').format(
        session.say(_("Shortcuts")), buttons
    )


def film_button(session: Session, words: bool = False) -> Markup:
    """Opens the film of the network's training, where there are snapshots of it; see `static/js/drawers.js`."""
    if not session.moments:
        return Markup("")
    title = session.say(_("A film of the training"))
    return Markup(
        '<button type="button" class="rd-chip rd-film-chip" data-film="{}" aria-expanded="false" aria-controls="film" '
        'aria-label="{title}" title="{title}">{}</button>'
    ).format("" if session.moment is None else "open", f"▶ {title}" if words else "▶", title=title)


def _shortcuts(session: Session) -> Markup:
    """The switch and the film's button, which a narrow bar has no room for."""
    shown = switch(session)
    if shown:
        shown = Markup('<div class="rd-labelled"><span>{}</span>{}</div>').format(session.say(_("Shortcuts")), shown)
    return shown + film_button(session, words=True)


def _facts(session: Session) -> Markup:
    """What the network is: counted, or as its weights' provenance says."""
    model, provenance = session.network, session.network.provenance or {}
    config, dataset, blocks = model.config, session.domain.name, sum(model.config.blocks)
    lines: list[object] = [
        _("<b>{count:,}</b> parameters", count=zoo.count_parameters(config)),
        _("<b>{blocks}</b> blocks, no shortcuts", blocks=blocks) if config.plain
        else _("<b>{blocks}</b> blocks", blocks=blocks),
    ]  # fmt: skip
    if session.weights == RANDOM or (session.moment == 0 and session.weights == TRAINED):
        lines.append(_("untrained: random weights, seed {seed}", seed=session.seed))
    elif session.untrained:
        lines.append(_("untrained: random weights"))
    elif session.weights == OWN and dataset == "unknown":
        lines.append(_("made for other classes than those that are known here"))
    elif session.weights == OWN:
        lines.append(_("used as a network for <b>{dataset}</b>", dataset=dataset))
    else:
        lines.append(_("trained on <b>{dataset}</b>", dataset=dataset))
    accuracy = provenance.get("test_accuracy")
    if isinstance(accuracy, (int, float)):
        count = provenance.get("test_pictures")
        lines.append(_accuracy(accuracy, count if isinstance(count, int) else None, session))
    at_end = session.moment is None
    if session.weights == TRAINED and at_end and len(spread := zoo.test_accuracies(session.name)) > 1:
        least, most = 100 * min(spread), 100 * max(spread)
        lines.append(_("{seeds} seeds: {least:.2f} to {most:.2f} %", seeds=len(spread), least=least, most=most))
    if session.weights == OWN:
        lines.append(_("from your file; only you see it"))
        lines += model.note.messages if model.note else ()  # how what it left open was decided
    elif session.weights == HERE and session.moment != 0:
        lines.append(_("trained by you, in this session; only you see it"))
        if not session.moments:
            lines.append(
                _("too large for snapshots of its training (the most are {most:,} parameters)", most=MOST_PARAMETERS)
            )
    elif session.weights == RANDOM and zoo.network(session.name).weights == "none":
        lines.append(_("no trained weights come with this one yet"))
    items = joined(Markup("<li>{}</li>").format(session.say.html(line)) for line in lines)
    return Markup('<ul class="rd-facts">{}</ul>').format(items)


def _accuracy(share: float, pictures: int | None, session: Session) -> Message:
    """How many of a set's pictures are right, and where only its file says so."""
    percent, validation, says_file = 100 * share, session.domain.size >= 64, session.weights == OWN
    if pictures is None:
        asked = _("its validation set") if validation else _("its test set")
    elif validation:
        asked = _("{pictures:,} validation pictures", pictures=pictures)
    else:
        asked = _("{pictures:,} test pictures", pictures=pictures)
    if says_file:
        return _("<b>{percent:.2f} %</b> of {asked} right, says its file", percent=percent, asked=asked)
    return _("<b>{percent:.2f} %</b> of {asked} right", percent=percent, asked=asked)


def _moment_for(session: Session, weights: str) -> int | None:
    """The moment that another network is to be seen at: epochs and shares of a budget are not the same."""
    return session.moment if weights == session.weights else None


def change_to_twin(session: Session) -> None:
    """Look at the same network with shortcuts, or without."""
    other = session.twin
    if other is None:
        raise InputError(
            "{name} has no twin here: only networks of basic blocks have one, and those that were trained here, if "
            "the other one was trained in the same way.",
            name=session.name,
        )
    name, weights = other
    if weights == HERE:
        session.use_trained(name, _moment_for(session, weights))
    else:
        session.use_network(name, weights, session.seed, _moment_for(session, weights))


def change_shortcuts(session: Session, which: Any) -> None:
    """Look at the network with shortcuts, without, or at both."""
    if session.twin is None:
        raise InputError("{name} has no twin here that it could be compared with.", name=session.name)
    two_pictures = session.second is not None
    session.show_both(which == BOTH)
    if two_pictures and which == BOTH:
        say, what = session.say, _("Two networks are compared for one picture: the second picture is out of sight.")
        gr.Info(say(what), title=say(_("Note")), duration=5)
    if which in (WITH, WITHOUT) and (which == WITHOUT) != session.network.config.plain:
        change_to_twin(session)


def connect(drawer: NetworkDrawer, events: Events) -> None:
    """What choosing a network does."""

    def change_network(session: Session, name: Any) -> None:
        entry = zoo.network(str(name))
        if entry.name in session.trained and entry.weights != "bundled":
            session.use_trained(entry.name, _moment_for(session, HERE))
        else:
            weights = TRAINED if zoo.has_weights(entry.name) else RANDOM
            session.use_network(entry.name, weights, moment=_moment_for(session, weights))

    def change_weights(session: Session, weights: Any) -> None:
        if weights == OWN:
            session.use_own()
        elif weights == HERE:
            session.use_trained(session.name)
        elif weights == TRAINED and zoo.network(session.name).weights == "download":
            network_menu.choose_trained(session, session.name)
        else:
            known = weights != TRAINED or session.seed in zoo.bundled_seeds(session.name)
            session.use_network(session.name, str(weights), session.seed if known else 0)

    def change_seed(session: Session, seed: Any) -> None:
        if (session.weights, session.seed) != (RANDOM, seed):
            session.use_network(session.name, RANDOM, seed)

    def leave_seed(session: Session, seed: Any) -> None:
        if session.weights == RANDOM:  # else other weights were chosen, which took the field out of sight
            change_seed(session, seed)

    def change_training(session: Session, seed: Any) -> None:
        session.use_network(session.name, TRAINED, seed)

    def read_file(path: Any) -> tuple[str, ResNet]:
        if path is None:
            raise InputError("There is no file: upload a checkpoint.")
        with reading():
            return str(given(path)), load_file(str(given(path)))

    def change_to_file(session: Session, file: tuple[str, ResNet]) -> Shown:
        session.use_file(*file)
        return {**drawer.restore(), drawer.names: ""}  # gradio's box takes the next file only once it is empty

    def name_classes(session: Session, text: Any) -> None:
        if session.weights != OWN:
            raise InputError("Only the classes of a network of your own can be named.")
        named(session.network, parse_labels(str(text), session.network.config.outputs))

    def arrived(session: Session) -> None:
        """The end of a download, once."""
        elsewhere, state, say = downloads.settle(session), session.of(Downloads), session.say
        if elsewhere:
            words = say(_("{network} is here now: choose it in the menu of networks.", network=title(elsewhere)))
            gr.Info(words, title=say(_("Note")), duration=8)
        elif state.failure:
            gr.Warning(notice(InputError(state.failure), say), title=say(_("Warning")), duration=8)

    finish = events.handler(arrived, whole=True)

    def watch(key: str | None) -> Iterator[Shown]:
        """How far the download is, while the page is used."""
        with in_session(key) as session:
            state = session.of(Downloads)
            for _job in state.watch():
                yield {drawer.download: network_menu.told(session)}
            if not state.settled:  # the page did not wait for it, so this is no answer
                yield {component: value for component, value in finish(key).items() if component is not events.answered}
            else:
                yield gr.skip()

    events.on(drawer.network.input, change_network, [drawer.network], "network", whole=True)
    events.on_click(drawer.menu, network_menu.choose, "choose_network", whole=True)
    # Every change that may begin a download shows its number; a page that is loaded again hears of it, too.
    watched = drawer.download_number.change(
        watch, [events.key], events.shown, api_visibility="private", show_progress="hidden",
        show_progress_on=[drawer.download], concurrency_limit=None,
        trigger_mode="multiple",
    )  # fmt: skip
    events.rest(watched)
    events.on(drawer.cancel.click, downloads.cancel, [], "cancel_download", whole=True)
    events.on(drawer.again.click, network_menu.again, [], "download_again", whole=True)
    events.on(drawer.untrained.click, network_menu.untrained, [], "without_download", whole=True)
    events.on(drawer.name.click, name_classes, [drawer.names], "name_classes", whole=True)
    events.on_click(drawer.shortcuts, change_shortcuts, "shortcuts_in_drawer", whole=True)
    events.on_click(drawer.reading, change_reading, "reading", whole=True)
    events.on(drawer.twin.click, change_to_twin, [], "twin", whole=True)
    events.on(drawer.weights.input, change_weights, [drawer.weights], "weights", whole=True)
    events.on(drawer.seed.submit, change_seed, [drawer.seed], "seed", whole=True)
    events.on(drawer.seed.blur, leave_seed, [drawer.seed], "seed_left", whole=True)  # a phone may have no Enter
    events.on(drawer.training.input, change_training, [drawer.training], "training", whole=True)
    events.on(
        drawer.file.upload, change_to_file, [drawer.file], "upload_weights", whole=True, read=read_file, way=UPLOADS
    )
