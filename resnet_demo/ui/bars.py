"""What stays in sight on every page: the picture, the network, and the class and block that one looks at."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ..assets import asset
from ..data import Dataset, default_data_dir, load_dataset
from ..errors import InputError
from ..figures import network_title
from ..images import CIFAR10, load_image
from ..models import zoo
from ..models.weights import SUFFIXES
from .events import Events
from .page import choose
from .parts import Dropdown, File, Picture, Radio, pixels, thumbnail, whole_input
from .session import HERE, OWN, RANDOM, TRAINED, Visit

PHOTOS = {"lion": "lion.jpg", "cheetah": "cheetah1.jpg", "tower": "tower.jpg"}  # they come with gradio


# The pictures that are offered


def examples(visit: Visit) -> Mapping[str, Path | Image.Image]:
    """Pictures by name that suit the visit's network.

    Ours for CIFAR-10, the photos that gradio brings for ImageNet, test pictures for one that was trained on others.
    """
    if visit.weights == HERE and visit.domain != CIFAR10:
        return visit.trained[visit.name].samples
    return _photos() if visit.domain.size >= 64 else _drawings()


def _photos() -> dict[str, Path]:
    return {name: Path(gr.get_image(file)) for name, file in PHOTOS.items()}


def _drawings() -> dict[str, Path]:
    return {name: asset("examples", f"{name}.png") for name in CIFAR10.labels}


def first_example(visit: Visit) -> str:
    """The picture that a visit begins with."""
    return "cat" if visit.domain.size < 64 else "lion"


def example_picture(visit: Visit, name: str) -> Image.Image:
    offered = examples(visit)
    # A link may name an example of the other kind: one can take the cat along to an ImageNet network.
    found = offered.get(name) or {**_photos(), **_drawings()}.get(name)
    if found is None:
        raise InputError(visit.say.notices.no_example(repr(name), offered))
    return load_image(found) if isinstance(found, Path) else found


@lru_cache(maxsize=1)
def test_set(data_dir: str | None) -> Dataset | None:
    """CIFAR-10's test pictures, if they are on this computer."""
    try:
        return load_dataset("cifar10", train=False, data_dir=data_dir, download=False)
    except InputError:
        return None


def has_test_set(data_dir: str | None) -> bool:
    """Whether CIFAR-10's files seem to be there; a glance only, since reading them takes a second."""
    folder = Path(data_dir) if data_dir else default_data_dir()
    return (folder / "cifar-10-batches-py" / "test_batch").is_file()


def random_test_picture(data_dir: str | None) -> tuple[Image.Image, str]:
    """A picture that no network here was trained on, with the class that people gave it."""
    dataset = test_set(data_dir)
    if dataset is None:
        raise InputError("CIFAR-10 is not on this computer; start the app with --data-dir where it lies.")
    index = random.randrange(len(dataset))
    return dataset.picture(index), dataset.classes[int(dataset.labels[index])]


# The bars


