"""How each finding looks where HTML is shown and no script runs: below a notebook's cell, on a page of its own.

The drawings are those of the app, from `figures`. With them goes a style sheet that concerns nothing else on the page;
its colours are the app's, light and dark, and follow the notebook's theme where that is known, else the system's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, singledispatch
from html import escape
from pathlib import Path

from . import figures, lab
from .errors import InputError
from .figures.axes import percent
from .figures.svg import FONTS, without_buttons
from .finding import Finding, show_html
from .i18n import FIRST, LANGUAGES, Language, Message, Sentences, _, language
from .interpret.attribution import Cams
from .interpret.naming import block_title
from .interpret.trace import BlockTrace, Trace
from .lab.experiment import Reports
from .lab.lens import Lens
from .lab.lesion import Lesion
from .lab.lesion import Report as LesionReport
from .lab.paths import Paths
from .lab.probes import Report as ProbesReport
from .lab.results import Result, pairs
from .lab.seeds import NO_SEEDS, Seeds
from .models.predict import UNTRAINED, Predictions, class_logits
from .training.records import Records

MOST_PICTURES = 6  # whose lines a lens shows
TOKENS = Path(__file__).parent / "ui" / "static" / "css" / "tokens.css"

# What tells that the page is dark, or light whatever the system is: JupyterLab, VS Code, Colab, and the docs.
DARK = ("[data-jp-theme-light='false']", ".vscode-dark", "html[theme='dark']", "[data-md-color-scheme='slate']")
LIGHT = ("[data-jp-theme-light='true']", ".vscode-light", "html[theme='light']", "[data-md-color-scheme='default']")

RULES = """
.rd-shown { max-width: 1000px; padding: 12px; border-radius: 8px; background: var(--rd-paper); color: var(--rd-ink);
  font: 14px/1.45 FONTS; overflow-x: auto; }
.rd-shown svg { display: block; width: 100%; min-width: 640px; height: auto; }
.rd-shown svg.rd-overlay { min-width: 0; max-width: 320px; }
.rd-shown p { max-width: 90ch; margin: 6px 0; }
.rd-shown .rd-block image { filter: var(--rd-turn); }
.rd-shown .rd-heat { image-rendering: auto; }
.rd-shown table { border-collapse: collapse; }
.rd-shown :is(th, td) { padding: 4px 16px 4px 0; border: 0; border-bottom: 1px solid var(--rd-line); text-align: left;
  background: none; color: var(--rd-ink); }
