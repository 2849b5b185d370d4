"""What the tests share: seeds, a tiny network, a tiny picture, and the data beside the checkout where there are any."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiers
import torch
from torch import Tensor, nn

from resnet_demo.images import CIFAR10
from resnet_demo.models import unlike, zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.models.weights import save

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# The tests' tensors are small: more threads cost more than they bring, and OMP_NUM_THREADS=1 is respected. Processes
# that share the tests (`pytest -n 3`) have one each.
torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else min(2, torch.get_num_threads()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tiers.mark(items)
    tiers.order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n 3` the tests of a file stay together, and so do all that need the app in a browser."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return tiers.scope(nodeid)

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An app that ends clears gradio's folder of pictures: another process's app must not have its own in the same."""
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))


@pytest.fixture(autouse=True)
def seeds() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _randomise(model: nn.Module, size: int = 32, seed: int = 0) -> nn.Module:
    """Give every batch norm random affine parameters and statistics of its own, so that no two of them are alike.

    The statistics are those of a random batch, then disturbed: made up from nothing, they would let the values of a
    deep network grow beyond any meaning of an absolute tolerance.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.uniform_(0.5, 1.5, generator=generator)
            norm.bias.normal_(0, 0.2, generator=generator)
            norm.momentum = 1.0
        model.train()
        model(torch.randn(4, 3, size, size, generator=generator))
        model.eval()
        for norm in norms:
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.momentum = 0.1
            norm.running_mean += torch.randn(norm.running_mean.shape, generator=generator) * 0.1
            norm.running_var *= torch.empty(norm.running_var.shape).uniform_(0.9, 1.2, generator=generator)
    return model


@pytest.fixture(scope="session")
def randomise() -> Callable[..., nn.Module]:
    return _randomise


@pytest.fixture
def tiny_model() -> ResNet:
    """Three stages of one block, 4-8-16 channels, no two batch norms alike; in eval mode."""
    model = ResNet(ResNetConfig(blocks=(1, 1, 1), widths=(4, 8, 16)), seed=0)
    _randomise(model, size=16)
    model.domain = CIFAR10
    return model


@pytest.fixture
def tiny_image() -> Tensor:
    """[1, 3, 16, 16], normalised."""
    return torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three bundled networks: resnet8 and plain8 with snapshots of their three epochs, resnet14 without."""
    unlike._committee()  # is read before the bundled networks are out of sight
    for name, moments in (("resnet8", (1, 2, 3)), ("plain8", (1, 2, 3)), ("resnet14", (3,))):
        for epoch in moments:
            model = zoo.build(name, seed=epoch)
            model.provenance = {"network": name, "seed": 0, "epochs": 3, "epoch": epoch, "test_accuracy": epoch / 10}
            save(
                model,
                tmp_path / "weights" / (f"{name}.safetensors" if epoch == 3 else f"{name}-epoch{epoch}.safetensors"),
            )
    monkeypatch.setattr(zoo, "asset", lambda *parts: tmp_path.joinpath(*parts))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with CIFAR-10 and the peers' checkpoints; it lies beside the checkout, not in it."""
    if not (SHARED / "cifar-10-batches-py" / "test_batch").is_file():
        pytest.skip(f"CIFAR-10 and the peers' weights are not in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def sentence() -> Callable[[BaseException], str]:
    """Check that an error's text is one plain sentence; return it."""

    def check(error: BaseException) -> str:
        text = str(error)
        assert text.endswith("."), text
        assert text[0].isupper() or text.split()[0].rstrip(":").count("."), text  # or it starts with a file's name
        assert "\n" not in text, text
        assert "Traceback" not in text, text
        assert 15 < len(text) < 400, text
        return text

    return check
