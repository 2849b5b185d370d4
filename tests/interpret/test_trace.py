from __future__ import annotations

import copy
import gc
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from resnet_demo.errors import InputError
from resnet_demo.interpret import trace
from resnet_demo.interpret.attribution import grad_cam
from resnet_demo.interpret.trace import (
    POINTS,
    BlockTrace,
    Trace,
    branch_ratios,
    private_view,
    retarget,
    trace_blocks,
    trace_many,
    traced_bytes,
)
from resnet_demo.models import zoo
from resnet_demo.models.predict import domain_of
from resnet_demo.models.resnet import ResidualBlock, ResNet, ResNetConfig


def hooks_on(model: nn.Module) -> int:
    return sum(
        len(value)
        for module in model.modules()
        for key, value in vars(module).items()
        if "hooks" in key and isinstance(value, dict)
    )


def assert_same(one: Trace, other: Trace) -> None:
    """Bit for bit."""
    assert one.target == other.target
    assert torch.equal(one.logits, other.logits)
    for a, b in zip(one.blocks, other.blocks, strict=True):
        assert a.name == b.name
        for point in POINTS:
            assert torch.equal(getattr(a, point), getattr(b, point)), (a.name, point)
            assert torch.equal(a.gradients[point], b.gradients[point]), (a.name, point)
        assert a.inside.keys() == b.inside.keys()
        assert all(torch.equal(a.inside[layer], b.inside[layer]) for layer in a.inside)


@pytest.mark.parametrize("name", zoo.names())
def test_identities_hold_in_every_network(name, randomise):
    size = 32 if zoo.network(name).family == "cifar" else 64
    model = zoo.build(name, seed=0)
    randomise(model, size)
    image = torch.randn(1, 3, size, size)
    trace = trace_blocks(model, image)

    # Values: F(x) + shortcut(x) is the total; chained, the blocks are the network.
    assert trace.identity_error <= 1e-5
    with torch.no_grad():
        assert torch.equal(trace.blocks[0].x, model.stem(image))
        assert torch.equal(trace.logits, model(image)[0])
        assert torch.equal(model.head(trace.blocks[-1].output)[0], trace.logits)
        for block, (key, module) in zip(trace.blocks, model.named_blocks(), strict=True):
            assert block.name == key
            assert torch.equal(block.residual, module.residual(block.x))
            assert torch.equal(block.shortcut, module.shortcut(block.x).expand_as(block.residual))
            assert (block.residual + block.shortcut - block.total).abs().max() <= 1e-5
            assert torch.equal(block.output, module.relu(block.total))
    for block, following in zip(trace.blocks, trace.blocks[1:], strict=False):
        assert torch.equal(block.output, following.x)
    if model.config.plain:
        assert not any(block.shortcut.any() for block in trace.blocks)

    # Attribution: the signed Grad-CAMs of the terms add up to the sum's.
    total, residual, shortcut = (grad_cam(trace, branch, signed=True) for branch in ("total", "residual", "shortcut"))
    for key in total:
        assert (residual[key] + shortcut[key] - total[key]).abs().max() <= 1e-5, key
    assert max(cam.abs().max().item() for cam in total.values()) > 1e-3  # the tolerance was not met by zeros


@pytest.mark.parametrize("name", ["preresnet20", "preresnet56"])
def test_in_pre_activation_networks_the_branches_add_up(name, randomise):
    """x_L = x_0 + F_1 + … + F_L (He et al. 2016, equation 4), carried through the shortcuts where the shape changes."""
    model = zoo.build(name, seed=0)
    randomise(model)
    trace = trace_blocks(model, torch.randn(1, 3, 32, 32))
    added = trace.blocks[0].x
    for block, (_, module) in zip(trace.blocks, model.named_blocks(), strict=True):
        added = module.shortcut(added) + block.residual
        assert (added - block.output).abs().max() <= 1e-5
    assert (trace.blocks[0].x < 0).any()  # nothing cuts off what is negative


