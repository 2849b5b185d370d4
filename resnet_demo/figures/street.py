"""The network as a street of blocks: the shortcut runs through like a motorway, every block is a bump beside it.

A bump is as high as the block's share: norm of F(x) over norm of shortcut(x), or over norm of x in a plain network,
which has no motorway. Below each block stands where its output is active.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby

from PIL import Image
from torch import Tensor

from ..i18n import Language, _, _p, sentences
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace, Trace
from .maps import activity_map, data_uri
from .palette import INK, LINE, MUTED, PAPER, RESIDUAL, SHORTCUT, WRONG
from .svg import ENGLISH, document, element, image, text

CHOSEN, CUT = "chosen", "cut"  # what a block can be in the drawing
ROAD, TALLEST = 128.0, 84.0  # y of the motorway, and the height of the highest bump


def share(block: BlockTrace) -> float:
    """How much the block changes what passes through it: ‖F(x)‖ / ‖shortcut(x)‖, in a plain network / ‖x‖."""
    return block.norms["residual"] / (block.norms["shortcut"] or block.norms["x"] or 1.0)


def draw_street(
    trace: Trace,
    chosen: str | None,
    picture: Image.Image,
    answer: tuple[str, str],
    width: float = 1000,
    cut: Collection[str] = (),
    outputs: Mapping[str, Tensor] | None = None,
    say: Language = ENGLISH,
) -> str:
    """All blocks in order, an SVG document at least `width` wide; blocks are buttons that carry `data-block`.

    `chosen` is the block that is lifted out, `picture` the network's input, `answer` the class that it chose and, in
    words, how probable it finds it. Where the network was intervened in, `cut` names the wires that were cut (see
    `SHORTCUT_WIRE`), and `outputs` holds what blocks put out since, [1, C, H, W] by name; with it, a press cuts or
    mends, and the stretches of the motorway are buttons, too.
    """
    count, stages = len(trace.blocks), len({_stage(block) for block in trace.blocks})
    pitch = min(100.0, max(34.0, (width - 240 - 26 * (stages - 1)) / count))
    thumb = min(56.0, pitch - 8)
    height = ROAD + 18 + thumb + 30
    highest = max(share(block) for block in trace.blocks) or 1.0
    plain = trace.blocks[0].shortcut_kind == "none"
    x, cells, labels, ends, stretches = 110.0, [], [], [], []
    for _stage_name, group in groupby(trace.blocks, key=_stage):
        blocks = list(group)
        labels.append(_stage_label(blocks, x, pitch * len(blocks) + 20, say))
        for block in blocks:
            peak, output = TALLEST * share(block) / highest, block.output if outputs is None else outputs[block.name]
            state = CUT if block.name in cut else CHOSEN if block.name == chosen else ""
            cells.append(_block(block, x, pitch, thumb, peak, output, state, say))
            ends.append((x, x + pitch, block.shortcut_kind))
            if outputs is not None and not plain:
                stretches.append(_stretch(block.name, x, pitch, block.name + SHORTCUT_WIRE in cut, say))
            if block.name == chosen:
                lift = {"x": x + 1, "y": 24, "width": pitch - 2, "height": height - 28, "rx": 8}
                labels.append(element("rect", **lift, fill="var(--rd-lift, #fff2e5)"))
            x += pitch
        x += 26
    right = x - 26
    parts = [*labels, *_road(ends, right, plain), *cells, *stretches, *_start(picture, say), *_end(answer, right)]
    label = sentences(
        _("The plain network, without shortcuts, as a street of {count} blocks.", count=count)
        if plain
        else _("The residual network as a street of {count} blocks.", count=count),
        _("Choose one to look inside.")
        if outputs is None
        else _("Choose one to cut its residual branch, or to mend it."),
        _("Choose the road below one to cut or mend its shortcut.") if stretches else None,
    )
    total = right + 150
    return document(
        total, height, say(label), *parts, role="group", class_="rd-street", style=f"min-width:{0.75 * total:.0f}px"
    )


def _stage(block: BlockTrace) -> str:
    return block.name.split(".")[0]


def _stage_label(blocks: list[BlockTrace], x: float, room: float, say: Language) -> str:
    """The stage's number, and the shape of its maps where there is room for it."""
    channels, height, width = blocks[0].output.shape[1:]
    number = _stage(blocks[0])[5:]
    words = say(
        _(
            "stage {number} · {channels} maps of {height}×{width}",
            number=number,
            channels=channels,
            height=height,
            width=width,
        )
    )
    if len(words) * 7.2 >= room:
        words = say(_("stage {number}", number=number))
    return text(words, x + 2, 16, font_size=13, fill=MUTED)


