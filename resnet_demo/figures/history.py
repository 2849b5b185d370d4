"""Finished trainings with matplotlib, to download and to print: their curves, and degradation as the paper shows it.

`draw_degradation` is after He et al. 2015, figures 1 and 6: training error thin and dashed, test error bold, in per
cent; plain networks on the left, residual ones on the right, one y-axis.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Literal

from ..i18n import Language, Message, _
from .palette import DEPTHS, INK, LINE, MUTED, fallback
from .runs import apart, colour_of, depth_of, is_plain, network_title, number
from .svg import ENGLISH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .runs import Run, Runs

PHONE = (3.75, 5.6)  # inches: of 360 px, at which 9 points are 12 px
Curve = list[tuple[float, float]]

TRAIN = {"lw": 1.1, "ls": (0, (4, 2))}
TEST = {"lw": 2.4, "ls": "-"}
AGAIN = {"lw": 0.8, "alpha": 0.55}  # the same training from another seed
KINDS = {"train": (_("training"), TRAIN), "test": (_("test"), TEST)}


def draw_history(histories: Runs, say: Language = ENGLISH) -> Figure:
    """Two plots for networks by name: loss and accuracy over the epochs, training (dashed) and tests (bold)."""
    from matplotlib.figure import Figure  # here: matplotlib takes half a second to import

    figure = Figure(figsize=(10.6, 3.8), layout="constrained")
    figure.patch.set_facecolor("none")
    left, right = figure.subplots(1, 2)
    colours = _colours_by_name(list(histories))
    along, sizes = _along(histories)
    for axes, what, unit in ((left, "loss", 1), (right, "accuracy", 100)):
        ends = []
        for name, run in histories.items():
            for kind, style in (("train", TRAIN), ("test", TEST)):
                curve = _curve(run, f"{kind}_{what}", 1 / sizes[name], lambda value, unit=unit: unit * value)
                axes.plot(*_columns(curve), color=fallback(colours[name]), **style, **_dot(curve))
                if kind == "test" and curve:
                    ends.append((network_title(name), colours[name], curve[-1][1]))
        axes.set_ylim(*((0, 100) if what == "accuracy" else (0, None)))
        _dress(axes, say(along))
        _name_curves(axes, ends, ".3f" if what == "loss" else ".1f")
    left.set_title(say(_("Loss")), **_TITLE)
    right.set_title(say(_("Right answers, %")), **_TITLE)
    _explain(left, "upper right", say)
    return figure


def draw_degradation(
    histories: Runs,
    errors: Collection[str] = KINDS,
    again: Sequence[Runs] = (),
    say: Language = ENGLISH,
    width: float = 10.6,
    tall: bool = False,
) -> Figure:
    """Error in per cent by epoch of plain (left) and residual networks (right) by name, one colour for each depth.

    `errors` says which of the two are drawn. `again` are further trainings of the same networks from other seeds; they
    are drawn faintly, so that one sees what luck alone does. `width` is in inches: the narrower, the larger the type.
    `tall` is for phones: one below the other, in so few inches that the type is 12 px high.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=PHONE if tall else (width, 4.4), layout="constrained")
    figure.patch.set_facecolor("none")
    panels = figure.subplots(*((2, 1) if tall else (1, 2)), sharex=True, sharey=True)
    along, sizes = _along(histories)
    depths = sorted({depth_of(name) or 0 for name in histories})
    colours = dict(zip(depths, _spaced(len(depths)), strict=True))
    finals, named = [], []
    named_by = "test" if "test" in errors else "train"
    titles = (say(_("Plain networks")), say(_("Residual networks")))
    for axes, plain, title in zip(panels, (True, False), titles, strict=True):
        ends = []
        for name, run in histories.items():
            if is_plain(name) != plain:
                continue
            colour = colours[depth_of(name) or 0]
            for kind in errors:
                for other in (runs[name] for runs in again if name in runs):
                    curve = _errors(other, kind, sizes[name])
                    axes.plot(*_columns(curve), color=fallback(colour), **{**KINDS[kind][1], **AGAIN})
                curve = _errors(run, kind, sizes[name])
                axes.plot(*_columns(curve), color=fallback(colour), **KINDS[kind][1], **_dot(curve))
                if curve:
                    finals.append(curve[-1][1])
                    ends += [(network_title(name), colour, curve[-1][1])] if kind == named_by else []
        axes.set_title(title, **_TITLE)
        _dress(axes, say(along))
        if not ends:
            axes.text(0.5, 0.5, say(_("none trained yet")), ha="center", va="center", transform=axes.transAxes,
                      color=fallback(MUTED), fontsize=11)  # fmt: skip
        named.append((axes, ends))
    panels[0].set_ylim(0, _roof(finals))  # as in the paper: the curves come down into the picture
    for axes, ends in named:
        _name_curves(axes, ends, ".1f", 0.085 if tall else 0.062)  # of the plot's height: a line of type
    panels[0].set_ylabel(say(_("error, %")), fontsize=10, color=fallback(MUTED))
    _explain(panels[0], "lower left", say, errors)  # where no error ever is: it begins high
    return figure


