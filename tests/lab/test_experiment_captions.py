"""What experiments say: every sentence, in every language, with the same numbers."""

from __future__ import annotations

import dataclasses
import itertools
import re
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from resnet_demo.i18n import LANGUAGES, Message, language
from resnet_demo.lab import (
    EXPERIMENTS,
    dial,
    faithful,
    gradients,
    landscape,
    lens,
    localise,
    paths,
    probes,
    refinement,
    responses,
    results,
    sanity,
    shattering,
    signal,
    similarity,
    unfold,
)
from resnet_demo.lab import lesion as lesion_
from resnet_demo.lab import lesions as lesions_
from resnet_demo.lab.bootstrap import Estimate
from resnet_demo.lab.experiment import GROUPS

HAN = re.compile("[\u4e00-\u9fff]")
# What Chinese textbooks write in Latin letters, too: signs, names.
LATIN = set(
    """
    F n x y e CKA ResNet Plain Grad CAM th layer PyTorch ReLU logit
    He Veit Wilber Belongie Balduzzi Li Jastrzębski Alain Bengio Meng RMNet Yang De Smith Dauphin Ma
    SkipInit Fixup ReZero Bachlechner
    Kornblith Nguyen Adebayo Zhang Petsiuk Das Saenko nostalgebraist
    """.split()  # noqa: SIM905 (it is prose)
)
TERMS_OF_ART = ("logit lens", "pointing game", "Identity Mappings")  # what papers call something, beside the Chinese


def of_pair(*reports: Any) -> Any:
    """Reports as a network and its twin have them; of one alone, as a network without a twin."""
    return dict(zip(("resnet56", "plain56"), reports, strict=False))


def lesion(median: float, recalibrated: float | None = None, linear: float | None = None) -> Any:
    added = {"layer1.0": median, "layer1.1": 2 * median}
    return lesion_.Report(
        n=1, error=0.1, without=added, added=added, median_added=median, halving=(),
        median_recalibrated=recalibrated, median_linear=linear, controls_error=0.1,
        linear={} if linear is None else {"layer1.0": 0.1 + linear, "layer1.1": 0.9},
    )  # fmt: skip


def lesions(one: float, rank: float | None) -> Any:
    return lesions_.Report(n=1, error=0.1, deleted=(lesions_.Deletion(1, one),), shuffled=(), spearman=rank)


def dials(high: int, exact: bool) -> Any:
    errors = {str(step / 10): 0.1 if 8 <= step <= high else 0.9 for step in range(16)}
    return dial.Report(n=1, alpha=errors, lambda_=errors, exact_at_one=exact)


def dials_anew(alpha: float, half: float) -> Any:
    """0.1 at 1; at every other α so much, and at λ = 0.5 so much."""
    found = dials(10, True)
    anew = {setting: 0.1 if setting == "1.0" else alpha for setting in found.alpha}
    return dataclasses.replace(
        found, alpha_recalibrated=anew, lambda_recalibrated={**anew, "0.5": half}, controls_n=2000
    )


def known(*errors: float) -> Any:
    error: dict[str, float] = dict(zip(("stem", "layer1.0", "layer1.1"), errors, strict=True))
    return lens.Report(n=1, error=error, contribution=error, identity_error=0.0, sum_error=0.0)


def of_lengths(*shares: float, norm: float = 0.2) -> Any:
    mean = sum(length * share for length, share in enumerate(shares))
    by_length = {str(length): share for length, share in enumerate(shares)}
    return paths.Report(
        n=1, counts=(1, 4, 6, 4, 1), shares=by_length, norms=dict.fromkeys(by_length, norm), mean_length=mean,
        nine_tenths=(1, 2), sum_error=0.0,
    )  # fmt: skip


def probed(*shares: float) -> Any:
    accuracy = {"stem": 0.3, **{f"layer1.{index}": share for index, share in enumerate(shares)}}
    return probes.Report(n=1, fitted_on=2, accuracy=accuracy, own_classifier=0.9, ridge=1.0)


def unfolded(different: int) -> Any:
    return unfold.Report(
        n=1000, error=0.1, error_unfolded=0.1, max_logit_difference=7e-6, different_answers=different,
        parameters=272_474, parameters_unfolded=1_084_906,
    )  # fmt: skip


