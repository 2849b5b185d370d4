"""Step 4: how much every block adds to what its shortcut carries, and how much is left of the beginning."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...figures import draw_lines
from ...lab.wires import passed_on, states
from ...models.predict import domain_of
from ...models.resnet import ResNet
from ..parts import both
from ..session import Visit
from .controls import Choice, Control, View, chosen, opened_block
from .twins import pair_of

SHARE, KEPT = "share", "kept"


def controls(visit: Visit) -> list[Control]:
    return [_measure(visit), opened_block(visit)]


def _measure(visit: Visit) -> Choice:
    return chosen(visit, "measure", (SHARE, KEPT), SHARE)


def pick(visit: Visit, what: str) -> None:
    visit.open_block(what)


def view(visit: Visit) -> View:
    measure, chosen_place = _measure(visit).value, int(opened_block(visit).value) - 1
    assert visit.picture is not None
    names, found = [block.name for block in visit.seen.blocks], {}
    for name, network in pair_of(visit).items():
        inputs = domain_of(network).to_input(visit.picture)
        found[name] = shares(network, inputs) if measure == SHARE else kept(network, inputs)
    highest = 1.0 if measure == KEPT else None
    title = visit.text.lesson.MEASURES[measure]
    lines = {name: values for name, values in found.items() if not all(map(math.isnan, values))}
    block = names[chosen_place]
    return View(
        name=f"{visit.name}-{measure}",
        drawing=both(
            draw_lines,
            lines or found,
            [name[5:] for name in names],
            title,
            chosen_place,
            highest=highest,
            terms=visit.text.terms.TERMS,
        ),
        reading=lambda say: say.lesson.carried(measure, names, block, found),
        table=[("block", *found), *((name, *(values[i] for values in found.values())) for i, name in enumerate(names))],
    )


@torch.no_grad()
def shares(network: ResNet, inputs: Tensor) -> list[float]:
    """‖F(x)‖ / ‖shortcut(x)‖ by block; not a number where the shortcut carries nothing, as in a plain network."""
    found, x = [], network.stem(inputs)
    for _, block in network.named_blocks():
        carried = block.shortcut(x).norm().item()
        found.append(block.residual(x).norm().item() / carried if carried else math.nan)
        x = block(x)
    return found


@torch.no_grad()
def kept(network: ResNet, inputs: Tensor) -> list[float]:
    """Cosine, by block, between its output and what the shortcuts alone would have brought there from the stem."""
    (_, alone), *outputs = states(network, inputs)
    found = []
    for (_, block), (_, output) in zip(network.named_blocks(), outputs, strict=True):
        alone = passed_on(block, alone)
        found.append(cosine_similarity(alone.flatten(), output.flatten(), dim=0).item())
    return found
