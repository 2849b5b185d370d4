"""English."""

from . import experiments, reading, training

__all__ = ["experiments", "reading", "training"]
