"""An interactive laboratory for one idea: y = F(x) + x."""

from .attribution import grad_cam
from .evaluation import evaluate
from .predict import classify
from .resnet import ResNet, ResNetConfig
from .trace import trace_blocks
from .train import train
from .weights import save
from .zoo import build, load

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
