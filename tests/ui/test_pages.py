"""The pages' pieces and their captions, without a server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import pytest
import torch
from PIL import Image

from resnet_demo.data import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.i18n import _, language, sentences
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.attribution import METHODS
from resnet_demo.interpret.trace import POINTS, BlockTrace, Trace
from resnet_demo.lab.interventions import BranchScales
from resnet_demo.models import unlike, zoo
from resnet_demo.models.predict import Prediction
from resnet_demo.models.weights import save
from resnet_demo.ui import address, html, network_drawer, pictures, store
from resnet_demo.ui.captions import classify as of_answers
from resnet_demo.ui.captions import cut as of_cuts
from resnet_demo.ui.captions import gradcam as of_maps
from resnet_demo.ui.captions import inside as of_blocks
from resnet_demo.ui.jobs.run import networks_of
from resnet_demo.ui.lesson.twins import pair_of
from resnet_demo.ui.pages import gradcam, inside
from resnet_demo.ui.session import HERE, Session
from resnet_demo.ui.store import RANDOM, TRAINED
from resnet_demo.ui.trained import Trained

say = language("en")


def said(caption: Callable[..., object]) -> Callable[..., Any]:
    """What a caption says in English; None where it has nothing to say."""
    return lambda *values, **named: None if (found := caption(*values, **named)) is None else say(found)


answered, cut_told, read_map = said(of_answers.answer), said(of_cuts.cut), said(of_maps.other_method)
NASTY = """<img src=x onerror="alert('1')">"""
ODD_NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, 1e9, 1e300, 2.5, "3", "abc", True, None, [1], {"a": 1}]


# What is offered


def test_examples_exist_for_both_kinds_of_network(picture: Image.Image) -> None:
    session = Session()
    session.use_network("resnet8", RANDOM)
    assert tuple(pictures.examples(session)) == CIFAR10.labels
    for name in (*CIFAR10.labels, pictures.first_example(session)):
        assert min(pictures.example_picture(session, name).size) >= 32
    session.use_network("resnet18", RANDOM)
    for name in (*pictures.PHOTOS, pictures.first_example(session)):
        assert min(pictures.example_picture(session, name).size) >= 200
    assert min(pictures.example_picture(session, "cat").size) >= 32  # a link may take a drawing to an ImageNet network
    for wrong in ("dragon", "None", "../../etc/passwd"):
        with pytest.raises(InputError, match="There is no example"):
            pictures.example_picture(session, wrong)


def test_titles_and_weights() -> None:
    assert str(network_drawer.title("resnet20")) == "ResNet-20"
    assert str(network_drawer.title("plain18-cifar")) == "Plain-18 (3×3 stem)"
    session = Session()
    session.use_network("resnet20", TRAINED)
    assert [value for _, value in network_drawer.weight_choices(session)] == [TRAINED, RANDOM]
    session.use_network("resnet8", RANDOM)
    assert [value for _, value in network_drawer.weight_choices(session)] == [RANDOM]


def test_facts_are_counted() -> None:
    session = Session()
    session.use_network("resnet20", RANDOM, 17)
    facts = network_drawer._facts(session)
    assert "<b>269,722</b> parameters" in facts
    assert "<b>9</b> blocks" in facts
    assert "seed 17" in facts
    assert "no shortcuts" not in facts
    session.use_network("plain20", RANDOM)
    assert "no shortcuts" in network_drawer._facts(session)


# The pages' pieces


def test_answers_are_buttons_and_escaped() -> None:
    rows = html.answers([Prediction(4, NASTY, 2.0, 0.75), Prediction(0, "cat", 1.0, 0.25)], target=0)
    assert "<img" not in rows
    assert re.findall(r'data-target="(\d+)" aria-pressed="(\w+)"', rows) == [("4", "false"), ("0", "true")]
    assert "width:75.0%" in rows


def test_captions_are_escaped() -> None:
    for piece in (
        html.figure("<svg/>", NASTY, NASTY, NASTY), html.note(NASTY), html.placeholder(NASTY),
        html.pixels(Image.new("RGB", (1, 1)), NASTY),
        html.channels(NASTY, torch.ones(1, 2, 3, 3), [0, 1], 0, 1.0, "", NASTY),
    ):  # fmt: skip
        assert "<img src=x" not in piece
        assert "&lt;img src=x" in piece


def test_channel_card_marks_the_chosen_one() -> None:
    card = html.channels("F(x)", torch.randn(1, 32, 4, 4), list(range(0, 32, 2)), 10, 1.0, "", "n", clickable=True)
    assert 'data-columns="4" data-rows="4"' in card
    assert "left:25.000%;top:25.000%" in card  # 10 is the sixth of those shown: second row, second column
    assert "32 × 4 × 4" in card
    assert "channel 10, enlarged" in card
    card = html.channels("x", torch.randn(1, 4, 4, 4), [0, 1, 2, 3], None, 1.0, "", "n")
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
    assert say.percent(fraction) == expected


def ranked(*pairs: tuple[str, float]) -> list[Prediction]:
    return [Prediction(index, label, 0.0, share) for index, (label, share) in enumerate(pairs)]


def test_answer_is_as_sure_as_the_network() -> None:
    assert answered(ranked(("cat", 0.95), ("dog", 0.05))) == ("The network is nearly certain: cat, with 95 %.")
    assert answered(ranked(("cat", 0.6), ("dog", 0.3))) == "Cat with 60 %; dog is the runner-up with 30 %."
    assert answered(ranked(("cat", 0.4), ("dog", 0.3))) == "The network wavers: cat with 40 %, dog with 30 %."
    assert "cat" in answered(ranked(("cat", 1.0)))


def test_answer_is_no_surer_than_its_record_on_photographs() -> None:
    sure = ranked(("cat", 0.95), ("dog", 0.05))
    assert "nearly certain" in answered(sure, False, unlike.Record(9, 10, "cat", 2, False))
    poor = answered(sure, False, unlike.Record(8, 10, "cat", 2, False))
    assert poor == "Cat with 95 %, but its record on photographs is not that good."
    assert "record" not in answered(sure, True, unlike.Record(0, 10, "cat", 2, True))


def test_the_note_on_a_picture_is_in_sight_beside_one_on_a_file(session: Session, tmp_path: Path) -> None:
    save(zoo.load("resnet20"), tmp_path / "own.safetensors")
    session.use_file(tmp_path / "own.safetensors")  # the session's picture is noise
    session.network.note = sentences(_("How the file was read."))
    shown = str(inside._answer(session))
    places = [shown.index(words) for words in ("looks like photographs", "How the file was read", "rd-answers")]
    assert places == sorted(places)
    assert "<details" not in shown[: places[0]]


def test_the_note_rests_on_what_was_measured() -> None:
    energies = str(unlike.note(unlike.Unlikeness(0.98, 0.95), "CIFAR-10"))
    assert "98 % of the CIFAR-10 test pictures" in energies
    assert "over 99 %" in str(unlike.note(unlike.Unlikeness(0.999, 0.95), "CIFAR-10"))
    probed = str(unlike.note(unlike.Unlikeness(1.0, 0.0, unlike.Rates(0.125, 0.75))))
    assert "75 % of those that show none of the ten" in probed
    assert "12 % of those that show one" in probed
    assert answered(ranked(("cat", 0.95), ("dog", 0.05)), True).endswith("cat comes first, with 95 %.")


def test_cut_caption_tells_what_was_done_and_what_became_of_it() -> None:
    cat, dog = Prediction(3, "cat", 0.0, 0.95), Prediction(5, "dog", 0.0, 0.6)
    whole = cut_told((), BranchScales(), cat, cat, 0.95, plain=False)
    assert whole.startswith("This is the network as it is: click a block to cut its F")
    assert "taken out" in cut_told((), BranchScales(), cat, cat, 0.95, plain=True)
    assert cut_told({"layer2.1"}, BranchScales(), cat, cat, 0.7, False) == (
        "Without F of block 2.1, it still says cat: 70 % instead of 95 %."
    )
    assert cut_told({"layer2.1"}, BranchScales(), cat, cat, 0.951, False).endswith("it still says cat: 95 % as before.")
    assert cut_told({"layer2.1", "layer1.0"}, BranchScales(0.5, 1.25), cat, dog, 0.003, False) == (
        "Without F of 2 blocks (1.0 and 2.1), with every F(x) multiplied by 0.5 and with every shortcut multiplied "
        "by 1.25, it says dog (60 %); cat went from 95 % to under 1 %."
    )


def test_lens_caption_reads_the_curve() -> None:
    names = ["layer1.0", "layer2.0"]
    assert "from block 2.0 on" in said(of_cuts.lens)(names, [0.1, 0.4, 0.9], "cat", False)
    assert "from block 2.0 on" in said(of_cuts.lens)(names, [0.9, 0.4, 0.9], "cat", False)
    assert "from the stem on" in said(of_cuts.lens)(names, [0.6, 0.7, 0.9], "cat", False)
    assert "is not likelier than all other classes together at the end" in said(of_cuts.lens)(
        names, [0.6, 0.7, 0.3], "cat", False
    )
    assert "never trained to be read like this" in said(of_cuts.lens)(names, [0.1, 0.4, 0.9], "cat", True)


def a_block(f: list[float], s: list[float], kind: str = "identity", name: str = "layer1.0") -> BlockTrace:
    residual, shortcut = torch.tensor(f).view(1, 1, 1, -1), torch.tensor(s).view(1, 1, 1, -1)
    total = residual + shortcut
    x = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2) if kind == "none" else shortcut
    points = dict(zip(POINTS, (x, residual, shortcut, total, total.relu()), strict=True))
    return BlockTrace(name, kind, **points, inside={}, gradients={})


def test_block_caption_reads_its_numbers() -> None:
    # F = (0, 3) at a right angle to the shortcut (10, 0): 30 %, cosine 0.
    text = said(of_blocks.block)(a_block([0.0, 3.0], [10.0, 0.0], name="layer2.1"))
    assert text == (
        "Block 2.1 changes what the shortcut carries by 30 %: the shortcut does most of the work. "
        "F(x) is nearly at right angles to it: it adds something new (cosine 0.00)."
    )
    text = said(of_blocks.block)(a_block([10.0, 0.0], [10.0, 0.0]))
    assert "by 100 %: both branches matter" in text
    assert "partly along it: it amplifies" in text
    assert "(cosine 1.00)" in text
    text = said(of_blocks.block)(a_block([-30.0, 0.0], [10.0, 0.0]))
    assert "by 300 %: the residual branch dominates" in text
    assert "it takes away" in text
    assert "(cosine −1.00)" in text
    assert "every second pixel" in said(of_blocks.block)(a_block([1.0, 0.0], [1.0, 0.0], "padding"))
    assert "1×1 convolution" in said(of_blocks.block)(a_block([1.0, 0.0], [1.0, 0.0], "projection"))
    text = said(of_blocks.block)(a_block([0.0, 2.0], [0.0, 0.0], "none"))
    assert "from norm 5 to 2" in text  # x = (3, 4)
    assert said(of_blocks.exactness)(a_block([1.0, 0.0], [1.0, 0.0])).endswith("is 0.")


def test_street_caption_names_the_extremes() -> None:
    blocks = (
        a_block([1.0, 0.0], [10.0, 0.0], name="layer1.0"),
        a_block([9.0, 0.0], [10.0, 0.0], name="layer1.1"),
        a_block([5.0, 0.0], [10.0, 0.0], name="layer1.2"),
    )
    trace = Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]
    text = said(of_blocks.street)(trace)
    assert "Block 1.1 adds most to what the shortcuts carry (90 % of it), block 1.0 least (10 %)" in text
    plain = replace(trace, blocks=(a_block([0.0, 20.0], [0.0, 0.0], "none"),))
    assert "1.0 turns ‖x‖ = 5 into ‖F(x)‖ = 20" in said(of_blocks.street)(plain)


def test_two_streets_are_compared_by_their_medians() -> None:
    def trace(*shares: float) -> Trace:
        blocks = tuple(a_block([share, 0.0], [1.0, 0.0], name=f"layer1.{i}") for i, share in enumerate(shares))
        return Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]

    read, small, large = said(of_blocks.streets), trace(0.1, 0.2, 9.0), trace(0.5, 0.7, 0.9)
    assert "change less of what passes them: F(x) is 20 % of it, without shortcuts 70 % (medians)" in read(small, large)
    assert "change more of what passes them: F(x) is 70 % of it, without shortcuts 20 % (medians)" in read(large, small)
    assert "With shortcuts and without, F(x) is 20 %" in read(small, small)


def test_a_cut_in_both_networks_is_compared() -> None:
    read, whole = said(of_cuts.cut_both), BranchScales()
    assert "with shortcuts “cat” has 90 %, without 80 %" in read((), whole, "cat", [0.9, 0.8], [0.9, 0.8])
    text = read(("layer1.0",), whole, "cat", [0.9, 0.8], [0.8, 0.1])
    assert text == (
        "Without F of block 1.0, the network with shortcuts keeps more of its answer: “cat” from 90 % to 80 %, without "
        "shortcuts from 80 % to 10 %."
    )
    text = read(("layer1.0",), whole, "cat", [0.9, 0.8], [0.1, 0.7])
    assert "the network without shortcuts keeps more of its answer: “cat” from 80 % to 70 %, with" in text
    assert "both answers move alike" in read(("layer1.0",), whole, "cat", [0.9, 0.8], [0.5, 0.4])


def test_two_pictures_are_compared_by_what_the_blocks_change() -> None:
    def trace(*shares: float) -> Trace:
        blocks = tuple(a_block([share, 0.0], [1.0, 0.0], name=f"layer1.{i}") for i, share in enumerate(shares))
        return Trace(torch.zeros(1), torch.zeros(2), 0, blocks, None)  # pyright: ignore[reportArgumentType]

    read, small, large = said(of_blocks.pictures), trace(0.1, 0.2, 9.0), trace(0.5, 0.7, 0.9)
    text = read(small, large)
    assert "The blocks change picture B more: F(x) is 70 % of what passes them, for picture A 20 % (medians)" in text
    assert "They differ most in block 1.2: 900 % for A, 90 % for B." in text
    text = read(large, small)
    assert "The blocks change picture A more: F(x) is 70 % of what passes them, for picture B 20 % (medians)" in text
    assert "They differ most in block 1.2: 90 % for A, 900 % for B." in text
    text = read(small, small)
    assert "For both pictures, F(x) is 20 % of what passes a block" in text
    assert "differ" not in text


def test_a_cut_is_compared_for_two_pictures() -> None:
    read, whole, cut = said(of_cuts.cut_pictures), BranchScales(), ("layer1.0",)
    cat, dog = of_cuts.Kept("cat", 0.9, 0.8), of_cuts.Kept("dog", 0.8, 0.1)
    assert "as it is: “cat” for picture A (90 %), “dog” for picture B (80 %)" in read((), whole, cat, dog)
    assert read(cut, whole, cat, dog) == (
        "Without F of block 1.0, picture A keeps more of its answer: “cat” from 90 % to 80 %, B’s “dog” from 80 % to "
        "10 %."
    )
    assert "picture B keeps more of its answer: “cat” from 90 % to 80 %, A’s “dog”" in read(cut, whole, dog, cat)
    assert "both answers move alike" in read(cut, whole, cat, of_cuts.Kept("dog", 0.5, 0.4))


def test_the_evidence_in_two_pictures_is_compared() -> None:
    point, wide, nothing = torch.tensor([[4.0, 0.0], [0.0, 0.0]]), torch.ones(2, 2), torch.zeros(2, 2)
    for one, other, expected in (
        (
            2 * point,
            wide,
            "for “cat” is stronger in picture A: in B it adds up to 50 % of that. Half of it lies on 25 % of",
        ),
        (2 * point, wide, "Half of it lies on 25 % of picture A, and on 50 % of picture B."),
        (
            wide,
            2 * point,
            "for “cat” is stronger in picture B: in A it adds up to 50 % of that. Half of it lies on 50 % of",
        ),
        (
            point - 9 * (point == 0),
            wide,
            "adds up to the same in both pictures",
        ),  # what speaks against it is not counted
        (nothing, wide, "Only in picture B"),
        (wide, nothing, "Only in picture A"),
        (nothing, nothing, "In neither picture"),
    ):
        maps = {"layer1.0": wide, "layer2.0": one}, {"layer1.0": wide, "layer2.0": other}
        assert expected in said(of_maps.pictures)(*maps, "cat")


def test_the_evidence_of_both_networks_is_compared() -> None:
    point, wide, nothing = torch.tensor([[4.0, 0.0], [0.0, 0.0]]), torch.ones(2, 2), torch.zeros(2, 2)
    read = said(of_maps.strips)
    for one, other, expected in (
        (point, wide, "With shortcuts the last block’s evidence for “cat” is more concentrated: half of it lies on 25"),
        (wide, point, "Without shortcuts the last block’s evidence for “cat” is more concentrated: half of it lies on"),
        (wide, wide, "In both networks half of the last block’s evidence for “cat” lies on 50 % of the picture"),
        (nothing, wide, "Only the network without shortcuts has positive evidence"),
        (wide, nothing, "Only the network with shortcuts has positive evidence"),
        (nothing, nothing, "neither network has positive evidence for “cat”"),
    ):
        assert expected in read({"layer1.0": wide, "layer2.0": one}, {"layer1.0": wide, "layer2.0": other}, "cat")


def test_no_positive_evidence_is_said() -> None:
    nothing, some, against = torch.zeros(2, 2), torch.tensor([[2.0, 1.0], [0.0, -9.0]]), -torch.ones(2, 2)
    text = said(of_maps.strip)({"layer1.0": nothing, "layer1.1": some, "layer2.0": against}, "cat", "layer1.0")
    assert "There is no positive evidence for “cat” in block 1.0 (2 of 3 blocks have none)" in text
    text = said(of_maps.strip)({"layer1.0": nothing, "layer1.1": some, "layer2.0": torch.ones(2, 2)}, "cat", "layer1.1")
    assert "In block 1.1 half of Grad-CAM’s positive values for “cat” lies on 25 % of the picture" in text
    assert "in the last block, 2.0, on 50 %" in text
    assert "proof" not in text
    last = said(of_maps.strip)({"layer1.1": some, "layer2.0": torch.ones(2, 2)}, "cat", "layer2.0")
    assert "the signed map sums to the logit less its bias" in last  # as tests/interpret proves
    assert "There is no positive evidence for “cat”" in said(of_answers.evidence)("cat", False, "layer1.0")
    assert "There is no positive evidence" not in said(of_answers.evidence)("cat", True, "layer1.0")
    assert "Red places" not in read_map("Saliency", "cat", 1.0, 0.0, "layer1.0")  # it has no sign
    assert "Choose" not in said(of_maps.strip)({"layer1.0": nothing}, "cat", "layer1.0", signed=True)
    for method in set(METHODS) - {"Saliency"}:
        assert "There is no positive evidence for “cat”" in read_map(method, "cat", 0.0, -1.0, "layer1.0")
        both = read_map(method, "cat", 1.0, -1.0, "layer1.0")
        assert "Red places speak for “cat”" in both
        assert "Indigo" in both
        assert "Indigo" not in read_map(method, "cat", 1.0, 0.0, "layer1.0")


def test_split_caption_adds_up() -> None:
    text = said(of_maps.split)({"residual": 3.0, "shortcut": -1.0, "total": 2.0}, 1e-7, "cat")
    assert "speak for “cat” on the whole: 150 % of them from F(x), −50 % from the shortcut. These are shares of" in text
    against = said(of_maps.split)({"residual": -3.0, "shortcut": -1.0, "total": -4.0}, 1e-7, "cat")
    assert "speak against “cat” on the whole: 75 % of them from F(x), 25 %" in against
    assert "1.0·10⁻⁷" in text
    for total in (0.0, 0.2):  # a share of next to nothing would say nothing
        text = said(of_maps.split)({"residual": 3.0, "shortcut": total - 3.0, "total": total}, 0.0, "cat")
        assert "cancel each other: F(x) +3, the shortcut −" in text


def test_pages_say_no_evidence_where_there_is_none(session: Session) -> None:
    """Through the page, on a trace whose every gradient speaks against the class."""
    against = tuple(
        replace(block, gradients={point: -torch.ones_like(value) for point, value in block.gradients.items()})
        for block in session.seen.blocks
    )
    session.trace = replace(session.seen, blocks=against)
    with gr.Blocks():
        page = gradcam.build(None)
    shown = {component.elem_id: html for component, html in page.render(session).items()}
    assert "There is no positive evidence" in shown["strip"]
    assert "(3 of 3 blocks have none)" in shown["strip"]
    assert "There is no positive evidence" in shown["cam"]
    session.of(gradcam.GradCam).signed = True
    shown = {component.elem_id: html for component, html in page.render(session).items()}
    assert shown["strip"].count("no evidence</text>") == 0  # now it shows what speaks against


# Several trainings of one network


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ResNet-8 and its twin come trained from the seeds 0 and 1, ResNet-14 from seed 0 alone."""
    (tmp_path / "weights").mkdir()
    for name, seed in (("resnet8", 0), ("resnet8", 1), ("plain8", 0), ("plain8", 1), ("resnet14", 0)):
        model = zoo.build(name, seed)
        model.provenance = {"seed": seed, "test_accuracy": 0.5 + seed / 8}
        save(model, tmp_path / "weights" / f"{name}{'-seed1' * seed}.safetensors")
    monkeypatch.setattr(zoo, "asset", tmp_path.joinpath)
    monkeypatch.setattr(store, "_networks", store.ExpiringCache(most=10))


