"""The lesson's captions: what the numbers of its steps come to, whatever these are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from ...figures import network_title
from ...figures.runs import is_plain
from ...i18n import FIRST, Message, Sentences, _, _n, _p, language, sentences
from ...lab.gradients import PREDICTED, SEEDS, growth
from ...lab.interventions import BranchScales
from ...lab.lesion import WORTH_FILLING, linear_enough
from ...lab.reading import magnitude
from ...models import zoo
from ...models.predict import Prediction
from . import findings
from .findings import block_title

if TYPE_CHECKING:
    from ...lab.lesion import Report as LesionReport
    from ...lab.probes import Report as ProbesReport
    from ...lab.unfold import Report as UnfoldReport

START = _("Start the lesson")
INVITATION = _("New to this? Nine short steps, each with an experiment, most of them on your picture.")

# Of networks by name: the likeliest class before and now, and how likely the first one is now.
Told: TypeAlias = Mapping[str, tuple[Prediction, Prediction, float]]


# Parts of sentences


def class_name(label: str) -> Message:
    """The name of a class, in whatever language it is said."""
    return Message(label, context="class")


def answer(prediction: Prediction) -> Message:
    return _("{label} ({share:percent})", label=class_name(prediction.label), share=prediction.probability)


def _all_of(clauses: Iterable[Message]) -> Message:
    """Clauses that are all true, as one; not a list of words, which many languages join otherwise."""
    return reduce(lambda first, second: _p("two clauses", "{first} and {second}", first=first, second=second), clauses)


def _answers(told: Mapping[str, Prediction]) -> Message:
    """What each network says."""
    return _all_of(
        _("{network} says {answer}", network=network_title(name), answer=answer(best)) for name, best in told.items()
    )


def _blocks(titles: Sequence[str]) -> Message:
    if findings.few(titles):
        return _n("block {names:and}", "blocks {names:and}", len(titles), names=titles)
    return _n("{count} block", "{count} blocks", len(titles))


# 1


def degradation(finals: Mapping[str, float], kind: str, epochs: Mapping[str, int]) -> Sentences:
    """Errors at the end of the training, as fractions by network: what depth did, or what the shortcuts did.

    `kind` is "train" or "test".
    """
    lengths = set(epochs.values())
    if len(lengths) == 1:
        when = _("After {epochs} epochs, one training each:", epochs=lengths.pop())
    else:
        when = _("At the end of training, one training each:")
    said = [_depths(*depths, finals, kind) for depths in findings.by_depth(finals)]
    return sentences(when, *(said or _at_one_depth(finals, kind)))


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


# 2


def number(found: Mapping[str, float], kind: str, error: float, ends_in_relu: bool = True) -> Sentences:
    """One number's way through the block; `error` is the largest deviation from the sum over all its numbers."""
    if not ends_in_relu:
        relu = _("No ReLU follows the sum in this network.")
    else:
        relu = _("The ReLU lets it pass.") if found["total"] > 0 else _("The ReLU sets it to 0.")
    output = _("So y = {output:.3f}.", output=found["output"])
    if kind == "none":
        return sentences(
            _(
                "This plain block has no shortcut: F(x) = {change:.3f} is all there is, and x is lost.",
                change=found["residual"],
            ),
            relu,
            output,
            _("Switch to its twin with shortcuts and compare."),
        )
    values = {"carried": found["shortcut"], "change": found["residual"], "total": found["total"]}
    if kind == "identity":
        added = _("Here x is {carried:.3f}, and F(x) changes it by {change:.3f}: the sum is {total:.3f}.", **values)
    else:
        added = _(
            "Here the shortcut brings {carried:.3f}, and F(x) changes it by {change:.3f}: the sum is {total:.3f}.",
            **values,
        )
    if error:
        exact = _("Checked for every number in this block: the sum is exact to within {error:rounded}.", error=error)
    else:
        exact = _("Checked for every number in this block: the sum is exact.")
    return sentences(added, relu, output, exact)


# 3


