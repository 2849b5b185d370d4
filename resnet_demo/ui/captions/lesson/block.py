"""Step 3: one block."""

from __future__ import annotations

from ....i18n import Message, Sentences, _, sentences
from .. import findings
from ..findings import block_title


def block(
    name: str,
    place: tuple[int, int],
    kind: str,
    share: float,
    cosine: float | None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> Sentences:
    """A block: its place among so many, how much it adds, and whether it changes the shape of what passes."""
    return sentences(*_added(name, kind, share, cosine), _place(name, place, *shapes))


def _place(name: str, place: tuple[int, int], before: tuple[int, ...], after: tuple[int, ...]) -> Message:
    values = {
        **{"block": block_title(name), "place": place[0], "all": place[1]},
        **{"channels": before[0], "height": before[1], "width": before[2]},
    }
    if after == before:
        return _("Block {block} is number {place} of {all}. It receives {channels} maps of {height}×{width}.", **values)
    return _(
        "Block {block} is number {place} of {all}. It receives {channels} maps of {height}×{width} and puts out "
        "{new_channels} of {new_height}×{new_width}.",
        **values,
        new_channels=after[0],
        new_height=after[1],
        new_width=after[2],
    )


def _added(name: str, kind: str, share: float, cosine: float | None) -> list[Message | None]:
    if kind == "none":
        return [
            _(
                "Block {block} has no shortcut: x is replaced by F(x), which is {share:percent} as long.",
                block=block_title(name),
                share=share,
            )
        ]
    if cosine is None:
        return [_("One of the two branches of this block carries nothing.")]
    values = {"block": block_title(name), "share": share}
    direction = {
        "along": _(
            "In block {block}, F(x) is {share:percent} as long as what the shortcut carries, and strengthens it.",
            **values,
        ),
        "against": _(
            "In block {block}, F(x) is {share:percent} as long as what the shortcut carries, and takes away from it.",
            **values,
        ),
        "across": _(
            "In block {block}, F(x) is {share:percent} as long as what the shortcut carries, and adds something new.",
            **values,
        ),
    }[findings.direction(cosine)]
    changed = {
        "identity": None,
        "padding": _("Here the shortcut drops pixels and pads channels with zeros."),
        "projection": _("Here the shortcut is a 1×1 convolution."),
    }[kind]
    angle = {
        "along": _("F(x) points partly the same way as the shortcut: their cosine is {cosine:.2f}.", cosine=cosine),
        "against": _("F(x) points partly against the shortcut: their cosine is {cosine:.2f}.", cosine=cosine),
        "across": _("F(x) is nearly at right angles to the shortcut: their cosine is {cosine:.2f}.", cosine=cosine),
    }[findings.direction(cosine)]
    return [direction, angle, changed]
