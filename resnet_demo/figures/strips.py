"""A number of every block as a bar: a row of bars for each network, input on the left, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, TypeAlias

from ..i18n import Language, Message, _, sentences
from ..interpret.naming import block_title
from .axes import TALL, WIDE, Scale, finite, magnitude, sheet
from .palette import INK, LINE, MUTED, PAPER, SHORTCUT, WRONG
from .runs import colour_of, network_title, shortened
from .svg import ENGLISH, element, text

NAME_ABOVE = 21  # a network's name over its row's highest bar, and that bar's number between the two


Kind: TypeAlias = Literal["tick", "ring", "cross"]
OTHER_SEEDS = _("other seeds")
NOT_MEASURED = _("not measured yet")


@dataclass(frozen=True)
class Marks:
    """Other values of the same blocks, each a mark on the block's bar: a "tick", a "ring" or a "cross"."""

    kind: Kind
    name: Message
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Strip:
    """A network's row. Values by block; what is not finite is marked as such."""

    name: str
    values: Mapping[str, float | None]
    colour: str
    road: str = LINE  # what the bars stand on
    nothing: str | Message = NOT_MEASURED  # what to say where there are no values
    halving: Collection[str] = ()  # blocks that are marked with ½: they halve the picture
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # attributes of a block's bar, a button then
    marks: Sequence[Marks] = ()
    aside: str | Message | None = None  # said at the right; by default the first and the last value

    def all_values(self) -> list[Collection[float | None]]:
        """The bars' values, and those of all marks: what a scale has to hold."""
        return [self.values.values(), *(mark.values.values() for mark in self.marks)]


@dataclass(frozen=True)
class _Layout:
    width: float
    left: float
    right: float
    row: float  # height of a row's bars
    head: float  # room above them for the network's name

    def top(self, row: int) -> float:
        return 30 + row * (self.head + self.row + 20) + self.head

    def foot(self, row: int) -> float:
        return self.top(row) + self.row

    def height(self, rows: int) -> float:
        return self.foot(rows - 1) + 32


_WIDE = _Layout(WIDE, 56, 12, 96, 38)
_TALL = _Layout(TALL, 46, 8, 84, 38)


def draw_strips(
    rows: Sequence[Strip],
    scale: Scale,
    note: Message,
    label: Message,
    kind: str,
    tall: bool,
    show: Callable[[float | None], str] = magnitude,
    say: Language = ENGLISH,
) -> str:
    """An SVG document. `note` says what the bars are, `label` the same to those who cannot see them."""

    def tell(value: float | None) -> str:
        return show(value) if finite(value) else say(_("not finite"))

    at = _TALL if tall else _WIDE
    count = max(len(rows), 1)
    marked = 10 if any(row.halving for row in rows) else 0  # room for the marks below the last row
    height, foot = at.height(count) + marked, at.foot(count - 1) + marked
    parts = [text(say(note), at.width - at.right, 16, text_anchor="end", font_size=13, fill=MUTED)]
    for index, row in enumerate(rows):
        parts += _strip(at, index, row, scale, tell, say)
    if not rows:
        place = (at.left + at.width - at.right) / 2, at.top(0) + at.row / 2
        parts.append(text(say(_("nothing yet")), *place, text_anchor="middle", font_size=14, fill=MUTED))
    ends = ((_("first block"), at.left, "start"), (_("last block"), at.width - at.right, "end"))
    parts += [text(say(said), x, foot + 22, text_anchor=anchor, font_size=13, fill=MUTED) for said, x, anchor in ends]
    middle = (at.left + at.width - at.right) / 2
    parts.append(text(say(_("input → output")), middle, foot + 22, text_anchor="middle", font_size=13, fill=MUTED))
    kinds: dict[Kind, Message] = {mark.kind: mark.name for row in rows for mark in row.marks}
    if kinds:
        lines: list[dict[Kind, Message]] = [{kind: name} for kind, name in kinds.items()] if tall else [kinds]
        for line, some in enumerate(lines):
            parts += _legend(some, at.left, foot + 46 + 20 * line, say)
        height += 4 + 20 * len(lines)
    told = [_told(row, tell) for row in rows] or [_("Nothing yet.")]
    said = say(sentences(_("{label}.", label=label), *told))
    return sheet(parts, height, said, kind, tall, role="group" if any(row.links for row in rows) else "img")


