"""Step 7: the paths through the visitor's network, and what is left when blocks are deleted at random."""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import comb

import torch
from torch import Tensor

from ...figures import draw_lengths
from ...figures.axes import percent
from ...i18n import Message, _, _p
from ...lab import paths as experiment
from ...lab.interventions import answer_without, changes_shape
from ...models.predict import Prediction, domain_of
from ...models.resnet import ResNet
from ...models.zoo import count_parameters
from ..captions import lesson as captions
from ..captions.findings import lost
from ..html import both
from ..session import Session
from .controls import Choice, Control, Range, Step, View, chosen, turned
from .state import Lesson
from .twins import outcome, pair_of

COUNT, GRADIENT = "count", "gradient"
DRAWS = 20
MOST_PARAMETERS = 2_000_000  # of a network whose gradient is split by length while somebody waits


def controls(session: Session) -> list[Control]:
    shown = _shown(session)
    if shown.value == GRADIENT:
        return [shown]
    deleted = _deleted(session)
    first = telling_draw(session, int(deleted.value)) if "draw" not in session.of(Lesson).settings else 1
    return [shown, deleted, turned(session, "draw", _("Random draw"), 1, DRAWS, first)]


def _shown(session: Session) -> Choice:
    quick = count_parameters(session.network.config) < MOST_PARAMETERS
    what: dict[str, Message | str] = {COUNT: _("number of paths")}
    if quick:
        what[GRADIENT] = _("share of the gradient")
    return chosen(session, "show", _p("lesson", "Show"), what, COUNT)


def _deleted(session: Session) -> Range:
    return turned(session, "deleted", _("Blocks deleted"), 0, len(_can_go(session.network)), 1)


def _can_go(network: ResNet) -> list[str]:
    """The blocks that keep the shape of what passes: all others are missed, whatever else is true."""
    return [name for name, block in network.named_blocks() if not changes_shape(block)]


def telling_draw(session: Session, deleted: int) -> int:
    """The first draw after which one of the twins keeps its answer and the other one loses it; 1 where there is none.

    Looked for once for each trace and number of deleted blocks.
    """
    found: dict[int, int] = session.of(Lesson).once(session.seen, "draws", None, dict)
    if deleted not in found:
        pair = pair_of(session) if deleted else {}
        found[deleted] = next((draw for draw in range(1, DRAWS + 1) if _parts(session, pair, draw, deleted)), 1)
    return found[deleted]


def _parts(session: Session, pair: Mapping[str, ResNet], draw: int, deleted: int) -> bool:
    """Whether this draw tells the twins apart."""
    if len(pair) < 2:
        return False
    gone = _drawn(session, draw, deleted)
    return lost({name: _told(network, session, gone) for name, network in pair.items()}) in ("plain", "residual")


def _drawn(session: Session, draw: int, deleted: int) -> list[str]:
    return random.Random(draw).sample(_can_go(session.network), deleted)


def view(session: Session) -> View:
    return _gradient(session) if _shown(session).value == GRADIENT else _counts(session)


def _counts(session: Session) -> View:
    _show, deleted, draw = (control.value for control in controls(session))
    gone = _drawn(session, int(draw), int(deleted))
    n = len(session.seen.blocks)
    before = [comb(n, length) for length in range(n + 1)]
    now = [comb(n - len(gone), length) for length in range(n + 1)]
    say = session.say
    bars = say(_("paths through this many F’s")), say(_("left after the deletion"))  # the pale and the full ones
    told = {name: _told(network, session, gone) for name, network in pair_of(session).items()}
    return View(
        name=f"{session.name}-paths",
        drawing=both(draw_lengths, before, now, bars, say=say),
        reading=captions.paths(n, gone, told),
        table=[("length", "paths", "left"), *zip(range(n + 1), before, now, strict=True)],
    )


@torch.no_grad()
def _told(network: ResNet, session: Session, gone: list[str]) -> tuple[Prediction, Prediction, float]:
    assert session.framed is not None
    inputs: Tensor = domain_of(network).to_input(session.framed)
    return outcome(network, network(inputs)[0], answer_without(network, inputs, gone)[0])


def _gradient(session: Session) -> View:
    found, plain = _measured(session), session.network.config.plain
    n, counts, shares = len(found.counts) - 1, found.counts, found.shares
    whole = sum(counts)
    paths = [count / whole for count in counts]
    span = found.within(0.9) if sum(shares) else None
    mean = found.mean_length
    say = session.say
    bars = say(_("share of the paths through this many F’s")), say(_("share of the gradient that they carry"))
    return View(
        name=f"{session.name}-path-gradients",
        drawing=both(draw_lengths, paths, shares, bars, say=say, show=percent),
        reading=captions.path_gradients(n, span, mean, len(experiment.opposing(shares)), plain),
        table=[("length", "paths", "gradient_norm", "gradient_share"),
               *zip(range(n + 1), counts, found.norms, shares, strict=True)],
    )  # fmt: skip


def _measured(session: Session) -> experiment.Paths:
    """Split once for each trace: the gradient of the loss for the class asked for, in the visitor's network."""
    trace, target = session.seen, torch.tensor([session.seen.target])
    return session.of(Lesson).once(
        trace, "paths", None, lambda: experiment.paths_exact(session.network, trace.image, target)
    )


STEP = Step("paths", controls, view)
