"""What stays in sight on every page: the picture, the network, and the class and block that one looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup
from PIL import Image

from ..errors import InputError
from ..figures import network_title
from ..i18n import Language, Message, _
from ..images import CIFAR10, load_image
from ..models import zoo
from ..models.weights import SUFFIXES
from . import film
from .captions.findings import block_title
from .classes import titles
from .components import Dropdown, File, Picture, Radio, whole_input
from .events import Events, Shown
from .html import joined, pixels, thumbnail
from .jobs.film import MOST_PARAMETERS
from .page import Asks, choose
from .pictures import example_picture, examples, has_test_set, random_test_picture
from .session import HERE, OWN, Session
from .store import RANDOM, TRAINED

# The bars


@dataclass(frozen=True)
class Bars:
    """The components that stay in sight, and `render`, which sets them to what a session holds."""

    picture_heading: gr.HTML
    picture: gr.Image
    random_picture: gr.Button
    input: gr.HTML
    strip: gr.HTML
    network_heading: gr.HTML
    network: gr.Dropdown
    twin: gr.Button
    weights: gr.Radio
    training: gr.Radio
    seed_row: gr.Column
    seed: gr.Number
    file: gr.File
    facts: gr.HTML
    own: gr.Accordion
    ask: gr.Row
    target: gr.Dropdown
    block: gr.Dropdown
    share: gr.Button
    film: gr.HTML

    data_dir: str | None = None  # where CIFAR-10 may lie, for the button that draws a random test picture

    @property
    def controls(self) -> list[Any]:
        """The components that `render` sets."""
        network = [self.network, self.twin, self.weights, self.training, self.seed_row, self.seed, self.facts]
        return [self.input, self.strip, self.random_picture, *network, self.ask, self.target, self.block, self.film]

    def render(self, session: Session, asks: Asks) -> Shown:
        blocks = [name for name, _module in session.network.named_blocks()]
        return {
            self.input: _input(session),
            self.strip: _strip(session),
            self.random_picture: gr.update(visible=has_test_set(self.data_dir)),
            self.network: gr.update(choices=network_choices(session), value=session.name),
            self.twin: _twin(session),
            self.weights: gr.update(choices=weight_choices(session), value=session.weights),
            self.training: _training(session),
            self.seed: session.seed,
            self.seed_row: gr.update(visible=session.weights == RANDOM),
            self.facts: _facts(session),
            self.film: _film(session, asks),
            self.ask: _ask(asks),
            self.target: gr.update(
                choices=[(title, index) for index, title in enumerate(session.titles)],
                value=session.target,
                visible=asks == "class and block",
            ),
            self.block: gr.update(
                choices=[(block_title(name), name) for name in blocks],
                value=session.block,
                visible=asks == "class and block",
            ),
        }

    def render_choice(self, session: Session, asks: Asks) -> Shown:
        """Only what changes with another class, block or page."""
        visible = asks == "class and block"
        return {
            self.ask: _ask(asks),
            self.film: _film(session, asks),
            self.target: gr.update(value=session.target, visible=visible),
            self.block: gr.update(value=session.block, visible=visible),
        }

    def labels(self, say: Language) -> Shown:
        """What is fixed, in a language."""
        suffixes = [suffix.removeprefix(".") for suffix in SUFFIXES]
        return {
            self.picture_heading: gr.update(value=_heading(1, say(_("A picture")))),
            self.picture: gr.update(
                label=say(_("Your picture")), placeholder=say(_("Drop a picture here, or click to upload"))
            ),
            self.random_picture: gr.update(value=say(_("Random CIFAR-10 test picture"))),
            self.network_heading: gr.update(value=_heading(2, say(_("A network")))),
            self.network: gr.update(label=say(_("Network"))),
            self.weights: gr.update(label=say(_("Weights"))),
            self.training: gr.update(label=say(_("Trained from seed"))),
            self.seed: gr.update(label=say(_("Seed of the random weights (Enter draws them)"))),
            self.own: gr.update(label=say(_("Weights of your own"))),
            self.file: gr.update(label=say(_("A checkpoint: {suffixes:or}", suffixes=suffixes))),
            self.target: gr.update(label=say(_("Show the evidence for"))),
            self.block: gr.update(label=say(_("Block (Inside, Grad-CAM, Cut)"))),
            self.share: gr.update(value=say(_("Copy a link to this view"))),
        }


def _heading(step: int, words: str) -> Markup:
    return Markup('<h2><span class="rd-step">{}</span> {}</h2>').format(step, words)


def _ask(asks: Asks) -> Any:
    return gr.update(visible=asks != "neither, nor a link")


def _film(session: Session, asks: Asks) -> Markup:
    return Markup("") if asks == "neither, nor a link" else film.control(session)


def build_ask_bar() -> tuple[gr.Row, gr.Dropdown, gr.Dropdown, gr.Button, gr.HTML]:
    """The class and the block that the pages look at, the link to this view, and the moment of the training."""
    with gr.Row(elem_id="ask") as row:
        target = Dropdown([], elem_id="target", min_width=150, scale=2)
        block = Dropdown([], elem_id="block-choice", min_width=130, scale=2)
        share = gr.Button(size="md", elem_id="share", scale=1, min_width=150)
    moments = gr.HTML(elem_id="film", js_on_load=film.RUN)
    return row, target, block, share, moments


def build_picture_bar() -> tuple[gr.HTML, gr.Image, gr.Button, gr.HTML, gr.HTML]:
    """Where a picture comes from, and beside it what the network gets to see of it."""
    with gr.Group(elem_classes="rd-bar"):
        heading = gr.HTML()
        with gr.Row(elem_classes="rd-pair"):
            picture = Picture(
                type="pil", sources=["upload", "webcam", "clipboard"], height=170,
                elem_id="picture", format="png", show_label=False, min_width=150, buttons=[],
            )  # fmt: skip
            seen = gr.HTML(elem_id="input", min_width=110)
        strip = gr.HTML(elem_id="examples", js_on_load=choose("example"))
        random_picture = gr.Button(size="sm", elem_id="random-picture", visible=False)
    return heading, picture, random_picture, seen, strip


def build_model_bar() -> tuple[
    gr.HTML, gr.Dropdown, gr.Button, gr.Radio, gr.Radio, gr.Column, gr.Number, gr.File, gr.HTML, gr.Accordion
]:
    """Which network, with which weights, and what is known of it."""
    with gr.Group(elem_classes="rd-bar"):
        heading = gr.HTML()
        network = Dropdown([], elem_id="network", allow_custom_value=False)
        twin = gr.Button("", size="sm", elem_id="twin")
        weights = Radio([], elem_id="weights")
        training = Radio([], elem_id="training", visible=False)
        with gr.Column(visible=False) as seed_row:
            seed = whole_input(0, elem_id="seed")
        facts = gr.HTML(elem_id="facts")
        with gr.Accordion(open=False) as own:
            file = File(file_types=list(SUFFIXES), elem_id="file", height=110)
    return heading, network, twin, weights, training, seed_row, seed, file, facts, own


def network_choices(session: Session) -> list[tuple[str, str]]:
    """The zoo's networks by title, those with trained weights marked; and the uploaded one if it is none of them."""
    say, choices = session.say, []
    for name in zoo.names():
        marks = {"bundled": [say(_("trained"))], "download": ["ImageNet"]}.get(zoo.network(name).weights, [])
        marks = [*marks, say(_("trained here"))] if name in session.trained else marks
        choices.append((" · ".join([say(title(name)), *marks]), name))
    if session.name not in zoo.names():
        choices.append((session.name, session.name))
    return choices