@pytest.mark.parametrize(
    "config",
    [
        ResNetConfig((2, 2, 1), (4, 8, 16)),
        ResNetConfig((2, 2, 1), (4, 8, 16), plain=True),
        ResNetConfig((2, 2, 1), (4, 8, 16), shortcut="B"),
        ResNetConfig((2, 2), (4, 8), "bottleneck", "imagenet", "B"),
        ResNetConfig((2, 2, 1), (4, 8, 16), "preact"),
    ],
    ids=["A", "plain", "B", "bottleneck", "preact"],
)
def test_gradients_equal_autograd_with_the_branches_separated(config, randomise):
    model = ResNet(config, seed=0)
    randomise(model)
    image, target = torch.randn(1, 3, 32, 32), 7
    trace = trace_blocks(model, image, target)
    for index, name in enumerate(block.name for block in trace.blocks):
        # From this block on the network is run by hand, its two branches as separate leaves.
        x = trace.blocks[index].x.clone().requires_grad_()
        block = model.get_submodule(name)
        assert isinstance(block, ResidualBlock)
        residual, shortcut = block.residual(x), block.shortcut(x.clone())
        if config.plain:
            shortcut = torch.zeros_like(residual, requires_grad=True)
        total = residual + shortcut
        values = output = block.relu(total)
        for _, later in list(model.named_blocks())[index + 1 :]:
            values = later(values)
        logit = model.head(values)[0, target]
        expected = torch.autograd.grad(logit, (x, residual, shortcut, total, output))
        for point, gradient in zip(POINTS, expected, strict=True):
            got = trace[name].gradients[point]
            assert torch.allclose(got, gradient, atol=1e-5 * gradient.abs().max().item()), (name, point)


def test_inside_holds_the_outputs_of_the_branchs_layers(tiny_model, tiny_image):
    for block in trace_blocks(tiny_model, tiny_image).blocks:
        value = block.x
        module = tiny_model.get_submodule(block.name)
        assert list(block.inside) == ["conv1", "bn1", "relu1", "conv2", "bn2"]
        with torch.no_grad():
            for layer, child in module.residual.named_children():
                value = child(value)
                assert torch.equal(block.inside[layer], value)
        assert torch.equal(value, block.residual)


def test_numbers_beside_the_maps_by_hand():
    def block(residual, shortcut):
        total = [a + b for a, b in zip(residual, shortcut, strict=True)]
        x, f, s, t = (torch.tensor(v).view(1, 2, 1, 1) for v in (shortcut, residual, shortcut, total))
        return BlockTrace("layer1.0", "identity", x, f, s, t, t.relu(), {}, {})

    found = block([3.0, 4.0], [0.0, -10.0])
    assert found.norms == {"x": 10.0, "residual": 5.0, "shortcut": 10.0, "total": pytest.approx(45**0.5), "output": 3.0}
    assert found.ratio == 0.5
    assert found.cosine == pytest.approx(-0.8)
    assert found.identity_error == 0.0
    assert block([3.0, 4.0], [6.0, 8.0]).cosine == pytest.approx(1.0)
    nothing = block([3.0, 4.0], [0.0, 0.0])  # a plain block: there is no ratio and no angle
    assert nothing.ratio is None
    assert nothing.cosine is None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("resnet14", ["identity", "identity", "padding", "identity", "padding", "identity"]),
        ("plain14", ["none"] * 6),
        ("resnet18-cifar", ["identity", "identity", *["projection", "identity"] * 3]),
    ],
)
def test_kinds_of_shortcuts(name, kinds):
    trace = trace_blocks(zoo.build(name, seed=0).eval(), torch.randn(1, 3, 16, 16))
    assert [block.shortcut_kind for block in trace.blocks] == kinds


@pytest.mark.parametrize(
    ("name", "size"), [("resnet20", 32), ("resnet18-cifar", 31), ("resnet18", 66), ("resnet50", 97)]
)
def test_the_memory_of_a_trace_is_known_before_it_is_made(name, size):
    config = zoo.network(name).config
    assert traced_bytes(config, size) == trace_blocks(ResNet(config, seed=0), torch.zeros(1, 3, size, size)).nbytes


def test_a_plain_network_takes_hardly_less_memory():
    plain = zoo.network("plain20").config
    real = trace_blocks(ResNet(plain, seed=0), torch.zeros(1, 3, 32, 32)).nbytes
    assert 0.9 * traced_bytes(plain, 32) < real <= traced_bytes(plain, 32)


def test_the_first_class_is_the_default_target(tiny_model, tiny_image):
    best = int(tiny_model(tiny_image).argmax())
    assert_same(trace_blocks(tiny_model, tiny_image), trace_blocks(tiny_model, tiny_image, best))


def test_another_target_costs_no_forward_pass(tiny_model, tiny_image):
    trace = trace_blocks(tiny_model, tiny_image, 0)
    calls = []
    counter = nn.modules.module.register_module_forward_pre_hook(lambda module, _: calls.append(module))
    try:
        others = [retarget(trace, target) for target in range(10)]
        assert calls == []
        fresh = [trace_blocks(tiny_model, tiny_image, target) for target in range(10)]
        assert calls  # the counter counts
    finally:
        counter.remove()
    for other, expected in zip(others, fresh, strict=True):
        assert_same(other, expected)
    assert_same(retarget(others[9], 0), trace)  # and back again