def _block(
    block: BlockTrace, x: float, pitch: float, thumb: float, height: float, output: Tensor, state: str, say: Language
) -> str:
    """One bump with the map of its output, as a button."""
    middle, half = x + pitch / 2, pitch / 2 - 3
    peak = ROAD - 5 - max(height, 3) * 4 / 3  # a cubic's top lies at 3/4 of its control points' height
    base = ROAD - 5
    handles = f"{middle - half / 2:.1f} {peak:.1f} {middle + half / 2:.1f} {peak:.1f}"
    bump = f"M{middle - half:.1f} {base} C{handles} {middle + half:.1f} {base} Z"
    activity = output[0].abs().mean(dim=0)
    left, top = middle - thumb / 2, ROAD + 18
    box = {"x": left, "y": top, "width": thumb, "height": thumb}
    chosen = state == CHOSEN
    frame = {"stroke": INK if chosen else LINE, "stroke_width": 3 if chosen else 1}
    what = _p("a branch", "cut") if state == CUT else _("changes what passes by {share:.0%}", share=share(block))
    name = text(
        block.name[5:], middle, top + thumb + 16, text_anchor="middle", font_size=12, fill=INK if chosen else MUTED
    )
    return element(
        "g",
        element("title", say(_("{name}: {what}", name=block.name, what=what))),
        # All of it is clickable, from the top on: so its middle, where a test or a reader's helper clicks, is its own.
        element("rect", x=x + 1, y=1, width=pitch - 2, height=top + thumb + 22, fill="transparent"),
        _bump(bump, state, middle),
        element("rect", **box, fill=PAPER),
        image(data_uri(activity_map(activity)), **box),
        element("rect", **box, fill="none", **frame),
        name,
        class_="rd-stop",
        data_block=block.name,
        role="button",
        tabindex=0,
        aria_pressed=str(bool(state)).lower(),
        aria_label=say(_("Block {name}: {what}", name=block.name, what=what)),
    )


def _bump(outline: str, state: str, middle: float) -> str:
    """The block's share; of a cut one only the trace is left, crossed out."""
    line = {"d": outline, "stroke": RESIDUAL, "stroke_width": 2}
    if state != CUT:
        return element("path", **line, fill=RESIDUAL, fill_opacity=0.45 if state == CHOSEN else 0.25)
    trace = element("path", **line, fill="none", stroke_dasharray="2 4", stroke_opacity=0.6)
    return trace + cross(middle, ROAD - 22, 8)


def _stretch(name: str, x: float, pitch: float, gone: bool, say: Language) -> str:
    """The motorway's stretch past one block, as a button; of a cut one only the trace is left, crossed out."""
    parts = [element("rect", x=x + 1, y=ROAD - 8, width=pitch - 2, height=16, rx=4, fill="transparent")]
    what = _p("a branch", "cut") if gone else _p("a branch", "whole")
    if gone:
        middle, span = x + pitch / 2, f"M{x + 3:.1f} {ROAD} H{x + pitch - 3:.1f}"
        parts += [
            element("path", d=span, stroke=PAPER, stroke_width=9),
            element("path", d=span, stroke=SHORTCUT, stroke_width=2, stroke_dasharray="2 4", stroke_opacity=0.6),
            cross(middle, ROAD, 6),
        ]
    return element(
        "g",
        element("title", say(_("Shortcut of block {name}: {what}", name=name, what=what))),
        *parts,
        class_="rd-stop",
        data_block=name + SHORTCUT_WIRE,
        role="button",
        tabindex=0,
        aria_pressed=str(gone).lower(),
        aria_label=say(_("Shortcut of block {name}: {what}", name=name, what=what)),
    )


def cross(x: float, y: float, half: float) -> str:
    """The mark of a cut."""
    arms = f"M{x - half:.1f} {y - half:.1f} l{2 * half} {2 * half} m0 {-2 * half} l{-2 * half} {2 * half}"
    return element("path", d=arms, fill="none", stroke=WRONG, stroke_width=3.5, stroke_linecap="round")


def _road(ends: list[tuple[float, float, str]], right: float, plain: bool) -> list[str]:
    """The motorway; where the shortcut is not the identity it is dashed."""
    if plain:
        way = element("path", d=f"M96 {ROAD} H{right + 22:.1f}", stroke=LINE, stroke_width=2, stroke_dasharray="2 8")
        return [way]
    parts = [
        element("path", d=f"M96 {ROAD} H{right + 22:.1f}", stroke=SHORTCUT, stroke_width=7, stroke_linecap="round")
    ]
    parts += [
        element("path", d=f"M{a + 4:.1f} {ROAD} H{b - 4:.1f}", stroke=PAPER, stroke_width=2.5, stroke_dasharray="7 5")
        for a, b, kind in ends
        if kind != "identity"
    ]
    return parts


def _start(picture: Image.Image, say: Language) -> list[str]:
    box = {"x": 14, "y": ROAD - 32, "width": 64, "height": 64}
    return [
        element("path", d=f"M78 {ROAD} H96", stroke=INK, stroke_width=4),
        image(data_uri(picture), **box),
        element("rect", **box, fill="none", stroke=LINE),
        text(say(_("input")), 46, ROAD + 50, text_anchor="middle", font_size=13, fill=MUTED),
    ]


def _end(answer: tuple[str, str], right: float) -> list[str]:
    label, probability = answer
    words = label if len(label) <= 14 else label[:13] + "…"
    return [
        text(words, right + 30, ROAD - 4, font_size=15, font_weight=600, fill=INK),
        text(probability, right + 30, ROAD + 16, font_size=14, fill=MUTED),
    ]


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