def _strip(
    at: _Layout, index: int, row: Strip, scale: Scale, show: Callable[[float | None], str], say: Language
) -> list[str]:
    top, foot, right = at.top(index), at.foot(index), at.width - at.right
    name = shortened(network_title(row.name), 18)
    style = {"font_size": 15, "font_weight": 650, "fill": colour_of(row.name)}
    parts = [text(name, at.left, top - NAME_ABOVE, class_="rd-runner", **style)]
    if not row.values:
        dashes = {"stroke": LINE, "stroke_width": 2, "stroke_dasharray": "2 8"}
        parts.append(element("path", d=f"M{at.left} {foot} H{right}", **dashes))
        style = {"font_size": 14, "fill": MUTED, "font_style": "italic", "text_anchor": "middle"}
        return [*parts, text(say(row.nothing), (at.left + right) / 2, foot - at.row / 2, **style)]
    every = -(-len(scale.lines) // 4)  # the lines' numbers, not too many of them
    for place, (value, said) in enumerate(sorted(scale.lines.items(), reverse=True)):
        y = foot - at.row * scale.part(value)
        parts.append(element("path", d=f"M{at.left} {y:.1f} H{right}", stroke=LINE, stroke_width=1))
        if place % every == 0:
            parts.append(text(said, at.left - 8, y + 4.5, text_anchor="end", font_size=12, fill=MUTED))
    zero = foot - at.row * min(max(scale.part(0.0), 0.0), 1.0)
    parts += _bars(at, foot, zero, row, scale, show, say)
    road = 4 if row.road == SHORTCUT else 1.5
    parts.append(element("path", d=f"M{at.left} {zero + road / 2} H{right}", stroke=row.road, stroke_width=road))
    return parts


def _bars(
    at: _Layout,
    foot: float,
    zero: float,
    row: Strip,
    scale: Scale,
    show: Callable[[float | None], str],
    say: Language,
) -> list[str]:
    """A row's bars, a little apart where a stage ends; their numbers on them, or the row's own words above."""
    stages = [name.split(".")[0] for name in row.values]
    ends = len(set(stages)) - 1
    between = min(10.0, 60 / (ends + 1))
    pitch = (at.width - at.right - at.left - between * ends) / len(stages)
    width, numbered = min(0.78 * pitch, 54.0), pitch >= 46
    parts, x, stage = [], at.left, stages[0]
    for (name, value), here in zip(row.values.items(), stages, strict=True):
        x, stage = x + (between if here != stage else 0), here
        middle, x = x + pitch / 2, x + pitch
        known = value if value is not None and math.isfinite(value) else None
        end = foot - at.row * min(max(scale.part(known), 0.0), 1.0) if known is not None else zero
        length = max(abs(zero - end), 1.5)
        below = end > zero
        box = {"x": middle - width / 2, "y": zero if below else zero - length, "width": width, "height": length}
        said = say(_("block {name}: {value}", name=block_title(name), value=show(value)))
        bar = element("rect", element("title", escape(said)), **box, rx=min(2.0, width / 4), fill=row.colour,
                      class_="rd-value")  # fmt: skip
        link = row.links.get(name)
        if link:  # the whole height of the row can be clicked: the lowest bars would be hard to hit
            room = element(
                "rect", x=middle - pitch / 2, y=foot - at.row, width=pitch, height=at.row, fill="transparent"
            )
            bar = element("g", room, bar, class_="rd-stop", role="button", tabindex=0, aria_label=said, **link)
        parts.append(bar)
        for mark in row.marks:
            if finite(other := mark.values.get(name)):
                y = foot - at.row * min(max(scale.part(other), 0.0), 1.0)
                told = say(_("block {name}: {value}", name=block_title(name), value=show(other)))
                parts.append(_mark(mark.kind, middle, y, width, f"{say(mark.name)}, {told}"))
        if name in row.halving:
            parts.append(text("½", middle, foot + 14, text_anchor="middle", font_size=12, fill=MUTED))
        if numbered or known is None:
            style = {"text_anchor": "middle", "font_size": 12, "fill": INK if known is not None else WRONG}
            above = (zero if below else zero - length) - 5
            parts.append(text(show(value) if numbered else "×", middle, above, **style))
    aside = row.aside
    if aside is None and not numbered:
        first, last = _first_and_last(row)
        aside = _("first {first} · last {last}", first=show(first), last=show(last))
    if aside:
        top = foot - at.row - NAME_ABOVE
        parts.append(text(say(aside), at.width - at.right, top, text_anchor="end", font_size=13, fill=INK))
    return parts


def _legend(kinds: Mapping[Kind, Message], x: float, y: float, say: Language) -> list[str]:
    """What the marks are, in a line from x."""
    parts = []
    for kind, name in kinds.items():
        said = say(name)
        parts += [_mark(kind, x + 6, y - 4.5, 12), text(said, x + 17, y, font_size=13, fill=MUTED)]
        x += 36 + sum(13.0 if ord(letter) > 0x2E80 else 6.6 for letter in said)
    return parts


def _mark(kind: Kind, x: float, y: float, width: float, title: str = "") -> str:
    said = [element("title", escape(title))] if title else []
    line = {"fill": "none", "stroke": INK, "stroke_width": 1.4}
    half = min(width / 2, 6.0)
    if kind == "ring":
        return element("circle", *said, cx=x, cy=y, r=min(half, 3.6), **(line | {"fill": PAPER}))
    arm = min(half, 3.4)
    cross = f"M{x - arm:.1f} {y - arm:.1f} l{2 * arm:.1f} {2 * arm:.1f} m0 {-2 * arm:.1f} l{-2 * arm:.1f} {2 * arm:.1f}"
    return element("path", *said, d=cross if kind == "cross" else f"M{x - half:.1f} {y:.1f} h{2 * half:.1f}", **line)


def _first_and_last(row: Strip) -> tuple[float | None, float | None]:
    values = list(row.values.values())
    return values[0], values[-1]


def _told(row: Strip, show: Callable[[float | None], str]) -> Message:
    network = network_title(row.name)
    if not row.values:
        return _("{network}: {nothing}.", network=network, nothing=row.nothing)
    first, last = _first_and_last(row)
    return _(
        "{network}: first block {first}, last block {last}, of {count}.",
        network=network,
        first=show(first),
        last=show(last),
        count=len(row.values),
    )
