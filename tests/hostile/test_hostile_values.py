"""Whatever a client sends to an event is answered by a value or by a sentence: every event, every place, odd values.

In the process itself, by the very function that gradio calls for a request; what HTTP adds is in `test_hostile_http`.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import gradio as gr
import loops
import pytest
import torch
from gradio.state_holder import SessionState

from resnet_demo.ui import session as sessions
from resnet_demo.ui import shell, visits

MOST_CHARACTERS, MOST_SECONDS = 300, 2.0  # of an answer's words, and of the processor's time
META = {"_type": "gradio.FileData"}


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 2.5, float("nan"), float("-inf"), 1e300, "", " ", "3", "x" * 100_000, "\ud800\0",
    "<img src=x onerror=alert(1)>", "{0.__class__}%s%n", "../../etc/passwd", [], [1, "a", None], nested(300),
    ["x" * 1000] * 1000, {}, {"a": {"b": [1]}}, {"value": 1}, {"__type__": "update", "value": 3, "visible": True},
    {"path": "/etc/passwd"}, {"path": "/etc/passwd", "meta": META}, {"path": "", "meta": META},
    {"url": "file:///etc/passwd", "meta": META},
    {"path": "http://127.0.0.1:9/", "url": "http://127.0.0.1:9/", "meta": META},
    {"url": "data:image/png;base64," + "A" * 50_000, "meta": META}, {"path": ["/etc/passwd"], "meta": META},
    {"path": "x", "meta": META, "is_stream": True},
)  # fmt: skip


@dataclass
class Verdict:
    """What a server's answers to all the values were."""

    asked: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@pytest.fixture(scope="module")
def demo() -> gr.Blocks:
    return shell.build_demo(None)


@lru_cache(maxsize=1)
def first_session(demo: gr.Blocks) -> SessionState:
    return SessionState(demo)


def new_session(demo: gr.Blocks) -> SessionState:
    """A session in which nothing happened. The words of its components, most of the work, are computed once for all."""
    first = first_session(demo)
    state = copy.copy(first)
    state.blocks_config, state.state_data, state._state_ttl = copy.copy(demo.default_config), {}, {}
    state.config_values = {key: {**words, "props": {**words["props"]}} for key, words in first.config_values.items()}
    return state


def ask(demo: gr.Blocks, event: Any, values: list[Any], data: Any = None) -> str | None:
    """The sentence that refuses them; None where they were accepted."""
    state = new_session(demo)
    sent = gr.EventData(None, {} if data is None else {"value": data})
    request = gr.Request(session_hash="hostile", headers={}, query_params={}, cookies={}, client={"host": "1.2.3.4"})
    calls = demo.process_api(event, [None, *values], state=state, request=request, event_data=sent)
    try:
        loops.run(asyncio.wait_for(calls, 60))
    except gr.Error as error:
        return f"Traceback: {error}" if error.print_exception else str(error.message)
    finally:
        for visit in visits._visits.things():
            visits.end(visit.key)
    return None


def judge(verdict: Verdict, demo: gr.Blocks, event: Any, values: list[Any], data: Any = None) -> None:
    said, began = None, time.process_time()
    log = io.StringIO()
    try:
        with contextlib.redirect_stderr(log):
            said = ask(demo, event, values, data)
    except Exception as error:
        said = f"Traceback: {error!r}"
    spent = time.process_time() - began
    verdict.asked += 1
    verdict.seconds += spent
    verdict.refused += said is not None
    told = said or ""
    bad = len(told) > MOST_CHARACTERS or spent > MOST_SECONDS or "Traceback" in told + log.getvalue()
    if bad or any(word in told for word in ("/home", "/tmp", "pydantic", "Error:", "went wrong")):
        shown = [repr(value)[:80] for value in values]
        verdict.wrong.append(
            f"{event.api_name}{shown} {repr(data)[:80]}: {told[:400]} {spent:.1f} s {log.getvalue()[-1500:]}"
        )


def events(demo: gr.Blocks) -> list[Any]:
    return [event for event in demo.fns.values() if event.fn and event.inputs and event.inputs[0].stateful]


def attack(demo: gr.Blocks, chosen: Callable[[Any], bool] = lambda event: True) -> Verdict:
    verdict = Verdict()
    for number, event in enumerate(events(demo)):
        places = event.inputs[1:]
        usual = [getattr(place, "value", None) for place in places]
        if not chosen(event):
            continue
        clicked = [place.label for place in places] == ["clicked"]
        for place in range(len(places)):
            for value in ODD[(number // 2 + place) % 2 :: 2]:  # each place gets one half of them
                if clicked and not isinstance(value, float):
                    judge(verdict, demo, event, usual, value)  # as a page sends it
                else:
                    judge(verdict, demo, event, [*usual[:place], value, *usual[place + 1 :]])
    return verdict


def test_every_event_answers_odd_values_in_a_sentence(demo: gr.Blocks) -> None:
    for event in events(demo)[:3]:  # networks are loaded once, and that takes seconds
        ask(demo, event, [None for _place in event.inputs[1:]])
    verdict = attack(demo)
    assert not verdict.wrong, "\n".join(verdict.wrong[:20])
    assert verdict.asked >= 1_000
    assert verdict.refused >= verdict.asked // 2


def test_an_event_without_memory_is_refused_and_the_next_one_answered(
    demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    (event,) = (event for event in events(demo) if event.api_name == "example")
    with monkeypatch.context() as patch:
        much = lambda *_values, **_named: torch.empty(2**60, dtype=torch.uint8)  # noqa: E731
        patch.setattr(sessions.Session, "show_picture", much)
        assert "memory is full" in str(ask(demo, event, [None], "dog"))
    assert ask(demo, event, [None], "dog") is None


# The suite sees a check that is gone


def test_the_suite_sees_a_check_that_is_gone(demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "whole_number", lambda value, *_bounds: value)
    assert attack(demo, lambda event: event.api_name == "seed").wrong