@pytest.mark.usefixtures("trainings")
def test_a_network_that_was_trained_several_times_offers_the_choice(session: Session) -> None:
    session.use_network("resnet8", TRAINED)
    offered = network_drawer._training(session)
    assert offered["visible"]
    assert offered["choices"] == [("0", 0), ("1", 1)]
    assert offered["value"] == 0
    assert "50.00 %" in network_drawer._facts(session)
    assert "2 seeds: 50.00 to 62.50 %" in network_drawer._facts(session)
    before = session.seen.logits
    session.use_network("resnet8", TRAINED, 1)
    assert network_drawer._training(session)["value"] == 1
    assert "<b>62.50 %</b>" in network_drawer._facts(session)
    assert not torch.equal(session.seen.logits, before)
    assert session.twin == ("plain8", TRAINED)
    for name, weights in (("resnet8", RANDOM), ("resnet14", TRAINED)):
        session.use_network(name, weights)
        assert not network_drawer._training(session)["visible"]
        assert "seeds" not in network_drawer._facts(session)


def test_twins_that_were_trained_here_learned_from_the_same(session: Session) -> None:
    def train(name: str, conditions: str, labels: tuple[str, ...]) -> None:
        model = zoo.build(name, 0, len(labels)).eval().requires_grad_(False)
        model.domain = replace(CIFAR10, labels=labels)
        session.keep(name, Trained(model, {}, draw_shapes(8, seed=1), conditions))

    train("resnet8", "a race", CIFAR10.labels)
    session.use_trained("resnet8")
    assert session.twin is None  # there is none yet
    train("plain8", "a race", CIFAR10.labels)
    assert session.twin == ("plain8", HERE)
    assert list(pair_of(session)) == list(networks_of(session)) == ["resnet8", "plain8"]
    for conditions, labels in (("another race", CIFAR10.labels), ("a race", ("dark", "bright"))):
        train("plain8", conditions, labels)
        assert session.twin is None
        assert network_drawer.switch(session) == ""
        with pytest.raises(InputError, match="has no twin here"):
            network_drawer.change_to_twin(session)
        assert list(pair_of(session)) == list(networks_of(session)) == ["resnet8"]


@pytest.mark.usefixtures("trainings")
def test_the_address_tells_which_training(session: Session) -> None:
    address.read(session, {"model": "resnet8", "seed": "1", "picture": "cat"})
    again = Session()
    address.read(again, dict(parse_qsl(address.write(session))))
    assert (again.name, again.weights, again.seed) == ("resnet8", TRAINED, 1)
    assert torch.equal(again.seen.logits, session.seen.logits)
    session.use_network("resnet8", TRAINED)
    assert "seed" not in address.write(session)
    with pytest.raises(InputError, match="from seed 0, not from 1"):
        session.use_network("resnet14", TRAINED, 1)
    assert (session.name, session.seed) == ("resnet8", 0)