def block(
    name: str,
    place: tuple[int, int],
    kind: str,
    share: float,
    cosine: float | None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> Sentences:
    """A block: its place among so many, how much it adds, and whether it changes the shape of what passes."""
    return sentences(_place(name, place, *shapes), *_added(kind, share, cosine))


def _place(name: str, place: tuple[int, int], before: tuple[int, ...], after: tuple[int, ...]) -> Message:
    values = {
        **{"block": block_title(name), "place": place[0], "all": place[1]},
        **{"channels": before[0], "height": before[1], "width": before[2]},
    }
    if after == before:
        return _("Block {block} is number {place} of {all}. It receives {channels} maps of {height}×{width}.", **values)
    return _(
        "Block {block} is number {place} of {all}. It receives {channels} maps of {height}×{width} and puts out "
        "{new_channels} of {new_height}×{new_width}.",
        **values,
        new_channels=after[0],
        new_height=after[1],
        new_width=after[2],
    )


def _added(kind: str, share: float, cosine: float | None) -> list[Message | None]:
    if kind == "none":
        return [
            _("It has no shortcut: x is replaced by F(x), whose norm is {share:percent} of that of x.", share=share)
        ]
    if cosine is None:
        return [_("One of its two branches carries nothing.")]
    values = {"share": share, "cosine": cosine}
    direction = {
        "along": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) points partly the same way, so it "
            "strengthens what is there (cosine {cosine:.2f}).",
            **values,
        ),
        "against": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) points partly the opposite way, so it "
            "takes away from what is there (cosine {cosine:.2f}).",
            **values,
        ),
        "across": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) is nearly at right angles to it, so it "
            "adds something new (cosine {cosine:.2f}).",
            **values,
        ),
    }[findings.direction(cosine)]
    changed = {
        "identity": None,
        "padding": _("Here the shortcut drops pixels and pads channels with zeros."),
        "projection": _("Here the shortcut is a 1×1 convolution."),
    }[kind]
    return [direction, changed]


# 4


def share_added(names: Sequence[str], opened: str, found: Mapping[str, Sequence[float]]) -> Sentences:
    """‖F(x)‖ / ‖shortcut‖ of blocks, by network: at the opened block, and over all."""
    place = names.index(opened)
    return sentences(
        *(
            part
            for network, shares in found.items()
            for part in _shares(network_title(network), block_title(opened), shares[place], shares)
        )
    )


def _shares(network: str, block: str, share: float, shares: Sequence[float]) -> list[Message]:
    known = [value for value in shares if not math.isnan(value)]
    if not known:
        return [
            _(
                "{network} has no shortcuts, so there is nothing to compare F(x) with: each block replaces everything.",
                network=network,
            )
        ]
    if math.isnan(share):
        here = _("In {network}, the shortcut of block {block} carries nothing.", network=network, block=block)
    else:
        here = _(
            "In {network}, block {block} adds {share:percent} of what its shortcut carries.",
            **{"network": network, "block": block, "share": share},
        )
    small = findings.small(known)
    values = {"small": small, "all": len(known), "median": median(known)}
    if 2 * small > len(known):
        over_all = _(
            "F(x) is less than half of it in {small} of {all} blocks; its median is {median:percent}.", **values
        )
    elif small == 0:
        over_all = _(
            "F(x) is less than half of it in none of the {all} blocks; its median is {median:percent}. All blocks here "
            "change much of what passes.",
            **values,
        )
    else:
        over_all = _(
            "F(x) is less than half of it in only {small} of {all} blocks; its median is {median:percent}. Most blocks "
            "here change much of what passes.",
            **values,
        )
    return [here, over_all]


