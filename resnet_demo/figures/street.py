"""The network as a street of blocks: the shortcut runs through like a motorway, every block is a bump beside it.

A bump is as high as the block's share: norm of F(x) over norm of shortcut(x), or over norm of x in a plain network,
which has no motorway. Below each block stands where its output is active. `street_layout` says where all of it stands;
what hovering reads out travels in `data-reading` (see `ui/static/js/street.js`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from itertools import count, groupby

from PIL import Image
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ..i18n import Language, Message, _, _p, sentences
from ..interpret.naming import block_title
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, Trace
from .maps import activity_map, data_uri
from .palette import INK, LINE, MUTED, PAPER, RESIDUAL, SHORTCUT, WRONG
from .street_layout import (
    LETTER,
    SMALL,
    Cell,
    Label,
    Layout,
    fitting,
    one_row,
    width_of,
    winding,
    wrapped,
)
from .svg import ENGLISH, document, element, image, text, without_buttons

CHOSEN, CUT = "chosen", "cut"  # what a block can be in the drawing
RISE = 4.0  # of a block that is lifted out
LIFT = "var(--rd-lift, #fff2e5)"

_activities = WeakTensorKeyDictionary()  # a street is drawn anew at every click, for two screens; its maps stay


def share(block: BlockTrace) -> float:
    """How much the block changes what passes through it: ‖F(x)‖ / ‖shortcut(x)‖, in a plain network / ‖x‖."""
    return block.norms["residual"] / (block.norms["shortcut"] or block.norms["x"] or 1.0)


def highest_share(trace: Trace) -> float:
    """The share of the highest bump; the larger one of two streets is the scale that lets their heights be compared."""
    return max(map(share, trace.blocks))


def draw_street(
    trace: Trace,
    chosen: str | None,
    picture: Image.Image,
    answer: tuple[str, str],
    cut: Collection[str] = (),
    outputs: Mapping[str, Tensor] | None = None,
    say: Language = ENGLISH,
    tall: bool = False,
    title: str | None = None,
    highest: float | None = None,
    still: bool = False,
) -> str:
    """All blocks in order, an SVG document for a wide screen or a `tall` one; blocks are buttons with `data-block`.

    `chosen` is the block that is lifted out, `picture` the network's input, `answer` the class that it chose and, in
    words, how probable it finds it. Where the network was intervened in, `cut` names the wires that were cut (see
    `SHORTCUT_WIRE`), and `outputs` holds what blocks put out since, [1, C, H, W] by name; with it, a press cuts or
    mends, and the stretches of the motorway are buttons, too. Of two streets above each other, `title` tells them
    apart, and `highest` is the share that gets the full height in both (see `highest_share`). A `still` one is to be
    looked at alone: nothing in it asks to be pressed.
    """
    stages = [list(group) for _, group in groupby(trace.blocks, key=_stage)]
    layout = (winding if tall else one_row)([len(blocks) for blocks in stages], title is not None)
    cells = dict(zip((block.name for block in trace.blocks), layout.cells, strict=True))
    highest = highest or highest_share(trace) or 1.0
    heights = {block.name: min(1.0, share(block) / highest) for block in trace.blocks}
    plain = trace.blocks[0].shortcut_kind == "none"
    stop = chosen or trace.blocks[0].name  # the one that the Tab key leads to; arrows lead on
    names = _named(cells, chosen, layout.size)
    blocks, stretches, readings = [], [], {}
    for block in trace.blocks:
        name, cell = block.name, cells[block.name]
        state = CUT if name in cut else CHOSEN if name == chosen else ""
        output = block.output if outputs is None else outputs[name]
        read = _reading(block, state == CUT, outputs is not None)
        readings[name] = "\n".join(map(say, read)) if tall else say(sentences(*read))
        about = {"tabindex": 0 if name == stop else -1, "data_reading": readings[name]}
        blocks.append(_block(block, cell, heights[name], output, state, name in names, layout.size, say, about))
        if outputs is not None and not plain:
            stretches.append(_stretch(name, cell, name + SHORTCUT_WIRE in cut, say))
    parts = [
        *_head(layout, title, readings.get(chosen or "", "")),
        *(
            _stage_label(*stage, layout.size, say)
            for stage in zip(map(str, count(1)), stages, layout.stages, strict=False)
        ),
        *([_lift(cells[chosen], layout, down=not tall)] if chosen else []),
        *_road(trace, layout, cells, plain),
        *blocks,
        *stretches,
        _way(layout, heights),
        *_start(picture, layout, say),
        *_end(answer, layout),
    ]
    label = sentences(
        _("The plain network, without shortcuts, as a street of {count} blocks.", count=len(cells))
        if plain
        else _("The residual network as a street of {count} blocks.", count=len(cells)),
        None
        if still
        else _("Choose one to look inside.")
        if outputs is None
        else _("Choose one to cut its residual branch, or to mend it."),
        _("Choose the road below one to cut or mend its shortcut.") if stretches else None,
    )
    drawn = document(
        layout.width,
        layout.height,
        say(label),
        *parts,
        role="group",
        class_=f"rd-street {'rd-tall' if tall else 'rd-wide'}",
        data_run=_run(trace, picture),
    )
    return without_buttons(drawn) if still else drawn


def _run(trace: Trace, picture: Image.Image) -> str:
    """Another one for every network and picture: when it changes, a pulse runs along the street."""
    digest = hashlib.blake2b(trace.logits.detach().cpu().double().numpy().tobytes(), digest_size=6)
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _stage(block: BlockTrace) -> object:
    """What all blocks of a stage share: layer2; in somebody else's network the shape of what they put out."""
    return block.name.split(".")[0] if block.name.startswith("layer") else block.output.shape


