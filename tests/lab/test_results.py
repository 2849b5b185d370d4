"""What an experiment's result tells of itself, and the results that come with the package."""

from __future__ import annotations

import json
import statistics
from math import comb
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import noise

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab import results
from resnet_demo.models import zoo

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "experiments"
BUNDLED = sorted(FOLDER.glob("*.json"))
TEN = 10_000  # test pictures of CIFAR-10


@pytest.fixture(scope="module")
def fingerprints() -> dict[str, str]:
    return {
        zoo.training_name(name, seed): results.fingerprint(zoo.load(name, seed))
        for name in zoo.names()
        for seed in zoo.bundled_seeds(name)
    }


def test_a_result_tells_what_it_rests_on(residual, plain):
    told: list[tuple[str, float]] = []
    result = results.measure("lens", {"a": residual, "b": plain}, noise(9), 4, 3, lambda *step: told.append(step))
    assert result.experiment == "lens"
    assert result.question.endswith("?")
    assert result.data == "noise"
    assert result.networks == {
        "a": lab.run("lens", residual, noise(9).subset(4), 3),
        "b": lab.run("lens", plain, noise(9).subset(4), 3),
    }
    provenance = result.provenance
    assert (provenance.pictures, provenance.seed) == (4, 3)
    assert provenance.weights == {"a": results.fingerprint(residual), "b": results.fingerprint(plain)}
    assert all(seconds > 0 for seconds in provenance.seconds.values())
    assert [network for network, _ in told] == sorted(network for network, _ in told)
    json.dumps(results.as_json(result), allow_nan=False)


def test_a_network_that_is_refused_is_refused_before_another_is_measured(residual):
    told: list[str] = []
    networks = {"a": residual, "b": zoo.build("preresnet20")}
    with pytest.raises(InputError, match="basic blocks only"):
        results.measure("unfold", networks, noise(4), progress=lambda network, _done: told.append(network))
    assert told == []


def test_a_fingerprint_is_that_of_the_weights(residual, plain):
    mark = results.fingerprint(residual)
    assert mark == results.fingerprint(residual)
    assert mark != results.fingerprint(plain)
    with torch.no_grad():
        residual.fc.bias[0] += 1e-6
    assert results.fingerprint(residual) != mark


def test_a_result_is_known_again_by_all_that_it_rests_on(residual, plain, tmp_path):
    networks, data = {"a": residual, "b": plain}, noise(6)
    result = results.measure("refinement", networks, data, 4, 1)
    path = tmp_path / "refinement.json"
    path.write_text(json.dumps(results.rounded(results.as_json(result))))
    there = results.read(path)
    assert results.would_be_the_same(there, "refinement", networks, data, 4, 1)
    for name, other, pictures, seed in (
        ("lens", networks, 4, 1),
        ("refinement", {"a": residual}, 4, 1),
        ("refinement", {"a": plain, "b": plain}, 4, 1),
        ("refinement", networks, 5, 1),
        ("refinement", networks, 4, 2),
    ):
        assert not results.would_be_the_same(there, name, other, data, pictures, seed)
    assert not results.would_be_the_same(None, "refinement", networks, data, 4, 1)
    for content in ("", "[1]", '{"experiment": "lens"}'):
        path.write_text(content)
        assert results.read(path) is None
    assert results.read(tmp_path / "absent.json") is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("networks", "resnet20", "error"), "0.1"),
        (("networks", "resnet20", "error"), None),
        (("networks", "resnet20", "added"), [0.1]),
        (("networks", "resnet20", "added", "layer1.0"), {}),
        (("networks", "resnet20"), 3),
        (("networks",), []),
        (("provenance", "pictures"), "many"),
        (("provenance", "weights"), ["abc"]),
        (("provenance",), None),
        (("experiment",), "secret"),
        (("experiment",), ["lesion"]),
    ],
)
def test_a_file_with_something_else_in_it_is_no_result(place, value, tmp_path):
    content = json.loads((FOLDER / "lesion.json").read_text())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    assert place[-1] in inner
    inner[place[-1]] = value
    path = tmp_path / "lesion.json"
    path.write_text(json.dumps(content))
    assert results.read(path) is None


