"""Several trainings of one network: their ranges, their intervals, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from networks import noise

from resnet_demo import lab
from resnet_demo.figures import draw_experiment
from resnet_demo.i18n import language
from resnet_demo.lab import probes, results, seeds
from resnet_demo.lab.lesion import Report as Lesion
from resnet_demo.lab.wilson import wilson
from resnet_demo.ui.captions import seeds as measures

PAIR = ("resnet56", "plain56")


def lesion(median: float) -> Lesion:
    added = {"layer1.0": median, "layer2.0": median, "layer3.0": median}
    return Lesion(n=100, error=0.1, without=added, added=added, median_added=median, halving=())


def pair(residual: float, plain: float) -> dict[str, Lesion]:
    return dict(zip(PAIR, (lesion(residual), lesion(plain)), strict=True))


def others(residual: list[float], plain: list[float]) -> dict[str, dict[str, Lesion]]:
    return {
        name: {str(seed): lesion(median) for seed, median in enumerate(medians, start=1)}
        for name, medians in zip(PAIR, (residual, plain), strict=True)
    }


@pytest.mark.parametrize(("right", "n"), [(1, 10), (8457, 10_000), (50, 100)])
def test_wilson_solves_its_equation(right: int, n: int) -> None:
    """At an end p of the interval the share is 1.96 standard deviations of p away."""
    share = right / n
    low, high = wilson(share, n)
    assert 0 < low < share < high < 1
    for end in (low, high):
        assert abs(share - end) == pytest.approx(1.96 * (end * (1 - end) / n) ** 0.5, rel=1e-9)


def test_wilson_of_none_and_all() -> None:
    assert wilson(0.0, 10) == pytest.approx((0.0, 3.8416 / 13.8416))
    assert wilson(1.0, 10) == pytest.approx((1 - 3.8416 / 13.8416, 1.0))
    with pytest.raises(ValueError, match="one picture"):
        wilson(0.5, 0)


def test_pairs_that_agree_are_counted() -> None:
    experiment = lab.get("lesion")
    assert seeds.agreeing(experiment, pair(0.01, 0.7), others([0.02, 0.01], [0.6, 0.8])) == (3, 3)
    assert seeds.agreeing(experiment, pair(0.01, 0.7), others([0.02, 0.3], [0.6, 0.2])) == (2, 3)
    assert seeds.agreeing(experiment, pair(0.01, 0.7), {}) is None
    assert seeds.agreeing(experiment, {"resnet56": lesion(0.01)}, others([0.02], [])) is None


def test_sentences_follow_the_numbers() -> None:
    experiment = lab.get("lesion")

    def said(*numbers: Any) -> str:
        return str(seeds.read(experiment, pair(*numbers[:2]), others(*numbers[2:])))

    same = said(0.01, 0.7, [0.02, 0.01], [0.6, 0.8])
    assert "all 3 pairs of networks come to this verdict" in same
    assert "do not overlap; the seed alone would separate them so in one of 10 cases" in same
    turned = said(0.01, 0.7, [0.02, 0.3], [0.6, 0.2])
    assert "only 2 come to this verdict: it depends on the seed" in turned
    assert "overlap, so that the seed alone could explain the difference" in turned
    assert seeds.read(experiment, pair(0.01, 0.7), {}) is None


def test_a_measure_has_its_intervals() -> None:
    say = language("en")
    accuracy = {"stem": 0.2, "layer1.0": 0.4, "layer2.0": 0.5, "layer3.0": 0.8}
    report = probes.Report(n=100, fitted_on=10, accuracy=accuracy, own_classifier=0.8, ridge=1.0)
    other = replace(report, accuracy=accuracy | {"layer3.0": 0.7})
    table = measures.table(lab.get("probes"), {"resnet56": report}, {"resnet56": {"1": other}}, say)
    assert table[0] == ["", "ResNet-56"]
    (row,) = [row for row in table if row[0] == "Right answers of a probe after the last block"]
    ends = [say.tenths(end) for end in wilson(0.8, 100)]
    ends += [say.tenths(0.7), say.tenths(0.8)]
    assert row[1] == "{} (95 % interval over the pictures {} to {}; over the seeds {} to {})".format(
        say.tenths(0.8), *ends
    )
    assert measures.table(lab.get("shattering"), {}, {}, say) == []


def test_an_interval_is_of_the_pictures_that_were_counted() -> None:
    """The controls of the dial are measured on fewer pictures than the rest."""
    result = results.bundled("dial")
    assert result is not None
    report = result.networks["plain56"]
    frozen, anew, _half = (row[0] for row in seeds.spreads(lab.get("dial"), {"plain56": report}, {}))
    assert frozen.interval == wilson(report.alpha["0.5"], 10_000)
    assert anew.interval == wilson(report.alpha_recalibrated["0.5"], 2_000)


def test_the_first_measure_that_compares_is_read_out() -> None:
    result = results.bundled("paths")
    assert result is not None
    pair = {name: result.networks[name] for name in PAIR}
    again = {name: {"1": report} for name, report in pair.items()}
    assert str(seeds.read(lab.get("paths"), pair, again)) == (
        "Trained from 2 seeds, all 2 pairs of networks come to this verdict."
    )


def test_every_experiment_on_trained_networks_has_measures() -> None:
    for name, experiment in lab.EXPERIMENTS.items():
        # An experiment that compares networks (`twins`) takes other seeds by itself.
        assert bool(experiment.measures) != (name in ("signal", "shattering", "localise") or experiment.twins), name


@pytest.mark.parametrize("name", [name for name in lab.EXPERIMENTS if lab.get(name).measures])
def test_other_trainings_are_drawn_and_told(name: str) -> None:
    """With the bundled numbers: other trainings add to every drawing that has room for them, and to the table."""
    result = results.bundled(name)
    assert result is not None
    names = [network for network in PAIR if network in result.networks]
    reports = {network: result.networks[network] for network in names}
    again = {network: {"1": report} for network, report in reports.items()}
    drawn, more = draw_experiment(name, reports), draw_experiment(name, reports, seeds=again)
    assert len(more) > len(drawn) or name in ("unfold", "landscape", "sanity", "faithful")
    assert draw_experiment(name, reports, tall=True, seeds=again)
    for code in ("en", "zh"):
        table = measures.table(lab.get(name), reports, again, language(code))
        assert len(table) > 1
        assert all(len(row) == 1 + len(names) for row in table)


def test_a_result_is_put_together_and_taken_apart(residual, plain) -> None:
    first = results.measure("responses", {"resnet56": residual, "plain56": plain}, noise(6), 6)
    again = results.measure("responses", {"resnet56-seed1": plain, "resnet56-seed2": residual}, noise(6), 4)
    whole = first.beside(again)
    assert list(whole.seeds["resnet56"]) == ["1", "2"]
    assert whole.seeds["resnet56"]["2"] == again.networks["resnet56-seed2"]
    assert whole.provenance.seed_pictures == 4
    assert set(whole.provenance.weights) == {"resnet56", "plain56", "resnet56-seed1", "resnet56-seed2"}
    assert [part.networks for part in whole.apart()] == [first.networks, again.networks]
    assert whole.apart()[0] == first
    assert list(results.everything(whole)) == ["resnet56", "plain56", "resnet56-seed1", "resnet56-seed2"]
    assert json.loads(json.dumps(results.as_json(whole)))["seeds"]["resnet56"]["1"]["n"] == 4
    assert "seeds" not in results.as_json(first)