def title(name: str) -> Message | str:
    """resnet20 -> ResNet-20, plain18-cifar -> Plain-18 (3×3 stem)."""
    if name.endswith("-cifar"):
        return _("{name} (3×3 stem)", name=network_title(name))
    return network_title(name)


def weight_choices(session: Session) -> list[tuple[str, str]]:
    say = session.say
    choices = [(say(_("random")), RANDOM)]
    try:
        entry = zoo.network(session.name)
        if entry.weights == "bundled":
            choices.insert(0, (say(_("trained")), TRAINED))
        elif entry.weights == "download":
            choices.insert(0, (say(_("ImageNet (download)")), TRAINED))
    except InputError:  # an uploaded network that the zoo has no name for
        choices = []
    if session.name in session.trained:
        choices.insert(0, (say(_("trained here")), HERE))
    if session.own and session.own[0] == session.name:
        choices.append((say(_("your file")), OWN))
    return choices


def _training(session: Session) -> Any:
    """Which of several trainings of the same network is in sight; a single one needs no choice."""
    seeds = zoo.bundled_seeds(session.name) if session.weights == TRAINED else []
    choices = [(str(seed), seed) for seed in seeds]
    return gr.update(choices=choices, value=session.seed if seeds else None, visible=len(seeds) > 1)


