"""Heights measured on a square grid: its squares, and the pieces of contours in them (marching squares)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Place = tuple[float, float]
Grid = Sequence[Sequence["float | None"]]


@dataclass(frozen=True)
class Square:
    """Four neighbouring places of a grid, one after the other around it, and their heights."""

    corners: tuple[Place, ...]
    heights: tuple[float, ...]

    @property
    def middle(self) -> Place:
        (a, b), (c, d) = self.corners[0], self.corners[2]
        return (a + c) / 2, (b + d) / 2

    def contour(self, level: float) -> list[tuple[Place, Place]]:
        """The pieces of the line at this height, from edge to edge: none, one, or two across a saddle."""
        cuts = []
        for k, ((a, b), height) in enumerate(zip(self.corners, self.heights, strict=True)):
            (c, d), following = self.corners[(k + 1) % 4], self.heights[(k + 1) % 4]
            if (height < level) != (following < level):
                part = (level - height) / (following - height)
                cuts.append((a + part * (c - a), b + part * (d - b)))
        return list(zip(cuts[::2], cuts[1::2], strict=True))


def squares(at: Sequence[float], heights: Grid) -> Iterator[Square]:
    """All squares of a grid whose four corners are known; `heights[i][j]` is that of the place (at[i], at[j])."""
    for i in range(len(at) - 1):
        for j in range(len(at) - 1):
            around = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
            known = tuple(height for row, column in around if (height := heights[row][column]) is not None)
            if len(known) == 4:
                yield Square(tuple((at[row], at[column]) for row, column in around), known)
