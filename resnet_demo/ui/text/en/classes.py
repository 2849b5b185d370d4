"""The classes, as a person reads them; data and addresses keep the English names."""

from __future__ import annotations

from collections.abc import Sequence


def titles(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(labels)
