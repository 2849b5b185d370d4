"""What was done to the network, and what became of its answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...i18n import Message, Sentences, _, sentences
from ...lab.interventions import BranchScales
from ...models.predict import Prediction
from .findings import block_title, branches_cut, settled


def cut(
    wires: Collection[str], dials: BranchScales, before: Prediction, after: Prediction, left: float, plain: bool
) -> Message | Sentences:
    """What became of the answer: `before` and `after` are the likeliest classes, `left` what the first one has now."""
    parts = done(wires, dials)
    if not parts:
        return _untouched(plain)
    values = {"done": _("{parts:and}", parts=parts), "label": before.label, "was": before.probability, "left": left}
    if after.index != before.index:
        return _(
            "{done:capitalized}, it says {answer} ({now:percent}); {label} went from {was:percent} to {left:percent}.",
            answer=after.label,
            now=after.probability,
            **values,
        )
    if f"{left:.0%}" == f"{before.probability:.0%}":
        return _("{done:capitalized}, it still says {label}: {left:percent} as before.", **values)
    return _("{done:capitalized}, it still says {label}: {left:percent} instead of {was:percent}.", **values)


def cut_untrained(wires: Collection[str], dials: BranchScales, plain: bool) -> Message | Sentences:
    """The same of a network whose answer means nothing."""
    parts = done(wires, dials)
    if not parts:
        return _untouched(plain)
    return _("{done:capitalized}; it was not trained, so its answer means nothing.", done=_("{parts:and}", parts=parts))


def cut_both(
    wires: Collection[str], dials: BranchScales, label: str, was: Sequence[float], left: Sequence[float]
) -> Message | Sentences:
    """The same done to a network and to its twin: how probable `label` was and is, with shortcuts first."""
    parts = done(wires, dials)
    if not parts:
        return sentences(
            _(
                "Both networks as they are: with shortcuts “{label}” has {one:percent}, without {other:percent}.",
                label=label,
                one=was[0],
                other=was[1],
            ),
            _("Click a block to cut its F in both of them; click again to restore it."),
        )
    one, other = (before - now for before, now in zip(was, left, strict=True))
    values = {
        "done": _("{parts:and}", parts=parts), "label": label, "was": was[0], "left": left[0], "twin_was": was[1],
        "twin_left": left[1],
    }  # fmt: skip
    if abs(one - other) < 0.005:
        return _(
            "{done:capitalized}, both answers move alike: “{label}” from {was:percent} to {left:percent} with "
            "shortcuts, from {twin_was:percent} to {twin_left:percent} without.",
            **values,
        )
    if one < other:
        return _(
            "{done:capitalized}, the network with shortcuts keeps more of its answer: “{label}” from {was:percent} to "
            "{left:percent}, without shortcuts from {twin_was:percent} to {twin_left:percent}.",
            **values,
        )
    return _(
        "{done:capitalized}, the network without shortcuts keeps more of its answer: “{label}” from {twin_was:percent} "
        "to {twin_left:percent}, with shortcuts from {was:percent} to {left:percent}.",
        **values,
    )


@dataclass(frozen=True)
class Kept:
    """A picture's first answer: its class, and how probable it was and is."""

    label: str
    was: float
    left: float

    @property
    def lost(self) -> float:
        return self.was - self.left


def cut_pictures(wires: Collection[str], dials: BranchScales, one: Kept, other: Kept) -> Message | Sentences:
    """The same done to a network that sees two pictures: which of them keeps more of its answer."""
    parts = done(wires, dials)
    values = {
        "done": _("{parts:and}", parts=parts), "one": one.label, "was": one.was, "left": one.left,
        "other": other.label, "other_was": other.was, "other_left": other.left,
    }  # fmt: skip
    if not parts:
        return sentences(
            _(
                "The network as it is: “{one}” for picture A ({was:percent}), “{other}” for picture B "
                "({other_was:percent}).",
                **values,
            ),
            _("Click a block to cut its F for both of them; click again to restore it."),
        )
    if abs(one.lost - other.lost) < 0.005:
        return _(
            "{done:capitalized}, both answers move alike: A’s “{one}” from {was:percent} to {left:percent}, B’s "
            "“{other}” from {other_was:percent} to {other_left:percent}.",
            **values,
        )
    if one.lost < other.lost:
        return _(
            "{done:capitalized}, picture A keeps more of its answer: “{one}” from {was:percent} to {left:percent}, B’s "
            "“{other}” from {other_was:percent} to {other_left:percent}.",
            **values,
        )
    return _(
        "{done:capitalized}, picture B keeps more of its answer: “{other}” from {other_was:percent} to "
        "{other_left:percent}, A’s “{one}” from {was:percent} to {left:percent}.",
        **values,
    )


def _untouched(plain: bool) -> Sentences:
    if plain:
        return sentences(
            _("This is the network as it is: click a block to cut its F, and again to restore it."),
            _("A plain block has no shortcut, so it is taken out altogether, and its input is passed on in its place."),
        )
    return sentences(
        _("This is the network as it is: click a block to cut its F, and again to restore it."),
        _("Then only its shortcut carries the picture past it."),
        _("Click the road below a block to cut its shortcut, for contrast."),
    )


def done(wires: Collection[str], dials: BranchScales) -> list[Message]:
    """What was done to the network, in phrases that begin a sentence; none for nothing."""
    without_f, without_shortcut = branches_cut(wires)
    parts: list[Message] = []
    if len(without_f) == 1:
        parts.append(_("without F of block {block}", block=without_f[0]))
    elif without_f:
        parts.append(_("without F of {number} blocks ({blocks:and})", number=len(without_f), blocks=without_f))
    if len(without_shortcut) == 1:
        parts.append(_("without the shortcut of block {block}", block=without_shortcut[0]))
    elif without_shortcut:
        parts.append(
            _(
                "without the shortcut of {number} blocks ({blocks:and})",
                number=len(without_shortcut),
                blocks=without_shortcut,
            )
        )
    if dials.residual != 1:
        parts.append(_("with every F(x) multiplied by {factor:g}", factor=dials.residual))
    if dials.shortcut != 1:
        parts.append(_("with every shortcut multiplied by {factor:g}", factor=dials.shortcut))
    return parts


def lens(names: Sequence[str], probabilities: Sequence[float], label: str, plain: bool) -> Sentences:
    """How an answer grows: `probabilities` of the class after the stem and after each block."""
    since = settled(probabilities)
    if since is None:
        found = _(
            "Read off after each block, as if no later one existed: “{label}” is not likelier than all other classes "
            "together at the end.",
            label=label,
        )
    elif since == 0:
        found = _(
            "Read off after each block, as if no later one existed: “{label}” is likelier than all other classes "
            "together from the stem on.",
            label=label,
        )
    else:
        found = _(
            "Read off after each block, as if no later one existed: “{label}” is likelier than all other classes "
            "together from block {block} on.",
            label=label,
            block=block_title(names[since - 1]),
        )
    if plain:
        why = _("A plain network was never trained to be read like this: each of its blocks replaces its input.")
    else:
        why = _(
            "Each block only adds to its input, so the classifier at the end can be applied after any of them; it was "
            "trained for the last."
        )
    return sentences(found, why)
