"""An interactive laboratory for one idea: y = F(x) + x."""

from .interpret.attribution import grad_cam
from .interpret.trace import trace_blocks
from .models.predict import classify
from .models.resnet import ResNet, ResNetConfig
from .models.weights import save
from .models.zoo import build, load
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
    "trace_blocks",
    "train",
]
__version__ = "0.1.0"
