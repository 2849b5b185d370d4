"""An experiment's measures with their intervals: over the pictures, and over several trainings."""

from __future__ import annotations

from ...i18n import Language, Message, _, _n
from ...lab.experiment import Experiment, Form, Reports
from ...lab.seeds import Seeds, Spread, spreads
from ...models import zoo


def written(value: float, form: Form, say: Language) -> str:
    """A measure's number as people read it: 12.5 %, +12.5 points."""
    if form == "share":
        return say.tenths(value)
    if form == "points":
        return say(_("{points:+.1f} points", points=round(100 * value, 1) + 0.0))
    return say.rounded(value) if value >= 0 else f"−{say.rounded(-value)}"


def cell(spread: Spread, say: Language) -> str:
    """A network's number with its interval over the pictures, and the range over its trainings."""
    form = spread.measure.form
    value = written(spread.values[0], form, say)
    low, high = (written(end, form, say) for end in (spread.low, spread.high))
    if spread.interval and len(spread.values) > 1:
        ends = [written(end, form, say) for end in spread.interval]
        return say(
            _(
                "{value} (95 % interval over the pictures {least} to {most}; over the seeds {low} to {high})",
                value=value,
                least=ends[0],
                most=ends[1],
                low=low,
                high=high,
            )
        )
    if len(spread.values) > 1:
        return say(_("{value} (over the seeds {low} to {high})", value=value, low=low, high=high))
    if spread.interval:
        ends = [written(end, form, say) for end in spread.interval]
        return say(
            _("{value} (95 % interval over the pictures {least} to {most})", value=value, least=ends[0], most=ends[1])
        )
    return value


def table(experiment: Experiment, reports: Reports, seeds: Seeds, say: Language) -> list[list[str]]:
    """The measures, a row for each, with a column for each network; none where an experiment has no measures."""
    rows = []
    for found in spreads(experiment, reports, seeds):
        by_network = {spread.network: cell(spread, say) for spread in found}
        rows.append([say(found[0].measure.title), *(by_network.get(name, "–") for name in reports)])
    return [["", *(zoo.title(name) for name in reports)], *rows] if rows else []


def counted_on(seeds: Seeds, pictures: int | None) -> Message | None:
    """On how many pictures the other trainings were measured."""
    if not seeds or pictures is None:
        return None
    return _n(
        "The trainings from other seeds: {count:,} picture.",
        "The trainings from other seeds: the first {count:,} of these pictures.",
        pictures,
    )
