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

from .. import zoo
from ..assets import asset
from ..data import Dataset, default_data_dir, load_dataset
from ..errors import InputError
from ..figures import network_title
from ..images import CIFAR10, load_image
from ..weights import SUFFIXES
from .page import choose
from .parts import Dropdown, File, Picture, Radio, pixels, thumbnail, whole_input
from .session import HERE, OWN, RANDOM, TRAINED, Visit
from .text.en.reading import block_title, percent

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
        raise InputError(f"There is no example {name!r}; there are {', '.join(offered)}.")
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

    picture: gr.Image
    random_picture: gr.Button
    input: gr.HTML
    strip: gr.HTML
    network: gr.Dropdown
    twin: gr.Button
    weights: gr.Radio
    seed_row: gr.Column
    seed: gr.Number
    file: gr.File
    facts: gr.HTML
    ask: gr.Row
    target: gr.Dropdown
    block: gr.Dropdown
    share: gr.Button

    @property
    def controls(self) -> list[Any]:
        """The components that `render` sets."""
        network = [self.network, self.twin, self.weights, self.seed_row, self.seed, self.facts]
        return [self.input, self.strip, *network, self.ask, self.target, self.block]

    def render(self, visit: Visit) -> dict[Any, Any]:
        offered = weight_choices(visit)
        labels = visit.labels
        blocks = [name for name, _ in visit.network.named_blocks()]
        return {
            self.input: _input(visit),
            self.strip: _strip(visit),
            self.network: gr.update(choices=network_choices(visit), value=visit.name),
            self.twin: _twin(visit),
            self.weights: gr.update(choices=offered, value=visit.weights),
            self.seed: visit.seed,
            self.seed_row: gr.update(visible=visit.weights == RANDOM),
            self.facts: _facts(visit),
            self.ask: _ask(visit),
            self.target: gr.update(choices=[(label, index) for index, label in enumerate(labels)], value=visit.target),
            self.block: gr.update(choices=[(block_title(name), name) for name in blocks], value=visit.block),
        }

    def render_choice(self, visit: Visit) -> dict[Any, Any]:
        """Only what changes with another class, block or page."""
        choice = {self.target: gr.update(value=visit.target), self.block: gr.update(value=visit.block)}
        return {self.ask: _ask(visit), **choice}


def _ask(visit: Visit) -> Any:
    return gr.update(visible=visit.page not in ("learn", "train"))  # the lesson has controls of its own


def build_ask_bar() -> tuple[gr.Row, gr.Dropdown, gr.Dropdown, gr.Button]:
    """The class and the block that the pages look at, and the link to this view."""
    with gr.Row(elem_id="ask") as row:
        target = Dropdown([], label="Show the evidence for", elem_id="target", min_width=150, scale=2)
        block = Dropdown([], label="Block (Inside, Grad-CAM)", elem_id="block-choice", min_width=130, scale=2)
        share = gr.Button("Copy a link to this view", size="md", elem_id="share", scale=1, min_width=150)
    return row, target, block, share


def build_picture_bar(with_test_set: bool) -> tuple[gr.Image, gr.Button, gr.HTML, gr.HTML]:
    """Where a picture comes from, and beside it what the network gets to see of it."""
    with gr.Group(elem_classes="rd-bar"):
        gr.HTML('<h2><span class="rd-step">1</span> A picture</h2>')
        with gr.Row(elem_classes="rd-pair"):
            picture = Picture(
                type="pil", sources=["upload", "webcam", "clipboard"], label="Your picture", height=170,
                elem_id="picture", format="png", show_label=False, min_width=150, buttons=[],
            )  # fmt: skip
            seen = gr.HTML(elem_id="input", min_width=110)
        strip = gr.HTML(elem_id="examples", js_on_load=choose("example"))
        random_picture = gr.Button(
            "Random CIFAR-10 test picture", size="sm", elem_id="random-picture", visible=with_test_set
        )
    return picture, random_picture, seen, strip


def build_model_bar() -> tuple[gr.Dropdown, gr.Button, gr.Radio, gr.Column, gr.Number, gr.File, gr.HTML]:
    """Which network, with which weights, and what is known of it."""
    with gr.Group(elem_classes="rd-bar"):
        gr.HTML('<h2><span class="rd-step">2</span> A network</h2>')
        network = Dropdown([], label="Network", elem_id="network", allow_custom_value=False)
        twin = gr.Button("Take its shortcuts away", size="sm", elem_id="twin")
        weights = Radio([], label="Weights", elem_id="weights")
        with gr.Column(visible=False) as seed_row:
            seed = whole_input(0, label="Seed of the random weights (Enter draws them)", elem_id="seed")
        facts = gr.HTML(elem_id="facts")
        with gr.Accordion("Weights of your own", open=False):
            file = File(
                label="A checkpoint: safetensors, pt, pth or th", file_types=list(SUFFIXES), elem_id="file", height=110
            )
    return network, twin, weights, seed_row, seed, file, facts


