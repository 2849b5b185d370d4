"""Step 5: the gradient on its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....figures import network_title
from ....figures.runs import is_plain
from ....i18n import Message, Sentences, _, _n, sentences
from ....lab.gradients import PREDICTED, SEEDS, growth
from ....lab.reading import magnitude
from ....models import zoo
from .. import findings


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
    return sentences(*_verdict(ratios, begin, errors), *said, *seeds, rests if n else None)


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
        "with batch norm": _("The gradient vanishes in {plain}, even with batch norm.", plain=plain),
        "only when plain": _(
            "Without batch norm the gradient vanishes in {plain}, but not with shortcuts: this is where the saying "
            "comes from.",
            plain=plain,
        ),
        "in both": _(
            "Without batch norm the gradient vanishes in {plain}, and with shortcuts, too.",
            plain=plain,
        ),
        "no: large weights": _(
            "The gradient does not vanish in {plain}, even without batch norm: the initial weights are large enough.",
            plain=plain,
        ),
        "no: healthy": _("The gradient does not vanish in {plain}: it stays healthy.", plain=plain),
        "no: grows": _("The gradient does not vanish in {plain}: it grows on its way back.", plain=plain),
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
