"""An interactive laboratory for one idea: y = F(x) + x."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .finding import drawn_by

if TYPE_CHECKING:
    from .interpret.attribution import attribute, grad_cam
    from .interpret.trace import trace_blocks, trace_many
    from .interpret.wrap import wrap
    from .lab.cutting import cut
    from .lab.lens import lens
    from .lab.lesion import lesion
    from .lab.paths import paths_exact
    from .lab.probes import probes
    from .lab.results import experiment
    from .lab.unfold import unfold
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
    "attribute",
    "build",
    "classify",
    "cut",
    "evaluate",
    "experiment",
    "grad_cam",
    "lens",
    "lesion",
    "load",
    "paths_exact",
    "probes",
    "save",
    "save_to_hub",
    "trace_blocks",
    "trace_many",
    "train",
    "unfold",
    "wrap",
]
__version__ = "0.2.0"

# Where each name is at home; imported when it is first asked for (PEP 562), since torch takes seconds.
_HOMES = {
    "ResNet": "models.resnet",
    "ResNetConfig": "models.resnet",
    "attribute": "interpret.attribution",
    "build": "models.zoo",
    "classify": "models.predict",
    "cut": "lab.cutting",
    "evaluate": "training.evaluation",
    "experiment": "lab.results",
    "grad_cam": "interpret.attribution",
    "lens": "lab.lens",
    "lesion": "lab.lesion",
    "load": "models.zoo",
    "paths_exact": "lab.paths",
    "probes": "lab.probes",
    "save": "models.weights",
    "save_to_hub": "sharing",
    "trace_blocks": "interpret.trace",
    "trace_many": "interpret.trace",
    "train": "training.trainer",
    "unfold": "lab.unfold",
    "wrap": "interpret.wrap",
}

# How findings are drawn is known above all of them: it is imported when the first one is shown.
drawn_by(lambda: import_module(".notebook", __name__).html)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
