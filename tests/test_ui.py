"""The app without a browser: what a visit owns, what its captions say, and the real server over HTTP."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import fake_cifar
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from resnet_demo import ui, weights, zoo
from resnet_demo.assets import asset
from resnet_demo.attribution import METHODS
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.predict import Prediction, classify
from resnet_demo.resnet import ResNet, ResNetConfig
from resnet_demo.trace import POINTS, BlockTrace, Trace, trace_blocks
from resnet_demo.ui import bars, gradcam, parts, session, words
from resnet_demo.ui.session import MAX_SEED, OWN, RANDOM, TRAINED, Shelf, Visit, visit_of, whole_number

NASTY = """<img src=x onerror="alert('1')">"""
ODD_NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, 1e9, 1e300, 2.5, "3", "abc", True, None, [1], {"a": 1}]


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one entry with every forward pass of any network, in any thread."""
    calls: list[str] = []
    forward = ResNet.forward

    def counted(self: ResNet, *args: Any) -> Any:
        calls.append(f"{self.config.depth} layers")
        return forward(self, *args)

    monkeypatch.setattr(ResNet, "forward", counted)
    return calls


@pytest.fixture
def visit(picture: Image.Image) -> Visit:
    """A visit with a small untrained network and a picture."""
    visit = Visit()
    visit.use_network("resnet8", RANDOM)
    visit.show_picture(picture)
    return visit


# What a visit looks at


def test_the_class_follows_the_answer_until_one_is_chosen(visit: Visit) -> None:
    def answer() -> int:
        return int(visit.seen.logits.argmax())

    answers = set()
    for seed in range(12):  # networks that disagree
        visit.use_network("resnet8", RANDOM, seed)
        assert visit.target == answer()
        answers.add(answer())
    assert len(answers) > 1
    chosen = (answer() + 1) % 10
    visit.explain(chosen)
    for seed in range(12):
        visit.use_network("plain8", RANDOM, seed)
        assert visit.target == chosen
    visit.show_picture(Image.new("RGB", (32, 32), "red"))
    assert visit.target == answer()


def test_the_address_leads_back_to_the_view(visit: Visit) -> None:
    visit.use_network("resnet14", RANDOM, 7)
    visit.show_picture(bars.example_picture(visit, "ship"), "ship")
    visit.open_block("layer2.1")
    visit.explain(8)
    again = Visit()
    ui._from_address(again, dict(parse_qsl(ui._address(visit))))
    assert (again.name, again.weights, again.seed, again.block) == ("resnet14", RANDOM, 7, "layer2.1")
    assert again.target == 8
    assert torch.equal(again.seen.image, visit.seen.image)
    assert torch.equal(again.seen.logits, visit.seen.logits)


def test_weights_alone_in_the_address_mean_the_first_network() -> None:
    visit = Visit()
    ui._from_address(visit, {"weights": "random", "seed": "3"})
    assert (visit.name, visit.weights, visit.seed) == ("resnet20", RANDOM, 3)


def test_spread_is_the_share_that_holds_half_of_the_evidence() -> None:
    assert words.spread(torch.tensor([[8.0, 1.0], [1.0, -50.0]])) == 0.25
    assert words.spread(torch.ones(4, 4)) == 0.5
    assert words.spread(-torch.ones(4, 4)) is None
    assert words.spread(torch.zeros(4, 4)) is None


# What is kept, and how long


class TestShelf:
    def test_holds_no_more_than_it_may(self) -> None:
        shelf: Shelf[str] = Shelf(most=3)
        for letter in "abcde":
            shelf.put(letter, letter.upper())
        assert [shelf.get(letter) for letter in "abcde"] == [None, None, "C", "D", "E"]

    def test_what_was_used_stays_longer(self) -> None:
        shelf: Shelf[str] = Shelf(most=2)
        shelf.put("a", "A")
        shelf.put("b", "B")
        assert shelf.get("a") == "A"
        shelf.put("c", "C")
        assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == ("A", None, "C")

    def test_what_was_put_again_is_new(self) -> None:
        shelf: Shelf[str] = Shelf(most=2)
        for key, thing in (("a", "A"), ("b", "B"), ("a", "A2"), ("c", "C")):
            shelf.put(key, thing)
        assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == ("A2", None, "C")

    def test_forgets_what_rests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = SimpleNamespace(now=1000.0)
        monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: clock.now))
        shelf: Shelf[str] = Shelf(most=10, seconds=60)
        shelf.put("a", "A")
        shelf.put("b", "B")
        clock.now += 50
        assert shelf.get("a") == "A"  # and is young again
        clock.now += 50
        assert shelf.get("b") is None
        assert shelf.get("a") == "A"
        clock.now += 61
        assert shelf.get("a") is None

    def test_weighs_what_it_holds(self) -> None:
        shelf: Shelf[int] = Shelf(most=10, weigh=float)
        for key, weight in (("a", 4), ("b", 5), ("c", 3)):
            shelf.put(key, weight)
        assert [shelf.get(key) for key in "abc"] == [None, 5, 3]
        shelf.put("d", 99)  # too heavy for any company, but the last thing stays
        assert [shelf.get(key) for key in "bcd"] == [None, None, 99]

    def test_drop(self) -> None:
        shelf: Shelf[str] = Shelf(most=2)
        shelf.put("a", "A")
        shelf.drop("a")
        shelf.drop("never there")
        assert shelf.get("a") is None

    def test_many_threads(self) -> None:
        shelf: Shelf[int] = Shelf(most=8)

        def work(number: int) -> None:
            for turn in range(500):
                shelf.put((number, turn % 5), turn)
                shelf.get((number, (turn + 1) % 5))
                shelf.drop((number, (turn + 2) % 5))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(shelf._things) <= 8