def first_to_last(with_: float | None, without: float | None, large: float | None = 0.3) -> Any:
    cases = {"PyTorch's start, with batch norm": with_, "PyTorch's start, without batch norm": without}
    cases |= {"He's start, with batch norm": with_, "He's start, without batch norm": large}
    return gradients.Report(n=1, first_to_last=cases, norms={})


def responding(mean: float, *stds: float) -> Any:
    return responses.Report(n=1, mean=mean, std={str(layer): std for layer, std in enumerate(stds)})


def downhill(*cosines: float, error: float = 0.0) -> Any:
    mean = sum(cosines) / len(cosines) if cosines else None
    median = statistics.median(cosines) if cosines else None
    cosine = {f"layer1.{index}": cosine for index, cosine in enumerate(cosines)}
    errors = dict.fromkeys(cosine, error)
    return refinement.Report(n=1, mean=mean, median=median, cosine=cosine, error=errors)


def alike(twins: float, best: float, late: float, seeds: int = 1, arrived: int = 2) -> Any:
    def pair(mean: float, best: float) -> Any:
        return similarity.Likeness({"stem": mean}, mean, best)

    names: list[str] = ["stem", "layer1.0", "layer1.1", "layer1.2"]
    own = dict.fromkeys(names, (0.1, 0.2, 0.3, late))
    twin = {name: (0.1, 0.2, 0.3, 0.4 if index >= 4 - arrived else 0.0) for index, name in enumerate(names)}
    return similarity.Report(
        n=1, own=own, twin=twin, twins=(pair(twins, best),), seeds=(pair(0.8, 0.85),) * seeds,
        untrained=pair(0.2, 0.2),
    )  # fmt: skip


def begun(factor: float | None, added: float | None, back: float, same: bool | None) -> Any:
    """Rates from block to block, and how much larger the first block's gradient is than the last one's."""

    def rate(value: float | None, expected: float) -> Any:
        return None if value is None else signal.Rate(signal.Range(value, value, value), expected)

    ends = {"layer1.0": signal.Range(back, back, back), "layer1.1": signal.Range(1.0, 1.0, 1.0)}
    case = signal.Case(ends, ends, {}, {}, rate(factor, 2.4), rate(added, 0.8), rate(factor and 1.4, 1.4))
    return signal.Report(n=1, seeds=5, cases={signal.WITH: case, signal.WITHOUT: case}, same_gradient=same)


def agreeing(last: float) -> Any:
    return shattering.Report(n=1, agreement={"8": 0.8, "20": 0.5, "56": last})


def ground(share: float) -> Any:
    return landscape.Report(
        n=1, centre=0.02, exact_at_centre=True, minimum=0.02, median=3.0, maximum=12.5, share_below_guessing=share,
        share_below_twice_the_minimum=0.1, guessing=2.3026, coordinates=(), losses=(),
    )  # fmt: skip


def test_a_landscape_of_several_directions_is_read_honestly() -> None:
    def both(*shares: tuple[float, ...]) -> Any:
        return of_pair(*(dataclasses.replace(ground(first), other_shares=tuple(rest)) for first, *rest in shares))

    def read(*shares: tuple[float, ...]) -> str:
        return str(landscape.read(both(*shares)))

    same = read((0.6, 0.5, 0.7), (0.1, 0.2, 0.1))
    assert "With shortcuts the region of low loss is larger." in same
    assert "With 3 pairs of directions its part of the map is 60 %, 50 % and 70 % in ResNet-56" in same.replace(
        "\xa0", " "
    )
    assert "depends on the directions" in read((0.6, 0.1, 0.7), (0.1, 0.2, 0.1))
    assert "pairs of directions" not in read((0.6,), (0.1,))


def left_over(left: float) -> Any:
    return sanity.Report(
        n=1,
        left_below={"saliency": left, "guided backprop": 0.7 * left, "Grad-CAM layer3.0": 0.02},
        left={"saliency": 0.1, "guided backprop": 0.2, "Grad-CAM layer3.0": 0.0},
        similarity={},
    )


def areas(deletion: float, insertion: float) -> Any:
    found = {"deletion": {"saliency": deletion, "random": 0.5}, "insertion": {"saliency": insertion, "random": 0.5}}
    gain = {
        kind: {"saliency": Estimate(better, better - 0.05, 1.0), "Grad-CAM layer3.0": Estimate(0.0, -0.05, 0.05)}
        for kind, better in (("deletion", 0.5 - deletion), ("insertion", insertion - 0.5))
    }
    area = {kind: {**areas, "Grad-CAM layer3.0": 0.5} for kind, areas in found.items()}
    return faithful.Report(n=1, identity_error=0.0, area=area, gain=gain, curves={})


