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

# Two networks side by side. A residual network computes the sum and has the sum's colour; what a plain one computes is
# no branch of anything, so it has a colour of its own, which no eye confuses with the sum's.
RESNET = TOTAL
PLAIN = "var(--rd-plain, #8f3f97)"
WRONG = "var(--rd-wrong, #b3123f)"  # answers that were wrong

# Networks of several depths, shallow to deep: each is darker than the last (on a dark page lighter), so that their
# order can be seen without seeing hues. No fallback is that of another colour: it is what `curves_svg` finds them by.
DEPTHS = (
    "var(--rd-depth-1, #b87700)",
    "var(--rd-depth-2, #d4547a)",
    "var(--rd-depth-3, #9b3fa3)",
    "var(--rd-depth-4, #33348a)",
    "var(--rd-depth-5, #1d2734)",
)

# What lines and words are drawn in, which leaves out the paper: white is also what others write where there is nothing.
DRAWN = (SHORTCUT, RESIDUAL, TOTAL, INK, MUTED, LINE, PLAIN, WRONG, *DEPTHS)

BRANCH = {"x": INK, "residual": RESIDUAL, "shortcut": SHORTCUT, "total": TOTAL, "output": INK}

POSITIVE, NEGATIVE = (190, 24, 60), (70, 72, 190)  # signed maps: crimson above zero, indigo below, the page at zero


def fallback(colour: str) -> str:
    """The colour itself, for those who know no CSS variables: `var(--rd-ink, #1d2733)` -> `#1d2733`."""
    return colour[colour.index("#") : -1]


def tone(part: float) -> float:
    """The opacity of ink for what lies in this part, 0 to 1, of a scale: the higher, the farther from the paper."""
    return 0.04 + 0.56 * part
