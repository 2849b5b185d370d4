from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from captum import attr
from torch import nn

from resnet_demo.errors import InputError
from resnet_demo.interpret.attribution import BRANCHES, METHODS, attribute, block_cam, grad_cam
from resnet_demo.interpret.trace import BlockTrace, trace_blocks
from resnet_demo.models import zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig

# captum says that it sets hooks, which it does on a private view
pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")

BOTTLENECK = ResNetConfig((2, 2), (8, 16), "bottleneck", "imagenet", "B")


@pytest.mark.parametrize(
    "config",
    [*(zoo.network(name).config for name in ("resnet20", "plain20", "resnet56", "resnet18-cifar")), BOTTLENECK],
    ids=["resnet20", "plain20", "resnet56", "resnet18-cifar", "bottleneck"],
)
def test_grad_cam_of_every_block_and_branch_equals_captums(config, randomise):
    model = ResNet(config, seed=0)
    randomise(model)
    image, target = torch.randn(1, 3, 32, 32), 3
    trace = trace_blocks(model, image, target)
    oracle = copy.deepcopy(model)
    for key, block in oracle.named_blocks():
        places = [("output", block, False), ("total", block.relu, True), ("residual", block.residual, False)]
        if trace[key].shortcut_kind in ("padding", "projection"):
            places.append(("shortcut", block.shortcut, False))
        for branch, layer, at_its_input in places:
            expected = attr.LayerGradCam(oracle, layer).attribute(image, target, attribute_to_layer_input=at_its_input)
            assert isinstance(expected, torch.Tensor)
            found = block_cam(trace[key], branch, signed=True)
            assert found.shape == expected.shape[2:]
            assert (found - expected[0, 0]).abs().max() <= 1e-5, (key, branch)
    positive = grad_cam(trace)
    for key, cam in grad_cam(trace, signed=True).items():
        assert torch.equal(positive[key], cam.clamp(min=0))


def test_last_blocks_grad_cam_follows_from_the_classifier_alone(tiny_model, tiny_image):
    # With global average pooling and one linear layer, dy_c/dA_k is w_ck / HW everywhere.
    trace = trace_blocks(tiny_model, tiny_image, 4)
    output = trace.blocks[-1].output[0]
    expected = torch.einsum("k,khw->hw", tiny_model.fc.weight[4].detach(), output) / output[0].numel()
    assert torch.allclose(block_cam(trace.blocks[-1], signed=True), expected, atol=1e-6)
    # And its sum is then the logit, but for the bias.
    logit = trace.logits[4] - tiny_model.fc.bias[4].detach()
    assert block_cam(trace.blocks[-1], signed=True).sum().item() == pytest.approx(logit.item(), abs=1e-5)


def test_block_cam_by_hand():
    def pair(first: list[float], second: list[float]) -> torch.Tensor:
        return torch.tensor([[first], [second]])[None]  # [1, 2, 1, 2]

    f, s = pair([1.0, 2], [3.0, 4]), pair([-1.0, 0], [2.0, -6])
    gradient = pair([1.0, 3], [-1.0, 0])  # means 2 and -0.5
    gradients: dict[str, torch.Tensor] = dict.fromkeys(BRANCHES, gradient)
    block = BlockTrace("layer1.0", "identity", s, f, s, f + s, (f + s).relu(), {}, gradients)
    assert block_cam(block, "residual", signed=True).tolist() == [[0.5, 2.0]]
    assert block_cam(block, "shortcut", signed=True).tolist() == [[-3.0, 3.0]]
    assert block_cam(block, "total", signed=True).tolist() == [[-2.5, 5.0]]
    assert block_cam(block, "output", signed=True).tolist() == [[-2.5, 4.0]]
    assert block_cam(block, "total").tolist() == [[0.0, 5.0]]


def test_unknown_branches_are_refused(tiny_model, tiny_image, sentence):
    with pytest.raises(InputError, match="'inside'") as error:
        grad_cam(trace_blocks(tiny_model, tiny_image), "inside")
    sentence(error.value)


# captum's methods, against what they are by definition


def test_saliency_is_the_absolute_gradient(tiny_model, tiny_image):
    image = tiny_image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(tiny_model(image)[0, 2], image)
    assert torch.allclose(attribute(tiny_model, tiny_image, 2, "Saliency"), gradient.abs().sum(1)[0], atol=1e-6)


def test_integrated_gradients_account_for_the_whole_logit(tiny_model, tiny_image):
    # Completeness: the map adds up to the logit less that of the baseline, the mean colour.
    result = attribute(tiny_model, tiny_image, 2, "IntegratedGradients")
    with torch.no_grad():
        difference = tiny_model(tiny_image)[0, 2] - tiny_model(torch.zeros_like(tiny_image))[0, 2]
    assert result.shape == (16, 16)
    assert result.sum().item() == pytest.approx(difference.item(), rel=0.02, abs=0.02)


