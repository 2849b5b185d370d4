"""The app: one page builds the layout of each subject and its events, this file joins them.

An event names what it changes in the visitor's `Visit`; afterwards the bars and the page in sight are shown anew from
it. Only a new picture or a new network runs the network; another page, block, class or channel re-uses the trace
(unless that had to make room for others').
"""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: nothing is sent anywhere

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import InputError
from . import address as addresses
from . import bars as bars_module
from . import text
from .bars import Bars
from .events import TOGETHER, Events, merge
from .page import put
from .pages import classify, cut, experiments, gradcam, inside, learn
from .pages import train as training
from .parts import Radio
from .session import Visit, end_visit, forget, new_visit
from .style import theme

FILES = Path(__file__).parent
EQUATION = '<span class="rd-eq">y = <b class="rd-r">F(x)</b> + <b class="rd-s">x</b></span>'
# What scripts say, by language.
WORDS = json.dumps(
    {
        language: {"title": words.TITLE, "copied": words.COPIED, "byHand": words.COPY_BY_HAND}
        for language, words in ((language, text.of(language).interface) for language in text.LANGUAGES)
    }
)
# Keeps the address in step with what is shown, so that it can be copied or bookmarked, and says the language.
ADDRESS = f"""(query) => {{
  const theme = new URLSearchParams(location.search).get('__theme');
  const all = [query, theme && '__theme=' + theme].filter(Boolean).join('&');
  history.replaceState(null, '', all ? '?' + all : location.pathname);
  const language = new URLSearchParams(query).get('lang') || '{text.FIRST}';
  document.documentElement.lang = language;
  document.title = {WORDS}[language].title;
}}"""
COPY = f"""async () => {{
  const words = {WORDS}[document.documentElement.lang] || {WORDS}['{text.FIRST}'];
  const nodes = [...document.querySelector('#share').childNodes];
  const label = nodes.find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const before = label.data;
  let said = words.copied;
  try {{ await navigator.clipboard.writeText(location.href); }} catch {{ said = words.byHand; }}
  label.data = said;
  setTimeout(() => {{ if (label.data === said) label.data = before; }}, 2000);
}}"""


def header(say: Any) -> str:
    words = say.interface
    return (
        f'<header class="rd-header"><h1>{EQUATION}<span class="rd-name">{words.NAME}</span></h1>'
        f"<p>{words.LEAD}</p></header>"
    )


def glossary(say: Any) -> str:
    words = say.interface
    entries = "".join(f"<dt>{word}</dt><dd>{meaning}</dd>" for word, meaning in words.GLOSSARY)
    title = f"<summary>{words.GLOSSARY_TITLE}</summary>"
    return f'<details class="rd-fold">{title}<dl class="rd-words">{entries}</dl></details>'


