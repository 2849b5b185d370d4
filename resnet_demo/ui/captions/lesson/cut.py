"""Step 6: what became of the answers when something was cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ....figures import network_title
from ....figures.runs import is_plain
from ....i18n import Message, Sentences, _, sentences
from ....lab.interventions import BranchScales
from ....lab.lesion import WORTH_FILLING, linear_enough
from .. import findings
from .parts import Told, all_of, answers, blocks, changed, which_lost

if TYPE_CHECKING:
    from ....lab.lesion import Report as LesionReport


def cut(wires: Sequence[str], dials: BranchScales, told: Told) -> Sentences:
    """What became of each network's answer."""
    changes = _changes(wires, dials)
    if not changes:
        said = answers({name: before for name, (before, _after, _left) in told.items()})
        alone = None if len(told) > 1 else _("There is no twin here to compare with.")
        return sentences(_("Nothing is cut: {answers}. Click a block to cut its F.", answers=said), alone)
    return sentences(
        which_lost(told), _("{changes:capitalized}: {networks}.", changes=all_of(changes), networks=changed(told))
    )


def _changes(wires: Sequence[str], dials: BranchScales) -> list[Message]:
    """What was done to the networks."""
    deleted, shortcuts = findings.branches_cut(wires)
    found = []
    if deleted:
        found.append(_("without {blocks}", blocks=blocks(deleted)))
    if shortcuts:
        found.append(_("without the shortcut of {blocks}", blocks=blocks(shortcuts)))
    if dials.residual != 1:
        found.append(_("with every F(x) multiplied by {factor:g}", factor=dials.residual))
    if dials.shortcut != 1:
        found.append(_("with every shortcut multiplied by {factor:g}", factor=dials.shortcut))
    return found


def lesions(reports: Mapping[str, LesionReport]) -> Sentences:
    """What deleting a block costs over many pictures, in points of error; and what the two controls found, if any."""
    ordered = sorted(reports, key=is_plain)
    said: list[Message | None] = []
    for name in ordered:
        said.append(
            _(
                "In {network}, deleting one block adds {added:.1f} points of error in the median.",
                network=network_title(name),
                added=100 * reports[name].median_added,
            )
        )
        said.append(_controls(name, reports[name]))
    said += [_linear(name, reports[name]) for name in ordered if is_plain(name)]
    return sentences(*said)


def _controls(name: str, report: LesionReport) -> Message | None:
    if report.median_recalibrated is None or report.median_linear is None:
        return None
    return _(
        "With the batch-norm statistics of {network} measured anew it is {recalibrated:+.1f}; with the best linear 1×1 "
        "map in the hole, {linear:+.1f} (both on the first {n:,} of the pictures).",
        n=report.controls_n,
        network=network_title(name),
        recalibrated=100 * report.median_recalibrated,
        linear=100 * report.median_linear,
    )


def _linear(name: str, report: LesionReport) -> Message | None:
    """What the linear hole says of a plain network's blocks."""
    if report.median_linear is None or report.median_added < WORTH_FILLING:
        return None
    return {
        "most": _(
            "So a typical block of {plain} cannot be skipped, but a linear map can do most of what it does.",
            plain=network_title(name),
        ),
        "part": _(
            "So a linear map can do part of what a typical block of {plain} does.",
            plain=network_title(name),
        ),
        "no": _("Not even a linear map can replace a typical block of {plain}.", plain=network_title(name)),
    }[linear_enough(report.median_added, report.median_linear)]
