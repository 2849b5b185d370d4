"""The signature picture: one block drawn as its equation, with the real maps of this picture on its wires.

    x --+----------- shortcut ----------+
        +-- conv bn relu conv bn: F(x) -(+)- total - relu - y

In a pre-activation block F is bn relu conv bn relu conv, and no ReLU follows the sum.

Wires are as thick as the norm of what they carry; the numbers beside them are those norms, over all channels. The maps
are one channel: x, F(x), shortcut, sum and y on one symmetric scale, the layers inside F each on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from torch import Tensor

from ..i18n import Language, Message, _, _p
from ..interpret.trace import SHORTCUT_WIRE, BlockTrace
from .maps import data_uri, scale_of, signed_map
from .palette import INK, LINE, MUTED, PAPER, RESIDUAL, SHORTCUT, TOTAL
from .readout import readout
from .street import cross
from .street_layout import fitting
from .svg import ENGLISH, document, element, image, text

Place = tuple[float, float]  # the centre of something, in the drawing's units


@dataclass(frozen=True)
class _Layout:
    """Where everything sits: along a line for screens, down a column for phones."""

    size: Place
    x: Place
    fork: Place
    layers: tuple[Place, ...]
    residual: Place
    plus: Place
    total: Place
    relu: Place
    output: Place
    shortcut: Place
    arc: str  # the shortcut's path from the fork to the plus
    big: float  # side of the maps of the equation
    small: float  # side of the maps inside F
    lines: tuple[Place, ...]  # where the lines of the read-out begin
    below: bool  # captions stand below their maps, or to the right of them


def _wide(inner: int) -> _Layout:
    pitch, small, big = (74.0, 60.0, 100.0) if inner <= 4 else (66.0, 54.0, 100.0) if inner == 5 else (54.0, 46.0, 94.0)
    y, top, margin = 166.0, 54.0, 12.0
    x = margin + big / 2
    fork = margin + big + 20
    layers = tuple((fork + 14 + small / 2 + pitch * i, y) for i in range(inner))
    residual = (layers[-1][0] + small / 2 if layers else fork) + 16 + big / 2
    plus = residual + big / 2 + 56
    total = plus + 32 + big / 2
    relu = total + big / 2 + 36
    output = relu + 36 + big / 2
    arc = (
        f"M{fork} {y} C{fork} {top} {fork + 50} {top} {fork + 130} {top} "
        f"H{plus - 130} C{plus - 50} {top} {plus} {top} {plus} {y}"
    )
    lines = ((margin, 288.0), (margin, 312.0))
    return _Layout(
        (output + big / 2 + margin, 324),
        (x, y),
        (fork, y),
        layers,
        (residual, y),
        (plus, y),
        (total, y),
        (relu, y),
        (output, y),
        ((fork + plus) / 2, top),
        arc,
        big,
        small,
        lines,
        below=True,
    )


def _tall(inner: int) -> _Layout:
    x, big, small, top = 50.0, 74.0, 37.0, 6.0
    fork = top + big + 14
    layers = tuple((x, fork + 10 + small / 2 + 42.0 * i) for i in range(inner))
    residual = (layers[-1][1] + small / 2 if layers else fork) + 12 + big / 2
    plus = residual + big / 2 + 50
    total = plus + 26 + big / 2
    relu = total + big / 2 + 22
    output = relu + 20 + big / 2
    right, middle = 286.0, (fork + plus) / 2
    arc = (
        f"M{x} {fork} C{right} {fork} {right} {fork + 20} {right} {fork + 90} "
        f"V{plus - 90} C{right} {plus - 20} {right} {plus} {x} {plus}"
    )
    end = output + big / 2
    lines = tuple((12.0, end + 23 + 19 * i) for i in range(3))
    return _Layout(
        (360, end + 68),
        (x, top + big / 2),
        (x, fork),
        layers,
        (x, residual),
        (x, plus),
        (x, total),
        (x, relu),
        (x, output),
        (right, middle),
        arc,
        big,
        small,
        lines,
        below=False,
    )


def block_scale(block: BlockTrace, channel: int) -> float:
    """The scale that `draw_block` draws the equation's maps on: of two drawings, the larger one suits both."""
    return scale_of(*_maps(block, channel).values())


