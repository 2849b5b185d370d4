from __future__ import annotations

from dataclasses import replace

import pytest

from resnet_demo.errors import InputError
from resnet_demo.training.recipes import RECIPES, learning_rate, recipe_of


@pytest.mark.parametrize(
    ("name", "progress", "rate"),
    [
        *(("fast", p, r) for p, r in ((0, 0), (0.1, 0.1), (0.2, 0.2), (0.6, 0.1), (0.8, 0.05), (1, 0))),
        *(
            ("paper", p, r)
            for p, r in ((0, 0.1), (0.4999, 0.1), (0.5, 0.01), (0.7499, 0.01), (0.75, 0.001), (1, 0.001))
        ),
        *(("textbook", p, 0.01) for p in (0, 0.5, 1)),
    ],
)
def test_learning_rates_by_hand(name, progress, rate):
    assert learning_rate(RECIPES[name], progress) == pytest.approx(rate)


def test_the_papers_recipe_is_the_papers():
    # He et al. 2015, section 4.2: weight decay 1e-4, momentum 0.9, batch 128, lr 0.1, 4 pixels padded on each side
    paper = RECIPES["paper"]
    assert (paper.weight_decay, paper.momentum, paper.batch, paper.lr, paper.shift) == (1e-4, 0.9, 128, 0.1, 4)
    assert not paper.nesterov
    assert not paper.settle
    assert not paper.muon
    assert paper.small_until == 0
    assert paper.microbatch == paper.batch // 2  # "on two GPUs"


def test_crops_are_three_quarters_at_first():
    recipe = replace(RECIPES["fast"], small_until=0.6)
    assert [recipe.crop(32, progress) for progress in (0, 0.599, 0.6, 1)] == [24, 24, 32, 32]
    assert RECIPES["paper"].crop(32, 0) == 32


def test_another_rate_is_one_for_all_parameters():
    recipe = replace(RECIPES["fast"], lr=0.2, muon=0.1).at_rate(0.05)
    assert (recipe.lr, recipe.muon) == (0.05, pytest.approx(0.025))
    assert RECIPES["paper"].at_rate(0.05) == replace(RECIPES["paper"], lr=0.05)


def test_recipes_by_name(sentence):
    assert recipe_of("fast") is RECIPES["fast"]
    own = replace(RECIPES["fast"], lr=0.3)
    assert recipe_of(own) is own
    with pytest.raises(InputError, match="fast, paper and textbook") as error:
        recipe_of("secret")
    sentence(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": -0.1},
        {"lr": float("nan")},
        {"momentum": float("inf")},
        {"batch": 0},
        {"batch": 12.5},
        {"shift": -1},
        {"schedule": "secret"},
        {"muon": -0.1},
        {"microbatch": 0},
        {"microbatch": 12.5},
    ],
    ids=str,
)
def test_impossible_recipes_are_refused(wrong, sentence):
    with pytest.raises(InputError, match="recipe") as error:
        replace(RECIPES["fast"], **wrong)
    sentence(error.value)


@pytest.mark.parametrize(
    ("minutes", "batch", "lr", "muon"),
    [
        (None, 128, 0.2, 0.02),  # by epochs
        (100, 128, 0.2, 0.02),
        (4, 128, 0.2, 0.05),
        (1, 128, 0.2, 0.1),
        (0.75, 64, 0.1, 0.05),
        (0.3, 32, 0.05, 0.025),
        (0.1, 32, 0.05, 0.025),
    ],
)
def test_fast_fits_the_time(minutes, batch, lr, muon):
    found = recipe_of("fast", minutes)
    assert (found.batch, found.lr, found.muon) == (batch, pytest.approx(lr), pytest.approx(muon))
    assert recipe_of(found, 0.1) is found  # a recipe that was chosen with care stays as it is
    for name in ("paper", "textbook"):
        assert recipe_of(name, minutes) is RECIPES[name]


def test_the_old_name_of_a_recipe_is_understood():
    assert recipe_of("seed") is RECIPES["textbook"]


def test_similar_names_are_offered():
    with pytest.raises(InputError, match=r"There is no recipe 'textbok' \(did you mean textbook\?\); there are fast"):
        recipe_of("textbok")
