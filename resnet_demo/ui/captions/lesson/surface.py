"""Step 8: the loss on a straight walk."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ....figures import network_title
from ....i18n import Message, Sentences, _, sentences
from .. import findings
from .parts import all_of


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
        {
            None: None,
            "equal": _("In this direction both losses change about equally."),
            "plain": _("In this direction the loss rises more without shortcuts."),
            "residual": _("In this direction the loss rises more with shortcuts."),
        }[findings.rises_more(found)],
        _(
            "At the trained weights, the loss on the ten example pictures is {here}; {distance:percent} of the "
            "filters’ length away, it is {there}.",
            here=here,
            distance=distance,
            there=_losses({name: away for name, (_centre, away) in found.items()}),
        ),
    )


def _losses(found: Mapping[str, float]) -> Message:
    return all_of(
        _("{loss:rounded} in {network}", loss=loss, network=network_title(name))
        if math.isfinite(loss)
        else _("not finite in {network}", network=network_title(name))
        for name, loss in found.items()
    )
