"""A module of anybody's, taken apart: the same logits, and in every block F + shortcut is the sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from resnet_demo import classify, grad_cam, save, trace_blocks, wrap
from resnet_demo.errors import InputError
from resnet_demo.lab.interventions import BranchScales, answer
from resnet_demo.lab.lens import lens


class Unusual(nn.Module):
    """Names that say nothing, a functional and an in-place ReLU, a layer between blocks, a branch that is scaled."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.c, self.d = nn.Conv2d(8, 12, 3, 2, 1), nn.Conv2d(12, 12, 3, padding=1)
        self.e, self.f = nn.Conv2d(12, 12, 3, padding=1), nn.Linear(12, 3)
        self.gamma = nn.Parameter(torch.tensor(0.3))
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        channels = x.shape[1]
        if channels != 3:
            raise ValueError("colours")
        x = self.act(self.a(x))
        y = self.b(x)
        y += x
        x = self.c(F.relu(y, inplace=True))
        x = x + self.gamma * self.e(self.act(self.d(x)))
        return self.f(x.mean((2, 3)))


class Outside(nn.Module):
    """A block's sum of three, and a ReLU before the branches part."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right = (nn.Conv2d(c, 6, 3, padding=1) for c in (3, 6, 6))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = self.stem(x).relu()
        x = torch.add(self.left(x), x).add(self.right(x))
        return {"logits": self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))}


class Written(nn.Module):
    """Sums that are written in place, as a difference, with a factor; a tuple on the way; a layer already compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.compile(nn.Conv2d(3, 6, 3, padding=1), backend="eager")
        self.a, self.b, self.c, self.d = (nn.Conv2d(6, 6, 3, padding=1) for _ in range(4))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = self.stem(x).relu()
        y = self.a(x)
        y.add_(x)
        F.relu_(y)
        z = (y - self.b(y)).relu()
        z = torch.add(z, self.c(z), alpha=0.5).relu()
        first, second = torch.split(self.d(z), 3, 1)
        return self.head((z + torch.cat([second, first], 1)).mean((2, 3)))


class Combined(Written):
    """Sums that are written as interpolations, with products and quotients, and the wrong way round."""

    def forward(self, x):
        x = self.stem(x).relu()
        x = torch.lerp(x, self.a(x), 0.3).relu()
        x = x.lerp(self.b(x), self.head.bias[0]).relu()
        x = torch.addcmul(x, self.c(x), self.d(x), value=0.5).relu()
        x = x.addcdiv(self.a(x), self.head.bias[1] + 2)
        return self.head(torch.rsub(x, self.b(x)).mean((2, 3)))


def timm(name: str) -> nn.Module:
    return pytest.importorskip("timm").create_model(name, num_classes=10, zero_init_last=False)


def transformers(**options: Any) -> nn.Module:
    library = pytest.importorskip("transformers")
    config = library.ResNetConfig(
        depths=[1, 2], hidden_sizes=[16, 32], embedding_size=16, layer_type="basic", **options
    )
    return library.ResNetForImageClassification(config)


class Own(torchvision.models.ResNet):
    """A person's own subclass: its forward is written anew."""

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x.mean([2, 3]))


MODULES: dict[str, tuple[Callable[[], nn.Module], int, int]] = {  # how it is made, its pictures' side, its blocks
    "resnet18": (torchvision.models.resnet18, 64, 8),
    "resnet34": (torchvision.models.resnet34, 64, 16),
    "resnet50": (torchvision.models.resnet50, 64, 16),
    "resnet101": (torchvision.models.resnet101, 64, 33),
    "resnet152": (torchvision.models.resnet152, 64, 50),
    "resnext50": (torchvision.models.resnext50_32x4d, 64, 16),
    "wide_resnet50_2": (torchvision.models.wide_resnet50_2, 64, 16),
    "timm resnet18": (lambda: timm("resnet18"), 64, 8),
    "timm resnet26d": (lambda: timm("resnet26d"), 64, 8),
    "timm resnet50d": (lambda: timm("resnet50d"), 64, 16),
    "timm seresnet18": (lambda: timm("seresnet18"), 64, 8),
    "timm resnetblur18": (lambda: timm("resnetblur18"), 64, 8),
    "timm resnetv2_50": (lambda: pytest.importorskip("timm").create_model("resnetv2_50", num_classes=10), 64, 16),
    "transformers": (transformers, 64, 3),
    "subclass": (lambda: Own(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5), 64, 4),
    "unusual": (Unusual, 16, 2),
    "outside": (Outside, 16, 1),
    "written otherwise": (Written, 16, 4),
    "combined otherwise": (Combined, 16, 5),
    "transformers, half the pixels in the first stage": (lambda: transformers(downsample_in_first_stage=True), 64, 3),
    "timm skresnet18": (lambda: timm("skresnet18"), 64, 8),
}


