"""What the library says where something cannot be used: it says it in English already."""

from __future__ import annotations


def said(sentence: str) -> str:
    """A sentence of the library in this language."""
    return sentence
