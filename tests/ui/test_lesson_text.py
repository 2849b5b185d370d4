"""What the lesson says is right whatever the numbers are, and the same in all languages."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_demo import i18n
from resnet_demo.i18n import LANGUAGES, Message, Sentences, language
from resnet_demo.lab import lesion, probes, unfold
from resnet_demo.lab.interventions import BranchScales
from resnet_demo.models import zoo
from resnet_demo.models.predict import Prediction
from resnet_demo.ui import lesson
from resnet_demo.ui.captions import findings
from resnet_demo.ui.captions import lesson as captions
from resnet_demo.ui.lesson import prose

EN, ZH = language("en"), language("zh")
HAN = "[\u4e00-\u9fff]"
# What Chinese textbooks write in Latin letters, too: signs and names.
LATIN = set(
    """
    F x y n e ReLU Muon CIFAR ResNet Plain VGG A B L logits logit lens He Veit Balduzzi Li Yang Jastrzębski
    Alain Bengio Meng PyTorch nostalgebraist
    """.split()  # noqa: SIM905 (it is prose)
)


def files(code: str) -> list[str]:
    return sorted(path.name for path in (i18n.LOCALE / "lesson" / code).glob("*"))


# The prose


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_every_step(code: str) -> None:
    assert files(code) == files("en")
    assert [name.partition("-")[0] for name in files(code)] == [str(number) for number in range(1, 10)]
    assert [step.name for step in lesson.STEPS] == list(prose.names())
    assert len(lesson.STEPS) == 9


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize("preact", [False, True])
def test_steps_are_the_same_in_all_languages(code: str, number: int, preact: bool) -> None:
    ours, theirs = prose.read(number, "en", preact), prose.read(number, code, preact)
    assert len(ours.paragraphs) == len(theirs.paragraphs)
    assert (len(ours.choices), ours.right) == (len(theirs.choices), theirs.right)
    years = re.compile(r"\b(?:19|20)\d\d\b")
    assert sorted(years.findall(ours.source)) == sorted(years.findall(theirs.source))
    assert signs(ours.formula) == signs(theirs.formula)
    assert ours.right is not None
    assert 1 <= ours.right <= len(ours.choices) >= 2  # every step has a question with choices


def signs(formula: str) -> list[str]:
    """What a formula is made of, but for its words."""
    return re.findall(r"\\[a-zA-Z]+|[^\\\s]", re.sub(r"\\text\{[^}]*\}", "", formula))


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("preact", [False, True])
def test_chinese_is_chinese(number: int, preact: bool) -> None:
    said = prose.read(number, "zh", preact)
    for words in (said.title, said.question, said.answer, said.source, *said.paragraphs, *said.choices):
        assert re.search(HAN, words) or re.fullmatch(r"[\d/%]+", words), words
        assert_well_written(words)


def assert_well_written(words: str) -> None:
    """Chinese has marks of its own, and a space beside Latin letters."""
    assert not english_in(words), english_in(words)
    assert not re.search(f"{HAN}[,;:?!]", words), words
    assert not re.search(f"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", words), words
    assert not re.search(f"{HAN} {HAN}", words), words
    assert "  " not in words


def english_in(words: str) -> set[str]:
    return set(re.findall(r"[A-Za-zÀ-ÖØ-öø-ž]+", words)) - LATIN


FRONT = {
    "title": "Title", "formula": r"x \le y", "source": "He et al.", "question": "Why?", "answer": "Because.",
}  # fmt: skip


def written(tmp_path: Path, front: str, body: str = "One.\n\nTwo.\n") -> Path:
    path = tmp_path / f"1-{abs(hash(front))}.md"
    path.write_text(f"---\n{front}---\n\n{body}", "utf-8")
    return path


def front(**changes: str | None) -> str:
    fields = {**FRONT, **changes}
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)


def test_a_file_is_read(tmp_path: Path) -> None:
    found = prose.read_file(written(tmp_path, front(choices="[A, B]", right="2")))
    assert (found.title, found.formula, found.paragraphs) == ("Title", r"x \le y", ("One.", "Two."))
    assert (found.choices, found.right) == (("A", "B"), 2)
    assert (prose.read_file(written(tmp_path, front())).choices) == ()


def test_what_is_of_some_networks_alone_is_said_beside_these(tmp_path: Path) -> None:
    own = front() + "preact:\n  formula: y = F + x\n"
    path = written(tmp_path, own, "Of all.\n\n[postact] A ReLU follows.\n\n[preact] Nothing follows.\n")
    others, preact = prose.read_file(path), prose.read_file(path, True)
    assert (others.formula, others.paragraphs) == (r"x \le y", ("Of all.", "A ReLU follows."))
    assert (preact.formula, preact.paragraphs) == ("y = F + x", ("Of all.", "Nothing follows."))
    assert (preact.title, preact.answer) == (others.title, others.answer)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("step", [2, 3, 4, 6, 9])
def test_no_relu_after_the_sum_is_claimed_of_a_pre_activation_network(step: int, code: str) -> None:
    said = prose.read(step, code, preact=True)
    assert not said.formula.startswith(r"\mathbf{y} = \mathrm{ReLU}")
    words = " ".join((*said.paragraphs, said.answer))
    claims = {"en": "Then a ReLU|a ReLU follows each|x came out of a ReLU", "zh": "之后 ReLU|还有 ReLU|来自上一个 ReLU"}
    assert not re.search(claims[code], words), words
    assert "[" not in words


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (front(title=None, answer=None), "lacks title, answer"),
        (front(titel="Title"), "has titel, which no step has"),
        (front(title="2"), "title must be text"),
        (front(choices="[2, 4]", right="1"), "choices must be a list of texts"),
        (front(choices="A"), "choices must be a list of texts"),
        (front(choices="[A, B]"), "right must be the number of one of the choices"),
        (front(choices="[A, B]", right="3"), "right must be the number of one of the choices"),
        (front(right="1"), "right must be the number of one of the choices"),
        (front(title="a: b: c"), "the front matter is no YAML"),
        ("", "holds no fields"),
        (front() + "preact: x\n", "preact must hold fields"),
        (front() + "preact:\n  titel: x\n", "has titel, which no step has"),
    ],
)
def test_a_file_that_is_not_in_order_is_told(wrong: str, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, wrong)
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        prose.read_file(path)
    assert path.name in str(error.value)


def test_a_file_without_front_matter_is_told(tmp_path: Path) -> None:
    (tmp_path / "1-bare.md").write_text("Just words.\n", "utf-8")
    with pytest.raises(ValueError, match="does not begin with front matter"):
        prose.read_file(tmp_path / "1-bare.md")


def test_what_a_language_lacks_is_read_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, name in (("en", "1-first.md"), ("en", "2-second.md"), ("en", "10-last.md"), ("eo", "2-second.md")):
        (tmp_path / "lesson" / code).mkdir(parents=True, exist_ok=True)
        (tmp_path / "lesson" / code / name).write_text(f"---\n{front(title=f'{code} {name}')}---\nWords.\n", "utf-8")
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    assert prose.names() == ("first", "second", "last")
    titles = [prose.read(number, "eo").title for number in (1, 2, 3)]
    assert titles == ["en 1-first.md", "eo 2-second.md", "en 10-last.md"]


# 1


@pytest.mark.parametrize(
    ("shallow", "deep", "verdict"),
    [(0.08, 0.24, "deeper is worse"), (0.24, 0.08, "deeper is better"), (0.080, 0.082, "makes no difference")],
)
def test_degradation_says_what_depth_did(shallow: float, deep: float, verdict: str) -> None:
    finals = {"plain20": shallow, "plain56": deep}
    said = str(captions.degradation(finals, "train", {"plain20": 30, "plain56": 30}))
    assert verdict in said
    assert said.endswith("These are errors after 30 epochs, in one training each.")
    assert ("learned from" in said) == (deep - shallow > 0.01)
    assert "learned from" not in str(captions.degradation(finals, "test", {"plain20": 30, "plain56": 60}))
    assert str(captions.degradation(finals, "test", {"plain20": 30, "plain56": 60})).endswith(
        "These are errors at the end of training, in one training each."
    )


@pytest.mark.parametrize(
    ("muon", "sgd", "said"),
    [
        (0.15, 0.25, "grows by 5.0 points with Muon and by 13.8 with SGD throughout: there is degradation with both"),
        (0.10, 0.25, "changes by +0.0 points with Muon and by +13.8 with SGD throughout: whether there is degradation"),
        (0.15, 0.10, "changes by +5.0 points with Muon and by −1.2 with SGD throughout: whether there is degradation"),
    ],
)
def test_degradation_depends_on_the_optimiser(muon: float, sgd: float, said: str) -> None:
    both = {"plain20": 0.10, "plain56": muon}, {"plain20": 0.112, "plain56": sgd}
    assert said in str(captions.optimisers(*both, kind="test"))
    assert captions.optimisers({"plain20": 0.1}, both[1], kind="test") is None
    assert captions.optimisers(kind="test") is None


def test_what_sgd_did_is_kept() -> None:
    """The histories are of all that the lesson compares, and end where docs/networks.md says."""
    ends = {name: run[-1]["test_accuracy"] for name, run in zoo.sgd_histories().items()}
    assert ends == {"resnet20": 0.9096, "plain20": 0.8883, "resnet56": 0.9249, "plain56": 0.7511}
    told = Path(__file__).parents[2].joinpath("docs", "networks.md").read_text("utf-8")
    assert all(f"{100 * accuracy:.2f} %" in told for accuracy in ends.values())


def test_degradation_at_one_depth_compares_twins() -> None:
    def said(finals: dict[str, float], epochs: dict[str, int]) -> str:
        return str(captions.degradation(finals, "test", epochs))

    assert "better with the shortcuts" in said({"plain20": 0.08, "resnet20": 0.05}, {"plain20": 30})
    assert "better without the shortcuts" in said({"plain20": 0.05, "resnet20": 0.08}, {})
    assert "no difference" in said({"plain20": 0.05, "resnet20": 0.05}, {})
    assert "No network" in said({}, {})


def probed(half: float, end: float) -> Any:
    accuracy = {"stem": 0.3, "layer1.0": 0.4, "layer1.1": half, "layer2.0": (half + end) / 2, "layer2.1": end}
    return probes.Report(10_000, 5_000, accuracy, end, 1.0)


PROBED: list[Any] = [
    {"resnet56": probed(*residual), "plain56": probed(*plain)}
    for residual in ((0.6, 0.9), (0.8, 0.82)) for plain in ((0.6, 0.9), (0.81, 0.84))
]  # fmt: skip


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        ((0.6, 0.9), (0.81, 0.84), "Half-way through Plain-56, after block 1.1, a linear probe classifies 81.0 %"),
        ((0.81, 0.84), (0.6, 0.9), "Here it is ResNet-56 that stops"),
        ((0.6, 0.9), (0.6, 0.9), "Both climb to the end"),
        ((0.8, 0.82), (0.81, 0.84), "Both stop half-way"),
    ],
)
def test_probes_say_which_network_stops(residual: Any, plain: Any, verdict: str) -> None:
    said = str(captions.probes({"plain56": probed(*plain), "resnet56": probed(*residual)}))
    assert said.startswith(verdict)
    assert all(f"{100 * share:.1f} %" in said for share in (*residual, *plain))


def test_the_bundled_probes_show_degradation() -> None:
    from resnet_demo.ui.lesson import evidence

    reports = evidence.twins("probes")
    assert set(reports) == {"resnet56", "plain56"}
    said = str(captions.probes(reports))
    block, half, end = findings.half_way(reports["plain56"].accuracy)
    assert f"Half-way through Plain-56, after block {findings.block_title(block)}" in said
    assert f"{100 * half:.1f} % of the test pictures correctly, and after the last block {100 * end:.1f} %" in said
    assert set(evidence.twins("probes", 20)) == {"resnet20", "plain20"}
    assert evidence.twins("probes", 32) == {}


# 2


def test_number() -> None:
    found = {"residual": -0.5, "shortcut": 0.2, "total": -0.3, "output": 0.0}
    said = str(captions.number(found, "identity", 0.0))
    assert "x is 0.200, and F(x) changes it by −0.500: the sum is −0.300. The ReLU sets it to 0. So y = 0.000." in said
    assert said.endswith("the sum is exact.")
    assert "to within 2.0·10⁻⁷" in str(captions.number(found, "padding", 2e-7))
    assert "the shortcut brings" in str(captions.number(found, "padding", 0.0))
    assert "no shortcut" in str(captions.number(found, "none", 0.0))
    below = {"residual": -0.7, "shortcut": 0.2, "total": -0.5, "output": -0.5}
    assert "No ReLU follows the sum" in str(captions.number(below, "identity", 0.0, ends_in_relu=False))


# 3


@pytest.mark.parametrize(
    ("kind", "cosine", "expected"),
    [
        ("identity", 0.9, "strengthens"), ("identity", -0.9, "takes away"), ("identity", 0.0, "right angles"),
        ("padding", 0.0, "pads channels"), ("projection", 0.0, "1×1"), ("none", None, "replaced by F(x)"),
        ("identity", None, "carries nothing"),
    ],
)  # fmt: skip
def test_block(kind: str, cosine: float | None, expected: str) -> None:
    said = str(captions.block("layer2.0", (4, 9), kind, 0.5, cosine, ((16, 32, 32), (32, 16, 16))))
    assert expected in said
    assert "Block 2.0 is number 4 of 9. It receives 16 maps of 32×32 and puts out 32 of 16×16" in said


# 4


def test_what_is_added() -> None:
    names = ["layer1.0", "layer2.0"]
    found = {"resnet8": [0.4, 0.6], "plain8": [math.nan, math.nan]}
    said = str(captions.share_added(names, "layer2.0", found))
    assert "In ResNet-8, block 2.0 adds 60 % of what its shortcut carries." in said
    assert "F(x) is less than half of it in only 1 of 2" in said
    assert "Plain-8 has no shortcuts" in said


def test_what_is_kept() -> None:
    def said(**found: list[float]) -> str:
        return str(captions.kept(["layer1.0", "layer2.0"], "layer1.0", found))

    kept = said(resnet8=[0.9, 0.5], plain8=[0.3, 0.1])
    assert "0.90 in ResNet-8 and 0.30 in Plain-8" in kept
    assert kept.startswith("In the end the network with shortcuts keeps more of the stem’s output.")
    assert "network without shortcuts" in said(resnet8=[0, 0.1], plain8=[0, 0.9])
    assert "neither" in said(resnet8=[0, 0.1], plain8=[0, 0.11])


def test_most_blocks_change_little_or_much() -> None:
    def said(*shares: float) -> str:
        return str(captions.share_added([f"layer1.{i}" for i in range(3)], "layer1.0", {"resnet20": list(shares)}))

    assert "in 2 of 3 blocks; its median is 20 %." in said(0.1, 0.2, 0.9)
    assert "in only 1 of 3 blocks; its median is 80 %. Most blocks here change much" in said(0.1, 0.8, 0.9)


# 5


def test_gradients_tell_their_range_and_pictures_where_known() -> None:
    norms = {"resnet56": [19.0, 1.0], "plain56": [4573.6, 1.0]}
    said = str(captions.gradient(norms, "norm", {}, {"plain56": (2189.07, 5700.0)}, 256))
    assert "4,574 times as much" in said
    assert "Over 5 seeds the ratio in Plain-56 is 2,189 to 5,700." in said
    assert said.endswith("Measured on 256 test pictures, as one batch.")
    alone = str(captions.gradient(norms, "norm", {}))
    assert "seeds the ratio" not in alone
    assert "Measured" not in alone


@pytest.mark.parametrize(
    ("residual", "plain", "begin", "errors", "verdict"),
    [
        (
            1.0,
            2.0,
            "norm",
            {"resnet20": 0.03, "plain20": 0.24},
            "vanishing gradients are not what shortcuts cure here.",
        ),
        (1.0, 2.0, "norm", {"resnet20": 0.24, "plain20": 0.03}, "stays healthy."),
        (1.0, 2.0, "norm", {}, "stays healthy."),
        (1.0, 2000.0, "norm", {}, "it grows"),
        (1.0, 2000.0, "norm", {}, "by a factor of 1.61 a layer; Yang et al. 2019 predict about 1.21"),
        (1.0, 1e-4, "norm", {}, "The gradient vanishes in Plain-20, even with batch norm"),
        (1.0, 1e-9, "small", {}, "the gradient vanishes in Plain-20, but not with shortcuts"),
        (1e-4, 1e-9, "small", {}, "the gradient vanishes in Plain-20, and with shortcuts, too"),
        (1.0, 0.5, "bare", {}, "the initial weights are large enough."),
        (1e5, 0.5, "bare", {}, "It explodes in ResNet-20"),
    ],
)
def test_gradient_verdicts(residual: float, plain: float, begin: str, errors: dict[str, float], verdict: str) -> None:
    norms = {"resnet20": [residual, 1.0], "plain20": [plain, 1.0]}
    assert verdict in str(captions.gradient(norms, begin, errors))


def test_gradient_with_odd_numbers() -> None:
    said = str(captions.gradient({"resnet20": [math.nan, 1.0], "plain20": [0.0, 1.0]}, "bare", {}))
    assert "The gradient in ResNet-20 is not finite." in said
    assert "nothing arrives" in said


# 6 and 7


def prediction(index: int, probability: float) -> Prediction:
    return Prediction(index, ("cat", "dog")[index], 0.0, probability)


KEPT = (prediction(0, 0.9), prediction(0, 0.8), 0.8)
LOST = (prediction(0, 0.9), prediction(1, 0.7), 0.2)


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (KEPT, LOST, "with shortcuts keeps its answer, the plain one loses it"),
        (LOST, KEPT, "the plain network keeps its answer"),
        (LOST, LOST, "Both lose their answer"),
        (KEPT, KEPT, "Both keep their answer on this picture"),
    ],
)
def test_cut_tells_who_lost(residual: Any, plain: Any, verdict: str) -> None:
    told = {"resnet20": residual, "plain20": plain}
    said = str(captions.cut(["layer2.1"], BranchScales(), told))
    assert "Without block 2.1: ResNet-20 " in said
    assert verdict in said.split(".")[0]  # first of all
    assert verdict in str(captions.paths(9, ["layer2.1"], told))


def test_cut_of_nothing_of_many_and_of_dials() -> None:
    def said(wires: list[str], dials: BranchScales, **told: Any) -> str:
        return str(captions.cut(wires, dials, told))

    assert "Nothing is cut: ResNet-20 says cat (90 %) and" in said([], BranchScales(), resnet20=KEPT, plain20=KEPT)
    assert "no twin here" in said([], BranchScales(), resnet50=KEPT)
    five = [f"layer1.{i}" for i in range(5)]
    assert "Without 5 blocks and with every F(x) multiplied by 0.5" in said(five, BranchScales(0.5), resnet50=KEPT)
    assert "Without blocks 1.0 and 1.1: " in said(five[:2], BranchScales(), resnet50=KEPT)
    same = (prediction(0, 0.9), prediction(1, 0.91), 0.9)
    assert "which stays at 90 %" in said(["layer1.0"], BranchScales(), resnet50=same)


def lesioned(added: float, recalibrated: float | None = None, linear: float | None = None) -> Any:
    return lesion.Report(
        10_000, 0.1, {}, {}, added, (), controls_n=2000, median_recalibrated=recalibrated, median_linear=linear
    )  # fmt: skip


LESIONED: list[Any] = [
    {"resnet56": lesioned(0.009), "plain56": lesioned(0.745)},
    {"resnet56": lesioned(0.009, 0.007, -0.007)},
    *({"resnet56": lesioned(0.009, 0.007, -0.007), "plain56": lesioned(0.745, 0.41, linear)}
      for linear in (0.05, 0.4, 0.7)),
]  # fmt: skip


def test_the_controls_of_a_deletion_are_told_where_they_were_measured() -> None:
    bare, alone, *controlled = [str(captions.lesions(reports)) for reports in LESIONED]
    assert bare == (
        "In ResNet-56, deleting one block adds 0.9 points of error in the median. "
        "In Plain-56, deleting one block adds 74.5 points of error in the median."
    )
    assert "Plain" not in alone
    told = "With the batch-norm statistics of Plain-56 measured anew it is +41.0; with the best linear 1×1 map in the "
    assert all(told in said for said in controlled)
    assert "hole, +5.0 (both on the first 2,000 of the pictures)." in controlled[0]
    assert "measured anew it is +0.7; with the best linear 1×1 map in the hole, −0.7 (both on" in controlled[0].replace(
        "-", "−"
    )
    verdicts = ("a linear map can do most of what it does", "a linear map can do part", "Not even a linear map")
    for said, verdict in zip(controlled, verdicts, strict=True):
        assert [other for other in verdicts if other in said] == [verdict]


def test_path_gradients() -> None:
    def said(span: tuple[int, int] | None, mean: float, opposing: int = 0) -> str:
        return str(captions.path_gradients(27, span, mean, opposing, False))

    short = said((5, 12), 9.0)
    assert "through 13.5 of the 27 F’s; weighted by its gradient, through 9.0. Nine tenths" in short
    assert "come by paths through 5 to 12 of them." in short
    assert "exact, and add up to 1." in short
    verdicts = {9.0: "short paths carry more", 18.0: "long paths carry more", 13.4: "about their share"}
    for mean, verdict in verdicts.items():
        assert verdict in said((5, 12), mean)
    assert "Of 1 length the paths point against the whole gradient" in said((5, 12), 9.0, 1)
    assert "Of 2 lengths" in said((5, 12), 9.0, 2)
    assert "no slope" in said(None, 0.0)
    assert "Nothing is deleted" in str(captions.paths(3, [], {"resnet8": KEPT}))


# 8 and 9


def test_walk() -> None:
    def said(distance: float, **found: tuple[float, float]) -> str:
        return str(captions.walk(distance, found))

    assert "more without shortcuts" in said(0.6, resnet56=(0.0, 0.5), plain56=(0.3, 5.0))
    assert "more with shortcuts" in said(0.6, resnet56=(0.0, 5.0), plain56=(0.3, 0.5))
    assert "equally" in said(0.6, resnet56=(0.0, 5.0), plain56=(0.0, 5.1))
    assert "Move away" in said(0.0, resnet56=(0.1, 0.1), plain56=(0.3, 0.3))
    assert "not finite in ResNet-56" in said(0.6, resnet56=(0.1, math.inf), plain56=(0.3, 0.3))
    assert "; 60 % of the filters’ length away" in said(0.6, resnet56=(0.1, 0.2), plain56=(0.3, 0.3))


def test_grown() -> None:
    told = {"resnet20": prediction(0, 0.4), "plain20": prediction(1, 0.3)}
    assert str(captions.grown("stem", False, told)) == (
        "If it stopped after the stem: ResNet-20 says cat (40 %) and Plain-20 says dog (30 %)."
    )
    assert "block 2.1" in str(captions.grown("layer2.1", False, told))
    assert "After the last block" in str(captions.grown("layer3.2", True, told))


def report_of_unfold(different: int) -> Any:
    return unfold.Report(2_000, 0.07, 0.07, 5.7e-6, different, 853_018, 3_401_770)


def test_unfolded() -> None:
    same = str(captions.unfolded("resnet56", report_of_unfold(0)))
    assert "ResNet-56 gives the same answer to all 2,000 test pictures" in same
    assert "what training finds" in same
    other = str(captions.unfolded("resnet56", report_of_unfold(3)))
    assert "another answer to 3 of 2,000 test pictures: here it is not the same function" in other
    assert "what training finds" not in other
    assert "by more than 5.7·10⁻⁶" in str(captions.unfolded_here("resnet56", 5.7e-6))


def test_score() -> None:
    right: dict[int, bool | None] = {1: True, 2: False, 3: None, 4: True, 5: None}
    assert str(captions.score(right)) == (
        "At the first attempt, 2 of 5 questions were answered correctly. Not answered yet: steps 3 and 5."
    )
    assert str(captions.score({1: True, 2: False})).startswith("At the first attempt, 1 of 2 questions was answered")
    assert "Not answered" not in str(captions.score({1: True}))
    assert str(captions.score({1: True, 2: None})).endswith("Not answered yet: step 2.")
    assert str(captions.score({1: None, 2: None})) == "None of the 2 questions has been answered yet."


# All of it in Chinese

CAT, DOG = Prediction(3, "猫", 0.0, 0.85), Prediction(5, "狗", 0.0, 0.12)
SAME, OTHER = (CAT, CAT, 0.003), (CAT, DOG, 0.2)  # what networks answer before and now
ANSWERED: list[Any] = [
    *({"resnet20": residual, "plain20": plain} for residual in (SAME, OTHER) for plain in (SAME, OTHER)),
    {"resnet50": OTHER}, {"resnet50": (CAT, CAT, CAT.probability)}, {"resnet50": (CAT, DOG, CAT.probability)},
]  # fmt: skip
KINDS = ("identity", "padding", "projection", "none")  # of shortcuts
SAMPLES: dict[Callable[..., Message | Sentences], list[tuple[Any, ...]]] = {  # so that every sentence is said
    captions.degradation: [
        (finals, kind, epochs)
        for kind in ("train", "test") for epochs in ({"plain20": 30}, {"plain20": 30, "plain56": 60})
        for finals in (
            {}, {"plain20": 0.08, "plain56": 0.24}, {"plain20": 0.24, "plain56": 0.08, "resnet20": 0.05},
            {"plain20": 0.08, "plain56": 0.082}, {"plain20": 0.08, "resnet20": 0.05},
            {"plain20": 0.05, "resnet20": 0.08}, {"plain20": 0.05, "resnet20": 0.05}, {"resnet20": 0.05},
        )
    ],
    captions.probes: [(reports,) for reports in PROBED],
    captions.probes_rest_on: [(PROBED[0],)],
    captions.lesions: [(reports,) for reports in LESIONED],
    captions.unfolded: [("resnet56", report_of_unfold(different)) for different in (0, 1, 30)],
    captions.unfolded_here: [("resnet56", difference) for difference in (0.0, 5.7e-6)],
    captions.score: [
        (dict(enumerate(found, start=1)),)
        for found in ((True,), (None, False), (True, None, None, True))
    ],
    captions.answered: [(True,), (False,), (None,)],
    captions.number: [
        ({"residual": -0.5, "shortcut": 0.2, "total": total, "output": max(total, 0.0)}, kind, error)
        for total in (-0.3, 0.7) for kind in KINDS for error in (0.0, 2e-7)
    ],
    captions.block: [
        ("layer2.0", (4, 9), kind, share, cosine, ((16, 32, 32), after))
        for kind in KINDS for share in (0.004, 0.5) for cosine in (None, 0.9, -0.9, 0.0)
        for after in ((16, 32, 32), (32, 16, 16))
    ],
    captions.share_added: [
        (["layer1.0", "layer2.0"], "layer2.0", found)
        for found in ({"resnet8": [0.4, 0.6], "plain8": [math.nan] * 2}, {"resnet8": [0.4, math.nan]})
    ],
    captions.kept: [
        *((["layer1.0", "layer2.0"], "layer1.0", {"resnet8": [0.9, end], "plain8": [0.3, 0.1]})
          for end in (0.5, 0.1, 0.0)),
        (["layer1.0", "layer2.0"], "layer1.0", {"resnet8": [0.9, 0.5]}),
    ],
    captions.gradient: [
        ({"resnet20": [residual, 1.0], "plain20": [plain, 1.0]}, begin, errors)
        for residual in (1.0, 1e-4, 1e5, math.nan) for plain in (0.5, 2.0, 2000.0, 1e-4, 1e-9, 0.0)
        for begin in ("norm", "bare", "small", "trained")
        for errors in ({}, {"resnet20": 0.03, "plain20": 0.24}, {"resnet20": 0.24, "plain20": 0.03})
    ] + [
        ({"resnet20": [1.0, 1.0], "plain20": [2000.0, 1.0]}, "norm", {}, {"plain20": (2189.07, 5700.0)}, n)
        for n in (0, 1, 256)
    ],
    captions.cut: [
        (names, turned, told)
        for names in (
            [], ["layer2.1"], ["layer2.1", "layer1.0"], [f"layer1.{place}" for place in range(5)],
            ["layer1.0.shortcut", "layer1.1"],
        )
        for turned in (BranchScales(), BranchScales(0.5, 1.25)) for told in ANSWERED
    ],
    captions.paths: [
        (9, names, told) for names in ([], ["layer2.1"], ["layer1.1", "layer1.2"]) for told in ANSWERED
    ],
    captions.path_gradients: [
        (27, span, mean, opposing, plain)
        for span in (None, (5, 12), (27, 27)) for mean in (9.0, 13.4, 18.0) for opposing in (0, 1, 2)
        for plain in (False, True)
    ],
    captions.walk: [
        (distance, {"resnet56": (0.003, residual), "plain56": (0.3, plain)})
        for distance in (0.0, 0.6)
        for residual, plain in ((0.5, 5.0), (5.0, 0.5), (5.0, 5.1), (0.1, math.inf), (5e4, 5e9))
    ],
    captions.grown: [
        (name, whole, told)
        for name, whole in itertools.product(("stem", "layer2.1"), (False, True))
        for told in ({"resnet20": CAT, "plain20": DOG}, {"resnet50": CAT})
    ],
}  # fmt: skip


@pytest.mark.parametrize("caption", SAMPLES, ids=lambda caption: caption.__name__)
def test_chinese_says_the_same_with_the_same_numbers(caption: Callable[..., Message | Sentences]) -> None:
    for values in SAMPLES[caption]:
        english, words = EN(caption(*values)), ZH(caption(*values))
        assert re.search(HAN, words), (values, words)
        assert numbers(words) == numbers(english), (values, english, words)
        assert_well_written(words)


def numbers(words: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", words))


@pytest.mark.parametrize("caption", SAMPLES, ids=lambda caption: caption.__name__)
def test_english_is_whole_sentences(caption: Callable[..., Message | Sentences]) -> None:
    for values in SAMPLES[caption]:
        words = EN(caption(*values))
        assert re.match("[A-Z]", words), words
        assert words.endswith("."), words
        assert not re.search(r"  |[{}]|\bnan\b|\binf\b|None", words), words


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.034, "0.034"), (0.45, "0.45"), (18.2, "18"), (113, "110"), (5154, "5,200"), (1.23e-5, "1.2·10⁻⁵"),
     (3e9, "3.0·10⁹")],
)  # fmt: skip
def test_rounded(value: float, expected: str) -> None:
    assert EN.rounded(value) == expected
    assert EN(i18n._("{value:rounded}", value=value)) == expected


def test_step_4_says_how_far_the_formula_is_off() -> None:
    """x_L = x_0 + sum F, on the ten example pictures: what the ReLU after each sum removes, and what that costs."""
    from resnet_demo.models import zoo
    from resnet_demo.ui.lesson.examples import labelled

    removed, off = {}, {}
    for name in ("resnet20", "resnet56"):
        network = zoo.load(name)
        with torch.no_grad():
            x = formula = network.stem(labelled()[0])
            shares = []
            for _name, block in network.named_blocks():
                change = block.residual(x)
                total, formula = change + block.shortcut(x), change + block.shortcut(formula)
                x = block.relu(total)
                shares.append(1 - (x.pow(2).sum() / total.pow(2).sum()).item())
            off[name] = (network.head(formula) - network.head(x)).abs().mean().item()
        removed[name] = statistics.median(shares), max(shares)
    for code in ("en", "zh"):
        text = re.sub(r"\s+", "", prose_of(code, "4-shortcut"))
        for share in removed["resnet20"]:
            assert f"{100 * share:.0f}%" in text
        assert all(f"{error:.1f}" in text for error in off.values())


def prose_of(language: str, step: str) -> str:
    from pathlib import Path

    import resnet_demo

    return (Path(resnet_demo.__file__).parent / "locale" / "lesson" / language / f"{step}.md").read_text("utf-8")


def test_no_step_says_more_than_was_measured() -> None:
    steps = [re.sub(r"\s+", " ", prose_of("en", step)) for step in ("4-shortcut", "5-gradient", "6-cut", "9-summary")]
    claims = ("is vital", "every single block", "no gradient can be too small")
    assert not [word for word in claims if any(word in text for text in steps)]
    assert all("exact in" in steps[place] for place in (0, 3))
    # What `test_muons_step_does_not_know_how_long_the_gradient_is` covers.
    assert "a hundredth and a thousand times" in steps[1]