def kept(names: Sequence[str], opened: str, found: Mapping[str, Sequence[float]]) -> Sentences:
    """Cosines of blocks' outputs with what the shortcuts carried from the stem, by network: there, and at the end."""
    place = names.index(opened)
    ends = {name: values[-1] for name, values in found.items()}
    return sentences(
        _(
            "After block {block}, the cosine with the stem’s output is {here}. After the last block it is {end}.",
            block=block_title(opened),
            here=_cosines({name: values[place] for name, values in found.items()}),
            end=_cosines(ends),
        ),
        {
            None: None,
            "neither": _("So in the end neither network keeps more of the stem’s output than the other."),
            "residual": _("So the network with shortcuts keeps more of the stem’s output."),
            "plain": _("So the network without shortcuts keeps more of the stem’s output."),
        }[findings.keeps_more(ends)],
    )


def _cosines(found: Mapping[str, float]) -> Message:
    return _all_of(
        _("{cosine:.2f} in {network}", cosine=cosine, network=network_title(name)) for name, cosine in found.items()
    )


# 5


def gradient(
    norms: Mapping[str, Sequence[float]],
    begin: str,
    errors: Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]] | None = None,
    n: int = 0,
) -> Sentences:
    """Norms of the gradient at all blocks' outputs, and how the trained networks fit: training errors, where known.

    `ranges` are the least and the most of the first block's norm over the last one's, over several seeds; `n` is the
    number of pictures.
    """
    ratios, said = {}, []
    for name, values in norms.items():
        ratio = findings.first_over_last(values)
        if ratio is not None:
            ratios[name] = ratio
        said.append(_arrives(network_title(name), values[0], values[-1], ratio))
    seeds = [
        _(
            "Over {seeds} seeds the ratio in {network} is {least} to {most}.",
            seeds=SEEDS,
            network=network_title(name),
            least=magnitude(least),
            most=magnitude(most),
        )
        for name, (least, most) in (ranges or {}).items()
    ]
    rests = _n("Measured on {count} test picture.", "Measured on {count} test pictures, as one batch.", n)
    return sentences(*said, *seeds, *_verdict(ratios, begin, errors), rests if n else None)


def _arrives(network: str, first: float, last: float, ratio: float | None) -> Message:
    if ratio is None:
        return _("The gradient in {network} is not finite.", network=network)
    if not ratio:
        return _(
            "In {network} the norm of the gradient is {last:rounded} at the last block and 0 at the first: nothing "
            "arrives.",
            **{"network": network, "last": last},
        )
    return _(
        "In {network} the norm of the gradient is {last:rounded} at the last block and {first:rounded} at the first, "
        "{ratio} times as much.",
        **{"network": network, "last": last, "first": first, "ratio": magnitude(ratio)},
    )


def _verdict(ratios: Mapping[str, float], begin: str, errors: Mapping[str, float]) -> list[Message | None]:
    found = findings.vanishing(ratios, batch_norm=begin in ("norm", "trained"))
    if found is None:
        return []
    residual, plain = (network_title(name) for name in sorted(ratios, key=is_plain))
    said = {
        "with batch norm": _("Here it vanishes in {plain}, even with batch norm.", plain=plain),
        "only when plain": _(
            "Without batch norm it vanishes in {plain}: this is where the saying comes from. With shortcuts it does "
            "not vanish.",
            plain=plain,
        ),
        "in both": _(
            "Without batch norm it vanishes in {plain}: this is where the saying comes from. It vanishes with "
            "shortcuts, too.",
            plain=plain,
        ),
        "no: large weights": _(
            "It does not vanish in {plain}, even without batch norm: the initial weights are large enough.", plain=plain
        ),
        "no: healthy": _("It does not vanish in {plain}: it stays healthy.", plain=plain),
        "no: grows": _("It does not vanish in {plain}: it grows on its way back.", plain=plain),
    }[found]
    return [said, _explodes(found, ratios, begin), _fits(found, residual, plain, errors)]