def test_files_keep_their_shape():
    for path in BUNDLED:
        result = results.bundled(path.stem)
        assert result is not None
        assert json.dumps(results.as_json(result), indent=1) + "\n" == path.read_text()


def test_a_network_that_is_known_is_not_measured_again(residual, plain, monkeypatch):
    data, ran = noise(6), []
    run = lab.run
    monkeypatch.setattr(lab, "run", lambda name, network, *rest: ran.append(network) or run(name, network, *rest))
    first = results.measure("refinement", {"a": residual}, data, 4, 1)
    both = results.measure("refinement", {"a": residual, "b": plain}, data, 4, 1, known=first)
    assert ran == [residual, plain]
    assert both.networks["a"] == first.networks["a"]
    assert both.provenance.seconds["a"] == first.provenance.seconds["a"]
    for name, network, pictures, seed in (
        ("refinement", plain, 4, 1),  # other weights
        ("refinement", residual, 5, 1),
        ("refinement", residual, 4, 2),
        ("responses", residual, 4, 1),
    ):
        ran.clear()
        results.measure(name, {"a": network}, data, pictures, seed, known=first)
        assert ran == [network]


def test_depths_of_its_own_need_one_network_of_a_kind(residual, plain):
    networks = {"deep": residual, "deep plain": plain, "shallow": residual, "shallow plain": plain}
    assert list(lab.get("lens").concerned(networks)) == list(networks)
    assert list(lab.get("shattering").concerned(networks)) == ["deep", "deep plain"]
    assert lab.get("shattering").pictures_for(100) == 1
    assert lab.get("gradients").pictures_for(10_000) == 256
    assert lab.get("lesion").pictures_for(10_000) == 10_000


def test_numbers_are_rounded_and_laid_out():
    report = {"n": 123456789, "error": {"layer1.0": 0.123456789}, "counts": [2**27, 1e-9 / 3], "none": None}
    assert results.rounded(report) == {
        "n": 123456789,
        "error": {"layer1.0": 0.123457},
        "counts": [2**27, 3.33333e-10],
        "none": None,
    }
    header, rows = results.table({"a": report, "b": {"n": 1}})
    assert header == ["", "a", "b"]
    assert rows[0] == ["n", 123456789, 1]
    assert ["error layer1.0", 0.123456789, None] in rows
    assert ["counts 0", 2**27, None] in rows


def test_twins_are_shown_together():
    names = ("resnet56", "plain56", "plain20", "resnet20", "my network")
    found = results.pairs({name: {} for name in names})
    assert [list(pair) for pair in found] == [["resnet56", "plain56"], ["resnet20", "plain20"], ["my network"]]


# What comes with the package


def test_there_are_results_to_show():
    assert BUNDLED
    assert {path.stem for path in BUNDLED} <= set(lab.EXPERIMENTS)


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_a_bundled_result_is_that_of_the_bundled_weights(path, fingerprints):
    assert path.stat().st_size < 100_000
    result = results.bundled(path.stem)
    assert result is not None
    assert result.experiment == path.stem
    assert result.question == lab.get(path.stem).asks
    provenance = result.provenance
    assert provenance.command is not None
    assert provenance.command.startswith(f"resnet-demo experiment {path.stem} --model ")
    assert 1 <= provenance.pictures <= TEN
    assert set(results.everything(result)) == set(provenance.weights) == set(provenance.seconds)
    for name, seeds in result.seeds.items():
        assert list(map(int, seeds)) == zoo.bundled_seeds(name)[1:]
    if provenance.taught:  # networks that were trained for the experiment alone
        assert lab.get(path.stem).masks
        return
    for name, mark in provenance.weights.items():
        assert mark == fingerprints[name], f"{path.name} was measured on other weights of {name}: measure it again"
    for pair in results.pairs(result.networks):
        alone = 1 if lab.get(path.stem).shortcuts else 2
        assert len(pair) == alone, "a network without its twin shows nothing, unless plain ones are passed over"


