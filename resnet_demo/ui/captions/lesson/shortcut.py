"""Step 4: what blocks add, and what is left of the beginning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from ....figures import network_title
from ....i18n import Message, Sentences, _, sentences
from .. import findings
from ..findings import block_title
from .parts import all_of


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
        {
            None: None,
            "neither": _("In the end neither network keeps more of the stem’s output than the other."),
            "residual": _("In the end the network with shortcuts keeps more of the stem’s output."),
            "plain": _("In the end the network without shortcuts keeps more of the stem’s output."),
        }[findings.keeps_more(ends)],
        _(
            "After block {block}, the cosine with the stem’s output is {here}. After the last block it is {end}.",
            block=block_title(opened),
            here=_cosines({name: values[place] for name, values in found.items()}),
            end=_cosines(ends),
        ),
    )


def _cosines(found: Mapping[str, float]) -> Message:
    return all_of(
        _("{cosine:.2f} in {network}", cosine=cosine, network=network_title(name)) for name, cosine in found.items()
    )
