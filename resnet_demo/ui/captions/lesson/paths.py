"""Step 7: paths, and what they carry."""

from __future__ import annotations

from collections.abc import Sequence

from ....i18n import Sentences, _, _n, sentences
from .. import findings
from .parts import Told, answers, blocks, changed, which_lost


def paths(n: int, gone: Sequence[str], told: Told) -> Sentences:
    """The paths through n blocks, those that are left without some, and what the networks then answer."""
    counted = _(
        "With shortcuts {n} blocks make 2{n:raised} = {paths:,} paths, without them a single one.", n=n, paths=2**n
    )
    if not gone:
        said = answers({name: before for name, (before, _after, _left) in told.items()})
        return sentences(counted, _("Nothing is deleted: {answers}.", answers=said))
    n_left = n - len(gone)
    values = {"blocks": blocks(findings.branches_cut(gone)[0]), "n": n_left, "paths": 2**n_left}
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
    return sentences(left, which_lost(told), _("{networks}.", networks=changed(told)), counted)


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
        {
            "short": _("The short paths carry more than their share of the gradient."),
            "long": _("The long paths carry more than their share of the gradient, unlike what Veit et al. found."),
            "all": _("Short and long paths carry about their share of the gradient, unlike what Veit et al. found."),
        }[findings.heavy_paths(mean, n)],
        _(
            "On average a path leads through {half:g} of the {n} F’s; weighted by its gradient, through {mean:.1f}.",
            **{"half": n / 2, "n": n, "mean": mean},
        ),
        _("Nine tenths of the gradient come by paths through {low} of them.", low=low)
        if low == high
        else _("Nine tenths of the gradient come by paths through {low} to {high} of them.", low=low, high=high),
        _n(
            "Of {count} length the paths point against the whole gradient: their share is negative.",
            "Of {count} lengths the paths point against the whole gradient: their shares are negative.",
            opposing,
        )
        if opposing
        else _("The shares are exact, and add up to 1."),
    )
