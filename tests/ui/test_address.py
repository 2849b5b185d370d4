"""The address leads back to what one sees, for the visitor and, as far as it can, for somebody else."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_demo.assets import asset
from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10
from resnet_demo.lab.interventions import BranchScales
from resnet_demo.models import weights
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.ui import address, pictures
from resnet_demo.ui.lesson.state import Lesson
from resnet_demo.ui.pages import learn
from resnet_demo.ui.session import HERE, OWN, Session
from resnet_demo.ui.store import RANDOM, TRAINED
from resnet_demo.ui.trained import Trained


def query_of(session: Session) -> dict[str, str]:
    return address.parse(address.write(session))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notices that an address gave rise to."""
    said: list[str] = []
    monkeypatch.setattr(address.gr, "Warning", lambda text, **_: said.append(text))
    return said


@pytest.fixture
def photo() -> Image.Image:
    """Larger than a network's input, and not square."""
    values = np.random.default_rng(5).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((360, 240), Image.Resampling.BICUBIC)


def test_a_link_to_the_lesson_leads_to_its_networks_within_the_lesson_too(session: Session) -> None:
    for step in ("1", "4"):
        address.follow(session, {"tab": "learn", "step": step})
        assert (session.page, session.name, session.weights) == ("learn", learn.NETWORK, TRAINED)


def test_the_address_leads_back_to_the_view(session: Session) -> None:
    session.use_network("resnet14", RANDOM, 7)
    session.show_picture(pictures.example_picture(session, "ship"), "ship")
    session.open_block("layer2.1")
    session.explain(8)
    session.cut_or_mend("layer1.1")
    session.cut_or_mend("layer3.0")
    session.turn(0.75, 1.1)
    again = Session()
    address.read(again, dict(parse_qsl(address.write(session))))
    assert (again.name, again.weights, again.seed, again.block) == ("resnet14", RANDOM, 7, "layer2.1")
    assert again.target == 8
    assert again.cut == {"layer1.1", "layer3.0"}
    assert again.dials == BranchScales(0.75, 1.1)
    assert torch.equal(again.seen.image, session.seen.image)
    assert torch.equal(again.seen.logits, session.seen.logits)


def test_weights_alone_in_the_address_mean_the_first_network() -> None:
    session = Session()
    address.read(session, {"weights": "random", "seed": "3"})
    assert (session.name, session.weights, session.seed) == ("resnet20", RANDOM, 3)


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
    session = Session()
    address.read(session, query)
    assert (session.name, session.weights, session.block) == expected
    assert session.trace is not None


def test_address_picks_class_and_picture() -> None:
    by_name, by_number = Session(), Session()
    address.read(by_name, {"target": "frog", "picture": "ship"})
    address.read(by_number, {"target": "6", "picture": "ship"})
    assert by_name.labels[by_name.seen.target] == "frog"
    assert by_number.seen.target == by_name.seen.target
    expected = CIFAR10.to_input(Image.open(asset("examples", "ship.png")).convert("RGB"))
    assert torch.equal(by_name.seen.image, expected)


