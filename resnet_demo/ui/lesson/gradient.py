"""Step 5: the gradient on its way back, with and without shortcuts, with and without batch norm."""

from __future__ import annotations

from functools import lru_cache

from ...figures import draw_lines
from ...i18n import Message, _, _p
from ...lab.gradients import fresh, gradients
from ...models import zoo
from ...models.resnet import ResNet
from ..captions import lesson as captions
from ..html import both
from ..session import TRAINED, Session, shared_network
from .controls import Control, Step, View, chosen
from .controls import layers as layers_of
from .degradation import histories
from .examples import labelled

LAYERS = ("20", "56")
NORM, BARE, SMALL, TRAINED_ALREADY = "norm", "bare", "small", "trained"


def controls(session: Session) -> list[Control]:
    layers = layers_of(session, LAYERS, LAYERS[-1])
    begins: dict[str, Message | str] = {
        NORM: _("untrained, with batch norm"),
        BARE: _("untrained, without batch norm"),
        SMALL: _("untrained, without batch norm, smaller weights"),
    }
    if all(zoo.bundled_weights(name) for name in _twins(layers.value)):
        begins[TRAINED_ALREADY] = _p("lesson", "trained")
    return [layers, chosen(session, "begin", _("Network"), begins, NORM)]


def _twins(layers: str) -> tuple[str, str]:
    return f"resnet{layers}", f"plain{layers}"


def view(session: Session) -> View:
    layers, begin = (control.value for control in controls(session))
    norms = {name: gradient_norms(name, str(begin)) for name in _twins(str(layers))}
    names = list(norms[f"resnet{layers}"])
    places = [name[5:] for name in names]
    lines = {name: list(found.values()) for name, found in norms.items()}
    errors = {name: 1 - histories()[name][-1]["train_accuracy"] for name in norms if name in histories()}
    title = session.say(_("norm of the gradient at each block, log scale"))
    return View(
        name=f"gradient-{layers}-{begin}",
        drawing=both(draw_lines, lines, places, title, 0, logarithmic=True, say=session.say),
        reading=captions.gradient(lines, str(begin), errors),
        table=[("block", *lines), *((name, *(values[i] for values in lines.values())) for i, name in enumerate(names))],
    )


@lru_cache(maxsize=16)
def gradient_norms(name: str, begin: str) -> dict[str, float]:
    """Norm of the loss's gradient at every block's output, over the ten example pictures."""
    network = shared_network(name, TRAINED, 0) if begin == TRAINED_ALREADY else _begun(zoo.build(name, 0), begin)
    return gradients(network, *labelled())


def _begun(network: ResNet, begin: str) -> ResNet:
    return fresh(network, 0, batch_norm=begin == NORM, small=begin == SMALL)


STEP = Step("gradient", controls, view)
