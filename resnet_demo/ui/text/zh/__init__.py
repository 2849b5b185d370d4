"""Chinese."""

from . import lesson

__all__ = ["lesson"]
