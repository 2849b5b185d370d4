"""An interactive laboratory for one idea: y = F(x) + x."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .interpret.attribution import grad_cam
    from .interpret.trace import trace_blocks
    from .interpret.wrap import wrap
    from .models.predict import classify
    from .models.resnet import ResNet, ResNetConfig
    from .models.weights import save
    from .models.zoo import build, load
    from .sharing import save_to_hub
    from .training.evaluation import evaluate
    from .training.trainer import train

__all__ = [
    "ResNet",
    "ResNetConfig",
    "build",
    "classify",
    "evaluate",
    "grad_cam",
    "load",
    "save",
    "save_to_hub",
    "trace_blocks",
    "train",
    "wrap",
]
__version__ = "0.2.0"

# Where each name is at home; imported when it is first asked for (PEP 562), since torch takes seconds.
_HOMES = {
    "ResNet": "models.resnet",
    "ResNetConfig": "models.resnet",
    "build": "models.zoo",
    "classify": "models.predict",
    "evaluate": "training.evaluation",
    "grad_cam": "interpret.attribution",
    "load": "models.zoo",
    "save": "models.weights",
    "save_to_hub": "sharing",
    "trace_blocks": "interpret.trace",
    "train": "training.trainer",
    "wrap": "interpret.wrap",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
