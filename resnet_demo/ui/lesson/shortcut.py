"""Step 4: how much every block adds to what its shortcut carries, and how much is left of the beginning."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...figures import draw_lines
from ...i18n import _
from ...lab.interventions import passed_on, states
from ...models.predict import domain_of
from ...models.resnet import ResNet
from ..captions import lesson as captions
from ..html import both
from ..session import Session
from .controls import Choice, Control, Step, View, chosen, opened_block
from .examples import pictures
from .twins import pair_of

SHARE, KEPT = "share", "kept"
TITLES = {
    SHARE: _("‖F(x)‖ / ‖shortcut‖, by block"),
    KEPT: _("cosine with the stem’s output, by block"),
}


def controls(session: Session) -> list[Control]:
    return [_measure(session), opened_block(session)]


def _measure(session: Session) -> Choice:
    measures = {SHARE: _("what each block adds"), KEPT: _("what is left of the stem’s output")}
    return chosen(session, "measure", _("Measure"), measures, SHARE)


def pick(session: Session, what: str) -> None:
    session.open_block(what)


def view(session: Session) -> View:
    measure, chosen_place = _measure(session).value, int(opened_block(session).value) - 1
    assert session.framed is not None
    names, found = [block.name for block in session.seen.blocks], {}
    for name, network in pair_of(session).items():
        inputs = domain_of(network).to_input(session.framed)
        found[name] = shares(network, inputs) if measure == SHARE else kept(network, inputs)
    highest = 1.0 if measure == KEPT else None
    title = session.say(TITLES[measure])
    lines = {name: values for name, values in found.items() if not all(map(math.isnan, values))}
    read_out = captions.share_added if measure == SHARE else captions.kept
    return View(
        name=f"{session.name}-{measure}",
        drawing=both(
            draw_lines,
            lines or found,
            [name[5:] for name in names],
            title,
            chosen_place,
            highest=highest,
            say=session.say,
        ),
        reading=read_out(names, names[chosen_place], found),
        table=[("block", *found), *((name, *(values[i] for values in found.values())) for i, name in enumerate(names))],
    )


@torch.no_grad()
def shares(network: ResNet, inputs: Tensor) -> list[float]:
    """‖F(x)‖ / ‖shortcut(x)‖ by block; not a number where the shortcut carries nothing, as in a plain network."""
    found, x = [], network.stem(inputs)
    for _name, block in network.named_blocks():
        carried = block.shortcut(x).norm().item()
        found.append(block.residual(x).norm().item() / carried if carried else math.nan)
        x = block(x)
    return found


@torch.no_grad()
def kept(network: ResNet, inputs: Tensor) -> list[float]:
    """Cosine, by block, between its output and what the shortcuts alone would have brought there from the stem.

    Both without their means over the ten example pictures: maps after a ReLU are nowhere negative, so that those of any
    two pictures have a cosine above 0; without what they have in common, unrelated maps have one around 0.
    """
    domain = domain_of(network)
    others = torch.cat([domain.to_input(picture) for picture in pictures()])
    (_stem, alone), *outputs = states(network, torch.cat([inputs, others]))
    found = []
    for (_name, block), (_same, output) in zip(network.named_blocks(), outputs, strict=True):
        alone = passed_on(block, alone)
        centred = (maps[0] - maps[1:].mean(0) for maps in (alone, output))
        found.append(cosine_similarity(*(maps.flatten() for maps in centred), dim=0).item())
    return found


STEP = Step("shortcut", controls, view, pick)
