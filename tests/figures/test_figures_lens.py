"""The curve of the answer after every block."""

from __future__ import annotations

from itertools import pairwise

import pytest
from drawings import (
    NASTY,
    SVG,
    parse,
    points_of,
    words_in,
)

from resnet_demo.figures import (
    draw_lens,
)
from resnet_demo.figures.palette import MUTED, TOTAL


def test_lens_by_hand() -> None:
    root = parse(draw_lens(["layer1.0", "layer2.0"], [0.0, 0.5, 1.0], [0.25, 0.25, 0.0], NASTY))
    before, after = [path for path in root.iter(f"{SVG}path") if " L" in path.attrib["d"]]
    (_, low), (_, middle), (_, high) = points_of(before)
    assert middle == pytest.approx((low + high) / 2)
    assert low > high  # up is more
    quarter = low - (low - high) / 4
    assert [y for _, y in points_of(after)] == pytest.approx([quarter, quarter, low])
    assert (before.attrib["stroke"], after.attrib["stroke"]) == (MUTED, TOTAL)
    assert words_in(root) == "0% | 50% | 100% | stem | 1.0 | 2.0 | now | before"
    assert NASTY in root.attrib["aria-label"]


def test_lens_of_a_network_as_it_is_has_one_curve() -> None:
    root = parse(draw_lens(["layer1.0"], [0.1, 0.9], [0.1, 0.9], "cat"))
    assert len([path for path in root.iter(f"{SVG}path") if " L" in path.attrib["d"]]) == 1
    assert words_in(root).endswith("as it is")


@pytest.mark.parametrize("count", [3, 9, 27, 54])
def test_a_lens_for_phones_fits_them(count: int) -> None:
    values = [0.5] * (count + 1)
    root = parse(draw_lens([f"layer1.{index}" for index in range(count)], values, values, "cat", tall=True))
    assert float(root.attrib["viewBox"].split()[2]) <= 360
    assert all(float(item.attrib["font-size"]) >= 12 for item in root.iter(f"{SVG}text"))
    places = sorted(float(item.attrib["x"]) for item in root.iter(f"{SVG}text") if item.attrib.get("y") == "220")
    assert all(b - a >= 34 for a, b in pairwise(places))


def test_names_below_a_deep_lens_do_not_overlap() -> None:
    names = [f"layer{stage}.{index}" for stage in (1, 2, 3) for index in range(18)]
    root = parse(draw_lens(names, [0.5] * 55, [0.5] * 55, "cat"))
    places = sorted(float(item.attrib["x"]) for item in root.iter(f"{SVG}text") if item.attrib.get("y") == "220")
    assert len(places) > 15
    assert min(b - a for a, b in pairwise(places)) >= 34
