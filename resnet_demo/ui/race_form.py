"""What the page Train asks for: a form, presets that fill it in, and the plan that it amounts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..i18n import Language, _
from ..training.recipes import RECIPES
from .components import Dropdown, File, Number, Radio, given, whole_input
from .jobs.race import BOTH, DATA, DEPTHS, KINDS, LEAST_SECONDS, MOST_SECONDS, OWN_PICTURES, SHAPES, Plan

SECONDS, EPOCHS = "seconds", "epochs"
# What a person may want to try first: the depth, the kind, the data, the seconds.
PRESETS = {
    "twins": (56, BOTH, SHAPES, 120),
    "deep": (110, BOTH, SHAPES, 300),
    "own": (20, "residual", OWN_PICTURES, 60),
}


PRESET_TITLES = {
    "twins": _("ResNet-56 against Plain-56"),
    "deep": _("How deep can you go?"),
    "own": _("My own pictures"),
}
KIND_TITLES = {
    "both": _("both, side by side"),
    "residual": _("with shortcuts"),
    "plain": _("without shortcuts"),
}
DATA_TITLES = {
    "shapes": _("Shapes (drawn by the program)"),
    "cifar10": _("CIFAR-10 photos"),
    "cifar100": _("CIFAR-100 photos"),
    "fashion-mnist": _("Fashion-MNIST, clothes"),
    "my pictures": _("My own pictures (zip)"),
}
BUDGET_TITLES = {SECONDS: _("by the clock"), EPOCHS: _("by epochs")}
RECIPE_TITLES = {
    "fast": _("fast: orthogonal updates (Muon), small crops first"),
    "paper": _("paper: He et al. 2015"),
    "textbook": _("seed: the textbook loop"),
}


@dataclass(frozen=True, kw_only=True)
class Form:
    """The fields, in the order of `plan_of`'s arguments."""

    depth: gr.Dropdown
    kind: gr.Dropdown
    data: gr.Dropdown
    file: gr.File
    budget: gr.Radio
    seconds: gr.Number
    epochs: gr.Number
    recipe: gr.Dropdown
    batch: gr.Number
    rate: gr.Number
    seed: gr.Number
    how: gr.Accordion  # what most people leave as it is

    @property
    def inputs(self) -> list[Any]:
        return [
            self.depth, self.kind, self.data, self.file, self.budget, self.seconds, self.epochs, self.recipe,
            self.batch, self.rate, self.seed,
        ]  # fmt: skip

    def labels(self, say: Language) -> dict[Any, Any]:
        range_of_seconds = _("Seconds in all ({least} to {most})", least=LEAST_SECONDS, most=MOST_SECONDS)
        return {
            self.depth: gr.update(
                label=say(_("Depth")),
                choices=[(say(_("{layers} layers", layers=layers)), layers) for layers in DEPTHS],
            ),
            self.kind: gr.update(label=say(_("Networks")), choices=[(say(KIND_TITLES[name]), name) for name in KINDS]),
            self.data: gr.update(label=say(_("Pictures")), choices=[(say(DATA_TITLES[name]), name) for name in DATA]),
            self.file: gr.update(label=say(_("A zip with one folder of pictures per class"))),
            self.budget: gr.update(
                label=say(_("How long")), choices=[(say(title), name) for name, title in BUDGET_TITLES.items()]
            ),
            self.seconds: gr.update(label=say(range_of_seconds)),
            self.epochs: gr.update(label=say(_("Epochs: passes through all pictures"))),
            self.how: gr.update(label=say(_("How to train"))),
            self.recipe: gr.update(
                label=say(_("Recipe")), choices=[(say(RECIPE_TITLES.get(name, name)), name) for name in RECIPES]
            ),
            self.batch: gr.update(label=say(_("Pictures per step (empty: the recipe's)"))),
            self.rate: gr.update(label=say(_("Highest learning rate (empty: the recipe's)"))),
            self.seed: gr.update(label=say(_("Seed of weights and order"))),
        }

    def filled(self, plan: Plan) -> dict[Any, Any]:
        """The fields as this plan has them; a file that was uploaded stays where it is."""
        by_clock = plan.epochs is None
        return {
            self.depth: plan.depth,
            self.kind: plan.kind,
            self.data: plan.data,
            self.file: gr.update(visible=plan.data == OWN_PICTURES),
            self.budget: SECONDS if by_clock else EPOCHS,
            self.seconds: gr.update(visible=True, value=plan.seconds) if by_clock else gr.update(visible=False),
            self.epochs: gr.update(visible=False) if by_clock else gr.update(visible=True, value=plan.epochs),
            self.recipe: plan.recipe,
            self.batch: plan.batch,
            self.rate: plan.rate,
            self.seed: plan.seed,
        }


def build() -> Form:
    with gr.Column(elem_id="train-form"):
        with gr.Row(elem_id="train-fields"):
            depth = Dropdown(list(DEPTHS), value=20, elem_id="depth")
            data = Dropdown(list(DATA), value=SHAPES, elem_id="data")
            kind = Dropdown(list(KINDS), value=BOTH, elem_id="kind")
            budget = Radio([SECONDS, EPOCHS], value=SECONDS, elem_id="budget")
            seconds = Number(30, elem_id="seconds", precision=0)
            epochs = whole_input(1, elem_id="epochs", visible=False)
        file = File(file_types=[".zip"], elem_id="own-pictures", visible=False, height=110)
        with gr.Accordion(open=False, elem_id="how-to-train") as how, gr.Row():
            recipe = Dropdown(list(RECIPES), value="fast", elem_id="recipe")
            batch = whole_input(None, elem_id="batch")
            rate = Number(None, elem_id="rate")
            seed = whole_input(0, elem_id="train-seed")
    return Form(
        depth=depth, kind=kind, data=data, file=file, budget=budget, seconds=seconds, epochs=epochs, recipe=recipe,
        batch=batch, rate=rate, seed=seed, how=how,
    )  # fmt: skip


def connect(form: Form) -> None:
    """Only the fields that count are shown."""
    form.data.input(
        lambda data: gr.update(visible=data == OWN_PICTURES), form.data, form.file, api_name="pictures", queue=False
    )
    form.budget.input(
        lambda budget: (gr.update(visible=budget != EPOCHS), gr.update(visible=budget == EPOCHS)),
        form.budget, [form.seconds, form.epochs], api_name="budget", queue=False,
    )  # fmt: skip


def plan_of(
    depth: Any, kind: Any, data: Any, file: Any, budget: Any, seconds: Any, epochs: Any, recipe: Any, batch: Any,
    rate: Any, seed: Any,
) -> Plan:  # fmt: skip
    """What the form asks for, judged; InputError for what cannot be."""
    by_clock = budget != EPOCHS
    file = given(file) if data == OWN_PICTURES else None
    return Plan(
        depth, kind, data, file, seconds if by_clock else None, None if by_clock else epochs, recipe, batch, rate, seed
    )


def preset(form: Form, name: str) -> dict[Any, Any]:
    """The form as a preset has it."""
    depth, kind, data, seconds = PRESETS[name]
    file, clock = gr.update(visible=data == OWN_PICTURES), gr.update(value=seconds, visible=True)
    values = [depth, kind, data, file, SECONDS, clock, gr.update(visible=False), "fast", None, None, 0]
    return dict(zip(form.inputs, values, strict=True))
