"""Step 1: how the bundled networks were trained, shallow and deep, plain and residual."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ...figures import curves_svg, draw_degradation
from ...figures.runs import depth_of
from ...figures.terms import Terms
from ...models import zoo
from ..session import Visit
from .controls import Control, View, chosen

ALL = "all"


@lru_cache(maxsize=1)
def histories() -> dict[str, list[dict[str, Any]]]:
    return {name: run for name, run in zoo.histories().items() if run and depth_of(name) is not None}


def controls(visit: Visit) -> list[Control]:
    depths = sorted({depth_of(name) or 0 for name in histories()})
    every = (ALL, *map(str, depths)) if len(depths) > 1 else (ALL,)
    return [chosen(visit, "error", ("train", "test"), "train"), chosen(visit, "depth", every, ALL)]


def view(visit: Visit) -> View:
    kind, depth = (str(control.value) for control in controls(visit))
    runs = {name: run for name, run in histories().items() if depth in (ALL, str(depth_of(name)))}
    finals = {name: 1 - run[-1][f"{kind}_accuracy"] for name, run in runs.items()}
    epochs = {name: run[-1]["epoch"] for name, run in runs.items()}
    table = [("network", "epoch", "training_error", "test_error")]
    for name, run in runs.items():
        table += [(name, r["epoch"], 1 - r["train_accuracy"], 1 - r["test_accuracy"]) for r in run]  # pyright: ignore
    return View(
        name=f"degradation-{kind}-{depth}",
        drawing=_drawing(kind, tuple(runs), visit.text.lesson.ERRORS[kind], visit.text.terms.TERMS),
        reading=lambda say: say.lesson.degradation(finals, kind, epochs),
        table=table,
    )


@lru_cache(maxsize=16)
def _drawing(kind: str, names: tuple[str, ...], label: str, terms: Terms) -> str:
    """Drawn once: matplotlib takes longer than all the rest."""
    runs = {name: histories()[name] for name in names}
    return curves_svg(draw_degradation(runs, [kind]), label, terms)