# Nothing is left behind


def test_the_model_is_not_touched(tiny_model, tiny_image):
    tiny_model.layer1.train()  # modes as a training would leave them: mixed
    tiny_model.fc.requires_grad_(False)
    fired = []
    tiny_model.layer2.register_forward_hook(lambda *_: fired.append(1))
    before = {key: value.clone() for key, value in tiny_model.state_dict().items()}
    modes = [module.training for module in tiny_model.modules()]
    wants = [parameter.requires_grad for parameter in tiny_model.parameters()]
    image = tiny_image.clone()
    trace_blocks(tiny_model, image)
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    assert [module.training for module in tiny_model.modules()] == modes
    assert [parameter.requires_grad for parameter in tiny_model.parameters()] == wants
    assert all(parameter.grad is None for parameter in tiny_model.parameters())
    assert torch.equal(image, tiny_image)
    assert not image.requires_grad
    assert hooks_on(tiny_model) == 1  # the stranger's own
    assert fired == []  # and it did not fire


def test_traces_leave_no_networks_in_memory(tiny_model, tiny_image):
    def alive():
        gc.collect()
        return sum(type(thing) is ResidualBlock for thing in gc.get_objects())

    before = alive()
    for value in (1.0, float("nan"), 2.0):
        for image in (tiny_image * value, tiny_image.double() * value):
            try:
                trace_blocks(tiny_model, image)
            except (InputError, RuntimeError):
                continue
    assert alive() == before


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_off_and_weights_frozen(tiny_model, tiny_image, mode):
    expected = trace_blocks(tiny_model, tiny_image)
    tiny_model.requires_grad_(False)
    with mode():
        found = trace_blocks(tiny_model, tiny_image)
        assert_same(found, expected)
        assert_same(retarget(found, 3), retarget(expected, 3))


def test_sixteen_threads_on_one_network(randomise):
    # 200 traces of different pictures, every tenth of which fails: half of those before the forward pass (NaN),
    # half in the midst of it, with all hooks in place (a block that refuses this picture).
    model = zoo.build("resnet20", seed=0)
    randomise(model)
    model.get_submodule("layer2").train()
    pictures = [torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(i)) for i in range(25)]
    serial = [trace_blocks(model, picture, i % 10) for i, picture in enumerate(pictures)]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    local = threading.local()

    class Refuse(nn.Identity):
        def forward(self, input):
            if getattr(local, "refuse", False):
                raise ArithmeticError("refused")
            return input

    last = model.get_submodule("layer3.2")
    identity, last.shortcut = last.shortcut, Refuse()

    def one(job: int) -> str:
        index = job % len(pictures)
        if job % 20 == 7:
            with pytest.raises(InputError, match="finite"):
                trace_blocks(model, pictures[index] * float("nan"))
            return "nan"
        if job % 20 == 17:
            local.refuse = True
            try:
                with pytest.raises(ArithmeticError, match="refused"):
                    trace_blocks(model, pictures[index])
            finally:
                local.refuse = False
            return "refused"
        found = trace_blocks(model, pictures[index], index % 10)
        for block, expected in zip(found.blocks, serial[index].blocks, strict=True):
            for point in POINTS:
                assert torch.equal(getattr(block, point), getattr(expected, point))
                assert torch.equal(block.gradients[point], expected.gradients[point])
        assert torch.equal(found.logits, serial[index].logits)
        return "equal"

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(one, range(200)))
    finally:
        torch.set_num_threads(threads)
        last.shortcut = identity
    assert {result: results.count(result) for result in set(results)} == {"equal": 180, "nan": 10, "refused": 10}
    assert hooks_on(model) == 0
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_a_private_view_has_its_own_modules_over_the_same_tensors(tiny_model):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = self.second = nn.BatchNorm2d(3)
            self.net = tiny_model

    model = Twice().train()
    model.first.register_forward_pre_hook(lambda *_: None)
    view = private_view(model)
    assert view.first is view.second  # shared stays shared
    assert not {id(module) for module in view.modules()} & {id(module) for module in model.modules()}
    mine, theirs = model.state_dict(keep_vars=True), view.state_dict(keep_vars=True)
    assert mine.keys() == theirs.keys()
    assert all(mine[key] is theirs[key] for key in mine)
    assert hooks_on(model) == 1
    assert hooks_on(view) == 0
    assert not any(module.training for module in view.modules())
    view.net.layer1 = nn.Identity()
    view.first.register_forward_hook(lambda *_: None)
    assert isinstance(model.net.layer1, nn.Sequential)
    assert hooks_on(model) == 1
    assert all(module.training for module in model.modules())


