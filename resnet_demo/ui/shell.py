"""The layout of the app and its start: the bar, the pages in their tabs, and what joins them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import gradio as gr
from markupsafe import Markup
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from .. import i18n, stopping
from ..assets import asset
from ..errors import InputError
from ..i18n import Language, Message, _
from ..models.predict import UNTRAINED
from . import address as addresses
from . import bar as bars
from . import connections, health, memory, visits
from .bounds import one_of
from .events import Events, Shown, merge
from .guard import HANDLERS, Doors, Guarded
from .html import BOTH, SCREENS, heading, joined
from .log import log
from .page import Layout, put
from .pages import BY_NAME, PAGES, learn
from .pictures import example_picture, first_example
from .places import MOST_WAITING, THREADS, TOGETHER, network
from .script_words import TITLE, script_words
from .session import Session, forget
from .style import theme

STATIC = Path(__file__).parent / "static"
UPLOADS = (600, 3600)  # seconds from one clearing to the next, and how old uploads are that are deleted
LAB = "lab"  # where the page finds scripts and fonts, relative to its own address, which a proxy may have moved
SHEETS = (
    "tokens", "base", "bar", "network", "picture", "film", "figures", "street", "lens", "inside", "cut", "experiments",
    "learn", "train", "tour", "present",
)  # fmt: skip
ROOM = STATIC / "css" / "room.css"  # which drawing fits; not among gradio's sheets
# For a projector, or for a frame in another page, before anything is drawn; see `present.css`.
PRESENT = (
    "for (const [name, value] of new URLSearchParams(location.search)) "
    "if (name === 'present' || name === 'embed') document.documentElement.dataset[name] = value; "
)
FIRST_PAGE, LESSON = "inside", "learn"
SCREEN = "lab.then(({ screen }) => screen(trigger));"
LATER = "lab.then(({ later }) => later(trigger));"
PLACE = "lab.then(({ place }) => place(trigger));"
FOLLOWED = "() => lab.then(({ followed }) => [null, followed()])"
RETURNED = "() => lab.then(({ returned }) => [null, returned()]).catch(() => [null, null])"
GLOSSARY: tuple[tuple[Message, Message], ...] = (  # as HTML
    (
        _("Block"),
        _(
            "The unit a ResNet is built of. 2.1 is the second block of stage 2 (blocks count from 0); the library "
            "calls it <code>layer2.1</code>. From stage to stage the maps get smaller, and there are more of them."
        ),
    ),
    (_('<b class="rd-r">F(x)</b>'), _("What the block's own layers compute from its input x: the change.")),
    (
        _('<b class="rd-s">shortcut</b>'),
        _("The wire that carries x past those layers, to be added to F(x); also called a skip connection."),
    ),
    (_("‖x‖"), _("The norm: the length of all of a map's numbers together, a measure of how much there is.")),
    (_("cosine"), _("Whether two things point the same way: 1 the same, 0 at right angles, −1 opposite.")),
    (
        _("channel, map"),
        _(
            "Each block works on a stack of small pictures, its channels; each shows where one feature is found. "
            "Crimson is above zero, indigo below, and zero is the colour of the page."
        ),
    ),
    (
        _("Gradient"),
        _(
            "How much a number would change with another one, to first order. Training takes that of the loss with "
            "respect to each weight, and moves the weight the opposite way; the page Inside shows that of a class’s "
            "logit with respect to a block’s maps. Its norm says how steep it is, not how far a training step goes: "
            "Muon, which the recipe `fast` uses for the blocks, steps as far for a gradient a thousand times as large."
        ),
    ),
    (
        _("Training and test"),
        _(
            "A network learns from training pictures, some at a time (a batch); all of them once is an epoch. What it "
            "has learned is tested on pictures that it never learned from."
        ),
    ),
    (_("Cutting F(x)"), _("The block then adds nothing: only what its shortcut carries is passed on.")),
    (
        _("Plain network"),
        _("The same layers without shortcuts: the twin that shows what the shortcuts are for."),
    ),
    (_("logit, probability"), _("A class's raw score, and what softmax makes of all the scores together.")),
    (
        _("Grad-CAM (CAM)"),
        _(
            "A map of evidence: where a block's channels were active, each weighted by how much it raises the class's "
            "logit (Selvaraju et al., 2017)."
        ),
    ),
)


LEAD = _(
    'A residual block computes a change <b class="rd-r">F(x)</b> and adds it to what its shortcut carries past it, '
    '<b class="rd-s">x</b>. Choose a picture and a network, and see what goes through each branch of every block.'
)


def foot(say: Language) -> Markup:
    """What this is, and its words explained."""
    entry = Markup("<dt>{}</dt><dd>{}</dd>")
    entries = joined(entry.format(say.html(word), say.html(meaning)) for word, meaning in GLOSSARY)
    return Markup(
        '<div class="rd-foot-buttons"><button type="button" class="rd-look" data-tour>{}</button>'
        '<button type="button" class="rd-look" data-report>{}</button></div>'
        '<p class="rd-note">{}</p><details class="rd-fold"><summary>{}</summary><dl class="rd-words">{}</dl></details>'
    ).format(
        say(_("Take the tour")),
        say(_("Save this page as a report")),
        say.html(LEAD),
        say(_("Words and signs")),
        entries,
    )


def build_demo(data_dir: str | None = None) -> gr.Blocks:
    """The whole app. `data_dir` is where CIFAR-10 may lie, for the button that draws a random test picture."""
    english = i18n.language(i18n.FIRST)
    with Guarded(title=english(TITLE), analytics_enabled=False, delete_cache=UPLOADS, fill_width=True) as demo:
        key = gr.State(None)
        result = gr.JSON(visible=False)  # for clients of the API: the answer as data
        address = gr.Textbox(visible="hidden", label="address", elem_id="address")
        place = gr.HTML(visible="hidden", elem_id="place", js_on_load=PLACE)  # asks for an address: Back, Forward
        screen = gr.HTML(visible="hidden", elem_id="screen", js_on_load=SCREEN)  # tells of another one
        later = gr.HTML(visible="hidden", elem_id="later", js_on_load=LATER)  # asks for the rest, when a dial rests
        exact = gr.Textbox(visible=False, label="input")  # what a copied link says besides the address
        followed = gr.JSON(visible=False, label="followed")  # whether a tab was not chosen, but follows what is shown
        visit = gr.JSON(visible=False, label="visit")  # what the tab keeps of it; see `static/js/visit.js`
        answered = gr.Number(visible="hidden", elem_id="answered")
        clicked = gr.JSON(visible=False, label="clicked")  # and what a person would have clicked in a drawing
        bar = bars.build(data_dir)
        tab_of: dict[str, gr.Tab] = {}
        title_of: dict[str, gr.HTML] = {}  # is read aloud: between the app's name and the headings of a page
        layouts: dict[str, Layout] = {}
        with gr.Tabs(elem_id="pages", selected=FIRST_PAGE) as tabs:
            for page in PAGES:
                with gr.Tab(id=page.name) as tab_of[page.name]:
                    title_of[page.name] = gr.HTML(elem_classes="rd-spoken")
                    layouts[page.name] = page.build(data_dir)
        with gr.Row(elem_id="foot"):
            start_lesson = gr.Button(size="sm", variant="primary", elem_id="start-lesson")
            explained = gr.HTML()
        fields = [component for layout in layouts.values() for component in layout.fields]
        on_pages = [component for layout in layouts.values() for component in layout.components]
        first = [key, tabs, result, address, exact]
        everything = [*first, *bar.components, *fields, *on_pages]
        refused = [bar.language, *everything]

        def labels(say: Language) -> Shown:
            """What stands fixed, in a language."""
            return {
                start_lesson: gr.update(value=learn.start(say)),
                explained: gr.update(value=foot(say)),
                **{tab_of[page.name]: gr.update(label=say(page.label)) for page in PAGES},
                **{title_of[page.name]: gr.update(value=heading(say(page.label), 2)) for page in PAGES},
                **bar.labels(say),
                **{
                    component: update for layout in layouts.values() for component, update in layout.labels(say).items()
                },
            }

        put(labels(english))
        in_words = [
            *first, bar.language, *(c for c in labels(english) if c not in everything), *everything[len(first) :],
        ]  # fmt: skip

        def speak(session: Session) -> Shown:
            """What stands fixed and what was told of jobs, in the visitor's language."""
            told = {c: update for layout in layouts.values() for c, update in layout.retell(session).items()}
            return {bar.language: session.language, **labels(session.say), **told}

        def show(session: Session, whole: bool = True) -> Shown:
            """New values for what is in sight: all of it, or only what follows from another class or block."""
            shown = {key: session.key, **bar.render(session, whole)}
            if session.trace is not None:
                shown |= layouts[session.page].render(session)
                shown |= {result: _as_data(session), address: addresses.write(session)}
                shown |= {exact: addresses.exact_input(session)} if whole else {}
            return shown

        def kept(session: Session) -> Shown:
            """What a person may have put into the pages' fields, as the session has it."""
            return {component: v for layout in layouts.values() for component, v in layout.as_kept(session).items()}

        def restore(session: Session) -> Shown:
            return {**kept(session), **bar.restore(session)}

        def turned(session: Session) -> Shown:
            return {**kept(session), tabs: gr.Tabs(selected=session.page)}

        def below(session: Session) -> Shown:
            return layouts[session.page].below(session) if session.trace is not None else {}

        def moving(session: Session) -> Shown:
            layout = layouts[session.page]
            shown = {key: session.key, **bar.render(session, False), address: addresses.write(session)}
            return shown | (layout.moving or layout.render)(session)

        drawn = [*bar.drawn, *(component for layout in layouts.values() for component in layout.drawn)]
        events = Events(key, clicked, everything, show, refused, restore, turned, below, moving, answered, drawn)

        # A visit begins, or is found again

        def start(session_key: str | None, request: gr.Request, returned: Any = None) -> Shown:
            session, again = visits.begin(request.session_hash, *_told(returned))
            with session.lock, network:
                session.screen = _screen(returned)
                addresses.read(session, dict(request.query_params), request.headers.get("accept-language", ""))
                begun = {c: value for layout in layouts.values() for c, value in layout.begin(session).items()}
                shown = {**events.anew(session), **kept(session), **begun, tabs: gr.Tabs(selected=session.page)}
                shown |= {visit: {"key": session.key, "page": request.session_hash}}
                if again or session.language != i18n.FIRST:
                    shown = merge(speak(session), shown)
                return shown

        begun = demo.load(
            start, [key, visit], [*first, visit, *in_words[len(first):]], js=RETURNED, api_name="start",
            **events.quiet, **TOGETHER,
        )  # fmt: skip
        begun.then(None, [visit], js="(visit) => lab.then(({ keep }) => keep(visit))")
        begun.then(None, js="() => lab.then(({welcome}) => welcome())")
        events.rest(begun)
        demo.unload(_leave)

        # Back and Forward

        def go(session: Session, query: Any) -> Shown:
            addresses.follow(session, addresses.parse(query))
            return kept(session)

        went = events.on_click(place, go, "go", whole=True)
        went.then(None, [address], js="(query) => lab.then(({ arrived }) => arrived(query))")

        # The screen

        def change_screen(session: Session, screen: Any) -> None:
            session.screen = one_of(screen, SCREENS, _("The screen"))

        events.on_click(screen, change_screen, "screen")
        events.at_rest(later)

        # The language

        def change_language(session: Session, code: Any) -> Shown:
            session.speak(code)
            return speak(session)

        events.on(bar.language.input, change_language, [bar.language], "language", whole=True, outputs=in_words)

        # What is chosen in the bar and on the pages

        bars.connect(bar, events)
        for page in PAGES:
            page.connect(layouts[page.name], events)
            for what, (component, change) in layouts[page.name].clicks.items():
                events.on_click(component, change, f"{page.name}_{what}")

        # The pages: only the one in sight is drawn

        for page in PAGES:

            def turn_to(session: Session, name: str = page.name) -> None:
                if session.page != name:
                    BY_NAME[session.page].left(session)
                session.page = name
                BY_NAME[name].entered(session, False)

            turn = events.handler(turn_to, whole=True, follow=False)  # the lesson has networks of its own

            # The first page is chosen as the app opens, beside `start`, which draws it. It says nothing about the key:
            # it may have begun before `start` and end after it. And where Back led to a page, its tab only follows.
            def select(session_key: str | None, followed: Any = None, turn: Callable[..., Any] = turn) -> Shown:
                return turn(session_key) if session_key and followed is not True else events.nothing()

            events.bind(tab_of[page.name].select, select, [followed], f"page_{page.name}", js=FOLLOWED)

        def begin_lesson(session: Session) -> None:
            session.page = LESSON
            BY_NAME[LESSON].entered(session, False)

        events.on(start_lesson.click, begin_lesson, [], "start_lesson", whole=True)
        address.change(None, [address], js="(query) => lab.then(({address}) => address(query))")
        answered.change(None, js="() => lab.then(({answered}) => answered())")
        bar.share.click(None, [exact], js="(input) => lab.then(({share}) => share(input))")
    demo.queue(max_size=MOST_WAITING, api_open=False)
    return demo