@dataclass(frozen=True)
class Bars:
    """The components that stay in sight, and `render`, which sets them to what a visit holds."""

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

    @property
    def controls(self) -> list[Any]:
        """The components that `render` sets."""
        network = [self.network, self.twin, self.weights, self.training, self.seed_row, self.seed, self.facts]
        return [self.input, self.strip, *network, self.ask, self.target, self.block]

    def render(self, visit: Visit) -> dict[Any, Any]:
        offered = weight_choices(visit)
        blocks = [name for name, _ in visit.network.named_blocks()]
        asked = asks(visit)
        return {
            self.input: _input(visit),
            self.strip: _strip(visit),
            self.network: gr.update(choices=network_choices(visit), value=visit.name),
            self.twin: _twin(visit),
            self.weights: gr.update(choices=offered, value=visit.weights),
            self.training: _training(visit),
            self.seed: visit.seed,
            self.seed_row: gr.update(visible=visit.weights == RANDOM),
            self.facts: _facts(visit),
            self.ask: _ask(visit),
            self.target: gr.update(
                choices=[(title, index) for index, title in enumerate(visit.titles)], value=visit.target, visible=asked
            ),
            self.block: gr.update(
                choices=[(visit.say.reading.block_title(name), name) for name in blocks],
                value=visit.block,
                visible=asked,
            ),
        }

    def render_choice(self, visit: Visit) -> dict[Any, Any]:
        """Only what changes with another class, block or page."""
        asked = asks(visit)
        choice = {
            self.target: gr.update(value=visit.target, visible=asked),
            self.block: gr.update(value=visit.block, visible=asked),
        }
        return {self.ask: _ask(visit), **choice}

    def labels(self, say: Any) -> dict[Any, Any]:
        """What is fixed, in a language."""
        words = say.bars
        return {
            self.picture_heading: gr.update(value=_heading(1, words.PICTURE)),
            self.picture: gr.update(label=words.YOUR_PICTURE, placeholder=words.DROP_PICTURE),
            self.random_picture: gr.update(value=words.RANDOM_PICTURE),
            self.network_heading: gr.update(value=_heading(2, words.A_NETWORK)),
            self.network: gr.update(label=words.NETWORK),
            self.weights: gr.update(label=words.WEIGHTS),
            self.training: gr.update(label=words.TRAINED_FROM),
            self.seed: gr.update(label=words.SEED),
            self.own: gr.update(label=words.OWN_WEIGHTS),
            self.file: gr.update(label=words.CHECKPOINT),
            self.target: gr.update(label=words.EVIDENCE_FOR),
            self.block: gr.update(label=words.BLOCK),
            self.share: gr.update(value=say.interface.SHARE),
        }


def _heading(step: int, words: str) -> str:
    return f'<h2><span class="rd-step">{step}</span> {words}</h2>'


def asks(visit: Visit) -> bool:
    """Whether the page in sight shows a class or a block; an experiment does not, but can be linked to."""
    return visit.page != "experiments"


def _ask(visit: Visit) -> Any:
    return gr.update(visible=visit.page not in ("learn", "train"))  # the lesson has controls of its own


def build_ask_bar() -> tuple[gr.Row, gr.Dropdown, gr.Dropdown, gr.Button]:
    """The class and the block that the pages look at, and the link to this view."""
    with gr.Row(elem_id="ask") as row:
        target = Dropdown([], elem_id="target", min_width=150, scale=2)
        block = Dropdown([], elem_id="block-choice", min_width=130, scale=2)
        share = gr.Button(size="md", elem_id="share", scale=1, min_width=150)
    return row, target, block, share


def build_picture_bar(with_test_set: bool) -> tuple[gr.HTML, gr.Image, gr.Button, gr.HTML, gr.HTML]:
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
        random_picture = gr.Button(size="sm", elem_id="random-picture", visible=with_test_set)
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


def network_choices(visit: Visit) -> list[tuple[str, str]]:
    """The zoo's networks by title, those with trained weights marked; and the uploaded one if it is none of them."""
    words, choices = visit.say.bars, []
    for name in zoo.names():
        marks = {"bundled": [words.TRAINED], "download": ["ImageNet"]}.get(zoo.network(name).weights, [])
        marks = [*marks, words.HERE] if name in visit.trained else marks
        choices.append((" · ".join([title(name, visit.say), *marks]), name))
    if visit.name not in zoo.names():
        choices.append((visit.name, visit.name))
    return choices


def title(name: str, say: Any) -> str:
    """resnet20 -> ResNet-20, plain18-cifar -> Plain-18 (3×3 stem)."""
    return say.bars.title(network_title(name), name.endswith("-cifar"))


def weight_choices(visit: Visit) -> list[tuple[str, str]]:
    words = visit.say.bars
    choices = [(words.RANDOM, RANDOM)]
    try:
        entry = zoo.network(visit.name)
        if entry.weights == "bundled":
            choices.insert(0, (words.TRAINED, TRAINED))
        elif entry.weights == "download":
            choices.insert(0, (words.DOWNLOAD, TRAINED))
    except InputError:  # an uploaded network that the zoo has no name for
        choices = []
    if visit.name in visit.trained:
        choices.insert(0, (words.HERE, HERE))
    if visit.own and visit.own[0] == visit.name:
        choices.append((words.OWN, OWN))
    return choices


