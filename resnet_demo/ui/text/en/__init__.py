"""English."""

from . import reading, training

__all__ = ["reading", "training"]
