"""What a click on the page Cut has to wait for, ResNet-56: answer and drawings, against a bare forward pass.

Each click cuts another block, from the first to the last. The peer, and the limit, is the network with the same block
cut, its answer alone. `numbers` is ours without the drawings. What gradio adds, to take a click and send a page, is
measured by `classify`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import torch

from ..assets import asset
from ..figures import channel_to_show, draw_block, draw_lens, draw_street
from ..images import load_image
from ..interpret.trace import trace_blocks
from ..lab.interventions import answer_without, block_names, trace_intervened
from ..lab.lens import Beside, beside
from ..models.predict import domain_of
from ..models.zoo import load
from . import take_turns

NETWORK = "resnet56"
ROUNDS = 54  # each block twice


def measure() -> dict[str, Any]:
    model = load(NETWORK)
    domain, names = domain_of(model), block_names(model)
    picture = domain.crop(load_image(asset("examples", "cat.png")))
    trace = trace_blocks(model, domain.to_input(picture))
    label = domain.labels[trace.target]

    def numbers(name: str) -> Beside:
        return beside(model, trace, deleted=[name])

    def ours(name: str) -> None:
        found = numbers(name)
        then, now = (readings.softmax(1)[:, trace.target].tolist() for readings in (found.before, found.after))
        draw_street(trace, None, picture, (label, f"{now[-1]:.0%}"), cut=[name], outputs=found.states)
        draw_lens(names, then, now, label)
        opened = trace_intervened(model, name, found.into(name), deleted=[name])
        for tall in (False, True):
            draw_block(opened, channel_to_show(trace[name]), tall, factors={"residual": 0.0, "shortcut": 1.0})

    def forward(name: str) -> None:
        with torch.no_grad():
            answer_without(model, trace.image, [name])

    contenders = {"ours": ours, "numbers": numbers, "peer": forward}
    seconds = take_turns({title: _clicks(call, names) for title, call in contenders.items()}, ROUNDS, warmup=5)
    return {
        **seconds,
        "limit": seconds["peer"],
        "ratio": seconds["ours"] / seconds["peer"],
        "ratio_numbers": seconds["numbers"] / seconds["peer"],
        "unit": "ours / peer: overhead over a bare forward pass, p50",
        "work": f"{NETWORK}, one picture of 32x32, each of {len(names)} blocks cut by a click: states, answers after "
        f"every block before and now, street, curve and block (for screens and phones) drawn; "
        f"{torch.get_num_threads()} threads",
    }


def _clicks(call: Callable[[str], object], names: list[str]) -> Callable[[], object]:
    turn = cycle(names)
    return lambda: call(next(turn))
