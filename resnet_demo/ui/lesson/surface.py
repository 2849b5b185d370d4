"""Step 8: the loss on a straight walk through the trained weights, with and without shortcuts."""

from __future__ import annotations

from functools import lru_cache

from ...figures import draw_lines
from ...figures.runs import depth_of
from ...i18n import _
from ...lab.line import losses_along
from ...models import zoo
from ..captions import lesson as captions
from ..html import both
from ..session import TRAINED, Session, shared_network
from .controls import Control, Range, Step, View, turned
from .controls import layers as layers_of
from .examples import labelled
from .state import Lesson

HALF = 5  # places on each side of the trained weights
REACH = 1.0  # as far as the filters are long
ROOF = 20.0  # of the drawing: guessing among ten classes is 2.3, and more is only surer and wrong
PLACES = tuple(REACH * place / HALF for place in range(-HALF, HALF + 1))


def controls(session: Session) -> list[Control]:
    return [
        _layers(session),
        Range("away", _("How far away"), -REACH, REACH, REACH / HALF, _away(session)),
        turned(session, "line", _("Random direction"), 1, 5, 1),
    ]


def _layers(session: Session) -> Control:
    """The depths of which both twins come trained."""
    depths = sorted({depth for name in zoo.names() if (depth := depth_of(name)) and _bundled(depth)})
    return layers_of(session, map(str, depths), str(depths[-1]))


def _bundled(depth: int) -> bool:
    return all(zoo.bundled_weights(f"{kind}{depth}") for kind in ("resnet", "plain"))


def _away(session: Session) -> float:
    """Where on the line one stands: at the nearest of the places that are measured."""
    wanted = session.of(Lesson).settings.get("away", PLACES[-3])
    return min(PLACES, key=lambda place: abs(place - wanted))


def view(session: Session) -> View:
    layers, away, line = (control.value for control in controls(session))
    lines = {f"{kind}{layers}": walk(f"{kind}{layers}", int(line)) for kind in ("resnet", "plain")}
    here = PLACES.index(float(away))
    found = {name: (losses[HALF], losses[here]) for name, losses in lines.items()}
    distance = abs(PLACES[here])
    highest = max(map(max, lines.values()))
    cut_off = _("loss along the line, drawn up to {roof:g}", roof=ROOF)
    title = session.say(_("loss along the line") if highest <= ROOF else cut_off)
    places = [f"{place:+.2g}".replace("-", "−") if place else "0" for place in PLACES]
    return View(
        name=f"loss-line-{layers}-{line}",
        drawing=both(draw_lines, lines, places, title, here, highest=min(highest, ROOF), say=session.say),
        reading=captions.walk(distance, found),
        table=[("away", *lines), *zip(PLACES, *lines.values(), strict=True)],
    )


@lru_cache(maxsize=20)
def walk(name: str, line: int) -> tuple[float, ...]:
    """The loss on the ten example pictures at all places; both twins walk in the same direction."""
    return tuple(losses_along(shared_network(name, TRAINED, 0), *labelled(), PLACES, seed=line))


STEP = Step("surface", controls, view)