POINTING = localise.Report(
    n=1, accuracy=0.995, area=0.25, energy={},
    pointing={"the middle": Estimate(0.6, 0.5, 0.7), "saliency": Estimate(0.3, 0.1, 0.5)},
)  # fmt: skip
REPORTS: dict[str, list[Any]] = {  # of experiments, so that every sentence is said
    "lesion": [of_pair(lesion(r), lesion(p)) for r, p in ((0.014, 0.65), (0.3, 0.5), (0.5, 0.5), (0.2, 0.8))]
    + [of_pair(lesion(0.01, 0.01, 0.01), lesion(0.7, 0.4, linear)) for linear in (0.05, 0.4, 0.6)],
    "lesions": [
        of_pair(lesions(r, rank), lesions(p, None))
        for r, rank, p in ((0.12, 0.9, 0.8), (0.12, 0.9, 0.2), (0.12, 0.5, 0.2), (0.1, None, 0.995))
    ],
    "dial": [
        of_pair(dials(12, True), dials(10, True)), of_pair(dials(12, False)),
        of_pair(dials_anew(0.12, 0.94), dials_anew(0.12, 0.12)),
    ],
    "lens": [
        of_pair(known(*r), known(*p))
        for r, p in (
            ((0.9, 0.4, 0.1), (0.9, 0.8, 0.1)), ((0.9, 0.8, 0.1), (0.9, 0.8, 0.1)),
            ((0.9, 0.8, 0.1), (0.9, 0.4, 0.1)), ((0.4, 0.3, 0.1), (0.9, 0.8, 0.7)),
        )
    ],
    "responses": [
        of_pair(responding(r, *stds), responding(p, 2, 2))
        for r, p, *stds in ((0.1, 0.2, 1, 1), (0.1, 0.2, 1, 3), (0.2, 0.2, 1, 3), (0.3, 0.2, 3, 3))
    ]
    + [
        {"resnet56": responding(deep, 1), "plain56": responding(0.2, 2), "resnet20": responding(0.2, 1)}
        for deep in (0.1, 0.3)
    ],
    "refinement": [
        of_pair(downhill(*r), downhill(0.1, -0.2)) for r in ((0.1, 0.2), (-0.1, -0.1, 0.9), (-0.1, -0.2), ())
    ],
    "paths": [
        of_pair(of_lengths(*shares), of_lengths(0, 0, 0, 0, 1))
        for shares in (
            (0.5, 0.5, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0.7, 0.4, -0.1, 0, 0), (-0.1, 1.2, -0.1, 0, 0),
        )
    ]
    + [of_pair(of_lengths(0.5, 0.5, 0, 0, 0, norm=0.5))],
    "probes": [
        of_pair(probed(*r), probed(*p))
        for r, p in itertools.product(((0.4, 0.6, 0.9), (0.4, 0.8, 0.81)), repeat=2)
    ],
    "similarity": [
        of_pair(alike(twins, best, r), alike(twins, best, p))
        for (twins, best), r, p in itertools.product(((0.6, 0.7), (0.6, 0.9), (0.9, 0.9)), (0.5, 0.9), (0.5, 0.9))
    ]
    + [of_pair(alike(0.6, 0.7, 0.5, seeds=0, arrived=1)), of_pair(similarity.Report(
        n=1, own={"stem": (None,)}, twin={}, twins=(), seeds=(), untrained=similarity.Likeness({}, None, None)
    ))],
    "unfold": [of_pair(unfolded(0)), of_pair(unfolded(3))],
    "gradients": [
        of_pair(first_to_last(1.0, 0.5), first_to_last(*ratios))
        for ratios in (
            (3.0, 1e-8), (30.0, 1e-8), (1e-4, 1e-8), (1.0, 1.0), (1.0, None), (2200.0, 0.0), (3.0, 1e-8, 1e-9)
        )
    ],
    "signal": [
        of_pair(begun(*r, same), begun(*p, None))
        for r, same, p in (
            ((2.3, 0.8, 17.0), True, (0.9, 0.0, 4700.0)), ((2.1, 0.4, 4.0), False, (1.0, 0.0, 15.0)),
            ((0.6, 0.8, 15.0), True, (1.0, 0.0, 15.0)), ((1.0, 0.8, 15.0), True, (1.0, None, 15.0)),
        )
    ]
    + [{"plain56": begun(None, None, 1.0, None)}],
    "shattering": [
        of_pair(agreeing(r), agreeing(p))
        for r, p in ((0.4, 0.01), (0.2, 0.15))
    ],
    "landscape": [of_pair(ground(r), ground(0.1)) for r in (0.3, 0.004)],
    "sanity": [of_pair(left_over(left)) for left in (0.2, 0.6, 0.9)],
    "localise": [of_pair(POINTING, POINTING)],
    "faithful": [of_pair(areas(*found), areas(0.9, 0.1)) for found in ((0.2, 0.7), (0.6, 0.7))],
}  # fmt: skip


