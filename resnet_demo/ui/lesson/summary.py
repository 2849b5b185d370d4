"""Step 9: the answer as it grows from block to block, and what was seen in the steps before."""

from __future__ import annotations

from html import escape
from typing import Any

from ...figures import draw_lines
from ...lab.lens import lens
from ...models.predict import domain_of, rank
from ..parts import both
from ..session import Visit
from .controls import Control, Range, View, go_to, turned
from .twins import pair_of, titled

PAGES = ("cut", "train", "inside")  # where to go from here


def controls(visit: Visit) -> list[Control]:
    return [_after(visit)]


def _after(visit: Visit) -> Range:
    count = len(visit.seen.blocks)
    return turned(visit, "after", 0, count, count)


def pick(visit: Visit, what: str) -> None:
    """One of the buttons: another page, or a step of the lesson."""
    if what in PAGES:
        visit.page = what
    else:
        go_to(visit, int(what) if what.isdecimal() else what)


def view(visit: Visit) -> View:
    after, trace = int(_after(visit).value), visit.seen
    assert visit.picture is not None
    lines, told = {}, {}
    for name, network in pair_of(visit).items():
        found = lens(network, domain_of(network).to_input(visit.picture)).logits[:, 0]  # [blocks + 1, classes]
        lines[name] = found.softmax(1)[:, trace.target].tolist()
        (told[name],) = rank(network, found[after], 1)
    names = ["stem", *(block.name for block in trace.blocks)]
    labels, read = visit.labels, dict(visit.lesson.read)
    title = visit.text.lesson.GROWN.format(visit.titles[trace.target])
    whole = after == len(trace.blocks)
    where, places = names[after], [visit.text.lesson.STEM, *(name.removeprefix("layer") for name in names[1:])]
    return View(
        name=f"{visit.name}-grown",
        drawing=both(draw_lines, lines, places, title, after, highest=1.0, terms=visit.text.terms.TERMS),
        reading=lambda say: say.lesson.grown(
            where, whole, {name: titled(best, labels, say) for name, best in told.items()}
        ),
        table=[("after", *lines), *((name, *(values[i] for values in lines.values())) for i, name in enumerate(names))],
        below=lambda say: _seen(read, say) + _onward(say),
    )


def _seen(read: dict[int, Any], say: Any) -> str:
    """What was read out in the steps before, each a way back to it."""
    items = ""
    for number, step in enumerate(say.lesson.STEPS[:-1], start=1):
        words, kind = (read[number](say), "") if number in read else (say.lesson.NOT_SEEN, ' class="rd-not-yet"')
        items += (
            f'<li><button type="button" class="rd-back-to" data-pick="{number}">{number}. {escape(step.title)}</button>'
            f"<span{kind}>{escape(words)}</span></li>"
        )
    return f"<h4>{escape(say.lesson.SEEN)}</h4><ol class='rd-lesson-seen'>{items}</ol>"


def _onward(say: Any) -> str:
    buttons = "".join(
        f'<button type="button" class="rd-look" data-pick="{page}">{escape(say.lesson.PAGES[page])}</button>'
        for page in PAGES
    )
    return f"<h4>{escape(say.lesson.ONWARD)}</h4><div class='rd-choices'>{buttons}</div>"