def build_demo(data_dir: str | None = None) -> gr.Blocks:
    """The whole app. `data_dir` is where CIFAR-10 may lie, for the button that draws a random test picture."""
    with gr.Blocks(
        title=text.of(text.FIRST).interface.TITLE, analytics_enabled=False, delete_cache=(600, 3600), fill_width=True
    ) as demo:
        key = gr.State(None)
        with gr.Row(elem_id="header"):
            heading = gr.HTML()
            language = Radio(
                [(title, code) for code, title in text.LANGUAGES.items()], value=text.FIRST, label="Language · 语言",
                elem_id="language", scale=0, min_width=190,
            )  # fmt: skip
        with gr.Row(elem_id="invitation", equal_height=True) as invitation:
            invites = gr.HTML(elem_id="invitation-words")
            start_lesson = gr.Button(size="sm", variant="primary", elem_id="start-lesson")
        result = gr.JSON(visible=False)  # for clients of the API: the answer as data
        address = gr.Textbox(visible="hidden", label="address", elem_id="address")
        clicked = gr.JSON(visible=False, label="clicked")  # and what a person would have clicked in a drawing
        with gr.Row(elem_id="columns", equal_height=False):
            with gr.Column(elem_id="side", scale=0, min_width=330):
                picture_bar = bars_module.build_picture_bar(bars_module.has_test_set(data_dir))
                model_bar = bars_module.build_model_bar()
            with gr.Column(elem_id="main", scale=1, min_width=340):
                bars = Bars(*picture_bar, *model_bar, *bars_module.build_ask_bar())
                with gr.Tabs(elem_id="pages", selected="classify") as tabs:
                    with gr.Tab(id="learn") as learn_tab:
                        learn_page = learn.build()
                    with gr.Tab(id="classify") as classify_tab:
                        classify_page = classify.build()
                    with gr.Tab(id="inside") as inside_tab:
                        inside_page, channel = inside.build()
                    with gr.Tab(id="gradcam") as gradcam_tab:
                        gradcam_page = gradcam.build()
                    with gr.Tab(id="cut") as cut_tab:
                        cut_page = cut.build()
                    with gr.Tab(id="experiments") as experiments_tab:
                        experiments_page = experiments.build(data_dir)
                    with gr.Tab(id="train") as train_tab:
                        train_page = training.build()
                explained = gr.HTML()
        tabs_of = [
            (learn_page.page, learn_tab),
            (classify_page, classify_tab),
            (inside_page, inside_tab),
            (gradcam_page.page, gradcam_tab),
            (cut_page.page, cut_tab),
            (experiments_page.page, experiments_tab),
            (train_page.page, train_tab),
        ]
        pages = {page.name: page for page, _ in tabs_of}
        on_pages = [component for page in pages.values() for component in page.components]
        form = [experiments_page.pictures, experiments_page.status]
        first = [key, tabs, invitation, result, address]
        everything = [*first, bars.picture, *bars.controls, *cut_page.dials, *form, *on_pages]
        refused = [bars.file, gradcam_page.sign, language, *everything]

        def labels(say: Any) -> dict[Any, Any]:
            """What stands fixed, in a language."""
            return {
                heading: gr.update(value=header(say)),
                invites: gr.update(value=say.lesson.INVITATION),
                start_lesson: gr.update(value=say.lesson.START),
                explained: gr.update(value=glossary(say)),
                **{tab: gr.update(label=say.interface.TABS[page.name]) for page, tab in tabs_of},
                **bars.labels(say),
                **{component: update for page in pages.values() for component, update in page.labels(say).items()},
            }

        put(labels(text.of(text.FIRST)))
        fixed = [*labels(text.of(text.FIRST)), train_page.result]
        in_words = [*first, language, *(c for c in fixed if c not in everything), *everything[len(first) :]]

        def speak(visit: Visit) -> dict[Any, Any]:
            """What stands fixed and what is told of a training, in the visitor's language."""
            return {language: visit.language, **labels(visit.say), **training.retold(train_page, visit)}

        def show(visit: Visit, whole: bool = True) -> dict[Any, Any]:
            """New values for what is in sight: all of it, or only what follows from another class or block."""
            shown = {key: visit.key, **(bars.render(visit) if whole else bars.render_choice(visit))}
            if visit.trace is not None:
                shown |= pages[visit.page].render(visit)
                shown |= {result: _as_data(visit), address: addresses.write(visit)}
                shown[invitation] = gr.update(visible=visit.page != "learn")
            return shown

        def restore(visit: Visit) -> dict[Any, Any]:
            """What a person may have put into fields of the pages, as the visit has it."""
            shown = {**cut_page.as_in(visit), **gradcam_page.as_in(visit), language: visit.language}
            return {**shown, bars.picture: visit.picture, bars.file: None}

        events = Events(key, clicked, everything, show, refused, restore)

        # A visit begins

        def start(visit_key: str | None, request: gr.Request) -> dict[Any, Any]:
            visit = new_visit(request.session_hash)
            with visit.lock:
                addresses.read(visit, dict(request.query_params), request.headers.get("accept-language", ""))
                shown = {**show(visit), **cut_page.as_in(visit), **experiments_page.as_in(visit)}
                if visit.language != text.FIRST:
                    shown = merge(speak(visit), shown)
                return {**shown, bars.picture: visit.picture, tabs: gr.Tabs(selected=visit.page)}

        begun = demo.load(start, [key], in_words, api_name="start", show_progress="hidden", **TOGETHER)
        begun.then(None, js="() => rdBegin()")
        demo.unload(_end)

        # The language

        def change_language(visit: Visit, code: Any) -> dict[Any, Any]:
            visit.speak(code)
            return speak(visit)

        events.on(language.input, change_language, [language], "language", whole=True, outputs=in_words)

        # What is chosen in the bars and on the pages

        bars_module.connect(bars, events, data_dir)
        inside.connect(channel, events)
        gradcam.connect(gradcam_page, events)
        cut.connect(cut_page, events)
        learn.connect(learn_page, tabs, events)
        experiments.connect(experiments_page, events, data_dir)
        training.connect(train_page, key, show, everything, data_dir)
        for page in pages.values():
            for what, (component, change) in page.clicks.items():
                events.on_click(component, change, f"{page.name}_{what}")

        # The pages: only the one in sight is drawn

        for page, tab in tabs_of:

            def turn_to(visit: Visit, name: str = page.name) -> None:
                visit.page = name

            turn = events.handler(turn_to)

            # The first page is chosen as the app opens, beside `start`, which draws it. It says nothing about the key:
            # it may have begun before `start` and end after it.
            def select(visit_key: str | None, turn: Callable[..., Any] = turn) -> dict[Any, Any]:
                return turn(visit_key) if visit_key else gr.skip()

            events.bind(tab.select, select, [], f"page_{page.name}")

        # From one page to another

        def cut_from(bundled: bool) -> Callable[[Visit, Any], dict[Any, Any]]:
            def cut(visit: Visit, chosen: Any) -> dict[Any, Any]:
                experiments.cut_from(visit, chosen, bundled)
                return {**cut_page.as_in(visit), tabs: gr.Tabs(selected=visit.page)}

            return cut

        events.on_click(experiments_page.bundled, cut_from(bundled=True), "cut_from_bundled", whole=True)
        events.on_click(experiments_page.live, cut_from(bundled=False), "cut_from_live", whole=True)

        def use_trained(visit: Visit, name: Any) -> dict[Any, Any]:
            visit.use_trained(str(name))
            picture = next(iter(visit.trained[visit.name].samples.values()))
            visit.show_picture(picture)
            visit.page = "inside"
            return {bars.picture: picture, tabs: gr.Tabs(selected=visit.page)}

        events.on_click(train_page.result, use_trained, "look", whole=True)

        def begin_lesson(visit: Visit) -> dict[Any, Any]:
            visit.page = "learn"
            return {tabs: gr.Tabs(selected=visit.page)}

        events.on(start_lesson.click, begin_lesson, [], "start_lesson")
        start_lesson.click(None, js=learn.SCROLL)

        address.change(None, [address], js=ADDRESS)
        bars.share.click(None, js=COPY)
    demo.queue(max_size=40, api_open=False)
    return demo


