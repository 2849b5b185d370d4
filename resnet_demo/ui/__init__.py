"""The app: one page builds the layout of each subject, this file joins them and sends every event its way.

An event names what it changes in the visitor's `Visit`; afterwards the bars and the page in sight are shown anew from
it. Only a new picture or a new network runs the network; another page, block, class or channel re-uses the trace
(unless that had to make room for others').
"""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: nothing is sent anywhere

import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from .. import zoo
from ..errors import InputError
from ..images import CIFAR10
from . import address as addresses
from . import bars as bars_module
from . import classify, cut, experiments, gradcam, inside, learn, text
from . import train as training
from .bars import Bars
from .lesson.controls import go_to
from .page import put
from .parts import Radio, sentences
from .session import HERE, OWN, RANDOM, TRAINED, Visit, end_visit, forget, new_visit, visit_of
from .style import theme

# Two events may use the network at a time, whoever they are from: there are two cores on a free Space.
TOGETHER: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 2}
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


def merge(first: dict[Any, Any], second: dict[Any, Any]) -> dict[Any, Any]:
    """New values of components by both; of two updates of the same component the second has the last word."""
    merged = {**first, **second}
    for component in {*first} & {*second}:
        values = first[component], second[component]
        if any(_is_update(value) for value in values):
            one, other = (value if _is_update(value) else gr.update(value=value) for value in values)
            merged[component] = {**one, **other}
    return merged


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and "__type__" in value


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
                        inside_page, inside_channel = inside.build()
                    with gr.Tab(id="gradcam") as gradcam_tab:
                        gradcam_page, sign, method, compute, other = gradcam.build()
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
            (gradcam_page, gradcam_tab),
            (cut_page.page, cut_tab),
            (experiments_page.page, experiments_tab),
            (train_page.page, train_tab),
        ]
        pages = {page.name: page for page, _ in tabs_of}
        on_pages = [component for page in pages.values() for component in page.components]
        dials = [cut_page.residual, cut_page.shortcut]
        form = [experiments_page.pictures, experiments_page.status]
        first = [key, tabs, invitation, result, address]
        everything = [*first, bars.picture, *bars.controls, *dials, *form, *on_pages]
        refused = [bars.file, sign, language, *everything]

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

        def handler(change: Callable[..., dict[Any, Any] | None], whole: bool) -> Callable[..., dict[Any, Any]]:
            """An event: let `change` act on the visit, then show the visit; an InputError becomes a notice."""

            def handle(visit_key: str | None, *values: Any) -> dict[Any, Any]:
                with sentences():
                    visit = visit_of(visit_key)
                    with visit.lock:
                        extra = change(visit, *values) or {}
                        return merge(show(visit, whole), extra)

            return handle

        def on(
            trigger: Callable[..., Any],
            handle: Callable[..., Any],
            inputs: Sequence[Any],
            api_name: str,
            outputs: Sequence[Any] = everything,
        ) -> None:
            event = trigger(handle, [key, *inputs], outputs, api_name=api_name, show_progress="minimal", **TOGETHER)
            # What was refused must not stay on the page as if it had been accepted, nor as an error on every figure.
            event.failure(restore, [key], refused, api_visibility="private", show_progress="hidden", **TOGETHER)

        def restore(visit_key: str | None) -> dict[Any, Any]:
            try:
                visit = visit_of(visit_key)
            except InputError:  # it was put away, and that was said already
                return {key: visit_key}
            with visit.lock:
                shown = {**show(visit), **cut_page.as_in(visit), bars.picture: visit.picture, bars.file: None}
                return {**shown, language: visit.language, sign: gradcam.SIGNED if visit.signed else gradcam.POSITIVE}

        def on_click(component: Any, change: Callable[..., Any], api_name: str, whole: bool = False) -> None:
            """As `on`, for clicks inside a drawing: what was clicked travels in the event, or in `clicked`."""
            act = handler(change, whole)

            def handle(visit_key: str | None, value: Any, event: gr.EventData) -> dict[Any, Any]:
                sent = event._data if isinstance(event._data, dict) else {}
                return act(visit_key, sent.get("value", value))

            component.select(handle, [key, clicked], everything, api_name=api_name, show_progress="hidden", **TOGETHER)

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

        on(language.input, handler(change_language, whole=True), [language], "language", in_words)

        # The picture

        def change_picture(visit: Visit, picture: Any) -> None:
            if picture is not None:
                visit.show_picture(picture)
            elif visit.trace is None:  # else the box was emptied to make room for another picture: nothing changes yet
                raise InputError(visit.say.notices.NO_PICTURE)

        def change_to_example(visit: Visit, name: Any) -> dict[Any, Any]:
            picture = bars_module.example_picture(visit, str(name))
            own = visit.weights == HERE and visit.domain != CIFAR10  # a link cannot lead to a visitor's own pictures
            visit.show_picture(picture, None if own else str(name))
            return {bars.picture: visit.picture}

        def change_to_random(visit: Visit) -> dict[Any, Any]:
            picture, label = bars_module.random_test_picture(data_dir)
            visit.show_picture(picture)
            title = dict(zip(CIFAR10.labels, visit.say.classes.titles(CIFAR10.labels), strict=True)).get(label, label)
            gr.Info(visit.say.bars.labelled(title), duration=5)
            return {bars.picture: picture}

        on(bars.picture.input, handler(change_picture, whole=True), [bars.picture], "classify")
        on_click(bars.strip, change_to_example, "example", whole=True)
        on(bars.random_picture.click, handler(change_to_random, whole=True), [], "random_picture")

        # The network

        def change_network(visit: Visit, name: Any) -> None:
            entry = zoo.network(str(name))
            if entry.name in visit.trained and entry.weights != "bundled":
                visit.use_trained(entry.name)
            else:
                visit.use_network(entry.name, TRAINED if entry.weights == "bundled" else RANDOM)

        def change_to_twin(visit: Visit) -> None:
            other = bars_module.twin_of(visit)
            if other is None:
                raise InputError(visit.say.notices.no_twin(visit.name))
            if other[1] == HERE:
                visit.use_trained(other[0])
            else:
                visit.use_network(*other, visit.seed)

        def change_weights(visit: Visit, weights: Any) -> None:
            if weights == OWN:
                visit.use_own()
            elif weights == HERE:
                visit.use_trained(visit.name)
            else:
                visit.use_network(visit.name, str(weights), visit.seed)

        def download_weights(
            visit_key: str | None,
            weights: Any,
            progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (shows the download's own bar)
        ) -> dict[Any, Any]:
            return handler(change_weights, whole=True)(visit_key, weights)

        def change_seed(visit: Visit, seed: Any) -> None:
            if (visit.weights, visit.seed) != (RANDOM, seed):
                visit.use_network(visit.name, RANDOM, seed)

        def change_to_file(visit: Visit, path: Any) -> None:
            if path is None:
                raise InputError(visit.say.notices.NO_FILE)
            visit.use_file(str(path))

        on(bars.network.input, handler(change_network, whole=True), [bars.network], "network")
        on(bars.twin.click, handler(change_to_twin, whole=True), [], "twin")
        on(bars.weights.input, download_weights, [bars.weights], "weights")
        on(bars.seed.submit, handler(change_seed, whole=True), [bars.seed], "seed")
        on(bars.seed.blur, handler(change_seed, whole=True), [bars.seed], "seed_left")  # a phone may have no Enter
        on(bars.file.upload, handler(change_to_file, whole=True), [bars.file], "upload_weights")

        # What is asked

        def change_target(visit: Visit, target: Any) -> None:
            visit.explain(target)

        def change_block(visit: Visit, name: Any) -> None:
            visit.open_block(str(name))

        def change_channel(visit: Visit, channel: Any) -> None:
            visit.open_channel(channel)

        def change_sign(visit: Visit, chosen: Any) -> None:
            if chosen not in (gradcam.POSITIVE, gradcam.SIGNED):
                raise InputError(f"The evidence is shown {gradcam.POSITIVE!r} or {gradcam.SIGNED!r}, not {chosen!r}.")
            visit.signed = chosen == gradcam.SIGNED

        def compute_other(visit: Visit, name: Any) -> dict[Any, Any]:
            return {other: gradcam.compute_other(visit, str(name))}

        on(bars.target.input, handler(change_target, whole=False), [bars.target], "target")
        on(bars.block.input, handler(change_block, whole=False), [bars.block], "block")
        on(inside_channel.submit, handler(change_channel, whole=False), [inside_channel], "channel")
        on(sign.input, handler(change_sign, whole=False), [sign], "sign")
        on(compute.click, handler(compute_other, whole=False), [method], "attribute")

        def change_cut(visit: Visit, name: Any) -> None:
            visit.open_block(visit.cut_or_mend(str(name)).name)

        def change_dials(visit: Visit, residual: Any, shortcut: Any) -> None:
            visit.turn(residual, shortcut)

        def mend(visit: Visit) -> dict[Any, Any]:
            visit.mend()
            return cut_page.as_in(visit)

        turned = partial(gr.on, [dial.input for dial in dials], trigger_mode="always_last")  # while it is dragged
        on(turned, handler(change_dials, whole=False), dials, "dial")
        on(cut_page.mend.click, handler(mend, whole=False), [], "mend")

        # The lesson

        def begin_lesson(visit: Visit) -> dict[Any, Any]:
            visit.page = "learn"
            return {tabs: gr.Tabs(selected=visit.page)}

        def change_step(visit: Visit, number: Any) -> None:
            go_to(visit, number)

        def turn_page(visit: Visit, by: int) -> None:
            go_to(visit, visit.lesson.step + by)

        def set_controls(visit: Visit, *values: Any) -> dict[Any, Any]:
            learn.set_controls(visit, *values)
            return learn_page.keep([*learn_page.words, *learn_page.controls])

        def pick(visit: Visit, what: Any) -> dict[Any, Any]:
            step = visit.lesson.step
            learn.pick(visit, what)
            if visit.page != "learn":  # a button in the drawing led to another page
                return {tabs: gr.Tabs(selected=visit.page)}
            return learn_page.keep(learn_page.words) if visit.lesson.step == step else {}

        touched = partial(gr.on, [control.input for control in learn_page.controls], trigger_mode="always_last")
        on(start_lesson.click, handler(begin_lesson, whole=False), [], "start_lesson")
        start_lesson.click(None, js=learn.SCROLL)
        on(learn_page.back.click, handler(partial(turn_page, by=-1), whole=False), [], "lesson_back")
        on(learn_page.forward.click, handler(partial(turn_page, by=1), whole=False), [], "lesson_next")
        on(touched, handler(set_controls, whole=False), learn_page.controls, "lesson_control")

        # What is clicked in drawings

        changes: dict[str, Any] = {
            "target": change_target,
            "block": change_block,
            "channel": change_channel,
            "wire": change_cut,
            "wire_of_block": change_cut,
            "step": change_step,
            "lesson": pick,
        }
        changes |= experiments.changes(experiments_page)
        for page in pages.values():
            for what, component in page.clicks.items():
                on_click(component, changes[what], f"{page.name}_{what}")

        # The pages: only the one in sight is drawn

        for page, tab in tabs_of:

            def turn_to(visit: Visit, name: str = page.name) -> None:
                visit.page = name

            turn = handler(turn_to, whole=False)

            # The first page is chosen as the app opens, beside `start`, which draws it. It says nothing about the key:
            # it may have begun before `start` and end after it.
            def select(visit_key: str | None, turn: Callable[..., Any] = turn) -> dict[Any, Any]:
                return turn(visit_key) if visit_key else gr.skip()

            on(tab.select, select, [], f"page_{page.name}")

        # Experiments

        def cut_from(visit: Visit, chosen: Any) -> dict[Any, Any]:
            experiments.cut_from(visit, chosen)
            return {**cut_page.as_in(visit), tabs: gr.Tabs(selected=visit.page)}

        experiments.connect(experiments_page, key, data_dir)
        on_click(experiments_page.bundled, cut_from, "cut_from_bundled", whole=True)
        on_click(experiments_page.live, cut_from, "cut_from_live", whole=True)

        # Training

        def use_trained(visit: Visit, name: Any) -> dict[Any, Any]:
            visit.use_trained(str(name))
            picture = next(iter(visit.trained[visit.name].samples.values()))
            visit.show_picture(picture)
            visit.page = "inside"
            return {bars.picture: picture, tabs: gr.Tabs(selected=visit.page)}

        training.connect(train_page, key, show, everything, data_dir)
        on_click(train_page.result, use_trained, "look", whole=True)

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
            css_paths=FILES / "style.css",
            head=f"<script>{(FILES / 'page.js').read_text('utf-8')}</script>",
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
