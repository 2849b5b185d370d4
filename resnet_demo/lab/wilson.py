"""How sure a share is that was counted: of the pictures that a network got right, for example.

Wilson: Probable Inference, the Law of Succession, and Statistical Inference, 1927. Unlike the share plus and minus two
standard errors, the interval holds for few pictures, and for none or all of them.
"""

from __future__ import annotations

import math

NORMAL = 1.96  # standard deviations within which 95 % of a normal distribution lie


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n pictures, each a fraction. Raises ValueError where there is none."""
    if n < 1:
        raise ValueError("A share is of one picture or more.")
    weight = NORMAL**2 / n
    middle = (share + weight / 2) / (1 + weight)
    half = NORMAL * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
