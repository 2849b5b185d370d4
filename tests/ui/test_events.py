"""An event changes the session and shows it anew, or tells in a sentence why not."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import Any

import gradio as gr
import pytest

from resnet_demo.errors import InputError
from resnet_demo.ui import memory, places, uploads, visits
from resnet_demo.ui.events import Events, merge
from resnet_demo.ui.session import Session


@pytest.fixture
def parts() -> dict[str, Any]:
    with gr.Blocks():
        return {"key": gr.State(None), "clicked": gr.JSON(), "text": gr.Textbox(), "other": gr.Textbox()}


@pytest.fixture
def events(parts: dict[str, Any]) -> Events:
    def show(session: Session, whole: bool) -> dict[Any, Any]:
        return {parts["key"]: session.key, parts["text"]: f"{session.page}, {'all' if whole else 'some'}"}

    def restore(session: Session) -> dict[Any, Any]:
        return {parts["other"]: session.name}

    return Events(parts["key"], parts["clicked"], [parts["text"]], show, [parts["text"], parts["other"]], restore)


def test_the_visit_is_changed_and_then_shown(events: Events, parts: dict[str, Any]) -> None:
    session, _again = visits.begin()

    def turn(session: Session, page: str) -> None:
        session.page = page

    shown = events.handler(turn)(session.key, "cut")
    assert shown == {parts["key"]: session.key, parts["text"]: "cut, some"}
    assert events.handler(turn, whole=True)(session.key, "learn")[parts["text"]] == "learn, all"


def test_what_an_event_says_besides_has_the_last_word(events: Events, parts: dict[str, Any]) -> None:
    said = {parts["text"]: "this", parts["other"]: "that"}
    shown = events.handler(lambda session: said)(visits.begin()[0].key)
    assert (shown[parts["text"]], shown[parts["other"]]) == ("this", "that")


def test_a_sentence_becomes_a_notice_and_the_visit_goes_on(events: Events) -> None:
    session, _again = visits.begin()

    def refuse(session: Session) -> None:
        raise InputError("Not <so>.")

    with pytest.raises(gr.Error) as error:
        events.handler(refuse)(session.key)
    assert error.value.message == "Not &lt;so&gt;."
    assert not session.lock.locked()


def test_a_notice_speaks_the_language_of_the_visit(events: Events) -> None:
    session, _again = visits.begin()
    session.speak("zh")

    def refuse(session: Session) -> None:
        raise InputError("No {name} was trained in this session.", name="plain8")

    with pytest.raises(gr.Error) as error:
        events.handler(refuse)(session.key)
    assert (error.value.title, error.value.message) == ("错误", "本次会话中没有训练过 plain8。")


def test_what_was_refused_is_put_back(events: Events, parts: dict[str, Any]) -> None:
    session, _again = visits.begin()
    assert events._restored(session.key) == {
        parts["key"]: session.key, parts["text"]: "inside, all", parts["other"]: "resnet20"
    }  # fmt: skip
    assert events._restored("of no session") == {parts["key"]: "of no session"}


def test_what_the_page_has_is_not_sent_again(parts: dict[str, Any]) -> None:
    text, other, drawings = parts["text"], parts["other"], ["a", "a", "b", "b"]
    events = Events(
        parts["key"], parts["clicked"], [text, other], lambda session, whole: {text: drawings[0], other: "same"}, [],
        lambda session: {}, drawn=[text],
    )  # fmt: skip
    session, sent = visits.begin()[0], []
    for _ in range(4):
        sent.append(events.handler(lambda session: None)(session.key))
        drawings.pop(0) if len(drawings) > 1 else None
    assert sent == [{text: "a", other: "same"}, {other: "same"}, {text: "b", other: "same"}, {other: "same"}]
    assert events.anew(session)[text] == "b"  # the page was loaded again
    assert text in events.handler(lambda session: None)(visits.begin()[0].key)  # and another page has nothing yet


def test_choices_that_the_page_has_are_not_sent_again(parts: dict[str, Any]) -> None:
    text = parts["text"]
    offered = [[("a", 1)], [("a", 1)], [("b", 1)]]

    def show(session: Session, whole: bool) -> dict[Any, Any]:
        return {text: gr.update(choices=offered.pop(0), value=1)}

    events = Events(parts["key"], parts["clicked"], [text], show, [], lambda session: {})
    session = visits.begin()[0]
    sent = [events.handler(lambda session: None)(session.key)[text] for _ in range(3)]
    assert [update.get("choices") for update in sent] == [[("a", 1)], None, [("b", 1)]]
    assert all(update["value"] == 1 for update in sent)  # a person may have put another one there


def test_each_answer_has_a_number_of_its_own(parts: dict[str, Any]) -> None:
    number = parts["other"]
    events = Events(
        parts["key"], parts["clicked"], [], lambda session, whole: {}, [], lambda session: {}, answered=number
    )
    session = visits.begin()[0]
    one, two = (events.handler(lambda session: None)(session.key)[number] for _ in range(2))
    assert two > one


def test_updates_of_one_component_are_merged(parts: dict[str, Any]) -> None:
    text, other = parts["text"], parts["other"]
    merged = merge({text: gr.update(label="a", value="b"), other: 1}, {text: gr.update(value="c"), other: 2})
    assert merged == {text: gr.update(label="a", value="c"), other: 2}
    assert merge({text: "plain", other: 1}, {text: gr.skip()}) == {other: 1}  # it stays as it is on the page
    assert merge({text: "plain"}, {text: gr.update(label="a")}) == {text: gr.update(value="plain", label="a")}
    assert merge({text: gr.update(label="a")}, {text: "plain"}) == {text: gr.update(label="a", value="plain")}


def test_a_dial_is_followed_by_little_and_by_all_when_it_rests(parts: dict[str, Any]) -> None:
    text, other = parts["text"], parts["other"]
    events = Events(
        parts["key"], parts["clicked"], [text, other], lambda session, whole: {text: "street", other: "block"}, [],
        lambda session: {}, moving=lambda session: {text: "street"}, drawn=[text, other],
    )  # fmt: skip
    session = visits.begin()[0]
    assert events.handler(lambda session: None, moves=True)(session.key) == {text: "street"}
    assert events._at_rest(session.key) == {other: "block"}  # what the page has is not sent again
    assert events.handler(lambda session: None)(visits.begin()[0].key) == {text: "street", other: "block"}


def test_a_file_is_read_before_anybody_has_to_wait(events: Events) -> None:
    session, _again = visits.begin()
    seen = []

    def read(path: str) -> str:
        assert not session.lock.locked()
        assert places.network._free == places.AT_WORK
        return path.upper()

    events.handler(lambda session, content: seen.append(content), read=read)(session.key, "a")
    assert seen == ["A"]


@pytest.mark.parametrize("long", [False, True])
def test_what_takes_long_takes_no_place_of_others(long: bool, events: Events) -> None:
    free = []
    events.handler(lambda session: free.append(places.network._free), long=long)(visits.begin()[0].key)
    assert free == [places.AT_WORK - (not long)]
    assert places.network._free == places.AT_WORK


def test_who_came_first_goes_first() -> None:
    one_place, came, went = places.Places(1), [], []

    def go(number: int) -> None:
        with one_place:
            went.append(number)

    with one_place:
        for number in range(5):
            thread = threading.Thread(target=go, args=(number,))
            thread.start()
            came.append(thread)
            while len(one_place._waiting) <= number:
                time.sleep(0.001)
    for thread in came:
        thread.join()
    assert went == list(range(5))
    assert one_place._free == 1


class Lock:
    """A visit's lock, which tells how many have come to it; one that is broken lets everybody in."""

    def __init__(self, broken: bool):
        self.came, self.inner = 0, nullcontext() if broken else threading.Lock()

    def __enter__(self) -> None:
        self.came += 1
        self.inner.__enter__()

    def __exit__(self, *how: Any) -> None:
        self.inner.__exit__(*how)


