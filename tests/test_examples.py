"""The plain loop in examples/: short, whole, and it learns."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from stripes import CONFIG, stripes

from resnet_demo.models.resnet import ResNet

PATH = Path(__file__).resolve().parents[1] / "examples" / "train_textbook.py"


@pytest.fixture(scope="module")
def textbook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_textbook", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_fits_a_screen():
    assert len(PATH.read_text("utf-8").splitlines()) <= 60


def test_it_learns(textbook, capsys):
    accuracy = textbook.train(ResNet(CONFIG, seed=0), stripes(480, 0), stripes(90, 1), epochs=4, batch=16)
    assert accuracy > 0.9
    assert capsys.readouterr().out.count("epoch") == 4


def test_one_step_is_sgd(textbook):
    # One batch, by hand: momentum starts at the gradient, weight decay is added to it.
    model, pictures = ResNet(CONFIG, seed=0), stripes(16, 0)
    by_hand = ResNet(CONFIG, seed=0).train()
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    logits = by_hand(pictures.pictures[order].float() / 127.5 - 1)
    gradients = torch.autograd.grad(
        torch.nn.functional.cross_entropy(logits, pictures.labels[order]), list(by_hand.parameters())
    )
    textbook.train(model, pictures, pictures, epochs=1, batch=16)
    for found, start, gradient in zip(model.parameters(), by_hand.parameters(), gradients, strict=True):
        torch.testing.assert_close(found, start - 0.1 * (gradient + 1e-4 * start), atol=1e-5, rtol=1e-4)
