from __future__ import annotations

import pytest
import torch
from networks import inputs

from resnet_demo.errors import InputError
from resnet_demo.interpret.attribution import attribute, grad_cam
from resnet_demo.interpret.trace import trace_blocks
from resnet_demo.lab.interventions import block_names
from resnet_demo.lab.maps import GUIDED, SALIENCY, attribution_maps, ends_of_stages, enlarged

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")

TARGETS = torch.tensor([0, 3, 9, 2, 2])


def test_all_pictures_at_once_are_one_after_the_other(model):
    found = attribution_maps(model, inputs(), TARGETS, block_names(model))
    assert list(found) == [*(f"Grad-CAM {name}" for name in block_names(model)), SALIENCY, GUIDED]
    for number, (picture, target) in enumerate(zip(inputs().split(1), TARGETS.tolist(), strict=True)):
        cams = grad_cam(trace_blocks(model, picture, target))
        for name, cam in cams.items():
            assert torch.allclose(found[f"Grad-CAM {name}"][number], cam, atol=1e-5)
        saliency = attribute(model, picture, target, "Saliency")
        assert torch.allclose(found[SALIENCY][number], saliency, rtol=1e-3, atol=1e-5)
        assert torch.allclose(found[GUIDED][number], attribute(model, picture, target, "GuidedBackprop").abs())


def test_the_model_is_left_as_it_was(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.inference_mode():  # as an experiment may run
        attribution_maps(model, inputs().clone(), TARGETS, block_names(model)[:1])
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())


def test_the_ends_of_stages(residual):
    assert ends_of_stages(residual) == ["layer1.1", "layer2.1", "layer3.1"]


def test_enlarging_keeps_what_is_uniform_and_where_it_is():
    corner = torch.zeros(1, 2, 2)
    corner[0, 1, 0] = 1
    found = enlarged(corner, 8, 8)[0]
    assert found[7, 0] == found.max() == 1
    assert found[0, 7] == 0
    assert torch.equal(enlarged(torch.full((2, 4, 4), 0.5), 16, 16), torch.full((2, 16, 16), 0.5))


def test_unknown_blocks_are_a_sentence(residual, sentence):
    with pytest.raises(InputError, match=r"layer1.0 to layer3.1") as error:
        attribution_maps(residual, inputs(), TARGETS, ["layer4.0"])
    sentence(error.value)
