"""Put a network on the Hugging Face Hub: its file, its config, and a card that says how good it is, and how one knows.

The card tells what the network's provenance tells, and where that is silent it says so. `load("hf://user/name")` reads
what is written here, and so does whoever reads safetensors.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from .errors import InputError
from .lab.wilson import wilson
from .models import hub
from .models.predict import domain_of, is_trained
from .models.resnet import ResNet
from .models.weights import contents
from .models.zoo import name_of, title

FILE, CURVES = "model.safetensors", "curves.png"
MOST_CLASSES = 20  # that a card lists


def save_to_hub(
    model: ResNet,
    name: str,
    private: bool = False,
    license: str | None = None,
    message: str = "Weights, config and card by resnet_demo",
    token: str | None = None,
) -> str:
    """Write a network to the Hub's repository `user/name`, which is made if it is not there; one commit.

    It gets `model.safetensors` (weights, config, domain and provenance, as `save` writes them), `config.json`, the
    curves of its training and a card, whose `license` is the one that is given. Without a `token` the one is used that
    `hf auth login` left. Returns what `load` takes: `hf://user/name@commit`.

    Raises InputError for a wrapped network, for a name that is none, and whatever goes wrong on the way.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    place = hub.place_of(hub.SCHEME + name)
    if place != hub.Place(place.repository):
        raise InputError("A repository is called user/name, not {name!r}.", name=name)
    files = {FILE: contents(model), "config.json": json.dumps(asdict(model.config), indent=1).encode()}
    if drawn := curves(model):
        files[CURVES] = drawn
    files["README.md"] = card(model, name, license).encode()
    api = HfApi(endpoint=hub.endpoint(), token=token, library_name="resnet_demo")
    with hub.plainly(place):
        api.create_repo(name, private=private, exist_ok=True)
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        return f"{hub.SCHEME}{name}@{api.create_commit(name, operations, commit_message=message).oid}"


def curves(model: ResNet) -> bytes | None:
    """The curves of a network's training as a PNG, where its provenance has them."""
    from .figures import draw_history, figure_png

    if not _has_curves(model):
        return None
    figure = draw_history({name_of(model.config): (model.provenance or {})["history"]})
    figure.patch.set_facecolor("white")  # the Hub's pages may be dark
    return figure_png(figure)


def _has_curves(model: ResNet) -> bool:
    history = (model.provenance or {}).get("history") or []
    return sum(record.get("test_accuracy") is not None for record in history) >= 2


def card(model: ResNet, name: str, license: str | None = None) -> str:
    """The model card: YAML for the Hub, then Markdown for people."""
    from huggingface_hub import EvalResult, ModelCardData

    story, domain, config = model.provenance or {}, domain_of(model), model.config
    called, accuracy, pictures = title(name_of(config)), story.get("test_accuracy"), story.get("test_pictures")
    dataset, results = str(story.get("dataset") or domain.name), None
    data = _plain(dataset)
    if accuracy is not None and re.fullmatch(r"[\w.-]{1,80}", dataset):
        results = [
            EvalResult(
                task_type="image-classification", dataset_type=dataset, dataset_name=dataset, dataset_split="test",
                metric_type="accuracy", metric_value=accuracy,
            )
        ]  # fmt: skip
    head = ModelCardData(
        license=license,
        library_name="resnet_demo",
        pipeline_tag="image-classification",
        tags=["resnet", "plain-network" if config.plain else "skip-connections"],
        model_name=name if results else None,
        eval_results=results,
    )
    count = sum(parameter.numel() for parameter in model.parameters())
    shown = ", ".join(map(_plain, domain.labels[:MOST_CLASSES]))
    more = f" and {len(domain.labels) - MOST_CLASSES} more" if len(domain.labels) > MOST_CLASSES else ""
    shortcuts = "without shortcuts" if config.plain else "with shortcuts"
    parts = [
        f"---\n{head.to_yaml()}\n---",
        f"# {called}",
        f"A network of {config.depth} layers {shortcuts}, {count:,} parameters, for pictures of {domain.size} x "
        f"{domain.size} pixels. It answers with one of {len(domain.labels)} classes, whatever a picture shows: {shown}"
        f"{more}.",
        "## How good it is",
        _accuracy(model, accuracy, pictures, data),
        *([f"![Loss and accuracy over the epochs]({CURVES})"] if _has_curves(model) else []),
        *([f"## How it was trained\n\n{told}"] if (told := _training(story)) else []),
        "## Use",
        f'```python\nfrom resnet_demo import classify, load\n\nmodel = load("hf://{name}")\n'
        'print(classify(model, "picture.png"))\n```',
    ]
    return "\n\n".join(parts) + "\n"


def _accuracy(model: ResNet, accuracy: float | None, pictures: int | None, data: str) -> str:
    story = model.provenance or {}
    if not is_trained(model):
        return "**It was never trained: its answers mean nothing.**"
    if accuracy is None:
        return "Nobody measured it: the file of the weights does not say how many test pictures it gets right."
    of = f"the {pictures:,} test pictures of {data}" if pictures else f"the test pictures of {data}"
    sentences = [f"It gets **{accuracy:.2%}** of {of} right."]
    if pictures:
        low, high = wilson(accuracy, pictures)
        sentences[0] = f"{sentences[0][:-1]} (95 % interval {low:.1%} to {high:.1%})."
    if isinstance(trained := story.get("train_accuracy"), float):
        sentences.append(f"Of the training pictures, as it saw them in the end, {trained:.2%}.")
    sentences.append(
        "These are the figures in the file of the weights, measured on the last ones, not the best. Pictures from "
        "elsewhere are another matter: expect less."
    )
    return " ".join(sentences)


def _training(story: dict[str, Any]) -> str:
    """What is known of it, as a table; nothing where nothing is."""
    recipe = story.get("recipe")
    rows = {
        "data": story.get("dataset"),
        "recipe": recipe.get("name") if isinstance(recipe, dict) else None,
        "seed": story.get("seed"),
        "epochs": story.get("epochs"),
        "minutes": story.get("minutes"),
        "stopped before the end": "yes" if story.get("stopped") else None,
        "pictures seen": story.get("images"),
        "seconds": story.get("seconds"),
        "device": story.get("device"),
        "precision": story.get("precision"),
        "PyTorch": story.get("torch"),
        "command": story.get("command"),
        "origin": story.get("origin"),
    }
    lines = [f"| {what} | {_plain(value)} |" for what, value in rows.items() if value is not None]
    return "\n".join(["| | |", "| --- | --- |", *lines]) if lines else ""


def _plain(value: object) -> str:
    """Text from a file, as Markdown shows it letter by letter: no links, no HTML, no new row."""
    text = " ".join(str(value)[:300].encode("utf-8", "replace").decode().split())
    return re.sub(r"([\\`*_\[\]<>|!#&~$])", r"\\\1", text)