def test_a_visit_is_found_by_its_key_until_it_ends() -> None:
    first, second = session.new_visit("browser-a"), session.new_visit("browser-b")
    assert first.key != second.key
    assert len(first.key) >= 32  # nobody guesses it
    assert visit_of(first.key) is first
    session.end_visit("browser-a")
    with pytest.raises(InputError, match=r"put away.*reload the page"):
        visit_of(first.key)
    assert visit_of(second.key) is second
    again = session.new_visit("browser-b")  # the page was loaded again: its first visit is over
    assert visit_of(again.key) is again
    with pytest.raises(InputError):
        visit_of(second.key)
    session.end_visit("browser-b")
    session.end_visit("browser-b")
    session.end_visit(None)


def test_a_client_without_a_key_gets_a_visit_of_its_own() -> None:
    assert visit_of(None) is not visit_of(None)
    for wrong in ("", "guess", "0" * 32):
        with pytest.raises(InputError):
            visit_of(wrong)


class TestWholeNumber:
    @pytest.mark.parametrize("value", [0, 7, 9, 7.0])
    def test_takes(self, value: float) -> None:
        assert whole_number(value, 0, 9, "It") == value
        assert type(whole_number(value, 0, 9, "It")) is int

    @pytest.mark.parametrize("value", [*ODD_NUMBERS, 10, 10**400, -0.5, "x" * 100_000], ids=lambda v: str(v)[:12])
    def test_refuses(self, value: object, sentence: Callable[[BaseException], str]) -> None:
        with pytest.raises(InputError, match=r"It must be a whole number from 0 to 9, not ") as error:
            whole_number(value, 0, 9, "It")
        sentence(error.value)  # short, however long the value


# One forward pass


def test_only_a_picture_or_a_network_costs_a_forward_pass(
    visit: Visit, picture: Image.Image, forwards: list[str]
) -> None:
    before = visit.forward_passes
    for block in ("layer1.0", "layer3.0", "layer2.0"):
        visit.open_block(block)
    for channel in (0, 5):
        visit.open_channel(channel)
    for target in (3, 9, 9, 0):
        visit.explain(target)
    visit.predictions()
    visit.familiarity()
    assert visit.seen.target == 0
    assert visit.opened.name == "layer2.0"
    assert (forwards, visit.forward_passes) == ([], before)
    visit.show_picture(picture)
    assert (len(forwards), visit.forward_passes) == (1, before + 1)
    visit.use_network("plain8", RANDOM)
    assert (len(forwards), visit.forward_passes) == (2, before + 2)


def test_another_class_means_other_gradients_of_the_same_pass(visit: Visit, picture: Image.Image) -> None:
    visit.explain(4)
    expected = trace_blocks(visit.network, CIFAR10.to_input(picture), 4)
    for mine, fresh in zip(visit.seen.blocks, expected.blocks, strict=True):
        assert torch.equal(mine.output, fresh.output)
        assert torch.allclose(mine.gradients["total"], fresh.gradients["total"], atol=1e-7)


def test_a_trace_that_made_place_is_made_again(visit: Visit, forwards: list[str]) -> None:
    visit.explain(6)
    before = visit.seen
    session._traces.drop(visit.key)
    again = visit.seen
    assert again is not before
    assert again.target == 6
    assert torch.equal(again.logits, before.logits)
    assert torch.equal(again.blocks[1].gradients["total"], before.blocks[1].gradients["total"])
    assert visit.seen is again
    assert len(forwards) == 1


def test_what_fails_changes_nothing(visit: Visit, tmp_path: Path) -> None:
    def state() -> tuple[Any, ...]:
        return (
            visit.name,
            visit.weights,
            visit.seed,
            visit.model,
            visit.trace,
            visit.block,
            visit.channel,
            visit.picture,
        )

    visit.open_channel(3)
    before = state()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x00" * 100)
    for attempt in (
        lambda: visit.use_network("resnet9", RANDOM),
        lambda: visit.use_network("resnet8", TRAINED),  # there are none
        lambda: visit.use_network("resnet8", "borrowed"),
        lambda: visit.use_network("resnet8", RANDOM, -1),
        lambda: visit.use_network("resnet8", RANDOM, MAX_SEED + 1),
        lambda: visit.use_file(broken),
        lambda: visit.open_block("layer9.9"),
        lambda: visit.open_channel(32),  # layer2 has 0 to 31
        lambda: visit.explain(10),
    ):
        with pytest.raises(InputError):
            attempt()
        assert state() == before


def test_a_network_keeps_the_question(visit: Visit) -> None:
    visit.explain(7)
    visit.open_block("layer3.0")
    visit.use_network("plain8", RANDOM)
    assert (visit.seen.target, visit.block) == (7, "layer3.0")  # same classes, same blocks
    visit.use_network("resnet20", RANDOM)
    visit.open_block("layer3.2")
    visit.use_network("resnet8", RANDOM)
    assert visit.block == "layer2.0"  # layer3.2 is not there: one that is


