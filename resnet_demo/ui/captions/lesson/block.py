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
    return sentences(_place(name, place, *shapes), *_added(kind, share, cosine))


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


def _added(kind: str, share: float, cosine: float | None) -> list[Message | None]:
    if kind == "none":
        return [
            _("It has no shortcut: x is replaced by F(x), whose norm is {share:percent} of that of x.", share=share)
        ]
    if cosine is None:
        return [_("One of its two branches carries nothing.")]
    values = {"share": share, "cosine": cosine}
    direction = {
        "along": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) points partly the same way, so it "
            "strengthens what is there (cosine {cosine:.2f}).",
            **values,
        ),
        "against": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) points partly the opposite way, so it "
            "takes away from what is there (cosine {cosine:.2f}).",
            **values,
        ),
        "across": _(
            "The norm of F(x) is {share:percent} of the shortcut’s, and F(x) is nearly at right angles to it, so it "
            "adds something new (cosine {cosine:.2f}).",
            **values,
        ),
    }[findings.direction(cosine)]
    changed = {
        "identity": None,
        "padding": _("Here the shortcut drops pixels and pads channels with zeros."),
        "projection": _("Here the shortcut is a 1×1 convolution."),
    }[kind]
    return [direction, changed]
