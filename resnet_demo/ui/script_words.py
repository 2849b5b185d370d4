"""What the scripts of the page say, in every language; the page brings it along in `#lab-words`."""

from __future__ import annotations

import json
from typing import Any

from .. import i18n
from ..i18n import Language, _
from .brought import BROUGHT

TITLE = _("ResNet laboratory")
TOUR = (
    _("This is a real network at work on the picture: the road is its shortcut, every bump a block. Click a block."),
    _("The open block as its equation, y = F(x) + x. Point at a map, and read what is added at that place."),
    _("Take the shortcuts away, or look at both networks: what are the shortcuts for?"),
    _("Now with a photo of yours. On the page Cut you can cut wires, and Learn takes you through it in nine steps."),
)


def script_words() -> str:
    """As JSON: by the language's code, and the language where an address says none."""
    words = {code: _in(i18n.language(code)) for code in i18n.LANGUAGES}
    return json.dumps({"first": i18n.FIRST, "words": words}, ensure_ascii=False).replace("</", "<\\/")


def _in(say: Language) -> dict[str, Any]:
    return {
        "title": say(TITLE),
        "copied": say(_("Copied")),
        "withoutPicture": say(_("Copied, without your picture")),
        "withoutNetwork": say(_("Copied, without your network")),
        "withoutBoth": say(_("Copied, without your picture and network")),
        "withoutSecond": say(_("Copied, without your second picture")),
        "withoutPictures": say(_("Copied, without your pictures")),
        "withoutSecondAndNetwork": say(_("Copied, without your second picture and network")),
        "withoutAll": say(_("Copied, without your pictures and network")),
        "openFull": say(_("Open in the ResNet laboratory")),
        "byHand": say(_("Copy the address from the browser’s bar")),
        "brought": {english.text: say(english) for english in BROUGHT},
        "tour": {
            "stops": [say(stop) for stop in TOUR],
            "skip": say(_("Skip the tour")),
            "next": say(_("Next")),
            "done": say(_("Done")),
        },
        "report": {
            "network": say(_("Network")),
            "answer": say(_("Answer")),
            "picture": say(_("The picture")),
            "second": say(_("The second picture")),
            "address": say(_("Address")),
            "made": say(_("Made on")),
        },
    }
