"""The page Classify."""

from __future__ import annotations

ANSWERS = "What it answers"
CLICK = "Click a class to see where the network finds evidence for it."
NOT_MEASURED = "How like its training pictures this one is was not measured for these weights."
OPACITY = "Opacity of the evidence"
PICTURE, EVIDENCE = "picture", "evidence"  # at both ends of the slider


def sees(label: str) -> str:
    return f"Where it sees “{label}”"


def overlay(label: str) -> str:
    return f"The picture with Grad-CAM for {label} laid over it"