def test_networks_are_shared_and_seeds_are_not() -> None:
    assert session.shared_network("resnet8", RANDOM, 1) is session.shared_network("resnet8", RANDOM, 1)
    assert session.shared_network("resnet8", RANDOM, 1) is not session.shared_network("resnet8", RANDOM, 2)
    model = session.shared_network("resnet8", RANDOM, 1)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_sixteen_visitors_load_one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    build = zoo.build
    monkeypatch.setattr(zoo, "build", lambda *args: built.append(1) or build(*args))
    together = threading.Barrier(16)

    def load(_: int) -> ResNet:
        together.wait()
        return session.shared_network("resnet14", RANDOM, 4711)

    with ThreadPoolExecutor(16) as pool:
        models = set(map(id, pool.map(load, range(16))))
    assert (len(models), len(built)) == (1, 1)


def test_nothing_to_see_yet() -> None:
    visit = Visit()
    for look in (lambda: visit.seen, lambda: visit.opened, visit.predictions, lambda: visit.explain(0)):
        with pytest.raises(InputError, match="There is no picture yet"):
            look()
    assert visit.target is None


# The address


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("resnet20", TRAINED, "layer1.1")),
        ({"model": "plain20", "block": "layer2.1"}, ("plain20", TRAINED, "layer2.1")),
        ({"model": "resnet20", "weights": "random"}, ("resnet20", RANDOM, "layer1.1")),
        ({"model": "resnet8", "weights": "trained"}, ("resnet8", RANDOM, "layer2.0")),
    ],
)
def test_address(query: dict[str, str], expected: tuple[str, ...]) -> None:
    visit = Visit()
    ui._from_address(visit, query)
    assert (visit.name, visit.weights, visit.block) == expected
    assert visit.trace is not None


def test_address_picks_class_and_picture() -> None:
    by_name, by_number = Visit(), Visit()
    ui._from_address(by_name, {"target": "frog", "picture": "ship"})
    ui._from_address(by_number, {"target": "6", "picture": "ship"})
    assert by_name.labels[by_name.seen.target] == "frog"
    assert by_number.seen.target == by_name.seen.target
    expected = CIFAR10.to_input(Image.open(asset("examples", "ship.png")).convert("RGB"))
    assert torch.equal(by_name.seen.image, expected)


@pytest.mark.parametrize("wrong", ["model", "block", "target", "picture"])
def test_a_wrong_address_warns_and_begins_anyway(
    wrong: str, monkeypatch: pytest.MonkeyPatch, sentence: Callable[[BaseException], str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(ui.gr, "Warning", lambda text, **_: said.append(text))
    visit = Visit()
    ui._from_address(visit, {wrong: "nonsense-7"})
    assert len(said) == 1
    assert "nonsense-7" in said[0]
    sentence(InputError(said[0]))
    assert (visit.name, visit.weights, visit.block) == ("resnet20", TRAINED, "layer1.1")
    assert visit.trace is not None


# What is offered


def test_examples_exist_for_both_kinds_of_network(picture: Image.Image) -> None:
    visit = Visit()
    visit.use_network("resnet8", RANDOM)
    assert tuple(bars.examples(visit)) == CIFAR10.labels
    for name in (*CIFAR10.labels, bars.first_example(visit)):
        assert min(bars.example_picture(visit, name).size) >= 32
    visit.use_network("resnet18", RANDOM)
    for name in (*bars.PHOTOS, bars.first_example(visit)):
        assert min(bars.example_picture(visit, name).size) >= 200
    for wrong in ("cat", "None", "../../etc/passwd"):
        with pytest.raises(InputError, match="There is no example"):
            bars.example_picture(visit, wrong)


def test_titles_and_weights() -> None:
    assert bars.title("resnet20") == "ResNet-20"
    assert bars.title("plain18-cifar") == "Plain-18 wide"
    visit = Visit()
    visit.use_network("resnet20", TRAINED)
    assert [value for _, value in bars.weight_choices(visit)] == [TRAINED, RANDOM]
    visit.use_network("resnet8", RANDOM)
    assert [value for _, value in bars.weight_choices(visit)] == [RANDOM]
    marked = {name: title for title, name in bars.network_choices(visit)}
    assert marked["resnet20"] == "ResNet-20 · trained"
    assert marked["resnet8"] == "ResNet-8"
    assert marked["resnet50"] == "ResNet-50 · ImageNet"


def test_facts_are_counted() -> None:
    visit = Visit()
    visit.use_network("resnet20", RANDOM, 17)
    facts = bars._facts(visit)
    assert "<b>269,722</b> parameters" in facts
    assert "<b>9</b> blocks" in facts
    assert "seed 17" in facts
    assert "no shortcuts" not in facts
    visit.use_network("plain20", RANDOM)
    assert "no shortcuts" in bars._facts(visit)


# The pages' pieces


def test_answers_are_buttons_and_escaped() -> None:
    rows = parts.answers([Prediction(4, NASTY, 2.0, 0.75), Prediction(0, "cat", 1.0, 0.25)], target=0)
    assert "<img" not in rows
    assert re.findall(r'data-target="(\d+)" aria-pressed="(\w+)"', rows) == [("4", "false"), ("0", "true")]
    assert "width:75.0%" in rows


def test_captions_are_escaped() -> None:
    for piece in (
        parts.figure("<svg/>", NASTY, NASTY, NASTY), parts.note(NASTY), parts.placeholder(NASTY),
        parts.pixels(Image.new("RGB", (1, 1)), NASTY),
        parts.channels(NASTY, torch.ones(1, 2, 3, 3), [0, 1], 0, 1.0, "", NASTY),
    ):  # fmt: skip
        assert "<img src=x" not in piece
        assert "&lt;img src=x" in piece


def test_channel_card_marks_the_chosen_one() -> None:
    card = parts.channels("F(x)", torch.randn(1, 32, 4, 4), list(range(0, 32, 2)), 10, 1.0, "", "n", clickable=True)
    assert 'data-columns="4" data-rows="4"' in card
    assert "left:25.000%;top:25.000%" in card  # 10 is the sixth of those shown: second row, second column
    assert "32 × 4 × 4" in card
    assert "channel 10, enlarged" in card
    card = parts.channels("x", torch.randn(1, 4, 4, 4), [0, 1, 2, 3], None, 1.0, "", "n")
    assert "enlarged" not in card
    assert "rd-pick" not in card
    assert "data-channels" not in card  # its channels are not those of the block's output


# The words


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0, "0 %"), (1e-9, "under 1 %"), (0.0099, "under 1 %"), (0.01, "1 %"), (0.126, "13 %"), (0.99, "99 %"),
        (0.9901, "over 99 %"), (0.999999, "over 99 %"), (1, "100 %"), (1.374, "137 %"),
    ],
)  # fmt: skip
def test_percent(fraction: float, expected: str) -> None:
    assert words.percent(fraction) == expected


