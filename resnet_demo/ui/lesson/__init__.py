"""The lesson's live views, a file for each step; `pages/learn.py` is the page around them.

A step's file ends with its record, `STEP`. Its prose stands in `locale/lesson/`, whose files' names give the order of
the steps; the sentences that read numbers out stand in `captions/lesson/`.
"""

from __future__ import annotations

from . import block, cut, degradation, equation, gradient, paths, prose, shortcut, summary, surface
from .controls import Choice, Control, Range, Step, View

_BY_NAME = {
    step.name: step
    for step in (
        degradation.STEP,
        equation.STEP,
        block.STEP,
        shortcut.STEP,
        gradient.STEP,
        cut.STEP,
        paths.STEP,
        surface.STEP,
        summary.STEP,
    )
}
STEPS = tuple(_BY_NAME[name] for name in prose.names())

__all__ = ["STEPS", "Choice", "Control", "Range", "Step", "View"]