def _explodes(found: str, ratios: Mapping[str, float], begin: str) -> Message | None:
    strong = [network_title(name) for name in findings.exploding(ratios)]
    if found == "no: large weights" and strong:
        return _("It explodes in {networks:and}, which is no better: no step is small enough then.", networks=strong)
    if found == "no: grows" and strong and begin == "norm":
        rates = [
            growth(ratios[name], sum(zoo.network(name).config.blocks)) or 1.0 for name in findings.exploding(ratios)
        ]
        return _(
            "In {networks:and} it even explodes, by a factor of {rate:.2f} a layer; Yang et al. 2019 predict about "
            "{predicted:.2f} for wide networks at their start. How far depends on the seed, and training takes most of "
            "it away.",
            networks=strong,
            rate=max(rates),
            predicted=PREDICTED,
        )
    return None


def _fits(found: str, residual: str, plain: str, errors: Mapping[str, float]) -> Message | None:
    if found not in ("no: healthy", "no: grows") or not findings.plain_fits_worse(errors):
        return None
    fit, misfit = findings.residual_first(errors)
    return _(
        "And yet, after training, {plain} was left with {misfit:tenths} training error and {residual} with "
        "{fit:tenths}. So vanishing gradients are not what shortcuts cure here.",
        **{"plain": plain, "residual": residual, "fit": fit, "misfit": misfit},
    )


# 6


def cut(wires: Sequence[str], dials: BranchScales, told: Told) -> Sentences:
    """What became of each network's answer."""
    changes = _changes(wires, dials)
    if not changes:
        answers = _answers({name: before for name, (before, _after, _left) in told.items()})
        alone = None if len(told) > 1 else _("There is no twin here to compare with.")
        return sentences(_("Nothing is cut: {answers}. Click a block to cut its F.", answers=answers), alone)
    return sentences(
        _("{changes:capitalized}: {networks}.", changes=_all_of(changes), networks=_changed(told)), _which_lost(told)
    )


def _changes(wires: Sequence[str], dials: BranchScales) -> list[Message]:
    """What was done to the networks."""
    deleted, shortcuts = findings.branches_cut(wires)
    found = []
    if deleted:
        found.append(_("without {blocks}", blocks=_blocks(deleted)))
    if shortcuts:
        found.append(_("without the shortcut of {blocks}", blocks=_blocks(shortcuts)))
    if dials.residual != 1:
        found.append(_("with every F(x) multiplied by {factor:g}", factor=dials.residual))
    if dials.shortcut != 1:
        found.append(_("with every shortcut multiplied by {factor:g}", factor=dials.shortcut))
    return found


def _changed(told: Told) -> Message:
    """Each network's answer, before and now."""
    return reduce(
        lambda first, second: _p("two clauses", "{first}; {second}", first=first, second=second),
        (_answer_now(network_title(name), *found) for name, found in told.items()),
    )


def _answer_now(network: str, before: Prediction, after: Prediction, left: float) -> Message:
    values = {"network": network, "first": class_name(before.label), "was": before.probability, "now": left}
    same = language(FIRST).percent(before.probability) == language(FIRST).percent(left)  # as far as one reads
    if after.index != before.index:
        values["answer"] = answer(after)
        if same:
            return _("{network} says {answer} instead of {first}, which stays at {now:percent}", **values)
        return _("{network} says {answer} instead of {first}, which goes from {was:percent} to {now:percent}", **values)
    if same:
        return _("{network} still says {first}, {now:percent} as before", **values)
    return _("{network} still says {first}, {now:percent} instead of {was:percent}", **values)


def _which_lost(told: Told) -> Message | None:
    """Which of the twins lost its answer."""
    return {
        None: None,
        "plain": _("The network with shortcuts keeps its answer, the plain one loses it."),
        "residual": _("Here the plain network keeps its answer, and the one with shortcuts loses it."),
        "both": _("Both lose their answer."),
        "neither": _("Both keep their answer on this picture."),
    }[findings.lost(told)]


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


# 7


