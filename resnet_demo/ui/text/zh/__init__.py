"""Chinese, simplified."""

from . import (
    bars,
    classes,
    classify,
    cut,
    experiments,
    gradcam,
    inside,
    interface,
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
    "notices",
    "reading",
    "terms",
    "train",
    "training",
]
