"""The app as a stranger meets it over HTTP: other visitors' pages, files on the server, requests that are none."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsers import Browser
from gradio.utils import get_upload_folder

from resnet_demo import ui
from resnet_demo.assets import asset
from resnet_demo.errors import InputError
from resnet_demo.ui import guard, picture_drawer, places, uploads, visits
from resnet_demo.ui.guard import COOKIE
from resnet_demo.ui.page_state import PageState
from resnet_demo.ui.store import ExpiringCache

META = {"_type": "gradio.FileData"}
ENDED = "This session has ended"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    demo = ui.launch(prevent_thread_lock=True)
    assert demo.local_url
    yield demo.local_url
    demo.close()


@pytest.fixture
def victim(address: str) -> Browser:
    victim = Browser(address, f"victim{time.monotonic_ns()}")
    victim.ask("start", None)
    assert "error" not in victim.ask("network", "plain20")
    return victim


# Another's page


@pytest.mark.parametrize("cookie", [True, False])
def test_the_name_of_a_page_opens_nothing(cookie: bool, victim: Browser, address: str) -> None:
    stranger = Browser(address, "stranger", cookie)
    tries = {"page_inside": None, "network": "resnet8", "start": None, "block": "layer1.0"}
    for name, value in tries.items():
        assert "data" not in stranger.ask(name, value, page=victim.page), name
    page = {"session_hash": victim.page}
    assert stranger.http.get("/gradio_api/queue/data", params=page).status_code == 404
    assert stranger.http.get(f"/gradio_api/heartbeat/{victim.page}").status_code == 404
    cancel = {**page, "fn_index": stranger.events["network"]["id"], "event_id": "0"}
    assert stranger.http.post("/gradio_api/cancel", json=cancel).status_code == 404
    assert victim.sees()["model"] == "plain20"  # and nothing was changed or ended


def waiting_event(of: Browser) -> str:
    """An event of a page, of which nobody has heard the answer yet."""
    asked = {"data": [None, "dog"], "fn_index": of.events["example"]["id"], "session_hash": of.page}
    return of.http.post(JOIN, json=asked).json()["event_id"]


def test_the_number_of_an_event_opens_nothing(victim: Browser, address: str) -> None:
    """Neither to listen to it, nor to cancel it: in the victim's name, in one's own, or in another spelling."""
    stranger = Browser(address, f"stranger{time.monotonic_ns()}")
    stranger.ask("start", None)
    number, own = waiting_event(victim), {"session_hash": stranger.page}
    for place in (f"x/{number}", f"v2/x/{number}", f"x/{victim.page}"):
        assert stranger.http.get(f"/gradio_api/call/{place}").status_code == 404, place
    page, fn = {"session_hash": victim.page, "event_id": number}, {"fn_index": victim.events["example"]["id"]}
    for place, said in {
        "cancel": {**page, **fn, **own}, "cancel?session_hash=" + stranger.page: {**page, **fn},
        "cancel%0A": {**page, **fn}, "cancel?": {**page, **fn, "session_hash": "nobody"},
    }.items():  # fmt: skip
        for headers in ({}, {"X-Forwarded-Host": "example.com"}):
            answer = stranger.http.post(f"/gradio_api/{place}", json=said, headers=headers)
            assert answer.status_code == 404, place
    with victim.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": victim.page}) as lines:
        said = [json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:")]
    (output,) = (one["output"] for one in said if one["msg"] == "process_completed")
    assert "data" in output, output
    assert victim.http.post("/gradio_api/cancel", json={**page, **fn}).status_code == 200  # its own, though too late


def test_who_was_left_is_still_nobody_elses(victim: Browser, address: str) -> None:
    """A page that lost its connection for a moment: what is on its way to it is not for whoever knows its name."""
    waiting_event(victim)
    visits.leave(victim.page)
    stranger = Browser(address, "stranger")
    assert stranger.http.get("/gradio_api/queue/data", params={"session_hash": victim.page}).status_code == 404


def test_a_key_opens_the_visit_for_another_browser_and_closes_it_for_the_first(victim: Browser, address: str) -> None:
    """The key is what a tab keeps for a reload, when the cookie may be another; nobody else has it."""
    (session,) = (s for s in visits._visits.things() if s.holder == victim.page)
    assert session.key not in json.dumps(victim.config)
    later = Browser(address, "later")
    later.ask("start", {"key": session.key, "page": victim.page, "left": True})
    assert session.holder == "later"
    said = victim.ask("page_inside", None)
    assert ENDED in str(said), said


def test_a_page_of_a_server_that_was_started_again_is_told_so(victim: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence at the next click; a reload finds the view by its address, and what the tab kept."""
    kept = next(value for value in victim.ask("start", None)["data"] if isinstance(value, dict) and "key" in value)
    monkeypatch.setattr(visits, "_visits", visits.registry())
    monkeypatch.setattr(visits, "_served", ExpiringCache(most=9))
    again = Browser(victim.address, f"again{time.monotonic_ns()}", cookie=False)  # of whom gradio does not know either
    again.http.cookies = victim.http.cookies
    for name, value in {"network": "plain20", "block": "layer1.0", "example": "dog"}.items():
        assert ENDED in str(again.ask(name, value)), name
    again.http.get("/?model=plain20")
    assert "data" in again.ask("start", {**kept, "left": True})
    assert again.ask("example", "dog")["data"]