# Refusals


@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(3, 16, 16),
        torch.zeros(2, 3, 16, 16),
        torch.zeros(1, 1, 16, 16),
        torch.zeros(1, 3, 0, 16),
        torch.zeros(1, 3, 16, 16, dtype=torch.int64),
        torch.zeros(1, 3, 16, 16, dtype=torch.complex64),
        torch.full((1, 3, 16, 16), float("nan")),
        torch.full((1, 3, 16, 16), float("inf")),
        "picture.png",
        None,
    ],
    ids=["3d", "two", "grey", "empty", "int64", "complex", "nan", "inf", "path", "none"],
)
def test_what_is_not_one_finite_picture_is_refused(tiny_model, image, sentence):
    with pytest.raises(InputError) as error:
        trace_blocks(tiny_model, image)
    sentence(error.value)


@pytest.mark.parametrize("target", [-1, 10, 10**30, 2.0, float("nan"), True, "3", torch.tensor(3.0)])
def test_targets_that_are_no_class_are_refused(tiny_model, tiny_image, target, sentence):
    trace = trace_blocks(tiny_model, tiny_image)
    for attempt in (lambda: trace_blocks(tiny_model, tiny_image, target), lambda: retarget(trace, target)):
        with pytest.raises(InputError, match="0 to 9") as error:
            attempt()
        sentence(error.value)


def test_a_block_is_found_by_its_name_alone(tiny_model, tiny_image, sentence):
    trace = trace_blocks(tiny_model, tiny_image)
    assert trace["layer2.0"] is trace.blocks[1]
    with pytest.raises(InputError, match=r"layer4\.0.*layer1\.0 to layer3\.0") as error:
        trace["layer4.0"]
    sentence(error.value)


# The ratios alone


def test_ratios_of_one_picture_are_those_of_its_trace(tiny_model, tiny_image):
    expected = {block.name: block.ratio for block in trace_blocks(tiny_model, tiny_image).blocks}
    assert branch_ratios(tiny_model, tiny_image) == pytest.approx(expected, rel=1e-6)
    assert branch_ratios(tiny_model.train(), tiny_image) == pytest.approx(expected, rel=1e-6)  # as it would classify
    assert tiny_model.training


def test_ratios_of_many_pictures_are_of_all_their_values(tiny_model, tiny_image):
    pictures = torch.cat([tiny_image, 2 * tiny_image.flip(3), tiny_image.roll(5, 2)])
    traces = [trace_blocks(tiny_model, picture[None]) for picture in pictures]
    for name, ratio in branch_ratios(tiny_model, pictures).items():
        residual, shortcut = (
            math.hypot(*(trace[name].norms[point] for trace in traces)) for point in ("residual", "shortcut")
        )
        assert ratio == pytest.approx(residual / shortcut, rel=1e-5)


def test_ratios_leave_nothing_behind(tiny_model, tiny_image):
    branch_ratios(tiny_model, tiny_image)
    assert not any(module._forward_hooks for module in tiny_model.modules())
    assert all(weight.grad is None for weight in tiny_model.parameters())


def test_without_a_shortcut_there_is_no_ratio(tiny_image):
    plain = ResNet(ResNetConfig(blocks=(1, 1), widths=(4, 8), plain=True), seed=0)
    assert branch_ratios(plain, tiny_image) == {}
    dead = ResNet(ResNetConfig(blocks=(1, 1), widths=(4, 8)), seed=0).eval()
    with torch.no_grad():
        dead.get_parameter("stem.bn.weight").zero_()  # nothing reaches the first block
    assert math.isnan(branch_ratios(dead, tiny_image)["layer1.0"])


# Many pictures at once


@pytest.mark.parametrize("chunk", [None, 1, 2, 7])
def test_many_pictures_are_traced_as_each_alone(tiny_model, chunk):
    images = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    targets = [3, 0, 9, 3, 1]
    for wanted in (None, targets):
        many = list(trace_many(tiny_model, images, wanted, chunk))
        alone = [
            trace_blocks(tiny_model, image[None], None if wanted is None else wanted[i])
            for i, image in enumerate(images)
        ]
        for one, other in zip(many, alone, strict=True):
            assert_near(one, other)
        assert_near(retarget(many[2], 5), retarget(alone[2], 5))
    assert hooks_on(tiny_model) == 0