def test_occlusion_equals_a_slow_loop(tiny_model, tiny_image):
    window, stride, side = 3, 1, 16
    drop, count = torch.zeros(side, side), torch.zeros(side, side)
    with torch.no_grad():
        logit = tiny_model(tiny_image)[0, 2]
        for top in range(0, side - window + 1, stride):
            for left in range(0, side - window + 1, stride):
                hidden = tiny_image.clone()
                hidden[:, :, top : top + window, left : left + window] = 0
                drop[top : top + window, left : left + window] += logit - tiny_model(hidden)[0, 2]
                count[top : top + window, left : left + window] += 1
    # captum credits each of the three colours with the whole drop
    assert torch.allclose(attribute(tiny_model, tiny_image, 2, "Occlusion"), 3 * drop / count, atol=1e-4)


@pytest.fixture
def guided(tiny_model, tiny_image) -> torch.Tensor:
    """The gradient of the logit 2 at the picture where only positive gradients pass the ReLUs."""
    network = copy.deepcopy(tiny_model)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda _module, grads, _out: (grads[0].clamp(min=0),))
    image = tiny_image.clone().requires_grad_()
    return torch.autograd.grad(network(image)[0, 2], image)[0]


def test_guided_backprop_lets_only_positive_gradients_pass(tiny_model, tiny_image, guided):
    assert torch.allclose(attribute(tiny_model, tiny_image, 2, "GuidedBackprop"), guided.sum(1)[0], atol=1e-6)


def test_guided_grad_cam_is_guided_backprop_times_the_enlarged_cam(tiny_model, tiny_image, guided):
    cam = block_cam(trace_blocks(tiny_model, tiny_image, 2)["layer2.0"])
    enlarged = nn.functional.interpolate(cam[None, None], (16, 16))
    expected = (guided * enlarged).sum(1)[0]
    assert torch.allclose(attribute(tiny_model, tiny_image, 2, "GuidedGradCam", "layer2.0"), expected, atol=1e-5)


def test_layer_grad_cam_takes_the_last_block_where_none_is_named(tiny_model, tiny_image):
    trace = trace_blocks(tiny_model, tiny_image, 2)
    for name, block in ((None, trace.blocks[-1]), ("layer1.0", trace.blocks[0])):
        result = attribute(tiny_model, tiny_image, 2, "LayerGradCam", name)
        assert torch.allclose(result, block_cam(block, signed=True), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_captums_methods_leave_the_model_alone_and_work_side_by_side(tiny_model, method):
    pictures = [torch.randn(1, 3, 16, 16) for _ in range(4)]
    tiny_model.train().requires_grad_(False)  # as a training would leave the mode, and a loader the weights
    before = {key: value.clone() for key, value in tiny_model.state_dict().items()}
    serial = [attribute(tiny_model, picture, 1, method) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda picture: attribute(tiny_model, picture, 1, method), pictures * 5))
    for index, result in enumerate(threaded):
        assert torch.equal(result, serial[index % 4])
    assert not torch.equal(serial[0], serial[1])
    assert tiny_model.training
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in tiny_model.modules())
    assert not any(picture.requires_grad for picture in pictures)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("method", METHODS)
def test_captums_methods_work_where_gradients_are_off(tiny_model, tiny_image, mode, method):
    expected = attribute(tiny_model, tiny_image, 1, method)
    with mode():
        assert torch.equal(attribute(tiny_model, tiny_image.clone(), 1, method), expected)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"method": "DeepDream"}, "DeepDream"),
        ({"block": "layer9.0"}, "layer9.0"),
        ({"target": 10}, "10"),
        ({"target": -1}, "-1"),
        ({"target": 1.5}, "1.5"),
        ({"target": float("nan")}, "nan"),
        ({"image": torch.full((1, 3, 16, 16), float("nan"))}, "finite"),
        ({"image": torch.zeros(3, 16, 16)}, "(3, 16, 16)"),
    ],
)
def test_what_cannot_be_attributed_is_refused(tiny_model, tiny_image, change, named, sentence):
    given = {"image": tiny_image, "target": 1, "method": "LayerGradCam", "block": None, **change}
    with pytest.raises(InputError) as error:
        attribute(tiny_model, **given)
    assert named in sentence(error.value)


def test_a_map_without_positive_evidence_is_zero_not_empty():
    # A classifier whose weights for class 0 are all negative: after the last ReLU nothing can speak for it.
    model = ResNet(ResNetConfig((1,), (4,), classes=2), seed=0).eval()
    with torch.no_grad():
        model.fc.weight[0] = -model.fc.weight[0].abs()
    trace = trace_blocks(model, torch.randn(1, 3, 8, 8), 0)
    assert block_cam(trace.blocks[-1], signed=True).min() < 0
    assert not block_cam(trace.blocks[-1]).any()
