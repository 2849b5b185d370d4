"""CKA of every two places as squares of tones, and block by block with the twin, other seeds and fresh networks.

After the figures of Kornblith et al. 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from ...i18n import Language, Message, _
from ...interpret.naming import block_title
from ..axes import HEAD, KEY, LEFT, RIGHT, TALL, WIDE, Box, Look, Panel, boxes, finite, known, linear, places, whole
from ..palette import INK, LINE, MUTED, PAPER
from ..runs import apart, colour_of, is_plain, network_title, shortened
from ..svg import element, text

if TYPE_CHECKING:
    from ...lab.seeds import Seeds
    from ...lab.similarity import ByPlace, Report, Square

COLUMNS = 3
STEPS = 10  # of the ramp
WORDS, FEW_WORDS = 232.0, 124.0  # room for what is written beside the ends of the curves


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    """A square for each network and one for the twins, in one scale of tones; below them the curves."""
    squares = [(name, name, report.own) for name, report in reports.items()]
    first = next(iter(reports))
    if len(reports) > 1 and reports[first].twin:
        squares.append((first, list(reports)[1], reports[first].twin))
    side = (TALL if tall else WIDE / COLUMNS) - LEFT - RIGHT
    placed = boxes(len(squares), tall, columns=COLUMNS, top=KEY + 6, height=side)
    parts = _ramp(say)
    for (up, across, found), box in zip(squares, placed, strict=True):
        parts += _square(up, across, list(reports[across].own), found, box, say)
    _left, top, _width, height = placed[-1]
    words = FEW_WORDS if tall else WORDS
    below: Box = (LEFT, top + height + 2 * HEAD + 10, (TALL if tall else WIDE) - LEFT - words, 230.0)
    parts += _curves(reports, below, say, tall)
    return whole(
        parts,
        [*placed, below],
        say(_("Likeness (CKA) of maps: of every two blocks, and block by block with the twin and with other seeds")),
        "rd-similarity",
        tall,
    )


# Squares


def _square(up: str, across: str, columns: Sequence[str], found: Square, box: Box, say: Language) -> list[str]:
    """Rows from the stem upwards to the last block; white lines where the stages begin."""
    left, top, width, height = box
    rows = list(found)
    cell_width, cell_height = width / max(len(columns), 1), height / max(len(rows), 1)
    foot = top + height
    parts = _heading(up, across, box)
    cells = []
    for row, name in enumerate(rows):
        for column, (other, value) in enumerate(zip(columns, found[name], strict=False)):
            if finite(value):
                one, two = (_place(network, place, say) for network, place in ((up, name), (across, other)))
                told = say(_("{one} and {other}: {value}", one=one, other=two, value=f"{value:.2f}"))
                at = {"x": column, "y": row, "width": 1, "height": 1}
                cells.append(element("rect", element("title", escape(told)), **at, opacity=_tone(value)))
    turned = f"translate({left:.2f} {foot:.2f}) scale({cell_width:.4f} {-cell_height:.4f})"  # the stem at the foot
    parts.append(element("rect", x=left, y=top, width=width, height=height, fill="none", stroke=LINE))
    parts.append(element("g", *cells, transform=turned, fill=INK, shape_rendering="crispEdges", class_="rd-cells"))
    for index, title in _stages(columns, say):
        x = left + index * cell_width
        parts.append(element("path", d=f"M{x:.1f} {top:.1f} V{foot:.1f}", stroke=PAPER, stroke_width=1.5))
        middle = x + cell_width / 2
        parts.append(text(title, middle, foot + 17, text_anchor="middle", font_size=12, fill=MUTED))
    for index, title in _stages(rows, say):
        y = foot - index * cell_height
        parts.append(element("path", d=f"M{left:.1f} {y:.1f} h{width:.1f}", stroke=PAPER, stroke_width=1.5))
        parts.append(text(title, left - 7, y - cell_height / 2 + 4.5, text_anchor="end", font_size=12, fill=MUTED))
    return parts


def _heading(up: str, across: str, box: Box) -> list[str]:
    """The network's name; of twins at the left that whose places go up, at the right that whose places go across."""
    left, top, width, _height = box
    style = {"font_size": 14, "font_weight": 650, "class_": "rd-runner"}
    if up == across:
        return [text(shortened(network_title(up), 24), left, top - 12, fill=colour_of(up), **style)]
    names = [shortened(network_title(name), 12) for name in (up, across)]
    return [
        text(f"↑ {names[0]}", left, top - 12, fill=colour_of(up), **style),
        text(f"{names[1]} →", left + width, top - 12, text_anchor="end", fill=colour_of(across), **style),
    ]


