from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnet_demo.models import zoo
from resnet_demo.models.resnet import (
    NoShortcut,
    ProjectionShortcut,
    ResidualBlock,
    ResNet,
    ResNetConfig,
    ZeroPadShortcut,
)

TWINS = [name for name in zoo.names() if name.startswith("resnet") and zoo.twin(name)]


@pytest.mark.parametrize(
    ("depth", "parameters"), [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)]
)
def test_parameter_counts_are_the_published_ones(depth, parameters):
    # He et al. 2015, table 6, to the last digit by akamaster/pytorch_resnet_cifar10
    for plain in (False, True):  # shortcut A has no parameters, so the twin has as many
        model = ResNet(ResNetConfig.cifar(depth, plain=plain), seed=0)
        assert sum(parameter.numel() for parameter in model.parameters()) == parameters


@pytest.mark.parametrize("name", zoo.names())
def test_depth_is_the_number_of_layers_with_weights_on_the_main_path(name):
    with torch.device("meta"):
        model = ResNet(zoo.network(name).config)
    layers = [
        key
        for key, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and "shortcut" not in key
    ]
    stated = int("".join(filter(str.isdigit, name)))
    assert model.config.depth == len(layers) == stated


# One block by hand


def one_channel_block(plain: bool) -> ResidualBlock:
    block = ResidualBlock(1, 1, 1, ResNetConfig(plain=plain)).eval()
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    values = {
        "conv1.weight": [[[[0.0, 0, 0], [0, 2, 1], [0, 0, 0]]]],  # twice itself and once its right
        **{"bn1.running_mean": [1.0], "bn1.running_var": [4.0], "bn1.weight": [4.0], "bn1.bias": [0.0]},
        "conv2.weight": [[[[0.0, 0, 0], [0, -0.5, 0], [0, 0, 0]]]],
        **{"bn2.running_mean": [0.0], "bn2.running_var": [1.0], "bn2.weight": [1.0], "bn2.bias": [1.0]},
    }
    block.residual.load_state_dict({key: torch.tensor(value) for key, value in values.items()}, strict=False)
    return block


def test_a_block_computed_by_hand():
    x = torch.tensor([[[[1.0, -2], [3, 0]]]])
    # conv1: [[0, -4], [6, 0]]; bn1, 2v - 2: [[-2, -10], [10, -2]]; relu: [[0, 0], [10, 0]]; conv2: [[0, 0], [-5, 0]]
    f = torch.tensor([[[[1.0, 1], [-4, 1]]]])
    residual, plain = one_channel_block(plain=False), one_channel_block(plain=True)
    assert torch.equal(residual.residual(x), f)
    assert torch.equal(residual(x), torch.tensor([[[[2.0, 0], [0, 1]]]]))  # relu(F + x)
    assert torch.equal(plain(x), torch.tensor([[[[1.0, 1], [0, 1]]]]))  # relu(F)


def test_shortcut_a_takes_every_second_pixel_and_pads_channels_on_both_sides():
    x = torch.arange(1.0, 19).view(1, 2, 3, 3)
    result = ZeroPadShortcut(2, 6, 2)(x)
    expected = torch.zeros(1, 6, 2, 2)
    expected[0, 2] = torch.tensor([[1.0, 3], [7, 9]])
    expected[0, 3] = torch.tensor([[10.0, 12], [16, 18]])
    assert torch.equal(result, expected)
    assert torch.equal(ZeroPadShortcut(1, 2, 1)(x[:, :1])[0, 0], x[0, 0])  # an odd new channel goes to the end


