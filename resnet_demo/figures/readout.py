"""The numbers that travel with a block's drawing, so that a page can read out every place of it and ask for nothing.

Values are whole multiples, 16 bits each, of a `unit` of their map: the absolute error is at most half of it, a 65,534th
of the map's largest value. What the equation shows are whole numbers again, of units of the last decimal: each term is
rounded, and the sum is the sum of the rounded terms. So the equation adds up as it stands at every place; its terms are
off by half a unit of the last decimal at most, its sum by one.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..i18n import Language, _
from ..interpret.trace import BlockTrace
from .maps import scale_of

MOST_VALUES = 18_000  # 2.7 bytes each; where there are more, those of the layers inside F stay out
_LARGEST = 32767


def readout(
    block: BlockTrace,
    maps: Mapping[str, Tensor],
    inside: Mapping[str, int],
    channel: int,
    scale: float,
    factors: Mapping[str, float],
    say: Language,
) -> str | None:
    """The numbers of a drawing as JSON; None where there are numbers that are not finite.

    `maps` are those of the equation [H, W] by point, `channel` is theirs in the sum, `inside` are the channels of F's
    inner layers that are drawn, `factors` is what the branches are multiplied by before they meet.

        rows, columns   of the sum
        decimals        of the numbers of the equation
        relu            whether y is the sum's ReLU, else the sum
        terms           of the sum: map, name, factor
        maps            by point and by layer: rows, columns, unit, values (base64 of little-endian 16 bits), or the
                        name of a map of the same values; of a layer also its decimals and its step (see `_step`)
        words           what is written beside the numbers
    """
    if not all(torch.isfinite(value).all() for value in (*maps.values(), *block.inside.values())):
        return None
    terms = [_term("residual", "F(x)", factors)]
    sent: dict[str, Any] = {"x": encode(maps["x"]), "residual": encode(maps["residual"])}
    if block.shortcut_kind != "none":
        terms.append(_term("shortcut", say(_("shortcut")), factors))
        sent["shortcut"] = "x" if block.shortcut_kind == "identity" else encode(maps["shortcut"])
    elif not terms[0]["factor"]:  # a plain block that was taken out hands its input on
        terms.append(_term("passed", "x", {}))
        sent["passed"] = encode(maps["total"])
    layers = list(block.inside)  # none where F is a single operation of somebody else's module
    sent["residual"]["step"] = _step(block, layers[-1], channel, inside, maps) if layers else None
    sent["residual"]["decimals"] = decimals_of(scale)
    for layer, index in inside.items():
        value = block.inside[layer][0, index]
        step = _step(block, layer, index, inside, maps)
        sent[layer] = {**encode(value), "decimals": decimals_of(scale_of(value)), "step": step}
    if sum(_count(sent_map) for sent_map in sent.values()) > MOST_VALUES:
        for layer in inside:
            del sent[layer]
        sent["residual"]["step"] = None
    rows, columns = maps["total"].shape
    data = {
        "rows": rows,
        "columns": columns,
        "decimals": decimals_of(scale),
        "relu": block.ends_in_relu,
        "terms": terms,
        "maps": sent,
        "words": {
            "place": say(_("row {row}, column {column}", row="{row}", column="{column}")),
            "others": say(_("the other {count} channels", count="{count}")),
            "input": say(_("input channel {channel}", channel="{channel}")),
            "patch": say(_("patch")),
            "kernel": say(_("kernel")),
            "most": say(_("the one of {count} that adds most to this map", count="{count}")),
        },
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def decimals_of(scale: float) -> int:
    """How many decimals numbers up to this are shown with: three digits of the largest, two decimals from 1 to 99."""
    power = math.floor(math.log10(scale))
    return min(9, 2 - power) if power < 0 else max(0, min(2, 3 - power))


def encode(values: Tensor) -> dict[str, Any]:
    """A map [H, W] as whole multiples of a unit."""
    rows, columns = values.shape
    unit = scale_of(values) / _LARGEST
    numbers = (values.detach().cpu().double().numpy() / unit).round().astype("<i2")
    return {"rows": rows, "columns": columns, "unit": unit, "values": base64.b64encode(numbers.tobytes()).decode()}


def decode(sent: Mapping[str, Any]) -> np.ndarray:
    """The map [H, W] that was encoded."""
    numbers = np.frombuffer(base64.b64decode(sent["values"]), "<i2")
    return numbers.reshape(sent["rows"], sent["columns"]) * sent["unit"]


def _term(point: str, name: str, factors: Mapping[str, float]) -> dict[str, Any]:
    factor = factors.get(point, 1.0)
    return {"map": point, "name": name if factor == 1 else f"{factor:g}·{name}", "factor": factor}


def _step(
    block: BlockTrace, layer: str, channel: int, inside: Mapping[str, int], maps: Mapping[str, Tensor]
) -> dict[str, Any] | None:
    """How a layer of F comes to its value at a place, as far as one can see it.

    Of a convolution: the input channel that contributes most to this output channel, its map and its kernel, the
    stride and the padding. The patch times the kernel, and what all other channels give, is the value.
    Of batch norm and ReLU: the layer before, where the same channel of it is drawn.
    """
    before = _before(block, layer)
    if layer not in block.kernels:
        return {"from": before} if before and inside.get(before) == channel else None
    source = block.inside[before][0] if before else block.x[0]
    kernels = block.kernels[layer][channel].to(source)  # [C, k, k]
    if len(kernels) != len(source):
        return None  # a convolution in groups
    size = kernels.shape[-1]
    stride = max(1, round(source.shape[-1] / block.inside[layer].shape[-1]))
    given = torch.conv2d(source[None], kernels[:, None], stride=stride, padding=size // 2, groups=len(source))
    strongest = int(given[0].flatten(1).norm(dim=1).argmax())
    if before:
        drawn = before if inside.get(before) == strongest else None
    else:
        drawn = "x" if torch.equal(maps["x"], source[strongest]) else None
    return {
        "layer": layer,
        "input": drawn or encode(source[strongest]),
        "channel": strongest,
        "channels": len(source),
        "kernel": [float(f"{weight:.6g}") for weight in kernels[strongest].flatten().tolist()],
        "size": size,
        "stride": stride,
        "padding": size // 2,
    }


def _before(block: BlockTrace, layer: str) -> str | None:
    """The layer of F whose output this one gets; None where that is x."""
    layers = list(block.inside)
    index = layers.index(layer)
    return layers[index - 1] if index else None


def _count(sent: str | Mapping[str, Any]) -> int:
    """How many values a map brings, with the input of its step."""
    if isinstance(sent, str):
        return 0
    step = sent.get("step") or {}
    return sent["rows"] * sent["columns"] + _count(step.get("input", ""))