def draw_block(
    block: BlockTrace,
    channel: int,
    tall: bool = False,
    factors: Mapping[str, float] | None = None,
    say: Language = ENGLISH,
    scale: float | None = None,
) -> str:
    """One block as its equation, an SVG document. `channel` is of the block's output; `tall` suits a phone.

    `scale` is the absolute value of the full colour, where two drawings are to be compared (see `block_scale`). The
    numbers of the maps are in `data-readout` (see `readout`), what is read out of them is written below the drawing.

    Where the block was intervened in, `factors` holds what its branches ("residual", "shortcut") are multiplied by: 0
    for one that is cut. With it, both wires are buttons that carry `data-block`, and a press cuts or mends.
    """
    layers = list(block.inside)[:-1]  # the last layer's output is F(x) itself
    at = _tall(len(layers)) if tall else _wide(len(layers))
    maps = _maps(block, channel)
    scale = scale or scale_of(*maps.values())
    channels = {layer: _channel_inside(block, layer, channel) for layer in layers}
    norms, widest = block.norms, max(block.norms.values()) or 1.0
    plain = block.shortcut_kind == "none"

    def wire(path: str, point: str, colour: str) -> str:
        width = max(1.5, 16 * norms[point] / widest)
        return element("path", d=path, fill="none", stroke=colour, stroke_width=width, stroke_linecap="round")

    parts = [
        wire(between(at.x, at.fork), "x", INK),
        element("path", d=between(at.fork, at.residual), stroke=RESIDUAL, stroke_width=2.5),
        wire(between(at.residual, at.plus), "residual", RESIDUAL),
        wire(between(at.plus, at.total), "total", TOTAL),
        wire(between(at.total, at.relu), "total", TOTAL),
        wire(between(at.relu, at.output), "output", INK),
    ]
    if plain:
        parts.append(
            element(
                "path",
                d=at.arc,
                fill="none",
                stroke=LINE,
                stroke_width=3,
                stroke_dasharray="2 10",
                stroke_linecap="round",
            )
        )
    else:
        parts.insert(0, wire(at.arc, "shortcut", SHORTCUT))
    parts += [_node(at.fork, 6, INK), *_plus(at.plus, plain)]
    if not _is_preactivation(block):
        parts.append(_relu(at.relu))
    pitch = at.layers[1][0] - at.layers[0][0] if len(layers) > 1 and at.below else 140.0
    room = pitch - 6  # for names that somebody else chose
    for place, layer in zip(at.layers, layers, strict=True):
        shown = block.inside[layer][0, channels[layer]]
        parts.append(_map(layer, tile(shown, scale_of(shown), place, at.small, RESIDUAL)))
        parts.append(_caption(at, place, at.small, fitting(layer, room, 13.5), None, MUTED))
    colours = {"x": INK, "residual": RESIDUAL, "shortcut": SHORTCUT, "total": TOTAL, "output": INK}
    for point, colour in colours.items():
        if plain and point == "shortcut":
            continue
        place = getattr(at, point)
        parts.append(_map(point, tile(maps[point], scale, place, at.big, colour)))
        if point == "shortcut":
            parts += _shortcut_words(at, block, norms[point], say)
        else:
            name = _("F(x) + nothing") if plain and point == "total" else title_of(point)
            parts.append(_caption(at, place, at.big, say(name), norms[point], colour))
    if plain:
        lines = (
            [say(_("no shortcut:")), say(_("what F does not pass on is lost"))]
            if at.below
            else say(_("no shortcut")).split()
        )
        parts += [
            text(
                line,
                at.shortcut[0],
                at.shortcut[1] + 24 + 20 * i,
                font_size=14,
                fill=MUTED,
                font_style="italic",
                text_anchor="middle",
            )
            for i, line in enumerate(lines)
        ]
    if factors is not None:
        parts += [_button(block, at, point, factor, say) for point, factor in factors.items()]
    parts += [element("g", class_="rd-lens", pointer_events="none"), *_lines(at, say)]
    return document(
        *at.size,
        _describe(block, say),
        *parts,
        role="img" if factors is None else "group",
        class_=f"rd-block rd-{'tall' if tall else 'wide'}",
        tabindex=0,
        data_readout=readout(block, maps, channels, channel, scale, factors or {}, say),
    )


def _map(name: str, drawn: str) -> str:
    return element("g", drawn, data_map=name)


