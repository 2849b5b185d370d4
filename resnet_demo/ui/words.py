"""What to see in this result: captions made from its numbers."""

from __future__ import annotations

from ..figures import share, strongest_change, weakest_change
from ..predict import Prediction
from ..trace import BlockTrace, Trace


def percent(fraction: float) -> str:
    """0.934 -> "93 %"; what is not quite nothing or not quite all is not rounded to it."""
    if 0 < fraction < 0.01:
        return "under 1 %"
    if 0.99 < fraction < 1:
        return "over 99 %"
    return f"{fraction:.0%}".replace("%", " %")


def answer(predictions: list[Prediction], trained: bool) -> str:
    first, second = predictions[0], predictions[1] if len(predictions) > 1 else None
    if not trained:
        return (
            f"With random weights “{first.label}” means nothing: no two seeds agree. The anatomy is the same, though."
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
        f"Unlike its training pictures: the evidence in the logits (their energy) is weaker than for "
        f"{percent(1 - share_below)} of the {dataset} test pictures. Do not trust the answer, however sure it looks."
    )


def street(trace: Trace) -> str:
    strongest, weakest = strongest_change(trace), weakest_change(trace)
    if trace.blocks[0].shortcut_kind == "none":
        return (
            "This plain network has no motorway. Whatever a block does not pass on itself is gone for all that follow: "
            f"block {strongest.name} turns ‖x‖ = {strongest.norms['x']:.3g} into "
            f"‖F(x)‖ = {strongest.norms['residual']:.3g}."
        )
    return (
        f"The blue road carries the picture past every block. Block {strongest.name} adds most to it "
        f"({percent(share(strongest))} of what the shortcut carries), block {weakest.name} least "
        f"({percent(share(weakest))}). Click a block to lift it out."
    )


def block(trace: BlockTrace) -> str:
    """One sentence that reads the drawing of a block."""
    if trace.shortcut_kind == "none":
        return (
            f"Block {trace.name} replaces x by F(x) altogether (from norm {trace.norms['x']:.3g} to "
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
    relation = (
        "pointing the same way: it amplifies what is there"
        if cosine > 0.3
        else "pointing against it: it erases what is there"
        if cosine < -0.3
        else "nearly at right angles to it: it adds something new"
    )
    change_of_shape = {
        "identity": "",
        "padding": " Here the maps halve in size: the shortcut keeps every second pixel and fills new channels with 0.",
        "projection": " Here the shape changes, so the shortcut is a 1×1 convolution of its own.",
    }[trace.shortcut_kind]
    return (
        f"Block {trace.name} changes what the shortcut carries by {change}: {work}. "
        f"F(x) is {relation} (cosine {cosine:.2f}).{change_of_shape}"
    )


def exactness(trace: BlockTrace) -> str:
    return f"Checked on these tensors: the largest |F(x) + shortcut − sum| is {trace.identity_error:.1g}."


def cam(strength: dict[str, float], label: str, opened: str) -> str:
    """What the film strip shows: `strength` is the largest positive value of every block's map."""
    if strength[opened] <= 0:
        silent = sum(value <= 0 for value in strength.values())
        return (
            f"No positive evidence for “{label}” in block {opened} ({silent} of {len(strength)} blocks have none): "
            "every place speaks against it. Choose “for and against” to see how."
        )
    return (
        f"Red places in block {opened} raise the logit of “{label}”. Early blocks follow edges and textures; "
        "the last ones point at the object as a whole."
    )


def cam_split(parts: dict[str, float], error: float) -> str:
    """How much of the evidence each branch brought; `parts` are the sums of the signed maps."""
    total = parts["total"]
    if abs(total) < 1e-12:
        return "The two branches' evidence cancels out exactly."
    shares = ", ".join(f"{name} {parts[key] / total:+.0%}".replace("%", " %") for key, name in
                       (("residual", "F(x)"), ("shortcut", "the shortcut")))  # fmt: skip
    return (
        f"Of the net evidence at the sum, {shares}. The two signed maps add up to the third one, "
        f"to within {error:.0e}: Grad-CAM does not lose the shortcut."
    )


def evidence(label: str, positive: bool, block: str) -> str:
    """What one Grad-CAM map shows."""
    if not positive:
        return f"No positive evidence for “{label}” in block {block}."
    return f"The redder a place, the more block {block} found there that speaks for “{label}”."


def other_method(method: str, label: str, highest: float, lowest: float, block: str) -> str:
    """How to read the map of one of captum's methods."""
    how = {
        "LayerGradCam": f"Captum's own Grad-CAM of block {block}: the signed version of the map above",
        "GuidedGradCam": f"Guided Grad-CAM: fine edges, kept where block {block} saw the class",
        "IntegratedGradients": "Integrated gradients, from a grey picture to this one: the values add up to the change "
        "of the logit",
        "Occlusion": "Occlusion: how far the logit falls when a grey square covers this place",
        "Saliency": "Saliency: how strongly a small change of this pixel moves the logit, whatever the direction",
    }[method]
    if highest <= 0:
        return f"{how}. No positive evidence for “{label}”."
    against = " Indigo places speak against it." if lowest < 0 else ""
    return f"{how}. Red places speak for “{label}”.{against}"
