"""Chinese, simplified."""

from . import experiments, lesson, terms

CODE = "zh"

__all__ = ["experiments", "lesson", "terms"]
