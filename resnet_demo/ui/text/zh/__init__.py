"""中文。"""

from . import experiments

__all__ = ["experiments"]
