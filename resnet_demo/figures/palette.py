"""The colours, the same in every figure: one per branch of the equation, one scale for signed maps.

Figures name their colours as CSS variables with a fallback, `var(--rd-shortcut, #0072b2)`: on the page they follow
light and dark, and in a downloaded file they are the fallback. Hues after Okabe and Ito, safe for colour-blind eyes.
"""

from __future__ import annotations

SHORTCUT = "var(--rd-shortcut, #0072b2)"
RESIDUAL = "var(--rd-residual, #d55e00)"
TOTAL = "var(--rd-total, #00805e)"
INK = "var(--rd-ink, #1d2733)"
MUTED = "var(--rd-muted, #5b6775)"
LINE = "var(--rd-line, #c9d1d9)"
PAPER = "var(--rd-paper, #ffffff)"

BRANCH = {"x": INK, "residual": RESIDUAL, "shortcut": SHORTCUT, "total": TOTAL, "output": INK}
TITLE = {"x": "x", "residual": "F(x)", "shortcut": "shortcut", "total": "F(x) + shortcut", "output": "y"}

POSITIVE, NEGATIVE = (190, 24, 60), (70, 72, 190)  # signed maps: crimson above zero, indigo below, the page at zero