def test_shortcut_b_is_a_linear_map_of_every_second_pixel(randomise):
    shortcut = ProjectionShortcut(3, 5, 2)
    randomise(shortcut, size=9)
    x = torch.randn(2, 3, 9, 9)
    conv, norm = shortcut.conv, shortcut.bn
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mapped = torch.einsum("oc,nchw->nohw", conv.weight[:, :, 0, 0], x[:, :, ::2, ::2])
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    expected = mapped * scale.view(1, -1, 1, 1) + (norm.bias - norm.running_mean * scale).view(1, -1, 1, 1)
    assert torch.allclose(shortcut(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet20", "plain20", "resnet18-cifar", "plain18-cifar", "plain18", "resnet50"])
def test_shortcuts_are_where_and_what_the_paper_says(name):
    with torch.device("meta"):
        model = ResNet(zoo.network(name).config)
    for key, block in model.named_blocks():
        # The shape changes in the first block of every stage but the first; of a bottleneck in that one, too.
        stage, index = key.removeprefix("layer").split(".")
        changes = index == "0" and (stage != "1" or model.config.block == "bottleneck")
        if model.config.plain:
            kind = NoShortcut
        elif changes:
            kind = ZeroPadShortcut if model.config.shortcut == "A" else ProjectionShortcut
        else:
            kind = nn.Identity
        assert type(block.shortcut) is kind, key
        assert [child for child, _ in block.named_children()] == ["residual", "shortcut", "relu"]


@pytest.mark.parametrize("config", [ResNetConfig(), ResNetConfig((1, 1), (8, 16), "bottleneck", "imagenet", "B")])
def test_every_relu_is_used_once_and_nothing_is_changed_in_place(config):
    model = ResNet(config, seed=0).eval()
    fired: list[nn.Module] = []
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []

    def hook(module, inputs, output):
        if isinstance(module, nn.ReLU):
            fired.append(module)
        kept.extend((value, value.clone()) for value in (*inputs, output))

    for module in model.modules():
        module.register_forward_hook(hook)
    with torch.no_grad():
        model(torch.randn(1, 3, 32, 32))
    relus = [module for module in model.modules() if isinstance(module, nn.ReLU)]
    inner = 2 if config.block == "bottleneck" else 1
    assert len(relus) == 1 + (inner + 1) * sum(config.blocks)
    assert sorted(map(id, fired)) == sorted(map(id, relus))
    assert all(torch.equal(value, at_the_time) for value, at_the_time in kept)


def test_the_forward_pass_is_stem_blocks_mean_and_classifier(tiny_model, tiny_image):
    # The functional form, written out for the three-block network.
    state = tiny_model.state_dict()

    def norm(x, key):
        bn = (state[f"{key}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *bn)

    with torch.no_grad():
        x = F.conv2d(tiny_image, state["stem.conv.weight"], padding=1)
        x = norm(x, "stem.bn").relu()
        for stage, stride in ((1, 1), (2, 2), (3, 2)):
            key = f"layer{stage}.0.residual"
            f = F.conv2d(x, state[f"{key}.conv1.weight"], stride=stride, padding=1)
            f = F.conv2d(norm(f, f"{key}.bn1").relu(), state[f"{key}.conv2.weight"], padding=1)
            f = norm(f, f"{key}.bn2")
            if stage > 1:
                grown = torch.zeros_like(f)
                quarter = f.shape[1] // 4
                grown[:, quarter:-quarter] = x[:, :, ::2, ::2]
                x = grown
            x = (f + x).relu()
        logits = F.adaptive_avg_pool2d(x, 1).flatten(1) @ state["fc.weight"].T + state["fc.bias"]
        assert torch.allclose(tiny_model(tiny_image), logits, atol=1e-5)


# Seeds and twins


@pytest.mark.parametrize("name", TWINS)
def test_the_plain_twin_starts_from_the_very_same_weights(name):
    residual, plain = zoo.build(name, seed=3).state_dict(), zoo.build(str(zoo.twin(name)), seed=3).state_dict()
    assert all(torch.equal(plain[key], residual[key]) for key in plain)
    assert all(".shortcut." in key for key in residual.keys() - plain.keys())


def test_weights_depend_on_the_seed_alone():
    def weights(seed):
        return torch.cat([p.detach().flatten() for p in ResNet(ResNetConfig((1,), (8,)), seed=seed).parameters()])

    torch.manual_seed(1)
    first = weights(5)
    torch.manual_seed(2)
    assert torch.equal(weights(5), first)
    assert not torch.equal(weights(6), first)
    assert not torch.equal(weights(None), weights(None))


def test_convolutions_start_with_he_variance():
    # He et al. 2015b, equation 14: the variance 2 / (kernel area * channels out)
    model = ResNet(ResNetConfig((2, 2), (64, 128), shortcut="B"), seed=0)
    for key, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            expected = (2 / (module.out_channels * module.kernel_size[0] ** 2)) ** 0.5
            assert module.weight.std().item() == pytest.approx(expected, rel=0.06), key


# Configs


@pytest.mark.parametrize("depth", [-4, 0, 2, 9, 18, 21, 57])
def test_depths_that_are_not_6n_plus_2_are_refused(depth):
    with pytest.raises(ValueError, match=f"6n\\+2.*{depth} is not"):
        ResNetConfig.cifar(depth)


@pytest.mark.parametrize(
    "fields",
    [
        {"blocks": ()},
        {"blocks": (1, 1), "widths": (16,)},
        {"blocks": (0, 1, 1)},
        {"widths": (16, 0, 64)},
        {"classes": 0},
        {"block": "wide"},
        {"stem": "7x7"},
        {"shortcut": "C"},
        {"block": "bottleneck", "plain": True},
        {"blocks": (1.5, 1, 1)},
        {"widths": (16.0, 32, 64)},
        {"classes": "10"},
    ],
)
def test_impossible_configs_are_refused(fields):
    with pytest.raises(ValueError, match=r"\.$"):
        ResNetConfig(**fields)
