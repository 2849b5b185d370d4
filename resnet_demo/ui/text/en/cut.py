"""The page Cut."""

from __future__ import annotations

STREET = "Cut a wire, and see what breaks"
RESIDUAL = "Multiply every F(x) by"
SHORTCUT = "Multiply every shortcut by"
MEND = "Mend everything"
ANSWER = "What it answers"
BARS = "The pale bar is the answer of the network as it is, the full one its answer now."
LENS = "How the answer grows"
BLOCK = (
    "What flows through this block now. Click the orange wire to cut F, the blue one to cut the "
    "shortcut; click again to mend."
)
PLAIN_BLOCK = "What flows through this block now. Click the orange wire to take the block out; click again to mend."


def block(title: str) -> str:
    return f"Block {title}: its two wires"
