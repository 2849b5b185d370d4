"""The page Inside the blocks."""

from __future__ import annotations

STREET = "The network, block by block"
CHANNEL = "Channel to enlarge (or click one above)"
POINTS = {
    "x": "x",
    "residual": "F(x)",
    "shortcut": "shortcut(x)",
    "total": "F(x) + shortcut",
    "output": "y = ReLU(sum)",
}
COLUMNS = ("value", "norm", "norm of its gradient", "shape")
SHORTCUT, COSINE = "shortcut", "cosine"
LAYERS = "Inside F: what each of its layers puts out"
OWN_SCALES = "Each layer on a scale of its own."
CURVES = "All blocks in one picture"
ALL_CURVES = "Norms of both branches, their ratio and their cosine, over all blocks"


def block(name: str) -> str:
    return f"Block {name}, drawn as its equation"


def numbers(name: str) -> str:
    return f"The numbers of block {name}"


def channels(name: str) -> str:
    return f"Every channel of block {name}"


def shown(channel: int, some: int, count: int) -> str:
    """Which channels the cards show: one enlarged, and `some` of all of them."""
    those = f"the {some} strongest of {count}" if some < count else f"all {count}"
    return (
        f"Channel {channel} enlarged, above {those}. All on one scale, so that colours can be compared across the "
        "equation: click a channel to enlarge it everywhere."
    )