def _input(session: Session) -> str:
    if session.trace is None:
        return ""
    size, say = session.domain.size, session.say
    exact = session.domain.to_picture(session.trace.image)
    best = session.answers(1)[0]
    return Markup(
        '<figure class="rd-input">{}<figcaption>{}<span class="rd-says">{}</span>{}</figcaption></figure>'
    ).format(
        pixels(exact, say(_("The exact input of the network, {size} by {size} pixels", size=size))),
        say(_("what the network sees: {size}×{size}", size=size)),
        best.label,
        say.percent(best.probability),
    )


def _thumbnail(found: Path | Image.Image) -> str:
    return _thumbnail_of_file(found) if isinstance(found, Path) else thumbnail(found)


@lru_cache(maxsize=64)
def _thumbnail_of_file(path: Path) -> str:
    return thumbnail(load_image(path))


def _strip(session: Session) -> Markup:
    offered, say = examples(session), session.say
    button = Markup(
        '<button type="button" class="rd-example" data-example="{}" aria-label="{}"><img src="{}" alt="{}"></button>'
    )
    buttons = joined(
        button.format(name, say(_("Example: {label}", label=title)), _thumbnail(found), title)
        for (name, found), title in zip(offered.items(), titles(tuple(offered), say), strict=True)
    )
    return Markup('<div class="rd-examples" role="group" aria-label="{}">{}</div>').format(
        say(_("Example pictures")), buttons
    )


def _twin(session: Session) -> Any:
    twin, plain = session.twin, session.network.config.plain
    if twin is None:
        words = _("Give it shortcuts") if plain else _("Take its shortcuts away")
    elif plain:
        words = _("Give it shortcuts: {name}", name=title(twin[0]))
    else:
        words = _("Take its shortcuts away: {name}", name=title(twin[0]))
    return gr.update(value=session.say(words), interactive=twin is not None)


def _facts(session: Session) -> Markup:
    """What the network is: counted, or as its weights' provenance says."""
    model, provenance = session.network, session.network.provenance or {}
    config, dataset, blocks = model.config, session.domain.name, sum(model.config.blocks)
    lines = [
        _("<b>{count:,}</b> parameters", count=zoo.count_parameters(config)),
        _("<b>{blocks}</b> blocks, no shortcuts", blocks=blocks) if config.plain
        else _("<b>{blocks}</b> blocks", blocks=blocks),
    ]  # fmt: skip
    if session.untrained and session.weights != HERE:
        lines.append(_("untrained: random weights, seed {seed}", seed=session.seed))
    elif session.untrained:
        lines.append(_("untrained: random weights"))
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


# What choosing there does


