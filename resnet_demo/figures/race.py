"""A training race, drawn live: who has how many pictures right, over the pictures seen.

The thin dashed line is the training accuracy as the records tell it, the bold one with dots the tests. The drawing has
one size and, given the budget, one axis from its first frame to its last; it is a string built in well under 5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..i18n import Language, _, sentences
from .axes import round_step
from .palette import LINE, MUTED, PAPER
from .runs import apart, colour_of, is_plain, network_title, points, shortened
from .svg import ENGLISH, document, element, text

if TYPE_CHECKING:
    from .runs import Run, Runs

Place = tuple[float, float]

SMALL = 14  # of the letters beside the labels'; a phone of 360 px shows them at 12.4 px
MOST = 300  # points of a curve: more would not be seen, and would take longer to write


@dataclass(frozen=True)
class _Layout:
    """One for screens, where a label is a line; one for phones, where it takes two."""

    width: float
    height: float
    left: float
    right: float  # room for the labels of curves that have reached the end
    top: float
    bottom: float
    ticks: int  # of the x-axis, at most
    stacked: bool
    size: float  # of the labels

    @property
    def gap(self) -> float:
        """Between the labels' middles, at least."""
        return (2 if self.stacked else 1) * 1.25 * self.size + 2

    def x(self, fraction: float) -> float:
        return self.left + fraction * (self.width - self.left - self.right)

    def y(self, accuracy: float) -> float:
        return self.height - self.bottom - accuracy * (self.height - self.bottom - self.top)


_WIDE = _Layout(1000, 320, 46, 200, 42, 46, 8, False, 15)
_TALL = _Layout(360, 380, 34, 92, 44, 48, 4, True, 14)

_DASHED = {"stroke_width": 1.5, "stroke_dasharray": "4 3"}


@dataclass(frozen=True)
class _Runner:
    name: str
    train: list[Place]  # pictures seen, accuracy
    test: list[Place]

    @property
    def now(self) -> Place | None:
        """The last point of the curve that counts: the tests, or the training before there are any."""
        curve = self.test or self.train
        return curve[-1] if curve else None


def draw_race(
    histories: Runs, budget: float | None = None, classes: int = 10, tall: bool = False, say: Language = ENGLISH
) -> str:
    """Accuracy over pictures seen for each network by name, an SVG document.

    `budget` is the number of pictures at which the race ends; without one the axis grows in steps. `classes` sets the
    accuracy of a guess; `tall` suits a phone.
    """
    at = _TALL if tall else _WIDE
    runners = [_runner(name, run) for name, run in histories.items()]
    furthest = max((place[0] for runner in runners for place in runner.train + runner.test), default=0.0)
    end = max(budget or _axis_end(furthest), furthest)
    chance = 1 / max(classes, 1)
    parts = [*_frame(at, end, say), *_guess(at, chance, say)]
    for runner in runners:
        parts += _curves(at, runner, end)
    parts += _labels(at, runners, end, chance, say)
    if not furthest:
        middle = at.x(0.5), at.y(0.5)
        parts.append(text(say(_("ready, steady …")), *middle, text_anchor="middle", font_size=at.size, fill=MUTED))
    return document(
        at.width,
        at.height,
        _describe(runners, say),
        *parts,
        class_=f"rd-race rd-{'tall' if tall else 'wide'}",
    )


def _runner(name: str, run: Run) -> _Runner:
    records = list(run)  # a snapshot: the trainer may be appending
    return _Runner(name, points(records, "train_accuracy", MOST), points(records, "test_accuracy", MOST))


def _axis_end(furthest: float) -> float:
    """The axis for so many pictures: it grows in steps of a third to a half, so that the curves seldom jump."""
    power = 1000.0
    while True:
        for step in (1, 1.5, 2, 3, 4, 6, 8):
            if furthest <= step * power:
                return step * power
        power *= 10


def _frame(at: _Layout, end: float, say: Language) -> list[str]:
    """The grid, its numbers and the key."""
    parts, bottom = [], at.y(0)
    for accuracy in (0, 0.2, 0.4, 0.6, 0.8, 1):
        y = at.y(accuracy)
        parts.append(element("path", d=f"M{at.left} {y:.1f} H{at.x(1):.1f}", stroke=LINE, stroke_width=1))
        parts.append(text(f"{accuracy:.0%}"[:-1], at.left - 8, y + 4.5, text_anchor="end", font_size=SMALL, fill=MUTED))
    step = max(1.0, round_step(end, at.ticks))
    for index in range(int(end / step) + 1):
        x = at.x(index * step / end)
        parts.append(element("path", d=f"M{x:.1f} {bottom:.1f} v5", stroke=MUTED, stroke_width=1))
        parts.append(text(_count(index * step), x, bottom + 20, text_anchor="middle", font_size=SMALL, fill=MUTED))
    parts.append(text(say(_("pictures seen")), at.x(1), bottom + 38, text_anchor="end", font_size=SMALL, fill=MUTED))
    parts.append(text(say(_("% right")), 4, 18, font_size=SMALL, fill=MUTED))
    key, y = at.x(1) - 4, 13.5
    parts.append(text(say(_("test")), key, 18, text_anchor="end", font_size=SMALL, fill=MUTED))
    parts.append(element("path", d=f"M{key - 66:.1f} {y} h28", stroke=MUTED, stroke_width=3, stroke_linecap="round"))
    parts.append(element("circle", cx=key - 52, cy=y, r=4, fill=MUTED))
    parts.append(text(say(_("training")), key - 84, 18, text_anchor="end", font_size=SMALL, fill=MUTED))
    parts.append(element("path", d=f"M{key - 172:.1f} {y} h28", stroke=MUTED, **_DASHED))
    return parts


