"""Step 6: a block's residual branch is cut, and the network and its twin answer on the visitor's picture."""

from __future__ import annotations

from html import escape
from typing import Any

import torch
from torch import Tensor

from ...figures import draw_street, network_title
from ...i18n import language
from ...lab.wires import head, rewired, states
from ...models.predict import domain_of
from ...models.resnet import ResNet
from ..classes import titles as class_titles
from ..parts import changes
from ..session import MOST_DIAL, Visit
from .controls import Control, Range, View
from .twins import all_titled, outcome, pair_of

CLASSES = 4  # that are shown of each network


def controls(visit: Visit) -> list[Control]:
    def change(visit: Visit, factor: float) -> None:
        visit.turn(factor, visit.dials.shortcut)

    return [Range("alpha", 0.0, MOST_DIAL, 0.05, visit.dials.residual, change)]


def pick(visit: Visit, what: str) -> None:
    visit.cut_or_mend(what)


def view(visit: Visit) -> View:
    trace, cut, dials = visit.seen, visit.cut, visit.dials
    assert visit.picture is not None
    answers, outputs = {}, {}
    for name, network in pair_of(visit).items():
        inputs = domain_of(network).to_input(visit.picture)
        answers[name], found = _answers(visit, network, inputs)
        if name == visit.name:
            outputs = found
    told = {name: outcome(network, *answers[name]) for name, network in pair_of(visit).items()}
    best = told[visit.name][1]
    answer = visit.titles[best.index], visit.say.percent(best.probability)
    drawing = draw_street(
        trace,
        None,
        visit.domain.crop(visit.picture),
        answer,
        cut=cut,
        outputs=outputs,
        terms=visit.text.terms.TERMS,
    )
    labels = visit.labels
    return View(
        name=f"{visit.name}-cut",
        drawing=drawing,
        reading=lambda say: say.lesson.cut(sorted(cut), dials, all_titled(told, labels, say)),
        table=[
            ("network", "class", "before", "after"),
            *(
                (name, label, before, after)
                for name, (then, now) in answers.items()
                for label, before, after in zip(labels, then.softmax(0).tolist(), now.softmax(0).tolist(), strict=True)
            ),
        ],
        below=lambda say: _side_by_side(labels, answers, say),
    )


@torch.no_grad()
def _answers(visit: Visit, network: ResNet, inputs: Tensor) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    """Logits [classes] of the network as it is and now, and what its blocks put out now."""
    found = dict(states(network, inputs, *rewired(network, visit.cut, visit.dials)))
    now = head(network, list(found.values())[-1])
    return (network(inputs)[0], now[0]), found


def _side_by_side(labels: tuple[str, ...], answers: dict[str, tuple[Tensor, Tensor]], say: Any) -> str:
    """The likeliest classes of each network, before and now."""
    titles, columns = class_titles(labels, language(say.CODE)), ""
    for name, logits in answers.items():
        then, now = (of_one.softmax(0) for of_one in logits)
        likeliest = then.maximum(now).topk(min(CLASSES, len(labels))).indices.tolist()
        rows = changes(
            [(titles[index], then[index].item(), now[index].item()) for index in likeliest], language(say.CODE)
        )
        title = say.lesson.ANSWER_OF.format(network_title(name))
        columns += f"<section><h4>{escape(title)}</h4>{rows}</section>"
    return f"<div class='rd-outcomes'>{columns}</div>"