@pytest.mark.parametrize("name", MODULES)
def test_logits_are_the_modules_and_every_block_adds_up(name):
    make, side, blocks = MODULES[name]
    torch.manual_seed(0)
    module = make().train()
    state = {key: value.clone() for key, value in module.state_dict().items()}
    network = wrap(module, size=side)
    picture = torch.randn(1, 3, side, side)
    trace = trace_blocks(network, picture)
    assert module.training  # and is as it was
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    with torch.no_grad():
        expected = module.eval()(picture)
        expected = expected["logits"] if isinstance(expected, dict) else getattr(expected, "logits", expected)
    scale = max(1.0, expected.abs().max().item())
    assert (trace.logits - expected[0]).abs().max() <= 1e-5 * scale
    assert len(trace.blocks) == blocks
    for block in trace.blocks:
        assert block.identity_error <= 1e-5 * max(1.0, block.norms["total"])
        assert block.norms["residual"] > 0
        assert block.norms["shortcut"] > 0
    signed = {branch: grad_cam(trace, branch, signed=True) for branch in ("residual", "shortcut", "total")}
    for block in trace.blocks:
        added = signed["residual"][block.name] + signed["shortcut"][block.name]
        assert torch.allclose(added, signed["total"][block.name], rtol=1e-3, atol=1e-5)
    found = lens(network, picture)
    assert torch.allclose(found.logits[-1], expected, atol=1e-4 * scale)
    for finding in (trace, *trace.blocks, signed["total"]):  # however wide its layers are
        assert "<svg" in finding.html()


def test_blocks_have_the_modules_names_and_kinds():
    network = wrap(torchvision.models.resnet18(), size=32)
    trace = trace_blocks(network, torch.randn(1, 3, 32, 32))
    assert [block.name for block in trace.blocks][:3] == ["layer1.0", "layer1.1", "layer2.0"]
    assert [block.shortcut_kind for block in trace.blocks][:3] == ["identity", "identity", "projection"]
    assert list(trace["layer1.0"].inside) == ["conv1", "bn1", "relu", "conv2", "bn2"]
    assert all(block.ends_in_relu for block in trace.blocks)


def test_a_wrapped_network_can_be_cut(tiny_image):
    module = Own(torchvision.models.resnet.BasicBlock, [2, 1, 1, 1], num_classes=5).eval()
    network = wrap(module, size=32)
    picture = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        cut = answer(network, picture, scales={"layer1.1": BranchScales(residual=0.0)})
        last = module.get_submodule("layer1.1.bn2")
        assert isinstance(last, nn.BatchNorm2d)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        assert torch.allclose(cut, module(picture), atol=1e-5)


def test_a_grey_module_takes_coloured_pictures():
    module = torchvision.models.resnet18(num_classes=3)
    module.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    network, grey = wrap(module, size=32), torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(network(grey.expand(-1, 3, -1, -1)), module.eval()(grey), atol=1e-4)


def test_what_is_known_of_the_pictures():
    network = wrap(torchvision.models.resnet18())
    assert network.domain is not None
    assert (network.domain.name, network.domain.size) == ("ImageNet", 224)
    assert len(classify(network, "assets/examples/cat.png", top_k=3)) == 3


class Tokens(Unusual):
    def forward(self, x):
        rows = self.a(x).flatten(2).mT
        return self.f(self.c((rows + rows.relu()).mT.unflatten(2, x.shape[2:])).mean((2, 3)))


class Concatenating(Unusual):
    def forward(self, x):
        x = self.a(x)
        return self.f(torch.cat([self.b(x), x[:, :4]], 1).mean((2, 3)))


class Largest(Unusual):
    def forward(self, x):
        x = self.a(x)
        return self.f(self.c(torch.maximum(self.b(x), x)).mean((2, 3)))