.rd-shown td i { display: block; height: 12px; min-width: 1px; border-radius: 2px; background: var(--rd-total); }
"""


_spoken = [language(FIRST)]


def speak(code: str) -> None:
    """Choose the language of what is drawn from now on: "en", "zh". Raises InputError for another one.

    `figures` are written in what their keyword `say` is given, `i18n.language("zh")`.

    >>> speak("en")
    >>> speak("xx")
    Traceback (most recent call last):
    resnet_demo.errors.InputError: There is no language 'xx'; there are en and zh.
    """
    _spoken[:] = [in_words(code)]


def in_words(code: str | None) -> Language:
    """The language of that code; None: the one that was chosen last."""
    if code is None:
        return _spoken[-1]
    if code not in LANGUAGES:
        raise InputError("There is no language {code!r}; there are {known:and}.", code=code, known=list(LANGUAGES))
    return language(code)


def html(finding: Finding, code: str | None = None) -> str:
    """A finding as HTML that stands for itself: drawings, what they say, and their style."""
    say = in_words(code)
    return framed("".join(drawings(finding, say)), say)


def framed(drawn: str, say: Language) -> str:
    """Drawings with their style sheet."""
    return f'<div class="rd-shown" lang="{say.code}"><style>{style()}</style>{drawn}</div>'


class Drawing:
    """Any drawings of `figures`, to be shown as findings are: `Drawing(figures.draw_race(…))` ends a notebook's cell.

    >>> Drawing("<svg/>")
    <Drawing of 6 characters>
    """

    def __init__(self, *pieces: str):
        self.pieces = "".join(pieces)

    def __repr__(self) -> str:
        return f"<Drawing of {len(self.pieces):,} characters>"

    def _repr_html_(self) -> str:
        return framed(self.pieces, in_words(None))

    def show(self) -> None:
        """Show it: below the cell in a notebook, else as a page of its own in the browser."""
        show_html(self._repr_html_())


@lru_cache
def style() -> str:
    """The style sheet of all drawings: nothing in it reaches beyond `.rd-shown`."""
    tokens = TOKENS.read_text("utf-8")
    light, dark = (
        re.search(rf"^{selector} \{{(.*?)\}}", tokens, re.S | re.M) for selector in (":root", re.escape(".dark"))
    )
    assert light
    assert dark
    # On the dark page a signed map's lightness is turned over, and zero stays the page; see `ui/static/css/lens.css`.
    day = f".rd-shown {{ --rd-turn: none; {_one_line(light[1])} }}"
    night = f".rd-shown {{ --rd-turn: invert(1) hue-rotate(180deg); {_one_line(dark[1])} }}"
    return "\n".join(
        [
            day,
            f"@media (prefers-color-scheme: dark) {{ {night} }}",
            day.replace(".rd-shown", f":is({', '.join(LIGHT)}) .rd-shown"),
            night.replace(".rd-shown", f":is({', '.join(DARK)}) .rd-shown"),
            RULES.replace("FONTS", FONTS).strip(),
        ]
    )


def _one_line(css: str) -> str:
    return " ".join(css.split())


def paragraph(words: str | Message | Sentences, say: Language) -> str:
    """What is said of a drawing; of several sentences the first, which says the most, in bold."""
    if isinstance(words, Sentences) and words.messages:
        first = say(words.messages[0])
        return f"<p><b>{escape(first)}</b>{escape(say(words)[len(first) :])}</p>"
    return f"<p>{escape(say(words))}</p>"


@singledispatch
def drawings(finding: Finding, say: Language) -> Iterable[str]:
    """The pieces that are shown of a finding, in order."""
    raise InputError("There is no drawing of {kind}.", kind=type(finding).__name__)


@drawings.register
def _of_trace(trace: Trace, say: Language) -> Iterable[str]:
    chosen = figures.strongest_change(trace)
    yield street(trace, chosen.name, say)
    yield from drawings(chosen, say)


def street(trace: Trace, chosen: str | None, say: Language) -> str:
    """The whole network with the picture that it saw and the answer that it gave."""
    domain = trace.domain
    assert domain
    probabilities = class_logits(trace.logits).softmax(0)
    first = int(probabilities.argmax())
    answer = say.label(domain.labels[first]), say.percent(probabilities[first].item())
    if not trace.trained:  # what it answers means nothing
        answer = say(_("not trained")), ""
    return figures.draw_street(trace, chosen, domain.to_picture(trace.image), answer, say=say, still=True)


@drawings.register
def _of_blocktrace(block: BlockTrace, say: Language) -> Iterable[str]:
    yield figures.draw_block(block, figures.channel_to_show(block), say=say)


@drawings.register
def _of_cams(maps: Cams, say: Language) -> Iterable[str]:
    trace = maps.trace
    assert trace.domain
    picture, last = trace.domain.to_picture(trace.image), trace.blocks[-1].name
    label = f"Grad-CAM: {say.label(trace.label)}"
    yield figures.draw_overlay(picture.resize((320, 320)), maps[last], label)
    yield without_buttons(figures.draw_strip(picture, maps, last, label, say=say))


@drawings.register
def _of_predictions(ranked: Predictions, say: Language) -> Iterable[str]:
    if not ranked.trained:
        yield paragraph(UNTRAINED, say)
        return
    rows = "".join(
        f'<tr><th scope="row">{escape(say.label(each.label))}</th><td>{escape(say.percent(each.probability))}</td>'
        f'<td><i style="width:{240 * each.probability:.0f}px"></i></td></tr>'
        for each in ranked
    )
    yield f'<table aria-label="{escape(say(_("Classes, likeliest first")))}">{rows}</table>'


@drawings.register
def _of_lesion(found: Lesion, say: Language) -> Iterable[str]:
    report = LesionReport(found.n, found.error, found.without, found.added, found.median_added, found.halving)
    yield from experiment("lesion", {found.network: report}, say)


@drawings.register
def _of_lens(found: Lens, say: Language) -> Iterable[str]:
    """Of each picture the logit of the class that it ends at, after the stem and after each block."""
    last = found.logits[-1].argmax(1).tolist()
    lines = {
        f"{number + 1}: {say.label(found.label(index))}": found.logits[:, number, index].tolist()
        for number, index in enumerate(last[:MOST_PICTURES])
    }
    places = [say(_("stem")), *(block_title(name) for name in found.names)]
    yield figures.draw_lines(lines, places, _("logit of the answer"), len(places) - 1, say=say)


@drawings.register
def _of_paths(found: Paths, say: Language) -> Iterable[str]:
    total = sum(found.counts)
    counts, shares = [count / total for count in found.counts], list(found.shares)
    bars = say(_("share of the paths through this many F’s")), say(_("share of the gradient that they carry"))
    yield figures.draw_lengths(counts, shares, bars, say=say, show=percent)


@drawings.register
def _of_probesreport(found: ProbesReport, say: Language) -> Iterable[str]:
    yield from experiment("probes", {"network": found}, say)


@drawings.register
def _of_result(result: Result, say: Language) -> Iterable[str]:
    yield paragraph(lab.get(result.experiment).title, say)
    together = lab.get(result.experiment).together
    for networks in [result.networks] if together else pairs(result.networks):
        yield from experiment(result.experiment, networks, say, result.seeds)


def experiment(name: str, reports: Reports, say: Language, seeds: Seeds = NO_SEEDS) -> Iterable[str]:
    """An experiment's drawing and what is read out of it."""
    yield without_buttons(figures.draw_experiment(name, reports, say=say, seeds=seeds))
    yield paragraph(lab.get(name).read(reports), say)


@drawings.register
def _of_records(training: Records, say: Language) -> Iterable[str]:
    yield figures.draw_race({training.name: training.seen}, training.pictures, training.classes, say=say)
