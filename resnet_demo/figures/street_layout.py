"""Where things stand in the street: on a wide screen all blocks in one row, on a phone a row for each stage.

Pure geometry. A wide drawing is 1000 units wide and shown at 900 px or more, so text of 13.5 units is at least 12 px
high; a tall one is 336 units wide, about what a phone of 390 px leaves, so there a unit is about a pixel.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE, TALL = 1000.0, 336.0  # widths of the two drawings
SMALL, LETTER = 13.5, 12.6  # font sizes of labels in the wide and in the tall drawing
TALLEST, LARGEST = 70.0, 46.0  # in the wide drawing: the highest bump, and the largest map
CLEAR = 5.0  # between the middle of the road and a bump


@dataclass(frozen=True)
class Cell:
    """A block's own piece of the drawing, from `left` to `left + pitch` and from `top` to `bottom`."""

    left: float
    pitch: float
    road: float  # y of the road's middle
    tallest: float  # how high a bump can be
    thumb: float  # side of the map
    map_top: float
    top: float
    bottom: float
    named: bool  # whether there is room for its name
    backwards: bool = False  # the road leads from right to left here

    @property
    def middle(self) -> float:
        return self.left + self.pitch / 2

    def bump(self, share: float, rise: float = 0) -> str:
        """The outline's curve, in the road's direction, of a bump this share of the tallest one."""
        half = min(0.8 * self.tallest, self.pitch / 2 - min(3.0, self.pitch / 12))
        base = self.road - CLEAR - rise
        peak = base - max(self.tallest * share, 3) * 4 / 3  # a cubic's top lies at 3/4 of its control points' height
        half = -half if self.backwards else half
        a, b = self.middle - half, self.middle + half
        handles = f"{self.middle - half / 2:.1f} {peak:.1f} {self.middle + half / 2:.1f} {peak:.1f}"
        return f"{a:.1f} {base:.1f} C{handles} {b:.1f} {base:.1f}"


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    room: float  # how wide its text may be
    anchor: str = "start"


@dataclass(frozen=True)
class Row:
    """Blocks side by side; `end` is the road's path from the last of them on."""

    cells: tuple[Cell, ...]
    end: str


@dataclass(frozen=True)
class Layout:
    width: float
    height: float
    rows: tuple[Row, ...]
    stages: tuple[Label, ...]
    begin: tuple[float, float]  # where the road begins
    picture: tuple[float, float, float]  # x, y, side
    title: Label
    readings: tuple[Label, ...]  # the lines that read a block out
    answer: Label
    size: float  # of small text

    @property
    def cells(self) -> Iterator[Cell]:
        return (cell for row in self.rows for cell in row.cells)


def one_row(counts: Sequence[int], titled: bool) -> Layout:
    """A layout for stages of so many blocks each: one row, as wide as the drawing, however many they are."""
    gap, first, last = 14.0, 94.0, 858.0
    pitch = (last - first - gap * (len(counts) - 1)) / sum(counts)
    thumb = min(LARGEST, pitch - 3)
    tallest = TALLEST + LARGEST - thumb  # what small maps leave: the height is the same for all networks
    road = 42 + tallest + CLEAR
    bottom = road + 12 + thumb + 22
    height, side = bottom + 8, 64.0
    named = pitch >= width_of("1.10" if max(counts) > 10 else "1.0", SMALL) + 3
    x, cells, stages = first, [], []
    for count in counts:
        stages.append(Label(x + 2, 35, pitch * count + gap - 10))
        for index in range(count):
            cells.append(Cell(x, pitch, road, tallest, thumb, road + 12, 38, bottom, named or index == 0))
            x += pitch
        x += gap
    room = 300.0 if titled else 0.0
    return Layout(
        width=WIDE,
        height=height,
        rows=(Row(tuple(cells), f"H{last + 8}"),),
        stages=tuple(stages),
        begin=(76, road),
        picture=(10, min(road - side / 2, height - side - 24), side),
        title=Label(10, 15, room),
        readings=(Label(WIDE - 10, 15, WIDE - 20 - room, "end"),),
        answer=Label(last + 20, road, WIDE - last - 26),
        size=SMALL,
    )


