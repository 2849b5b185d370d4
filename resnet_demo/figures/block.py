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
from .street import cross
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
    below: bool  # captions stand below their maps, or to the right of them


def _wide(inner: int) -> _Layout:
    pitch, small = (86.0, 60.0) if inner <= 4 else (62.0, 48.0)
    y, big = 262.0, 100.0
    fork = 146.0
    layers = tuple((fork + 56 + pitch * i, y) for i in range(inner))
    residual = layers[-1][0] + small / 2 + 42 + big / 2
    plus = residual + big / 2 + 62
    total = plus + 56 + big / 2
    relu = total + big / 2 + 44
    output = relu + 46 + big / 2
    top = 74.0
    arc = (
        f"M{fork} {y} C{fork} {top} {fork + 60} {top} {fork + 150} {top} "
        f"H{plus - 150} C{plus - 60} {top} {plus} {top} {plus} {y}"
    )
    return _Layout(
        (output + big / 2 + 16, 366),
        (16 + big / 2, y),
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
        below=True,
    )


def _tall(inner: int) -> _Layout:
    x, big, small, top = 84.0, 88.0, 50.0, 16.0
    fork = top + big + 30
    layers = tuple((x, fork + 44 + 64.0 * i) for i in range(inner))
    residual = layers[-1][1] + small / 2 + 26 + big / 2
    plus = residual + big / 2 + 48
    total = plus + 42 + big / 2
    relu = total + big / 2 + 32
    output = relu + 34 + big / 2
    right, middle = 286.0, (fork + plus) / 2
    arc = (
        f"M{x} {fork} C{right} {fork} {right} {fork + 20} {right} {fork + 90} "
        f"V{plus - 90} C{right} {plus - 20} {right} {plus} {x} {plus}"
    )
    return _Layout(
        (360, output + big / 2 + 16),
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
        below=False,
    )


def draw_block(
    block: BlockTrace,
    channel: int,
    tall: bool = False,
    factors: Mapping[str, float] | None = None,
    say: Language = ENGLISH,
) -> str:
    """One block as its equation, an SVG document. `channel` is of the block's output; `tall` suits a phone.

    Where the block was intervened in, `factors` holds what its branches ("residual", "shortcut") are multiplied by: 0
    for one that is cut. With it, both wires are buttons that carry `data-block`, and a press cuts or mends.
    """
    layers = list(block.inside)[:-1]  # the last layer's output is F(x) itself
    at = _tall(len(layers)) if tall else _wide(len(layers))
    maps = {point: value[0, channel] for point, value in _points(block).items()}
    maps["x"] = channel_of_x(block, channel)
    scale = scale_of(*maps.values())
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
    for place, layer in zip(at.layers, layers, strict=True):
        shown = block.inside[layer][0, _channel_inside(block, layer, channel)]
        parts.append(tile(shown, scale_of(shown), place, at.small, RESIDUAL))
        parts.append(_caption(at, place, at.small, layer, None, MUTED))
    colours = {"x": INK, "residual": RESIDUAL, "shortcut": SHORTCUT, "total": TOTAL, "output": INK}
    for point, colour in colours.items():
        if plain and point == "shortcut":
            continue
        place = getattr(at, point)
        parts.append(tile(maps[point], scale, place, at.big, colour))
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
    role = "img" if factors is None else "group"
    kind = "tall" if tall else "wide"
    return document(*at.size, _describe(block, say), *parts, role=role, class_=f"rd-block rd-{kind}")


def _button(block: BlockTrace, at: _Layout, point: str, factor: float, say: Language) -> str:
    """A branch's wire to press: crossed out where it is cut, and what it is multiplied by where that is not 1."""
    (x, y), (plus_x, plus_y) = at.residual, at.plus
    if point == "shortcut":
        path, wire = at.arc, block.name + SHORTCUT_WIRE
        mark = (plus_x, plus_y - 62) if at.below else (at.shortcut[0], at.shortcut[1] + at.big / 2 + 62)
    else:
        path, wire = between(at.residual, at.plus), block.name
        gap = at.big / 2 + (20 if at.below else 14)
        mark = (x + gap, y) if at.below else (x, y + gap)
    what = _p("a branch", "cut") if not factor else _p("a branch", "whole") if factor == 1 else f"× {factor:g}"
    parts = [element("path", d=path, fill="none", stroke="transparent", stroke_width=30)]
    if not factor:
        parts += [element("circle", cx=mark[0], cy=mark[1], r=15, fill=PAPER), cross(*mark, 9)]
    elif factor != 1:
        parts.append(element("circle", cx=mark[0], cy=mark[1], r=16, fill=PAPER, stroke=LINE))
        parts.append(text(f"×{factor:g}", mark[0], mark[1] + 4, text_anchor="middle", font_size=11, fill=INK))
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


def _points(block: BlockTrace) -> dict[str, Tensor]:
    return {point: getattr(block, point) for point in ("residual", "shortcut", "total", "output")}


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
    to there; behind the last ReLU that of F's output."""
    layers = list(block.inside)
    relu = next((name for name in layers[layers.index(layer) :] if name.startswith("relu")), None)
    return channel if relu is None else int(block.inside[relu][0].flatten(1).norm(dim=1).argmax())


def tile(values: Tensor, scale: float, centre: Place, side: float, colour: str) -> str:
    """A map on paper with a frame in its branch's colour."""
    left, top = centre[0] - side / 2, centre[1] - side / 2
    box = {"x": left, "y": top, "width": side, "height": side}
    return (
        element("rect", **box, fill=PAPER)
        + image(data_uri(signed_map(values, scale)), **box)
        + element("rect", **box, fill="none", stroke=colour, stroke_width=2, rx=2)
    )


def _caption(at: _Layout, centre: Place, side: float, name: str, norm: float | None, colour: str) -> str:
    """A map's name, and the norm of what it stands for."""
    style = {"font_size": 13 if norm is None else 15, "fill": colour, "font_weight": 400 if norm is None else 600}
    number = None if norm is None else f"‖·‖ = {norm:.3g}"
    if at.below:
        x, y = centre[0], centre[1] + side / 2 + 20
        words = text(name, x, y, text_anchor="middle", **style)
        return words + (text(number, x, y + 19, text_anchor="middle", font_size=13, fill=MUTED) if number else "")
    x, y = centre[0] + side / 2 + 12, centre[1] + (0 if number else 5)
    return text(name, x, y, **style) + (text(number, x, y + 19, font_size=13, fill=MUTED) if number else "")


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
            text(say(what), x + at.big / 2 + 14, y - 20, **style),
            text(f"‖·‖ = {norm:.3g}", x + at.big / 2 + 14, y + 30, font_size=13, fill=MUTED),
        ]
    below = y + at.big / 2 + 20
    return [
        element("rect", x=x - 46, y=below - 15, width=92, height=40, fill=PAPER),
        text(say(kind), x, below, text_anchor="middle", **style),
        text(f"‖·‖ = {norm:.3g}", x, below + 19, text_anchor="middle", font_size=13, fill=MUTED),
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
    return pill + text("ReLU", x, y + 4.5, text_anchor="middle", font_size=13, fill=INK)


def _describe(block: BlockTrace, say: Language) -> str:
    norms = [_("{value} {norm:.3g}", value=title_of(point), norm=norm) for point, norm in block.norms.items()]
    return say(
        _(
            "Block {name} drawn as its equation, with the norms of its values: {norms:and}.",
            name=block.name,
            norms=norms,
        )
    )
