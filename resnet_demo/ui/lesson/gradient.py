"""Step 5: the gradient on its way back, with and without shortcuts, with and without batch norm.

The numbers are those of the bundled experiment `gradients`, so that the lesson and the page Experiments say the same.
"""

from __future__ import annotations

import math

from ...errors import InputError
from ...figures import draw_lines
from ...i18n import Message, _, _p
from ...models import zoo
from ..captions import lesson as captions
from ..html import both
from ..session import Session
from . import evidence
from .controls import Control, Step, View, chosen
from .controls import layers as layers_of
from .degradation import histories

LAYERS = ("20", "56")
NORM, BARE, SMALL, TRAINED_ALREADY = "norm", "bare", "small", "trained"
CASES = {  # of the experiment
    NORM: "He's start, with batch norm",
    BARE: "He's start, without batch norm",
    SMALL: "PyTorch's start, without batch norm",
    TRAINED_ALREADY: "trained",
}


def controls(session: Session) -> list[Control]:
    layers = layers_of(session, LAYERS, LAYERS[-1])
    begins: dict[str, Message | str] = {
        NORM: _("He’s start, with batch norm"),
        BARE: _("He’s start, without it"),
        SMALL: _("PyTorch’s, without it"),
    }
    if all(zoo.bundled_weights(name) for name in _twins(layers.value)):
        begins[TRAINED_ALREADY] = _p("lesson", "trained")
    return [layers, chosen(session, "begin", _("Network"), begins, NORM)]


def _twins(layers: str) -> tuple[str, str]:
    return f"resnet{layers}", f"plain{layers}"


def view(session: Session) -> View:
    layers, begin = (str(control.value) for control in controls(session))
    reports, case = evidence.measured("gradients", _twins(layers)), CASES[begin]
    if len(reports) < 2:
        raise InputError("There is no result of this experiment for {layers} layers.", layers=layers)
    lines = {  # what is beyond 32 bits is no number in a file
        name: [math.nan if norm is None else norm for norm in report.norms[case].values()]
        for name, report in reports.items()
    }
    names = list(reports[f"resnet{layers}"].norms[case])
    ranges = {name: report.least_and_most[case] for name, report in reports.items() if case in report.least_and_most}
    places = [name[5:] for name in names]
    errors = {name: 1 - histories()[name][-1]["train_accuracy"] for name in lines if name in histories()}
    title = session.say(_("norm of the gradient at each block, log scale"))
    return View(
        name=f"gradient-{layers}-{begin}",
        drawing=both(draw_lines, lines, places, title, 0, logarithmic=True, say=session.say),
        reading=captions.gradient(lines, begin, errors, ranges, reports[f"resnet{layers}"].n),
        table=[("block", *lines), *((name, *(values[i] for values in lines.values())) for i, name in enumerate(names))],
    )


STEP = Step("gradient", controls, view)
