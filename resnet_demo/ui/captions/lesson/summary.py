"""Step 9: answers on the way, the plain network that is the same, and the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ....figures import network_title
from ....i18n import Message, Sentences, _, _n, sentences
from ....models.predict import Prediction
from ..findings import block_title
from .parts import answers

if TYPE_CHECKING:
    from ....lab.unfold import Report as UnfoldReport


def grown(name: str, whole: bool, told: Mapping[str, Prediction]) -> Message:
    """What each network would answer after a block, or after the stem."""
    said = answers(told)
    if whole:
        return _("After the last block: {answers}. Now let the network stop earlier.", answers=said)
    if name == "stem":
        return _("If it stopped after the stem: {answers}.", answers=said)
    return _("If it stopped after block {block}: {answers}.", block=block_title(name), answers=said)


def unfolded(name: str, report: UnfoldReport) -> Message:
    """Whether a plain network answers as the residual one whose weights it was made from."""
    values = {
        "network": network_title(name),
        "n": report.n,
        "different": report.different_answers,
        "parameters": report.parameters,
        "unfolded": report.parameters_unfolded,
    }
    if not report.different_answers:
        return _(
            "Without a single shortcut, as a plain network of {unfolded:,} instead of {parameters:,} parameters, "
            "{network} gives the same answer to all {n:,} test pictures: shortcuts do not change what can be computed, "
            "they change what training finds.",
            **values,
        )
    return _(
        "As a plain network of {unfolded:,} instead of {parameters:,} parameters, {network} gives another answer to "
        "{different:,} of {n:,} test pictures: here it is not the same function.",
        **values,
    )


def unfolded_here(name: str, difference: float) -> Message:
    """The same on the visitor's picture: the largest difference of two logits."""
    return _(
        "On your picture, no logit of {network} without shortcuts differs by more than {difference:rounded} from those "
        "with shortcuts.",
        network=network_title(name),
        difference=difference,
    )


def score(right: Mapping[int, bool | None]) -> Sentences:
    """How the questions of all steps were answered: whether the first choice was right, None while none was made."""
    missing = [number for number, found in right.items() if found is None]
    if len(missing) == len(right):
        return sentences(_("None of the {all} questions has been answered yet.", all=len(right)))
    hits = sum(found is True for found in right.values())
    told = _n(
        "At the first attempt, {count} of {all} questions was answered correctly.",
        "At the first attempt, {count} of {all} questions were answered correctly.",
        hits,
        all=len(right),
    )
    if not missing:
        return sentences(told)
    return sentences(
        told,
        _n("Not answered yet: step {steps:and}.", "Not answered yet: steps {steps:and}.", len(missing), steps=missing),
    )


def answered(right: bool | None) -> Message:
    """The same of one step."""
    if right is None:
        return _("Question not answered yet.")
    return _("Question answered correctly.") if right else _("Question answered wrongly at first.")