def _leave(request: gr.Request) -> None:
    visits.leave(request.session_hash)


def _told(returned: Any) -> tuple[str | None, str | None]:
    """What a tab says of the visit that it had: its key, and which page of the tab was closed in good order."""
    said = returned if isinstance(returned, dict) else {}
    key, page = (value if isinstance(value, str) else None for value in (said.get("key"), said.get("page")))
    return key, page if said.get("left") is True else None


def _screen(returned: Any) -> str:
    """What a tab says of its screen."""
    screen = returned.get("screen") if isinstance(returned, dict) else None
    return screen if screen in SCREENS else BOTH


def _as_data(session: Session) -> dict[str, Any]:
    """The answer for clients of the API."""
    return {
        "model": session.name,
        "weights": session.weights,
        "moment": session.moment,
        "target": session.labels[session.seen.target],
        "block": session.opened.name,
        "predictions": [{"label": p.label, "probability": p.probability} for p in session.predictions()],
        "trained": not session.untrained,
        "note": str(UNTRAINED) if session.untrained else None,
        "familiarity": session.familiarity(),
        "unlike": None if (unlike := session.unlike()) is None else unlike.noted,
        "second": _second_as_data(session),
    }


def _second_as_data(session: Session) -> dict[str, Any] | None:
    """What the network answers to the second picture."""
    if session.second is None:
        return None
    sight = session.shown()[-1]
    answers = session.predictions(of=sight.trace)
    unlike = session.judge(sight.picture, sight.trace)
    return {
        "predictions": [{"label": p.label, "probability": p.probability} for p in answers],
        "unlike": None if unlike is None else unlike.noted,
    }