def paths(n: int, gone: Sequence[str], told: Told) -> Sentences:
    """The paths through n blocks, those that are left without some, and what the networks then answer."""
    counted = _(
        "With shortcuts {n} blocks make 2{n:raised} = {paths:,} paths, without them a single one.", n=n, paths=2**n
    )
    if not gone:
        answers = _answers({name: before for name, (before, _after, _left) in told.items()})
        return sentences(counted, _("Nothing is deleted: {answers}.", answers=answers))
    n_left = n - len(gone)
    values = {"blocks": _blocks(findings.branches_cut(gone)[0]), "n": n_left, "paths": 2**n_left}
    if len(gone) == 1:
        left = _(
            "Without {blocks} half of them are left, 2{n:raised} = {paths:,}; the only path of the plain network is "
            "gone.",
            **values,
        )
    else:
        left = _(
            "Without {blocks} one in {fraction:,} is left, 2{n:raised} = {paths:,}; the only path of the plain network "
            "is gone.",
            **values,
            fraction=2 ** len(gone),
        )
    return sentences(counted, left, _("{networks}.", networks=_changed(told)), _which_lost(told))


def path_gradients(n: int, span: tuple[int, int] | None, mean: float, opposing: int, plain: bool) -> Sentences:
    """Which lengths carry nine tenths of the gradient; and the mean length, weighted with the gradient.

    `opposing` is of how many lengths the paths point against the whole gradient.
    """
    if plain:
        return sentences(
            _("This network is plain: its only path leads through all {n} F’s and carries the whole gradient.", n=n)
        )
    if span is None:
        return sentences(
            _("No path carries any gradient here: the network is so sure of its answer that the loss has no slope.")
        )
    low, high = span
    return sentences(
        _(
            "On average a path leads through {half:g} of the {n} F’s; weighted by its gradient, through {mean:.1f}.",
            **{"half": n / 2, "n": n, "mean": mean},
        ),
        _("Nine tenths of the gradient come by paths through {low} of them.", low=low)
        if low == high
        else _("Nine tenths of the gradient come by paths through {low} to {high} of them.", low=low, high=high),
        {
            "short": _("So the short paths carry more than their share."),
            "long": _("Here the long paths carry more than their share, unlike what Veit et al. found."),
            "all": _("Here short and long paths carry about their share, unlike what Veit et al. found."),
        }[findings.heavy_paths(mean, n)],
        _n(
            "Of {count} length the paths point against the whole gradient: their share is negative.",
            "Of {count} lengths the paths point against the whole gradient: their shares are negative.",
            opposing,
        )
        if opposing
        else _("The shares are exact, and add up to 1."),
    )


# 8


def walk(distance: float, found: Mapping[str, tuple[float, float]]) -> Sentences:
    """The loss of each network as it is, and so far away in the random direction, in lengths of the filters."""
    here = _losses({name: centre for name, (centre, _away) in found.items()})
    if not distance:
        return sentences(
            _(
                "At the trained weights, the loss on the ten example pictures is {here}. Move away from them.",
                here=here,
            )
        )
    return sentences(
        _(
            "At the trained weights, the loss on the ten example pictures is {here}; {distance:percent} of the "
            "filters’ length away, it is {there}.",
            here=here,
            distance=distance,
            there=_losses({name: away for name, (_centre, away) in found.items()}),
        ),
        {
            None: None,
            "equal": _("Both have changed about equally."),
            "plain": _("In this direction it rises more without shortcuts."),
            "residual": _("In this direction it rises more with shortcuts."),
        }[findings.rises_more(found)],
    )


def _losses(found: Mapping[str, float]) -> Message:
    return _all_of(
        _("{loss:rounded} in {network}", loss=loss, network=network_title(name))
        if math.isfinite(loss)
        else _("not finite in {network}", network=network_title(name))
        for name, loss in found.items()
    )


# 9


def grown(name: str, whole: bool, told: Mapping[str, Prediction]) -> Message:
    """What each network would answer after a block, or after the stem."""
    answers = _answers(told)
    if whole:
        return _("After the last block: {answers}. Now let the network stop earlier.", answers=answers)
    if name == "stem":
        return _("If it stopped after the stem: {answers}.", answers=answers)
    return _("If it stopped after block {block}: {answers}.", block=block_title(name), answers=answers)


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
