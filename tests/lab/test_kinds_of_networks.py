"""Experiments on networks of other kinds than the paper's: a right result, or one sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import resnet as tv

from resnet_demo import ResNet, ResNetConfig, lab, wrap
from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.images import nameless
from resnet_demo.lab.unfold import unfold

SIDE = 32
CHEAP = ("lesion", "lens", "paths", "gradients", "signal", "responses", "refinement", "unfold", "similarity", "sanity")


def pictures(count: int, classes: int = 3) -> Dataset:
    generator = torch.Generator().manual_seed(count)
    values = torch.randint(0, 256, (count, 3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    return Dataset("noise", values, torch.arange(count) % classes, nameless(classes).labels)


def built(**options) -> ResNet:
    fields = {"blocks": (1, 2), "widths": (8, 16), "classes": 3, "shortcut": "B", **options}
    network = ResNet(ResNetConfig(**fields), seed=0)
    network.domain = nameless(3, SIDE)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)))
    return network.eval().requires_grad_(False)


def wrapped() -> ResNet:
    torch.manual_seed(0)
    return wrap(tv.ResNet(tv.BasicBlock, [1, 2, 1, 1], num_classes=3), size=SIDE)


NETWORKS: dict[str, Callable[[], ResNet]] = {
    "ResNeXt": lambda: built(block="bottleneck", groups=4, width_per_group=32),
    "ResNet-D": lambda: built(stem="deep", stem_widths=(4, 4, 8), shortcut="D"),
    "GroupNorm": lambda: built(norm_groups=4),
    "grey": lambda: built(channels=1),
    "MLP head": lambda: built(hidden=(7,)),
    "no bias": lambda: built(bias=False),
    "dilated": lambda: built(dilated=1),
    "wrapped": wrapped,
}
REFUSED = {  # by experiment: in which networks, and why
    "unfold": ({"ResNeXt", "ResNet-D", "GroupNorm", "wrapped"}, "Shortcuts can be removed in this way"),
    "signal": ({"ResNeXt", "ResNet-D", "GroupNorm", "wrapped"}, "theory|GroupNorm|anew"),
    "gradients": ({"GroupNorm", "wrapped"}, "GroupNorm|anew"),
    "similarity": ({"wrapped"}, "anew"),
    "sanity": ({"wrapped"}, "anew"),
}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", CHEAP)
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_right_result_or_the_reason(kind, experiment, sentence):
    kinds, reason = REFUSED.get(experiment, (set(), ""))
    network = NETWORKS[kind]()
    if kind in kinds:
        with pytest.raises(InputError, match=reason) as error:
            lab.run(experiment, network, pictures(4), training=pictures(8))
        sentence(error.value)
        return
    found = lab.run(experiment, network, pictures(4), training=pictures(8))
    if experiment == "unfold":
        assert found.different_answers == 0
        assert found.max_logit_difference < 1e-4
    elif experiment == "paths":
        assert found.sum_error < 1e-6
    elif experiment == "lens":
        assert found.identity_error < 1e-4
    elif experiment == "responses":
        branches = [name for name in found.std if name != "stem"]
        assert len(branches) == len(list(network.named_blocks())) * (3 if kind == "ResNeXt" else 2)
        assert "stem" in found.std


@pytest.mark.parametrize("kind", ["grey", "MLP head", "no bias", "dilated"])
def test_unfolded_networks_compute_the_same(kind):
    network = NETWORKS[kind]()
    inputs = torch.randn(2, 3, SIDE, SIDE)
    assert (unfold(network)(inputs) - network(inputs)).abs().max() < 1e-5


def test_a_stem_of_its_own_width_is_unfolded():
    network = built(stem="imagenet", stem_widths=(6,))
    inputs = torch.randn(2, 3, SIDE, SIDE)
    assert (unfold(network)(inputs) - network(inputs)).abs().max() < 1e-5


def test_layers_of_a_wrapped_network_are_those_of_the_same_network_of_ours():
    """The responses of torchvision's module, and of its weights in our network."""
    from resnet_demo.models.recognise import recognise

    torch.manual_seed(0)
    module = tv.ResNet(tv.BasicBlock, [1, 1, 1, 1], num_classes=3).eval()
    found = recognise(module.state_dict())
    ours = ResNet(found.config)
    ours.load_state_dict(found.state)
    ours.domain = nameless(3, SIDE)
    one, other = (
        lab.run("responses", network, pictures(4)) for network in (ours.eval(), wrap(module, domain=nameless(3, SIDE)))
    )
    assert list(one.std) == list(other.std)
    assert list(one.std.values()) == pytest.approx(list(other.std.values()), rel=1e-4)


def test_one_logit_is_refused(sentence):
    with pytest.raises(InputError, match="single one") as error:
        lab.run("lens", built(classes=1), pictures(4, 2))
    sentence(error.value)
    assert isinstance(built(classes=1).fc, nn.Linear)
