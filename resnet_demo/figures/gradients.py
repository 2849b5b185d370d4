"""Two numbers of every block while a network learns, a row of bars for each network, input on the left.

`draw_gradients`: how strong the loss's gradient is that reaches the block's weights, on one logarithmic scale.
`draw_ratios`: how much the block adds to what its shortcut carries, ‖F(x)‖ / ‖shortcut‖, on one scale from zero; orange
bumps on a blue road, as in the street.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..i18n import Language, _
from .axes import known, linear, logarithmic
from .palette import LINE, RESIDUAL, SHORTCUT
from .runs import colour_of, field, is_plain
from .strips import NOT_MEASURED, Strip, draw_strips
from .svg import ENGLISH

if TYPE_CHECKING:
    from .runs import AnyRecord


def draw_gradients(latest: Mapping[str, AnyRecord], tall: bool = False, say: Language = ENGLISH) -> str:
    """The norm of the loss's gradient by block, for each network's latest record by name: an SVG document."""
    rows = [
        Strip(name, field(record, "gradients") or {}, colour_of(name), nothing=NOT_MEASURED)
        for name, record in latest.items()
    ]
    scale = logarithmic(value for row in rows for value in row.values.values())
    note = _("gradient norm, log scale") if tall else _("gradient norm, each line ten times the one below")
    return draw_strips(
        rows, scale, note, _("Norm of the loss's gradient for the weights of each block"), "rd-gradients", tall, say=say
    )


def draw_ratios(latest: Mapping[str, AnyRecord], tall: bool = False, say: Language = ENGLISH) -> str:
    """‖F(x)‖ / ‖shortcut‖ by block, for each network's latest record by name: an SVG document."""
    rows = []
    for name, record in latest.items():
        values = field(record, "ratios")
        # A network that has gradients but no ratios has no shortcuts, whatever its name is.
        plain = not values and (is_plain(name) or (values is not None and bool(field(record, "gradients"))))
        nothing = _("no shortcut") if plain else NOT_MEASURED
        rows.append(Strip(name, values or {}, RESIDUAL, LINE if plain else SHORTCUT, nothing))
    scale = linear(0.0, max(known(value for row in rows for value in row.values.values()), default=0.0), most=2)
    return draw_strips(
        rows,
        scale,
        _("‖F(x)‖ / ‖shortcut‖"),
        _("How much each block adds: norm of F(x) over norm of the shortcut"),
        "rd-ratios",
        tall,
        say=say,
    )