def _count(pictures: float) -> str:
    """20000 -> 20k, 1500000 -> 1.5M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if pictures >= unit:
            return f"{pictures / unit:g}{letter}"
    return f"{pictures:g}"


def _guess(at: _Layout, chance: float, say: Language) -> list[str]:
    """Where one comes without knowing anything, named in the margin where no curve comes."""
    y, x = at.y(chance), at.x(1)
    number = say(_("{value} %", value=f"{100 * chance:.3g}"))
    line = element("path", d=f"M{at.left} {y:.1f} H{x:.1f}", stroke=MUTED, stroke_width=1.5, stroke_dasharray="1 5",
                   stroke_linecap="round")  # fmt: skip
    style = {"font_size": SMALL, "fill": MUTED}
    if at.stacked:
        return [line, text(say(_("guessing:")), x + 8, y - 3, **style), text(number, x + 8, y + 13, **style)]
    return [line, text(say(_("guessing: {chance}", chance=number)), x + 12, y + 4.5, **style)]


def _curves(at: _Layout, runner: _Runner, end: float) -> list[str]:
    colour, parts = colour_of(runner.name), []
    train = [(at.x(x / end), at.y(y)) for x, y in runner.train]
    test = [(at.x(x / end), at.y(y)) for x, y in runner.test]
    if len(train) > 1:
        parts.append(element("path", d=_path(train), fill="none", stroke=colour, opacity=0.8, **_DASHED))
    if len(test) > 1:
        parts.append(
            element("path", d=_path(test), fill="none", stroke=colour, stroke_width=3, stroke_linejoin="round")
        )
    # Where the dots would run into each other the line alone says it, and the last dot where it is now. The plain
    # network's are hollow: the two can be told apart without their colours.
    crowded = len(test) > 1 and (test[-1][0] - test[0][0]) / (len(test) - 1) < 10
    inside = PAPER if is_plain(runner.name) else colour
    for x, y in test[-1:] if crowded else test:
        parts.append(element("circle", cx=x, cy=y, r=4, fill=inside, stroke=colour, stroke_width=2))
    if not test and train:
        parts.append(element("circle", cx=train[-1][0], cy=train[-1][1], r=2.5, fill=colour))
    return parts


def _path(places: list[Place]) -> str:
    return "M" + " ".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _labels(at: _Layout, runners: list[_Runner], end: float, chance: float, say: Language) -> list[str]:
    """Each network's name and figure in one column just ahead of the first: no label ever stands on a curve."""
    ahead = max((place[0] for runner in runners for place in runner.train + runner.test), default=0.0)
    column = at.x(ahead / end) + (8 if at.stacked else 12)
    ends = [(runner, at.x(now[0] / end), at.y(now[1])) for runner in runners if (now := runner.now)]
    # The words about guessing are an obstacle as soon as the column reaches the margin that they stand in.
    obstacle = at.y(chance) if column + at.right - 8 > at.x(1) else None
    places = _spread(
        [y for *_, y in ends], at.gap, at.top - 10, at.y(0) - (1.2 if at.stacked else 0.5) * at.size, obstacle
    )
    parts = []
    for (runner, x, y), place in zip(ends, places, strict=True):
        colour, accuracy = colour_of(runner.name), 100 * (runner.test or runner.train)[-1][1]
        figure = say(_("{value} %", value=f"{accuracy:.{1 if runner.test else 0}f}"))
        figure = figure if runner.test else say(_("train {accuracy}", accuracy=figure))
        if column - x > 16 or abs(place - y) > 3:
            elbow = max(x, column - 14)
            parts.append(
                element(
                    "path",
                    d=f"M{x:.1f} {y:.1f} H{elbow:.1f} L{column - 3:.1f} {place:.1f}",
                    fill="none",
                    stroke=colour,
                    stroke_width=1,
                    opacity=0.55,
                )
            )
        name = shortened(network_title(runner.name), 10)
        style = {"font_size": at.size, "font_weight": 650, "fill": colour, "class_": "rd-runner"}
        if at.stacked:
            parts.append(text(name, column, place - 3, **style))
            parts.append(text(figure, column, place + at.size, font_size=at.size, fill=colour))
        else:
            parts.append(text(f"{name} {figure}", column, place + 0.35 * at.size, **style))
    return parts


def _spread(wanted: list[float], gap: float, top: float, bottom: float, obstacle: float | None) -> list[float]:
    """Places as near as may be to those wanted, at least `gap` apart, within bounds and clear of the obstacle."""
    if obstacle is None:
        return apart(wanted, gap, top, bottom)
    room = int((bottom - obstacle) / gap)  # labels that fit below the obstacle: the lowest that want to be there
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    below = [index for index in order if wanted[index] > obstacle][-room:] if room else []
    above = [index for index in order if index not in below]
    found = dict(zip(above, apart([wanted[index] for index in above], gap, top, obstacle - gap), strict=True))
    found |= zip(below, apart([wanted[index] for index in below], gap, obstacle + gap, bottom), strict=True)
    return [found[index] for index in range(len(wanted))]


def _describe(runners: list[_Runner], say: Language) -> str:
    told = [
        (
            _("{name} {accuracy} % of the test pictures after {pictures}.", **found)
            if runner.test
            else _("{name} {accuracy} % of the training pictures after {pictures}.", **found)
        )
        for runner in runners
        if runner.now
        for found in [_found(runner.name, *runner.now)]
    ]
    what = _("Training race: right answers over pictures seen.")
    return say(sentences(what, *(told or [_("It has not yet begun.")])))


def _found(name: str, pictures: float, accuracy: float) -> dict[str, str]:
    return {"name": network_title(name), "accuracy": f"{100 * accuracy:.1f}", "pictures": f"{pictures:,.0f}"}
