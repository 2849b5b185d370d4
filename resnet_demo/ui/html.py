"""Small pieces of page: figures with their captions and download buttons, lists of answers, channel grids.

What is filled into `Markup(…).format(…)` is escaped there, unless it is Markup itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from markupsafe import Markup
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..figures import curves_svg, data_uri, grid, photo_uri, signed_map
from ..i18n import FIRST, Language, Sentences, _, _p, language, sentences
from ..models.predict import Prediction

DIGITS = 7  # of a number in a table that is saved: those of 32 bits, as computed; more would be noise
WIDE, TALL, BOTH = SCREENS = ("wide", "tall", "both")  # what is drawn for; see `static/js/screen.js`
MOST_NOTICE = 300  # characters
Table: TypeAlias = Sequence[Sequence[object]]
ENGLISH = language(FIRST)


def joined(pieces: Iterable[Any]) -> Markup:
    """Pieces of page, one after another."""
    return Markup("").join(pieces)


def heading(words: str, level: int = 3, read: int | None = None) -> Markup:
    """A heading that looks like one of that level; for who hears the page it is of the level `read`."""
    other = Markup("") if read in (None, level) else Markup(' aria-level="{}"').format(read)
    return Markup("<h{level}{other}>{words}</h{level}>").format(level=level, other=other, words=words)


def pressed(chosen: bool) -> str:
    """For `aria-pressed`."""
    return str(chosen).lower()


def both(draw: Callable[..., str], *values: Any, screen: str = BOTH, **options: Any) -> Markup:
    """A drawing for wide screens and one for phones, of which the style sheet shows the one that fits.

    Where it is known which one that is, `screen` says so: "wide" or "tall".
    """
    kinds = [tall for tall, kind in ((False, WIDE), (True, TALL)) if screen in (kind, BOTH)]
    return joined(Markup(draw(*values, **options, tall=tall)) for tall in kinds)


def both_curves(draw: Callable[..., Any], label: str) -> Markup:
    """The same of what matplotlib draws: wide, and `tall` for phones."""
    return Markup(
        curves_svg(draw(), label, "rd-curves rd-wide") + curves_svg(draw(tall=True), label, "rd-curves rd-tall")
    )


def figure(
    drawing: str, caption: object, name: str, aside: object = "", *, table: Table = (), say: Language = ENGLISH
) -> Markup:
    """A drawing (SVG or HTML) with the sentence (or HTML) that reads it, and buttons that save it as `name`.

    Of several sentences the first is shown, in bold, and what follows unfolds. With a `table`, whose first row names
    its columns, the numbers can be saved, too.
    """
    reading = caption if isinstance(caption, Markup) else Markup("<b>{}</b>").format(say(first_of(caption)))
    reading += more(sentences(*rest_of(caption), aside), say)
    saves = [_save(name, "svg", say), _save(name, "png", say)]
    if table:
        saves.append(_save(name, "csv", say, _csv(table)))
    return Markup(
        '<figure class="rd-figure"><div class="rd-scroll">{}</div>'
        '<figcaption><div class="rd-reading">{}</div><span class="rd-saves">{}</span></figcaption></figure>'
    ).format(Markup(drawing), reading, joined(saves))


def first_of(caption: object) -> object:
    return first_of(caption.messages[0]) if isinstance(caption, Sentences) and caption.messages else caption


def rest_of(caption: object) -> tuple[object, ...]:
    if not (isinstance(caption, Sentences) and caption.messages):
        return ()
    return (*rest_of(caption.messages[0]), *caption.messages[1:])


def more(rest: Sentences, say: Language) -> Markup:
    """What unfolds behind the first sentence; nothing where nothing is left."""
    if not (words := say(rest)):
        return Markup("")
    return Markup(' <details class="rd-more"><summary>{}</summary><p>{}</p></details>').format(
        say(_p("the rest of a caption", "More")), words
    )


def unfolding(words: Sentences, kind: str, say: Language) -> Markup:
    """A note of which the first sentence is shown, and the others unfold."""
    return Markup('<div class="rd-note {}">{}{}</div>').format(
        kind, say(first_of(words)), more(sentences(*rest_of(words)), say)
    )


def table_of(rows: Table) -> Markup:
    """A table for the page: the first row and the first column name the others."""
    (_corner, *names), *body = rows
    head = joined(Markup('<th scope="col">{}</th>').format(name) for name in names)
    lines = joined(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(name, joined(map(Markup("<td>{}</td>").format, values)))
        for name, *values in body
    )
    table = '<table class="rd-table"><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table>'
    return Markup('<div class="rd-scroll">{}</div>').format(Markup(table).format(head, lines))


def _save(name: str, kind: str, say: Language, content: str = "") -> Markup:
    data = Markup(' data-content="{}"').format(content) if content else ""
    return Markup(
        '<button type="button" class="rd-save" data-name="{}" data-kind="{}"{} aria-label="{}">{} ↓</button>'
    ).format(name, kind, data, say(_("Save this figure as {kind}", kind=kind.upper())), kind.upper())


def _csv(table: Table) -> str:
    buffer = io.StringIO()
    rows = ([f"{cell:.{DIGITS}g}" if isinstance(cell, float) else cell for cell in row] for row in table)
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def answers(predictions: Sequence[Prediction], target: int, say: Language = ENGLISH) -> Markup:
    """Ranked classes as bars; each is a button that asks for the evidence for its class."""
    row = Markup(
        '<li><button type="button" class="rd-answer" data-target="{}" aria-pressed="{}">'
        '<span class="rd-label">{}</span>'
        '<span class="rd-bar"><span style="width:{:.1f}%"></span></span>'
        '<span class="rd-number">{}</span></button></li>'
    )
    rows = joined(
        row.format(p.index, pressed(p.index == target), p.label, 100 * p.probability, say.tenths(p.probability))
        for p in predictions
    )
    return Markup('<ol class="rd-answers" aria-label="{}">{}</ol>').format(say(_("Classes, likeliest first")), rows)


def changes(rows: Sequence[tuple[Any, ...]], say: Language = ENGLISH, names: Sequence[str] = ()) -> Markup:
    """Classes with two bars each: how probable they were, and how probable they are now.

    With the `names` of several networks, a row has the two numbers, and the bars, of each.
    """
    bar = Markup(
        '<span class="rd-{}"><span class="rd-bar"><span style="width:{:.1f}%"></span></span>'
        '<span class="rd-number">{}</span></span>'
    )
    pair = Markup("<span>{}{}{}</span>")
    item = Markup('<li class="rd-change"><span class="rd-label">{}</span><span class="rd-changed">{}</span></li>')
    titles = [Markup('<span class="rd-whose">{}</span>').format(name) for name in names]
    items = joined(
        item.format(
            label,
            joined(
                pair.format(
                    title,
                    bar.format("then", 100 * before, say.tenths(before)),
                    bar.format("now", 100 * after, say.tenths(after)),
                )
                for title, before, after in zip(titles or [""], shares[::2], shares[1::2], strict=True)
            ),
        )
        for label, *shares in rows
    )
    title = say(_("Classes: above as it was, below as it is now"))
    return Markup('<ol class="rd-changes" aria-label="{}">{}</ol>').format(title, items)


def note(text: str, kind: str = "") -> Markup:
    return Markup('<p class="rd-note {}">{}</p>').format(kind, text)


def notice(error: InputError, say: Language) -> str:
    """What a notice shows: it is HTML, and a sentence may quote what a stranger wrote."""
    text = say(error.message).encode(errors="replace").decode()  # half of a surrogate pair is no text
    text = text if len(text) <= MOST_NOTICE else f"{text[: MOST_NOTICE - 1]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # quotes stay readable


def placeholder(text: str) -> Markup:
    return Markup('<div class="rd-empty">{}</div>').format(text)


def progress(share: float, title: str, words: str) -> Markup:
    """A bar that says how far something is, and words beside it."""
    return Markup(
        '<div class="rd-running"><span class="rd-progress" role="progressbar" aria-label="{}" '
        'aria-valuenow="{:.0f}"><span style="width:{:.1f}%"></span></span><span>{}</span></div>'
    ).format(title, 100 * share, 100 * share, words)


def pixels(picture: Image.Image, alt: str) -> Markup:
    """A small picture upscaled without smoothing: the very pixels."""
    return Markup('<img class="rd-pixels" src="{}" alt="{}">').format(data_uri(picture), alt)


def photo(picture: Image.Image, alt: str, side: int = 320) -> Markup:
    """A picture, as a person likes to see it; at most `side` pixels wide and high."""
    scale = min(1.0, side / max(picture.size))
    width, height = (max(1, round(scale * length)) for length in picture.size)
    small = picture.resize((width, height), reducing_gap=2.0)
    return Markup('<img class="rd-photo" src="{}" alt="{}">').format(photo_uri(small), alt)


def channels(
    title: str,
    value: Tensor,
    shown: Sequence[int],
    chosen: int | None,
    scale: float,
    css: str,
    name: str,
    clickable: bool = False,
    say: Language = ENGLISH,
) -> Markup:
    """A card: the chosen channel enlarged, and below it a grid of all the channels in `shown`.

    `value` [1, C, H, W] is drawn on one symmetric scale. `chosen` is None where this value has no such channel, and
    `clickable` where its channels are those of the block's output.
    """
    maps = value[0]
    height, width = maps.shape[1:]
    columns = max(4, min(16, round(len(shown) ** 0.5)))
    rows = -(-len(shown) // columns)
    sheet = grid(maps[list(shown)], scale, columns)
    alt = _(
        "{title}: {shown} of {count} channels, {height} by {width} pixels each",
        title=title, shown=len(shown), count=len(maps), height=height, width=width,
    )  # fmt: skip
    large, pick, places = Markup(""), Markup(""), Markup("")
    if chosen is not None:
        enlarged = say(_("{title}: channel {channel}, enlarged", title=title, channel=chosen))
        large = pixels(signed_map(maps[chosen], scale), enlarged)
    if chosen is not None and chosen in shown:
        row, column = divmod(list(shown).index(chosen), columns)
        pick = Markup(
            '<span class="rd-pick" style="left:{:.3f}%;top:{:.3f}%;width:{:.3f}%;height:{:.3f}%"></span>'
        ).format(100 * column / columns, 100 * row / rows, 100 / columns, 100 / rows)
    if clickable:
        places = Markup(' data-columns="{}" data-rows="{}" data-channels="{}"').format(
            columns, rows, ",".join(map(str, shown))
        )
    return Markup(
        '<section class="rd-card {css}"><h4>{title}</h4><div class="rd-large">{large}</div>'
        '<div class="rd-grid"{places}><img class="rd-pixels" src="{sheet}" alt="{alt}">{pick}</div>'
        '<p class="rd-small">{count} × {height} × {width}<button type="button" class="rd-save" data-name="{name}" '
        'data-kind="img" aria-label="{save}">PNG ↓</button></p></section>'
    ).format(
        css=css, title=title, large=large, places=places, sheet=data_uri(sheet), alt=say(alt), pick=pick,
        count=len(maps), height=height, width=width, name=name,
        save=say(_("Save the channels of {title} as PNG", title=title)),
    )  # fmt: skip


def thumbnail(picture: Image.Image, side: int = 72) -> str:
    """A small JPEG of a picture as a `data:` address."""
    square = min(picture.size)
    left, top = (picture.width - square) // 2, (picture.height - square) // 2
    small = picture.crop((left, top, left + square, top + square)).resize((side, side))
    return photo_uri(small)