def _training(visit: Visit) -> Any:
    """Which of several trainings of the same network is in sight; a single one needs no choice."""
    seeds = zoo.bundled_seeds(visit.name) if visit.weights == TRAINED else []
    choices = [(str(seed), seed) for seed in seeds]
    return gr.update(choices=choices, value=visit.seed if seeds else None, visible=len(seeds) > 1)


def _input(visit: Visit) -> str:
    if visit.trace is None:
        return ""
    size = visit.domain.size
    exact = visit.domain.to_picture(visit.trace.image)
    say, best = visit.say, visit.answers(1)[0]
    words = say.bars.network_sees(size)
    words += f'<span class="rd-says">{escape(best.label)}</span>{say.reading.percent(best.probability)}'
    return (
        f'<figure class="rd-input">{pixels(exact, say.bars.exact_input(size))}<figcaption>{words}</figcaption></figure>'
    )


def _thumbnail(found: Path | Image.Image) -> str:
    return _thumbnail_of_file(found) if isinstance(found, Path) else thumbnail(found)


@lru_cache(maxsize=64)
def _thumbnail_of_file(path: Path) -> str:
    return thumbnail(load_image(path))


def _strip(visit: Visit) -> str:
    offered, words = examples(visit), visit.say.bars
    titles = visit.say.classes.titles(tuple(offered))
    buttons = "".join(
        f'<button type="button" class="rd-example" data-example="{escape(name)}" '
        f'aria-label="{escape(words.example(title))}"><img src="{_thumbnail(found)}" alt="{escape(title)}"></button>'
        for (name, found), title in zip(offered.items(), titles, strict=True)
    )
    return f'<div class="rd-examples" role="group" aria-label="{escape(words.EXAMPLES)}">{buttons}</div>'


def twin_of(visit: Visit) -> tuple[str, str] | None:
    """The name of the network's twin, and which of its weights compare with those in sight; None if there is none."""
    other = zoo.twin(visit.name)
    if other is None or visit.weights == OWN:
        return None
    if visit.weights == HERE:
        mine, its = visit.trained[visit.name], visit.trained.get(other)
        return (other, HERE) if its and its.compares_with(mine) else None
    trained = visit.weights == TRAINED and zoo.bundled_weights(other, visit.seed)
    return other, TRAINED if trained else RANDOM


def _twin(visit: Visit) -> Any:
    other = twin_of(visit)
    words = visit.say.bars.twin(visit.name.startswith("plain"), title(other[0], visit.say) if other else None)
    return gr.update(value=words, interactive=other is not None)


def _facts(visit: Visit) -> str:
    """What the network is: counted, or as its weights' provenance says."""
    model, provenance = visit.network, visit.network.provenance or {}
    words, config, dataset = visit.say.bars, model.config, escape(visit.domain.name)
    lines = [words.parameters(zoo.count_parameters(config)), words.blocks(sum(config.blocks), config.plain)]
    if visit.weights == RANDOM:
        lines.append(words.untrained(visit.seed))
    else:
        lines.append(words.taken_for(dataset) if visit.weights == OWN else words.trained_on(dataset))
    accuracy = provenance.get("test_accuracy")
    if isinstance(accuracy, (int, float)):
        count = provenance.get("test_pictures")
        pictures = count if isinstance(count, int) else None
        lines.append(words.accuracy(accuracy, pictures, visit.domain.size >= 64, visit.weights == OWN))
    if visit.weights == TRAINED and len(spread := zoo.test_accuracies(visit.name)) > 1:
        lines.append(words.by_luck(min(spread), max(spread), len(spread)))
    if visit.weights == OWN:
        lines.append(words.FROM_FILE)
    elif visit.weights == HERE:
        lines.append(words.BY_YOU)
    elif visit.weights == RANDOM and zoo.network(visit.name).weights == "none":
        lines.append(words.NO_WEIGHTS)
    return '<ul class="rd-facts">' + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


