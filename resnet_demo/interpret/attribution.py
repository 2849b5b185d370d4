"""Which places in a picture speak for a class: Grad-CAM of every block from one trace, and captum's methods.

[1] Selvaraju et al.: Grad-CAM, ICCV 2017 (arXiv 1610.02391).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError, unknown
from ..finding import Finding
from ..i18n import _
from ..models.predict import Picture, as_input
from ..models.resnet import ResNet
from .naming import class_of, no_block
from .trace import BlockTrace, Trace, private_view

BRANCHES = ("output", "total", "residual", "shortcut")
METHODS = (  # captum's names
    "LayerGradCam",
    "GuidedGradCam",
    "GuidedBackprop",
    "IntegratedGradients",
    "Occlusion",
    "Saliency",
)


def cam(feature_maps: Tensor, gradient: Tensor, signed: bool = False) -> Tensor:
    """Grad-CAM [N, H, W]: feature maps [N, C, H, W] summed, each weighted by its mean gradient ([1], equations 1, 2).

    The gradient [N, C, H, W] is that of each picture's target logit. Unless `signed`, evidence against the class is cut
    off at zero.
    """
    found = (gradient.mean(dim=(2, 3), keepdim=True) * feature_maps).sum(dim=1)
    return found if signed else found.relu()


def block_cam(block: BlockTrace, branch: str = "output", signed: bool = False) -> Tensor:
    """Grad-CAM of one block [H, W]; see `cam`.

    `branch` is "output" (what captum's LayerGradCam of the block shows), or one side of the equation: "total",
    "residual", "shortcut". Since both terms of a sum receive the same gradient, the signed maps add up exactly:
    cam(total) = cam(residual) + cam(shortcut).
    """
    if branch not in BRANCHES:
        raise InputError("Grad-CAM is taken at {known:or}, not at {branch!r}.", known=BRANCHES, branch=branch)
    return cam(getattr(block, branch), block.gradients[branch], signed)[0]


class Cams(dict[str, Tensor], Finding):
    """Maps [H, W] of blocks by name, with the trace that they are of; else a dictionary like any other."""

    def __init__(self, maps: Mapping[str, Tensor], trace: Trace, branch: str, signed: bool):
        super().__init__(maps)
        self.trace, self.branch, self.signed = trace, branch, signed

    def __repr__(self) -> str:
        return f"<Cams of {len(self)} blocks at {self.branch!r}, target {self.trace.label!r}>"

    def __reduce__(self) -> Any:
        return type(self), (dict(self), self.trace, self.branch, self.signed)

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"block": name, "row": row, "column": column, "evidence": value}
            for name, cam in self.items()
            for row, values in enumerate(cam.tolist())
            for column, value in enumerate(values)
        ]

    def _plain(self) -> dict[str, Any]:
        target = {"index": self.trace.target, "label": self.trace.label}
        maps = {name: cam.tolist() for name, cam in self.items()}
        return {"target": target, "branch": self.branch, "signed": self.signed, "maps": maps}


def grad_cam(trace: Trace, branch: str = "output", signed: bool = False) -> Cams:
    """Grad-CAM of every block by name, each [H, W] in the block's own resolution, for the trace's target.

    No further pass through the network. See `block_cam` for `branch` and `signed`. Raises InputError for another
    branch.

    >>> from resnet_demo import load, trace_blocks
    >>> trace = trace_blocks(load("resnet20"), torch.zeros(1, 3, 32, 32), target=3)
    >>> maps = grad_cam(trace, branch="residual", signed=True)
    >>> maps
    <Cams of 9 blocks at 'residual', target 'cat'>
    >>> tuple(maps["layer3.2"].shape)
    (8, 8)
    """
    if not isinstance(trace, Trace):
        raise InputError("Grad-CAM is of a trace, which `trace_blocks(model, picture)` gives.")
    return Cams({block.name: block_cam(block, branch, signed) for block in trace.blocks}, trace, branch, signed)


def attribute(model: ResNet, image: Picture, target: int | str, method: str, block: str | None = None) -> Tensor:
    """One of captum's methods: how much each place speaks for (> 0) or against (< 0) the target, as a map [h, w].

    Picture and target are given as to `trace_blocks`; `block` names the layer of LayerGradCam and GuidedGradCam (None:
    the last block). The map has the block's resolution for LayerGradCam, else the picture's, its three colours summed.
    Saliency has no sign. Runs on a private view; the model is not touched.

    Raises InputError for an unknown method, block or class, or if the input is not one finite picture. (The methods'
    papers stand in captum's documentation.)

    >>> from resnet_demo import load
    >>> tuple(attribute(load("resnet20"), torch.ones(1, 3, 32, 32), target=3, method="Saliency").shape)
    (32, 32)
    """
    if method not in METHODS:
        raise unknown(
            method,
            METHODS,
            _("There is no method {name!r}; there are {known:and}."),
            _("There is no method {name!r} (did you mean {near:or}?); there are {known:and}."),
        )
    image, target = as_input(model, image), class_of(model, target)
    sign = 1
    if model.config.classes == 1:  # one logit, for the second of two classes and against the first
        target, sign = 0, 2 * target - 1
    attr = _captum()
    view = private_view(model)
    blocks = dict(view.named_blocks())
    if block is not None and block not in blocks:
        raise no_block(block, list(blocks))
    layer = blocks[block] if block else list(blocks.values())[-1]
    with torch.inference_mode(False), torch.enable_grad():
        image = image.detach().clone().requires_grad_()
        if method == "LayerGradCam":
            result = attr.LayerGradCam(view, layer).attribute(image, target)
        elif method == "GuidedGradCam":
            result = attr.GuidedGradCam(view, layer).attribute(image, target)
        elif method == "GuidedBackprop":
            return sign * guided_backprop(view, image, torch.tensor([target]))[0]
        elif method == "IntegratedGradients":  # from a picture of the mean colour, in 32 steps
            result = attr.IntegratedGradients(view).attribute(image, target=target, n_steps=32, internal_batch_size=8)
        elif method == "Occlusion":  # a grey square, a fifth of the picture wide, moved by a third of itself
            window = max(1, min(image.shape[-2:]) // 5)
            result = attr.Occlusion(view).attribute(
                image,
                sliding_window_shapes=(3, window, window),
                strides=(3, max(1, window // 3), max(1, window // 3)),
                target=target,
                perturbations_per_eval=16,
            )
        else:
            result = attr.Saliency(view).attribute(image, target=target)
    assert isinstance(result, Tensor)
    return sign * result.detach().sum(dim=1)[0]


def guided_backprop(view: ResNet, images: Tensor, targets: Tensor) -> Tensor:
    """captum's guided backpropagation of many pictures at once: maps [N, H, W], the three colours summed.

    images [N, 3, H, W], targets int64 [N]. `view` is a private view of the network: it gets hooks for the time being.
    """
    with torch.inference_mode(False), torch.enable_grad():
        images = images.detach().clone().requires_grad_()
        return _captum().GuidedBackprop(view).attribute(images, targets).detach().sum(dim=1)


def _captum() -> Any:
    from captum import attr  # here, since importing captum takes a second

    # captum warns whoever gives it a network of their own; ours is a private view.
    warnings.filterwarnings("ignore", "Setting backward hooks on ReLU")
    return attr
