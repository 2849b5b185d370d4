"""English."""

from . import (
    bars,
    classes,
    classify,
    cut,
    experiments,
    gradcam,
    inside,
    interface,
    lesson,
    notices,
    reading,
    terms,
    train,
    training,
)

__all__ = [
    "bars",
    "classes",
    "classify",
    "cut",
    "experiments",
    "gradcam",
    "inside",
    "interface",
    "lesson",
    "notices",
    "reading",
    "terms",
    "train",
    "training",
]