def _reading(block: BlockTrace, gone: bool, intervened: bool) -> list[Message]:
    """What hovering reads out: what is left of the block, or its numbers as two sentences."""
    name, plain = block_title(block.name), block.shortcut_kind == "none"
    if gone:
        return [_("Block {name}: {what}", name=name, what=_p("a branch", "cut"))]
    values = {"name": name, "percent": 100 * share(block)}
    if intervened and plain:
        first = _("In the original network ‖F(x)‖ of block {name} is {percent:.0f} % of ‖x‖.", **values)
    elif intervened:
        first = _("In the original network ‖F(x)‖ of block {name} is {percent:.0f} % of ‖shortcut(x)‖.", **values)
    elif plain:
        first = _("Block {name}: ‖F(x)‖ is {percent:.0f} % of ‖x‖.", **values)
    else:
        first = _("Block {name}: ‖F(x)‖ is {percent:.0f} % of ‖shortcut(x)‖.", **values)
    norms = {point: _written(norm) for point, norm in block.norms.items()}
    if plain:
        return [first, _("Norms: x {x}, F(x) {residual}, y {output}.", **norms)]
    return [first, _("Norms: x {x}, F(x) {residual}, shortcut {shortcut}, y {output}.", **norms)]


def _written(norm: float) -> str:
    """As it is in trained networks, and short where random weights let it explode."""
    return f"{norm:.1f}" if norm < 1_000 else f"{norm:,.0f}" if norm < 10_000 else f"{norm:.0e}".replace("e+0", "e")


def _head(layout: Layout, title: str | None, reading: str) -> list[str]:
    """The title, and the lines that read a block out: the chosen one, or that which is pointed at."""
    parts = []
    if title is not None:
        size = layout.size + 1
        words = fitting(title, layout.title.room, size)
        parts.append(text(words, layout.title.x, layout.title.y, font_size=size, font_weight=600, fill=INK))
    said = reading.split("\n")
    for number, line in enumerate(layout.readings):
        words = said[number] if number < len(said) else ""
        style = {"text_anchor": line.anchor, "font_size": layout.size, "fill": MUTED}
        parts.append(text(words, line.x, line.y, **style, class_="rd-reading", data_rest=words))
    return parts


def _stage_label(number: str, blocks: list[BlockTrace], label: Label, size: float, say: Language) -> str:
    """The stage's number, and the shape of its maps where there is room for it."""
    channels, height, width = blocks[0].output.shape[1:]
    shape = {"channels": channels, "height": height, "width": width}
    long = say(_("stage {number} · {channels} maps of {height}×{width}", number=number, **shape))
    short = say(_("stage {number}", number=number))
    words = next((words for words in (long, short) if width_of(words, size) <= label.room), number)
    return text(words, label.x, label.y, text_anchor=label.anchor, font_size=size, fill=MUTED)


def _named(cells: Mapping[str, Cell], chosen: str | None, size: float) -> set[str]:
    """The blocks that bear their names: those with room for it, and the chosen one, for which others give way."""
    named = {name for name, cell in cells.items() if cell.named}
    if chosen:
        lifted, room = cells[chosen], width_of(block_title(chosen), size) + 5
        near = {
            name
            for name, cell in cells.items()
            if cell.road == lifted.road and abs(cell.middle - lifted.middle) < max(room, lifted.pitch) - 1
        }
        named = named - near | {chosen}
    return named


