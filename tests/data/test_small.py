"""What is said of small data sets, and how long they are trained on where nobody says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from resnet_demo import cli, i18n
from resnet_demo.data.small import ENOUGH_STEPS, chosen_epochs, coarse_test, enough_epochs, few_steps


def test_36_pictures_and_two_epochs_are_two_steps():
    said = str(few_steps(36, epochs=2, batch=128))
    assert said.startswith("With 36 pictures, --epochs 2 is only 2 steps, in which little is learned; --epochs 300 ")
    assert enough_epochs(36, 128) == 300
    assert few_steps(36, epochs=300, batch=128) is None
    assert few_steps(50_000, epochs=1, batch=128) is None
    assert enough_epochs(50_000, 128) == 1


@pytest.mark.parametrize("pictures", [2, 36, 127, 128, 129, 1000, 5000])
def test_enough_epochs_are_enough_steps(pictures):
    epochs = enough_epochs(pictures, 128)
    steps = epochs * max(1, pictures // 128)
    assert ENOUGH_STEPS <= steps < ENOUGH_STEPS + max(1, pictures // 128)
    assert few_steps(pictures, epochs, 128) is None
    assert f"{steps:,} steps" in str(chosen_epochs(pictures, epochs, 128))


def test_a_test_half_of_8_says_how_little_it_can_tell():
    assert "only 8 test pictures: each is 12 % of the accuracy, and chance alone can move it by about 35 %" in str(
        coarse_test(8)
    )
    assert "only one test picture" in str(coarse_test(1))
    assert coarse_test(100) is None
    assert "8 张" in i18n.language("zh")(coarse_test(8))


def test_two_standard_errors_are_what_is_said():
    random = np.random.default_rng(0)
    shares = random.binomial(8, 0.5, 100_000) / 8
    assert 2 * shares.std() == pytest.approx(0.35, abs=0.01)


def test_the_shell_trains_longer_where_nobody_says_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("resnet_demo.data.small.ENOUGH_STEPS", 12)
    for kind, colour in (("ripe", "red"), ("green", "green")):
        (tmp_path / "fruit" / kind).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (32, 32), colour).save(tmp_path / "fruit" / kind / f"{number}.png")

    def trained(*options: object) -> tuple[int, str]:
        words = ("train", "--model", "resnet8", "--data", tmp_path / "fruit", "--out", tmp_path / "net.safetensors")
        done = CliRunner().invoke(cli.app, [str(word) for word in (*words, *options, "--json")])
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)["epochs"], done.stderr

    epochs, said = trained()
    assert epochs == 12
    assert "No budget was given; the 16 pictures are trained on for 12 epochs, which are 12 steps." in said
    assert "There are only 4 test pictures" in said
    epochs, said = trained("--epochs", 2)
    assert epochs == 2
    assert "With 16 pictures, --epochs 2 is only 2 steps" in said
    assert "No budget" not in said