def reports(name: str) -> list[Any]:
    result = results.bundled(name)
    return list(result.networks.values()) if result else []


def test_bundled_lesions_add_up():
    for report in reports("lesion"):
        assert list(report.added) == list(report.without)
        for block, error in report.without.items():
            assert 0 <= error <= 1
            assert report.added[block] == pytest.approx(error - report.error, abs=2e-5)
        assert report.median_added == pytest.approx(statistics.median(report.added.values()), abs=2e-5)
        assert set(report.halving) < set(report.added)


def test_the_lesson_tells_which_blocks_are_missed_most():
    """Step 6 says of three trainings of ResNet-56: those where the maps halve are among the three most missed.

    In the one that is shown the first block is missed more; in the others it is not.
    """
    result = results.bundled("lesion")
    assert result is not None
    trainings = [result.networks["resnet56"], *result.seeds["resnet56"].values()]
    assert len(trainings) == 3
    missed = [sorted(report.added, key=lambda block: -report.added[block])[:3] for report in trainings]
    assert all(set(report.halving) <= set(most) for report, most in zip(trainings, missed, strict=True))
    assert [most[0] == "layer1.0" for most in missed] == [True, False, False]


def test_bundled_identities_hold():
    for report in reports("lens"):
        assert report.identity_error <= 1e-3
        assert report.sum_error <= 1e-3
        assert len(report.error) == len(report.contribution)
    for report in reports("dial"):
        assert report.exact_at_one is True
    for report in reports("paths"):
        n = len(report.counts) - 1
        assert list(report.counts) in ([comb(n, k) for k in range(n + 1)], [0] * n + [1])
        shares = list(report.shares.values())
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert report.mean_length == pytest.approx(sum(k * share for k, share in enumerate(shares)), abs=1e-4)
        low, high = report.nine_tenths
        assert sum(shares[low : high + 1]) >= 0.9 - 1e-4
        assert report.sum_error <= 1e-6
    for report in reports("unfold"):
        assert report.max_logit_difference <= 1e-4
        assert report.different_answers == 0
        assert report.error == report.error_unfolded
    probes, lens = results.bundled("probes"), results.bundled("lens")
    assert probes is not None
    assert lens is not None
    for name, report in probes.networks.items():
        assert report.own_classifier == pytest.approx(1 - list(lens.networks[name].error.values())[-1], abs=2e-4)
    for report in reports("refinement"):
        assert report.mean == pytest.approx(statistics.mean(report.cosine.values()), abs=1e-4)
    for report in reports("responses"):
        assert report.mean == pytest.approx(statistics.mean(report.std.values()), rel=1e-4)
    for report in reports("landscape"):
        assert report.exact_at_centre is True
    for report in reports("faithful"):
        assert report.identity_error <= 1e-3
    for report in reports("gradients"):
        for case, norms in report.norms.items():
            first, *_, last = norms.values()
            assert report.first_to_last[case] == pytest.approx(first / last, rel=1e-4)


def test_bundled_results_agree_on_the_networks_error():
    """The same network on the same pictures: its error is told by several experiments."""
    found: dict[tuple[str, int], set[float]] = {}
    for name, error in (
        ("lesion", lambda report: report.error),
        ("lesions", lambda report: report.error),
        ("dial", lambda report: report.alpha["1.0"]),
        ("lens", lambda report: list(report.error.values())[-1]),
    ):
        result = results.bundled(name)
        for network, report in result.networks.items() if result else ():
            found.setdefault((network, report.n), set()).add(round(error(report), 3))
    assert found
    for errors in found.values():
        assert max(errors) - min(errors) <= 0.006  # rounding may tip a picture
