"""What maps of evidence show: in every block, split by branch, and by captum's other methods."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ...i18n import Message, Sentences, _, sentences
from .findings import block_title, spread


def strip(cams: Mapping[str, Tensor], label: str, opened: str, signed: bool = False) -> Message | Sentences:
    """What the film strip shows, read from its maps."""
    widths = {name: spread(cam) for name, cam in cams.items()}
    block, last, width = block_title(opened), list(widths)[-1], widths[opened]
    if width is None:
        nothing = _(
            "There is no positive evidence for “{label}” in block {block} ({silent} of {count} blocks have none).",
            label=label,
            block=block,
            silent=sum(width is None for width in widths.values()),
            count=len(widths),
        )
        return sentences(nothing, None if signed else _("Choose “for and against” to see what speaks against it."))
    click = _("Click a frame to look into that block.")
    if opened == last or widths[last] is None:
        half = _(
            "In block {block} half of Grad-CAM’s positive values for “{label}” lies on {width:percent} of the picture.",
            block=block,
            label=label,
            width=width,
        )
    else:
        half = _(
            "In block {block} half of Grad-CAM’s positive values for “{label}” lies on {width:percent} of the picture, "
            "in the last block, {last}, on {last_width:percent}.",
            block=block,
            label=label,
            width=width,
            last=block_title(last),
            last_width=widths[last],
        )
    proof = _(
        "Of the last block this is a proof: where its averaged maps go to the classifier, the signed map sums to the "
        "logit less its bias. In earlier blocks Grad-CAM is a heuristic."
    )
    return sentences(half, proof if opened == last else None, click)


def strips(residual: Mapping[str, Tensor], plain: Mapping[str, Tensor], label: str) -> Message | Sentences:
    """The maps of a network and of its twin above each other: where the evidence of their last blocks lies."""
    last = list(residual)[-1]
    widths = {"one": spread(residual[last]), "other": spread(plain[last])}
    one, other, values = widths["one"], widths["other"], {"label": label, **widths}
    scale = _("Each block of both networks is drawn on one scale; click a frame to look into it.")
    if one is None or other is None:
        if one is None and other is None:
            found = _("In the last block neither network has positive evidence for “{label}”.", **values)
        elif one is None:
            found = _(
                "Only the network without shortcuts has positive evidence for “{label}” in its last block.", **values
            )
        else:
            found = _(
                "Only the network with shortcuts has positive evidence for “{label}” in its last block.", **values
            )
    elif f"{one:.0%}" == f"{other:.0%}":
        found = _(
            "In both networks half of the last block’s evidence for “{label}” lies on {one:percent} of the picture.",
            **values,
        )
    elif one < other:
        found = _(
            "With shortcuts the last block’s evidence for “{label}” is more concentrated: half of it lies on "
            "{one:percent} of the picture, without on {other:percent}.",
            **values,
        )
    else:
        found = _(
            "Without shortcuts the last block’s evidence for “{label}” is more concentrated: half of it lies on "
            "{other:percent} of the picture, with them on {one:percent}.",
            **values,
        )
    return sentences(found, scale)


def pictures(one: Mapping[str, Tensor], other: Mapping[str, Tensor], label: str) -> Sentences:
    """The maps of two pictures above each other: how much evidence the last block has in each, and where it lies.

    Sums of the last block's maps can be compared: the signed ones are the logits less the bias.
    """
    last = list(one)[-1]
    first, second = spread(one[last]), spread(other[last])
    amount, others = (maps[last].clamp(min=0).sum().item() for maps in (one, other))
    scale = _("Each block is drawn on one scale for both pictures; click a frame to look into it.")
    if first is None and second is None:
        return sentences(_("In neither picture does the last block have evidence for “{label}”.", label=label), scale)
    if second is None:
        return sentences(_("Only in picture A does the last block have evidence for “{label}”.", label=label), scale)
    if first is None:
        return sentences(_("Only in picture B does the last block have evidence for “{label}”.", label=label), scale)
    share = min(amount, others) / max(amount, others)
    if f"{share:.0%}" == "100%":
        found = _("The last block’s evidence for “{label}” adds up to the same in both pictures.", label=label)
    elif amount > others:
        found = _(
            "The last block’s evidence for “{label}” is stronger in picture A: in B it adds up to {share:percent} of "
            "that.",
            label=label,
            share=share,
        )
    else:
        found = _(
            "The last block’s evidence for “{label}” is stronger in picture B: in A it adds up to {share:percent} of "
            "that.",
            label=label,
            share=share,
        )
    where = _(
        "Half of it lies on {one:percent} of picture A, and on {other:percent} of picture B.", one=first, other=second
    )
    return sentences(found, where, scale)


def split(parts: Mapping[str, float], error: float, label: str) -> Sentences:
    """How much of Grad-CAM's sum each branch brought; `parts` are the sums of the signed maps."""
    residual, shortcut, total = parts["residual"], parts["shortcut"], parts["total"]
    exact = _(
        "The two signed maps add up to the third one, to within {error:rounded}: Grad-CAM does not lose the shortcut.",
        error=error,
    )
    if abs(total) < 0.25 * max(abs(residual), abs(shortcut)) or not total:
        against_each_other = _(
            "The branches cancel each other: F(x) {residual:+.3g}, the shortcut {shortcut:+.3g}.",
            residual=residual,
            shortcut=shortcut,
        )
        return sentences(against_each_other, exact)
    values = {"label": label, "residual": _share(residual / total), "shortcut": _share(shortcut / total)}
    if total > 0:
        net = _(
            "Grad-CAM’s values at the sum speak for “{label}” on the whole: {residual} of them from F(x), {shortcut} "
            "from the shortcut. These are shares of a heuristic, not of the logit.",
            **values,
        )
    else:
        net = _(
            "Grad-CAM’s values at the sum speak against “{label}” on the whole: {residual} of them from F(x), "
            "{shortcut} from the shortcut. These are shares of a heuristic, not of the logit.",
            **values,
        )
    return sentences(net, exact)


def _share(fraction: float) -> Message:
    return _("{percent:.0f} %", percent=100 * fraction)  # a branch can have more than all of it, or less than none


def other_method(method: str, label: str, highest: float, lowest: float, block: str) -> Sentences:
    """How to read the map of one of captum's methods."""
    how = _how(method, block_title(block))
    if method == "Saliency":
        return sentences(how)
    if highest <= 0:
        return sentences(how, _("There is no positive evidence for “{label}”.", label=label))
    return sentences(
        how,
        _("Red places speak for “{label}”.", label=label),
        _("Indigo places speak against it.") if lowest < 0 else None,
    )


def _how(method: str, block: str) -> Message:
    return {
        "LayerGradCam": _("Captum's own Grad-CAM of block {block}, signed.", block=block),
        "GuidedGradCam": _(
            "Guided Grad-CAM: fine edges, kept where block {block} found positive evidence.", block=block
        ),
        "GuidedBackprop": _(
            "Guided backpropagation: fine edges, since only positive gradients pass the ReLUs; it changes little when "
            "the last layers lose what they have learned (`experiment sanity`)."
        ),
        "IntegratedGradients": _(
            "Integrated gradients, from a grey picture to this one: the values nearly add up to the change of the "
            "logit."
        ),
        "Occlusion": _("Occlusion: how far the logit falls when a grey square covers this place."),
        "Saliency": _("Saliency: how strongly a small change of this pixel moves the logit, up or down."),
    }[method]
