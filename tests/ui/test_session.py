"""What one visitor owns, and what all share. How a visit is kept: `test_visits`; the address: `test_address`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.lab.interventions import BranchScales
from resnet_demo.models import weights, zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.ui import session as sessions
from resnet_demo.ui import store
from resnet_demo.ui.bounds import check_size
from resnet_demo.ui.captions.findings import spread
from resnet_demo.ui.session import MAX_SEED, OWN, Session
from resnet_demo.ui.store import RANDOM, TRAINED, ExpiringCache

NASTY = """<img src=x onerror="alert('1')">"""
ODD_NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, 1e9, 1e300, 2.5, "3", "abc", True, None, [1], {"a": 1}]


# What a session looks at


def test_the_class_follows_the_answer_until_one_is_chosen(session: Session) -> None:
    def answer() -> int:
        return int(session.seen.logits.argmax())

    answers = set()
    for seed in range(12):  # networks that disagree
        session.use_network("resnet8", RANDOM, seed)
        assert session.target == answer()
        answers.add(answer())
    assert len(answers) > 1
    chosen = (answer() + 1) % 10
    session.explain(chosen)
    for seed in range(12):
        session.use_network("plain8", RANDOM, seed)
        assert session.target == chosen
    session.show_picture(Image.new("RGB", (32, 32), "red"))
    assert session.target == answer()


def test_cuts_go_along_to_networks_that_have_such_blocks(session: Session) -> None:
    session.use_network("resnet14", RANDOM)
    for name in ("layer1.1", "layer2.0", "layer3.1"):
        session.cut_or_mend(name)
    session.cut_or_mend("layer3.1")
    session.turn(0.5, 1)
    session.use_network("plain14", RANDOM)
    assert (session.cut, session.dials) == ({"layer1.1", "layer2.0"}, BranchScales(0.5, 1.0))
    session.use_network("resnet8", RANDOM)
    assert session.cut == {"layer2.0"}
    session.mend()
    assert (session.cut, session.dials) == (set(), BranchScales())


def test_spread_is_the_share_that_holds_half_of_the_evidence() -> None:
    assert spread(torch.tensor([[8.0, 1.0], [1.0, -50.0]])) == 0.25
    assert spread(torch.ones(4, 4)) == 0.5
    assert spread(-torch.ones(4, 4)) is None
    assert spread(torch.zeros(4, 4)) is None


# What is kept, and how long


class TestExpiringCache:
    def test_holds_no_more_than_it_may(self) -> None:
        cache: ExpiringCache[str] = ExpiringCache(most=3)
        for letter in "abcde":
            cache.put(letter, letter.upper())
        assert [cache.get(letter) for letter in "abcde"] == [None, None, "C", "D", "E"]

    def test_what_was_used_stays_longer(self) -> None:
        cache: ExpiringCache[str] = ExpiringCache(most=2)
        cache.put("a", "A")
        cache.put("b", "B")
        assert cache.get("a") == "A"
        cache.put("c", "C")
        assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")

    def test_what_was_put_again_is_new(self) -> None:
        cache: ExpiringCache[str] = ExpiringCache(most=2)
        for key, thing in (("a", "A"), ("b", "B"), ("a", "A2"), ("c", "C")):
            cache.put(key, thing)
        assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A2", None, "C")

    def test_forgets_what_rests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = SimpleNamespace(now=1000.0)
        monkeypatch.setattr(store, "time", SimpleNamespace(monotonic=lambda: clock.now))
        cache: ExpiringCache[str] = ExpiringCache(most=10, seconds=60)
        cache.put("a", "A")
        cache.put("b", "B")
        clock.now += 50
        assert cache.get("a") == "A"  # and is young again
        clock.now += 50
        assert cache.get("b") is None
        assert cache.get("a") == "A"
        clock.now += 61
        assert cache.get("a") is None

    def test_weighs_what_it_holds(self) -> None:
        cache: ExpiringCache[int] = ExpiringCache(most=10, weigh=float)
        for key, weight in (("a", 4), ("b", 5), ("c", 3)):
            cache.put(key, weight)
        assert [cache.get(key) for key in "abc"] == [None, 5, 3]
        cache.put("d", 99)  # too heavy for any company, but the last thing stays
        assert [cache.get(key) for key in "bcd"] == [None, None, 99]

    def test_drop(self) -> None:
        cache: ExpiringCache[str] = ExpiringCache(most=2)
        cache.put("a", "A")
        cache.drop("a")
        cache.drop("never there")
        assert cache.get("a") is None

    def test_many_threads(self) -> None:
        cache: ExpiringCache[int] = ExpiringCache(most=8)

        def work(number: int) -> None:
            for turn in range(500):
                cache.put((number, turn % 5), turn)
                cache.get((number, (turn + 1) % 5))
                cache.drop((number, (turn + 2) % 5))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(cache._things) <= 8


# One forward pass


def test_only_a_picture_or_a_network_costs_a_forward_pass(
    session: Session, picture: Image.Image, forwards: list[str]
) -> None:
    before = session.forward_passes
    for block in ("layer1.0", "layer3.0", "layer2.0"):
        session.open_block(block)
    for channel in (0, 5):
        session.open_channel(channel)
    for target in (3, 9, 9, 0):
        session.explain(target)
    session.predictions()
    session.familiarity()
    assert session.seen.target == 0
    assert session.opened.name == "layer2.0"
    assert (forwards, session.forward_passes) == ([], before)
    session.show_picture(picture)
    assert (len(forwards), session.forward_passes) == (1, before + 1)
    session.use_network("plain8", RANDOM)
    assert (len(forwards), session.forward_passes) == (2, before + 2)


def test_another_class_means_other_gradients_of_the_same_pass(session: Session, picture: Image.Image) -> None:
    session.explain(4)
    expected = trace_blocks(session.network, CIFAR10.to_input(picture), 4)
    for mine, fresh in zip(session.seen.blocks, expected.blocks, strict=True):
        assert torch.equal(mine.output, fresh.output)
        assert torch.allclose(mine.gradients["total"], fresh.gradients["total"], atol=1e-7)


def test_a_trace_that_made_place_is_made_again(session: Session, forwards: list[str]) -> None:
    session.explain(6)
    before = session.seen
    sessions._traces.drop(session.key)
    again = session.seen
    assert again is not before
    assert again.target == 6
    assert torch.equal(again.logits, before.logits)
    assert torch.equal(again.blocks[1].gradients["total"], before.blocks[1].gradients["total"])
    assert session.seen is again
    assert len(forwards) == 1


def test_what_fails_changes_nothing(session: Session, tmp_path: Path) -> None:
    def state() -> tuple[Any, ...]:
        return (
            session.name,
            session.weights,
            session.seed,
            session.network,
            session.own,
            session.trace,
            session.block,
            session.channel,
            session.picture,
        )

    session.open_channel(3)
    before = state()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x00" * 100)
    for attempt in (
        lambda: session.use_network("resnet9", RANDOM),
        lambda: session.use_network("resnet8", TRAINED),  # there are none
        lambda: session.use_network("resnet8", "borrowed"),
        lambda: session.use_network("resnet8", RANDOM, -1),
        lambda: session.use_network("resnet8", RANDOM, MAX_SEED + 1),
        lambda: session.use_file(broken),
        lambda: session.open_block("layer9.9"),
        lambda: session.open_channel(32),  # layer2 has 0 to 31
        lambda: session.explain(10),
    ):
        with pytest.raises(InputError):
            attempt()
        assert state() == before


def test_a_network_keeps_the_question(session: Session) -> None:
    session.explain(7)
    session.open_block("layer3.0")
    session.use_network("plain8", RANDOM)
    assert (session.seen.target, session.block) == (7, "layer3.0")  # same classes, same blocks
    session.use_network("resnet20", RANDOM)
    session.open_block("layer3.2")
    session.use_network("resnet8", RANDOM)
    assert session.block == "layer2.0"  # layer3.2 is not there: one that is


def test_networks_are_shared_and_seeds_are_not() -> None:
    assert store.shared_network("resnet8", RANDOM, 1) is store.shared_network("resnet8", RANDOM, 1)
    assert store.shared_network("resnet8", RANDOM, 1) is not store.shared_network("resnet8", RANDOM, 2)
    model = store.shared_network("resnet8", RANDOM, 1)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_sixteen_visitors_load_one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    build = zoo.build
    monkeypatch.setattr(zoo, "build", lambda *args: built.append(1) or build(*args))
    together = threading.Barrier(16)

    def load(_: int) -> ResNet:
        together.wait()
        return store.shared_network("resnet14", RANDOM, 4711)

    with ThreadPoolExecutor(16) as pool:
        models = set(map(id, pool.map(load, range(16))))
    assert (len(models), len(built)) == (1, 1)


def test_a_network_has_one_lock_while_it_is_loaded() -> None:
    """Two who ask at once must not each make a lock of their own, and load the network twice."""
    together = threading.Barrier(16)

    def lock(_: int) -> threading.Lock:
        together.wait()
        return store._lock_of(("resnet14", RANDOM, 4712))

    with ThreadPoolExecutor(16) as pool:
        assert len(set(map(id, list(pool.map(lock, range(16)))))) == 1
    assert ("resnet14", RANDOM, 4712) not in store._loading  # nobody waits any more


def test_nothing_to_see_yet() -> None:
    session = Session()
    for look in (lambda: session.seen, lambda: session.opened, session.predictions, lambda: session.explain(0)):
        with pytest.raises(InputError, match="There is no picture yet"):
            look()
    assert session.target is None


def test_the_twin_keeps_weights_and_seed_where_it_can(session: Session) -> None:
    session.use_network("resnet14", RANDOM, 7)
    session.use_network("plain14", session.weights, session.seed)
    assert (session.name, session.weights, session.seed) == ("plain14", RANDOM, 7)


def test_a_page_refuses_a_network_that_would_hold_everybody_up(session: Session) -> None:
    with pytest.raises(InputError, match=r"at most 60 blocks, this one has 600"):
        session.use_network("resnet1202", RANDOM)
    assert session.name == "resnet8"


def test_a_page_refuses_a_network_whose_values_would_fill_the_memory(
    session: Session, tmp_path: Path, forwards: list[str], sentence: Callable[[BaseException], str]
) -> None:
    """A small file can say that its network looks at large pictures."""
    model = ResNet(ResNetConfig((3, 3), (64, 64)), seed=0)
    model.domain = replace(CIFAR10, size=512, resize=512)
    path = weights.save(model, tmp_path / "large.safetensors")
    assert path.stat().st_size < 2_000_000
    with pytest.raises(InputError, match=r"at most 1000 MB; in this one it takes \d{4} MB") as error:
        session.use_file(path)
    sentence(error.value)
    assert (session.name, session.own, forwards) == ("resnet8", None, [])
    for name in zoo.names():
        entry = zoo.network(name)
        check_size(entry.config, 224 if entry.family == "imagenet" else 32)


def test_an_uploaded_network_can_be_left_and_taken_up_again(session: Session, tmp_path: Path) -> None:
    path = weights.save(ResNet(ResNetConfig.cifar(14), seed=5), tmp_path / "mine.safetensors")
    session.use_file(path)
    own = session.seen.logits
    session.use_network("resnet14", RANDOM, 0)
    assert not torch.equal(session.seen.logits, own)
    session.use_own()
    assert (session.name, session.weights) == ("mine.safetensors", OWN)
    assert torch.equal(session.seen.logits, own)


# The language


def test_a_language_is_one_of_ours(session: Session) -> None:
    session.speak("zh")
    assert session.titles[3] == "猫"
    assert [p.label for p in session.answers()] == [session.titles[p.index] for p in session.predictions()]
    for wrong in ("de", "", None, 1, ["zh"], NASTY):
        with pytest.raises(InputError, match="The language must be en or zh"):
            session.speak(wrong)
    assert session.language == "zh"
    with pytest.raises(InputError) as error:
        session.use_own()
    assert session.say(error.value.message) == "还没有你自己的网络：请上传一个检查点。"