def _end(request: gr.Request) -> None:
    end_visit(request.session_hash)


def _as_data(visit: Visit) -> dict[str, Any]:
    """The answer for clients of the API."""
    return {
        "model": visit.name,
        "weights": visit.weights,
        "target": visit.labels[visit.seen.target],
        "block": visit.opened.name,
        "predictions": [{"label": p.label, "probability": p.probability} for p in visit.predictions()],
        "familiarity": visit.familiarity(),
    }


def launch(
    host: str = "127.0.0.1", port: int | None = None, data_dir: str | None = None, prevent_thread_lock: bool = False
) -> gr.Blocks:
    """Build the app and serve it; returns at once with `prevent_thread_lock`, else when the server stops.

    Raises InputError where the port is taken.
    """
    demo = build_demo(data_dir)
    try:
        demo.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            theme=theme(),
            css_paths=FILES / "static" / "style.css",
            head=f"<script>{(FILES / 'static' / 'page.js').read_text('utf-8')}</script>",
            footer_links=[],
            ssr_mode=False,
            run_history=False,  # a shared computer must not show one visitor's pictures to the next
            enable_monitoring=False,
            max_file_size="300mb",
            show_error=True,
        )
    except OSError:
        raise InputError(f"Port {port} of {host} is taken, or not to be had; choose another with --port.") from None
    # The first visitor should not wait for the network to be read and for torch to warm up.
    threading.Thread(target=_first_answer, daemon=True).start()
    if not prevent_thread_lock:
        demo.block_thread()
    return demo


def _first_answer() -> None:
    visit = Visit()
    visit.show_picture(bars_module.example_picture(visit, bars_module.first_example(visit)))
    forget(visit)
