"""The film of a training: its network at one moment after the other, by a slider that can play."""

from __future__ import annotations

import json

from markupsafe import Markup

from ..i18n import Message, _, _p
from ..models import zoo
from .html import joined
from .session import HERE, Session, Source

# In the browser, so that one picture follows the other when it is there; see `static/js/film.js`.
RUN = "lab.then(({film}) => film(element, trigger));"


def moment_title(name: str, weights: str, moment: int | None) -> Message:
    """resnet20 at epoch 3 -> ResNet-20 after epoch 3; None is the end of its training."""
    title = zoo.title(name)
    if moment is None:
        return _("{network} at the end of its training", network=title)
    if moment == 0:
        return _("{network} before training", network=title)
    if weights == HERE:
        return _("{network} after {percent} % of the planned training", network=title, percent=moment)
    return _("{network} after epoch {epoch}", network=title, epoch=moment)


def moment_of(source: Source) -> Message | None:
    """What is to be said of a network that was not at the end of its training."""
    return None if source.moment is None else moment_title(source.name, source.weights, source.moment)


def _tick(moment: int, here: bool, last: bool, session: Session) -> str:
    """Of a network that was trained here the end is not "100 %": somebody may have stopped it."""
    if here and last:
        return session.say(_p("of a training", "end"))
    return f"{moment} %" if here else str(moment)


def control(session: Session) -> Markup:
    """A slider over the moments that there are snapshots of, and a button that plays them; nothing without any."""
    moments, say = session.moments, session.say
    if not moments:
        return Markup("")
    end, here = moments[-1], session.weights == HERE
    titles = [say(moment_title(session.name, session.weights, moment)) for moment in moments[:-1]]
    titles.append(say(moment_title(session.name, session.weights, None)))
    place = moments.index(end if session.moment is None else session.moment)
    ticks = joined(Markup("<span><i>{}</i></span>").format(_tick(m, here, m == end, session)) for m in moments)
    return Markup(
        '<div class="rd-film" role="group" aria-label="{group}" data-moments="{moments}" data-titles="{titles}" '
        'data-place="{place}"><output class="rd-film-title">{title}</output>'
        '<button type="button" class="rd-play" data-play="▶ {play}" data-pause="❚❚ {pause}">▶ {play}</button>'
        '<label><span class="rd-film-label">{label}</span><input type="range" min="0" max="{last}" step="1" '
        'value="{place}" aria-valuetext="{title}"></label>'
        '<div class="rd-film-ticks" aria-hidden="true">{ticks}</div></div>'
    ).format(
        group=say(_("A film of the training")),
        moments=json.dumps(moments),
        titles=json.dumps(titles, ensure_ascii=False),
        place=place,
        title=titles[place],
        play=say(_("Play")),
        pause=say(_("Pause")),
        label=say(_("Trained") if here else _("Epoch")),
        last=len(moments) - 1,
        ticks=ticks,
    )
