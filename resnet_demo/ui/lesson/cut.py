"""Step 6: a block's residual branch is cut, and the network and its twin answer on the visitor's picture."""

from __future__ import annotations

import torch
from markupsafe import Markup
from torch import Tensor

from ...figures import draw_street, network_title
from ...i18n import _
from ...lab.interventions import intervention, states
from ...models.predict import UNTRAINED, class_logits, domain_of, is_trained
from ...models.resnet import ResNet
from ..captions import lesson as captions
from ..html import both, changes, note
from ..session import MOST_DIAL, TRAINED, Session
from . import evidence
from .controls import Control, Range, Step, View
from .twins import outcome, pair_of

CLASSES = 3  # that are shown of each network


def controls(session: Session) -> list[Control]:
    def change(session: Session, factor: float) -> None:
        session.turn(factor, session.dials.shortcut)

    return [Range("alpha", _("Multiply every F(x) by"), 0.0, MOST_DIAL, 0.05, session.dials.residual, change)]


def pick(session: Session, what: str) -> None:
    session.cut_or_mend(what)


def view(session: Session) -> View:
    trace, cut, dials = session.seen, session.cut, session.dials
    assert session.framed is not None
    answers, outputs = {}, {}
    for name, network in pair_of(session).items():
        inputs = domain_of(network).to_input(session.framed)
        answers[name], found = _answers(session, network, inputs)
        if name == session.name:
            outputs = found
    told = {name: outcome(network, *answers[name]) for name, network in pair_of(session).items()}
    best = told[session.name][1]
    answer = session.titles[best.index], session.say.percent(best.probability)
    if session.untrained:
        answer = session.say(_("not trained")), ""
    drawing = both(
        draw_street,
        trace,
        None,
        session.domain.crop(session.framed),
        answer,
        cut=cut,
        outputs=outputs,
        say=session.say,
    )
    return View(
        name=f"{session.name}-cut",
        drawing=Markup(drawing) + _side_by_side(session, answers),
        reading=captions.cut(sorted(cut), dials, told),
        table=[
            ("network", "class", "before", "after"),
            *(
                (name, label, before, after)
                for name, (then, now) in answers.items()
                for label, before, after in zip(
                    session.labels, *(class_logits(of_one).softmax(0).tolist() for of_one in (then, now)), strict=True
                )
            ),
        ],
        below=_over_all(session, list(told)),
    )


def _over_all(session: Session, names: list[str]) -> Markup:
    """What deleting a block costs over the test set, where that was measured of the networks in sight."""
    bundled = session.weights == TRAINED and not session.seed
    reports = evidence.measured("lesion", names) if bundled else {}
    if not reports:
        return Markup()
    return evidence.read_out(captions.lesions(reports), session.say, _("Over all test pictures"))


@torch.no_grad()
def _answers(session: Session, network: ResNet, inputs: Tensor) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    """Logits [classes] of the network as it is and now, and what its blocks put out now."""
    found = dict(states(network, inputs, *intervention(network, session.cut, session.dials)))
    now = network.head(list(found.values())[-1])
    return (network(inputs)[0], now[0]), found


def _side_by_side(session: Session, answers: dict[str, tuple[Tensor, Tensor]]) -> Markup:
    """The likeliest classes of each network, before and now."""
    titles, columns, networks = session.titles, Markup(), pair_of(session)
    for name, logits in answers.items():
        then, now = (class_logits(of_one).softmax(0) for of_one in logits)
        likeliest = then.maximum(now).topk(min(CLASSES, len(titles))).indices.tolist()
        rows = changes([(titles[index], then[index].item(), now[index].item()) for index in likeliest], session.say)
        if not is_trained(networks[name]):
            rows = note(session.say(UNTRAINED), "rd-warning")
        title = session.say(_("{network}: pale before, full now", network=network_title(name)))
        columns += Markup("<section><h4>{}</h4>{}</section>").format(title, Markup(rows))
    return Markup("<div class='rd-outcomes'>{}</div>").format(columns)


STEP = Step("cut", controls, view, pick)