def winding(counts: Sequence[int], titled: bool) -> Layout:
    """A layout for stages of so many blocks each: a row for each, the road winding from one down to the next."""
    head = 36.0 + (19.0 if titled else 0.0)
    step = min(104.0, (343.0 - head) / len(counts))
    edge, turn, side = 7.0, 11.0, 38.0  # of the road beside the rows: its place, its corners; the picture's side
    rows, stages = [], []
    for number, count in enumerate(counts):
        backwards, top = number % 2 == 1, head + number * step
        left, right = (side if number == 0 else edge) + 12, TALL - edge - 12
        pitch = (right - left) / count
        thumb = min(24.0, pitch - 2, step / 4)
        named = pitch >= width_of("1.10" if count > 10 else "1.0", LETTER) + 2
        tallest = step - thumb - 16 - CLEAR - 9 - 16  # the stage's label, the road, and the block's name
        road = top + 16 + tallest + CLEAR
        stages.append(Label(right if backwards else left, top + 12, right - left, "end" if backwards else "start"))
        cells = [
            Cell(
                right - (index + 1) * pitch if backwards else left + index * pitch,
                pitch, road, tallest, thumb, road + 9, top + 15, top + step, named or index == 0, backwards,
            )
            for index in range(count)
        ]  # fmt: skip
        rows.append((tuple(cells), road, backwards))
    bottom = head + len(counts) * step + 12
    after = [road for _, road, _ in rows[1:]] + [bottom]
    ways = []
    for (cells, _road, backwards), below in zip(rows, after, strict=True):
        out, inwards = (edge, turn) if backwards else (TALL - edge, -turn)
        sweep = 0 if backwards else 1
        ways.append(
            Row(
                cells,
                f"H{out + inwards:.1f} a{turn} {turn} 0 0 {sweep} {-inwards:g} {turn} V{below - turn:.1f} "
                f"a{turn} {turn} 0 0 {sweep} {inwards:g} {turn}",
            )
        )
    home = edge + turn + 8
    backwards = rows[-1][2]
    first = rows[0][1]
    return Layout(
        width=TALL,
        height=bottom + 12,
        rows=tuple(ways),
        stages=tuple(stages),
        begin=(side + 4, first),
        picture=(3, first - side / 2, side),
        title=Label(4, 14, TALL - 8),
        readings=(Label(4, head - 22, TALL - 8), Label(4, head - 6, TALL - 8)),
        answer=Label(home if backwards else TALL - home, bottom, TALL - 60, "start" if backwards else "end"),
        size=LETTER,
    )


def width_of(words: str, size: float) -> float:
    """About how wide a line of text is, in bold, too: Chinese signs are as wide as high, Latin ones half of it."""
    return size * sum(map(_ems, words))


def _ems(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if sign in " .,:;'|!iljtfr-":
        return 0.4
    return 0.98 if sign in "mwMW%" else 0.76 if sign.isupper() else 0.66


def fitting(words: str, room: float, size: float) -> str:
    """The line, or as much of it as there is room for, and an ellipsis."""
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def wrapped(words: str, room: float, size: float) -> list[str]:
    """One or two lines, broken at a space, or where there is none between Chinese signs; the second may be cut off."""
    if width_of(words, size) <= room:
        return [words]
    fits = [end for end in range(1, len(words)) if width_of(words[:end], size) <= room]
    breaks = [end for end in fits if words[end] == " " or _ems(words[end]) == 1 == _ems(words[end - 1])]
    if not breaks:
        return [fitting(words, room, size)]
    return [words[: breaks[-1]], fitting(words[breaks[-1] :].lstrip(), room, size)]
