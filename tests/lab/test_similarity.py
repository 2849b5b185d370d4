from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from networks import noise
from torch import Tensor

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab import results, similarity
from resnet_demo.lab.experiment import as_plain
from resnet_demo.lab.interventions import block_names, states
from resnet_demo.lab.similarity import (
    Likeness,
    Report,
    arrived,
    between,
    cka,
    ends,
    fresh,
    hsic,
    late,
    less_alike,
    other_seeds,
    read,
    report,
    u_centred,
    verdict,
)
from resnet_demo.models import zoo
from resnet_demo.models.predict import domain_of


def draw(n: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_two(x: Tensor, y: Tensor) -> float:
    return cka(hsic([x, y]))[0, 1].item()


def biased(x: Tensor, y: Tensor) -> float:
    """As Kornblith et al. write it with features: ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖), both centred."""
    x, y = x - x.mean(0), y - y.mean(0)
    return ((y.T @ x).square().sum() / ((x.T @ x).norm() * (y.T @ y).norm())).item()


def song(k: Tensor, other: Tensor) -> float:
    """As Song et al. 2012 write it, for Gram matrices that are not centred."""
    n = len(k)
    k, other = (gram - gram.diagonal().diag() for gram in (k, other))
    product = k @ other
    sums = k.sum() * other.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * product.sum()
    return ((product.trace() + sums) / (n * (n - 3))).item()


# Identities


def test_a_set_of_features_is_like_itself():
    x = draw(30, 7)
    assert cka(hsic([x, x])).flatten().tolist() == pytest.approx([1.0] * 4, abs=1e-12)


def test_turned_moved_or_scaled_it_is_the_same():
    x, y = draw(40, 6), draw(40, 9, seed=1) + draw(40, 6) @ draw(6, 9, seed=2)
    turned = torch.linalg.qr(draw(6, 6, seed=3)).Q
    assert (turned.T @ turned - torch.eye(6, dtype=turned.dtype)).abs().max() < 1e-12
    for same in (x @ turned, x * 1e-3, -x, x + 5.0, x[:, [3, 0, 1, 5, 4, 2]]):
        assert of_two(x, same) == pytest.approx(1, abs=1e-9)
        assert of_two(same, y) == pytest.approx(of_two(x, y), abs=1e-9)


def test_a_linear_map_is_not_a_rotation():
    """An invertible map keeps all that can be read linearly, and still changes what is alike."""
    x = draw(40, 6)
    stretched = x * torch.tensor([30.0, 1, 1, 1, 1, 1], dtype=x.dtype)
    assert of_two(x, stretched) < 0.7
    assert biased(x, stretched) < 0.7


def test_hsic_is_the_unbiased_estimator_of_song():
    x, y = draw(20, 5) + 3.0, draw(20, 50, seed=1) - 1.0
    found = hsic([x, y])
    assert found[0, 1].item() == pytest.approx(song(x @ x.T, y @ y.T), rel=1e-9)
    assert found[0, 0].item() == pytest.approx(song(x @ x.T, x @ x.T), rel=1e-9)
    assert found[0, 1] == found[1, 0]


def test_a_centred_gram_matrix_sums_to_zero_in_every_row():
    centred = u_centred(draw(12, 3))
    assert centred.sum(1).abs().max() < 1e-12
    assert centred.diagonal().abs().max() == 0


def test_gram_matrices_and_features_say_the_same():
    """The oracle's own: HSIC of centred Gram matrices is the norm of the features' cross-covariance."""
    x, y = draw(25, 4), draw(25, 6, seed=1)
    centre = torch.eye(25, dtype=x.dtype) - 1 / 25
    k, other = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    grams = (k * other).sum() / ((k * k).sum() * (other * other).sum()).sqrt()
    assert grams.item() == pytest.approx(biased(x, y), rel=1e-9)


def test_with_many_more_pictures_than_features_both_estimates_agree():
    x = draw(2000, 5)
    y = draw(2000, 7, seed=1) + x @ draw(5, 7, seed=2)
    assert of_two(x, y) == pytest.approx(biased(x, y), abs=0.005)
    assert 0.2 < of_two(x, y) < 0.95


def test_with_more_features_than_pictures_only_the_unbiased_one_knows_noise():
    x, y = draw(40, 1000), draw(40, 1000, seed=1)
    assert biased(x, y) > 0.95  # of independent noise
    assert abs(of_two(x, y)) < 0.1


def test_the_mean_over_minibatches_estimates_the_same():
    x = draw(3000, 20)
    y = draw(3000, 30, seed=1) + x @ draw(20, 30, seed=2)
    batches = [hsic([x[start : start + 50], y[start : start + 50]]) for start in range(0, 3000, 50)]
    assert cka(torch.stack(batches).mean(0))[0, 1].item() == pytest.approx(of_two(x, y), abs=0.01)


def test_what_is_the_same_for_all_pictures_has_no_likeness():
    found = cka(hsic([draw(10, 3), torch.ones(10, 3, dtype=torch.float64)]))
    assert found[0, 0].item() == pytest.approx(1)
    assert not found[0, 1].isfinite()


# Networks


def test_every_two_places_by_hand(model):
    data = noise(12)
    found = between([model], data)
    left = [maps for _name, maps in states(model, domain_of(model).normalise(data.pictures))]
    assert found.shape == (1, len(left), 1, len(left))
    for one, x in enumerate(left):
        for other, y in enumerate(left):
            k, theirs = ((maps.flatten(1).double() @ maps.flatten(1).double().T) for maps in (x, y))
            expected = song(k, theirs) / math.sqrt(song(k, k) * song(theirs, theirs))
            assert found[0, one, 0, other].item() == pytest.approx(expected, abs=1e-4)


def test_batches_are_whole_and_their_mean_is_taken(residual, monkeypatch):
    monkeypatch.setattr(similarity, "BATCH", 10)
    data, told = noise(25), []
    found = between([residual], data, told.append)
    assert told == [0.5, 1.0]  # 13 and 12 pictures
    halves = []
    for pictures in data.pictures.split(13):
        inputs = domain_of(residual).normalise(pictures)
        halves.append(hsic([maps for _name, maps in states(residual, inputs)]))
    assert torch.allclose(found[0, :, 0], cka((halves[0] + halves[1]) / 2), atol=1e-6)


def test_a_report_holds_the_twin_where_there_is_one(residual, plain):
    names = ["stem", *block_names(residual)]
    alone = report(residual, noise(12), 0, lambda _: None)
    assert (alone.twin, alone.twins, alone.seeds) == ({}, (), ())
    assert list(alone.own) == names
    for index, row in enumerate(alone.own.values()):
        assert row[index] == 1
    beside = report(residual, noise(12), 0, lambda _: None, plain)
    assert beside.own == alone.own
    (pair,) = beside.twins
    assert list(pair.block_by_block) == list(beside.twin) == names
    assert [row[index] for index, row in enumerate(beside.twin.values())] == list(pair.block_by_block.values())
    turned = report(plain, noise(12), 0, lambda _: None, residual)
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            assert turned.twin[other][row] == pytest.approx(beside.twin[name][column], abs=2e-4)
    assert turned.twins[0].mean_of_best == pytest.approx(pair.mean_of_best, abs=2e-4)


def test_the_best_likeness_by_hand():
    found = torch.tensor([[0.5, 0.9], [0.2, 0.4]], dtype=torch.float64)
    pair = similarity.likeness(found, ["stem", "layer1.0"])
    assert pair.block_by_block == {"stem": 0.5, "layer1.0": 0.4}
    assert pair.mean == pytest.approx(0.45)
    assert pair.mean_of_best == pytest.approx((0.5 + 0.9 + 0.9 + 0.4) / 4)
    found[1, 1] = math.nan
    pair = similarity.likeness(found, ["stem", "layer1.0"])
    assert pair.block_by_block == {"stem": 0.5, "layer1.0": None}
    assert pair.mean_of_best == pytest.approx((0.5 + 0.9 + 0.9 + 0.2) / 4)


def test_a_fresh_network_has_statistics_of_these_pictures(residual):
    data = noise(12)
    network = fresh(residual, data, 3)
    inputs = domain_of(residual).normalise(data.pictures)
    assert network.config == residual.config
    after = network.stem(inputs)
    assert 0.2 < after.std() < 2
    assert results.fingerprint(network) == results.fingerprint(fresh(residual, data, 3))
    assert results.fingerprint(network) != results.fingerprint(fresh(residual, data, 4))


def test_seeds_are_found_for_bundled_networks_alone():
    seeds = zoo.bundled_seeds("resnet20")
    assert len(seeds) == 3
    found = other_seeds(zoo.load("resnet20"))
    marks = [results.fingerprint(zoo.load("resnet20", seed)) for seed in seeds]
    assert [results.fingerprint(network) for network in found] == marks[1:]
    assert [results.fingerprint(network) for network in other_seeds(zoo.load("resnet20", 1))] == [marks[0], marks[2]]
    assert other_seeds(zoo.build("resnet20", 0)) == []
    assert other_seeds(zoo.build("resnet20", 0, classes=3)) == []
    assert other_seeds(zoo.load("resnet32")) == []


def test_three_pictures_are_too_few(residual, sentence):
    with pytest.raises(InputError, match="at least 4 pictures") as error:
        lab.run("similarity", residual, noise(3))
    sentence(error.value)


# The twin comes along


def test_the_twin_comes_along(residual, plain):
    found = results.measure("similarity", {"resnet14": residual, "plain14": plain}, noise(8))
    for name, of_it in found.networks.items():
        assert len(of_it.twins) == 1, name
    alone = results.measure("similarity", {"resnet14": residual, "other": plain}, noise(8))
    assert not any(of_it.twins for of_it in alone.networks.values())
    assert lab.run("similarity", residual, noise(8), 0, twin=plain) == found.networks["resnet14"]


def test_a_known_result_is_kept_while_the_twin_is_the_same(residual, plain, network_of, monkeypatch):
    networks, data, ran = {"resnet14": residual, "plain14": plain}, noise(8), []
    first = results.measure("similarity", networks, data)
    run = lab.run
    monkeypatch.setattr(lab, "run", lambda name, network, *rest: ran.append(network) or run(name, network, *rest))
    assert results.measure("similarity", networks, data, known=first).networks == first.networks
    assert ran == []
    other = network_of("plain")
    with torch.no_grad():
        other.fc.bias[0] += 1.0
    results.measure("similarity", {**networks, "plain14": other}, data, known=first)
    assert ran == [residual, other]


# Sentences


def alike(mean: float, best: float | None = None) -> Likeness:
    return Likeness({"stem": mean, "layer1.0": mean}, mean, mean if best is None else best)


def of(
    twins: Any = (), seeds: Any = (), to_last: tuple[float, ...] = (0.1, 0.3, 0.5, 1.0), nearest: tuple[int, ...] = ()
) -> Report:
    """A report by hand: how alike each place is to the last, and which of the twin's is the most alike to it."""
    names = ["stem", *(f"layer1.{index}" for index in range(len(to_last) - 1))]
    own = {name: (0.0,) * (len(names) - 1) + (value,) for name, value in zip(names, to_last, strict=True)}
    twin = {
        name: tuple(0.9 if column == place else 0.1 for column in range(len(names)))
        for name, place in zip(names, nearest, strict=False)
    }
    return Report(100, own, twin, tuple(twins), tuple(seeds), alike(0.2))


@pytest.mark.parametrize(
    ("twins", "seeds", "said"),
    [
        ([(0.6, 0.7), (0.65, 0.75)], [(0.9, 0.9), (0.8, 0.85)], "by more than another seed does"),
        ([(0.6, 0.7), (0.65, 0.86)], [(0.9, 0.9), (0.8, 0.85)], "they make similar maps at other depths"),
        ([(0.6, 0.7), (0.81, 0.75)], [(0.9, 0.9), (0.8, 0.85)], "not clearly less alike"),
        ([(0.95, 0.95)], [(0.9, 0.9), (0.8, 0.85)], "not clearly less alike"),
    ],
)
def test_the_verdict_turns_with_the_numbers(twins, seeds, said):
    one, two = of([alike(*pair) for pair in twins], [alike(*seeds[0])]), of([], [alike(*seeds[1])])
    words = str(read({"resnet8": one, "plain8": two}))
    assert said in words
    assert "than two seeds of ResNet-8 or Plain-8" in words
    assert sum(each in words for each in ("by more than", "at other depths", "not clearly")) == 1


def test_every_pair_of_twins_must_be_less_alike_than_every_pair_of_seeds():
    assert less_alike([0.5, 0.6], [0.7, 0.9])
    assert not less_alike([0.5, 0.8], [0.7, 0.9])
    assert not less_alike([], [0.7])
    assert not less_alike([0.5], [None])
    assert verdict([alike(0.5, 0.5)], [alike(0.9, 0.4)]) == "at other depths"


STOPPED, GOING = (0.1, 0.3, 0.9, 1.0), (0.1, 0.3, 0.5, 1.0)


@pytest.mark.parametrize(
    ("residual", "plain", "said"),
    [
        (GOING, STOPPED, "Kornblith et al. found such a plateau"),
        (STOPPED, GOING, "Here it is the last third of the residual network"),
        (STOPPED, STOPPED, "In both networks the last third changes little"),
        (GOING, GOING, "In both networks the last third still changes much"),
    ],
)
def test_a_last_third_that_changes_nothing_is_told(residual, plain, said):
    assert said in str(read({"resnet8": of(to_last=residual), "plain8": of(to_last=plain)}))


def test_after_two_thirds_by_hand():
    assert late(of(to_last=GOING).own) == 0.5
    assert late(of(to_last=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)).own) == 0.5
    assert ends(0.79, 0.8) == "plain stops"
    assert ends(0.8, 0.79) == "residual stops"


