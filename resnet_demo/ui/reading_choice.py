"""How an uploaded file is to be read, where it leaves open whether its network has shortcuts."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ..errors import InputError
from ..i18n import Message, _
from ..models import zoo
from ..models.decide import fits_of, read_as
from .html import joined, pressed
from .session import OWN, Session

PLAIN, RESIDUAL = "plain", "residual"
READINGS: dict[str, Message] = {RESIDUAL: _("with shortcuts"), PLAIN: _("without shortcuts")}


def reading_choice(session: Session) -> Markup:
    """Two buttons and what speaks for each; nothing for a network of which it is known."""
    model = session.network
    if session.weights != OWN or model.fits is None:
        return Markup("")
    now = PLAIN if model.config.plain else RESIDUAL
    button = Markup('<button type="button" data-reading="{}" aria-pressed="{}">{}</button>')
    buttons = joined(button.format(which, pressed(which == now), session.say(t)) for which, t in READINGS.items())
    return Markup(
        '<div class="rd-labelled"><span>{title}</span><span class="rd-switch" role="group" aria-label="{title}">{}'
        '</span></div><p class="rd-note">{}</p>'
    ).format(buttons, session.say(fits_of(model)), title=session.say(_("Your file is read as a network")))


def change_reading(session: Session, which: Any) -> None:
    """Read the visitor's file as a network with shortcuts, or without."""
    if not isinstance(which, str) or which not in READINGS or session.own is None or session.weights != OWN:
        raise InputError("There is no file in sight that could be read in two ways.")
    model = read_as(session.own[1], which == PLAIN)
    file = session.own[0].removeprefix(f"{zoo.PLAIN} ")
    session.own = zoo.name_of_file(file, model.config), model
    session.use_own()