def network_choices(visit: Visit) -> list[tuple[str, str]]:
    """The zoo's networks by title, those with trained weights marked; and the uploaded one if it is none of them."""
    choices = []
    for name in zoo.names():
        mark = {"bundled": " · trained", "download": " · ImageNet"}.get(zoo.network(name).weights, "")
        mark += " · trained here" * (name in visit.trained)
        choices.append((title(name) + mark, name))
    if visit.name not in zoo.names():
        choices.append((visit.name, visit.name))
    return choices


def title(name: str) -> str:
    """resnet20 -> ResNet-20, plain18-cifar -> Plain-18 (3×3 stem)."""
    return network_title(name) + " (3×3 stem)" * name.endswith("-cifar")


def weight_choices(visit: Visit) -> list[tuple[str, str]]:
    choices = [("random", RANDOM)]
    try:
        entry = zoo.network(visit.name)
        if entry.weights == "bundled":
            choices.insert(0, ("trained", TRAINED))
        elif entry.weights == "download":
            choices.insert(0, ("ImageNet (download)", TRAINED))
    except InputError:  # an uploaded network that the zoo has no name for
        choices = []
    if visit.name in visit.trained:
        choices.insert(0, (HERE, HERE))
    if visit.own and visit.own[0] == visit.name:
        choices.append((OWN, OWN))
    return choices


def _input(visit: Visit) -> str:
    if visit.trace is None:
        return ""
    size = visit.domain.size
    exact = visit.domain.to_picture(visit.trace.image)
    alt = f"The exact input of the network, {size} by {size} pixels"
    best = visit.predictions(1)[0]
    words = f"what the network sees: {size}×{size}"
    words += f'<span class="rd-says">{escape(best.label)}</span>{percent(best.probability)}'
    return f'<figure class="rd-input">{pixels(exact, alt)}<figcaption>{words}</figcaption></figure>'


def _thumbnail(found: Path | Image.Image) -> str:
    return _thumbnail_of_file(found) if isinstance(found, Path) else thumbnail(found)


@lru_cache(maxsize=64)
def _thumbnail_of_file(path: Path) -> str:
    return thumbnail(load_image(path))


def _strip(visit: Visit) -> str:
    buttons = "".join(
        f'<button type="button" class="rd-example" data-example="{escape(name)}" aria-label="Example: {escape(name)}">'
        f'<img src="{_thumbnail(found)}" alt="{escape(name)}"></button>'
        for name, found in examples(visit).items()
    )
    return f'<div class="rd-examples" role="group" aria-label="Example pictures">{buttons}</div>'


def twin_of(visit: Visit) -> tuple[str, str] | None:
    """The name of the network's twin, and which of its weights compare with those in sight; None if there is none."""
    other = zoo.twin(visit.name)
    if other is None or visit.weights == OWN:
        return None
    if visit.weights == HERE:
        return (other, HERE) if other in visit.trained else None
    there = zoo.network(other).weights == "bundled"
    return other, TRAINED if there and visit.weights == TRAINED else RANDOM


def _twin(visit: Visit) -> Any:
    other = twin_of(visit)
    words = "Give it shortcuts" if visit.name.startswith("plain") else "Take its shortcuts away"
    return gr.update(value=f"{words}: {title(other[0])}" if other else words, interactive=other is not None)


def _facts(visit: Visit) -> str:
    """What the network is: counted, or as its weights' provenance says."""
    model, provenance = visit.network, visit.network.provenance or {}
    config = model.config
    lines = [
        f"<b>{zoo.count_parameters(config):,}</b> parameters",
        f"<b>{sum(config.blocks)}</b> blocks" + (", no shortcuts" if config.plain else ""),
    ]
    if visit.weights == RANDOM:
        lines.append(f"untrained: random weights, seed {visit.seed}")
    else:
        taken = "taken for a network of" if visit.weights == OWN else "trained on"
        lines.append(f"{taken} <b>{escape(visit.domain.name)}</b>")
    accuracy = provenance.get("test_accuracy")
    if isinstance(accuracy, (int, float)):
        whose = "validation" if visit.domain.size >= 64 else "test"
        says = ", says its file" if visit.weights == OWN else ""
        count = provenance.get("test_pictures")
        asked = f"{count:,} {whose} pictures" if isinstance(count, int) else f"its {whose} set"
        lines.append(f"<b>{100 * accuracy:.2f} %</b> of {asked} right{says}")
    if visit.weights == OWN:
        lines.append("from your file; only you see it")
    elif visit.weights == HERE:
        lines.append("by you, in this visit; only you see it")
    elif visit.weights == RANDOM and zoo.network(visit.name).weights == "none":
        lines.append("no trained weights come with this one yet")
    return '<ul class="rd-facts">' + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