def test_blocks_that_have_arrived_are_counted():
    assert arrived(of(nearest=(3, 3, 3, 3)).twin) == 3  # the stem is no block
    assert arrived(of(nearest=(0, 3, 2, 3)).twin) == 1
    assert arrived(of(nearest=(0, 1, 2, 2)).twin) == 0
    assert arrived({}) == 0
    assert arrived({"stem": (None,), "layer1.0": (None,)}) == 0
    words = str(read({"resnet8": of(), "plain8": of(nearest=(0, 1, 3, 3))}))
    assert "The last 2 of 3 blocks of Plain-8 are all most alike to one block of ResNet-8: its last." in words
    assert "are all most alike" not in str(read({"resnet8": of(), "plain8": of(nearest=(0, 1, 2, 3))}))


def test_a_network_without_twin_or_seeds_is_told_alone():
    words = str(read({"my network": of()}))
    assert "twin" not in words
    assert "seeds" not in words
    assert "my network 0.20" in words
    assert "after the last is: my network 0.50." in words
    unknown = replace(of(), untrained=Likeness({}, None, None), own={"stem": (None,), "layer1.0": (None,)})
    assert str(read({"my network": unknown})) == "Nothing can be compared: the maps are the same for all pictures."


# What comes with the package


def bundled() -> Any:
    found = results.bundled("similarity")
    assert found is not None
    return found.networks


def test_bundled_likeness_is_whole():
    for name, found in bundled().items():
        names = list(found.own)
        assert (len(found.seeds), len(found.twins)) == (3, 3), name
        for index, row in enumerate(found.own.values()):
            assert row[index] == 1
            assert row == tuple(other[index] for other in found.own.values())
            assert all(-0.05 < value < 1.05 for value in (*row, *found.twin[names[index]]))
        other = bundled()[zoo.twin(name)]
        assert found.twin == {
            name: tuple(row[index] for row in other.twin.values()) for index, name in enumerate(names)
        }
        json.dumps(as_plain(found), allow_nan=False)


def test_a_bundled_result_is_that_of_the_bundled_seeds(shared_data):
    """The seeds have no fingerprint in the file: a few pictures tell whether these are still the weights."""
    from resnet_demo.data import load_dataset

    data = load_dataset("cifar10", False, shared_data).subset(100)
    found = report(zoo.load("resnet20"), data, 0, lambda _: None, zoo.load("plain20"))
    for kind in ("seeds", "twins"):
        for few, many in zip(getattr(found, kind), getattr(bundled()["resnet20"], kind), strict=True):
            assert few.mean == pytest.approx(many.mean, abs=0.03)