def test_a_seeded_bug_is_seen(victim: Browser, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_theirs", lambda session: True)
    stranger = Browser(address, "stranger")
    assert stranger.ask("page_inside", None, page=victim.page)["data"]


class Job(PageState):
    """What runs for a visitor who trains."""

    @property
    def busy(self) -> bool:
        return True


def test_a_flood_of_visits_pushes_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_visits", visits.registry())

    def come(owner: str, address: str, page: str) -> Any:
        visits.visitor.set(visits.Visitor(owner, address))
        return visits.begin(page)[0]

    trains, rests, mine = come("a", "10.0.0.1", "a"), come("b", "10.0.0.2", "b"), come("c", "6.6.6.6", "c")
    trains.of(Job)
    mine.of(Job)
    for number in range(2_000):
        come(f"flood {number}", "6.6.6.6", f"flood {number}")
    kept = visits._visits.things()
    assert trains in kept
    assert rests in kept
    assert mine in kept  # it trains, though it is of the address that floods
    assert len(kept) <= visits.MOST_OF_ADDRESS + 2
    visits.visitor.set(None)


# Files


def paths(folder: str) -> list[Any]:
    cache = str(uploads.get_upload_folder())
    return [
        "/etc/passwd", "/etc/nothing", "/", "", ".", "..", "~", folder, str(asset("examples", "cat.png")),
        f"{cache}", f"{cache}/", f"{cache}/..", f"{cache}/../../etc/passwd", f"{cache}/nothing/there.png",
        f"{cache}/link.png", "file:///etc/passwd", "file://localhost/etc/passwd", "http://127.0.0.1:1/a.png",
        "https://example.com/a.png", "\\\\server\\share", "/proc/self/environ", "/dev/zero", "/dev/stdin",
        "a" * 100_000, "nul\0.png", "\ud800", 7, ["/etc/passwd"], {"path": "/etc/passwd"}, True,
        "resnet_demo/cli/shell.py", "README.md",
    ]  # fmt: skip


def answers(browser: Browser, name: str, where: Callable[[Any], list[Any]], folder: str) -> set[str]:
    return {str(browser.ask(name, *where(path)).get("error")) for path in paths(folder)}


@pytest.mark.parametrize("shape", ["path", "path and meta", "url and meta"])
def test_no_event_reads_a_file_that_was_not_uploaded(shape: str, victim: Browser, tmp_path: Path) -> None:
    link = Path(uploads.get_upload_folder()) / "link.png"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(asset("examples", "cat.png"))
    made: dict[str, Callable[[Any], Any]] = {
        "path": lambda path: {"path": path},
        "path and meta": lambda path: {"path": path, "meta": META, "orig_name": "a.png", "is_stream": False},
        "url and meta": lambda path: {"url": path, "meta": META},
    }
    for name in ("classify", "upload", "upload_weights"):
        said = answers(victim, name, lambda path: [made[shape](path)], str(tmp_path))
        assert "None" not in said, name  # none was accepted
        assert len(said) <= 3, said  # and the answer does not tell what there is
        for told in said:
            assert len(told) <= 300, told[:400]
            assert not any(word in told for word in ("/", "http", "root", "Error", "pydantic")), told
    link.unlink()


def test_what_was_uploaded_is_read(victim: Browser) -> None:
    path = victim.send("mine.png", asset("examples", "cat.png").read_bytes())
    assert "data" in victim.ask("classify", {"path": path, "meta": META})
    assert "data" in victim.ask("classify", {"path": path})


def test_files_are_neither_listed_nor_guessed(victim: Browser) -> None:
    path = victim.send("mine.png", b"secret")
    get = victim.http.get
    assert get(f"/gradio_api/file={path}").content == b"secret"  # whose address holds a hash of the content
    folder = Path(path).parent
    others = [
        folder,
        folder.parent,
        folder.parent / ("0" * 64) / "mine.png",
        "/etc/passwd",
        "/etc/nothing",
        "README.md",
    ]
    for other in [*others, "http://127.0.0.1:1/", "https://example.com/", "..%2f..%2fetc%2fpasswd"]:
        answer = get(f"/gradio_api/file={other}")
        assert answer.status_code in (403, 404), other
        assert b"secret" not in answer.content
        assert len(answer.content) <= 300


def test_an_event_can_be_asked_for_without_a_page(victim: Browser) -> None:
    """As docs/api/rest.md tells: two requests, of which the second one names the event."""
    number = victim.http.post("/gradio_api/call/example", json={"data": ["dog"]}).json()["event_id"]
    said = victim.http.get(f"/gradio_api/call/example/{number}").text
    assert said.startswith("event: complete"), said[:200]
    assert '"model": "resnet20"' in said


# Requests that are none

JOIN, RUN = "/gradio_api/queue/join", "/gradio_api/run/predict"
BODIES: list[Any] = [
    b"", b"{", b"null", b"[]", b'"text"', b"7", b"[" * 100_000, b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b"\xff\xfe",
    {}, {"data": None}, {"data": "x" * 100_000}, {"data": {}}, {"data": [], "fn_index": "x" * 100_000}, {"data": []},
    {"data": [], "fn_index": -1, "session_hash": "a"}, {"data": [], "fn_index": 10**6, "session_hash": "a"},
    {"data": [], "fn_index": 10**30, "session_hash": "a"}, {"data": [], "fn_index": 3, "session_hash": ["a"]},
    {"data": [], "fn_index": 3, "session_hash": 7}, {"data": [], "fn_index": 3, "session_hash": ""},
    {"data": [None] * 9, "fn_index": 3, "session_hash": "a", "trigger_id": "x"},
    {"data": [], "fn_index": None, "session_hash": "a"},
    {"data": [], "event_id": {}, "session_hash": "a", "fn_index": 1},
]  # fmt: skip
CLOSED = [
    "proxy=http://127.0.0.1:1/", "component_server", "vibe-edit", "vibe-code", "process_recording", "deep_link",
    "runs", "run-history/records", "profiling/traces", "stream/a/b/1/playlist.m3u8", "custom_component/a/b/c/d.js",
    "dev/reload",
]  # fmt: skip


def test_bodies_that_are_no_request(victim: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    for place in (JOIN, RUN, "/gradio_api/call/network", "/gradio_api/cancel", "/gradio_api/reset"):
        for body in BODIES:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            answer = victim.http.post(place, content=content, headers={"Content-Type": "application/json"})
            assert len(answer.content) <= 300, (place, body, answer.text[:400])
            assert not any(word in answer.text for word in ("pydantic", "Traceback", "site-packages", "xxxx")), (
                answer.text
            )
    form, folder = {"Content-Type": "multipart/form-data; boundary=a"}, Path(get_upload_folder())
    before = {*folder.glob("tmp*")}
    for name in (
        'name="files"',
        "name=\"files\"; filename*=utf-16''%ff%fe",
        'name="files"; filename=".."',
        'name="x"; filename="y"',
        "",
    ):
        for place in ("/gradio_api/upload", "/gradio_api/upload?upload_id=x"):
            part = f"--a\r\nContent-Disposition: form-data; {name}\r\n\r\nx\r\n--a--\r\n"
            assert victim.http.post(place, content=part, headers=form).status_code < 500, (name, place)
    assert {*folder.glob("tmp*")} == before  # nothing of them stays
    for host in ("a:b:c", "[::1", "a b", ","):
        assert victim.http.get("/config", headers={"X-Forwarded-Host": host}).status_code < 500, host
    for place in ("queue/data?session_hash=", "queue/data?session_hash=nobody", "call/network/nothing"):
        assert len(victim.http.get(f"/gradio_api/{place}").content) <= 300, place
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_is_not_used_is_closed(victim: Browser) -> None:
    for place in CLOSED:
        for method in ("GET", "POST"):
            answer = victim.http.request(method, f"/gradio_api/{place}")
            assert answer.status_code in (404, 405), place


def test_a_request_that_is_too_long_is_refused_before_it_is_read(
    victim: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_BODY", 1_000)
    for place in (JOIN, "/gradio_api/call/upload", "/gradio_api/run/upload"):  # an event may be called so, too
        assert victim.http.post(place, content=b"x" * 2_000).status_code == 413, place
        assert victim.http.post(place, content=iter([b"x"])).status_code == 411, place


def test_what_is_sent_holds_few_values_before_it_waits(victim: Browser) -> None:
    asked = {"data": [None, [[]] * 20_000], "fn_index": victim.events["example"]["id"], "session_hash": victim.page}
    answer = victim.http.post(JOIN, json=asked)
    assert (answer.status_code, "too many values" in answer.text) == (400, True)


def test_an_upload_has_few_files_and_a_short_number(victim: Browser) -> None:
    """Each is open until the last one has come; of each number gradio remembers something."""
    before = {*Path(get_upload_folder()).glob("*")}
    many = [("files", (f"{number}.png", b"x")) for number in range(guard.MOST_FILES + 1)]
    assert victim.http.post("/gradio_api/upload", files=many).status_code == 400
    assert victim.http.post(f"/gradio_api/upload?upload_id={'x' * 101}", files=many[:1]).status_code == 404
    assert {*Path(get_upload_folder()).glob("*")} == before


NAMES = [
    "a" * 300, "/" + "a" * 5_000, "/" + "b/" * 3_000, "a%00b", "a%0Ab", "%ed%a0%80", "/etc/passwd/x", "\\\\host\\x",
    "..%252f..%252fetc%252fpasswd", "%c0%ae%c0%ae/etc/passwd", "/proc/self/fd/0", "http:%2F%2F127.0.0.1:1/",
]  # fmt: skip


def test_names_that_no_file_has(victim: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    for place in (
        "/gradio_api/file=",
        "/gradio_api/file/",
        "/static/",
        "/assets/",
        "/svelte/",
        "/lab/",
        "/lab/fonts/",
    ):
        for name in NAMES:
            answer = victim.http.get(place + name)
            assert answer.status_code in (403, 404, 422), (place, name[:80], answer.status_code)
            assert "Traceback" not in answer.text
    for header, value in {
        "X-Forwarded-Host": "[::1",
        "X-Gradio-Server": "http://[::1",
    }.items():  # of which gradio makes an address when a page closes
        with victim.http.stream("GET", "/gradio_api/heartbeat/odd", headers={header: value}) as answer:
            assert answer.status_code == 422
    assert "Traceback" not in "".join(capfd.readouterr())


# More than there are places for


@pytest.mark.parametrize("event", ["upload", "second_upload"])
def test_uploads_are_decoded_apart(event: str, victim: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise InputError("This was not read here.")

    monkeypatch.setattr(picture_drawer, "load_isolated", refuse)
    path = victim.send("cat.png", asset("examples", "cat.png").read_bytes())
    assert victim.ask(event, {"path": path, "meta": META})["error"] == "This was not read here."


def test_a_full_queue_says_so_at_once(victim: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_WAITING", 0)
    said = "The server is busy: 0 requests wait for their turn. Try again in a moment."
    assert victim.ask("page_inside", None) == {"detail": said}
    (session,) = (s for s in visits._visits.things() if s.holder == victim.page)
    session.speak("zh")
    assert victim.ask("page_inside", None)["detail"].startswith("服务器正忙")


def test_a_page_takes_so_many_places_and_no_more(
    victim: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a visit's own lock is held, its events wait, and take no place of others."""
    monkeypatch.setattr(places, "MOST_OF_PAGE", 3)
    (session,) = (s for s in visits._visits.things() if s.holder == victim.page)
    event = {"data": [None, None], "fn_index": victim.events["page_cut"]["id"], "session_hash": victim.page}
    with session.lock:
        status = [victim.http.post("/gradio_api/queue/join", json=event).status_code for _time in range(5)]
        assert status == [200, 200, 200, 429, 429]
        other = Browser(address, f"other{time.monotonic_ns()}")
        assert "data" in other.ask("start", None)
        assert "data" in other.ask("page_cut", None)
    with victim.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": victim.page}) as lines:
        said = [json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:")]
    assert [one["success"] for one in said if one["msg"] == "process_completed"] == [True] * 3


def test_requests_past_the_queue_are_bounded_too(victim: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = next(e for e in victim.config["dependencies"] if e["trigger_only_on_success"] and not e["queue"])
    event = {"data": [None], "fn_index": rest["id"], "session_hash": victim.page}
    assert victim.http.post("/gradio_api/run/predict", json=event).status_code == 200
    monkeypatch.setattr(places, "MOST_OF_PAGE", 0)
    answer = victim.http.post("/gradio_api/run/predict", json=event)
    assert answer.json()["error"].startswith("The server is busy: 0 requests")


def test_uploads_leave_room_on_the_disk(victim: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert victim.send("here.txt", b"1")
    monkeypatch.setattr(uploads, "SPARE", 2**60)
    answer = victim.http.post("/gradio_api/upload", files={"files": ("here.txt", b"1")})
    assert (answer.status_code, answer.json()["error"].count(".")) == (507, 1)


def test_the_cookie_is_of_the_browser_alone(address: str) -> None:
    said = httpx.get(address).headers["set-cookie"]
    assert said.startswith(f"{COOKIE}=")
    assert "HttpOnly" in said
    assert "SameSite=Lax" in said
    secure = httpx.get(address, headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "Secure; SameSite=None; Partitioned" in secure
    assert "set-cookie" not in httpx.get(address, cookies={COOKIE: "x"}).headers


def test_the_app_goes_on(victim: Browser) -> None:
    assert victim.sees()["model"] == "plain20"