def _block(
    block: BlockTrace,
    cell: Cell,
    height: float,
    output: Tensor,
    state: str,
    named: bool,
    size: float,
    say: Language,
    about: Mapping[str, object],
) -> str:
    """One bump with the map of its output, as a button."""
    chosen = state == CHOSEN
    rise = RISE if chosen else 0
    side, left, top = cell.thumb, cell.middle - cell.thumb / 2, cell.map_top - rise / 2
    box = {"x": left, "y": top, "width": side, "height": side}
    frame = {"stroke": INK if chosen else LINE, "stroke_width": 2 if chosen else 1}
    what = (
        _p("a branch", "cut")
        if state == CUT
        else _("changes what passes by {percent:.0f} %", percent=100 * share(block))
    )
    style = {"fill": INK, "font_weight": 600} if chosen else {"fill": MUTED}
    name = text(
        block_title(block.name), cell.middle, top + side + size + 2, text_anchor="middle", font_size=size, **style
    )
    return element(
        "g",
        element("title", say(_("{name}: {what}", name=block.name, what=what))),
        # All of it is clickable, from the top on: so its middle, where a test or a reader's helper clicks, is its own.
        element("rect", x=cell.left, y=cell.top, width=cell.pitch, height=cell.bottom - cell.top, fill="transparent"),
        _bump(f"M{cell.bump(height, rise)} Z", state, cell),
        element("rect", **box, fill=PAPER),
        image(_activity(output), **box),
        element("rect", **box, fill="none", **frame),
        *([name] if named else []),
        class_="rd-stop",
        data_block=block.name,
        role="button",
        **about,
        aria_pressed=str(bool(state)).lower(),
        aria_label=say(_("Block {name}: {what}", name=block.name, what=what)),
    )


def _activity(output: Tensor) -> str:
    """Where a block's output [1, C, H, W] is active, its mean magnitude over the channels, as a picture's address."""
    if output not in _activities:
        _activities[output] = data_uri(activity_map(output[0].abs().mean(dim=0)))
    return _activities[output]


def _bump(outline: str, state: str, cell: Cell) -> str:
    """The block's share; of a cut one only the trace is left, crossed out."""
    line = {"d": outline, "stroke": RESIDUAL, "stroke_width": 2 if cell.pitch > 20 else 1.5}
    if state != CUT:
        return element("path", **line, fill=RESIDUAL, fill_opacity=0.6 if state == CHOSEN else 0.25)
    trace = element("path", **line, fill="none", stroke_dasharray="2 4", stroke_opacity=0.6)
    return trace + cross(cell.middle, cell.road - min(20, cell.tallest / 2 + 3), min(8.0, cell.pitch / 2 - 1))


def _lift(cell: Cell, layout: Layout, down: bool) -> str:
    """What lies under the lifted block: a card, and a wedge down to where the block is drawn, below the street."""
    width = min(max(cell.pitch - 2, 12), 1.7 * cell.tallest)
    left, right, edge = cell.middle - width / 2, cell.middle + width / 2, {"stroke": RESIDUAL, "stroke_opacity": 0.55}
    card = {"x": left, "y": cell.top + 1, "width": width, "height": cell.bottom - cell.top - 3, "rx": min(8, width / 3)}
    parts = [element("rect", **card, fill=LIFT, **edge)]
    if down:
        foot, y = 16.0, cell.bottom - 3
        corners = f"{left + 2:.1f},{y:.1f} {right - 2:.1f},{y:.1f}"
        ground = f"{right + foot:.1f},{layout.height:.1f} {left - foot:.1f},{layout.height:.1f}"
        parts.append(element("polygon", points=f"{corners} {ground}", fill=RESIDUAL, fill_opacity=0.4))
    return element("g", *parts, class_="rd-lifted")


def _stretch(name: str, cell: Cell, gone: bool, say: Language) -> str:
    """The motorway's stretch past one block, as a button; of a cut one only the trace is left, crossed out."""
    hit = {"x": cell.left, "y": cell.road - 8, "width": cell.pitch, "height": 16, "rx": min(4, cell.pitch / 4)}
    parts = [element("rect", **hit, fill="transparent")]
    what = _p("a branch", "cut") if gone else _p("a branch", "whole")
    about = say(_("Shortcut of block {name}: {what}", name=name, what=what))
    if gone:
        margin = min(3.0, cell.pitch / 8)
        span = f"M{cell.left + margin:.1f} {cell.road:.1f} h{cell.pitch - 2 * margin:.1f}"
        parts += [
            element("path", d=span, stroke=PAPER, stroke_width=9),
            element("path", d=span, stroke=SHORTCUT, stroke_width=2, stroke_dasharray="2 4", stroke_opacity=0.6),
            cross(cell.middle, cell.road, min(6.0, cell.pitch / 2 - 1)),
        ]
    return element(
        "g",
        element("title", about),
        *parts,
        class_="rd-stop",
        data_block=name + SHORTCUT_WIRE,
        data_reading=about,
        role="button",
        tabindex=-1,
        aria_pressed=str(gone).lower(),
        aria_label=about,
    )


