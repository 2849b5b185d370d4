"""The lesson's captions, a file for each step: what its numbers come to, whatever these are."""

from __future__ import annotations

from ....i18n import _
from .block import block
from .cut import cut, lesions
from .degradation import degradation, optimisers, probes, probes_rest_on
from .equation import number
from .gradient import gradient
from .parts import Told, answer, class_name
from .paths import path_gradients, paths
from .shortcut import kept, share_added
from .summary import answered, grown, score, unfolded, unfolded_here
from .surface import walk

START = _("Start the lesson")
INVITATION = _("New to this? Nine short steps, each with an experiment, most of them on your picture.")

__all__ = [
    "INVITATION",
    "START",
    "Told",
    "answer",
    "answered",
    "block",
    "class_name",
    "cut",
    "degradation",
    "gradient",
    "grown",
    "kept",
    "lesions",
    "number",
    "optimisers",
    "path_gradients",
    "paths",
    "probes",
    "probes_rest_on",
    "score",
    "share_added",
    "unfolded",
    "unfolded_here",
    "walk",
]