def head() -> str:
    """What the page loads beyond gradio."""
    return (
        f'<link rel="preload" href="{LAB}/fonts/inter-latin.woff2" as="font" type="font/woff2" crossorigin>'
        f"<style>{ROOM.read_text(encoding='utf-8')}</style>"
        f'<script id="lab-words" type="application/json">{script_words()}</script>'
        f"<script>{PRESENT}globalThis.lab = import(new URL('{LAB}/main.js', document.baseURI));</script>"
    )


def _files(path: str, folder: Path, fresh: bool = False) -> Route:
    """The files of a folder; `fresh`: a browser asks about each every time, so that a new version is seen at once.

    A Mount would look for them below GRADIO_ROOT_PATH, which a proxy may have taken away already.
    """
    files = StaticFiles(directory=folder)

    async def answer(request: Request) -> Response:
        response = await files.get_response(request.path_params["file"], request.scope)
        if fresh:
            response.headers["Cache-Control"] = "no-cache"
        return response

    return Route(f"/{path}/{{file:path}}", answer)


def launch(
    host: str = "127.0.0.1", port: int | None = None, data_dir: str | None = None, prevent_thread_lock: bool = False
) -> gr.Blocks:
    """Build the app and serve it; returns at once with `prevent_thread_lock`, else when the server stops.

    Raises InputError where the port is taken.
    """
    demo = build_demo(data_dir)
    connections.prepare()
    try:
        demo.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            theme=theme(),
            css_paths=[STATIC / "css" / f"{sheet}.css" for sheet in SHEETS],
            head=head(),
            app_kwargs={
                "middleware": [Middleware(Doors)],
                "exception_handlers": HANDLERS,
                "routes": [
                    *health.ROUTES,
                    _files(f"{LAB}/fonts", asset("fonts")),
                    _files(LAB, STATIC / "js", fresh=True),
                ],
            },
            footer_links=[],
            ssr_mode=False,
            run_history=False,  # a shared computer must not show one visitor's pictures to the next
            enable_monitoring=False,
            max_file_size="300mb",
            max_threads=THREADS,
            show_error=True,
            _frontend=False,  # else gradio gives up where a busy computer takes three seconds for the first page
        )
    except OSError:
        raise InputError(
            "Port {port} of {host} is taken or not available; choose another with --port.", port=port, host=host
        ) from None
    # The first visitor should not wait for the network to be read and for torch to warm up.
    threading.Thread(target=_first_answer, daemon=True).start()
    memory.keep_trimmed()
    log("started", **health.state(), port=demo.server_port)
    if not prevent_thread_lock:
        _serve_until_told(demo)
    return demo


def _serve_until_told(demo: gr.Blocks) -> NoReturn:
    """Answer until Ctrl-C or SIGTERM; then delete what was uploaded, and end with that signal's status."""
    number = stopping.wait()
    log("stopping", signal=number)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests are broken off: it would tell of each
    if demo.server:
        demo.server.config.timeout_graceful_shutdown = 2  # seconds; an open page would be waited for
    demo.close(verbose=False)
    log("stopped", **health.state())
    stopping.end(number)


def _first_answer() -> None:
    session = Session()
    session.show_picture(example_picture(session, first_example(session)))
    forget(session)