def ranked(*pairs: tuple[str, float]) -> list[Prediction]:
    return [Prediction(index, label, 0.0, share) for index, (label, share) in enumerate(pairs)]


def test_answer_is_as_sure_as_the_network() -> None:
    assert words.answer(ranked(("cat", 0.95), ("dog", 0.05)), True) == (
        "The network is nearly certain: cat, with 95 %."
    )
    assert words.answer(ranked(("cat", 0.6), ("dog", 0.3)), True) == "Cat with 60 %; dog is the runner-up with 30 %."
    assert words.answer(ranked(("cat", 0.4), ("dog", 0.3)), True) == "The network wavers: cat with 40 %, dog with 30 %."
    assert "means nothing" in words.answer(ranked(("cat", 0.99), ("dog", 0.01)), False)
    assert "cat" in words.answer(ranked(("cat", 1.0)), True)


def test_familiar_speaks_only_of_the_unlike() -> None:
    assert words.familiar(None, "CIFAR-10") is None
    assert words.familiar(0.05, "CIFAR-10") is None
    assert "98 % of the CIFAR-10 test pictures" in str(words.familiar(0.02, "CIFAR-10"))
    assert "over 99 %" in str(words.familiar(0.001, "CIFAR-10"))


def a_block(f: list[float], s: list[float], kind: str = "identity", name: str = "layer1.0") -> BlockTrace:
    residual, shortcut = torch.tensor(f).view(1, 1, 1, -1), torch.tensor(s).view(1, 1, 1, -1)
    total = residual + shortcut
    x = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2) if kind == "none" else shortcut
    points = dict(zip(POINTS, (x, residual, shortcut, total, total.relu()), strict=True))
    return BlockTrace(name, kind, **points, inside={}, gradients={})


def test_block_caption_reads_its_numbers() -> None:
    # F = (0, 3) at a right angle to the shortcut (10, 0): 30 %, cosine 0.
    text = words.block(a_block([0.0, 3.0], [10.0, 0.0], name="layer2.1"))
    assert text == (
        "Block 2.1 changes what the shortcut carries by 30 %: the shortcut does most of the work. "
        "F(x) is nearly at right angles to it: it adds something new (cosine 0.00)."
    )
    text = words.block(a_block([10.0, 0.0], [10.0, 0.0]))
    assert "by 100 %: both branches matter" in text
    assert "the same way: it amplifies" in text
    assert "(cosine 1.00)" in text
    text = words.block(a_block([-30.0, 0.0], [10.0, 0.0]))
    assert "by 300 %: the residual branch dominates" in text
    assert "it erases" in text
    assert "(cosine -1.00)" in text
    assert "every second pixel" in words.block(a_block([1.0, 0.0], [1.0, 0.0], "padding"))
    assert "1×1 convolution" in words.block(a_block([1.0, 0.0], [1.0, 0.0], "projection"))
    text = words.block(a_block([0.0, 2.0], [0.0, 0.0], "none"))
    assert "from norm 5 to 2" in text  # x = (3, 4)
    assert words.exactness(a_block([1.0, 0.0], [1.0, 0.0])).endswith("is 0.")


