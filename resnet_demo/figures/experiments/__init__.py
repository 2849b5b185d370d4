"""The reports of experiments as drawings: a file for each, all networks side by side on the same scales.

A file has `draw(reports, words, tall)`, where `reports` is what `lab` reports by network, and the `WORDS` of the
drawing in English, which another language may replace.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from typing import Any

from ..axes import magnitude
from ..runs import network_title

Reports = Mapping[str, Mapping[str, Any]]
MOST_ROWS = 200


def draw_experiment(name: str, reports: Reports, words: Mapping[str, str] | None = None, tall: bool = False) -> str:
    """An experiment's reports by network as an SVG document; as a table where there is no drawing of it.

    `words` are those of another language, `tall` suits a phone.
    """
    if not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        return "" if tall else _table(reports)
    module = importlib.import_module(f".{name}", __name__)
    return module.draw(reports, words or module.WORDS, tall)


def words_of(name: str) -> dict[str, str]:
    """The words in an experiment's drawing, in English; none where there is no drawing."""
    if find_spec(f"{__name__}.{name}") is None:
        return {}
    return importlib.import_module(f".{name}", __name__).WORDS


def _table(reports: Reports) -> str:
    """A row for each magnitude, a column for each network."""
    head = "".join(f"<th scope='col'>{escape(network_title(name))}</th>" for name in reports)
    names = list(dict.fromkeys(name for report in reports.values() for name in report))[:MOST_ROWS]
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(f"<td>{escape(_cell(report.get(name)))}</td>" for report in reports.values())
        + "</tr>"
        for name in names
    )
    return f"<table class='rd-table'><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"{len(value)} values"
    return magnitude(value) if isinstance(value, float) else str(value)
