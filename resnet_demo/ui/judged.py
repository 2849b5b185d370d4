"""How unlike what networks know the pictures in sight are."""

from __future__ import annotations

from ..images import Framed
from ..interpret.trace import Trace
from ..models.resnet import ResNet
from ..models.unlike import Unlikeness, knows_the_ten, unlike


class Judged:
    """What was found of the two pictures in sight, so that it is found once."""

    def __init__(self) -> None:
        self._found: dict[bool, tuple[Framed, Unlikeness]] = {}  # the second picture?

    def judge(self, network: ResNet, picture: Framed, trace: Trace, second: bool) -> Unlikeness | None:
        """How unlike a picture is, the second one or the first; None where that was not measured of the network."""
        if not knows_the_ten(network):
            return unlike(network, picture, trace.logits)
        of, found = self._found.get(second, (None, None))  # by the picture alone: of all networks that know the ten
        if of is None or found is None or of.picture is not picture.picture or of.square != picture.square:
            found = unlike(network, picture)
            if found is not None:
                self._found[second] = picture, found
        return found
