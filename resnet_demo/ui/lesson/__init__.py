"""The lesson's live views, a file for each step; `ui/learn.py` is the page around them.

A step has `controls(visit)`, which says how its controls stand, and `view(visit)`, which computes the picture and the
sentence that reads it out. Where one clicks in the picture, `pick(visit, what)` says what that does. The words of a
step stand in `text/<language>/lesson.py`.
"""

from __future__ import annotations

from . import block, cut, degradation, equation, gradient, paths, shortcut, summary, surface
from .controls import Choice, Control, Range, View, nothing_to_pick

STEPS = (degradation, equation, block, shortcut, gradient, cut, paths, surface, summary)

__all__ = ["STEPS", "Choice", "Control", "Range", "View", "nothing_to_pick"]
