"""How per cent are written."""

from __future__ import annotations


def percent(fraction: float) -> str:
    """0.934 -> "93 %"; what is not quite nothing or not quite all is not rounded to it."""
    if 0 < fraction < 0.01:
        return "under 1 %"
    if 0.99 < fraction < 1:
        return "over 99 %"
    return f"{fraction:.0%}".replace("%", " %")


def tenths(fraction: float) -> str:
    """0.934 -> "93.4 %"; what is not quite nothing or all is not rounded to it."""
    if 0 < fraction < 0.0005 or 0.9995 < fraction < 1:
        return "< 0.1 %" if fraction < 0.5 else "> 99.9 %"
    return f"{100 * fraction:.1f} %"
