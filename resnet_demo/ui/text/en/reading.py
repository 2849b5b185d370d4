"""What to see in this result: captions made from its numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from torch import Tensor

from ....figures import share, strongest_change, weakest_change
from ....interpret.trace import BlockTrace, Trace
from ....lab.wires import Dial
from ....models.predict import Prediction
from ..findings import block_title, branches_cut, direction, settled, small, spread


def percent(fraction: float) -> str:
    """0.934 -> "93 %"; what is not quite nothing or not quite all is not rounded to it."""
    if 0 < fraction < 0.01:
        return "under 1 %"
    if 0.99 < fraction < 1:
        return "over 99 %"
    return f"{fraction:.0%}".replace("%", " %")


def tenths(fraction: float) -> str:
    """0.934 -> "93.4 %"; what is not quite nothing or all is not rounded to it."""
    if 0 < fraction < 0.0005 or 0.9995 < fraction < 1:
        return "< 0.1 %" if fraction < 0.5 else "> 99.9 %"
    return f"{100 * fraction:.1f} %"


def answer(predictions: list[Prediction], trained: bool) -> str:
    first, second = predictions[0], predictions[1] if len(predictions) > 1 else None
    if not trained:
        return (
            f"With random weights “{first.label}” means nothing: it hangs on the seed. The anatomy is the same, though."
        )
    if second is None or first.probability > 0.9:
        return f"The network is nearly certain: {first.label}, with {percent(first.probability)}."
    if first.probability > 0.5:
        return (
            f"{first.label.capitalize()} with {percent(first.probability)}; "
            f"{second.label} is the runner-up with {percent(second.probability)}."
        )
    return (
        f"The network wavers: {first.label} with {percent(first.probability)}, "
        f"{second.label} with {percent(second.probability)}."
    )


def familiar(share_below: float | None, dataset: str) -> str | None:
    """A note where a picture is unlike the training pictures, with the measurement it rests on."""
    if share_below is None or share_below >= 0.05:
        return None
    return (
        f"Unlike most of its training pictures: the evidence in the logits (their energy) is weaker than for "
        f"{percent(1 - share_below)} of the {dataset} test pictures. Do not trust the answer, however sure it looks."
    )


def street(trace: Trace) -> str:
    strongest, weakest = strongest_change(trace), weakest_change(trace)
    if trace.blocks[0].shortcut_kind == "none":
        return (
            "This plain network has no motorway. Whatever a block does not pass on itself is gone for all that follow: "
            f"block {block_title(weakest.name)} turns ‖x‖ = {weakest.norms['x']:.3g} into "
            f"‖F(x)‖ = {weakest.norms['residual']:.3g}."
        )
    return (
        f"The blue road carries the picture past every block. Block {block_title(strongest.name)} adds most to it "
        f"({percent(share(strongest))} of what the shortcut carries), block {block_title(weakest.name)} least "
        f"({percent(share(weakest))}). Click a block to lift it out."
    )


def block(trace: BlockTrace) -> str:
    """One sentence that reads the drawing of a block."""
    if trace.shortcut_kind == "none":
        return (
            f"Block {block_title(trace.name)} replaces x by F(x) altogether (from norm {trace.norms['x']:.3g} to "
            f"{trace.norms['residual']:.3g}). Its residual twin would only have to learn the difference."
        )
    change = percent(share(trace))
    work = (
        "the shortcut does most of the work"
        if share(trace) < 0.4
        else "both branches matter"
        if share(trace) < 1.1
        else "the residual branch dominates"
    )
    cosine = trace.cosine or 0.0
    relation = {
        "along": "partly along it: it amplifies what is there",
        "against": "partly against it: it takes away from what is there",
        "across": "nearly at right angles to it: it adds something new",
    }[direction(cosine)]
    change_of_shape = {
        "identity": "",
        "padding": " Here the maps halve in size: the shortcut keeps every second pixel and fills new channels with 0.",
        "projection": " Here the shape changes, so the shortcut is a 1×1 convolution of its own.",
    }[trace.shortcut_kind]
    return (
        f"Block {block_title(trace.name)} changes what the shortcut carries by {change}: {work}. "
        f"F(x) is {relation} (cosine {cosine:.2f}).{change_of_shape}"
    )


def cut(wires: Collection[str], dials: Dial, before: Prediction, after: Prediction, left: float, plain: bool) -> str:
    """What became of the answer: `before` and `after` are the likeliest classes, `left` what the first one has now."""
    done = _done(wires, dials)
    if not done:
        wire = (
            "a plain block has no shortcut, so it is taken out altogether, and its input is passed on in its place"
            if plain
            else "then only its shortcut carries the picture past it"
        )
        road = "" if plain else " Or click the road below a block to cut its shortcut, for contrast."
        return f"This is the network as it is. Click a block to cut its F: {wire}. Click again to mend it.{road}"
    if after.index == before.index:
        was, now = percent(before.probability), percent(left)
        change = "as before" if now == was else f"instead of {was}"
        return f"{done}, it still says {before.label}: {now} {change}."
    return (
        f"{done}, it says {after.label} ({percent(after.probability)}); "
        f"{before.label} went from {percent(before.probability)} to {percent(left)}."
    )


def _done(wires: Collection[str], dials: Dial) -> str:
    """What was done to the network, as the beginning of a sentence; empty for nothing."""
    parts = []
    for branch, blocks in zip(("F", "the shortcut"), branches_cut(wires), strict=True):
        if len(blocks) == 1:
            parts.append(f"without {branch} of block {blocks[0]}")
        elif blocks:
            parts.append(f"without {branch} of {len(blocks)} blocks ({', '.join(blocks[:-1])} and {blocks[-1]})")
    for title, factor in (("every F(x)", dials.residual), ("every shortcut", dials.shortcut)):
        if factor != 1:
            parts.append(f"with {title} multiplied by {factor:g}")
    words = " and ".join(parts)
    return words[:1].upper() + words[1:]


def lens(names: Sequence[str], probabilities: Sequence[float], label: str, plain: bool) -> str:
    """How an answer grows: `probabilities` of the class after the stem and after each block."""
    since = settled(probabilities)
    if since is None:
        found = f"“{label}” is not what it settles on"
    else:
        where = "from the stem on" if since == 0 else f"from block {block_title(names[since - 1])} on"
        found = f"“{label}” is likelier than all others together {where}"
    why = (
        " A plain network was never trained to be read so: its blocks replace what they get."
        if plain
        else " Each block only adds to what passes, so the classifier at the end can be asked after any of them; it "
        "was trained for the last."
    )
    return f"Read off after each block, as if no later one existed: {found}.{why}"


def exactness(trace: BlockTrace) -> str:
    return f"Checked on these tensors: the largest |F(x) + shortcut − sum| is {trace.identity_error:.1g}."


def cam(cams: Mapping[str, Tensor], label: str, opened: str, signed: bool = False) -> str:
    """What the film strip shows, read from its maps."""
    widths = {name: spread(cam) for name, cam in cams.items()}
    block, last = block_title(opened), list(widths)[-1]
    if widths[opened] is None:
        silent = sum(width is None for width in widths.values())
        how = "" if signed else " Choose “for and against” to see what speaks against it."
        return f"No positive evidence for “{label}” in block {block} ({silent} of {len(widths)} blocks have none).{how}"
    words = f"In block {block} half of the evidence for “{label}” lies on {percent(widths[opened] or 0)} of the picture"
    if opened != last and widths[last] is not None:
        words += f", in the last block, {block_title(last)}, on {percent(widths[last] or 0)}"
    return words + ". Click a frame to look into that block."


def cam_split(parts: dict[str, float], error: float, label: str) -> str:
    """How much of the evidence each branch brought; `parts` are the sums of the signed maps."""
    residual, shortcut, total = parts["residual"], parts["shortcut"], parts["total"]
    exact = f"The two signed maps add up to the third one, to within {error:.0e}: Grad-CAM does not lose the shortcut."
    if abs(total) < 0.25 * max(abs(residual), abs(shortcut)) or not total:
        return f"The branches pull against each other: F(x) {residual:+.2g}, the shortcut {shortcut:+.2g}. {exact}"
    shares = [f"{value / total:.0%}".replace("%", " %") for value in (residual, shortcut)]
    side = "for" if total > 0 else "against"
    return (
        f"Net evidence {side} “{label}” at the sum: {shares[0]} of it from F(x), {shares[1]} from the shortcut. {exact}"
    )


def evidence(label: str, positive: bool, block: str, trained: bool = True) -> str:
    """What one Grad-CAM map shows."""
    if not positive:
        return f"No positive evidence for “{label}” in block {block_title(block)}."
    if not trained:
        return f"With random weights the map shows where “{label}” happens to come from, not what it looks like."
    return f"The redder a place, the more block {block_title(block)} found there that speaks for “{label}”."


def other_method(method: str, label: str, highest: float, lowest: float, block: str) -> str:
    """How to read the map of one of captum's methods."""
    how = {
        "LayerGradCam": f"Captum's own Grad-CAM of block {block_title(block)}, signed",
        "GuidedGradCam": f"Guided Grad-CAM: fine edges, kept where block {block_title(block)} found positive evidence",
        "GuidedBackprop": "Guided backpropagation: fine edges, since only positive gradients pass the ReLUs; it "
        "changes little when the last layers forget what they have learned (`experiment sanity`)",
        "IntegratedGradients": "Integrated gradients, from a grey picture to this one: the values nearly add up to the "
        "change of the logit",
        "Occlusion": "Occlusion: how far the logit falls when a grey square covers this place",
        "Saliency": "Saliency: how strongly a small change of this pixel moves the logit, up or down",
    }[method]
    if method == "Saliency":
        return f"{how}."
    if highest <= 0:
        return f"{how}. No positive evidence for “{label}”."
    against = " Indigo places speak against it." if lowest < 0 else ""
    return f"{how}. Red places speak for “{label}”.{against}"


def curves(trace: Trace) -> str:
    """What the curves over all blocks show."""
    if trace.blocks[0].shortcut_kind == "none":
        return "Without shortcuts there is nothing to compare F(x) with but x itself, which each block replaces."
    few, strongest = small(map(share, trace.blocks)), strongest_change(trace)
    return (
        f"In {few} of {len(trace.blocks)} blocks F(x) is less than half of what the shortcut carries. Block "
        f"{block_title(strongest.name)} changes most: F(x) is {percent(share(strongest))} of what goes past it."
    )
