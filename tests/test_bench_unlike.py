import numpy as np
import pytest

from resnet_demo.bench import unlike as bench


def test_the_area_under_the_roc_is_the_share_of_pairs_in_order() -> None:
    score, positive = np.array([1.0, 2.0, 3.0, 2.0]), np.array([False, True, True, False])
    assert bench.auroc(score, positive) == pytest.approx((1 + 0.5 + 1 + 1) / 4)


@pytest.mark.parametrize("loss", ["logistic", "ridge"])
def test_a_probe_finds_the_direction_that_tells(loss: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, [1, 5, 0.1], (400, 3))
    target = x[:, 2] > 3
    b, bias = bench.fit(x, target, np.full(400, 1 / 400), bench.Variant(loss=loss))
    assert np.mean((x @ b + bias > 0) == target) > 0.97


@pytest.mark.parametrize("kind", bench.DRAWINGS)
def test_drawings_are_pictures_and_depend_on_the_seed_alone(kind: str) -> None:
    once, again = (bench.DRAWINGS[kind](np.random.default_rng(3), 64) for _ in range(2))
    assert once.mode == "RGB"
    assert once.tobytes() == again.tobytes()
