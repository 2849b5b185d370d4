"""The page's address, which leads back to what one sees: written from a visit, and read when one begins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

import gradio as gr

from ..errors import InputError
from ..lab.wires import Dial
from ..models import zoo
from . import text
from .bars import example_picture, first_example
from .lesson.controls import go_to, turn
from .pages import learn
from .parts import notice
from .session import HERE, MAX_BLOCKS, OWN, RANDOM, TRAINED, Visit

PAGES = ("learn", "classify", "inside", "gradcam", "cut", "experiments", "train")


def write(visit: Visit) -> str:
    """The part of the page's address after `?` that leads back to this view; empty where it shows a visitor's own."""
    spoken = (visit.language, visit.browser_language)
    language = {} if spoken == (text.FIRST, text.FIRST) else {"lang": visit.language}
    if visit.weights in (OWN, HERE):
        return urlencode(language)
    query = {"model": visit.name, "weights": visit.weights, "tab": visit.page, "block": visit.opened.name}
    query["target"] = visit.labels[visit.seen.target]
    if visit.weights == RANDOM or visit.seed:
        query["seed"] = str(visit.seed)
    if visit.cut:
        query["cut"] = ",".join(sorted(visit.cut))
    if visit.dials != Dial():
        query |= {"alpha": f"{visit.dials.residual:g}", "lambda": f"{visit.dials.shortcut:g}"}
    if visit.page == "experiments":
        query["experiment"] = visit.experiment
    if visit.page == "learn":
        query |= {"step": str(visit.lesson.step), **learn.settings(visit)}
    if visit.picture_name:
        query["picture"] = visit.picture_name
    return urlencode({**query, **language})


def read(visit: Visit, query: dict[str, str], accepted: str = "") -> None:
    """Begin a visit with the example and whatever `?model=…&weights=…&seed=…&tab=…&block=…&target=…&picture=…&cut=…`
    `&alpha=…&lambda=…&experiment=…&step=…&lang=…` asks for, and with a step the state of its controls, by their keys.

    What the address gets wrong is said in a notice and left at its default. Without `lang` the language is that of the
    browser, as its header Accept-Language says.
    """

    def ask(what: str, change: Callable[[str], None]) -> None:
        if what in query:
            try:
                change(query[what])
            except InputError as error:
                gr.Warning(notice(error, visit.say), duration=8)

    def network(name: str) -> None:
        there = zoo.network(name).weights
        wanted = query.get("weights", TRAINED if there == "bundled" else RANDOM)
        visit.use_network(name, RANDOM if there == "none" else wanted, _number(query.get("seed", "0")))

    def target(label: str) -> None:
        visit.explain(visit.domain.class_index(label))

    def picture(name: str) -> None:
        visit.show_picture(example_picture(visit, name), name)

    def page(name: str) -> None:
        if name not in PAGES:
            raise InputError(visit.say.notices.no_page(repr(name), PAGES))
        visit.page = name

    def cut(names: str) -> None:
        for name in names.split(",")[: 2 * MAX_BLOCKS]:
            visit.cut_or_mend(name)

    def residual(factor: str) -> None:
        visit.turn(_factor(factor), visit.dials.shortcut)

    def shortcut(factor: str) -> None:
        visit.turn(visit.dials.residual, _factor(factor))

    def step(number: str) -> None:
        go_to(visit, _number(number))

    if "weights" in query:
        query = {"model": visit.name, **query}
    visit.language = visit.browser_language = text.preferred(accepted)
    ask("lang", visit.speak)
    ask("model", network)
    ask("picture", picture)
    if visit.trace is None:
        picture(first_example(visit))
    ask("tab", page)  # not "page": gradio takes that for itself
    ask("block", visit.open_block)
    ask("target", target)
    ask("cut", cut)
    ask("experiment", visit.choose_experiment)
    ask("alpha", residual)
    ask("lambda", shortcut)
    ask("step", step)
    if visit.page == "learn":
        for control in learn.controls(visit):
            ask(control.key, partial(turn, visit, control))


def _factor(given: str) -> float | str:
    """A number, if the text is one; the session judges it."""
    try:
        return float(given)
    except ValueError:
        return given


def _number(given: str) -> int | str:
    """A whole number, if the text is one; the session judges it."""
    return int(given) if given.isdecimal() and len(given) < 20 else given
