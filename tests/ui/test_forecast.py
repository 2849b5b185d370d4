"""What a race's first second lets one expect, and how much a percentage of few pictures means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from stripes import stripes

from resnet_demo.assets import asset
from resnet_demo.data import Survey
from resnet_demo.data.reading import left_out
from resnet_demo.i18n import language
from resnet_demo.lab.wilson import wilson
from resnet_demo.training.budget import MARKS
from resnet_demo.training.records import Record
from resnet_demo.ui.captions import forecast as said
from resnet_demo.ui.jobs import forecast as forecasts
from resnet_demo.ui.jobs.forecast import Forecast, expected_accuracy, forecast, of_pictures
from resnet_demo.ui.jobs.race import BOTH, OWN_PICTURES, PLAIN, Plan, Race
from resnet_demo.ui.pages import train as train_page
from resnet_demo.ui.race_shown import brought, outlook
from resnet_demo.ui.session import Session

SETS = stripes(192, 1), stripes(96, 2)
MEASURED = {
    "shapes": {
        "resnet20": {500: 0.2, 2000: 0.6, 8000: 0.95}, "plain20": {500: 0.1, 2000: 0.5, 8000: 0.8},
        "resnet56": {500: 0.1, 2000: 0.2}, "plain56": {500: 0.1, 2000: 0.1},
        "resnet8": {500: 0.5, 2000: 0.8}, "plain8": {500: 0.4, 2000: 0.7},
    }
}  # fmt: skip


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "_measured", lambda: MEASURED)


def record(images: int, seconds: float) -> Record:
    return Record(0, images // 16, images, seconds, 0.1, 1.0, 0.5, {}, {})


@pytest.mark.parametrize(
    ("network", "pictures", "share"),
    [
        ("resnet20", 500, 0.2), ("resnet20", 1000, 0.4), ("resnet20", 2000, 0.6), ("plain20", 1000, 0.3),
        ("resnet20", 1, 0.1), ("resnet20", 50_000, 0.95),  # no picture: a guess; nearly all right: it stays so
        ("plain20", 50_000, None), ("resnet56", 3000, None),  # more than was measured
        ("resnet110", 500, None),  # deeper than was measured
        ("resnet32", 500, 0.2 - 0.1 * 0.4565),  # ln(32/20) / ln(56/20) of the way
    ],
)  # fmt: skip
def test_accuracies_lie_between_those_that_were_measured(network, pictures, share):
    assert expected_accuracy("shapes", network, pictures, 10) == (share and pytest.approx(share, abs=1e-4))
    assert expected_accuracy("cifar100", network, pictures, 100) is None


def test_the_measured_accuracies_are_there():
    found = json.loads(asset("expectations.json").read_text())
    for depth in (20, 56):
        for kind in ("resnet", "plain"):
            shares = list(found["shapes"][f"{kind}{depth}"].values())
            assert len(shares) >= 3
            assert all(0.05 < share <= 1 for share in shares)


def test_the_first_second_tells_what_the_clock_will_allow():
    race = Race(Plan(depth=8, kind=BOTH, seconds=30, recipe="paper"), *SETS)
    assert forecast(race) is None
    race.records["resnet8"].append(record(500, 1.0))
    assert forecast(race) is None  # of the other one nothing is known
    race.records["plain8"].append(record(400, 1.0))
    found = forecast(race)
    assert found is not None
    tests = MARKS * 96 / 3  # a test picture costs a third of a training picture
    assert found.pictures == {"resnet8": round(500 * 30 - tests), "plain8": round(400 * 30 - tests)}  # at the same time
    assert found.seconds == 30
    assert found.training_set == 192
    assert found.shorter is None


def test_small_crops_are_faster_than_what_comes_after_them():
    race = Race(Plan(depth=8, kind=PLAIN, seconds=60), *SETS)
    race.records["plain8"].append(record(1000, 1.0))
    found = forecast(race)
    assert found is not None
    assert found.pictures["plain8"] == round(
        (60 - MARKS * 96 / 3 / (1000 * forecasts.FULL_SIZE)) * (1000 * 0.6 + 1000 * forecasts.FULL_SIZE * 0.4)
    )


def test_the_first_second_tells_how_long_epochs_take():
    race = Race(Plan(depth=8, kind=PLAIN, seconds=None, epochs=2, batch=16, recipe="textbook"), *SETS)
    race.records["plain8"].append(record(160, 1.6))
    found = forecast(race)
    assert found is not None
    assert found.pictures == {"plain8": 2 * 192}
    assert found.seconds == pytest.approx(2 * 192 / 100 + 2 * 96 / 3 / 100)


def test_where_nothing_would_be_learned_a_shorter_depth_is_offered():
    plan = Plan(depth=56, seconds=30)
    found = of_pictures(plan, {"resnet56": 600, "plain56": 640}, 32, 30, 5000, 10)
    assert found.too_little
    assert found.shorter == 44  # 760 pictures there, between 20 and 56 layers
    assert "too little for 56 layers" in str(said.forecast(found, plan))
    assert not of_pictures(Plan(depth=20), {"resnet20": 600, "plain20": 640}, 32, 30, 5000, 10).too_little
    # Own pictures: nothing like them was measured, so steps count.
    own = replace(plan, data=OWN_PICTURES, file="a.zip")
    assert of_pictures(own, {"resnet56": 32 * 20, "plain56": 32 * 20}, 32, 30, 5000, 3).shorter == 20
    assert not of_pictures(own, {"resnet56": 32 * 60, "plain56": 32 * 60}, 32, 30, 5000, 3).too_little


def test_what_is_said_of_it():
    found = Forecast({"resnet20": 1234, "plain20": 1310}, {"resnet20": 0.45, "plain20": 0.3}, 5000, 10, 38, 30.0)
    english = str(said.forecast(found, Plan()))
    assert "about 1,200 pictures" in english
    assert "25 % of the training set" in english
    assert "ResNet-20 about 45 % and Plain-20 about 30 %" in english
    assert "a guess has 10 %" in english
    twice = replace(found, training_set=600)
    assert "2.1 times the training set" in str(said.forecast(twice, Plan()))
    assert "about 30 s" in str(said.forecast(found, Plan(seconds=None, epochs=1)))
    assert "not known" not in english
    assert "What Plain-20 will" in str(said.forecast(replace(found, accuracies={"resnet20": 0.45}), Plan()))
    photos = str(said.forecast(replace(found, accuracies={}, steps=400), Plan(data="cifar10")))
    assert "What ResNet-20 and Plain-20 will have learned by then is not known" in photos


def test_one_epoch_that_is_two_steps_is_said():
    assert "only 2 steps of 32" in str(said.steps(1, 70, 2, 32))
    assert "a single step of 60" in str(said.steps(1, 60, 1, 60))
    assert "3 epochs of these 70 pictures are only 6 steps" in str(said.steps(3, 70, 6, 32))
    assert said.steps(1, 50_000, 390, 128) is None
    race = Race(Plan(depth=8, seconds=None, epochs=1, batch=96), *SETS)
    shown = outlook(race, None, language("en"))
    assert "One epoch of these 192 pictures is only 2 steps of 96" in shown
    assert "rd-warning" in shown


def test_a_shorter_network_is_one_click_away():
    race = Race(Plan(depth=8, seconds=30), *SETS)
    found = Forecast({"resnet8": 10, "plain8": 10}, {}, 192, 3, 1, 30.0, shorter=8)
    assert "data-depth='8'" in outlook(race, found, language("en"))
    assert "data-depth" not in outlook(race, replace(found, shorter=None), language("en"))


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval(right, asked, low, high):
    """Newcombe 1998, table I, method 3."""
    assert wilson(right / asked, asked) == pytest.approx((low, high), abs=6e-5)
    assert wilson(1 - right / asked, asked) == pytest.approx((1 - high, 1 - low), abs=6e-5)


def test_a_small_test_set_says_how_little_its_percentage_means():
    assert "say little" in str(said.meaning({"resnet8": (0.45, 40)}))
    assert str(said.interval(0.45, 40)) == "95 % interval: 31 % to 60 %"
    assert said.meaning({"resnet8": (0.45, 1000)}) is None
    assert said.interval(0.45, 1000) is None


def test_the_speed_is_measured_anew_whenever_a_race_has_taken_twice_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, run = [], []
    race = SimpleNamespace(records={"resnet8": run}, abandoned=True)

    def watch() -> Iterator[None]:
        for seconds in (0.5, 1.0, 1.5, 2.0, 3.9, 4.0, 7.0, 8.5):
            run.append(record(100, seconds))
            yield

    def found(race: object) -> object:
        asked.append(run[-1].seconds)
        return f"after {run[-1].seconds} s" if run[-1].seconds >= 1 else None

    for name in ("progress", "curves", "gradients"):
        monkeypatch.setattr(train_page, name, lambda *values: "")
    monkeypatch.setattr(train_page, "outlook", lambda race, forecast, say: forecast)
    monkeypatch.setattr(train_page, "forecast", found)
    job = SimpleNamespace(race=race, watch=watch, forecast=None)
    page = SimpleNamespace(status=0, live=1, gradients=2, forecast=3, result=4, files=5)
    told = [shown[3] for shown in train_page.looking_on(page, None, Session(), job) if 3 in shown]  # pyright: ignore
    assert told == [None, "after 1.0 s", "after 2.0 s", "after 4.0 s", "after 8.5 s"]
    assert asked == [0.5, 1.0, 2.0, 4.0, 8.5]


def test_a_zip_tells_what_it_holds_and_for_how_long_so_few_are_trained_on() -> None:
    notes = left_out([], {"cats/1.heic": "HEIC"}, [])
    shown = str(brought(Survey(("cats", "dogs"), 28, 8, notes), 200, 64, language("en")))
    assert "36 pictures of 2 classes (cats and dogs), 8 of them for testing." in shown
    assert "they get 200 of them: one is a single step." in shown
    assert "One picture is HEIC and was left out: cats/1.heic." in shown
    assert "only 8 test pictures" in shown
    many = str(brought(Survey(tuple("abcdefgh"), 40_000, 10_000, []), 1, 64, language("en")))
    assert many.count("<p") == 1
    assert "50,000 pictures of 8 classes, 10,000 of them for testing." in many
    assert "epochs" not in many