def shown(name: str) -> Iterator[Any]:
    """What is read out: every case by hand, and what came with the package."""
    yield from REPORTS[name]
    if result := results.bundled(name):
        yield from results.pairs(result.networks)


def english_in(words: str) -> set[str]:
    """The words in Latin letters that are no names."""
    words = re.sub("|".join(TERMS_OF_ART), " ", words)
    return set(re.findall(r"[A-Za-zÀ-ÖØ-öø-ž]+", words)) - LATIN


def numbers(words: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", words))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_captions_say_the_same_in_every_language(name: str) -> None:
    for reports in shown(name):
        message = EXPERIMENTS[name].read(reports)
        first = str(message)
        assert first.endswith((".", ")"))
        for code in LANGUAGES:
            words = language(code)(message)
            assert numbers(words) == numbers(first), (words, first)
            assert "  " not in words
        chinese = language("zh")(message)
        assert HAN.search(chinese)
        assert not english_in(chinese), chinese
        assert not re.search("[\u4e00-\u9fff] [\u4e00-\u9fff]", chinese), chinese
        assert not re.search("[\u4e00-\u9fff][A-Za-z0-9‖]|[A-Za-z0-9‖][\u4e00-\u9fff]", chinese), chinese


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_a_page_says_of_an_experiment_is_translated(name: str) -> None:
    found = EXPERIMENTS[name]
    for message in (found.title, found.question, found.look_for, found.source, GROUPS[found.group]):
        assert isinstance(message, Message)
        chinese = language("zh")(message)
        assert HAN.search(chinese) or name in ("faithful",), chinese
        assert not english_in(chinese), chinese
    assert str(found.title).endswith("?")
    assert str(found.question).endswith((".", "?"))


@pytest.mark.parametrize(
    ("name", "reports", "said"),
    [
        ("lesion", of_pair(lesion(0.014), lesion(0.65)), "a typical block of the plain network cannot be skipped"),
        ("lesion", of_pair(lesion(0.3), lesion(0.5)), "not by as much as Veit et al. found"),
        ("lesion", of_pair(lesion(0.5), lesion(0.5)), "does not suffer more"),
        ("lesions", of_pair(lesions(0.1, None)), "the error never changes"),
        ("dial", of_pair(dials(12, False)), "not bit for bit"),
        ("gradients", of_pair(first_to_last(1, 1), first_to_last(2200.0, 0.0)), "Plain-56 too small for 32 bits"),
        ("gradients", of_pair(first_to_last(1, 1), first_to_last(1.0, None)), "Plain-56 not measurable"),
        ("refinement", of_pair(downhill(), downhill(0.1)), "there is nothing to compare"),
        ("sanity", of_pair(left_over(0.9)), "for guided backprop (ResNet-56) and saliency (ResNet-56):"),
    ],
)  # fmt: skip
def test_which_sentence_is_said(name: str, reports: Any, said: str) -> None:
    assert said in str(EXPERIMENTS[name].read(reports))


def said(name: str, **reports: Any) -> str:
    return str(EXPERIMENTS[name].read(reports))


@pytest.mark.parametrize(
    ("residual", "plain", "verdict"),
    [
        (0.014, 0.65, "hardly misses a single block"),
        (0.3, 0.5, "not by as much"),
        (0.5, 0.5, "unlike in Veit"),
        (0.6, 0.2, "unlike in Veit"),
        (0.19, 0.75, "Plain-56 falls to about chance, as in Veit et al.; it is ResNet-56 that suffers more"),
    ],
)
def test_lesions_are_read_honestly(residual: float, plain: float, verdict: str) -> None:
    words = said("lesion", resnet56=lesion(residual), plain56=lesion(plain))
    assert verdict in words
    assert f"the error of ResNet-56 rises by {100 * residual:.1f} points in the median" in words
    assert "block 1.1" in words


@pytest.mark.parametrize(
    ("linear", "verdict"),
    [
        (0.05, "in 1 of the 2 blocks of Plain-56 a linear map takes away three quarters of the damage or more"),
        (0.4, "takes away part"),
        (0.6, "Nor can a linear map replace"),
    ],
)
def test_a_linear_hole_is_read_honestly(linear: float, verdict: str) -> None:
    words = said("lesion", resnet56=lesion(0.013, 0.007, -0.007), plain56=lesion(0.72, 0.41, linear))
    assert "measured anew the median is +41.0 points" in words
    assert f"in the hole it is {100 * linear:+.1f}" in words
    assert verdict in words
    assert "vital" not in words


def test_a_step_downhill_counts_beyond_its_interval_only() -> None:
    def read(error: float) -> str:
        return said("refinement", resnet56=downhill(0.04, 0.05, -0.05, error=error), plain56=downhill(-0.1, error=0.01))

    assert "In ResNet-56 2 of 3 blocks move their input downhill and 1 uphill" in read(0.03)
    assert "most of the residual blocks refine" in read(0.03)
    assert "In ResNet-56 0 of 3 blocks move their input downhill and 0 uphill" in read(0.06)
    assert "but hardly: the typical cosine is near zero" in read(0.06)
    near = said("refinement", resnet56=downhill(0.005, 0.006, 0.3), plain56=downhill(-0.1))
    assert "near zero" in near  # however sure it is


def test_a_dial_with_statistics_anew_is_read_honestly() -> None:
    words = said("dial", resnet56=dials_anew(0.12, 0.94), plain56=dials_anew(0.12, 0.12))
    assert words.count("With batch-norm statistics measured anew, on 2,000 pictures, it does for α from 0 to 1.5.") == 2
    assert words.count("That is a theorem") == 1
    assert "λ = 0.5 leaves 94 % error even so" in words
    words = said("dial", resnet56=dials_anew(0.4, 0.2), plain56=dials_anew(0.4, 0.12))
    assert words.count("With batch-norm statistics measured anew, on 2,000 pictures, it does for α = 1 only.") == 2
    assert "theorem" not in words
    assert "even so" not in words


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [([0.5, 0.5, 0, 0, 0], "as in Veit"), ([0, 0, 1, 0, 0], "a little shorter"), ([0, 0, 0, 1, 0], "unlike in Veit")],
)
def test_paths_are_read_honestly(shares: list[float], verdict: str) -> None:
    mean = sum(length * share for length, share in enumerate(shares))
    words = said("paths", resnet8=of_lengths(*shares))
    assert verdict in words
    assert f"weighted by what it carries, a path does so in {mean:.1f} on average" in words
    assert "negative" not in words
    assert "cancel" not in words