# What choosing there does


def connect(bars: Bars, events: Events, data_dir: str | None) -> None:
    """The bars' events. `data_dir` is where CIFAR-10 may lie, for the button that draws a random test picture."""

    # The picture

    def change_picture(visit: Visit, picture: Any) -> None:
        if isinstance(picture, InputError):
            raise picture
        if picture is not None:
            visit.show_picture(picture)
        elif visit.trace is None:  # else the box was emptied to make room for another picture: nothing changes yet
            raise InputError(visit.say.notices.NO_PICTURE)

    def change_to_example(visit: Visit, name: Any) -> dict[Any, Any]:
        picture = example_picture(visit, str(name))
        own = visit.weights == HERE and visit.domain != CIFAR10  # a link cannot lead to a visitor's own pictures
        visit.show_picture(picture, None if own else str(name))
        return {bars.picture: visit.picture}

    def change_to_random(visit: Visit) -> dict[Any, Any]:
        picture, label = random_test_picture(data_dir)
        visit.show_picture(picture)
        title = dict(zip(CIFAR10.labels, visit.say.classes.titles(CIFAR10.labels), strict=True)).get(label, label)
        gr.Info(visit.say.bars.labelled(title), duration=5)
        return {bars.picture: picture}

    events.on(bars.picture.input, change_picture, [bars.picture], "classify", whole=True)
    events.on_click(bars.strip, change_to_example, "example", whole=True)
    events.on(bars.random_picture.click, change_to_random, [], "random_picture", whole=True)

    # The network

    def change_network(visit: Visit, name: Any) -> None:
        entry = zoo.network(str(name))
        if entry.name in visit.trained and entry.weights != "bundled":
            visit.use_trained(entry.name)
        else:
            visit.use_network(entry.name, TRAINED if entry.weights == "bundled" else RANDOM)

    def change_to_twin(visit: Visit) -> None:
        other = twin_of(visit)
        if other is None:
            raise InputError(visit.say.notices.no_twin(visit.name))
        if other[1] == HERE:
            visit.use_trained(other[0])
        else:
            visit.use_network(*other, visit.seed)

    def change_weights(visit: Visit, weights: Any) -> None:
        if weights == OWN:
            visit.use_own()
        elif weights == HERE:
            visit.use_trained(visit.name)
        else:
            known = weights != TRAINED or visit.seed in zoo.bundled_seeds(visit.name)
            visit.use_network(visit.name, str(weights), visit.seed if known else 0)

    change = events.handler(change_weights, whole=True)

    def download_weights(
        visit_key: str | None,
        weights: Any,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (shows the download's own bar)
    ) -> dict[Any, Any]:
        return change(visit_key, weights)

    def change_seed(visit: Visit, seed: Any) -> None:
        if (visit.weights, visit.seed) != (RANDOM, seed):
            visit.use_network(visit.name, RANDOM, seed)

    def change_training(visit: Visit, seed: Any) -> None:
        visit.use_network(visit.name, TRAINED, seed)

    def change_to_file(visit: Visit, path: Any) -> None:
        if path is None:
            raise InputError(visit.say.notices.NO_FILE)
        visit.use_file(str(path))

    events.on(bars.network.input, change_network, [bars.network], "network", whole=True)
    events.on(bars.twin.click, change_to_twin, [], "twin", whole=True)
    events.bind(bars.weights.input, download_weights, [bars.weights], "weights")
    events.on(bars.seed.submit, change_seed, [bars.seed], "seed", whole=True)
    events.on(bars.seed.blur, change_seed, [bars.seed], "seed_left", whole=True)  # a phone may have no Enter
    events.on(bars.training.input, change_training, [bars.training], "training", whole=True)
    events.on(bars.file.upload, change_to_file, [bars.file], "upload_weights", whole=True)

    # What is asked

    events.on(bars.target.input, Visit.explain, [bars.target], "target")
    events.on(bars.block.input, Visit.open_block, [bars.block], "block")
