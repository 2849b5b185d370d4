"""Attribution maps of many pictures at once, for the experiments that put such maps to the test.

Pictures do not mix in a network in eval mode. So the gradient of the sum of their target logits holds, row by row, the
gradient of each; one pass forward and one back give Grad-CAM of every block and the saliency of every picture.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from ..interpret.attribution import cam, guided_backprop
from ..interpret.trace import private_view
from ..models.resnet import ResNet
from .interventions import block_names, check_blocks

SALIENCY, GUIDED = "saliency", "guided backprop"
BATCH = 50  # pictures whose forward pass is kept until the gradients are through


def grad_cam_of(block: str) -> str:
    """The name of that map of a block."""
    return f"Grad-CAM {block}"


def attribution_maps(model: ResNet, inputs: Tensor, targets: Tensor, blocks: Collection[str]) -> dict[str, Tensor]:
    """Grad-CAM of the named blocks, saliency and guided backpropagation, by name, each [N, h, w] and from 0 up.

    Inputs [N, 3, H, W], targets int64 [N]: the class that each map is for. Grad-CAM has its block's resolution, the
    others the picture's. Saliency is the absolute gradient, summed over the colours. Of guided backpropagation, too,
    the absolute values are taken, as Adebayo et al. do. Raises InputError for a block that the network does not have.
    """
    check_blocks(model, blocks)
    view = private_view(model)
    batches = zip(inputs.split(BATCH), targets.split(BATCH), strict=True)
    found = [_of_one_batch(view, some, their_targets, blocks) for some, their_targets in batches]
    return {name: torch.cat([maps[name] for maps in found]) for name in found[0]}


def _of_one_batch(view: ResNet, inputs: Tensor, targets: Tensor, blocks: Collection[str]) -> dict[str, Tensor]:
    outputs = []
    with torch.inference_mode(False), torch.enable_grad():
        inputs = inputs.detach().clone().requires_grad_()
        x = view.stem(inputs)
        for _, block in view.named_blocks():
            x = block(x)
            outputs.append(x)
        logits = view.head(x)
        at_inputs, *at_outputs = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), [inputs, *outputs])
    found = {
        grad_cam_of(name): cam(output.detach(), gradient)
        for name, output, gradient in zip(block_names(view), outputs, at_outputs, strict=True)
        if name in blocks
    }
    found[SALIENCY] = at_inputs.abs().sum(1)
    found[GUIDED] = guided_backprop(view, inputs, targets).abs()
    return found


def ends_of_stages(model: ResNet) -> list[str]:
    """The last block of each stage: those whose maps differ most in resolution."""
    return list({name.rpartition(".")[0]: name for name in block_names(model)}.values())


def enlarged(maps: Tensor, height: int, width: int) -> Tensor:
    """Maps [N, h, w] in the picture's resolution [N, height, width], values between places interpolated."""
    return torch.nn.functional.interpolate(maps[:, None], (height, width), mode="bilinear", align_corners=False)[:, 0]
