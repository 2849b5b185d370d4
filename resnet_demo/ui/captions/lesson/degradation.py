"""Step 1: depth and error, and where linear probes stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ....figures import network_title
from ....figures.runs import is_plain
from ....i18n import Message, Sentences, _, sentences
from .. import findings
from ..findings import block_title

if TYPE_CHECKING:
    from ....lab.probes import Report as ProbesReport


def degradation(finals: Mapping[str, float], kind: str, epochs: Mapping[str, int]) -> Sentences:
    """Errors at the end of the training, as fractions by network: what depth did, or what the shortcuts did.

    `kind` is "train" or "test".
    """
    lengths = set(epochs.values())
    if len(lengths) == 1:
        when = _("These are errors after {epochs} epochs, in one training each.", epochs=lengths.pop())
    else:
        when = _("These are errors at the end of training, in one training each.")
    said = [_depths(*depths, finals, kind) for depths in findings.by_depth(finals)]
    return sentences(*(said or _at_one_depth(finals, kind)), when)


def optimisers(*finals: Mapping[str, float], kind: str) -> Message | None:
    """How much worse the deep plain network is than the shallow one, trained with Muon and by SGD alone.

    `finals` are the errors of networks, first with Muon. Nothing is said where they are not of the same depths.
    """
    plain = [findings.plain_depths(errors) for errors in finals]
    if len(plain) != 2 or not plain[0] or plain[0] != plain[1]:
        return None
    shallow, deep = plain[0]
    muon, sgd = (errors[deep] - errors[shallow] for errors in finals)
    values = {
        "deep": network_title(deep),
        "shallow": network_title(shallow),
        "error": _error(kind),
        "muon": 100 * muon,
        "sgd": 100 * sgd,
    }
    if max(muon, sgd) < findings.SAME_ERROR:
        return _(
            "From {shallow} to {deep} the {error} does not grow, neither with Muon ({muon:+.1f} points) nor with SGD "
            "throughout ({sgd:+.1f}).",
            **values,
        )
    if min(muon, sgd) < findings.SAME_ERROR:
        return _(
            "Between {shallow} and {deep} the {error} changes by {muon:+.1f} points with Muon and by {sgd:+.1f} with "
            "SGD throughout: whether there is degradation depends on the optimiser here.",
            **values,
        )
    return _(
        "From {shallow} to {deep} the {error} grows by {muon:.1f} points with Muon and by {sgd:.1f} with SGD "
        "throughout: there is degradation with both, and how deep it is depends on the optimiser.",
        **values,
    )


def _error(kind: str) -> Message:
    return {"train": _("training error"), "test": _("test error")}[kind]


def _depths(shallow: str, deep: str, finals: Mapping[str, float], kind: str) -> Message:
    values = {
        "deep": network_title(deep),
        "shallow": network_title(shallow),
        "error": _error(kind),
        "of_deep": finals[deep],
        "of_shallow": finals[shallow],
    }
    found = findings.error_than(finals[shallow], finals[deep])
    if found == "same":
        return _(
            "{deep} has {of_deep:tenths} {error} and {shallow} has {of_shallow:tenths}: depth makes no difference "
            "here.",
            **values,
        )
    if found == "less":
        return _(
            "{deep} has {of_deep:tenths} {error} and {shallow} has {of_shallow:tenths}: here deeper is better.",
            **values,
        )
    if kind == "train":
        return _(
            "{deep} has {of_deep:tenths} {error} and {shallow} has {of_shallow:tenths}: deeper is worse, even on the "
            "very pictures that it learned from.",
            **values,
        )
    return _("{deep} has {of_deep:tenths} {error} and {shallow} has {of_shallow:tenths}: deeper is worse.", **values)


def _at_one_depth(finals: Mapping[str, float], kind: str) -> list[Message]:
    if not finals:
        return [_("No network here has a recorded history.")]
    twins = findings.pair(finals)
    if not twins:
        return [
            _("{network} has {share:tenths} {error}.", network=network_title(name), share=share, error=_error(kind))
            for name, share in finals.items()
        ]
    residual, plain = twins
    values = {
        "residual": network_title(residual),
        "plain": network_title(plain),
        "error": _error(kind),
        "of_residual": finals[residual],
        "of_plain": finals[plain],
    }
    return [
        {
            "same": _(
                "{residual} has {of_residual:tenths} {error} and {plain} has {of_plain:tenths} {error}: at this depth "
                "the shortcuts make no difference.",
                **values,
            ),
            "less": _(
                "{residual} has {of_residual:tenths} {error} and {plain} has {of_plain:tenths} {error}: the same "
                "layers do better without the shortcuts.",
                **values,
            ),
            "more": _(
                "{residual} has {of_residual:tenths} {error} and {plain} has {of_plain:tenths} {error}: the same "
                "layers do better with the shortcuts.",
                **values,
            ),
        }[findings.error_than(finals[residual], finals[plain])]
    ]


def probes(reports: Mapping[str, ProbesReport]) -> Message:
    """Where linear probes stop improving in a residual network and its plain twin."""
    residual, plain = sorted(reports, key=is_plain)
    accuracy = reports[residual].accuracy, reports[plain].accuracy
    block, half, end = findings.half_way(accuracy[0])
    _same, plain_half, plain_end = findings.half_way(accuracy[1])
    values = {
        "residual": network_title(residual), "plain": network_title(plain), "block": block_title(block),
        "half": half, "end": end, "plain_half": plain_half, "plain_end": plain_end,
    }  # fmt: skip
    return {
        "plain stops": _(
            "Half-way through {plain}, after block {block}, a linear probe classifies {plain_half:tenths} of the test "
            "pictures correctly, and after the last block {plain_end:tenths}: the second half adds next to nothing. In "
            "{residual} the probes climb to the end, from {half:tenths} to {end:tenths}.",
            **values,
        ),
        "residual stops": _(
            "Here it is {residual} that stops: half-way, after block {block}, a linear probe classifies {half:tenths} "
            "of the test pictures correctly, and after the last block {end:tenths}. In {plain} the probes climb from "
            "{plain_half:tenths} to {plain_end:tenths}.",
            **values,
        ),
        "both climb": _(
            "Both climb to the end: from block {block}, half-way, to the last one, linear probes go from {half:tenths} "
            "to {end:tenths} correct in {residual}, and from {plain_half:tenths} to {plain_end:tenths} in {plain}.",
            **values,
        ),
        "both stop": _(
            "Both stop half-way: from block {block} to the last one, linear probes go from {half:tenths} to "
            "{end:tenths} correct in {residual}, and from {plain_half:tenths} to {plain_end:tenths} in {plain}.",
            **values,
        ),
    }[findings.second_half(*accuracy)]


def probes_rest_on(reports: Mapping[str, ProbesReport]) -> Message:
    """On which pictures the probes were fitted and tested."""
    report = next(iter(reports.values()))
    return _(
        "A probe is a linear classifier of the averaged maps, fitted on {fitted:,} training pictures; {n:,} test "
        "pictures.",
        fitted=report.fitted_on,
        n=report.n,
    )