def test_street_caption_names_the_extremes() -> None:
    blocks = (
        a_block([1.0, 0.0], [10.0, 0.0], name="layer1.0"),
        a_block([9.0, 0.0], [10.0, 0.0], name="layer1.1"),
        a_block([5.0, 0.0], [10.0, 0.0], name="layer1.2"),
    )
    trace = Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]
    text = words.street(trace)
    assert "Block 1.1 adds most to it (90 % of what the shortcut carries), block 1.0 least (10 %)" in text
    plain = replace(trace, blocks=(a_block([0.0, 20.0], [0.0, 0.0], "none"),))
    assert "1.0 turns ‖x‖ = 5 into ‖F(x)‖ = 20" in words.street(plain)


def test_no_positive_evidence_is_said() -> None:
    nothing, some, against = torch.zeros(2, 2), torch.tensor([[2.0, 1.0], [0.0, -9.0]]), -torch.ones(2, 2)
    text = words.cam({"layer1.0": nothing, "layer1.1": some, "layer2.0": against}, "cat", "layer1.0")
    assert "No positive evidence for “cat” in block 1.0 (2 of 3 blocks have none)" in text
    text = words.cam({"layer1.0": nothing, "layer1.1": some, "layer2.0": torch.ones(2, 2)}, "cat", "layer1.1")
    assert "In block 1.1 half of the evidence for “cat” lies on 25 % of the picture" in text
    assert "in the last block, 2.0, on 50 %" in text
    assert "No positive evidence for “cat”" in words.evidence("cat", False, "layer1.0")
    assert "No positive evidence" not in words.evidence("cat", True, "layer1.0")
    for method in METHODS:
        assert "No positive evidence for “cat”" in words.other_method(method, "cat", 0.0, -1.0, "layer1.0")
        both = words.other_method(method, "cat", 1.0, -1.0, "layer1.0")
        assert "Red places speak for “cat”" in both
        assert "Indigo" in both
        assert "Indigo" not in words.other_method(method, "cat", 1.0, 0.0, "layer1.0")


def test_split_caption_adds_up() -> None:
    text = words.cam_split({"residual": 3.0, "shortcut": -1.0, "total": 2.0}, 1e-7)
    assert "F(x) brought +150 %, the shortcut -50 %" in text
    assert "1e-07" in text
    for total in (0.0, 0.2):  # a share of next to nothing would say nothing
        text = words.cam_split({"residual": 3.0, "shortcut": total - 3.0, "total": total}, 0.0)
        assert "pull against each other: F(x) +3, the shortcut -" in text


def test_pages_say_no_evidence_where_there_is_none(visit: Visit) -> None:
    """Through the page, on a trace whose every gradient speaks against the class."""
    against = tuple(
        replace(block, gradients={point: -torch.ones_like(value) for point, value in block.gradients.items()})
        for block in visit.seen.blocks
    )
    visit.trace = replace(visit.seen, blocks=against)
    with ui.gr.Blocks():
        page, *_ = gradcam.build()
    shown = {component.elem_id: html for component, html in page.render(visit).items()}
    assert "No positive evidence" in shown["strip"]
    assert "(3 of 3 blocks have none)" in shown["strip"]
    assert "No positive evidence" in shown["cam"]
    visit.signed = True
    shown = {component.elem_id: html for component, html in page.render(visit).items()}
    assert shown["strip"].count("no evidence</text>") == 0  # now it shows what speaks against


# The server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real app, served from this process, with a small made-up CIFAR-10 on its disk."""
    patch = pytest.MonkeyPatch()
    data = fake_cifar.write(tmp_path_factory.mktemp("data"), train=10, test=20)
    for name in ("train_list", "test_list", "meta"):
        patch.setattr(fake_cifar.CIFAR10, name, getattr(fake_cifar.CIFAR10, name))
    fake_cifar.trust()
    bars.test_set.cache_clear()
    demo = ui.launch(data_dir=str(data), prevent_thread_lock=True)
    assert demo.local_url
    yield demo.local_url
    demo.close()
    bars.test_set.cache_clear()
    patch.undo()


OUTPUTS = (  # the last eleven values of every answer
    "answers", "overlay", "street", "block", "channel", "grids", "curves", "strip", "cam", "split", "other",
)  # fmt: skip


class Guest:
    """A visitor who comes by way of the API."""

    def __init__(self, address: str, client: Client | None = None) -> None:
        self.client = client or Client(address, verbose=False)
        self.seen: dict[str, Any] = {}

    def ask(self, api_name: str, *values: Any) -> dict[str, Any]:
        """Trigger an event; returns the answer as data, and keeps what the pages show in `seen`."""
        result = self.client.predict(*values, api_name=f"/{api_name}")
        self.seen = dict(zip(OUTPUTS, result[-len(OUTPUTS) :], strict=True))
        assert isinstance(result[0], dict), result[0]
        return result[0]

    def refused(self, api_name: str, *values: Any) -> str:
        with pytest.raises(AppError) as error:
            self.client.predict(*values, api_name=f"/{api_name}")
        return str(error.value)

    def refused_raw(self, api_name: str, value: Any) -> str:
        """As `refused`, for values that gradio's client does not send, since no strict JSON holds them."""
        (index,) = (i for i, e in self.client.endpoints.items() if e.api_name == f"/{api_name}")
        session_hash = {"session_hash": self.client.session_hash}
        queue = f"{self.client.src}gradio_api/queue/"
        asked = {"data": [None, value], "fn_index": index, **session_hash}
        httpx.post(queue + "join", content=json.dumps(asked), headers={"Content-Type": "application/json"})
        with httpx.stream(
            "GET", queue + "data", params={"session_hash": self.client.session_hash}, timeout=60
        ) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    assert message["success"] is False
                    return message["output"]["error"]
        raise AssertionError("The server said nothing.")


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def guest(address: str, client: Client) -> Guest:
    """Somebody who has just come in: `start` ends the visit before."""
    guest = Guest(address, client)
    guest.ask("start")
    return guest


