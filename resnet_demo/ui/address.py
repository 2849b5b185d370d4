"""The page's address, which leads back to what one sees: written from a session, and read when one begins or goes back.

Pictures and networks of the visitor's own are named in it, too (`picture=own-3`, `weights=your+file`): Back, Forward
and a reload find them in the session. For anybody else they are not part of the address, and that is said. A link that
is copied brings the exact input of a small network along, as `input=`.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from PIL import Image

from ..errors import InputError
from ..i18n import FIRST, Message, _, preferred
from ..isolation import load_isolated
from ..lab.interventions import BranchScales
from ..models import zoo
from ..models.predict import class_logits
from .bounds import MAX_BLOCKS, one_of
from .html import notice
from .pages import BY_NAME, PAGES
from .pictures import example_picture, first_example
from .session import FIRST_NETWORK, HERE, OWN, Session
from .store import RANDOM, TRAINED

FORMER_PAGES = {"classify": "inside"}  # in addresses that somebody kept
FIRST_PAGE = "inside"
OWN_PICTURE = "own-"  # and its number in the visitor's album
MOST_CHARACTERS, MOST_PARAMETERS = 12_000, 60  # of an address
MOST_LINKED = 32  # pixels of a side; such a picture takes about 3 kB of a link
MOST_INPUT = 8_000  # characters of it
OF_NETWORK = ("epoch", "shortcuts", "block", "target", "cut")  # what means nothing where the network is not there

# What a stranger is told who opens an address of somebody else's own things.
PICTURE_MISSING = _("The picture is not part of this link; an example stands in its place.")
SECOND_MISSING = _("The second picture is not part of this link.")
NETWORK_MISSING = _("The network is not part of this link; ResNet-20 stands in its place.")
BOTH_MISSING = _("Picture and network are not part of this link; an example and ResNet-20 stand in their place.")


def write(session: Session) -> str:
    """The part of the page's address after `?` that leads back to this view."""
    query = {"model": session.name, "weights": session.weights, "tab": session.page, "block": session.opened.name}
    query["target"] = session.labels[session.seen.target]
    if session.weights == RANDOM or (session.weights == TRAINED and session.seed):
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
    query["picture"] = session.picture_name or f"{OWN_PICTURE}{session.number}"
    query |= _written_crop(session)
    if second := session.second:
        query["second"] = second.name or f"{OWN_PICTURE}{second.number}"
    if (session.language, session.browser_language) != (FIRST, FIRST):
        query["lang"] = session.language
    return urlencode(query)


def exact_input(session: Session) -> str:
    """The very pixels that a small network sees of the visitor's own picture: a PNG as base64url, for a link.

    Empty where the address alone leads to the picture, or where it would be too long.
    """
    if session.picture_name is not None or session.trace is None or session.domain.size > MOST_LINKED:
        return ""
    seen = session.domain.to_picture(session.seen.image)
    if session.domain.crop(seen).tobytes() != seen.tobytes():  # of a network that looks at the middle of its input
        return ""
    buffer = io.BytesIO()
    seen.save(buffer, "PNG", optimize=True)
    return base64.urlsafe_b64encode(buffer.getvalue()).decode().rstrip("=")


def _picture_of(text: str) -> Image.Image:
    """The picture that `exact_input` put into a link."""
    damaged = InputError("The picture in the link is damaged.")
    if len(text) > MOST_INPUT:
        raise InputError("The picture in the link is too long: it may have {most:,} characters.", most=MOST_INPUT)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise damaged from None
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))  # as the header says
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or max(width, height) > MOST_LINKED:
        raise damaged
    try:
        return load_isolated(data)
    except InputError:
        raise damaged from None


def read(session: Session, query: dict[str, str], accepted: str = "") -> None:
    """Begin a session, or take one up again, with what `?model=…&weights=…&seed=…&epoch=…&tab=…&block=…&target=…`
    `&picture=…&crop=…&input=…&second=…&cut=…&alpha=…&lambda=…&lang=…` asks for, and with what the pages read: see
    `Page.asked`.

    Without `lang` the language is that of the browser, as its header Accept-Language says.
    """
    session.language = session.browser_language = preferred(accepted)
    if "lang" in query:
        _ask(session, query["lang"], session.speak)
    follow(session, query)


def parse(query: object) -> dict[str, str]:
    """An address as a client sends it, `?` or not."""
    if not isinstance(query, str) or len(query) > MOST_CHARACTERS:
        raise InputError("An address is a text of at most {most:,} characters.", most=MOST_CHARACTERS)
    try:
        return dict(parse_qsl(query.removeprefix("?"), max_num_fields=MOST_PARAMETERS))
    except ValueError:
        raise InputError("An address names at most {most} things.", most=MOST_PARAMETERS) from None


