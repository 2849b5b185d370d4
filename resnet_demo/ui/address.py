"""The page's address, which leads back to what one sees: written from a session, and read when one begins."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import gradio as gr

from ..errors import InputError
from ..i18n import FIRST, _, preferred
from ..lab.interventions import BranchScales
from ..models import zoo
from .bounds import one_of
from .html import notice
from .pages import BY_NAME, PAGES
from .pictures import example_picture, first_example
from .session import HERE, MAX_BLOCKS, OWN, Session
from .store import RANDOM, TRAINED

FORMER_PAGES = {"classify": "inside"}  # in addresses that somebody kept


def write(session: Session) -> str:
    """The part of the page's address after `?` that leads back to this view; empty where it shows a visitor's own."""
    spoken = (session.language, session.browser_language)
    language = {} if spoken == (FIRST, FIRST) else {"lang": session.language}
    if session.weights in (OWN, HERE):
        return urlencode(language)
    query = {"model": session.name, "weights": session.weights, "tab": session.page, "block": session.opened.name}
    query["target"] = session.labels[session.seen.target]
    if session.weights == RANDOM or session.seed:
        query["seed"] = str(session.seed)
    if session.moment is not None:
        query["epoch"] = str(session.moment)
    if session.both:
        query["shortcuts"] = "both"
    if session.cut:
        query["cut"] = ",".join(sorted(session.cut))
    if session.dials != BranchScales():
        query |= {"alpha": f"{session.dials.residual:g}", "lambda": f"{session.dials.shortcut:g}"}
    query |= BY_NAME[session.page].query(session)
    if session.picture_name:
        query["picture"] = session.picture_name
    return urlencode({**query, **language})


def read(session: Session, query: dict[str, str], accepted: str = "") -> None:
    """Begin a session with the example and what `?model=…&weights=…&seed=…&epoch=…&tab=…&block=…&target=…`
    `&picture=…&cut=…&alpha=…&lambda=…&lang=…` asks for, and with what the pages read: see `Page.asked`.

    What the address gets wrong is said in a notice and left at its default. Without `lang` the language is that of the
    browser, as its header Accept-Language says.
    """

    def ask(what: str, change: Callable[[str], None]) -> None:
        if what in query:
            try:
                change(query[what])
            except InputError as error:
                gr.Warning(notice(error, session.say), title=session.say(_("Warning")), duration=8)

    def network(name: str) -> None:
        there = zoo.network(name).weights
        wanted = query.get("weights", TRAINED if there == "bundled" else RANDOM)
        session.use_network(name, RANDOM if there == "none" else wanted, whole(query.get("seed", "0")))

    def epoch(number: str) -> None:
        if session.moments:  # else the address was made for another network, or where there were snapshots
            session.look_at_moment(whole(number))

    def target(label: str) -> None:
        session.explain(session.domain.class_index(label))

    def picture(name: str) -> None:
        session.show_picture(example_picture(session, name), name)

    def page(name: str) -> None:
        name = FORMER_PAGES.get(name, name)
        session.page = one_of(name, tuple(BY_NAME), _("The page"))

    def shortcuts(which: str) -> None:
        session.show_both(one_of(which, ("both",), _("The shortcuts")) == "both")

    def cut(names: str) -> None:
        for name in names.split(",")[: 2 * MAX_BLOCKS]:
            session.cut_or_mend(name)

    def residual(factor: str) -> None:
        session.turn(_factor(factor), session.dials.shortcut)

    def shortcut(factor: str) -> None:
        session.turn(session.dials.residual, _factor(factor))

    if "weights" in query:
        query = {"model": session.name, **query}
    session.language = session.browser_language = preferred(accepted)
    ask("lang", session.speak)
    ask("model", network)
    ask("epoch", epoch)
    ask("shortcuts", shortcuts)
    ask("picture", picture)
    if session.trace is None:
        picture(first_example(session))
    ask("embed", page)
    ask("tab", page)  # not "page": gradio takes that for itself
    BY_NAME[session.page].entered(session, "model" in query)
    ask("block", session.open_block)
    ask("target", target)
    ask("cut", cut)
    ask("alpha", residual)
    ask("lambda", shortcut)
    for each in PAGES:
        for key, change in each.asked(session):
            ask(key, change)


def _factor(given: str) -> float | str:
    """A number, if the text is one; the session judges it."""
    try:
        return float(given)
    except ValueError:
        return given


def whole(given: str) -> int | str:
    """A whole number, if the text is one; the session judges it."""
    return int(given) if given.isdecimal() and len(given) < 20 else given