@pytest.mark.parametrize("broken", [False, True])
def test_two_clicks_of_one_visit_at_once_are_not_mixed(broken: bool, events: Events, parts: dict[str, Any]) -> None:
    """The first answer is that of the first click, though the second one comes while it is made. Not without a lock."""
    session, _again = visits.begin()
    lock, turned, answers = Lock(broken), threading.Event(), {}
    session.lock = lock  # pyright: ignore[reportAttributeAccessIssue]

    def wait_for(came: int) -> None:
        while lock.came < came:
            time.sleep(0.001)

    def first(session: Session) -> None:
        session.page = "first"
        wait_for(2)  # the other click
        assert not broken or turned.wait(60)

    def second(session: Session) -> None:
        session.page = "second"
        turned.set()

    def click(change: Any) -> None:
        answers[change.__name__] = events.handler(change)(session.key)[parts["text"]]

    clicks = [threading.Thread(target=click, args=(change,)) for change in (first, second)]
    for number, thread in enumerate(clicks, 1):
        thread.start()
        wait_for(number)
    for thread in clicks:
        thread.join()
    assert answers == {"first": "second, some" if broken else "first, some", "second": "second, some"}


def test_what_works_for_long_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a second of work it waits three at most, and not at all while nobody holds or wants a place."""
    clock, waited, one_place = [0.0], [], places.Places(1)
    monkeypatch.setattr(places.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(one_place._quiet, "wait", lambda seconds: waited.append((seconds, one_place._quiet.is_set())))
    give_way = places.GivesWay(one_place)
    give_way()
    clock[0] += 1
    give_way()
    with one_place:
        clock[0] += 2
        give_way()
    give_way()
    assert waited == [(0, True), (3, True), (6, False), (0, True)]


def test_a_place_is_quiet_when_nobody_holds_or_wants_it() -> None:
    one_place, begun = places.Places(1), threading.Event()

    def next_one() -> None:
        with one_place:
            begun.set()
            assert not one_place._quiet.is_set()

    thread = threading.Thread(target=next_one)
    with one_place:
        thread.start()
        while not one_place._waiting:
            time.sleep(0.001)
    begun.wait()
    thread.join()
    one_place.wait_until_quiet(60)
    assert one_place._quiet.is_set()


def test_a_visitors_files_are_read_one_after_another() -> None:
    def turn(owner: str) -> tuple[bool, bool]:
        """Whether a file of somebody is read at once, while one of the first visitor's is being read."""
        done = threading.Event()

        def read() -> None:
            visits.visitor.set(visits.Visitor(owner, ""))
            with uploads.reading():
                done.set()

        thread = threading.Thread(target=read)
        thread.start()
        if owner != "one":
            thread.join()
        return done.is_set(), thread.is_alive()

    visits.visitor.set(visits.Visitor("one", ""))
    try:
        with uploads.reading():
            assert turn("two") == (True, False)
            assert turn("one") == (False, True)
    finally:
        visits.visitor.set(None)


def test_freed_memory_goes_back() -> None:
    trim = memory.trimmer()
    assert trim is None or trim(0) in (0, 1)
