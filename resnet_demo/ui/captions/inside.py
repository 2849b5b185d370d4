"""What happens inside: the street of blocks, one block as its equation, and the curves over all of them."""

from __future__ import annotations

from statistics import median

from ...figures import share, strongest_change, weakest_change
from ...figures.block import written
from ...i18n import Message, Sentences, _, sentences
from ...interpret.trace import BlockTrace, Trace
from .findings import block_title, direction, small


def street(trace: Trace) -> Sentences:
    """What the street shows: first what it says of the whole, then how to read it."""
    strongest, weakest = strongest_change(trace), weakest_change(trace)
    if trace.blocks[0].shortcut_kind == "none":
        return sentences(
            _("This plain network has no motorway: whatever a block does not pass on is lost to all that follow."),
            _(
                "Block {block} turns ‖x‖ = {before} into ‖F(x)‖ = {after}.",
                block=block_title(weakest.name),
                before=written(weakest.norms["x"]),
                after=written(weakest.norms["residual"]),
            ),
            _("Click a block to look inside it."),
        )
    return sentences(
        _(
            "Block {most} adds most to what the shortcuts carry ({most_share:percent} of it), block {least} least "
            "({least_share:percent}).",
            most=block_title(strongest.name),
            most_share=share(strongest),
            least=block_title(weakest.name),
            least_share=share(weakest),
        ),
        _("The blue road carries the picture past every block."),
        _("Click a block to look inside it."),
    )


def streets(residual: Trace, plain: Trace) -> Sentences:
    """A network and its twin above each other: how much their blocks change what passes, by the medians."""
    usual, twins = median(map(share, residual.blocks)), median(map(share, plain.blocks))
    values = {"usual": usual, "twins": twins}
    if f"{usual:.0%}" == f"{twins:.0%}":
        found = _(
            "With shortcuts and without, F(x) is {usual:percent} of what passes a block (medians).",
            **values,
        )
    elif usual < twins:
        found = _(
            "With shortcuts blocks change less of what passes them: F(x) is {usual:percent} of it, without shortcuts "
            "{twins:percent} (medians).",
            **values,
        )
    else:
        found = _(
            "With shortcuts blocks change more of what passes them: F(x) is {usual:percent} of it, without shortcuts "
            "{twins:percent} (medians).",
            **values,
        )
    return sentences(found, _("Both streets are on one scale; click a block to look into both networks."))


def pictures(one: Trace, other: Trace) -> Sentences:
    """Two pictures in one network: how much its blocks change what passes, by the medians, and where most unalike."""
    usual, others = median(map(share, one.blocks)), median(map(share, other.blocks))
    values = {"usual": usual, "others": others}
    if f"{usual:.0%}" == f"{others:.0%}":
        found = _("For both pictures, F(x) is {usual:percent} of what passes a block (medians).", **values)
    elif usual > others:
        found = _(
            "The blocks change picture A more: F(x) is {usual:percent} of what passes them, for picture B "
            "{others:percent} (medians).",
            **values,
        )
    else:
        found = _(
            "The blocks change picture B more: F(x) is {others:percent} of what passes them, for picture A "
            "{usual:percent} (medians).",
            **values,
        )
    pairs = list(zip(one.blocks, other.blocks, strict=True))
    first, second = max(pairs, key=lambda pair: abs(share(pair[0]) - share(pair[1])))
    most = None
    if f"{share(first):.0%}" != f"{share(second):.0%}":
        most = _(
            "They differ most in block {block}: {one:percent} for A, {other:percent} for B.",
            block=block_title(first.name),
            one=share(first),
            other=share(second),
        )
    return sentences(found, most, _("Both streets are on one scale; click a block to look at both pictures in it."))


def block(trace: BlockTrace) -> Message | Sentences:
    """What the drawing of a block shows."""
    name = block_title(trace.name)
    if trace.shortcut_kind == "none":
        return _(
            "Block {block} replaces x by F(x) altogether (from norm {before} to {after}). Its residual twin "
            "would only have to learn the difference.",
            block=name,
            before=written(trace.norms["x"]),
            after=written(trace.norms["residual"]),
        )
    return sentences(_change(name, share(trace)), _direction(trace.cosine or 0.0), _shape(trace.shortcut_kind))


def _change(block: str, change: float) -> Message:
    if change < 0.4:
        return _(
            "Block {block} changes what the shortcut carries by {change:percent}: the shortcut does most of the work.",
            block=block,
            change=change,
        )
    if change < 1.1:
        return _(
            "Block {block} changes what the shortcut carries by {change:percent}: both branches matter.",
            block=block,
            change=change,
        )
    return _(
        "Block {block} changes what the shortcut carries by {change:percent}: the residual branch dominates.",
        block=block,
        change=change,
    )


def _direction(cosine: float) -> Message:
    return {
        "along": _(
            "F(x) points partly along it: it amplifies what is there (cosine {cosine:.2f}).", cosine=cosine
        ),
        "against": _(
            "F(x) points partly against it: it takes away from what is there (cosine {cosine:.2f}).", cosine=cosine
        ),
        "across": _(
            "F(x) is nearly at right angles to it: it adds something new (cosine {cosine:.2f}).", cosine=cosine
        ),
    }[direction(cosine)]  # fmt: skip


def _shape(shortcut_kind: str) -> Message | None:
    if shortcut_kind == "padding":
        return _("Here the maps halve in size: the shortcut keeps every second pixel and fills new channels with 0.")
    if shortcut_kind == "projection":
        return _("Here the shape changes, so the shortcut is a 1×1 convolution of its own.")
    return None


def exactness(trace: BlockTrace) -> Message:
    return _(
        "Checked on these tensors: the largest |F(x) + shortcut − sum| is {error:rounded}.", error=trace.identity_error
    )


def curves(trace: Trace) -> Message:
    """What the curves over all blocks show."""
    if trace.blocks[0].shortcut_kind == "none":
        return _("Without shortcuts F(x) can only be compared with x itself, which each block replaces.")
    strongest = strongest_change(trace)
    return _(
        "In {few} of {count} blocks F(x) is less than half of what the shortcut carries. Block {block} changes most: "
        "F(x) is {change:percent} of what passes by it.",
        few=small(map(share, trace.blocks)),
        count=len(trace.blocks),
        block=block_title(strongest.name),
        change=share(strongest),
    )


def channels(channel: int, some: int, count: int) -> Message:
    """Which channels the cards show: one enlarged, and `some` of all `count` of them."""
    if some < count:
        return _(
            "Channel {channel} enlarged, above the {some} strongest of {count}. All are on one scale, so that colours "
            "can be compared across the equation: click a channel to enlarge it everywhere.",
            channel=channel,
            some=some,
            count=count,
        )
    return _(
        "Channel {channel} enlarged, above all {count}. All are on one scale, so that colours can be compared across "
        "the equation: click a channel to enlarge it everywhere.",
        channel=channel,
        count=count,
    )