def save_png(path: Path, picture: Image.Image) -> Any:
    picture.save(path)
    return handle_file(str(path))


def test_every_event_has_a_name(guest: Guest) -> None:
    offered = {
        endpoint.api_name
        for endpoint in guest.client.endpoints.values()
        if endpoint.api_visibility == "public"  # pyright: ignore
    }
    assert offered == {f"/{name}" for name in (
        "start", "classify", "example", "random_picture", "network", "twin", "weights", "seed", "upload_weights",
        "target", "block", "channel", "sign", "attribute", "classify_target", "inside_block", "inside_channel",
        "gradcam_block", "page_classify", "page_inside", "page_gradcam",
    )}  # fmt: skip


def test_first_visit_is_answered(guest: Guest) -> None:
    said = guest.ask("start")
    expected = classify(zoo.load("resnet20"), asset("examples", "cat.png"))
    assert (said["model"], said["weights"], said["block"]) == ("resnet20", TRAINED, "layer1.1")
    assert [p["label"] for p in said["predictions"]] == [p.label for p in expected]
    assert said["predictions"][0]["probability"] == pytest.approx(expected[0].probability, abs=1e-5)
    assert said["target"] == expected[0].label
    assert expected[0].label in guest.seen["answers"]
    assert "<svg" in guest.seen["overlay"]


def test_classify_is_the_librarys_answer(guest: Guest, picture: Image.Image, tmp_path: Path) -> None:
    said = guest.ask("classify", save_png(tmp_path / "mine.png", picture))
    expected = classify(zoo.load("resnet20"), picture)
    assert [p["label"] for p in said["predictions"]] == [p.label for p in expected]
    for mine, library in zip(said["predictions"], expected, strict=True):
        assert mine["probability"] == pytest.approx(library.probability, abs=1e-5)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    in_address = {
        "url": "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode(),
        "meta": {"_type": "gradio.FileData"},
    }
    assert guest.ask("classify", in_address)["predictions"] == said["predictions"]


def test_everything_a_person_can_do(guest: Guest, tmp_path: Path, forwards: list[str]) -> None:
    """Every named event once, in one visit, with what it is to bring about."""
    said = guest.ask("example", "frog")
    assert len(forwards) == 1
    assert said["predictions"][0]["label"] == classify(zoo.load("resnet20"), asset("examples", "frog.png"))[0].label
    forwards.clear()

    # None of these runs the network.
    assert guest.ask("target", 8)["target"] == "ship"
    assert "“ship”" in guest.seen["overlay"]
    assert guest.ask("classify_target", 2)["target"] == "bird"
    assert guest.ask("page_inside")["target"] == "bird"
    assert "data-block" in guest.seen["street"]
    assert guest.ask("block", "layer3.2")["block"] == "layer3.2"
    assert "Block 3.2" in guest.seen["block"]
    assert guest.ask("inside_block", "layer2.0")["block"] == "layer2.0"
    guest.ask("channel", 11)
    assert "Channel 11 enlarged" in guest.seen["grids"]
    guest.ask("inside_channel", 30)
    assert "Channel 30 enlarged" in guest.seen["grids"]
    guest.ask("page_gradcam")
    assert guest.seen["strip"].count("data-block") == 9
    assert guest.ask("gradcam_block", "layer1.0")["block"] == "layer1.0"
    assert "Block 1.0" in guest.seen["cam"]
    guest.ask("sign", "signed")
    positive = guest.seen["cam"]
    guest.ask("sign", "positive")
    assert positive != guest.seen["cam"] or "No positive" not in positive
    assert guest.ask("page_classify")["target"] == "bird"
    assert forwards == []

    # These do.
    guest.ask("page_gradcam")
    for method in METHODS:
        guest.ask("attribute", method)
        assert "<svg" in guest.seen["other"]
        assert len(forwards) >= 1
        forwards.clear()
    assert guest.ask("twin")["model"] == "plain20"
    assert len(forwards) == 1
    assert "only one branch" in guest.seen["split"]
    said = guest.ask("network", "resnet8")
    assert (said["model"], said["weights"]) == ("resnet8", RANDOM)
    first = guest.ask("seed", 1)["predictions"]
    assert guest.ask("seed", 2)["predictions"] != first
    assert guest.ask("seed", 1)["predictions"] == first
    guest.ask("network", "resnet20")
    assert guest.ask("weights", RANDOM)["weights"] == RANDOM
    assert guest.ask("weights", TRAINED)["weights"] == TRAINED
    guest.ask("random_picture")

    own = zoo.build("resnet14", seed=3)
    own.domain = replace(CIFAR10, labels=tuple(f"thing {index}" for index in range(10)))
    path = weights.save(own, tmp_path / "own.safetensors")
    said = guest.ask("upload_weights", handle_file(str(path)))
    assert (said["model"], said["weights"]) == ("resnet14", OWN)
    assert said["predictions"][0]["label"].startswith("thing")
    assert guest.ask("network", "resnet20")["weights"] == TRAINED


