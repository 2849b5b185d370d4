"""The reports of experiments as drawings: a file for each, all networks side by side on the same scales.

A file has `draw(reports, say, tall, seeds)`, where `reports` is what `lab` reports by network, and `seeds` the same of
their other trainings, which are drawn thinner where there is room for them.
"""

from __future__ import annotations

import importlib
from html import escape
from importlib.util import find_spec
from typing import Any

from ...i18n import Language, _n
from ...lab.experiment import Reports, as_plain
from ...lab.seeds import NO_SEEDS, Seeds
from ..axes import magnitude
from ..runs import network_title
from ..svg import ENGLISH

MOST_ROWS = 200


def draw_experiment(
    name: str, reports: Reports, tall: bool = False, say: Language = ENGLISH, seeds: Seeds = NO_SEEDS
) -> str:
    """An experiment's reports by network as an SVG document; as a table where there is no drawing of it.

    `tall` suits a phone.
    """
    if not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        return "" if tall else _table(reports, say)
    return importlib.import_module(f".{name}", __name__).draw(reports, say, tall, seeds)


def _table(reports: Reports, say: Language) -> str:
    """A row for each magnitude, a column for each network."""
    found = {name: as_plain(report) for name, report in reports.items()}
    head = "".join(f"<th scope='col'>{escape(network_title(name))}</th>" for name in found)
    names = list(dict.fromkeys(name for report in found.values() for name in report))[:MOST_ROWS]
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(f"<td>{escape(_cell(report.get(name), say))}</td>" for report in found.values())
        + "</tr>"
        for name in names
    )
    return f"<table class='rd-table'><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: Any, say: Language) -> str:
    if isinstance(value, (dict, list)):
        return say(_n("{count} value", "{count} values", len(value)))
    return magnitude(value, say) if isinstance(value, float) else str(value)
