"""Heights on a grid, as contours and as a surface: answers computed by hand."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from resnet_demo.figures.axes import Scale
from resnet_demo.figures.contours import Grid, Square, squares
from resnet_demo.figures.palette import PAPER, tone
from resnet_demo.figures.surface import RATIO, RISE, View, draw_surface

AT = [-1.0, 0.0, 1.0]
VIEW = View(left=20, top=10, width=300, reach=1)
UP = Scale(lambda value: value / 8, {2.0: "two", 6.0: "six"})
UNIT = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def drawn(heights: Grid, levels: list[float] | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{''.join(draw_surface(VIEW, AT, heights, UP, levels or []))}</svg>")


def tiles(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [item for item in root.iter("path") if item.get("class") == "rd-tile"]


def points(path: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", path.attrib["d"])]


# Contours


def test_a_contour_cuts_edges_where_the_level_lies_between_their_ends() -> None:
    slope = Square(UNIT, (0.0, 1.0, 1.0, 0.0))  # rises along the first direction
    assert slope.contour(0.25) == [((0.25, 0.0), (0.25, 1.0))]
    assert slope.contour(1.5) == slope.contour(-0.5) == []
    assert len(Square(UNIT, (0.0, 1.0, 0.0, 1.0)).contour(0.5)) == 2  # across a saddle
    assert slope.middle == (0.5, 0.5)


def test_squares_need_all_their_corners() -> None:
    whole = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
    first, *others = squares(AT, whole)
    assert first == Square(((-1.0, -1.0), (0.0, -1.0), (0.0, 0.0), (-1.0, 0.0)), (1.0, 4.0, 5.0, 2.0))
    assert len(others) == 3
    assert len(list(squares(AT, [[None, 2.0, 3.0], *whole[1:]]))) == 3
    assert list(squares(AT, [whole[0], [4.0, None, 6.0], whole[2]])) == []


# The projection


def test_the_block_fills_its_place_on_the_page() -> None:
    assert VIEW.point(0, 0, 0)[0] == pytest.approx(20 + 150)
    assert VIEW.point(-1, -1, 0)[0] == pytest.approx(20)  # the left corner
    assert VIEW.point(1, 1, 0)[0] == pytest.approx(20 + 300)  # the right one
    assert VIEW.point(-1, 1, 1)[1] == pytest.approx(10)  # the top of the far one
    assert VIEW.point(1, -1, 0)[1] == pytest.approx(10 + 300 * RATIO)  # the foot of the near one


def test_both_directions_have_one_length_and_a_right_angle_before_they_are_tilted() -> None:
    def floor(a: float, b: float) -> tuple[float, float]:
        (x, _), (x0, _) = VIEW.point(a, b, 0), VIEW.point(0, 0, 0)
        return x - x0, VIEW.near(a, b) * 300 / (math.sqrt(3) + 1)

    (ax, ay), (bx, by) = floor(1, 0), floor(0, 1)
    assert math.hypot(ax, ay) == pytest.approx(math.hypot(bx, by))
    assert ax * bx + ay * by == pytest.approx(0)
    assert (ax, ay) == pytest.approx((300 * math.sqrt(3) / 2 / (math.sqrt(3) + 1), 150 / (math.sqrt(3) + 1)))


@pytest.mark.parametrize("place", [(0, 0), (-1, 1), (1, -1), (0.3, 0.7)])
def test_what_is_equally_high_is_drawn_equally_far_above_the_floor(place: tuple[float, float]) -> None:
    x, floor = VIEW.point(*place, 0)
    assert VIEW.point(*place, 0.5) == pytest.approx((x, floor - 0.5 * RISE * 300))


def test_reach_is_the_end_of_the_floor() -> None:
    assert View(20, 10, 300, reach=0.5).point(0.25, -0.5, 0.3) == pytest.approx(VIEW.point(0.5, -1, 0.3))


# The drawing


def test_what_is_far_is_painted_first() -> None:
    flat = tiles(drawn([[0.0] * 3] * 3))
    middles = [sum(y for _, y in points(tile)) / 4 for tile in flat]
    assert len(flat) == 4
    assert middles == sorted(middles)  # on a flat floor what is nearer lies lower on the page
    assert middles[0] < middles[3]


def test_a_near_wall_covers_the_ground_behind_it() -> None:
    root = drawn([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])  # a peak at the near corner
    *_, last = tiles(root)
    assert VIEW.point(1, -1, 1) == pytest.approx(points(last)[1], abs=0.06)
    sheets = [item for item in root.iter("path") if item.get("fill") == PAPER and item.get("stroke") == "none"]
    assert [sheet.attrib["d"] for sheet in sheets] == [tile.attrib["d"] for tile in tiles(root)]  # opaque, all of them


def test_a_tile_has_the_tone_of_its_mean_height() -> None:
    found = {float(tile.attrib["fill-opacity"]) for tile in tiles(drawn([[0.0, 0.0, 0.0]] * 2 + [[1.0] * 3]))}
    assert sorted(found) == pytest.approx([tone(0), tone(0.5)], abs=0.006)


def test_contours_lie_on_the_surface() -> None:
    root = drawn([[0.0] * 3, [0.0] * 3, [1.0] * 3], [0.5])
    lines = [item for item in root.iter("path") if item.get("stroke-width") == "1.5"]
    assert sorted(points(lines[0]) + points(lines[1]))[0] == pytest.approx(VIEW.point(0.5, -1, 0.5), abs=0.06)


def test_where_a_height_is_not_known_there_is_a_hole() -> None:
    root = drawn([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, None]])
    assert len(tiles(root)) == 3
    assert tiles(drawn([[1.0] * 3, [1.0, None, 1.0], [1.0] * 3])) == []
    sides = [points(item) for item in list(root)[2:] if item.tag == "path"]
    assert max(x for side in sides for x, _ in side) == pytest.approx(VIEW.point(1, 0, 0)[0], abs=0.06)  # no side there


def test_the_axis_has_its_numbers_at_their_heights() -> None:
    written = {item.text: item for item in drawn([[0.0] * 3] * 3).iter("text")}
    assert {"two", "six", "loss", "first direction", "second direction", "-1", "1"} == set(written)
    two, six = (float(written[name].attrib["y"]) for name in ("two", "six"))
    assert two - six == pytest.approx(0.5 * RISE * 300, abs=0.02)