def _lines(at: _Layout, say: Language) -> list[str]:
    """Where the page's script writes what it reads out. Till then it says so, on the page only."""
    hint = say(_("Point at a map to read its numbers.") if at.below else _("Touch a map to read its numbers."))
    sizes = (16, 14) if at.below else (13.5, 13.5, 13.5)
    lines = [
        element("text", x=x, y=y, class_="rd-line", font_size=size, fill=INK)
        for (x, y), size in zip(at.lines, sizes, strict=True)
    ]
    x, y = at.lines[0]
    return [*lines, text(hint, x, y, class_="rd-hint", font_size=14, fill=MUTED, display="none")]


def _button(block: BlockTrace, at: _Layout, point: str, factor: float, say: Language) -> str:
    """A branch's wire to press: crossed out where it is cut, and what it is multiplied by where that is not 1."""
    (x, y), (plus_x, plus_y) = at.residual, at.plus
    if point == "shortcut":
        path, wire = at.arc, block.name + SHORTCUT_WIRE
        mark = (plus_x - 8, plus_y - 58) if at.below else (at.shortcut[0], at.shortcut[1] + at.big / 2 + 64)
    else:
        path, wire = between(at.residual, at.plus), block.name
        gap = at.big / 2 + (19 if at.below else 16)
        mark = (x + gap, y) if at.below else (x, y + gap)
    what = _p("a branch", "cut") if not factor else _p("a branch", "whole") if factor == 1 else f"× {factor:g}"
    parts = [element("path", d=path, fill="none", stroke="transparent", stroke_width=30)]
    if not factor:
        parts += [element("circle", cx=mark[0], cy=mark[1], r=15, fill=PAPER), cross(*mark, 9)]
    elif factor != 1:
        parts.append(element("circle", cx=mark[0], cy=mark[1], r=18, fill=PAPER, stroke=LINE))
        parts.append(text(f"×{factor:g}", mark[0], mark[1] + 5, text_anchor="middle", font_size=13.5, fill=INK))
    words = say(
        _("Shortcut of block {name}: {what}", name=block.name, what=what)
        if point == "shortcut"
        else _("F(x) of block {name}: {what}", name=block.name, what=what)
    )
    return element(
        "g",
        element("title", escape(words)),
        *parts,
        class_="rd-stop",
        data_block=wire,
        role="button",
        tabindex=0,
        aria_pressed=str(not factor).lower(),
        aria_label=words,
    )


def between(a: Place, b: Place) -> str:
    """A straight wire."""
    return f"M{a[0]:.1f} {a[1]:.1f} L{b[0]:.1f} {b[1]:.1f}"


def title_of(point: str) -> str | Message:
    """What a point of the equation is called beside its map."""
    names = {"x": "x", "residual": "F(x)", "shortcut": _("shortcut"), "total": _("F(x) + shortcut"), "output": "y"}
    return names[point]


def _maps(block: BlockTrace, channel: int) -> dict[str, Tensor]:
    """The maps of the equation, by point: one channel of each."""
    maps = {point: getattr(block, point)[0, channel] for point in ("residual", "shortcut", "total", "output")}
    return {"x": channel_of_x(block, channel), **maps}


def source_channel(block: BlockTrace, channel: int) -> int | None:
    """The channel of x that the shortcut carries into this channel of the sum; None where that is no single one."""
    count = block.x.shape[1]
    if block.shortcut_kind == "padding":
        channel -= (block.total.shape[1] - count) // 2  # zeros stand on both sides
    elif block.shortcut_kind == "projection":
        return None
    return channel if 0 <= channel < count else None


def channel_of_x(block: BlockTrace, channel: int) -> Tensor:
    """The map of x to draw: the one that the shortcut carries, nothing where it pads, else x's strongest channel."""
    source = source_channel(block, channel)
    if source is None and block.shortcut_kind == "padding":
        return block.x.new_zeros(block.x.shape[2:])
    return block.x[0, int(block.x[0].flatten(1).norm(dim=1).argmax()) if source is None else source]


def _is_preactivation(block: BlockTrace) -> bool:
    """Whether F begins with batch norm; then no ReLU closes the block."""
    return next(iter(block.inside), "").startswith("bn")


def _channel_inside(block: BlockTrace, layer: str, channel: int) -> int:
    """The channel of a layer of F to draw: the one with the largest norm at the next ReLU, since channels live on up
    to there; behind the last ReLU that of F's output. In somebody else's network neither need be as wide as the layer:
    then its own strongest one."""
    layers, value = list(block.inside), block.inside[layer]
    relu = next((name for name in layers[layers.index(layer) :] if name.startswith("relu")), None)
    end = block.residual if relu is None else block.inside[relu]
    if end.shape[1] != value.shape[1]:
        return _strongest_channel(value)
    return channel if relu is None else _strongest_channel(end)


