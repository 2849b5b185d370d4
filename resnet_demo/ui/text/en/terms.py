"""The words that figures draw."""

from ....figures.terms import ENGLISH as TERMS

__all__ = ["TERMS"]