def test_parts_that_cancel_are_told() -> None:
    words = said("paths", resnet8=of_lengths(0.7, 0.4, -0.1, 0, 0, norm=0.5))
    assert "The paths of 1 length point against the whole gradient: their share is negative." in words
    assert "add up to 2.5 times the norm of the whole gradient" in words
    assert "of 2 lengths" in said("paths", resnet8=of_lengths(-0.1, 1.2, -0.1, 0, 0))
    assert "negative" not in said("paths", resnet8=of_lengths(1.004, -0.004, 0, 0, 0))  # of no account
    assert "cancel" not in said("paths", resnet8=of_lengths(1, 0, 0, 0, 0, norm=0.24))  # 1.2 in all


def test_a_network_without_its_shortcuts_is_read_honestly() -> None:
    words = said("unfold", resnet56=unfolded(0))
    assert "gives the same answer to 1,000 of 1,000 pictures; no logit differs by more than 7.0·10⁻⁶" in words
    assert "They change what training finds" in words
    words = said("unfold", resnet56=unfolded(3))
    assert "the same answer to 997 of 1,000" in words
    assert "do not add" not in words


def test_a_vanishing_gradient_is_said_to_vanish() -> None:
    def read(with_: float | None, without: float | None) -> str:
        cases = {"PyTorch's start, with batch norm": with_, "PyTorch's start, without batch norm": without}
        return said("gradients", plain56=gradients.Report(n=1, first_to_last=cases, norms={}))

    assert "vanishes without batch norm, but not with it" in read(3.0, 1e-8)
    assert "grows on its way back instead" in read(30.0, 1e-8)
    assert "explodes" in read(2200.0, 1e-8)
    start = "PyTorch's start, with batch norm"
    words = said("gradients", plain56=gradients.Report(
        n=1, first_to_last={start: 2200.0, "PyTorch's start, without batch norm": 0.0, "trained": 26.0},
        norms={start: dict.fromkeys(map(str, range(27)), 1.0)}, least_and_most={start: (1100.0, 2900.0)},
    ))  # fmt: skip
    assert "Over 5 seeds the ratio is 1,100 to 2,900." in words
    assert "a factor of 1.16 a layer; Yang et al. 2019 predict about 1.21" in words
    assert "trained, the ratio is 26." in words
    assert "larger initial weights" not in read(30.0, 1e-8)  # nobody measured with these
    large = said("gradients", plain56=first_to_last(30.0, 1e-8))
    assert "does not vanish even without batch norm (ratio 0.3)" in large
    assert "even with batch norm" in read(1e-4, 1e-8)
    assert "does not vanish at all" in read(1.0, 1.0)
    assert "not measurable" in read(1.0, None)
    assert "2,200" in read(2200.0, 0.0)
    assert "too small for 32 bits" in read(2200.0, 0.0)


