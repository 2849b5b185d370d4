"""Step 2: one number's way through a block."""

from __future__ import annotations

from collections.abc import Mapping

from ....i18n import Sentences, _, sentences


def number(found: Mapping[str, float], kind: str, error: float, ends_in_relu: bool = True) -> Sentences:
    """One number's way through the block; `error` is the largest deviation from the sum over all its numbers."""
    if not ends_in_relu:
        relu = _("No ReLU follows the sum in this network.")
    else:
        relu = _("The ReLU lets it pass.") if found["total"] > 0 else _("The ReLU sets it to 0.")
    output = _("So y = {output:.3f}.", output=found["output"])
    if kind == "none":
        return sentences(
            _(
                "This plain block has no shortcut: F(x) = {change:.3f} is all there is, and x is lost.",
                change=found["residual"],
            ),
            relu,
            output,
            _("Switch to its twin with shortcuts and compare."),
        )
    values = {"carried": found["shortcut"], "change": found["residual"], "total": found["total"]}
    if kind == "identity":
        added = _("Here x is {carried:.3f}, and F(x) changes it by {change:.3f}: the sum is {total:.3f}.", **values)
    else:
        added = _(
            "Here the shortcut brings {carried:.3f}, and F(x) changes it by {change:.3f}: the sum is {total:.3f}.",
            **values,
        )
    if error:
        exact = _("Checked for every number in this block: the sum is exact to within {error:rounded}.", error=error)
    else:
        exact = _("Checked for every number in this block: the sum is exact.")
    return sentences(added, relu, output, exact)
