"""What small trainings are compared by."""

from __future__ import annotations

import importlib
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from resnet_demo.models.resnet import ResNet

TESTS = Path(__file__).resolve().parents[1]
trainer = importlib.import_module("resnet_demo.training.trainer")  # the package offers the function under this name


def told(history):
    """What must not depend on the clock."""
    return [{k: v for k, v in asdict(record).items() if k != "seconds"} for record in history]


def epochs_of(records):
    return [record for record in records if record.test_loss is not None]


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two networks agree in every bit."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def assert_usable(model: ResNet) -> None:
    assert not any(module.training for module in model.modules())
    assert all(weight.is_contiguous() for weight in model.parameters())
    assert all(weight.device.type == "cpu" and weight.grad is None for weight in model.parameters())