def follow(session: Session, query: dict[str, str]) -> None:
    """Look at what an address names. Everything else of a view is as at the beginning; what is there already stays.

    What the address gets wrong is said in a notice and left as it is.
    """
    missing: list[Message] = []

    def ask(what: str, change: Callable[[str], None]) -> None:
        if what in query:
            _ask(session, query[what], change)

    def network(name: str) -> None:
        wanted = query.get("weights")
        if (name, wanted) == (session.name, session.weights) and wanted in (OWN, HERE):
            return
        if wanted == OWN and session.own and session.own[0] == name:
            session.use_own()
        elif wanted == HERE and name in session.trained:
            session.use_trained(name)
        elif wanted in (OWN, HERE):
            missing.append(NETWORK_MISSING)
            of_zoo(FIRST_NETWORK, TRAINED, 0)
        else:
            wanted = wanted or (TRAINED if zoo.has_weights(name) else RANDOM)
            none = zoo.network(name).weights == "none"
            of_zoo(name, RANDOM if none else wanted, whole(query.get("seed", "0")))

    def of_zoo(name: str, weights: str, seed: int | str) -> None:
        if (name, weights, seed) != (session.name, session.weights, session.seed):
            session.use_network(name, weights, seed)

    def epoch(number: str) -> None:
        if session.moments and whole(number) != session.moment:  # else it was made where there were snapshots
            session.look_at_moment(whole(number))

    def shortcuts(which: str) -> None:
        session.show_both(one_of(which, ("both",), _("The shortcuts")) == "both")

    def exact(text: str) -> None:
        session.show_picture(_picture_of(text))

    def picture(name: str) -> None:
        number = name.removeprefix(OWN_PICTURE)
        if number == name or not (number.isdecimal() and len(number) < 10):
            if session.picture is None or name != session.picture_name:
                session.show_picture(example_picture(session, name), name)
        elif own := session.album.get(int(number)):
            if own is not session.picture:
                session.show_picture(own)
        else:
            missing.append(PICTURE_MISSING)
            picture(first_example(session))

    def second(name: str) -> None:
        number, there = name.removeprefix(OWN_PICTURE), session.second
        if number == name or not (number.isdecimal() and len(number) < 10):
            if there is None or name != there.name:
                session.show_second(example_picture(session, name), name)
        elif own := session.album.get(int(number)):
            if there is None or own is not there.picture:
                session.show_second(own)
        else:
            session.remove_second()
            _warn(session, SECOND_MISSING)

    def page(name: str) -> None:
        name = FORMER_PAGES.get(name, name)
        session.page = one_of(name, tuple(BY_NAME), _("The page"))

    def block(name: str) -> None:
        if name != session.block:
            session.open_block(name)

    def target(label: str) -> None:
        index, answer = session.domain.class_index(label), int(class_logits(session.seen.logits).argmax())
        if index != session.seen.target:
            session.explain(index)
        session.asked = index != answer  # else it follows the answer

    def cut(names: str) -> None:
        for name in names.split(",")[: 2 * MAX_BLOCKS]:
            session.cut_or_mend(name)

    def residual(factor: str) -> None:
        session.turn(_factor(factor), session.dials.shortcut)

    def shortcut(factor: str) -> None:
        session.turn(session.dials.residual, _factor(factor))

    named = bool({"model", "weights"} & query.keys())
    if not named:  # the lesson, where it was open before, begins anew with a network of its own
        BY_NAME[session.page].left(session)
    query = {"model": FIRST_NETWORK, **query}
    ask("model", network)
    if missing:
        query = {key: value for key, value in query.items() if key not in OF_NETWORK}
    if "epoch" not in query and session.moment is not None:
        session.look_at_moment(session.moments[-1])
    ask("epoch", epoch)
    session.show_both(False)
    ask("shortcuts", shortcuts)
    if "input" in query:
        ask("input", exact)
    else:
        query.setdefault("picture", first_example(session))
        ask("picture", picture)
    if session.trace is None:
        picture(first_example(session))
    _ask(session, "" if "input" in query else query.get("crop", ""), partial(_read_crop, session))
    if "second" in query:  # of an address that asks for both, the pictures count
        ask("second", second)
    elif session.second is not None:
        session.remove_second()
    session.page = FIRST_PAGE
    ask("embed", page)
    ask("tab", page)  # not "page": gradio takes that for itself
    BY_NAME[session.page].entered(session, named)
    ask("block", block)
    ask("target", target)
    session.mend()
    ask("cut", cut)
    ask("alpha", residual)
    ask("lambda", shortcut)
    for each in PAGES:
        for key, change in each.asked(session):
            ask(key, change)
    if missing:
        _warn(session, BOTH_MISSING if len(missing) > 1 else missing[0])


def _ask(session: Session, value: str, change: Callable[[str], None]) -> None:
    """Change something as an address has it; what cannot be is said, and stays as it is."""
    try:
        change(value)
    except InputError as error:
        _warn(session, error.message)


def _warn(session: Session, message: Message) -> None:
    gr.Warning(notice(InputError(message), session.say), title=session.say(_("Warning")), duration=8)


def _written_crop(session: Session) -> dict[str, str]:
    """Which square of the picture the network sees, where somebody chose one."""
    square = session.crop
    return {} if square is None else {"crop": ",".join(f"{share:.4f}" for share in square)}


def _read_crop(session: Session, written: str) -> None:
    square: list[Any] = [_factor(share) for share in written.split(",")]
    if not written:
        if session.crop is not None and session.picture is not None:
            session.crop_to(*session.domain.middle(session.picture))
    elif len(square) == 3:
        session.crop_to(*square)
    else:
        raise InputError("The square in the address is {value!r}, not three numbers.", value=written)


def _factor(given: str) -> float | str:
    """A number, if the text is one; the session judges it."""
    try:
        return float(given)
    except ValueError:
        return given


def whole(given: str) -> int | str:
    """A whole number, if the text is one; the session judges it."""
    return int(given) if given.isdecimal() and len(given) < 20 else given