def _strongest_channel(value: Tensor) -> int:
    return int(value[0].flatten(1).norm(dim=1).argmax())


def tile(values: Tensor, scale: float, centre: Place, side: float, colour: str) -> str:
    """A map on paper with a frame in its branch's colour."""
    left, top = centre[0] - side / 2, centre[1] - side / 2
    box = {"x": left, "y": top, "width": side, "height": side}
    return (
        element("rect", **box, fill=PAPER)
        + image(data_uri(signed_map(values, scale)), **box)
        + element("rect", **box, fill="none", stroke=colour, stroke_width=2, rx=2)
    )


def written(norm: float) -> str:
    """Three digits, and no power of ten before it is needed: 0.0371, 45.8, 2,911, 1.23e5."""
    if norm < 999.5:
        return f"{norm:.3g}"
    return f"{norm:,.0f}" if norm < 99_999.5 else f"{norm:.2e}".replace("e+0", "e").replace("e+", "e")


def _caption(at: _Layout, centre: Place, side: float, name: str, norm: float | None, colour: str) -> str:
    """A map's name, and the norm of what it stands for."""
    style = {"font_size": 13.5 if norm is None else 15, "fill": colour, "font_weight": 400 if norm is None else 600}
    number = None if norm is None else f"‖·‖ = {written(norm)}"
    if at.below:
        x, y = centre[0], centre[1] + side / 2 + 19
        words = text(name, x, y, text_anchor="middle", **style)
        return words + (text(number, x, y + 19, text_anchor="middle", font_size=13.5, fill=MUTED) if number else "")
    x, y = centre[0] + side / 2 + 12, centre[1] + (0 if number else 5)
    return text(name, x, y, **style) + (text(number, x, y + 19, font_size=13.5, fill=MUTED) if number else "")


def _shortcut_words(at: _Layout, block: BlockTrace, norm: float, say: Language) -> list[str]:
    kind, what = {
        "identity": (_("shortcut"), _("shortcut: x, unchanged")),
        "padding": (_("shortcut A"), _("shortcut A: half the pixels, new channels 0")),
        "projection": (_("shortcut B"), _("shortcut B: a 1×1 projection of x")),
    }[block.shortcut_kind]
    x, y = at.shortcut
    style = {"font_size": 15, "fill": SHORTCUT, "font_weight": 600}
    if at.below:
        return [
            text(say(what), x + at.big / 2 + 14, y - 18, **style),
            text(f"‖·‖ = {written(norm)}", x + at.big / 2 + 14, y + 28, font_size=13.5, fill=MUTED),
        ]
    below = y + at.big / 2 + 20
    return [
        element("rect", x=x - 46, y=below - 15, width=92, height=40, fill=PAPER),
        text(say(kind), x, below, text_anchor="middle", **style),
        text(f"‖·‖ = {written(norm)}", x, below + 19, text_anchor="middle", font_size=13.5, fill=MUTED),
    ]


def _node(centre: Place, radius: float, colour: str) -> str:
    return element("circle", cx=centre[0], cy=centre[1], r=radius, fill=colour)


def _plus(centre: Place, plain: bool) -> list[str]:
    if plain:
        return [_node(centre, 6, RESIDUAL)]
    x, y = centre
    circle = element("circle", cx=x, cy=y, r=19, fill=PAPER, stroke=TOTAL, stroke_width=3)
    return [circle, element("path", d=f"M{x - 9} {y} h18 M{x} {y - 9} v18", stroke=TOTAL, stroke_width=3)]


def _relu(centre: Place) -> str:
    x, y = centre
    pill = element("rect", x=x - 25, y=y - 13, width=50, height=26, rx=13, fill=PAPER, stroke=INK, stroke_width=1.5)
    return pill + text("ReLU", x, y + 4.5, text_anchor="middle", font_size=13.5, fill=INK)


def _describe(block: BlockTrace, say: Language) -> str:
    norms = [_("{value} {norm}", value=title_of(point), norm=written(norm)) for point, norm in block.norms.items()]
    return say(
        _(
            "Block {name} drawn as its equation, with the norms of its values: {norms:and}.",
            name=block.name,
            norms=norms,
        )
    )