def cross(x: float, y: float, half: float) -> str:
    """The mark of a cut."""
    arms = f"M{x - half:.1f} {y - half:.1f} l{2 * half:g} {2 * half:g} m0 {-2 * half:g} l{-2 * half:g} {2 * half:g}"
    return element("path", d=arms, fill="none", stroke=WRONG, stroke_width=3.5, stroke_linecap="round")


def _road(trace: Trace, layout: Layout, cells: Mapping[str, Cell], plain: bool) -> list[str]:
    """The motorway; where the shortcut is not the identity it is dashed."""
    x, y = layout.begin
    line = f"M{x:.1f} {y:.1f} {' '.join(row.end for row in layout.rows)}"
    if plain:
        return [element("path", d=line, fill="none", stroke=LINE, stroke_width=2, stroke_dasharray="2 8")]
    width = 7 if layout.size == SMALL else 5
    parts = [element("path", d=line, fill="none", stroke=SHORTCUT, stroke_width=width, stroke_linecap="round")]
    for block in trace.blocks:
        if block.shortcut_kind != "identity":
            cell = cells[block.name]
            span = f"M{cell.left + 2:.1f} {cell.road:.1f} h{cell.pitch - 4:.1f}"
            parts.append(element("path", d=span, stroke=PAPER, stroke_width=2.5, stroke_dasharray="7 5"))
    return parts


def _way(layout: Layout, heights: Mapping[str, float]) -> str:
    """The way of the pulse: along the road, and over every bump."""
    x, y = layout.begin
    bumps = iter(heights.values())
    way = [f"M{x:.1f} {y:.1f}"]
    for row in layout.rows:
        way += [f"L{cell.bump(next(bumps))}" for cell in row.cells]
        way += [f"V{row.cells[0].road:.1f}", row.end]
    return element("path", d=" ".join(way), fill="none", stroke="none", class_="rd-pulse-way")


def _start(picture: Image.Image, layout: Layout, say: Language) -> list[str]:
    x, y, side = layout.picture
    box = {"x": x, "y": y, "width": side, "height": side}
    parts = [image(data_uri(picture), **box), element("rect", **box, fill="none", stroke=LINE)]
    if side > 50:
        style = {"text_anchor": "middle", "font_size": layout.size, "fill": MUTED}
        parts.append(text(say(_("input")), x + side / 2, y + side + 18, **style))
    return parts


def _end(answer: tuple[str, str], layout: Layout) -> list[str]:
    """The class at the end of the road, in two lines where it is long, and its probability."""
    (label, probability), place = answer, layout.answer
    bold = {"font_weight": 600, "fill": INK}
    if layout.size == LETTER:  # on a phone both stand in one line
        number = width_of(probability, 14)
        words = fitting(label, place.room - number - 10, 16)
        ahead = width_of(words, 16) + 6
        label_at, number_at = (place.x - number - 6, place.x) if place.anchor == "end" else (place.x, place.x + ahead)
        style = {"text_anchor": place.anchor}
        return [
            text(words, label_at, place.y + 5, font_size=16, **bold, **style),
            text(probability, number_at, place.y + 5, font_size=14, fill=MUTED, **style),
        ]
    size = 16 if width_of(label, 16) <= place.room else SMALL
    lines = wrapped(label, place.room, size)
    parts = [
        text(line, place.x, place.y - 6 - 18 * (len(lines) - 1 - number), font_size=size, **bold)
        for number, line in enumerate(lines)
    ]
    return [*parts, text(probability, place.x, place.y + 15, font_size=14.5, fill=MUTED)]


def strongest_change(trace: Trace) -> BlockTrace:
    """The block whose residual branch changes what passes most."""
    return max(trace.blocks, key=share)


def weakest_change(trace: Trace) -> BlockTrace:
    """The block whose residual branch changes what passes least."""
    return min(trace.blocks, key=share)


def channel_to_show(block: BlockTrace) -> int:
    """The channel that shows the equation best: where both terms are strong, or in a plain block the output."""
    if block.shortcut_kind == "none":
        return int(_by_channel(block.output).argmax())
    return int(_by_channel(block.residual).minimum(_by_channel(block.shortcut)).argmax())


def _by_channel(value: Tensor) -> Tensor:
    return value[0].flatten(1).norm(dim=1)
