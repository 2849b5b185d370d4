"""What the lesson takes from the bundled results of experiments: networks beside their twins, the deepest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from ...figures.runs import depth_of, is_plain
from ...i18n import Language, Message, Sentences, sentences
from ...lab import results
from ..html import first_of, more, rest_of


def measured(experiment: str, names: Iterable[str]) -> dict[str, Any]:
    """The reports of an experiment on those of these bundled networks that it was run on; none where there is none."""
    found = results.bundled(experiment)
    return {name: found.networks[name] for name in names if name in found.networks} if found else {}


def twins(experiment: str, depth: int | None = None) -> dict[str, Any]:
    """The reports on a residual network of this depth, else of the largest, and on its plain twin; else none."""
    found = results.bundled(experiment)
    pairs = [pair for pair in results.pairs(found.networks) if len(pair) == 2] if found else []
    depths = {depth_of(next(iter(pair))) or 0: pair for pair in pairs}
    return depths.get(max(depths, default=0) if depth is None else depth, {})


def residual(experiment: str, wanted: str = "") -> tuple[str, Any] | None:
    """The `wanted` residual network, or else the deepest one that an experiment was run on, and the report."""
    found = results.bundled(experiment)
    if found and wanted in found.networks and not is_plain(wanted):
        return wanted, found.networks[wanted]
    ordered = sorted(found.networks, key=lambda name: depth_of(name) or 0) if found else []
    names = [name for name in ordered if not is_plain(name)]
    return (names[-1], found.networks[names[-1]]) if found and names else None


def read_out(words: Message | Sentences, say: Language, title: Message | None = None) -> Markup:
    """The one sentence that says what a record comes to; others unfold behind it."""
    heading = Markup("<h4>{}</h4>").format(say(title)) if title else Markup()
    rest = more(sentences(*rest_of(words)), say)
    return heading + Markup('<div class="rd-said"><strong>{}</strong>{}</div>').format(say(first_of(words)), rest)
