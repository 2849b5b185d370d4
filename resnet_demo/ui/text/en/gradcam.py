"""The page Grad-CAM."""

from __future__ import annotations

SIGN = "Show the evidence"
POSITIVE, SIGNED = "only for the class", "for and against"
OTHER = "Other methods"
METHOD = "Method (captum)"
METHOD_INFO = "Guided Grad-CAM and layer Grad-CAM look at the chosen block; the others at the pixels."
COMPUTE = "Compute"
CHOOSE = "Choose a method and press Compute: these run the network again, some many times."
ONE_BRANCH = "In a plain block there is only one branch: all evidence has to go through F."


def every_block(label: str) -> str:
    return f"Where every block sees “{label}”"


def film(label: str) -> str:
    return f"Grad-CAM for {label} in every block"


def block(name: str) -> str:
    return f"Block {name}"


def overlay(label: str, name: str) -> str:
    return f"Grad-CAM for {label} in block {name}"


def which_branch(name: str) -> str:
    return f"Which branch of block {name} brought it?"


def split(label: str) -> str:
    return f"Signed Grad-CAM of F(x), shortcut and their sum for {label}"


def method(name: str, label: str) -> str:
    return f"{name} for {label}"
