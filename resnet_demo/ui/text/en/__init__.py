"""English."""

from . import experiments, lesson, terms

CODE = "en"

__all__ = ["experiments", "lesson", "terms"]