class Beside(Unusual):
    """Part of the channels pass by, as in a CSPNet."""

    def forward(self, x):
        x = self.a(x)
        y = x + self.b(x)
        return self.f(torch.cat([y, x[:, :4]], 1).mean((2, 3)))


class Spread(Unusual):
    def forward(self, x):
        x = self.a(x)
        return self.f(self.c(x + self.b(x).mean((2, 3), keepdim=True)).mean((2, 3)))


def test_sums_that_are_not_traced_are_said():
    class Twice(Unusual):
        def forward(self, x):
            x = self.a(x)
            x = x + self.b(x)
            y = self.c(x)
            y = y + self.d(y)
            return self.f(y.mean((2, 3))) + x.mean()

    assert "One more sum of two branches" in str(wrap(Twice(), size=16).note)
    assert wrap(Unusual(), size=16).note is None


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (torchvision.models.vgg11(num_classes=2), "no block that adds"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)), r"logits \[N, classes\]"),
        (nn.Linear(5, 2), "cannot be followed"),
        (Tokens(), "rows of tokens"),
        (Concatenating(), "concatenate a branch"),
        (Beside(), "first in .* beside another way that is joined to them later .by cat"),
        (Largest(), "joins its branches by maximum"),
        (Spread(), "adds maps of different sizes"),
    ],
    ids=["VGG", "maps", "no pictures", "tokens", "concatenation", "a way beside", "maximum", "broadcast"],
)
def test_what_cannot_be_taken_apart_is_refused(module, reason, sentence):
    with pytest.raises(InputError, match=reason) as error:
        wrap(module, size=32 if not isinstance(module, torchvision.models.VGG) else 64)
    sentence(error.value)


class Halving(Unusual):
    """What it does depends on the values in the picture."""

    def forward(self, x):
        x = self.a(x).relu()
        while x.abs().max() > 3:
            x = x / 2
        return self.f(self.d(self.c(x + self.b(x))).mean((2, 3)))


class Sized(Unusual):
    """Layers inside a block ask for the size of what it gets."""

    def forward(self, x):
        x = self.a(x).relu()
        channels, height, width = x.shape[1:]
        x = x + self.b(x).flatten(1).view(-1, channels, height, width)
        return self.f(self.c(x).mean((2, 3)))


def hooked() -> nn.Module:
    module = Own(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5)

    def doubled(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        return 2 * output

    module.layer1.register_forward_hook(doubled)
    return module


def spectral() -> nn.Module:
    module = Own(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5)
    nn.utils.spectral_norm(module.fc)
    return module


@pytest.mark.parametrize("make", [Halving, hooked, spectral], ids=["a way of its own", "hooks", "spectral norm"])
def test_what_would_answer_otherwise_is_refused(make, sentence):
    torch.manual_seed(0)
    module = make().train()
    with pytest.raises(InputError, match="answers otherwise") as error:
        wrap(module, size=16 if make is Halving else 64)
    sentence(error.value)
    assert all(part.training for part in module.modules())


def test_a_program_is_refused_by_name(sentence):
    program = torch.jit.trace(Unusual().eval(), torch.randn(1, 3, 16, 16))
    assert isinstance(program, nn.Module)
    with pytest.raises(InputError, match="TorchScript") as error:
        wrap(program, size=16)
    sentence(error.value)


@pytest.mark.parametrize("around", [torch.compile, nn.DataParallel], ids=["compiled", "parallel"])
def test_what_others_put_around_a_module_is_taken_off(around):
    module = Unusual().eval()
    network, picture = wrap(around(module), size=16), torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(network(picture), module(picture), atol=1e-5)


def test_sizes_inside_a_block_are_those_of_the_picture_at_hand():
    module = Sized().eval()
    network = wrap(module, size=16)
    assert len(list(network.named_blocks())) == 1
    picture = torch.randn(3, 3, 24, 20)  # others than it was recorded with
    with torch.no_grad():
        assert torch.allclose(network(picture), module(picture), atol=1e-5)


def test_a_wrapped_network_is_not_saved_as_ours(tmp_path):
    with pytest.raises(InputError, match="state_dict"):
        save(wrap(Unusual(), size=16), tmp_path / "w.safetensors")