def assert_near(one, other):
    assert (one.target, one.label) == (other.target, other.label)
    assert torch.equal(one.image, other.image)
    assert torch.allclose(one.logits, other.logits, atol=1e-6, rtol=1e-5)
    for block, expected in zip(one.blocks, other.blocks, strict=True):
        assert (block.name, block.shortcut_kind, block.inside.keys()) == (
            expected.name,
            expected.shortcut_kind,
            expected.inside.keys(),
        )
        for point in POINTS:
            for value, right in (
                (getattr(block, point), getattr(expected, point)),
                (block.gradients[point], expected.gradients[point]),
            ):
                assert value.shape == right.shape
                assert (value - right).norm() <= 1e-6 * right.norm() + 1e-9


def test_of_many_pictures_a_chunk_is_in_memory(tiny_model, monkeypatch):
    sizes, view = [], private_view(tiny_model)
    view.stem.register_forward_hook(lambda _module, inputs, _output: sizes.append(len(inputs[0])))
    monkeypatch.setattr(trace, "ROOM", 3 * trace_blocks(tiny_model, torch.zeros(1, 3, 16, 16)).nbytes)
    monkeypatch.setattr(trace, "private_view", lambda _model: view)
    traces = trace_many(tiny_model, torch.zeros(9, 3, 16, 16))
    assert sizes == []
    next(traces)
    assert sizes == [1]
    assert len(list(traces)) == 8
    assert sizes == [1, 3, 3, 2]


def test_pictures_of_every_kind_are_traced_as_inputs(tiny_model):
    pixels = torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    inputs = domain_of(tiny_model).normalise(pixels)
    arrays = [picture.permute(1, 2, 0).numpy() for picture in pixels]
    right = list(trace_many(tiny_model, inputs, chunk=2))
    kinds = (pixels, inputs.double(), list(inputs), arrays, [Image.fromarray(array) for array in arrays])
    for pictures in kinds:
        for one, other in zip(trace_many(tiny_model, pictures, chunk=3), right, strict=True):
            assert_near(one, other)
    assert_near(trace_blocks(tiny_model, arrays[0]), right[0])
    assert list(trace_many(tiny_model, [])) == list(trace_many(tiny_model, inputs[:0])) == []


def test_classes_are_given_by_number_or_by_name(tiny_model, tiny_image):
    label = domain_of(tiny_model).labels[3]
    for target in (3, label, np.int64(3), torch.tensor(3)):
        assert trace_blocks(tiny_model, tiny_image, target).target == 3  # pyright: ignore[reportArgumentType]
    assert [trace.target for trace in trace_many(tiny_model, tiny_image.repeat(2, 1, 1, 1), torch.tensor([3, 5]))] == [
        3,
        5,
    ]


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_a_picture_gets_the_networks_type(tiny_model, tiny_image, kind):
    trace = trace_blocks(copy.deepcopy(tiny_model).to(kind), tiny_image)
    assert {trace.image.dtype, *(block.total.dtype for block in trace.blocks)} == {kind}
    assert trace.html().count("<svg") == 2


def test_a_module_that_is_not_wrapped_is_told_so(sentence):
    for network in (nn.Linear(2, 2), "resnet20", None):
        with pytest.raises(InputError, match="wrap") as error:
            trace_blocks(network, torch.zeros(1, 3, 16, 16))  # pyright: ignore[reportArgumentType]
        sentence(error.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("2.0", "layer2.0"), ("Layer2.0", "layer2.0"), ("layer2.0.residual", "layer2.0"), ("layer9.0", None)],
)
def test_a_block_that_was_meant_is_offered(tiny_model, tiny_image, name, meant):
    with pytest.raises(InputError) as error:
        trace_blocks(tiny_model, tiny_image)[name]
    assert (f"did you mean {meant}?" if meant else "; there are") in str(error.value)
    assert ("did you mean" in str(error.value)) == bool(meant)


@pytest.mark.parametrize(
    ("images", "options"),
    [
        ([torch.zeros(3, 16, 16), torch.zeros(3, 16, 24)], {"chunk": 2}),
        ("picture.png", {}),
        (torch.zeros(3, 16, 16), {}),
        (torch.full((2, 3, 16, 16), float("nan")), {}),
        (torch.zeros(2, 3, 16, 16), {"targets": [1]}),
        (torch.zeros(2, 3, 16, 16), {"targets": [1, 10]}),
        (torch.zeros(2, 3, 16, 16), {"chunk": 0}),
    ],
)
def test_what_cannot_be_traced_together(tiny_model, images, options, sentence):
    with pytest.raises(InputError) as error:
        list(trace_many(tiny_model, images, **options))
    sentence(error.value)
