"""English."""

from . import lesson, reading, training

__all__ = ["lesson", "reading", "training"]
