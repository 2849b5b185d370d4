"""The error with more and more blocks deleted, and with blocks in another order (Veit et al. 2016, figure 5)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...i18n import Language, _
from ..axes import Panel, Scale, boxes, finite, key, linear, looks, percent, whole

if TYPE_CHECKING:
    from ...lab.lesions import Report
    from ...lab.seeds import Seeds


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    up = linear(0.0, 1.0, show=percent)
    most = max((draw.blocks for report in reports.values() for draw in report.deleted), default=1)
    least = min((draw.kendall for report in reports.values() for draw in report.shuffled), default=0.9)
    steps = linear(0.0, max(1 - least, 0.1))
    turned = Scale(lambda tau: steps.part(1 - tau), {1 - step: f"{1 - step:.3g}" for step in steps.lines})
    left, right = placed = boxes(2, tall, top=top)
    deletions = Panel(*left, linear(0.0, most, 6), up)
    orders = Panel(*right, turned, up)
    parts += deletions.frame(say(_("Error with random blocks deleted")), say(_("blocks deleted"))) + orders.frame(
        say(_("Error with blocks in another order")), say(_("Kendall’s rank correlation with the order as trained"))
    )
    for name, look in looks(reports).items():
        report = reports[name]
        whole_network = (0.0, report.error)
        for other in seeds.get(name, {}).values():
            means = _means([(draw.blocks, draw.error) for draw in other.deleted])
            parts += deletions.faint([other.error, *(error for _blocks, error in means)], look)
        draws = [(draw.blocks, draw.error) for draw in report.deleted]
        parts += deletions.curve([whole_network, *_means(draws)], look, dots=False)
        parts += deletions.dots([whole_network, *draws], look, _titles([whole_network, *draws], say))
        draws = [(1.0, report.error), *((draw.kendall, draw.error) for draw in report.shuffled)]
        parts += orders.dots(draws, look, _titles(draws, say))
    return whole(
        parts,
        placed,
        say(_("Error by the number of deleted blocks, and by how far the order of the blocks is disturbed")),
        "rd-lesions",
        tall,
    )


def _means(draws: list[tuple[Any, Any]]) -> list[tuple[float, float | None]]:
    """The mean error of the draws of each strength."""
    found: dict[float, list[float]] = {}
    for strength, error in draws:
        found.setdefault(strength, []).append(error)
    return [(k, statistics.mean(errors) if all(map(finite, errors)) else None) for k, errors in sorted(found.items())]


def _titles(draws: list[tuple[Any, Any]], say: Language) -> list[str]:
    return [say(_("{what}: {error} wrong", what=f"{x:.3g}", error=percent(y))) for x, y in draws]