@pytest.mark.parametrize("wrong", ["model", "block", "target", "picture", "cut", "alpha", "lambda"])
def test_a_wrong_address_warns_and_begins_anyway(
    wrong: str, monkeypatch: pytest.MonkeyPatch, sentence: Callable[[BaseException], str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(address.gr, "Warning", lambda text, **_: said.append(text))
    session = Session()
    address.read(session, {wrong: "nonsense-7"})
    assert len(said) == 1
    assert "nonsense-7" in said[0]
    sentence(InputError(said[0]))
    assert (session.name, session.weights, session.block) == ("resnet20", TRAINED, "layer1.1")
    assert session.trace is not None


@pytest.mark.parametrize(
    ("query", "accepted", "spoken", "written"),
    [
        ({}, "en-US,en;q=0.9", "en", None), ({}, "zh-CN,zh;q=0.9", "zh", "zh"), ({"lang": "zh"}, "en", "zh", "zh"),
        ({"lang": "en"}, "zh-CN", "en", "en"), ({"lang": "en"}, "en", "en", None),
    ],
)  # fmt: skip
def test_the_address_keeps_the_language(query: dict[str, str], accepted: str, spoken: str, written: str | None) -> None:
    session = Session()
    address.read(session, query, accepted)
    assert session.language == spoken
    assert dict(parse_qsl(address.write(session))).get("lang") == written


# Back, Forward and a reload: the same session again


def test_what_an_address_does_not_name_is_as_at_the_beginning(session: Session) -> None:
    address.read(session, {"model": "resnet20"})
    before = query_of(session)
    session.cut_or_mend("layer2.0")
    session.turn(0.5, 1.2)
    session.show_both(True)
    session.explain(2)
    session.look_at_moment(session.moments[1])
    session.page = "cut"
    after = query_of(session)
    address.follow(session, before)
    assert (session.cut, session.dials, session.both, session.moment) == (set(), BranchScales(), False, None)
    assert (session.page, session.asked) == ("inside", False)
    assert query_of(session) == before
    address.follow(session, after)
    assert query_of(session) == after
    assert session.asked
    address.follow(session, before)
    assert query_of(session) == before


def test_what_is_there_is_not_made_again(session: Session, photo: Image.Image, forwards: list[str]) -> None:
    address.read(session, {"model": "plain20", "picture": "ship"})
    session.show_picture(photo)
    session.open_block("layer2.1")
    own, before = query_of(session), len(forwards)
    address.follow(session, {**own, "block": "layer3.0", "tab": "gradcam"})
    assert len(forwards) == before
    assert (session.opened.name, session.page) == ("layer3.0", "gradcam")
    address.follow(session, {**own, "picture": "ship"})
    address.follow(session, own)
    assert len(forwards) == before + 2
    assert session.picture is photo


def test_the_class_follows_the_answer_after_an_address_that_names_the_answer(session: Session) -> None:
    address.read(session, {"model": "resnet20", "target": "cat"})  # which is what it answers
    assert not session.asked
    address.follow(session, {"model": "resnet20", "target": "dog"})
    assert session.asked


def test_own_pictures_and_networks_are_in_the_address_of_the_visit(
    session: Session, photo: Image.Image, tmp_path: Path, told: list[str]
) -> None:
    session.show_picture(photo)
    session.show_picture(Image.new("RGB", (40, 40), "red"))
    first, second = ({**query_of(session), "picture": f"own-{number}"} for number in (2, 3))  # 1 is the fixture's
    assert query_of(session) == second
    address.follow(session, first)
    assert session.picture is photo
    session.use_file(weights.save(ResNet(ResNetConfig.cifar(14), seed=5), tmp_path / "mine.safetensors"))
    own = query_of(session)
    assert (own["model"], own["weights"]) == ("mine.safetensors", OWN)
    tested = Dataset("x", torch.zeros(1, 3, 32, 32, dtype=torch.uint8), torch.zeros(1), ("a", "b"))
    film = {0: ResNet(ResNetConfig.cifar(8), seed=6).eval()}
    session.keep("resnet8", Trained(ResNet(ResNetConfig.cifar(8), seed=7).eval(), {}, tested, None, film=film))
    session.use_trained("resnet8", 0)
    here = query_of(session)
    assert (here["weights"], here["epoch"]) == (HERE, "0")
    for view in (own, here, first, own, second, here):
        address.follow(session, view)
        assert query_of(session) == view
    assert told == []


def test_a_reload_keeps_what_no_address_names(session: Session) -> None:
    address.read(session, {"model": "resnet20", "tab": "learn", "step": "4"})
    session.of(Lesson).answered[1] = 2
    session.open_channel(3)
    address.read(session, query_of(session))
    assert (session.of(Lesson).answered, session.of(Lesson).step, session.channel) == ({1: 2}, 4, 3)


# Somebody else


@pytest.mark.parametrize(
    ("query", "sentence_"),
    [
        ({"model": "resnet8", "weights": RANDOM, "picture": "own-3"}, address.PICTURE_MISSING),
        ({"model": "mine.safetensors", "weights": OWN, "picture": "ship", "epoch": "3"}, address.NETWORK_MISSING),
        ({"model": "none of the zoo's", "weights": OWN, "picture": "ship"}, address.NETWORK_MISSING),
        (
            {"model": "resnet8", "weights": HERE, "picture": "own-1", "target": "disc", "block": "layer9.9"},
            address.BOTH_MISSING,
        ),
    ],
)
def test_a_stranger_is_told_in_one_sentence_what_is_not_part_of_a_link(
    query: dict[str, str], sentence_: Any, told: list[str]
) -> None:
    session = Session()
    address.read(session, query)
    assert told == [str(sentence_)]
    assert session.trace is not None
    assert session.weights in (TRAINED, RANDOM)
    assert session.picture_name in ("cat", "ship")


def test_a_copied_link_brings_the_exact_input_along(photo: Image.Image, told: list[str]) -> None:
    mine, yours = Session(), Session()
    mine.use_network("plain20", TRAINED)
    mine.show_picture(photo)
    text = address.exact_input(mine)
    assert 1000 < len(text) < 4500
    assert not set(text) & set("+/=&")
    address.read(yours, {**query_of(mine), "input": text})
    assert torch.equal(yours.seen.image, mine.seen.image)
    assert torch.equal(yours.seen.logits, mine.seen.logits)
    assert yours.seen.target == mine.seen.target
    assert told == []
    assert query_of(yours)["picture"] == "own-1"  # the address itself stays short


def test_large_inputs_and_examples_do_not_travel(session: Session, photo: Image.Image) -> None:
    session.show_picture(pictures.example_picture(session, "ship"), "ship")
    assert address.exact_input(session) == ""
    session.use_network("resnet18", RANDOM)
    session.show_picture(photo)
    assert address.exact_input(session) == ""


def test_damaged_pictures_of_a_link_get_one_sentence(
    photo: Image.Image, told: list[str], sentence: Callable[[BaseException], str]
) -> None:
    def packed(picture: Image.Image, kind: str = "PNG") -> str:
        buffer = io.BytesIO()
        picture.save(buffer, kind)
        return base64.urlsafe_b64encode(buffer.getvalue()).decode()

    good = packed(photo.resize((32, 32)))
    large = packed(Image.new("RGB", (3000, 3000)))
    for wrong in ("", "?", "=", "A", "é" * 40, good[:400], good[:-900], "A" * 8000, "A" * 10**6, large, good[4:],
                  packed(Image.new("RGB", (32, 32)), "BMP"), packed(Image.new("RGB", (4, 4)))):  # fmt: skip
        session = Session()
        told.clear()
        address.read(session, {"input": wrong})
        assert len(told) == 1, wrong[:40]
        sentence(InputError(told[0]))
        assert "The picture in the link is" in told[0]
        assert session.picture_name == "cat"


def test_an_address_is_bounded(sentence: Callable[[BaseException], str]) -> None:
    assert address.parse("?tab=cut&block=layer1.0") == {"tab": "cut", "block": "layer1.0"}
    assert address.parse("") == {}
    for wrong in ("a" * 10**6, "&".join(f"k{i}=1" for i in range(1000)), None, 3, ["tab=cut"], {"tab": "cut"}):
        with pytest.raises(InputError, match="An address") as error:
            address.parse(wrong)
        sentence(error.value)


@pytest.mark.parametrize("crop", ["0.1", "a,b,c", "0.1,0.2", "nan,0,1", "1,2,3,4,5", ","])
def test_a_wrong_square_is_no_harm(crop: str, told: list[str]) -> None:
    session = Session()
    address.read(session, {"crop": crop})
    assert session.trace is not None
    assert len(told) <= 1
