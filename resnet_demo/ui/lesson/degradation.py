"""Step 1: how the bundled networks were trained, shallow and deep, plain and residual; and where deep ones stop."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from markupsafe import Markup

from ...figures import draw_degradation
from ...figures.experiments import draw_experiment
from ...figures.runs import depth_of
from ...i18n import Language, _, _p, sentences
from ...models import zoo
from ..captions import lesson as captions
from ..html import both, both_curves, figure
from ..session import Session
from . import evidence
from .controls import Control, Step, View, chosen

ALL = "all"
MUON, SGD = "muon", "sgd"
TITLES = {
    "train": _("Training error by epoch, plain networks on the left, residual networks on the right"),
    "test": _("Test error by epoch, plain networks on the left, residual networks on the right"),
}


@lru_cache(maxsize=2)
def histories(optimiser: str = MUON) -> dict[str, list[dict[str, Any]]]:
    found = zoo.sgd_histories() if optimiser == SGD else zoo.degradation_histories()
    return {name: run for name, run in found.items() if run}


def controls(session: Session) -> list[Control]:
    depths = sorted({depth_of(name) or 0 for name in histories()})
    one = {str(depth): str(depth) for depth in depths} if len(depths) > 1 else {}
    pictures = {"train": _("the training pictures"), "test": _("the test pictures")}
    networks = {ALL: _p("lesson", "all"), **one, SGD: _("all, by SGD alone")}
    return [
        chosen(session, "error", _("Error on"), pictures, "train"),
        chosen(session, "depth", _("Layers"), networks, ALL),
    ]


def view(session: Session) -> View:
    kind, depth = (str(control.value) for control in controls(session))
    optimiser = SGD if depth == SGD else MUON
    runs = {name: run for name, run in histories(optimiser).items() if depth in (ALL, SGD, str(depth_of(name)))}
    finals = _finals(runs, kind)
    epochs = {name: run[-1]["epoch"] for name, run in runs.items()}
    table = [("network", "epoch", "training_error", "test_error")]
    for name, run in runs.items():
        table += [(name, r["epoch"], 1 - r["train_accuracy"], 1 - r["test_accuracy"]) for r in run]  # pyright: ignore
    by_optimiser = [_finals(histories(each), kind) for each in (MUON, SGD)] if depth in (ALL, SGD) else []
    # The weights of the networks that SGD trained are not kept, and so there are no probes of them.
    below = Markup() if depth == SGD else _probes(session, None if depth == ALL else int(depth))
    return View(
        name=f"degradation-{kind}-{depth}",
        drawing=_drawing(kind, tuple(runs), optimiser, session.say),
        reading=sentences(
            *captions.degradation(finals, kind, epochs).messages, captions.optimisers(*by_optimiser, kind=kind)
        ),
        table=table,
        below=below,
    )


def _finals(runs: dict[str, list[dict[str, Any]]], kind: str) -> dict[str, float]:
    """The errors at the ends of trainings."""
    return {name: 1 - run[-1][f"{kind}_accuracy"] for name, run in runs.items()}


def _probes(session: Session, depth: int | None) -> Markup:
    """What linear probes read after each block, where it was measured at that depth."""
    reports, say = evidence.twins("probes", depth), session.say
    if not reports:
        return Markup()
    drawing = both(partial(draw_experiment, "probes"), reports, say=say)
    names = list(next(iter(reports.values())).accuracy)
    table = [("after", *reports)]
    table += [(name, *(report.accuracy[name] for report in reports.values())) for name in names]
    told = evidence.read_out(captions.probes(reports), say, _("Where does it stop? A probe after every block"))
    return told + figure(drawing, captions.probes_rest_on(reports), "probes", table=table, say=say)


@lru_cache(maxsize=16)
def _drawing(kind: str, names: tuple[str, ...], optimiser: str, say: Language) -> str:
    """Drawn once: matplotlib takes longer than all the rest."""
    runs = {name: histories(optimiser)[name] for name in names}
    return both_curves(partial(draw_degradation, runs, [kind], say=say, width=8.0), say(TITLES[kind]))


STEP = Step("degradation", controls, view)