def test_maps_are_read_honestly() -> None:
    def report(random: float) -> Any:
        areas = {"deletion": {"a": 0.2, "b": 0.9, "random": random}, "insertion": {"a": 0.7, "b": 0.8, "random": 0.6}}
        sure, unsure = Estimate(0.1, 0.05, 0.2), Estimate(0.1, -0.05, 0.2)
        gain = {"deletion": {"a": sure, "b": unsure}, "insertion": {"a": sure, "b": sure}}
        return faithful.Report(n=1, identity_error=0.0, area=areas, gain=gain, curves={})

    words = said("faithful", resnet8=report(0.5))
    assert "falls fastest by a (area 0.20; by random maps 0.50)" in words
    assert "rises fastest by b (area 0.80; by random maps 0.60)" in words
    assert words.endswith("Significantly better than random in both: a.")
    assert "grey pixels" in said("faithful", resnet8=report(0.1))
    scores = {"the middle": Estimate(0.9, 0.8, 1.0), "a": Estimate(0.6, 0.5, 0.7), "b": Estimate(0.3, 0.1, 0.4)}
    words = said("localise", resnet8=localise.Report(n=1, accuracy=0.5, area=0.25, pointing=scores, energy={}))
    assert "whose highest place is on it most often is a (60 %)" in words
    assert "1 of 2 maps point at it" in words
    assert "0 of 2 more often than the middle of the picture does (90 %)." in words


def test_dials_and_lenses_are_read() -> None:
    errors = {str(step / 10): 0.1 if 8 <= step <= 12 else 0.9 for step in range(16)}
    turned = dial.Report(n=1, alpha=errors, lambda_={**errors, "0.9": 0.5}, exact_at_one=True)
    words = said("dial", resnet8=turned, plain8=turned)
    assert "α from 0.8 to 1.2, and for λ from 1 to 1.2" in words
    assert "bit for bit" in words
    early, late = known(0.9, 0.4, 0.1), known(0.9, 0.8, 0.1)
    words = said("lens", resnet8=early, plain8=late)
    assert "ResNet-8 has more than half of them right from block 1.0 on" in words
    assert "own last classifier can read the answer earlier" in words
    assert "cannot be read earlier" in said("lens", resnet8=late, plain8=early)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if results.bundled(name)])
def test_bundled_results_are_read_out(name: str) -> None:
    result = results.bundled(name)
    assert result is not None
    for pair in results.pairs(result.networks):
        for code in LANGUAGES:
            words = language(code)(EXPERIMENTS[name].read(pair))
            assert words.endswith((".", "。"))
            assert "None" not in words
            assert "nan" not in words
        for alone in pair:
            assert str(EXPERIMENTS[name].read({alone: pair[alone]}))  # a network without its twin