def _stages(names: Sequence[str], say: Language) -> list[tuple[int, str]]:
    """Where stages begin, and what is written there along a side."""
    return [(index, _title(name, say)) for index, name in enumerate(names) if name.endswith(".0")]


def _title(place: str, say: Language) -> str:
    return say(_("stem")) if place == "stem" else block_title(place)


def _place(network: str, place: str, say: Language) -> str:
    return f"{network_title(network)} {_title(place, say)}"


def _tone(value: float) -> str:
    """The opacity of ink: nothing is written on it, so it may come near to full."""
    return f"{0.03 + 0.9 * min(max(value, 0.0), 1.0):.2f}"


def _ramp(say: Language) -> list[str]:
    """The key: tones from 0 to 1."""
    left = LEFT + 54
    parts = [text(say(_("CKA")), LEFT, 17, font_size=12.5, font_weight=600, fill=INK)]
    for step in range(STEPS):
        part = step / (STEPS - 1)
        parts.append(element("rect", x=left + 12 * step, y=7, width=12, height=12, fill=INK, opacity=_tone(part)))
    parts.append(element("rect", x=left, y=7, width=12 * STEPS, height=12, fill="none", stroke=LINE))
    parts.append(text("0", left - 6, 17, text_anchor="end", font_size=12, fill=INK))
    parts.append(text(say(_("1: alike")), left + 12 * STEPS + 6, 17, font_size=12, fill=INK))
    return parts


# Curves


def _curves(reports: Mapping[str, Report], box: Box, say: Language, tall: bool) -> list[str]:
    """The twins, each network's seeds, each network and a fresh one; where there are several pairs, their mean."""
    names = max((list(report.own) for report in reports.values()), key=len)
    panel = Panel(*box, places([_title(name, say) for name in names], box[2]), linear(0.0, 1.0))
    parts = panel.frame(say(_("CKA, block by block")), say(_("block")))
    found: list[tuple[str | Message, Look, list[ByPlace]]] = []
    twins = [pair.block_by_block for report in reports.values() for pair in report.twins]
    if twins:
        found.append((_("the twins"), Look(INK, hollow=False, dashed=False), twins))
    for name, report in reports.items():
        colour, plain, network = colour_of(name), is_plain(name), shortened(network_title(name), 14)
        seeds = [pair.block_by_block for pair in report.seeds]
        if seeds:
            words = _("two seeds") if tall else _("{network}, two seeds", network=network)
            found.append((words, Look(colour, plain, dashed=False), seeds))
        words = _("and a fresh one") if tall else _("{network} and a fresh one", network=network)
        found.append((words, Look(colour, plain, dashed=True), [report.untrained.block_by_block]))
    ends = []
    for words, look, pairs in found:
        values = [known(pair.get(name) for pair in pairs) for name in names]
        points = [(float(index), _mean(each)) for index, each in enumerate(values)]
        told = [_told(say(words), _title(name, say), each, say) for name, each in zip(names, values, strict=True)]
        parts += panel.curve(points, look, told)
        ends.append(next((value for _x, value in reversed(points) if value is not None), 0.0))
    wanted = [panel.y(value) + 4 for value in ends]
    for (words, look, _pairs), y in zip(found, apart(wanted, 16, panel.top, panel.foot + 4), strict=True):
        x = panel.left + panel.width + 8
        parts.append(text(say(words), x, y, font_size=12.5, font_weight=600, fill=look.colour, class_="rd-runner"))
    return parts


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _told(what: str, place: str, values: Iterable[float], say: Language) -> str:
    written = [f"{value:.2f}" for value in sorted(values)]
    mean = _mean([*map(float, values)])
    if mean is None:
        return say(_("{what}, {place}: {value}", what=what, place=place, value="–"))
    if len(written) == 1:
        return say(_("{what}, {place}: {value}", what=what, place=place, value=written[0]))
    return say(
        _(
            "{what}, {place}: {mean} ({low} – {high})",
            what=what,
            place=place,
            mean=f"{mean:.2f}",
            low=written[0],
            high=written[-1],
        )
    )
