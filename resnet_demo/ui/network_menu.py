"""The menu of networks, in groups by where their weights are from; and what is said of a download."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from ..download import MB
from ..figures import network_title
from ..i18n import Message, _
from ..models import published, zoo
from .html import joined, note, pressed
from .html import progress as bar
from .jobs import download as downloads
from .jobs.download import Downloads
from .session import HERE, OWN, Session
from .store import RANDOM, TRAINED

MINE = "own"  # what a click on the visitor's own file chooses; on a network that was trained here: "here:NAME"
TRAINED_HERE = "here:"


def title(name: str) -> Message | str:
    """resnet20 -> ResNet-20, plain18-cifar -> Plain-18 (3×3 stem); of a file its name alone."""
    name = name.removeprefix(f"{zoo.PLAIN} ")
    if name.endswith("-cifar"):
        return _("{name} (3×3 stem)", name=network_title(name))
    return network_title(name)


def size(name: str) -> Message:
    """How much there is to be downloaded."""
    return _("{size} MB", size=published.weights_of(name).megabytes)


def groups(session: Session) -> dict[str, list[tuple[str, Message | str, bool]]]:
    """What can be chosen, by group: the choice, its words, and whether it is in sight."""
    shared = session.weights in (TRAINED, RANDOM)
    found: dict[str, list[tuple[str, Message | str, bool]]] = {group: [] for group in zoo.GROUPS}
    for name in zoo.names():
        words, group = title(name), zoo.network(name).weights
        if group == "download" and not published.weights_of(name).here:
            words = _("{network} ↓ {size}", network=words, size=size(name))
        found[group].append((name, words, shared and name == session.name))
    if session.own:
        found["own"].append((MINE, title(session.own[0]), session.weights == OWN))
    for name in session.trained:
        here = session.weights == HERE and name == session.name
        found["own"].append((TRAINED_HERE + name, _("{network}, trained in this visit", network=title(name)), here))
    return found


def menu(session: Session) -> Markup:
    """Networks as buttons, in groups that have a title; arrow keys go from one to the next (js/roving.js)."""
    say = session.say
    button = Markup('<button type="button" class="rd-class" data-choice="{}" aria-pressed="{}">{}</button>')
    group = Markup('<section role="group" aria-labelledby="networks-{0}"><h3 id="networks-{0}">{1}</h3>{2}</section>')
    shown = joined(
        group.format(name, say(zoo.GROUPS[name]), _buttons(button, choices, session))
        for name, choices in groups(session).items()
        if choices
    )
    return Markup('<div class="rd-networks">{}</div>').format(shown)


def _buttons(button: Markup, choices: Iterable[tuple[str, Message | str, bool]], session: Session) -> Markup:
    return joined(button.format(choice, pressed(chosen), session.say(words)) for choice, words, chosen in choices)


def choose(session: Session, choice: object) -> None:
    """Look at what was chosen; weights that are not on this computer are fetched first."""
    name = str(choice)
    if name == MINE:
        session.use_own()
    elif name.startswith(TRAINED_HERE):
        session.use_trained(name.removeprefix(TRAINED_HERE))
    elif zoo.network(name).weights == "download":
        choose_trained(session, name)
    else:
        session.use_network(name, TRAINED if zoo.has_weights(name) else RANDOM)


def choose_trained(session: Session, name: str, seed: int = 0) -> None:
    """Look at a network's trained weights, or begin to fetch them; what is in sight stays until they are there."""
    if zoo.network(name).weights == "download" and not published.weights_of(name).sound:
        downloads.begin(session, name)
    else:
        session.use_network(name, TRAINED, seed)


def again(session: Session) -> None:
    """The last download once more: it goes on where it ended."""
    if job := session.of(Downloads).job:
        choose_trained(session, job.name)


def untrained(session: Session) -> None:
    """The network that could not be fetched, with random weights."""
    state = session.of(Downloads)
    if state.job:
        session.use_network(state.job.name, RANDOM)
        state.failure = None


def told(session: Session) -> Markup:
    """How far the download is, or why it ended without the weights."""
    state, say = session.of(Downloads), session.say
    job = state.job
    if job is None:
        return Markup("")
    if state.busy:
        words = _(
            "{network}: {arrived:.0f} of {size:.0f} MB",
            network=title(job.name),
            arrived=job.arrived / MB,
            size=job.size / MB,
        )
        name = say(_("Download of {network}", network=title(job.name)))
        return bar(min(1.0, job.arrived / max(1, job.size)), name, say(words))
    if state.failure and state.failed(session):
        return Markup('<div role="status">{}</div>').format(note(say(state.failure), "rd-warning"))
    return Markup("")


def offer(session: Session) -> Markup:
    """Where the picture is probably none of the few things that a network knows: one that knows more."""
    name, say = published.LARGER, session.say
    if published.weights_of(name).here:
        words = _("Ask one that knows 1,000 things ({network})", network=title(name))
        button = Markup('<button type="button" class="rd-look" data-offer="{}">{}</button>')
    else:
        words = _("Ask one that knows 1,000 things ({network}, {size})", network=title(name), size=size(name))
        button = Markup('<button type="button" class="rd-look" data-offer="{}" data-opens="network">{}</button>')
    return Markup('<p class="rd-note">{}</p>').format(button.format(name, say(words)))