def test_labels_of_an_uploaded_network_stay_text(guest: Guest, tmp_path: Path) -> None:
    own = ResNet(ResNetConfig((1, 1, 1), (4, 8, 16)), seed=0)
    own.domain = replace(CIFAR10, name=NASTY, labels=tuple(f"{NASTY}{index}" for index in range(10)))
    own.provenance = {"energy_percentiles": [100.0] * 100}  # every picture is unlike the training pictures
    guest.ask("upload_weights", handle_file(str(weights.save(own, tmp_path / "own.safetensors"))))
    shown = dict(guest.seen)
    for page in ("page_inside", "page_gradcam"):
        guest.ask(page)
        shown |= {name: html for name, html in guest.seen.items() if isinstance(html, str)}
    guest.ask("attribute", "Saliency")
    shown |= {name: html for name, html in guest.seen.items() if isinstance(html, str)}
    assert "&lt;img src=x" in shown["answers"]
    assert "Unlike its training pictures" in shown["answers"]
    for name in ("answers", "overlay", "street", "block", "grids", "curves", "strip", "cam", "split", "other"):
        assert isinstance(shown[name], str), name
        assert "<img src=x" not in shown[name], name


# What cannot be used


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims so many pixels, with a correct checksum and almost no data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


BAD_PICTURES = {
    "not an image": (lambda: b"These are words, not a picture. " * 40, "bad.png", "cannot? be read|is not a picture"),
    "truncated": (lambda: encoded(noise(64, 64), "PNG")[:3000], "bad.png", "damaged"),
    "truncated JPEG": (lambda: encoded(noise(64, 64), "JPEG")[:900], "bad.jpg", "damaged"),
    "zero bytes": (lambda: b"", "bad.png", "is not a picture|empty"),
    "TIFF": (lambda: encoded(noise(64, 64), "TIFF"), "bad.tiff", "use JPEG, PNG"),
    "TIFF called PNG": (lambda: encoded(noise(64, 64), "TIFF"), "bad.png", "use JPEG, PNG"),
    "1x1": (lambda: encoded(noise(1, 1), "PNG"), "bad.png", "1 x 1 pixels"),
    "30000x1": (lambda: encoded(noise(30000, 1), "PNG"), "bad.png", "30000 x 1 pixels"),
    "30000x10": (lambda: encoded(noise(30000, 10), "PNG"), "bad.png", "at most 20 times"),
    "bomb": (lambda: bomb(60_000, 60_000), "bad.png", "too large|megapixels"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_bad_picture_gets_one_sentence(
    case: str, guest: Guest, tmp_path: Path, sentence: Callable[[BaseException], str]
) -> None:
    make, name, expected = BAD_PICTURES[case]
    before = guest.ask("page_classify")
    path = tmp_path / name
    path.write_bytes(make())
    said = guest.refused("classify", handle_file(str(path)))
    sentence(AppError(said))
    assert re.search(expected, said), said
    assert guest.ask("page_classify") == before  # the app goes on with what it had


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,@@@@", "data:image/png;base64,", "data:,hello", "data:image/png;base64,aGVsbG8gd29ybGQ="],
)
def test_bad_data_address_gets_one_sentence(url: str, guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    said = guest.refused("classify", {"url": url, "meta": {"_type": "gradio.FileData"}})
    sentence(AppError(said))
    assert "picture" in said
    assert guest.ask("page_classify")["predictions"]


def test_no_picture_gets_one_sentence(guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    sentence(AppError(guest.refused("classify", None)))
    assert guest.ask("page_classify")["predictions"]


@pytest.mark.parametrize("api_name", ["target", "classify_target", "channel", "inside_channel", "seed"])
def test_odd_numbers_get_one_sentence(api_name: str, guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    before = guest.ask("page_inside")
    for value in ODD_NUMBERS:
        if api_name == "seed" and value == 1e9:
            continue  # a good seed
        strict = not isinstance(value, float) or math.isfinite(value)
        said = guest.refused(api_name, value) if strict else guest.refused_raw(api_name, value)
        sentence(AppError(said))
        assert "must be a whole number from 0 to " in said, (value, said)
    assert guest.ask("page_inside") == before


@pytest.mark.parametrize(
    ("api_name", "values", "expected"),
    [
        ("network", ("resnet9", "resnet", "", None, 7, NASTY, ["resnet20"]), "There is no network"),
        ("weights", ("stolen", "", None, 3, "/etc/passwd"), "Weights are 'trained' or 'random'"),
        ("block", ("layer9.0", "", None, 4, "layer1", ["layer1.0"]), "There is no block"),
        ("inside_block", ("layer9.0", None, {"a": 1}), "There is no block"),
        ("gradcam_block", ("layer9.0", None), "There is no block"),
        ("example", ("unicorn", "../weights/resnet20", None, 3), "There is no example"),
        ("sign", ("both", None, 1, ["signed"]), "The evidence is shown 'positive' or 'signed'"),
        ("attribute", ("Guess", None, 1, "__class__"), "There is no method"),
    ],
)
def test_odd_names_get_one_sentence(
    api_name: str, values: tuple[Any, ...], expected: str, guest: Guest, sentence: Callable[[BaseException], str]
) -> None:
    before = guest.ask("page_classify")
    for value in values:
        said = guest.refused(api_name, value)
        sentence(AppError(said))
        assert expected in said, (value, said)
    assert guest.ask("page_classify") == before


def test_bad_checkpoints_get_one_sentence(
    guest: Guest, tmp_path: Path, sentence: Callable[[BaseException], str]
) -> None:
    class Spy:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "executed",)

    before = guest.ask("page_classify")
    model = zoo.build("resnet8", seed=0)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    files: dict[str, Callable[[Path], Any]] = {
        "zero.safetensors": lambda path: path.write_bytes(b""),
        "words.safetensors": lambda path: path.write_bytes(b"these are words"),
        "words.pt": lambda path: path.write_bytes(b"these are words"),
        "spy.pt": lambda path: torch.save({"state_dict": Spy()}, path),
        "other.pt": lambda path: torch.save({"a": torch.ones(2)}, path),
        "missing.pth": lambda path: torch.save({k: v for k, v in state.items() if k != "fc.bias"}, path),
        "nan.th": lambda path: torch.save({**state, "fc.bias": torch.full((10,), float("nan"))}, path),
        "photo.png": lambda path: noise(32, 32).save(path),
        "no.name": lambda path: path.write_bytes(b"?"),
    }
    for name, write in files.items():
        write(tmp_path / name)
        sentence(AppError(guest.refused("upload_weights", handle_file(str(tmp_path / name)))))
    sentence(AppError(guest.refused("upload_weights", None)))
    assert not (tmp_path / "executed").exists()
    assert guest.ask("page_classify") == before


def test_a_bottleneck_network_has_no_twin(guest: Guest, tmp_path: Path) -> None:
    own = ResNet(ResNetConfig((1, 1, 1), (2, 4, 8), "bottleneck", shortcut="B"), seed=0)
    said = guest.ask("upload_weights", handle_file(str(weights.save(own, tmp_path / "own.safetensors"))))
    assert said["weights"] == OWN
    assert "has no plain twin" in guest.refused("twin")
    assert guest.ask("page_classify")["weights"] == OWN
    guest.ask("page_inside")
    guest.ask("block", "layer2.0")
    assert "1×1 projection" in guest.seen["block"]
    visit = Visit()
    visit.use_network("resnet20", TRAINED)
    assert bars._twin(visit)["interactive"] is True
    visit.name = "resnet50"
    assert bars._twin(visit)["interactive"] is False


def test_a_client_that_never_began_is_told_what_to_do(address: str, sentence: Callable[[BaseException], str]) -> None:
    guest = Guest(address)
    for api_name, value in (("target", 3), ("block", "layer1.0"), ("channel", 0), ("attribute", "Saliency")):
        said = guest.refused(api_name, value)
        sentence(AppError(said))
        assert "There is no picture yet" in said
    assert guest.ask("example", "dog")["model"] == "resnet20"  # no `start` needed


def test_a_visit_that_was_put_away_says_so(
    guest: Guest, monkeypatch: pytest.MonkeyPatch, sentence: Callable[[BaseException], str]
) -> None:
    monkeypatch.setattr(session, "_visits", Shelf(most=200, seconds=3600))  # an hour later: they are gone
    for api_name, values in (("page_inside", ()), ("block", ("layer1.0",)), ("example", ("dog",))):
        said = guest.refused(api_name, *values)
        sentence(AppError(said))
        assert "reload the page" in said
    assert guest.ask("start")["predictions"]
    assert guest.ask("page_inside")["block"] == "layer1.1"


def test_two_visitors_never_see_each_others_results(address: str) -> None:
    plans = [("resnet20", "cat", 2), ("plain20", "ship", 7), ("resnet8", "frog", 0), ("plain8", "truck", 9)]
    expected = []
    for name, example, target in plans:
        visit = Visit()
        visit.use_network(name, TRAINED if zoo.bundled_weights(name) else RANDOM)
        visit.show_picture(bars.example_picture(visit, example))
        visit.explain(target)
        expected.append((visit, [p.label for p in visit.predictions()]))
    guests = [Guest(address) for _ in plans]
    together = threading.Barrier(len(plans))

    def work(index: int) -> int:
        (name, example, target), guest = plans[index], guests[index]
        visit, labels = expected[index]
        right = 0
        together.wait()
        guest.ask("network", name)
        guest.ask("example", example)
        for turn in range(6):
            block = visit.seen.blocks[turn % 3].name
            guest.ask("target", target)
            said = guest.ask("block", block)
            assert (said["model"], said["target"], said["block"]) == (name, CIFAR10.labels[target], block)
            assert [p["label"] for p in said["predictions"]] == labels
            for mine, library in zip(said["predictions"], visit.predictions(), strict=True):
                assert mine["probability"] == pytest.approx(library.probability, abs=1e-5)
            right += 1
        return right

    with ThreadPoolExecutor(len(plans)) as pool:
        assert list(pool.map(work, range(len(plans)))) == [6] * len(plans)


def test_result_is_plain_json(guest: Guest) -> None:
    said = guest.ask("page_classify")
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert sum(p["probability"] for p in said["predictions"]) <= 1 + 1e-6
