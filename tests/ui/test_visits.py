"""How visits are kept and found again, what makes room for others, and that nobody comes into another's."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.ui import session as sessions
from resnet_demo.ui import store, visits
from resnet_demo.ui.album import MOST_PICTURES, MOST_PIXELS
from resnet_demo.ui.jobs.training import Training
from resnet_demo.ui.page_state import PageState
from resnet_demo.ui.pages import train
from resnet_demo.ui.session import Session
from resnet_demo.ui.store import RANDOM, ExpiringCache
from resnet_demo.ui.trained import Trained
from resnet_demo.ui.visits import begin, leave, session_of


@dataclass
class Job(PageState):
    """What a page may run for a visitor."""

    runs: bool = False
    ended: int = 0

    @property
    def busy(self) -> bool:
        return self.runs

    def end(self) -> None:
        self.ended += 1


@pytest.fixture(autouse=True)
def small_registry(monkeypatch: pytest.MonkeyPatch) -> ExpiringCache[Session]:
    kept = visits.registry()
    kept.most = 20
    monkeypatch.setattr(visits, "_visits", kept)
    return kept


def test_a_visit_is_found_by_its_key(small_registry: ExpiringCache[Session]) -> None:
    (first, _), (second, _) = begin("page-a"), begin("page-b")
    assert first.key != second.key
    assert len(first.key) >= 32  # nobody guesses it
    assert session_of(first.key) is first
    visits.end(first.key)
    with pytest.raises(InputError, match=r"has ended.*reload the page"):
        session_of(first.key)
    assert session_of(second.key) is second


def test_a_client_without_a_key_gets_a_session_of_its_own() -> None:
    assert session_of(None) is not session_of(None)
    for wrong in ("", "guess", "0" * 32):
        with pytest.raises(InputError):
            session_of(wrong)


def test_a_reload_finds_the_visit_whichever_is_heard_first() -> None:
    visit, again = begin("page-a")
    assert not again
    visit.of(Job).runs = True
    leave("page-a")
    assert begin("page-b", visit.key) == (visit, True)  # the old page's end was heard of
    assert begin("page-c", visit.key, "page-b") == (visit, True)  # and here it was not, yet
    leave("page-b")
    assert visit.holder == "page-c"
    assert visit.of(Job) == Job(runs=True)  # nothing was ended


def test_a_page_that_begins_again_without_its_key_does_not_end_the_visit() -> None:
    visit, _ = begin("page-a")
    other, again = begin("page-a")
    assert (other is visit, again) == (False, False)
    assert session_of(visit.key) is visit
    assert begin("page-b", visit.key) == (visit, True)


def test_a_duplicated_tab_is_a_visit_of_its_own() -> None:
    visit, _ = begin("page-a")
    visit.use_network("resnet8", RANDOM)
    visit.show_picture(Image.new("RGB", (32, 32), "red"))
    copy, again = begin("page-b", visit.key)
    assert (copy is visit, again, copy.key == visit.key) == (False, False, False)
    assert copy.album == visit.album  # so that its address leads to the same view
    copy.show_picture(Image.new("RGB", (32, 32), "blue"))
    assert (len(copy.album), len(visit.album)) == (2, 1)
    # Nor does the word of a page that was closed open a visit that another page shows by now.
    leave("page-a")
    assert begin("page-c", visit.key) == (visit, True)
    assert begin("page-d", visit.key, "page-a")[0] is not visit


def test_what_gradio_calls_a_page_opens_nothing() -> None:
    visit, _ = begin("page-a")
    assert begin("page-b", "page-a")[0] is not visit
    assert begin("page-a")[0] is not visit
    with pytest.raises(InputError):
        session_of("page-a")


def test_visits_that_were_left_make_room_first(small_registry: ExpiringCache[Session]) -> None:
    here = [begin(f"page-{number}")[0] for number in range(18)]
    left, busy = begin("left")[0], begin("busy")[0]
    busy.of(Job).runs = True
    job = left.of(Job)
    leave("left")
    leave("busy")
    for number in range(5):
        begin(f"new-{number}")
    assert job.ended == 1
    with pytest.raises(InputError):
        session_of(left.key)
    assert session_of(busy.key) is busy
    assert here[0].key not in small_registry._things  # then the one that has rested longest
    assert session_of(here[-1].key) is here[-1]
    for number in range(2000):
        begin(f"flood-{number}")
    assert session_of(busy.key) is busy  # one for whom something runs keeps everything
    assert busy.of(Job).ended == 0
    assert len(small_registry._things) == 20


def test_a_visit_that_rests_is_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(store, "time", SimpleNamespace(monotonic=lambda: clock.now))
    rests, runs = begin("a")[0], begin("b")[0]
    rests.show_picture(Image.new("RGB", (32, 32)))
    job = rests.of(Job)
    runs.of(Job).runs = True
    clock.now += visits.SECONDS + 1
    assert session_of(runs.key) is runs
    with pytest.raises(InputError):
        session_of(rests.key)
    assert job.ended == 1
    assert sessions._traces.get(rests.key) is None


# What a visit weighs


def test_a_visit_weighs_what_it_holds() -> None:
    (small, _), (large, _) = begin(), begin()
    small.show_picture(Image.new("RGB", (32, 32)))
    large.show_picture(Image.new("RGB", (6000, 5600)))  # 100 MB
    with pytest.raises(InputError):
        session_of(small.key)
    assert session_of(large.key) is large


def test_the_pictures_of_a_training_weigh() -> None:
    (small, _), (large, _) = begin(), begin()
    race = SimpleNamespace(own_bytes=100_000_000, over=False)
    large.of(Training).job = SimpleNamespace(race=race, over=True, abandon=lambda: None)  # pyright: ignore
    train.settle(large, race)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError):
        session_of(small.key)  # though nothing came of it yet, and may never
    (small, _), (large, _) = begin(), begin()
    pictures = torch.empty(33_000, 3, 32, 32, dtype=torch.uint8)
    tested = Dataset("x", pictures, torch.empty(33_000), ("a", "b"))
    large.keep("resnet8", Trained(store.shared_network("resnet8", RANDOM, 0), {}, tested, None))
    with pytest.raises(InputError):
        session_of(small.key)
    assert session_of(large.key) is large


def test_the_album_is_bounded(session: Session) -> None:
    for side in range(100, 100 + 2 * MOST_PICTURES):
        session.show_picture(Image.new("RGB", (side, side)))
    assert len(session.album) == MOST_PICTURES
    assert session.album[session.number] is session.picture
    session.show_picture(session.album[min(session.album)])  # looked at again: no new one
    assert len(session.album) == MOST_PICTURES
    for _ in range(3):
        session.show_picture(Image.new("RGB", (4000, 4000)))
    assert sum(there.width * there.height for there in session.album.values()) <= MOST_PIXELS
    session.show_picture(Image.new("RGB", (7000, 7000)))  # the one in sight stays, whatever its size
    assert list(session.album.values()) == [session.picture]