def figure_png(figure: Figure, dots_per_inch: int = 160) -> bytes:
    """A figure as the bytes of a PNG file, on white: a transparent one would vanish on a dark page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots_per_inch, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


_TITLE = {"fontsize": 11, "color": fallback(INK), "loc": "left"}


def _epoch_size(run: Run) -> float | None:
    """Pictures in an epoch: those seen when the first one was over."""
    for record in run:
        epoch, images = number(record, "epoch"), number(record, "images")
        if epoch and images:
            return images / epoch
    return None


def _along(histories: Runs) -> tuple[Message, dict[str, float]]:
    """What the x-axis counts, and how many pictures that is in each run: epochs, once all runs have done one."""
    sizes = {name: _epoch_size(run) for name, run in histories.items()}
    known = {name: size for name, size in sizes.items() if size}
    return (_("epoch"), known) if len(known) == len(sizes) else (_("pictures seen"), dict.fromkeys(sizes, 1.0))


def _curve(run: Run, name: str, scale: float, measure: Callable[[float], float]) -> Curve:
    places = ((number(record, "images"), number(record, name)) for record in run)
    return [(x * scale, measure(y)) for x, y in places if x is not None and y is not None]


def _errors(run: Run, kind: str, size: float) -> Curve:
    """Training or test error in per cent at the tests, over epochs of so many pictures."""
    tested = [record for record in run if number(record, "test_accuracy") is not None]
    return _curve(tested, f"{kind}_accuracy", 1 / size, lambda value: 100 * (1 - value))


def _columns(curve: Curve) -> tuple[list[float], list[float]]:
    return [x for x, _ in curve], [y for _, y in curve]


def _dot(curve: Curve) -> dict[str, object]:
    """A single point is no line: it is drawn as a dot."""
    return {"marker": "o", "ms": 5} if len(curve) == 1 else {}


def _colours_by_name(names: list[str]) -> dict[str, str]:
    """Each network's own colour, or where two of a kind would share it, one for each from shallow to deep."""
    if len({colour_of(name) for name in names}) == len(names):
        return {name: colour_of(name) for name in names}
    order = sorted(names, key=lambda name: (depth_of(name) or 0, is_plain(name)))
    return dict(zip(order, _spaced(len(order)), strict=True))


def _spaced(count: int) -> list[str]:
    """So many of the depths' colours, as far apart as they go."""
    last = len(DEPTHS) - 1
    return [DEPTHS[round(index * last / max(count - 1, 1))] for index in range(count)]


def _roof(finals: list[float]) -> float:
    """The y-axis' end: at least the paper's 20 %, and three times the largest error at the end."""
    return min(100.0, max(20.0, 5 * math.ceil(3 * max(finals, default=6.0) / 5)))


def _dress(axes: Axes, along: str) -> None:
    axes.patch.set_facecolor("none")
    axes.set_xlim(0, _furthest(axes) or 1.0)
    axes.set_xlabel(along, fontsize=10, color=fallback(MUTED))
    axes.tick_params(colors=fallback(MUTED), labelsize=9, labelleft=True, labelbottom=True)
    axes.grid(axis="y", color=fallback(LINE), lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(fallback(LINE))


def _furthest(axes: Axes) -> float:
    return max((float(max(line.get_xdata(), default=0.0)) for line in axes.lines), default=0.0)  # pyright: ignore


def _name_curves(axes: Axes, ends: list[tuple[str, str, float]], digits: str, apart_by: float = 0.062) -> None:
    """Names with figures beside the axes, each at the height where its curve ends, none on another."""
    low, high = axes.get_ylim()
    places = apart([(value - low) / (high - low) for *_, value in ends], apart_by, 0.02, 0.98)
    for (name, colour, value), place in zip(ends, places, strict=True):
        axes.text(1.02, place, f"{name}  {value:{digits}}", transform=axes.transAxes, va="center", fontsize=10,
                  color=fallback(colour), fontweight="bold")  # fmt: skip


def _explain(
    axes: Axes, where: Literal["upper right", "lower left"], say: Language, kinds: Collection[str] = KINDS
) -> None:
    from matplotlib.lines import Line2D

    shown = [(name, style) for kind, (name, style) in KINDS.items() if kind in kinds]
    lines = [Line2D([], [], color=fallback(MUTED), **style) for _name, style in shown]
    axes.legend(
        lines, [say(name) for name, _style in shown], loc=where, frameon=False, fontsize=9, labelcolor=fallback(MUTED)
    )
