"""The menu of networks, downloads as jobs of a visit, and what stands where there is no answer."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr
import pytest
import torch
import torchvision
from fileserver import FileServer, file_server
from PIL import Image

from resnet_demo import i18n
from resnet_demo.assets import asset
from resnet_demo.errors import InputError
from resnet_demo.images import load_image
from resnet_demo.models import published, weights, zoo
from resnet_demo.models.labels import parse_labels
from resnet_demo.models.predict import is_trained, named
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.ui import address, network_drawer, network_menu, store, visits
from resnet_demo.ui.jobs import download as downloads
from resnet_demo.ui.jobs.download import Downloads
from resnet_demo.ui.pages import inside
from resnet_demo.ui.session import OWN, Session
from resnet_demo.ui.store import RANDOM, TRAINED


@dataclass
class Hub:
    server: FileServer
    name: str
    cache: Path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A server that has weights for ResNet-18 and none for the others, and an empty cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), stream := io.BytesIO())
    name = f"resnet18-{hashlib.sha256(stream.getvalue()).hexdigest()[:8]}.pth"
    original = published.versions
    with file_server() as server:
        server.files[name] = stream.getvalue()

        def versions(network: str) -> tuple[published.Published, ...]:
            file = name if network == "resnet18" else f"{network}-00000000.pth"
            return (replace(original(network)[0], url=f"{server.url}/{file}"),)

        monkeypatch.setattr(published, "versions", versions)
        monkeypatch.setattr(store, "_networks", store.ExpiringCache(most=1e9))  # none that another test has loaded
        yield Hub(server, name, tmp_path / "cache" / "hub" / "checkpoints")


@pytest.fixture
def cat() -> Session:
    session = Session()
    session.show_picture(load_image(asset("examples", "cat.png")), "cat")
    return session


def end_of(session: Session) -> Downloads:
    """The download of a session, over."""
    state = session.of(Downloads)
    assert state.job is not None
    wait([state.job._over], 60)
    assert state.job.over
    return state


# The menu


def test_networks_are_grouped_by_where_their_weights_are_from(hub: Hub, cat: Session, tmp_path: Path) -> None:
    found = network_menu.groups(cat)
    assert list(found) == ["bundled", "download", "own", "none"]
    assert [name for name, _words, _chosen in found["download"]] == list(published.NAMES)
    assert {name for name, *_ in found["none"]} == {n for n in zoo.names() if zoo.network(n).weights == "none"}
    assert [name for name, _words, chosen in found["bundled"] if chosen] == ["resnet20"]
    assert found["own"] == []
    shown = network_menu.menu(cat)
    assert re.findall(r"<h3[^>]*>([^<]+)</h3>", shown) == [str(zoo.GROUPS[g]) for g in ("bundled", "download", "none")]
    assert "ResNet-18 ↓ 45 MB" in shown
    assert shown.count('aria-pressed="true"') == 1
    for name in zoo.names():
        assert shown.count(f'data-choice="{name}"') == 1
    cat.use_file(weights.save(zoo.load("resnet20"), tmp_path / "<b>mine.safetensors"))
    shown = network_menu.menu(cat)
    assert "<b>" not in shown
    assert re.search(r'data-choice="own" aria-pressed="true">&lt;b&gt;mine\.safetensors<', shown)
    assert shown.count('aria-pressed="true"') == 1
    network_menu.choose(cat, "plain8")
    assert (cat.name, cat.weights) == ("plain8", RANDOM)
    network_menu.choose(cat, "own")
    assert cat.weights == OWN
    with pytest.raises(InputError, match="There is no network"):
        network_menu.choose(cat, "resnet9")


# Downloads


def test_a_chosen_network_is_in_sight_when_it_is_there(hub: Hub, cat: Session) -> None:
    hub.server.slow = threading.Event()
    network_menu.choose(cat, "resnet18")
    assert (cat.name, cat.weights) == ("resnet20", TRAINED)  # what is in sight stays
    state = cat.of(Downloads)
    assert state.busy
    assert state.number == 1
    told = network_menu.told(cat)
    assert re.search(r"ResNet-18: \d+ of 45 MB", told)
    assert 'role="progressbar"' in told
    network_menu.choose(cat, "resnet18")  # once more changes nothing
    assert state.number == 1
    watched = state.watch()
    assert next(watched) is state.job
    hub.server.slow.set()
    end_of(cat)
    assert list(watched) == []
    assert downloads.settle(cat) is None
    assert (cat.name, cat.weights) == ("resnet18", TRAINED)
    assert network_menu.told(cat) == ""
    assert "ResNet-18<" in network_menu.menu(cat)  # there is nothing to download any more
    assert not state.busy
    network_menu.choose(cat, "resnet20")
    network_menu.choose(cat, "resnet18")
    assert (cat.weights, state.number, len(hub.server.asked)) == (TRAINED, 1, 1)


def test_who_has_chosen_another_network_meanwhile_keeps_it(hub: Hub, cat: Session) -> None:
    network_menu.choose(cat, "resnet18")
    cat.use_network("plain20", TRAINED)
    end_of(cat)
    assert downloads.settle(cat) == "resnet18"
    assert cat.name == "plain20"
    assert downloads.settle(cat) is None  # it is said once


def test_a_download_that_is_cancelled_goes_on_later(hub: Hub, cat: Session) -> None:
    hub.server.slow = threading.Event()
    network_menu.choose(cat, "resnet18")
    job = cat.of(Downloads).job
    assert job is not None
    while not job.arrived:
        wait([job._over], 0.01)
    downloads.cancel(cat)
    state = cat.of(Downloads)
    assert not state.busy  # at once, whatever the connection does
    assert "goes on from there" in network_menu.told(cat)
    hub.server.slow.set()
    wait([job._over], 60)
    assert downloads.settle(cat) is None
    assert (cat.name, [path.name for path in hub.cache.iterdir()]) == ("resnet20", [f"{hub.name}.part"])
    network_menu.again(cat)
    end_of(cat)
    assert hub.server.asked[-1].startswith("bytes=")
    downloads.settle(cat)
    assert cat.name == "resnet18"


def test_what_goes_wrong_is_one_sentence_and_the_network_stays(
    hub: Hub, cat: Session, sentence: Callable[[BaseException], str]
) -> None:
    hub.server.cut = 10_000_000
    network_menu.choose(cat, "resnet18")
    failure = end_of(cat).job.failure  # pyright: ignore[reportOptionalMemberAccess]
    downloads.settle(cat)
    assert failure is not None
    assert "was cut after 10 of 45 MB" in sentence(InputError(failure))
    assert str(failure) in network_menu.told(cat).unescape()
    assert (cat.name, cat.weights) == ("resnet20", TRAINED)
    network_menu.choose(cat, "resnet34")
    end_of(cat)
    downloads.settle(cat)
    assert "status 404" in network_menu.told(cat)
    cat.use_network("resnet8", RANDOM)
    assert network_menu.told(cat) == ""  # once something else is chosen, it is no news any more
    network_menu.choose(cat, "resnet34")
    end_of(cat)
    downloads.settle(cat)
    assert "status 404" in network_menu.told(cat)
    network_menu.untrained(cat)
    assert (cat.name, cat.weights) == ("resnet34", RANDOM)
    assert network_menu.told(cat) == ""
    for code in i18n.LANGUAGES:
        assert "Errno" not in i18n.language(code)(failure)


def test_two_visitors_share_a_download_and_one_may_leave(hub: Hub, cat: Session) -> None:
    hub.server.slow = threading.Event()
    other = Session()
    other.use_network("resnet8", RANDOM)
    for session in (cat, other):
        network_menu.choose(session, "resnet18")
    job = cat.of(Downloads).job
    assert job is other.of(Downloads).job
    downloads.cancel(cat)
    hub.server.slow.set()
    end_of(other)
    downloads.settle(other)
    assert (other.name, other.weights, len(hub.server.asked)) == ("resnet18", TRAINED, 1)
    assert cat.name == "resnet20"


def test_a_visit_that_is_put_away_ends_its_download(hub: Hub) -> None:
    hub.server.slow = threading.Event()
    session, _again = visits.begin()
    network_menu.choose(session, "resnet18")
    assert visits.rank(session) == visits.ExpiringCache.STAYS
    job = session.of(Downloads).job
    assert job is not None
    visits.end(session.key)
    hub.server.slow.set()
    wait([job._over], 60)
    assert not hub.cache.joinpath(hub.name).exists()


def test_a_link_downloads_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_options: told.append(message))
    session = Session()
    address.read(session, {"model": "resnet18", "weights": TRAINED})
    assert len(told) == 1
    assert "resnet18 (45 MB) are not on this computer yet" in told[0]
    assert (session.name, session.weights) == ("resnet20", TRAINED)
    assert hub.server.asked == []
    address.read(session, {"model": "resnet18"})
    assert (session.name, session.weights) == ("resnet18", RANDOM)


def test_weights_are_offered_with_their_size(hub: Hub) -> None:
    session = Session()
    session.use_network("resnet18", RANDOM)
    assert network_drawer.weight_choices(session) == [("ImageNet ↓ 45 MB", TRAINED), ("random", RANDOM)]
    published.fetch("resnet18")
    assert network_drawer.weight_choices(session) == [("ImageNet", TRAINED), ("random", RANDOM)]


# What stands where there is no answer


def test_a_network_that_was_never_trained_has_no_bars(cat: Session, tmp_path: Path) -> None:
    cat.use_network("resnet8", RANDOM)
    assert not is_trained(cat.network)
    for code in i18n.LANGUAGES:
        cat.speak(code)
        shown = inside._answer(cat)
        assert "rd-bar" not in shown
        assert "%" not in shown
    cat.speak("en")
    assert "Not trained: its answer means nothing." in inside._answer(cat)
    own = ResNet(ResNetConfig.cifar(14), seed=5)
    cat.use_file(weights.save(own, tmp_path / "fresh.safetensors"))  # nobody says that it was not trained
    assert cat.untrained
    assert "Not trained: its answer means nothing." in inside._answer(cat)
    cat.use_network("resnet20", TRAINED)
    assert "rd-bar" in inside._answer(cat)


def test_beside_a_trained_network_its_twin_that_was_not_has_no_answer(cat: Session) -> None:
    cat.use_network("resnet18-cifar", TRAINED)
    cat.show_both(True)
    streets = inside._street(cat)
    assert "not trained" in streets
    assert "%" in streets


def test_unlike_pictures_offer_a_network_that_knows_more(hub: Hub, cat: Session) -> None:
    assert "What it answers <small>it knows 10 things</small>" in inside._answer(cat)
    assert "data-offer" not in inside._answer(cat)
    cat.show_picture(Image.new("RGB", (64, 64), (200, 30, 200)))
    shown = inside._answer(cat)
    assert "Probably none of its ten things" in shown
    assert "Ask one that knows 1,000 things (ResNet-18, 45 MB)" in shown
    assert 'data-offer="resnet18" data-opens="network"' in shown
    published.fetch("resnet18")
    assert "Ask one that knows 1,000 things (ResNet-18)<" in inside._answer(cat)
    assert "data-opens" not in inside._answer(cat)


def test_a_thousand_classes_are_found_by_their_names(cat: Session) -> None:
    cat.use_network("resnet18", RANDOM)
    shown = inside._evidence(cat)
    assert "It knows 1,000 things, whatever it is shown" in shown
    names = re.search(r'data-names="([^"]*)"', shown)
    assert names
    assert names[1].count("\n") == 999
    assert 'type="search"' in shown
    cat.use_network("resnet20", TRAINED)
    assert "rd-search" not in inside._evidence(cat)


# Own weights


@pytest.mark.parametrize("plain", [False, True])
def test_a_network_of_ones_own_is_called_by_its_file(cat: Session, tmp_path: Path, plain: bool) -> None:
    model = zoo.load("plain20" if plain else "resnet20")
    cat.use_file(weights.save(model, tmp_path / "my best.safetensors"))
    assert cat.name.endswith("my best.safetensors")
    assert zoo.is_plain(cat.name) is plain  # figures and captions tell by the name
    assert str(network_menu.title(cat.name)) == "my best.safetensors"
    assert "ResNet-20" not in inside._answer(cat) + inside._street(cat)
    assert "model=" in address.write(cat)
    assert network_drawer.weight_choices(cat) == [("your file", OWN)]
    assert "not one of yours" in inside._answer(cat)  # the cat is the app's
    cat.show_picture(Image.new("RGB", (40, 40), "red"))
    assert "not one of yours" not in inside._answer(cat)


def test_no_file_is_called_as_a_network_of_the_zoo() -> None:
    config = ResNetConfig()
    assert zoo.name_of_file("resnet20", config) == "file resnet20"
    assert zoo.name_of_file("resnet20.pth", config) == "resnet20.pth"
    long = zoo.name_of_file("x" * 300 + ".safetensors", config)
    assert len(long) == 60
    assert long.endswith(".safetensors")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ant\nbee\n\n cow ", ["ant", "bee", "cow"]),
        ("ant, bee;cow", ["ant", "bee", "cow"]),
        ("\u8682\u8681\uff0c\u8702\u3001\u725b", ["\u8682\u8681", "\u8702", "\u725b"]),
        ("tench, Tinca tinca\ngoldfish", ["tench, Tinca tinca", "goldfish"]),
        ('["ant", "bee"]', ["ant", "bee"]),
        ('{"1": "bee", "0": "ant"}', ["ant", "bee"]),
        ('{"0": ["n01", "ant"], "1": ["n02", "bee"]}', ["ant", "bee"]),
        ('{"id2label": {"0": "ant"}}', ["ant"]),
        ("ant", ["ant"]),
        ("", []),
    ],
)
def test_names_as_people_write_them(text: str, names: list[str]) -> None:
    assert parse_labels(text) == names


@pytest.mark.parametrize(
    ("text", "count", "names"),
    [
        ("ant, bee\ncow\n", 3, ["ant", "bee", "cow"]),
        ("ant, bee,\ncow, dog", 4, ["ant", "bee", "cow", "dog"]),
        ("tench, Tinca tinca\ngoldfish", 2, ["tench, Tinca tinca", "goldfish"]),
        ("ant, bee\ncow", 5, ["ant, bee", "cow"]),
        ("tench, Tinca", 1, ["tench", "Tinca"]),
    ],
)
def test_lines_with_commas_are_as_many_names_as_are_wanted(text: str, count: int, names: list[str]) -> None:
    assert parse_labels(text, count) == names


@pytest.mark.parametrize("text", ["[1, 2]", "{}}", '{"a": "b"}', "[" * 5000])
def test_what_is_no_list_of_names(text: str, sentence: Callable[[BaseException], str]) -> None:
    with pytest.raises(InputError) as error:
        parse_labels(text)
    sentence(error.value)


def test_classes_are_named(cat: Session, tmp_path: Path) -> None:
    cat.use_file(weights.save(zoo.load("resnet20"), tmp_path / "own.pth"))
    before = cat.seen.target
    named(cat.network, parse_labels(", ".join("abcdefghij")))
    assert cat.labels == tuple("abcdefghij")
    assert cat.domain.name == "unknown"
    assert f'data-target="{before}" aria-pressed="true">{"abcdefghij"[before]}<' in inside._evidence(cat)
    assert f"target={'abcdefghij'[before]}" in address.write(cat)
    assert "made for other classes" in network_drawer._facts(cat)
    with pytest.raises(InputError, match="10 classes, and 2 names"):
        named(cat.network, ["a", "b"])