def connect(bars: Bars, events: Events) -> None:
    """The bars' events."""

    # The picture

    def change_picture(session: Session, picture: Any) -> None:
        if isinstance(picture, InputError):
            raise picture
        if picture is not None:
            session.show_picture(picture)
        elif session.trace is None:  # else the box was emptied to make room for another picture: nothing changes yet
            raise InputError("There is no picture yet: upload one, or choose an example.")

    def change_to_example(session: Session, name: Any) -> dict[Any, Any]:
        picture = example_picture(session, str(name))
        own = session.weights == HERE and session.domain != CIFAR10  # a link cannot lead to a visitor's own pictures
        session.show_picture(picture, None if own else str(name))
        return {bars.picture: session.picture}

    def change_to_random(session: Session) -> dict[Any, Any]:
        picture, label = random_test_picture(bars.data_dir)
        session.show_picture(picture)
        say = session.say
        title = dict(zip(CIFAR10.labels, titles(CIFAR10.labels, say), strict=True)).get(label, label)
        gr.Info(say(_("People labelled this picture “{label}”.", label=title)), title=say(_("Note")), duration=5)
        return {bars.picture: picture}

    events.on(bars.picture.input, change_picture, [bars.picture], "classify", whole=True)
    events.on_click(bars.strip, change_to_example, "example", whole=True)
    events.on(bars.random_picture.click, change_to_random, [], "random_picture", whole=True)

    # The network

    def moment_for(session: Session, weights: str) -> int | None:
        """The moment that another network is to be seen at: epochs and shares of a budget are not the same."""
        return session.moment if weights == session.weights else None

    def change_network(session: Session, name: Any) -> None:
        entry = zoo.network(str(name))
        if entry.name in session.trained and entry.weights != "bundled":
            session.use_trained(entry.name, moment_for(session, HERE))
        else:
            weights = TRAINED if entry.weights == "bundled" else RANDOM
            session.use_network(entry.name, weights, moment=moment_for(session, weights))

    def change_to_twin(session: Session) -> None:
        other = session.twin
        if other is None:
            raise InputError(
                "{name} has no twin here: only networks of basic blocks have one, and those that were trained here, if "
                "the other one was trained in the same way.",
                name=session.name,
            )
        name, weights = other
        if weights == HERE:
            session.use_trained(name, moment_for(session, weights))
        else:
            session.use_network(name, weights, session.seed, moment_for(session, weights))

    def change_weights(session: Session, weights: Any) -> None:
        if weights == OWN:
            session.use_own()
        elif weights == HERE:
            session.use_trained(session.name)
        else:
            known = weights != TRAINED or session.seed in zoo.bundled_seeds(session.name)
            session.use_network(session.name, str(weights), session.seed if known else 0)

    change = events.handler(change_weights, whole=True)

    def download_weights(
        key: str | None,
        weights: Any,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (shows the download's own bar)
    ) -> dict[Any, Any]:
        return change(key, weights)

    def change_seed(session: Session, seed: Any) -> None:
        if (session.weights, session.seed) != (RANDOM, seed):
            session.use_network(session.name, RANDOM, seed)

    def leave_seed(session: Session, seed: Any) -> None:
        if session.weights == RANDOM:  # else other weights were chosen, which took the field out of sight
            change_seed(session, seed)

    def change_training(session: Session, seed: Any) -> None:
        session.use_network(session.name, TRAINED, seed)

    def change_to_file(session: Session, path: Any) -> None:
        if path is None:
            raise InputError("There is no file: upload a checkpoint.")
        session.use_file(str(path))

    events.on(bars.network.input, change_network, [bars.network], "network", whole=True)
    events.on(bars.twin.click, change_to_twin, [], "twin", whole=True)
    events.bind(bars.weights.input, download_weights, [bars.weights], "weights")
    events.on(bars.seed.submit, change_seed, [bars.seed], "seed", whole=True)
    events.on(bars.seed.blur, leave_seed, [bars.seed], "seed_left", whole=True)  # a phone may have no Enter
    events.on(bars.training.input, change_training, [bars.training], "training", whole=True)
    events.on(bars.file.upload, change_to_file, [bars.file], "upload_weights", whole=True)

    # What is asked

    events.on(bars.target.input, Session.explain, [bars.target], "target")
    events.on(bars.block.input, Session.open_block, [bars.block], "block")
    # The script asks for one moment at a time; without this, gradio would drop one that it asks for as soon as the
    # answer before is on the page.
    events.on_click(bars.film, Session.look_at_moment, "epoch", whole=True, trigger_mode="multiple")
